import test from 'ava';
import { excessProblems } from '../../src/api/rooms/excess-problems.js';
import { FabricSurvey } from '../../src/api/rooms/fabric-survey.js';
import { statusProblems } from '../../src/api/rooms/problem-items.js';
import type { Rooms } from '../../src/api/rooms/rooms.js';
import {
  bfdProblems,
  limitProblems,
  sessionProblems,
  stalledProblems,
} from '../../src/api/rooms/session-problems.js';
import { underlayProblems } from '../../src/api/rooms/underlay-problems.js';
import { type NeighborStatus, noRefusals } from '../../src/bgp/index.js';
import { parseConfig } from '../../src/config/load.js';
import type { TopologyProblem } from '../../src/dataplane/index.js';
import { parseIp, parsePrefix, toVni } from '../../src/types/index.js';
import type { DeadEnd } from '../../src/underlay/index.js';
import { IPV4_UNICAST, IPV6_UNICAST } from '../../src/wire/index.js';

const problem = (over: Partial<TopologyProblem> & { number?: number }): TopologyProblem => ({
  severity: 'error',
  vni: over.number === undefined ? undefined : toVni(over.number),
  device: 'vx',
  problem: 'the device is down',
  fix: 'ip link set dev vx up',
  ...over,
});

function rooms(
  problems: TopologyProblem[],
  sessions: readonly string[] = [],
  evpn = 'evpn: { vnis: [{ vni: 20, advertise: false }] }',
): Rooms {
  const config = parseConfig(`{asn: 1, router-id: 10.0.0.1, neighbors: [], ${evpn}}`, 'problems.yaml');
  return {
    config: () => config,
    clock: { wallTime: () => 0 },
    problems: () => [{ severity: 'error', problem: 'the file', fix: null }],
    // VNI 40 has no device
    dataPlane: {
      topology: {
        problems,
        l3vnis: new Set(),
        vrfs: new Map(),
        vnis: new Map([10, 20, 30].map((vni) => [vni, {}])),
        interfaces: new Map(),
        ownVteps: new Set(),
      },
      problems: {
        ofVteps: () => [],
        ofGateways: () => [],
        contests: { problems: () => [] },
        ofHardware: () => [],
      },
      hosts: { problems: () => [] },
    },
    evpn: {
      vrfs: () => [],
      ipVrfs: { values: () => [], isRefused: () => false },
      admissions: { excesses: () => [] },
    },
    speaker: {
      neighbors: () =>
        sessions.map((state, i) => ({
          address: `10.1.1.${i}`,
          families: [],
          state,
          lastError: undefined,
          routes: { refused: noRefusals() },
          limits: { onLimit: 'close' },
          limitUse: { what: 'routes', used: 0, limit: 100, level: 'within' },
        })),
    },
  } as unknown as Rooms;
}
const statusOf = (of: Rooms) => statusProblems(of, { neighbors: new Map(), fabric: new FabricSurvey(of) });
const texts = (of: Rooms) => statusOf(of).map((each) => `${each.severity}: ${each.problem}`);

test("errors and warnings of VNIs that are served are the leaf's, notes and those of others are not", (t) => {
  const found = texts(
    rooms([
      problem({ number: 11, severity: 'warning' }),
      problem({ number: 12, severity: 'info' }),
      problem({ number: 10 }),
      problem({ number: 20 }),
      problem({ severity: 'warning' }),
    ]),
  );
  t.deepEqual(found, [
    'error: the file',
    'warning: vx: the device is down',
    'error: VNI 10: vx: the device is down',
    'warning: VNI 11: vx: the device is down',
  ]);
  const listed = 'evpn: { advertise-all-vni: false, vnis: [{ vni: 30 }] }';
  t.deepEqual(texts(rooms([problem({ number: 10 }), problem({ number: 30 })], [], listed)).slice(1), [
    'error: VNI 30: vx: the device is down',
  ]);
});

for (const [errors, last] of [
  [1, 'warning: and 101 more, see /api/v1/vnis'],
  [101, 'error: and 201 more, see /api/v1/vnis'],
] as const)
  test(`of more VNIs than are listed the errors come first: ${errors} of them`, (t) => {
    const found = texts(
      rooms([
        ...Array.from({ length: 200 }, (_, i) => problem({ number: 1000 + i, severity: 'warning' })),
        ...Array.from({ length: errors }, (_, i) => problem({ number: 100 + i })),
      ]),
    ).slice(1);
    t.is(found.length, 101);
    t.is(found.filter((text) => text.startsWith('error: VNI')).length, Math.min(errors, 100));
    t.is(found.at(-1), last);
  });

test('a next hop that leads nowhere is a problem that names it, a prefix, and what to do', (t) => {
  const end = (ip: string, why: DeadEnd['why'], routes: number, prefix?: string): DeadEnd => ({
    nextHop: { ip: parseIp(ip), zone: '' },
    why,
    routes,
    prefix: prefix === undefined ? undefined : parsePrefix(prefix),
  });
  const deadEnds = () =>
    [
      end('192.0.2.1', 'no-route', 2, '20.0.0.0/8'),
      end('127.0.0.1', 'martian', 1, '30.0.0.0/8'),
      end('192.0.2.1', 'no-route', 3),
    ].values();
  const found = statusOf({
    ...rooms([]),
    underlay: { deadEnds, originator: { announced: new Set() } },
  } as unknown as Rooms);
  t.deepEqual(
    found.slice(1).map((each) => each.problem),
    [
      'underlay: 5 routes (20.0.0.0/8) are not installed: the next hop is 192.0.2.1, to which no route leads',
      'underlay: 1 route (30.0.0.0/8) is not installed: the next hop is 127.0.0.1, which no router has',
    ],
  );
  t.regex(found[1].fix ?? '', /next-hop-self.*192\.0\.2\.1/);
});

test('what is wrong in a VRF is mended in it', (t) => {
  const end = (ip: string, why: DeadEnd['why']): DeadEnd => ({
    nextHop: { ip: parseIp(ip), zone: '' },
    why,
    routes: 1,
    prefix: undefined,
  });
  const red = { deadEnds: () => [end('192.0.2.1', 'discarded'), end('192.0.2.2', 'loop')].values() };
  const found = underlayProblems({
    ...rooms([]),
    underlay: { ...red, originator: { announced: new Set() } },
    vrfUnderlays: new Map([['red', red]]),
  } as unknown as Rooms);
  t.deepEqual(
    found.map(({ problem: text, fix }) => `${text.split(':')[0]}: ${fix}`),
    [
      'underlay: see what `ip route get 192.0.2.1` says, and remove or narrow that route',
      'underlay: announce a route to 192.0.2.2 by a neighbor on a link, or add one to the main table',
      'VRF red: see what `ip route get 192.0.2.1 vrf red` says, and remove or narrow that route',
      'VRF red: announce a route to 192.0.2.2 by a neighbor on a link, or add one to the table of VRF red',
    ],
  );
});

test('a VRF without a device is a problem, also where only listen ranges name it', (t) => {
  const config = parseConfig(
    `{asn: 1, router-id: 10.0.0.1, neighbors: [], listen-ranges: [
      {prefix: 10.2.0.0/16, remote-as: 2, vrf: red, families: [ipv4-unicast]},
      {prefix: 10.2.0.0/16, remote-as: 2, vrf: blue, families: [ipv4-unicast]}]}`,
    'problems.yaml',
  );
  const found = underlayProblems({
    ...rooms([]),
    config: () => config,
    speaker: { neighbors: () => [{ vrf: 'blue' }] },
  } as unknown as Rooms);
  t.deepEqual(
    found.map(({ problem: text }) => text),
    [
      'VRF red: there is no such VRF device, and nobody of its listen ranges (`vrf`) can connect',
      'VRF blue: there is no such VRF device, and 1 neighbor in it (`vrf`) has no session',
    ],
  );
});

test('a VTEP address that no neighbor is told of is a problem, unless a network of several hosts has it', (t) => {
  const [one, other] = ['10.0.0.1', '10.0.0.2'].map(parseIp);
  const told = (announced: readonly string[], family = IPV4_UNICAST, prefixLength = 32) => {
    const { dataPlane, ...rest } = rooms([], ['Established']);
    const addresses = [{ ip: one, prefixLength, peer: undefined, state: 'usable' }];
    const [neighbor] = rest.speaker.neighbors();
    const spoken = { family, isNegotiated: true, refused: noRefusals() };
    return texts({
      ...rest,
      speaker: { neighbors: () => [{ ...neighbor, families: [spoken] }] },
      dataPlane: {
        ...dataPlane,
        topology: {
          ...dataPlane.topology,
          ownVteps: new Set([one, other]),
          interfaces: new Map([[1, { name: 'lo', running: true, addresses }]]),
        },
      },
      underlay: { deadEnds: () => [], originator: { announced: new Set(announced.map(parsePrefix)) } },
    } as unknown as Rooms).slice(1);
  };
  t.deepEqual(told(['10.0.0.2/32', '::/0']), [
    'warning: underlay: 10.0.0.1, the local address of VXLAN devices, is in no prefix that is announced: other leaves may have no route to it',
  ]);
  t.deepEqual(told(['10.0.0.1/32']), []);
  t.deepEqual(told(['10.0.0.0/8']), []);
  t.deepEqual(told([], IPV4_UNICAST, 24), [], 'the spine may be in that network');
  t.deepEqual(told([], IPV6_UNICAST), [], 'nobody here speaks of such addresses');
});

test('a unicast route that is refused is a problem as one of EVPN is', (t) => {
  const { speaker, ...rest } = rooms([], ['Established']);
  const [neighbor] = speaker.neighbors();
  const family = { isNegotiated: true, refused: { ...noRefusals(), 'as-path-loop': 3 } };
  const with3 = { ...rest, speaker: { neighbors: () => [{ ...neighbor, families: [family] }] } };
  t.deepEqual(texts(with3 as unknown as Rooms).slice(1), [
    'info: neighbor 10.1.1.0: 3 routes not used: our AS is in its AS_PATH (RFC 4271 §9.1.2): another leaf has the same AS',
  ]);
});

test('a VNI that is listed and has no device is an error, with what adds one', (t) => {
  const listed = 'evpn: { vnis: [{ vni: 30 }, { vni: 40 }, { vni: 50, advertise: false }] }';
  const found = statusOf(rooms([], [], listed)).slice(1);
  t.deepEqual(
    found.map(({ severity, problem: text }) => [severity, text]),
    [
      [
        'error',
        'VNI 40: it is in evpn.vnis, and no VXLAN device of it is there: nothing is announced or installed',
      ],
    ],
  );
  t.regex(found[0].fix ?? '', /^add one, such as: ip link add vx40 type vxlan id 40 /);
});

test('a neighbor without a session is a warning, and an error where none has one', (t) => {
  t.deepEqual(texts(rooms([], ['Established', 'Active'])).slice(1), [
    'warning: neighbor 10.1.1.1: no session (Active)',
  ]);
  t.deepEqual(texts(rooms([], ['Idle', 'Active'])).slice(1), [
    'error: neighbor 10.1.1.0: no session (Idle)',
    'error: neighbor 10.1.1.1: no session (Active)',
  ]);
});

test('a neighbor near or beyond its limits is a warning, with what to do', (t) => {
  const of = (level: string, what: string, onLimit: string) =>
    ({
      address: '10.1.1.0',
      limits: { onLimit },
      limitUse: { what, used: 90, limit: 100, level },
    }) as unknown as NeighborStatus;
  t.deepEqual(limitProblems([of('within', 'routes', 'close')]), []);
  t.deepEqual(
    limitProblems([of('near', 'routes', 'close'), of('over', 'octets', 'warn')]).map(
      ({ problem: text }) => text,
    ),
    [
      'neighbor 10.1.1.0: 90 routes, max-routes is 100; the session ends beyond it',
      'neighbor 10.1.1.0: 90 octets of attributes, max-octets is 100',
    ],
  );
});

test('a neighbor that reads nothing is a warning while its session stands', (t) => {
  const of = (sendStalledSince: number | undefined, sendHoldTime: number) =>
    ({ address: '10.1.1.0', sendStalledSince, sendHoldTime }) as unknown as NeighborStatus;
  const now = 100_000;
  t.deepEqual(stalledProblems([of(undefined, 480), of(now - 9_999, 480)], now), []);
  t.deepEqual(
    stalledProblems([of(now - 10_000, 480), of(now - 60_500, 0)], now).map(({ problem: text }) => text),
    [
      'neighbor 10.1.1.0: has read nothing for 10 s of what waits for it, so that it does not hear of changes here; the session ends after 480 s of it (`send-hold-time`)',
      'neighbor 10.1.1.0: has read nothing for 60 s of what waits for it, so that it does not hear of changes here',
    ],
  );
  const inRed = { ...of(0, 0), address: '10.1.1.0@red', peerAddress: '10.1.1.0', vrf: 'red' };
  t.regex(stalledProblems([inRed], now)[0].fix ?? '', /: ping -I red -M do -s 1472 10\.1\.1\.0$/);
});

test('a path that is not watched though it is to be is a warning while the session stands', (t) => {
  const now = 100_000;
  const of = (bfd: object, state = 'Established') =>
    ({
      address: '10.1.1.0',
      state,
      bfd: { state: 'Down', since: 0, remote: undefined, multihop: false, dropped: {}, ...bfd },
    }) as unknown as NeighborStatus;
  const told = (neighbor: NeighborStatus) =>
    bfdProblems([neighbor], now).map(({ severity, problem: text }) => `${severity}: ${text}`);
  t.deepEqual(told(of({ state: 'Up' })), []);
  t.deepEqual(told(of({}, 'Active')), []);
  t.deepEqual(told(of({ since: now - 9_999 })), []);
  t.deepEqual(told({ ...of({}), bfd: undefined }), []);
  t.deepEqual(told(of({})), [
    'warning: neighbor 10.1.1.0: BFD is Down though the BGP session is up: nothing is heard',
  ]);
  t.deepEqual(told(of({ dropped: { ttl: 7 } })), [
    'warning: neighbor 10.1.1.0: BFD is Down though the BGP session is up: nothing is heard, and 7 of its packets came over a router (TTL below 255)',
  ]);
  t.deepEqual(told(of({ remote: { state: 'AdminDown' } })), [
    'info: neighbor 10.1.1.0: BFD is taken down by its operator, the BGP session is up',
  ]);
  t.deepEqual(told(of({ fault: 'EADDRINUSE' }, 'Active')), [
    'warning: neighbor 10.1.1.0: BFD cannot send: EADDRINUSE',
  ]);
});

const NOTIFICATION = {
  direction: 'received',
  code: 2,
  subcode: 2,
  data: new Uint8Array(),
  text: '',
  time: 0,
};
for (const [over, fix] of [
  [
    {},
    'see that BGP runs at 10.1.1.0 (AS 65000) on TCP port 179 with this leaf as its neighbor, and that it is reached: ping 10.1.1.0',
  ],
  [
    { configuredRemoteAs: 'external' },
    'see that BGP runs at 10.1.1.0 on TCP port 179 with this leaf as its neighbor, and that it is reached: ping 10.1.1.0',
  ],
  [
    { reason: 'connection failed: connect ECONNREFUSED 10.1.1.0:179' },
    'nobody listens there: start BGP at 10.1.1.0 on TCP port 179, or set `port` of the neighbor',
  ],
  [
    { reason: 'connection failed: connect EHOSTUNREACH 10.1.1.0:179' },
    'give the underlay a way to it: ip route get 10.1.1.0',
  ],
  [
    { reason: 'connection failed: connect EADDRNOTAVAIL 10.1.1.0:179 - Local (10.9.9.9:0)' },
    'give a device the `local-address` of the neighbor, or take that setting out',
  ],
  [
    {
      reason: 'NOTIFICATION received: OPEN Message Error (2), Unacceptable Hold Time (6)',
      notification: { ...NOTIFICATION, subcode: 6 },
    },
    'see what the log of 10.1.1.0 says of this leaf',
  ],
  [
    { reason: 'NOTIFICATION received: OPEN Message Error (2), Bad Peer AS (2)', notification: NOTIFICATION },
    'at 10.1.1.0 this leaf is configured with another AS: set its `remote-as` there to 65001, or `local-as` of the neighbor here to what it expects',
  ],
  [
    {
      reason: "the neighbor's AS is 65009, configured is 65000",
      notification: { ...NOTIFICATION, direction: 'sent' },
    },
    'set `remote-as` of the neighbor to 65009, if that is the router that is meant',
  ],
  [
    {
      reason: 'NOTIFICATION received: OPEN Message Error (2), Bad BGP Identifier (3)',
      notification: { ...NOTIFICATION, subcode: 3 },
    },
    "give each router of the AS its own BGP identifier: 10.1.1.0, or another neighbor of it, has this leaf's `router-id` 10.0.0.1, too",
  ],
  [
    {
      reason: "the neighbor's BGP identifier 10.0.0.1 is ours; each router of an AS needs its own",
      notification: { ...NOTIFICATION, direction: 'sent', subcode: 3 },
    },
    "give each router of the AS its own BGP identifier: 10.1.1.0, or another neighbor of it, has this leaf's `router-id` 10.0.0.1, too",
  ],
  [
    {
      reason: 'NOTIFICATION received: Cease (6), Connection Collision Resolution (7)',
      notification: { ...NOTIFICATION, code: 6, subcode: 7 },
    },
    '10.1.1.0 takes this evpnd for a speaker that it has a session with (FRR here, or another evpnd): give this one a `local-address` and a `router-id` of its own, it has `router-id` 10.0.0.1',
  ],
  [
    {
      reason: 'too many routes: 101 routes, max-routes is 100',
      notification: { ...NOTIFICATION, code: 6, subcode: 1 },
    },
    "see why it sends so many; raise `max-routes` or `max-octets` of the neighbor and reload, which tries at once, as does: curl --unix-socket /run/evpnd/api.sock -X POST 'http://evpnd/api/v1/neighbors/10.1.1.0/clear'",
  ],
  [
    { reason: "out of memory for routes: those of all neighbors take about 700 of 628 MiB, this one's 600" },
    "give evpnd more memory and restart it (`MemoryHigh=` and `MemoryMax=` of the unit, or `--max-old-space-size`), or see why it sends so many, and try at once: curl --unix-socket /run/evpnd/api.sock -X POST 'http://evpnd/api/v1/neighbors/10.1.1.0/clear'",
  ],
  [
    { passive: true },
    'let 10.1.1.0 connect: this leaf is to be its neighbor (AS number and address), and evpnd never connects to it (`passive: true`)',
  ],
  [
    { address: '10.1.1.0@red', peerAddress: '10.1.1.0', vrf: 'red' },
    'see that BGP runs at 10.1.1.0 (AS 65000) on TCP port 179 with this leaf as its neighbor, and that it is reached: ping -I red 10.1.1.0',
  ],
  [
    { address: '10.1.1.0@red', peerAddress: '10.1.1.0', vrf: 'red', reason: 'connect: EHOSTUNREACH' },
    'give VRF red a way to it: ip route get 10.1.1.0 vrf red',
  ],
  [
    { shutdown: { message: 'too many routes: 11 routes, max-routes is 10', since: 0, by: 'limit' } },
    "curl --unix-socket /run/evpnd/api.sock -X DELETE 'http://evpnd/api/v1/neighbors/10.1.1.0/shutdown'",
  ],
  [
    { shutdown: { message: '', since: 0, by: 'command' } },
    "curl --unix-socket /run/evpnd/api.sock -X DELETE 'http://evpnd/api/v1/neighbors/10.1.1.0/shutdown'",
  ],
  [
    { address: 'fe80::1%eth0', shutdown: { message: '', since: 0, by: 'command' } },
    "curl --unix-socket /run/evpnd/api.sock -X DELETE 'http://evpnd/api/v1/neighbors/fe80::1%25eth0/shutdown'",
  ],
] as const)
  test(`what to do about a neighbor without a session: ${'reason' in over ? over.reason : `${fix} ${JSON.stringify(over)}`}`, (t) => {
    const { reason, notification, ...others } = { reason: undefined, notification: undefined, ...over };
    const neighbor = {
      address: '10.1.1.0',
      port: 179,
      passive: false,
      configuredRemoteAs: 65000,
      localAs: 65001,
      localRouterId: 0x0a00_0001,
      state: 'Active',
      lastError: reason === undefined ? undefined : { reason, time: 0, notification },
      ...others,
    } as unknown as NeighborStatus;
    const [note] = sessionProblems([neighbor], '/run/evpnd/api.sock');
    t.is(note.fix, fix);
  });

test('of thousands of VNIs behind one bridge that is down, a hundred are named', (t) => {
  const found = texts(rooms(Array.from({ length: 4000 }, (_, i) => problem({ number: i + 100 }))));
  t.is(found.length, 102);
  t.is(found.at(-1), 'error: and 3900 more, see /api/v1/vnis');
});

for (const [waiting, said] of [
  [
    36,
    'its hosts have more addresses, or new ones faster, than are announced: 36 wait (40 times held back so far)',
  ],
  [
    0,
    'its hosts had more addresses, or new ones faster, than are announced: none waits now (40 times held back so far), and a minute after the last one did this problem goes',
  ],
] as const)
  test(`a port of whose addresses ${waiting} wait`, (t) => {
    const share = {
      vni: { vrf: { vni: toVni(10) } },
      port: 7,
      macs: { admitted: 5 },
      ips: { admitted: 4 },
      waiting,
      heldBack: 40,
    };
    const of = {
      dataPlane: { topology: { ports: new Map([[7, { name: 'eth1' }]]) } },
      evpn: {
        admissions: { excesses: () => [share], limitsOf: () => ({ macs: 5, ips: 5, rate: 2000 }) },
      },
    } as unknown as Rooms;
    t.is(
      excessProblems(of)[0].note.problem,
      `eth1: ${said}, 5 MACs of at most 5 and 4 IPs of at most 5 in the VNI are announced, new ones at 2000 a second`,
    );
  });
