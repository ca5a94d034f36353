import test from 'ava';
import type { InterfaceAddress, Topology } from '../../src/dataplane/index.js';
import { NO_CONTEXT } from '../../src/linux/checks.js';
import { deriveTopology, type Link, type LinkTables, type PortVlans } from '../../src/linux/index.js';
import { VlanSet } from '../../src/linux/vlan-set.js';
import { formatIp, formatMac, MAC_ZERO, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { address, device, LOCAL, vxlan } from './support/links.js';

/** The MAC that `device` gives the device with that number. */
const macOf = (ifindex: number) => `02:00:00:00:00:${ifindex.toString(16).padStart(2, '0')}`;

function inVlans(pvid: number, ...vlans: number[]): PortVlans {
  return { pvid, pvidUntagged: true, members: new VlanSet([pvid, ...vlans]), tunnels: new Map() };
}

const CONTEXT = { ...NO_CONTEXT, localRoutes: new Set([LOCAL]) };

interface Scene {
  readonly links: readonly Link[];
  readonly vlans?: Readonly<Record<number, PortVlans>>;
  readonly addresses?: Readonly<Record<number, readonly InterfaceAddress[]>>;
}

function derive({ links, vlans = {}, addresses = {} }: Scene, before?: Topology): Topology {
  const byNumber = <T>(record: Readonly<Record<number, T>>) =>
    new Map(Object.entries(record).map(([ifindex, value]) => [Number(ifindex), value]));
  const tables: LinkTables = {
    links: new Map(links.map((link) => [link.ifindex, link])),
    vlans: byNumber(vlans),
    addresses: byNumber(addresses),
    vniFilters: new Map(),
  };
  return deriveTopology(tables, CONTEXT, before);
}

/** The addresses of a VNI's domain as text, sorted. */
function ownIn(topology: Topology, vni: number): { macs: string[]; ips: string[] } {
  const { macs, ips } = topology.own.get(toVni(vni))!;
  return { macs: [...macs].map(formatMac).sort(), ips: [...ips].map(formatIp).sort() };
}

const bridge = (ifindex: number, name: string, rest: Partial<Link> = {}) =>
  device(ifindex, name, { kind: 'bridge', ...rest });

/** Two VNIs on bridges of their own: br10 (2) with vx10 (3) and p10 (4), br20 (5) with vx20 (6) and p20 (7). */
const TWO = [
  bridge(2, 'br10'),
  vxlan(3, 'vx10', 10, 2),
  device(4, 'p10', { master: 2 }),
  bridge(5, 'br20'),
  vxlan(6, 'vx20', 20, 5),
  device(7, 'p20', { master: 5 }),
];

test('addresses of one bridge, and of devices in none, are strangers on another', (t) => {
  const topology = derive({
    links: [device(1, 'lo', { mac: MAC_ZERO }), ...TWO, device(8, 'eth0'), device(9, 'c0', { master: 5 })],
    addresses: {
      1: [address('10.0.0.1')],
      2: [address('192.0.2.1'), address('fe80::1')],
      5: [address('192.0.2.50'), address('fe80::2')],
      8: [address('192.0.2.12')],
    },
  });
  t.deepEqual(ownIn(topology, 10), { macs: [2, 3, 4].map(macOf), ips: ['192.0.2.1', 'fe80::1'] });
  t.deepEqual(ownIn(topology, 20), { macs: [5, 6, 7, 9].map(macOf), ips: ['192.0.2.50', 'fe80::2'] });
});

test("a VRF does not make an address the domain's, and its SVI stays in the domain", (t) => {
  const vrf = device(8, 'red', { kind: 'vrf' });
  const enslaved = TWO.map((link) => (link.kind === 'bridge' ? { ...link, master: 8 } : link));
  const topology = derive({
    links: [...enslaved, vrf, device(9, 'eth1', { master: 8 })],
    addresses: {
      2: [address('192.0.2.1')],
      5: [address('192.0.2.50')],
      8: [address('192.0.2.8')],
      9: [address('192.0.2.9')],
    },
  });
  t.deepEqual(ownIn(topology, 10), { macs: [2, 3, 4].map(macOf), ips: ['192.0.2.1'] });
});

test('macvlans and ipvlans on the SVI are in its domain alone, also one upon the other', (t) => {
  const vrrp = '00:00:5e:00:01:01';
  const topology = derive({
    links: [
      ...TWO,
      device(8, 'v20', { kind: 'macvlan', lower: 5, mac: parseMac(vrrp) }),
      device(9, 'i20', { kind: 'ipvlan', lower: 8, mac: parseMac(vrrp) }),
      // The other end of a veth is a host behind the port like any other
      device(10, 'v10', { kind: 'veth', lower: 4 }),
    ],
    addresses: { 8: [address('192.0.2.254')], 9: [address('192.0.2.253')], 10: [address('192.0.2.10')] },
  });
  t.deepEqual(ownIn(topology, 10), { macs: [2, 3, 4].map(macOf), ips: [] });
  t.deepEqual(ownIn(topology, 20), {
    macs: [vrrp, ...[5, 6, 7].map(macOf)],
    ips: ['192.0.2.253', '192.0.2.254'],
  });
});

test("a VLAN device on a bridge that looks at no tags brings its MAC, and its IP is another network's", (t) => {
  const topology = derive({
    links: [
      ...TWO,
      device(8, 'br10.7', { kind: 'vlan', vlanId: 7, lower: 2 }),
      device(9, 'v7', { kind: 'macvlan', lower: 8 }),
      // A sub-interface as a port: not what is below it
      device(10, 'eth0'),
      device(11, 'eth0.10', { kind: 'vlan', vlanId: 10, lower: 10, master: 2 }),
    ],
    addresses: { 8: [address('192.0.2.8')], 9: [address('192.0.2.9')], 10: [address('192.0.2.10')] },
  });
  t.deepEqual(ownIn(topology, 10), { macs: [2, 3, 4, 8, 9, 11].map(macOf), ips: [] });
});

/** br0 (2), VLAN-aware, in VLANs 1 (PVID) and 10; vx10 (3) and vx20 (4); a trunk (5), an access port of VLAN 20 (6). */
const AWARE: Scene = {
  links: [
    bridge(2, 'br0', { vlanFiltering: true }),
    vxlan(3, 'vx10', 10, 2),
    vxlan(4, 'vx20', 20, 2),
    device(5, 'trunk', { master: 2 }),
    device(6, 'p20', { master: 2 }),
    device(7, 'br0.10', { kind: 'vlan', vlanId: 10, lower: 2 }),
    device(8, 'br0.20', { kind: 'vlan', vlanId: 20, lower: 2 }),
    device(9, 'v10', { kind: 'macvlan', lower: 7 }),
    device(10, 'br0.10.30', { kind: 'vlan', vlanId: 30, lower: 7 }),
  ],
  vlans: {
    2: inVlans(1, 10),
    3: inVlans(10),
    4: inVlans(20),
    5: inVlans(1, 10, 20),
    6: inVlans(20),
  },
  addresses: {
    2: [address('192.0.2.2')],
    7: [address('192.0.2.7'), address('fe80::1')],
    8: [address('192.0.2.8'), address('fe80::1')],
    9: [address('192.0.2.9')],
    10: [address('192.0.2.10')],
  },
};

test('a VLAN-aware bridge: what is in the VLAN, and no more', (t) => {
  const topology = derive(AWARE);
  t.deepEqual(ownIn(topology, 10), {
    macs: [2, 3, 5, 7, 9, 10].map(macOf),
    ips: ['192.0.2.7', '192.0.2.9', 'fe80::1'],
  });
  t.deepEqual(ownIn(topology, 20), { macs: [4, 5, 6, 8].map(macOf), ips: ['192.0.2.8', 'fe80::1'] });
  const itself = derive({ ...AWARE, vlans: { ...AWARE.vlans, 2: inVlans(10) } });
  t.true(ownIn(itself, 10).ips.includes('192.0.2.2'));
  t.false(ownIn(itself, 20).ips.includes('192.0.2.2'));
});

test('VNIs of a single VXLAN device have domains of their own', (t) => {
  const { vxlan: settings } = vxlan(3, 'vx', 0, 2);
  const links = [
    bridge(2, 'br0', { vlanFiltering: true }),
    vxlan(3, 'vx', 0, 2, {
      vxlan: { ...settings!, collectMetadata: true },
      port: { ...vxlan(3, 'vx', 0, 2).port!, vlanTunnel: true },
    }),
    device(7, 'br0.10', { kind: 'vlan', vlanId: 10, lower: 2 }),
    device(8, 'br0.20', { kind: 'vlan', vlanId: 20, lower: 2 }),
  ];
  const tunnels = new Map([
    [10, 1010],
    [20, 1020],
  ]);
  const topology = derive({
    links,
    vlans: { 3: { ...inVlans(10, 20), tunnels } },
    addresses: { 7: [address('192.0.2.7')], 8: [address('192.0.2.8')] },
  });
  t.deepEqual(ownIn(topology, 1010), { macs: [3, 7].map(macOf), ips: ['192.0.2.7'] });
  t.deepEqual(ownIn(topology, 1020), { macs: [3, 8].map(macOf), ips: ['192.0.2.8'] });
});

test('an address that is tentative, or that another node has, is not ours', (t) => {
  const topology = derive({
    links: TWO,
    addresses: {
      2: [
        address('2001:db8::1', { state: 'tentative' }),
        address('2001:db8::2', { state: 'dadfailed' }),
        address('2001:db8::3'),
      ],
    },
  });
  t.deepEqual(ownIn(topology, 10).ips, ['2001:db8::3']);
});

test('subnets have ends that no host has: IPv4 of more than two addresses, not point to point, in their domain alone', (t) => {
  const topology = derive({
    links: TWO,
    addresses: {
      2: [
        address('192.0.2.1', { prefixLength: 24 }),
        address('198.51.100.130', { prefixLength: 30 }),
        address('203.0.113.0', { prefixLength: 31 }),
        address('203.0.113.9', { prefixLength: 32 }),
        address('203.0.113.20', { prefixLength: 24, peer: parseIp('203.0.113.21') }),
        address('10.1.2.3', { prefixLength: 8 }),
        address('2001:db8::1', { prefixLength: 64 }),
      ],
      5: [address('172.16.0.1', { prefixLength: 12, state: 'tentative' })],
    },
  });
  const ends = (vni: number) => [...topology.own.get(toVni(vni))!.subnetEnds].map(formatIp).sort();
  t.deepEqual(ends(10), [
    '10.0.0.0',
    '10.255.255.255',
    '192.0.2.0',
    '192.0.2.255',
    '198.51.100.128',
    '198.51.100.131',
  ]);
  t.deepEqual(ends(20), []);
});

test('the same answer is the same object, whatever happens elsewhere', (t) => {
  const first = derive(AWARE);
  const [ten, twenty] = [10, 20].map((vni) => first.own.get(toVni(vni)));
  const stranger = derive({ ...AWARE, links: [...AWARE.links, device(11, 'eth9')] }, first);
  t.is(stranger.own.get(toVni(10)), ten);
  t.is(stranger.own.get(toVni(20)), twenty);
  t.is(stranger.ownVteps, first.ownVteps);
  const moved = derive({ ...AWARE, addresses: { ...AWARE.addresses, 7: [address('192.0.2.99')] } }, first);
  t.not(moved.own.get(toVni(10)), ten);
  t.is(moved.own.get(toVni(20)), twenty);
});

test('a port that enters or leaves a VLAN brings its addresses there or takes them along', (t) => {
  const first = derive(AWARE);
  const trunk = AWARE.vlans![5].members;
  trunk.delete(20, 20);
  const left = derive(AWARE, first);
  t.false(ownIn(left, 20).macs.includes(macOf(5)));
  t.is(left.own.get(toVni(10)), first.own.get(toVni(10)));
  trunk.add(20, 20);
  t.deepEqual(ownIn(derive(AWARE, left), 20), ownIn(first, 20));
});

test('ownVteps are what VXLAN devices have as `local`, not the addresses of other devices', (t) => {
  const topology = derive({
    links: [device(1, 'lo', { mac: MAC_ZERO }), ...TWO],
    addresses: { 1: [address('10.0.0.1'), address('192.0.2.1')], 2: [address('10.0.0.9')] },
  });
  t.deepEqual([...topology.ownVteps], [parseIp('192.0.2.1')]);
});

test('sets of VLANs', (t) => {
  const set = new VlanSet([1, 31, 32, 4095]);
  t.deepEqual([...set], [1, 31, 32, 4095]);
  set.add(30, 33);
  set.delete(31, 32);
  set.add(4094, 5000);
  t.deepEqual([...set], [1, 30, 33, 4094, 4095]);
  t.true(set.has(30) && set.has(4095) && !set.has(31) && !set.has(0));
});
