import { type Static, Type } from '@sinclair/typebox';
import {
  type DataPlane,
  type Operation,
  type OwnerPlane,
  type PlaneKey,
  type TableKeys,
  type TableName,
  vniOf,
} from '../../dataplane/index.js';
import { isVni, toVni, type Vni } from '../../types/index.js';
import { ipOrder, macOrder, numberOrder, prefixOrder } from '../orders.js';
import { type KeyOrder, type Pages, pagesByKey } from '../paging.js';
import { PageQuery, vniFilter } from '../parameters.js';
import { portName } from '../parts/kernel-rows.js';
import { PlaneKeyProperties, planeKeyItem } from '../parts/plane-key.js';
import { listOf, pageOf, type Resource } from '../resource.js';
import { closed, Text } from '../schema-words.js';

const PendingWriteSchema = Type.Object(
  {
    ...PlaneKeyProperties,
    writes: Type.Array(Text('Verb and kernel table; the manual explains them.'), {
      description: 'The operations in order, without repetitions.',
    }),
    found: Text('The present rows.'),
    wanted: Text('The wanted rows.'),
  },
  { $id: 'PendingWrite', ...closed },
);

export type PendingWriteItem = Static<typeof PendingWriteSchema>;

const PendingQuery = Type.Object({ ...PageQuery.properties, vni: vniFilter('Only of this VNI.') }, closed);

interface PendingReads {
  /** Rows to be written to the kernel; in mode `observe`, rows that would be written. */
  pendingWrites(vni: Vni | undefined): Pages<PendingWriteItem>;
}

/** Rows that are to be written. */
export const pendingWrites: Resource<PendingReads> = {
  schemas: [PendingWriteSchema],
  endpoints: [
    {
      path: '/pending-writes',
      summary:
        'Rows that are to be written now; in mode observe those that would be, were it active. By VNI, those of the underlay last, then by table and key',
      query: PendingQuery,
      answer: listOf('PendingWrite'),
      problems: [400],
      handle: (model, { query }, turns) => {
        const { vni } = query as Static<typeof PendingQuery>;
        return pageOf(model.pendingWrites(vni as Vni | undefined), query, turns);
      },
    },
  ],
  reads: ({ dataPlane }) => ({ pendingWrites: (vni) => pendingPages(dataPlane, vni) }),
};

/** A row that is to be written; `vni` is undefined for one of the underlay. */
type PendingKey = PlaneKey & { readonly vni: Vni | undefined };
type Row = PlaneKey & { readonly plane: OwnerPlane };

/** The order of the keys of each table; that of the tables is theirs here. */
const ORDERS: { readonly [Name in TableName]: KeyOrder<TableKeys[Name]> } = {
  flood: ipOrder,
  mac: macOrder,
  neigh: ipOrder,
  nexthop: numberOrder,
  'nexthop-group': numberOrder,
  route: prefixOrder,
};
const TABLES = Object.keys(ORDERS);
const UNDERLAY = 'underlay';

/** The table's name and the order of its keys agree. */
function orderOf(table: TableName): KeyOrder<TableKeys[TableName]> {
  return ORDERS[table] as KeyOrder<TableKeys[TableName]>;
}

/** By VNI, those of the underlay last, then by table and key. */
const pendingOrder: KeyOrder<PendingKey> = {
  compare(a, b) {
    if (a.vni !== b.vni) return (a.vni ?? Number.POSITIVE_INFINITY) - (b.vni ?? Number.POSITIVE_INFINITY);
    if (a.table !== b.table) return TABLES.indexOf(a.table) - TABLES.indexOf(b.table);
    return orderOf(a.table).compare(a.key, b.key);
  },
  encode: ({ vni, table, key }) => `${vni ?? UNDERLAY}/${table}/${orderOf(table).encode(key)}`,
  decode(text) {
    const [, owner = '', table = '', encoded = ''] = /^([^/]+)\/([^/]+)\/(.+)$/.exec(text) ?? [];
    const number = Number(owner);
    if (!TABLES.includes(table) || (owner !== UNDERLAY && !isVni(number))) return undefined;
    const key = orderOf(table as TableName).decode(encoded);
    if (key === undefined) return undefined;
    return { vni: owner === UNDERLAY ? undefined : toVni(number), table, key } as PendingKey;
  },
};

/** Returns the rows to be written, of one VNI or of all and the underlay. */
function pendingPages(dataPlane: DataPlane, vni: Vni | undefined): Pages<PendingWriteItem> {
  return pagesByKey<Row, PendingKey, PendingWriteItem>({
    total: null,
    rows: () => dataPlane.pendingKeys(),
    where: ({ plane, ...which }) =>
      (vni === undefined || vniOf(plane.owner) === vni) && plane.operations(which).length > 0,
    key: ({ plane, ...which }) => ({ ...which, vni: vniOf(plane.owner) }),
    order: pendingOrder,
    item: (row) => pendingItem(dataPlane, row),
  });
}

function pendingItem(dataPlane: DataPlane, { plane, ...which }: Row): PendingWriteItem {
  return {
    ...planeKeyItem(vniOf(plane.owner), which),
    writes: [...new Set(plane.operations(which).map(writeText))],
    found: plane.foundText(which, (port) => portName(dataPlane, port)),
    wanted: plane.wantedText(which),
  };
}

function writeText({ verb, table }: Operation): string {
  return `${verb} ${table}`;
}
