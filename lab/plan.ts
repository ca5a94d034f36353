/**
 * The plan of a fabric: from a short description to every name and address in it. Pure, so that tests and reports
 * read addresses here and nowhere else.
 *
 * Leaf i, spine s, VLAN v, host h of a VLAN on its leaf (i, s and h from 1 to 9):
 *   VTEP (on lo)        10.0.0.i            fd00::i
 *   leaf–spine link     10.s.i.1 – 10.s.i.0 fd01:s:i::3 – fd01:s:i::2
 *   SVI of a leaf       10.V.v.(100+i)      fd10:v::(100+i)        (V = 10 + v / 256, v = v % 256)
 *   host                10.V.v.(10h+i)      fd10:v::(10h+i)
 */

/**
 * The program that speaks BGP on a node; `none` leaves the node to the test. `frr10` needs `setUpFrr10` before, and is
 * what FRR needs for a single VXLAN device.
 */
export type LeafEngine = 'evpnd' | 'frr' | 'frr10' | 'none';
export type SpineEngine = 'frr' | 'gobgp' | 'exabgp' | 'none';
/**
 * The bridges of a leaf: `traditional`, a bridge and a VXLAN device a VNI; `vlan-aware`, one bridge that filters VLANs
 * and a VXLAN device a VNI; `svd`, one bridge that filters VLANs and a single VXLAN device in collect-metadata mode with
 * a VNI filter; `svd-unfiltered`, the same without that filter; `mixed`, as `svd` for the first VNI and as `vlan-aware`
 * for the others, on one bridge, where the kernel needs another UDP port: such leaves reach only each other; `bare`,
 * none: links, routes and the hosts' ports alone, all else is the test's.
 */
export type BridgeMode = 'traditional' | 'vlan-aware' | 'svd' | 'svd-unfiltered' | 'mixed' | 'bare';
export type Family = 'ipv4' | 'ipv6';

export interface VniSpec {
  vni: number;
  vlan: number;
}
export interface LeafSpec {
  engine: LeafEngine;
  mode?: BridgeMode;
  /** Hosts in every VNI; 1 when absent. */
  hostsPerVni?: number;
  /** Whether the leaf has an SVI with addresses in every VNI; true when absent. */
  svi?: boolean;
  /** Merged over evpnd's configuration, key by key at the top. */
  config?: Record<string, unknown>;
  /** Words before evpnd's command line, for example those of setpriv. */
  launcher?: readonly string[];
}
export interface SpineSpec {
  engine: SpineEngine;
  /** GoBGP restarts gracefully, and keeps the routes of a leaf that does (RFC 4724), or for long too (RFC 9494); false when absent. */
  gracefulRestart?: boolean | 'long-lived';
}
/** What a fabric is to be. Leaves are named leaf1, leaf2 …, spines spine1 …, hosts h<leaf>-<vlan>[-<n>]. */
export interface FabricSpec {
  leaves: LeafSpec[];
  /** One spine of FRR when absent. */
  spines?: SpineSpec[];
  /** VNI 10010 on VLAN 10 and VNI 10020 on VLAN 20 when absent. */
  vnis?: VniSpec[];
  /** eBGP: leaf i in AS 65000 + i, spines in 65000. iBGP: all in 65000, the spines reflect. eBGP when absent. */
  peering?: 'ebgp' | 'ibgp';
  /** The family BGP sessions run over; ipv4 when absent. */
  transport?: Family;
  /** The family of the VTEP addresses; ipv4 when absent. */
  vtep?: Family;
  /** A node in the caller's own network namespace, for devices that can be in no other. */
  inPlace?: string;
}

export interface Link {
  spine: string;
  leaf: string;
  /** Names of the two ends. */
  spineDevice: string;
  leafDevice: string;
  spineAddress: Record<Family, string>;
  leafAddress: Record<Family, string>;
}
/** A VNI on a leaf. */
export interface Segment {
  vni: number;
  vlan: number;
  bridge: string;
  vxlan: string;
  /** The SVI's device, also named when the leaf has none. */
  svi: string;
  sviMac: string;
  sviAddress: Record<Family, string>;
}
export interface Leaf {
  name: string;
  engine: LeafEngine;
  mode: BridgeMode;
  hasSvi: boolean;
  asn: number;
  routerId: string;
  vtepAddress: Record<Family, string>;
  /** The VTEP address of the fabric's family. */
  vtep: string;
  links: Link[];
  segments: Segment[];
  config: Record<string, unknown>;
  launcher: readonly string[];
}
export interface Spine {
  name: string;
  engine: SpineEngine;
  gracefulRestart: boolean | 'long-lived';
  asn: number;
  routerId: string;
  links: Link[];
}
export interface Host {
  name: string;
  vni: number;
  vlan: number;
  mac: string;
  address: Record<Family, string>;
  /** The port's name on whichever leaf it is. */
  port: string;
  /** The leaf it starts at. */
  leaf: string;
}
export interface Plan {
  peering: 'ebgp' | 'ibgp';
  transport: Family;
  vtep: Family;
  inPlace: string | undefined;
  leaves: Leaf[];
  spines: Spine[];
  hosts: Host[];
}

/** The name of a leaf's VXLAN device that is there for several VNIs. */
export const SINGLE_VXLAN_DEVICE = 'vxlan0';

const hex2 = (n: number): string => n.toString(16).padStart(2, '0');

function inVlan(vlan: number, host: number): Record<Family, string> {
  return { ipv4: `10.${10 + (vlan >> 8)}.${vlan & 255}.${host}`, ipv6: `fd10:${vlan}::${host}` };
}

function macInVlan(vlan: number, kind: number, leaf: number): string {
  return `02:${hex2(kind)}:00:${hex2(vlan >> 8)}:${hex2(vlan & 255)}:${hex2(leaf)}`;
}

function segment(spec: VniSpec, mode: BridgeMode, leaf: number, first: boolean): Segment {
  const { vni, vlan } = spec;
  const single = mode === 'svd' || mode === 'svd-unfiltered' || (mode === 'mixed' && first);
  const bridge = mode === 'traditional' ? `br${vlan}` : 'br0';
  return {
    vni,
    vlan,
    bridge,
    vxlan: single ? SINGLE_VXLAN_DEVICE : `vx${vlan}`,
    svi: mode === 'traditional' ? bridge : `br0.${vlan}`,
    sviMac: macInVlan(vlan, 0, leaf),
    sviAddress: inVlan(vlan, 100 + leaf),
  };
}

function link(spine: number, leaf: number): Link {
  return {
    spine: `spine${spine}`,
    leaf: `leaf${leaf}`,
    spineDevice: `leaf${leaf}`,
    leafDevice: `spine${spine}`,
    spineAddress: { ipv4: `10.${spine}.${leaf}.0`, ipv6: `fd01:${spine}:${leaf}::2` },
    leafAddress: { ipv4: `10.${spine}.${leaf}.1`, ipv6: `fd01:${spine}:${leaf}::3` },
  };
}

function host(spec: VniSpec, leaf: number, n: number): Host {
  const suffix = n === 1 ? '' : `-${n}`;
  return {
    name: `h${leaf}-${spec.vlan}${suffix}`,
    vni: spec.vni,
    vlan: spec.vlan,
    mac: macInVlan(spec.vlan, n, leaf),
    address: inVlan(spec.vlan, 10 * n + leaf),
    port: `p${leaf}-${spec.vlan}${suffix}`,
    leaf: `leaf${leaf}`,
  };
}

/** @throws RangeError when a count or a VLAN does not fit the address plan. */
export function planFabric(spec: FabricSpec): Plan {
  const vnis = spec.vnis ?? [
    { vni: 10010, vlan: 10 },
    { vni: 10020, vlan: 20 },
  ];
  const spines = spec.spines ?? [{ engine: 'frr' }];
  const peering = spec.peering ?? 'ebgp';
  const vtep = spec.vtep ?? 'ipv4';
  const limits: [string, number, number][] = [
    ['leaves', spec.leaves.length, 9],
    ['spines', spines.length, 9],
    ...spec.leaves.map((l): [string, number, number] => ['hosts in a VNI', l.hostsPerVni ?? 1, 9]),
    ...vnis.map((v): [string, number, number] => ['VLAN', v.vlan, 4094]),
  ];
  for (const [what, value, most] of limits) {
    if (value > most) throw new RangeError(`${what}: ${value}, at most ${most} fit the lab's address plan`);
  }
  const hosts: Host[] = [];
  const leaves = spec.leaves.map((leaf, index): Leaf => {
    const i = index + 1;
    const mode = leaf.mode ?? 'traditional';
    const vtepAddress = { ipv4: `10.0.0.${i}`, ipv6: `fd00::${i}` };
    for (const v of vnis) for (let n = 1; n <= (leaf.hostsPerVni ?? 1); n++) hosts.push(host(v, i, n));
    return {
      name: `leaf${i}`,
      engine: leaf.engine,
      mode,
      hasSvi: leaf.svi ?? true,
      asn: peering === 'ebgp' ? 65000 + i : 65000,
      routerId: vtepAddress.ipv4,
      vtepAddress,
      vtep: vtepAddress[vtep],
      links: spines.map((_, s) => link(s + 1, i)),
      segments: vnis.map((v, n) => segment(v, mode, i, n === 0)),
      config: leaf.config ?? {},
      launcher: leaf.launcher ?? [],
    };
  });
  return {
    peering,
    transport: spec.transport ?? 'ipv4',
    vtep,
    inPlace: spec.inPlace,
    leaves,
    hosts,
    spines: spines.map((spine, s) => ({
      name: `spine${s + 1}`,
      engine: spine.engine,
      gracefulRestart: spine.gracefulRestart ?? false,
      asn: 65000,
      routerId: `10.0.0.${100 + s + 1}`,
      links: leaves.map((leaf) => leaf.links[s] as Link),
    })),
  };
}
