import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { Evpnd, Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';

/* evpnd on a leaf that FRR drives: it observes, or it fights, and there is one that does. */
const HOSTS = 1000;
/** So many of them have an IP: the kernel keeps half a thousand neighbors in all (gc_thresh2). */
const WITH_IP = 300;
let fabric: Fabric;

test.before(async () => {
  fabric = await Fabric.create({ leaves: [{ engine: 'frr' }, { engine: 'frr' }] });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

interface Status {
  mode: string;
  kernel: { operationsApplied: number; operationsFailed: number };
  counts: { remoteMacs: number; remoteIps: number; localRoutes: number };
  drifts: { total: number; open: number };
  problems: { severity: string; problem: string }[];
}
interface Pending {
  items: { table: string; mac: string | null; ip: string | null; writes: string[]; wanted: string }[];
}

const hex = (n: number) => n.toString(16).padStart(2, '0');
const macOf = (n: number) => `02:00:00:01:${hex(n >> 8)}:${hex(n & 255)}`;
const ipOf = (n: number) => `10.10.${100 + (n >> 8)}.${n & 255}`;

/** Hosts appear behind the other leaf, or go. */
async function hosts(verb: 'replace' | 'del', from: number, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, i) => from + i);
  const isNew = verb === 'replace';
  await fabric.apply('leaf2', {
    bridge: numbers.map((n) => `fdb ${verb} ${macOf(n)} dev p2-10 master${isNew ? ' dynamic' : ''}`),
    ip: isNew
      ? numbers
          .filter((n) => n < WITH_IP)
          .map((n) => `neigh replace ${ipOf(n)} lladdr ${macOf(n)} dev br10 nud reachable`)
      : [],
  });
}

/** One more evpnd on the leaf of FRR's, with a folder of its own. */
function evpndOn(name: string, config: Record<string, unknown>): Evpnd {
  const leaf = fabric.leaf('leaf1');
  const folder = join(fabric.folder, name);
  return new Evpnd(name, fabric.namespace('leaf1'), folder, { ...leaf, config: { ...config } }, fabric.plan);
}

const alone = { neighbors: [], bgp: { listen: [] }, 'sweep-deferral-time': 0 };

test.serial(
  'observing a leaf of FRR with a thousand hosts under churn: no write, and nothing it would write',
  async (t) => {
    const spine = fabric.frr('spine1');
    const [link] = fabric.leaf('leaf1').links;
    await fabric.exec('leaf1', 'ip', 'addr', 'add', '10.77.0.1/31', 'dev', link.leafDevice);
    await fabric.exec('spine1', 'ip', 'addr', 'add', '10.77.0.0/31', 'dev', link.spineDevice);
    await spine.vtysh(
      'configure terminal',
      'router bgp 65000',
      'neighbor 10.77.0.1 remote-as external',
      'neighbor 10.77.0.1 passive',
      'address-family l2vpn evpn',
      'neighbor 10.77.0.1 activate',
    );
    await hosts('replace', 0, HOSTS);
    const watcher = evpndOn('watcher', {
      ...alone,
      mode: 'observe',
      'router-id': '10.77.0.1',
      neighbors: [{ address: '10.77.0.0', 'remote-as': 65000, 'connect-retry-time': 1 }],
      api: { 'unix-socket': join(fabric.folder, 'watcher', 'api.sock'), listen: [] },
    });
    t.teardown(() => watcher.stop());
    await watcher.start();
    const status = async () => (await watcher.get<Status>('/api/v1/status')).body;
    const pending = async () => (await watcher.get<Pending>('/api/v1/pending-writes?limit=1000')).body.items;
    const agrees = (macs: number) =>
      waitFor(async () => (await status()).counts.remoteMacs >= macs && (await pending()).length === 0, {
        what: 'agreement with FRR',
        timeout: 60_000,
      }).catch(async (error: Error) => {
        throw new Error(`${error.message}\n${JSON.stringify((await pending()).slice(0, 5), undefined, 1)}`);
      });
    await agrees(HOSTS);
    for (let round = 0; round < 8; round++) {
      await hosts('del', round * 50, 50);
      await hosts('replace', HOSTS + round * 50, 50);
      await delay(500);
    }
    await hosts('replace', 0, 400);
    await agrees(HOSTS + 400);
    // While FRR hears of nothing, whoever writes is us
    const before = await fabric.installedRows('leaf1');
    fabric.frr('leaf1').signal('SIGSTOP');
    try {
      await hosts('replace', 3000, 3);
      await waitFor(async () => (await pending()).some(({ mac }) => mac === macOf(3000)), {
        what: 'a host that FRR does not know yet',
      });
      t.deepEqual(
        (await fabric.installedRows('leaf1')).filter((row) => !before.includes(row) && row.startsWith('fdb')),
        [],
      );
      const [found] = (await pending()).filter(({ mac }) => mac === macOf(3000));
      t.deepEqual(found.writes, ['add fdb']);
      t.regex(found.wanted, /vxlan row has dst 10\.0\.0\.2/);
    } finally {
      fabric.frr('leaf1').signal('SIGCONT');
    }
    await agrees(HOSTS + 403);
    const end = await status();
    t.like(end, {
      mode: 'observe',
      kernel: { operationsApplied: 0, operationsFailed: 0 },
      drifts: { total: 0 },
    });
    const { peers } = await spine.vtyshJson<{ peers: Record<string, { pfxRcd: number }> }>(
      'show bgp l2vpn evpn summary json',
    );
    t.is(peers['10.77.0.1'].pfxRcd, 0, 'it announces nothing');
    await hosts('del', 3000, 3);
  },
);

test.serial(
  'two who write the same rows: bounded writes, one warning with the name, a problem',
  async (t) => {
    const rival = evpndOn('rival', alone);
    t.teardown(() => rival.stop());
    await rival.start();
    const status = async () => (await rival.get<Status>('/api/v1/status')).body;
    await waitFor(
      async () => (await status()).problems.some(({ problem }) => /writes the same rows/.test(problem)),
      {
        what: 'the problem',
        timeout: 30_000,
      },
    );
    await delay(5000);
    const from = await status();
    await delay(10_000);
    const to = await status();
    t.log(JSON.stringify({ from: from.kernel, to: to.kernel, drifts: to.drifts }));
    t.true(to.kernel.operationsApplied - from.kernel.operationsApplied <= 1500);
    const { problem } = to.problems.find((each) => /writes the same rows/.test(each.problem)) ?? {
      problem: '',
    };
    t.regex(problem, /FRR \(zebra\) writes the same rows/);
    const lines = rival
      .log()
      .split('\n')
      .filter((line) => line.includes('writes the same rows'));
    t.true(
      lines.length >= 1 && lines.length <= fabric.plan.leaves[0].segments.length,
      `${lines.length} lines`,
    );
    t.true(lines.every((line) => /"level":"?(warn|40)/.test(line)));
  },
);

test.serial('a second evpnd in the namespace does not start, and names the first', async (t) => {
  const first = evpndOn('first', alone);
  t.teardown(() => first.stop());
  await first.start();
  const second = evpndOn('second', {
    ...alone,
    api: { 'unix-socket': join(fabric.folder, 'second', 'api.sock'), listen: [] },
  });
  const error = await t.throwsAsync(second.start());
  t.regex(error.message, /another evpnd \(process \d+\) runs in this network namespace/);
  t.true(first.running);
  await first.kill();
  await second.start();
  await second.stop();
});
