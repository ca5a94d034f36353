import type { LocalRib } from '../bgp/index.js';
import type { DataPlane, LocalMac, LocalNeigh } from '../dataplane/index.js';
import { compareIp, IPV4_ANY, type Ip, type Mac, type Vni } from '../types/index.js';
import { advertisedRoutes } from './advertised.js';
import type { Announcer } from './announcer.js';
import { claimantOf, markAll, markContested, rebind } from './claimants.js';
import type { ClaimSearch, Claims } from './claims.js';
import type { Conflicts } from './conflicts.js';
import { listOf } from './few.js';
import { whyNoLocalIp, whyNoLocalMac } from './local-reasons.js';
import type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';
import {
  compareClaims,
  decideFrozen,
  decideOwner,
  type IpSides,
  judgeIp,
  judgeLoneIp,
  MAX_SEQUENCE,
  type Owner,
  type Ownership,
  sequenceWithIp,
} from './mobility.js';
import { isElsewhere, type RemoteClaim } from './remote-claims.js';
import { Rule } from './rules.js';
import { ipReason, macReason } from './unused.js';
import type { UnusedLog } from './unused-log.js';
import type { UnusedReason } from './unused-reasons.js';
import type { VtepTable } from './vteps.js';

/**
 * Receives every change of owner; keeps the history and finds duplicates. `fromVtep` and `vtep` are the remote leaves that
 * had it and have it, `port` the ifindex of ours, 0 where none is known.
 */
export interface MoveObserver {
  macMoved(
    vrf: MacVrf,
    entry: MacEntry,
    before: Ownership,
    fromVtep: Ip | undefined,
    vtep: Ip | undefined,
    port: number,
  ): void;
  ipMoved(
    vrf: MacVrf,
    entry: IpEntry,
    from: Owner,
    fromVtep: Ip | undefined,
    vtep: Ip | undefined,
    port: number,
    sequence: number,
  ): void;
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
    readonly claims: Claims,
    readonly vteps: VtepTable,
    readonly moves: MoveObserver,
    readonly conflicts: Conflicts,
    readonly unused: UnusedLog,
    readonly announcer: Announcer,
  ) {}

  /** Called when an IP has come to a VNI, or gone from it; `isLocal`: to a host of ours, or from one. */
  onHost: ((vni: Vni, ip: Ip, isLocal: boolean) => void) | undefined;

  /**
   * A MAC: whose it is, its Type-2 without IP, its rows; its IPs are looked at again when its owner or its routes change.
   * `searched`: what a search of its routes found, where that was done already.
   */
  mac(vrf: MacVrf, entry: MacEntry, searched?: ClaimSearch): void {
    const { mac, history, advertised: advertisedBefore } = entry;
    const frozen = history?.frozen === true;
    const reason = macReason(mac, vrf);
    const local =
      whyNoLocalMac(mac, vrf, reason) === undefined ? this.dataPlane.localMac(vrf.vni, mac) : undefined;
    const remote =
      searched && reason === undefined ? searched.found : this.claims.bestOfMac(vrf, entry, reason);
    const before = entry.ownership;
    const localVtep = vrf.localVtep ?? IPV4_ANY;
    entry.ownership = frozen
      ? decideFrozen(before, history.frozenAt, local, remote)
      : decideOwner(before, local, remote, localVtep);
    const { owner, sequence, beatenEpoch } = entry.ownership;
    count(vrf.counts, MAC_COUNTS, before.owner, owner);
    const moved = owner !== before.owner || sequence !== before.sequence;
    // RFC 7432 §7.2: the binding goes before the MAC that it rests on
    if (moved && owner !== 'local') this.announcer.withdrawIps(vrf, entry);
    this.announcer.mac(vrf, entry, owner === 'local' ? local : undefined);
    if (owner === 'remote' && remote) {
      const pinned = frozen || remote.pin !== undefined || isUnbeatable(remote, localVtep);
      this.dataPlane.setMac(vrf.vni, mac, remote.leaf, pinned, beatenEpoch);
    } else if (entry.vtep !== undefined) {
      this.dataPlane.clearMac(vrf.vni, mac);
    }
    const vtep = owner === 'remote' ? remote?.leaf : undefined;
    if (owner !== before.owner || (owner === 'remote' && isElsewhere(vrf, remote, vtep, entry.vtep)))
      this.moves.macMoved(vrf, entry, before, entry.vtep, vtep, local?.port ?? 0);
    // What is frozen from now on is to be pinned where it is
    if (!frozen && entry.history?.frozen) vrf.markMac(entry);
    this.#setVtep(vrf, entry, vtep);
    this.#noteConflict(vrf, mac, entry.ownership, local, remote);
    if ((moved || entry.advertised !== advertisedBefore) && entry.ips !== undefined)
      this.#markIps(vrf, entry, before.owner);
    if (owner !== before.owner) markContested(vrf, entry);
    // One that is queued again would otherwise outlive its place, and take the place of its successor with it
    if (entry.isIdle) vrf.retireMac(entry);
  }

  /** The IPs of a MAC are to be looked at; `before` is whose it was. Apart, since what a function lends to another costs each call. */
  #markIps(vrf: MacVrf, { mac, ips, ownership: { owner } }: MacEntry, before: Owner): void {
    // A host that moved here brings its addresses: asked for, they follow within a round trip
    const isAsked = before === 'remote' && owner === 'local';
    markAll(ips, owner === 'remote' ? vrf.ofRoutes : vrf.ofHosts, (ip, lane) => {
      vrf.markIp(vrf.ipEntry(ip), lane);
      if (isAsked) this.dataPlane.findNeigh(vrf.vni, ip, mac);
    });
  }

  /** An IP: which MAC has it and where, its Type-2, its neighbor row. `searched` as of a MAC. */
  ip(vrf: MacVrf, entry: IpEntry, searched?: ClaimSearch): void {
    const { ip } = entry;
    const frozenWith = entry.history?.frozen ? entry.holder?.mac : undefined;
    const reason = ipReason(ip, vrf);
    if (reason !== undefined)
      for (const { best } of listOf(entry.remotes)) if (best) this.unused.seen(reason, best);
    const remote =
      searched && reason === undefined ? searched.found : this.claims.bestOfIp(vrf, entry, reason);
    const heard = this.#localNeigh(vrf, ip, reason);
    const local =
      frozenWith === undefined || heard?.mac === frozenWith || heard?.isStatic ? heard : undefined;
    const here = local && claimantOf(vrf, entry.claimantHere, local.mac);
    const there = remote && claimantOf(vrf, entry.claimantThere, remote.route.mac);
    const owner = this.#decideIp(vrf, entry, local, here, remote, there);
    rebind(vrf, entry, here, there);
    count(vrf.counts, IP_COUNTS, entry.owner, owner);
    const before = entry.owner;
    this.#follow(vrf, entry, owner, owner === 'local' ? here : there, remote, heard?.epoch ?? 0);
    if (owner !== before) this.onHost?.(vrf.vni, ip, owner === 'local' || before === 'local');
    this.announcer.ip(vrf, entry, owner === 'local' ? local : undefined, here);
    if (owner === 'remote' && remote)
      this.dataPlane.setNeigh(vrf.vni, ip, remote.route.mac, remote.router, entry.epoch);
    else this.dataPlane.clearNeigh(vrf.vni, ip);
    if (owner === 'none' && entry.remotes === undefined && !heard && !entry.dirty) vrf.retireIp(entry);
  }

  /** The VNI is no longer ours: takes back all that it announced, and counts its remote MACs no more. */
  withdrawAll(vrf: MacVrf): void {
    for (const entry of vrf.macs.values()) this.#setVtep(vrf, entry, undefined);
    // Bindings before the MACs that they rest on (RFC 7432 §7.2)
    for (const { nlri } of advertisedRoutes(vrf).reverse()) this.localRib.withdraw(nlri);
  }

  #setVtep(vrf: MacVrf, entry: MacEntry, vtep: Ip | undefined): void {
    if (entry.vtep === vtep) return;
    if (vtep !== undefined) this.vteps.countMac(vtep, vrf.vni, 1);
    if (entry.vtep !== undefined) this.vteps.countMac(entry.vtep, vrf.vni, -1);
    entry.vtep = vtep;
  }

  #localNeigh(vrf: MacVrf, ip: Ip, ofIp: UnusedReason | undefined): LocalNeigh | undefined {
    const neigh = this.dataPlane.localNeigh(vrf.vni, ip);
    return neigh && whyNoLocalIp(neigh.mac, vrf, ofIp) === undefined ? neigh : undefined;
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
    // Its MAC may be elsewhere, or nowhere, by now
    const fromVtep = entry.vtep;
    const vtep = owner === 'remote' ? remote?.leaf : undefined;
    entry.holder = holder;
    entry.vtep = vtep;
    if (!before || before.mac === holder.mac) return;
    const atHome = owner === 'local' ? holder.mac : before.mac;
    const port = this.dataPlane.localMac(vrf.vni, atHome)?.port ?? 0;
    const { sequence } = holder.ownership;
    this.moves.ipMoved(vrf, entry, from, fromVtep, vtep, port, sequence);
  }

  /**
   * Returns whose an IP is. With the same MAC here and there the MAC's owner has it. With different MACs the IP is in two places
   * or moved between them; where it moved here, its MAC takes the other's number plus one (RFC 9135 §7).
   */
  #decideIp(
    vrf: MacVrf,
    entry: IpEntry,
    local: LocalNeigh | undefined,
    here: MacEntry | undefined,
    remote: RemoteClaim | undefined,
    there: MacEntry | undefined,
  ): Owner {
    const { vni } = vrf;
    const { ip } = entry;
    const isThere = there && there.ownership.owner === 'remote';
    const isHere = here && here.ownership.owner === 'local';
    if (!local || !isHere || !remote || !isThere) {
      if (remote?.pin === undefined) this.conflicts.gone(vni, undefined, ip);
      return judgeLoneIp(isHere, isThere).owner;
    }
    const localMac = this.dataPlane.localMac(vni, local.mac);
    const sides: IpSides = {
      before: entry.owner,
      isNew: local.epoch !== entry.epoch,
      isPinnedHere: local.isStatic || localMac?.isSticky === true,
      sequence: here.ownership.sequence,
      remote,
      localVtep: vrf.localVtep ?? IPV4_ANY,
    };
    const { owner, rule } = judgeIp(sides);
    if (remote.pin !== undefined || rule === Rule.CONFIGURED) {
      const device = this.#deviceName(localMac?.port);
      const pin = owner === 'local' ? undefined : remote.pin;
      this.conflicts.seen(vni, { mac: local.mac, ip, device, vtep: remote.vtep, pin });
    } else this.conflicts.gone(vni, undefined, ip);
    const sequence = owner === 'local' ? sequenceWithIp(sides) : sides.sequence;
    if (sequence !== sides.sequence) {
      here.ownership = { ...here.ownership, sequence };
      // One number for the MAC and all its IPs
      vrf.markMac(here, vrf.ofHosts);
      for (const other of listOf(here.ips)) vrf.markIp(vrf.ipEntry(other), vrf.ofHosts);
    }
    return owner;
  }

  /** A host here against what is pinned there, or a configured row here against a claim there that would beat it. */
  #noteConflict(
    vrf: MacVrf,
    mac: Mac,
    { owner, sequence }: Ownership,
    local: LocalMac | undefined,
    remote: RemoteClaim | undefined,
  ): void {
    const { vni } = vrf;
    const isPinned = owner === 'remote' && remote?.pin !== undefined;
    if (local && remote && (isPinned || (local.isStatic && beats(remote, sequence, local, vrf)))) {
      const pin = isPinned ? remote.pin : undefined;
      const device = this.#deviceName(local.port);
      this.conflicts.seen(vni, { mac, ip: undefined, device, vtep: remote.vtep, pin });
    } else if (!isPinned) this.conflicts.gone(vni, mac, undefined);
  }

  /** A host on that port was heard to use a MAC whose row is pinned, so that the kernel does not learn it there. */
  intruderHeard(vrf: MacVrf, mac: Mac, port: number): void {
    const entry = vrf.macs.get(mac);
    if (entry?.ownership.owner !== 'remote') return;
    const remote = this.claims.bestOfMac(vrf, entry, macReason(mac, vrf));
    if (remote?.pin === undefined) return;
    const device = this.#deviceName(port);
    this.conflicts.seen(vrf.vni, { mac, ip: undefined, device, vtep: remote.vtep, pin: remote.pin });
  }

  #deviceName(port: number | undefined): string | undefined {
    return port === undefined ? undefined : this.dataPlane.topology.ports.get(port)?.name;
  }
}

/** Other leaves take the remote claim for the better one than ours, with that number. */
function beats(
  remote: RemoteClaim,
  sequence: number,
  { isSticky }: LocalMac,
  { localVtep }: MacVrf,
): boolean {
  const pin = isSticky ? Rule.STICKY : undefined;
  return compareClaims({ sequence, pin, vtep: localVtep ?? IPV4_ANY }, remote) > 0;
}

/** At the top of the numbers nobody who comes here can take the MAC from a leaf with a lower address. */
function isUnbeatable({ sequence, vtep }: RemoteClaim, localVtep: Ip): boolean {
  return sequence === MAX_SEQUENCE && compareIp(vtep, localVtep) < 0;
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
