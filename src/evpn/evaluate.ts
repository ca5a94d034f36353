import type { LocalRib } from '../bgp/index.js';
import type { DataPlane, LocalMac, LocalNeigh } from '../dataplane/index.js';
import { compareIp, IPV4_ANY, type Ip, isMulticastMac, type Mac } from '../types/index.js';
import { advertisedRoutes } from './advertised.js';
import type { AttributeSets } from './export.js';
import { imetRoute, macRoute } from './export.js';
import { listOf, withItem, withoutItem } from './few.js';
import type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';
import { decideOwner } from './mobility.js';
import { bestClaim, type RemoteClaim } from './remote-claims.js';
import { ipReason, macReason, vtepReason } from './unused.js';
import type { VtepTable } from './vteps.js';

type Owner = IpEntry['owner'];

/** Told of every change of hands; keeps the history and finds duplicates. */
export interface MoveObserver {
  macMoved(vrf: MacVrf, entry: MacEntry, from: Owner, vtep: Ip | undefined): void;
  ipMoved(vrf: MacVrf, entry: IpEntry, from: Owner, vtep: Ip | undefined, sequence: number): void;
}

/**
 * One look at one key: read what is known here and elsewhere, decide, and bring routes and rows in line. Each function
 * may be called at any time and any number of times; what it does follows from the present state and from what it
 * decided last.
 */
export class Evaluator {
  constructor(
    readonly dataPlane: DataPlane,
    readonly localRib: LocalRib,
    readonly vteps: VtepTable,
    readonly moves: MoveObserver,
    readonly attributesOf: (vrf: MacVrf) => AttributeSets,
  ) {}

  /** A MAC: whose it is, its Type-2 without IP, its rows; its IPs are looked at again when its owner or number changes. */
  mac(vrf: MacVrf, entry: MacEntry): void {
    if (entry.history?.frozen) return;
    const { mac } = entry;
    const { topology } = this.dataPlane;
    const isForeign = macReason(mac, vrf) === undefined;
    const local = isForeign ? this.#localMac(vrf, mac) : undefined;
    const remote = isForeign ? bestClaim(entry.remotes, vrf, topology) : undefined;
    const before = entry.ownership;
    entry.ownership = decideOwner(before, local, remote, vrf.localVtep ?? IPV4_ANY);
    const { owner, sequence, beatenEpoch } = entry.ownership;
    count(vrf.counts, MAC_COUNTS, before.owner, owner);
    const moved = owner !== before.owner || sequence !== before.sequence;
    // RFC 7432 §7.2: the binding goes before the MAC that it rests on
    if (moved && owner !== 'local') this.#withdrawIps(vrf, entry);
    this.#announceMac(vrf, entry, owner === 'local' ? local : undefined);
    if (owner === 'remote' && remote) {
      this.dataPlane.setMac(vrf.vni, mac, remote.vtep, remote.sticky || remote.gateway, beatenEpoch);
    } else if (entry.vtep !== undefined) {
      this.dataPlane.clearMac(vrf.vni, mac);
    }
    const vtep = owner === 'remote' ? remote?.vtep : undefined;
    if (owner !== before.owner || (vtep !== entry.vtep && owner === 'remote'))
      this.moves.macMoved(vrf, entry, before.owner, vtep);
    this.#setVtep(vrf, entry, vtep);
    if (moved && entry.ips !== undefined) {
      for (const ip of listOf(entry.ips)) {
        vrf.touchIp(vrf.ipEntry(ip));
        // A host that moved here brings its addresses: asked for, they follow within a round trip
        if (before.owner === 'remote' && owner === 'local') this.dataPlane.findNeigh(vrf.vni, ip, mac);
      }
    }
    // One that is queued again would otherwise outlive its place, and take the place of its successor with it
    if (entry.isIdle && entry.ownership.sequence === 0 && !entry.dirty) vrf.macs.delete(mac);
  }

  /** An IP: which MAC has it and where, its Type-2, its neighbour row. */
  ip(vrf: MacVrf, entry: IpEntry): void {
    if (entry.history?.frozen) return;
    const { ip } = entry;
    const { topology } = this.dataPlane;
    const isForeign = ipReason(ip, vrf) === undefined;
    const remote = isForeign ? bestClaim(entry.remotes, vrf, topology) : undefined;
    const local = isForeign ? this.#localNeigh(vrf, ip) : undefined;
    const here = local && claimantOf(vrf, entry.claimantHere, local.mac);
    const there = remote && claimantOf(vrf, entry.claimantThere, remote.route.mac);
    const owner = decideIp(vrf, entry, local, here, remote, there);
    rebind(vrf, entry, here, there);
    count(vrf.counts, IP_COUNTS, entry.owner, owner);
    this.#follow(vrf, entry, owner, owner === 'local' ? here : there, remote, local?.epoch ?? 0);
    this.#announceIp(vrf, entry, owner === 'local' ? local : undefined, here);
    if (owner === 'remote' && remote)
      this.dataPlane.setNeigh(vrf.vni, ip, remote.route.mac, remote.router, entry.epoch);
    else this.dataPlane.clearNeigh(vrf.vni, ip);
    if (owner === 'none' && entry.remotes === undefined && !local && !entry.dirty) vrf.ips.delete(ip);
  }

  /** A VTEP that wants BUM traffic, or no longer does. */
  flood(vrf: MacVrf, vtep: Ip): void {
    const before = this.dataPlane.plane(vrf.vni)?.floods.has(vtep) ?? false;
    const wanted =
      vrf.flooding &&
      vrf.floods.has(vtep) &&
      vrf.at?.multicastGroup === undefined &&
      vtepReason(vtep, vrf, this.dataPlane.topology) === undefined;
    if (wanted === before) return;
    this.vteps.countFlood(vtep, vrf.vni, wanted ? 1 : -1);
    if (wanted) this.dataPlane.setFlood(vrf.vni, vtep);
    else this.dataPlane.clearFlood(vrf.vni, vtep);
  }

  /** Our own Type-3: while the VNI can forward and takes BUM traffic, from each leaf or from the device's group. */
  imet(vrf: MacVrf): void {
    const { localVtep } = vrf;
    const wanted =
      localVtep !== undefined && vrf.flooding
        ? this.attributesOf(vrf).imet(vrf, localVtep, vrf.at?.multicastGroup)
        : undefined;
    const before = vrf.imetAdvertised;
    if (before === wanted) return;
    if (before && before.nextHop !== wanted?.nextHop) this.localRib.withdraw(imetRoute(vrf, before.nextHop));
    if (wanted) this.localRib.originate(imetRoute(vrf, wanted.nextHop), wanted);
    vrf.imetAdvertised = wanted;
  }

  /** The VNI is no longer ours: takes back all that it announced, and counts its remote MACs and floods no more. */
  withdrawAll(vrf: MacVrf): void {
    for (const entry of vrf.macs.values()) this.#setVtep(vrf, entry, undefined);
    for (const vtep of this.dataPlane.plane(vrf.vni)?.floods.keys() ?? [])
      this.vteps.countFlood(vtep, vrf.vni, -1);
    // Bindings before the MACs that they rest on (RFC 7432 §7.2)
    for (const { nlri } of advertisedRoutes(vrf).reverse()) this.localRib.withdraw(nlri);
  }

  #setVtep(vrf: MacVrf, entry: MacEntry, vtep: Ip | undefined): void {
    if (entry.vtep === vtep) return;
    if (vtep !== undefined) this.vteps.countMac(vtep, vrf.vni, 1);
    if (entry.vtep !== undefined) this.vteps.countMac(entry.vtep, vrf.vni, -1);
    entry.vtep = vtep;
  }

  #localMac(vrf: MacVrf, mac: Mac): LocalMac | undefined {
    if (vrf.localVtep === undefined || isMulticastMac(mac)) return undefined;
    return this.dataPlane.localMac(vrf.vni, mac);
  }

  #localNeigh(vrf: MacVrf, ip: Ip): LocalNeigh | undefined {
    if (vrf.localVtep === undefined) return undefined;
    const neigh = this.dataPlane.localNeigh(vrf.vni, ip);
    return neigh && neigh.mac !== 0 && !isMulticastMac(neigh.mac) ? neigh : undefined;
  }

  #announceMac(vrf: MacVrf, entry: MacEntry, local: LocalMac | undefined): void {
    const { localVtep } = vrf;
    const wanted =
      local && localVtep !== undefined
        ? this.attributesOf(vrf).mac(vrf, localVtep, {
            sequence: entry.ownership.sequence,
            sticky: local.isSticky,
            router: false,
          })
        : undefined;
    if (entry.advertised === wanted) return;
    const route = macRoute(vrf, entry.mac, undefined);
    if (wanted) this.localRib.originate(route, wanted);
    else this.localRib.withdraw(route);
    entry.advertised = wanted;
  }

  #announceIp(
    vrf: MacVrf,
    entry: IpEntry,
    local: LocalNeigh | undefined,
    macEntry: MacEntry | undefined,
  ): void {
    const { localVtep } = vrf;
    const before = entry.advertised;
    if (!before && !local) return;
    const attributes =
      local && macEntry && localVtep !== undefined
        ? this.attributesOf(vrf).mac(vrf, localVtep, {
            sequence: macEntry.ownership.sequence,
            sticky: this.dataPlane.localMac(vrf.vni, local.mac)?.isSticky ?? false,
            router: local.router,
          })
        : undefined;
    if (before && before.attributes === attributes && before.mac === local?.mac) return;
    if (before && before.mac !== local?.mac) this.localRib.withdraw(macRoute(vrf, before.mac, entry.ip));
    else if (before && !attributes) this.localRib.withdraw(macRoute(vrf, before.mac, entry.ip));
    entry.advertised = undefined;
    if (!attributes || !local) return;
    this.localRib.originate(macRoute(vrf, local.mac, entry.ip), attributes);
    entry.advertised = { mac: local.mac, attributes };
  }

  #withdrawIps(vrf: MacVrf, mac: MacEntry): void {
    if (mac.ips === undefined) return;
    for (const ip of listOf(mac.ips)) {
      const entry = vrf.ips.get(ip);
      if (entry?.advertised?.mac !== mac.mac) continue;
      this.localRib.withdraw(macRoute(vrf, mac.mac, ip));
      entry.advertised = undefined;
    }
  }

  /** Takes over who has the IP; that it changed its MAC is a move of its own, that it went with its MAC is the MAC's. */
  #follow(
    vrf: MacVrf,
    entry: IpEntry,
    owner: Owner,
    holder: MacEntry | undefined,
    remote: RemoteClaim | undefined,
    localEpoch: number,
  ): void {
    const from = entry.owner;
    entry.owner = owner;
    entry.epoch = owner === 'none' ? 0 : localEpoch;
    if (owner === 'none' || holder === undefined) return;
    const before = entry.holder;
    entry.holder = holder;
    if (before && before.mac !== holder.mac)
      this.moves.ipMoved(
        vrf,
        entry,
        from,
        owner === 'remote' ? remote?.vtep : undefined,
        holder.ownership.sequence,
      );
  }
}

/** The entry of the MAC that claims an IP: mostly the one that did when last looked at, which stands since it does. */
function claimantOf(vrf: MacVrf, before: MacEntry | undefined, mac: Mac): MacEntry {
  return before?.mac === mac ? before : vrf.macEntry(mac);
}

/** The IP is looked at again when a MAC that claims it changes hands. */
function rebind(vrf: MacVrf, entry: IpEntry, here: MacEntry | undefined, there: MacEntry | undefined): void {
  const { ip, claimantHere, claimantThere } = entry;
  if (claimantHere === here && claimantThere === there) return;
  for (const claimant of [claimantHere, claimantThere]) {
    if (!claimant || claimant === here || claimant === there) continue;
    claimant.ips = withoutItem(claimant.ips, ip);
    vrf.touchMac(claimant);
  }
  if (here) here.ips = withItem(here.ips, ip);
  if (there) there.ips = withItem(there.ips, ip);
  entry.claimantHere = here;
  entry.claimantThere = there;
}

/**
 * Whose an IP is. With the same MAC here and there the MAC's owner has it. With different MACs the IP moved between
 * them: the numbers decide, and where it newly appears here its MAC takes the other's number plus one (RFC 9135 §7).
 */
function decideIp(
  vrf: MacVrf,
  entry: IpEntry,
  local: LocalNeigh | undefined,
  here: MacEntry | undefined,
  remote: RemoteClaim | undefined,
  there: MacEntry | undefined,
): Owner {
  const isThere = there?.ownership.owner === 'remote';
  if (!local || here?.ownership.owner !== 'local') return isThere ? 'remote' : 'none';
  if (!isThere || !remote || here === there) return 'local';
  const { sequence } = here.ownership;
  if (entry.owner !== 'none' && local.epoch !== entry.epoch) {
    // It arrived
    if (sequence <= remote.sequence) {
      here.ownership = { ...here.ownership, sequence: remote.sequence + 1 };
      // One number for the MAC and all its IPs
      vrf.touchMac(here);
      for (const ip of listOf(here.ips)) vrf.touchIp(vrf.ipEntry(ip));
    }
    return 'local';
  }
  if (entry.owner === 'remote') return 'remote';
  if (sequence !== remote.sequence) return sequence > remote.sequence ? 'local' : 'remote';
  return compareIp(vrf.localVtep ?? IPV4_ANY, remote.vtep) < 0 ? 'local' : 'remote';
}

const MAC_COUNTS = { none: undefined, local: 'localMacs', remote: 'remoteMacs' } as const;
const IP_COUNTS = { none: undefined, local: 'localIps', remote: 'remoteIps' } as const;

function count(
  counts: MacVrf['counts'],
  fields: Readonly<Record<Owner, keyof MacVrf['counts'] | undefined>>,
  before: Owner,
  after: Owner,
): void {
  if (before === after) return;
  const left = fields[before];
  const entered = fields[after];
  if (left) counts[left]--;
  if (entered) counts[entered]++;
}
