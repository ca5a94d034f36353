import type { PlaneKey, TableKeys, TableName } from './key.js';

/** A map by keys of all tables. */
export class KeyMap<Value> {
  readonly #maps = new Map<TableName, Map<TableKeys[TableName], Value>>();

  get size(): number {
    let size = 0;
    for (const { size: each } of this.#maps.values()) size += each;
    return size;
  }

  get({ table, key }: PlaneKey): Value | undefined {
    return this.#maps.get(table)?.get(key);
  }

  set({ table, key }: PlaneKey, value: Value): void {
    let map = this.#maps.get(table);
    if (!map) {
      map = new Map();
      this.#maps.set(table, map);
    }
    map.set(key, value);
  }

  delete({ table, key }: PlaneKey): void {
    this.#maps.get(table)?.delete(key);
  }

  /** Every value, table by table. */
  *values(): Iterable<Value> {
    for (const map of this.#maps.values()) yield* map.values();
  }

  /** Forgets the values that fit. */
  drop(fits: (value: Value) => boolean): void {
    for (const map of this.#maps.values()) for (const [key, value] of map) if (fits(value)) map.delete(key);
  }
}
