import test from 'ava';
import { Nud, type VrfAttachment } from '../../src/dataplane/index.js';
import { type EvpnSettings, lookUp, type VrfSettings } from '../../src/evpn/index.js';
import { Rule } from '../../src/evpn/rules.js';
import {
  type Ipv4,
  type Mac,
  parseIp,
  parseMac,
  parseRouteTargetPattern,
  toVni,
  type Vni,
} from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';
import { network, routersOf, routesOf, vrfOf, withVrfs } from './support/vrf-leaf.js';

const VRFS = [
  { name: 'red', l3vni: toVni(4001), hosts: toVni(10010) },
  { name: 'blue', l3vni: toVni(4002), hosts: toVni(10020) },
  { name: 'green', l3vni: toVni(4003), hosts: toVni(10030) },
] as const;
const [RED, BLUE, GREEN] = VRFS;
const CONNECTED = [{ permits: true, prefix: network('172.16.0.0/12'), least: 12, most: 32 }];
const HOST = parseMac('02:00:00:00:00:01');

/** Each VRF takes the routes of all. */
const ALL: VrfSettings = {
  importTargets: ['auto', ...VRFS.map(({ l3vni }) => parseRouteTargetPattern(`*:${l3vni}`))],
};

/** Leaves that have all VRFs, or the one that `has` says. */
async function fabric(has: readonly (readonly string[])[], settings: VrfSettings = ALL) {
  const clock = new VirtualClock();
  const vrfs = new Map(VRFS.map(({ name }) => [name, settings]));
  const leaves = has.map((_, i) => new Leaf(clock, vtepOf(i + 1), 65001 + i, { vrfs }));
  const devices = leaves.map(
    ({ world }) =>
      new Map(VRFS.flatMap(({ l3vni, hosts }) => [l3vni, hosts]).map((vni) => [vni, world.devices(vni)])),
  );
  const of = (i: number, vni: Vni) => {
    const its = devices[i].get(vni);
    if (!its) throw new Error(`no VNI ${vni}`);
    return its;
  };
  const become = (i: number, names: readonly string[], over: Partial<VrfAttachment> = {}) => {
    const { kernel } = leaves[i].world;
    const attachments = VRFS.filter(({ name }) => names.includes(name)).map(({ name, l3vni, hosts }) =>
      vrfOf(l3vni, of(i, l3vni), vtepOf(i + 1), {
        name,
        vnis: [hosts],
        routerMac: parseMac(`02:ff:00:00:0${l3vni % 10}:0${i + 1}`),
        ...over,
      }),
    );
    kernel.setTopology(withVrfs(kernel.topology, ...attachments));
  };
  const wire = new Wire(leaves);
  const settle = () => wire.quiesce(clock);
  for (const [i, leaf] of leaves.entries()) {
    for (const its of devices[i].values()) leaf.addVni(its);
    become(i, has[i]);
    await leaf.start();
    leaf.dataPlane.sweep();
  }
  const host = (i: number, vni: Vni, mac: Mac, ip: string) => {
    leaves[i].hostSpeaks(of(i, vni), mac);
    const { bridgeIfindex: ifindex } = of(i, vni);
    leaves[i].world.kernel.putNeigh({
      ifindex,
      ip: parseIp(ip),
      mac,
      state: Nud.REACHABLE,
      flags: 0,
      protocol: 0,
    });
  };
  const routes = (i: number) => routesOf(leaves[i]);
  const routers = (i: number, vni: Vni) => routersOf(leaves[i], vni, of(i, vni));
  const svi = (i: number, vni: Vni) => of(i, vni).bridgeIfindex;
  settle();
  return { leaves, devices, become, settle, host, routes, routers, svi };
}

test('routes of another VRF are imported by its route target and lead over its L3VNI, into both tables', async (t) => {
  const { host, settle, routes, routers, svi, leaves, become } = await fabric([
    ['red', 'blue'],
    ['red', 'blue'],
  ]);
  host(1, BLUE.hosts, HOST, '192.0.2.20');
  settle();
  const ofBlue = (table: number) => `${table} 192.0.2.20/32 via 10.0.0.2%${svi(0, BLUE.l3vni)}`;
  t.deepEqual(routes(0), [ofBlue(1001), ofBlue(1002)]);
  t.deepEqual(routers(0, RED.l3vni), []);
  const router = ['02:ff:00:00:02:02 at 10.0.0.2', '10.0.0.2 is 02:ff:00:00:02:02'];
  t.deepEqual(routers(0, BLUE.l3vni), router);
  const [red] = leaves[0].evpn.ipVrfs.values();
  const { way } = lookUp(leaves[0].evpn.ipVrfs, red, network('192.0.2.20/32'), leaves[0].dataPlane.topology);
  t.deepEqual(
    way?.legs.map(({ egress }) => egress.name),
    ['blue'],
  );
  // What the one VRF leaves the other still has
  become(0, ['red', 'blue'], { up: false });
  settle();
  t.deepEqual(routes(0), []);
  become(0, ['red', 'blue']);
  settle();
  t.deepEqual(routes(0), [ofBlue(1001), ofBlue(1002)]);
  become(0, ['blue']);
  settle();
  t.deepEqual(routes(0), [ofBlue(1002)]);
  t.deepEqual(routers(0, BLUE.l3vni), router);
  become(0, ['red']);
  settle();
  t.deepEqual(
    [...routes(0), ...routers(0, BLUE.l3vni)],
    [],
    'nothing sends by the VNI of a VRF that is gone',
  );
  t.deepEqual([...leaves[0].world.kernel.tables.nexthopRows()], []);
  const [destination] = [...leaves[0].rib.destinations()].filter(
    ({ nlri }) => 'ip' in nlri && nlri.ip !== undefined,
  );
  t.is(leaves[0].evpn.ipVrfs.whyUnused(destination), 'routed-label');
  become(0, ['red', 'blue']);
  settle();
  t.deepEqual(routes(0), [ofBlue(1001), ofBlue(1002)]);
  t.deepEqual(routers(0, BLUE.l3vni), router);
});

test('two VRFs that import each other, both with one prefix, neither lose nor send back anything', async (t) => {
  const { routes, settle, svi, become } = await fabric(
    [
      ['red', 'blue'],
      ['red', 'blue'],
      ['red', 'blue'],
    ],
    {
      ...ALL,
      networks: [network('198.51.100.0/24')],
    },
  );
  const [red, blue] = VRFS.map(({ l3vni }) => svi(0, l3vni));
  const ofBoth = (each: number) => `198.51.100.0/24 via 10.0.0.2%${each} 10.0.0.3%${each}`;
  t.deepEqual(
    routes(0),
    [`1001 ${ofBoth(red)}`, `1002 ${ofBoth(blue)}`],
    'its own go before those of the other',
  );
  become(1, []);
  become(2, ['blue']);
  settle();
  t.deepEqual(routes(0), [
    `1001 198.51.100.0/24 via 10.0.0.3%${blue}`,
    `1002 198.51.100.0/24 via 10.0.0.3%${blue}`,
  ]);
});

test('what a VRF announces, another VRF of the same leaf has by the route target too: hosts and prefixes, until they go', async (t) => {
  const settings = {
    ...ALL,
    redistributeConnected: CONNECTED,
  };
  const { leaves, host, settle, routes, become, devices } = await fabric(
    [['red', 'blue'], ['blue']],
    settings,
  );
  const [red, blue] = [...leaves[0].evpn.ipVrfs.values()].map(({ at }) => at.ifindex);
  host(0, BLUE.hosts, HOST, '192.0.2.20');
  host(0, BLUE.hosts, HOST, '2001:db8::20');
  host(0, BLUE.hosts, HOST, 'fe80::20');
  settle();
  const ofHost = [`1001 192.0.2.20/32 via %${blue}`, `1001 2001:db8::20/128 via %${blue}`];
  t.deepEqual(routes(0), ofHost);
  become(0, ['red', 'blue'], { networks: [network('172.16.7.0/24')] });
  settle();
  t.deepEqual(routes(0), ofHost, 'both are in the network, and both have the way themselves');
  become(0, ['red', 'blue'], { networks: [] });
  const { kernel } = leaves[0].world;
  const shape = (name: string, over: Partial<VrfAttachment>) =>
    kernel.setTopology(
      withVrfs(
        kernel.topology,
        ...[...kernel.topology.vrfs.values()].map((at) => (at.name === name ? { ...at, ...over } : at)),
      ),
    );
  shape('red', { networks: [network('172.16.7.0/24')] });
  settle();
  const ofRed = `1002 172.16.7.0/24 via %${red}`;
  t.deepEqual(routes(0), [...ofHost, ofRed]);
  const [redVrf, blueVrf] = leaves[0].evpn.ipVrfs.values();
  const look = (vrf: typeof redVrf, prefix: string) =>
    lookUp(leaves[0].evpn.ipVrfs, vrf, network(prefix), leaves[0].dataPlane.topology);
  t.is(look(blueVrf, '172.16.7.0/24').way?.through, redVrf);
  t.is(look(blueVrf, '172.16.7.0/24').rule, Rule.LOCAL_VRF);
  // Another leaf announces the same for blue: that is blue's own way
  const other = leaves[1].world.kernel;
  other.setTopology(
    withVrfs(
      other.topology,
      ...[...other.topology.vrfs.values()].map((at) => ({ ...at, networks: [network('172.16.7.0/24')] })),
    ),
  );
  settle();
  const svi = devices[0].get(BLUE.l3vni)?.bridgeIfindex;
  t.deepEqual(routes(0), [...ofHost, `1002 172.16.7.0/24 via 10.0.0.2%${svi}`]);
  become(1, []);
  settle();
  t.deepEqual(routes(0), [...ofHost, ofRed]);
  shape('red', { up: false });
  settle();
  t.deepEqual(routes(0), [], 'one that does not route announces nothing, and has no routes');
  shape('red', { up: true });
  settle();
  t.deepEqual(routes(0), [...ofHost, ofRed]);
  shape('blue', { vnis: [] });
  settle();
  t.deepEqual(routes(0), [ofRed], 'its hosts are nobody');
  become(0, ['red']);
  settle();
  t.deepEqual(routes(0), []);
  t.deepEqual([...kernel.tables.nexthopRows()], []);
});

test('two VRFs that go at once leave no router of a third behind', async (t) => {
  const networks = [network('172.16.7.0/24')];
  const names = ['red', 'blue', 'green'];
  const { become, settle, routes, routers, svi } = await fabric([names, ['red'], ['green']], {
    ...ALL,
    redistributeConnected: CONNECTED,
  });
  become(1, ['red'], { networks });
  become(2, ['green'], { networks });
  settle();
  const byGreen = `10.0.0.3%${svi(0, GREEN.l3vni)}`;
  t.deepEqual(routes(0), [
    `1001 172.16.7.0/24 via 10.0.0.2%${svi(0, RED.l3vni)}`,
    `1002 172.16.7.0/24 via 10.0.0.2%${svi(0, RED.l3vni)} ${byGreen}`,
    `1003 172.16.7.0/24 via ${byGreen}`,
  ]);
  become(0, ['green']);
  settle();
  t.deepEqual(routers(0, GREEN.l3vni), ['02:ff:00:00:03:03 at 10.0.0.3', '10.0.0.3 is 02:ff:00:00:03:03']);
  // Of two MACs of one router the lower one counts
  become(2, ['green'], { networks, routerMac: parseMac('02:ff:00:00:03:0f') });
  settle();
  t.deepEqual(routers(0, GREEN.l3vni), ['02:ff:00:00:03:0f at 10.0.0.3', '10.0.0.3 is 02:ff:00:00:03:0f']);
});

test('what VRFs take of one another is looked at where something differs, and goes with a VNI that is no longer served', async (t) => {
  const { leaves, host, routes, settle } = await fabric([['red', 'blue', 'green']]);
  const [leaf] = leaves;
  host(0, BLUE.hosts, HOST, '192.0.2.20');
  host(0, BLUE.hosts, HOST, '192.0.2.21');
  settle();
  const [red, blue, green] = [...leaf.evpn.ipVrfs.values()];
  const ofBlue = [1001, 1003].flatMap((table) =>
    ['192.0.2.20/32', '192.0.2.21/32'].map((prefix) => `${table} ${prefix} via %${blue.at.ifindex}`),
  );
  t.deepEqual(routes(0), ofBlue);
  const reload = (over: Partial<EvpnSettings>) =>
    leaf.evpn.reconfigure({
      asn: 65001,
      routerId: vtepOf(1) as Ipv4,
      advertiseAllVni: true,
      vnis: new Map(),
      vrfs: new Map(VRFS.map(({ name }) => [name, ALL])),
      ...over,
    });
  const waiting = () => [red, blue, green].map(({ dirty }) => dirty.size);
  reload({});
  t.deepEqual(waiting(), [0, 0, 0]);
  const only = { advertise: false, rd: undefined, importTargets: undefined, exportTargets: undefined };
  reload({ vnis: new Map([[BLUE.hosts, only]]) });
  settle();
  t.deepEqual(routes(0), []);
  reload({});
  settle();
  t.deepEqual(routes(0), ofBlue);

  let walks = 0;
  const ips = leaf.evpn.vrf(BLUE.hosts)?.ips;
  if (!ips) throw new Error('no such VNI');
  const walk = ips[Symbol.iterator].bind(ips);
  ips[Symbol.iterator] = () => {
    walks++;
    return walk();
  };
  const { kernel } = leaf.world;
  const shape = (name: string, over: Partial<VrfAttachment>) => {
    const { topology } = kernel;
    const vrfs = [...topology.vrfs.values()].map((at) => (at.name === name ? { ...at, ...over } : at));
    kernel.setTopology(withVrfs(topology, ...vrfs));
    settle();
  };
  // Only red takes anything, and of blue alone
  const vrfs = new Map([['red', { importTargets: ['auto', parseRouteTargetPattern('*:4002')] }]] as const);
  reload({ vrfs });
  settle();
  t.deepEqual(routes(0), ofBlue.slice(0, 2));
  walks = 0;
  shape('green', { up: false });
  t.deepEqual([walks, ...routes(0)], [0, ...ofBlue.slice(0, 2)]);
  shape('blue', { up: false });
  t.deepEqual(routes(0), []);
  shape('blue', { up: true });
  t.deepEqual([walks, ...routes(0)], [2, ...ofBlue.slice(0, 2)]);
});
