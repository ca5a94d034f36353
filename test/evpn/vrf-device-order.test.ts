/** Wrong router MACs and wrong egress by the order of devices and sessions, as reports of other daemons have them. */
import test from 'ava';
import { EMPTY_TOPOLOGY, type VrfAttachment } from '../../src/dataplane/index.js';
import type { EvpnSettings } from '../../src/evpn/index.js';
import { formatIp, type Ip, parseIp, parseMac, toVni, type Vni } from '../../src/types/index.js';
import { RouteType } from '../../src/wire/index.js';
import { attachment, withVni } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';
import { network, routersOf, routesOf, vrfOf, withVrfs } from './support/vrf-leaf.js';

const RED = toVni(4001);
const BLUE = toVni(4002);
const L3VNIS = [RED, BLUE];
const networksOf = (vni: Vni, n: number) => [network(`172.16.${n}${vni % 10}.0/24`)];
const VRFS: EvpnSettings['vrfs'] = new Map(
  L3VNIS.map((vni) => [
    `vrf${vni}`,
    { redistributeConnected: [{ permits: true, prefix: network('172.16.0.0/12'), least: 12, most: 32 }] },
  ]),
);

class TwoVrfs {
  readonly leaf: Leaf;
  readonly devices;

  constructor(
    clock: VirtualClock,
    readonly n: number,
    readonly vtep: Ip = vtepOf(n),
  ) {
    this.leaf = new Leaf(clock, vtep, 65000 + n, { vrfs: VRFS });
    this.devices = new Map(L3VNIS.map((vni) => [vni, this.leaf.world.devices(vni)]));
  }

  /** Both VRFs, with a router MAC each; `over` changes them. */
  become(over: (vni: Vni) => Partial<VrfAttachment> = () => ({})): void {
    let topology = EMPTY_TOPOLOGY;
    const vrfs: VrfAttachment[] = [];
    for (const [vni, its] of this.devices) {
      topology = withVni(topology, its, attachment(vni, its, this.vtep));
      const routerMac = parseMac(`02:ff:00:00:0${vni % 10}:0${this.n}`);
      vrfs.push({
        ...vrfOf(vni, its, vtepOf(this.n), {
          localVtep: this.vtep,
          routerMac,
          networks: networksOf(vni, this.n),
        }),
        ...over(vni),
      });
    }
    this.leaf.world.kernel.setTopology(withVrfs(topology, ...vrfs));
  }

  async start(): Promise<void> {
    await this.leaf.start();
    this.leaf.dataPlane.sweep();
  }

  routers(vni: Vni): string[] {
    const its = this.devices.get(vni);
    return its ? routersOf(this.leaf, vni, its) : [];
  }

  svi(vni: Vni): number {
    return this.devices.get(vni)?.bridgeIfindex ?? 0;
  }

  nextHops(): string[] {
    return [...this.leaf.localRib.routes()]
      .filter(({ nlri }) => nlri.type === RouteType.IP_PREFIX)
      .map(({ attributes }) => formatIp(attributes.nextHop));
  }
}

// FRRouting/frr 22577
test('a VTEP with a router MAC for each VRF: each is a neighbor of its own SVI, whichever came last', async (t) => {
  for (const order of [L3VNIS, [...L3VNIS].reverse()]) {
    const clock = new VirtualClock();
    const [here, there] = [1, 2].map((n) => new TwoVrfs(clock, n));
    here.become();
    there.become((vni) => (vni === order[1] ? { up: false } : {}));
    for (const each of [here, there]) await each.start();
    const wire = new Wire([here.leaf, there.leaf]);
    wire.quiesce(clock);
    there.become();
    wire.quiesce(clock);
    for (const vni of L3VNIS)
      t.deepEqual(here.routers(vni), [
        `02:ff:00:00:0${vni % 10}:02 at 10.0.0.2`,
        `10.0.0.2 is 02:ff:00:00:0${vni % 10}:02`,
      ]);
    for (const { leaf } of [here, there]) leaf.evpn.stop();
  }
});

// FRRouting/frr 10500
test('a leaf that restarts while routes stand has the MAC of each router again, as does one that hears of a new MAC', async (t) => {
  const clock = new VirtualClock();
  const [here, there, again] = [1, 2, 1].map((n) => new TwoVrfs(clock, n));
  for (const each of [here, there, again]) each.become();
  for (const each of [here, there]) await each.start();
  new Wire([here.leaf, there.leaf]).quiesce(clock);
  const before = L3VNIS.map((vni) => here.routers(vni));
  here.leaf.evpn.stop();
  await again.start();
  const wire = new Wire([again.leaf, there.leaf]);
  wire.quiesce(clock);
  t.deepEqual(
    L3VNIS.map((vni) => again.routers(vni)),
    before,
  );
  const mac = parseMac('02:ff:00:00:01:33');
  there.become((vni) => (vni === RED ? { routerMac: mac } : {}));
  wire.quiesce(clock);
  t.deepEqual(again.routers(RED), ['02:ff:00:00:01:33 at 10.0.0.2', '10.0.0.2 is 02:ff:00:00:01:33']);
  t.deepEqual(again.routers(BLUE), before[1]);
});

// FRRouting/frr 23268
test('a session that is there before the address of the VXLAN devices: no Type-5 until then, and then by that address', async (t) => {
  const clock = new VirtualClock();
  const vtep = parseIp('fd00::1');
  const here = new TwoVrfs(clock, 1, vtep);
  here.become(() => ({ localVtep: undefined }));
  await here.start();
  clock.runUntilIdle();
  t.deepEqual(here.nextHops(), []);
  here.become();
  clock.runUntilIdle();
  t.deepEqual(here.nextHops(), ['fd00::1', 'fd00::1']);
  here.become(() => ({ localVtep: parseIp('fd00::9') }));
  clock.runUntilIdle();
  t.deepEqual(here.nextHops(), ['fd00::9', 'fd00::9'], 'and by another one, once there is');
});

test('VRFs that swap their L3VNIs swap their routes, whichever loses its own first', async (t) => {
  const clock = new VirtualClock();
  const [here, there] = [1, 2].map((n) => new TwoVrfs(clock, n));
  for (const each of [here, there]) {
    each.become();
    await each.start();
  }
  const wire = new Wire([here.leaf, there.leaf]);
  wire.quiesce(clock);
  const routes = (ofRed: Vni, ofBlue: Vni) => [
    `1001 172.16.2${ofRed % 10}.0/24 via 10.0.0.2%${here.svi(ofRed)}`,
    `1002 172.16.2${ofBlue % 10}.0/24 via 10.0.0.2%${here.svi(ofBlue)}`,
  ];
  t.deepEqual(routesOf(here.leaf), routes(RED, BLUE));
  const swapped = (vni: Vni): Partial<VrfAttachment> => {
    const other = vni === RED ? BLUE : RED;
    return {
      l3vni: other,
      sviIfindex: here.svi(other),
      routerMac: parseMac(`02:ff:00:00:0${other % 10}:01`),
    };
  };
  for (const loser of L3VNIS) {
    here.become((vni) => (vni === loser ? { l3vni: undefined, up: false, routerMac: undefined } : {}));
    clock.advance(20);
    here.become(swapped);
    wire.quiesce(clock);
    t.deepEqual(routesOf(here.leaf), routes(BLUE, RED), `VRF of ${loser} loses its own first`);
    here.become();
    wire.quiesce(clock);
    t.deepEqual(routesOf(here.leaf), routes(RED, BLUE));
  }
});

test('VRFs that import the routes of each other announce nothing of it again', async (t) => {
  const clock = new VirtualClock();
  const both = L3VNIS.map((vni) => ({ kind: 'any-as', localAdministrator: vni }) as const);
  const [here, there] = [1, 2].map((n) => new TwoVrfs(clock, n));
  const vrfs = new Map([...(VRFS ?? [])].map(([name, its]) => [name, { ...its, importTargets: both }]));
  for (const { leaf, n } of [here, there])
    leaf.evpn.reconfigure({
      asn: 65000 + n,
      routerId: vtepOf(n) as never,
      advertiseAllVni: true,
      vnis: new Map(),
      vrfs,
    });
  for (const each of [here, there]) {
    each.become();
    await each.start();
  }
  const wire = new Wire([here.leaf, there.leaf]);
  for (let round = 0; round < 5; round++) wire.quiesce(clock);
  for (const { leaf } of [here, there])
    t.deepEqual(
      leaf.originated().filter((route) => route.startsWith('[5]')).length,
      2,
      'each VRF its own network',
    );
  const routes = routesOf(here.leaf);
  t.deepEqual(
    routes.map((route) => route.split(' ').slice(0, 2).join(' ')),
    [...new Set(routes.map((route) => route.split(' ').slice(0, 2).join(' ')))],
    'one route a prefix',
  );
  t.true(routes.length >= 2);
});
