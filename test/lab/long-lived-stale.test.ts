import test, { type ExecutionContext } from 'ava';
import { Fabric, frrSpineConfig, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { NeighborItem } from '../../src/api/resources/neighbor-item.js';
import { leafRows } from './support/rows.js';

/*
 * Both spines, FRR and GoBGP, with long-lived graceful restart (RFC 9494), are gone for longer than their restart time: the leaves go on
 * by what they told, as the last resort, until they are back. They die again before their End-of-RIB, which changes neither what is
 * kept nor until when. At the end each time that something is kept for runs out once.
 */
const LEAVES = ['leaf1', 'leaf2'];
const SPINES = ['spine1', 'spine2'];

/** `patience`: milliseconds that FRR waits before it sends its routes, and its End-of-RIB behind them; `restartTime`: seconds. */
function frrConfig({ plan }: Fabric, patience = 1000, restartTime = 2): string {
  const lines = [
    'bgp graceful-restart',
    'bgp graceful-restart preserve-fw-state',
    `bgp graceful-restart restart-time ${restartTime}`,
    'bgp long-lived-graceful-restart stale-time 600',
    `coalesce-time ${patience}`,
  ];
  const config = frrSpineConfig(plan.spines[0], plan);
  return config.replace(' bgp router-id', [...lines.map((line) => ` ${line}\n`), ' bgp router-id'].join(''));
}

/** Has evpnd take these settings of each neighbor. */
function reload(fabric: Fabric, leaf: string, settings: object): void {
  const evpnd = fabric.evpnd(leaf);
  const neighbors = (evpnd.config.neighbors as object[]).map((one) => ({ ...one, ...settings }));
  evpnd.configure({ ...evpnd.config, neighbors });
  evpnd.signal('SIGHUP');
}

const killFrr = (fabric: Fabric) => fabric.frr('spine1').stop('SIGKILL');
const killGobgp = (fabric: Fabric) => fabric.gobgp('spine2').stop('SIGKILL');

/** The sessions of these leaves, of each with FRR before that with GoBGP. */
async function sessions(fabric: Fabric, leaves: readonly string[] = LEAVES): Promise<NeighborItem[]> {
  const urls = leaves.flatMap((leaf) =>
    fabric.leaf(leaf).links.map(({ spineAddress }) => [leaf, `/api/v1/neighbors/${spineAddress.ipv4}`]),
  );
  const answers = await Promise.all(urls.map(([leaf, url]) => fabric.restApi<NeighborItem>(leaf, url)));
  return answers.map(({ body }) => body);
}

/** Waits until all of them are as `is` says, and resolves with them. */
const until = async (
  fabric: Fabric,
  what: string,
  is: (one: NeighborItem, index: number) => boolean,
  leaves = LEAVES,
) => {
  await waitFor(async () => (await sessions(fabric, leaves)).every(is), {
    what: `${what} of ${leaves.join(' and ')}`,
    timeout: 60_000,
  });
  return sessions(fabric, leaves);
};

test('FRR and GoBGP are gone for longer than their restart time, twice: rows and pings stay until they are back', async (t) => {
  t.timeout(240_000);
  const fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'evpnd' }],
    spines: [{ engine: 'none' }, { engine: 'gobgp', gracefulRestart: 'long-lived' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  try {
    for (const leaf of LEAVES) reload(fabric, leaf, { 'long-lived-stale-time': 300 });
    await fabric.startFrr('spine1', frrConfig(fabric));
    await until(
      fabric,
      'long-lived graceful restart',
      ({ gracefulRestart }) =>
        gracefulRestart?.restartTimeSeconds === 2 && gracefulRestart.longLivedSeconds === 300,
    );
    await waitUntilConverged(fabric, undefined, 60_000);
    await play(t, fabric);
    await runOut(t, fabric);
  } catch (error) {
    t.log(fabric.logs());
    throw error;
  } finally {
    await fabric.remove();
  }
});

async function play(t: ExecutionContext, fabric: Fabric): Promise<void> {
  const rows = LEAVES.map((leaf, i) => leafRows(fabric, leaf, LEAVES[1 - i]));
  const missing = async () => {
    const installed = await Promise.all(LEAVES.map((leaf) => fabric.installedRows(leaf)));
    return rows.flatMap((each, i) => each.filter((row) => !installed[i].includes(row)));
  };
  t.deepEqual(await missing(), []);

  await Promise.all([killFrr(fabric), killGobgp(fabric)]);
  const kept = await until(fabric, 'long-lived stale routes', (one) => one.staleRoutes?.longLived === true);
  t.deepEqual(await missing(), []);
  const { body } = await fabric.restApi<{ items: { paths: { longLivedStale: boolean }[] }[] }>(
    'leaf1',
    '/api/v1/routes?type=3',
  );
  t.true(body.items.some(({ paths }) => paths.every(({ longLivedStale }) => longLivedStale)));

  // GoBGP waits for the leaves' End-of-RIB, which evpnd keeps back for three seconds
  await fabric.startFrr('spine1', frrConfig(fabric, 10_000));
  await until(fabric, 'the session with FRR', ({ established }, i) => established || i !== 0, ['leaf1']);
  await killFrr(fabric);
  await fabric.gobgp('spine2').start(true);
  await until(fabric, 'the session with GoBGP', ({ established }, i) => established || i !== 1, ['leaf1']);
  await killGobgp(fabric);
  const again = await until(
    fabric,
    'the second loss',
    ({ established, flaps }, i) => !established && flaps > kept[i].flaps,
    ['leaf1'],
  );
  for (const [i, { staleRoutes, endOfRibReceivedAt }] of again.entries()) {
    t.like(staleRoutes, { longLived: true, until: kept[i].staleRoutes?.until }, SPINES[i]);
    t.is(endOfRibReceivedAt, null);
  }
  t.deepEqual(await missing(), []);
  const { received } = await fabric.ping('h1-10', 'h2-10', { count: 5 });
  t.is(received, 5);

  await fabric.startFrr('spine1', frrConfig(fabric));
  await fabric.gobgp('spine2').start(true);
  await until(
    fabric,
    'the End-of-RIB',
    ({ established, staleRoutes, endOfRibReceivedAt }) =>
      established && staleRoutes === null && endOfRibReceivedAt !== null,
  );
  t.deepEqual(await missing(), []);
}

/** The long-lived stale time is over for both, and the stale time for FRR, which is back and sends no End-of-RIB. */
async function runOut(t: ExecutionContext, fabric: Fabric): Promise<void> {
  const expected = leafRows(fabric, 'leaf1', 'leaf2');
  const installed = async () => (await fabric.installedRows('leaf1')).filter((row) => expected.includes(row));
  const ends = (reason: string) =>
    fabric
      .evpnd('leaf1')
      .logLines()
      .filter((line) => line.event === 'bgp.stale-gone' && line.reason === reason && Number(line.routes) > 0);
  const has = (seconds: number) => (one: NeighborItem) =>
    one.established && one.endOfRibReceivedAt !== null && one.gracefulRestart?.longLivedSeconds === seconds;

  reload(fabric, 'leaf1', { 'long-lived-stale-time': 2, 'stale-time': 2 });
  await until(fabric, 'the short time', has(2), ['leaf1']);
  await Promise.all([killFrr(fabric), killGobgp(fabric)]);
  await waitFor(() => ends('the long-lived stale time is over').length === SPINES.length, {
    what: 'the end of the long-lived stale time',
    timeout: 30_000,
  });
  await waitFor(async () => (await installed()).length === 0, { what: 'no rows' });

  reload(fabric, 'leaf1', { 'long-lived-stale-time': 0, 'stale-time': 2 });
  await fabric.startFrr('spine1', frrConfig(fabric, 100, 120));
  await until(fabric, 'FRR', (one, i) => i !== 0 || (has(0)(one) && one.prefixes.received.total > 0), [
    'leaf1',
  ]);
  await waitFor(async () => (await installed()).length === expected.length, { what: 'the rows' });
  await killFrr(fabric);
  await fabric.startFrr('spine1', frrConfig(fabric, 30_000, 120));
  await waitFor(() => ends('the stale time is over').length === 1, {
    what: 'the end of the stale time',
    timeout: 30_000,
  });
  const [session] = await sessions(fabric, ['leaf1']);
  t.like(session, { established: true, staleRoutes: null, endOfRibReceivedAt: null });
  await waitFor(async () => (await installed()).length === 0, { what: 'no rows again' });
}
