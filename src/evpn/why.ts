import type { LocalMac } from '../dataplane/index.js';
import { compareIp, formatIp, type Ip, type Mac } from '../types/index.js';
import {
  type Claim,
  compareClaims,
  judgeIp,
  judgeLoneIp,
  judgeMac,
  type Owner,
  type Ownership,
  ruleBetween,
  type Verdict,
} from './mobility.js';
import type { Move, MoveHistory } from './moves.js';
import { Rule } from './rules.js';

/** What is known of a MAC; `remotes` are those that count, `localVtep` our own address. */
interface MacFacts {
  readonly ownership: Ownership;
  readonly local: LocalMac | undefined;
  readonly remotes: readonly Claim[];
  readonly localVtep: Ip;
  readonly history: MoveHistory | undefined;
}

/**
 * The rule by which the MAC is its owner's: that of mobility.ts, asked again with the outcome in the place of what was
 * decided before, since it is seldom asked for and a field in each of a million entries would cost too much memory.
 */
export function whyMac({ ownership, local, remotes, localVtep, history }: MacFacts): Rule {
  if (history?.frozen) return Rule.FROZEN;
  const [best, ...others] = remotes.toSorted(compareClaims);
  const { owner } = ownership;
  const verdict = judgeMac(ownership, local, best, localVtep);
  if (verdict.owner !== owner) return Rule.PENDING;
  if (best === undefined) return arrivedHere(verdict, history) ? Rule.ARRIVED : verdict.rule;
  if (local === undefined) return whyAmong(best, others);
  if (verdict.rule === Rule.STAYED)
    // What has beaten the row is long past: it was the number, unless that was the one that we had
    return best.sequence > numberWeHad(history) || compareIp(localVtep, best.vtep) < 0
      ? Rule.SEQUENCE
      : Rule.VTEP;
  return settled(verdict, history);
}

/** The verdict's rule, where it is no news. */
function settled(verdict: Verdict, history: MoveHistory | undefined): Rule {
  if (verdict.rule === Rule.ARRIVED) return Rule.PENDING;
  return verdict.rule === Rule.SEQUENCE && arrivedHere(verdict, history) ? Rule.ARRIVED : verdict.rule;
}

/** A remote claim on an IP; `ownsMac`: its MAC is behind a remote leaf. */
interface IpClaim {
  readonly claim: Claim;
  readonly ownsMac: boolean;
}

/** What is known of an IP. */
export interface IpFacts {
  readonly owner: Owner;
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
  /** Those that count, best first. */
  readonly remotes: readonly IpClaim[];
  readonly localVtep: Ip;
  readonly history: MoveHistory | undefined;
}

/** The rule by which the IP is its owner's (RFC 9135 §7). */
export function whyIp({ owner, local, remotes, localVtep, history }: IpFacts): Rule {
  if (history?.frozen) return Rule.FROZEN;
  const [best, ...others] = remotes;
  if (!local?.ownsMac || !best?.ownsMac) {
    const verdict = judgeLoneIp(local?.ownsMac, best?.ownsMac);
    if (verdict.owner !== owner) return Rule.PENDING;
    return verdict.owner === 'remote' && local === undefined && best
      ? whyAmongIps(best, others)
      : verdict.rule;
  }
  const { sequence, isPinned: isPinnedHere, isNew } = local;
  const remote = best.claim;
  const verdict = judgeIp({ before: owner, isNew, isPinnedHere, sequence, remote, localVtep });
  if (verdict.owner !== owner) return Rule.PENDING;
  if (verdict.rule !== Rule.STAYED) return settled(verdict, history);
  if (remote.sequence !== sequence) return remote.sequence > sequence ? Rule.SEQUENCE : Rule.STAYED;
  return compareIp(remote.vtep, localVtep) < 0 ? Rule.VTEP : Rule.STAYED;
}

/** Returns the cause of a move of a MAC or an IP as text; `before` is the move before that one. */
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

/** It is ours since it came here from a remote leaf. */
function arrivedHere({ owner }: Verdict, history: MoveHistory | undefined): boolean {
  if (owner !== 'local') return false;
  const move = history?.latest.at(-1);
  return move?.from === 'remote' && move.to === 'local' && !isReturn(move, history?.latest.at(-2));
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

/** Among remote leaves: claims whose MAC is not at the leaf that they name come last, whatever their numbers are. */
function whyAmongIps(best: IpClaim, others: readonly IpClaim[]): Rule {
  const rivals = others.filter(({ ownsMac }) => ownsMac);
  const rule = whyAmong(
    best.claim,
    rivals.map(({ claim }) => claim),
  );
  return rule === Rule.ONLY_CLAIM && rivals.length < others.length ? Rule.FOLLOWS_MAC : rule;
}

/** Among remote leaves: several routes of one leaf are one claim, and so are those of one Ethernet segment. */
function whyAmong(best: Claim, others: readonly Claim[]): Rule {
  const elsewhere = others.filter(({ vtep }) => vtep !== best.vtep);
  const second = elsewhere.find(({ segment }) => segment === undefined || segment !== best.segment);
  if (!second) return elsewhere.length === 0 ? Rule.ONLY_CLAIM : Rule.SEGMENT;
  return ruleBetween(best, second);
}

/** The number with which the MAC was ours before a remote claim took it; 0 where both were news at once. */
export function numberWeHad(history: MoveHistory | undefined): number {
  return history?.latest.findLast(({ to }) => to === 'local')?.sequence ?? 0;
}
