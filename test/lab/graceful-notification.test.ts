import test, { type ExecutionContext } from 'ava';
import { Fabric, type FabricSpec, frrSpineConfig, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { NeighborItem } from '../../src/api/resources/neighbor-item.js';

/*
 * Graceful restart over a NOTIFICATION (RFC 8538) with a spine that has the N bit too. Each end keeps the other's routes, unless it is
 * a Hard Reset, which says what it stands for.
 */
const spec = (engine: 'gobgp' | 'none'): FabricSpec => ({
  leaves: [{ engine: 'evpnd' }, { engine: 'evpnd' }],
  spines: [{ engine, gracefulRestart: true }],
  vnis: [{ vni: 10010, vlan: 10 }],
});

const session = async (fabric: Fabric) =>
  (
    await fabric.restApi<NeighborItem>(
      'leaf1',
      `/api/v1/neighbors/${fabric.leaf('leaf1').links[0].spineAddress.ipv4}`,
    )
  ).body;

/** How many routes leaf1 has kept as stale, each time that it has lost its session since it started. */
const keptOf = (fabric: Fabric) =>
  fabric
    .evpnd('leaf1')
    .logLines()
    .filter(({ msg }) => msg.startsWith('routes of a restarting BGP neighbor are kept'))
    .map(({ routes }) => Number(routes));

/**
 * The session ends by what `end` does, and comes back; resolves with the reason of its end, with what was kept meanwhile, and with
 * what `end` came to. `lastError` may be of an attempt that came soon behind.
 */
async function ended<Result>(t: ExecutionContext, fabric: Fabric, end: () => Promise<Result>) {
  const [{ flaps }, before] = [await session(fabric), keptOf(fabric).length];
  const result = await end();
  await waitFor(async () => (await session(fabric)).flaps > flaps, { what: 'the end of the session' });
  const reason = (await session(fabric)).lastDown?.reason ?? '';
  await waitFor(
    async () => {
      const { established, endOfRibReceivedAt, prefixes } = await session(fabric);
      return established && endOfRibReceivedAt !== null && prefixes.received.total > 0;
    },
    { what: 'the session again', timeout: 60_000 },
  );
  const kept = keptOf(fabric).slice(before);
  t.log(`${reason}: kept ${JSON.stringify(kept)}`);
  return { reason, kept, result };
}

async function inFabric(
  t: ExecutionContext,
  engine: 'gobgp' | 'none',
  start: (fabric: Fabric) => Promise<void>,
  play: (fabric: Fabric) => Promise<void>,
): Promise<void> {
  t.timeout(180_000);
  const fabric = await Fabric.create(spec(engine));
  try {
    await start(fabric);
    await waitUntilConverged(fabric, undefined, 60_000);
    const { gracefulRestart } = await session(fabric);
    t.is(gracefulRestart?.notification, true);
    await play(fabric);
  } catch (error) {
    t.log(fabric.logs());
    throw error;
  } finally {
    await fabric.remove();
  }
}

/** What an operator does here ends all on both sides, and a reload that needs a new session does not. */
async function ourEnds(t: ExecutionContext, fabric: Fabric): Promise<void> {
  const leaf1 = fabric.evpnd('leaf1');
  const { spineAddress } = fabric.leaf('leaf1').links[0];
  const reset = await ended(t, fabric, () =>
    leaf1.post<NeighborItem>(`/api/v1/neighbors/${spineAddress.ipv4}/clear`),
  );
  t.like(reset.result.body.lastError, {
    direction: 'sent',
    code: 6,
    subcode: 9,
    hardReset: { code: 6, subcode: 4 },
  });
  t.deepEqual(reset.kept, []);
  const [neighbor] = leaf1.config.neighbors as object[];
  const reloaded = await ended(t, fabric, async () => {
    leaf1.configure({ ...leaf1.config, neighbors: [{ ...neighbor, 'hold-time': 12 }] });
    leaf1.signal('SIGHUP');
  });
  t.false(reloaded.reason.includes('Hard Reset'), reloaded.reason);
  t.is(reloaded.kept.length, 1);
  t.true(reloaded.kept[0] > 0);
}

test.serial('FRR: its soft Cease keeps its routes, its Hard Reset and ours remove them', (t) =>
  inFabric(
    t,
    'none',
    (fabric) => {
      const config = frrSpineConfig(fabric.plan.spines[0], fabric.plan);
      return fabric.startFrr(
        'spine1',
        config.replace(
          ' bgp router-id',
          ' bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n bgp graceful-restart notification\n bgp router-id',
        ),
      );
    },
    async (fabric) => {
      const leaf = fabric.leaf('leaf1').links[0].leafAddress.ipv4;
      const { asn } = fabric.spine('spine1');
      const clear = () => fabric.vtysh('spine1', `clear bgp ${leaf}`);
      const hard = await ended(t, fabric, clear);
      t.is(
        hard.reason,
        'NOTIFICATION received: Cease (6), Hard Reset (9) for Cease (6), Administrative Reset (4)',
      );
      t.deepEqual(hard.kept, []);
      await fabric.vtysh('spine1', 'conf t', `router bgp ${asn}`, 'no bgp hard-administrative-reset');
      const soft = await ended(t, fabric, clear);
      t.is(soft.reason, 'NOTIFICATION received: Cease (6), Administrative Reset (4)');
      t.is(soft.kept.length, 1);
      t.true(soft.kept[0] > 0);
      await ourEnds(t, fabric);
    },
  ),
);

test.serial('GoBGP: a Hard Reset of ours removes its routes, another Cease keeps them', (t) =>
  inFabric(
    t,
    'gobgp',
    async () => {},
    (fabric) => ourEnds(t, fabric),
  ),
);
