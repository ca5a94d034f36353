import test from 'ava';
import {
  formatMac,
  type Mac,
  parseIp,
  RouteDistinguisher,
  routeTargetOfAs2,
  toVni,
} from '../../src/types/index.js';
import { type EvpnNlri, ExtendedCommunity } from '../../src/wire/index.js';
import { imet, macRoute, originated } from '../bgp/fabric.js';
import { HOST, House, type Room } from './support/house.js';
import { explain } from './support/third-leaf.js';

/* Whoever asks about an address that thousands of routes name gets the best of them, and the loop turns meanwhile. */
const MANY = 1500;
const IP = parseIp('192.0.2.22');
const ZERO = '00:00:00:00:00:00';

const vtep = (n: number) => `10.2.${n >> 8}.${n & 255}`;
const rd = (n: number) => RouteDistinguisher.parse(`${vtep(n)}:1`);

/** Routes of many leaves, told by the neighbor. */
function tell(
  room: Room,
  numbers: Iterable<number>,
  nlriOf: (n: number) => EvpnNlri,
  rt = 10010,
  sequence = 0,
): void {
  for (const n of numbers) {
    const nextHop = parseIp(vtep(n));
    const attributes = {
      ...originated(vtep(n)),
      extendedCommunities: [
        ExtendedCommunity.encapsulation(),
        routeTargetOfAs2(65009, rt),
        ...(sequence > 0 ? [ExtendedCommunity.macMobility(sequence, false)] : []),
      ],
      pmsiTunnel: { endpoint: nextHop, vni: toVni(rt) },
    };
    const source = { neighbor: '10.1.0.2', routerId: 2, internal: false };
    room.leaf.receive(source, 65002, attributes, [nlriOf(n)]);
  }
}

const upTo = (end: number, from = 1) => Array.from({ length: end - from }, (_, n) => from + n);

test('a MAC and an IP of many routes: the best claims, and how many more there are', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  const route = (n: number) => macRoute(HOST, { rd: rd(n), ip: IP, label1: 10010 });
  tell(here, upTo(MANY), route);
  // The best of all is told last but for those that nobody imports
  tell(here, [MANY], route, 10010, 7);
  tell(here, upTo(MANY + 100, MANY + 1), route, 99);
  house.clock.advance(20_000);
  const told = await explain(here, formatMac(HOST), '192.0.2.22');
  for (const story of [told.entry, told.binding?.story]) {
    t.like(story, { owner: 'remote', vtep: vtep(MANY), sequence: 7, moreClaims: MANY + 99 - 64 });
    t.is(story?.claims.length, 64);
    t.deepEqual(
      story?.claims.slice(0, 3).map(({ vtep, won, ignored }) => ({ vtep, won, ignored })),
      [
        { vtep: vtep(MANY), won: true, ignored: null },
        { vtep: vtep(1), won: false, ignored: null },
        { vtep: vtep(2), won: false, ignored: null },
      ],
    );
  }
  t.true(
    told.verdict.some((line) => line.startsWith(`${MANY + 99 - 64} more claims on 192.0.2.22, `)),
    told.verdict.join(' '),
  );
  t.is(told.moreIps, 0);
  t.deepEqual(await here.get('/api/v1/explain?vni=10010&ip=192.0.2.22'), told);
});

test('a MAC with many IPs', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  const ipOf = (n: number) => parseIp(`198.51.${n >> 8}.${n & 255}`);
  tell(here, upTo(MANY + 1), (n) => macRoute(HOST, { rd: rd(1), ip: ipOf(n), label1: 10010 }));
  house.clock.advance(20_000);
  const told = await explain(here, formatMac(HOST), '198.51.1.1');
  t.is(told.ips.length, 1024);
  t.is(told.moreIps, MANY - 1024);
  t.is(told.entry.claims.length, 64);
  t.like(told.binding, { mac: formatMac(HOST), story: { owner: 'remote', moreClaims: 0 } });
});

test('an IP of many MACs is that of the best', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  const macOf = (n: number) => (Number(HOST) + n) as Mac;
  tell(here, upTo(300).reverse(), (n) => macRoute(macOf(n), { rd: rd(n), ip: IP, label1: 10010 }));
  house.clock.advance(20_000);
  const told = (await here.get('/api/v1/explain?vni=10010&ip=192.0.2.22')) as Awaited<
    ReturnType<typeof explain>
  >;
  t.is(told.mac, formatMac(macOf(1)));
  t.like(told.binding, { mac: formatMac(macOf(1)), story: { owner: 'remote', moreClaims: 299 - 64 } });
});

test('the default destinations of many leaves: those that are imported first', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  tell(here, upTo(100, 1), (n) => imet(vtep(n), { rd: rd(n) }), 99);
  tell(here, upTo(401, 101), (n) => imet(vtep(n), { rd: rd(n) }));
  house.clock.advance(20_000);
  const { entry, verdict } = await explain(here, ZERO);
  t.is(entry.claims.length, 64);
  t.true(entry.claims.every(({ won }) => won));
  // Those, the other leaf of the house, and 99 that the VNI does not import
  t.is(entry.moreClaims, 300 + 1 + 99 - 64);
  t.regex(verdict[0], /10\.2\.1\.144/);
});
