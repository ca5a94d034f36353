import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { DriftItem, Status } from '../../src/api/index.js';
import { hasRows, leafRows } from './support/rows.js';

/*
 * Devices that go and come back sooner than anybody can look. The kernel flushes rows with them, before and behind what it
 * tells of the device: they are written again, and nobody is blamed.
 */
let fabric: Fabric;

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

const get = async <T>(path: string) => (await fabric.restApi<T>('leaf1', `/api/v1/${path}`)).body;
const drifts = () => get<{ items: DriftItem[] }>('drift').then(({ items }) => items);
/** A bridge that goes down takes its IPv6 addresses along, and the kernel asks for neighbors anew. */
const rows = () => leafRows(fabric, 'leaf1', 'leaf2').filter((row) => row.startsWith('fdb'));
const PORT_SETTINGS = 'link set vx10 type bridge_slave learning off neigh_suppress on';

for (const [what, ...changes] of [
  ['its VXLAN device down and up', 'link set vx10 down', 'link set vx10 up'],
  ['its bridge down and up', 'link set br10 down', 'link set br10 up'],
  ['its port out of the bridge and in', 'link set vx10 nomaster', 'link set vx10 master br10', PORT_SETTINGS],
] as const)
  for (const pause of [0, 50, 2_000])
    test.serial(
      `${what} in one breath, five times, ${pause} ms between: no drift, and every row`,
      async (t) => {
        for (let i = 0; i < 5; i++) {
          await fabric.apply('leaf1', { ip: changes, bridge: [] });
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
        await hasRows(fabric, 'leaf1', rows());
        await waitFor(async () => (await get<Status>('status')).drifts.open === 0, {
          what: 'an end of drifts',
        });
        t.deepEqual(await drifts(), []);
        t.like(await get<Status>('status'), { drifts: { total: 0 } });
        // The log may say it a little later
        await new Promise((resolve) => setTimeout(resolve, 300));
        t.notRegex(fabric.evpnd('leaf1').log(), /somebody changed or removed/);
      },
    );

test.serial('and a row that a hand removes afterwards is a drift at once', async (t) => {
  const { mac } = fabric.host('h2-10');
  await fabric.exec('leaf1', 'bridge', 'fdb', 'del', mac, 'dev', 'vx10', 'master');
  await waitFor(async () => (await drifts()).length === 1, { what: 'the drift' });
  t.like((await drifts())[0], { mac, cause: 'foreign-change', action: 'rewritten' });
  await hasRows(fabric, 'leaf1', rows());
});
