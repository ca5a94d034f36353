import test from 'ava';
import { AskLanes, type Charge } from '../../src/hosts/ask-lanes.js';
import { type Outcome, Refresher, type RefreshOwner } from '../../src/hosts/refresher.js';
import { type Ip, type Ipv4, parseMac, toVni, type Vni } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

const VNI = toVni(10);
const HOST = parseMac('02:00:00:00:00:01');

class Owner implements RefreshOwner {
  readonly asked: { at: number; ip: Ip }[] = [];
  readonly found: { at: number; ip: Ip }[] = [];
  readonly silenced: Ip[] = [];
  outcome: (charge: Charge) => Outcome = () => 'sent';
  finding: Outcome = 'sent';
  runs = 0;

  constructor(readonly clock: VirtualClock) {}

  interval(_vni: Vni): number {
    return 30_000;
  }
  lane(vni: Vni, _ip: Ip): number {
    return vni;
  }
  searchLane(vni: Vni): number {
    return vni;
  }
  begin(): void {
    this.runs++;
  }
  ask(charge: Charge): Outcome {
    this.asked.push({ at: this.clock.now(), ip: charge.ip });
    return this.outcome(charge);
  }
  find(_vni: Vni, ip: Ip): Outcome {
    this.found.push({ at: this.clock.now(), ip });
    return this.finding;
  }
  end(): void {}
  silent(charge: Charge): void {
    this.silenced.push(charge.ip);
  }
}

function setUp(rate = 100) {
  const clock = new VirtualClock();
  const owner = new Owner(clock);
  const refresher = new Refresher(clock, owner, { enabled: true, interval: 30, rate });
  return { clock, owner, refresher };
}

const ip = (n: number) => (0x0a000000 + n) as Ipv4;

/** The most that stands within any stretch of `span` milliseconds. */
function densest(times: readonly number[], span: number): number {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while (times[to] - times[from] >= span) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

test('a silent neighbor is asked once an interval, one that speaks is not', (t) => {
  const { clock, owner, refresher } = setUp();
  refresher.watch(VNI, ip(1));
  refresher.watch(VNI, ip(1));
  refresher.watch(VNI, ip(2));
  for (let second = 0; second < 310; second++) {
    clock.advance(1000);
    refresher.heard(VNI, ip(2));
  }
  const asked = owner.asked.filter((each) => each.ip === ip(1)).map(({ at }) => at);
  t.true(asked[0] > 14_000 && asked[0] <= 30_500, String(asked[0]));
  t.is(asked.length, 10);
  for (let i = 1; i < asked.length; i++) t.true(asked[i] - asked[i - 1] < 30_500);
  t.deepEqual(
    owner.asked.filter((each) => each.ip === ip(2)),
    [],
  );
  t.is(refresher.refreshes, 10);
  t.is(refresher.lastRefresh(VNI, ip(1)), 1_700_000_000_000 + asked[9]);
  t.is(refresher.lastRefresh(VNI, ip(2)), undefined);
});

test('ten thousand that came at once are asked within the rate, all of them, none twice', (t) => {
  const { clock, owner, refresher } = setUp(400);
  for (let i = 0; i < 10_000; i++) refresher.watch(VNI, ip(i));
  clock.advance(14_000);
  t.is(owner.asked.length, 0, 'no burst at the start');
  clock.advance(27_000);
  t.is(new Set(owner.asked.map((each) => each.ip)).size, 10_000);
  t.is(owner.asked.length, 10_000);
  const times = owner.asked.map(({ at }) => at);
  t.true(densest(times, 1000) <= 500, String(densest(times, 1000)));
  // Spread, and so never far behind
  t.true(owner.runs > 50);
  t.is(refresher.backlog, 0);
});

test('a rate that is too low makes refreshes late and loses none', (t) => {
  const { clock, owner, refresher } = setUp(1);
  for (let i = 0; i < 100; i++) refresher.watch(VNI, ip(i));
  clock.advance(140_000);
  t.is(new Set(owner.asked.map((each) => each.ip)).size, 100);
  t.true(
    densest(
      owner.asked.map(({ at }) => at),
      10_000,
    ) <= 11,
  );
});

test('three questions without an answer, a second apart, and it is silent; an answer in between starts anew', (t) => {
  const { clock, owner, refresher } = setUp();
  let known = true;
  owner.outcome = () => (known ? 'asked' : 'forget');
  owner.silent = (charge) => {
    owner.silenced.push(charge.ip);
    known = false;
  };
  refresher.watch(VNI, ip(1));
  while (owner.asked.length < 2) clock.advance(250);
  refresher.heard(VNI, ip(1));
  const answered = clock.now();
  clock.advance(29_000);
  t.is(owner.asked.length, 2);
  clock.advance(60_000);
  t.is(owner.asked.length, 6, 'three more and the one that finds it gone');
  const [first, second, third] = owner.asked.slice(2).map(({ at }) => at);
  t.true(first - answered >= 29_750 && first - answered <= 30_500);
  t.true(second - first >= 1000 && third - second >= 1000 && third - first < 3000);
  t.deepEqual(owner.silenced, [ip(1)]);
  t.is(refresher.size, 0);
  t.is(clock.timersPending, 0);
});

test('what is forgotten is asked no more, what comes back is', (t) => {
  const { clock, owner, refresher } = setUp();
  refresher.watch(VNI, ip(1));
  refresher.forget(VNI, ip(1));
  clock.advance(100_000);
  t.is(owner.asked.length, 0);
  refresher.heard(VNI, ip(1));
  clock.advance(31_000);
  t.is(owner.asked.length, 1);
});

test('what has nothing to ask costs no token', (t) => {
  const { clock, owner, refresher } = setUp(1);
  owner.outcome = (charge) => (charge.ip === ip(0) ? 'sent' : 'later');
  for (let i = 0; i < 100; i++) refresher.watch(VNI, ip(i));
  clock.advance(31_000);
  t.is(new Set(owner.asked.map((each) => each.ip)).size, 100);
  t.is(refresher.refreshes, 1);
});

test('a search goes first and at once, within the rate, and is tried again a few times', (t) => {
  const { clock, owner, refresher } = setUp(40);
  refresher.find(VNI, ip(1), HOST);
  clock.runUntilIdle();
  t.deepEqual(owner.found, [{ at: 0, ip: ip(1) }]);
  for (let i = 0; i < 200; i++) refresher.find(VNI, ip(i), HOST);
  clock.advance(6_000);
  t.is(owner.found.length, 201);
  t.true(
    densest(
      owner.found.map(({ at }) => at),
      1000,
    ) <= 50,
  );
  owner.finding = 'later';
  refresher.find(VNI, ip(1), HOST);
  clock.advance(10_000);
  t.is(owner.found.length, 201 + 8);
  owner.finding = 'asked';
  refresher.find(VNI, ip(1), HOST);
  clock.advance(10_000);
  const times = owner.found.slice(209).map(({ at }) => at);
  t.is(times.length, 3);
  t.true(times[1] - times[0] >= 1000 && times[2] - times[1] >= 1000);
  t.is(clock.timersPending, 0);
});

test('new settings count at once, and off is off', (t) => {
  const { clock, owner, refresher } = setUp();
  refresher.watch(VNI, ip(1));
  refresher.reconfigure({ enabled: false, interval: 30, rate: 100 });
  clock.advance(120_000);
  t.is(owner.asked.length, 0);
  refresher.watch(VNI, ip(2));
  refresher.reconfigure({ enabled: true, interval: 30, rate: 100 });
  clock.advance(1_000);
  t.deepEqual(
    owner.asked.map((each) => each.ip),
    [ip(1)],
  );
  clock.advance(30_000);
  t.deepEqual(new Set(owner.asked.map((each) => each.ip)), new Set([ip(1), ip(2)]));
  refresher.close();
  const before = owner.asked.length;
  clock.advance(120_000);
  t.is(owner.asked.length, before);
});

test('a port with more addresses than can be asked has its own wait, not another', (t) => {
  const { clock, owner, refresher } = setUp();
  const OTHER = toVni(20);
  owner.outcome = () => 'asked';
  for (let i = 0; i < 65_536; i++) refresher.watch(VNI, ip(i));
  const victim = ip(100_000);
  refresher.watch(OTHER, victim);
  for (let second = 0; second < 300; second++) {
    clock.advance(1_000);
    // It answers what it is asked
    if (owner.asked.some((each) => each.ip === victim && each.at > clock.now() - 1_000))
      refresher.heard(OTHER, victim);
  }
  const times = owner.asked.filter((each) => each.ip === victim).map(({ at }) => at);
  t.true(times.length >= 9, String(times));
  for (let i = 1; i < times.length; i++) t.true(times[i] - times[i - 1] < 33_000, String(times));
  t.false(owner.silenced.includes(victim));
});

test('of one port those that answer are asked before those that do not', (t) => {
  const { clock, owner, refresher } = setUp(1);
  const answers = (n: Ip) => n === ip(0);
  owner.outcome = () => 'asked';
  for (let i = 0; i < 60; i++) refresher.watch(VNI, ip(i));
  for (let second = 0; second < 400; second++) {
    const before = owner.asked.length;
    clock.advance(1_000);
    for (const each of owner.asked.slice(before)) if (answers(each.ip)) refresher.heard(VNI, each.ip);
  }
  const asked = owner.asked.filter((each) => answers(each.ip)).map(({ at }) => at);
  // Once all the others have been asked once, nobody is before it
  const late = asked.filter((at) => at > 100_000);
  t.true(late.length >= 9, String(asked));
  t.deepEqual(owner.silenced.filter(answers), []);
});

test('searches of one port beyond the bound are not taken, those of another are, between the questions of both', (t) => {
  const lanes = new AskLanes(10);
  const search = (n: number) => ({ vni: VNI, ip: ip(n), mac: HOST, port: undefined, tries: 0, asked: 0 });
  for (let i = 0; i < 10; i++) t.true(lanes.search(1, search(i)));
  t.false(lanes.search(1, search(10)));
  for (let i = 20; i < 25; i++) t.true(lanes.search(2, search(i)));
  t.is(lanes.size, 15);
  const order = Array.from({ length: 16 }, () => lanes.take()?.ip);
  t.deepEqual(order, [0, 20, 1, 21, 2, 22, 3, 23, 4, 24, 5, 6, 7, 8, 9].map(ip).concat([undefined as never]));
  t.true(lanes.search(1, search(11)));
});
