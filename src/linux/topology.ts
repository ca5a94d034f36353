import type { PortRole, Topology, TopologyProblem, VniAttachment } from '../dataplane/index.js';
import { type Ip, isVni, MAC_ZERO, type Mac, type Vni } from '../types/index.js';
import type { Link, VxlanSettings } from './link-codec.js';
import type { PortVlans } from './link-table.js';

/** The port of a bridge that a VXLAN device is, or a VXLAN device without a bridge. */
interface VxlanPort {
  readonly link: Link;
  readonly vxlan: VxlanSettings;
  readonly bridge: Link | undefined;
  readonly vlans: PortVlans | undefined;
}

/** Which VLAN of the bridge a VNI is, as one VXLAN device has it. */
interface Mapping {
  readonly vni: Vni;
  /** 0 on a VLAN-unaware bridge, undefined where the port maps no VLAN. */
  readonly vlan: number | undefined;
}

/** A property that keeps a VXLAN device from its work, and the command that mends it. */
interface Check {
  readonly fails: (port: VxlanPort) => boolean;
  readonly problem: (port: VxlanPort) => string;
  readonly mend: (port: VxlanPort) => string;
}

const CHECKS: readonly Check[] = [
  {
    fails: ({ bridge }) => !bridge,
    problem: () => 'the device is in no bridge',
    mend: ({ link }) => `ip link set dev ${link.name} master BRIDGE`,
  },
  {
    fails: ({ link }) => !link.up,
    problem: () => 'the device is down',
    mend: ({ link }) => `ip link set dev ${link.name} up`,
  },
  {
    fails: ({ bridge }) => bridge !== undefined && !bridge.up,
    problem: ({ bridge }) => `its bridge ${bridge?.name} is down`,
    mend: ({ bridge }) => `ip link set dev ${bridge?.name} up`,
  },
  {
    fails: ({ vxlan }) => vxlan.local === undefined,
    problem: () => 'the device has no local address, which remote leaves send to',
    mend: ({ link }) => `ip link set dev ${link.name} type vxlan local ADDRESS`,
  },
  {
    fails: ({ vxlan }) => vxlan.learning,
    problem: () => 'the device learns from the underlay and so overwrites what BGP says',
    mend: ({ link }) => `ip link set dev ${link.name} type vxlan nolearning`,
  },
  {
    fails: ({ link }) => link.port?.learning === true,
    problem: () => 'the bridge port learns and so takes remote hosts for local ones',
    mend: ({ link }) => `bridge link set dev ${link.name} learning off`,
  },
  {
    fails: ({ bridge, link, vxlan }) =>
      bridge?.vlanFiltering === true && vxlan.collectMetadata && link.port?.vlanTunnel === false,
    problem: () => 'the port maps no VLAN to a VNI: vlan_tunnel is off',
    mend: ({ link }) => `bridge link set dev ${link.name} vlan_tunnel on`,
  },
  {
    fails: ({ bridge, vlans, vxlan }) =>
      bridge?.vlanFiltering === true && !vxlan.collectMetadata && !hasAccessVlan(vlans),
    problem: () => 'no VLAN of the bridge is mapped to the VNI',
    mend: ({ link }) => `bridge vlan add dev ${link.name} vid VLAN pvid untagged`,
  },
];

function hasAccessVlan(vlans: PortVlans | undefined): boolean {
  return vlans !== undefined && vlans.pvid !== 0 && vlans.pvidUntagged;
}

function mappings({ vxlan, bridge, vlans }: VxlanPort): Mapping[] {
  if (vxlan.collectMetadata) {
    if (!bridge?.vlanFiltering || !vlans) return [];
    const found: Mapping[] = [];
    for (const [vlan, vni] of vlans.tunnels) if (isVni(vni)) found.push({ vni, vlan });
    return found;
  }
  if (!isVni(vxlan.vni)) return [];
  if (!bridge?.vlanFiltering) return [{ vni: vxlan.vni, vlan: 0 }];
  return [{ vni: vxlan.vni, vlan: hasAccessVlan(vlans) ? vlans?.pvid : undefined }];
}

/** VLAN devices by bridge and VLAN; of two with the same, the one that was made first. */
function sviTable(links: readonly Link[]): Map<string, Link> {
  const svis = new Map<string, Link>();
  for (const link of links) {
    if (link.kind !== 'vlan' || link.vlanId === 0 || link.lower === 0) continue;
    const key = `${link.lower} ${link.vlanId}`;
    if (!svis.has(key)) svis.set(key, link);
  }
  return svis;
}

function findSvi(
  bridge: Link | undefined,
  vlan: number | undefined,
  svis: ReadonlyMap<string, Link>,
  vlans: ReadonlyMap<number, PortVlans>,
): Link | undefined {
  if (!bridge || vlan === undefined) return undefined;
  if (!bridge.vlanFiltering) return bridge;
  return (
    svis.get(`${bridge.ifindex} ${vlan}`) ?? (vlans.get(bridge.ifindex)?.pvid === vlan ? bridge : undefined)
  );
}

/**
 * Derives which VLAN of which bridge is which VNI on which device, from all links, the VLANs of bridge ports and the
 * addresses. Pure. Supports VLAN-unaware bridges, VLAN-aware bridges with one VXLAN device a VNI (mapped by the port's
 * PVID, untagged) and collect-metadata devices (mapped by `tunnel_info`). Of two devices with one VNI the one with the
 * lower ifindex serves it, the other is a problem. The outcome depends on values alone, not on
 * the order of the maps.
 */
export function deriveTopology(
  links: ReadonlyMap<number, Link>,
  vlans: ReadonlyMap<number, PortVlans>,
  addresses: ReadonlyMap<number, ReadonlySet<Ip>>,
): Topology {
  const sorted = [...links.values()].sort((a, b) => a.ifindex - b.ifindex);
  const svis = sviTable(sorted);
  const vnis = new Map<Vni, VniAttachment>();
  const ports = new Map<number, { role: PortRole; bridgeIfindex: number; name: string }>();
  const ifindexes = new Set<number>();
  const ownMacs = new Set<Mac>();
  const ownIps = new Set<Ip>();
  const problems: TopologyProblem[] = [];

  for (const link of sorted) {
    ifindexes.add(link.ifindex);
    if (link.mac !== undefined && link.mac !== MAC_ZERO) ownMacs.add(link.mac);
    for (const ip of addresses.get(link.ifindex) ?? []) ownIps.add(ip);
    const master = links.get(link.master);
    const bridge = master?.kind === 'bridge' ? master : undefined;
    if (bridge)
      ports.set(link.ifindex, {
        role: link.kind === 'vxlan' ? 'vxlan' : 'access',
        bridgeIfindex: bridge.ifindex,
        name: link.name,
      });
    if (!link.vxlan) continue;
    const port: VxlanPort = { link, vxlan: link.vxlan, bridge, vlans: vlans.get(link.ifindex) };
    const own = mappings(port);
    for (const mapping of own) {
      const first = vnis.get(mapping.vni);
      if (first) problems.push(duplicate(mapping.vni, first, port, mapping.vlan));
      else vnis.set(mapping.vni, attach(port, mapping, findSvi(bridge, mapping.vlan, svis, vlans)));
    }
    const vni = link.vxlan.collectMetadata ? undefined : own[0]?.vni;
    for (const check of CHECKS)
      if (check.fails(port))
        problems.push({ vni, device: link.name, problem: check.problem(port), mend: check.mend(port) });
  }
  return { vnis, ports, ifindexes, ownMacs, ownIps, problems };
}

function attach(port: VxlanPort, mapping: Mapping, svi: Link | undefined): VniAttachment {
  const { link, vxlan, bridge } = port;
  return {
    vni: mapping.vni,
    vxlanIfindex: link.ifindex,
    vxlanName: link.name,
    bridgeIfindex: bridge?.ifindex ?? 0,
    bridgeName: bridge?.name ?? '',
    vlanAware: bridge?.vlanFiltering ?? false,
    vlan: mapping.vlan ?? 0,
    sviIfindex: svi?.ifindex ?? 0,
    sviName: svi?.name ?? '',
    sviMac: svi?.mac,
    localVtep: vxlan.local,
    multicastGroup: vxlan.group,
    collectMetadata: vxlan.collectMetadata,
    up: link.up && bridge?.up === true && mapping.vlan !== undefined,
  };
}

function duplicate(
  vni: Vni,
  first: VniAttachment,
  port: VxlanPort,
  vlan: number | undefined,
): TopologyProblem {
  const { link, bridge, vxlan } = port;
  const place = bridge ? ` in bridge ${bridge.name}` : '';
  return {
    vni,
    device: link.name,
    problem: `VNI ${vni} is on two devices: ${first.vxlanName}${first.bridgeName && ` in bridge ${first.bridgeName}`}, which serves it, and ${link.name}${place}, which does not`,
    mend: vxlan.collectMetadata
      ? `bridge vlan del dev ${link.name} vid ${vlan} tunnel_info id ${vni}`
      : `ip link del dev ${link.name}`,
  };
}

function sameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  if (a.size !== b.size) return false;
  for (const value of a) if (!b.has(value)) return false;
  return true;
}

/** Compares two flat objects of the same type field by field. */
function sameFields<T extends object>(a: T, b: T): boolean {
  for (const key of Object.keys(a) as (keyof T)[]) if (a[key] !== b[key]) return false;
  return true;
}

function sameMap<K, V extends object>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = b.get(key);
    if (!other || !sameFields(value, other)) return false;
  }
  return true;
}

/** True where both say the same, whatever objects they are made of. */
export function sameTopology(a: Topology, b: Topology): boolean {
  return (
    sameMap(a.vnis, b.vnis) &&
    sameMap(a.ports, b.ports) &&
    sameSet(a.ifindexes, b.ifindexes) &&
    sameSet(a.ownMacs, b.ownMacs) &&
    sameSet(a.ownIps, b.ownIps) &&
    a.problems.length === b.problems.length &&
    a.problems.every((problem, i) => sameFields(problem, b.problems[i]))
  );
}
