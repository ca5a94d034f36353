import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  ContinuousPing,
  Fabric,
  type FabricSpec,
  frrSpineConfig,
  waitFor,
  waitUntilConverged,
} from '../../lab/index.js';
import { leafRows } from './support/rows.js';

/*
 * The spine dies and comes back while hosts ping through evpnd on both leaves: no row goes and no ping is lost. Its first
 * OPEN says F=0 of L2VPN EVPN, since it has not restarted yet.
 */
const spec = (engine: 'gobgp' | 'none'): FabricSpec => ({
  leaves: [{ engine: 'evpnd' }, { engine: 'evpnd' }],
  spines: [{ engine, gracefulRestart: true }],
  vnis: [{ vni: 10010, vlan: 10 }],
});

interface Session {
  established: boolean;
  flaps: number;
  gracefulRestart: { restartTimeSeconds: number; forwardingPreserved: boolean } | null;
  staleRoutes: { count: number; until: string } | null;
  endOfRibReceivedAt: string | null;
}

/** Each spine, how it is started first and again, and how it dies. */
const spines: {
  name: string;
  engine: 'gobgp' | 'none';
  start?: (fabric: Fabric) => Promise<void>;
  die: (fabric: Fabric) => Promise<void>;
  restart: (fabric: Fabric) => Promise<void>;
}[] = [
  {
    name: 'GoBGP',
    engine: 'gobgp',
    die: (fabric) => fabric.gobgp('spine1').stop('SIGKILL'),
    restart: (fabric) => fabric.gobgp('spine1').start(true),
  },
  {
    name: 'FRR',
    engine: 'none',
    start: (fabric) => fabric.startFrr('spine1', frrConfig(fabric, 'bgp graceful-restart')),
    die: (fabric) => fabric.frr('spine1').stop('SIGKILL'),
    restart: (fabric) =>
      fabric.startFrr(
        'spine1',
        frrConfig(fabric, 'bgp graceful-restart', 'bgp graceful-restart preserve-fw-state'),
      ),
  },
];

/** FRR 8.4 sets the F bit by its configuration alone. */
function frrConfig({ plan }: Fabric, ...lines: string[]): string {
  const config = frrSpineConfig(plan.spines[0], plan);
  return config.replace(' bgp router-id', [...lines.map((line) => ` ${line}\n`), ' bgp router-id'].join(''));
}

for (const { name, engine, start, die, restart } of spines)
  test.serial(`${name} restarts: no row goes, no ping is lost`, async (t) => {
    const fabric = await Fabric.create(spec(engine));
    try {
      await start?.(fabric);
      await waitUntilConverged(fabric, undefined, 60_000);
      await play(t, fabric, die, restart);
    } catch (error) {
      t.log(fabric.logs());
      throw error;
    } finally {
      await fabric.remove();
    }
  });

async function play(
  t: ExecutionContext,
  fabric: Fabric,
  die: (fabric: Fabric) => Promise<void>,
  restart: (fabric: Fabric) => Promise<void>,
): Promise<void> {
  const leaves = ['leaf1', 'leaf2'];
  const sessions = () =>
    Promise.all(
      leaves.map(
        async (leaf) =>
          (
            await fabric.restApi<Session>(
              leaf,
              `/api/v1/neighbors/${fabric.leaf(leaf).links[0].spineAddress.ipv4}`,
            )
          ).body,
      ),
    );
  for (const { gracefulRestart } of await sessions())
    t.is(gracefulRestart?.forwardingPreserved, false, 'the first OPEN says F=0');
  const pings = await Promise.all(
    [
      ['h1-10', 'h2-10'],
      ['h2-10', 'h1-10'],
    ].map(([from, to]) =>
      ContinuousPing.start(
        fabric.namespace(from),
        fabric.host(to).address.ipv4,
        0.01,
        join(fabric.folder, `ping-${from}`),
      ),
    ),
  );
  const rows = leaves.map((leaf, i) => leafRows(fabric, leaf, leaves[1 - i]));
  const missing = async () =>
    (
      await Promise.all(
        leaves.map(async (leaf, i) => {
          const installed = await fabric.installedRows(leaf);
          return rows[i].filter((row) => !installed.includes(row));
        }),
      )
    ).flat();
  t.deepEqual(await missing(), []);

  const lost: string[] = [];
  const watch = async (what: string, done: () => Promise<boolean>) =>
    waitFor(
      async () => {
        lost.push(...(await missing()));
        return done();
      },
      { what, interval: 100, timeout: 30_000 },
    );
  await die(fabric);
  await watch('stale routes on both leaves', async () =>
    (await sessions()).every(({ established, staleRoutes }) => !established && (staleRoutes?.count ?? 0) > 0),
  );
  await restart(fabric);
  await watch('the End-of-RIB', async () =>
    (await sessions()).every(
      ({ established, staleRoutes, endOfRibReceivedAt }) =>
        established && staleRoutes === null && endOfRibReceivedAt !== null,
    ),
  );
  t.deepEqual(lost, []);
  t.deepEqual(await missing(), []);
  for (const ping of pings) {
    const { sent, received } = await ping.stop();
    t.true(sent > 30, `${sent} sent`);
    t.is(sent - received, 0, `lost of ${sent}`);
  }
}
