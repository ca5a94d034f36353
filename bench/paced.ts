/** Work that is done so many times a second. */
import { setTimeout as delay } from 'node:timers/promises';
import { now } from './rpc.js';

/** Does step 0 to `count` - 1, `rate` a second, and returns when each began; what is late is done at once. */
export async function paced(rate: number, count: number, step: (n: number) => void): Promise<Float64Array> {
  const at = new Float64Array(count);
  const started = now();
  for (let n = 0; n < count; await delay(1)) {
    const due = Math.min(count, Math.floor(((now() - started) / 1000) * rate) + 1);
    for (; n < due; n++) {
      at[n] = now();
      step(n);
    }
  }
  return at;
}

/** A step each so many milliseconds, until somebody ends it or the steps are at an end. */
export class Trickle {
  readonly #at: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(every: number, count: number, step: (n: number) => void) {
    this.#timer = setInterval(() => {
      const n = this.#at.length;
      if (n === count) return clearInterval(this.#timer);
      this.#at.push(now());
      step(n);
    }, every);
  }

  /** When each step was begun. */
  end(): Float64Array {
    clearInterval(this.#timer);
    return Float64Array.from(this.#at);
  }
}
