import { NexthopIds } from './nexthop-ids.js';
import type { RouteRows } from './route-rows.js';

/** Who wants nexthops. */
interface NexthopOwner {
  wantsNexthop(id: number): boolean;
  /** The id is wanted, or its row is about to go. */
  hasNexthop(id: number): boolean;
}

/** Owners of ids that nobody has any more are forgotten when there are so many beyond those that stand. */
const SLACK = 1024;

/**
 * Whose our nexthops and groups are: they name no routing table, and several tables' owners write such. Rows that nobody
 * wanted since the start are those of one of them, which removes them.
 */
export class NexthopBook<Owner extends NexthopOwner> {
  readonly #ids = new NexthopIds();
  readonly #owners = new Map<number, Owner>();
  /** Whose rows are that nobody wanted. */
  heir: Owner | undefined;

  constructor(readonly rows: RouteRows) {}

  /** An id that nobody has, for the owner. */
  take(owner: Owner): number {
    const id = this.#ids.take((each) => {
      const known = this.#owners.get(each);
      return this.rows.nexthop(each) !== undefined || known?.hasNexthop(each) === true;
    });
    this.own(id, owner);
    return id;
  }

  /** The id is the owner's, until its row is gone. */
  own(id: number, owner: Owner): void {
    if (this.#owners.size > SLACK + 2 * this.rows.nexthopCount)
      for (const [each, known] of this.#owners)
        if (this.rows.nexthop(each) === undefined && !known.hasNexthop(each)) this.#owners.delete(each);
    this.#owners.set(id, owner);
  }

  /** Who wants the row, or wanted it last; undefined while there is nobody. */
  ownerOf(id: number): Owner | undefined {
    return this.#owners.get(id) ?? this.heir;
  }

  /** The owner may take over the row as it stands: nobody else wants it, or is about to remove it. */
  isFreeFor(owner: Owner, id: number): boolean {
    const known = this.#owners.get(id);
    return known === undefined || !(known === owner ? known.wantsNexthop(id) : known.hasNexthop(id));
  }
}
