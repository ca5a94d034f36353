import { addressOf, type Path, sourceAddress } from '../../bgp/index.js';
import { isUsedType, type UnusedReason, whyPathUnused } from '../../evpn/index.js';
import { FabricSurvey } from './fabric-survey.js';
import type { Rooms } from './rooms.js';

/** What becomes of the routes that a neighbor's paths are of. */
export interface RouteUse {
  used: number;
  readonly unused: Map<UnusedReason, number>;
  /** Routes of a type that is used which it passed on from others, and those of them whose next hop is the neighbor itself. */
  passedOn: number;
  passedOnAsItsOwn: number;
}

/** Of a neighbor that has no routes. */
export const NO_ROUTES: RouteUse = { used: 0, unused: new Map(), passedOn: 0, passedOnAsItsOwn: 0 };

/** What a walk found. */
export interface Survey {
  /** By the neighbor's configured address. */
  readonly neighbors: ReadonlyMap<string, RouteUse>;
  readonly fabric: FabricSurvey;
}

/** Paths between two turns of the event loop. */
const PATHS_A_TURN = 2048;
/** An answer is good for so many milliseconds: whoever asks for each neighbor in turn costs one walk. */
const FRESH = 1000;
/** And for so many times what its walk took, so that who asks all the time has a share of it alone. */
const FRESH_TIMES = 20;

/** Counts what is used of the RIB and why the rest is not, by a walk when somebody asks; nothing is kept where routes change. */
class RouteSurvey {
  #latest: Survey;
  #at = Number.NEGATIVE_INFINITY;
  #freshFor = FRESH;
  #running: Promise<Survey> | undefined;

  constructor(readonly rooms: Pick<Rooms, 'speaker' | 'evpn' | 'dataPlane' | 'clock'>) {
    this.#latest = { neighbors: new Map(), fabric: new FabricSurvey(rooms) };
  }

  async take(): Promise<Survey> {
    if (this.rooms.clock.now() - this.#at < this.#freshFor) return this.#latest;
    this.#running ??= this.#walk();
    try {
      return await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #walk(): Promise<Survey> {
    const { speaker, evpn, dataPlane, clock } = this.rooms;
    const neighbors = new Map<string, RouteUse>();
    const fabric = new FabricSurvey(this.rooms);
    let left = PATHS_A_TURN;
    let took = 0;
    let began = clock.now();
    for (const destination of speaker.rib.destinations()) {
      const { paths } = destination;
      for (const path of paths) {
        const use = useOf(neighbors, path.source.neighbor);
        const reason = whyPathUnused(evpn, destination, path, dataPlane.topology);
        count(use, reason);
        countPassedOn(use, path);
        if (path === destination.best) fabric.see(destination, path, reason);
      }
      left -= paths.length;
      if (left > 0) continue;
      left = PATHS_A_TURN;
      took += clock.now() - began;
      await new Promise(setImmediate);
      began = clock.now();
    }
    fabric.done();
    this.#latest = { neighbors, fabric };
    this.#at = clock.now();
    this.#freshFor = Math.max(FRESH, FRESH_TIMES * (took + this.#at - began));
    return this.#latest;
  }
}

function useOf(uses: Map<string, RouteUse>, neighbor: string): RouteUse {
  let use = uses.get(neighbor);
  if (!use) {
    use = { used: 0, unused: new Map(), passedOn: 0, passedOnAsItsOwn: 0 };
    uses.set(neighbor, use);
  }
  return use;
}

function count(use: RouteUse, reason: UnusedReason | undefined): void {
  if (reason === undefined) use.used++;
  else use.unused.set(reason, (use.unused.get(reason) ?? 0) + 1);
}

/** A path of several AS numbers, or with an originator, is another leaf's, whose VTEP the next hop should be. */
function countPassedOn(use: RouteUse, { nlri, attributes, source }: Path): void {
  if (!isUsedType(nlri)) return;
  const { asPathLength, originatorId, nextHop } = attributes;
  if (asPathLength < 2 && originatorId === undefined) return;
  use.passedOn++;
  if (nextHop === addressOf(sourceAddress(source))) use.passedOnAsItsOwn++;
}

const surveys = new WeakMap<Rooms['speaker']['rib'], RouteSurvey>();

/** The survey of these rooms: one for all who ask. */
export function surveyOf(rooms: Rooms): RouteSurvey {
  const { rib } = rooms.speaker;
  let survey = surveys.get(rib);
  if (!survey) {
    survey = new RouteSurvey(rooms);
    surveys.set(rib, survey);
  }
  return survey;
}
