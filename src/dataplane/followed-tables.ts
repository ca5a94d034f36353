import { sameSet } from '../types/index.js';
import type { Kernel } from './kernel.js';

/** Which routing tables' routes of others are known, beside the main one: those that somebody wants. */
export class FollowedTables {
  readonly #wanted = new Map<object, ReadonlySet<number>>();
  #tables: ReadonlySet<number> = new Set();
  #latest: Promise<void> = Promise.resolve();

  constructor(readonly kernel: Pick<Kernel, 'followTables'>) {}

  /** From now on this one wants these; resolves when they are known. */
  want(who: object, tables: ReadonlySet<number>): Promise<void> {
    this.#wanted.set(who, tables);
    const all = new Set([...this.#wanted.values()].flatMap((each) => [...each]));
    if (sameSet(all, this.#tables)) return this.#latest;
    this.#tables = all;
    this.#latest = this.kernel.followTables(all);
    return this.#latest;
  }
}
