/**
 * Inside a booted Debian: evpnd's package is installed, runs as a service of systemd, is upgraded and purged. It is the leaf leaf1; its unit is put
 * into the leaf's namespace and nothing else is changed. FRR is the other leaf, GoBGP, which keeps the routes of a leaf that restarts, the spine.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { attempt, Fabric, LATER_VERSION, type RunResult, restGet, run, waitFor } from '../../lab/index.js';
import { runSteps } from './linux-namespace.js';
import { restartLoss } from './support/restart-loss.js';

const { SIGHUP } = constants.signals;
const FILE = '/etc/evpnd/evpnd.yaml';
const PROCESSES = '/sys/fs/cgroup/system.slice/evpnd.service/cgroup.procs';
/** The package, and the same of a later version. */
const PACKAGES = '/var/cache/evpnd';
const SOCKET = '/run/evpnd/api.sock';
/** Seconds between two pings. */
const INTERVAL = 0.05;
/** CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW of linux/capability.h */
const CAPABILITIES = (1 << 10) | (1 << 12) | (1 << 13);
/** Our levels by the priorities up to which journalctl shows lines, the least grave first. */
const LEVELS_UP_TO = { err: ['error', 'fatal'], warning: ['warn', 'error', 'fatal'] };
/** Of 10, by systemd-analyze(1): what network daemons with capabilities have at best is between 1 and 3. */
const MOST_EXPOSED = 3;

const fabric = await Fabric.create({
  vnis: [{ vni: 10010, vlan: 10 }],
  leaves: [{ engine: 'none' }, { engine: 'frr' }],
  spines: [{ engine: 'gobgp', gracefulRestart: true }],
});
const [leaf] = fabric.plan.leaves;
const [uplink] = leaf.links;
const [local, remote] = ['h1-10', 'h2-10'];

const good = `asn: ${leaf.asn}
router-id: ${leaf.routerId}
neighbors:
  - address: ${uplink.spineAddress.ipv4}
    remote-as: external
`;
const bad = good.replace('router-id', 'router-idd');

const PATIENCE = { timeout: 120_000 };
const systemctl = (...args: string[]): Promise<RunResult> => attempt('systemctl', args, PATIENCE);
const restart = (unit: string): Promise<RunResult> => run('systemctl', ['restart', unit], PATIENCE);
const property = async (name: string): Promise<string> =>
  (await systemctl('show', '--value', '--property', name, 'evpnd')).stdout.trim();
/** Whether a handler of the process stands for the signal. */
const catches = (process: number, signal: number): boolean => {
  const caught = /^SigCgt:\s+(.*)$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) >> BigInt(signal - 1)) % 2n === 1n;
};
const pid = async (): Promise<number> => Number(await property('MainPID'));

interface JournalLine {
  PRIORITY: string;
  MESSAGE: string;
  _COMM?: string;
}

/** evpnd's lines in the journal, or those that `more` leaves. */
async function journal(...more: string[]): Promise<JournalLine[]> {
  const args = ['--unit', 'evpnd', '--output', 'json', '--output-fields', 'PRIORITY,MESSAGE,_COMM', ...more];
  const { stdout } = await run('journalctl', args);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalLine);
}

const said = async (text: string, from = 0): Promise<boolean> =>
  (await journal()).slice(from).some(({ MESSAGE }) => MESSAGE.includes(text));

interface Neighbor {
  established: boolean;
  uptimeSeconds: number | null;
  lastDown: { reason: string } | null;
}

const neighbor = async (): Promise<Neighbor> =>
  (await restGet<Neighbor>(SOCKET, `/api/v1/neighbors/${uplink.spineAddress.ipv4}`)).body;
const rows = () => fabric.installedRows(leaf.name);

/** The session stands, all routes have been exchanged, the other leaf's host is known, and its replies come. */
const allIsWell = () =>
  waitFor(
    async () =>
      (await restGet(SOCKET, '/readyz')).status === 200 &&
      (await neighbor()).established &&
      (await rows()).some((row) => row.includes(fabric.host(remote).mac)) &&
      (await fabric.ping(local, remote, { count: 1 })).received === 1,
    { what: 'session, rows and replies' },
  );

/** The rows are those that were there. An IP of which the other leaf has heard nothing for a while is announced again once its host speaks. */
async function allAsBefore(installed: readonly string[]): Promise<void> {
  const forwarding = (of: readonly string[]) => of.filter((row) => row.startsWith('fdb '));
  assert.deepEqual(forwarding(await rows()), forwarding(installed));
  await waitFor(
    async () => {
      await fabric.introduceHosts();
      return isDeepStrictEqual(await rows(), installed);
    },
    { what: 'neighbors as before', interval: 500 },
  );
}

/** No ping between the hosts of the two leaves is lost, neither way, while `work` runs and until all is well again. */
async function losesNoPing(work: () => Promise<unknown>): Promise<void> {
  const lost = await restartLoss(fabric, [remote, local], { interval: INTERVAL, forgotten: 0 }, async () => {
    await work();
    await allIsWell();
  });
  assert.deepEqual(lost, [0, 0], 'pings that were lost to the leaf and from it');
}

function intoNamespace(): void {
  const folder = '/etc/systemd/system/evpnd.service.d';
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    `${folder}/lab.conf`,
    `[Service]\nNetworkNamespacePath=/run/netns/${fabric.namespace(leaf.name)}\n`,
  );
}

const dpkg = (...args: string[]): Promise<RunResult> => run('dpkg', args, PATIENCE);
const packageFile = (later: boolean): string => {
  const [file] = readdirSync(PACKAGES).filter((name) => name.includes(LATER_VERSION) === later);
  return join(PACKAGES, file);
};
/** What there is that is called evpnd, beside the package's file and what the lab itself wrote. */
const leftovers = async (): Promise<string[]> => {
  const { stdout } = await run('find', [
    ...['/etc', '/usr', '/var/lib', '/run'],
    ...['-not', '-path', '/run/netns*', '-not', '-path', '/run/tmp*', '-name', '*evpnd*'],
  ]);
  return stdout.split('\n').filter((path) => path !== '' && !/evpnd-lab|evpnd\.service\.d/.test(path));
};

async function startService(): Promise<void> {
  writeFileSync(FILE, good);
  await run('systemctl', ['restart', 'evpnd'], PATIENCE);
  await fabric.introduceHosts();
  await allIsWell();
}

let nothing: readonly string[];

await runSteps([
  {
    name: 'dpkg installs it: a user, files that it alone may read, programs that run; nothing is started',
    async run() {
      nothing = await leftovers();
      intoNamespace();
      await dpkg('--install', packageFile(false));
      const { stdout: unconfigured } = await dpkg('--audit');
      assert.equal(unconfigured, '');
      assert.match((await run('evpnd', ['--version'], PATIENCE)).stdout, /^evpnd \d/);
      assert.match((await run('evpnd', ['--check'], PATIENCE)).stdout, /: OK: /);
      assert.match((await run('evpnctl', ['--help'], PATIENCE)).stdout, /doctor/);
      assert.equal((await run('stat', ['-c', '%A %U %G', '/etc/evpnd'])).stdout, 'drwxr-x--- root evpnd\n');
      assert.equal(await property('ActiveState'), 'inactive');
      assert.equal((await systemctl('is-enabled', 'evpnd')).stdout, 'disabled\n');
    },
  },
  {
    name: 'it starts with the configuration that came along, and only looks',
    async run() {
      const before = await rows();
      await run('systemctl', ['enable', '--now', 'evpnd'], PATIENCE);
      assert.equal(await property('ActiveState'), 'active');
      assert.equal(await property('StatusText'), 'running with the configuration file');
      const { body } = await restGet<{ mode: string }>(SOCKET, '/api/v1/status');
      assert.equal(body.mode, 'observe');
      assert.deepEqual(await rows(), before);
      assert.equal(readlinkSync(`/proc/${await pid()}/exe`), '/usr/lib/evpnd/node');
    },
  },
  {
    name: 'it runs as its own user, with its three capabilities and no way to more',
    async run() {
      await startService();
      const status = readFileSync(`/proc/${await pid()}/status`, 'utf8');
      const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
      const { stdout } = await run('id', ['--user', 'evpnd']);
      const user = stdout.trim();
      assert.notEqual(user, '0');
      assert.deepEqual(field('Uid').split('\t'), [user, user, user, user]);
      for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapInh', 'CapAmb'])
        assert.equal(Number.parseInt(field(set), 16), CAPABILITIES, set);
      assert.equal(field('NoNewPrivs'), '1');
      assert.equal(field('Name'), 'evpnd');
    },
  },
  {
    name: 'evpnctl doctor finds nothing wrong',
    async run() {
      const { code, stdout } = await attempt('evpnctl', ['doctor'], PATIENCE);
      assert.equal(code, 0, stdout);
    },
  },
  {
    name: 'a reload with a bad file fails in all that an operator looks at, and changes nothing',
    async run() {
      const before = { pid: await pid(), rows: await rows(), flaps: (await neighbor()).lastDown };
      const lines = (await journal()).length;
      writeFileSync(FILE, bad);
      const { code, stderr } = await systemctl('reload', 'evpnd');
      assert.notEqual(code, 0);
      assert.match(stderr, /Job for evpnd\.service failed/);
      assert.equal(await property('ReloadResult'), 'exit-code');
      assert.match(
        (await systemctl('status', '--no-pager', 'evpnd')).stdout,
        /ExecReload=.*--check.*status=1\/FAILURE/,
      );
      await waitFor(() => said('found an unknown key', lines), {
        what: 'the finding in the journal',
        interval: 500,
      });
      assert.equal(await property('ActiveState'), 'active');
      await allIsWell();
      assert.deepEqual({ pid: await pid(), rows: await rows(), flaps: (await neighbor()).lastDown }, before);

      writeFileSync(FILE, good);
      assert.equal((await systemctl('reload', 'evpnd')).code, 0);
      await waitFor(() => said('configuration reloaded', lines), { what: 'the reload', interval: 500 });
    },
  },
  {
    name: 'a restart with a bad file goes on with the last good one, and says so',
    async run() {
      const before = await pid();
      writeFileSync(FILE, bad);
      await restart('evpnd');
      assert.notEqual(await pid(), before);
      const says = /was not applied; the last good configuration is in effect.*router-idd/;
      assert.match(await property('StatusText'), says);
      assert.ok((await journal('--priority', 'err')).some(({ MESSAGE }) => /was not applied/.test(MESSAGE)));
      await allIsWell();
      writeFileSync(FILE, good);
    },
  },
  {
    name: 'one that is killed is started again: its rows have stayed and no ping is lost',
    async run() {
      const [before, installed] = [await pid(), await rows()];
      await losesNoPing(async () => {
        process.kill(before, 'SIGKILL');
        await waitFor(async () => (await property('NRestarts')) === '1', {
          what: 'the start',
          interval: 500,
        });
        assert.deepEqual(await rows(), installed);
        await waitFor(async () => (await property('ActiveState')) === 'active', {
          what: 'the end of the start',
          interval: 500,
        });
      });
      assert.notEqual(await pid(), before);
      await allAsBefore(installed);
      await run('systemctl', ['reset-failed', 'evpnd']);
    },
  },
  {
    name: 'SIGHUP during the start does not end it, and is answered by a reload',
    async run() {
      const before = await pid();
      const lines = (await journal()).length;
      await run('systemctl', ['restart', '--no-block', 'evpnd']);
      // From when Node has begun, which is long before evpnd has
      const main = await waitFor(
        () => {
          const now = Number(readFileSync(PROCESSES, 'utf8').split('\n')[0]);
          return now !== before && catches(now, SIGHUP) ? now : undefined;
        },
        { what: 'the new process', interval: 20 },
      );
      process.kill(main, 'SIGHUP');
      assert.equal(await property('ActiveState'), 'activating');
      await waitFor(() => said('configuration reloaded', lines), { what: 'the reload', interval: 500 });
      await allIsWell();
      assert.equal(await pid(), main);
      assert.equal(await property('StatusText'), 'running with the configuration file');
    },
  },
  {
    name: "the session ends with its own link at once, not with the hold timer's word",
    async run() {
      await fabric.apply(leaf.name, { ip: [`link set ${uplink.leafDevice} down`], bridge: [] });
      const down = await waitFor(
        async () => {
          const now = await neighbor();
          return now.established ? undefined : now;
        },
        { what: 'the end of the session', interval: 20 },
      );
      assert.match(down.lastDown?.reason ?? '', new RegExp(`interface ${uplink.leafDevice}`));
      await fabric.apply(leaf.name, {
        ip: [
          `link set ${uplink.leafDevice} up`,
          ...fabric.plan.leaves
            .filter((other) => other !== leaf)
            .map(
              ({ vtep }) => `route add ${vtep}/32 via ${uplink.spineAddress.ipv4} dev ${uplink.leafDevice}`,
            ),
        ],
        bridge: [],
      });
      await allIsWell();
    },
  },
  {
    name: 'journalctl -p warning shows warnings and errors, -p err errors, and nothing else',
    async run() {
      const levelOf = ({ MESSAGE }: JournalLine) => {
        try {
          return (JSON.parse(MESSAGE) as { level?: string }).level ?? '';
        } catch {
          return '';
        }
      };
      const ours = async (...more: string[]) =>
        (await journal(...more)).filter((line) => levelOf(line) !== '');
      const all = await ours();
      for (const [priority, levels] of Object.entries(LEVELS_UP_TO)) {
        const shown = await ours('--priority', priority);
        assert.deepEqual(
          shown,
          all.filter((line) => levels.includes(levelOf(line))),
          priority,
        );
        assert.ok(
          shown.some((line) => levelOf(line) === levels[0]),
          priority,
        );
      }
      assert.equal((await ours('--priority', 'err')).length, 1, 'the restart with a bad file');
    },
  },
  {
    name: 'systemd finds it well shut off',
    async run() {
      const { stdout } = await run('systemd-analyze', ['security', '--no-pager', 'evpnd'], PATIENCE);
      const [, exposure] = /Overall exposure level for evpnd\.service: ([\d.]+)/.exec(stdout) ?? [];
      process.stderr.write(`exposure by systemd-analyze security: ${exposure}\n`);
      assert.ok(Number(exposure) < MOST_EXPOSED, `exposure ${exposure}`);
    },
  },
  {
    name: 'an upgrade restarts it with its rows and the configuration as they were, and loses no ping',
    async run() {
      const [before, installed] = [await pid(), await rows()];
      await losesNoPing(() => dpkg('--install', packageFile(true)));
      const { body } = await restGet<{ version: string }>(SOCKET, '/api/v1/status');
      assert.equal(body.version, LATER_VERSION);
      assert.notEqual(await pid(), before);
      await allAsBefore(installed);
      assert.equal(readFileSync(FILE, 'utf8'), good);
      assert.equal((await systemctl('is-enabled', 'evpnd')).stdout, 'enabled\n');
    },
  },
  {
    name: 'removal stops it, and takes its rows and routes along; a purge leaves nothing',
    async run() {
      await dpkg('--remove', 'evpnd');
      assert.ok(!existsSync(PROCESSES));
      assert.ok(!existsSync('/run/evpnd'));
      assert.deepEqual(await rows(), []);
      await waitFor(
        async () =>
          !(await fabric.installedRows('leaf2')).some((row) => row.includes(fabric.host(local).mac)),
        { what: 'end of the rows of the other leaf' },
      );
      assert.equal(readFileSync(FILE, 'utf8'), good);
      assert.ok(existsSync('/var/lib/evpnd/last-good.yaml'));
      await dpkg('--purge', 'evpnd');
      assert.deepEqual(await leftovers(), nothing);
      assert.notEqual((await attempt('id', ['evpnd'])).code, 0);
      assert.notEqual((await attempt('getent', ['group', 'evpnd'])).code, 0);
      assert.notEqual((await systemctl('cat', 'evpnd')).code, 0);
    },
  },
  {
    name: 'the rows of one that was stopped before go with the removal too',
    async run() {
      await dpkg('--install', packageFile(false));
      await startService();
      await run('systemctl', ['stop', 'evpnd'], PATIENCE);
      assert.ok((await rows()).some((row) => row.includes(fabric.host(remote).mac)));
      await dpkg('--purge', 'evpnd');
      assert.deepEqual(await rows(), []);
    },
  },
]);
await fabric.remove();
