import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { DriftItem, Explain, Status } from '../../src/api/index.js';
import { vniOf } from './support/vni.js';

/*
 * What the REST API says of a real kernel's rows: no drift where nobody tampered, whatever the kernel echoes; each hand
 * in the tables named and corrected; the story of a host before and after it moved.
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
  // Of the routes of its stay those with the greater number may have been withdrawn before it came
  t.true(moved.entry.sequence >= 1);
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

const rowsOf = (host: string) => {
  const { mac } = fabric.host(host);
  const [segment] = fabric.leaf('leaf1').segments;
  const bridge = (...words: string[]) => fabric.exec('leaf1', 'bridge', 'fdb', ...words);
  return { mac, segment, bridge };
};

/** The drift that was entered last, once it is resolved. */
const resolved = (id: number) =>
  waitFor(
    async () => {
      const [drift] = await drifts('?open=false');
      if (drift?.id !== id) throw new Error(JSON.stringify(drift));
      return drift;
    },
    { what: `drift ${id}, resolved` },
  );

test.serial('rows that a hand removes, or overwrites with our mark, are rewritten', async (t) => {
  const { mac, segment, bridge } = rowsOf('h2-10');
  const { total } = (await get<Status>('status')).drifts;

  await bridge('del', mac, 'dev', segment.vxlan, 'master');
  t.like(await resolved(total + 1), { cause: 'foreign-change', mac, action: 'rewritten' });
  t.true((await explain('h2-10')).entry.kernel.fits);

  await bridge('replace', mac, 'dev', segment.vxlan, 'dst', '10.9.9.9', 'self', 'extern_learn');
  const overwritten = await resolved(total + 2);
  t.like(overwritten, { cause: 'foreign-change', mac, action: 'rewritten', fix: null });
  t.regex(overwritten.found, /vxlan row has dst 10\.9\.9\.9 \(.*ext_learned/);
  t.true(overwritten.wanted.includes(`vxlan row has dst ${fabric.leaf('leaf2').vtep} `));
  const { entry } = await explain('h2-10');
  t.like(entry.kernel, { fits: true, vxlan: { dst: fabric.leaf('leaf2').vtep } });
  t.deepEqual(await drifts('?open=true'), []);
});

interface Hand {
  readonly name: string;
  /** The command of the operator who sets the row on leaf1. */
  readonly sets: () => string;
  /** What the row is found as. */
  readonly found: () => RegExp;
  readonly table: DriftItem['table'];
}
const strange = '02:99:00:00:00:01';
const hands: readonly Hand[] = [
  {
    name: 'a VXLAN row without our mark',
    sets: () =>
      `bridge fdb replace ${rowsOf('h2-10').mac} dev ${rowsOf('h2-10').segment.vxlan} dst 10.9.9.9 self`,
    found: () => /vxlan row has dst 10\.9\.9\.9 \(.*permanent\)/,
    table: 'mac',
  },
  {
    name: 'a permanent bridge row on an access port',
    sets: () => `bridge fdb replace ${rowsOf('h2-10').mac} dev ${fabric.host('h1-10').port} master permanent`,
    found: () => new RegExp(`bridge row points to ${fabric.host('h1-10').port} \\(permanent`),
    table: 'mac',
  },
  {
    name: 'a permanent neighbor with another MAC',
    sets: () =>
      `ip neigh replace ${fabric.host('h2-10').address.ipv4} lladdr ${strange} dev ${rowsOf('h2-10').segment.svi} nud permanent`,
    found: () => new RegExp(`is ${strange} \\(permanent\\)`),
    table: 'neigh',
  },
];

for (const { name, sets, found, table } of hands)
  test.serial(
    `${name} is an operator's: it stays, is said, and what it hid comes when it is deleted`,
    async (t) => {
      const run = (command: string) => fabric.exec('leaf1', ...command.split(' '));
      await run(sets());
      const blocked = await waitFor(
        async () => {
          const [drift] = await drifts('?open=true');
          if (drift?.cause !== 'blocked') throw new Error(JSON.stringify(drift));
          return drift;
        },
        { what: 'a row in the way' },
      );
      t.like(blocked, { table, action: 'left-alone', resolvedAt: null });
      t.regex(blocked.found, found());

      const told = await explain('h2-10');
      const story = table === 'neigh' ? told.binding?.story : told.entry;
      t.like(story?.kernel, { fits: false });
      t.regex(String(story?.kernel.found), found());
      t.true(
        told.verdict.some(
          (sentence) => sentence.includes('is left alone') && sentence.includes(blocked.fix!),
        ),
        told.verdict.join('\n'),
      );
      const { problems } = await vniOf(fabric, 'leaf1', fabric.host('h2-10').vni);
      t.like(
        problems.find(({ fix }) => fix === blocked.fix),
        { severity: 'warning' },
      );

      await run(blocked.fix!);
      t.like(await resolved(blocked.id), { action: 'rewritten' });
      const after = await explain('h2-10');
      t.true(after.entry.kernel.fits);
      t.true(after.binding?.story.kernel.fits);
      t.deepEqual(await drifts('?open=true'), []);
      t.is((await fabric.ping('h1-10', 'h2-10', { count: 2 })).received, 2);
    },
  );
