import test from 'ava';
import { IpEntry } from '../../src/evpn/mac-vrf.js';
import type { Local } from '../../src/evpn/port-share.js';
import type { Mac } from '../../src/types/index.js';
import { FIRST, Scene } from './support/admission-scene.js';

test('a port with new addresses faster than its rate waits for all of them in their order, another does not wait', (t) => {
  const s = new Scene({ macs: 100_000, ips: 100_000, rate: 100 });
  for (let n = 0; n < 3_000; n++) s.mac(n, 1);
  t.is(s.announced.size, 1_000, "ten seconds' worth");
  s.mac(5_000, 2);
  t.is(s.of(2), 1);
  s.clock.advance(10_000);
  t.true(Math.abs(s.of(1) - 2_000) <= 2, String(s.of(1)));
  t.true(s.announced.has(s.vrf.macEntry((FIRST + 1_500) as Mac)));
  t.false(s.announced.has(s.vrf.macEntry((FIRST + 2_500) as Mac)));
  s.clock.advance(11_000);
  t.is(s.of(1), 3_000, 'nothing is lost');
  t.is(s.admissions.waiting, 0);
  s.clock.advance(120_000);
  t.deepEqual(s.lines, [
    'a port has more local addresses, or new ones faster, than are announced: the rest waits',
    'a port has no more local addresses than are announced',
  ]);
  t.is(s.clock.timersPending, 0);
});

test('what waits and changes is told once, and what has gone meanwhile is not told', (t) => {
  const s = new Scene({ macs: 100_000, ips: 100_000, rate: 10 });
  const macs = Array.from({ length: 100 }, (_, n) => s.mac(n, 1));
  t.is(s.news, 100);
  for (let round = 0; round < 50; round++) for (const entry of macs) s.look(entry, true);
  t.is(s.news, 100);
  t.is(s.admissions.waiting, 100);
  t.is(s.announced.size, 100, 'what was told before stays until then');
  for (const entry of macs.slice(50)) s.gone(entry);
  t.is(s.admissions.waiting, 50);
  s.clock.advance(6_000);
  t.is(s.news, 100, 'looked at again, there was nothing to tell');
  t.is(s.admissions.waiting, 0);
});

test('MACs leave half of the rate to IPs', (t) => {
  const s = new Scene({ macs: 100_000, ips: 100_000, rate: 100 });
  for (let n = 0; n < 5_000; n++) s.mac(n, 1);
  for (let n = 0; n < 5_000; n++) s.ip(n, 1);
  const ips = () => [...s.announced].filter((entry) => entry instanceof IpEntry).length;
  t.is(ips(), 0);
  s.clock.advance(10_000);
  t.true(Math.abs(ips() - 500) < 20, String(ips()));
  t.true(Math.abs(s.announced.size - 2_000) < 20, String(s.announced.size));
});

test('in a VNI that is full the port with the most makes room for others, down to what they have', (t) => {
  const s = new Scene({ macs: 1_000, ips: 10, rate: 100_000 });
  for (let n = 0; n < 5_000; n++) s.mac(n, 1);
  t.is(s.of(1), 1_000);
  t.is(s.ip(1, 1) && s.announced.size, 1_001, 'IPs have a limit of their own');
  s.mac(6_000, 2);
  t.is(s.of(2), 1);
  for (let n = 1; n < 3_000; n++) s.mac(6_000 + n, 2);
  s.clock.advance(1_000);
  t.true(Math.abs(s.of(2) - s.of(1)) <= 64, `${s.of(1)} and ${s.of(2)}`);
  t.true(s.of(1) + s.of(2) <= 1_001);
  t.true(s.of(1) >= 450);
  s.mac(20_000, 3);
  t.is(s.of(3), 1);
  // Room that comes is taken by those that wait
  for (const [entry, port] of [...s.ports]) if (port === 2) s.gone(entry);
  s.clock.advance(2_000);
  t.true(s.of(1) >= 930);
});

test('an address that moves to another port of the leaf takes its place along, and costs nothing', (t) => {
  const s = new Scene({ macs: 100, ips: 100, rate: 1 });
  const entry = s.mac(1, 1);
  for (let i = 0; i < 1_000; i++) {
    s.ports.set(entry, 1 + (i % 2));
    s.look(entry);
  }
  t.true(s.announced.has(entry));
  t.is(s.news, 1);
  s.gone(entry);
  for (let n = 2; n < 11; n++) s.mac(n, 1);
  t.is(s.announced.size, 9, 'the rest of the burst');
});

test('what an operator configured never waits and takes no room', (t) => {
  const s = new Scene({ macs: 2, ips: 2, rate: 1 });
  for (let n = 0; n < 50; n++) {
    const entry = s.vrf.macEntry((FIRST + n) as Mac);
    s.ports.set(entry, 1);
    s.look(entry, true, true);
  }
  t.is(s.announced.size, 50);
  s.mac(100, 1);
  t.is(s.announced.size, 51);
  t.deepEqual(s.lines, []);
});

test('addresses that were there when the VNI began to forward are no news', (t) => {
  const s = new Scene({ macs: 1_000, ips: 10, rate: 1 });
  s.admissions.stands(s.vrf, 500);
  for (let n = 0; n < 600; n++) s.mac(n, 1);
  t.is(s.announced.size, 510);
});

test('a lower limit takes the surplus back, of the port with the most, and a higher one lets it go on', (t) => {
  const s = new Scene({ macs: 1_000, ips: 10, rate: 100_000 });
  for (let n = 0; n < 900; n++) s.mac(n, 1);
  for (let n = 900; n < 950; n++) s.mac(n, 2);
  s.limits = { ...s.limits, macs: 200 };
  s.admissions.reconfigure();
  t.deepEqual([s.of(1), s.of(2)], [150, 50]);
  s.limits = { ...s.limits, macs: 2_000 };
  s.admissions.reconfigure();
  s.clock.advance(1_000);
  t.deepEqual([s.of(1), s.of(2)], [900, 50]);
});

/** A limit of MACs, how many two ports have before, how many are new at the second, and how many each has then. */
const MADE_ROOM: readonly (readonly [number, [number, number], number, [number, number]])[] = [
  [10, [9, 0], 1, [9, 1]],
  [10, [10, 0], 1, [9, 1]],
  [10, [10, 0], 4, [6, 4]],
  [10, [10, 0], 9, [5, 5]],
  [11, [11, 0], 1, [9, 1]],
  [11, [6, 5], 3, [6, 5]],
  [100, [100, 0], 1, [90, 1]],
  [100, [100, 0], 11, [80, 11]],
  [100, [52, 48], 1, [50, 49]],
  [100, [52, 48], 9, [50, 50]],
  [100, [53, 47], 1, [50, 48]],
  [1_000, [1_000, 0], 1, [936, 1]],
];

for (const [macs, before, added, after] of MADE_ROOM)
  test(`room is made by the port with the most: ${before} of ${macs}, and ${added} more at the second`, (t) => {
    const s = new Scene({ macs, ips: 1, rate: 100_000 });
    s.macs(0, before[0], 1);
    s.macs(10_000, before[1], 2);
    s.macs(20_000, added, 2);
    t.deepEqual([s.of(1), s.of(2)], after);
    t.is(s.admissions.waiting, before[0] + before[1] + added - after[0] - after[1]);
  });

/** How many of a full VNI's 100 go at each of two ports, and how many of those that wait for room at both have their turn. */
const FREED: readonly (readonly [[number, number], [number, number], [number, number]])[] = [
  // By itself, a port that has the most leaves a tenth free for others
  [
    [100, 0],
    [10, 0],
    [0, 0],
  ],
  [
    [100, 0],
    [11, 0],
    [1, 0],
  ],
  [
    [100, 0],
    [15, 0],
    [5, 0],
  ],
  // A port that has fewer takes what is free
  [
    [50, 50],
    [0, 5],
    [0, 5],
  ],
  [
    [50, 50],
    [5, 0],
    [5, 0],
  ],
];

for (const [had, going, turns] of FREED)
  test(`room that comes where ports have ${had} of 100: ${going} go, ${turns} have their turn`, (t) => {
    const s = new Scene({ macs: 100, ips: 1, rate: 100_000 });
    const here = s.macs(0, had[0], 1);
    const there = s.macs(10_000, had[1], 2);
    s.macs(20_000, 20, 1);
    if (had[1] > 0) s.macs(30_000, 20, 2);
    t.deepEqual([s.of(1), s.of(2)], had);
    for (const entry of [...here.slice(0, going[0]), ...there.slice(0, going[1])]) s.gone(entry);
    s.tick();
    t.deepEqual([s.of(1), s.of(2)], [had[0] - going[0] + turns[0], had[1] - going[1] + turns[1]]);
  });

test('a port that has fewer than another, in a VNI without room, gets half of what it is behind', (t) => {
  const s = new Scene({ macs: 100, ips: 1, rate: 100_000 });
  s.macs(0, 50, 1);
  const there = s.macs(10_000, 50, 2);
  s.macs(20_000, 20, 2);
  for (const entry of there.slice(0, 6)) s.gone(entry);
  s.macs(30_000, 6, 3);
  t.deepEqual([s.of(1), s.of(2), s.of(3)], [50, 44, 6]);
  s.tick();
  t.deepEqual([s.of(1), s.of(2), s.of(3)], [47, 47, 6]);
  t.is(s.heldBack, 20 + 3 + 2, 'those of the other, and those that had a turn in vain');
});

/** A rate, what waits of each kind, the time that passes, and what has had its turn then. */
const SHARED: readonly (readonly [number, [number, number], number, [number, number]])[] = [
  [100, [5, 5], 20, [1, 1]],
  [100, [5, 5], 40, [2, 2]],
  [150, [5, 5], 20, [2, 1]],
  [150, [5, 5], 40, [3, 3]],
  [150, [9, 0], 40, [6, 0]],
  [150, [0, 9], 40, [0, 5]],
  [25, [4, 4], 170, [2, 2]],
  [10, [4, 4], 110, [1, 0]],
  [10, [4, 4], 210, [1, 1]],
  [10, [4, 4], 410, [2, 2]],
];

for (const [rate, waiting, ms, turns] of SHARED)
  test(`MACs and IPs share a rate of ${rate}: of ${waiting} that wait, after ${ms} ms ${turns}`, (t) => {
    const s = new Scene({ macs: 10_000, ips: 10_000, rate });
    s.macs(0, rate * 10, 1);
    t.is(s.admissions.waiting, 0);
    const macs = s.macs(50_000, waiting[0], 1);
    const ips = Array.from({ length: waiting[1] }, (_, n) => s.ip(n, 1));
    t.is(s.admissions.waiting, waiting[0] + waiting[1]);
    s.clock.advance(ms);
    const announced = (entries: readonly Local[]) => entries.map((entry) => s.announced.has(entry));
    const inOrder = (count: number, of: number) => Array.from({ length: of }, (_, n) => n < count);
    t.deepEqual(announced(macs), inOrder(turns[0], waiting[0]));
    t.deepEqual(announced(ips), inOrder(turns[1], waiting[1]));
    t.is(s.heldBack, waiting[0] + waiting[1], 'each was held back once');
  });

test('what waits for the rate comes before what waits for room, and both share what the rate gives', (t) => {
  const s = new Scene({ macs: 20, ips: 20, rate: 150 });
  const macs = s.macs(0, 20, 1);
  for (let n = 20; n < 1_500; n++) s.look(macs[0], true);
  for (const entry of macs.slice(0, 5)) s.look(entry, true);
  const more = s.macs(100, 10, 1);
  for (const entry of macs.slice(14)) s.gone(entry);
  const waits = () => {
    const reasons = [...macs, ...more].map((entry) => s.admissions.whyWaits(entry));
    return [reasons.filter((why) => why === 'late').length, reasons.filter((why) => why === 'out').length];
  };
  t.deepEqual(waits(), [5, 10]);
  s.tick();
  t.deepEqual(waits(), [3, 10]);
  s.tick();
  t.deepEqual(waits(), [0, 7]);
  t.is(s.admissions.waiting, 7);
  t.is(s.heldBack, 15);
});

test('what has room takes of the rate what IPs do not get', (t) => {
  const s = new Scene({ macs: 20, ips: 100, rate: 150 });
  const macs = s.macs(0, 20, 1);
  const more = s.macs(100, 5, 1);
  for (let n = 20; n < 1_500; n++) s.look(macs[0], true);
  const ips = Array.from({ length: 10 }, (_, n) => s.ip(n, 1));
  for (const entry of macs.slice(10)) s.gone(entry);
  s.tick();
  const announced = (entries: readonly Local[]) => entries.filter((entry) => s.announced.has(entry)).length;
  t.deepEqual([announced(more), announced(ips)], [2, 1]);
  t.is(s.heldBack, 15);
});

test('an address that is configured no longer is withdrawn where there is no room for it', (t) => {
  const s = new Scene({ macs: 1, ips: 1, rate: 100 });
  s.mac(0, 1);
  const entry = s.vrf.macEntry((FIRST + 1) as Mac);
  s.ports.set(entry, 1);
  s.look(entry, true, true);
  t.true(s.announced.has(entry));
  s.look(entry);
  t.false(s.announced.has(entry));
  t.is(s.admissions.whyWaits(entry), 'out');
});

test('an address that has news again while it waits keeps its place, and is held back once', (t) => {
  const s = new Scene({ macs: 100, ips: 100, rate: 1 });
  s.macs(0, 10, 1);
  const waiting = s.macs(10, 3, 1);
  s.look(waiting[0], true);
  s.clock.advance(1_010);
  t.deepEqual(
    waiting.map((entry) => s.announced.has(entry)),
    [true, false, false],
  );
  t.is(s.heldBack, 3);
  s.look(waiting[0], true);
  // Which ones go is the hash's choice: all of them
  s.limits = { ...s.limits, macs: 0 };
  s.admissions.reconfigure();
  t.is(s.admissions.whyWaits(waiting[0]), 'out');
  t.is(s.admissions.whyWaits(waiting[1]), 'late');
  s.look(waiting[1]);
  t.is(s.admissions.whyWaits(waiting[1]), 'out');
  t.is(s.admissions.waiting, 13);
  t.is(s.heldBack, 14, 'the ten of the burst, and these three, of which one twice');
});

test('a new rate counts at once', (t) => {
  const s = new Scene({ macs: 100, ips: 100, rate: 1 });
  s.macs(0, 50, 1);
  t.is(s.announced.size, 10);
  s.limits = { ...s.limits, rate: 1_000 };
  s.admissions.reconfigure();
  s.clock.advance(100);
  t.is(s.announced.size, 50);
});

test('a lower limit of IPs leaves the MACs, and what an unplugged port had goes with the next look', (t) => {
  const s = new Scene({ macs: 100, ips: 100, rate: 1_000 });
  const macs = s.macs(0, 20, 1);
  for (let n = 0; n < 20; n++) s.ip(n, 1);
  s.limits = { ...s.limits, ips: 5 };
  s.admissions.reconfigure();
  t.is(s.announced.size, 25);
  t.is(s.admissions.waiting, 15);
  s.admissions.keepPorts(new Map());
  s.limits = { ...s.limits, macs: 10 };
  s.admissions.reconfigure();
  t.is(s.announced.size, 25, 'no port is there to pay');
  s.mac(100, 2);
  s.admissions.reconfigure();
  t.is(s.of(2), 0, 'nor has the one that is there anything to pay with');
  for (const entry of macs.slice(0, 12)) s.gone(entry);
  s.tick();
  t.is(s.of(2), 1);
});

test('a port that was unplugged has a burst of its own when it is back, one that stays has not', (t) => {
  const s = new Scene({ macs: 100, ips: 100, rate: 1 });
  for (const port of [1, 2]) s.macs(port * 1_000, 12, port);
  t.deepEqual([s.of(1), s.of(2)], [10, 10]);
  s.admissions.keepPorts(new Map([[2, undefined]]));
  for (const port of [1, 2]) s.mac(port * 1_000 + 500, port);
  t.deepEqual([s.of(1), s.of(2)], [11, 10]);
  s.admissions.forget(s.vrf);
  s.mac(2_600, 2);
  t.is(s.of(2), 11, 'so has a VNI that is served again');
});

for (const gone of ['port', 'VNI'] as const)
  test(`a ${gone} that is gone holds nothing back any more, which is told at once`, (t) => {
    const s = new Scene({ macs: 2, ips: 100, rate: 100 });
    for (const port of [1, 2]) s.macs(port * 1_000, 3, port);
    const ports = () => [...s.admissions.excesses()].map(({ port }) => port);
    t.deepEqual(ports(), [1, 2]);
    const told = s.lines.length;
    if (gone === 'port') s.admissions.keepPorts(new Map([[2, undefined]]));
    else s.admissions.forget(s.vrf);
    t.deepEqual(ports(), gone === 'port' ? [2] : []);
    t.is(s.lines.length - told, gone === 'port' ? 1 : 2);
    t.is(s.admissions.waiting > 0, gone === 'port');
  });

/** What is to become of an address that waits for room, for the rate, or is announced; and who of two more has room then. */
for (const state of ['out', 'late', undefined] as const)
  for (const change of ['is gone', 'moves', 'is configured', 'has no news', 'stays'] as const)
    test(`an address that ${state ? `waits (${state})` : 'is announced'} and ${change}`, (t) => {
      const s = new Scene({ macs: 3, ips: 1, rate: 1 });
      s.macs(0, state === 'out' ? 3 : 2, 1);
      const entry = s.mac(10, 1);
      for (let n = 0; state === 'late' && n < 8; n++) s.look(entry, true);
      t.is(s.admissions.whyWaits(entry), state);
      t.is(s.admissions.waiting, state === undefined ? 0 : 1);
      if (change === 'is gone') s.gone(entry);
      else if (change === 'moves') s.moves(entry, 2);
      else if (change === 'is configured') s.look(entry, true, true);
      else s.look(entry, change === 'stays' && state === 'late');
      const waits =
        change === 'stays' ? state : change === 'has no news' && state === 'out' ? 'out' : undefined;
      t.is(s.admissions.whyWaits(entry), waits, 'it');
      // A port that had all makes room for one that had none
      t.is(s.admissions.waiting, waits || (state === 'out' && change === 'moves') ? 1 : 0);
      t.is(s.announced.has(entry), change !== 'is gone' && waits !== 'out');
      const isCounted = change !== 'is gone' && change !== 'is configured' && waits !== 'out';
      const counted = (state === 'out' && change !== 'moves' ? 3 : 2) + (isCounted ? 1 : 0);
      s.clock.spend(10_000);
      const more = s.macs(20, 3, 1);
      t.is(more.filter((one) => s.announced.has(one)).length, 3 - counted, 'others');
    });

test('what is there before the start is done has no rate, and waits for room alone', (t) => {
  const s = new Scene({ macs: 100, ips: 100, rate: 1 }, false);
  s.macs(0, 60, 1);
  t.is(s.announced.size, 60);
  s.admissions.started();
  s.macs(100, 20, 1);
  t.is(s.announced.size, 70);
});

test('a port whose addresses wait is told of, with what it may have and how many it held back, until a minute is quiet', (t) => {
  const s = new Scene({ macs: 100, ips: 50, rate: 1 });
  const macs = s.macs(0, 12, 7);
  for (let n = 0; n < 3; n++) s.ip(n, 7);
  t.is(s.admissions.waiting, 5);
  t.deepEqual(
    [...s.admissions.excesses()].map(({ port, heldBack, waiting }) => [port, heldBack, waiting]),
    [[7, 5, 5]],
  );
  for (const entry of macs.slice(10)) s.gone(entry);
  t.is(s.admissions.waiting, 3);
  s.clock.advance(3_010);
  t.is(s.admissions.waiting, 0);
  s.clock.advance(59_900);
  t.is(s.lines.length, 1);
  s.clock.advance(200);
  t.deepEqual([...s.admissions.excesses()], []);
  const facts = { vni: 10, port: 'port7', macs: 100, ips: 50, rate: 1 };
  t.deepEqual(s.facts, [
    { ...facts, heldBack: 1 },
    { ...facts, heldBack: 5 },
  ]);
  s.macs(50, 20, 7);
  t.is(s.heldBack, [...s.admissions.excesses()][0].waiting, 'counted anew');
});

test('nothing is looked at any more when it is closed, also while addresses wait', (t) => {
  const s = new Scene({ macs: 100, ips: 100, rate: 1 });
  s.macs(0, 20, 1);
  s.admissions.close();
  t.is(s.clock.timersPending, 0);
  t.is(s.admissions.waiting, 0);
  s.clock.advance(10_000);
  t.is(s.announced.size, 10);
});
