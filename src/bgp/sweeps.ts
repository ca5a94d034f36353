import type { Clock, Timer } from '../types/index.js';
import type { Route } from '../wire/index.js';
import type { RibDestination, RibPath } from './destination.js';
import type { NeighborRoutes } from './neighbor-routes.js';
import type { RouteTable } from './table.js';

/** Destinations that one turn of a sweep looks at: no more than are decided on in a turn, while the cache has them. */
const SLICE = 512;
/** And no more than so many milliseconds take: to judge a route anew may be to read 60 kB of its attributes. */
const SLICE_MS = 2;
/** Destinations between two looks at the clock. */
const LOOK_EVERY = 8;

/** A walk to a neighbor's paths of epochs before `before`, a slice a turn. */
interface Sweep<Nlri extends Route> {
  readonly before: number;
  readonly cursor: Iterator<RibDestination<Nlri>>;
  timer: Timer | undefined;
  readonly whenDone: readonly (() => void)[];
}

/** What becomes of a path that a sweep has found, and of the neighbor at the end of a slice. */
export interface Swept<Nlri extends Route> {
  take(neighbor: NeighborRoutes<Nlri>, destination: RibDestination<Nlri>, path: RibPath<Nlri>): void;
  weigh(neighbor: NeighborRoutes<Nlri>): void;
}

/** Finds the paths of neighbors in a table, to remove them or to look at them again. */
export class Sweeps<Nlri extends Route> {
  readonly #clock: Clock;
  readonly #table: RouteTable<Nlri, RibDestination<Nlri>>;
  readonly #swept: Swept<Nlri>;
  readonly #running = new Map<NeighborRoutes<Nlri>, Sweep<Nlri>>();

  constructor(clock: Clock, table: RouteTable<Nlri, RibDestination<Nlri>>, swept: Swept<Nlri>) {
    this.#clock = clock;
    this.#table = table;
    this.#swept = swept;
  }

  /** Begins, and goes on for those who wait for one under way. Resolves at the end of the table; throws what its first slice does. */
  start(neighbor: NeighborRoutes<Nlri>, before: number): Promise<void> {
    const running = this.#running.get(neighbor);
    running?.timer?.cancel();
    let resolve = () => {};
    const done = new Promise<void>((resolved) => {
      resolve = resolved;
    });
    // Begun anew: what the walk has passed may have changed since
    const sweep: Sweep<Nlri> = {
      before: Math.max(before, running?.before ?? 0),
      cursor: this.#table.entries(),
      timer: undefined,
      whenDone: [...(running?.whenDone ?? []), resolve],
    };
    this.#running.set(neighbor, sweep);
    // Not where the promise is made: what it throws would be a rejection that nobody handles
    this.#slice(neighbor, sweep);
    return done;
  }

  #slice(neighbor: NeighborRoutes<Nlri>, sweep: Sweep<Nlri>): void {
    const end = this.#clock.sliceEnd(SLICE_MS);
    for (let n = 1; n <= SLICE; n++) {
      const next = neighbor.held > 0 ? sweep.cursor.next() : undefined;
      if (next === undefined || next.done === true) {
        this.#running.delete(neighbor);
        this.#swept.weigh(neighbor);
        for (const done of sweep.whenDone) done();
        return;
      }
      const destination = next.value;
      const path = destination.pathOf(neighbor);
      if (path !== undefined && path.arrival.epoch < sweep.before)
        this.#swept.take(neighbor, destination, path);
      if (n % LOOK_EVERY === 0 && this.#clock.now() >= end) break;
    }
    this.#swept.weigh(neighbor);
    sweep.timer = this.#clock.soon(() => this.#slice(neighbor, sweep));
  }
}
