import type { Clock, Timer } from '../types/index.js';
import type { PlaneKey } from './kernel-tables/key.js';
import type { OwnerPlane } from './owner-plane.js';

/** How exactly a retry's time is kept. */
const TICK_MS = 50;

interface Retry {
  readonly plane: OwnerPlane;
  readonly which: PlaneKey;
}

/** Keys that the kernel did not take, each to be looked at again when its time has come. */
export class Retries {
  readonly #clock: Clock;
  readonly #mark: (plane: OwnerPlane, which: PlaneKey) => void;
  /** By the tick in which they are due: who waits long costs nothing meanwhile. */
  readonly #waiting = new Map<number, Retry[]>();
  #timer: Timer | undefined;
  #closed = false;

  /** `mark` is called for each key that is due. */
  constructor(clock: Clock, mark: (plane: OwnerPlane, which: PlaneKey) => void) {
    this.#clock = clock;
    this.#mark = mark;
  }

  /** `delay` in milliseconds. */
  add(plane: OwnerPlane, which: PlaneKey, delay: number): void {
    const tick = Math.ceil((this.#clock.now() + delay) / TICK_MS);
    const retries = this.#waiting.get(tick);
    if (retries) retries.push({ plane, which });
    else this.#waiting.set(tick, [{ plane, which }]);
    this.#arm();
  }

  /** Nothing is due any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#timer || this.#closed || this.#waiting.size === 0) return;
    this.#timer = this.#clock.after(TICK_MS, () => {
      this.#timer = undefined;
      const now = this.#clock.now();
      for (const [tick, retries] of this.#waiting) {
        if (tick * TICK_MS > now) continue;
        this.#waiting.delete(tick);
        for (const { plane, which } of retries) this.#mark(plane, which);
      }
      this.#arm();
    });
  }
}
