import type { LocalMac } from '../dataplane/index.js';
import { compareIp, type Ip } from '../types/index.js';

/** One leaf's word that a MAC, or a MAC with an IP, is behind it. */
export interface Claim {
  readonly sequence: number;
  readonly sticky: boolean;
  readonly vtep: Ip;
}

/**
 * The order of claims: sticky before not (RFC 7432 §15.2), then the higher sequence number (§7.7), then the lower VTEP
 * address (§15.1). Negative when `a` is the better one.
 */
export function compareClaims(a: Claim, b: Claim): number {
  if (a.sticky !== b.sticky) return a.sticky ? -1 : 1;
  if (a.sequence !== b.sequence) return b.sequence - a.sequence;
  return compareIp(a.vtep, b.vtep);
}

/** Whose the MAC is now, and what is remembered of it. */
export interface Ownership {
  readonly owner: 'none' | 'local' | 'remote';
  /** The highest sequence number that the MAC was seen or advertised with; it outlives the MAC's ageing. */
  readonly sequence: number;
  /** The epoch of the local row that made us the owner, 0 without one. */
  readonly localEpoch: number;
  /** The epoch of the local row that a remote claim has beaten: not to be taken for a new arrival; 0 for none. */
  readonly beatenEpoch: number;
}

export const UNOWNED: Ownership = { owner: 'none', sequence: 0, localEpoch: 0, beatenEpoch: 0 };
/** What nearly every MAC of a fabric is: one object for all of them. */
const NEVER_MOVED_REMOTE: Ownership = { owner: 'remote', sequence: 0, localEpoch: 0, beatenEpoch: 0 };

/**
 * Decides whose a MAC is (RFC 7432 §7.7 and §15), from what was decided before and what is known now. `localVtep` is
 * our own address, for ties. A host that newly appears here while a remote leaf claims it has moved: it is ours with
 * the remote sequence number plus one. A remote claim takes it from us with a higher number, or with an equal one from
 * a lower address.
 */
export function decideOwner(
  before: Ownership,
  local: LocalMac | undefined,
  remote: Claim | undefined,
  localVtep: Ip,
): Ownership {
  if (!local) {
    const sequence = Math.max(before.sequence, remote?.sequence ?? 0);
    if (sequence === 0) return remote ? NEVER_MOVED_REMOTE : UNOWNED;
    return { owner: remote ? 'remote' : 'none', sequence, localEpoch: 0, beatenEpoch: 0 };
  }
  if (!remote) return ours(local, before.sequence);
  const ownClaim: Claim = { sequence: before.sequence, sticky: isPinned(local), vtep: localVtep };
  if (ownClaim.sticky || remote.sticky)
    return compareClaims(ownClaim, remote) < 0 ? ours(local, before.sequence) : theirs(before, local, remote);
  if (arrived(before, local)) {
    const sequence = remote.sequence >= before.sequence ? remote.sequence + 1 : before.sequence;
    return ours(local, sequence);
  }
  if (local.epoch === before.beatenEpoch) return theirs(before, local, remote);
  return compareClaims(ownClaim, remote) < 0 ? ours(local, before.sequence) : theirs(before, local, remote);
}

/** The MAC stays here whatever the numbers say: it was configured, or is sticky. */
export function isPinned(local: LocalMac): boolean {
  return local.isStatic || local.isSticky;
}

/** Where both claims are news at once, as after a restart, neither is a move. */
function arrived(before: Ownership, local: LocalMac): boolean {
  if (before.owner === 'remote') return local.epoch !== before.beatenEpoch;
  return before.owner === 'local' && local.epoch !== before.localEpoch;
}

function ours(local: LocalMac, sequence: number): Ownership {
  return { owner: 'local', sequence, localEpoch: local.epoch, beatenEpoch: 0 };
}

function theirs(before: Ownership, local: LocalMac, remote: Claim): Ownership {
  return {
    owner: 'remote',
    sequence: Math.max(before.sequence, remote.sequence),
    localEpoch: 0,
    beatenEpoch: local.epoch,
  };
}
