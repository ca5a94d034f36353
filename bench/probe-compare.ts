/** The kernel's rows one by one against what was announced, in arrays by route number: a million rows take seconds. */
import { Ntf } from '../src/dataplane/index.js';
import * as K from '../src/linux/constants.js';
import type { Ip } from '../src/types/index.js';
import {
  BRIDGE,
  deviceOf,
  dump,
  identify,
  isDefaultDestination,
  message,
  NEIGH,
  VXLAN,
} from './probe-rows.js';
import { indexes, type Routes, type Spread, vniIndexOf, vtepAt, vtepIndexOf, vtepsOf } from './workload.js';

/** What a comparison of the kernel with the announcements found, in rows. */
export interface Comparison {
  missing: number;
  stale: number;
  wrong: number;
}

/** What should stand in the kernel. */
export interface Wanted {
  /** undefined: no row of a remote host. */
  readonly routes: Routes | undefined;
  /** VNIs of the fabric. */
  readonly vnis: number;
  /** Behind which of the two VTEPs all hosts are, where they are not spread. */
  readonly vtep: number;
  /** Default destinations; null: none at all; undefined: they are not looked at. */
  readonly floods: Spread | null | undefined;
}

/** Route numbers below this are the benchmark's. */
const CAPACITY = 1 << 20;
/** In the tables: no row, and a row that stands in the wrong VNI. Else the destination, 1 where a table has none. */
const NONE = 0;
const ASTRAY = 2;
const tables = new Map([BRIDGE, VXLAN, NEIGH].map((bit) => [bit, new Uint32Array(CAPACITY)]));

/** Dumps each device by itself: a dump of all would take time quadratic in the rows of all. */
export async function compare({ routes, vnis, vtep, floods }: Wanted): Promise<Comparison> {
  const result = { missing: 0, stale: 0, wrong: 0 };
  for (const table of tables.values()) table.fill(NONE);
  let vni = -1;
  let defaults = new Set<Ip>();
  const visit = () => {
    if (isDefaultDestination() && message.dst !== undefined) defaults.add(message.dst);
    if (!(message.flags & Ntf.EXT_LEARNED)) return;
    const { bit, index } = identify();
    const table = tables.get(bit);
    if (!table || index < 0 || index >= CAPACITY) return;
    const astray = bit !== NEIGH && routes !== undefined && vniIndexOf(routes, index) !== vni;
    table[index] = astray ? ASTRAY : typeof message.dst === 'number' ? message.dst : 1;
  };
  for (vni = 0; vni < vnis; vni++) {
    defaults = new Set();
    await dump(K.AF_BRIDGE, deviceOf('vx', vni), visit);
    if (floods === undefined) continue;
    const wanted = floods === null ? [] : vtepsOf(floods, vni).map(vtepAt);
    const missing = wanted.filter((address) => !defaults.has(address)).length;
    result.missing += missing;
    result.stale += defaults.size - (wanted.length - missing);
  }
  await dump(K.AF_INET, 0, visit);
  for (const [bit, table] of tables) {
    if (routes && (bit !== NEIGH || routes.withIp))
      for (const i of indexes(routes)) {
        const found = table[i];
        const right = bit !== VXLAN || found === vtepAt(vtepIndexOf(routes, i, vtep));
        if (found === NONE) result.missing++;
        else if (found === ASTRAY || !right) result.wrong++;
        table[i] = NONE;
      }
    for (const found of table) if (found !== NONE) result.stale++;
  }
  return result;
}
