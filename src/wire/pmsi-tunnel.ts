import { type Ip, ipFromBytes, ipToBytes } from '../types/index.js';
import type { PmsiTunnel } from './attribute-values.js';
import { Malformed } from './malformed.js';
import { NO_OCTETS } from './octets.js';

/** Tunnel type of ingress replication (RFC 6514 §5). */
export const INGRESS_REPLICATION = 6;

/** Tunnel type of a PIM-SM tree; its identifier is the sender's address and the group (RFC 6514 §5). */
export const PIM_SM_TREE = 4;

const FIXED = 5;

/** Reads flags, tunnel type, label and tunnel identifier. Throws Malformed where an ingress-replication endpoint is no address. */
export function decodePmsiTunnel(value: Buffer): PmsiTunnel {
  if (value.length < FIXED) throw new Malformed(`length ${value.length}: expected ${FIXED} or more`);
  const tunnelType = value[1];
  const octets = value.length - FIXED;
  const common = { flags: value[0], tunnelType, label: value.readUIntBE(2, 3) };
  if (tunnelType !== INGRESS_REPLICATION)
    return { ...common, endpoint: undefined, identifier: Uint8Array.from(value.subarray(FIXED)) };
  if (octets !== 4 && octets !== 16)
    throw new Malformed(`ingress-replication endpoint of ${octets} octets: expected 4 or 16`);
  return { ...common, endpoint: ipFromBytes(value, FIXED, octets), identifier: NO_OCTETS };
}

/** The tunnel that a leaf announces which takes BUM traffic at `endpoint`, or from `group` where there is one. */
export function pmsiTunnelOf(endpoint: Ip, vni: number, group: Ip | undefined): PmsiTunnel {
  if (group === undefined)
    return { flags: 0, tunnelType: INGRESS_REPLICATION, label: vni, endpoint, identifier: NO_OCTETS };
  const identifier = Buffer.alloc(32);
  const sender = ipToBytes(endpoint, identifier, 0);
  const length = sender + ipToBytes(group, identifier, sender);
  return {
    flags: 0,
    tunnelType: PIM_SM_TREE,
    label: vni,
    endpoint: undefined,
    identifier: identifier.subarray(0, length),
  };
}

/** The inverse of decodePmsiTunnel. */
export function encodePmsiTunnel(tunnel: PmsiTunnel): Buffer {
  const value = Buffer.alloc(FIXED + 16);
  value[0] = tunnel.flags;
  value[1] = tunnel.tunnelType;
  value.writeUIntBE(tunnel.label, 2, 3);
  if (tunnel.endpoint === undefined) return Buffer.concat([value.subarray(0, FIXED), tunnel.identifier]);
  return value.subarray(0, FIXED + ipToBytes(tunnel.endpoint, value, FIXED));
}
