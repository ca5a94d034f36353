import type { LocalMac, LocalNeigh } from '../dataplane/index.js';
import { compareIp, type Ip } from '../types/index.js';
import { type Claim, compareClaims, isPinned, type Ownership } from './mobility.js';
import type { Move, MoveHistory } from './moves.js';
import type { RemoteClaim } from './remote-claims.js';

/**
 * By which rule a MAC or an IP is whose it is: what mobility.ts and evaluate.ts decided, read back from the outcome,
 * since nearly nobody asks and a word for each of a million entries would be dear.
 */
export const Rule = {
  NOBODY: 'nobody claims it',
  ONLY_CLAIM: 'only claim',
  /** RFC 7432 §15.2. */
  STICKY: 'sticky MAC',
  /** RFC 7432 §7.7. */
  SEQUENCE: 'higher sequence number',
  /** RFC 7432 §15.1. */
  VTEP: 'lower VTEP address',
  /** RFC 7432 §7.7: the next number was taken. */
  ARRIVED: 'arrived here after the remote claim',
  /** Of an IP with the same number on both sides, or a lower one there: nobody has said anything new. */
  STAYED: 'the local neighbour is older than the remote claim',
  /** Of an IP: whoever has the MAC has it. */
  FOLLOWS_MAC: 'goes with its MAC',
  /** Of an IP whose claimant's MAC is elsewhere or nowhere. */
  MAC_IS_ELSEWHERE: 'the MAC that claims it is not where the claim says',
  /** RFC 7432 §15.1. */
  FROZEN: 'frozen as a duplicate',
  PENDING: 'news that is still to be looked at',
} as const;
export type Rule = (typeof Rule)[keyof typeof Rule];

/** What is known of a MAC; `remotes` are those that count, `localVtep` our own address. */
export interface MacFacts {
  readonly ownership: Ownership;
  readonly local: LocalMac | undefined;
  readonly remotes: readonly Claim[];
  readonly localVtep: Ip;
  readonly history: MoveHistory | undefined;
}

/** The rule by which the MAC is its owner's. */
export function whyMac({ ownership, local, remotes, localVtep, history }: MacFacts): Rule {
  if (history?.frozen) return Rule.FROZEN;
  const [best, ...others] = remotes.toSorted(compareClaims);
  const { owner, sequence, beatenEpoch } = ownership;
  if (owner === 'none') return local || best ? Rule.PENDING : Rule.NOBODY;
  if (owner === 'local') {
    if (!local) return Rule.PENDING;
    if (!best) return arrivedHere(history) ? Rule.ARRIVED : Rule.ONLY_CLAIM;
    return whyOurs({ sequence, sticky: isPinned(local), vtep: localVtep }, best, history);
  }
  if (!best) return Rule.PENDING;
  if (!local) return whyAmong(best, others);
  // A stay that has not been beaten is a new arrival
  if (local.epoch !== beatenEpoch) return Rule.PENDING;
  if (best.sticky && !isPinned(local)) return Rule.STICKY;
  return best.sequence > numberWeHad(history) || compareIp(localVtep, best.vtep) < 0
    ? Rule.SEQUENCE
    : Rule.VTEP;
}

/** What is known of an IP; `mac` and `sequence` are those of each side's MAC, which counts where it is its owner's. */
export interface IpFacts {
  readonly owner: Ownership['owner'];
  readonly local:
    | (Pick<LocalNeigh, 'mac'> & { readonly ownsMac: boolean; readonly sequence: number })
    | undefined;
  /** Those that count, best first; `ownsMac`: the best one's MAC is a remote leaf's. */
  readonly remotes: readonly RemoteClaim[];
  readonly ownsMac: boolean;
  readonly localVtep: Ip;
  readonly history: MoveHistory | undefined;
}

/** The rule by which the IP is its owner's (RFC 9135 §7). */
export function whyIp({ owner, local, remotes, ownsMac, localVtep, history }: IpFacts): Rule {
  if (history?.frozen) return Rule.FROZEN;
  const [best, ...others] = remotes;
  const isHere = local?.ownsMac === true;
  const isThere = best !== undefined && ownsMac;
  if (owner === 'none') {
    if (!local && !best) return Rule.NOBODY;
    return isHere || isThere ? Rule.PENDING : Rule.MAC_IS_ELSEWHERE;
  }
  if (owner === 'local' ? !isHere : !isThere) return Rule.PENDING;
  if (!isHere) return local ? Rule.FOLLOWS_MAC : whyAmong(best, others);
  if (!isThere) return best ? Rule.FOLLOWS_MAC : Rule.ONLY_CLAIM;
  const ours: Claim = { sequence: local.sequence, sticky: best.sticky, vtep: localVtep };
  if (owner === 'local') return whyOurs(ours, best, history);
  if (best.sequence !== ours.sequence) return best.sequence > ours.sequence ? Rule.SEQUENCE : Rule.STAYED;
  return compareIp(best.vtep, localVtep) < 0 ? Rule.VTEP : Rule.STAYED;
}

/** What made a MAC or IP change hands, in words; `before` is the change before that one. */
export function moveCause(move: Move, before: Move | undefined): string {
  const { from, to, sequence } = move;
  if (isReturn(move, before)) return 'the remote claim went, and the local row had stayed';
  if (to === 'none') return from === 'local' ? 'it aged out or was removed here' : 'its last route went';
  if (to === 'local')
    return from === 'remote' ? 'it arrived on a port of this leaf' : 'it was seen on a port of this leaf';
  if (from === 'remote') return 'another leaf claims it';
  return from === 'local'
    ? `a remote leaf claims it with sequence number ${sequence}`
    : 'a remote leaf announced it';
}

function whyOurs(ours: Claim, best: Claim, history: MoveHistory | undefined): Rule {
  if (ours.sticky !== best.sticky) return ours.sticky ? Rule.STICKY : Rule.PENDING;
  if (ours.sequence > best.sequence) {
    return arrivedHere(history) ? Rule.ARRIVED : Rule.SEQUENCE;
  }
  return ours.sequence === best.sequence && compareIp(ours.vtep, best.vtep) < 0 ? Rule.VTEP : Rule.PENDING;
}

function arrivedHere(history: MoveHistory | undefined): boolean {
  const [before, last] = history?.latest.slice(-2) ?? [];
  const move = last ?? before;
  return move?.from === 'remote' && move.to === 'local' && !isReturn(move, last ? before : undefined);
}

/** An arrival takes the next number; a row that stood all the while gets its MAC back with the number as it is. */
function isReturn(move: Move, before: Move | undefined): boolean {
  return (
    move.from === 'remote' &&
    move.to === 'local' &&
    before?.to === 'remote' &&
    before.sequence === move.sequence
  );
}

/** Among remote leaves: several routes of one leaf are one claim. */
function whyAmong(best: Claim, others: readonly Claim[]): Rule {
  const second = others.find(({ vtep }) => vtep !== best.vtep);
  if (!second) return Rule.ONLY_CLAIM;
  if (best.sticky !== second.sticky) return Rule.STICKY;
  return best.sequence === second.sequence ? Rule.VTEP : Rule.SEQUENCE;
}

/** The number with which the MAC was ours before a remote claim took it; 0 where both were news at once. */
export function numberWeHad(history: MoveHistory | undefined): number {
  return history?.latest.findLast(({ to }) => to === 'local')?.sequence ?? 0;
}
