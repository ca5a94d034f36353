import type { Ip, Mac, PrefixKey } from '../../types/index.js';

/** The kernel tables that rows are wanted in, each with what names a row of it to its owner. */
export interface TableKeys {
  /** The bridge's and the VXLAN device's rows of a remote MAC. */
  readonly mac: Mac;
  /** The default destination of a VTEP. */
  readonly flood: Ip;
  /** A remote host's neighbor on the SVI. */
  readonly neigh: Ip;
  /** A nexthop, by its id. */
  readonly nexthop: number;
  /** A group of nexthops, by its id, which no nexthop has. */
  readonly 'nexthop-group': number;
  /** A route of a routing table. */
  readonly route: PrefixKey;
}

export type TableName = keyof TableKeys;

/** A key of one of the tables, for what is dirty, failed or drifted. */
export type PlaneKey<Name extends TableName = TableName> = {
  readonly [Each in Name]: { readonly table: Each; readonly key: TableKeys[Each] };
}[Name];

/** Returns the address that a key is of: a host's, or a VTEP's where the table is flood; of the other tables it has neither. */
export function addressOf(which: PlaneKey): { readonly mac?: Mac; readonly ip?: Ip } {
  if (which.table === 'mac') return { mac: which.key };
  return which.table === 'flood' || which.table === 'neigh' ? { ip: which.key } : {};
}
