import test from 'ava';
import { Ntf, Nud, OUR_ROWS } from '../../src/dataplane/index.js';
import type { Announcer } from '../../src/evpn/announcer.js';
import { Evaluator } from '../../src/evpn/evaluate.js';
import { listOf } from '../../src/evpn/few.js';
import { MAX_SEQUENCE, MoveHistory, Rule } from '../../src/evpn/index.js';
import type { UnusedLog } from '../../src/evpn/unused-log.js';
import { type Ip, type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { ExtendedCommunity, formatNlri } from '../../src/wire/index.js';
import { macRoute, originated, RecordingLog } from '../bgp/fabric.js';
import { withOwn } from '../dataplane/memory-world.js';
import { servingLeaf, vtepOf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const IP = parseIp('192.0.2.11');
const [A, B] = [8, 9].map(vtepOf);
/** An address below this leaf's. */
const LOWER = parseIp('9.9.9.9');

async function scene() {
  const log = new RecordingLog();
  const { clock, leaf, devices } = await servingLeaf(VNI, {}, log);
  const vrf = leaf.evpn.vrf(VNI)!;
  const { kernel } = leaf.world;
  const { bridgeIfindex } = devices;
  const members = [A, B].map((vtep, i) => new SegmentMember(leaf, i + 8, vtep));
  const says =
    (member: number, sequence: number, stands = true) =>
    () => {
      members[member].macIp(HOST, VNI, { sequence, stands });
      members[member].macIp(HOST, VNI, { ip: IP, sequence, stands });
    };
  return {
    clock,
    log,
    leaf,
    devices,
    vrf,
    says,
    comes: () => {
      leaf.hostSpeaks(devices, HOST);
      kernel.putNeigh({ ifindex: bridgeIfindex, ip: IP, mac: HOST, state: 2, flags: 0, protocol: 0 });
    },
    leaves: () => {
      leaf.hostAges(devices, HOST);
      kernel.dropNeigh(bridgeIfindex, IP);
    },
    /** Another leaf announces the MAC, alone or with an IP. */
    claims: (
      vtep: Ip,
      sequence: number,
      sticky = false,
      stands = true,
      mac = HOST,
      ip: Ip | undefined = undefined,
    ) => {
      const source = { neighbor: '192.0.2.7', routerId: 7, internal: false };
      const [encapsulation, , ...rest] = originated(
        '10.0.0.7',
        ExtendedCommunity.macMobility(sequence, sticky),
      ).extendedCommunities;
      const extendedCommunities = [encapsulation, vrf.exportTargets[0], ...rest];
      const attributes = { nextHop: vtep, extendedCommunities, pmsiTunnel: undefined };
      leaf.receive(source, 65_107, stands ? attributes : undefined, [macRoute(mac, { ip })]);
    },
    /** Our changes of routes, as they are made from now on. */
    changes: () => {
      const changes: string[] = [];
      leaf.localRib.listen({
        changed({ nlri, route }, before) {
          const what = route === undefined ? 'withdraw' : before === undefined ? 'announce' : 'replace';
          changes.push(`${what} ${formatNlri(nlri)}`);
        },
      });
      return changes;
    },
    /** MACs and IPs here, MACs and IPs elsewhere, and where the MACs are. */
    counts: () => {
      const { localMacs, localIps, remoteMacs, remoteIps } = vrf.counts;
      const vteps = [...leaf.evpn.vteps.values()].map(({ address, macs }) => [address, macs]);
      return [localMacs, localIps, remoteMacs, remoteIps, vteps];
    },
  };
}

test('a host is counted where it is, and only there, as it comes, goes away, moves between leaves and ends', async (t) => {
  const { clock, vrf, says, comes, leaves, counts } = await scene();
  const NOBODY = [0, 0, 0, 0, []];
  for (const [does, wanted] of [
    [comes, [1, 1, 0, 0, []]],
    [leaves, NOBODY],
    [says(0, 0), [0, 0, 1, 1, [[A, 1]]]],
    [
      says(1, 1),
      [
        0,
        0,
        1,
        1,
        [
          [A, 0],
          [B, 1],
        ],
      ],
    ],
    [says(0, 0, false), [0, 0, 1, 1, [[B, 1]]]],
    [comes, [1, 1, 0, 0, [[B, 0]]]],
    [says(1, 3), [0, 0, 1, 1, [[B, 1]]]],
    [says(1, 3, false), NOBODY],
  ] as const) {
    does();
    clock.advance(20_000);
    t.deepEqual(counts(), wanted);
  }
  t.deepEqual([vrf.macs.size, vrf.ips.size], [0, 0]);
});

test('a VNI that goes takes back what its leaves were counted with', async (t) => {
  const { clock, leaf, devices, says } = await scene();
  says(0, 0)();
  clock.advance(20_000);
  leaf.removeVni(devices);
  clock.advance(20_000);
  t.is(leaf.evpn.vteps.size, 0);
});

for (const [name, isSticky, isSeen] of [
  ['one that is pinned elsewhere is a conflict', true, true],
  ['one that may move is none', false, false],
] as const)
  test(`a MAC that is heard on a port while another leaf has it: ${name}`, async (t) => {
    const { clock, leaf, vrf } = await scene();
    const { conflicts, claims, vteps } = leaf.evpn;
    const none = undefined as never;
    const evaluator = new Evaluator(
      leaf.dataPlane,
      leaf.localRib,
      claims,
      vteps,
      none,
      conflicts,
      none,
      none,
    );
    const [port] = leaf.dataPlane.topology.ports.keys();
    evaluator.intruderHeard(vrf, HOST, port);
    t.deepEqual(conflicts.of(VNI), [], 'a MAC that nobody has');
    const source = { neighbor: '192.0.2.9', routerId: 9, internal: false };
    const said = originated('10.0.0.9', ExtendedCommunity.macMobility(0, isSticky));
    leaf.receive(source, 65_000, said, [macRoute(HOST)]);
    clock.advance(20_000);
    t.is(vrf.macs.get(HOST)?.ownership.owner, 'remote');
    evaluator.intruderHeard(vrf, HOST, port);
    const { name: device } = leaf.dataPlane.topology.ports.get(port)!;
    t.deepEqual(
      conflicts.of(VNI).map((each) => [each.mac, each.vtep, each.device]),
      isSeen ? [[HOST, B, device]] : [],
    );
  });

const [OF_MAC, OF_IP] = [
  '[2]:[0]:[48]:[02:00:00:00:00:01]',
  '[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[192.0.2.11]',
];
type Scene = Awaited<ReturnType<typeof scene>>;

// RFC 7432 §7.2
for (const [name, does] of [
  ['ages', ({ leaf, devices }: Scene) => leaf.hostAges(devices, HOST)],
  ['moves to another leaf', ({ claims }: Scene) => claims(B, 1)],
  ['is pinned to another leaf', ({ claims }: Scene) => claims(B, 0, true)],
] as const)
  test(`the routes of an IP are withdrawn before that of its MAC: the MAC ${name}`, async (t) => {
    const all = await scene();
    all.comes();
    all.clock.advance(20_000);
    const changes = all.changes();
    does(all);
    all.clock.advance(20_000);
    t.deepEqual(changes, [`withdraw ${OF_IP}`, `withdraw ${OF_MAC}`]);
  });

test('a host that comes is announced, and with the next number in the same place: nothing of it is withdrawn', async (t) => {
  const { clock, leaf, devices, vrf, claims, comes, changes } = await scene();
  const told = changes();
  comes();
  clock.advance(20_000);
  t.deepEqual(told.splice(0), [`announce ${OF_MAC}`, `announce ${OF_IP}`]);
  claims(B, 0);
  clock.advance(20_000);
  t.deepEqual(told, [], 'the higher address of two with one number has no say');
  leaf.hostAges(devices, HOST);
  leaf.hostSpeaks(devices, HOST);
  clock.advance(20_000);
  t.is(vrf.macs.get(HOST)?.ownership.sequence, 1);
  t.deepEqual(told, [`replace ${OF_MAC}`, `replace ${OF_IP}`]);
});

for (const [name, vtep, owner] of [
  ['a lower address', LOWER, 'remote'],
  ['a higher address', B, 'local'],
] as const)
  test(`of two claims with one number the lower address has the MAC: another leaf with ${name}: ${owner}`, async (t) => {
    const { clock, vrf, claims, comes } = await scene();
    comes();
    clock.advance(20_000);
    claims(vtep, 0);
    clock.advance(20_000);
    t.is(vrf.macs.get(HOST)?.ownership.owner, owner);
  });

for (const [name, vtep, sequence, sticky, isPinned, isUp] of [
  ['may move', LOWER, MAX_SEQUENCE - 1, false, false, true],
  ['has the highest number of a lower address', LOWER, MAX_SEQUENCE, false, true, true],
  ['has the highest number of a higher address', B, MAX_SEQUENCE, false, false, true],
  ['has the highest number while the VNI has no address', LOWER, MAX_SEQUENCE, false, false, false],
  ['is sticky', B, 0, true, true, true],
] as const)
  test(`a remote MAC's row is pinned where no host here may take it: one that ${name}`, async (t) => {
    const { clock, leaf, devices, claims } = await scene();
    if (!isUp) leaf.addVni(devices, { localVtep: undefined });
    claims(vtep, sequence, sticky);
    clock.advance(20_000);
    const row = leaf.world.kernel.tables.bridgeRow(devices.bridgeIfindex, 0, HOST);
    const { state, flags } = isPinned ? OUR_ROWS.pinnedBridge : OUR_ROWS.bridge;
    t.like(row, { port: devices.vxlanIfindex, state, flags });
  });

/** A MAC here, configured or not, and one there; whether that is a conflict. */
const CONFLICTS: readonly (readonly [
  string,
  { state: number; flags: number } | undefined,
  Parameters<Scene['claims']>,
  boolean,
])[] = [
  [
    'configured, and a claim of one number and a higher address',
    { state: Nud.NOARP, flags: 0 },
    [B, 0],
    false,
  ],
  [
    'configured, and a claim of one number and a lower address',
    { state: Nud.NOARP, flags: 0 },
    [LOWER, 0],
    true,
  ],
  ['configured, and a claim of a higher number', { state: Nud.NOARP, flags: 0 }, [B, 1], true],
  ['configured, and a sticky claim', { state: Nud.NOARP, flags: 0 }, [B, 0, true], true],
  ['sticky, and a claim of a higher number', { state: Nud.NOARP, flags: Ntf.STICKY }, [LOWER, 9], false],
  [
    'sticky, and a sticky claim of a higher address',
    { state: Nud.NOARP, flags: Ntf.STICKY },
    [B, 0, true],
    false,
  ],
  [
    'sticky, and a sticky claim of a lower address',
    { state: Nud.NOARP, flags: Ntf.STICKY },
    [LOWER, 0, true],
    true,
  ],
  ['learned, and a claim of a higher number', { state: Nud.REACHABLE, flags: 0 }, [LOWER, 9], false],
  ['learned, and a sticky claim', { state: Nud.REACHABLE, flags: 0 }, [B, 0, true], true],
  ['not here, and a sticky claim', undefined, [B, 0, true], false],
];

for (const [name, here, claim, isConflict] of CONFLICTS)
  test(`a MAC is a conflict where a claim would have it elsewhere but for a pin: ${name}`, async (t) => {
    const { clock, leaf, devices, claims } = await scene();
    const { bridgeIfindex, accessIfindex: port } = devices;
    if (here) leaf.world.kernel.putBridge({ bridgeIfindex, vlan: 0, mac: HOST, port, ...here });
    clock.advance(20_000);
    claims(...claim);
    clock.advance(20_000);
    t.is(leaf.evpn.conflicts.of(VNI).length, Number(isConflict));
    const [vtep, sequence, sticky] = claim;
    claims(vtep, sequence, sticky, false);
    clock.advance(1000);
    t.is(leaf.evpn.conflicts.of(VNI).length, 0);
  });

test("an address of our own is nobody else's, whatever a search of its routes found", async (t) => {
  const { clock, leaf, vrf, claims, says } = await scene();
  says(0, 0)();
  claims(A, 0);
  clock.advance(20_000);
  const [mac, ip] = [vrf.macs.get(HOST)!, vrf.ips.get(IP)!];
  t.deepEqual([mac.ownership.owner, ip.owner], ['remote', 'remote']);
  const nothing = () => {};
  const evaluator = new Evaluator(
    leaf.dataPlane,
    leaf.localRib,
    leaf.evpn.claims,
    leaf.evpn.vteps,
    { macMoved: nothing, ipMoved: nothing },
    leaf.evpn.conflicts,
    { seen: nothing } as unknown as UnusedLog,
    { mac: nothing, ip: nothing, withdrawIps: nothing } as unknown as Announcer,
  );
  const look = () => {
    for (const entry of [mac, ip]) {
      const search = leaf.evpn.claims.search(vrf, entry);
      for (const destination of listOf(entry.remotes)) search.see(destination);
      t.truthy(search.found);
      if (entry === mac) evaluator.mac(vrf, mac, search);
      else evaluator.ip(vrf, ip, search);
    }
    return [mac.ownership.owner, ip.owner];
  };
  t.deepEqual(look(), ['remote', 'remote']);
  vrf.own = { ...vrf.own, ips: new Set([IP]) };
  t.deepEqual(look(), ['remote', 'none']);
  vrf.own = { ...vrf.own, macs: new Set([HOST]) };
  t.deepEqual(look(), ['none', 'none']);
});

test('the IPs of a MAC are looked at again with it: by the routes where it is elsewhere, else as hosts; asked for as it comes home', async (t) => {
  const { clock, leaf, devices, vrf, claims, comes } = await scene();
  const asked: unknown[] = [];
  const { dataPlane } = leaf;
  const find = dataPlane.findNeigh.bind(dataPlane);
  dataPlane.findNeigh = (vni, ip, mac) => {
    asked.push([vni, ip, mac]);
    find(vni, ip, mac);
  };
  const lanes: string[] = [];
  const mark = vrf.markIp.bind(vrf);
  vrf.markIp = (entry, lane = vrf.ofRoutes) => {
    lanes.push(lane === vrf.ofRoutes ? 'routes' : 'hosts');
    mark(entry, lane);
  };
  const steps: readonly (readonly [string, () => void, string, boolean])[] = [
    ['goes to another leaf', () => claims(B, 1), 'routes', false],
    ['and to another one', () => claims(A, 2), 'routes', false],
    ['comes home', () => leaf.hostSpeaks(devices, HOST), 'hosts', true],
    [
      'goes and comes at once',
      () => {
        leaf.hostAges(devices, HOST);
        leaf.hostSpeaks(devices, HOST);
        claims(A, 3);
      },
      'hosts',
      false,
    ],
    ['ages', () => leaf.hostAges(devices, HOST), 'routes', false],
    ['comes home again', () => leaf.hostSpeaks(devices, HOST), 'hosts', true],
  ];
  comes();
  clock.advance(20_000);
  for (const [name, does, lane, isAsked] of steps) {
    lanes.length = 0;
    asked.length = 0;
    does();
    clock.advance(20_000);
    t.true(lanes.includes(lane), name);
    t.deepEqual(asked, isAsked ? [[VNI, IP, HOST]] : [], name);
  }
});

test('a remote MAC that turns out to be our own takes its IP with it', async (t) => {
  const { clock, leaf, devices, vrf, says } = await scene();
  const { kernel } = leaf.world;
  says(0, 0)();
  clock.advance(20_000);
  const state = () => [
    vrf.macs.get(HOST)?.ownership.owner,
    vrf.ips.get(IP)?.owner,
    kernel.tables.neighRow(devices.bridgeIfindex, IP)?.mac,
  ];
  t.deepEqual(state(), ['remote', 'remote', HOST]);
  kernel.setTopology(withOwn(kernel.topology, VNI, [HOST], []));
  clock.advance(20_000);
  t.deepEqual(state(), ['none', 'none', undefined]);
});

const OTHER = parseMac('02:00:00:00:00:02');

for (const [name, mac, state, owner] of [
  ['the MAC that it is frozen with', HOST, Nud.STALE, 'local'],
  ['another MAC', OTHER, Nud.REACHABLE, 'none'],
  ['another MAC, as an operator says', OTHER, Nud.PERMANENT, 'local'],
] as const)
  test(`a frozen IP that is heard with ${name}: ${owner}`, async (t) => {
    const { clock, leaf, devices, vrf, comes, claims } = await scene();
    comes();
    leaf.hostSpeaks(devices, OTHER);
    clock.advance(20_000);
    const entry = vrf.ips.get(IP)!;
    t.is(entry.owner, 'local');
    entry.history = Object.assign(new MoveHistory(), { frozen: true });
    const { bridgeIfindex: ifindex } = devices;
    leaf.world.kernel.putNeigh({ ifindex, ip: IP, mac, state, flags: 0, protocol: 0 });
    // Another leaf gets none of it
    claims(B, 0, false, true, parseMac('02:00:00:00:00:03'), IP);
    clock.advance(1000);
    t.deepEqual([entry.owner, entry.mac], [owner, mac === HOST || owner === 'none' ? HOST : OTHER]);
  });

test('an IP that is heard while its MAC is nowhere is known until it is heard no more', async (t) => {
  const { clock, leaf, devices, vrf, comes } = await scene();
  const { kernel } = leaf.world;
  comes();
  leaf.hostAges(devices, HOST);
  clock.advance(1000);
  t.deepEqual([vrf.ips.get(IP)?.owner, vrf.ips.get(IP)?.epoch, vrf.macs.has(HOST)], ['none', 0, true]);
  leaf.hostSpeaks(devices, HOST);
  clock.advance(1000);
  t.is(vrf.ips.get(IP)?.owner, 'local');
  t.not(vrf.ips.get(IP)?.epoch, 0);
  leaf.hostAges(devices, HOST);
  kernel.dropNeigh(devices.bridgeIfindex, IP);
  clock.advance(1000);
  t.deepEqual([vrf.ips.size, vrf.macs.size], [0, 0]);
});

test('a remote IP that was never here has beaten no local binding', async (t) => {
  const { clock, leaf, vrf, says } = await scene();
  says(0, 0)();
  clock.advance(1000);
  t.deepEqual([vrf.ips.get(IP)?.owner, vrf.ips.get(IP)?.epoch], ['remote', 0]);
  t.is(leaf.dataPlane.plane(VNI)?.neighs.get(IP)?.overEpoch, 0);
});

test('moves are logged with where a MAC or an IP was and is, each once, and no look that changes nothing is one', async (t) => {
  const { clock, log, leaf, devices, comes, claims } = await scene();
  const { bridgeIfindex: ifindex } = devices;
  const member = new SegmentMember(leaf, 6, vtepOf(6));
  const moves = () =>
    log.lines
      .splice(0)
      .filter(({ message }) => message.includes('moved'))
      .map(({ message, facts }) => {
        const { from, to, sequence } = facts as { from: string; to: string; sequence: number };
        return [message.slice(0, 3).trim(), from, to, sequence];
      });
  const resolves = (mac: Mac, state: number = Nud.REACHABLE) =>
    leaf.world.kernel.putNeigh({ ifindex, ip: IP, mac, state, flags: 0, protocol: 0 });
  const steps: readonly (readonly [
    string,
    () => void,
    readonly (readonly [string, string, string, number])[],
  ])[] = [
    ['comes', comes, []],
    ['the same row again', () => resolves(HOST, Nud.STALE), []],
    ['its MAC moves away', () => claims(B, 1), [['MAC', 'p10010', '10.0.0.9', 1]]],
    ['and from leaf to leaf', () => claims(A, 2), [['MAC', '10.0.0.9', '10.0.0.8', 2]]],
    ['and here', () => leaf.hostSpeaks(devices, HOST), [['MAC', '10.0.0.8', 'p10010', 3]]],
    ['its IP is known again', () => resolves(HOST), []],
    [
      'the IP moves to a MAC of another leaf',
      () => member.macIp(OTHER, VNI, { ip: IP, sequence: 9 }),
      [['IP', 'p10010', '10.0.0.6', 9]],
    ],
    ['which is said again', () => member.macIp(OTHER, VNI, { ip: IP, sequence: 9 }), []],
    ['and is back', () => resolves(HOST), [['IP', '10.0.0.6', 'p10010', 10]]],
  ];
  for (const [name, does, wanted] of steps) {
    does();
    clock.advance(5000);
    t.deepEqual(moves(), wanted, name);
  }
});

test("an IP that a remote MAC claims which is here is nobody's, and stays with the MAC that had it", async (t) => {
  const { clock, leaf, devices, vrf, comes } = await scene();
  comes();
  leaf.hostSpeaks(devices, OTHER);
  clock.advance(1000);
  leaf.world.kernel.dropNeigh(devices.bridgeIfindex, IP);
  new SegmentMember(leaf, 6, vtepOf(6)).macIp(OTHER, VNI, { ip: IP });
  clock.advance(1000);
  const entry = vrf.ips.get(IP)!;
  t.is(vrf.macs.get(OTHER)?.ownership.owner, 'local');
  t.deepEqual([entry.owner, entry.mac], ['none', HOST]);
});

/** What becomes of an IP of a host here that another leaf has pinned to another MAC, and whether the conflict is shown on. */
for (const [name, does, isShown, owner] of [
  ['the other claim goes', ({ claims }: Scene) => claims(B, 0, true, false, OTHER, IP), false, undefined],
  [
    'the other claim is pinned no more',
    ({ claims }: Scene) => claims(B, 0, false, true, OTHER, IP),
    false,
    'remote',
  ],
  [
    'the host here goes',
    ({ leaf, devices }: Scene) => leaf.world.kernel.dropNeigh(devices.bridgeIfindex, IP),
    true,
    'remote',
  ],
  [
    'the MAC of the host here goes',
    ({ leaf, devices }: Scene) => leaf.hostAges(devices, HOST),
    true,
    'remote',
  ],
  [
    'the host here is configured',
    ({ leaf, devices }: Scene) =>
      leaf.world.kernel.putNeigh({
        ...{ ifindex: devices.bridgeIfindex, ip: IP, mac: HOST },
        ...{ state: Nud.PERMANENT, flags: 0, protocol: 0 },
      }),
    true,
    'local',
  ],
] as const)
  test(`the conflict of an IP that is pinned elsewhere: ${name}`, async (t) => {
    const all = await scene();
    const { clock, leaf, devices, vrf, comes, claims } = all;
    comes();
    clock.advance(1000);
    claims(B, 0, true, true, OTHER, IP);
    clock.advance(1000);
    const shown = () =>
      leaf.evpn.conflicts.of(VNI).map(({ mac, ip, device, vtep, pin }) => [mac, ip, device, vtep, pin]);
    const device = leaf.dataPlane.topology.ports.get(devices.accessIfindex)?.name;
    t.deepEqual(shown(), [[HOST, IP, device, B, Rule.STICKY]]);
    t.is(vrf.ips.get(IP)?.owner, 'remote');
    does(all);
    clock.advance(1000);
    const pin = owner === 'local' ? undefined : Rule.STICKY;
    t.deepEqual(shown(), isShown ? [[HOST, IP, device, B, pin]] : []);
    t.is(vrf.ips.get(IP)?.owner, owner);
  });

test('an IP of a host here stays where the MAC that has it elsewhere is here too, pinned or not', async (t) => {
  const { clock, leaf, devices, vrf, comes, claims } = await scene();
  comes();
  const { bridgeIfindex, accessIfindex: port } = devices;
  leaf.world.kernel.putBridge({ bridgeIfindex, vlan: 0, mac: OTHER, port, state: Nud.NOARP, flags: 0 });
  clock.advance(1000);
  claims(B, 0, true, true, OTHER, IP);
  clock.advance(1000);
  t.is(vrf.macs.get(OTHER)?.ownership.owner, 'local');
  t.is(vrf.ips.get(IP)?.owner, 'local');
});

/** A host here against another leaf's claim of its IP with a higher number; whose the IP is, and whether that is a conflict. */
for (const [name, flags, neighState, owner, isConflict] of [
  ['a host', 0, Nud.REACHABLE, 'remote', false],
  ["an operator's neighbor", 0, Nud.PERMANENT, 'local', true],
  ['a sticky MAC', Ntf.STICKY, Nud.REACHABLE, 'local', true],
] as const)
  test(`whose an IP is that another leaf has with a higher number: ${name} here`, async (t) => {
    const { clock, leaf, devices, vrf, claims } = await scene();
    const { kernel } = leaf.world;
    const { bridgeIfindex, accessIfindex: port } = devices;
    const state = flags === 0 ? Nud.REACHABLE : Nud.NOARP;
    kernel.putBridge({ bridgeIfindex, vlan: 0, mac: HOST, port, state, flags });
    kernel.putNeigh({ ifindex: bridgeIfindex, ip: IP, mac: HOST, state: neighState, flags: 0, protocol: 0 });
    clock.advance(1000);
    claims(B, 7, false, true, OTHER, IP);
    clock.advance(1000);
    t.is(vrf.ips.get(IP)?.owner, owner);
    t.deepEqual(
      leaf.evpn.conflicts.of(VNI).map(({ mac, ip, vtep, pin }) => [mac, ip, vtep, pin]),
      isConflict ? [[HOST, IP, B, undefined]] : [],
    );
  });

for (const [name, vtep, owner] of [
  ['a lower address', LOWER, 'remote'],
  ['a higher address', B, 'local'],
] as const)
  test(`of two claims of an IP with one number the lower address has it: another leaf with ${name}`, async (t) => {
    const { clock, vrf, comes, claims } = await scene();
    comes();
    clock.advance(1000);
    claims(vtep, 0, false, true, OTHER, IP);
    clock.advance(1000);
    t.is(vrf.ips.get(IP)?.owner, owner);
  });

test('an IP that comes here gives its number to its MAC and to all other IPs of that', async (t) => {
  const { clock, leaf, devices, comes, claims } = await scene();
  const second = parseIp('192.0.2.12');
  const row = { ifindex: devices.bridgeIfindex, mac: HOST, state: Nud.REACHABLE, flags: 0, protocol: 0 };
  const mobility = () =>
    [...leaf.localRib.routes()]
      .filter(({ nlri }) => 'mac' in nlri && nlri.mac === HOST)
      .map(({ nlri, attributes }) => [
        'ip' in nlri && nlri.ip,
        attributes.extendedCommunities.includes(ExtendedCommunity.macMobility(10, false)),
      ]);
  comes();
  leaf.world.kernel.putNeigh({ ...row, ip: second });
  clock.advance(1000);
  claims(B, 9, false, true, OTHER, IP);
  clock.advance(1000);
  t.deepEqual(mobility(), [
    [undefined, false],
    [second, false],
  ]);
  leaf.world.kernel.putNeigh({ ...row, ip: IP });
  clock.advance(1000);
  t.deepEqual(new Set(mobility()), new Set([undefined, second, IP].map((ip) => [ip, true])));
});

test('a conflict with a pinned MAC is shown on, though its host is no longer heard and the claim comes again', async (t) => {
  const { clock, leaf, devices, comes, claims } = await scene();
  comes();
  clock.advance(1000);
  claims(B, 0, true);
  clock.advance(1000);
  t.is(leaf.dataPlane.localMac(VNI, HOST), undefined);
  for (const sequence of [1, 2]) {
    claims(B, sequence, true);
    clock.advance(1000);
    t.is(leaf.evpn.conflicts.of(VNI).length, 1);
  }
  leaf.hostSpeaks(devices, HOST);
  claims(B, 3);
  clock.advance(1000);
  t.is(leaf.evpn.conflicts.of(VNI).length, 0);
});

test('a neighbor that an operator frees is no conflict any more, though both claims of its IP stand', async (t) => {
  const { clock, leaf, devices, vrf, comes, claims } = await scene();
  const row = { ifindex: devices.bridgeIfindex, ip: IP, mac: HOST, flags: 0, protocol: 0 };
  comes();
  leaf.world.kernel.putNeigh({ ...row, state: Nud.PERMANENT });
  clock.advance(1000);
  claims(B, 0, false, true, OTHER, IP);
  clock.advance(1000);
  t.is(leaf.evpn.conflicts.of(VNI).length, 1);
  leaf.world.kernel.putNeigh({ ...row, state: Nud.REACHABLE });
  clock.advance(1000);
  t.deepEqual([vrf.ips.get(IP)?.owner, leaf.evpn.conflicts.of(VNI)], ['local', []]);
});
