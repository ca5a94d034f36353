import test from 'ava';
import type { InterfaceAddress } from '../../src/dataplane/index.js';
import { NO_CONTEXT } from '../../src/linux/checks.js';
import type { Link, LinkTables, PortSettings, PortVlans } from '../../src/linux/index.js';
import { deriveTopology, sameTopology } from '../../src/linux/index.js';
import { VlanSet } from '../../src/linux/vlan-set.js';
import { PLAIN_TUNNEL, type VxlanSettings } from '../../src/linux/vxlan-codec.js';
import { formatIp, MAC_ZERO, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { address, device, LOCAL, PORT, vxlan } from './support/links.js';

/** Devices and routes as they should be: LOCAL is an address of this machine. */
const CONTEXT = { ...NO_CONTEXT, localRoutes: new Set([LOCAL, parseIp('2001:db8::1')]) };

function derive(
  links: readonly Link[],
  vlans: readonly (readonly [number, PortVlans])[] = [],
  addresses: readonly (readonly [number, readonly InterfaceAddress[]])[] = [],
  rest: Partial<LinkTables> = {},
) {
  return deriveTopology(
    {
      links: new Map(links.map((link) => [link.ifindex, link])),
      vlans: new Map(vlans),
      addresses: new Map(addresses),
      vniFilters: new Map(),
      ...rest,
    },
    CONTEXT,
  );
}

function access(vlan: number, untagged = true): PortVlans {
  return { pvid: vlan, pvidUntagged: untagged, members: new VlanSet([vlan]), tunnels: new Map() };
}

const BRIDGE = device(2, 'br0', { kind: 'bridge' });
const AWARE = device(2, 'br0', { kind: 'bridge', vlanFiltering: true });

test('a VLAN-unaware bridge with one VXLAN device', (t) => {
  const topology = derive(
    [device(1, 'lo', { mac: MAC_ZERO }), BRIDGE, vxlan(3, 'vx10', 10, 2), device(4, 'eth1', { master: 2 })],
    [],
    [
      [1, [address('127.0.0.1')]],
      [2, [address('198.51.100.1')]],
    ],
  );
  t.deepEqual(topology.vnis.get(toVni(10)), {
    vni: toVni(10),
    vxlanIfindex: 3,
    vxlanName: 'vx10',
    bridgeIfindex: 2,
    bridgeName: 'br0',
    vlanAware: false,
    vlan: 0,
    sviIfindex: 2,
    sviName: 'br0',
    sviMac: parseMac('02:00:00:00:00:02'),
    localVtep: LOCAL,
    multicastGroup: undefined,
    collectMetadata: false,
    isFlooded: true,
    up: true,
  });
  t.deepEqual(
    [...topology.ports.values()],
    [
      { role: 'vxlan', bridgeIfindex: 2, name: 'vx10', pvid: 0, pvidUntagged: true },
      { role: 'access', bridgeIfindex: 2, name: 'eth1', pvid: 0, pvidUntagged: true },
    ],
  );
  t.deepEqual([...topology.interfaces.keys()], [1, 2, 3, 4]);
  t.deepEqual(topology.own.get(toVni(10)), {
    macs: new Set(['02', '03', '04'].map((last) => parseMac(`02:00:00:00:00:${last}`))),
    ips: new Set([parseIp('198.51.100.1')]),
    subnetEnds: new Set(['198.51.100.0', '198.51.100.255'].map(parseIp)),
    subnets: [{ ip: parseIp('198.51.100.1'), prefixLength: 24 }],
  });
  t.deepEqual(topology.ownVteps, new Set([LOCAL]));
  t.deepEqual(topology.problems, []);
});

test('a VLAN-aware bridge: the VNI is the VLAN that the port has as pvid, untagged', (t) => {
  const svi = device(5, 'vlan10', { kind: 'vlan', vlanId: 10, lower: 2 });
  const other = device(6, 'vlan20', { kind: 'vlan', vlanId: 20, lower: 2 });
  const foreign = device(7, 'eth9.10', { kind: 'vlan', vlanId: 10, lower: 9 });
  const links = [AWARE, vxlan(3, 'vx10', 10, 2), vxlan(4, 'vx20', 20, 2), svi, other, foreign];
  const topology = derive(links, [
    [3, access(10)],
    [4, access(20)],
  ]);
  const [ten, twenty] = [topology.vnis.get(toVni(10)), topology.vnis.get(toVni(20))];
  t.is(ten?.vlan, 10);
  t.true(ten?.vlanAware);
  t.is(ten?.sviName, 'vlan10');
  t.true(ten?.up);
  t.is(twenty?.vlan, 20);
  t.is(twenty?.sviName, 'vlan20');
  t.deepEqual(topology.problems, []);
});

test('a VLAN-aware bridge is its own SVI for the VLAN that is its pvid', (t) => {
  const topology = derive(
    [AWARE, vxlan(3, 'vx10', 10, 2)],
    [
      [3, access(10)],
      [2, access(10)],
    ],
  );
  t.is(topology.vnis.get(toVni(10))?.sviName, 'br0');
  const without = derive(
    [AWARE, vxlan(3, 'vx10', 10, 2)],
    [
      [3, access(10)],
      [2, access(1)],
    ],
  );
  t.is(without.vnis.get(toVni(10))?.sviIfindex, 0);
  t.is(without.vnis.get(toVni(10))?.sviMac, undefined);
  t.true(without.vnis.get(toVni(10))?.up);
});

test('no VLAN, or a tagged pvid, maps nothing', (t) => {
  for (const vlans of [[], [[3, access(10, false)]], [[3, access(0)]]] as const) {
    const topology = derive([AWARE, vxlan(3, 'vx10', 10, 2)], vlans);
    t.false(topology.vnis.get(toVni(10))?.up);
    t.is(topology.vnis.get(toVni(10))?.vlan, 0);
    t.is(topology.vnis.get(toVni(10))?.sviIfindex, 0);
    t.deepEqual(
      topology.problems.map((problem) => problem.fix),
      ['bridge vlan add dev vx10 vid VLAN pvid untagged'],
    );
  }
});

test('the VLAN of a port for frames without a tag, and whether it sends them without one', (t) => {
  const ports = (bridge: Link, vlans: readonly (readonly [number, PortVlans])[]) =>
    [...derive([bridge, device(4, 'eth1', { master: 2 })], vlans).ports.values()].map(
      ({ pvid, pvidUntagged }) => [pvid, pvidUntagged],
    );
  t.deepEqual(ports(AWARE, []), [[0, false]], 'its VLANs are not known yet');
  t.deepEqual(ports(AWARE, [[4, access(10)]]), [[10, true]]);
  t.deepEqual(ports(AWARE, [[4, access(10, false)]]), [[10, false]]);
  t.deepEqual(ports(BRIDGE, []), [[0, true]]);
  t.deepEqual(ports(BRIDGE, [[4, access(10, false)]]), [[0, true]], 'the bridge does not look at them');
});

test('a collect-metadata device has the VNIs of its tunnel mapping', (t) => {
  const port = { ...PORT, vlanTunnel: true };
  const settings = {
    vni: 0,
    local: LOCAL,
    group: undefined,
    learning: false,
    collectMetadata: true,
    vniFilter: false,
    tunnel: PLAIN_TUNNEL,
    port: 4789,
  };
  const external = vxlan(3, 'vxe', 0, 2, { vxlan: settings, port });
  const tunnels = new Map([
    [100, 1100],
    [101, 1101],
  ]);
  const topology = derive([AWARE, external], [[3, mapped(...tunnels)]]);
  t.deepEqual([...topology.vnis.keys()], [toVni(1100), toVni(1101)]);
  t.is(topology.vnis.get(toVni(1101))?.vlan, 101);
  t.true(topology.vnis.get(toVni(1101))?.collectMetadata);
  t.deepEqual(
    topology.problems.map(({ severity, vni, fix }) => [severity, vni, fix]),
    [
      ['info', toVni(1100), 'ip link add link br0 name br0.100 up type vlan id 100'],
      ['info', toVni(1101), 'ip link add link br0 name br0.101 up type vlan id 101'],
    ],
  );
  const off = derive([AWARE, { ...external, port: { ...port, vlanTunnel: false } }]);
  t.is(off.vnis.size, 0);
  t.is(off.problems[0].fix, 'bridge link set dev vxe vlan_tunnel on');
  t.is(off.problems[0].vni, undefined);
});

test('a VNI on two devices stays with the lower ifindex and is reported with both', (t) => {
  const second = device(4, 'br1', { kind: 'bridge' });
  const links = [BRIDGE, vxlan(3, 'vx10', 10, 2), second, vxlan(5, 'again', 10, 4)];
  for (const order of [links, [...links].reverse()]) {
    const topology = derive(order);
    t.is(topology.vnis.get(toVni(10))?.vxlanName, 'vx10');
    t.deepEqual(topology.problems, [
      {
        severity: 'error',
        vni: toVni(10),
        device: 'again',
        problem:
          'VNI 10 is on two devices: vx10 in bridge br0, which serves it, and again in bridge br1, which does not',
        fix: 'ip link del dev again',
      },
    ]);
  }
});

test('each fault has its command', (t) => {
  const settings = {
    vni: 10,
    local: undefined,
    group: undefined,
    learning: true,
    collectMetadata: false,
    vniFilter: false,
    tunnel: PLAIN_TUNNEL,
    port: 4789,
  };
  const broken = vxlan(3, 'vx10', 10, 2, {
    up: false,
    vxlan: settings,
    port: { ...PORT, learning: true, neighSuppress: false },
  });
  const topology = derive([{ ...BRIDGE, up: false }, broken]);
  t.false(topology.vnis.get(toVni(10))?.up);
  t.is(topology.vnis.get(toVni(10))?.localVtep, undefined);
  t.deepEqual(
    topology.problems.map((problem) => problem.fix),
    [
      'ip link set dev vx10 up',
      'ip link set dev br0 up',
      'ip link set dev vx10 type vxlan local ADDRESS',
      'ip link set dev vx10 type vxlan nolearning',
      'bridge link set dev vx10 learning off',
      'bridge link set dev vx10 neigh_suppress on',
    ],
  );
  t.true(topology.problems.every((problem) => problem.vni === toVni(10) && problem.device === 'vx10'));
});

test("a VXLAN device in no bridge may be another program's; it is an error where the configuration lists its VNI", (t) => {
  const its = vxlan(5, 'vx10', 10, 0);
  const settings = its.vxlan as VxlanSettings;
  const links = [
    vxlan(3, 'flannel.1', 1, 0, { vxlan: { ...settings, vni: 1, port: 8472, learning: true } }),
    vxlan(4, 'cilium_vxlan', 0, 0, { vxlan: { ...settings, vni: 0, collectMetadata: true } }),
    its,
  ];
  const tables = {
    links: new Map(links.map((link) => [link.ifindex, link])),
    vlans: new Map(),
    addresses: new Map(),
    vniFilters: new Map(),
  };
  const topology = deriveTopology(tables, { ...CONTEXT, lists: (vni) => vni === toVni(10) });
  t.deepEqual(
    topology.problems.map(({ severity, vni, device, fix }) => [severity, vni, device, fix]),
    [
      ['info', toVni(1), 'flannel.1', undefined],
      ['info', undefined, 'cilium_vxlan', undefined],
      ['error', toVni(10), 'vx10', 'ip link set dev vx10 master BRIDGE'],
    ],
  );
  t.false(topology.vnis.get(toVni(10))?.up);
});

test('a VXLAN device with the UDP port that the kernel takes without dstport is a warning, with any other than 4789 a note', (t) => {
  const problemsAt = (port: number) => {
    const its = vxlan(3, 'vx10', 10, 2);
    return derive([BRIDGE, { ...its, vxlan: { ...(its.vxlan as VxlanSettings), port } }]).problems.map(
      ({ severity, fix }) => [severity, fix],
    );
  };
  t.deepEqual(problemsAt(4789), []);
  t.deepEqual(problemsAt(8472), [
    ['warning', 'ip link del dev vx10, and add it again with dstport 4789: no device can change it'],
  ]);
  t.deepEqual(problemsAt(14789), [['info', undefined]]);
});

test('a master that is no bridge is none', (t) => {
  const topology = derive([device(2, 'bond0', { kind: 'bond' }), vxlan(3, 'vx10', 10, 2)]);
  t.is(topology.vnis.get(toVni(10))?.bridgeIfindex, 0);
  t.is(topology.ports.size, 0);
});

const UNFLOODED = vxlan(3, 'vx10', 10, 2, { port: { ...PORT, flood: false } });

test('a VNI is flooded where the port lets frames of unknown destination out', (t) => {
  for (const [port, isFlooded] of [
    [vxlan(3, 'vx10', 10, 2), true],
    [UNFLOODED, false],
    // Those of known groups, and broadcast, are another matter
    [vxlan(3, 'vx10', 10, 2, { port: { ...PORT, mcastFlood: false, bcastFlood: false } }), true],
  ] as const)
    t.is(derive([BRIDGE, port]).vnis.get(toVni(10))?.isFlooded, isFlooded);
});

test('topologies compare by value', (t) => {
  const links = [BRIDGE, vxlan(3, 'vx10', 10, 2)];
  const base = derive(links);
  t.true(sameTopology(base, derive([...links].reverse())));
  const changes: Link[][] = [
    [BRIDGE],
    [BRIDGE, vxlan(3, 'vx11', 10, 2)],
    [BRIDGE, vxlan(3, 'vx10', 11, 2)],
    [BRIDGE, vxlan(3, 'vx10', 10, 0)],
    [BRIDGE, UNFLOODED],
    [BRIDGE, { ...vxlan(3, 'vx10', 10, 2), up: false }],
    [{ ...BRIDGE, mac: parseMac('02:00:00:00:00:99') }, vxlan(3, 'vx10', 10, 2)],
    [...links, device(9, 'eth9', { mac: undefined })],
  ];
  for (const [i, change] of changes.entries()) t.false(sameTopology(base, derive(change)), `change ${i}`);
  t.false(sameTopology(base, derive(links, [], [[2, [address('192.0.2.1')]]])));
});

const EXTERNAL = vxlan(3, 'vxe', 0, 2, {
  vxlan: {
    vni: 0,
    local: LOCAL,
    group: undefined,
    learning: false,
    collectMetadata: true,
    vniFilter: true,
    tunnel: PLAIN_TUNNEL,
    port: 4789,
  },
  port: { ...PORT, vlanTunnel: true },
});

function mapped(...tunnels: (readonly [number, number])[]): PortVlans {
  const members = new VlanSet(tunnels.map(([vlan]) => vlan));
  return { pvid: 0, pvidUntagged: false, members, tunnels: new Map(tunnels) };
}

const serious = (topology: ReturnType<typeof derive>) =>
  topology.problems.filter((problem) => problem.severity !== 'info').map((problem) => problem.fix);

test('a VNI that the filter of its device lacks is down, and one in it has its own group', (t) => {
  const group = parseIp('239.1.1.1');
  const vlans = [[3, mapped([10, 1010], [11, 1011], [12, 1012])]] as const;
  const filter = new Map([
    [1010, undefined],
    [1011, group],
  ]);
  const topology = derive([AWARE, EXTERNAL], vlans, [], { vniFilters: new Map([[3, filter]]) });
  const at = (vni: number) => topology.vnis.get(toVni(vni));
  t.deepEqual(
    [1010, 1011, 1012].map((vni) => at(vni)?.up),
    [true, true, false],
  );
  t.deepEqual([at(1010)?.multicastGroup, at(1011)?.multicastGroup], [undefined, group]);
  t.deepEqual(serious(topology), ['bridge vni add dev vxe vni 1012']);
  const unread = derive([AWARE, EXTERNAL], vlans);
  t.true([...unread.vnis.values()].every((vni) => !vni.up));
  const remote = new Map([[1010, parseIp('192.0.2.9')]]);
  const toOne = derive([AWARE, EXTERNAL], vlans, [], { vniFilters: new Map([[3, remote]]) });
  t.is(toOne.vnis.get(toVni(1010))?.multicastGroup, undefined);
});

test('one VNI a VLAN: the lower ifindex, then the lower VLAN, whatever the order of the tables', (t) => {
  const filter = { vniFilters: new Map([[3, new Map([1010, 1011].map((vni) => [vni, undefined]))]]) };
  const own = vxlan(4, 'vx10', 10, 2);
  for (const tunnels of [
    [
      [10, 1010],
      [11, 1010],
    ],
    [
      [11, 1010],
      [10, 1010],
    ],
  ] as const) {
    const topology = derive(
      [AWARE, own, EXTERNAL],
      [
        [4, access(10)],
        [3, mapped(...tunnels)],
      ],
      [],
      filter,
    );
    t.deepEqual([...topology.vnis.keys()], [toVni(1010)]);
    t.is(topology.vnis.get(toVni(1010))?.vlan, 10);
    t.deepEqual(serious(topology), [
      'bridge vlan del dev vxe vid 11 tunnel_info id 1010',
      'bridge vlan add dev vx10 vid VLAN pvid untagged',
    ]);
  }
  const unaware = derive([BRIDGE, vxlan(3, 'vx10', 10, 2), vxlan(4, 'vx20', 20, 2)]);
  t.deepEqual([...unaware.vnis.keys()], [toVni(10)]);
  t.deepEqual(serious(unaware), ['ip link set dev vx20 nomaster']);
});

test('both recipes side by side on one bridge', (t) => {
  const topology = derive(
    [AWARE, EXTERNAL, vxlan(4, 'vx20', 20, 2)],
    [
      [3, mapped([10, 1010])],
      [4, access(20)],
    ],
    [],
    { vniFilters: new Map([[3, new Map([[1010, undefined]])]]) },
  );
  t.deepEqual(
    [...topology.vnis.values()].map(({ vni, vlan, collectMetadata, up }) => [vni, vlan, collectMetadata, up]),
    [
      [1010, 10, true, true],
      [20, 20, false, true],
    ],
  );
  t.deepEqual(serious(topology), []);
});

test('a VLAN-unaware bridge, or none mapped, is a fault of a collect-metadata device', (t) => {
  t.deepEqual(serious(derive([BRIDGE, EXTERNAL])), ['ip link set dev br0 type bridge vlan_filtering 1']);
  const blank = { ...EXTERNAL, vxlan: { ...EXTERNAL.vxlan!, local: undefined, learning: true } };
  t.deepEqual(serious(derive([AWARE, blank])).slice(0, 2), [
    'ip link set dev vxe type vxlan local ADDRESS',
    'ip link set dev vxe type vxlan nolearning',
  ]);
  t.deepEqual(serious(derive([AWARE, EXTERNAL])), ['bridge vlan add dev vxe vid VLAN tunnel_info id VNI']);
});

test('an MTU that leaves no room for the outer headers of its family', (t) => {
  const tables = (device: Link): LinkTables => ({
    links: new Map([BRIDGE, device].map((link) => [link.ifindex, link])),
    vlans: new Map(),
    addresses: new Map(),
    vniFilters: new Map(),
  });
  const fixes = (device: Link, ipv4: number | undefined, ipv6: number | undefined) =>
    deriveTopology(tables(device), { ...CONTEXT, underlayMtu: { ipv4, ipv6 } }).problems.map(
      ({ fix }) => fix,
    );
  const v4 = vxlan(3, 'vx10', 10, 2);
  const v6 = vxlan(3, 'vx10', 10, 2, {
    vxlan: { ...v4.vxlan!, local: parseIp('2001:db8::1') },
  });
  t.deepEqual(fixes(v4, undefined, 1280), []);
  t.deepEqual(fixes(v4, 1550, 1280), []);
  t.deepEqual(fixes(v4, 1549, undefined), ['ip link set dev vx10 mtu 1499']);
  t.deepEqual(fixes(v6, 1280, 1570), []);
  t.deepEqual(fixes(v6, undefined, 1500), ['ip link set dev vx10 mtu 1430']);
});

test('what a port floods is held against what the VNI floods', (t) => {
  const at = (port: Partial<PortSettings>, floods: boolean) =>
    deriveTopology(
      {
        links: new Map([
          [2, BRIDGE],
          [3, vxlan(3, 'vx10', 10, 2, { port: { ...PORT, ...port } })],
        ]),
        vlans: new Map(),
        addresses: new Map(),
        vniFilters: new Map(),
      },
      { ...CONTEXT, floods: () => floods },
    ).problems.map(({ severity, fix }) => [severity, fix]);
  const off = { flood: false, mcastFlood: false, bcastFlood: false };
  t.deepEqual(at({}, true), []);
  t.deepEqual(at({ flood: false, mcastFlood: false }, true), [
    ['info', 'bridge link set dev vx10 flood on mcast_flood on'],
  ]);
  t.deepEqual(at(off, false), []);
  t.deepEqual(at({}, false), [
    ['info', 'bridge link set dev vx10 flood off mcast_flood off bcast_flood off'],
  ]);
});

test('a device carries frames while it is up, has carrier and is not held down by protodown', (t) => {
  const running = (rest: Partial<Link>) => derive([device(1, 'eth0', rest)]).interfaces.get(1)?.running;
  t.true(running({}));
  t.false(running({ up: false }));
  t.false(running({ carrier: false }));
  t.false(running({ protodown: true }));
});

test('an interface says which VRF it is in, and the VRF is in itself', (t) => {
  const inRed = (master: number) =>
    [device(1, 'eth0', { master }), device(2, 'red', { kind: 'vrf' })] as const;
  const tables = (links: readonly Link[]): LinkTables => ({
    links: new Map(links.map((link) => [link.ifindex, link])),
    vlans: new Map(),
    addresses: new Map(),
    vniFilters: new Map(),
  });
  const before = deriveTopology(tables(inRed(2)));
  t.deepEqual(
    [1, 2].map((ifindex) => before.interfaces.get(ifindex)?.vrf),
    [2, 2],
  );
  const after = deriveTopology(tables(inRed(0)), undefined, before);
  t.is(after.interfaces.get(1)?.vrf, undefined);
  t.false(sameTopology(before, after));
});

test('interfaces have their addresses, and stay the same objects while nothing about them changes', (t) => {
  const links = new Map([device(1, 'eth0'), device(2, 'eth1')].map((link) => [link.ifindex, link]));
  const tables = (addresses: readonly InterfaceAddress[]): LinkTables => ({
    links,
    vlans: new Map(),
    addresses: new Map([[1, addresses]]),
    vniFilters: new Map(),
  });
  const first = deriveTopology(tables([address('192.0.2.9')]));
  const [one, two] = [1, 2].map((ifindex) => first.interfaces.get(ifindex));
  t.deepEqual(one, { name: 'eth0', running: true, addresses: [address('192.0.2.9')] });
  const again = deriveTopology(tables([address('192.0.2.9')]), undefined, first);
  t.is(again.interfaces.get(1), one);
  t.true(sameTopology(first, again));
  for (const other of [
    [],
    [address('192.0.2.9', { prefixLength: 32 })],
    [address('192.0.2.9', { state: 'tentative' })],
    [address('192.0.2.9', { peer: parseIp('192.0.2.8') })],
    [address('192.0.2.9'), address('192.0.2.10')],
  ]) {
    const changed = deriveTopology(tables(other), undefined, first);
    t.deepEqual(changed.interfaces.get(1)?.addresses, other);
    t.is(changed.interfaces.get(2), two);
    t.false(sameTopology(first, changed));
  }
});

/** What is wrong with vx10 in br0, and whether VNI 10 is up. */
function judge(
  link: Partial<Link>,
  bridge: Partial<Link> = {},
  addresses: Readonly<Record<string, readonly InterfaceAddress[]>> = { lo: [address('192.0.2.1')] },
  localRoutes: readonly string[] = [],
) {
  const links = [
    device(1, 'lo', { mac: MAC_ZERO }),
    { ...BRIDGE, ...bridge },
    vxlan(3, 'vx10', 10, 2, link),
    device(4, 'down0', { up: false }),
  ];
  const topology = deriveTopology(
    {
      links: new Map(links.map((each) => [each.ifindex, each])),
      vlans: new Map(),
      addresses: new Map(links.map(({ ifindex, name }) => [ifindex, addresses[name] ?? []])),
      vniFilters: new Map(),
    },
    { ...NO_CONTEXT, localRoutes: new Set(localRoutes.map(parseIp)) },
  );
  return {
    up: topology.vnis.get(toVni(10))?.up,
    problems: topology.problems.map(({ problem, fix }) => [problem, fix]),
    ownVteps: [...topology.ownVteps].map(formatIp),
  };
}

test('a device or bridge that is up and carries no frames keeps the VNI down, with the reason', (t) => {
  t.deepEqual(judge({}), { up: true, problems: [], ownVteps: ['192.0.2.1'] });
  const down = (problem: string, fix: string | undefined) => ({
    up: false,
    problems: [[problem, fix]],
    ownVteps: ['192.0.2.1'],
  });
  // What protodown takes away is the carrier, of the bridge as well where no other port has one
  t.deepEqual(
    judge({ protodown: true, carrier: false }, { carrier: false }),
    down('the device is held down by protodown', 'ip link set dev vx10 protodown off'),
  );
  // The bridge went down and up again meanwhile
  t.false(judge({ protodown: true, carrier: true }).up);
  t.deepEqual(
    judge({ protodown: true, protodownReasons: 0b1001 }),
    down(
      'the device is held down by protodown',
      'ip link set dev vx10 protodown_reason 0 off && ip link set dev vx10 protodown_reason 3 off && ip link set dev vx10 protodown off',
    ),
  );
  t.deepEqual(judge({ carrier: false }), down('the device has no carrier', undefined));
  t.deepEqual(
    judge({}, { carrier: false }),
    down('its bridge br0 has no carrier: none of its ports forwards', undefined),
  );
  for (const [state, word] of [
    [0, 'disabled'],
    [1, 'listening'],
    [2, 'learning'],
    [4, 'blocking'],
  ] as const) {
    const problem = `the bridge port does not forward: it is ${word}`;
    const port = { ...PORT, state };
    t.deepEqual(judge({ port }), down(problem, 'bridge link set dev vx10 state 3'));
    t.deepEqual(judge({ port }, { stp: true }), down(problem, 'ip link set dev br0 type bridge stp_state 0'));
  }
});

test('a bridge that is down is one problem, though it disables its ports', (t) => {
  t.deepEqual(judge({ port: { ...PORT, state: 0 } }, { up: false, carrier: false }), {
    up: false,
    problems: [['its bridge br0 is down', 'ip link set dev br0 up']],
    ownVteps: ['192.0.2.1'],
  });
});

test('a local address that nobody can send to, or that is not ours, keeps the VNI down, with the reason', (t) => {
  const settings = vxlan(3, 'vx10', 10, 2).vxlan!;
  const local = (ip: string) => ({ vxlan: { ...settings, local: parseIp(ip) } });
  const bad = (problem: string, fix: string | undefined) => ({
    up: false,
    problems: [[problem, fix]],
    ownVteps: [],
  });
  t.deepEqual(
    judge({}, {}, {}),
    bad('no device has its local address 192.0.2.1', 'ip addr add 192.0.2.1/32 dev lo'),
  );
  t.deepEqual(
    judge(local('2001:db8::9'), {}, {}),
    bad('no device has its local address 2001:db8::9', 'ip addr add 2001:db8::9/128 dev lo'),
  );
  t.true(judge({}, {}, {}, ['192.0.2.1']).up);
  t.deepEqual(
    judge({}, {}, { down0: [address('192.0.2.1')] }),
    bad('down0, which has its local address 192.0.2.1, is down', 'ip link set dev down0 up'),
  );
  t.true(judge({}, {}, { down0: [address('192.0.2.1')], lo: [address('192.0.2.1')] }).up);
  const other = 'ip link set dev vx10 type vxlan local ADDRESS';
  for (const ip of ['127.0.0.1', '0.0.0.1', '224.0.0.1', '::1', 'ff02::1', 'fe80::1'])
    t.deepEqual(
      judge(local(ip), {}, { lo: [address(ip)] }),
      bad(`its local address ${ip} can be no VTEP's: other leaves cannot send to it`, other),
    );
  const six = (state: InterfaceAddress['state']) => ({ lo: [address('2001:db8::9', { state })] });
  t.deepEqual(
    judge(local('2001:db8::9'), {}, six('tentative')),
    bad('its local address 2001:db8::9 is tentative: duplicate address detection is not over', undefined),
  );
  t.deepEqual(
    judge(local('2001:db8::9'), {}, six('dadfailed')),
    bad("its local address 2001:db8::9 is another node's, as duplicate address detection found", other),
  );
  t.true(judge(local('2001:db8::9'), {}, six('usable')).up);
});

test('an address of the SVI that another node has is said, with the command that removes it', (t) => {
  const { up, problems } = judge(
    {},
    {},
    { lo: [address('192.0.2.1')], br0: [address('2001:db8::2', { prefixLength: 64, state: 'dadfailed' })] },
  );
  t.true(up);
  t.deepEqual(problems, [
    [
      "2001:db8::2 is another node's, as duplicate address detection found, so that it is not ours",
      'ip addr del 2001:db8::2/64 dev br0',
    ],
  ]);
});

test('another UDP port than other leaves send to may be meant so', (t) => {
  const settings = vxlan(3, 'vx10', 10, 2).vxlan!;
  const { up, problems } = judge({ vxlan: { ...settings, port: 8472 } });
  t.true(up);
  t.is(problems.length, 1);
  t.regex(String(problems[0][0]), /UDP port is 8472/);
});

test('suppression of ARP and ND by VLAN is no fault', (t) => {
  t.deepEqual(judge({ port: { ...PORT, neighSuppress: false, neighVlanSuppress: true } }).problems, []);
  t.is(judge({ port: { ...PORT, neighSuppress: false } }).problems.length, 1);
});
