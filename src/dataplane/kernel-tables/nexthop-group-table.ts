import type { Operation } from '../kernel.js';
import { RTPROT_EVPND } from '../ownership.js';
import { sameMembers } from '../route-rows.js';
import type { NexthopRow } from '../rows.js';
import type { NexthopGroupIntent } from './intents.js';
import { MapIntents } from './map-intents.js';
import { MapQueue } from './map-queue.js';
import { nexthopWords } from './nexthop-table.js';
import { type DeviceName, OwnedTable } from './owned-table.js';
import type { RoutesPlace } from './routes-place.js';

/**
 * The groups of nexthops over which the routes of an owner are spread: one for each set of BGP next hops, so that a change
 * of how they are reached, or of whether, is one write for all routes that have them.
 */
export class NexthopGroups extends OwnedTable<number, NexthopGroupIntent, RoutesPlace> {
  declare readonly intents: MapIntents<number, NexthopGroupIntent>;

  constructor(place: RoutesPlace) {
    super(place, new MapIntents(), new MapQueue(), true);
  }

  difference(id: number, want: NexthopGroupIntent | undefined, out: Operation[]): void {
    const row = this.#row(id);
    if (!want) {
      if (row && isOurs(row))
        out.push({ table: 'nexthop-group', verb: 'delete', id, members: [], replaces: false });
    } else if (!row) out.push(addition(id, want, false));
    else if (isOurs(row) && !sameMembers(row.members, want.members)) out.push(addition(id, want, true));
  }

  fits(id: number): boolean {
    const want = this.intents.peek(id);
    const row = this.#row(id);
    return want === undefined || (row !== undefined && isOurs(row) && sameMembers(row.members, want.members));
  }

  holdsOwn(id: number): boolean {
    const row = this.#row(id);
    return row !== undefined && isOurs(row);
  }

  isSetByHand(id: number): boolean {
    const row = this.#row(id);
    return row !== undefined && row.protocol !== RTPROT_EVPND;
  }

  *ownedKeys(): Iterable<number> {
    for (const row of this.place.rows.nexthops()) if (isOurs(row)) yield row.id;
  }

  found(id: number, nameOf: DeviceName): string {
    const row = this.#row(id);
    return row ? nexthopWords(row, nameOf) : `no nexthop group ${id}`;
  }

  wanted(id: number, want: NexthopGroupIntent | undefined): string {
    return want ? `nexthop ${id} group ${want.members.join('/')}` : 'nothing';
  }

  strays(): void {}

  keyOf(operation: Operation): number | undefined {
    return operation.table === 'nexthop-group' ? operation.id : undefined;
  }

  #row(id: number): NexthopRow | undefined {
    return this.place.rows.nexthop(id);
  }
}

function addition(id: number, { members }: NexthopGroupIntent, replaces: boolean): Operation {
  return { table: 'nexthop-group', verb: 'add', id, members, replaces };
}

/** True for a group of ours. */
function isOurs({ protocol, members }: NexthopRow): boolean {
  return protocol === RTPROT_EVPND && members !== undefined;
}
