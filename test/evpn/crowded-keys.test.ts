import test from 'ava';
import { CROWD, CrowdedKeys } from '../../src/evpn/crowded-keys.js';
import {
  type Clock,
  ESI_ZERO,
  type Ip,
  type Mac,
  parseIp,
  parseMac,
  RouteDistinguisher,
  routeTargetOfAs2,
  toVni,
} from '../../src/types/index.js';
import { ExtendedCommunity, RouteType } from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { servingLeaf } from './support/leaf.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:09');
const IP = parseIp('192.0.2.9');
const MANY = CROWD + 50;

async function scene() {
  const { clock, leaf, devices } = await servingLeaf(VNI);
  const source = { neighbor: '192.0.2.1', routerId: 1, internal: false };
  const macOf = (n: number) => (Number(HOST) + n) as Mac;
  const vtep = (n: number) => parseIp(`10.0.${1 + (n >> 8)}.${n & 255}`);
  /** The route number `n`: one of its own RD, whose next hop grows with `n`. */
  const route = (n: number, how: { mac?: Mac; ip?: Ip; sequence?: number; stands?: boolean } = {}) => {
    const { mac = HOST, ip, sequence = 0, stands = true } = how;
    const extendedCommunities = [
      ExtendedCommunity.routeTarget(routeTargetOfAs2(65_101, VNI)),
      ExtendedCommunity.encapsulation(),
      ...(sequence > 0 ? [ExtendedCommunity.macMobility(sequence, false)] : []),
    ];
    leaf.receive(
      source,
      65_101,
      stands ? { nextHop: vtep(n), extendedCommunities, pmsiTunnel: undefined } : undefined,
      [
        {
          type: RouteType.MAC_IP_ADVERTISEMENT,
          rd: RouteDistinguisher.parse(`10.9.9.9:${n}`),
          ...{ esi: ESI_ZERO, ethernetTag: 0, mac, ip, label1: VNI, label2: undefined },
        },
      ],
    );
  };
  const dst = (mac = HOST) => leaf.rowsOf(devices, mac).dst;
  const neigh = (ip = IP) => leaf.world.kernel.tables.neighRow(devices.bridgeIfindex, ip)?.mac;
  /** Has each look at the time take some, so that a long search is not over in a turn; turns until one is under way. */
  const beginSearch = async (change: () => void) => {
    const now = clock.now.bind(clock);
    clock.now = () => {
      clock.spend(0.5);
      return now();
    };
    change();
    // The route is looked at, then the key
    clock.runTurn();
    clock.runTurn();
    clock.now = now;
    let isIdle = false;
    void leaf.evpn.idle().then(() => {
      isIdle = true;
    });
    await Promise.resolve();
    return { dirty: leaf.evpn.vrf(VNI)?.macs.get(HOST)?.dirty, isIdle };
  };
  return { clock, leaf, devices, route, vtep, dst, neigh, macOf, beginSearch };
}

test('a MAC of many routes is where the best of them says, whichever comes and goes', async (t) => {
  const { clock, route, vtep, dst } = await scene();
  for (let n = MANY; n > 0; n--) route(n);
  clock.advance(1000);
  t.is(dst(), vtep(1));
  route(1, { stands: false });
  clock.advance(1000);
  t.is(dst(), vtep(2));
  route(200, { sequence: 3 });
  clock.advance(1000);
  t.is(dst(), vtep(200));
  for (let n = 2; n < MANY; n++) route(n, { stands: false });
  clock.advance(1000);
  t.is(dst(), vtep(MANY));
  route(MANY, { stands: false });
  clock.advance(1000);
  t.is(dst(), undefined);
});

test('a MAC of many IPs, and an IP of many MACs', async (t) => {
  const { clock, route, vtep, neigh, dst, macOf } = await scene();
  const ipOf = (n: number) => parseIp(`198.51.${100 + (n >> 8)}.${n & 255}`);
  for (let n = 1; n <= MANY; n++) route(n, { ip: ipOf(n) });
  clock.advance(1000);
  for (let n = 1; n <= MANY; n++) t.is(neigh(ipOf(n)), HOST);
  t.is(dst(), vtep(1));
  for (let n = 1; n <= MANY; n++) route(n, { ip: ipOf(n), stands: false });
  clock.advance(1000);
  t.is(neigh(ipOf(MANY)), undefined);
  t.is(dst(), undefined);

  for (let n = MANY; n > 0; n--) route(n, { mac: macOf(n), ip: IP });
  clock.advance(1000);
  t.is(neigh(), macOf(1));
  route(1, { mac: macOf(1), ip: IP, stands: false });
  clock.advance(1000);
  t.is(neigh(), macOf(2));
});

test('routes come and go while a long search is under way', async (t) => {
  const { clock, leaf, devices, route, vtep, dst, beginSearch } = await scene();
  const count = 1000;
  for (let n = count; n > 1; n--) route(n);
  clock.advance(1000);
  t.is(dst(), vtep(2));
  const underWay = { dirty: false, isIdle: false };
  t.deepEqual(await beginSearch(() => route(count + 1)), underWay);
  // It has been seen by now
  route(count, { sequence: 1 });
  clock.advance(10_000);
  t.is(dst(), vtep(count));

  t.deepEqual(await beginSearch(() => route(count + 2)), underWay);
  route(count, { stands: false });
  clock.advance(10_000);
  t.is(dst(), vtep(2));

  // So many go that it is crowded no more
  t.deepEqual(await beginSearch(() => route(count + 3)), underWay);
  for (let n = 2; n < count - 5; n++) route(n, { stands: false });
  clock.advance(10_000);
  t.is(dst(), vtep(count - 5));

  for (let n = 1; n < count; n++) route(n);
  clock.advance(10_000);
  t.deepEqual(await beginSearch(() => route(count + 4)), underWay);
  leaf.removeVni(devices);
  clock.advance(10_000);
  await leaf.evpn.idle();
  t.is(dst(), undefined);
});

test('a VNI that goes while many routes wait to be looked at, and comes back', async (t) => {
  const { clock, leaf, devices, route, vtep, dst } = await scene();
  for (let n = 1; n <= MANY; n++) route(n);
  leaf.removeVni(devices);
  clock.advance(1000);
  t.is(leaf.evpn.vrf(VNI), undefined);
  leaf.addVni(devices);
  clock.advance(1000);
  t.is(dst(), vtep(1));
  await leaf.evpn.idle();
});

/** Looks at keys, each of so many steps of 5 ms. */
function slowKeys(steps: number) {
  const clock = new VirtualClock();
  const seen: { at: number; entry: object; what: 'begin' | 'end' }[] = [];
  const ended = () => seen.filter(({ what }) => what === 'end').map(({ at, entry }) => ({ at, entry }));
  const counts = { emptied: 0, steps: 0 };
  let worked = 0;
  const slow: Clock = {
    now: () => clock.now() + worked,
    wallTime: () => clock.wallTime(),
    after: (milliseconds, callback) => clock.after(milliseconds, callback),
    soon: (callback) => clock.soon(callback),
    soonest: (callback) => clock.soonest(callback),
    sliceEnd: (most) => clock.now() + worked + most,
  };
  const keys = new CrowdedKeys<object, { dirty: boolean }>(
    slow,
    (_, entry) => {
      let left = steps;
      seen.push({ at: clock.now(), entry, what: 'begin' });
      return {
        step() {
          counts.steps++;
          worked += 5;
          return --left > 0;
        },
        end: () => void seen.push({ at: clock.now(), entry, what: 'end' }),
      };
    },
    () => counts.emptied++,
  );
  const mark = (entry: { dirty: boolean }) => {
    if (entry.dirty) return;
    entry.dirty = true;
    keys.add({}, entry);
  };
  return { clock, keys, seen, ended, counts, mark };
}

test('looks at crowded keys have a share of the time, and all get their turn', (t) => {
  const { clock, keys, ended, counts } = slowKeys(1);
  const entries = [1, 2, 3].map((n) => ({ dirty: true, n }));
  for (const entry of entries) keys.add({}, entry);
  clock.advance(0);
  t.deepEqual(ended(), [{ at: 0, entry: entries[0] }]);
  t.false(entries[0].dirty);
  t.true(entries[1].dirty);
  t.is(keys.size, 2);
  clock.advance(100);
  t.deepEqual(ended(), [
    { at: 0, entry: entries[0] },
    { at: 20, entry: entries[1] },
    { at: 40, entry: entries[2] },
  ]);
  t.is(counts.emptied, 1);
  keys.add({}, entries[0]);
  keys.stop();
  clock.advance(100);
  t.is(ended().length, 3);
});

test('one crowded key that is marked again and again has no more than the share', (t) => {
  const { clock, counts, mark, keys } = slowKeys(1);
  const entry = { dirty: false };
  for (let n = 0; n < 1000; n++) {
    mark(entry);
    clock.advance(1);
  }
  t.true(counts.steps <= 1000 / 20 + 1, `${counts.steps}`);
  clock.advance(100);
  t.is(keys.size, 0);
  mark(entry);
  clock.advance(0);
  t.is(keys.size, 0);
});

test('a look is done a step a turn; what is said meanwhile has it begun anew, and at last decided', (t) => {
  const { clock, seen, ended, mark, keys } = slowKeys(4);
  const [entry, other] = [{ dirty: false }, { dirty: false }];
  mark(entry);
  mark(other);
  clock.advance(50);
  t.is(ended().length, 0);
  t.is(keys.size, 2);
  mark(entry);
  clock.advance(90);
  t.deepEqual(ended(), [{ at: 140, entry }]);
  t.is(seen.filter(({ what, entry: of }) => what === 'begin' && of === entry).length, 2);
  clock.advance(100);
  t.is(ended().length, 2);
  // Said of it in every turn
  for (let n = 0; n < 1000; n++) {
    mark(entry);
    clock.advance(1);
  }
  t.true(ended().length >= 4);
  clock.advance(1000);
  t.is(keys.size, 0);
  t.false(entry.dirty);
});
