import test from 'ava';
import { Fabric, frrSpineConfig, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { NeighborItem } from '../../src/api/resources/neighbor-item.js';
import { leafRows } from './support/rows.js';

/*
 * The only spine, FRR with long-lived graceful restart (RFC 9494), is gone for longer than its restart time: the leaves go on by
 * what it told, as the last resort, until it is back.
 */
const session = async (fabric: Fabric, leaf: string) =>
  (
    await fabric.restApi<NeighborItem>(
      leaf,
      `/api/v1/neighbors/${fabric.leaf(leaf).links[0].spineAddress.ipv4}`,
    )
  ).body;

test('FRR is gone for longer than its restart time: rows and pings stay until it is back', async (t) => {
  t.timeout(180_000);
  const leaves = ['leaf1', 'leaf2'];
  const fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'evpnd' }],
    spines: [{ engine: 'none' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  try {
    for (const leaf of leaves) {
      const evpnd = fabric.evpnd(leaf);
      const [neighbor] = evpnd.config.neighbors as object[];
      evpnd.configure({ ...evpnd.config, neighbors: [{ ...neighbor, 'long-lived-stale-time': 300 }] });
      evpnd.signal('SIGHUP');
    }
    const lines = [
      'bgp graceful-restart',
      'bgp graceful-restart preserve-fw-state',
      'bgp graceful-restart restart-time 2',
      'bgp long-lived-graceful-restart stale-time 600',
    ];
    const config = frrSpineConfig(fabric.plan.spines[0], fabric.plan).replace(
      ' bgp router-id',
      [...lines.map((line) => ` ${line}\n`), ' bgp router-id'].join(''),
    );
    await fabric.startFrr('spine1', config);
    await waitUntilConverged(fabric, undefined, 60_000);
    for (const leaf of leaves)
      t.like((await session(fabric, leaf)).gracefulRestart, { restartTimeSeconds: 2, longLivedSeconds: 300 });
    const rows = leaves.map((leaf, i) => leafRows(fabric, leaf, leaves[1 - i]));
    const missing = async () => {
      const installed = await Promise.all(leaves.map((leaf) => fabric.installedRows(leaf)));
      return rows.flatMap((each, i) => each.filter((row) => !installed[i].includes(row)));
    };
    t.deepEqual(await missing(), []);

    await fabric.frr('spine1').stop('SIGKILL');
    for (const leaf of leaves)
      await waitFor(async () => (await session(fabric, leaf)).staleRoutes?.longLived === true, {
        what: `long-lived stale routes on ${leaf}`,
        timeout: 30_000,
      });
    t.deepEqual(await missing(), []);
    const { received } = await fabric.ping('h1-10', 'h2-10', { count: 5 });
    t.is(received, 5);
    const { body } = await fabric.restApi<{ items: { paths: { longLivedStale: boolean }[] }[] }>(
      'leaf1',
      '/api/v1/routes?type=3',
    );
    t.true(body.items.some(({ paths }) => paths.some(({ longLivedStale }) => longLivedStale)));

    await fabric.startFrr('spine1', config);
    for (const leaf of leaves)
      await waitFor(
        async () => {
          const { established, staleRoutes, endOfRibReceivedAt } = await session(fabric, leaf);
          return established && staleRoutes === null && endOfRibReceivedAt !== null;
        },
        { what: `the End-of-RIB on ${leaf}`, timeout: 60_000 },
      );
    t.deepEqual(await missing(), []);
  } catch (error) {
    t.log(fabric.logs());
    throw error;
  } finally {
    await fabric.remove();
  }
});
