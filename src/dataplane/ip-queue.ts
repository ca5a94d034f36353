import type { Ip } from '../types/index.js';
import { IpKeys } from './ip-keys.js';
import { MacQueue } from './mac-queue.js';

/** A MacQueue of IPs. */
export class IpQueue {
  readonly #keys = new IpKeys();
  readonly #queue = new MacQueue();

  /** How many wait to be taken. */
  get size(): number {
    return this.#queue.size;
  }

  /** None waits, and none is taken. */
  get isIdle(): boolean {
    return this.#queue.isIdle;
  }

  /** It waits or is taken. */
  has(ip: Ip): boolean {
    const key = this.#keys.find(ip);
    return key !== undefined && this.#queue.has(key);
  }

  /** Queues the IP; one that waits already keeps its turn. */
  add(ip: Ip): void {
    this.#queue.add(this.#keys.give(ip));
  }

  /** Takes the oldest IP; undefined when none waits. */
  take(): Ip | undefined {
    const key = this.#queue.take();
    return key === undefined ? undefined : this.#keys.ipOf(key);
  }

  /** Gives an IP back that was taken; true where it was marked meanwhile, so that it waits again. */
  release(ip: Ip): boolean {
    const key = this.#keys.find(ip);
    if (key === undefined) return false;
    const again = this.#queue.release(key);
    if (!again) this.#keys.drop(ip);
    return again;
  }
}
