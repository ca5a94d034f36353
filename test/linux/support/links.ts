import type { InterfaceAddress } from '../../../src/dataplane/index.js';
import type { Link, PortSettings } from '../../../src/linux/index.js';
import { PLAIN_TUNNEL } from '../../../src/linux/vxlan-codec.js';
import { parseIp, parseMac } from '../../../src/types/index.js';

/** The `local` of every VXLAN device made here. */
export const LOCAL = parseIp('192.0.2.1');

/** A VXLAN device's port as it should be. */
export const PORT: PortSettings = {
  state: 3,
  learning: false,
  neighSuppress: true,
  neighVlanSuppress: false,
  vlanTunnel: false,
  flood: true,
  mcastFlood: true,
  bcastFlood: true,
};

/** A device that is up; its MAC ends in its number. */
export function device(ifindex: number, name: string, rest: Partial<Link> = {}): Link {
  return {
    ifindex,
    name,
    up: true,
    carrier: true,
    protodown: false,
    protodownReasons: 0,
    mac: parseMac(`02:00:00:00:00:${ifindex.toString(16).padStart(2, '0')}`),
    mtu: 1500,
    master: 0,
    lower: 0,
    kind: '',
    vxlan: undefined,
    vlanFiltering: false,
    stp: false,
    mcastSnooping: false,
    vlanProtocol: 0x8100,
    ageingTime: 0,
    switchId: '',
    vlanId: 0,
    vrfTable: 0,
    port: undefined,
    ...rest,
  };
}

/** A VXLAN device as it should be, in the bridge `master`. */
export function vxlan(
  ifindex: number,
  name: string,
  vni: number,
  master: number,
  rest: Partial<Link> = {},
): Link {
  return device(ifindex, name, {
    kind: 'vxlan',
    master,
    vxlan: {
      vni,
      local: LOCAL,
      group: undefined,
      learning: false,
      collectMetadata: false,
      port: 4789,
      vniFilter: false,
      tunnel: PLAIN_TUNNEL,
    },
    port: master === 0 ? undefined : PORT,
    ...rest,
  });
}

/** A usable address. */
export function address(ip: string, rest: Partial<InterfaceAddress> = {}): InterfaceAddress {
  return { ip: parseIp(ip), prefixLength: 24, peer: undefined, state: 'usable', ...rest };
}
