import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ContinuousPing, type Family, waitFor } from '../../lab/index.js';
import { floodRow } from './support/rows.js';
import { Scene } from './support/scene.js';

/*
 * evpnd on leaf1 ends and comes back while hosts ping through it and 5,000 MACs are known. The other leaf is FRR; the
 * spine is GoBGP, which keeps the routes of a leaf that restarts, as FRR does not for EVPN.
 */
let scene: Scene;
const [ours, theirs] = ['leaf1', 'leaf2'] as const;
const perLeaf = 2_500;
/** So many of leaf2's MACs have an IP. */
const withIp = 300;
const vni = 10010;
/** The MACs that stand on each leaf behind its first host's port. */
const standing: Record<string, Set<number>> = { [ours]: new Set(), [theirs]: new Set() };

const macOf = (leaf: string, n: number) =>
  `02:5${leaf.at(-1)}:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
const ipOf = (n: number) => `10.10.${100 + (n >> 8)}.${n & 255}`;

async function change(leaf: string, verb: 'add' | 'del', numbers: readonly number[]): Promise<void> {
  const port = `p${leaf.at(-1)}-10`;
  const words = verb === 'add' ? ' dynamic' : '';
  const work = () =>
    scene.fabric.apply(leaf, {
      bridge: numbers.map((n) => `fdb ${verb} ${macOf(leaf, n)} dev ${port} master${words}`),
      ip: [],
    });
  if (verb === 'add') await work();
  else
    await scene.watch.deleting(
      leaf,
      numbers.map((n) => macOf(leaf, n)),
      work,
    );
  for (const n of numbers) standing[leaf][verb === 'add' ? 'add' : 'delete'](n);
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** The rows that leaf1 must have of leaf2, or leaf2 of leaf1, hosts' own and link-local ones aside. */
function expectedRows(at: string, of: string): string[] {
  const leaf = scene.fabric.leaf(at);
  const { vtep } = scene.fabric.leaf(of);
  return [
    floodRow(leaf, vni, vtep),
    ...[...standing[of]].flatMap((n) => [
      `fdb vx10 ${macOf(of, n)} master br10 extern_learn`,
      `fdb vx10 ${macOf(of, n)} self dst ${vtep} extern_learn self`,
      ...(of === theirs && n < withIp ? [`neigh br10 ${ipOf(n)} ${macOf(of, n)} NOARP`] : []),
    ]),
  ].sort();
}

/** Waits until both leaves have of each other exactly what stands there. */
async function bothAreRight(): Promise<void> {
  const hosts = scene.fabric.plan.hosts.map(({ mac }) => mac);
  for (const [at, of] of [
    [ours, theirs],
    [theirs, ours],
  ]) {
    const expected = expectedRows(at, of);
    await waitFor(
      async () => {
        const rows = (await scene.fabric.installedRows(at)).filter(
          (row) => !row.includes(' fe80:') && !hosts.some((mac) => row.includes(mac)),
        );
        const [has, wants] = [new Set(rows), new Set(expected)];
        const missing = expected.filter((row) => !has.has(row));
        const tooMuch = rows.filter((row) => !wants.has(row));
        if (missing.length + tooMuch.length > 0)
          throw new Error(
            `${missing.length} missing: ${missing.slice(0, 3)}; ${tooMuch.length} too much: ${tooMuch.slice(0, 3)}`,
          );
        return true;
      },
      { what: `exact rows on ${at}`, timeout: 20_000, interval: 200 },
    );
  }
}

const hosts = { [ours]: 'h1-10', [theirs]: 'h2-10' } as const;

/** Pings both ways in both families, a hundred times a second, while `work` runs: none may be lost. */
async function withPings(t: ExecutionContext, work: () => Promise<void>): Promise<void> {
  const { fabric } = scene;
  const pairs = (['ipv4', 'ipv6'] as Family[]).flatMap((family) => [
    { from: hosts.leaf1, to: fabric.host(hosts.leaf2).address[family] },
    { from: hosts.leaf2, to: fabric.host(hosts.leaf1).address[family] },
  ]);
  const pings = await Promise.all(
    pairs.map(({ from, to }, i) =>
      ContinuousPing.start(fabric.namespace(from), to, 0.01, join(fabric.folder, `ping-${t.title}-${i}`)),
    ),
  );
  await work();
  const results = await Promise.all(pings.map((each) => each.stop()));
  for (const [i, { sent, received }] of results.entries()) {
    t.true(sent > 100, `${sent} sent`);
    t.is(sent - received, 0, `${pairs[i].from} to ${pairs[i].to}: lost of ${sent}`);
  }
}

/** No row of what stands all the time went away since `from`, on either leaf. */
async function nothingWentMissing(t: ExecutionContext, from: number): Promise<void> {
  const macs = new Set(scene.fabric.plan.hosts.map(({ mac }) => mac));
  for (const [leaf, numbers] of Object.entries(standing)) for (const n of numbers) macs.add(macOf(leaf, n));
  for (const at of [ours, theirs]) {
    const events = await scene.watch.events(at, from);
    t.deepEqual(
      events.filter(({ gone, mac }) => gone && mac !== undefined && macs.has(mac)),
      [],
      `rows that went on ${at}`,
    );
  }
}

test.before(async () => {
  scene = await Scene.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }],
    spines: [{ engine: 'gobgp', gracefulRestart: true }],
    vnis: [{ vni, vlan: 10 }],
  });
  await change(ours, 'add', range(0, perLeaf));
  await change(theirs, 'add', range(0, perLeaf));
  // Permanent, since the kernel counts neighbors of all namespaces together and past gc_thresh2 drops NOARP ones.
  await scene.fabric.apply(theirs, {
    ip: range(0, withIp).map((n) => `neigh add ${ipOf(n)} lladdr ${macOf(theirs, n)} dev br10 nud permanent`),
    bridge: [],
  });
  for (const name of Object.values(hosts)) await scene.talk(name);
  await bothAreRight();
});
test.after.always('remove', () => scene?.remove());
test.afterEach((t) => scene?.nothingLocalWasDeleted(t));

const established = () =>
  waitFor(async () => (await scene.fabric.establishedPeers('spine1')).includes('10.1.1.1'), {
    what: 'session of leaf1',
  });
const swept = () =>
  waitFor(async () => (await scene.fabric.restApi(ours, '/readyz')).status === 200, {
    what: 'sweep on leaf1',
  });

test.serial(
  'killed and started again under 5,000 MACs: no reply and no row is lost, and nothing is left over',
  async (t) => {
    const evpnd = scene.fabric.evpnd(ours);
    const from = Date.now();
    await withPings(t, async () => {
      await evpnd.kill();
      // While it is dead, hosts come and go on both leaves.
      await change(theirs, 'del', range(1_000, 1_100));
      await change(theirs, 'add', range(perLeaf, perLeaf + 100));
      await change(ours, 'del', range(2_000, 2_100));
      await change(ours, 'add', range(perLeaf, perLeaf + 100));
      await evpnd.start();
      await established();
      await swept();
      await bothAreRight();
    });
    await nothingWentMissing(t, from);
  },
);

test.serial('SIGTERM with on-stop: preserve leaves all as it is for the next start', async (t) => {
  const evpnd = scene.fabric.evpnd(ours);
  evpnd.configure({ ...evpnd.config, 'on-stop': 'preserve' });
  evpnd.signal('SIGHUP');
  await waitFor(() => evpnd.log().includes('configuration reloaded'), { what: 'reload' });
  const from = Date.now();
  await withPings(t, async () => {
    t.is(await evpnd.stop(), 0, evpnd.logs());
    await bothAreRight();
    await evpnd.start();
    await established();
    await swept();
    await bothAreRight();
  });
  await nothingWentMissing(t, from);
});

test.serial(
  'SIGTERM with on-stop: flush says farewell and leaves nothing, neither here nor there',
  async (t) => {
    const evpnd = scene.fabric.evpnd(ours);
    evpnd.configure({ ...evpnd.config, 'on-stop': 'flush' });
    evpnd.signal('SIGHUP');
    await waitFor(() => evpnd.log().split('configuration reloaded').length === 3, { what: 'reload' });
    t.is(await evpnd.stop(), 0, evpnd.logs());
    t.deepEqual(await scene.fabric.installedRows(ours), []);
    await waitFor(
      async () => {
        const rows = await scene.fabric.installedRows(theirs);
        if (rows.length > 0) throw new Error(`${rows.length} rows: ${rows.slice(0, 3)}`);
        return true;
      },
      { what: 'end of the rows of leaf1 on leaf2' },
    );
    await evpnd.start();
    await bothAreRight();
    for (const name of Object.values(hosts))
      await scene.isRight(
        t,
        name,
        Object.values(hosts).filter((other) => other !== name),
      );
  },
);
