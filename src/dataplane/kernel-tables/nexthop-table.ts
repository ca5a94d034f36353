import { formatIp, IPV4_ANY } from '../../types/index.js';
import type { Operation } from '../kernel.js';
import { RTPROT_EVPND } from '../ownership.js';
import type { NexthopRow } from '../rows.js';
import type { NexthopIntent } from './intents.js';
import { MapIntents } from './map-intents.js';
import { MapQueue } from './map-queue.js';
import { type DeviceName, OwnedTable } from './owned-table.js';
import type { RoutesPlace } from './routes-place.js';

/** Of a nexthop that is deleted, which its id names. */
const UNSAID = { ifindex: 0, gateway: IPV4_ANY } as const;

/** The nexthops that the routes of an owner take. Another nexthop has another id. */
export class Nexthops extends OwnedTable<number, NexthopIntent, RoutesPlace> {
  declare readonly intents: MapIntents<number, NexthopIntent>;

  constructor(place: RoutesPlace) {
    super(place, new MapIntents(), new MapQueue(), true);
  }

  difference(id: number, want: NexthopIntent | undefined, out: Operation[]): void {
    const row = this.#row(id);
    if (!want) {
      if (row && isOurs(row)) out.push({ table: 'nexthop', verb: 'delete', id, ...UNSAID, replaces: false });
    } else if (!row) out.push(addition(id, want, false));
    else if (isOurs(row) && !isAsWanted(row, want)) out.push(addition(id, want, true));
  }

  fits(id: number): boolean {
    const want = this.intents.peek(id);
    const row = this.#row(id);
    return want === undefined || (row !== undefined && isOurs(row) && isAsWanted(row, want));
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
    return row ? nexthopWords(row, nameOf) : `no nexthop ${id}`;
  }

  wanted(id: number, want: NexthopIntent | undefined): string {
    return want ? `nexthop ${id} via ${formatIp(want.gateway)}` : 'nothing';
  }

  strays(): void {}

  keyOf(operation: Operation): number | undefined {
    return operation.table === 'nexthop' ? operation.id : undefined;
  }

  #row(id: number): NexthopRow | undefined {
    return this.place.rows.nexthop(id);
  }
}

/** True for a nexthop of ours that is no group. */
function isOurs({ protocol, members }: NexthopRow): boolean {
  return protocol === RTPROT_EVPND && members === undefined;
}

function isAsWanted(row: NexthopRow, { ifindex, gateway }: NexthopIntent): boolean {
  return row.ifindex === ifindex && row.gateway === gateway;
}

function addition(id: number, { ifindex, gateway }: NexthopIntent, replaces: boolean): Operation {
  return { table: 'nexthop', verb: 'add', id, ifindex, gateway, replaces };
}

/** A nexthop or group, in words. */
export function nexthopWords(row: NexthopRow, nameOf: DeviceName): string {
  const { id, members, gateway, ifindex, protocol } = row;
  const whose = protocol === RTPROT_EVPND ? '' : ` proto ${protocol}`;
  if (members) return `nexthop ${id} group ${members.join('/')}${whose}`;
  const via = gateway === undefined ? '' : ` via ${formatIp(gateway)}`;
  return `nexthop ${id}${via}${ifindex === 0 ? '' : ` dev ${nameOf(ifindex)}`}${whose}`;
}
