import type { Clock, Mac } from '../types/index.js';
import { Histogram } from './histogram.js';

/** A MAC is followed so many milliseconds after the one before at the earliest. */
const PAUSE = 20;
/** MACs that are followed at once: what takes longer than five seconds may be given up for others. */
const MOST = 256;
/** Milliseconds after which what has not come to its end never will. */
const LATEST = 30_000;

/** How long what happens to a MAC takes from one place to another: of some of them, so that many cost no more than few. */
export class Trail {
  readonly taken = new Histogram();
  /** When each set out, the oldest first. */
  readonly #underWay = new Map<Mac, number>();
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(readonly clock: Pick<Clock, 'now'>) {}

  /** True where nothing is followed, so that there is no need to ask. */
  get isEmpty(): boolean {
    return this.#underWay.size === 0;
  }

  /** Something happened to the MAC. One that is followed already keeps its time. */
  begin(mac: Mac): void {
    const now = this.clock.now();
    if (now < this.#notBefore) return;
    this.#notBefore = now + PAUSE;
    if (this.#underWay.has(mac)) return;
    if (this.#underWay.size === MOST) this.#underWay.delete(this.#oldest());
    this.#underWay.set(mac, now);
  }

  /** It has come to its end. */
  end(mac: Mac): void {
    const began = this.#underWay.get(mac);
    if (began === undefined) return;
    this.#underWay.delete(mac);
    const took = this.clock.now() - began;
    // What led to nothing, and was followed by something else much later
    if (took <= LATEST) this.taken.observe(took / 1000);
  }

  #oldest(): Mac {
    for (const mac of this.#underWay.keys()) return mac;
    throw new Error('nothing is followed');
  }
}

/** Milliseconds within which two neighbors announce the same change. */
const SAME_CHANGE = 10_000;

/** How much later than the first of them each neighbor announces a MAC that several announce. */
export class Lateness {
  readonly #byNeighbor = new Map<string, Histogram>();
  readonly #first = new Map<
    Mac,
    { readonly neighbor: string; readonly at: number; readonly heard: Set<string> }
  >();
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(readonly clock: Pick<Clock, 'now'>) {}

  /** The neighbor announces the MAC. */
  arrived(neighbor: string, mac: Mac): void {
    const first = this.#first.get(mac);
    const now = this.clock.now();
    if (first && first.neighbor !== neighbor && now - first.at <= SAME_CHANGE) {
      if (first.heard.has(neighbor)) return;
      first.heard.add(neighbor);
      this.#of(neighbor).observe((now - first.at) / 1000);
      return;
    }
    if (now < this.#notBefore) return;
    this.#notBefore = now + PAUSE;
    this.#first.delete(mac);
    for (const oldest of this.#first.keys()) {
      if (this.#first.size < MOST) break;
      this.#first.delete(oldest);
    }
    this.#first.set(mac, { neighbor, at: now, heard: new Set() });
  }

  /** How late the neighbor was each time that another one was earlier; undefined where none was. */
  of(neighbor: string): Histogram | undefined {
    return this.#byNeighbor.get(neighbor);
  }

  /** The neighbor is configured no longer. */
  forget(neighbor: string): void {
    this.#byNeighbor.delete(neighbor);
  }

  #of(neighbor: string): Histogram {
    let histogram = this.#byNeighbor.get(neighbor);
    if (!histogram) {
      histogram = new Histogram();
      this.#byNeighbor.set(neighbor, histogram);
    }
    return histogram;
  }
}

/** How long it takes until a change has its effect. */
export class Convergence {
  /** From a remote MAC's UPDATE to the kernel's acknowledgment of its row. */
  readonly inbound: Trail;
  /** From the kernel's notification of a local MAC to the UPDATE that is written. */
  readonly outbound: Trail;
  readonly lateness: Lateness;

  constructor(clock: Pick<Clock, 'now'>) {
    this.inbound = new Trail(clock);
    this.outbound = new Trail(clock);
    this.lateness = new Lateness(clock);
  }
}
