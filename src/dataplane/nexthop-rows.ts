import type { NexthopRow } from './rows.js';

const NO_GROUPS: readonly number[] = [];

/**
 * Nexthops and groups as the kernel holds them, by id, by device and by member: a hundred VRFs with hundreds of leaves each have tens
 * of thousands, so that none is looked for by a walk over all.
 */
export class NexthopRows {
  readonly #rows = new Map<number, NexthopRow>();
  readonly #groupsOf = new Map<number, number[]>();
  readonly #onDevice = new Map<number, Set<number>>();

  get size(): number {
    return this.#rows.size;
  }

  get(id: number): NexthopRow | undefined {
    return this.#rows.get(id);
  }

  values(): Iterable<NexthopRow> {
    return this.#rows.values();
  }

  /** The ids of groups that have the nexthop as a member; none may come or go meanwhile. */
  groupsOf(member: number): readonly number[] {
    return this.#groupsOf.get(member) ?? NO_GROUPS;
  }

  /** The ids of nexthops on the device; none may come or go meanwhile. */
  onDevice(ifindex: number): Iterable<number> {
    return this.#onDevice.get(ifindex) ?? NO_GROUPS;
  }

  /** Stores the row in the place of what has its id. */
  put(row: NexthopRow): void {
    this.delete(row.id);
    this.#rows.set(row.id, row);
    if (row.ifindex !== 0) {
      const ids = this.#onDevice.get(row.ifindex);
      if (ids) ids.add(row.id);
      else this.#onDevice.set(row.ifindex, new Set([row.id]));
    }
    for (const member of row.members ?? []) {
      const groups = this.#groupsOf.get(member);
      if (groups) groups.push(row.id);
      else this.#groupsOf.set(member, [row.id]);
    }
  }

  /** Forgets the row; groups that have it as a member keep it. */
  delete(id: number): void {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#rows.delete(id);
    const ids = this.#onDevice.get(row.ifindex);
    ids?.delete(id);
    if (ids?.size === 0) this.#onDevice.delete(row.ifindex);
    for (const member of row.members ?? []) {
      const groups = this.#groupsOf.get(member);
      if (!groups) continue;
      groups.splice(groups.indexOf(id), 1);
      if (groups.length === 0) this.#groupsOf.delete(member);
    }
  }
}
