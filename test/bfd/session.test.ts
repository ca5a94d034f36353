import test from 'ava';
import { Bfd, type BfdWatch, type ControlPacket, decodeControl, encodeControl } from '../../src/bfd/index.js';
import { RecordingLog } from '../bgp/fabric.js';
import { MemoryBfdNetwork } from '../doubles/memory-bfd.js';
import { VirtualClock } from '../support/virtual-clock.js';

const [HERE, THERE] = ['10.0.0.1', '10.0.0.2'];
const SETTINGS = { interval: 300, multiplier: 3 };

/** Two systems; `downs` is what the one here was told. */
function scene() {
  const clock = new VirtualClock();
  const network = new MemoryBfdNetwork(clock);
  const log = new RecordingLog();
  const downs: string[] = [];
  const [here, there] = [network.host(HERE), network.host(THERE, () => 0.5)];
  const ours = new Bfd({ clock, transport: here, log, random: () => 0.999 });
  const theirs = new Bfd({ clock, transport: there, log, random: () => 0.5 });
  ours.begin();
  theirs.begin();
  const watch = (settings = SETTINGS, multihop = false): BfdWatch =>
    ours.watch({ address: THERE, localAddress: undefined, multihop }, settings, {
      onDown: (reason, independent) => downs.push(`${reason}${independent ? ' (C)' : ''}`),
    });
  const answer = (settings = SETTINGS, multihop = false): BfdWatch =>
    theirs.watch({ address: HERE, localAddress: undefined, multihop }, settings, { onDown() {} });
  const sentBy = (address: string) =>
    network.sent
      .filter(({ from }) => from === address)
      .map(({ at, packet }) => ({ at, ...(decodeControl(packet, 0, 24) as ControlPacket) }));
  return { clock, network, log, downs, here, there, ours, theirs, watch, answer, sentBy };
}

/** Both are up and have agreed on their intervals. */
function upScene(near = SETTINGS, far = SETTINGS) {
  const at = scene();
  const [mine, other] = [at.watch(near), at.answer(far)];
  at.clock.advance(5000);
  at.network.sent.length = 0;
  return { ...at, mine, other };
}

test('a session comes up, agrees on the intervals by a Poll Sequence, and stays', (t) => {
  const { clock, downs, watch, answer, sentBy } = scene();
  const mine = watch();
  clock.advance(1500);
  t.like(mine.status, { state: 'Down', remote: undefined, detectionTime: undefined, sent: 2 });
  const other = answer();
  clock.advance(2000);
  for (const { status } of [mine, other])
    t.like(status, { state: 'Up', polling: false, transmitInterval: 300, detectionTime: 900, ups: 1 });
  const first = sentBy(HERE).filter(({ state }) => state !== 'Up');
  t.true(first.every(({ desiredMinTx, poll }) => desiredMinTx === 1_000_000 && !poll));
  t.true(
    sentBy(HERE).some(({ state, poll, desiredMinTx }) => state === 'Up' && poll && desiredMinTx === 300_000),
  );
  t.true(sentBy(HERE).some(({ final }) => final));
  clock.advance(60_000);
  t.like(mine.status, { state: 'Up', diagnostic: 0, ups: 1, lastDown: undefined });
  t.like(mine.status.remote, { state: 'Up', desiredMinTx: 300, requiredMinRx: 300, multiplier: 3 });
  t.deepEqual(downs, []);
});

test('packets go 75 to 100 % of the interval apart', (t) => {
  const { clock, sentBy } = upScene();
  clock.advance(10_000);
  const gaps = (address: string) => {
    const times = sentBy(address).map(({ at }) => at);
    return times.slice(1).map((time, i) => time - times[i]);
  };
  t.true(gaps(HERE).every((gap) => gap > 299 && gap <= 300));
  t.true(gaps(THERE).every((gap) => Math.abs(gap - 262.5) < 1e-6));
});

test('silence of the detection time is a failure, told once', (t) => {
  const { clock, network, downs, mine, log } = upScene();
  network.loses = (from) => from === THERE;
  clock.advance(890 - 263);
  t.is(mine.status.state, 'Up');
  clock.advance(300);
  t.like(mine.status, { state: 'Down', diagnostic: 1, remote: undefined, detectionTime: undefined });
  clock.advance(20_000);
  t.deepEqual(downs, ['nothing was heard for 900 ms (Control Detection Time Expired)']);
  t.is(mine.status.lastDown?.reason, downs[0]);
  t.is(log.lines.filter(({ level }) => level === 'warn').length, 2, 'each end');
  network.loses = () => false;
  clock.advance(5000);
  t.like(mine.status, { state: 'Up', ups: 2 });
});

test('the neighbor that does not hear us says so: that is a failure too', (t) => {
  const { clock, network, downs, mine, other } = upScene();
  network.loses = (from) => from === HERE;
  clock.advance(2000);
  t.deepEqual(downs, ['the neighbor signals Down (Control Detection Time Expired)']);
  t.like(mine.status.lastDown, { reason: downs[0] });
  t.is(other.status.state, 'Down');
});

test('an event loop that is late reads what waits before it takes a neighbor for dead', (t) => {
  const { clock, here, downs, mine } = upScene();
  here.deaf = true;
  for (let i = 0; i < 20; i++) clock.advance(500);
  t.deepEqual(downs, []);
  t.is(mine.status.state, 'Up');
});

test('taken down by the operator of either end is no failure, and both know', (t) => {
  const { clock, here, downs, mine, other } = upScene();
  other.stop();
  clock.advance(100);
  t.like(mine.status, { state: 'Down', diagnostic: 3 });
  t.like(mine.status.remote, { state: 'AdminDown', diagnostic: 7 });
  t.is(mine.status.lastDown?.reason, "taken down by the neighbor's operator");
  t.deepEqual(downs, []);
  clock.advance(10_000);
  t.deepEqual(downs, []);
  t.is(mine.status.remote, undefined, 'it is silent now');
  t.is(here.channels, 1);
  mine.stop();
  clock.advance(1);
  t.is(here.channels, 0, 'nobody has to be told');
});

test('the farewell is repeated for as long as the neighbor would wait, then all is given back', (t) => {
  const { clock, here, mine, sentBy, other } = upScene();
  mine.stop();
  clock.advance(2500);
  const packets = sentBy(HERE).filter(({ state }) => state === 'AdminDown');
  t.is(packets.length, 3);
  t.is(here.channels, 1);
  clock.advance(600);
  t.is(here.channels, 0);
  const last = sentBy(HERE).length;
  clock.advance(10_000);
  t.is(sentBy(HERE).length, last);
  t.like(other.status.lastDown, { reason: "taken down by the neighbor's operator" });
});

test('who watches again before the farewell is over has a new session', (t) => {
  const { clock, here, mine, watch, downs } = upScene();
  mine.stop();
  clock.advance(100);
  const again = watch();
  t.is(here.channels, 1);
  clock.advance(5000);
  t.is(again.status.state, 'Up');
  t.not(again.status.discriminator, mine.status.discriminator);
  t.deepEqual(downs, []);
});

test('a process that ends says once that it is no failure, and has nothing left', (t) => {
  const { clock, here, ours, other, downs, sentBy } = upScene();
  const before = sentBy(HERE).length;
  ours.close();
  clock.advance(10_000);
  t.is(here.channels, 0);
  t.is(clock.timersPending, 1, "the other's");
  t.is(sentBy(HERE).length, before + 1);
  t.like(sentBy(HERE).at(-1), { state: 'AdminDown' });
  t.is(other.status.lastDown?.reason, "taken down by the neighbor's operator");
  t.deepEqual(downs, []);
});

test('a process that ends whose last word is lost is silent', (t) => {
  const { clock, network, ours, other } = upScene();
  network.loses = (from) => from === HERE;
  ours.close();
  clock.advance(10_000);
  t.regex(other.status.lastDown?.reason ?? '', /^nothing was heard for 900 ms/);
});

test('longer intervals count when the neighbor has confirmed them, and cost no session', (t) => {
  const { clock, network, mine, other, downs, sentBy } = upScene();
  network.loses = (from) => from === THERE;
  mine.configure({ interval: 800, multiplier: 3 });
  t.like(mine.status, { polling: true, transmitInterval: 300, detectionTime: 2400 });
  const [poll] = sentBy(HERE).slice(-1);
  t.like(poll, { poll: true, desiredMinTx: 800_000, requiredMinRx: 800_000 });
  network.loses = () => false;
  clock.advance(1000);
  t.like(mine.status, { polling: false, transmitInterval: 800, detectionTime: 2400 });
  t.like(other.status, { transmitInterval: 800, detectionTime: 2400 });
  clock.advance(30_000);
  t.deepEqual(downs, []);
  t.like(mine.status, { state: 'Up', ups: 1 });
});

test('shorter intervals: we listen as long as before until the neighbor has confirmed them', (t) => {
  const { clock, network, mine, downs } = upScene({ interval: 800, multiplier: 3 });
  network.loses = (from) => from === THERE;
  mine.configure({ interval: 400, multiplier: 3 });
  t.like(mine.status, { polling: true, detectionTime: 2400 });
  clock.advance(500);
  network.loses = () => false;
  clock.advance(2000);
  t.like(mine.status, { polling: false, detectionTime: 1200, state: 'Up' });
  clock.advance(30_000);
  t.deepEqual(downs, []);
});

test('a change during a Poll Sequence is confirmed by one of its own', (t) => {
  const { clock, network, mine } = upScene();
  network.loses = (from) => from === THERE;
  mine.configure({ interval: 500, multiplier: 3 });
  mine.configure({ interval: 700, multiplier: 3 });
  clock.runUntilIdle();
  network.loses = () => false;
  clock.advance(310);
  t.like(mine.status, { polling: true, transmitInterval: 300 });
  clock.advance(310);
  t.like(mine.status, { polling: false, transmitInterval: 700 });
});

test('a multiplier of 1 is told, and the neighbor goes by it', (t) => {
  const { clock, mine, other } = upScene();
  mine.configure({ interval: 300, multiplier: 1 });
  clock.advance(500);
  t.is(other.status.detectionTime, 300);
  t.is(mine.status.detectionTime, 900);
});

/** What a scripted neighbor says. */
const words = (extra: Partial<ControlPacket>): Buffer => {
  const bytes = Buffer.alloc(24);
  encodeControl(
    {
      diagnostic: 0,
      state: 'Down',
      poll: false,
      final: false,
      controlPlaneIndependent: false,
      demand: false,
      detectMultiplier: 3,
      myDiscriminator: 77,
      yourDiscriminator: 0,
      desiredMinTx: 300_000,
      requiredMinRx: 300_000,
      requiredMinEchoRx: 0,
      ...extra,
    },
    bytes,
  );
  return bytes;
};

/** A session that a scripted neighbor has brought up. */
function scripted() {
  const at = scene();
  const mine = at.watch();
  const said = (extra: Partial<ControlPacket>, from = THERE) => {
    at.here.arrive(from, words({ yourDiscriminator: mine.status.discriminator, ...extra }));
    at.clock.runUntilIdle();
  };
  said({ yourDiscriminator: 0 });
  said({ state: 'Init' });
  return { ...at, mine, said };
}

test('a neighbor that has started again knows us no more: down', (t) => {
  const { mine, said, downs } = scripted();
  t.is(mine.status.state, 'Up');
  said({ yourDiscriminator: 0 });
  t.deepEqual(downs, ['the neighbor signals Down (No Diagnostic)']);
});

test('what says that the neighbor begins anew counts by the interface alone that it is heard by', (t) => {
  const { clock, mine, said, here, downs } = scripted();
  const forged = (state: 'Down' | 'AdminDown') => {
    here.arrive(THERE, words({ state, yourDiscriminator: 0 }), false, 2);
    clock.runUntilIdle();
  };
  forged('Down');
  forged('AdminDown');
  t.like(mine.status, { state: 'Up', dropped: { interface: 2 } });
  // Its other link, by one who knows our discriminator
  here.arrive(THERE, words({ state: 'Up', yourDiscriminator: mine.status.discriminator }), false, 2);
  clock.runUntilIdle();
  said({ yourDiscriminator: 0 });
  t.is(mine.status.state, 'Up');
  forged('Down');
  t.deepEqual(downs, ['the neighbor signals Down (No Diagnostic)']);
  t.deepEqual(mine.status.dropped, { interface: 3 });
});

test('the C bit of the neighbor is told with the failure (RFC 5882 §4.3)', (t) => {
  const { clock, said, downs } = scripted();
  said({ state: 'Up', controlPlaneIndependent: true });
  clock.advance(1000);
  t.deepEqual(downs, ['nothing was heard for 900 ms (Control Detection Time Expired) (C)']);
});

test('a neighbor that wants no packets gets none but what changes', (t) => {
  const { clock, mine, said, sentBy } = scripted();
  said({ state: 'Up', requiredMinRx: 0, desiredMinTx: 30_000_000 });
  const before = sentBy(HERE).length;
  clock.advance(20_000);
  t.is(sentBy(HERE).length, before);
  t.is(mine.status.transmitInterval, undefined);
  said({ state: 'Up', poll: true, requiredMinRx: 0, desiredMinTx: 30_000_000 });
  t.like(sentBy(HERE).at(-1), { final: true, poll: false, state: 'Up' });
});

test('in demand mode the neighbor hears of us when it asks', (t) => {
  const { clock, said, sentBy } = scripted();
  said({ state: 'Up', final: true });
  said({ state: 'Up', demand: true, desiredMinTx: 30_000_000 });
  const before = sentBy(HERE).length;
  clock.advance(20_000);
  t.is(sentBy(HERE).length, before);
});

test('packets that are not taken are counted by reason, and change nothing', (t) => {
  const { network, clock, mine, said, here, ours, sentBy } = scripted();
  const { received } = mine.status;
  const before = sentBy(HERE).length;
  const bad = words({ state: 'Up' });
  here.arrive(THERE, bad);
  bad[0] = 0;
  here.arrive(THERE, bad);
  here.arrive(THERE, Buffer.alloc(3));
  said({ state: 'Down', yourDiscriminator: 4711 });
  network.ttl = 254;
  said({ state: 'Down' });
  network.ttl = 255;
  said({ state: 'Down' }, '10.0.0.99');
  said({ state: 'Down' }, 'fe80::2%eth1');
  here.arrive(THERE, words({ state: 'Down', yourDiscriminator: mine.status.discriminator }), true);
  clock.runUntilIdle();
  t.is(mine.status.state, 'Up');
  t.is(mine.status.received, received);
  t.is(sentBy(HERE).length, before);
  t.deepEqual(mine.status.dropped, {
    'your-discriminator': 1,
    version: 1,
    length: 1,
    'no-session': 1,
    ttl: 1,
  });
  t.is(ours.strangers, 3);
});

test('over several hops any TTL will do', (t) => {
  const { clock, network, watch, answer } = scene();
  network.ttl = 60;
  const mine = watch(SETTINGS, true);
  answer(SETTINGS, true);
  clock.advance(5000);
  t.like(mine.status, { state: 'Up', multihop: true, dropped: {} });
});

test('what is watched before the beginning waits for it', (t) => {
  const clock = new VirtualClock();
  const network = new MemoryBfdNetwork(clock);
  const here = network.host(HERE);
  const bfd = new Bfd({ clock, transport: here, log: new RecordingLog() });
  const mine = bfd.watch({ address: THERE, localAddress: undefined, multihop: false }, SETTINGS, {
    onDown() {},
  });
  clock.advance(10_000);
  t.deepEqual([here.channels, network.sent.length], [0, 0]);
  bfd.begin();
  bfd.begin();
  clock.advance(10_000);
  t.is(here.channels, 1);
  t.true(mine.status.sent > 10);
});

test('where there is no socket it is said why, and tried again', (t) => {
  const { clock, here, log, watch, answer } = scene();
  here.refusal = 'EADDRINUSE';
  const mine = watch();
  answer();
  clock.advance(12_000);
  t.is(mine.status.fault, 'UDP port for 10.0.0.2: EADDRINUSE; stop the other one');
  t.is(log.lines.filter(({ level }) => level === 'warn').length, 1);
  here.refusal = undefined;
  clock.advance(10_000);
  t.like(mine.status, { state: 'Up', fault: undefined });
});
