import type { Ip, Mac } from '../../types/index.js';

/** The kernel tables that rows are wanted in, each with what names a row of it to its owner. */
export interface TableKeys {
  /** The bridge's and the VXLAN device's rows of a remote MAC. */
  readonly mac: Mac;
  /** The default destination of a VTEP. */
  readonly flood: Ip;
  /** A remote host's neighbor on the SVI. */
  readonly neigh: Ip;
}

export type TableName = keyof TableKeys;

/** A key of one of the tables, for what is dirty, failed or drifted. */
export type PlaneKey<Name extends TableName = TableName> = {
  readonly [Each in Name]: { readonly table: Each; readonly key: TableKeys[Each] };
}[Name];
