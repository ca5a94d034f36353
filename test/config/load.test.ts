import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse, stringify } from 'yaml';
import { runCheck } from '../../src/config/check.js';
import { ConfigError, formatFinding } from '../../src/config/index.js';
import { loadConfig, parseConfig } from '../../src/config/load.js';
import { speakerConfig } from '../../src/settings.js';
import {
  formatIp,
  formatPrefixRule,
  formatRouteTarget,
  formatRouteTargetPattern,
  parseIp,
} from '../../src/types/index.js';
import { reloadEffects } from './support/reference.js';

const MINIMAL = `asn: 65001
router-id: 10.0.0.1
neighbors:
  - address: 10.1.1.0
    remote-as: external
`;

const FULL = `# everything
asn: 4200000001
router-id: 10.0.0.1
neighbors:
  - address: 10.1.1.0
    remote-as: 65000
    port: 1179
    passive: true
    local-address: 10.1.1.1
    hold-time: 30
    keepalive-time: 10
    connect-retry-time: 20
    description: spine 1
  - address: 2001:DB8::1
    remote-as: internal
evpn:
  advertise-all-vni: false
  auto-rt: frr
  vnis:
    - vni: 10010
      advertise: false
      rd: 10.0.0.1:10
      import-route-targets: ['65000:10010', '*:10010', auto]
      export-route-targets: [auto, '65001:10010', 4200000001:10]
    - vni: 10020
bgp: { listen: ['::'], port: 1790 }
api: { unix-socket: /tmp/api.sock, listen: ['[::1]:8179', '192.0.2.1:80'] }
log: { level: debug }
kernel: { receive-buffer-bytes: 1048576 }
state-directory: /tmp/evpnd
`;

function findings(text: string): string[] {
  try {
    parseConfig(text, 'f');
  } catch (error) {
    if (error instanceof ConfigError) return error.findings.map(formatFinding);
    throw error;
  }
  return [];
}

test('the minimal file gets every default', (t) => {
  const config = parseConfig(MINIMAL, 'f');
  t.is(config.asn, 65001);
  t.is(formatIp(config.routerId), '10.0.0.1');
  t.deepEqual(
    { ...config.neighbors[0], address: config.neighbors[0].address && formatIp(config.neighbors[0].address) },
    {
      address: '10.1.1.0',
      interface: undefined,
      peerGroup: undefined,
      port: 179,
      remoteAs: 'external',
      localAs: undefined,
      passive: false,
      localAddress: undefined,
      updateSource: undefined,
      device: undefined,
      vrf: undefined,
      holdTime: 9,
      keepaliveTime: 3,
      connectRetryTime: 5,
      sendHoldTime: undefined,
      advertisementInterval: 0,
      bfd: undefined,
      shutdown: undefined,
      enforceFirstAs: true,
      enhancedRefresh: false,
      gracefulRestartNotification: true,
      staleTime: 180,
      longLivedStaleTime: 0,
      allowasIn: 0,
      passwordFile: undefined,
      ttlSecurity: undefined,
      ebgpMultihop: undefined,
      maxRoutes: 1_000_000,
      maxOctets: 268_435_456,
      maxFamilyRoutes: new Map(),
      onLimit: 'close',
      importPolicy: undefined,
      exportPolicy: undefined,
      siteOfOrigin: undefined,
      families: ['l2vpn-evpn'],
      description: undefined,
    },
  );
  t.deepEqual(config.bgp.listen.map(formatIp), ['0.0.0.0', '::']);
  t.is(config.bgp.port, 179);
  t.deepEqual(config.evpn, {
    advertiseAllVni: true,
    autoRt: 'frr',
    importEthernetTags: 'zero',
    flooding: 'head-end-replication',
    floodLimit: 512,
    hardwareOverflow: 'software',
    duplicateDetection: { enabled: true, moves: 5, window: 180, action: 'warn', freezeTime: undefined },
    neighborRefresh: { enabled: true, interval: 30, rate: 100 },
    snooping: true,
    advertiseSviIp: false,
    maxLocalMacs: 65536,
    maxLocalIps: 65536,
    newAddressRate: 2000,
    advertiseDefaultGateway: false,
    vnis: new Map(),
    vrfs: new Map(),
  });
  const { accept, ...underlay } = config.underlay;
  t.deepEqual(underlay, {
    enabled: false,
    networks: [],
    redistributeConnected: [],
    maximumPaths: 8,
    maximumPathsIbgp: undefined,
    multipathRelax: true,
    resolveViaDefault: false,
    routingTable: 254,
    metric: 20,
  });
  t.deepEqual(accept.map(formatPrefixRule), ['0.0.0.0/0 le 32', '::/0 le 128']);
  t.deepEqual(config.api, {
    unixSocket: '/run/evpnd/api.sock',
    listen: [{ host: '127.0.0.1', port: 8179 }],
    tls: { certificate: undefined, key: undefined },
    tokenFile: undefined,
  });
  t.false(config.managePortSettings);
  t.is(config.log.level, 'info');
  t.deepEqual(Object.values(config.log.subsystems).filter(Boolean), []);
  t.deepEqual(config.kernel, { receiveBufferBytes: 128 * 1024 * 1024 });
  t.is(config.stateDirectory, '/var/lib/evpnd');
});

test('who is internal is told by the AS that we have for the neighbor', (t) => {
  const { neighbors } = parseConfig(
    stringify({
      asn: 65001,
      'router-id': '10.0.0.1',
      neighbors: [
        { address: '10.1.1.0', 'remote-as': 65001, 'local-as': 65099 },
        { address: '10.1.2.0', 'remote-as': 65099, 'local-as': 65099 },
      ],
    }),
    'f',
  );
  t.deepEqual(
    neighbors.map(({ remoteAs }) => remoteAs),
    [65001, 'internal'],
  );
});

test('limits of families are those that have a number', (t) => {
  const { neighbors } = parseConfig(
    `{asn: 1, router-id: 10.0.0.1, neighbors: [{address: 10.1.1.0, remote-as: 2, max-family-routes: {ipv6-unicast: 7, ipv4-unicast: 0, l2vpn-evpn: 9}}]}`,
    'f',
  );
  t.deepEqual(
    [...neighbors[0].maxFamilyRoutes],
    [
      ['l2vpn-evpn', 9],
      ['ipv6-unicast', 7],
    ],
  );
  t.deepEqual(
    [...(speakerConfig({ ...parseConfig(MINIMAL, 'f'), neighbors }).neighbors[0].maxFamilyRoutes ?? [])].map(
      ([{ name }, limit]) => [name, limit],
    ),
    [
      ['L2VPN/EVPN', 9],
      ['IPv6/unicast', 7],
    ],
  );
});

test('a shutdown is a message, which may be empty', (t) => {
  const shutdowns = ['true', 'false', '', 'maintenance', "'true'"].map((text) => {
    const [neighbor] = parseConfig(
      `{asn: 1, router-id: 10.0.0.1, neighbors: [{address: 10.1.1.0, remote-as: 2${text && `, shutdown: ${text}`}}]}`,
      'f',
    ).neighbors;
    return neighbor.shutdown;
  });
  t.deepEqual(shutdowns, ['', undefined, undefined, 'maintenance', 'true']);
});

test('every setting arrives parsed', (t) => {
  const config = parseConfig(FULL, 'f');
  t.is(config.asn, 4200000001);
  const [spine, other] = config.neighbors;
  t.is(spine.remoteAs, 65000);
  t.is(spine.port, 1179);
  t.true(spine.passive);
  t.is(formatIp(spine.localAddress!), '10.1.1.1');
  t.deepEqual([spine.holdTime, spine.keepaliveTime, spine.connectRetryTime], [30, 10, 20]);
  t.is(spine.description, 'spine 1');
  t.is(other.address, parseIp('2001:db8::1'));
  t.is(other.remoteAs, 'internal');
  t.false(config.evpn.advertiseAllVni);
  const [vni, plain] = [...config.evpn.vnis.values()];
  t.is(Number(vni.vni), 10010);
  t.false(vni.advertise);
  t.is(String(vni.rd), '10.0.0.1:10');
  const texts = <Target>(
    targets: readonly (Target | 'auto')[] | undefined,
    format: (target: Target) => string,
  ) => targets?.map((each) => (each === 'auto' ? each : format(each)));
  t.deepEqual(texts(vni.importRouteTargets, formatRouteTargetPattern), ['65000:10010', '*:10010', 'auto']);
  t.deepEqual(texts(vni.exportRouteTargets, formatRouteTarget), ['auto', '65001:10010', '4200000001:10']);
  t.true(plain.advertise);
  t.is(plain.rd, undefined);
  t.is(plain.importRouteTargets, undefined);
  t.deepEqual(config.api.listen, [
    { host: '::1', port: 8179 },
    { host: '192.0.2.1', port: 80 },
  ]);
});

test('our own AS number as remote-as means internal', (t) => {
  t.is(parseConfig(MINIMAL.replace('external', '65001'), 'f').neighbors[0].remoteAs, 'internal');
});

test('bfd is true, or what differs from that', (t) => {
  const bfd = (value: string) => parseConfig(`${MINIMAL}    bfd: ${value}\n`, 'f').neighbors[0].bfd;
  t.deepEqual(bfd('true'), { interval: 300, multiplier: 3, multihop: false });
  t.deepEqual(bfd('{}'), { interval: 300, multiplier: 3, multihop: false });
  t.deepEqual(bfd('{ interval: 1000, multihop: true }'), { interval: 1000, multiplier: 3, multihop: true });
  t.is(bfd('false'), undefined);
});

test('the keepalive time follows a short hold time and none', (t) => {
  const times = (hold: string) => {
    const [neighbor] = parseConfig(`${MINIMAL}    hold-time: ${hold}\n`, 'f').neighbors;
    return [neighbor.holdTime, neighbor.keepaliveTime];
  };
  t.deepEqual(times('3'), [3, 1]);
  t.deepEqual(times('8'), [8, 2]);
  t.deepEqual(times('180'), [180, 3]);
  t.deepEqual(times('0'), [0, 0]);
  t.deepEqual(times('0\n    keepalive-time: 10'), [0, 0]);
});

const edit = (from: string | RegExp, to: string) => MINIMAL.replace(from, to);
const neighbor = (lines: string) => `${MINIMAL}    ${lines}\n`;
const byInterface = (name: string) => edit('address: 10.1.1.0', `interface: ${name}`);
const PORTS = 'a TCP port from 1 to 65535';
const NEIGHBOR_KEYS =
  'address, interface, peer-group, remote-as, local-as, port, passive, local-address, update-source, device, vrf, hold-time, keepalive-time, connect-retry-time, send-hold-time, advertisement-interval, bfd, shutdown, enforce-first-as, enhanced-refresh, graceful-restart-notification, stale-time, long-lived-stale-time, allowas-in, password-file, ttl-security, ebgp-multihop, max-routes, max-octets, max-family-routes, on-limit, import-policy, export-policy, site-of-origin, families, description';
const BFD_ALLOWED =
  'true, false, or a mapping of interval (milliseconds from 50 to 60000), multiplier (a number from 2 to 255) and multihop (true or false)';
const REMOTE_AS = 'an AS number from 1 to 4294967295 in plain digits, internal, or external';

/** What is wrong, the file, and every finding in order. */
const BAD: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'an empty file',
    '',
    ['f:1:1: found nothing; allowed a mapping with at least asn, router-id and neighbors'],
  ],
  ['a list', '- a\n', ['f:1:1: found a list; allowed a mapping with at least asn, router-id and neighbors']],
  [
    'nothing that is needed',
    'log: {}\n',
    [
      'f:1:1: asn: found nothing; allowed an AS number from 1 to 4294967295 in plain digits',
      'f:1:1: router-id: found nothing; allowed an IPv4 address other than 0.0.0.0',
      'f:1:1: neighbors: found nothing; allowed a list of neighbors',
    ],
  ],
  [
    'an unknown key with a near one',
    neighbor('remote_as: 1'),
    [
      `f:6:5: neighbors[0].remote_as: found an unknown key; allowed ${NEIGHBOR_KEYS}; did you mean remote-as?`,
    ],
  ],
  [
    'an unknown key with none near',
    `${MINIMAL}zebra: 1\n`,
    [
      'f:6:1: zebra: found an unknown key; allowed asn, router-id, neighbors, listen-ranges, peer-groups, policies, bgp, evpn, underlay, api, manage-port-settings, log, kernel, mode, drain, on-stop, sweep-deferral-time, state-directory',
    ],
  ],
  [
    'IPv6 unicast with an IPv4 neighbor',
    `${neighbor('families: [l2vpn-evpn, ipv6-unicast]')}underlay: { enabled: true }\n`,
    [
      'f:6:28: neighbors[0].families[1]: found ipv6-unicast with an IPv4 neighbor; allowed the family of its address',
    ],
  ],
  [
    'unicast without an underlay',
    neighbor('families: [ipv4-unicast]'),
    ['f:6:16: neighbors[0].families[0]: found ipv4-unicast without underlay.enabled; allowed l2vpn-evpn'],
  ],
  [
    'a neighbor that is nowhere',
    edit('address: 10.1.1.0\n    ', ''),
    ['f:4:5: neighbors[0].address: found nothing; allowed an IPv4 or IPv6 address, or interface'],
  ],
  [
    'a neighbor that is in two places',
    neighbor('interface: swp1'),
    ['f:4:14: neighbors[0].address: found 10.1.1.0 with interface; allowed one of both'],
  ],
  ...(
    [
      ['an address', '10.1.1.0', '10.1.1.0'],
      ['an IPv6 address', "'fe80::1'", 'fe80::1'],
      ['an address with a zone', 'fe80::1%swp1', 'fe80::1%swp1'],
      ['two names', 'swp1 swp2', 'swp1 swp2'],
      ['what would be a VRF of a neighbor', 'swp1@red', 'swp1@red'],
      ['a path', 'net/swp1', 'net/swp1'],
      ['a folder', '..', '..'],
      ['nothing', "''", ''],
      ['a name of 16 octets', 'swp1234567890123', 'swp1234567890123'],
    ] as const
  ).map(([what, text, found]): [string, string, string[]] => [
    `an interface whose name is ${what}`,
    byInterface(text),
    [`f:4:16: neighbors[0].interface: found "${found}"; allowed the name of an interface, such as swp1`],
  ]),
  [
    'an interface twice',
    `${byInterface('swp1')}  - interface: swp1\n    remote-as: 1\n`,
    ['f:6:16: neighbors[1].interface: found swp1 a second time; allowed one neighbor for an interface'],
  ],
  [
    'a VRF of a neighbor by interface',
    `${byInterface('swp1')}    vrf: red\n    families: [ipv4-unicast]\n`,
    [
      'f:6:10: neighbors[0].vrf: found red with interface; allowed address: a neighbor by interface is in no VRF',
    ],
  ],
  [
    'a device of a neighbor by interface',
    `${byInterface('swp1')}    device: blue\n`,
    [
      'f:6:13: neighbors[0].device: found blue with interface; allowed nothing: the session goes by the interface',
    ],
  ],
  [
    'BFD in a VRF, of a neighbor and of a range; a name that no device has',
    `asn: 65001\nrouter-id: 10.0.0.1\nneighbors:\n  - { address: 10.1.1.0, remote-as: 1, device: blue, bfd: true }\n  - { address: 10.1.2.0, remote-as: 1, device: much-too-long-a-name }\nlisten-ranges: [{ prefix: 10.2.0.0/16, remote-as: 1, device: blue, bfd: true }]\n`,
    [
      'f:4:59: neighbors[0].bfd: found BFD by device blue; allowed false: BFD runs in no VRF',
      'f:5:48: neighbors[1].device: found "much-too-long-a-name"; allowed the name of a device',
      'f:6:73: listen-ranges[0].bfd: found BFD by device blue; allowed false: BFD runs in no VRF',
    ],
  ],
  [
    'what a neighbor in a VRF cannot have',
    `asn: 65001\nrouter-id: 10.0.0.1\npeer-groups:\n  - { name: ces, vrf: red, families: [ipv4-unicast] }\nneighbors:\n  - { address: 192.0.2.1, remote-as: 65100, vrf: red }\n  - { address: 192.0.2.3, remote-as: internal, vrf: red, families: [ipv4-unicast], bfd: true }\n  - { address: 192.0.2.5, remote-as: 65001, peer-group: ces, device: swp1 }\n  - { address: 192.0.2.1, remote-as: 65100, peer-group: ces }\n  - { address: 192.0.2.1, remote-as: 65100, vrf: blue, families: [ipv6-unicast] }\n  - { address: 192.0.2.1, remote-as: 65100, device: blue }\nlisten-ranges: [{ prefix: 192.0.2.0/24, remote-as: 65100, vrf: red }]\n`,
    [
      'f:6:5: neighbors[0].families[0]: found l2vpn-evpn in VRF red; allowed ipv4-unicast or ipv6-unicast: leaves are in no VRF',
      'f:7:38: neighbors[1].remote-as: found internal, our own AS, in VRF red; allowed another AS',
      'f:7:89: neighbors[1].bfd: found BFD in VRF red; allowed false: BFD runs in no VRF',
      'f:8:38: neighbors[2].remote-as: found 65001, our own AS, in VRF red; allowed another AS',
      'f:8:70: neighbors[2].device: found swp1 with vrf; allowed one of both',
      'f:9:16: neighbors[3].address: found 192.0.2.1 in VRF red a second time; allowed one neighbor for an address',
      'f:10:50: neighbors[4].vrf: found blue, which is the device of another neighbor; allowed one of both for all neighbors in it',
      'f:10:67: neighbors[4].families[0]: found ipv6-unicast with an IPv4 neighbor; allowed the family of its address',
      'f:12:17: listen-ranges[0].families[0]: found l2vpn-evpn in VRF red; allowed ipv4-unicast or ipv6-unicast: leaves are in no VRF',
    ],
  ],
  [
    'what a neighbor by interface cannot have',
    `${byInterface('swp1')}    local-address: 10.1.1.1\n    bfd: { multihop: true }\n    ttl-security: 2\n`,
    [
      'f:6:20: neighbors[0].local-address: found "10.1.1.1" with interface; allowed nothing: our end is the link-local address of the interface',
      'f:7:10: neighbors[0].bfd: found multihop with interface; allowed multihop: false',
      'f:8:19: neighbors[0].ttl-security: found 2 with interface; allowed 1',
    ],
  ],
  [
    'IPv4-mapped addresses, which are other spellings of IPv4 addresses',
    `asn: 65001
router-id: 10.0.0.1
neighbors:
  - { address: 10.1.1.1, remote-as: external }
  - { address: "::ffff:10.1.1.1", remote-as: external }
  - { address: 10.1.2.1, local-address: "::ffff:a01:202", remote-as: external }
listen-ranges:
  - { prefix: "::ffff:10.2.0.0/112", remote-as: external }
bgp: { listen: ["::ffff:10.0.0.1"] }
api: { listen: ["[::ffff:127.0.0.1]:8179"] }
`,
    [
      'f:5:16: neighbors[1].address: found "::ffff:10.1.1.1"; allowed 10.1.1.1, of which it is the IPv4-mapped form',
      'f:5:16: neighbors[1].address: found 10.1.1.1 a second time; allowed one neighbor for an address',
      'f:6:41: neighbors[2].local-address: found "::ffff:a01:202"; allowed 10.1.2.2, of which it is the IPv4-mapped form',
      'f:8:15: listen-ranges[0].prefix: found "::ffff:10.2.0.0/112"; allowed 10.2.0.0/16, of which it is the IPv4-mapped form',
      'f:9:17: bgp.listen[0]: found "::ffff:10.0.0.1"; allowed 10.0.0.1, of which it is the IPv4-mapped form',
      'f:10:17: api.listen[0]: found "[::ffff:127.0.0.1]:8179"; allowed 127.0.0.1, of which it is the IPv4-mapped form',
    ],
  ],
  [
    'unicast by interface without an underlay',
    `${byInterface('swp1')}    families: [ipv4-unicast]\n`,
    ['f:6:16: neighbors[0].families[0]: found ipv4-unicast without underlay.enabled; allowed l2vpn-evpn'],
  ],
  [
    'families that are none, or twice',
    neighbor('families: [evpn, l2vpn-evpn, l2vpn-evpn]'),
    [
      'f:6:16: neighbors[0].families[0]: found "evpn"; allowed l2vpn-evpn, ipv4-unicast or ipv6-unicast',
      'f:6:34: neighbors[0].families[2]: found l2vpn-evpn a second time; allowed each address family once',
    ],
  ],
  [
    'a neighbor without remote-as',
    edit(/ {4}remote-as.*\n/, ''),
    [`f:4:5: neighbors[0].remote-as: found nothing; allowed ${REMOTE_AS}`],
  ],
  [
    'a word for an AS number',
    edit('external', 'extern'),
    [`f:5:16: neighbors[0].remote-as: found "extern"; allowed ${REMOTE_AS}`],
  ],
  [
    'AS 0',
    edit('65001', '0'),
    ['f:1:6: asn: found 0; allowed an AS number from 1 to 4294967295 in plain digits'],
  ],
  [
    'an AS number in asdot',
    edit('65001', '1.10'),
    ['f:1:6: asn: found 1.1; allowed an AS number from 1 to 4294967295 in plain digits'],
  ],
  ['an AS number too large', edit('65001', '4294967296'), [/f:1:6: asn: found 4294967296; allowed/.source]],
  ['a port as text', neighbor('port: "179"'), [`f:6:11: neighbors[0].port: found "179"; allowed ${PORTS}`]],
  ['a port too large', neighbor('port: 65536'), [`f:6:11: neighbors[0].port: found 65536; allowed ${PORTS}`]],
  [
    'yes for true',
    neighbor('passive: yes'),
    ['f:6:14: neighbors[0].passive: found "yes"; allowed true or false'],
  ],
  [
    'two faults in one place each',
    neighbor('port: 0\n    hold-time: x'),
    [
      `f:6:11: neighbors[0].port: found 0; allowed ${PORTS}`,
      'f:7:16: neighbors[0].hold-time: found "x"; allowed 0, or seconds from 3 to 65535',
    ],
  ],
  [
    'a hold time of 2',
    neighbor('hold-time: 2'),
    ['f:6:16: neighbors[0].hold-time: found 2; allowed 0, or seconds from 3 to 65535'],
  ],
  [
    'a send hold time of 1',
    neighbor('send-hold-time: 1'),
    ['f:6:21: neighbors[0].send-hold-time: found 1; allowed 0, or seconds from 3 to 65535'],
  ],
  ['yes for bfd', neighbor('bfd: yes'), [`f:6:10: neighbors[0].bfd: found "yes"; allowed ${BFD_ALLOWED}`]],
  [
    'an unknown key of bfd',
    neighbor('bfd: { intervall: 300 }'),
    [`f:6:10: neighbors[0].bfd: found a mapping; allowed ${BFD_ALLOWED}`],
  ],
  [
    'values of bfd out of range',
    neighbor('bfd: { interval: 49, multiplier: 1, multihop: 3 }'),
    [
      'f:6:22: neighbors[0].bfd.interval: found 49; allowed milliseconds from 50 to 60000',
      'f:6:38: neighbors[0].bfd.multiplier: found 1; allowed a number from 2 to 255',
      'f:6:51: neighbors[0].bfd.multihop: found 3; allowed true or false',
    ],
  ],
  [
    'a keepalive time not below the hold time',
    neighbor('keepalive-time: 9'),
    ['f:6:21: neighbors[0].keepalive-time: found 9 with a hold-time of 9; allowed seconds from 1 to 8'],
  ],
  [
    'a router id of zeros',
    edit('10.0.0.1', '0.0.0.0'),
    ['f:2:12: router-id: found "0.0.0.0"; allowed an IPv4 address other than 0.0.0.0'],
  ],
  [
    'an IPv6 router id',
    edit('10.0.0.1', '2001:db8::1'),
    ['f:2:12: router-id: found "2001:db8::1"; allowed an IPv4 address other than 0.0.0.0'],
  ],
  [
    'a neighbor with our router id',
    edit('10.1.1.0', '10.0.0.1'),
    ["f:4:14: neighbors[0].address: found our own router-id; allowed another router's address"],
  ],
  [
    'a host name',
    edit('10.1.1.0', 'spine1'),
    ['f:4:14: neighbors[0].address: found "spine1"; allowed an IPv4 or IPv6 address'],
  ],
  [
    'a prefix',
    edit('10.1.1.0', '10.1.1.0/31'),
    ['f:4:14: neighbors[0].address: found "10.1.1.0/31"; allowed an IPv4 or IPv6 address'],
  ],
  [
    'a group address',
    edit('10.1.1.0', 'ff02::1'),
    ['f:4:14: neighbors[0].address: found "ff02::1"; allowed the address of one router'],
  ],
  [
    'a link-local address',
    edit('10.1.1.0', 'fe80::1'),
    ['f:4:14: neighbors[0].address: found "fe80::1"; allowed an address that is not link-local'],
  ],
  [
    'a shutdown that YAML 1.1 would take for a boolean, and one with a long message',
    `${neighbor('shutdown: no')}  - { address: 10.1.2.0, remote-as: 1, shutdown: ${'é'.repeat(128)} }\n`,
    [
      'f:6:15: neighbors[0].shutdown: found "no"; allowed true, false, or a message for the neighbor',
      'f:7:50: neighbors[1].shutdown: found 256 octets; allowed text of at most 255 octets',
    ],
  ],
  [
    'a shutdown that is a number',
    neighbor('shutdown: 1'),
    ['f:6:15: neighbors[0].shutdown: found 1; allowed true or false, or text of at most 255 octets'],
  ],
  [
    'both ways to say how far a neighbor is, and an AS that is none',
    neighbor('ttl-security: 1\n    ebgp-multihop: 2\n    local-as: 0'),
    [
      'f:7:20: neighbors[0].ebgp-multihop: found 2 with ttl-security, whose TTL is 255; allowed one of them',
      'f:8:15: neighbors[0].local-as: found 0; allowed an AS number from 1 to 4294967295 in plain digits',
    ],
  ],
  [
    'limits of families that are none, and no numbers',
    neighbor('max-family-routes: { ipv4: 1, ipv4-unicast: -1 }'),
    [
      'f:6:26: neighbors[0].max-family-routes.ipv4: found an unknown key; allowed l2vpn-evpn, ipv4-unicast, ipv6-unicast',
      'f:6:49: neighbors[0].max-family-routes.ipv4-unicast: found -1; allowed a number from 0 to 4294967295',
    ],
  ],
  [
    'an interface that is none, and one beside an address',
    `${neighbor('update-source: a/b')}  - { address: 10.1.2.0, remote-as: 1, update-source: lo, local-address: 10.0.0.1 }\n`,
    [
      'f:6:20: neighbors[0].update-source: found "a/b"; allowed the name of an interface',
      'f:7:55: neighbors[1].update-source: found lo beside a local-address; allowed one of them',
    ],
  ],
  [
    'the other family as local address',
    neighbor('local-address: 2001:db8::1'),
    ['f:6:20: neighbors[0].local-address: found "2001:db8::1"; allowed an IPv4 address'],
  ],
  [
    'a neighbor twice, spelt in two ways',
    `${edit('10.1.1.0', '2001:db8::1')}  - address: 2001:DB8:0::1\n    remote-as: 1\n`,
    ['f:6:14: neighbors[1].address: found 2001:db8::1 a second time; allowed one neighbor for an address'],
  ],
  [
    'a passive neighbor and no listener',
    `${neighbor('passive: true')}bgp: { listen: [] }\n`,
    ['f:6:14: neighbors[0].passive: found true with an empty bgp.listen; allowed false'],
  ],
  [
    'a listen address twice',
    `${MINIMAL}bgp: { listen: ['nowhere', '::', '0::0'] }\n`,
    [
      'f:6:17: bgp.listen[0]: found "nowhere"; allowed an IPv4 or IPv6 address without prefix length',
      'f:6:34: bgp.listen[2]: found :: a second time; allowed each address once',
    ],
  ],
  [
    'a VNI twice and a route distinguisher twice',
    `${MINIMAL}evpn:\n  vnis:\n    - { vni: 10, rd: '1:1' }\n    - { vni: 10, rd: '1:1' }\n`,
    [
      'f:9:14: evpn.vnis[1].vni: found 10 a second time; allowed one entry for a VNI',
      'f:9:22: evpn.vnis[1].rd: found 1:1 a second time; allowed a route distinguisher for one VNI or VRF only',
    ],
  ],
  [
    'a VRF twice, an L3VNI twice and one of hosts',
    `${MINIMAL}evpn:\n  vnis: [{ vni: 10 }]\n  vrfs:\n    - { name: red, l3vni: 4001 }\n    - { name: red, l3vni: 4001 }\n    - { name: blue, l3vni: 10 }\n    - { name: a b }\n`,
    [
      'f:10:15: evpn.vrfs[1].name: found red a second time; allowed one entry for a VRF',
      'f:10:27: evpn.vrfs[1].l3vni: found 4001 a second time; allowed an L3VNI for one VRF only',
      'f:11:28: evpn.vrfs[2].l3vni: found 10, which evpn.vnis has as a VNI of hosts; allowed a VNI of its own',
      'f:12:15: evpn.vrfs[3].name: found "a b"; allowed the name of a device, 1 to 15 characters without / and spaces',
    ],
  ],
  [
    'a protocol whose routes are not announced so, one of no number, and one that is none',
    `${MINIMAL}evpn:\n  vrfs:\n    - { name: red, redistribute-protocols: [static, kernel, 300, 188] }\n`,
    [
      'f:8:53: evpn.vrfs[0].redistribute-protocols[1]: found "kernel"; allowed another protocol: `redistribute-connected` has the networks of devices',
      `f:8:61: evpn.vrfs[0].redistribute-protocols[2]: found "300"; allowed a number from 3 to 255, or boot, static, gated, ra, mrt, zebra, bird, dnrouted, xorp, ntk, dhcp, mrouted, keepalived, babel, ovn, openr, bgp, isis, ospf, rip, ripng, eigrp, zstatic`,
    ],
  ],
  [
    'a VNI out of range',
    `${MINIMAL}evpn: { vnis: [{ vni: 16777216 }] }\n`,
    ['f:6:23: evpn.vnis[0].vni: found 16777216; allowed a VNI from 1 to 16777215'],
  ],
  [
    'VNI 0',
    `${MINIMAL}evpn: { vnis: [{ vni: 0 }, { vni: 16777215 }] }\n`,
    ['f:6:23: evpn.vnis[0].vni: found 0; allowed a VNI from 1 to 16777215'],
  ],
  [
    'bad route targets and a bad route distinguisher',
    `${MINIMAL}evpn:
  vnis:
    - vni: 10
      rd: 65000
      import-route-targets: ['65000:x', '*:4294967296']
      export-route-targets: ['*:10']
`,
    [
      'f:9:11: evpn.vnis[0].rd: found 65000; allowed a route distinguisher: ip:0-65535, as:0-4294967295, or 4-octet-as:0-65535',
      'f:10:30: evpn.vnis[0].import-route-targets[0]: found "65000:x"',
      'f:10:41: evpn.vnis[0].import-route-targets[1]: found "*:4294967296"',
      'f:11:30: evpn.vnis[0].export-route-targets[0]: found "*:10"',
    ],
  ],
  [
    'bad route targets',
    `${MINIMAL}evpn:
  vnis:
    - vni: 10
      rd: '65000'
      import-route-targets: ['65000:x', '*:4294967296']
      export-route-targets: ['*:10', '1:1', '1:1']
`,
    [
      'f:9:11: evpn.vnis[0].rd: found "65000"; allowed ip:0-65535, as:0-4294967295, or 4-octet-as:0-65535',
      'f:10:30: evpn.vnis[0].import-route-targets[0]: found "65000:x"; allowed as:0-4294967295, 4-octet-as:0-65535, or ip:0-65535',
      'f:10:41: evpn.vnis[0].import-route-targets[1]: found "*:4294967296"; allowed *:0-4294967295, or a route target',
      'f:11:30: evpn.vnis[0].export-route-targets[0]: found "*:10"; allowed as:0-4294967295, 4-octet-as:0-65535, or ip:0-65535',
      'f:11:45: evpn.vnis[0].export-route-targets[2]: found 1:1 a second time; allowed each route target once',
    ],
  ],
  [
    'a wildcard without quotes',
    `${MINIMAL}evpn:\n  vnis:\n    - vni: 10\n      import-route-targets:\n        - *:10\n`,
    ["f:10:11: found *:10 without quotes, which YAML takes for an alias; allowed '*:10' in quotes"],
  ],
  [
    'API addresses that are none',
    `${MINIMAL}api: { listen: ['8179', 'localhost:8179', '::1:8179', '127.0.0.1:0'], unix-socket: api.sock }\n`,
    [
      'f:6:17: api.listen[0]: found "8179"; allowed 127.0.0.1:8179, or [::1]:8179 for IPv6',
      'f:6:25: api.listen[1]: found "localhost:8179"; allowed 127.0.0.1:8179, or [::1]:8179 for IPv6',
      'f:6:43: api.listen[2]: found "::1:8179"; allowed 127.0.0.1:8179, or [::1]:8179 for IPv6',
      'f:6:55: api.listen[3]: found "127.0.0.1:0"; allowed 127.0.0.1:8179, or [::1]:8179 for IPv6',
      'f:6:84: api.unix-socket: found "api.sock"; allowed an absolute path of at most 107 bytes',
    ],
  ],
  [
    'a level that is none',
    `${MINIMAL}log: { level: verbose }\n`,
    ['f:6:15: log.level: found "verbose"; allowed debug, info, warn or error'],
  ],
  [
    'a key twice',
    `${MINIMAL}asn: 65002\n`,
    ['f:6:1: found the key asn a second time; allowed each key once'],
  ],
  [
    'a key twice and another fault',
    `${MINIMAL}asn: 65002\nlog: { level: x }\n`,
    [
      'f:6:1: found the key asn a second time; allowed each key once',
      'f:7:15: log.level: found "x"; allowed debug, info, warn or error',
    ],
  ],
];

for (const [what, text, expected] of BAD)
  test(`rejected: ${what}`, (t) => {
    const found = findings(text);
    t.is(found.length, expected.length, found.join('\n'));
    found.forEach((line, i) => {
      t.true(line.startsWith(expected[i]), `${line}\n${expected[i]}`);
    });
  });

test('one pass finds faults of shape and of meaning, and makes none up', (t) => {
  const found = findings(`asn: many
router-id: 0.0.0.0
neighbors:
  - { address: 10.1.1, remote-as: 65000, hold-time: x, keepalive-time: 20 }
  - { remote-as: 65000, local-address: '2001:db8::1' }
  - { address: 10.1.1.0, remote-as: none, local-address: '2001:db8::1', keepalive-time: 9 }
  - nothing
  - { address: 10.1.1.0, remote-as: 1, passive: true }
bgp: { listen: [], porth: 1 }
evpn: { vnis: [{ vni: 0, rd: '1:1' }, { vni: -1, rd: '1:1' }, { vni: 10, import-route-targets: [1, 2, '1:x'] }] }
`);
  t.deepEqual(
    found.map((line) => line.replace(/^f:\d+:\d+: (\S+): .*/, '$1')),
    [
      'asn',
      'router-id',
      'neighbors[0].address',
      'neighbors[0].hold-time',
      'neighbors[1].address',
      'neighbors[2].remote-as',
      'neighbors[2].local-address',
      'neighbors[2].keepalive-time',
      'neighbors[3]',
      'neighbors[4].address',
      'neighbors[4].passive',
      'bgp.porth',
      'evpn.vnis[0].vni',
      'evpn.vnis[1].vni',
      'evpn.vnis[1].rd',
      'evpn.vnis[2].import-route-targets[0]',
      'evpn.vnis[2].import-route-targets[1]',
      'evpn.vnis[2].import-route-targets[2]',
    ],
    found.join('\n'),
  );
});

/** Sets the value at a key such as `neighbors[].port`, of the first item of lists. */
function set(content: Record<string, unknown>, key: string, value: unknown): void {
  const steps = key.split('.');
  let holder = content;
  for (const step of steps.slice(0, -1)) {
    const name = step.replace('[]', '');
    const next = holder[name] ?? (step.endsWith('[]') ? [{}] : {});
    holder[name] = next;
    holder = (Array.isArray(next) ? next[0] : next) as typeof holder;
  }
  holder[steps.at(-1)!] = value;
}

for (const key of reloadEffects().keys())
  test(`a fault of ${key} hides none elsewhere and makes none up`, (t) => {
    const vnis = [{ vni: 10 }, { vni: 20, rd: 'x' }];
    const content = {
      ...parse(MINIMAL),
      'peer-groups': [{ name: 'spines' }],
      'listen-ranges': [{ prefix: '10.2.0.0/16', 'remote-as': 'external' }],
      policies: [{ name: 'from-spines', rules: [{ name: 'all' }] }],
      evpn: { vnis, vrfs: [{ name: 'red' }] },
    };
    set(content, key, { no: 'such thing' });
    const found = findings(stringify(content)).map((line) => line.replace(/^f:\d+:\d+: (\S+): .*/, '$1'));
    const at = key.replaceAll('[]', '[0]');
    // Of a mapping the unknown key is at fault
    const fault = key === 'neighbors[].max-family-routes' ? `${at}.no` : at;
    t.deepEqual(found.toSorted(), [fault, 'evpn.vnis[1].rd'].toSorted());
  });

for (const [where, key, cure] of [
  ['neighbors[0].', 'password', 'password-file'],
  ['neighbors[0].', 'route_map', 'import-policy and export-policy'],
])
  test(`${key}: what to do instead is said, not which word is like it`, (t) => {
    const [found, ...more] = findings(neighbor(`${key}: x`));
    t.deepEqual(more, []);
    t.true(found.startsWith(`f:6:5: ${where}${key}: found a key that evpnd does not know; allowed `), found);
    t.true(found.includes(cure), found);
    t.false(found.includes('did you mean'));
  });

test('a neighbor may be behind an interface, alone or in a peer group, with families of both protocols', (t) => {
  const { neighbors } = parseConfig(
    `asn: 65001
router-id: 10.0.0.1
peer-groups:
  - name: spines
    remote-as: external
    families: [l2vpn-evpn, ipv4-unicast, ipv6-unicast]
    ttl-security: 1
neighbors:
  - { interface: swp1, peer-group: spines, bfd: true }
  - { interface: eth1.100, peer-group: spines }
  - { address: 10.1.1.0, remote-as: internal }
underlay: { enabled: true }
`,
    'f',
  );
  t.deepEqual(
    neighbors.map((each) => [each.interface, each.address, each.remoteAs, each.families.length]),
    [
      ['swp1', undefined, 'external', 3],
      ['eth1.100', undefined, 'external', 3],
      [undefined, parseIp('10.1.1.0'), 'internal', 1],
    ],
  );
});

test('YAML faults name their place', (t) => {
  t.regex(findings('asn: 1\nneighbors:\n\t- a\n')[0], /^f:3:1: found bad YAML .*allowed spaces, not tabs/);
  t.regex(findings('asn: "1\n')[0], /^f:\d+:\d+: found bad YAML .*; allowed well-formed YAML 1.2/);
  t.regex(
    findings(`${MINIMAL}---\n${MINIMAL}`)[0],
    /^f:6:1: found bad YAML .*; allowed one document in a file/,
  );
});

test('an address that ends with colons needs quotes, and the finding says so', (t) => {
  t.regex(findings(edit('10.1.1.0', '2001:db8::')).join(), /quotes around a value that ends with a colon/);
  t.deepEqual(findings(edit('10.1.1.0', "'2001:db8::'")), []);
});

test('a file that is not there is a finding', (t) => {
  const error = t.throws(() => loadConfig('/nonexistent/evpnd.yaml'), { instanceOf: ConfigError });
  t.regex(error.message, /^\/nonexistent\/evpnd.yaml: found an unreadable file \(ENOENT/);
});

test('--check prints a summary or every finding', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'evpnd-config-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const good = join(directory, 'good.yaml');
  const bad = join(directory, 'bad.yaml');
  writeFileSync(good, MINIMAL);
  writeFileSync(bad, `${MINIMAL}    port: 0\n    passive: 1\n`);
  t.deepEqual(runCheck(good), {
    ok: true,
    text: `${good}: OK: AS 65001, 1 neighbor, all VNIs, 0 VNIs set apart`,
  });
  t.deepEqual(runCheck(bad), {
    ok: false,
    text: [
      `${bad}:6:11: neighbors[0].port: found 0; allowed a TCP port from 1 to 65535`,
      `${bad}:7:14: neighbors[0].passive: found 1; allowed true or false`,
    ].join('\n'),
  });
});

test('a file can be parsed twice: defaults are not shared', (t) => {
  const one = parseConfig(MINIMAL, 'f');
  (one.bgp.listen as unknown[]).length = 0;
  t.is(parseConfig(MINIMAL, 'f').bgp.listen.length, 2);
});

const withPolicies = (policies: string, neighbor = '') =>
  findings(`asn: 65001
router-id: 10.0.0.1
neighbors: [{ address: 10.1.1.0, remote-as: external${neighbor} }]
policies:
${policies}`).map((line) => line.replace(/^f:\d+:\d+: /, ''));

test('a policy that no list has, names given twice, and values that are none, are each named', (t) => {
  t.deepEqual(
    withPolicies('  - { name: a, rules: [{ name: x }] }', ', import-policy: a, export-policy: a'),
    [],
  );
  t.deepEqual(withPolicies('  - { name: spines }', ', import-policy: spine'), [
    'neighbors[0].import-policy: found "spine"; allowed spines; did you mean spines?',
  ]);
  const names = (found: readonly string[]) => found.map((line) => line.replace(/: found .*/s, ''));
  t.deepEqual(
    names(withPolicies('  - { name: a, rules: [{ name: x }, { name: y }, { name: x }] }\n  - { name: a }')),
    ['policies[0].rules[2].name', 'policies[1].name'],
  );
  t.deepEqual(
    names(
      withPolicies(`  - name: a
    otherwise: maybe
    rules:
      - name: x
        action: drop
        match:
          vnis: [0, 16777216, 20-10, 1-2-3, 10]
          macs: ['02:00:00:00:00:00/49', '02:00:00:00:00']
          prefixes: ['10.0.0.1/8']
          communities: ['65536:1', '1', '65000:1']
          route-types: [12]
          route-targets: ['x']
          as-path: [0]
        set: { local-preference: -1, med: 4294967296, prepend: [], route-targets: ['*:1'] }`),
    ).sort(),
    [
      ...['otherwise', 'rules[0].action'],
      ...['as-path[0]', 'communities[0]', 'communities[1]', 'macs[0]', 'macs[1]', 'prefixes[0]'].map(
        (key) => `rules[0].match.${key}`,
      ),
      ...['route-targets[0]', 'route-types[0]', 'vnis[0]', 'vnis[1]', 'vnis[2]', 'vnis[3]'].map(
        (key) => `rules[0].match.${key}`,
      ),
      ...['local-preference', 'med', 'prepend', 'route-targets[0]'].map((key) => `rules[0].set.${key}`),
    ]
      .map((key) => `policies[0].${key}`)
      .sort(),
  );
});
