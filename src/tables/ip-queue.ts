import type { Ip } from '../types/index.js';
import { type IpNumber, IpNumbers } from './ip-numbers.js';
import { NumberQueue } from './number-queue.js';

/** A NumberQueue of IPs. */
export class IpQueue {
  readonly #numbers = new IpNumbers();
  readonly #queue = new NumberQueue<IpNumber>();

  /** Returns how many IPs are queued; those that are taken do not count. */
  get size(): number {
    return this.#queue.size;
  }

  /** True if no IP is queued or taken. */
  get isIdle(): boolean {
    return this.#queue.isIdle;
  }

  /** True if the IP is queued or taken. */
  has(ip: Ip): boolean {
    const number = this.#numbers.find(ip);
    return number !== undefined && this.#queue.has(number);
  }

  /** Queues the IP; one that is queued already keeps its place. */
  add(ip: Ip): void {
    this.#queue.add(this.#numbers.allocate(ip));
  }

  /** Takes the oldest IP; returns undefined if none is queued. */
  take(): Ip | undefined {
    const number = this.#queue.take();
    return number === undefined ? undefined : this.#numbers.ipOf(number);
  }

  /** Ends the processing of an IP that was taken. True if it was added meanwhile, and so is queued again. */
  release(ip: Ip): boolean {
    const number = this.#numbers.find(ip);
    if (number === undefined) return false;
    const again = this.#queue.release(number);
    if (!again) this.#numbers.free(ip);
    return again;
  }
}
