import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';

/** The rows that stand for leaf3: it is the one leaf that both others see as remote. */
async function rowsForLeaf3(fabric: Fabric, leaf: string): Promise<string[]> {
  const { vtep } = fabric.leaf('leaf3');
  const macs = fabric.plan.hosts.filter((host) => host.leaf === 'leaf3').map((host) => host.mac);
  const rows = await fabric.installedRows(leaf);
  return rows.filter((row) => row.includes(` dst ${vtep} `) || macs.some((mac) => row.includes(mac)));
}

test('evpnd leaves the same rows in the kernel as FRR does for the same routes', async (t) => {
  const fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }, { engine: 'frr' }],
  });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric, (step) => t.log(step));
  await waitFor(
    async () => {
      const [evpnd, frr] = await Promise.all([rowsForLeaf3(fabric, 'leaf1'), rowsForLeaf3(fabric, 'leaf2')]);
      if (frr.length < 12 || evpnd.join('\n') !== frr.join('\n')) {
        throw new Error(`evpnd:\n${evpnd.join('\n')}\nFRR:\n${frr.join('\n')}`);
      }
      return true;
    },
    { what: 'equal rows' },
  );
  t.pass();
});

test('sessions with GoBGP as spine carry routes both ways', async (t) => {
  const fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'evpnd' }],
    spines: [{ engine: 'gobgp' }],
  });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric, (step) => t.log(step));
  const status = await fabric.restApi('leaf1', '/api/v1/status');
  t.is(status.status, 200);
});

test('SIGTERM takes out what evpnd put in, and a killed evpnd comes back', async (t) => {
  const fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);
  const evpnd = fabric.evpnd('leaf1');
  await evpnd.kill();
  await evpnd.start();
  await waitUntilConverged(fabric);
  t.is(await evpnd.stop(), 0, evpnd.logs());
  t.deepEqual(await fabric.installedRows('leaf1'), []);
});
