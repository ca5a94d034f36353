import type { BridgeMode } from '../../../lab/index.js';

/* What makes, moves and deletes the devices of routed traffic, as lines of `ip` and `bridge`, for each kind of bridge. */

/** A line that `ip -batch` or `bridge -batch` reads, behind the name of the tool. */
export type Line = `${'ip' | 'bridge'} ${string}`;

/** The VNIs of routed traffic. */
export const L3VNIS = [4001, 4002] as const;
export type L3vni = (typeof L3VNIS)[number];
/** What such a VNI may be in, by a number: a bridge without VLANs, or a VLAN. */
export const PLACES = [1, 2] as const;
export type Place = (typeof PLACES)[number];
/** The VLANs of hosts. */
export const HOST_VLANS = [10, 20] as const;
export type HostVlan = (typeof HOST_VLANS)[number];

/** How a leaf's devices are changed, by the kind of its bridges. */
export interface LeafKind {
  readonly mode: BridgeMode;
  /** Whether a VNI's port stays in a place, and may enter it, while that has no SVI: a VLAN has none by itself. */
  readonly outlivesSvi: boolean;
  /**
   * Whether the kernel takes rows along with their VNI. A single device keeps those of a VNI that it loses; what it lost while evpnd
   * was away is swept where it has another VNI that is served, and the neighbors of an SVI that is no VNI's stay.
   */
  readonly takesRowsAlong: boolean;
  /** The SVI of a place. */
  svi(place: Place): string;
  addSvi(place: Place, mac: string): Line[];
  deleteSvi(place: Place): Line[];
  addVni(vni: L3vni, vtep: string): Line[];
  /** `place` is where it is, `isUp` whether it carries frames. */
  deleteVni(vni: L3vni, place: Place | undefined, isUp: boolean): Line[];
  /** From one place, or from none, to another one. */
  enter(vni: L3vni, place: Place, from: Place | undefined): Line[];
  leave(vni: L3vni, place: Place): Line[];
  setUp(vni: L3vni, isUp: boolean): Line[];
  hostSvi(vlan: HostVlan): string;
  /** Whether the VNI of these hosts carries frames. */
  setHosts(vlan: HostVlan, isUp: boolean): Line[];
  /** The rows of a router's MAC at a VTEP, as `routerRows` of it shows them. */
  routerRows(vni: L3vni, place: Place, mac: string, vtep: string): string[];
}

const word = (isUp: boolean) => (isUp ? 'up' : 'down');

const vxlanDevice = {
  addVni: (vni: L3vni, vtep: string): Line[] => [
    `ip link add vx${vni} mtu 1550 type vxlan id ${vni} local ${vtep} dstport 4789 nolearning ttl 64`,
    `ip link set vx${vni} addrgenmode none up`,
  ],
  deleteVni: (vni: L3vni): Line[] => [`ip link del vx${vni}`],
  setUp: (vni: L3vni, isUp: boolean): Line[] => [`ip link set vx${vni} ${word(isUp)}`],
  setHosts: (vlan: HostVlan, isUp: boolean): Line[] => [`ip link set vx${vlan} ${word(isUp)}`],
};

const portOf = (vni: L3vni, bridge: string): Line[] => [
  `ip link set vx${vni} master ${bridge}`,
  `ip link set vx${vni} type bridge_slave learning off`,
];

const vlanOf = (place: Place) => 400 + place;

const vlanDevice = {
  outlivesSvi: true,
  svi: (place: Place) => `vlan${vlanOf(place)}`,
  addSvi: (place: Place, mac: string): Line[] => [
    `ip link add link br0 name vlan${vlanOf(place)} address ${mac} type vlan id ${vlanOf(place)}`,
    `bridge vlan add dev br0 vid ${vlanOf(place)} self`,
    `ip link set vlan${vlanOf(place)} up`,
  ],
  deleteSvi: (place: Place): Line[] => [
    `ip link del vlan${vlanOf(place)}`,
    `bridge vlan del dev br0 vid ${vlanOf(place)} self`,
  ],
  hostSvi: (vlan: HostVlan) => `br0.${vlan}`,
};

/** A VNI of the single device is in its filter, or not. */
const inFilter = (vni: number, isUp: boolean): Line[] => [
  `bridge vni ${isUp ? 'add' : 'delete'} dev vxlan0 vni ${vni}`,
];
const unmapped = (place: Place): Line[] => [`bridge vlan del dev vxlan0 vid ${vlanOf(place)}`];

export const LEAF_KINDS: readonly LeafKind[] = [
  {
    mode: 'traditional',
    outlivesSvi: false,
    takesRowsAlong: true,
    svi: (place) => `br400${place}`,
    addSvi: (place, mac) => [
      `ip link add br400${place} address ${mac} type bridge mcast_snooping 0`,
      `ip link set br400${place} up`,
    ],
    deleteSvi: (place) => [`ip link del br400${place}`],
    ...vxlanDevice,
    enter: (vni, place) => portOf(vni, `br400${place}`),
    leave: (vni) => [`ip link set vx${vni} nomaster`],
    hostSvi: (vlan) => `br${vlan}`,
    routerRows: (vni, place, mac, vtep) => [
      `vx${vni} ${mac} dst ${vtep}`,
      `vx${vni} ${mac} master br400${place}`,
    ],
  },
  {
    mode: 'vlan-aware',
    takesRowsAlong: true,
    ...vlanDevice,
    ...vxlanDevice,
    enter: (vni, place, from) => [
      ...(from === undefined
        ? portOf(vni, 'br0')
        : [`bridge vlan del dev vx${vni} vid ${vlanOf(from)}` as const]),
      `bridge vlan add dev vx${vni} vid ${vlanOf(place)} pvid untagged`,
    ],
    leave: (vni) => [`ip link set vx${vni} nomaster`],
    routerRows: (vni, place, mac, vtep) => [
      `vx${vni} ${mac} dst ${vtep}`,
      `vx${vni} ${mac} vlan ${vlanOf(place)} master br0`,
    ],
  },
  {
    mode: 'svd',
    takesRowsAlong: false,
    ...vlanDevice,
    addVni: (vni) => inFilter(vni, true),
    deleteVni: (vni, place, isUp) => [
      ...(place === undefined ? [] : unmapped(place)),
      ...(isUp ? inFilter(vni, false) : []),
    ],
    enter: (vni, place, from) => [
      ...(from === undefined ? [] : unmapped(from)),
      `bridge vlan add dev vxlan0 vid ${vlanOf(place)}`,
      `bridge vlan add dev vxlan0 vid ${vlanOf(place)} tunnel_info id ${vni}`,
    ],
    leave: (_, place) => unmapped(place),
    setUp: inFilter,
    setHosts: (vlan, isUp) => inFilter(10000 + vlan, isUp),
    routerRows: (vni, place, mac, vtep) => [
      `vxlan0 ${mac} dst ${vtep} src_vni ${vni}`,
      `vxlan0 ${mac} vlan ${vlanOf(place)} master br0`,
    ],
  },
];

/** A row of a router's MAC that `bridge fdb show` shows, as `LeafKind.routerRows` has it; undefined for any other line. */
export function routerRow(words: readonly string[], isVlanAware: boolean): string | undefined {
  const [mac] = words;
  if (!mac?.startsWith('02:ff:') || !words.includes('extern_learn')) return undefined;
  // The kernel has a row without a VLAN in each of the port's, too (net/bridge/br_fdb.c br_fdb_add)
  if (words.includes('vlan') && !isVlanAware) return undefined;
  const named = (word: string) => (words.includes(word) ? ` ${word} ${words[words.indexOf(word) + 1]}` : '');
  const device = words[words.indexOf('dev') + 1];
  return `${device} ${mac}${['dst', 'src_vni', 'vlan', 'master'].map(named).join('')}`;
}
