import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { DriftItem, Explain, Status } from '../../src/api/index.js';

/*
 * What the REST API says of a real kernel's rows: no drift where nobody tampered, whatever the kernel echoes; each hand
 * in the tables named and mended; the story of a host before and after it moved.
 */
let fabric: Fabric;

test.before(async () => {
  fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

const get = async <T>(path: string) => (await fabric.restApi<T>('leaf1', `/api/v1/${path}`)).body;
const drifts = async (query = '') => (await get<{ items: DriftItem[] }>(`drift${query}`)).items;
const explain = (host: string) => {
  const { vni, mac, address } = fabric.host(host);
  return get<Explain>(`explain?vni=${vni}&mac=${mac}&ip=${address.ipv4}`);
};

test.serial('a fabric that converges, and a host that moves away and back, make no drift', async (t) => {
  const host = fabric.host('h1-10');
  for (const to of ['leaf2', 'leaf1']) {
    await fabric.moveHost(host.name, to);
    const svi = fabric.leaf(to).segments[0];
    await waitFor(
      async () => {
        await fabric.ping(host.name, svi.sviAddress.ipv4, { count: 1 });
        const { entry } = await explain(host.name);
        const wanted = to === 'leaf1' ? 'local' : 'remote';
        if (entry.owner !== wanted || !entry.kernel.fits)
          throw new Error(`${entry.owner}: ${entry.kernel.found}`);
        return true;
      },
      { what: `${host.name} at ${to}` },
    );
  }
  t.deepEqual(await drifts(), []);
  const { drifts: counts } = await get<Status>('status');
  t.deepEqual(counts, { total: 0, open: 0 });
});

test.serial('the story of a host that moved, and of one that is elsewhere', async (t) => {
  const moved = await explain('h1-10');
  t.like(moved.entry, { owner: 'local', rule: 'arrived here after the remote claim' });
  t.true(moved.entry.sequence >= 2);
  t.like(moved.entry.moves.at(-1), { from: 'remote', to: 'local', sequence: moved.entry.sequence });
  const remote = await explain('h2-10');
  const { vtep } = fabric.leaf('leaf2');
  t.like(remote.entry, { owner: 'remote', vtep, kernel: { fits: true, vxlan: { dst: vtep } } });
  t.like(remote.binding, {
    mac: fabric.host('h2-10').mac,
    story: { owner: 'remote', kernel: { fits: true } },
  });
  t.is(remote.entry.claims.filter(({ won }) => won).length, 1);
});

test.serial('rows that a hand removes, overwrites or sets in the way', async (t) => {
  const host = fabric.host('h2-10');
  const [segment] = fabric.leaf('leaf1').segments;
  const bridge = (...words: string[]) => fabric.exec('leaf1', 'bridge', 'fdb', ...words);
  const mended = (id: number) =>
    waitFor(
      async () => {
        const [drift] = await drifts('?open=false');
        if (drift?.id !== id) throw new Error(JSON.stringify(drift));
        return drift;
      },
      { what: `drift ${id}, mended` },
    );

  await bridge('del', host.mac, 'dev', segment.vxlan, 'master');
  t.like(await mended(1), { cause: 'foreign-change', mac: host.mac, action: 'rewritten' });
  t.true((await explain(host.name)).entry.kernel.fits);

  await bridge('replace', host.mac, 'dev', segment.vxlan, 'dst', '10.9.9.9', 'self');
  const overwritten = await mended(2);
  t.regex(overwritten.found, /vxlan row has dst 10\.9\.9\.9 /);
  t.true(overwritten.wanted.includes(`vxlan row has dst ${fabric.leaf('leaf2').vtep} `));

  const { port } = fabric.host('h1-10');
  await bridge('replace', host.mac, 'dev', port, 'master', 'permanent');
  const blocked = await waitFor(
    async () => {
      const [drift] = await drifts('?open=true');
      if (!drift) throw new Error('nothing is open');
      return drift;
    },
    { what: 'a drift that stays' },
  );
  t.regex(blocked.found, new RegExp(`bridge row points to ${port} \\(permanent`));
  t.false((await explain(host.name)).entry.kernel.fits);
  await bridge('del', host.mac, 'dev', port, 'master');
  t.like(await mended(blocked.id), { action: 'rewritten' });
  t.is((await fabric.ping('h1-10', 'h2-10', { count: 2 })).received, 2);
});
