import {
  type DataPlane,
  foundText,
  type Operation,
  type PlaneKey,
  type VniPlane,
  wantedText,
} from '../../dataplane/index.js';
import { compareIp, formatIp, formatMac, isVni, toVni, type Vni } from '../../types/index.js';
import { ipOrder, macOrder } from '../orders.js';
import { type KeyOrder, type Pages, pagesByKey } from '../paging.js';
import type { PendingWriteItem } from '../trouble-schemas.js';
import { portName } from './kernel-rows.js';

type PendingKey = PlaneKey & { readonly vni: Vni };
type Row = PlaneKey & { readonly plane: VniPlane };

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

/** What is to be written, in one VNI or in all. */
export function pendingPages(dataPlane: DataPlane, vni: Vni | undefined): Pages<PendingWriteItem> {
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
    vni: plane.vni,
    table: which.table,
    mac: which.table === 'mac' ? formatMac(which.key) : null,
    ip: which.table === 'mac' ? null : formatIp(which.key),
    writes: [...new Set(plane.operations(which).map(writeText))],
    found: foundText(plane, which, (port) => portName(dataPlane, port)),
    wanted: wantedText(plane, which),
  };
}

function writeText({ verb, table }: Operation): string {
  return `${verb} ${table}`;
}
