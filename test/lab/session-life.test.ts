import test from 'ava';
import { Fabric, pace, waitFor, waitUntilConverged } from '../../lab/index.js';
import { hasRows, leafRows } from './support/rows.js';

/*
 * What ends evpnd's session with an FRR spine, on either side and on the link between, and how soon it is back. Timers are
 * the defaults: 9 s without a word until the session is lost, 5 s from attempt to attempt.
 */
let fabric: Fabric;
const spine = '10.1.1.0';
const ours = '10.1.1.1';
const path = `/api/v1/neighbors/${spine}`;

interface Session {
  state: string;
  established: boolean;
  flaps: number;
  lastDown: { reason: string } | null;
  localAs: number;
  shutdown: { message: string } | null;
  messages: Record<'sent' | 'received', { routeRefresh: number; update: number }>;
}
const session = async () => (await fabric.restApi<Session>('leaf1', path)).body;
const warnings = () =>
  fabric
    .evpnd('leaf1')
    .logLines()
    .filter(({ level, msg }) => level === 'warn' && msg.startsWith('BGP'));

/**
 * Milliseconds until a session that may stand does: an attempt follows the one before after 5 s, however often it was ended, and
 * would follow after minutes if each end put the next one off.
 */
const SOON = 7_000 * pace;

/** Milliseconds until the condition holds. */
async function takes(what: string, condition: (now: Session) => boolean): Promise<number> {
  const from = performance.now();
  await waitFor(async () => condition(await session()), { what, interval: 50 });
  return performance.now() - from;
}

/** Milliseconds from `act` until the session was lost once more and stands again. */
async function outage(act: () => Promise<unknown>): Promise<number> {
  const { flaps } = await session();
  const from = performance.now();
  await act();
  await takes('the session again', (now) => now.flaps > flaps && now.established);
  return performance.now() - from;
}

const configure = (...lines: string[]) =>
  fabric.vtysh('spine1', 'configure terminal', 'router bgp 65000', ...lines);

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [
      { engine: 'evpnd', config: { neighbors: [{ address: spine, 'remote-as': 'external' }] } },
      { engine: 'frr' },
    ],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  await waitUntilConverged(fabric);
  // With the words of each NOTIFICATION
  await configure('bgp log-neighbor-changes');
});
test.after.always(() => fabric?.remove());
// Each in its way must leave the leaf with what the other leaf announces
test.afterEach(async (t) => {
  await hasRows(fabric, 'leaf1', leafRows(fabric, 'leaf1', 'leaf2'));
  t.true((await session()).established);
});

test.serial('eight times `clear bgp` at the spine: back each time as soon as the first', async (t) => {
  for (let i = 0; i < 8; i++) {
    const milliseconds = await outage(() => fabric.vtysh('spine1', `clear bgp l2vpn evpn ${ours}`));
    t.true(milliseconds < SOON, `clear ${i + 1}: ${milliseconds} ms`);
  }
  t.regex((await session()).lastDown?.reason ?? '', /Administrative Reset/);
});

test.serial('eight times cleared here', async (t) => {
  for (let i = 0; i < 8; i++) {
    const milliseconds = await outage(() => fabric.evpnd('leaf1').post(`${path}/clear`));
    t.true(milliseconds < SOON, `clear ${i + 1}: ${milliseconds} ms`);
  }
  t.regex(fabric.frr('spine1').said(), /6\/4 .*Administrative Reset/);
});

test.serial('cleared softly: routes come and go again, the session stays', async (t) => {
  const before = await session();
  const { status } = await fabric.evpnd('leaf1').post(`${path}/clear?soft=both`);
  t.is(status, 200);
  await takes('the routes', ({ messages }) => messages.received.update > before.messages.received.update);
  const after = await session();
  t.is(after.messages.sent.routeRefresh, before.messages.sent.routeRefresh + 1);
  t.true(after.messages.sent.update > before.messages.sent.update);
  t.is(after.flaps, before.flaps);
});

test.serial('shut down at the spine: one warning, and back when the spine wants it', async (t) => {
  const before = warnings().length;
  const { flaps } = await session();
  await configure(`neighbor ${ours} shutdown`);
  await takes('the end', (now) => now.flaps > flaps);
  const { lastDown } = await session();
  t.regex(lastDown?.reason ?? '', /Administrative Shutdown/);
  // Some attempts are made meanwhile
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  t.is(warnings().length, before + 1);
  t.deepEqual((await session()).lastDown, lastDown);
  await configure(`no neighbor ${ours} shutdown`);
  t.true((await takes('the session', ({ established }) => established)) < SOON);
});

test.serial('shut down here: the spine reads why, and stays away until it is enabled', async (t) => {
  const { body } = await fabric.evpnd('leaf1').post<Session>(`${path}/shutdown?message=new%20optics`);
  t.like(body, { state: 'Idle', shutdown: { message: 'new optics' } });
  await waitFor(() => /6\/2 .*Administrative Shutdown.*new optics/.test(fabric.frr('spine1').said()), {
    what: "our words in FRR's log",
  });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  t.is((await session()).state, 'Idle');
  await fabric.evpnd('leaf1').delete(`${path}/shutdown`);
  t.true((await takes('the session', ({ established }) => established)) < SOON);
});

/** Reloads evpnd with these settings of its neighbor. */
async function reload(settings: Record<string, unknown>): Promise<void> {
  const evpnd = fabric.evpnd('leaf1');
  const reloads = () => evpnd.log().split('configuration reloaded').length;
  const before = reloads();
  evpnd.configure({
    ...evpnd.config,
    neighbors: [{ address: spine, 'remote-as': 'external', ...settings }],
  });
  evpnd.signal('SIGHUP');
  await waitFor(() => reloads() > before, { what: 'the reload' });
}

test.serial('settings of the file: kept down with a message, from an interface, as another AS', async (t) => {
  await reload({ shutdown: 'new cables' });
  t.like(await session(), { state: 'Idle', shutdown: { message: 'new cables', by: 'setting' } });
  await waitFor(() => /6\/2 .*Administrative Shutdown.*new cables/.test(fabric.frr('spine1').said()), {
    what: "our words in FRR's log",
  });
  t.is((await fabric.evpnd('leaf1').delete(`${path}/shutdown`)).status, 409);
  await reload({
    'update-source': device().leafDevice,
    'ebgp-multihop': 1,
    'max-family-routes': { 'l2vpn-evpn': 1000 },
  });
  await takes('the session', ({ established }) => established);
  const { flaps } = await session();
  // The same address by its name, or by the kernel's choice, is no reason for another session
  await reload({ 'local-address': ours, 'ebgp-multihop': 1 });
  await reload({ 'ebgp-multihop': 1 });
  t.like(await session(), { established: true, flaps });
  await configure(`neighbor ${ours} remote-as 64777`);
  await reload({ 'local-as': 64777 });
  await takes('the session', (now) => now.established && now.flaps > flaps);
  t.regex(await fabric.vtysh('spine1', `show bgp neighbors ${ours}`), /remote AS 64777/);
  await configure(`neighbor ${ours} remote-as external`);
  await reload({});
  await takes('the session', ({ established, localAs }) => established && localAs !== 64777);
});

const device = () => fabric.leaf('leaf1').links[0];
for (const [what, down, up, reason] of [
  [
    'our interface is set down',
    () => fabric.apply('leaf1', { ip: [`link set ${device().leafDevice} down`], bridge: [] }),
    () => fabric.apply('leaf1', { ip: [`link set ${device().leafDevice} up`], bridge: [] }),
    /^interface \S+ is down$/,
  ],
  [
    'our interface loses its carrier',
    () => fabric.apply('spine1', { ip: [`link set ${device().spineDevice} down`], bridge: [] }),
    () => fabric.apply('spine1', { ip: [`link set ${device().spineDevice} up`], bridge: [] }),
    /^interface \S+ is down$/,
  ],
  [
    'our address is removed',
    () => fabric.apply('leaf1', { ip: [`addr del ${ours}/31 dev ${device().leafDevice}`], bridge: [] }),
    () => fabric.apply('leaf1', { ip: [`addr add ${ours}/31 dev ${device().leafDevice}`], bridge: [] }),
    /^interface \S+ lost address 10\.1\.1\.1$/,
  ],
] as const)
  test.serial(`${what}: the session ends at once, and begins anew with it`, async (t) => {
    t.true((await session()).established);
    await down();
    // Long before the hold time would: the reason says so
    const ended = await takes('the end', ({ established }) => !established);
    t.regex((await session()).lastDown?.reason ?? '', reason);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await up();
    const back = await takes('the session', ({ established }) => established);
    t.true(back < SOON, `back after ${back} ms`);
    t.log(`ended after ${Math.round(ended)} ms, back after ${Math.round(back)} ms`);
  });
