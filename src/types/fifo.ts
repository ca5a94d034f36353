import { emptyList } from './list.js';

/** Slots of taken items are freed when there are this many and they are half of the array. */
const COMPACT_FROM = 64;

/**
 * A first-in first-out queue; an item costs an array slot, and taking one costs the same at any length. Whether
 * an item is queued already is known to its owner, by a field of the item.
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

  /** Removes and returns the oldest item; undefined if there is none. */
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
