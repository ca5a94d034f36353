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
  return { clock, leaf, devices, route, vtep, dst, neigh, macOf };
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

test('looks at crowded keys have a share of the time, and all get their turn', (t) => {
  const clock = new VirtualClock();
  const looked: { at: number; entry: object }[] = [];
  let emptied = 0;
  let now = 0;
  // A look takes 5 ms
  const slow: Clock = {
    now: () => clock.now() + now,
    wallTime: () => clock.wallTime(),
    after: (milliseconds, callback) => clock.after(milliseconds, callback),
    soon: (callback) => clock.soon(callback),
  };
  const keys = new CrowdedKeys<object, { dirty: boolean }>(
    slow,
    (_, entry) => {
      looked.push({ at: clock.now(), entry });
      now += 5;
    },
    () => emptied++,
  );
  const entries = [1, 2, 3].map((n) => ({ dirty: true, n }));
  for (const entry of entries) keys.add({}, entry);
  clock.advance(0);
  t.deepEqual(looked, [{ at: 0, entry: entries[0] }]);
  t.false(entries[0].dirty);
  t.true(entries[1].dirty);
  t.is(keys.size, 2);
  clock.advance(100);
  t.deepEqual(looked, [
    { at: 0, entry: entries[0] },
    { at: 20, entry: entries[1] },
    { at: 40, entry: entries[2] },
  ]);
  t.is(emptied, 1);
  keys.add({}, entries[0]);
  keys.stop();
  clock.advance(100);
  t.is(looked.length, 3);
});
