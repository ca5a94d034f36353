import test from 'ava';
import { Conflicts } from '../../src/evpn/conflicts.js';
import { type Conflict, Rule } from '../../src/evpn/index.js';
import {
  formatMac,
  LimitedLog,
  type Mac,
  parseIp,
  parseMac,
  silentLog,
  toVni,
} from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const MAC = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('02:00:00:00:00:02');
const IP = parseIp('192.0.2.11');
const LINGER = 300_000;
type Found = Parameters<Conflicts['seen']>[1];
const PINNED: Found = { mac: MAC, ip: undefined, device: 'eth1', vtep: vtepOf(3), pin: Rule.STICKY };
const CONFIGURED: Found = { ...PINNED, pin: undefined };
const OF_IP: Found = { ...PINNED, ip: IP };

function listing() {
  const clock = new VirtualClock();
  const lines: { message: string; facts: object }[] = [];
  const log = { ...silentLog, warn: (facts: object, message: string) => lines.push({ message, facts }) };
  const conflicts = new Conflicts(clock, new LimitedLog(new VirtualClock(), log));
  const times = (vni = VNI) => conflicts.of(vni).map(({ since, lastSeen }: Conflict) => [since, lastSeen]);
  return { clock, lines, conflicts, times };
}

/** How long after the first the second is seen, what is another then, whether it is news, and how many are listed. */
const AGAIN: readonly (readonly [string, Found, number, Partial<Found>, boolean, number])[] = [
  ['the same', PINNED, 10_000, {}, false, 1],
  ['the same, just before it is over', PINNED, LINGER, {}, false, 1],
  ['the same, when it is over', PINNED, LINGER + 1, {}, true, 1],
  ['the same of a configured row, a day later', CONFIGURED, 86_400_000, {}, false, 1],
  ['the same of an IP', OF_IP, 10_000, {}, false, 1],
  ['another port', PINNED, 10_000, { device: 'eth2' }, true, 1],
  ['another leaf', PINNED, 10_000, { vtep: vtepOf(4) }, true, 1],
  ['another pin', PINNED, 10_000, { pin: Rule.GATEWAY }, true, 1],
  ['another MAC', PINNED, 10_000, { mac: OTHER }, true, 2],
  ['another MAC with the IP', OF_IP, 10_000, { mac: OTHER }, true, 1],
  ['an IP of the MAC', PINNED, 10_000, { ip: IP }, true, 2],
];

for (const [name, first, after, over, isNews, count] of AGAIN)
  test(`a conflict is seen, and again: ${name}`, (t) => {
    const { clock, conflicts, lines, times } = listing();
    conflicts.seen(VNI, first);
    const begin = clock.wallTime();
    t.deepEqual(times(), [[begin, begin]]);
    clock.advance(after);
    conflicts.seen(VNI, { ...first, ...over });
    t.is(lines.length, isNews ? 2 : 1);
    t.is(conflicts.of(VNI).length, count);
    t.like(conflicts.of(VNI).at(-1), { ...first, ...over });
    t.deepEqual(times().at(-1), [isNews ? clock.wallTime() : begin, clock.wallTime()]);
  });

test('a conflict with a pin is over five minutes after it was seen last, one with a configured row when it is gone', (t) => {
  const { clock, conflicts } = listing();
  conflicts.seen(VNI, PINNED);
  conflicts.seen(VNI, { ...CONFIGURED, mac: OTHER });
  clock.advance(LINGER);
  t.is(conflicts.of(VNI).length, 2);
  clock.advance(1);
  t.deepEqual(
    conflicts.of(VNI).map(({ mac }) => mac),
    [OTHER],
  );
  conflicts.gone(VNI, OTHER, undefined);
  t.deepEqual(conflicts.of(VNI), []);
});

test('what is gone is that of the MAC, or of the IP, and of the VNI', (t) => {
  const { conflicts } = listing();
  const other = toVni(20);
  const left = () => conflicts.of(VNI).map(({ mac, ip }) => [mac, ip]);
  for (const vni of [VNI, other])
    for (const found of [PINNED, { ...PINNED, mac: OTHER }, OF_IP]) conflicts.seen(vni, found);
  conflicts.gone(toVni(30), MAC, undefined);
  conflicts.gone(VNI, undefined, parseIp('192.0.2.99'));
  t.is(left().length, 3);
  conflicts.gone(VNI, MAC, undefined);
  t.deepEqual(left(), [
    [OTHER, undefined],
    [MAC, IP],
  ]);
  conflicts.gone(VNI, undefined, IP);
  t.deepEqual(left(), [[OTHER, undefined]]);
  t.is(conflicts.of(other).length, 3);
  conflicts.forget(other);
  t.deepEqual(conflicts.of(other), []);
  t.is(left().length, 1);
});

test('1,024 are listed of each VNI: a new one takes the place of the oldest, one that is listed keeps its own', (t) => {
  const { conflicts } = listing();
  const macs = Array.from({ length: 1_024 }, (_, n) => (MAC + 0x100 + n) as Mac);
  for (const mac of macs) conflicts.seen(VNI, { ...PINNED, mac });
  conflicts.seen(VNI, { ...PINNED, mac: macs[7] });
  t.is(conflicts.of(VNI).length, 1_024);
  conflicts.seen(VNI, PINNED);
  const found = new Set<Mac>(conflicts.of(VNI).map(({ mac }) => mac));
  t.is(found.size, 1_024);
  t.deepEqual([found.has(macs[0]), found.has(macs[1]), found.has(MAC)], [false, true, true]);
});

test('what is said of a conflict', (t) => {
  const { conflicts, lines } = listing();
  const pinned = 'a local host uses an address that is pinned to another leaf';
  const configured = 'another leaf claims an address that is configured on a port of this leaf';
  for (const found of [PINNED, CONFIGURED, { ...OF_IP, device: undefined }]) conflicts.seen(VNI, found);
  const facts = { vni: VNI, mac: formatMac(MAC), port: 'eth1' as string | undefined, vtep: '10.0.0.3' };
  t.deepEqual(lines, [
    { message: pinned, facts: { ...facts, pinnedBy: Rule.STICKY } },
    { message: configured, facts },
    { message: pinned, facts: { ...facts, ip: '192.0.2.11', port: undefined, pinnedBy: Rule.STICKY } },
  ]);
});
