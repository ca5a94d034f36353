import type { LocalMac } from '../dataplane/index.js';
import { compareIp, type Esi, type Ip } from '../types/index.js';
import { type Pin, Rule } from './rules.js';

/** One leaf's claim that a MAC, or a MAC with an IP, is behind it. */
export interface Claim {
  readonly sequence: number;
  /** Why it is bound to that leaf; undefined where it may move. */
  readonly pin: Pin | undefined;
  readonly vtep: Ip;
  /** The Ethernet segment that the host is behind: all its leaves are one place. */
  readonly segment?: Esi | undefined;
}

/** The highest sequence number of the MAC Mobility community (RFC 7432 §7.7: 32 bits). It is not counted on from. */
export const MAX_SEQUENCE = 0xffff_ffff;

/** The number that beats `sequence`; at the top there is none, and it stays. */
export function nextSequence(sequence: number): number {
  return sequence < MAX_SEQUENCE ? sequence + 1 : MAX_SEQUENCE;
}

/**
 * The order of claims: pinned before not (RFC 7432 §15.2 of sticky MACs, §10.1 of default gateways, RFC 9047 §3.1 of
 * immutable bindings), then the higher sequence number (§7.7), then the lower VTEP address (§15.1). Negative when `a` is
 * the better one.
 */
export function compareClaims(a: Claim, b: Claim): number {
  if ((a.pin === undefined) !== (b.pin === undefined)) return a.pin !== undefined ? -1 : 1;
  if (a.sequence !== b.sequence) return b.sequence - a.sequence;
  return compareIp(a.vtep, b.vtep);
}

/** The rule by which compareClaims prefers the first of two. */
export function ruleBetween(best: Claim, other: Claim): Rule {
  if (best.pin !== undefined && other.pin === undefined) return best.pin;
  if (best.sequence !== other.sequence) return Rule.SEQUENCE;
  return best.vtep === other.vtep ? Rule.SAME_LEAF : Rule.VTEP;
}

/** Where an address is: nowhere that is known, on a port of ours, or behind a remote leaf. */
export type Owner = 'none' | 'local' | 'remote';

/** Whose the MAC is now, and what is remembered of it. */
export interface Ownership {
  readonly owner: Owner;
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

/** Whose an address is, and by which rule. */
export interface Verdict {
  readonly owner: Owner;
  readonly rule: Rule;
}

const NOBODYS = {
  NOBODY: { owner: 'none', rule: Rule.NOBODY },
  MAC_IS_ELSEWHERE: { owner: 'none', rule: Rule.MAC_IS_ELSEWHERE },
} as const satisfies Record<string, Verdict>;
const OURS = {
  ONLY_CLAIM: { owner: 'local', rule: Rule.ONLY_CLAIM },
  FOLLOWS_MAC: { owner: 'local', rule: Rule.FOLLOWS_MAC },
  CONFIGURED: { owner: 'local', rule: Rule.CONFIGURED },
  ARRIVED: { owner: 'local', rule: Rule.ARRIVED },
  SEQUENCE: { owner: 'local', rule: Rule.SEQUENCE },
  VTEP: { owner: 'local', rule: Rule.VTEP },
} as const satisfies Record<string, Verdict>;
const THEIRS = {
  ONLY_CLAIM: { owner: 'remote', rule: Rule.ONLY_CLAIM },
  FOLLOWS_MAC: { owner: 'remote', rule: Rule.FOLLOWS_MAC },
  SEQUENCE: { owner: 'remote', rule: Rule.SEQUENCE },
  VTEP: { owner: 'remote', rule: Rule.VTEP },
  /** The local row was beaten before and has been there ever since. */
  STAYED: { owner: 'remote', rule: Rule.STAYED },
} as const satisfies Record<string, Verdict>;
const PINNED: Readonly<Record<Pin, Verdict>> = {
  [Rule.STICKY]: { owner: 'remote', rule: Rule.STICKY },
  [Rule.GATEWAY]: { owner: 'remote', rule: Rule.GATEWAY },
  [Rule.IMMUTABLE]: { owner: 'remote', rule: Rule.IMMUTABLE },
};

/**
 * Returns whose a MAC is, where it is on a port of ours and behind a remote leaf by RFC 7432 §7.7 and §15: the operator's row first,
 * then what the other leaf has pinned, then who came last, then the numbers and the addresses. `remote` is the best claim.
 */
export function judgeMac(
  before: Ownership,
  local: LocalMac | undefined,
  remote: Claim | undefined,
  localVtep: Ip,
): Verdict {
  if (!local) return remote ? THEIRS.ONLY_CLAIM : NOBODYS.NOBODY;
  if (!remote) return OURS.ONLY_CLAIM;
  if (isPinned(local)) return OURS.CONFIGURED;
  if (remote.pin !== undefined) return PINNED[remote.pin];
  if (arrived(before, local)) return newcomer(remote, localVtep);
  if (local.epoch === before.beatenEpoch) return THEIRS.STAYED;
  return byNumber(before.sequence, remote, localVtep);
}

/** By the higher sequence number, then the lower VTEP address. */
function byNumber(ours: number, remote: Claim, localVtep: Ip): Verdict {
  if (ours === remote.sequence) return byVtep(localVtep, remote);
  return ours > remote.sequence ? OURS.SEQUENCE : THEIRS.SEQUENCE;
}

function byVtep(localVtep: Ip, remote: Claim): Verdict {
  return compareIp(localVtep, remote.vtep) < 0 ? OURS.VTEP : THEIRS.VTEP;
}

/** Who comes takes the next number; where there is none left, the addresses decide once and for all. */
function newcomer(remote: Claim, localVtep: Ip): Verdict {
  return remote.sequence === MAX_SEQUENCE ? byVtep(localVtep, remote) : OURS.ARRIVED;
}

/**
 * Decides whose a MAC is, from what was decided before and what is known now. `localVtep` is our own address, for ties. A
 * host that newly appears here while a remote leaf claims it has moved: it is ours with the remote sequence number plus
 * one. A remote claim takes it from us with a higher number, or with an equal one from a lower address.
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
  const { owner } = judgeMac(before, local, remote, localVtep);
  if (owner === 'remote') return theirs(before, local, remote);
  const isMove = remote.pin === undefined && arrived(before, local) && remote.sequence >= before.sequence;
  return ours(local, isMove ? nextSequence(remote.sequence) : before.sequence);
}

/**
 * The same of a MAC that is frozen at `place`, a remote VTEP or undefined for this leaf (RFC 7432 §15.1). `remote` is the
 * best claim of that VTEP. The place's own claims are followed, also when they go; nobody else's are, but an operator's
 * row on a port of ours.
 */
export function decideFrozen(
  before: Ownership,
  place: Ip | undefined,
  local: LocalMac | undefined,
  remote: Claim | undefined,
): Ownership {
  if (local && (place === undefined || isPinned(local))) return ours(local, before.sequence);
  if (place === undefined || !remote)
    return { owner: 'none', sequence: before.sequence, localEpoch: 0, beatenEpoch: 0 };
  if (local) return theirs(before, local, remote);
  return decideOwner(before, undefined, remote, place);
}

/** True if the MAC stays here whatever the sequence numbers are: it was configured, or is sticky. */
function isPinned(local: LocalMac): boolean {
  return local.isStatic || local.isSticky;
}

/** True if the host newly appeared here. If both claims are new at once, as after a restart, neither is a move. */
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

/** What is known of an IP that a MAC here and another one at a remote leaf have, both at the places that their claims name. */
export interface IpSides {
  readonly before: Owner;
  /** The local binding is another than the one that was looked at last. */
  readonly isNew: boolean;
  /** An operator's neighbor, or bound to a sticky MAC of ours. */
  readonly isPinnedHere: boolean;
  /** The number of the local MAC. */
  readonly sequence: number;
  readonly remote: Claim;
  readonly localVtep: Ip;
}

/**
 * Returns whose such an IP is (RFC 9135 §7): what is pinned stays, the operator's own first; else where it newly appears it has
 * moved, and its MAC takes the other's number plus one; else the numbers decide.
 */
export function judgeIp({ before, isNew, isPinnedHere, sequence, remote, localVtep }: IpSides): Verdict {
  if (isPinnedHere) return OURS.CONFIGURED;
  if (remote.pin !== undefined) return PINNED[remote.pin];
  if (before !== 'none' && isNew) return newcomer(remote, localVtep);
  if (before === 'remote') return THEIRS.STAYED;
  return byNumber(sequence, remote, localVtep);
}

/**
 * Returns whose an IP is if at most one side's MAC is at the place that its claim names: `here` and `there` are true for a side whose MAC is
 * there; undefined if the side claims nothing.
 */
export function judgeLoneIp(here: boolean | undefined, there: boolean | undefined): Verdict {
  if (here) return there === undefined ? OURS.ONLY_CLAIM : OURS.FOLLOWS_MAC;
  if (there) return here === undefined ? THEIRS.ONLY_CLAIM : THEIRS.FOLLOWS_MAC;
  return here === undefined && there === undefined ? NOBODYS.NOBODY : NOBODYS.MAC_IS_ELSEWHERE;
}

/**
 * The number of the local MAC once the IP is ours: where that came here from elsewhere, the next one, also where none was
 * left and the addresses decided, since with a lower one it would be lost at the next look.
 */
export function sequenceWithIp({ before, isNew, sequence, remote }: IpSides): number {
  return before !== 'none' && isNew ? Math.max(sequence, nextSequence(remote.sequence)) : sequence;
}
