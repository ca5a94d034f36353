import test from 'ava';
import type { ExplainRoute } from '../../src/api/index.js';
import { ESI_ZERO, IPV4_ANY, parseIp, RouteDistinguisher, routeTargetOfAs2 } from '../../src/types/index.js';
import { type EvpnNlri, ExtendedCommunity, RouteType } from '../../src/wire/index.js';
import { macRoute, originated } from '../bgp/fabric.js';
import { vtepOf } from '../evpn/support/leaf.js';
import { vrfOf, withVrfs } from '../evpn/support/vrf-leaf.js';
import { HOST, OTHER, type Room, VNI } from './support/house.js';
import { L3, VRF_NAME as NAME, routedHouse } from './support/routed-house.js';

const ROUTER_MAC = 0x02ff00000009;

const explain = (room: Room, query: string, vrf = NAME): Promise<ExplainRoute> =>
  room.get(`/api/v1/vrfs/${vrf}/explain?${query}`);

/** A route of a third leaf, told by the neighbor. */
function tell(room: Room, nextHop: string, vni: number, nlri: EvpnNlri, mac: number | undefined): void {
  const attributes = {
    ...originated(nextHop),
    extendedCommunities: [
      ExtendedCommunity.encapsulation(),
      routeTargetOfAs2(65009, vni),
      ...(mac === undefined ? [] : [ExtendedCommunity.routerMac(mac as never)]),
    ],
    pmsiTunnel: undefined,
  };
  const source = { neighbor: '10.1.0.2', routerId: 2, internal: false };
  room.leaf.receive(source, 65002, attributes, [nlri]);
}

const prefixRoute = (nextHop: string, prefix: string, label: number = L3): EvpnNlri => {
  const [address, length] = prefix.split('/');
  return {
    type: RouteType.IP_PREFIX,
    rd: RouteDistinguisher.parse(`${nextHop}:${L3}`),
    esi: ESI_ZERO,
    ethernetTag: 0,
    prefixLength: Number(length),
    prefix: parseIp(address),
    gateway: IPV4_ANY,
    label,
  };
};

test('a remote host: the leaf, the VNI, the router MAC, and each row of the kernel', async (t) => {
  const { house, here, there } = await routedHouse();
  house.speaks(here);
  house.resolves(here);
  const told = await explain(there, 'ip=192.0.2.11');
  t.like(told, { vrf: NAME, ip: '192.0.2.11', prefix: '192.0.2.11/32', shorter: ['192.0.2.0/24'] });
  const [story] = told.stories;
  t.like(story, {
    prefix: '192.0.2.11/32',
    owner: 'remote',
    rule: 'only claim',
    localVni: null,
    legs: [{ vtep: '10.0.0.1', routerMac: '02:ff:00:00:00:01', vni: 4001 }],
    moreClaims: 0,
    advertised: [],
  });
  t.like(story.claims, [
    {
      won: true,
      ignored: null,
      lostBy: null,
      kind: 'host',
      vtep: '10.0.0.1',
      routerMac: '02:ff:00:00:00:01',
    },
  ]);
  t.like(story.claims[0].route, { rd: '10.0.0.1:10010', label: 4001, bestBy: 'only path' });
  t.deepEqual(
    story.rows.map(({ row, fits }) => [row, fits]),
    ['route', 'nexthop-group', 'nexthop', 'neighbor', 'router-mac'].map((row) => [row, true]),
  );
  for (const { row, wanted, found } of story.rows) t.true(found.startsWith(wanted), row);
  t.deepEqual(told.verdict, [
    '192.0.2.11/32 leads to 10.0.0.1 (VNI 4001, router MAC 02:ff:00:00:00:01).',
    'Decided by: only claim.',
    'The kernel holds what evpnd wants for 192.0.2.11/32.',
    'Shorter prefixes that hold 192.0.2.11 too do not count: 192.0.2.0/24.',
  ]);
  t.deepEqual((await explain(there, 'prefix=192.0.2.11/32')).stories, told.stories);
});

test('what the leaf has itself: a host on its port, a network, what it announces of them', async (t) => {
  const { house, here } = await routedHouse();
  house.speaks(here);
  house.resolves(here);
  t.like(await explain(here, 'ip=192.0.2.11'), {
    prefix: '192.0.2.11/32',
    stories: [{ owner: 'local', localVni: 10010, legs: [], rows: [] }],
  });
  const connected = await explain(here, 'ip=192.0.2.77');
  t.like(connected, { prefix: '192.0.2.0/24', stories: [{ owner: 'local', localVni: null }] });
  t.deepEqual(connected.verdict, [
    "192.0.2.0/24 is this leaf's own.",
    'Decided by: the VRF is in this network itself.',
    `This leaf does not announce 192.0.2.0/24 for VRF ${NAME}.`,
  ]);
  tell(here, '10.0.0.9', L3, prefixRoute('10.0.0.9', '192.0.2.0/24'), ROUTER_MAC);
  house.pass();
  t.true(
    (await explain(here, 'prefix=192.0.2.0/24')).verdict.includes(
      'The prefix route of 10.0.0.9 to 192.0.2.0/24 (RD 10.0.0.9:4001) does not count: the VRF is in this network itself.',
    ),
  );
});

test('of several routes each that is not taken says why: by a host, by an equal one, by its content', async (t) => {
  const { house, here, there } = await routedHouse();
  const shared = await explain(here, 'ip=198.51.100.7');
  t.like(shared, { prefix: '198.51.100.0/24', stories: [{ owner: 'remote', rule: 'only claim' }] });
  t.is(shared.stories[0].advertised.length, 1, 'its own configured network');
  tell(here, '10.0.0.9', L3, prefixRoute('10.0.0.9', '198.51.100.0/24'), ROUTER_MAC);
  tell(here, '10.0.0.7', L3, prefixRoute('10.0.0.7', '198.51.100.0/24'), undefined);
  tell(here, '10.0.0.6', L3, prefixRoute('10.0.0.6', '198.51.100.0/24', 4002), ROUTER_MAC);
  house.pass();
  const [two] = (await explain(here, 'prefix=198.51.100.0/24')).stories;
  t.like(two, { rule: 'equally good, so that traffic is spread over them' });
  t.deepEqual(
    two.legs.map(({ vtep }) => vtep),
    ['10.0.0.2', '10.0.0.9'],
  );
  const ignored = new Map(two.claims.map(({ vtep, ignored: why }) => [vtep, why]));
  t.is(ignored.get('10.0.0.2'), null);
  t.regex(ignored.get('10.0.0.7') ?? '', /^no Router's MAC community/);
  t.regex(ignored.get('10.0.0.6') ?? '', /^label 4002: its label is neither the VRF's L3VNI/);

  house.speaks(there);
  house.resolves(there, HOST, parseIp('203.0.113.5'));
  tell(here, '10.0.0.9', L3, prefixRoute('10.0.0.9', '203.0.113.5/32'), ROUTER_MAC);
  house.pass();
  const host = await explain(here, 'ip=203.0.113.5');
  t.true(
    host.verdict.includes(
      'The prefix route of 10.0.0.9 to 203.0.113.5/32 (RD 10.0.0.9:4001) is not taken: route of a host, which goes before prefix routes to it.',
    ),
    host.verdict.join('\n'),
  );
});

test('a route that the VRF is about to import waits, and is none that it takes no route target of', async (t) => {
  const { house, here } = await routedHouse();
  tell(here, '10.0.0.9', L3, prefixRoute('10.0.0.9', '203.0.113.0/24'), ROUTER_MAC);
  const waiting = await explain(here, 'prefix=203.0.113.0/24');
  t.like(waiting, {
    prefix: null,
    stories: [
      {
        claims: [
          { won: false, ignored: `not imported yet: the route waits to be looked at for VRF ${NAME}` },
        ],
      },
    ],
  });
  house.pass();
  const taken = await explain(here, 'prefix=203.0.113.0/24');
  t.like(taken, { prefix: '203.0.113.0/24', stories: [{ claims: [{ won: true, ignored: null }] }] });
});

test('routes that the VRF does not import say what would import them, and one for the VNI alone that it is', async (t) => {
  const { house, here } = await routedHouse();
  tell(here, '10.0.0.9', 77, prefixRoute('10.0.0.9', '203.0.113.0/24'), ROUTER_MAC);
  const rd = RouteDistinguisher.parse('10.0.0.9:1');
  tell(here, '10.0.0.9', VNI, macRoute(OTHER, { rd, ip: parseIp('203.0.113.9'), label1: VNI }), undefined);
  house.pass();
  const told = await explain(here, 'ip=203.0.113.9');
  t.like(told, { prefix: null, shorter: [] });
  t.deepEqual(told.verdict, [
    `VRF ${NAME} has no route to 203.0.113.9.`,
    '203.0.113.9/32 leads nowhere: nobody claims it.',
    'The host route of 10.0.0.9 to 203.0.113.9/32 (RD 10.0.0.9:1) does not count: it has no second label: its leaf announces the host for the VNI alone, and does not route for a VRF (RFC 9135 §5.1).',
    '203.0.113.0/24 leads nowhere: nobody claims it.',
    `The prefix route of 10.0.0.9 to 203.0.113.0/24 (RD 10.0.0.9:4001) does not count: not imported: VRF ${NAME} takes none of its route targets (65009:77); \`import-route-targets: ['*:4001', '65009:77']\` of VRF ${NAME} would import it.`,
  ]);
  t.like(await explain(here, 'prefix=203.0.113.0/24'), {
    prefix: null,
    stories: [{ claims: [{ won: false, kind: 'prefix', vtep: '10.0.0.9' }] }],
  });
  const unknown = await explain(here, 'ip=2001:db8::1');
  t.deepEqual(unknown.verdict, [`VRF ${NAME} has no route to 2001:db8::1.`]);
});

test('what the kernel refuses is told with its words, and which row it is', async (t) => {
  const { house, here, there } = await routedHouse();
  there.leaf.world.kernel.fault = (operation) => (operation.table === 'route' ? 28 : 0);
  house.speaks(here);
  house.resolves(here);
  const { stories, verdict } = await explain(there, 'ip=192.0.2.11');
  t.deepEqual(
    stories[0].rows.filter(({ fits }) => !fits).map(({ row, failure }) => [row, failure?.errno]),
    [['route', 'ENOSPC']],
  );
  t.true(verdict.some((sentence) => sentence.startsWith('The kernel refused it (ENOSPC')));
});

test('a VRF that is none says so', async (t) => {
  const { house, here } = await routedHouse();
  t.like(await here.get(`/api/v1/vrfs/green/explain?ip=192.0.2.1`, 404), { code: 'no-such-vrf' });
  const { kernel } = here.leaf.world;
  const devices = here.leaf.world.devices(L3);
  const bare = vrfOf(L3, devices, vtepOf(1), { name: 'bare', ifindex: 77, l3vni: undefined });
  kernel.setTopology(withVrfs(kernel.topology, ...kernel.topology.vrfs.values(), bare));
  house.pass();
  t.deepEqual((await explain(here, 'ip=192.0.2.1', 'bare')).verdict, [
    'VRF bare has no L3VNI: evpnd does not route for it; /api/v1/vrfs/bare shows what it has.',
  ]);
});
