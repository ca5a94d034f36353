import test from 'ava';
import { MAC_ZERO, type Mac, parseIp, toVni } from '../../src/types/index.js';
import { random } from '../evpn/support/random.js';
import { ELSEWHERE, mac, type Scene, scene, VNI, VTEP } from './support/scene.js';

const many = (count: number) => Array.from({ length: count }, (_, i) => mac(i + 1));
const NOWHERE = parseIp('10.0.0.4');

/** A chip with ten places, in a VNI that withholds what it leaves out and floods to both VTEPs. */
async function fullScene(limit = 10) {
  const made = await scene('e0', limit);
  made.settings.withholds = true;
  for (const vtep of [VTEP, ELSEWHERE]) made.dataPlane.setFlood(VNI, vtep);
  return made;
}

/** A row of ours stands in the bridge's or the VXLAN device's table. */
function standing({ kernel: { tables }, devices }: Scene, its: Mac): string[] {
  const { bridgeIfindex, vxlanIfindex } = devices;
  return [
    ...(tables.bridgeRow(bridgeIfindex, 0, its)?.port === vxlanIfindex ? ['bridge'] : []),
    ...(tables.vxlanRow(vxlanIfindex, 0, its) ? ['vxlan'] : []),
  ];
}

const counts = ({ watch }: Scene) => watch.vni(VNI)?.macs;

test('what a full table leaves out is withheld where that is configured: no row, no drift, a problem; it follows when room appears', async (t) => {
  const full = await fullScene();
  const { want, pass, dataPlane, watch, state } = full;
  want(...many(20));
  await pass(5);
  t.deepEqual(counts(full), { offloaded: 10, pending: 10, refused: 0, notTaken: 0, withheld: 0 });
  for (let second = 0; second < 15; second++) {
    await pass(1);
    const each = Object.values(counts(full) ?? {});
    t.is(
      each.reduce((sum, count) => sum + count),
      20,
      'none counts twice',
    );
  }
  t.deepEqual(counts(full), { offloaded: 10, pending: 0, refused: 0, notTaken: 0, withheld: 10 });
  const out = many(20).filter((each) => state(each) === 'withheld');
  t.deepEqual(
    out.flatMap((each) => standing(full, each)),
    [],
  );
  t.is(dataPlane.drift.openCount + dataPlane.drift.total, 0);
  t.deepEqual(
    [...watch.problems()].map(({ topic }) => topic),
    ['withheld from hardware'],
  );
  for (const each of many(20)) if (!out.includes(each)) dataPlane.clearMac(VNI, each);
  await pass(10);
  t.deepEqual(counts(full), { offloaded: 10, pending: 0, refused: 0, notTaken: 0, withheld: 0 });
  t.true(out.every((each) => state(each) === 'offloaded'));
  t.deepEqual([...watch.problems()], []);
});

test('room that nobody tells of is found by offering one, and what is taken is followed by the rest', async (t) => {
  const full = await fullScene();
  full.want(...many(60));
  await full.pass(20);
  t.is(counts(full)?.withheld, 50);
  full.settings.limit = 60;
  await full.pass(120);
  t.deepEqual(counts(full), { offloaded: 60, pending: 0, refused: 0, notTaken: 0, withheld: 0 });
});

test('a table that stays full is asked ever more rarely', async (t) => {
  const full = await fullScene();
  full.want(...many(20));
  await full.pass(30);
  const before = full.kernel.applied.length;
  await full.pass(1800);
  const { length } = full.kernel.applied;
  // One MAC at a time, its two rows written and removed, at 30 s, then twice as much later up to five minutes
  t.true(length > before && length - before <= 4 * 14, `${length - before} operations`);
  t.is(counts(full)?.withheld, 10);
});

test('what cannot be reached without its row is not withheld: no default destination, or pinned', async (t) => {
  const full = await fullScene(1);
  const { dataPlane, pass, state, want } = full;
  want(mac(1));
  dataPlane.setMac(VNI, mac(2), NOWHERE, false, 0);
  dataPlane.setMac(VNI, mac(3), VTEP, true, 0);
  dataPlane.setMac(VNI, mac(4), VTEP, false, 0);
  dataPlane.setMac(VNI, mac(5), ELSEWHERE, false, 0);
  dataPlane.setMac(VNI, mac(6), ELSEWHERE, false, 0);
  await pass(15);
  const states = () => [2, 3, 4, 5, 6].map((n) => state(mac(n)));
  t.deepEqual(states(), ['not-taken', 'not-taken', 'withheld', 'withheld', 'withheld']);
  // Each becomes one of those
  dataPlane.setMac(VNI, mac(4), VTEP, true, 0);
  dataPlane.setMac(VNI, mac(5), NOWHERE, false, 0);
  dataPlane.clearFlood(VNI, ELSEWHERE);
  await pass(1);
  t.deepEqual(
    [4, 5, 6].map((n) => standing(full, mac(n))),
    [
      ['bridge', 'vxlan'],
      ['bridge', 'vxlan'],
      ['bridge', 'vxlan'],
    ],
  );
});

test('a default destination that the kernel comes to refuse has the MACs behind it stand again', async (t) => {
  const full = await fullScene(1);
  const { dataPlane, kernel, pass, state, want } = full;
  want(mac(1), mac(2));
  await pass(15);
  t.is(state(mac(2)), 'withheld');
  kernel.fault = ({ table, verb }) => (table === 'vxlan-default' && verb === 'add' ? 28 : 0);
  kernel.dropVxlan(full.devices.vxlanIfindex, 0, MAC_ZERO, VTEP);
  await pass(3);
  t.is(dataPlane.plane(VNI)?.floods.get(VTEP)?.failure?.name, 'ENOSPC');
  t.deepEqual(standing(full, mac(2)), ['bridge', 'vxlan']);
});

test('a withheld MAC that comes back from one of our ports takes that row away, which nothing else would', async (t) => {
  const full = await fullScene(1);
  const { dataPlane, devices, kernel, pass, state, want } = full;
  want(mac(1), mac(2));
  await pass(15);
  t.is(state(mac(2)), 'withheld');
  kernel.learn(devices.bridgeIfindex, 0, mac(2), devices.accessIfindex);
  await pass(1);
  const epoch = dataPlane.localMac(VNI, mac(2))?.epoch;
  dataPlane.setMac(VNI, mac(2), ELSEWHERE, false, epoch ?? -1);
  await pass(1);
  t.deepEqual(standing(full, mac(2)), ['bridge', 'vxlan']);
  await pass(20);
  t.deepEqual([state(mac(2)), standing(full, mac(2))], ['withheld', []]);
});

test('what is behind a VTEP that the chip itself does not flood to is not withheld, and stands again once that is so', async (t) => {
  const full = await fullScene(1);
  const { dataPlane, pass, state, unflooded, want } = full;
  unflooded.add(ELSEWHERE);
  want(mac(1), mac(2));
  dataPlane.setMac(VNI, mac(3), ELSEWHERE, false, 0);
  await pass(15);
  t.deepEqual([state(mac(2)), standing(full, mac(2))], ['withheld', []]);
  t.deepEqual([state(mac(3)), standing(full, mac(3))], ['not-taken', ['bridge', 'vxlan']]);
  unflooded.add(VTEP);
  // A look at rest is 30 s after the one before
  await pass(31);
  t.deepEqual(standing(full, mac(2)), ['bridge', 'vxlan']);
  unflooded.clear();
  await pass(45);
  t.deepEqual(
    [2, 3].map((n) => state(mac(n))),
    ['withheld', 'withheld'],
  );
});

test('where the bridge does not flood to the device nothing is withheld, and what was stands again', async (t) => {
  const full = await fullScene(1);
  const { pass, plugIn, state, want } = full;
  const found = () => [state(mac(2)), ...standing(full, mac(2))];
  plugIn(VNI, { isFlooded: false });
  want(mac(1), mac(2));
  await pass(15);
  t.deepEqual(found(), ['not-taken', 'bridge', 'vxlan']);
  plugIn(VNI);
  await pass(3);
  t.deepEqual(found(), ['withheld']);
  plugIn(VNI, { isFlooded: false });
  await pass(3);
  t.deepEqual(found(), ['pending', 'bridge', 'vxlan']);
});

test('a VNI that goes down while a MAC of it is offered keeps no other from being offered', async (t) => {
  const full = await fullScene();
  const { dataPlane, pass, plugIn, settings, want } = full;
  const other = toVni(10020);
  plugIn(other);
  for (const vtep of [VTEP, ELSEWHERE]) dataPlane.setFlood(other, vtep);
  want(...many(11));
  await pass(2);
  const its = many(40).slice(20);
  for (const each of its) dataPlane.setMac(other, each, VTEP, false, 0);
  const isOffered = () => (dataPlane.plane(other)?.macs.withheld ?? 0) === its.length - 1;
  await pass(15);
  t.is(dataPlane.plane(other)?.macs.withheld, its.length);
  for (let second = 0; second < 120 && !isOffered(); second++) await pass(1);
  t.true(isOffered());
  plugIn(other, { up: false });
  settings.limit = 60;
  // The third offer's turn is 40 s after the second
  await pass(75);
  t.deepEqual(counts(full), { offloaded: 11, pending: 0, refused: 0, notTaken: 0, withheld: 0 });
});

test('a VNI that has nothing in the hardware, or has none, or is told to keep its rows, withholds none', async (t) => {
  const full = await fullScene();
  const { pass, plug, settings, want } = full;
  const stand = () => many(20).filter((each) => standing(full, each).length === 2).length;
  want(...many(20));
  await pass(20);
  t.is(stand(), 10);
  plug('');
  await pass(1);
  t.deepEqual([stand(), counts(full)], [20, undefined]);
  plug('e0');
  await pass(20);
  t.is(stand(), 10);
  settings.withholds = false;
  full.watch.reconfigured();
  await pass(3);
  t.is(stand(), 20);
  settings.withholds = true;
  full.watch.reconfigured();
  await pass(12);
  t.is(stand(), 10);
  // The chip has lost all, and takes nothing
  full.chip.clear();
  settings.limit = undefined;
  await pass(60);
  t.is(stand(), 20);
});

for (let seed = 1; seed <= 40; seed++)
  test(`whatever is wanted, moves and goes while the table is full, what stands is what is not withheld: seed ${seed}`, async (t) => {
    const { below } = random(seed);
    const full = await fullScene(below(8));
    const { dataPlane, devices, kernel, pass, plug, settings, unplug, watch } = full;
    const macs = many(16);
    const anyMac = () => macs[below(macs.length)];
    const wanted = new Map<Mac, { readonly pinned: boolean; readonly to: typeof VTEP }>();
    let isServed = true;
    const want = (its: Mac, epoch = 0) => {
      if (!isServed) return;
      const to = [VTEP, ELSEWHERE, NOWHERE][below(8) === 0 ? 2 : below(2)];
      const pinned = below(8) === 0;
      wanted.set(its, { to, pinned });
      dataPlane.setMac(VNI, its, to, pinned, epoch);
    };
    const steps: readonly (() => void)[] = [
      () => want(anyMac()),
      () => want(anyMac()),
      () => {
        for (const its of macs) if (below(2) === 0) want(its);
      },
      () => {
        const its = anyMac();
        wanted.delete(its);
        dataPlane.clearMac(VNI, its);
      },
      // A host comes, is announced by another leaf, or goes
      () => kernel.learn(devices.bridgeIfindex, 0, anyMac(), devices.accessIfindex),
      () => {
        for (const its of macs) {
          const local = dataPlane.localMac(VNI, its);
          if (local) want(its, local.epoch);
        }
      },
      () => {
        const its = anyMac();
        if (kernel.tables.bridgeRow(devices.bridgeIfindex, 0, its)?.port === devices.accessIfindex)
          kernel.dropBridge(devices.bridgeIfindex, 0, its);
      },
      // Somebody tampers
      () => kernel.dropVxlan(devices.vxlanIfindex, 0, anyMac(), undefined),
      () => kernel.flap(devices.vxlanIfindex),
      () => kernel.overrun(),
      () => dataPlane.clearFlood(VNI, [VTEP, ELSEWHERE][below(2)]),
      () => {
        for (const vtep of [VTEP, ELSEWHERE]) dataPlane.setFlood(VNI, vtep);
      },
      () => {
        settings.limit = below(20);
      },
      () => {
        settings.withholds = below(3) > 0;
        watch.reconfigured();
      },
      () => {
        kernel.hidesEchoes = below(2) === 0;
      },
      () => {
        kernel.fault = ({ table, verb }) => (table === 'vxlan' && verb === 'add' && below(3) === 0 ? 28 : 0);
      },
      () => {
        kernel.fault = () => 0;
      },
      () => plug(['', 'e0', 'e1'][below(3)]),
      unplug,
      () => plug('e0'),
      () => {
        isServed = !isServed;
        if (isServed) dataPlane.serve(VNI);
        else dataPlane.unserve(VNI);
        wanted.clear();
        if (isServed) for (const vtep of [VTEP, ELSEWHERE]) dataPlane.setFlood(VNI, vtep);
      },
    ];
    const isThere = () => kernel.topology.vnis.has(VNI);
    const waits = () => {
      const plane = dataPlane.plane(VNI);
      const fits = (its: Mac) => plane?.macs.isWithheld(its) || plane?.fits({ table: 'mac', key: its });
      return macs.some((its) => wanted.has(its) && !fits(its));
    };
    const check = (step: number) => {
      const plane = dataPlane.plane(VNI);
      const at = (its: Mac) => `seed ${seed}, step ${step}, ${watch.mac(VNI, its).state}: MAC ${its}`;
      for (const its of macs) {
        const intent = plane?.macs.get(its);
        const bridge = kernel.tables.bridgeRow(devices.bridgeIfindex, 0, its);
        if (!isThere() || intent?.failure || bridge?.port === devices.accessIfindex) continue;
        const isWithheld = plane?.macs.isWithheld(its) === true;
        const stands = wanted.has(its) && isServed && !isWithheld;
        t.deepEqual(standing(full, its), stands ? ['bridge', 'vxlan'] : [], at(its));
        if (stands)
          t.is(kernel.tables.vxlanRow(devices.vxlanIfindex, 0, its)?.dst, wanted.get(its)?.to, at(its));
        if (!isWithheld) continue;
        t.true(wanted.has(its), at(its));
        t.false(wanted.get(its)?.pinned, at(its));
        t.true(plane?.floods.has(wanted.get(its)!.to), at(its));
        t.is(
          dataPlane.drift.openAt({ kind: 'vni', vni: VNI }, { table: 'mac', key: its }),
          undefined,
          at(its),
        );
      }
      const found = macs.filter((its) => plane?.macs.isWithheld(its)).length;
      t.is(plane?.macs.withheld ?? 0, found, `step ${step}`);
      if (kernel.topology.vnis.has(VNI) && !settings.withholds && watch.vni(VNI)) t.is(found, 0);
    };
    dataPlane.sweep();
    for (let step = 0; step < 60; step++) {
      for (let at = 0; at <= below(3); at++) steps[below(steps.length)]();
      await pass(2);
      if (below(3) === 0) await pass(1 + below(40));
      // What was tampered with often is written again later
      for (let i = 0; i < 60 && isServed && isThere() && waits(); i++) await pass(2);
      full.clock.runUntilIdle();
      // What a retry is due for later is written then
      if (kernel.fault({ table: 'mac' } as never) === 0) check(step);
    }
    // All is well again
    kernel.fault = () => 0;
    if (!isServed) {
      dataPlane.serve(VNI);
      isServed = true;
    }
    for (const its of macs)
      if (kernel.tables.bridgeRow(devices.bridgeIfindex, 0, its)?.port === devices.accessIfindex)
        kernel.dropBridge(devices.bridgeIfindex, 0, its);
    plug('e0');
    for (const vtep of [VTEP, ELSEWHERE]) dataPlane.setFlood(VNI, vtep);
    settings.limit = 100;
    settings.withholds = true;
    await pass(900);
    check(99);
    const { size } = wanted;
    t.deepEqual(counts(full), { offloaded: size, pending: 0, refused: 0, notTaken: 0, withheld: 0 });
    t.is(dataPlane.drift.openCount, 0);
  });
