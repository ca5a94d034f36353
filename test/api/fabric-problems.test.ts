import test from 'ava';
import { FabricSurvey } from '../../src/api/rooms/fabric-survey.js';
import { EMPTY_TOPOLOGY } from '../../src/dataplane/index.js';
import {
  ESI_ZERO,
  IPV4_ANY,
  type Ipv4,
  parseIp,
  parseMac,
  RouteDistinguisher,
  routeTargetOfAs2,
} from '../../src/types/index.js';
import {
  EVPN,
  type EvpnNlri,
  ExtendedCommunity,
  type IpPrefix,
  type PathAttributes,
  RouteType,
} from '../../src/wire/index.js';
import { imet, macRoute } from '../bgp/fabric.js';
import { withAddresses, withOwn } from '../dataplane/memory-world.js';
import { withVrfs } from '../evpn/support/vrf-leaf.js';
import { pathAttributes } from '../support/path-attributes.js';
import { House, type Room, VNI } from './support/house.js';
import { L3, routedHouse, VRF_NAME } from './support/routed-house.js';

interface Note {
  severity: string;
  problem: string;
  fix: string | null;
}

const RD9 = RouteDistinguisher.parse('10.0.0.9:1');
const NEIGHBOR = '10.1.0.2';
const GATEWAY = parseIp('192.0.2.1');
/** That nobody here imports. */
const STRANGE = { routeTargets: [routeTargetOfAs2(65009, 99)] };
const GATEWAY_MAC = parseMac('02:00:5e:00:01:01');

function tell({ leaf }: Room, nlri: EvpnNlri, over: Partial<PathAttributes> = {}): void {
  leaf.rib.update(
    { neighbor: NEIGHBOR, routerId: 2, internal: false },
    {
      family: EVPN,
      withdrawn: [],
      reachable: [nlri],
      attributes: pathAttributes({
        asPath: [{ type: 2, asns: [65002, 65009] }],
        nextHop: parseIp('10.0.0.9'),
        extendedCommunities: [ExtendedCommunity.encapsulation()],
        routeTargets: [routeTargetOfAs2(65009, 10010)],
        ...over,
      }),
      endOfRib: false,
      unknownRouteTypes: 0,
      faults: [],
      also: [],
    },
  );
}

const type3 = (originator: string, vni: number, over: { rd?: string; target?: number } = {}) =>
  [
    imet(originator, { rd: RouteDistinguisher.parse(over.rd ?? `${originator}:1`) }),
    {
      nextHop: parseIp(originator),
      routeTargets: [routeTargetOfAs2(65009, over.target ?? vni)],
      pmsiTunnel: {
        flags: 0,
        tunnelType: 6,
        label: vni,
        identifier: Buffer.from(originator.split('.').map(Number)),
        endpoint: parseIp(originator),
        group: undefined,
      },
    },
  ] as const;

const prefixRoute = (over: Partial<IpPrefix> = {}): IpPrefix => ({
  type: RouteType.IP_PREFIX,
  rd: RD9,
  esi: ESI_ZERO,
  ethernetTag: 0,
  prefixLength: 24,
  prefix: parseIp('203.0.113.0'),
  gateway: IPV4_ANY,
  label: L3,
  ...over,
});
const ROUTER = {
  routerMac: parseMac('02:ff:00:00:00:09'),
  routeTargets: [routeTargetOfAs2(65009, L3)],
};

async function problemsOf(room: Room): Promise<Note[]> {
  return ((await room.get('/api/v1/status')) as { problems: Note[] }).problems;
}

/** A leaf alone in its VNI. */
async function lonelyHouse() {
  const house = await House.build();
  house.rooms[1].leaf.world.kernel.setTopology(EMPTY_TOPOLOGY);
  house.pass();
  return { house, here: house.rooms[0] };
}

test('a VNI of which other leaves send route targets that are not imported', async (t) => {
  const { house, here } = await lonelyHouse();
  tell(here, ...type3('10.0.0.9', 10010, { target: 99 }));
  house.pass();
  t.deepEqual(await problemsOf(here), [
    {
      severity: 'warning',
      problem:
        'VNI 10010: 1 Type-3 route with this VNI not imported: 10.0.0.9 sends route targets 65009:99, and *:10010 is imported here',
      fix: "`import-route-targets: ['*:10010', '65009:99']` of `evpn.vnis` here, or the same route targets on both leaves",
    },
  ]);
});

test('a VNI that no other leaf has, while others have one that is not here: one of them may be mistyped', async (t) => {
  const { house, here } = await lonelyHouse();
  t.deepEqual(await problemsOf(here), [], 'a leaf may well be the first');
  tell(here, ...type3('10.0.0.9', 10011));
  house.pass();
  t.deepEqual(await problemsOf(here), [
    {
      severity: 'warning',
      problem:
        'no other leaf announces VNI 10010, and others announce VNI 10011, which this leaf does not have',
      fix: 'see whether a number is mistyped: a VNI has the same on every leaf',
    },
  ]);
  tell(here, ...type3('10.0.0.8', 10010));
  house.pass();
  t.deepEqual(await problemsOf(here), [], 'others may have more VNIs');
});

test('routes that are still to be imported are no sign that leaves do not fit', async (t) => {
  const { house, here } = await lonelyHouse();
  tell(here, ...type3('10.0.0.8', 10010));
  tell(here, ...type3('10.0.0.9', 10011));
  t.deepEqual(await problemsOf(here), []);
  house.pass();
  t.deepEqual(await problemsOf(here), []);
});

test('a MAC that is still to be imported is none either, without the Type-3 route of its leaf', async (t) => {
  const { here } = await lonelyHouse();
  tell(here, macRoute(GATEWAY_MAC, { rd: RD9 }));
  tell(here, ...type3('10.0.0.8', 10011));
  t.deepEqual(await problemsOf(here), []);
});

for (const [what, nlri] of [
  ['a prefix', prefixRoute()],
  ['a host', macRoute(GATEWAY_MAC, { rd: RD9, ip: parseIp('192.0.2.9'), label2: L3 })],
] as const)
  test(`${what} that a VRF is still to import is none either`, async (t) => {
    const { house, rooms } = await routedHouse();
    const [here, there] = rooms;
    there.leaf.world.kernel.setTopology(EMPTY_TOPOLOGY);
    house.pass();
    tell(here, nlri, ROUTER);
    const strange = prefixRoute({ label: 4002, prefix: parseIp('203.0.114.0') });
    tell(here, strange, { ...ROUTER, routeTargets: [routeTargetOfAs2(65009, 4002)] });
    t.deepEqual(await problemsOf(here), []);
  });

test('a route without a VNI is of none that this leaf lacks', async (t) => {
  const { house, rooms } = await routedHouse();
  const [here, there] = rooms;
  there.leaf.world.kernel.setTopology(EMPTY_TOPOLOGY);
  house.pass();
  const gateway = parseIp('192.0.2.77');
  tell(here, prefixRoute({ gateway, label: 0 }), { ...ROUTER, ...STRANGE });
  tell(here, ...type3('10.0.0.9', 0, { target: 99 }));
  house.pass();
  t.deepEqual(await problemsOf(here), []);
});

test('of VNIs that are not here a few thousand are remembered, and every one that is', async (t) => {
  const { here } = await routedHouse();
  const strangers = { ...ROUTER, ...STRANGE };
  const first = parseIp('198.18.0.0') as Ipv4;
  for (let i = 0; i < 10_000; i++)
    tell(here, prefixRoute({ prefix: (first + i) as Ipv4, prefixLength: 32, label: 100_000 + i }), strangers);
  tell(here, prefixRoute(), strangers);
  const survey = new FabricSurvey(here.leaf);
  for (const destination of here.leaf.rib.destinations())
    if (destination.best) survey.see(destination, destination.best, 'route-targets');
  t.true(survey.strangeL3vnis.size <= 4097);
  t.is(survey.strangeL3vnis.get(L3)?.count, 1);
});

test('a leaf with our VTEP address', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  tell(here, ...type3('10.0.0.1', 10010, { rd: '10.0.0.9:1' }));
  house.pass();
  t.deepEqual(await problemsOf(here), [
    {
      severity: 'warning',
      problem:
        "10.0.0.1, this leaf's VTEP address, is another leaf's too, whose routes (RD 10.0.0.9:1) neighbor 10.1.0.2 passes on: frames for one may go to the other",
      fix: 'give one of the two another address: ip link set dev DEVICE type vxlan local ADDRESS; unless the two are a pair with one anycast VTEP (MLAG), for which it is right',
    },
  ]);
});

test('two other leaves with one VTEP address may be meant so', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  tell(here, ...type3('10.0.0.9', 10010, { rd: '10.0.0.8:1' }));
  tell(here, ...type3('10.0.0.9', 10011, { rd: '10.0.0.9:2', target: 10010 }));
  house.pass();
  t.deepEqual(
    (await problemsOf(here)).map(({ severity, problem }) => [severity, problem]),
    [
      [
        'info',
        '10.0.0.9 is the VTEP address of two leaves, with router-ids 10.0.0.8 and 10.0.0.9: right for a pair with one anycast VTEP (MLAG) alone',
      ],
    ],
  );
});

test('a leaf with our router-id, and two others with one', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  const { rd } = [...here.leaf.evpn.vrfs()][0];
  tell(here, ...type3('10.0.0.9', 10010, { rd: String(rd) }));
  tell(here, ...type3('10.0.0.7', 10010, { rd: '10.0.0.8:10010' }));
  tell(here, ...type3('10.0.0.8', 10010, { rd: '10.0.0.8:10010' }));
  house.pass();
  const problems = (await problemsOf(here)).map(({ severity, problem }) => [severity, problem]);
  t.deepEqual(problems.sort(), [
    [
      'warning',
      "10.0.0.1 and 10.0.0.9 have the same RD 10.0.0.1:10010, whose first part is this leaf's router-id: of two routes to the same MAC or prefix neighbors pass on only one",
    ],
    [
      'warning',
      '10.0.0.7 and 10.0.0.8 have the same RD 10.0.0.8:10010, whose first part is the router-id of both: of two routes to the same MAC or prefix neighbors pass on only one',
    ],
  ]);
});

test('a VXLAN device that is in no bridge any more, of a VNI that others announce', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  const { kernel } = here.leaf.world;
  const { topology } = kernel;
  const at = topology.vnis.get(VNI);
  if (!at) throw new Error('no VNI');
  const free = { ...at, bridgeIfindex: 0, bridgeName: '', sviIfindex: 0, sviName: '', up: false };
  kernel.setTopology({ ...topology, vnis: new Map([[VNI, free]]) });
  house.pass();
  t.deepEqual(await problemsOf(here), [
    {
      severity: 'warning',
      problem: `VNI 10010: ${at.vxlanName} is in no bridge, and 1 other leaf announces the VNI: nothing is bridged to it`,
      fix: `ip link set dev ${at.vxlanName} master BRIDGE`,
    },
  ]);
});

const ONE_MAC = /^give a gateway .*: ip link set dev \S+ address 02:00:5e:00:01:02; or take the address away/;
const GATEWAY_OR_HOST =
  /^if it is a gateway there, give both one MAC; if it is a host, take the address away/;
for (const [what, mac, over, expected, fix] of [
  ['another MAC of a gateway', '02:00:5e:00:01:02', { defaultGateway: true }, 'for a gateway', ONE_MAC],
  ['another MAC', '02:00:5e:00:01:02', {}, 'perhaps for a host', GATEWAY_OR_HOST],
  ['another MAC in another domain', '02:00:5e:00:01:02', STRANGE, undefined, undefined],
  ['the same MAC', '02:00:5e:00:01:01', {}, undefined, undefined],
] as const)
  test(`our gateway's address, which another leaf announces with ${what}`, async (t) => {
    const house = await House.build();
    const [here] = house.rooms;
    const { kernel } = here.leaf.world;
    kernel.setTopology({
      ...withOwn(kernel.topology, VNI, [GATEWAY_MAC], [GATEWAY]),
      interfaces: withAddresses(kernel.topology, here.devices.bridgeIfindex, [GATEWAY]),
    });
    tell(here, macRoute(parseMac(mac), { rd: RD9, ip: GATEWAY }), over);
    house.pass();
    const problems = await problemsOf(here);
    t.is(problems.length, expected === undefined ? 0 : 1);
    if (expected === undefined) return;
    t.is(problems[0].severity, 'warning');
    t.regex(
      problems[0].problem,
      /^VNI 10010: 192\.0\.2\.1 is this leaf's own address, with .*, and 10\.0\.0\.9 announces it with 02:00:5e:00:01:02/,
    );
    t.true(problems[0].problem.includes(expected));
    t.regex(problems[0].fix ?? '', fix);
  });

interface Vrf {
  up: boolean;
  problems: Note[];
}

/** What a VRF makes of bad routes: nothing, and it says so, and all others are as they were. */
const BAD_ROUTES = [
  ['label 0', prefixRoute({ label: 0 }), {}, /1 route not used: its label is neither the VRF's L3VNI/],
  ['another VNI for the VRF', prefixRoute({ label: 4002 }), {}, /1 route not used: its label is neither/],
  ['no router MAC', prefixRoute(), { routerMac: undefined }, /no Router's MAC community/],
  ['router MAC zero', prefixRoute(), { routerMac: parseMac('00:00:00:00:00:00') }, /no Router's MAC/],
  ['a multicast router MAC', prefixRoute(), { routerMac: parseMac('01:00:5e:00:00:01') }, /no Router's MAC/],
  ['an unresolved gateway', prefixRoute({ gateway: parseIp('192.0.2.77') }), {}, /as overlay index/],
  ['a multicast prefix', prefixRoute({ prefix: parseIp('224.0.0.0') }), {}, /a prefix that no router/],
] as const;

test('a route that a VRF cannot use is a problem of the VRF with its fix, and all other routes are used', async (t) => {
  const { house, here } = await routedHouse();
  const rows = () => [...here.leaf.world.kernel.tables.routes.routes()].length;
  const before = rows();
  t.true(before > 0);
  for (const [what, nlri, over, expected] of BAD_ROUTES) {
    tell(here, nlri, { ...ROUTER, ...over });
    house.pass();
    const vrf = (await here.get(`/api/v1/vrfs/${VRF_NAME}`)) as Vrf;
    t.is(vrf.problems.length, 1, what);
    t.is(vrf.problems[0].severity, 'warning', what);
    t.regex(vrf.problems[0].problem, expected, what);
    t.regex(vrf.problems[0].problem, /^VRF vrf4001: .* of 10\.0\.0\.9\)$/, what);
    t.truthy(vrf.problems[0].fix, what);
    const [first] = await problemsOf(here);
    t.regex(first.problem, expected, `${what}: the doctor has it by neighbor`);
    t.truthy(first.fix, what);
    t.is(rows(), before, what);
    tell(here, nlri, { routeTargets: [] });
    house.pass();
  }
  tell(here, prefixRoute(), ROUTER);
  house.pass();
  t.is(rows(), before + 1, 'one without a fault is used');
});

for (const [what, over, expected, fix] of [
  ['whose SVI is in no VRF', {}, 'its SVI br10010 is in no VRF', 'ip link set dev br10010 master VRF'],
  [
    'without an SVI',
    { sviIfindex: 0, sviName: '' },
    'vx10010 has no SVI',
    'give it one, in the VRF that it is to route for',
  ],
] as const)
  test(`an L3VNI of others ${what} here`, async (t) => {
    const house = await House.build();
    const [here] = house.rooms;
    const { kernel } = here.leaf.world;
    const at = kernel.topology.vnis.get(VNI);
    if (!at) throw new Error('no VNI');
    const named = { ...at, vxlanName: 'vx10010', sviName: 'br10010', ...over };
    kernel.setTopology({ ...kernel.topology, vnis: new Map([[VNI, named]]) });
    tell(here, prefixRoute({ label: VNI }), { ...ROUTER, ...STRANGE });
    house.pass();
    t.deepEqual(
      (await problemsOf(here)).filter(({ severity }) => severity === 'warning'),
      [
        {
          severity: 'warning',
          problem: `VNI 10010: other leaves, 10.0.0.9 among them, route with it (1 Type-5 route), and no VRF here does: ${expected}`,
          fix,
        },
      ],
    );
  });

test('an L3VNI of others whose VRF is refused here: why is said once', async (t) => {
  const { house, here } = await routedHouse();
  const { kernel } = here.leaf.world;
  const { topology } = kernel;
  const [vrf] = topology.vrfs.values();
  kernel.setTopology(withVrfs(topology));
  house.pass();
  here.leaf.dataPlane.routeTables.give({ tableId: vrf.tableId, metric: 20 });
  const routed = withVrfs(topology, vrf);
  const svi = { name: vrf.sviName, running: true, addresses: [], vrf: vrf.ifindex };
  kernel.setTopology({ ...routed, interfaces: new Map([...routed.interfaces, [vrf.sviIfindex, svi]]) });
  house.pass();
  tell(here, prefixRoute(), { ...ROUTER, ...STRANGE });
  house.pass();
  t.deepEqual(
    (await problemsOf(here)).map(({ problem }) => problem.slice(0, 32)),
    ['VRF vrf4001: routing table 1001 '],
  );
});

test('a VRF that goes while the routes are counted is in the list no more', async (t) => {
  const { house, here } = await routedHouse();
  const { kernel } = here.leaf.world;
  const { rib } = here.leaf;
  const all = rib.destinations.bind(rib);
  rib.destinations = function* () {
    kernel.setTopology(withVrfs(kernel.topology));
    house.pass();
    yield* all();
  };
  t.deepEqual(((await here.get('/api/v1/vrfs')) as { items: object[] }).items, []);
});

test('two other leaves with one router MAC', async (t) => {
  const { house, here } = await routedHouse();
  tell(here, prefixRoute(), { ...ROUTER, routerMac: parseMac('02:ff:00:00:00:02') });
  house.pass();
  const { problems } = (await here.get(`/api/v1/vrfs/${VRF_NAME}`)) as Vrf;
  t.deepEqual(problems, [
    {
      severity: 'error',
      problem:
        'VRF vrf4001: 10.0.0.2 and 10.0.0.9 have the same router MAC 02:ff:00:00:00:02: all routed frames for them go to 10.0.0.2',
      fix: 'give the SVI of the L3VNI another MAC on one of the leaves: `ip link set dev SVI address MAC`',
    },
  ]);
});

test('an L3VNI whose route targets or number others do not have', async (t) => {
  const { house, rooms } = await routedHouse();
  const [here, there] = rooms;
  there.leaf.world.kernel.setTopology(EMPTY_TOPOLOGY);
  house.pass();
  tell(here, prefixRoute(), { ...ROUTER, ...STRANGE });
  house.pass();
  t.deepEqual(
    (await problemsOf(here)).map(({ severity, problem }) => [severity, problem]),
    [
      [
        'warning',
        'VRF vrf4001, L3VNI 4001: 1 Type-5 route with this VNI not imported: 10.0.0.9 sends route targets 65009:99, and *:4001 is imported here',
      ],
    ],
  );
  tell(here, prefixRoute({ label: 4002 }), { ...ROUTER, routeTargets: [routeTargetOfAs2(65009, 4002)] });
  house.pass();
  t.deepEqual(
    (await problemsOf(here)).map(({ severity, problem }) => [severity, problem]),
    [
      [
        'warning',
        'no other leaf announces VRF vrf4001 with L3VNI 4001, and others announce VNI 4002, which this leaf does not have',
      ],
    ],
  );
});
