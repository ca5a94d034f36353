import test from 'ava';
import { type Evpnd, Fabric, type Frr, pace, waitFor, waitUntilConverged } from '../../lab/index.js';
import { median, restartLoss } from './support/restart-loss.js';

/*
 * What a restart costs behind a spine that keeps no EVPN routes of a leaf that restarts (FRR up to 10.3): evpnd's against
 * FRR's, in one fabric and in turns, so that a busy machine costs both. Hosts of a third leaf and of the one that restarts
 * ping each other.
 */
const ROUNDS = 3;
/** Pings that may be lost beyond FRR's, which waits most of the time, while evpnd computes: so a busy machine costs it more. */
const SLACK = 25 * pace;
const remote = 'h3-10';

let fabric: Fabric;

test.before(async (t) => {
  t.timeout(120_000);
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }, { engine: 'evpnd' }],
    spines: [{ engine: 'frr' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  await waitUntilConverged(fabric);
});
test.after.always('remove', () => fabric?.remove());

/** Replies lost on the way to `host` and back while its leaf's daemon is restarted. */
const lost = (host: string, daemon: Evpnd | Frr) =>
  restartLoss(fabric, [remote, host], { interval: 0.01, forgotten: 2_000 }, async () => {
    await daemon.stop();
    await daemon.start();
  });

async function onStop(value: 'preserve' | 'flush'): Promise<void> {
  const evpnd = fabric.evpnd('leaf1');
  const reloads = () => evpnd.log().split('configuration reloaded').length;
  const before = reloads();
  evpnd.configure({ ...evpnd.config, 'on-stop': value });
  evpnd.signal('SIGHUP');
  await waitFor(() => reloads() > before, { what: 'reload' });
}

test('a restart of evpnd loses no more pings than one of FRR, with on-stop: preserve and flush', async (t) => {
  t.timeout(180_000);
  const all = { preserve: [], flush: [], FRR: [] } as Record<
    'preserve' | 'flush' | 'FRR',
    (readonly [number, number])[]
  >;
  for (let round = 0; round < ROUNDS; round++) {
    for (const how of ['preserve', 'flush'] as const) {
      await onStop(how);
      all[how].push(await lost('h1-10', fabric.evpnd('leaf1')));
    }
    all.FRR.push(await lost('h2-10', fabric.frr('leaf2')));
  }
  t.log(JSON.stringify(all));
  for (const [way, name] of ['to the leaf', 'from the leaf'].entries()) {
    const of = (how: keyof typeof all) => median(all[how].map((each) => each[way]));
    for (const how of ['preserve', 'flush'] as const)
      t.true(of(how) <= of('FRR') + SLACK, `${name}, ${how}: ${of(how)} lost, FRR ${of('FRR')}`);
  }
});
