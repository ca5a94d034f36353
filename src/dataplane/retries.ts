import type { Clock, Timer } from '../types/index.js';
import type { PlaneKey } from './kernel-tables/key.js';
import type { OwnerPlane } from './owner-plane.js';

/** How exactly a retry's time is kept. */
const TICK_MS = 50;

interface Retry {
  /** Of an owner that has gone meanwhile nothing is kept. */
  readonly plane: WeakRef<OwnerPlane>;
  readonly which: PlaneKey;
}

/** Keys that the kernel did not take, each to be looked at again when its time has come. */
export class Retries {
  readonly #clock: Clock;
  readonly #mark: (plane: OwnerPlane, which: PlaneKey) => void;
  /** By the tick in which they are due: who waits long costs nothing meanwhile. */
  readonly #waiting = new Map<number, Retry[]>();
  readonly #planes = new WeakMap<OwnerPlane, WeakRef<OwnerPlane>>();
  #timer: Timer | undefined;
  #closed = false;

  /** `mark` is called for each key that is due. */
  constructor(clock: Clock, mark: (plane: OwnerPlane, which: PlaneKey) => void) {
    this.#clock = clock;
    this.#mark = mark;
  }

  /** `delay` in milliseconds. */
  add(plane: OwnerPlane, { table, key }: PlaneKey, delay: number): void {
    const tick = Math.ceil((this.#clock.now() + delay) / TICK_MS);
    const retry = { plane: this.#weak(plane), which: { table, key } as PlaneKey };
    const retries = this.#waiting.get(tick);
    if (retries) retries.push(retry);
    else this.#waiting.set(tick, [retry]);
    this.#arm();
  }

  /** Nothing is due any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #weak(plane: OwnerPlane): WeakRef<OwnerPlane> {
    let weak = this.#planes.get(plane);
    if (weak === undefined) {
      weak = new WeakRef(plane);
      this.#planes.set(plane, weak);
    }
    return weak;
  }

  #arm(): void {
    if (this.#timer || this.#closed || this.#waiting.size === 0) return;
    this.#timer = this.#clock.after(TICK_MS, () => {
      this.#timer = undefined;
      const now = this.#clock.now();
      for (const [tick, retries] of this.#waiting) {
        if (tick * TICK_MS > now) continue;
        this.#waiting.delete(tick);
        for (const { plane, which } of retries) {
          const standing = plane.deref();
          if (standing && !standing.isOver) this.#mark(standing, which);
        }
      }
      this.#arm();
    });
  }
}
