import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { Fabric, waitFor } from '../../lab/index.js';
import { PrefixFlood } from './support/prefix-flood.js';

/*
 * A neighbor that announces a million IPv4 prefixes to a leaf whose underlay is on, beside a good one that must not feel it: with
 * a limit of its own, with one that is only reported, and with none but the defaults.
 */
let fabric: Fabric;
const GOOD = { address: '10.1.1.0', asn: 65000 };
const GREEDY = { address: '10.66.0.0', asn: 65009 };
const LEAF = { good: '10.1.1.1', greedy: '10.66.0.1' };
const MILLION = 1_000_000;
const GOOD_ROUTES = 2_000;
const MAX_ROUTES = 5_000;
/** Of evpnd's resident memory, in MiB: a few thousand routes are nothing, and a million may take 2 KiB each. */
const MOST_MIB = { limited: 400, million: 2_500 };
/** Milliseconds for a million routes to come and to go, on a machine that is busy with others. */
const PATIENCE = 600_000;

let good: PrefixFlood;

interface Neighbor {
  established: boolean;
  flaps: number;
  lastDown: { reason: string } | null;
  lastError: { direction: string; code: number; subcode: number } | null;
}
const neighbor = async ({ address }: { address: string }) =>
  (await fabric.restApi<Neighbor>('leaf1', `/api/v1/neighbors/${address}`)).body;
const problems = async () =>
  (await fabric.restApi<{ problems: { problem: string }[] }>('leaf1', '/api/v1/status')).body.problems.map(
    ({ problem }) => problem,
  );

interface Routes {
  good: string[];
  greedy: number;
}
/** Our routes in the kernel: those of the good neighbor, sorted, and how many others. */
async function routes(): Promise<Routes> {
  const { stdout } = await fabric.exec('leaf1', 'ip', 'route', 'show', 'proto', '69');
  const all = stdout.split('\n').filter(Boolean);
  const ofGood = all.filter((line) => /\/28 /.test(line));
  return { good: ofGood.map((line) => line.split(' ')[0]).sort(), greedy: all.length - ofGood.length };
}

/** The good neighbor's prefixes, as the kernel shows them. */
const GOOD_PREFIXES = Array.from({ length: GOOD_ROUTES }, (_, i) => {
  const ip = 0x20_00_00_00 + i * 16;
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}/28`;
}).sort();

const residentMiB = () =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${fabric.evpnd('leaf1').pid}/status`, 'utf8'))?.[1]) /
  1024;

/** Prefixes of the main table, whoever's they are: a look that is cheap where there are a million. Main and local are one, shown twice. */
function prefixes(): number {
  const stat = readFileSync(`/proc/${fabric.evpnd('leaf1').pid}/net/fib_triestat`, 'utf8');
  return Math.max(0, ...[...stat.matchAll(/Prefixes:\s+(\d+)/g)].map(([, count]) => Number(count)));
}

/** Samples what evpnd takes and how many prefixes more there are while work is done; the most of each. */
async function watched(work: Promise<unknown>): Promise<{ mib: number; prefixes: number }> {
  const before = prefixes();
  const most = { mib: 0, prefixes: 0 };
  let done = false;
  const end = work.finally(() => {
    done = true;
  });
  while (!done) {
    most.mib = Math.max(most.mib, residentMiB());
    most.prefixes = Math.max(most.prefixes, prefixes() - before);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  await end;
  return most;
}

async function configure(settings: Record<string, unknown>): Promise<void> {
  const leaf = fabric.evpnd('leaf1');
  await leaf.stop();
  leaf.configure({
    ...leaf.config,
    neighbors: [
      { address: GOOD.address, 'remote-as': GOOD.asn, passive: true, families: ['ipv4-unicast'] },
      {
        address: GREEDY.address,
        'remote-as': GREEDY.asn,
        passive: true,
        families: ['ipv4-unicast'],
        ...settings,
      },
    ],
    underlay: { enabled: true },
    'sweep-deferral-time': 1,
  });
  await leaf.start();
  good?.stop();
  good = await PrefixFlood.start(fabric, { node: 'spine1', ...GOOD, neighbor: LEAF.good });
  await good.announce(0, GOOD_ROUTES, 28);
  await waitFor(async () => (await routes()).good.length === GOOD_ROUTES, {
    what: "the good neighbor's routes",
  });
}

const startGreedy = () => PrefixFlood.start(fabric, { node: 'spine1', ...GREEDY, neighbor: LEAF.greedy });

/** The good neighbor and its routes are as they were. */
async function isUnharmed(t: ExecutionContext): Promise<void> {
  t.like(await neighbor(GOOD), { established: true, flaps: 0 });
  t.deepEqual((await routes()).good, GOOD_PREFIXES);
}

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd', hostsPerVni: 0 }],
    spines: [{ engine: 'none' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  const [link] = fabric.leaf('leaf1').links;
  await fabric.apply('leaf1', { ip: [`addr add ${LEAF.greedy}/31 dev ${link.leafDevice}`], bridge: [] });
  await fabric.apply('spine1', { ip: [`addr add ${GREEDY.address}/31 dev ${link.spineDevice}`], bridge: [] });
});
test.after.always(async () => {
  good?.stop();
  await fabric?.remove();
});

test.serial('beyond max-family-routes the session ends with Cease/1, and all of its routes go', async (t) => {
  t.timeout(PATIENCE);
  await configure({ 'max-family-routes': { 'ipv4-unicast': MAX_ROUTES } });
  const greedy = await startGreedy();
  t.teardown(() => greedy.stop());
  const most = await watched(greedy.announce(0, MILLION, 32));
  t.true(most.prefixes <= MAX_ROUTES, `${most.prefixes} routes stood`);
  t.true(most.mib < MOST_MIB.limited, `${most.mib} MiB`);
  await waitFor(async () => !(await neighbor(GREEDY)).established, { what: 'the end of the session' });
  const { lastDown, lastError } = await neighbor(GREEDY);
  t.regex(
    lastDown?.reason ?? '',
    /^too many routes: \d+ routes of IPv4\/unicast, max-family-routes is 5000$/,
  );
  t.like(lastError, { direction: 'sent', code: 6, subcode: 1 });
  await waitFor(async () => (await routes()).greedy === 0, { what: 'its routes to go' });
  await isUnharmed(t);
});

test.serial('with `on-limit: warn` the session stays, and a problem says so', async (t) => {
  t.timeout(PATIENCE);
  await configure({ 'max-family-routes': { 'ipv4-unicast': MAX_ROUTES }, 'on-limit': 'warn' });
  const greedy = await startGreedy();
  t.teardown(() => greedy.stop());
  await greedy.announce(0, 4 * MAX_ROUTES, 32);
  await waitFor(async () => (await routes()).greedy === 4 * MAX_ROUTES, {
    what: 'its routes',
    timeout: 60_000,
  });
  t.like(await neighbor(GREEDY), { established: true, flaps: 0 });
  t.true(
    (await problems()).some(
      (problem) => problem.includes(GREEDY.address) && problem.includes(`max-family-routes is ${MAX_ROUTES}`),
    ),
  );
  await isUnharmed(t);
});

test.serial(
  'with the defaults a million routes are within bounds, and as many more end the session',
  async (t) => {
    await configure({});
    const greedy = await startGreedy();
    t.teardown(() => greedy.stop());
    const most = await watched(greedy.announce(0, MILLION + 50_000, 32, PATIENCE));
    t.true(most.prefixes <= MILLION, `${most.prefixes} routes stood`);
    t.true(most.mib < MOST_MIB.million, `${most.mib} MiB`);
    await waitFor(async () => !(await neighbor(GREEDY)).established, {
      what: 'the end of the session',
      timeout: PATIENCE,
    });
    const { lastDown, lastError } = await neighbor(GREEDY);
    t.regex(lastDown?.reason ?? '', /^too many routes: \d+ routes, max-routes is 1000000$/);
    t.like(lastError, { direction: 'sent', code: 6, subcode: 1 });
    t.log(`${Math.round(most.mib)} MiB, ${most.prefixes} prefixes`);
    await waitFor(async () => (await routes()).greedy === 0, { what: 'its routes to go', timeout: PATIENCE });
    await isUnharmed(t);
    t.false((await problems()).some((problem) => problem.includes(GOOD.address)));
  },
);
