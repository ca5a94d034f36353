import test from 'ava';
import {
  EMPTY_TOPOLOGY,
  Nud,
  RTPROT_EVPND,
  type Topology,
  type VrfAttachment,
} from '../../src/dataplane/index.js';
import type { EvpnSettings } from '../../src/evpn/index.js';
import {
  formatIp,
  type Mac,
  parseIp,
  parseMac,
  parseRouteTargetPattern,
  toVni,
  type Vni,
} from '../../src/types/index.js';
import { describeExtendedCommunity, formatNlri } from '../../src/wire/index.js';
import type { VniDevices } from '../dataplane/kernel-contract.js';
import { attachment, withVni } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';
import { type Random, random } from './support/random.js';
import { network, routersOf, routesOf, vrfOf, withVrfs } from './support/vrf-leaf.js';

const HOSTS = [10010, 10020].map(toVni);
const L3 = [4001, 4002].map(toVni);
const NAMES = ['red', 'blue'];
const HERE = parseMac('02:00:00:00:00:0a');

/** What a leaf's devices are: which VNIs there are, and of each VRF its L3VNI, table and VNIs of hosts. */
interface Devices {
  readonly vnis: Set<Vni>;
  readonly vrfs: Map<string, { l3vni: Vni | undefined; tableId: number; up: boolean; mac: number }>;
  /** In which VRF the SVI of each VNI of hosts is. */
  readonly svis: Map<Vni, string>;
}

function topologyOf(state: Devices, devices: ReadonlyMap<Vni, VniDevices>, vtep: number): Topology {
  let topology = EMPTY_TOPOLOGY;
  const local = vtepOf(vtep);
  for (const [vni, its] of devices)
    if (state.vnis.has(vni)) topology = withVni(topology, its, attachment(vni, its, local));
  const vrfs: VrfAttachment[] = [];
  const taken = new Set<Vni>();
  for (const [name, { l3vni: wanted, tableId, up, mac }] of state.vrfs) {
    const free = wanted !== undefined && state.vnis.has(wanted) && !taken.has(wanted);
    const l3vni = free ? wanted : undefined;
    if (l3vni !== undefined) taken.add(l3vni);
    const its = devices.get(l3vni ?? L3[0]);
    if (!its) continue;
    const base = vrfOf(l3vni ?? 0x7fff, its, local);
    vrfs.push({
      ...base,
      ifindex: 500 + NAMES.indexOf(name),
      name,
      tableId,
      l3vni,
      up: up && l3vni !== undefined,
      routerMac: l3vni === undefined ? undefined : parseMac(`02:ff:00:00:0${mac}:0${vtep}`),
      networks: [network(`172.16.${NAMES.indexOf(name)}.0/24`)],
      vnis: HOSTS.filter((vni) => state.svis.get(vni) === name && state.vnis.has(vni)),
    });
  }
  return withVrfs(topology, ...vrfs);
}

function change(state: Devices, { below }: Random): void {
  const name = NAMES[below(2)];
  const vni = [...HOSTS, ...L3][below(4)];
  const vrf = state.vrfs.get(name);
  switch (below(8)) {
    case 0:
      if (!state.vnis.delete(vni)) state.vnis.add(vni);
      break;
    case 1:
      if (vrf) state.vrfs.delete(name);
      else state.vrfs.set(name, { l3vni: L3[below(2)], tableId: 1001 + below(2), up: true, mac: 0 });
      break;
    case 2:
      state.svis.set(HOSTS[below(2)], NAMES[below(2)]);
      break;
    case 3:
      state.svis.delete(HOSTS[below(2)]);
      break;
    case 4:
      if (vrf) vrf.l3vni = [undefined, ...L3][below(3)];
      break;
    case 5:
      if (vrf) vrf.tableId = 1001 + NAMES.indexOf(name) + 2 * below(2);
      break;
    case 6:
      if (vrf) vrf.up = !vrf.up;
      break;
    case 7:
      if (vrf) vrf.mac = below(3);
      break;
  }
  // Two VRFs of one table are none that the kernel makes
  const [red, blue] = NAMES.map((each) => state.vrfs.get(each));
  if (red && blue && red.tableId === blue.tableId) blue.tableId = red.tableId + 1;
}

/** Where `leaks`, each VRF imports the routes of the other too. */
const settings = (leaks: boolean): Partial<EvpnSettings> => ({
  vrfs: new Map(
    NAMES.map((name) => [
      name,
      {
        redistributeConnected: [{ permits: true, prefix: network('172.16.0.0/12'), least: 12, most: 32 }],
        ...(leaks ? { importTargets: L3.map((vni) => parseRouteTargetPattern(`*:${vni}`)) } : {}),
      },
    ]),
  ),
});

class TestLeaf {
  readonly leaf: Leaf;
  readonly devices: ReadonlyMap<Vni, VniDevices>;

  constructor(
    clock: VirtualClock,
    readonly vtep: number,
    leaks: boolean,
  ) {
    this.leaf = new Leaf(clock, vtepOf(vtep), 65000 + vtep, settings(leaks));
    this.devices = new Map([...HOSTS, ...L3].map((vni) => [vni, this.leaf.world.devices(vni)]));
  }

  become(state: Devices): void {
    this.leaf.world.kernel.setTopology(topologyOf(state, this.devices, this.vtep));
  }

  host(vni: Vni, mac: Mac, ip: string): void {
    const its = this.devices.get(vni);
    if (!its) return;
    this.leaf.hostSpeaks(its, mac);
    this.leaf.world.kernel.putNeigh({
      ifindex: its.bridgeIfindex,
      ip: parseIp(ip),
      mac,
      state: Nud.REACHABLE,
      flags: 0,
      protocol: 0,
    });
  }

  /** All that it announces, and all that it has in the kernel for VRFs. */
  story(): string[] {
    const { leaf, devices } = this;
    const announced = [...leaf.localRib.routes()].map(({ nlri, attributes }) => {
      const labels = 'label1' in nlri ? `${nlri.label1}/${nlri.label2}` : 'label' in nlri ? nlri.label : '';
      return `${nlri.rd} ${formatNlri(nlri)} ${labels} ${formatIp(attributes.nextHop)} ${attributes.extendedCommunities.map(describeExtendedCommunity).join(' ')}`;
    });
    const routers = L3.flatMap((vni) => {
      const its = devices.get(vni);
      return its ? routersOf(leaf, vni, its).map((line) => `${vni} ${line}`) : [];
    });
    return [...announced.sort(), ...routesOf(leaf), ...routers];
  }

  /** Nexthops of ours that no route leads to, and rows of ours on devices of VNIs that nobody serves. */
  leaked(): number[] {
    const { routes } = this.leaf.world.kernel.tables;
    const used = new Set<number>();
    for (const { nexthopId } of routes.routes()) {
      used.add(nexthopId);
      for (const id of routes.nexthop(nexthopId)?.members ?? []) used.add(id);
    }
    return [...routes.nexthops()]
      .filter(({ id, protocol }) => protocol === RTPROT_EVPND && !used.has(id))
      .map(({ id }) => id);
  }

  /** Routers of other leaves at VNIs by which no VRF routes. */
  strays(state: Devices): string[] {
    const { vrfs } = topologyOf(state, this.devices, this.vtep);
    const used = new Set([...vrfs.values()].filter(({ up }) => up).map(({ l3vni }) => l3vni));
    return [...this.devices].flatMap(([vni, its]) =>
      L3.includes(vni) && !used.has(vni) ? routersOf(this.leaf, vni, its) : [],
    );
  }
}

function whole(): Devices {
  return {
    vnis: new Set([...HOSTS, ...L3]),
    vrfs: new Map(NAMES.map((name, i) => [name, { l3vni: L3[i], tableId: 1001 + i, up: true, mac: 0 }])),
    svis: new Map(HOSTS.map((vni, i) => [vni, NAMES[i]])),
  };
}

test('whatever order VRFs, L3VNIs, SVIs and VNIs come, go and move in, the end is that of the last state alone', async (t) => {
  let routing = 0;
  let leaking = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const clock = new VirtualClock();
    const [tried, other, fresh] = [1, 2, 1].map((vtep) => new TestLeaf(clock, vtep, seed % 2 === 0));
    other.become(whole());
    const state: Devices = seed % 3 > 0 ? whole() : { vnis: new Set(), vrfs: new Map(), svis: new Map() };
    tried.become(state);
    for (const { leaf } of [tried, other]) {
      await leaf.start();
      leaf.dataPlane.sweep();
    }
    other.host(HOSTS[0], parseMac('02:00:00:00:00:01'), '192.0.2.11');
    other.host(HOSTS[1], parseMac('02:00:00:00:00:02'), '2001:db8::12');
    const wire = new Wire([tried.leaf, other.leaf]);
    const numbers = random(seed);
    for (let step = 0; step < 25; step++) {
      change(state, numbers);
      tried.become(state);
      if (numbers.below(3) === 0) {
        clock.advance(numbers.below(30));
        wire.deliver(other.leaf, tried.leaf);
      }
    }
    // Few are left with two VRFs that route, between which there are routes too
    if (seed % 4 === 0) {
      Object.assign(state, { ...whole(), svis: state.svis });
      tried.become(state);
    }
    fresh.become(state);
    await fresh.leaf.start();
    fresh.leaf.dataPlane.sweep();
    for (const each of [tried, fresh]) for (const vni of state.vnis) each.host(vni, HERE, '192.0.2.50');
    wire.quiesce(clock);
    new Wire([fresh.leaf, other.leaf]).quiesce(clock);
    const story = tried.story();
    t.deepEqual(story, fresh.story(), `seed ${seed}`);
    t.deepEqual(tried.leaked(), [], `seed ${seed}`);
    t.deepEqual(tried.strays(state), [], `seed ${seed}`);
    if (story.some((line) => line.includes(' via '))) routing++;
    if (story.some((line) => line.includes(' via %'))) leaking++;
    for (const { leaf } of [tried, other, fresh]) leaf.evpn.stop();
  }
  t.true(routing > 50, `${routing} leaves route in the end`);
  t.true(leaking > 10, `${leaking} between their own VRFs`);
});
