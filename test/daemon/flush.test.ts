import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { OUR_ROWS, RTPROT_EVPND } from '../../src/dataplane/index.js';
import { flushRows } from '../../src/flush.js';
import {
  formatMac,
  type Mac,
  parseIp,
  parseMac,
  parsePrefix,
  silentLog,
  toVni,
} from '../../src/types/index.js';
import { MemoryWorld } from '../dataplane/memory-world.js';

const EBUSY = 16;
const [FIRST, SECOND] = ['02:00:00:00:00:01', '02:00:00:00:00:02'].map(parseMac);

/** A kernel with rows of two remote MACs that an evpnd left behind. */
async function leftBehind(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), 'evpnd-flush-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const config = parseConfig(
    `{asn: 65001, router-id: 10.0.0.1, neighbors: [], state-directory: ${directory}}`,
    'flush.yaml',
  );
  const world = new MemoryWorld();
  const { bridgeIfindex, vxlanIfindex } = await world.addVni(toVni(10010), parseIp('10.0.0.1'));
  for (const mac of [FIRST, SECOND]) {
    world.kernel.putBridge({ bridgeIfindex, vlan: 0, mac, port: vxlanIfindex, ...OUR_ROWS.bridge });
    world.kernel.putVxlan({
      ifindex: vxlanIfindex,
      srcVni: 0,
      mac,
      dst: parseIp('10.0.0.2'),
      nexthopId: 0,
      ...OUR_ROWS.vxlan,
    });
  }
  const { kernel } = world;
  const rowOf = (mac: Mac) => kernel.tables.bridgeRow(bridgeIfindex, 0, mac);
  return { config, kernel, rowOf };
}

test('a flush counts the MACs whose rows went', async (t) => {
  const { config, kernel, rowOf } = await leftBehind(t);
  t.deepEqual(await flushRows(config, kernel, silentLog), { removed: 2, routes: 0, left: 0 });
  for (const mac of [FIRST, SECOND]) t.is(rowOf(mac), undefined, formatMac(mac));
});

test('what the kernel keeps is left, and not counted as removed', async (t) => {
  const { config, kernel, rowOf } = await leftBehind(t);
  kernel.fault = (operation) => ('mac' in operation && operation.mac === SECOND ? EBUSY : 0);
  t.deepEqual(await flushRows(config, kernel, silentLog), { removed: 1, routes: 0, left: 1 });
  t.is(rowOf(FIRST), undefined);
  t.truthy(rowOf(SECOND));
});

const STATIC = 4;
const [OUR_HOP, OUR_GROUP, THEIR_HOP] = [0x4500_0000, 0x4500_0001, 7];

for (const underlay of ['{}', '{ enabled: true, metric: 30 }', '{ enabled: true, routing-table: 100 }'])
  test(`routes and nexthops of another configuration go, those of others stay: underlay ${underlay}`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'evpnd-flush-'));
    t.teardown(() => rmSync(directory, { recursive: true }));
    const config = parseConfig(
      `{asn: 65001, router-id: 10.0.0.1, neighbors: [], state-directory: ${directory}, underlay: ${underlay}}`,
      'flush.yaml',
    );
    const { kernel } = new MemoryWorld();
    const nexthop = { ifindex: 2, gateway: parseIp('10.1.1.0'), members: undefined };
    kernel.putNexthop({ id: OUR_HOP, protocol: RTPROT_EVPND, ...nexthop });
    kernel.putNexthop({
      id: OUR_GROUP,
      protocol: RTPROT_EVPND,
      ifindex: 0,
      gateway: undefined,
      members: [OUR_HOP],
    });
    kernel.putNexthop({ id: THEIR_HOP, protocol: STATIC, ...nexthop });
    const route = (prefix: string, tableId: number) => ({
      tableId,
      prefix: parsePrefix(prefix),
      metric: 20,
      protocol: RTPROT_EVPND,
      nexthopId: OUR_GROUP,
    });
    kernel.putRoute(route('10.0.0.2/32', 254));
    kernel.putRoute(route('2001:db8::2/128', 254));
    kernel.putRoute(route('10.0.0.3/32', 100));
    kernel.putRoute({ ...route('192.0.2.0/24', 254), protocol: STATIC, nexthopId: THEIR_HOP });
    t.deepEqual(await flushRows(config, kernel, silentLog), { removed: 0, routes: 3, left: 0 });
    t.deepEqual([...kernel.tables.routeRows()], []);
    t.deepEqual(
      [...kernel.tables.nexthopRows()].map(({ id }) => id),
      [THEIR_HOP],
    );
    t.is(kernel.foreignRoutes.size, 1);
  });

test('routes and nexthops that the kernel keeps are left, in whatever table', async (t) => {
  const { config, kernel } = await leftBehind(t);
  kernel.putNexthop({
    id: OUR_HOP,
    protocol: RTPROT_EVPND,
    ifindex: 2,
    gateway: parseIp('10.1.1.0'),
    members: undefined,
  });
  const route = {
    prefix: parsePrefix('10.0.0.2/32'),
    metric: 20,
    protocol: RTPROT_EVPND,
    nexthopId: OUR_HOP,
  };
  for (const tableId of [254, 100]) kernel.putRoute({ ...route, tableId });
  kernel.fault = ({ table }) => (table === 'route' || table === 'nexthop' ? EBUSY : 0);
  t.deepEqual(await flushRows(config, kernel, silentLog), { removed: 2, routes: 0, left: 3 });
});
