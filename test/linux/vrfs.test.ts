import test from 'ava';
import type { InterfaceAddress, Topology } from '../../src/dataplane/index.js';
import { EMPTY_TOPOLOGY } from '../../src/dataplane/index.js';
import { type CheckContext, NO_CONTEXT, type VrfWish } from '../../src/linux/checks.js';
import type { Link, PortVlans } from '../../src/linux/index.js';
import { deriveTopology } from '../../src/linux/index.js';
import { VlanSet } from '../../src/linux/vlan-set.js';
import { parseIp, parseMac, parsePrefix, toVni } from '../../src/types/index.js';
import { address, device, LOCAL, PORT, vxlan } from './support/links.js';

const RED = 100;
const red = (rest: Partial<Link> = {}) => device(RED, 'red', { kind: 'vrf', vrfTable: 1001, ...rest });
const bridge = (ifindex: number, name: string, master = 0, rest: Partial<Link> = {}) =>
  device(ifindex, name, { kind: 'bridge', master, ...rest });

/** Two VNIs of hosts, 10 and 20, and the VNI 4001 without any, all of the VRF red: a bridge a VNI. */
const TRADITIONAL: readonly Link[] = [
  red(),
  bridge(1, 'br10', RED),
  vxlan(2, 'vx10', 10, 1),
  device(3, 'tap1', { master: 1 }),
  bridge(4, 'br20', RED),
  vxlan(5, 'vx20', 20, 4),
  bridge(6, 'br4001', RED),
  vxlan(7, 'vx4001', 4001, 6),
];
const GATEWAYS: readonly (readonly [number, readonly InterfaceAddress[]])[] = [
  [1, [address('192.0.2.1')]],
  [4, [address('198.51.100.1')]],
  [6, [address('fe80::1')]],
];

interface World {
  readonly addresses?: readonly (readonly [number, readonly InterfaceAddress[]])[];
  readonly vlans?: readonly (readonly [number, PortVlans])[];
  readonly vrfs?: Readonly<Record<string, VrfWish>>;
  readonly context?: Partial<CheckContext>;
  readonly before?: Topology;
}

function derive(links: readonly Link[], world: World = {}): Topology {
  const { addresses = GATEWAYS, vlans = [], vrfs = {}, context, before = EMPTY_TOPOLOGY } = world;
  return deriveTopology(
    {
      links: new Map(links.map((link) => [link.ifindex, link])),
      vlans: new Map(vlans),
      addresses: new Map(addresses),
      vniFilters: new Map(),
    },
    { ...NO_CONTEXT, localRoutes: new Set([LOCAL]), vrfs: new Map(Object.entries(vrfs)), ...context },
    before,
  );
}

const names = (l3vni: number): VrfWish => ({ l3vni: toVni(l3vni), advertise: true });
const changed = (links: readonly Link[], ifindex: number, rest: Partial<Link>) =>
  links.map((link) => (link.ifindex === ifindex ? { ...link, ...rest } : link));
const without = (links: readonly Link[], ...ifindexes: number[]) =>
  links.filter((link) => !ifindexes.includes(link.ifindex));
const texts = ({ problems }: Topology) =>
  problems
    .filter(({ severity }) => severity !== 'info')
    .map(({ vni, device: on, problem, fix }) => [vni, on, problem, fix]);

test('a VRF with its L3VNI, which nothing names, and its VNIs of hosts', (t) => {
  const topology = derive(TRADITIONAL);
  t.deepEqual(topology.vrfs.get(RED), {
    ifindex: RED,
    name: 'red',
    tableId: 1001,
    l3vni: toVni(4001),
    sviIfindex: 6,
    sviName: 'br4001',
    routerMac: parseMac('02:00:00:00:00:06'),
    localVtep: LOCAL,
    up: true,
    vnis: [toVni(10), toVni(20)],
    networks: ['192.0.2.0/24', '198.51.100.0/24'].map(parsePrefix),
    ips: ['192.0.2.1', '198.51.100.1'].map(parseIp),
  });
  t.deepEqual(topology.l3vnis, new Set([toVni(4001)]));
  t.deepEqual(topology.problems, []);
});

test('what did not change is the same object, also where its devices were told anew', (t) => {
  const before = derive(TRADITIONAL);
  const after = derive(changed(TRADITIONAL, 3, { carrier: false }), { before });
  t.is(after.vrfs.get(RED), before.vrfs.get(RED));
  t.is(after.l3vnis, before.l3vnis);
});

test('a VNI with a host port, an address, an entry among the VNIs, or no VRF is none without hosts', (t) => {
  const l3vni = (links: readonly Link[], world?: World) => derive(links, world).vrfs.get(RED)?.l3vni;
  t.is(l3vni([...TRADITIONAL, device(8, 'tap2', { master: 6 })]), undefined);
  t.is(l3vni(TRADITIONAL, { addresses: [...GATEWAYS, [6, [address('203.0.113.1')]]] }), undefined);
  t.is(l3vni(TRADITIONAL, { context: { names: (vni) => vni === 4001 } }), undefined);
  t.is(l3vni(changed(TRADITIONAL, 6, { master: 0 })), undefined);
  t.is(l3vni(TRADITIONAL, { vrfs: { red: { l3vni: undefined, advertise: false } } }), undefined);
  t.is(l3vni(TRADITIONAL, { context: { anyVrf: false } }), undefined);
  t.is(l3vni(TRADITIONAL, { context: { anyVrf: false }, vrfs: { red: names(4001) } }), toVni(4001));
  // What the configuration names may have all that
  t.is(
    l3vni([...TRADITIONAL, device(8, 'tap2', { master: 6 })], { vrfs: { red: names(4001) } }),
    toVni(4001),
  );
});

test('VLANs of one bridge: of a VXLAN device each, and of a single one', (t) => {
  const members = (...vlans: number[]) => ({
    pvid: 0,
    pvidUntagged: false,
    members: new VlanSet(vlans),
    tunnels: new Map(),
  });
  const svis = [10, 4001].map((vlanId, i) =>
    device(20 + i, `vlan${vlanId}`, { kind: 'vlan', vlanId, lower: 1, master: RED }),
  );
  const common = [
    red(),
    bridge(1, 'br0', 0, { vlanFiltering: true }),
    device(9, 'tap1', { master: 1 }),
    ...svis,
  ];
  const addresses = [[20, [address('192.0.2.1')]]] as const;
  const access = (vlan: number) => ({ ...members(vlan), pvid: vlan, pvidUntagged: true });
  const each = derive([...common, vxlan(2, 'vx10', 10, 1), vxlan(3, 'vx4001', 4001, 1)], {
    addresses,
    vlans: [
      [2, access(10)],
      [3, access(4001)],
      [9, members(10)],
    ],
  });
  t.like(each.vrfs.get(RED), { l3vni: 4001, sviName: 'vlan4001', vnis: [10] });
  const vxlanOfAll = vxlan(2, 'vxlan0', 0, 1, { port: { ...PORT, vlanTunnel: true } });
  const single = { ...vxlanOfAll, vxlan: { ...vxlanOfAll.vxlan!, collectMetadata: true } };
  const mapped = (trunk: PortVlans) =>
    derive([...common, single], {
      addresses,
      vlans: [
        [
          2,
          {
            ...members(10, 4001),
            tunnels: new Map([
              [10, 10],
              [4001, 4001],
            ]),
          },
        ],
        [9, trunk],
      ],
    });
  t.like(mapped(members(10)).vrfs.get(RED), { l3vni: 4001, sviName: 'vlan4001', vnis: [10] });
  t.is(mapped(members(10, 4001)).vrfs.get(RED)?.l3vni, undefined, 'a trunk is in its VLAN');
});

// FRRouting/frr 23028, sonic-net/sonic-buildimage 28228
test('the SVI of an L3VNI is that of its VLAN, whatever other SVI of the VRF and the bridge comes up last', (t) => {
  const access = (vlan: number) => ({
    pvid: vlan,
    pvidUntagged: true,
    members: new VlanSet([vlan]),
    tunnels: new Map(),
  });
  const ofVlan = (ifindex: number, vlanId: number, up: boolean) =>
    device(ifindex, `vlan${vlanId}`, { kind: 'vlan', vlanId, lower: 1, master: RED, up });
  const world = {
    addresses: [[20, [address('192.0.2.1')]]] as const,
    vlans: [
      [2, access(10)],
      [3, access(4001)],
    ] as const,
  };
  const common = [
    red(),
    bridge(1, 'br0', 0, { vlanFiltering: true }),
    vxlan(2, 'vx10', 10, 1),
    vxlan(3, 'vx4001', 4001, 1),
  ];
  // Of both ifindexes of the two, and both orders in which they come up
  for (const [hosts, l3] of [
    [20, 21],
    [21, 20],
  ])
    for (const last of [10, 4001]) {
      let before = EMPTY_TOPOLOGY;
      const addresses = [[hosts, [address('192.0.2.1')]]] as const;
      for (const isLast of [false, true])
        before = derive(
          [...common, ofVlan(hosts, 10, isLast || last !== 10), ofVlan(l3, 4001, isLast || last !== 4001)],
          { ...world, addresses, before },
        );
      t.like(before.vrfs.get(RED), {
        l3vni: 4001,
        sviIfindex: l3,
        sviName: 'vlan4001',
        up: true,
        vnis: [10],
      });
    }
});

test('two VNIs without hosts in one VRF: the lower one is taken, the other is a problem', (t) => {
  const topology = derive([...TRADITIONAL, bridge(8, 'br4000', RED), vxlan(9, 'vx4000', 4000, 8)]);
  t.like(topology.vrfs.get(RED), { l3vni: 4000, vnis: [10, 20, 4001] });
  t.deepEqual(texts(topology), [
    [
      toVni(4001),
      'br4001',
      'VRF red has two VNIs without hosts: 4000 is taken for its L3VNI, and 4001 for a VNI of hosts',
      'evpn.vrfs with `name: red` and the right `l3vni`; or an address for br4001, if it is to have hosts',
    ],
  ]);
  const named = derive([...TRADITIONAL, bridge(8, 'br4000', RED), vxlan(9, 'vx4000', 4000, 8)], {
    vrfs: { red: names(4001) },
  });
  t.like(named.vrfs.get(RED), { l3vni: 4001, vnis: [10, 20, 4000] });
  t.deepEqual(texts(named), []);
});

test('what keeps an L3VNI that the configuration names from its VRF', (t) => {
  const named = (links: readonly Link[], world: World = {}) => {
    const topology = derive(links, { vrfs: { red: names(4001) }, ...world });
    t.true(topology.l3vnis.has(toVni(4001)), 'it is no VNI of hosts all the same');
    return topology;
  };
  const bare = named(without(TRADITIONAL, 6, 7));
  t.is(bare.vrfs.get(RED)?.l3vni, undefined);
  t.deepEqual(texts(bare), [
    [
      toVni(4001),
      'red',
      "it is the VRF's L3VNI, and no VXLAN device has it",
      'ip link add vx4001 up type vxlan id 4001 local ADDRESS dstport 4789 nolearning, in a bridge',
    ],
  ]);
  const free = named(changed(TRADITIONAL, 6, { master: 0 }));
  t.is(free.vrfs.get(RED)?.up, false);
  t.deepEqual(texts(free), [
    [
      toVni(4001),
      'br4001',
      'it is the L3VNI of VRF red, and its SVI is in no VRF',
      'ip link set dev br4001 master red',
    ],
  ]);
  const other = named([
    ...changed(TRADITIONAL, 6, { master: 101 }),
    device(101, 'blue', { kind: 'vrf', vrfTable: 1002 }),
  ]);
  t.deepEqual(
    texts(other).map(([, , problem]) => problem),
    ['it is the L3VNI of VRF red, and its SVI is in blue'],
  );
  t.is(other.vrfs.get(101)?.l3vni, undefined, 'another VRF does not take it');
  t.deepEqual(
    texts(named(without(TRADITIONAL, RED)).problems.length > 0 ? named(without(TRADITIONAL, RED)) : other),
    [
      [
        undefined,
        'red',
        'the configuration names the VRF in evpn.vrfs, and there is no such device',
        'ip link add red up type vrf table TABLE',
      ],
    ],
  );
  const aware = bridge(6, 'br0', 0, { vlanFiltering: true });
  const noSvi = named([red(), aware, vxlan(7, 'vx4001', 4001, 6)], {
    addresses: [],
    vlans: [[7, { pvid: 40, pvidUntagged: true, members: new VlanSet([40]), tunnels: new Map() }]],
  });
  t.deepEqual(texts(noSvi), [
    [
      toVni(4001),
      'vx4001',
      'it is the L3VNI of VRF red, and has no SVI',
      'ip link add link br0 name br0.40 up master red type vlan id 40',
    ],
  ]);
});

test('what keeps a VRF with an L3VNI from routing', (t) => {
  const down = (links: readonly Link[]) => {
    const topology = derive(links, { vrfs: { red: names(4001) } });
    t.is(topology.vrfs.get(RED)?.l3vni, toVni(4001));
    t.false(topology.vrfs.get(RED)?.up);
    return texts(topology).map(([, on, problem]) => [on, problem]);
  };
  t.deepEqual(down(changed(TRADITIONAL, RED, { up: false })), [
    ['red', 'the VRF, whose L3VNI it is, is down'],
  ]);
  for (const mac of ['00:00:00:00:00:00', '03:00:00:00:00:01'])
    t.deepEqual(down(changed(TRADITIONAL, 6, { mac: parseMac(mac) })), [
      [
        'br4001',
        'the SVI of the L3VNI of VRF red has no unicast MAC, which other leaves send routed frames to',
      ],
    ]);
  t.deepEqual(down(changed(TRADITIONAL, 6, { up: false })), [['vx4001', 'its bridge br4001 is down']]);
});

test('a VXLAN device for routed traffic alone need not flood or answer ARP', (t) => {
  const port = { ...PORT, neighSuppress: false, flood: false, bcastFlood: false };
  t.deepEqual(derive(changed(TRADITIONAL, 7, { port })).problems, []);
  t.is(derive(changed(TRADITIONAL, 5, { port })).problems.length, 2);
});

/** Numbers from 0 to 1, the same again for each seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 0x100000000;
    return state / 0x100000000;
  };
}

test('whatever order devices come, go and move in, what is found is that of the last state alone', (t) => {
  const BLUE = device(101, 'blue', { kind: 'vrf', vrfTable: 1002 });
  const all = [...TRADITIONAL, BLUE, bridge(8, 'br4002', 101), vxlan(9, 'vx4002', 4002, 8)];
  const vrfs = { blue: names(4001), red: { l3vni: undefined, advertise: true } };
  let routing = 0;
  for (let seed = 0; seed < 1000; seed++) {
    const random = randomOf(seed);
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)];
    const links = new Map<number, Link>();
    const addresses = new Map(GATEWAYS);
    let before = EMPTY_TOPOLOGY;
    const world = () => ({ addresses: [...addresses], vrfs: seed % 2 === 0 ? {} : vrfs });
    for (let step = 0; step < 40; step++) {
      const link = links.get(pick(all).ifindex) ?? pick(all);
      const chance = random();
      if (chance < 0.5 || !links.has(link.ifindex))
        links.set(link.ifindex, all.find(({ ifindex }) => ifindex === link.ifindex)!);
      else if (chance < 0.6) links.delete(link.ifindex);
      else if (chance < 0.75 && link.kind === 'bridge')
        links.set(link.ifindex, { ...link, master: pick([0, RED, 101]) });
      else if (chance < 0.85 && link.kind === 'vxlan')
        links.set(link.ifindex, { ...link, master: pick([0, 1, 4, 6, 8]) });
      else if (link.kind === 'vrf') links.set(link.ifindex, { ...link, vrfTable: pick([1001, 1003]) });
      else links.set(link.ifindex, { ...link, up: random() < 0.5 });
      if (random() < 0.2) addresses.set(8, random() < 0.5 ? [address('203.0.113.1')] : []);
      before = derive([...links.values()], { ...world(), before });
    }
    const alone = derive([...links.values()].reverse(), world());
    t.deepEqual(before, alone, `seed ${seed}`);
    for (const { l3vni, up } of alone.vrfs.values()) if (l3vni !== undefined && up) routing++;
  }
  t.true(routing > 100, `${routing} VRFs were found that route`);
});
