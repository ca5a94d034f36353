import { type Static, Type } from '@sinclair/typebox';
import type { DataPlane, Operation, VniKey, VniPlane } from '../../dataplane/index.js';
import { compareIp, isVni, toVni, type Vni } from '../../types/index.js';
import { ipOrder, macOrder } from '../orders.js';
import { type KeyOrder, type Pages, pagesByKey } from '../paging.js';
import { PageQuery, vniFilter } from '../parameters.js';
import { portName } from '../parts/kernel-rows.js';
import { VniKeyProperties, vniKeyItem } from '../parts/plane-key.js';
import { listOf, pageOf, type Resource } from '../resource.js';
import { closed, Text } from '../schema-words.js';

const PendingWriteSchema = Type.Object(
  {
    ...VniKeyProperties,
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
        'Rows that are to be written now; in mode observe those that would be, were it active. By VNI, table and address',
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

type PendingKey = VniKey & { readonly vni: Vni };
type Row = VniKey & { readonly plane: VniPlane };

const TABLES = ['flood', 'mac', 'neigh'] as const;

/** By VNI, table and address. */
const pendingOrder: KeyOrder<PendingKey> = {
  compare(a, b) {
    if (a.vni !== b.vni) return a.vni - b.vni;
    if (a.table === 'mac') return b.table === 'mac' ? a.key - b.key : rank(a) - rank(b);
    return b.table === 'mac' || a.table !== b.table ? rank(a) - rank(b) : compareIp(a.key, b.key);
  },
  encode: (which) =>
    `${which.vni}/${which.table}/${which.table === 'mac' ? macOrder.encode(which.key) : ipOrder.encode(which.key)}`,
  decode(text) {
    const [, number = '', table, address] = /^(\d{1,8})\/(mac|flood|neigh)\/(.+)$/.exec(text) ?? [];
    if (!isVni(Number(number))) return undefined;
    const vni = toVni(Number(number));
    if (table === 'mac') {
      const key = macOrder.decode(address);
      return key === undefined ? undefined : { vni, table, key };
    }
    const key = ipOrder.decode(address);
    return key === undefined ? undefined : { vni, table: table === 'flood' ? table : 'neigh', key };
  },
};

function rank({ table }: PendingKey): number {
  return TABLES.indexOf(table);
}

/** Returns the rows to be written, of one VNI or of all. */
function pendingPages(dataPlane: DataPlane, vni: Vni | undefined): Pages<PendingWriteItem> {
  return pagesByKey<Row, PendingKey, PendingWriteItem>({
    total: null,
    rows: () => dataPlane.pendingKeys(),
    where: ({ plane, ...which }) =>
      (vni === undefined || plane.vni === vni) && plane.operations(which).length > 0,
    key: ({ plane, ...which }) => ({ ...which, vni: plane.vni }),
    order: pendingOrder,
    item: (row) => pendingItem(dataPlane, row),
  });
}

function pendingItem(dataPlane: DataPlane, { plane, ...which }: Row): PendingWriteItem {
  return {
    ...vniKeyItem(plane.vni, which),
    writes: [...new Set(plane.operations(which).map(writeText))],
    found: plane.foundText(which, (port) => portName(dataPlane, port)),
    wanted: plane.wantedText(which),
  };
}

function writeText({ verb, table }: Operation): string {
  return `${verb} ${table}`;
}
