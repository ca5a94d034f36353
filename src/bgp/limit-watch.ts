import {
  type LimitedHoldings,
  type LimitLevel,
  type LimitUse,
  limitUse,
  NEAR_LIMIT,
  type RouteLimits,
} from './route-limits.js';

/** Below this share the limit is reported again: once a neighbor has fallen below this share of its limit, and risen again. */
const QUIET_BELOW = 0.75;

const RANK: Readonly<Record<LimitLevel, number>> = { within: 0, near: 1, over: 2 };

/** Looks at what one neighbor's routes take, after each UPDATE of its. */
export class LimitWatch {
  #reported: LimitLevel = 'within';

  /** A limit has been reported: that the neighbor is well below it again is to be seen, too. */
  get hasReported(): boolean {
    return this.#reported !== 'within';
  }

  /** Limits or session are others: what was reported of them is old. */
  forget(): void {
    this.#reported = 'within';
  }

  /** Returns which limit the neighbor has come near or beyond, once each time; undefined if there is no news. */
  news(holdings: LimitedHoldings, limits: RouteLimits): LimitUse | undefined {
    if (isQuiet(holdings, limits, this.#reported === 'within' ? NEAR_LIMIT : QUIET_BELOW)) {
      this.#reported = 'within';
      return undefined;
    }
    const use = limitUse(holdings, limits);
    if (RANK[use.level] <= RANK[this.#reported]) return undefined;
    this.#reported = use.level;
    return use;
  }
}

/** True where all is below this share of its limit. */
function isQuiet(
  holdings: LimitedHoldings,
  { maxRoutes, maxOctets, maxFamilyRoutes }: RouteLimits,
  share: number,
): boolean {
  if (!isBelow(holdings.held, maxRoutes, share) || !isBelow(holdings.octets, maxOctets, share)) return false;
  for (const [family, limit] of maxFamilyRoutes)
    if (!isBelow(holdings.heldOf(family), limit, share)) return false;
  return true;
}

function isBelow(used: number, limit: number, share: number): boolean {
  return limit === 0 || used < limit * share;
}
