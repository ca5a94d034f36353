import type { AnyFamily } from '../wire/index.js';
import type { Holder } from './holdings.js';

/** What a neighbor's routes may take; 0 for no limit. */
export interface RouteLimits {
  readonly maxRoutes: number;
  /** Of attribute sets, each counted once. */
  readonly maxOctets: number;
  /** The same as `maxRoutes` of one family alone, for the families that have such a limit. */
  readonly maxFamilyRoutes: ReadonlyMap<AnyFamily, number>;
  /** Ends the session with Cease/1 (RFC 4486 §4) for a while, or until an operator starts it; or reports it and goes on. */
  readonly onLimit: 'close' | 'stop' | 'warn';
}

/** What a neighbor has of that which is limited. */
export interface LimitedHoldings extends Pick<Holder, 'held' | 'octets'> {
  heldOf(family: AnyFamily): number;
}

export const DEFAULT_ROUTE_LIMITS: RouteLimits = {
  maxRoutes: 1_000_000,
  maxOctets: 256 << 20,
  maxFamilyRoutes: new Map(),
  onLimit: 'close',
};

/** A limit is reported as near from this share of it on. */
export const NEAR_LIMIT = 0.8;

/** How a neighbor stands to its limits. */
export type LimitLevel = 'within' | 'near' | 'over';

/** What the neighbor has of that which is limited. */
export interface LimitUse {
  readonly what: 'routes' | 'octets';
  /** Of routes of one family alone. */
  readonly family?: AnyFamily | undefined;
  readonly used: number;
  readonly limit: number;
  readonly level: LimitLevel;
}

function useOf(what: LimitUse['what'], used: number, limit: number, family?: AnyFamily): LimitUse {
  const level = limit === 0 || used < limit * NEAR_LIMIT ? 'within' : used <= limit ? 'near' : 'over';
  return { what, used, limit, level, ...(family && { family }) };
}

/** The settings of a neighbor; the defaults where they are absent. */
export function routeLimits({
  maxRoutes = DEFAULT_ROUTE_LIMITS.maxRoutes,
  maxOctets = DEFAULT_ROUTE_LIMITS.maxOctets,
  maxFamilyRoutes = DEFAULT_ROUTE_LIMITS.maxFamilyRoutes,
  onLimit = DEFAULT_ROUTE_LIMITS.onLimit,
}: Partial<RouteLimits>): RouteLimits {
  return { maxRoutes, maxOctets, maxFamilyRoutes, onLimit };
}

/** True if they are equal. */
export function sameLimits(a: Partial<RouteLimits>, b: Partial<RouteLimits>): boolean {
  const [one, two] = [routeLimits(a), routeLimits(b)];
  return (
    one.maxRoutes === two.maxRoutes &&
    one.maxOctets === two.maxOctets &&
    one.onLimit === two.onLimit &&
    one.maxFamilyRoutes.size === two.maxFamilyRoutes.size &&
    [...one.maxFamilyRoutes].every(([family, limit]) => two.maxFamilyRoutes.get(family) === limit)
  );
}

/** Returns how far the neighbor is with what it is further with: routes or octets of attributes. */
export function limitUse(
  holdings: LimitedHoldings,
  { maxRoutes, maxOctets, maxFamilyRoutes }: RouteLimits,
): LimitUse {
  const uses = [useOf('routes', holdings.held, maxRoutes), useOf('octets', holdings.octets, maxOctets)];
  for (const [family, limit] of maxFamilyRoutes)
    uses.push(useOf('routes', holdings.heldOf(family), limit, family));
  return uses.reduce((most, use) => (shareOf(use) > shareOf(most) ? use : most));
}

function shareOf({ used, limit }: LimitUse): number {
  return limit === 0 ? 0 : used / limit;
}

/** For the log and the reason of an end: what there is, and what it may be. */
export function limitText({ what, used, limit, family }: LimitUse): string {
  if (family) return `${used} routes of ${family.name}, max-family-routes is ${limit}`;
  return what === 'routes'
    ? `${used} routes, max-routes is ${limit}`
    : `${used} octets of attributes, max-octets is ${limit}`;
}

/** The setting that has the limit. */
export function limitSetting({ what, family }: LimitUse): string {
  return family ? 'max-family-routes' : `max-${what}`;
}

/** What a route costs the heap from RIB to kernel row, an attribute set, and each of its octets; rather more than less. */
const ROUTE_OCTETS = 1_000;
const SET_OCTETS = 1_000;
const OCTETS_PER_OCTET = 3;

/** Octets of the heap that the routes of a neighbor take, about. */
export function memoryOf({ held, sets, octets }: Holder): number {
  return held * ROUTE_OCTETS + sets * SET_OCTETS + octets * OCTETS_PER_OCTET;
}
