import { emptyList } from '../types/index.js';

/** What a DirtyQueue can hold. */
export interface Markable {
  /** True while it is queued; written by the queue alone. */
  dirty: boolean;
}

/** Taken slots are let go once there are this many and they are half of the array. */
const COMPACT_FROM = 65_536;

/**
 * Items to be looked at, each once however often it is marked, in the order of their marking. The mark is a field of the
 * item, so that queueing costs an array slot and taking costs the same however many there are.
 */
export class DirtyQueue<Item extends Markable> {
  #items = emptyList<Item>();
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Queues the item; false where it is queued already. */
  add(item: Item): boolean {
    if (item.dirty) return false;
    item.dirty = true;
    this.#items.push(item);
    return true;
  }

  /** Takes the oldest item; undefined when none is left. */
  take(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head++];
    item.dirty = false;
    if (this.#head === this.#items.length) {
      this.#items = emptyList();
      this.#head = 0;
    } else if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
