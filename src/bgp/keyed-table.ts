import { MixedMap } from '../tables/index.js';
import type { Family, Route } from '../wire/index.js';
import type { RouteTable } from './table.js';

/** Routes of a family whose key is one value. */
export class KeyedTable<Nlri extends Route, Entry extends object & { readonly nlri: Nlri }>
  implements RouteTable<Nlri, Entry>
{
  readonly #family: Family<Nlri>;
  readonly #entries = new MixedMap<number | string, Entry>();

  constructor(family: Family<Nlri>) {
    this.#family = family;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(nlri: Nlri): Entry | undefined {
    return this.#entries.get(this.#family.keyOf(nlri));
  }

  add(entry: Entry): void {
    this.#entries.add(this.#family.keyOf(entry.nlri), entry);
  }

  remove(entry: Entry): void {
    const key = this.#family.keyOf(entry.nlri);
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  *entries(): IterableIterator<Entry, undefined> {
    yield* this.#entries.values();
  }
}
