import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import {
  attempt,
  evpndCommand,
  Fabric,
  waitFor,
  waitForSessions,
  waitUntilConverged,
} from '../../lab/index.js';
import { hasRows, lacksRows, leafRows, rowsAre } from './support/rows.js';

/*
 * Beginnings and ends: sessions lost, evpnd killed and started again, configurations reloaded, devices that come and
 * go. leaf1 runs evpnd and has two spines; leaf2 and leaf3 run FRR.
 */
let fabric: Fabric;
const evpnd = () => fabric.evpnd('leaf1');
const ours = () => ['leaf2', 'leaf3'].flatMap((name) => leafRows(fabric, 'leaf1', name));

interface Session {
  address: string;
  state: string;
  established: boolean;
  uptimeSeconds: number | null;
  flaps: number;
}
const sessions = async () =>
  (await fabric.restApi<{ items: Session[] }>('leaf1', '/api/v1/neighbors')).body.items;
const session = async (address: string) => (await sessions()).find((each) => each.address === address)!;

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }, { engine: 'frr' }],
    spines: [{ engine: 'frr' }, { engine: 'frr' }],
  });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

/** Deletions of rows of ours while `work` goes on, as the kernel tells them. */
async function deletions(work: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  const monitor = spawn('ip', [
    ...['netns', 'exec', fabric.namespace('leaf1')],
    ...['bridge', 'monitor', 'fdb'],
  ]);
  createInterface({ input: monitor.stdout }).on('line', (line) => seen.push(line));
  try {
    // It listens when it has told of a row of our own.
    await waitFor(
      async () => {
        await attempt('bridge', [
          '-n',
          fabric.namespace('leaf1'),
          'fdb',
          'add',
          mark,
          'dev',
          'p1-20',
          'master',
        ]);
        await attempt('bridge', [
          '-n',
          fabric.namespace('leaf1'),
          'fdb',
          'del',
          mark,
          'dev',
          'p1-20',
          'master',
        ]);
        return seen.some((line) => line.includes(mark));
      },
      { what: 'word from bridge monitor' },
    );
    await work();
  } finally {
    monitor.kill('SIGKILL');
  }
  return seen.filter((line) => line.startsWith('Deleted') && !line.includes(mark));
}
const mark = '02:00:00:00:0f:0f';

test.serial('kill -9 and restart: no row is missing at any time, then what is stale is swept', async (t) => {
  await rowsAre(fabric, 'leaf1', ours());
  const gone = await deletions(async () => {
    await evpnd().kill();
    await rowsAre(fabric, 'leaf1', ours());
    await evpnd().start();
    await waitForSessions(fabric, 20_000);
    await waitFor(
      async () => (await fabric.restApi<{ ready: boolean }>('leaf1', '/api/v1/status')).body.ready,
      { what: 'readiness' },
    );
    await rowsAre(fabric, 'leaf1', ours());
  });
  t.deepEqual(gone, []);

  // A leaf that ends while nobody looks: its rows are stale for the next evpnd.
  await evpnd().kill();
  await fabric.frr('leaf3').stop();
  await rowsAre(fabric, 'leaf1', ours());
  const swept = await deletions(async () => {
    await evpnd().start();
    await rowsAre(fabric, 'leaf1', leafRows(fabric, 'leaf1', 'leaf2'));
  });
  t.true(swept.length >= 4);
  const leaf2 = fabric.plan.hosts.filter(({ leaf }) => leaf === 'leaf2').map(({ mac }) => mac);
  t.deepEqual(
    swept.filter((line) => leaf2.some((mac) => line.includes(mac)) || line.includes('10.0.0.2 ')),
    [],
  );
  await fabric.frr('leaf3').start();
  await waitForSessions(fabric, 20_000);
  await fabric.introduceHosts();
  await rowsAre(fabric, 'leaf1', ours());
});

test.serial(
  'a session that is lost takes nothing with it that another still tells, the last one takes all',
  async (t) => {
    const gone = await deletions(async () => {
      await fabric.frr('spine1').stop('SIGKILL');
      await waitFor(async () => !(await session('10.1.1.0')).established, { what: 'end of the session' });
      await rowsAre(fabric, 'leaf1', ours());
    });
    t.deepEqual(gone, []);
    await fabric.frr('spine2').stop('SIGKILL');
    await rowsAre(fabric, 'leaf1', []);
    await Promise.all([fabric.frr('spine1').start(), fabric.frr('spine2').start()]);
    await waitForSessions(fabric, 20_000);
    await rowsAre(fabric, 'leaf1', ours());
  },
);

test.serial('a withdraw takes what it names and nothing else', async (t) => {
  const host = fabric.host('h3-20');
  const gone = await deletions(async () => {
    await fabric.exec('leaf3', 'ip', 'link', 'set', host.port, 'down');
    const rows = ours().filter((row) => row.includes(host.mac));
    t.is(rows.length, 4);
    await lacksRows(fabric, 'leaf1', rows.slice(0, 2));
    await hasRows(
      fabric,
      'leaf1',
      ours().filter((row) => !row.includes(host.mac)),
    );
  });
  t.true(gone.length > 0);
  t.deepEqual(
    gone.filter((line) => !line.includes(host.mac)),
    [],
  );
  await fabric.exec('leaf3', 'ip', 'link', 'set', host.port, 'up');
  await fabric.introduceHosts();
  await rowsAre(fabric, 'leaf1', ours());
});

test.serial('SIGHUP: a changed neighbor is reset and no other, a broken file changes nothing', async (t) => {
  const { config, configFile } = evpnd();
  const [first, second] = config.neighbors as Record<string, unknown>[];
  const before = await sessions();
  evpnd().configure({ ...config, neighbors: [{ ...first, 'hold-time': 12 }, second] });
  evpnd().signal('SIGHUP');
  await waitFor(async () => (await session('10.1.1.0')).flaps > before[0].flaps, { what: 'reset' });
  await waitFor(async () => (await session('10.1.1.0')).established, { what: 'new session' });
  const untouched = await session('10.2.1.0');
  t.is(untouched.flaps, before[1].flaps);
  t.true((untouched.uptimeSeconds ?? 0) >= (before[1].uptimeSeconds ?? 0));
  await rowsAre(fabric, 'leaf1', ours());

  const flaps = (await sessions()).map((each) => each.flaps);
  evpnd().configure({ ...config, neighbors: [first, { ...second, 'remote-az': 1 }], asn: 'many' });
  evpnd().signal('SIGHUP');
  await waitFor(() => evpnd().log().includes('was not applied'), { what: 'rejection in the log' });
  t.regex(evpnd().log(), /remote-az/);
  t.deepEqual(
    (await sessions()).map((each) => [each.established, each.flaps]),
    flaps.map((each) => [true, each]),
  );
  await rowsAre(fabric, 'leaf1', ours());

  const [node, ...main] = evpndCommand();
  const check = await attempt(node, [...main, '--check', '--config', configFile]);
  t.is(check.code, 1);
  t.regex(check.stdout, /evpnd\.yaml:\d+:\d+: asn: found "many"; allowed an AS number/);
  t.regex(
    check.stdout,
    /evpnd\.yaml:\d+:\d+: neighbors\[1\]\.remote-az: found an unknown key.*did you mean remote-as\?/,
  );
  evpnd().configure(config);
  const good = await attempt(node, [...main, '--check', '--config', configFile]);
  t.is(good.code, 0, good.stdout);
});

test.serial('a VNI on two bridges is reported, and harms no other VNI', async (t) => {
  interface Vni {
    vni: number;
    vxlanDevice: string;
    problems: { problem: string }[];
  }
  const vni = async () =>
    (await fabric.restApi<{ items: Vni[] }>('leaf1', '/api/v1/vnis')).body.items.find(
      (each) => each.vni === 10010,
    )!;
  t.is((await vni()).vxlanDevice, 'vx10');
  await fabric.apply('leaf1', {
    ip: [
      'link add brtwin type bridge',
      'link set brtwin up',
      'link add vxtwin type vxlan id 10010 local 10.0.0.1 dstport 4790 nolearning',
      'link set vxtwin master brtwin up',
    ],
    bridge: [],
  });
  await waitFor(async () => (await vni()).problems.some(({ problem }) => /vxtwin/.test(problem)), {
    what: 'problem of VNI 10010',
  });
  await rowsAre(fabric, 'leaf1', ours());
  await fabric.apply('leaf1', { ip: ['link del vxtwin', 'link del brtwin'], bridge: [] });
  await waitFor(async () => !(await vni()).problems.some(({ problem }) => /vxtwin/.test(problem)), {
    what: 'end of the problem',
  });
  await rowsAre(fabric, 'leaf1', ours());
  t.is((await vni()).vxlanDevice, 'vx10');
});

test.serial('devices that come and go while routes flow: only the end state counts', async (t) => {
  const { pid } = evpnd();
  const port = fabric.host('h2-10').port;
  for (let round = 0; round < 12; round++) {
    // Routes come and go …
    const macs = Array.from({ length: 20 }, (_, n) => `02:cc:00:00:${String(10 + round)}:${String(10 + n)}`);
    const routes = fabric.apply('leaf2', {
      ip: [],
      bridge: [
        ...macs.map((mac) => `fdb add ${mac} dev ${port} master dynamic`),
        ...macs.map((mac) => `fdb del ${mac} dev ${port} master`),
      ],
    });
    // … while the device that they are for vanishes, is there without a bridge, without an address, down.
    await fabric.apply('leaf1', {
      ip: [
        'link del vx10',
        'link add vx10 mtu 1550 type vxlan id 10010 dstport 4789 nolearning ttl 64 noudpcsum',
        'link set vx10 up',
        'link set vx10 master br10',
        'link del vx10',
        'link add vx10 mtu 1550 type vxlan id 10010 local 10.0.0.1 dstport 4789 nolearning ttl 64 noudpcsum',
        'link set vx10 master br10 addrgenmode none up',
        ...(round % 3 === 0 ? ['link set br10 down', 'link set br10 up'] : []),
      ],
      bridge: ['link set dev vx10 learning off neigh_suppress on'],
    });
    await routes;
  }
  // A bridge that was down has lost its IPv6 addresses and what it knew of hosts.
  const { sviAddress } = fabric.leaf('leaf1').segments[0];
  await fabric.apply('leaf1', { ip: [`addr replace ${sviAddress.ipv6}/64 dev br10 nodad`], bridge: [] });
  await rowsAre(fabric, 'leaf1', ours(), 20_000);
  t.is(evpnd().pid, pid);
  t.true(evpnd().running);
  await fabric.introduceHosts();
  for (const from of ['h1-10', 'h2-10']) {
    const { received } = await fabric.ping(from, from === 'h1-10' ? 'h2-10' : 'h1-10', { count: 3 });
    t.true(received >= 2, from);
  }
  t.deepEqual(
    (await sessions()).map(({ established }) => established),
    [true, true],
  );
});

test.serial('an evpnd that cannot start leaves the rows of the one that runs', async (t) => {
  await rowsAre(fabric, 'leaf1', ours());
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-second-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'evpnd.yaml');
  // The namespace is taken, the rest is its own
  const second = { 'state-directory': folder, api: { 'unix-socket': join(folder, 'api.sock'), listen: [] } };
  writeFileSync(config, JSON.stringify({ asn: 65001, 'router-id': '10.0.0.1', neighbors: [], ...second }));
  const lost = await deletions(async () => {
    const netns = ['netns', 'exec', fabric.namespace('leaf1')];
    const { code, stdout } = await attempt('ip', [...netns, ...evpndCommand(), '--config', config]);
    t.is(code, 1);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
    t.is(last.level, 'fatal');
    t.regex(last.msg, /another evpnd \(process \d+\) runs/);
  });
  t.deepEqual(lost, []);
  await rowsAre(fabric, 'leaf1', ours());
});

test.serial('SIGTERM removes what is ours, says goodbye, and ends with 0', async (t) => {
  t.is(await evpnd().stop('SIGTERM'), 0);
  await rowsAre(fabric, 'leaf1', []);
  const spine = await fabric.vtysh('spine1', 'show bgp neighbors 10.1.1.1');
  t.regex(spine, /Last reset .*Notification received \(Cease\/Administrative Shutdown\)/);
});

test.serial('rows that a last evpnd left go by --flush, but not beneath one that runs', async (t) => {
  const flush = () =>
    attempt('ip', [
      ...['netns', 'exec', fabric.namespace('leaf1')],
      ...[...evpndCommand(), '--flush', '--config', evpnd().configFile],
    ]);
  evpnd().configure({ ...evpnd().config, 'on-stop': 'preserve' });
  await evpnd().start();
  await rowsAre(fabric, 'leaf1', ours());
  const refused = await flush();
  t.is(refused.code, 1);
  t.regex(refused.stderr, /another evpnd \(process \d+\) runs/);
  t.is(await evpnd().stop('SIGTERM'), 0);
  await rowsAre(fabric, 'leaf1', ours());
  const { code, stdout, stderr } = await flush();
  t.is(code, 0, stderr);
  t.regex(stdout, /^removed the rows of (1 MAC address|\d+ MAC addresses)\n$/);
  await rowsAre(fabric, 'leaf1', []);
});
