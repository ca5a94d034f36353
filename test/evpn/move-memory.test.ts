import test from 'ava';
import type { Subject } from '../../src/evpn/index.js';
import { MoveMemory } from '../../src/evpn/move-memory.js';
import { MoveHistory } from '../../src/evpn/moves.js';
import { type Ip, LimitedLog, type Mac, parseIp, parseMac, silentLog, toVni } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { servingLeaf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const VNI = toVni(10010);
const OTHER = toVni(10011);
const FIRST = parseMac('02:00:00:00:00:01');
const IP = parseIp('192.0.2.9');
const macOf = (n: number) => (Number(FIRST) + n) as Mac;
const MINUTE = 60_000;

function scene(mostUnits?: number, window = 180_000) {
  const clock = new VirtualClock();
  const warnings: object[] = [];
  const log = { ...silentLog, warn: (facts: object) => warnings.push(facts) };
  const dropped: Subject[] = [];
  const memory = new MoveMemory(
    clock,
    new LimitedLog(clock, log),
    () => window,
    (subject) => dropped.push(subject),
    mostUnits,
  );
  return { clock, memory, warnings, dropped };
}

function history(isStanding = false): MoveHistory {
  const moves = new MoveHistory();
  moves.record({ at: 1, from: 'remote', to: 'none', fromVtep: IP, vtep: undefined, sequence: 1 });
  if (isStanding) moves.duplicateSince = 1;
  return moves;
}

test('however many numbers come and go, so many are remembered, and one line says that more were not', (t) => {
  const { memory, warnings } = scene();
  const goes = 300_000;
  for (let n = 0; n < goes; n++) memory.putMac(VNI, macOf(n), { sequence: n + 1, history: undefined });
  t.true(memory.size() <= 65_536);
  t.true(memory.size() > 50_000);
  t.is(memory.size() + memory.forgottenEarly, goes);
  t.is(warnings.length, 1);
  t.is(memory.mac(VNI, macOf(0)), undefined);
  t.deepEqual(memory.mac(VNI, macOf(goes - 1)), { sequence: goes, history: undefined });
});

test('where there is no room the oldest numbers are forgotten, a few at a time', (t) => {
  const { memory } = scene();
  const goes = 250_000;
  let most = 0;
  for (let n = 0; n < goes; n++) {
    const before = memory.forgottenEarly;
    memory.putMac(VNI, macOf(n), { sequence: 1, history: undefined });
    most = Math.max(most, memory.forgottenEarly - before);
  }
  t.true(most <= 513, `${most} at once`);
  let recent = 0;
  for (let n = goes - 60_000; n < goes; n++) if (memory.mac(VNI, macOf(n)) !== undefined) recent++;
  t.true(recent > 59_000, `${recent} of the latest 60,000`);
});

test('many VNIs that share the room forget no more at once than one, and no duplicate that stands', (t) => {
  const { memory, dropped } = scene();
  const goes = 250_000;
  const vnis = 4096;
  memory.putMac(toVni(1), FIRST, { sequence: 1, history: history(true) });
  let most = 0;
  for (let n = 0; n < goes; n++) {
    const before = memory.forgottenEarly;
    memory.putMac(toVni(1 + (n % vnis)), macOf(1 + n), { sequence: 1, history: undefined });
    most = Math.max(most, memory.forgottenEarly - before);
  }
  t.true(most <= 513, `${most} at once`);
  t.true(memory.size() > 64_000, `${memory.size()} remembered`);
  t.true(memory.mac(toVni(1), FIRST) !== undefined);
  t.deepEqual(dropped, []);
  const sizes = Array.from({ length: vnis }, (_, n) => memory.size(toVni(1 + n))).slice(1);
  t.true(Math.min(...sizes) >= 14, `${Math.min(...sizes)} of one VNI`);
  t.true(Math.max(...sizes) <= 18, `${Math.max(...sizes)} of one VNI`);
});

test('a MAC that never moved is nothing to remember', (t) => {
  const { clock, memory } = scene();
  memory.putMac(VNI, FIRST, { sequence: 0, history: undefined });
  t.is(memory.size(), 0);
  t.is(clock.timersPending, 0);
});

test('the VNI with the most forgets, not the others, and those with as many alike', (t) => {
  const { memory } = scene(1024);
  for (let n = 0; n < 100; n++) memory.putMac(OTHER, macOf(n), { sequence: 1, history: undefined });
  for (let n = 0; n < 20_000; n++) memory.putMac(VNI, macOf(n), { sequence: 1, history: undefined });
  t.is(memory.size(OTHER), 100);
  t.true(memory.size() <= 1024);
  const vnis = Array.from({ length: 64 }, (_, n) => toVni(20_000 + n));
  for (let n = 0; n < 1000; n++)
    for (const vni of vnis) memory.putMac(vni, macOf(n), { sequence: 1, history: undefined });
  const sizes = vnis.map((vni) => memory.size(vni));
  t.true(Math.min(...sizes) >= 8, String(sizes));
  t.true(Math.max(...sizes) <= 18, String(sizes));
});

test('what is claimed again is remembered no more', (t) => {
  const { memory } = scene();
  const moves = history();
  memory.putMac(VNI, FIRST, { sequence: 7, history: undefined });
  memory.putMac(VNI, macOf(1), { sequence: 0, history: moves });
  memory.putIp(VNI, IP, { mac: FIRST, vtep: IP, history: undefined });
  t.is(memory.size(VNI), 3);
  t.is(memory.takeMac(VNI, FIRST)?.sequence, 7);
  t.is(memory.takeMac(VNI, macOf(1))?.history, moves);
  t.like(memory.takeIp(VNI, IP), { mac: FIRST, vtep: IP });
  t.is(memory.size(), 0);
  t.is(memory.takeMac(VNI, FIRST), undefined);
});

test('an address is forgotten after a quarter to half an hour, a duplicate that stands is not', (t) => {
  const { clock, memory, dropped } = scene();
  memory.putMac(VNI, FIRST, { sequence: 7, history: undefined });
  memory.putMac(VNI, macOf(1), { sequence: 7, history: history(true) });
  memory.putIp(VNI, IP, { mac: FIRST, vtep: undefined, history: history(true) });
  clock.advance(29 * MINUTE);
  t.is(memory.size(), 3);
  clock.advance(2 * MINUTE);
  t.is(memory.size(), 2);
  clock.advance(1000 * MINUTE);
  t.is(memory.size(), 2);
  t.is(memory.forgottenEarly, 0);
  t.deepEqual(dropped, []);
  memory.forget(VNI);
  clock.advance(30 * MINUTE);
  t.is(clock.timersPending, 0);
});

test('where moves count for longer, addresses are remembered for as long', (t) => {
  const { clock, memory } = scene(undefined, 30 * MINUTE);
  memory.putMac(VNI, FIRST, { sequence: 7, history: undefined });
  clock.advance(31 * MINUTE);
  t.is(memory.size(), 1);
});

test('duplicates that stand go last, and who keeps the list of them is told', (t) => {
  const { memory, dropped } = scene(1024);
  memory.putMac(VNI, FIRST, { sequence: 1, history: history(true) });
  for (let n = 1; n < 200; n++) memory.putMac(VNI, macOf(n), { sequence: 1, history: history() });
  t.true(memory.mac(VNI, FIRST)?.history?.duplicateSince !== undefined);
  t.deepEqual(dropped, []);
  for (let n = 200; n < 400; n++) memory.putMac(VNI, macOf(n), { sequence: 1, history: history(true) });
  t.true(memory.size() <= 64);
  t.true(dropped.length > 100);
});

test('IPs without moves leave room for what has some', (t) => {
  const { memory, warnings } = scene(1024);
  for (let n = 0; n < 1000; n++)
    memory.putIp(VNI, (0x0a00_0000 + n) as Ip, { mac: FIRST, vtep: undefined, history: undefined });
  t.true(memory.size() <= 128);
  for (let n = 0; n < 40; n++)
    memory.putIp(VNI, (0x0b00_0000 + n) as Ip, { mac: FIRST, vtep: undefined, history: history() });
  t.true(memory.ip(VNI, 0x0b00_0000 as Ip) !== undefined);
  t.is(memory.forgottenEarly, 0, 'those without were no loss');
  t.deepEqual(warnings, []);
});

test('a MAC that was withdrawn leaves no entry, and comes back here with the next number of the claim that stands', async (t) => {
  const { clock, leaf, devices } = await servingLeaf(VNI);
  const peer = new SegmentMember(leaf, 8, parseIp('10.0.0.8'));
  const vrf = leaf.evpn.vrf(VNI)!;
  for (let n = 0; n < 100; n++) peer.macIp(macOf(n), VNI, { sequence: 5 });
  clock.advance(100);
  t.is(vrf.macs.size, 100);
  for (let n = 0; n < 100; n++) peer.macIp(macOf(n), VNI, { stands: false });
  clock.advance(100);
  t.is(vrf.macs.size, 0);
  t.is(leaf.evpn.memory.size(VNI), 100);
  leaf.hostSpeaks(devices, FIRST);
  clock.advance(100);
  t.like(vrf.macs.get(FIRST)?.ownership, { owner: 'local', sequence: 5 });
  t.is(leaf.evpn.memory.size(VNI), 99);
  leaf.removeVni(devices);
  clock.advance(100);
  t.is(leaf.evpn.memory.size(), 0);
});

test('a leaf that withdraws before each move is found out, once for each address, and one timer runs for each', async (t) => {
  const { clock, leaf } = await servingLeaf(VNI);
  const leaves = [8, 9].map((n) => new SegmentMember(leaf, n, parseIp(`10.0.0.${n}`)));
  const others = () => leaf.evpn.duplicates.size;
  const before = clock.timersPending;
  for (let move = 0; move < 40; move++) {
    const [from, to] = [leaves[(move + 1) % 2], leaves[move % 2]];
    // The MAC moves between the leaves, the IP between MACs of one leaf
    if (move > 0) from.macIp(FIRST, VNI, { stands: false });
    leaves[0].macIp(macOf(1 + ((move + 1) % 2)), VNI, { ip: IP, stands: false });
    clock.advance(100);
    to.macIp(FIRST, VNI, { sequence: move + 1 });
    leaves[0].macIp(macOf(1 + (move % 2)), VNI, { ip: IP });
    clock.advance(100);
  }
  t.is(others(), 2);
  const found = [...leaf.evpn.duplicates.list()];
  t.like(
    found.find(({ subject }) => 'mac' in subject),
    { places: [{ vtep: leaves[0].vtep }, { vtep: leaves[1].vtep }] },
  );
  t.like(
    found.find(({ subject }) => 'ip' in subject),
    { places: [{ vtep: leaves[0].vtep }, { vtep: leaves[0].vtep }] },
  );
  // Their recoveries, the memory's, and the windows of the log
  t.true(clock.timersPending - before <= 2 + 1 + 4, String(clock.timersPending - before));
  leaves[1].macIp(FIRST, VNI, { stands: false });
  leaves[0].macIp(macOf(2), VNI, { ip: IP, stands: false });
  clock.advance(170_000);
  t.is(others(), 2);
  clock.advance(11_000);
  t.is(others(), 0);
});

test('a MAC that comes back where it was, or that nobody knew, has not moved', async (t) => {
  const { clock, leaf } = await servingLeaf(VNI);
  const peer = new SegmentMember(leaf, 8, parseIp('10.0.0.8'));
  for (let n = 0; n < 20; n++) {
    peer.macIp(FIRST, VNI, { sequence: n + 1 });
    peer.macIp(macOf(n + 1), VNI, { sequence: 100 });
    clock.advance(100);
    peer.macIp(FIRST, VNI, { stands: false });
    peer.macIp(macOf(n + 1), VNI, { stands: false });
    clock.advance(100);
  }
  t.is(leaf.evpn.duplicates.size, 0);
});
