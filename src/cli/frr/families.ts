import type { Item } from '../client.js';

/** FRR's names of the address families that evpnd speaks, in FRR's order. */
export const FAMILIES = [
  { afi: 1, safi: 1, key: 'ipv4Unicast', title: 'IPv4 Unicast' },
  { afi: 2, safi: 1, key: 'ipv6Unicast', title: 'IPv6 Unicast' },
  { afi: 25, safi: 70, key: 'l2VpnEvpn', title: 'L2VPN EVPN' },
] as const;

export type FrrFamily = (typeof FAMILIES)[number];

/** Returns what an item of /neighbors has of the family; undefined where it is not offered to the neighbor. */
export const familyOf = (neighbor: Item, { afi, safi }: FrrFamily): Item | undefined =>
  (neighbor.families as Item[]).find((each) => each.afi === afi && each.safi === safi);
