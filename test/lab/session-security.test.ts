import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { Fabric, waitFor } from '../../lab/index.js';

/*
 * TCP MD5 and GTSM with an FRR spine over IPv4 and IPv6, and what many connections do to the sessions that stand. Every step is
 * done to the sessions of both families at the same time.
 */
let fabric: Fabric;
const [leaf, spine] = ['leaf1', 'spine1'] as const;
/** The ends of both sessions. */
const PAIRS = [
  { ours: '10.1.1.1', theirs: '10.1.1.0' },
  { ours: 'fd17::1', theirs: 'fd17::2' },
] as const;
const KEYS = ['hunter2', 'eighty-octets-are-the-longest-key-of-all:'.padEnd(80, '+')] as const;
const stranger = '10.1.1.77';

interface Session {
  established: boolean;
  flaps: number;
  md5: boolean;
  ttlSecurityHops: number | null;
  lastDown: { reason: string; at: string } | null;
  lastFailedAttempt: { reason: string; at: string } | null;
}
const session = async (address: string) =>
  (await fabric.restApi<Session>(leaf, `/api/v1/neighbors/${address}`)).body;
const sessions = () => Promise.all(PAIRS.map(({ theirs }) => session(theirs)));
const keyFile = () => join(fabric.folder, 'key');
const writeKey = (key: string) => writeFileSync(keyFile(), `${key}\n`, { mode: 0o600 });
const reloads = () => fabric.evpnd(leaf).log().split('configuration reloaded').length - 1;

/** Reloads with these settings of both neighbors. */
async function ours(settings: Record<string, unknown>): Promise<void> {
  const evpnd = fabric.evpnd(leaf);
  const count = reloads();
  const neighbors = PAIRS.map(({ theirs }) => ({ address: theirs, 'remote-as': 'external', ...settings }));
  evpnd.configure({ ...evpnd.config, neighbors });
  evpnd.signal('SIGHUP');
  await waitFor(() => reloads() > count, { what: 'reload' });
}

/** Lines of FRR for both neighbors, each `no neighbor ADDRESS …` or `neighbor ADDRESS …`. */
const frr = (...lines: string[]) =>
  fabric.vtysh(
    spine,
    'configure terminal',
    'router bgp 65000',
    ...PAIRS.flatMap(({ ours: address }) =>
      lines.map((line) => line.replace('neighbor', `neighbor ${address}`)),
    ),
  );

const clear = () =>
  Promise.all(PAIRS.map(({ theirs }) => fabric.evpnd(leaf).post(`/api/v1/neighbors/${theirs}/clear`)));

const established = () =>
  waitFor(async () => (await sessions()).every((each) => each.established), {
    what: 'both sessions',
    timeout: 30_000,
  });

/**
 * Neither session stands, and an attempt of each that began after now says why. What was under way when the other side was
 * changed may end otherwise, or stand until its hold time: then it begins anew.
 */
async function refused(t: ExecutionContext, reason: RegExp): Promise<void> {
  const since = Date.now();
  let cleared = 0;
  await waitFor(
    async () => {
      if (Date.now() - cleared > 5_000) {
        await clear();
        cleared = Date.now();
      }
      const reasons = (await sessions()).map(({ established, lastFailedAttempt }) => {
        if (established) return 'established';
        if (!lastFailedAttempt || Date.parse(lastFailedAttempt.at) < since) return 'no attempt failed';
        return lastFailedAttempt.reason;
      });
      if (!reasons.every((each) => reason.test(each))) throw new Error(reasons.join('; '));
      return true;
    },
    { what: `attempts that fail: ${reason}`, timeout: 30_000 },
  );
  t.pass();
}

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd', config: { neighbors: [{ address: '10.1.1.0', 'remote-as': 'external' }] } }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  const { leafDevice, spineDevice } = fabric.leaf(leaf).links[0];
  await fabric.apply(leaf, { ip: [`addr add fd17::1/64 dev ${leafDevice} nodad`], bridge: [] });
  await fabric.apply(spine, {
    ip: [`addr add fd17::2/64 dev ${spineDevice} nodad`, `addr add ${stranger}/32 dev lo`],
    bridge: [],
  });
  await fabric.exec(leaf, 'ip', 'route', 'add', stranger, 'via', '10.1.1.0');
  await fabric.vtysh(
    spine,
    'configure terminal',
    'router bgp 65000',
    'neighbor fd17::1 remote-as external',
    'neighbor fd17::1 timers connect 1',
    'address-family l2vpn evpn',
    'neighbor fd17::1 activate',
  );
  writeKey(KEYS[0]);
  await ours({});
  await established();
});
test.after.always(() => fabric?.remove());

test.serial('a key on both sides: sessions that stood begin anew, and are signed', async (t) => {
  await frr(`neighbor password ${KEYS[0]}`);
  await ours({ 'password-file': keyFile() });
  await established();
  for (const each of await sessions()) t.like(each, { md5: true, ttlSecurityHops: null });
  for (const { ours: address } of PAIRS)
    t.regex(await fabric.vtysh(spine, `show bgp neighbors ${address}`), /Peer Authentication Enabled/);
});

for (const [who, here, there] of [
  ['evpnd', {}, 'neighbor passive'],
  ['FRR', { passive: true }, 'no neighbor passive'],
] as const)
  test.serial(`${who} connects: with MD5 and GTSM there is a session`, async (t) => {
    await frr('neighbor ttl-security hops 1', there);
    await ours({ 'password-file': keyFile(), 'ttl-security': 1, ...here });
    await clear();
    await established();
    for (const each of await sessions()) t.like(each, { md5: true, ttlSecurityHops: 1 });
    for (const { ours: address } of PAIRS) {
      const all = await fabric.vtyshJson<Record<string, { portForeign: number }>>(
        spine,
        `show bgp neighbors ${address} json`,
      );
      t.is(all[address].portForeign === 179, who === 'FRR');
    }
  });

test.serial(
  'another key here alone: nobody answers; with the same one there the sessions are back',
  async (t) => {
    await ours({ 'password-file': keyFile(), 'ttl-security': 1 });
    await established();
    writeKey(KEYS[1]);
    await ours({ 'password-file': keyFile(), 'ttl-security': 1 });
    await refused(t, /the neighbor does not answer, or has another TCP MD5 key or none/);
    await frr(`neighbor password ${KEYS[1]}`);
    await established();
    const changes = fabric
      .evpnd(leaf)
      .logLines()
      .flatMap((line) => (line.changes ?? []) as { key: string; before?: string; after?: string }[])
      .filter(({ key, before, after }) => key.endsWith('.password-file') && before && after);
    t.is(changes.length, 2);
    for (const { before, after } of changes) t.not(before, after);
  },
);

test.serial('a key here alone: nobody answers; without one here either the sessions are back', async (t) => {
  await frr('no neighbor password');
  await refused(t, /another TCP MD5 key or none/);
  await ours({ 'ttl-security': 1 });
  await established();
  for (const each of await sessions()) t.like(each, { md5: false, ttlSecurityHops: 1 });
});

test.serial('GTSM: a spine that sends with a low TTL is not heard; without GTSM here it is', async (t) => {
  await frr('no neighbor ttl-security hops 1');
  await refused(t, /more than 1 hops away or sends with a lower TTL than 255/);
  await ours({});
  await established();
});

test.serial('GTSM there alone: our TTL is too low for the spine', async (t) => {
  const since = Date.now();
  await frr('neighbor ttl-security hops 1');
  // FRR demands the TTL of a connection that it has accepted: an OPEN that is there by then it reads, and nothing behind that,
  // so that the session ends by its hold time
  const ends = /does not answer|closed by the neighbor|ECONNRESET|hold timer expired/i;
  await waitFor(
    async () => {
      const ended = (await sessions()).map(({ lastFailedAttempt, lastDown }) =>
        [lastFailedAttempt, lastDown]
          .map((end) => (end && Date.parse(end.at) >= since ? end.reason : ''))
          .find((reason) => ends.test(reason)),
      );
      if (ended.includes(undefined)) throw new Error(ended.join('; '));
      return true;
    },
    { what: 'sessions that end for want of TTL', timeout: 60_000 },
  );
  t.pass();
  await frr('no neighbor ttl-security hops 1');
  await established();
});

test.serial('a file that others may read: the reload changes nothing, and says what to do', async (t) => {
  const evpnd = fabric.evpnd(leaf);
  const path = join(fabric.folder, 'open-key');
  writeFileSync(path, 'hunter2\n', { mode: 0o644 });
  evpnd.configure({
    ...evpnd.config,
    neighbors: [{ address: '10.1.1.0', 'remote-as': 'external', 'password-file': path }],
  });
  evpnd.signal('SIGHUP');
  await waitFor(() => evpnd.log().includes(`chmod 600 ${path}`), { what: 'the cure in the log' });
  t.true((await sessions()).every((each) => each.established));
  await ours({});
});

const flood = (from: string, count: number, words = '') =>
  fabric.exec(
    spine,
    process.execPath,
    fileURLToPath(new URL('support/connection-flood.js', import.meta.url)),
    from,
    '10.1.1.1',
    '179',
    String(count),
    words,
  );
/** A NOTIFICATION: Cease/Administrative Reset. */
const NOTIFICATION = `${'ff'.repeat(16)}0015030604`;

for (const [what, from, count, words] of [
  ['5,000 connections of strangers', stranger, 5_000, ''],
  ['1,000 connections of a configured address', '10.1.1.0', 1_000, ''],
  ['1,000 NOTIFICATIONs on connections of a configured address', '10.1.1.0', 1_000, NOTIFICATION],
] as const)
  test.serial(`${what} cost few descriptors and lines, and no session`, async (t) => {
    const before = await sessions();
    const lines = fabric.evpnd(leaf).logLines().length;
    const descriptors = () => readdirSync(`/proc/${fabric.evpnd(leaf).pid}/fd`).length;
    const at = descriptors();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, descriptors());
    }, 20);
    const { stdout } = await flood(from, count, words);
    clearInterval(watch);
    t.log(stdout.trim(), `${most - at} more descriptors`);
    const { stood, failed, heard } = JSON.parse(stdout);
    t.is(stood + failed, count);
    t.true(heard > 0);
    t.true(most - at <= 40, `${most - at} more descriptors`);
    const after = await sessions();
    t.deepEqual(
      after.map(({ established, flaps }) => ({ established, flaps })),
      before.map(({ flaps }) => ({ established: true, flaps })),
    );
    const more = fabric.evpnd(leaf).logLines().slice(lines);
    t.true(more.length < 30, more.map(({ msg }) => msg).join('\n'));
  });

test.serial('without descriptors connections wait, the sessions stand, and one line says so', async (t) => {
  const before = await sessions();
  const { pid } = fabric.evpnd(leaf);
  const limit = (soft: string) => fabric.exec(leaf, 'prlimit', '--pid', String(pid), `--nofile=${soft}:`);
  const soft = async () =>
    (
      await fabric.exec(leaf, 'prlimit', '--pid', String(pid), '--nofile', '--noheadings', '-o', 'SOFT')
    ).stdout.trim();
  const normal = await soft();
  const waiting = () =>
    fabric
      .evpnd(leaf)
      .logLines()
      .filter(({ msg }) => msg.startsWith('BGP connections wait')).length;
  const open = readdirSync(`/proc/${pid}/fd`)
    .map(Number)
    .sort((a, b) => a - b)
    .concat(-1);
  // The kernel gives the lowest number that is free, and none from the limit on
  await limit(String(open.findIndex((number, i) => number !== i)));
  try {
    await flood(stranger, 30);
    await waitFor(() => waiting() === 1, { what: 'the line' });
  } finally {
    await limit(normal);
  }
  t.deepEqual(
    (await sessions()).map(({ established, flaps }) => ({ established, flaps })),
    before.map(({ flaps }) => ({ established: true, flaps })),
  );
  // What waited is taken, and what comes is told who may
  await waitFor(
    async () => {
      const { stdout } = await flood(stranger, 1);
      const { stood, heard } = JSON.parse(stdout);
      return (stood === 1 && heard === 1) || undefined;
    },
    { what: 'a connection that is told' },
  );
});

test.serial('no key is in the log or in the API', async (t) => {
  const { body } = await fabric.restApi<object>(leaf, '/api/v1/neighbors');
  for (const text of [fabric.evpnd(leaf).log(), JSON.stringify(body)])
    for (const key of KEYS) t.false(text.includes(key));
});
