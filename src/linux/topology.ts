import {
  type Bridge,
  type BridgePort,
  domainKey,
  EMPTY_TOPOLOGY,
  type Interface,
  type InterfaceAddress,
  type Topology,
  type TopologyProblem,
  type VniAttachment,
} from '../dataplane/index.js';
import { type Ip, isVni, sameSet, type Vni } from '../types/index.js';
import {
  type CheckContext,
  carriesFrames,
  checkDevice,
  checkVni,
  hasAccessVlan,
  isRunning,
  localAddresses,
  NO_CONTEXT,
  NO_LOCAL,
  type VxlanPort,
} from './checks.js';
import type { HardwarePort } from './drivers.js';
import type { Link } from './link-codec.js';
import type { PortVlans, VniFilter } from './link-table.js';
import { ownAddresses, sameOwnAddresses } from './own-addresses.js';
import { preflight } from './preflight.js';
import { deriveVrfs } from './vrfs.js';
import { isMulticastIp } from './vxlan-codec.js';

/** Which VLAN of the bridge a VNI is, as one VXLAN device has it. */
interface Mapping {
  readonly vni: Vni;
  /** 0 on a VLAN-unaware bridge, undefined where the port maps no VLAN. */
  readonly vlan: number | undefined;
}

function mappings({ link, vxlan, bridge, vlans }: VxlanPort): Mapping[] {
  if (vxlan.collectMetadata) {
    if (!bridge?.vlanFiltering || !link.port?.vlanTunnel || !vlans) return [];
    const found: { vni: Vni; vlan: number }[] = [];
    for (const [vlan, vni] of vlans.tunnels) if (isVni(vni)) found.push({ vni, vlan });
    return found.sort((a, b) => a.vlan - b.vlan);
  }
  if (!isVni(vxlan.vni)) return [];
  if (!bridge?.vlanFiltering) return [{ vni: vxlan.vni, vlan: 0 }];
  return [{ vni: vxlan.vni, vlan: hasAccessVlan(vlans) ? vlans?.pvid : undefined }];
}

/** VLAN devices by bridge and VLAN (`domainKey`), with tags of the bridge's kind. */
function sviTable(sorted: readonly Link[], links: ReadonlyMap<number, Link>): Map<number, Link> {
  const svis = new Map<number, Link>();
  for (const link of sorted)
    if (link.kind === 'vlan' && links.get(link.lower)?.vlanProtocol === link.vlanProtocol)
      svis.set(domainKey(link.lower, link.vlanId), link);
  return svis;
}

function findSvi(
  bridge: Link | undefined,
  vlan: number | undefined,
  svis: ReadonlyMap<number, Link>,
  vlans: ReadonlyMap<number, PortVlans>,
): Link | undefined {
  if (!bridge || vlan === undefined) return undefined;
  if (!bridge.vlanFiltering) return bridge;
  return (
    svis.get(domainKey(bridge.ifindex, vlan)) ??
    (vlans.get(bridge.ifindex)?.pvid === vlan ? bridge : undefined)
  );
}

/** The switch ASIC of each bridge that has ports of one, be it by way of a bond; of several the one of the lowest ifindex. */
function switchTable(sorted: readonly Link[], links: ReadonlyMap<number, Link>): Map<number, string> {
  const switches = new Map<number, string>();
  for (const { switchId, master } of sorted) {
    if (switchId === '') continue;
    let upper = links.get(master);
    while (upper && upper.kind !== 'bridge') upper = links.get(upper.master);
    if (upper && !switches.has(upper.ifindex)) switches.set(upper.ifindex, switchId);
  }
  return switches;
}

/** The tables that a topology is derived from. */
export interface LinkTables {
  readonly links: ReadonlyMap<number, Link>;
  readonly vlans: ReadonlyMap<number, PortVlans>;
  readonly addresses: ReadonlyMap<number, readonly InterfaceAddress[]>;
  readonly vniFilters: ReadonlyMap<number, VniFilter>;
}

const NO_VNIS: VniFilter = new Map();
const NO_ADDRESSES: readonly InterfaceAddress[] = [];

/**
 * Derives which VLAN of which bridge is which VNI on which device, from all links, the VLANs of bridge ports, the
 * addresses and the VNI filters. Pure. Supports VLAN-unaware bridges, VLAN-aware bridges with one VXLAN device a VNI
 * (mapped by the port's PVID, untagged) and collect-metadata devices (mapped by `tunnel_info`), all of them at once. Of
 * two devices with one VNI the one with the lower ifindex serves it, the other is a problem; likewise of two VNIs that
 * claim one VLAN of a bridge. The outcome depends on values alone, not on the order of the maps; what is as it was in
 * `before` is the same object.
 */
export function deriveTopology(
  { links, vlans, addresses, vniFilters }: LinkTables,
  context: CheckContext = NO_CONTEXT,
  before: Topology = EMPTY_TOPOLOGY,
): Topology {
  const sorted = [...links.values()].sort((a, b) => a.ifindex - b.ifindex);
  const svis = sviTable(sorted, links);
  const switches = switchTable(sorted, links);
  const locals = localAddresses(sorted, addresses, context);
  const vnis = new Map<Vni, VniAttachment>();
  /** Which VNI has a (bridge, VLAN). */
  const domains = new Map<number, VniAttachment>();
  const ports = new Map<number, BridgePort>();
  const bridges = new Map<number, Bridge>();
  const interfaces = new Map<number, Interface>();
  const ownVteps = new Set<Ip>();
  const problems: TopologyProblem[] = [];
  const ofDevices: (() => void)[] = [];
  const inHardware = new Map<string, HardwarePort[]>();

  for (const link of sorted) {
    const its = addresses.get(link.ifindex) ?? NO_ADDRESSES;
    const master = links.get(link.master);
    const vrf = [link, master].find((each) => each?.kind === 'vrf')?.ifindex;
    interfaces.set(link.ifindex, interfaceOf(link, vrf, its, before.interfaces.get(link.ifindex)));
    const bridge = master?.kind === 'bridge' ? master : undefined;
    if (bridge)
      ports.set(link.ifindex, {
        role: link.kind === 'vxlan' ? 'vxlan' : 'access',
        bridgeIfindex: bridge.ifindex,
        name: link.name,
        pvid: bridge.vlanFiltering ? (vlans.get(link.ifindex)?.pvid ?? 0) : 0,
        pvidUntagged: !bridge.vlanFiltering || (vlans.get(link.ifindex)?.pvidUntagged ?? false),
      });
    if (link.kind === 'bridge')
      bridges.set(link.ifindex, {
        mac: link.mac,
        vlanAware: link.vlanFiltering,
        ageingTime: link.ageingTime,
        switchId: switches.get(link.ifindex) ?? '',
        driver: context.drivers.get(switches.get(link.ifindex) ?? '') ?? '',
      });
    if (!link.vxlan) continue;
    const { local: vtep } = link.vxlan;
    const local = (vtep === undefined ? undefined : locals.get(vtep)) ?? NO_LOCAL;
    if (vtep !== undefined && local.state === 'usable') ownVteps.add(vtep);
    const port: VxlanPort = {
      link,
      vxlan: link.vxlan,
      local,
      bridge,
      vlans: vlans.get(link.ifindex),
      filter: link.vxlan.vniFilter ? (vniFilters.get(link.ifindex) ?? NO_VNIS) : undefined,
    };
    const switchId = bridge && switches.get(bridge.ifindex);
    if (switchId) pushTo(inHardware, switchId, { ...port, bridge });
    const served: Vni[] = [];
    const claimed: Vni[] = [];
    for (const mapping of mappings(port)) {
      claimed.push(mapping.vni);
      const first = vnis.get(mapping.vni);
      if (first) {
        problems.push(duplicate(mapping.vni, first, port, mapping.vlan));
        continue;
      }
      const svi = findSvi(bridge, mapping.vlan, svis, vlans);
      const at = attach(port, mapping, svi);
      if (bridge && mapping.vlan !== undefined) {
        const domain = domainKey(bridge.ifindex, mapping.vlan);
        const other = domains.get(domain);
        if (other) {
          problems.push(occupied(at, other));
          continue;
        }
        domains.set(domain, at);
      }
      vnis.set(mapping.vni, at);
      served.push(mapping.vni);
      checkVni(port, at, svi && interfaces.get(svi.ifindex)?.addresses, problems);
    }
    // Behind the last one, since it is to be known which VNIs are VRFs'
    ofDevices.push(() => {
      const isRouted = served.length > 0 && served.every((vni) => l3vnis.has(vni));
      checkDevice(port, served.length > 0 ? served : claimed, isRouted, context, problems);
    });
  }
  const { vrfs, l3vnis } = deriveVrfs(sorted, { links, vlans, addresses }, vnis, context, before, problems);
  for (const check of ofDevices) check();
  for (const [switchId, its] of inHardware) preflight(context.drivers.get(switchId) ?? '', its, problems);
  return {
    vnis,
    vrfs,
    l3vnis,
    ports,
    bridges,
    hasSwitch: sorted.some(({ switchId }) => switchId !== ''),
    interfaces,
    own: ownAddresses(sorted, { links, vlans, addresses }, vnis, before.own),
    ownVteps: sameSet(before.ownVteps, ownVteps) ? before.ownVteps : ownVteps,
    loops: context.loops,
    unreachable: context.unreachable,
    problems,
  };
}

function pushTo<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function attach(port: VxlanPort, mapping: Mapping, svi: Link | undefined): VniAttachment {
  const { link, vxlan, bridge, filter } = port;
  const own = filter?.get(mapping.vni);
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
    // The VNI's own group goes before the device's (drivers/net/vxlan: vxlan_vni_node.remote_ip)
    multicastGroup: own !== undefined && isMulticastIp(own) ? own : vxlan.group,
    collectMetadata: vxlan.collectMetadata,
    isFlooded: link.port?.flood !== false,
    up:
      carriesFrames(port) && mapping.vlan !== undefined && (filter === undefined || filter.has(mapping.vni)),
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
    severity: 'error',
    vni,
    device: link.name,
    problem: `VNI ${vni} is on two devices: ${first.vxlanName}${first.bridgeName && ` in bridge ${first.bridgeName}`}, which serves it, and ${link.name}${place}, which does not`,
    fix: vxlan.collectMetadata
      ? `bridge vlan del dev ${link.name} vid ${vlan} tunnel_info id ${vni}`
      : `ip link del dev ${link.name}`,
  };
}

/** Two VNIs in one broadcast domain would be one network with two names. */
function occupied(at: VniAttachment, other: VniAttachment): TopologyProblem {
  const place = at.vlanAware ? `VLAN ${at.vlan} of bridge ${at.bridgeName}` : `bridge ${at.bridgeName}`;
  return {
    severity: 'error',
    vni: at.vni,
    device: at.vxlanName,
    problem: `${place} is VNI ${other.vni} on ${other.vxlanName} already, so that VNI ${at.vni} is not served`,
    fix: at.collectMetadata
      ? `bridge vlan del dev ${at.vxlanName} vid ${at.vlan} tunnel_info id ${at.vni}`
      : at.vlanAware
        ? `bridge vlan add dev ${at.vxlanName} vid VLAN pvid untagged`
        : `ip link set dev ${at.vxlanName} nomaster`,
  };
}

/** The device as a topology has it: `before` if that is equal. */
function interfaceOf(
  link: Link,
  vrf: number | undefined,
  addresses: readonly InterfaceAddress[],
  before: Interface | undefined,
): Interface {
  const { name } = link;
  const running = isRunning(link);
  const kept = before && sameAddresses(before.addresses, addresses) ? before.addresses : addresses;
  const isSame = before?.name === name && before.running === running && before.vrf === vrf;
  if (isSame && before.addresses === kept) return before;
  return { name, running, addresses: kept, ...(vrf !== undefined && { vrf }) };
}

function sameAddresses(a: readonly InterfaceAddress[], b: readonly InterfaceAddress[]): boolean {
  return a === b || (a.length === b.length && a.every((address, i) => sameFields(address, b[i])));
}

function sameInterfaces(a: Topology['interfaces'], b: Topology['interfaces']): boolean {
  if (a.size !== b.size) return false;
  for (const [ifindex, one] of a) {
    const other = b.get(ifindex);
    if (one === other) continue;
    if (!other || one.name !== other.name || one.running !== other.running || one.vrf !== other.vrf)
      return false;
    if (!sameAddresses(one.addresses, other.addresses)) return false;
  }
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

/** True if both are equal, whatever objects they are made of. */
export function sameTopology(a: Topology, b: Topology): boolean {
  return (
    sameMap(a.vnis, b.vnis) &&
    sameMap(a.vrfs, b.vrfs) &&
    sameSet(a.l3vnis, b.l3vnis) &&
    sameMap(a.ports, b.ports) &&
    sameMap(a.bridges, b.bridges) &&
    sameInterfaces(a.interfaces, b.interfaces) &&
    sameOwnAddresses(a.own, b.own) &&
    sameSet(a.ownVteps, b.ownVteps) &&
    a.loops === b.loops &&
    a.unreachable === b.unreachable &&
    a.problems.length === b.problems.length &&
    a.problems.every((problem, i) => sameFields(problem, b.problems[i]))
  );
}
