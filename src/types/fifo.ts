import { emptyList } from './list.js';

/** Taken slots are let go once there are this many and they are half of the array. */
const COMPACT_FROM = 64;

/**
 * Items in the order in which they came; each costs an array slot, and taking one the same however many there are. Whether
 * an item is in it already, its owner knows, by a field of the item: code for one class of items is faster than for all.
 */
export class Fifo<Item extends object> {
  #items = emptyList<Item>();
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the oldest item; undefined when none is left. */
  take(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head++];
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
