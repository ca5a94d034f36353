import test from 'ava';
import { Nud } from '../../src/dataplane/index.js';
import { DuplicateDetector, type Subject } from '../../src/evpn/duplicates.js';
import { DEFAULT_DUPLICATE_SETTINGS, type DuplicateSettings } from '../../src/evpn/index.js';
import { MoveHistory } from '../../src/evpn/moves.js';
import {
  formatIp,
  formatMac,
  LimitedLog,
  type Mac,
  parseIp,
  parseMac,
  silentLog,
  toVni,
  type Vni,
} from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('02:00:00:00:00:02');
const IP = parseIp('10.10.10.11');

async function pair(over: Partial<DuplicateSettings>) {
  const clock = new VirtualClock();
  const duplicates = { ...DEFAULT_DUPLICATE_SETTINGS, ...over };
  const leaves = [1, 2].map((n) => new Leaf(clock, vtepOf(n), 65000 + n, { duplicates }));
  const devices = leaves.map((leaf) => leaf.world.devices(VNI));
  for (const [i, leaf] of leaves.entries()) {
    leaf.addVni(devices[i]);
    await leaf.start();
    leaf.dataPlane.sweep();
  }
  const wire = new Wire(leaves);
  /** Both sides hear of everything; a second or so passes. */
  const pass = () => {
    clock.advance(500);
    wire.deliver(leaves[0], leaves[1]);
    wire.deliver(leaves[1], leaves[0]);
    clock.advance(500);
  };
  const fight = (mac: Mac, moves: number) => {
    for (let i = 0; i < moves; i++) {
      leaves[i % 2].hostSpeaks(devices[i % 2], mac);
      pass();
    }
  };
  pass();
  return { clock, leaves, devices, pass, fight };
}

const duplicatesOf = (leaf: Leaf) => [...leaf.evpn.duplicates.list()];

test('five moves within the window are a duplicate, four are not; a warning changes nothing', async (t) => {
  const { leaves, devices, fight } = await pair({});
  fight(HOST, 5);
  t.is(duplicatesOf(leaves[0]).length, 0);
  fight(HOST, 3);
  t.is(duplicatesOf(leaves[0]).length, 1);
  t.like(duplicatesOf(leaves[0])[0], { subject: { vni: VNI, mac: HOST }, frozen: false });
  fight(HOST, 2);
  t.deepEqual(leaves[0].rowsOf(devices[0], HOST), { port: devices[0].vxlanIfindex, dst: vtepOf(2) });
});

test('moves that are further apart than the window are no duplicate', async (t) => {
  const { clock, leaves, fight } = await pair({ window: 10 });
  for (let i = 0; i < 10; i++) {
    fight(HOST, 2);
    clock.advance(10_000);
  }
  t.is(duplicatesOf(leaves[0]).length, 0);
});

test('a warned duplicate recovers when it has rested for a window', async (t) => {
  const { clock, leaves, fight } = await pair({ window: 60 });
  fight(HOST, 8);
  t.is(duplicatesOf(leaves[0]).length, 1);
  clock.advance(30_000);
  fight(HOST, 2);
  clock.advance(40_000);
  t.is(duplicatesOf(leaves[0]).length, 1);
  clock.advance(30_000);
  t.is(duplicatesOf(leaves[0]).length, 0);
});

test('a frozen MAC stays where it is, whoever speaks, until it is cleared', async (t) => {
  const { leaves, devices, fight, pass } = await pair({ action: 'freeze' });
  fight(HOST, 8);
  t.true(duplicatesOf(leaves[0])[0].frozen);
  const frozenAt = leaves[0].evpn.vrf(VNI)!.macs.get(HOST)!.ownership;
  const applied = leaves[0].world.kernel.applied.length;
  fight(HOST, 6);
  t.deepEqual(leaves[0].evpn.vrf(VNI)!.macs.get(HOST)!.ownership, frozenAt);
  t.is(leaves[0].world.kernel.applied.length, applied);
  t.false(leaves[0].evpn.duplicates.clear({ vni: VNI, mac: OTHER }));
  for (const leaf of leaves) t.true(leaf.evpn.duplicates.clear({ vni: VNI, mac: HOST }));
  pass();
  leaves[0].hostSpeaks(devices[0], OTHER);
  leaves[0].hostAges(devices[0], HOST);
  pass();
  leaves[0].hostSpeaks(devices[0], HOST);
  pass();
  pass();
  t.deepEqual(leaves[0].rowsOf(devices[0], HOST), { port: devices[0].accessIfindex, dst: undefined });
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: devices[1].vxlanIfindex, dst: vtepOf(1) });
  t.is(duplicatesOf(leaves[0]).length, 0);
});

test('a freeze for a time ends by itself', async (t) => {
  const { clock, leaves, fight } = await pair({ action: 'freeze', freezeTime: 30 });
  fight(HOST, 8);
  t.is(duplicatesOf(leaves[0]).length, 1);
  clock.advance(31_000);
  t.is(duplicatesOf(leaves[0]).length, 0);
  t.false(leaves[0].evpn.vrf(VNI)!.macs.get(HOST)!.history!.frozen);
});

test('settings with another action let go what was found, those that are off let go all', async (t) => {
  const { leaves, fight, pass } = await pair({ action: 'freeze' });
  const [leaf] = leaves;
  const set = (over: Partial<DuplicateSettings>) => {
    for (const { evpn } of leaves) evpn.duplicates.settings = { ...evpn.duplicates.settings, ...over };
    pass();
  };
  const frozen = () => duplicatesOf(leaf).map((duplicate) => duplicate.frozen);
  fight(HOST, 8);
  set({ moves: 9 });
  t.deepEqual(frozen(), [true]);
  set({ action: 'warn' });
  t.deepEqual(frozen(), []);
  t.false(leaf.evpn.vrf(VNI)!.macs.get(HOST)!.history!.frozen);
  set({ moves: 3 });
  fight(HOST, 4);
  t.deepEqual(frozen(), [false]);
  set({ action: 'freeze' });
  fight(HOST, 4);
  t.deepEqual(frozen(), [true]);
  set({ enabled: false });
  t.deepEqual(frozen(), []);
});

for (const [subject, action] of [
  [{ vni: VNI, mac: HOST }, 'freeze'],
  [{ vni: VNI, ip: IP }, 'warn'],
] as const)
  test(`${action}: what was found has the time that a reload gives it, from the same moment on`, (t) => {
    const clock = new VirtualClock();
    const released: unknown[] = [];
    const set = (seconds: number | undefined) => {
      const time = action === 'freeze' ? { freezeTime: seconds } : { window: seconds ?? 1800 };
      detector.settings = { ...DEFAULT_DUPLICATE_SETTINGS, action, ...time };
    };
    const detector = new DuplicateDetector(clock, new LimitedLog(clock, silentLog), (one) =>
      released.push(one),
    );
    const find = () => {
      detector.moved(subject, new MoveHistory(), [{ device: 'eth1' }, { vtep: vtepOf(2) }], true);
    };
    set(undefined);
    find();
    clock.advance(20_000);
    set(30);
    clock.advance(9_000);
    t.deepEqual(released, []);
    clock.advance(1_000);
    t.deepEqual(released, [subject], 'sooner');
    find();
    set(undefined);
    clock.advance(100_000);
    t.is(detector.size, 1, 'later');
    set(30);
    clock.advance(0);
    t.deepEqual(released, [subject, subject], 'its time was over');
  });

test('an IP that two MACs claim is a duplicate too', async (t) => {
  const { leaves, devices, pass } = await pair({});
  const macs = [HOST, OTHER];
  for (let i = 0; i < 12; i++) {
    const at = i % 2;
    leaves[at].hostSpeaks(devices[at], macs[at]);
    leaves[at].world.kernel.dropNeigh(devices[at].bridgeIfindex, IP);
    leaves[at].world.kernel.putNeigh({
      ifindex: devices[at].bridgeIfindex,
      ip: IP,
      mac: macs[at],
      state: Nud.REACHABLE,
      flags: 0,
      protocol: 0,
    });
    pass();
  }
  t.true(duplicatesOf(leaves[0]).some(({ subject }) => 'ip' in subject && subject.ip === IP));
});

test('off means off, and a VNI that goes takes its duplicates along', async (t) => {
  const off = await pair({ enabled: false });
  off.fight(HOST, 20);
  t.is(duplicatesOf(off.leaves[0]).length, 0);
  const { clock, leaves, devices, fight } = await pair({});
  fight(HOST, 8);
  t.is(leaves[0].evpn.duplicates.size, 1);
  leaves[0].removeVni(devices[0]);
  clock.advance(100);
  t.is(leaves[0].evpn.duplicates.size, 0);
});

/** A detector by itself, what it released, and its log lines. */
function detecting(over: Partial<DuplicateSettings>) {
  const clock = new VirtualClock();
  const released: Subject[] = [];
  const lines: { message: string; facts: object }[] = [];
  const write = (facts: object, message: string) => lines.push({ message, facts });
  const detector = new DuplicateDetector(
    clock,
    new LimitedLog(new VirtualClock(), { ...silentLog, warn: write, info: write }),
    (subject) => released.push(subject),
    { ...DEFAULT_DUPLICATE_SETTINGS, ...over },
  );
  return { clock, released, lines, detector };
}

const HERE = { device: 'eth1' };
const THERE = { vtep: vtepOf(2) };

for (const [action, places, frozen, frozenAt] of [
  ['freeze', [HERE, THERE], true, THERE.vtep],
  ['freeze', [THERE, HERE], true, undefined],
  ['warn', [HERE, THERE], false, undefined],
  ['warn', [THERE, HERE], false, undefined],
] as const)
  for (const end of ['cleared', 'forgotten', 'its VNI cleared', 'its time over', 'switched off'] as const)
    test(`${action}: found ${'vtep' in places[1] ? 'there' : 'here'}, then ${end}`, (t) => {
      const { clock, released, detector, lines } = detecting({
        action,
        window: 60,
        freezeTime: 60,
        moves: 2,
      });
      const subject = { vni: VNI, mac: HOST };
      const history = new MoveHistory();
      const move = () => detector.moved(subject, history, places);
      move();
      t.is(history.duplicateSince, undefined, 'one move is none');
      clock.advance(1_000);
      move();
      const since = clock.wallTime();
      t.deepEqual(
        { since: history.duplicateSince, frozen: history.frozen, frozenAt: history.frozenAt },
        { since, frozen, frozenAt },
      );
      t.like(detector.find(subject), { subject, since, frozen, moves: 2, places });
      t.is(detector.size, 1);
      if (end === 'cleared') t.true(detector.clear(subject));
      else if (end === 'forgotten') detector.forget(subject);
      else if (end === 'its VNI cleared') t.is(detector.clearAll(VNI), 1);
      else if (end === 'its time over') clock.advance(60_000);
      else detector.settings = { ...detector.settings, enabled: false };
      t.like(history, { duplicateSince: undefined, frozen: false, frozenAt: undefined });
      t.is(detector.find(subject), undefined);
      t.is(detector.size, 0);
      t.is(clock.timersPending, 0);
      t.deepEqual(released, end === 'forgotten' ? [] : [subject]);
      t.is(lines.length, end === 'forgotten' ? 1 : 2);
      t.is(detector.clear(subject), false, 'once');
      detector.forget(subject);
      t.is(detector.size, 0);
      if (end === 'switched off') return;
      move();
      t.is(detector.size, 0, 'its moves count anew');
      move();
      t.is(detector.size, 1);
    });

test('moves count while they are no further apart than the window, to the millisecond', (t) => {
  for (const [apart, found] of [
    [10_000, 1],
    [10_001, 0],
  ]) {
    const { clock, detector } = detecting({ window: 10, moves: 2 });
    const history = new MoveHistory();
    const move = () => detector.moved({ vni: VNI, mac: HOST }, history, [HERE, THERE]);
    move();
    clock.advance(apart);
    move();
    t.is(detector.size, found, `${apart} ms`);
  }
});

test('by itself, five moves in 180 s are a duplicate (RFC 7432 §15.1), and it is only warned of', (t) => {
  t.like(DEFAULT_DUPLICATE_SETTINGS, { enabled: true, moves: 5, window: 180, action: 'warn' });
});

test('a duplicate that moves on is one, since it was found; only what is not frozen begins to rest anew', (t) => {
  // Found at once, moved again after 10 s, with a time of 30 s
  for (const [action, over] of [
    ['warn', 40_000],
    ['freeze', 30_000],
  ] as const) {
    const { clock, detector } = detecting({ action, window: 30, freezeTime: 30, moves: 2 });
    const subject = { vni: VNI, ip: IP };
    const history = new MoveHistory();
    const since = clock.wallTime();
    detector.moved(subject, history, [HERE, THERE]);
    detector.moved(subject, history, [THERE, HERE]);
    clock.advance(10_000);
    detector.moved(subject, history, [HERE, THERE]);
    const isFrozen = action === 'freeze';
    t.like(detector.find(subject), {
      since,
      moves: isFrozen ? 2 : 3,
      places: isFrozen ? [THERE, HERE] : [HERE, THERE],
    });
    t.is(detector.size, 1);
    t.is(clock.timersPending, 1);
    clock.advance(over - 10_001);
    t.is(detector.size, 1, action);
    clock.advance(1);
    t.is(detector.size, 0, action);
    t.is(clock.timersPending, 0);
  }
});

test('the duplicates of one VNI are listed, and cleared, without those of another', (t) => {
  const { detector, released, clock } = detecting({ action: 'freeze' });
  const other = toVni(20);
  const subjects = [
    { vni: VNI, mac: HOST },
    { vni: VNI, ip: IP },
    { vni: other, mac: HOST },
  ];
  for (const subject of subjects) detector.moved(subject, new MoveHistory(), [HERE, THERE], true);
  t.is(clock.timersPending, 0, 'frozen for good');
  const listed = (vni?: Vni) => [...detector.list(vni)].map(({ subject }) => subject);
  t.deepEqual(listed(), subjects);
  t.deepEqual(listed(other), [subjects[2]]);
  t.deepEqual(listed(toVni(30)), []);
  t.is(detector.clearAll(toVni(30)), 0);
  t.is(detector.clearAll(VNI), 2);
  t.deepEqual(listed(), [subjects[2]]);
  t.is(detector.size, 1);
  t.is(detector.clearAll(), 1);
  t.deepEqual(released, subjects);
});

test('what is said of a duplicate', (t) => {
  const { detector, lines } = detecting({ moves: 2, window: 10 });
  const mac = { vni: VNI, mac: HOST };
  const history = new MoveHistory();
  detector.moved(mac, history, [THERE, { device: undefined }]);
  detector.moved(mac, history, [THERE, { device: undefined }]);
  detector.moved({ vni: VNI, ip: IP }, new MoveHistory(), [HERE, THERE], true);
  detector.clear(mac);
  const [vtep, port] = [formatIp(THERE.vtep), HERE.device];
  t.deepEqual(lines, [
    {
      message: 'duplicate address: it keeps moving between leaves',
      facts: {
        vni: VNI,
        subject: formatMac(HOST),
        moves: 2,
        seconds: 10,
        action: 'warn',
        from: vtep,
        to: 'this leaf',
      },
    },
    {
      message: 'duplicate address: it has reached the highest sequence number',
      facts: { vni: VNI, subject: formatIp(IP), moves: 1, seconds: 10, action: 'warn', from: port, to: vtep },
    },
    { message: 'duplicate address cleared', facts: { vni: VNI, subject: formatMac(HOST) } },
  ]);
});

test('what moves between two places of this leaf is not said to move between leaves', (t) => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const log = { ...silentLog, warn: (_facts: object, message: string) => lines.push(message) };
  const detector = new DuplicateDetector(clock, new LimitedLog(clock, log), () => {});
  const moves = (ip: string, ...places: Parameters<DuplicateDetector['moved']>[2]) => {
    const history = new MoveHistory();
    for (let i = 0; i < 5; i++) detector.moved({ vni: VNI, ip: parseIp(ip) }, history, places);
  };
  moves('10.10.10.11', { device: 'eth1' }, { device: 'eth1' });
  moves('10.10.10.12', { device: 'eth1' }, { device: undefined });
  moves('10.10.10.13', { device: 'eth1' }, { vtep: vtepOf(2) });
  t.deepEqual(lines, [
    'duplicate address: it keeps moving between hosts of this leaf',
    'duplicate address: it keeps moving between hosts of this leaf',
    'duplicate address: it keeps moving between leaves',
  ]);
});

test('of an address that never rests no more moves are remembered than can count', (t) => {
  const history = new MoveHistory();
  let count = 0;
  for (let i = 0; i < 5_000; i++) count = history.count(i, 180_000);
  t.is(count, 1_000);
});
