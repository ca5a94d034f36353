import { compareIp, type Ip } from '../types/index.js';
import { type EvpnNlri, type Route, RouteType } from '../wire/index.js';
import { addressOf } from './address.js';
import { nextHopZone } from './next-hop-zone.js';
import type { Path, PathSource } from './route.js';

/** Negative where `a` is preferred, zero where the rule does not decide. */
type Compare = (a: Path<Route>, b: Path<Route>) => number;

interface Rule {
  readonly name: string;
  readonly compare: Compare;
  /** Paths are compared within their group alone; without one all are one group. MED: RFC 4271 §9.1.2.2 c. */
  readonly group?: (path: Path<Route>) => unknown;
}

const DEFAULT_LOCAL_PREF = 100;

const addresses = new WeakMap<PathSource, Ip>();
function addressOfSource(source: PathSource): Ip {
  let ip = addresses.get(source);
  if (ip === undefined) {
    ip = addressOf(source.neighbor);
    addresses.set(source, ip);
  }
  return ip;
}

const truthFirst = (a: boolean, b: boolean): number => (a === b ? 0 : a ? -1 : 1);

/** RFC 7432 §7.7 and §15.1; the order is FRR's, since every leaf of a fabric must choose alike. */
const MOBILITY: readonly Rule[] = [
  {
    name: 'sticky MAC',
    compare: (a, b) =>
      truthFirst(a.attributes.macMobility?.sticky === true, b.attributes.macMobility?.sticky === true),
  },
  {
    name: 'higher MAC mobility sequence',
    compare: (a, b) => (b.attributes.macMobility?.sequence ?? 0) - (a.attributes.macMobility?.sequence ?? 0),
  },
  {
    name: 'lower next hop',
    compare: (a, b) => compareIp(a.attributes.nextHop, b.attributes.nextHop),
  },
];

/** RFC 4271 §9.1.1 and §9.1.2.2 a to d. There is no interior cost: the underlay's routing is the kernel's matter. */
const PREFERENCES: readonly Rule[] = [
  {
    name: 'higher LOCAL_PREF',
    compare: (a, b) =>
      (b.attributes.localPref ?? DEFAULT_LOCAL_PREF) - (a.attributes.localPref ?? DEFAULT_LOCAL_PREF),
  },
  {
    name: 'shorter AS_PATH',
    compare: (a, b) => a.attributes.asPathLength - b.attributes.asPathLength,
  },
  { name: 'lower ORIGIN', compare: (a, b) => a.attributes.origin - b.attributes.origin },
  {
    name: 'lower MULTI_EXIT_DISC',
    group: ({ attributes }) => attributes.neighborAs,
    compare: (a, b) => (a.attributes.med ?? 0) - (b.attributes.med ?? 0),
  },
  {
    name: 'external over internal',
    compare: (a, b) => truthFirst(!a.source.internal, !b.source.internal),
  },
];

/** RFC 4271 §9.1.2.2 f and g, RFC 4456 §9: of paths that are equally good one is taken, by every speaker the same. */
const TIE_BREAKERS: readonly Rule[] = [
  {
    name: 'lower BGP identifier',
    compare: (a, b) =>
      (a.attributes.originatorId ?? a.source.routerId) - (b.attributes.originatorId ?? b.source.routerId),
  },
  {
    name: 'shorter CLUSTER_LIST',
    compare: (a, b) => a.attributes.clusterList.length - b.attributes.clusterList.length,
  },
  {
    name: 'lower neighbor address',
    compare: (a, b) =>
      compareIp(addressOfSource(a.source), addressOfSource(b.source)) ||
      // Link-local neighbors may differ in their zone alone
      (a.source.neighbor < b.source.neighbor ? -1 : a.source.neighbor > b.source.neighbor ? 1 : 0),
  },
];

const MAC_IP_PREFERENCES: readonly Rule[] = [...MOBILITY, ...PREFERENCES];
const BGP: readonly Rule[] = [...PREFERENCES, ...TIE_BREAKERS];
const MAC_IP_RULES: readonly Rule[] = [...MAC_IP_PREFERENCES, ...TIE_BREAKERS];

/** True for a path that its reader can use at all: its next hop resolves, and it knows what it carries. */
export type Usable<Nlri extends Route = EvpnNlri> = (path: Path<Nlri>) => boolean;

/** What the decision process chose, and by which rule; `only path` where there was no choice. */
export interface Decision<P extends Path<Route> = Path> {
  readonly best: P | undefined;
  readonly rule: string;
}

/**
 * Chooses the best of a destination's paths, at most one a neighbor (RFC 4271 §9.1.2). The rules eliminate in turn, as
 * the RFC words it, so the outcome does not depend on the order of arrival. `rule` is the one that left a single path.
 * What is not usable is excluded before (RFC 4271 §9.1.2, an unresolvable next hop) where something else is.
 */
export function decide<P extends Path<Route>>(
  paths: readonly P[],
  usable?: (path: P) => boolean,
): Decision<P> {
  if (paths.length < 2) return { best: paths[0], rule: 'only path' };
  let candidates = usableOf(paths, usable);
  if (candidates.length === 1) return { best: candidates[0], rule: 'only usable path' };
  for (const rule of isMacIp(paths[0]) ? MAC_IP_RULES : BGP) {
    candidates = eliminate(candidates, rule);
    if (candidates.length === 1) return { best: candidates[0], rule: rule.name };
  }
  return { best: candidates[0], rule: 'first of equals' };
}

/**
 * The paths that the decision process chooses where several may be, at most `most`, the best first: those that the
 * tie-breakers alone tell apart, in their order, of each next hop one (of a link-local one, one a link). AS_PATHs are equally good where they are equally long,
 * whatever ASes they name: the spines of a fabric may have an AS each.
 */
export function decideSeveral<P extends Path<Route>>(
  paths: readonly P[],
  most: number,
  usable?: (path: P) => boolean,
): P[] {
  if (paths.length < 2) return [...paths];
  let candidates = usableOf(paths, usable);
  for (const rule of isMacIp(paths[0]) ? MAC_IP_PREFERENCES : PREFERENCES)
    candidates = eliminate(candidates, rule);
  const chosen = new Map<Ip | string, P>();
  for (const path of [...candidates].sort(byTieBreakers)) {
    if (chosen.size === most) break;
    const zone = nextHopZone(path);
    const { nextHop } = path.attributes;
    const key = zone === '' ? nextHop : `${nextHop}%${zone}`;
    if (!chosen.has(key)) chosen.set(key, path);
  }
  return [...chosen.values()];
}

function byTieBreakers(a: Path<Route>, b: Path<Route>): number {
  for (const { compare } of TIE_BREAKERS) {
    const order = compare(a, b);
    if (order !== 0) return order;
  }
  return 0;
}

function isMacIp({ nlri }: Path<Route>): boolean {
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT;
}

/** The usable ones; all where none is. */
function usableOf<P extends Path<Route>>(
  paths: readonly P[],
  usable: ((path: P) => boolean) | undefined,
): readonly P[] {
  const found = usable ? paths.filter(usable) : paths;
  return found.length === 0 ? paths : found;
}

function eliminate<P extends Path<Route>>(candidates: readonly P[], rule: Rule): readonly P[] {
  const { compare, group } = rule;
  if (group) return eliminateWithin(candidates, compare, group);
  let best = candidates[0];
  let equals = true;
  for (let i = 1; i < candidates.length; i++) {
    const order = compare(candidates[i], best);
    if (order !== 0) equals = false;
    if (order < 0) best = candidates[i];
  }
  return equals ? candidates : candidates.filter((path) => compare(path, best) === 0);
}

function eliminateWithin<P extends Path<Route>>(
  candidates: readonly P[],
  compare: Compare,
  group: (path: Path<Route>) => unknown,
): readonly P[] {
  const bests = new Map<unknown, P>();
  for (const path of candidates) {
    const key = group(path);
    const best = bests.get(key);
    if (!best || compare(path, best) < 0) bests.set(key, path);
  }
  return candidates.filter((path) => compare(path, bests.get(group(path)) ?? path) === 0);
}

/** The best path alone. */
export function selectBest<P extends Path<Route>>(
  paths: readonly P[],
  usable?: (path: P) => boolean,
): P | undefined {
  if (paths.length === 2) return better(paths[0], paths[1], usable);
  return paths.length < 2 ? paths[0] : decide(paths, usable).best;
}

/** The best of two paths, without garbage: what nearly every UPDATE costs where there is a choice. */
export function better<P extends Path<Route>>(a: P, b: P, usable?: (path: P) => boolean): P {
  // Whoever says the same has the same objects
  if (usable !== undefined && (a.attributes !== b.attributes || a.nlri !== b.nlri)) {
    const isUsable = usable(a);
    if (isUsable !== usable(b)) return isUsable ? a : b;
  }
  for (const { compare, group } of isMacIp(a) ? MAC_IP_RULES : BGP) {
    const order = compare(a, b);
    if (order !== 0 && (!group || group(a) === group(b))) return order < 0 ? a : b;
  }
  return a;
}
