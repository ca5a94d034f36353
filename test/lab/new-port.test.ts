import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { DriftItem, Explain } from '../../src/api/index.js';

/*
 * A port joins the bridge and its host speaks before evpnd has a turn: link and row are read together, and the row comes to
 * the brain before the topology that has its port.
 */
test('a host on a port that is as new as its row is announced, whether it moved here or was never seen', async (t) => {
  const fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);
  const evpnd = fabric.evpnd('leaf1');
  const get = async <T>(path: string) => (await fabric.restApi<T>('leaf1', `/api/v1/${path}`)).body;
  const { vni, mac, port } = fabric.host('h2-10');
  const [segment] = fabric.leaf('leaf1').segments;
  const strange = '02:99:00:00:00:07';

  evpnd.signal('SIGSTOP');
  try {
    await fabric.moveHost('h2-10', 'leaf1');
    await waitFor(
      async () =>
        (await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'dev', port)).stdout.includes(mac) || undefined,
      { what: `${mac} behind ${port}` },
    );
    await fabric.exec('leaf1', 'bridge', 'fdb', 'add', strange, 'dev', port, 'master', 'static');
  } finally {
    evpnd.signal('SIGCONT');
  }

  for (const each of [mac, strange]) {
    await waitFor(
      async () => {
        const { entry } = await get<Explain>(`explain?vni=${vni}&mac=${each}`);
        if (entry.owner !== 'local' || !entry.kernel.fits)
          throw new Error(`${entry.owner}: ${entry.kernel.found}`);
        return true;
      },
      { what: `${each} is local` },
    );
    await waitFor(
      async () =>
        (
          await fabric.exec('leaf2', 'bridge', 'fdb', 'show', 'br', fabric.leaf('leaf2').segments[0].bridge)
        ).stdout.includes(`${each} dev ${fabric.leaf('leaf2').segments[0].vxlan}`) || undefined,
      { what: `${each} at leaf2` },
    );
  }
  const { stdout } = await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'dev', segment.vxlan);
  t.false(stdout.includes(mac), stdout);
  t.deepEqual((await get<{ items: DriftItem[] }>('drift')).items, []);
});
