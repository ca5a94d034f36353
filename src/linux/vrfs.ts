import type { Topology, TopologyProblem, VniAttachment, VrfAttachment } from '../dataplane/index.js';
import {
  type Ip,
  isLinkLocal,
  isMulticastMac,
  type Mac,
  type PrefixKey,
  prefixOf,
  sameSet,
  type Vni,
} from '../types/index.js';
import { type CheckContext, isRunning } from './checks.js';
import type { Link } from './link-codec.js';
import type { AddressTables } from './own-addresses.js';

/** What is found of VRFs. */
interface Vrfs {
  readonly vrfs: ReadonlyMap<number, VrfAttachment>;
  readonly l3vnis: ReadonlySet<Vni>;
}

/**
 * Derives the VRFs, and of each the VNI that carries its routed traffic (L3VNI). The configuration may name it; else it is a
 * VNI whose SVI is in the VRF and that can have no hosts: the SVI has no address but link-local ones, no access port is in the
 * broadcast domain, and the configuration does not have it in `evpn.vnis`. Of several such VNIs the lowest
 * is taken, and the others are problems. Pure: the outcome depends on values alone; what is as it was in `before` is the
 * same object.
 */
export function deriveVrfs(
  sorted: readonly Link[],
  tables: AddressTables,
  vnis: ReadonlyMap<Vni, VniAttachment>,
  context: CheckContext,
  before: Pick<Topology, 'vrfs' | 'l3vnis'>,
  out: TopologyProblem[],
): Vrfs {
  const members = membersOf(tables.links, vnis);
  const { networks, ips } = addressesOf(sorted, tables);
  const vrfs = new Map<number, VrfAttachment>();
  const l3vnis = new Set<Vni>();
  const devices = sorted.filter(({ kind }) => kind === 'vrf');
  const named = new Set<Vni>();
  for (const { l3vni, advertise } of context.vrfs.values())
    if (l3vni !== undefined && advertise) named.add(l3vni);
  for (const vni of named) l3vnis.add(vni);
  for (const [name, { advertise }] of context.vrfs)
    if (advertise && !devices.some((link) => link.name === name))
      out.push({
        severity: 'warning',
        vni: undefined,
        device: name,
        problem: 'the configuration names the VRF in evpn.vrfs, and there is no such device',
        fix: `ip link add ${name} up type vrf table TABLE`,
      });
  for (const link of devices) {
    const wish = context.vrfs.get(link.name);
    const its = members.get(link.ifindex) ?? [];
    let chosen: VniAttachment | undefined;
    if (!(wish?.advertise ?? context.anyVrf)) chosen = undefined;
    else if (wish?.l3vni !== undefined) chosen = namedOne(link, wish.l3vni, tables, vnis, out);
    else {
      const candidates = its.filter((at) => !named.has(at.vni) && isTransit(at, tables, context));
      chosen = candidates[0];
      for (const other of candidates.slice(1)) out.push(second(link, candidates[0], other));
    }
    if (chosen) l3vnis.add(chosen.vni);
    const hosts = its.filter(({ vni }) => vni !== chosen?.vni && !named.has(vni)).map(({ vni }) => vni);
    const was = before.vrfs.get(link.ifindex);
    const vrf = vrfOf(link, chosen, tables.links, {
      vnis: kept(was?.vnis, hosts),
      networks: kept(was?.networks, networks.get(link.ifindex) ?? []),
      ips: kept(was?.ips, ips.get(link.ifindex) ?? []),
    });
    if (chosen) checkVrf(link, chosen, tables.links, out);
    vrfs.set(link.ifindex, was && sameVrf(was, vrf) ? was : vrf);
  }
  return { vrfs, l3vnis: sameSet(before.l3vnis, l3vnis) ? before.l3vnis : l3vnis };
}

/** The VNIs of each VRF by its ifindex, in ascending order: those whose SVI is in it. */
function membersOf(
  links: ReadonlyMap<number, Link>,
  vnis: ReadonlyMap<Vni, VniAttachment>,
): Map<number, VniAttachment[]> {
  const members = new Map<number, VniAttachment[]>();
  for (const at of vnis.values()) {
    const master = links.get(links.get(at.sviIfindex)?.master ?? 0);
    if (master?.kind !== 'vrf') continue;
    const list = members.get(master.ifindex);
    if (list) list.push(at);
    else members.set(master.ifindex, [at]);
  }
  for (const list of members.values()) list.sort((a, b) => a.vni - b.vni);
  return members;
}

/** True for a VNI that can have no hosts. */
function isTransit(
  { vni, sviIfindex, bridgeIfindex, vlan, vlanAware }: VniAttachment,
  { links, vlans, addresses }: AddressTables,
  { names }: CheckContext,
): boolean {
  if (names(vni)) return false;
  if ((addresses.get(sviIfindex) ?? []).some(({ ip }) => !isLinkLocal(ip))) return false;
  for (const { ifindex, master, kind } of links.values())
    if (master === bridgeIfindex && kind !== 'vxlan')
      if (!vlanAware || vlans.get(ifindex)?.members.has(vlan)) return false;
  return true;
}

/** The VNI that the configuration names for the VRF, if its SVI is in it. */
function namedOne(
  { ifindex, name }: Link,
  vni: Vni,
  { links }: AddressTables,
  vnis: ReadonlyMap<Vni, VniAttachment>,
  out: TopologyProblem[],
): VniAttachment | undefined {
  const at = vnis.get(vni);
  const problem = (device: string, text: string, fix: string | undefined) => {
    out.push({ severity: 'error', vni, device, problem: text, fix });
    return undefined;
  };
  if (!at)
    return problem(
      name,
      `it is the VRF's L3VNI, and no VXLAN device has it`,
      `ip link add vx${vni} up type vxlan id ${vni} local ADDRESS dstport 4789 nolearning, in a bridge`,
    );
  if (at.sviIfindex === 0)
    return problem(
      at.vxlanName,
      `it is the L3VNI of VRF ${name}, and has no SVI`,
      at.vlan === 0
        ? undefined
        : `ip link add link ${at.bridgeName} name ${at.bridgeName}.${at.vlan} up master ${name} type vlan id ${at.vlan}`,
    );
  const master = links.get(at.sviIfindex)?.master ?? 0;
  if (master === ifindex) return at;
  const other = links.get(master);
  return problem(
    at.sviName,
    other
      ? `it is the L3VNI of VRF ${name}, and its SVI is in ${other.name}`
      : `it is the L3VNI of VRF ${name}, and its SVI is in no VRF`,
    `ip link set dev ${at.sviName} master ${name}`,
  );
}

function second(link: Link, first: VniAttachment, { vni, sviName }: VniAttachment): TopologyProblem {
  return {
    severity: 'warning',
    vni,
    device: sviName,
    problem: `VRF ${link.name} has two VNIs without hosts: ${first.vni} is taken for its L3VNI, and ${vni} for a VNI of hosts`,
    fix: `evpn.vrfs with \`name: ${link.name}\` and the right \`l3vni\`; or an address for ${sviName}, if it is to have hosts`,
  };
}

/** A MAC that frames can be sent to. */
function isRouterMac(mac: Mac | undefined): mac is Mac {
  return mac !== undefined && mac !== 0 && !isMulticastMac(mac);
}

function vrfOf(
  link: Link,
  at: VniAttachment | undefined,
  links: ReadonlyMap<number, Link>,
  lists: Pick<VrfAttachment, 'vnis' | 'networks' | 'ips'>,
): VrfAttachment {
  const svi = at && links.get(at.sviIfindex);
  const mac = isRouterMac(at?.sviMac) ? at.sviMac : undefined;
  return {
    ifindex: link.ifindex,
    name: link.name,
    tableId: link.vrfTable,
    l3vni: at?.vni,
    sviIfindex: at?.sviIfindex ?? 0,
    sviName: at?.sviName ?? '',
    routerMac: mac,
    localVtep: at?.localVtep,
    up: at?.up === true && link.up && svi !== undefined && isRunning(svi) && mac !== undefined,
    ...lists,
  };
}

/** What keeps the VRF from routing though it has an L3VNI; what is wrong with the VXLAN device is its own problem. */
function checkVrf(
  { name, up }: Link,
  { vni, sviIfindex, sviName, sviMac, bridgeIfindex }: VniAttachment,
  links: ReadonlyMap<number, Link>,
  out: TopologyProblem[],
): void {
  const problem = (device: string, text: string, fix: string) =>
    out.push({ severity: 'error', vni, device, problem: text, fix });
  if (!up) problem(name, `the VRF, whose L3VNI it is, is down`, `ip link set dev ${name} up`);
  // That a bridge is down is known of its VXLAN device
  if (sviIfindex !== bridgeIfindex && links.get(sviIfindex)?.up === false)
    problem(sviName, `the SVI of the L3VNI of VRF ${name} is down`, `ip link set dev ${sviName} up`);
  if (!isRouterMac(sviMac))
    problem(
      sviName,
      `the SVI of the L3VNI of VRF ${name} has no unicast MAC, which other leaves send routed frames to`,
      `ip link set dev ${sviName} address MAC`,
    );
}

function sameVrf(a: VrfAttachment, b: VrfAttachment): boolean {
  for (const field of Object.keys(a) as (keyof VrfAttachment)[]) if (a[field] !== b[field]) return false;
  return true;
}

/** The list of before where it has the same items. */
function kept<Item>(before: readonly Item[] | undefined, now: readonly Item[]): readonly Item[] {
  const isSame =
    before !== undefined && before.length === now.length && before.every((item, i) => item === now[i]);
  return isSame ? before : now;
}

/** Networks and addresses of the devices of each VRF, its own included. */
function addressesOf(sorted: readonly Link[], { links, addresses }: AddressTables) {
  const networks = new Map<number, PrefixKey[]>();
  const ips = new Map<number, Ip[]>();
  for (const link of sorted) {
    const vrf = link.kind === 'vrf' ? link : links.get(link.master);
    const its = addresses.get(link.ifindex);
    if (vrf?.kind !== 'vrf' || its === undefined) continue;
    for (const { ip, peer, prefixLength, state } of its) {
      if (state !== 'usable' || isLinkLocal(ip)) continue;
      add(ips, vrf.ifindex, ip);
      if (isRunning(link)) add(networks, vrf.ifindex, prefixOf(peer ?? ip, prefixLength));
    }
  }
  return { networks, ips };
}

function add<Item>(lists: Map<number, Item[]>, key: number, item: Item): void {
  const list = lists.get(key);
  if (!list) lists.set(key, [item]);
  else if (!list.includes(item)) list.push(item);
}
