import test from 'ava';
import type { OtherRoute } from '../../src/dataplane/index.js';
import type { VrfSettings } from '../../src/evpn/index.js';
import { formatIp, hostPrefix, parseIp, parseMac } from '../../src/types/index.js';
import { describeExtendedCommunity, formatNlri, RouteType } from '../../src/wire/index.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';
import { HOSTS, L3, routedFabric } from './support/routed-fabric.js';
import { network, routersOf, routesOf, vrfOf, withVrfs } from './support/vrf-leaf.js';

const M1 = parseMac('02:00:00:00:00:01');
const M2 = parseMac('02:00:00:00:00:02');

/** Leaves with the VRF, what they announce and what their kernels hold. */
async function fabric(...args: Parameters<typeof routedFabric>) {
  const scene = await routedFabric(...args);
  const { leaves, devices } = scene;
  const said = (i: number, type: number) =>
    [...leaves[i].localRib.routes()]
      .filter(({ nlri }) => nlri.type === type)
      .map(({ nlri, attributes }) => {
        const labels = 'label1' in nlri ? [nlri.label1, nlri.label2] : 'label' in nlri ? [nlri.label] : [];
        return [
          formatNlri(nlri),
          ...labels.filter((label) => label !== undefined),
          formatIp(attributes.nextHop),
          ...attributes.extendedCommunities.map(describeExtendedCommunity),
        ].join(' ');
      })
      .sort();
  const routes = (i: number) => routesOf(leaves[i]);
  const routers = (i: number) => routersOf(leaves[i], L3, devices[i].l3);
  const svi = (i: number) => devices[i].l3.bridgeIfindex;
  return { ...scene, said, routes, routers, svi };
}

test('hosts are announced with both labels, both route targets and the router MAC; the L3VNI itself is not', async (t) => {
  const { host, settle, said } = await fabric();
  host(0, M1, '192.0.2.11');
  host(0, M1, 'fe80::11');
  settle();
  t.deepEqual(said(0, RouteType.MAC_IP_ADVERTISEMENT), [
    '[2]:[0]:[48]:[02:00:00:00:00:01] 10010 10.0.0.1 encapsulation:VXLAN rt:65001:10010',
    '[2]:[0]:[48]:[02:00:00:00:00:01]:[128]:[fe80::11] 10010 10.0.0.1 encapsulation:VXLAN rt:65001:10010',
    '[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[192.0.2.11] 10010 4001 10.0.0.1 encapsulation:VXLAN rt:65001:10010 rt:65001:4001 router-mac:02:ff:00:00:00:01',
  ]);
  t.is(said(0, RouteType.INCLUSIVE_MULTICAST).length, 1, 'of the VNI of hosts alone');
});

test('a remote host is a route over the SVI of the L3VNI, with its router as neighbor and in the FDB, in both families', async (t) => {
  const { host, settle, routes, routers, svi, leaves, devices } = await fabric();
  host(0, M1, '192.0.2.11');
  host(0, M2, '2001:db8::11');
  settle();
  t.deepEqual(routes(1), [
    `1001 192.0.2.11/32 via 10.0.0.1%${svi(1)}`,
    `1001 2001:db8::11/128 via ::ffff:10.0.0.1%${svi(1)}`,
  ]);
  t.deepEqual(routers(1), [
    '02:ff:00:00:00:01 at 10.0.0.1',
    '10.0.0.1 is 02:ff:00:00:00:01',
    '::ffff:10.0.0.1 is 02:ff:00:00:00:01',
  ]);
  t.deepEqual(routes(0), [], 'at home it is none');
  leaves[0].hostAges(devices[0].hosts, M2);
  settle();
  t.deepEqual(routes(1), [`1001 192.0.2.11/32 via 10.0.0.1%${svi(1)}`]);
  t.deepEqual(routers(1), ['02:ff:00:00:00:01 at 10.0.0.1', '10.0.0.1 is 02:ff:00:00:00:01']);
  leaves[0].hostAges(devices[0].hosts, M1);
  settle();
  t.deepEqual(routes(1), []);
  t.deepEqual(routers(1), []);
  t.deepEqual([...leaves[1].world.kernel.tables.nexthopRows()], [], 'no nexthop is left');
});

test('over an IPv6 VTEP both families have it as next hop, and its router is one neighbor', async (t) => {
  const { host, settle, routes, routers, svi } = await fabric(2, {}, (n) => parseIp(`2001:db8:ffff::${n}`));
  host(0, M1, '192.0.2.11');
  host(0, M2, '2001:db8::11');
  settle();
  t.deepEqual(routes(1), [
    `1001 192.0.2.11/32 via 2001:db8:ffff::1%${svi(1)}`,
    `1001 2001:db8::11/128 via 2001:db8:ffff::1%${svi(1)}`,
  ]);
  t.deepEqual(routers(1), ['02:ff:00:00:00:01 at 2001:db8:ffff::1', '2001:db8:ffff::1 is 02:ff:00:00:00:01']);
});

test('a host that moves here takes its route away at once, before its old leaf has said anything', async (t) => {
  const { host, settle, routes, clock, svi } = await fabric(3);
  host(0, M1, '192.0.2.11');
  settle();
  t.deepEqual(routes(1), [`1001 192.0.2.11/32 via 10.0.0.1%${svi(1)}`]);
  host(1, M1, '192.0.2.11');
  clock.advance(50);
  t.deepEqual(routes(1), []);
  settle();
  t.deepEqual(routes(0), [`1001 192.0.2.11/32 via 10.0.0.2%${svi(0)}`]);
  t.deepEqual(routes(2), [`1001 192.0.2.11/32 via 10.0.0.2%${svi(2)}`]);
});

test('networks and connected prefixes are announced by policy, with everything that the VRF loses withdrawn', async (t) => {
  const vrfs = new Map([
    [
      `vrf${L3}`,
      {
        networks: [network('0.0.0.0/0')],
        redistributeConnected: [
          { permits: true, prefix: network('172.16.0.0/12'), least: 12, most: 32 },
          { permits: true, prefix: network('2001:db8::/32'), least: 32, most: 128 },
        ],
      },
    ],
  ]);
  const { vrf, said, settle } = await fabric(2, { vrfs });
  const networks = ['172.16.1.0/24', '10.0.0.0/24', '2001:db8:1::/64'].map(network);
  vrf(0, { networks });
  settle();
  const tail = '4001 10.0.0.1 encapsulation:VXLAN rt:65001:4001 router-mac:02:ff:00:00:00:01';
  t.deepEqual(said(0, RouteType.IP_PREFIX), [
    `[5]:[0]:[0]:[0.0.0.0] ${tail}`,
    `[5]:[0]:[24]:[172.16.1.0] ${tail}`,
    `[5]:[0]:[64]:[2001:db8:1::] ${tail}`,
  ]);
  vrf(0, { networks, routerMac: M2 });
  settle();
  t.true(said(0, RouteType.IP_PREFIX).every((line) => line.endsWith('router-mac:02:00:00:00:00:02')));
  vrf(0, { networks: [] });
  settle();
  t.deepEqual(
    said(0, RouteType.IP_PREFIX).map((line) => line.split(' ')[0]),
    ['[5]:[0]:[0]:[0.0.0.0]'],
  );
  vrf(0, { networks, up: false });
  settle();
  t.deepEqual(said(0, RouteType.IP_PREFIX), []);
});

test("other programs' routes of a VRF are announced by prefix list, go before those of other leaves, and end with them", async (t) => {
  const permitted = [{ permits: true, prefix: network('0.0.0.0/0'), least: 0, most: 24 }];
  const vrfs = new Map([[`vrf${L3}`, { redistributeRoutes: permitted }]]);
  const { vrf, said, settle, leaves, routes, svi } = await fabric(2, { vrfs });
  const UPLINK = 77;
  const other = (i: number, prefix: string, ifindex: number | undefined, over: Partial<OtherRoute> = {}) => ({
    tableId: 1001,
    prefix: network(prefix),
    metric: 0,
    protocol: 4,
    ways: ifindex === undefined ? [] : [{ ifindex, gateway: parseIp(`198.51.100.${i}`) }],
    ...over,
  });
  const announced = (i: number) =>
    said(i, RouteType.IP_PREFIX).map((line) => line.split(' ')[0].replace(/^\[5\]:\[0\]:/, ''));
  const [one, two] = leaves.map(({ world }) => world.kernel);
  const carrier = (i: number, running: boolean) => {
    const { kernel } = leaves[i].world;
    const uplink = { name: 'up0', running, addresses: [] };
    kernel.setTopology({
      ...kernel.topology,
      interfaces: new Map(kernel.topology.interfaces).set(UPLINK, uplink),
    });
  };
  for (const i of [0, 1]) carrier(i, true);
  one.putOther(other(1, '0.0.0.0/0', UPLINK));
  one.putOther(other(1, '203.0.113.0/25', UPLINK));
  one.putOther(other(1, '203.0.113.0/24', UPLINK, { tableId: 1002 }));
  one.putOther(other(1, '10.0.0.0/8', undefined));
  one.putOther(other(1, '10.1.0.0/16', svi(0)));
  settle();
  t.deepEqual(
    announced(0),
    ['[0]:[0.0.0.0]'],
    'neither too long, of another table, discarding, nor to other leaves',
  );
  t.deepEqual(routes(1), [`1001 0.0.0.0/0 via 10.0.0.1%${svi(1)}`]);
  two.putOther(other(2, '0.0.0.0/0', UPLINK, { metric: 100 }));
  settle();
  t.deepEqual(announced(1), ['[0]:[0.0.0.0]']);
  t.deepEqual([...routes(0), ...routes(1)], [], 'two that lead out do not lead to each other');
  const [ipVrf] = leaves[1].evpn.ipVrfs.values();
  t.is(leaves[1].evpn.ipVrfs.whyNoRoute(ipVrf, network('0.0.0.0/0')), 'local-route');
  two.putOther(other(2, '0.0.0.0/0', undefined));
  settle();
  t.deepEqual(announced(1), [], 'one that discards has a lower metric');
  two.dropOther(other(2, '0.0.0.0/0', undefined));
  two.dropOther(other(2, '0.0.0.0/0', UPLINK, { metric: 100 }));
  settle();
  t.deepEqual(routes(1), [`1001 0.0.0.0/0 via 10.0.0.1%${svi(1)}`]);
  carrier(0, false);
  settle();
  t.deepEqual([...announced(0), ...routes(1)], [], 'the kernel keeps a route over a device without carrier');
  carrier(0, true);
  vrf(0, { up: false });
  settle();
  t.deepEqual(announced(0), []);
  vrf(0);
  settle();
  t.deepEqual(announced(0), ['[0]:[0.0.0.0]']);
  const settings = { asn: 65001, routerId: vtepOf(1) as never, advertiseAllVni: true, vnis: new Map() };
  leaves[0].evpn.reconfigure(settings);
  settle();
  t.deepEqual(announced(0), []);
  t.is([...leaves[0].dataPlane.mirror.others.rows()].length, 0, 'nobody asks for them');
  leaves[0].evpn.reconfigure({ ...settings, vrfs });
  settle();
  t.deepEqual(announced(0), ['[0]:[0.0.0.0]']);
});

test("other programs' routes are announced by who wrote them, and by prefix list beside", async (t) => {
  const [STATIC, OSPF] = [4, 188];
  const { said, settle, leaves } = await fabric(1);
  const [{ evpn, world }] = leaves;
  const { kernel } = world;
  const UPLINK = 77;
  kernel.setTopology({
    ...kernel.topology,
    interfaces: new Map(kernel.topology.interfaces).set(UPLINK, {
      name: 'up0',
      running: true,
      addresses: [],
    }),
  });
  const put = (prefix: string, protocol: number, metric = 0) =>
    kernel.putOther({
      tableId: 1001,
      prefix: network(prefix),
      metric,
      protocol,
      ways: [{ ifindex: UPLINK, gateway: parseIp('198.51.100.1') }],
    });
  put('203.0.113.0/24', STATIC);
  put('203.0.113.0/25', OSPF);
  put('10.0.0.0/8', OSPF);
  // The kernel goes by that of the lower metric
  put('10.1.0.0/16', OSPF, 20);
  put('10.1.0.0/16', STATIC, 10);
  const announced = (vrf: VrfSettings) => {
    const its = { asn: 65001, routerId: vtepOf(1) as never, advertiseAllVni: true, vnis: new Map() };
    evpn.reconfigure({ ...its, vrfs: new Map([[`vrf${L3}`, vrf]]) });
    settle();
    return said(0, RouteType.IP_PREFIX).map((line) => line.split(' ')[0].replace(/^\[5\]:\[0\]:/, ''));
  };
  const within10 = [{ permits: true, prefix: network('10.0.0.0/8'), least: 8, most: 32 }];
  const [eight, sixteen] = ['[8]:[10.0.0.0]', '[16]:[10.1.0.0]'];
  t.deepEqual(announced({}), []);
  t.deepEqual(announced({ redistributeProtocols: [STATIC] }), [sixteen, '[24]:[203.0.113.0]']);
  t.deepEqual(announced({ redistributeProtocols: [OSPF] }), ['[25]:[203.0.113.0]', eight]);
  t.deepEqual(announced({ redistributeProtocols: [OSPF], redistributeRoutes: within10 }), [eight]);
  t.deepEqual(announced({ redistributeRoutes: within10 }), [sixteen, eight]);
  t.deepEqual(announced({ redistributeProtocols: [OSPF, STATIC], redistributeRoutes: within10 }), [
    sixteen,
    eight,
  ]);
});

test('a prefix of several leaves is shared, and what one of them loses leaves the others', async (t) => {
  const vrfs = new Map([[`vrf${L3}`, { networks: [network('0.0.0.0/0')] }]]);
  const { vrf, routes, routers, settle, svi, leaves } = await fabric(3, { vrfs });
  const shared = `1001 0.0.0.0/0 via 10.0.0.1%${svi(2)} 10.0.0.2%${svi(2)}`;
  t.deepEqual(routes(2), [shared]);
  t.is(routers(2).length, 4);
  vrf(0, { up: false });
  settle();
  t.deepEqual(routes(2), [`1001 0.0.0.0/0 via 10.0.0.2%${svi(2)}`]);
  t.deepEqual(routers(2), ['02:ff:00:00:00:02 at 10.0.0.2', '10.0.0.2 is 02:ff:00:00:00:02']);
  vrf(0);
  settle();
  t.deepEqual(routes(2), [shared]);
  t.is(leaves[2].evpn.ipVrfs.values().next().value?.prefixes.size, 1);
});

test('a host goes before a prefix, a network of our own before both, and an own address before all', async (t) => {
  const address = '198.51.100.1';
  const vrfs = new Map([[`vrf${L3}`, { networks: [network(`${address}/32`), network('198.51.100.0/24')] }]]);
  const { vrf, routes, settle, svi, host, leaves } = await fabric(3, { vrfs });
  host(1, M1, address);
  settle();
  t.deepEqual(routes(2), [
    `1001 198.51.100.0/24 via 10.0.0.1%${svi(2)} 10.0.0.2%${svi(2)}`,
    `1001 ${address}/32 via 10.0.0.2%${svi(2)}`,
  ]);
  vrf(2, { networks: [network('198.51.100.0/24')] });
  settle();
  t.deepEqual(routes(2), [`1001 ${address}/32 via 10.0.0.2%${svi(2)}`]);
  vrf(2, { networks: [network('198.51.100.0/24')], ips: [parseIp(address)] });
  settle();
  t.deepEqual(routes(2), []);
  const [ipVrf] = leaves[2].evpn.ipVrfs.values();
  t.is(leaves[2].evpn.ipVrfs.whyNoRoute(ipVrf, network('198.51.100.0/24')), 'connected');
  t.is(leaves[2].evpn.ipVrfs.whyNoRoute(ipVrf, hostPrefix(parseIp(address))), 'own-ip');
});

test('a route that cannot be used is none, and says why', async (t) => {
  const { leaves, clock, routes, host, settle } = await fabric(2);
  host(0, M1, '192.0.2.11');
  settle();
  const spoil = (change: (route: never, attributes: never) => readonly [unknown, unknown]) => {
    for (const { nlri, attributes } of leaves[0].localRib.routes())
      if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT && nlri.ip !== undefined) {
        const [route, its] = change(nlri as never, attributes as never);
        const source = { neighbor: '192.0.2.1', routerId: 65001, internal: false };
        leaves[1].receive(source, 65001, its as never, [route as never]);
      }
    clock.advance(1000);
    const destination = [...leaves[1].rib.destinations()].find(
      ({ nlri }) => 'ip' in nlri && nlri.ip !== undefined,
    );
    return destination && leaves[1].evpn.ipVrfs.whyUnused(destination);
  };
  type Attributes = { nextHop: unknown; extendedCommunities: bigint[] };
  const routerMac = (mac: string) => (0x0603n << 48n) | BigInt(`0x${mac.replaceAll(':', '')}`);
  const withMac = (mac: string | undefined) =>
    spoil((route, attributes) => [
      route,
      {
        ...(attributes as Attributes),
        extendedCommunities: [
          ...(attributes as Attributes).extendedCommunities.filter((each) => each >> 48n !== 0x0603n),
          ...(mac === undefined ? [] : [routerMac(mac)]),
        ],
      },
    ]);
  t.is(withMac('02:ff:00:00:00:01'), undefined);
  t.is(routes(1).length, 1);
  for (const mac of [undefined, '00:00:00:00:00:00', '01:00:5e:00:00:01']) {
    t.is(withMac(mac), 'router-mac');
    t.deepEqual(routes(1), []);
  }
  t.is(
    spoil((route, attributes) => [{ ...(route as object), label2: 4002 }, attributes]),
    'routed-label',
  );
  t.is(
    spoil((route, attributes) => [route, { ...(attributes as object), nextHop: vtepOf(2) }]),
    'own-next-hop',
  );
  t.deepEqual(routes(1), []);
  t.is(
    spoil((route, attributes) => [route, attributes]),
    undefined,
  );
  t.is(routes(1).length, 1);
});

test('rows of an earlier process stay until routes are known, are taken over as they are, and the rest is swept', async (t) => {
  const { host, settle, routes, leaves, devices, clock, svi } = await fabric();
  host(0, M1, '192.0.2.11');
  host(0, M2, '2001:db8::12');
  settle();
  const before = leaves[1].world.kernel.tables.routes;
  const ids = [...before.nexthops()].map(({ id }) => id).sort();
  t.is(routes(1).length, 2);
  t.is(ids.length, 4);

  const after = new Leaf(clock, vtepOf(2), 65002);
  for (const vni of [HOSTS, L3]) after.addVni(after.world.devices(vni));
  const { kernel } = after.world;
  kernel.setTopology(withVrfs(kernel.topology, vrfOf(L3, devices[1].l3, vtepOf(2), { vnis: [HOSTS] })));
  for (const row of before.nexthops()) kernel.tables.routes.putNexthop(row);
  for (const row of before.routes()) kernel.tables.routes.putRoute(row);
  const [of4] = [...before.routes()].filter(({ prefix }) => typeof prefix === 'number');
  const stray = { ...of4, prefix: network('203.0.113.0/24') };
  kernel.tables.routes.putRoute(stray);
  kernel.tables.routes.putRoute({ ...stray, tableId: 7777 });
  await after.start();
  clock.advance(1000);
  t.is([...kernel.tables.routes.routes()].length, 4, 'nothing goes before the sweep');
  new Wire([leaves[0], after]).quiesce(clock);
  after.dataPlane.sweep();
  clock.advance(1000);
  t.deepEqual(routesOf(after), [
    `1001 192.0.2.11/32 via 10.0.0.1%${svi(1)}`,
    `1001 2001:db8::12/128 via ::ffff:10.0.0.1%${svi(1)}`,
  ]);
  t.deepEqual([...kernel.tables.routes.nexthops()].map(({ id }) => id).sort(), ids, 'none was made anew');
});
