import test from 'ava';
import { stringify } from 'yaml';
import { type Config, ConfigError, diffConfig, formatFinding, interpret } from '../../src/config/index.js';
import { parseConfig, parseConfigFile } from '../../src/config/load.js';
import { INHERITED_KEYS } from '../../src/config/settings-neighbor.js';
import { formatPrefix } from '../../src/types/index.js';
import { keyFile } from './support/key-file.js';
import { otherValues } from './support/reference.js';

const HEAD = {
  asn: 65001,
  'router-id': '10.0.0.1',
  underlay: { enabled: true },
  policies: [{ name: 'from-spines' }],
};
const parse = (file: object): Config => parseConfig(stringify({ ...HEAD, ...file }), 'f');

function findings(text: string): string[] {
  try {
    parseConfig(`asn: 65001\nrouter-id: 10.0.0.1\n${text}`, 'f');
  } catch (error) {
    if (error instanceof ConfigError) return error.findings.map(formatFinding);
    throw error;
  }
  return [];
}

/** A value for each setting whose schema does not tell one. */
const VALUES: Readonly<Record<string, unknown>> = {
  'remote-as': 65009,
  'local-address': '10.1.1.1',
  'local-as': 65099,
  'update-source': 'lo',
  device: 'blue',
  vrf: 'red',
  'max-family-routes': { 'l2vpn-evpn': 7 },
  'send-hold-time': 60,
  bfd: { interval: 100 },
  'hold-time': 30,
  'keepalive-time': 2,
  'password-file': keyFile('secret'),
  description: 'spine',
  shutdown: 'maintenance',
  families: ['ipv4-unicast'],
  'import-policy': 'from-spines',
  'export-policy': 'from-spines',
  'site-of-origin': '65000:7',
};

for (const key of INHERITED_KEYS.neighbors)
  test(`${key} of a peer group, and of the one that it inherits from, is as if it stood at the neighbor`, (t) => {
    const value = VALUES[key] ?? otherValues()[`neighbors[].${key}`];
    t.not(value, undefined, `a value of ${key} for this test`);
    const beside = key === 'vrf' ? { families: ['ipv4-unicast'] } : {};
    const must = key === 'remote-as' ? {} : { 'remote-as': 'external' };
    const [{ peerGroup: none, ...written }] = parse({
      neighbors: [{ address: '10.1.1.0', ...must, ...beside, [key]: value }],
    }).neighbors;
    const [{ peerGroup, ...inherited }] = parse({
      'peer-groups': [
        { name: 'spines', 'peer-group': 'all' },
        { name: 'all', [key]: value },
      ],
      neighbors: [{ address: '10.1.1.0', 'peer-group': 'spines', ...must, ...beside }],
    }).neighbors;
    t.is(none, undefined);
    t.is(peerGroup, 'spines');
    t.deepEqual(inherited, written);
  });

test('the nearest value counts: the neighbor, its group, the group of that', (t) => {
  const { neighbors } = parse({
    'peer-groups': [
      { name: 'all', 'remote-as': 'external', port: 1, 'max-routes': 1, 'connect-retry-time': 1 },
      { name: 'spines', 'peer-group': 'all', port: 2, 'max-routes': 2 },
    ],
    neighbors: [
      { address: '10.1.1.0', 'peer-group': 'spines', port: 3 },
      { address: '10.1.2.0', 'peer-group': 'all' },
      { address: '10.1.3.0', 'remote-as': 65000 },
    ],
  });
  t.deepEqual(
    neighbors.map(({ remoteAs, port, maxRoutes, connectRetryTime }) => [
      remoteAs,
      port,
      maxRoutes,
      connectRetryTime,
    ]),
    [
      ['external', 3, 2, 1],
      ['external', 1, 1, 1],
      [65000, 179, 1_000_000, 5],
    ],
  );
});

test('a change in a group is a change of its neighbors, unless they have a value of their own', (t) => {
  const file = (hold: number) => ({
    'peer-groups': [{ name: 'spines', 'remote-as': 'external', 'hold-time': hold }],
    neighbors: [
      { address: '10.1.1.0', 'peer-group': 'spines' },
      { address: '10.1.2.0', 'peer-group': 'spines', 'hold-time': 20 },
    ],
  });
  t.deepEqual(
    diffConfig(parse(file(30)), parse(file(60))).map(({ key, before, after }) => [key, before, after]),
    [
      ['neighbors[10.1.1.0].hold-time', '30', '60'],
      ['peer-groups[spines].hold-time', '30', '60'],
    ],
  );
});

test('what a start reads again without the schema is the same', (t) => {
  const { file, config } = parseConfigFile(
    stringify({
      ...HEAD,
      'peer-groups': [{ name: 'spines', 'remote-as': 65009, 'local-address': '10.1.1.1' }],
      neighbors: [{ address: '10.1.1.0', 'peer-group': 'spines' }],
    }),
    'f',
  );
  t.deepEqual(
    interpret(JSON.parse(JSON.stringify(file)), () => t.fail()),
    config,
  );
});

test('a listen range has the settings of its group', (t) => {
  const { listenRanges } = parse({
    'peer-groups': [
      {
        name: 'leaves',
        'remote-as': 65001,
        'hold-time': 30,
        'password-file': keyFile('secret'),
        'ttl-security': 1,
        shutdown: 'soon',
      },
    ],
    'listen-ranges': [
      { prefix: '10.2.0.0/16', 'peer-group': 'leaves' },
      { prefix: '2001:db8::/32', 'remote-as': 'external', limit: 2 },
    ],
    neighbors: [],
  });
  t.deepEqual(
    listenRanges.map(({ prefix, limit, remoteAs, holdTime, keepaliveTime }) => [
      formatPrefix(prefix),
      limit,
      remoteAs,
      holdTime,
      keepaliveTime,
    ]),
    [
      ['10.2.0.0/16', 100, 'internal', 30, 3],
      ['2001:db8::/32', 2, 'external', 9, 3],
    ],
  );
  t.false(Object.hasOwn(listenRanges[0], 'port'));
  t.like(listenRanges[0], { ttlSecurity: 1, shutdown: 'soon' });
  t.is(listenRanges[0].passwordFile?.reveal().toString(), 'secret');
});

/** What is wrong, the file from its third line on, and every finding in order. */
const BAD: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'an unknown group, near another',
    'peer-groups: [{ name: spines, remote-as: 1 }]\nneighbors: [{ address: 10.1.1.0, peer-group: spine }]\n',
    ['f:4:46: neighbors[0].peer-group: found "spine"; allowed spines; did you mean spines?'],
  ],
  [
    'a group where there is none',
    'neighbors: [{ address: 10.1.1.0, peer-group: spines, remote-as: 1 }]\n',
    ['f:3:46: neighbors[0].peer-group: found "spines"; allowed nothing: there are no peer-groups'],
  ],
  [
    'a group that inherits from itself',
    'peer-groups: [{ name: a, peer-group: a }]\nneighbors: [{ address: 10.1.1.0, peer-group: a }]\n',
    [
      'f:3:38: peer-groups[0].peer-group: found a cycle: a inherits from a; allowed a peer group that does not inherit from a',
    ],
  ],
  [
    'a cycle, and a group that leads into it',
    'peer-groups:\n  - { name: a, peer-group: b }\n  - { name: b, peer-group: c }\n  - { name: c, peer-group: b }\nneighbors: [{ address: 10.1.1.0, peer-group: a }]\n',
    [
      'f:5:28: peer-groups[1].peer-group: found a cycle: b inherits from c inherits from b; allowed a peer group that does not inherit from b',
      'f:6:28: peer-groups[2].peer-group: found a cycle: c inherits from b inherits from c; allowed a peer group that does not inherit from c',
    ],
  ],
  [
    'a group that inherits from an unknown one',
    'peer-groups: [{ name: spines, peer-group: x }]\nneighbors: [{ address: 10.1.1.0, peer-group: spines }]\n',
    ['f:3:43: peer-groups[0].peer-group: found "x"; allowed spines'],
  ],
  [
    'a name twice',
    'peer-groups: [{ name: a }, { name: a }]\nneighbors: []\n',
    ['f:3:36: peer-groups[1].name: found "a" a second time; allowed one peer group for a name'],
  ],
  [
    'a name of two words, and none',
    "peer-groups: [{ name: 'a b' }, { port: 1 }]\nneighbors: []\n",
    [
      'f:3:23: peer-groups[0].name: found "a b"; allowed a word of at most 64 characters',
      'f:3:32: peer-groups[1].name: found nothing; allowed a word of at most 64 characters',
    ],
  ],
  [
    'a value of two neighbors, once and where it stands',
    'peer-groups:\n  - { name: a, remote-as: 1, port: 0 }\nneighbors:\n  - { address: 10.1.1.0, peer-group: a }\n  - { address: 10.1.2.0, peer-group: a }\n',
    ['f:4:36: peer-groups[0].port: found 0; allowed a TCP port from 1 to 65535'],
  ],
  [
    'a value of the wrong meaning, once and where it stands',
    'peer-groups:\n  - { name: a, remote-as: 1, hold-time: 2 }\nneighbors:\n  - { address: 10.1.1.0, peer-group: a }\n',
    ['f:4:41: peer-groups[0].hold-time: found 2; allowed 0, or seconds from 3 to 65535'],
  ],
  [
    "a group's value that does not fit the neighbor's own",
    "peer-groups:\n  - { name: a, remote-as: 1, local-address: '2001:db8::1' }\nneighbors:\n  - { address: 10.1.1.0, peer-group: a }\n",
    ['f:4:45: peer-groups[0].local-address: found "2001:db8::1"; allowed an IPv4 address'],
  ],
  [
    'an address, and a key that no neighbor has',
    'peer-groups: [{ name: a, address: 10.1.1.0, prot: 1 }]\nneighbors: [{ address: 10.1.1.0, remote-as: 1, peer-group: a }]\n',
    [
      `f:3:26: peer-groups[0].address: found an unknown key; allowed name, peer-group, ${INHERITED_KEYS.neighbors.join(', ')}`,
      `f:3:45: peer-groups[0].prot: found an unknown key; allowed name, peer-group, ${INHERITED_KEYS.neighbors.join(', ')}; did you mean port?`,
    ],
  ],
  [
    'what must be there and is nowhere',
    'peer-groups: [{ name: a }]\nneighbors: [{ address: 10.1.1.0, peer-group: a }]\n',
    [
      'f:4:13: neighbors[0].remote-as: found nothing; allowed an AS number from 1 to 4294967295 in plain digits, internal, or external',
    ],
  ],
  [
    'ranges that are none, one that is there twice, and an unknown group',
    "listen-ranges:\n  - { prefix: 10.2.0.1/16, remote-as: 1 }\n  - { prefix: 10.3.0.0, remote-as: 1 }\n  - { prefix: 10.3.0.0/33, remote-as: 1 }\n  - { prefix: '2001:db8::/32', remote-as: 1, limit: 0 }\n  - { prefix: '2001:db8:0::/32', peer-group: leaves }\nneighbors: []\n",
    [
      'f:4:15: listen-ranges[0].prefix: found "10.2.0.1/16"; allowed 10.2.0.0/16',
      'f:5:15: listen-ranges[1].prefix: found "10.3.0.0"; allowed an IPv4 or IPv6 prefix, as 10.1.0.0/16',
      'f:6:15: listen-ranges[2].prefix: found "10.3.0.0/33"; allowed a prefix length from 0 to 32',
      'f:7:53: listen-ranges[3].limit: found 0; allowed neighbors from 1 to 65535',
      'f:8:15: listen-ranges[4].prefix: found 2001:db8::/32 a second time; allowed one range for a prefix',
      'f:8:46: listen-ranges[4].peer-group: found "leaves"; allowed nothing: there are no peer-groups',
    ],
  ],
  [
    'a range with two TTLs, one of its group',
    'peer-groups: [{ name: a, ttl-security: 1 }]\nlisten-ranges: [{ prefix: 10.2.0.0/16, peer-group: a, remote-as: 1, ebgp-multihop: 2 }]\nneighbors: []\n',
    [
      'f:4:84: listen-ranges[0].ebgp-multihop: found 2 with ttl-security, whose TTL is 255; allowed one of them',
    ],
  ],
  [
    'a range with what counts for who is connected to alone',
    'neighbors: []\nlisten-ranges:\n  - prefix: 10.2.0.0/16\n    remote-as: 1\n    update-source: lo\n    local-address: 10.0.0.1\n    passive: true\n',
    [
      'f:7:5: listen-ranges[0].update-source: found a key that evpnd does not know; allowed nothing: the neighbor chooses the address that it connects to; bgp.listen limits them',
      'f:8:5: listen-ranges[0].local-address: found a key that evpnd does not know; allowed nothing: the neighbor chooses the address that it connects to; bgp.listen limits them',
      'f:9:5: listen-ranges[0].passive: found a key that evpnd does not know; allowed nothing: evpnd never connects to a neighbor of a range',
    ],
  ],
  [
    "settings of who connects, in a range's group and in the one that it inherits from, once for two ranges",
    'peer-groups:\n  - { name: a, peer-group: b, port: 1179, passive: false }\n  - { name: b, update-source: lo, connect-retry-time: 5 }\n  - { name: c, peer-group: a, port: 1 }\nlisten-ranges:\n  - { prefix: 10.2.0.0/16, remote-as: 1, peer-group: a }\n  - { prefix: 10.3.0.0/16, remote-as: 1, peer-group: a }\nneighbors: [{ address: 10.1.1.0, peer-group: c, remote-as: 1 }]\n',
    [
      ['4:37', 0, 'port', 'evpnd never connects to a neighbor of a range'],
      ['4:52', 0, 'passive', 'evpnd never connects to a neighbor of a range'],
      [
        '5:31',
        1,
        'update-source',
        'the neighbor chooses the address that it connects to; bgp.listen limits them',
      ],
      ['5:55', 1, 'connect-retry-time', 'evpnd never connects to a neighbor of a range'],
    ].map(
      ([at, group, key, why]) =>
        `f:${at}: peer-groups[${group}].${key}: found ${key} in a group of listen-ranges[0]; allowed nothing: ${why}; a group of neighbors alone may inherit from this one and have it`,
    ),
  ],
  [
    'a range where nobody can connect, and a port of it',
    'listen-ranges: [{ prefix: 10.2.0.0/16, remote-as: 1, port: 1 }]\nbgp: { listen: [] }\nneighbors: []\n',
    [
      'f:3:27: listen-ranges[0].prefix: found a range with an empty bgp.listen; allowed an address there',
      'f:3:54: listen-ranges[0].port: found a key that evpnd does not know; allowed nothing: evpnd never connects to a neighbor of a range',
    ],
  ],
  [
    'shapes that are none',
    'peer-groups: { a: {} }\nneighbors: [{ address: 10.1.1.0, peer-group: [a], remote-as: 1 }]\n',
    [
      'f:3:14: peer-groups: found a mapping; allowed a list of peer groups',
      'f:4:46: neighbors[0].peer-group: found a list; allowed the name of one of peer-groups',
    ],
  ],
];

for (const [what, text, expected] of BAD)
  test(`rejected: ${what}`, (t) => {
    t.deepEqual(findings(text), expected);
  });
