import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { OUR_ROWS } from '../../src/dataplane/index.js';
import { flushRows } from '../../src/flush.js';
import { formatMac, type Mac, parseIp, parseMac, silentLog, toVni } from '../../src/types/index.js';
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
  t.deepEqual(await flushRows(config, kernel, silentLog), { removed: 2, left: 0 });
  for (const mac of [FIRST, SECOND]) t.is(rowOf(mac), undefined, formatMac(mac));
});

test('what the kernel keeps is left, and not counted as removed', async (t) => {
  const { config, kernel, rowOf } = await leftBehind(t);
  kernel.fault = (operation) => ('mac' in operation && operation.mac === SECOND ? EBUSY : 0);
  t.deepEqual(await flushRows(config, kernel, silentLog), { removed: 1, left: 1 });
  t.is(rowOf(FIRST), undefined);
  t.truthy(rowOf(SECOND));
});
