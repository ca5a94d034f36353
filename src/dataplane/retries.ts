import { type Clock, emptyList, type Timer } from '../types/index.js';
import type { PlaneKey, VniPlane } from './vni-plane.js';

/** How exactly a retry's time is kept. */
const TICK_MS = 50;

interface Retry {
  readonly plane: VniPlane;
  readonly which: PlaneKey;
  /** On the clock's scale. */
  readonly at: number;
}

/** Keys that the kernel did not take, each to be looked at again when its time has come. */
export class Retries {
  readonly #clock: Clock;
  readonly #mark: (plane: VniPlane, which: PlaneKey) => void;
  #waiting = emptyList<Retry>();
  #timer: Timer | undefined;
  #closed = false;

  /** `mark` is called for each key that is due. */
  constructor(clock: Clock, mark: (plane: VniPlane, which: PlaneKey) => void) {
    this.#clock = clock;
    this.#mark = mark;
  }

  /** `delay` in milliseconds. */
  add(plane: VniPlane, which: PlaneKey, delay: number): void {
    this.#waiting.push({ plane, which, at: this.#clock.now() + delay });
    this.#arm();
  }

  /** Nothing is due any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#timer || this.#closed || this.#waiting.length === 0) return;
    this.#timer = this.#clock.after(TICK_MS, () => {
      this.#timer = undefined;
      const now = this.#clock.now();
      const due = this.#waiting.filter(({ at }) => at <= now);
      this.#waiting = this.#waiting.filter(({ at }) => at > now);
      for (const { plane, which } of due) this.#mark(plane, which);
      this.#arm();
    });
  }
}
