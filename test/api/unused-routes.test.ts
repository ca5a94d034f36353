import test from 'ava';
import { parseIp, RouteDistinguisher, routeTargetOfAs2 } from '../../src/types/index.js';
import { EVPN, type EvpnNlri, ExtendedCommunity, type PathAttributes } from '../../src/wire/index.js';
import { imet, macRoute } from '../bgp/fabric.js';
import { pathAttributes } from '../support/path-attributes.js';
import { HOST, House, OTHER, type Room } from './support/house.js';

const NEIGHBOR = '10.1.0.2';
const SOURCE = { neighbor: NEIGHBOR, routerId: 2, internal: false };
const ATTRIBUTES = {
  asPath: [{ type: 2 as const, asns: [65002, 65009] }],
  nextHop: parseIp('10.0.0.9'),
  extendedCommunities: [ExtendedCommunity.encapsulation()],
  routeTargets: [routeTargetOfAs2(65009, 10010)],
};
const RD = RouteDistinguisher.parse('10.0.0.9:1');

interface Reason {
  reason: string;
  routes: number;
  cure: string | null;
}
interface Answer {
  routes: { used: number; unused: Reason[]; refused: Reason[]; lastRefused: object | null };
  items: { key: string; rd: string }[];
  problems: { severity: string; problem: string; fix: string | null }[];
}

async function leafOf() {
  const house = await House.build();
  const room = house.rooms[0];
  const told = (nlri: EvpnNlri, over: Partial<PathAttributes> = {}, source = SOURCE) => {
    room.leaf.rib.update(source, {
      family: EVPN,
      withdrawn: [],
      reachable: [nlri],
      attributes: pathAttributes({ ...ATTRIBUTES, ...over }),
      endOfRib: false,
      unknownRouteTypes: 0,
      faults: [],
      also: [],
    });
    house.pass();
  };
  return { room, told };
}
const ask = (room: Room, url: string) => room.get(`/api/v1${url}`) as Promise<Answer>;
const counts = (reasons: readonly Reason[]) =>
  Object.fromEntries(reasons.map(({ reason, routes }) => [reason, routes]));

test('each route that is not used is counted by its reason, listed by it, and a problem where somebody must act', async (t) => {
  const { room, told } = await leafOf();
  const before = await ask(room, `/neighbors/${NEIGHBOR}`);
  told(macRoute(HOST, { rd: RD }));
  told(macRoute(HOST, { rd: RD, ethernetTag: 7 }));
  told(macRoute(HOST, { rd: RD, ip: parseIp('224.0.0.5') }));
  told(macRoute(OTHER, { rd: RD }), { encapsulations: [10] });
  told(macRoute(OTHER, { rd: RD, ip: parseIp('192.0.2.9') }), { nextHop: parseIp('2001:db8::9') });
  told(imet('10.0.0.9', { rd: RD }));
  told(imet('10.0.0.8', { rd: RD }), {
    routeTargets: [routeTargetOfAs2(65009, 99)],
    pmsiTunnel: pmsi('10.0.0.8'),
  });
  const { routes } = await ask(room, `/neighbors/${NEIGHBOR}`);
  t.is(routes.used, before.routes.used + 1);
  const expected = {
    'ethernet-tag': 1,
    'ip-address': 1,
    encapsulation: 1,
    'next-hop-family': 1,
    'no-pmsi-tunnel': 1,
    'route-targets': 1,
  };
  t.deepEqual(counts(routes.unused), expected);
  for (const reason of Object.keys(expected)) {
    const { items } = await ask(room, `/routes?unused=${reason}`);
    t.deepEqual(
      items.map(({ rd }) => rd),
      ['10.0.0.9:1'],
      reason,
    );
  }
  const all = (await ask(room, '/status')).problems;
  // What is said of the VNI whose route targets they are not is another test's
  const problems = all.filter(({ problem }) => !problem.startsWith('VNI 10010: '));
  t.is(all.length, problems.length + 1);
  t.deepEqual(problems.map(({ severity }) => severity).sort(), [
    'info',
    'warning',
    'warning',
    'warning',
    'warning',
  ]);
  t.true(problems.every(({ problem }) => problem.startsWith(`neighbor ${NEIGHBOR}: 1 route not used: `)));
  await room.get('/api/v1/routes?unused=nonsense', 400);
});

test('the same route of two neighbors: one path is used, the other is not the best', async (t) => {
  const { room, told } = await leafOf();
  told(macRoute(HOST, { rd: RD }));
  told(macRoute(HOST, { rd: RD }), {}, { ...SOURCE, neighbor: '10.1.0.3', routerId: 3 });
  const { routes } = await ask(room, `/neighbors/${NEIGHBOR}`);
  t.deepEqual(counts(routes.unused), {});
  const { items } = (await room.get(`/api/v1/routes?rd=${RD.toString()}`)) as unknown as {
    items: { paths: { neighbor: string; best: boolean; lostBy: string | null }[] }[];
  };
  t.deepEqual(
    items.flatMap(({ paths }) => paths.map(({ neighbor, best, lostBy }) => [neighbor, best, lostBy])),
    [
      [NEIGHBOR, true, null],
      ['10.1.0.3', false, 'lower BGP identifier'],
    ],
  );
});

test('a path that no VNI can use does not hide the one of another neighbor, and is counted by its own reason', async (t) => {
  const { room, told } = await leafOf();
  const other = { ...SOURCE, neighbor: '10.1.0.3', routerId: 3 };
  const nlri = macRoute(HOST, { rd: RD });
  const before = await ask(room, `/neighbors/${NEIGHBOR}`);
  told(nlri, { nextHop: parseIp('2001:db8::9'), macMobility: { sequence: 7, sticky: true } });
  told(nlri, {}, other);
  t.is(room.leaf.rib.destination(nlri)?.best?.source.neighbor, other.neighbor);
  const { routes } = await ask(room, `/neighbors/${NEIGHBOR}`);
  t.deepEqual(counts(routes.unused), { 'next-hop-family': 1 });
  t.is(routes.used, before.routes.used);
  for (const [query, listed] of [
    ['unused=next-hop-family', 1],
    [`unused=next-hop-family&neighbor=${NEIGHBOR}`, 1],
    ['unused=encapsulation', 0],
  ] as const)
    t.is((await ask(room, `/routes?${query}`)).items.length, listed, query);
  const { entry } = (await room.get('/api/v1/explain?vni=10010&mac=02:00:00:00:00:01')) as {
    entry: {
      owner: string;
      vtep: string;
      claims: { route: { bestBy: string; paths: { best: boolean; lostBy: string | null }[] } }[];
    };
  };
  t.like(entry, { owner: 'remote', vtep: '10.0.0.9' });
  t.is(entry.claims[0].route.bestBy, 'usable path');
  t.deepEqual(
    entry.claims[0].route.paths.map(({ best, lostBy }) => [best, lostBy]),
    [
      [false, 'usable path'],
      [true, null],
    ],
  );
});

test('refusals: by reason, with the last one and its cure; our own routes that come back are no problem', async (t) => {
  const { room, told } = await leafOf();
  const path = (...asns: number[]): Partial<PathAttributes> => ({ asPath: [{ type: 2, asns }] });
  const [own] = [...room.leaf.localRib.routes()];
  told(own.nlri, path(65002, 65001));
  t.deepEqual((await ask(room, '/status')).problems, []);
  told(macRoute(HOST, { rd: RD }), path(65002, 65001));
  const { routes } = await ask(room, `/neighbors/${NEIGHBOR}`);
  t.deepEqual(counts(routes.refused), { 'own-route': 1, 'as-path-loop': 1 });
  t.like(routes.lastRefused, { reason: 'as-path-loop', rd: '10.0.0.9:1', asPath: [65002, 65001] });
  const [{ severity, problem, fix }] = (await ask(room, '/status')).problems;
  t.is(severity, 'info');
  t.regex(problem, /^neighbor 10\.1\.0\.2: 1 route not used: our AS is in its AS_PATH/);
  t.regex(fix ?? '', /allowas-in/);
});

test('a spine that puts its own address in the place of every next hop is a problem with its cure', async (t) => {
  const { room, told } = await leafOf();
  const hint = async () =>
    (await ask(room, '/status')).problems.filter(({ problem }) => problem.includes('next hop'));
  const own = { nextHop: parseIp(NEIGHBOR) };
  told(macRoute(HOST, { rd: RD }), own);
  told(imet('10.0.0.9', { rd: RD }), { ...own, pmsiTunnel: pmsi(NEIGHBOR) });
  const [{ severity, problem, fix }] = await hint();
  t.is(severity, 'warning');
  t.true(problem.startsWith(`neighbor ${NEIGHBOR}: every route`));
  t.regex(fix ?? '', /next-hop-unchanged/);
  // One that it leaves alone, and the setting is not forgotten
  told(macRoute(OTHER, { rd: RD }));
  t.deepEqual(await hint(), []);
});

test('a neighbor that is a leaf itself has its own address as next hop, and nothing is wrong with that', async (t) => {
  const { room, told } = await leafOf();
  told(macRoute(HOST, { rd: RD }), { asPath: [{ type: 2, asns: [65002] }], nextHop: parseIp(NEIGHBOR) });
  t.deepEqual((await ask(room, '/status')).problems, []);
});

function pmsi(endpoint: string): PathAttributes['pmsiTunnel'] {
  const address = parseIp(endpoint);
  return { flags: 0, tunnelType: 6, label: 10010, endpoint: address, identifier: new Uint8Array(0) };
}
