import { MapQueue } from '../../tables/index.js';
import { formatIp } from '../../types/index.js';
import type { Operation } from '../kernel.js';
import { RTPROT_EVPND } from '../ownership.js';
import type { NexthopRow } from '../rows.js';
import type { Intent } from './intents.js';
import { MapIntents } from './map-intents.js';
import { type DeviceName, OwnedTable } from './owned-table.js';
import type { RoutesPlace } from './routes-place.js';

/** Rows that an id among the kernel's nexthops names: nexthops, or groups of them. Those that lead to them come after. */
export abstract class NexthopKind<Want extends Intent> extends OwnedTable<number, Want, RoutesPlace> {
  declare readonly intents: MapIntents<number, Want>;
  /** Rows of this kind have members. */
  protected abstract readonly isGroup: boolean;

  constructor(place: RoutesPlace) {
    super(place, new MapIntents(), new MapQueue(), true);
  }

  protected abstract isAsWanted(row: NexthopRow, want: Want): boolean;
  protected abstract addition(id: number, want: Want, replaces: boolean): Operation;
  protected abstract removal(id: number): Operation;

  difference(id: number, want: Want | undefined, out: Operation[]): void {
    const row = this.#row(id);
    if (!want) {
      if (row && this.#isOurs(row)) out.push(this.removal(id));
    } else if (!row) out.push(this.addition(id, want, false));
    else if (this.#isOurs(row) && !this.isAsWanted(row, want)) out.push(this.addition(id, want, true));
  }

  fits(id: number): boolean {
    const want = this.intents.peek(id);
    const row = this.#row(id);
    return want === undefined || (row !== undefined && this.#isOurs(row) && this.isAsWanted(row, want));
  }

  holdsOwn(id: number): boolean {
    const row = this.#row(id);
    return row !== undefined && this.#isOurs(row);
  }

  isSetByHand(id: number): boolean {
    const row = this.#row(id);
    return row !== undefined && row.protocol !== RTPROT_EVPND;
  }

  *ownedKeys(): Iterable<number> {
    for (const row of this.place.rows.nexthops())
      if (this.#isOurs(row) && this.place.ownsNexthop(row.id)) yield row.id;
  }

  found(id: number, nameOf: DeviceName): string {
    const row = this.#row(id);
    return row ? words(row, nameOf) : `no nexthop ${this.isGroup ? 'group ' : ''}${id}`;
  }

  strays(): void {}

  #row(id: number): NexthopRow | undefined {
    return this.place.rows.nexthop(id);
  }

  #isOurs({ protocol, members }: NexthopRow): boolean {
    return protocol === RTPROT_EVPND && (members !== undefined) === this.isGroup;
  }
}

/** A nexthop or group, in words. */
function words({ id, members, gateway, ifindex, protocol }: NexthopRow, nameOf: DeviceName): string {
  const whose = protocol === RTPROT_EVPND ? '' : ` proto ${protocol}`;
  if (members) return `nexthop ${id} group ${members.join('/')}${whose}`;
  const via = gateway === undefined ? '' : ` via ${formatIp(gateway)}`;
  return `nexthop ${id}${via}${ifindex === 0 ? '' : ` dev ${nameOf(ifindex)}`}${whose}`;
}
