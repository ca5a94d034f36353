import * as K from './constants.js';
import { eachAttribute, readU8 } from './message.js';

/** What evpnd reads of a bridge port (IFLA_BRPORT_*). */
export interface PortSettings {
  /** BR_STATE_*: what the spanning tree, or whoever acts for it, lets the port do. */
  readonly state: number;
  readonly learning: boolean;
  readonly neighSuppress: boolean;
  /** `neighSuppress` is a matter of each VLAN. */
  readonly neighVlanSuppress: boolean;
  readonly vlanTunnel: boolean;
  /** Whether unknown unicast, multicast and broadcast leave by the port. */
  readonly flood: boolean;
  readonly mcastFlood: boolean;
  readonly bcastFlood: boolean;
}

/** Which flag each attribute is; the kernel sends every one of them. */
const PORT_FIELDS: Readonly<Record<number, Exclude<keyof PortSettings, 'state'>>> = {
  [K.IFLA_BRPORT_LEARNING]: 'learning',
  [K.IFLA_BRPORT_NEIGH_SUPPRESS]: 'neighSuppress',
  [K.IFLA_BRPORT_NEIGH_VLAN_SUPPRESS]: 'neighVlanSuppress',
  [K.IFLA_BRPORT_VLAN_TUNNEL]: 'vlanTunnel',
  [K.IFLA_BRPORT_UNICAST_FLOOD]: 'flood',
  [K.IFLA_BRPORT_MCAST_FLOOD]: 'mcastFlood',
  [K.IFLA_BRPORT_BCAST_FLOOD]: 'bcastFlood',
};

/** Decodes the attributes of a bridge port, wherever a message nests them. Throws NetlinkFormatError. */
export function decodePort(bytes: Buffer, at: number, end: number): PortSettings {
  const m = 'RTM_NEWLINK of a bridge port';
  const port = {
    state: K.BR_STATE_FORWARDING,
    learning: true,
    neighSuppress: false,
    neighVlanSuppress: false,
    vlanTunnel: false,
    flood: true,
    mcastFlood: true,
    bcastFlood: true,
  };
  eachAttribute(bytes, at, end, m, (type, from, to) => {
    const field = PORT_FIELDS[type];
    if (type === K.IFLA_BRPORT_STATE) port.state = readU8(bytes, from, to, m, 'IFLA_BRPORT_STATE');
    else if (field) port[field] = readU8(bytes, from, to, m, `IFLA_BRPORT ${field}`) !== 0;
  });
  return port;
}
