import type { Operation } from '../kernel.js';
import { vxlanDefault } from './flood-operations.js';
import { bridge, fdb, vxlan } from './mac-operations.js';
import { neigh, neighProbe } from './neigh-operations.js';
import type { OperationKind, OperationOn } from './operation-kind.js';
import { nexthop, nexthopGroup, route } from './route-operations.js';

type Kinds = { readonly [Table in Operation['table']]: OperationKind<OperationOn<Table>> };

/** A row as somebody had set it. */
const byHand: OperationKind<OperationOn<'by-hand'>> = {
  flies: true,
  isWhole: false,
  enter(operation, { mirror }) {
    if (operation.of === 'bridge') mirror.putBridge(operation.row);
    else mirror.putNeigh(operation.row);
  },
};

const KINDS: Kinds = {
  bridge,
  vxlan,
  fdb,
  'vxlan-default': vxlanDefault,
  neigh,
  nexthop,
  'nexthop-group': nexthopGroup,
  route,
  'by-hand': byHand,
  'neigh-probe': neighProbe,
};

/** What was asked for last: of a bulk it is mostly the same, and V8 is slow to find a field by a name that varies. */
let latestTable: Operation['table'] = 'fdb';
let latest: OperationKind<Operation> = fdb;

/** Returns what the operation is to the data plane. */
export function kindOf({ table }: Operation): OperationKind<Operation> {
  if (table !== latestTable) {
    latestTable = table;
    latest = KINDS[table];
  }
  return latest;
}
