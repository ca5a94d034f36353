/*
 * The kernel tables that the data plane writes. A table is a row here, and a file beside it: what is wanted of it, how that
 * differs from what stands, whose its rows are, and how they are named.
 */
import { formatIp, formatMac, formatPrefix } from '../../types/index.js';
import { DefaultDestinations } from './flood-table.js';
import type { PlaneKey, TableKeys, TableName } from './key.js';
import { RemoteMacs } from './mac-table.js';
import { RemoteNeighs } from './neigh-table.js';
import { NexthopGroups } from './nexthop-group-table.js';
import { Nexthops } from './nexthop-table.js';
import { type Ordered, stagesOf } from './order.js';
import { Routes } from './route-table.js';
import type { RoutesPlace } from './routes-place.js';
import type { VniPlace } from './vni-place.js';

interface KernelTable<Key> extends Ordered {
  /** A key as people write it. */
  format(key: Key): string;
}

/** Each table by its name in the API and the log. */
export const KERNEL_TABLES: { readonly [Name in TableName]: KernelTable<TableKeys[Name]> } = {
  mac: { after: [], flies: true, format: formatMac },
  // They are noted as ours when they stand, and should not stand for long before that
  flood: { after: [], flies: false, format: formatIp },
  neigh: { after: [], flies: true, format: formatIp },
  nexthop: { after: [], flies: true, format: String },
  'nexthop-group': { after: ['nexthop'], flies: true, format: String },
  route: { after: ['nexthop-group'], flies: true, format: formatPrefix },
};

export const TABLE_NAMES = Object.keys(KERNEL_TABLES) as readonly TableName[];

/** In which order what is dirty is written. */
export const STAGES = stagesOf(KERNEL_TABLES);

/** Returns what a VNI has of each table. */
export function tablesOfVni(place: VniPlace) {
  return {
    flood: new DefaultDestinations(place),
    mac: new RemoteMacs(place),
    neigh: new RemoteNeighs(place),
  };
}

/** Returns what the owner of a routing table has of each table. */
export function tablesOfRoutes(place: RoutesPlace) {
  return {
    nexthop: new Nexthops(place),
    'nexthop-group': new NexthopGroups(place),
    route: new Routes(place),
  };
}

/** The key's address as people write it. */
export function formatKey<Name extends TableName>(which: PlaneKey<Name>): string {
  return KERNEL_TABLES[which.table].format(which.key);
}
