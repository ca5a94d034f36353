import test from 'ava';
import { Nud, type VrfAttachment } from '../../src/dataplane/index.js';
import { lookUp, type VrfSettings } from '../../src/evpn/index.js';
import {
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
] as const;
const [RED, BLUE] = VRFS;
const HOST = parseMac('02:00:00:00:00:01');

/** Each VRF takes the routes of both. */
const BOTH: VrfSettings = {
  importTargets: ['auto', ...VRFS.map(({ l3vni }) => parseRouteTargetPattern(`*:${l3vni}`))],
};

/** Leaves that have both VRFs, or the one that `has` says. */
async function fabric(has: readonly (readonly string[])[], settings: VrfSettings = BOTH) {
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
  return { leaves, become, settle, host, routes, routers, svi };
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
      ...BOTH,
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
