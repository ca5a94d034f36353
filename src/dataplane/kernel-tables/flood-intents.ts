import type { Ip } from '../../types/index.js';
import type { Failure, FloodIntent, Intents } from './intents.js';

/** The default destinations that a VNI should have. */
export class FloodIntents implements Intents<Ip, FloodIntent> {
  readonly #intents = new Map<Ip, { settled: boolean; failure: Failure | undefined }>();

  get size(): number {
    return this.#intents.size;
  }

  has(dst: Ip): boolean {
    return this.#intents.has(dst);
  }

  get(dst: Ip): FloodIntent | undefined {
    const intent = this.#intents.get(dst);
    return intent && { ...intent };
  }

  peek(dst: Ip): FloodIntent | undefined {
    return this.#intents.get(dst);
  }

  keys(): Iterable<Ip> {
    return this.#intents.keys();
  }

  /** Wants the destination; returns false where it was wanted already. */
  add(dst: Ip): boolean {
    if (this.#intents.has(dst)) return false;
    this.#intents.set(dst, { settled: false, failure: undefined });
    return true;
  }

  /** Returns false where there was none. */
  delete(dst: Ip): boolean {
    return this.#intents.delete(dst);
  }

  clear(): void {
    this.#intents.clear();
  }

  settle(dst: Ip, settled: boolean): void {
    const intent = this.#intents.get(dst);
    if (intent) intent.settled = settled;
  }

  fail(dst: Ip, failure: Failure | undefined): void {
    const intent = this.#intents.get(dst);
    if (intent) intent.failure = failure;
  }
}
