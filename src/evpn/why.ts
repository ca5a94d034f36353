import type { LocalMac } from '../dataplane/index.js';
import { compareIp, formatIp, type Ip, type Mac } from '../types/index.js';
import { type Claim, compareClaims, judgeIp, judgeMac, type Ownership, type Verdict } from './mobility.js';
import type { Move, MoveHistory } from './moves.js';
import { Rule } from './rules.js';

/** What is known of a MAC; `remotes` are those that count, `localVtep` our own address. */
export interface MacFacts {
  readonly ownership: Ownership;
  readonly local: LocalMac | undefined;
  readonly remotes: readonly Claim[];
  readonly localVtep: Ip;
  readonly history: MoveHistory | undefined;
}

/**
 * The rule by which the MAC is its owner's: that of mobility.ts, asked again with the outcome in the place of what was
 * decided before, since nearly nobody asks and a word for each of a million entries would be dear.
 */
export function whyMac({ ownership, local, remotes, localVtep, history }: MacFacts): Rule {
  if (history?.frozen) return Rule.FROZEN;
  const [best, ...others] = remotes.toSorted(compareClaims);
  const { owner } = ownership;
  if (!local && !best) return owner === 'none' ? Rule.NOBODY : Rule.PENDING;
  if (owner === 'none') return Rule.PENDING;
  if (!local) return owner === 'remote' && best ? whyAmong(best, others) : Rule.PENDING;
  if (!best) {
    if (owner !== 'local') return Rule.PENDING;
    return arrivedHere(history) ? Rule.ARRIVED : Rule.ONLY_CLAIM;
  }
  const verdict = judgeMac(ownership, local, best, localVtep);
  if (verdict.rule === Rule.STAYED)
    // What has beaten the row is long past: it was the number, unless that was the one that we had
    return best.sequence > numberWeHad(history) || compareIp(localVtep, best.vtep) < 0
      ? Rule.SEQUENCE
      : Rule.VTEP;
  return settled(verdict, owner, history);
}

/** The verdict's rule, where it speaks for the owner and is no news. */
function settled({ ours, rule }: Verdict, owner: Ownership['owner'], history: MoveHistory | undefined): Rule {
  if (ours !== (owner === 'local') || rule === Rule.ARRIVED) return Rule.PENDING;
  return ours && rule === Rule.SEQUENCE && arrivedHere(history) ? Rule.ARRIVED : rule;
}

/** What is known of an IP. */
export interface IpFacts {
  readonly owner: Ownership['owner'];
  /** Our own claim, where it counts; `sequence` is its MAC's, `ownsMac`: that MAC is local. */
  readonly local:
    | {
        readonly mac: Mac;
        readonly ownsMac: boolean;
        readonly sequence: number;
        readonly isPinned: boolean;
        /** It is another than the one that was looked at last. */
        readonly isNew: boolean;
      }
    | undefined;
  /** Those that count, best first; `ownsMac`: the best one's MAC is a remote leaf's. */
  readonly remotes: readonly Claim[];
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
  const { sequence, isPinned: isPinnedHere, isNew } = local;
  const verdict = judgeIp({ before: owner, isNew, isPinnedHere, sequence, remote: best, localVtep });
  if (verdict.rule !== Rule.STAYED) return settled(verdict, owner, history);
  if (best.sequence !== sequence) return best.sequence > sequence ? Rule.SEQUENCE : Rule.STAYED;
  return compareIp(best.vtep, localVtep) < 0 ? Rule.VTEP : Rule.STAYED;
}

/** What made a MAC or IP change hands, in words; `before` is the change before that one. */
export function moveCause(move: Move, before: Move | undefined): string {
  const { from, to, fromVtep, sequence } = move;
  if (isReturn(move, before)) return 'the remote claim went, and the local row had stayed';
  if (to === 'none') return from === 'local' ? 'it aged out or was removed here' : 'its last route went';
  const left = fromVtep === undefined ? '' : `; it left ${formatIp(fromVtep)}`;
  if (to === 'local')
    return from === 'remote'
      ? `it arrived on a port of this leaf${left}`
      : 'it was seen on a port of this leaf';
  if (from === 'remote') return `another leaf claims it with sequence number ${sequence}${left}`;
  return from === 'local'
    ? `a remote leaf claims it with sequence number ${sequence}`
    : 'a remote leaf announced it';
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

/** Among remote leaves: several routes of one leaf are one claim, and so are those of one Ethernet segment. */
function whyAmong(best: Claim, others: readonly Claim[]): Rule {
  const elsewhere = others.filter(({ vtep }) => vtep !== best.vtep);
  const second = elsewhere.find(({ segment }) => segment === undefined || segment !== best.segment);
  if (!second) return elsewhere.length === 0 ? Rule.ONLY_CLAIM : Rule.SEGMENT;
  if (best.pin !== undefined && second.pin === undefined) return best.pin;
  return best.sequence === second.sequence ? Rule.VTEP : Rule.SEQUENCE;
}

/** The number with which the MAC was ours before a remote claim took it; 0 where both were news at once. */
export function numberWeHad(history: MoveHistory | undefined): number {
  return history?.latest.findLast(({ to }) => to === 'local')?.sequence ?? 0;
}
