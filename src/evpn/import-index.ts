import {
  type Esi,
  type Ip,
  type RouteTarget,
  type RouteTargetPattern,
  routeTargetLocalAdministrator,
} from '../types/index.js';
import type { PathAttributes } from '../wire/index.js';
import type { MacVrf } from './mac-vrf.js';

/** What imports routes by their route targets. */
export interface ImportingVrf {
  importTargets: readonly RouteTargetPattern[];
}

const NONE: readonly never[] = [];
/** Segments of one attribute set; any number may be named with it. */
const SEGMENTS = 1024;

/** Where routes of one attribute set go: one object for all of them, and one for those of each Ethernet segment. */
export class Importers<Vrf = MacVrf> {
  #ofSegments: Map<Esi, Importers<Vrf>> | undefined = undefined;

  constructor(
    readonly vrfs: readonly Vrf[],
    readonly attributes: PathAttributes,
    /** The segment that a MAC/IP route names; undefined where it names none, and of other routes. */
    readonly esi: Esi | undefined = undefined,
  ) {}

  get nextHop(): Ip {
    return this.attributes.nextHop;
  }

  ofSegment(esi: Esi): Importers<Vrf> {
    this.#ofSegments ??= new Map();
    let importers = this.#ofSegments.get(esi);
    if (!importers) {
      if (this.#ofSegments.size >= SEGMENTS) this.#ofSegments.clear();
      importers = new Importers(this.vrfs, this.attributes, esi);
      this.#ofSegments.set(esi, importers);
    }
    return importers;
  }

  /** Returns how many segments have one of their own. */
  get segmentCount(): number {
    return this.#ofSegments?.size ?? 0;
  }

  /** The same for other VRFs. */
  within(vrfs: readonly Vrf[]): Importers<Vrf> {
    return new Importers(vrfs, this.attributes, this.esi);
  }
}

/**
 * Which VNIs import a route. The answer is remembered for each attributes object, so that a table of a hundred thousand
 * routes with a few attribute sets asks a few times.
 */
export class ImportIndex<Vrf extends ImportingVrf = MacVrf> {
  readonly #exact = new Map<RouteTarget, Vrf[]>();
  readonly #anyAs = new Map<number, Vrf[]>();
  #answers = new WeakMap<PathAttributes, Importers<Vrf>>();
  /** The latest answer: routes of one attribute set come together. */
  #latest: Importers<Vrf> | undefined;

  add(vrf: Vrf): void {
    for (const target of vrf.importTargets)
      if (target.kind === 'exact') putInto(this.#exact, target.routeTarget, vrf);
      else putInto(this.#anyAs, target.localAdministrator, vrf);
    this.#forget();
  }

  remove(vrf: Vrf): void {
    for (const target of vrf.importTargets)
      if (target.kind === 'exact') takeFrom(this.#exact, target.routeTarget, vrf);
      else takeFrom(this.#anyAs, target.localAdministrator, vrf);
    this.#forget();
  }

  /** The VRF imports by other targets from now on; who holds which route is to be looked at again. */
  retarget(vrf: Vrf, targets: readonly RouteTargetPattern[]): void {
    this.remove(vrf);
    vrf.importTargets = targets;
    this.add(vrf);
  }

  /** The VRFs that import a route with these attributes. */
  importersOf(attributes: PathAttributes): Importers<Vrf> {
    if (attributes === this.#latest?.attributes) return this.#latest;
    let answer = this.#answers.get(attributes);
    if (!answer) {
      answer = new Importers(this.search(attributes.routeTargets), attributes);
      this.#answers.set(attributes, answer);
    }
    this.#latest = answer;
    return answer;
  }

  #forget(): void {
    this.#answers = new WeakMap();
    this.#latest = undefined;
  }

  /** Route targets that some VNI imports, those of any AS by their number. */
  get targetCount(): number {
    return this.#exact.size + this.#anyAs.size;
  }

  /** Who imports one of the targets. */
  search(targets: readonly RouteTarget[]): readonly Vrf[] {
    const found = new Set<Vrf>();
    for (const target of targets) {
      for (const vrf of this.#exact.get(target) ?? NONE) found.add(vrf);
      for (const vrf of this.#anyAs.get(routeTargetLocalAdministrator(target)) ?? NONE) found.add(vrf);
    }
    return found.size === 0 ? NONE : [...found];
  }
}

function putInto<K, Vrf>(map: Map<K, Vrf[]>, key: K, vrf: Vrf): void {
  const list = map.get(key);
  if (list) list.push(vrf);
  else map.set(key, [vrf]);
}

function takeFrom<K, Vrf>(map: Map<K, Vrf[]>, key: K, vrf: Vrf): void {
  const list = map.get(key);
  const at = list?.indexOf(vrf) ?? -1;
  if (!list || at < 0) return;
  list.splice(at, 1);
  if (list.length === 0) map.delete(key);
}
