import test from 'ava';
import { Contests, type Repair } from '../../src/dataplane/contests.js';
import type { PlaneKey } from '../../src/dataplane/index.js';
import { KernelMirror } from '../../src/dataplane/mirror.js';
import { NO_MEMORY, OurDefaults } from '../../src/dataplane/our-defaults.js';
import { VniPlane } from '../../src/dataplane/vni-plane.js';
import { type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

const MAC = parseMac('02:00:00:00:00:01');
const KEYS: readonly PlaneKey[] = [
  { table: 'mac', key: MAC },
  { table: 'flood', key: parseIp('10.0.0.9') },
  { table: 'neigh', key: parseIp('2001:db8::9') },
];

function arena(rivals: readonly string[] = []) {
  const clock = new VirtualClock();
  const told: string[][] = [];
  const contests: Contests = new Contests(
    clock,
    () => rivals,
    () => told.push([...contests.problems()].map(({ problem }) => problem)),
  );
  const mirror = new KernelMirror();
  const plane = (vni: number) => new VniPlane(toVni(vni), mirror, new OurDefaults(NO_MEMORY));
  return { clock, contests, told, plane };
}

/** Undoes every repair after `reaction` milliseconds, for so long; returns how often it was repaired. */
function fight(
  { clock, contests }: ReturnType<typeof arena>,
  plane: VniPlane,
  which: PlaneKey,
  reaction: number,
  milliseconds: number,
): number {
  const end = clock.now() + milliseconds;
  let repairs = 0;
  while (clock.now() < end) {
    const repair: Repair = contests.repair(plane, which);
    if (!repair) throw new Error('a repair that was made is not awaited');
    repairs++;
    clock.advance(repair.delay + reaction);
  }
  return repairs;
}

for (const which of KEYS)
  test(`${which.table}: a daemon that reacts at once is answered ever more rarely, and named once`, (t) => {
    const here = arena(['FRR (zebra)']);
    const plane = here.plane(10);
    t.deepEqual(here.contests.repair(plane, which), { delay: 0, repeated: false }, 'the first time at once');
    here.clock.advance(5);
    const inFirst = fight(here, plane, which, 5, 60_000);
    t.true(inFirst < 20, `${inFirst} repairs`);
    const later = fight(here, plane, which, 5, 600_000);
    t.true(later <= 11, `${later} repairs in ten minutes`);
    t.is(here.told.length, 1);
    t.regex(here.told[0][0], /^FRR \(zebra\) writes the same rows/);
  });

test('a row that changes now and then is repaired at once each time, and is no contest', (t) => {
  const here = arena();
  const plane = here.plane(10);
  t.is(fight(here, plane, KEYS[0], 6000, 600_000), 100);
  t.deepEqual(here.told, []);
});

test('a slow daemon is a contest too, though none of its changes is a reaction', (t) => {
  const here = arena();
  fight(here, here.plane(10), KEYS[0], 1000, 30_000);
  t.is(here.told.length, 1);
  t.regex(here.told[0][0], /^another daemon writes/);
});

test('all rows of a device that are flushed are repaired at once, and twice more within seconds; again and again, at a bounded rate', (t) => {
  const { clock, contests, plane } = arena();
  const device = plane(10);
  const other = plane(20);
  const macs = Array.from({ length: 1000 }, (_, i) => (MAC + i) as Mac);
  for (const key of macs) t.is(contests.repair(device, { table: 'mac', key })?.delay, 0);
  for (let flush = 0; flush < 2; flush++) {
    clock.advance(300);
    for (const key of macs)
      t.deepEqual(contests.repair(device, { table: 'mac', key }), { delay: 0, repeated: false });
  }
  clock.advance(300);
  const delays = macs.map((key) => contests.repair(device, { table: 'mac', key })?.delay ?? 0);
  t.is(delays[0], 0);
  t.true(delays[999] >= 9_300 && delays[999] <= 9_500, `the last after ${delays[999]} ms`);
  t.is(contests.repair(device, { table: 'mac', key: macs[999] }), undefined, 'its repair is due already');
  t.true(contests.awaits(device, { table: 'mac', key: macs[999] }));
  t.is(contests.repair(other, { table: 'mac', key: macs[0] })?.delay, 0, 'another device is not held up');
});

test('half a minute of peace ends a contest, and the next change is the first again', (t) => {
  const here = arena();
  const plane = here.plane(10);
  fight(here, plane, KEYS[0], 5, 5_000);
  t.is([...here.contests.problems()].length, 1);
  here.clock.advance(180_000);
  t.deepEqual([...here.contests.problems()], []);
  t.deepEqual(here.told.at(-1), []);
  t.deepEqual(here.contests.repair(plane, KEYS[0]), { delay: 0, repeated: false });
});

test('a device that changes ends its contest and begins none: what is flushed with it is repaired at once', (t) => {
  const here = arena();
  const { contests, clock } = here;
  const plane = here.plane(10);
  const other = here.plane(20);
  contests.forget(plane);
  t.deepEqual(here.told, [], 'there was none');
  for (let flap = 0; flap < 50; flap++) {
    for (const which of KEYS)
      t.deepEqual(contests.repair(plane, which), { delay: 0, repeated: false }, `${flap}`);
    clock.advance(5);
    contests.forget(plane);
    t.false(contests.isAt(plane));
  }
  t.deepEqual(here.told, []);
  for (const each of [other, plane]) fight(here, each, KEYS[0], 5, 5_000);
  t.is([...contests.problems()].length, 2);
  contests.repair(plane, KEYS[0]);
  t.true(contests.awaits(plane, KEYS[0]));
  const { length } = here.told;
  contests.forget(plane);
  t.is(here.told.length, length + 1, 'told once that it is over');
  t.deepEqual(
    [...contests.problems()].map(({ vni }) => vni),
    [other.vni],
    'another device is as it was',
  );
  t.false(contests.awaits(plane, KEYS[0]));
  t.deepEqual(contests.repair(plane, KEYS[0]), { delay: 0, repeated: false });
});
