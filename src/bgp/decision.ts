import type { Ip } from '../types/index.js';
import type { AsPathSegment, EvpnNlri, PathAttributes, Route } from '../wire/index.js';
import {
  AKIN,
  type Compare,
  MAXIMUM_PATHS,
  OWN_NEXT_HOP,
  REJECTED,
  type Step,
  stepsOf,
  TIE_BREAKERS,
  USABLE,
} from './decision-steps.js';
import { isRejected } from './import-policy.js';
import { nextHopZone } from './next-hop-zone.js';
import { nextHopAddress, type Path } from './route.js';

/** True for a path that its reader can use at all: its next hop resolves, and it knows what it carries. */
export type Usable<Nlri extends Route = EvpnNlri> = (path: Path<Nlri>) => boolean;

/** What an operator may set of the decision process. */
export interface DecisionSettings {
  /** MED is compared also between paths of different neighboring ASes; not where absent. */
  readonly alwaysCompareMed?: boolean;
}

/** How many equally good paths of a destination may be chosen. */
export interface Multipath {
  readonly external: number;
  readonly internal: number;
  /** Also those of other neighboring ASes, or of another AS_PATH where they are internal. */
  readonly isRelaxed: boolean;
}

/** What the decisions of one RIB are made with. */
export interface DecisionRules<P extends Path<Route>> extends DecisionSettings {
  /** Excludes paths where others are left; none where absent. */
  readonly usable?: ((path: P) => boolean) | undefined;
}

/** What the decision process chose, and by which step; `only path` where there was no choice. */
export interface Decision<P extends Path<Route> = Path> {
  readonly best: P | undefined;
  readonly rule: string;
  /** The other paths that are not chosen, each with the step that excluded it. */
  readonly lost: ReadonlyMap<P, string>;
}

/** The same of several paths. */
export interface MultipathDecision<P extends Path<Route>> extends Decision<P> {
  /** `best` first. */
  readonly chosen: readonly P[];
}

/**
 * Chooses the best of a destination's paths, at most one a neighbor (RFC 4271 §9.1.2). The steps eliminate in turn, as
 * the RFC words it, so the outcome does not depend on the order of arrival. `rule` is the one that left a single path.
 * What is not usable is excluded before (RFC 4271 §9.1.2, an unresolvable next hop) where something else is.
 */
export function decide<P extends Path<Route>>(
  paths: readonly P[],
  rules: DecisionRules<P> = {},
): Decision<P> {
  const round = new Round(paths, rules);
  if (round.left.length > 1) for (const step of round.steps.all) if (round.take(step)) break;
  return { best: round.left[0], rule: round.rule, lost: round.lost };
}

/**
 * Returns what the decision process chooses where several paths may be: those that differ in the tie-breakers alone, in their order, of
 * each next hop one (of a link-local one, one a link).
 */
export function decideSeveral<P extends Path<Route>>(
  paths: readonly P[],
  multipath: Multipath,
  rules: DecisionRules<P> = {},
): MultipathDecision<P> {
  const { best, rule, lost } = decide(paths, rules);
  if (best === undefined) return { best, rule, lost, chosen: [] };
  const round = new Round(paths, rules);
  for (const step of round.steps.preferences) round.take(step);
  const chosen = chooseAmong(round.left, multipath, round.lost);
  return { best, rule, lost: round.lost, chosen };
}

/** The paths that `decideSeveral` chooses. */
export function selectSeveral<P extends Path<Route>>(
  paths: readonly P[],
  multipath: Multipath,
  rules: DecisionRules<P> = {},
): readonly P[] {
  const accepted = acceptedOf(paths);
  if (accepted.length < 2) return accepted;
  if (accepted.length === 2) return selectOfTwo(accepted[0], accepted[1], multipath, rules);
  const { usable, alwaysCompareMed = false } = rules;
  let candidates = usableOf(accepted, usable);
  for (const step of stepsOf(paths[0], alwaysCompareMed).preferences)
    candidates = eliminate(candidates, step);
  return chooseAmong(candidates, multipath, undefined);
}

/** The same of two. */
function selectOfTwo<P extends Path<Route>>(
  a: P,
  b: P,
  multipath: Multipath,
  rules: DecisionRules<P>,
): readonly P[] {
  const best = better(a, b, rules);
  const other = best === a ? b : a;
  return isBeside(best, other, multipath, rules) ? [best, other] : [best];
}

/**
 * True where the other of a destination's only two paths, both accepted, is chosen beside the best: what most destinations of
 * a leaf with two spines ask, without garbage.
 */
export function isBeside<P extends Path<Route>>(
  best: P,
  other: P,
  { external, internal, isRelaxed }: Multipath,
  { usable, alwaysCompareMed = false }: DecisionRules<P>,
): boolean {
  const most = best.source.internal ? internal : external;
  if (most < 2 || (usable !== undefined && usable(best) !== usable(other))) return false;
  if (firstOf(stepsOf(best, alwaysCompareMed).preferences, best, other) !== undefined) return false;
  return (isRelaxed || isAkin(other, best)) && !hasSameWay(best, other);
}

/** The one that the steps prefer; undefined where they are equal. */
function firstOf<P extends Path<Route>>(steps: readonly Step[], a: P, b: P): P | undefined {
  for (const { compare, group } of steps) {
    const order = compare(a, b);
    if (order !== 0 && (!group || group(a) === group(b))) return order < 0 ? a : b;
  }
  return undefined;
}

function hasSameWay(a: Path<Route>, b: Path<Route>): boolean {
  return nextHopAddress(a) === nextHopAddress(b) && nextHopZone(a) === nextHopZone(b);
}

/** Of equally good paths those that are chosen, the best first; the others are entered into `lost`. */
function chooseAmong<P extends Path<Route>>(
  equals: readonly P[],
  { external, internal, isRelaxed }: Multipath,
  lost: Map<P, string> | undefined,
): P[] {
  const [best, ...others] = [...equals].sort(byTieBreakers);
  const most = best.source.internal ? internal : external;
  const chosen = new Map<Ip | string, P>([[wayOf(best), best]]);
  for (const path of others) {
    const why =
      !isRelaxed && !isAkin(path, best)
        ? AKIN
        : chosen.has(wayOf(path))
          ? OWN_NEXT_HOP
          : chosen.size >= most
            ? MAXIMUM_PATHS
            : undefined;
    if (why === undefined) chosen.set(wayOf(path), path);
    else lost?.set(path, why);
  }
  return [...chosen.values()];
}

/** Returns the place that the path leads to. */
function wayOf(path: Path<Route>): Ip | string {
  const zone = nextHopZone(path);
  const nextHop = nextHopAddress(path);
  return zone === '' ? nextHop : `${nextHop}%${zone}`;
}

function isAkin(path: Path<Route>, best: Path<Route>): boolean {
  const [a, b] = [path.attributes, best.attributes];
  return best.source.internal ? sameAsPath(a, b) : a.neighborAs === b.neighborAs;
}

function sameAsPath(a: PathAttributes, b: PathAttributes): boolean {
  return a === b || textOf(a.asPath) === textOf(b.asPath);
}

function textOf(asPath: readonly AsPathSegment[]): string {
  return asPath.map(({ type, asns }) => `${type}:${asns.join(' ')}`).join();
}

function byTieBreakers(a: Path<Route>, b: Path<Route>): number {
  for (const { compare } of TIE_BREAKERS) {
    const order = compare(a, b);
    if (order !== 0) return order;
  }
  return 0;
}

/** Paths of which the steps exclude some, one step after the other. */
class Round<P extends Path<Route>> {
  readonly lost = new Map<P, string>();
  readonly steps: ReturnType<typeof stepsOf>;
  left: readonly P[];
  /** By which a single path was left, or nothing could be. */
  rule: string;

  constructor(paths: readonly P[], { usable, alwaysCompareMed = false }: DecisionRules<P>) {
    this.left = acceptedOf(paths);
    for (const path of paths) if (!this.left.includes(path)) this.lost.set(path, REJECTED);
    this.steps = paths.length > 0 ? stepsOf(paths[0], alwaysCompareMed) : { preferences: [], all: [] };
    this.rule = this.left.length < 2 ? 'only path' : 'first of equals';
    if (this.left.length > 1) this.#keep(usableOf(this.left, usable), USABLE);
  }

  /** True where no choice is left. */
  take(step: Step): boolean {
    if (this.left.length > 1) this.#keep(eliminate(this.left, step), step.name);
    return this.left.length === 1;
  }

  #keep(left: readonly P[], name: string): void {
    if (left.length === this.left.length) return;
    for (const path of this.left) if (!left.includes(path)) this.lost.set(path, name);
    this.left = left;
    if (left.length === 1) this.rule = name;
  }
}

/** Those that the import policies of their neighbors accept. */
function acceptedOf<P extends Path<Route>>(paths: readonly P[]): readonly P[] {
  for (const { attributes } of paths)
    if (isRejected(attributes)) return paths.filter((path) => !isRejected(path.attributes));
  return paths;
}

/** The usable ones; all where none is. */
function usableOf<P extends Path<Route>>(
  paths: readonly P[],
  usable: ((path: P) => boolean) | undefined,
): readonly P[] {
  const found = usable ? paths.filter(usable) : paths;
  return found.length === 0 ? paths : found;
}

function eliminate<P extends Path<Route>>(candidates: readonly P[], step: Step): readonly P[] {
  const { compare, group } = step;
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
  rules: DecisionRules<P> = {},
): P | undefined {
  const accepted = acceptedOf(paths);
  if (accepted.length === 2) return better(accepted[0], accepted[1], rules);
  if (accepted.length < 2) return accepted[0];
  const { usable, alwaysCompareMed = false } = rules;
  let candidates = usableOf(accepted, usable);
  for (const step of stepsOf(paths[0], alwaysCompareMed).all) {
    if (candidates.length === 1) break;
    candidates = eliminate(candidates, step);
  }
  return candidates[0];
}

/** The better of two paths, of which the import policy may reject either. */
export function acceptedOrBetter<P extends Path<Route>>(a: P, b: P, rules: DecisionRules<P>): P | undefined {
  if (isRejected(a.attributes)) return isRejected(b.attributes) ? undefined : b;
  return isRejected(b.attributes) ? a : better(a, b, rules);
}

/** The best of two paths, without garbage: what nearly every UPDATE costs where there is a choice. */
export function better<P extends Path<Route>>(
  a: P,
  b: P,
  { usable, alwaysCompareMed = false }: DecisionRules<P>,
): P {
  // Equal attributes are the same objects
  if (
    usable !== undefined &&
    (a.attributes !== b.attributes || a.nlri !== b.nlri || nextHopZone(a) !== nextHopZone(b))
  ) {
    const isUsable = usable(a);
    if (isUsable !== usable(b)) return isUsable ? a : b;
  }
  return firstOf(stepsOf(a, alwaysCompareMed).all, a, b) ?? a;
}
