import type { Destination, LocalRib } from '../bgp/index.js';
import type { DataPlane } from '../dataplane/index.js';
import { isSeveral } from './few.js';
import { type IpEntry, MacEntry, type MacVrf } from './mac-vrf.js';
import {
  claimOf,
  compareRemoteClaims,
  isElsewhere,
  isMacThere,
  isOwnRoute,
  type RemoteClaim,
  whyNoClaim,
} from './remote-claims.js';
import type { UnusedReason } from './unused-reasons.js';

/**
 * Which remote claims on an address count, and which of them is the best. `ofMac` and `ofIp` are what macReason and ipReason
 * return for the address.
 */
export class Claims {
  constructor(
    readonly dataPlane: DataPlane,
    readonly localRib: LocalRib,
  ) {}

  /** Returns why the claim does not count for the MAC; undefined if it does. */
  whyNotOfMac(
    claim: RemoteClaim,
    vrf: MacVrf,
    { ownership, history }: MacEntry,
    ofMac: UnusedReason | undefined,
  ): UnusedReason | undefined {
    if (isOwnRoute(claim, vrf, ownership.sequence, this.localRib)) return 'own-route';
    const reason = whyNoClaim(claim, vrf, this.dataPlane.topology) ?? ofMac;
    if (reason !== undefined || history?.frozen !== true) return reason;
    return isElsewhere(vrf, claim, claim.leaf, history.frozenAt) ? 'frozen' : undefined;
  }

  /** Returns why the claim does not count for the IP; undefined if it does. */
  whyNotOfIp(
    claim: RemoteClaim,
    vrf: MacVrf,
    { holder, history }: IpEntry,
    ofIp: UnusedReason | undefined,
  ): UnusedReason | undefined {
    if (isOwnRoute(claim, vrf, holder?.ownership.sequence ?? 0, this.localRib)) return 'own-route';
    const reason = whyNoClaim(claim, vrf, this.dataPlane.topology) ?? ofIp;
    if (reason !== undefined || history?.frozen !== true || holder === undefined) return reason;
    return claim.route.mac === holder.mac ? undefined : 'frozen';
  }

  /**
   * Returns why the claim of a destination that the VNI imports does not count for its MAC or its IP by what is known of
   * them; undefined if it counts, or there is none.
   */
  whyNotOf(destination: Destination, vrf: MacVrf): UnusedReason | undefined {
    const claim = claimOf(destination);
    if (!claim) return undefined;
    const { mac, ip } = claim.route;
    const ofMac = vrf.macs.get(mac);
    const ofIp = ip === undefined ? undefined : vrf.ips.get(ip);
    return (
      (ofMac && this.whyNotOfMac(claim, vrf, ofMac, undefined)) ??
      (ofIp && this.whyNotOfIp(claim, vrf, ofIp, undefined))
    );
  }

  /**
   * The best of those that count for the MAC, by compareRemoteClaims: RFC 7432 §7.7 names one leaf as the right one, and the
   * lower VTEP wins among leaves whose claims are equal.
   */
  bestOfMac(vrf: MacVrf, entry: MacEntry, ofMac: UnusedReason | undefined): RemoteClaim | undefined {
    const { remotes } = entry;
    if (remotes === undefined || ofMac !== undefined) return undefined;
    if (isSeveral(remotes)) return this.#bestOf(remotes, vrf, entry);
    const claim = claimOf(remotes);
    return claim && this.whyNotOfMac(claim, vrf, entry, ofMac) === undefined ? claim : undefined;
  }

  /** The same of the IP, by compareIpClaims. */
  bestOfIp(vrf: MacVrf, entry: IpEntry, ofIp: UnusedReason | undefined): RemoteClaim | undefined {
    const { remotes } = entry;
    if (remotes === undefined || ofIp !== undefined) return undefined;
    if (isSeveral(remotes)) return this.#bestOf(remotes, vrf, entry);
    const claim = claimOf(remotes);
    return claim && this.whyNotOfIp(claim, vrf, entry, ofIp) === undefined ? claim : undefined;
  }

  #bestOf(remotes: Iterable<Destination>, vrf: MacVrf, entry: MacEntry | IpEntry): RemoteClaim | undefined {
    const search = this.search(vrf, entry);
    for (const destination of remotes) search.see(destination);
    return search.found;
  }

  /** A search of the entry's routes, none of which it has seen yet. */
  search(vrf: MacVrf, entry: MacEntry | IpEntry): ClaimSearch {
    return new ClaimSearch(this, vrf, entry);
  }
}

/** Finds the best claim that counts, one route after the other, where it may take several turns to see all of them. */
export class ClaimSearch {
  #best: RemoteClaim | undefined = undefined;
  #there: RemoteClaim | undefined = undefined;

  constructor(
    readonly claims: Claims,
    readonly vrf: MacVrf,
    readonly entry: MacEntry | IpEntry,
  ) {}

  see(destination: Destination): void {
    const claim = claimOf(destination);
    if (!claim) return;
    const { claims, vrf, entry } = this;
    if (entry instanceof MacEntry) {
      if (claims.whyNotOfMac(claim, vrf, entry, undefined) !== undefined) return;
      if (isBetter(claim, this.#best)) this.#best = claim;
      return;
    }
    if (claims.whyNotOfIp(claim, vrf, entry, undefined) !== undefined) return;
    if (isBetter(claim, this.#best)) this.#best = claim;
    // The order of compareIpClaims, without asking of each claim where its MAC is
    if (isBetter(claim, this.#there) && isMacThere(claim, vrf)) this.#there = claim;
  }

  /** The best of what was seen. */
  get found(): RemoteClaim | undefined {
    return this.#there ?? this.#best;
  }
}

function isBetter(claim: RemoteClaim, than: RemoteClaim | undefined): boolean {
  return than === undefined || compareRemoteClaims(claim, than) < 0;
}
