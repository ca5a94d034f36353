import test from 'ava';
import { importFrr } from '../../src/import-frr/index.js';
import { itemsOf, shownNotes } from './support/notes.js';

const HEAD = ['frr defaults datacenter', 'router bgp 65001', ' bgp router-id 10.0.0.1'];
const BASIC = { asn: 65001, 'router-id': '10.0.0.1' };
const SERVED = { evpn: { 'advertise-all-vni': true } };
const EVPN = [' address-family l2vpn evpn', '  advertise-all-vni'];
const LEAF = [...HEAD, ' no bgp default ipv4-unicast', ' neighbor 10.1.1.0 remote-as 65000'];
const ACTIVE = [...EVPN, '  neighbor 10.1.1.0 activate'];

/** What one neighbor with the EVPN family becomes, with these statements of its own. */
function neighborOf(...statements: readonly string[]): Record<string, unknown> {
  const { content, failure } = importFrr([...LEAF, ...statements, ...ACTIVE].join('\n'));
  if (content === undefined) throw new Error(failure);
  const [neighbor] = content.neighbors as Record<string, unknown>[];
  return neighbor;
}

test('a neighbor alone', (t) => {
  const { content, notes } = importFrr([...LEAF, ...ACTIVE].join('\n'));
  t.deepEqual(content, { ...BASIC, neighbors: [{ address: '10.1.1.0', 'remote-as': 65000 }], ...SERVED });
  t.deepEqual(notes, []);
});

for (const [statement, expected] of [
  ['description spine one, rack 7', { description: 'spine one, rack 7' }],
  ['passive', { passive: true }],
  ['port 1790', { port: 1790 }],
  ['shutdown', { shutdown: true }],
  ['shutdown message back at noon', { shutdown: 'back at noon' }],
  ['timers 10 30', { 'hold-time': 30, 'keepalive-time': 10 }],
  ['timers 3 9', { 'hold-time': 9 }],
  ['timers 0 0', { 'hold-time': 0 }],
  // FRR itself takes a third of the hold time
  ['timers 60 30', { 'hold-time': 30, 'keepalive-time': 10 }],
  ['timers connect 7', { 'connect-retry-time': 7 }],
  ['timers delayopen 7', {}],
  ['ttl-security hops 1', { 'ttl-security': 1 }],
  ['ebgp-multihop', { 'ebgp-multihop': 255 }],
  ['ebgp-multihop 4', { 'ebgp-multihop': 4 }],
  ['update-source lo', { 'update-source': 'lo' }],
  ['update-source 10.0.0.1', { 'local-address': '10.0.0.1' }],
  ['local-as 65099 no-prepend replace-as', { 'local-as': 65099 }],
  ['enforce-first-as', { 'enforce-first-as': true }],
  ['bfd', { bfd: true }],
  ['bfd 3 300 300', { bfd: { interval: 300, multiplier: 3 } }],
  ['remote-as external', { 'remote-as': 'external' }],
  ['remote-as internal', { 'remote-as': 'internal' }],
  ['remote-as 1.10', { 'remote-as': 65546 }],
  ['password s3cret', { 'password-file': '/etc/evpnd/keys/10.1.1.0' }],
  ['send-community both', {}],
  ['disable-connected-check', {}],
  ['advertisement-interval 0', { 'advertisement-interval': 0 }],
  ['advertisement-interval 5', { 'advertisement-interval': 5 }],
] as const)
  test(`neighbor: ${statement}`, (t) => {
    t.deepEqual(neighborOf(` neighbor 10.1.1.0 ${statement}`), {
      address: '10.1.1.0',
      'remote-as': 65000,
      ...expected,
    });
  });

test('bgp graceful-restart notification, which FRR has for all neighbors', (t) => {
  for (const [statement, value] of [
    ['bgp graceful-restart notification', true],
    ['no bgp graceful-restart notification', false],
  ] as const)
    t.is(neighborOf(` ${statement}`)['graceful-restart-notification'], value);
});

test('how long FRR keeps stale routes, for all neighbors', (t) => {
  t.is(neighborOf(' bgp graceful-restart stalepath-time 500')['stale-time'], 500);
  t.is(neighborOf(' bgp long-lived-graceful-restart stale-time 3600')['long-lived-stale-time'], 3600);
});

test('bgp graceful-shutdown', (t) => {
  const of = (statement: string) =>
    importFrr(
      `router bgp 65001\n bgp router-id 10.0.0.1\n${statement}\n neighbor 10.1.1.0 remote-as external`,
    ).yaml;
  t.regex(of(' bgp graceful-shutdown') ?? '', /^drain: true$/m);
  t.notRegex(of(' bgp always-compare-med') ?? 'drain', /drain/);
});

test('neighbor: no enforce-first-as', (t) => {
  t.is(neighborOf(' no neighbor 10.1.1.0 enforce-first-as')['enforce-first-as'], false);
  t.is(neighborOf(' no bgp enforce-first-as')['enforce-first-as'], false);
});

for (const [statement, expected] of [
  ['allowas-in', { 'allowas-in': 3 }],
  ['allowas-in 2', { 'allowas-in': 2 }],
  ['soo 65000:7', { 'site-of-origin': '65000:7' }],
  ['maximum-prefix 1000', { 'max-family-routes': { 'l2vpn-evpn': 1000 }, 'on-limit': 'stop' }],
  [
    'maximum-prefix 1000 80 warning-only',
    { 'max-family-routes': { 'l2vpn-evpn': 1000 }, 'on-limit': 'warn' },
  ],
  ['maximum-prefix 1000 restart 5', { 'max-family-routes': { 'l2vpn-evpn': 1000 }, 'on-limit': 'close' }],
  ['next-hop-self', {}],
  ['attribute-unchanged next-hop', {}],
  ['soft-reconfiguration inbound', {}],
] as const)
  test(`neighbor of a family: ${statement}`, (t) => {
    const { content } = importFrr([...LEAF, ...ACTIVE, `  neighbor 10.1.1.0 ${statement}`].join('\n'));
    t.deepEqual(content?.neighbors, [{ address: '10.1.1.0', 'remote-as': 65000, ...expected }]);
  });

for (const [statements, expected] of [
  [['advertise-all-vni'], { 'advertise-all-vni': true }],
  [['advertise-default-gw'], { 'advertise-default-gateway': true }],
  [['advertise-svi-ip'], { 'advertise-svi-ip': true }],
  [['flooding disable'], { flooding: 'disabled' }],
  [['flooding head-end-replication'], { flooding: 'head-end-replication' }],
  [['autort rfc8365-compatible'], { 'auto-rt': 'rfc8365' }],
  [['dup-addr-detection'], { 'duplicate-detection': { enabled: true } }],
  [['no dup-addr-detection'], { 'duplicate-detection': { enabled: false } }],
  [['dup-addr-detection max-moves 7 time 100'], { 'duplicate-detection': { moves: 7, window: 100 } }],
  [
    ['dup-addr-detection freeze permanent'],
    { 'duplicate-detection': { action: 'freeze', 'freeze-time': 'permanent' } },
  ],
  [['dup-addr-detection freeze 60'], { 'duplicate-detection': { action: 'freeze', 'freeze-time': 60 } }],
  [
    ['vni 10010', ' rd 10.0.0.1:7', ' route-target import 65000:1', ' route-target import *:2', 'exit-vni'],
    { vnis: [{ vni: 10010, rd: '10.0.0.1:7', 'import-route-targets': ['65000:1', '*:2'] }] },
  ],
  [
    [
      'vni 10010',
      ' route-target both 65000:1',
      ' route-target export 65000:2',
      ' advertise-svi-ip',
      'vni 10020',
      ' advertise-default-gw',
    ],
    {
      vnis: [
        {
          vni: 10010,
          'import-route-targets': ['65000:1'],
          'export-route-targets': ['65000:1', '65000:2'],
          'advertise-svi-ip': true,
        },
        { vni: 10020, 'advertise-default-gateway': true },
      ],
    },
  ],
] as const)
  test(`l2vpn evpn: ${statements.join(', ')}`, (t) => {
    const { content, notes } = importFrr(
      [...LEAF, ...ACTIVE, ...statements.map((each) => `  ${each}`)].join('\n'),
    );
    t.deepEqual(content?.evpn, { ...SERVED.evpn, ...expected });
    t.deepEqual(notes, []);
  });

for (const [statements, expected] of [
  [[], {}],
  [['network 10.0.0.1/32', 'network 10.9.0.0/24'], { networks: ['10.0.0.1/32', '10.9.0.0/24'] }],
  [['redistribute connected'], { 'redistribute-connected': ['0.0.0.0/0 le 32'] }],
  [
    ['redistribute connected route-map LO'],
    { 'redistribute-connected': ['10.0.0.0/24 ge 32', 'deny 10.0.1.0/24'] },
  ],
  [['redistribute connected route-map NONE'], { 'redistribute-connected': [] }],
  [['maximum-paths 4', 'maximum-paths ibgp 2'], { 'maximum-paths': 4, 'maximum-paths-ibgp': 2 }],
  [['maximum-paths 64'], { 'maximum-paths': 32 }],
  [['exit', 'exit', 'ip nht resolve-via-default', ...HEAD], { 'resolve-via-default': true }],
] as const)
  test(`ipv4 unicast: ${statements.join(', ')}`, (t) => {
    const { content, failure } = importFrr(
      [
        'frr defaults datacenter',
        'ip prefix-list LO seq 10 deny 10.0.1.0/24',
        'ip prefix-list LO seq 5 permit 10.0.0.0/24 ge 32',
        'route-map LO permit 10',
        ' match ip address prefix-list LO',
        ...HEAD,
        ' bgp bestpath as-path multipath-relax',
        ' neighbor 10.1.1.0 remote-as external',
        ' address-family ipv4 unicast',
        ...statements.map((each) => `  ${each}`),
        ' exit-address-family',
        ...ACTIVE,
      ].join('\n'),
    );
    t.is(failure, undefined);
    t.deepEqual(content?.underlay, { enabled: true, ...expected });
  });

test('IPv4 unicast is active unless `no bgp default ipv4-unicast` says otherwise, as far as the address allows', (t) => {
  const { content } = importFrr(
    [
      ...HEAD,
      ' neighbor g peer-group',
      ' neighbor g remote-as external',
      ' neighbor 10.1.1.0 peer-group g',
      ' neighbor 2001:db8::1 peer-group g',
      ' neighbor swp1 interface peer-group g',
      ' neighbor 10.1.1.2 remote-as 7',
      ' bgp listen range 10.2.0.0/16 peer-group g',
      ' bgp listen range 2001:db8:1::/64 peer-group g',
      ' address-family ipv4 unicast',
      '  no neighbor 10.1.1.2 activate',
      ' address-family ipv6 unicast',
      '  neighbor g activate',
      ...EVPN,
      '  neighbor g activate',
      '  neighbor 10.1.1.2 activate',
    ].join('\n'),
  );
  t.deepEqual(content?.['peer-groups'], [
    { name: 'g', 'remote-as': 'external', families: ['l2vpn-evpn', 'ipv4-unicast', 'ipv6-unicast'] },
  ]);
  t.deepEqual(content?.neighbors, [
    { address: '10.1.1.0', 'peer-group': 'g', families: ['l2vpn-evpn', 'ipv4-unicast'] },
    { address: '2001:db8::1', 'peer-group': 'g', families: ['l2vpn-evpn', 'ipv6-unicast'] },
    { interface: 'swp1', 'peer-group': 'g' },
    { address: '10.1.1.2', 'remote-as': 7 },
  ]);
  t.deepEqual(content?.['listen-ranges'], [
    { prefix: '10.2.0.0/16', 'peer-group': 'g', families: ['l2vpn-evpn', 'ipv4-unicast'] },
    { prefix: '2001:db8:1::/64', 'peer-group': 'g', families: ['l2vpn-evpn', 'ipv6-unicast'] },
  ]);
});

test('what counts for who connects is no matter of a group that a listen range has, but of its neighbors', (t) => {
  const of = (...neighbors: readonly string[]) =>
    importFrr(
      [
        ...HEAD,
        ' no bgp default ipv4-unicast',
        ' neighbor g peer-group',
        ' neighbor g remote-as external',
        ' neighbor g update-source lo',
        ' neighbor g timers connect 2',
        ...neighbors,
        ' bgp listen range 10.2.0.0/16 peer-group g',
        ...EVPN,
        '  neighbor g activate',
      ].join('\n'),
    );
  const both = of(
    ' neighbor 10.1.1.0 peer-group g',
    ' neighbor 10.1.1.2 peer-group g',
    ' neighbor 10.1.1.2 update-source 10.0.0.1',
  );
  t.is(both.failure, undefined);
  t.deepEqual(both.content?.['peer-groups'], [{ name: 'g', 'remote-as': 'external' }]);
  const member = (address: string, rest: object) => ({ address, 'peer-group': 'g', ...rest });
  t.deepEqual(both.content?.neighbors, [
    member('10.1.1.0', { 'update-source': 'lo', 'connect-retry-time': 2 }),
    member('10.1.1.2', { 'local-address': '10.0.0.1', 'connect-retry-time': 2 }),
  ]);
  t.deepEqual(both.notes, []);
  const { content, notes } = of();
  t.deepEqual(content?.['peer-groups'], [{ name: 'g', 'remote-as': 'external' }]);
  t.deepEqual(shownNotes(notes), [
    '7 neighbor g update-source lo: neighbors of a listen range are those who connect',
    '8 neighbor g timers connect 2: neighbors of a listen range are those who connect',
  ]);
});

test('a neighbor with no family at all is reported, and left out', (t) => {
  const { content, notes } = importFrr([...LEAF, ...EVPN].join('\n'));
  t.deepEqual(content?.neighbors, []);
  t.deepEqual(shownNotes(notes), [
    '5 neighbor 10.1.1.0 remote-as 65000: no address family that evpnd speaks is active',
  ]);
});

test('timers: of the profile, of the router, of a group', (t) => {
  const times = (first: string, ...more: readonly string[]) => {
    const { content } = importFrr(
      [
        first,
        ...HEAD.slice(1),
        ...more,
        ' neighbor g peer-group',
        ' neighbor g remote-as 7',
        ' neighbor 10.1.1.0 peer-group g',
        ' neighbor 10.1.1.2 remote-as 7',
        ...EVPN,
        '  neighbor g activate',
        '  neighbor 10.1.1.2 activate',
        ' exit-address-family',
        ' neighbor g description x',
      ].join('\n'),
    );
    const all = [...itemsOf(content?.['peer-groups']), ...itemsOf(content?.neighbors)];
    return all.map((each) => [Reflect.get(each, 'hold-time'), Reflect.get(each, 'keepalive-time')]);
  };
  const none = [undefined, undefined];
  t.deepEqual(times('frr defaults datacenter'), [none, none, none]);
  t.deepEqual(times('frr defaults traditional'), [[180, 60], none, [180, 60]]);
  t.deepEqual(times('frr defaults traditional', ' timers bgp 3 9'), [none, none, none]);
  t.deepEqual(times('frr defaults datacenter', ' timers bgp 10 30'), [[30, 10], none, [30, 10]]);
});

test('BFD over routers is said so, with the times of a profile', (t) => {
  const { content } = importFrr(
    [
      'bfd',
      ' profile fast',
      '  detect-multiplier 4',
      '  transmit-interval 100',
      '  receive-interval 200',
      ' exit',
      'exit',
      ...HEAD,
      ' neighbor g peer-group',
      ' neighbor g remote-as 65000',
      ' neighbor g bfd profile fast',
      ' neighbor 10.1.1.0 peer-group g',
      ' neighbor 10.0.0.9 peer-group g',
      ' neighbor 10.0.0.9 update-source lo',
      ...EVPN,
      '  neighbor g activate',
    ].join('\n'),
  );
  t.deepEqual(
    itemsOf(content?.['peer-groups']).map((each) => Reflect.get(each, 'bfd')),
    [{ interval: 200, multiplier: 4 }],
  );
  t.deepEqual(
    itemsOf(content?.neighbors).map((each) => Reflect.get(each, 'bfd')),
    [undefined, { interval: 200, multiplier: 4, multihop: true }],
  );
});

test('keys in the order of the manual, whatever the order of statements', (t) => {
  const { yaml } = importFrr(
    [
      'router bgp 65001',
      ' bgp always-compare-med',
      ' neighbor 10.1.1.0 remote-as external',
      ' neighbor 10.1.1.0 description x',
      ' neighbor 10.1.1.0 timers connect 5',
      ' bgp router-id 10.0.0.1',
    ].join('\n'),
  );
  t.deepEqual(
    yaml
      ?.split('\n')
      .filter((line) => /^(\w| {2}- | {4}\w)/.test(line))
      .map((line) => line.replace(/:.*/, '').trim()),
    [
      'asn',
      'router-id',
      'neighbors',
      '- address',
      'remote-as',
      'connect-retry-time',
      'families',
      'description',
      'bgp',
      'evpn',
      'underlay',
    ],
  );
});

test('what FRR does without a statement and evpnd does not is reported once, at `router bgp`', (t) => {
  const notes = (...head: readonly string[]) =>
    shownNotes(importFrr([...head, ...LEAF.slice(1), ...ACTIVE].join('\n')).notes).map((note) =>
      note.slice(0, 60),
    );
  t.deepEqual(notes('frr version 10.3', 'frr defaults datacenter'), []);
  t.deepEqual(notes('frr version 8.4.4', 'frr defaults datacenter'), [
    '3 router bgp 65001: evpnd refuses routes of an external neig',
  ]);
  t.deepEqual(
    notes('frr version 8.4.4', 'frr defaults datacenter', 'router bgp 65001', ' bgp enforce-first-as'),
    [],
  );
  t.deepEqual(notes('frr defaults traditional'), [
    '2 router bgp 65001: evpnd takes and sends all routes where a',
  ]);
  t.deepEqual(notes('frr defaults traditional', 'router bgp 65001', ' no bgp ebgp-requires-policy'), []);
});

test('IPv6 next hops are offered to neighbors by interface, and cannot be to others', (t) => {
  const notes = (member: string) =>
    shownNotes(
      importFrr(
        [
          ...HEAD,
          ' neighbor g peer-group',
          ' neighbor g remote-as external',
          ' neighbor g capability extended-nexthop',
          ` neighbor ${member} peer-group g`,
          ...EVPN,
          '  neighbor g activate',
        ].join('\n'),
      ).notes,
    );
  t.deepEqual(notes('swp1 interface'), []);
  t.deepEqual(notes('2001:db8::1'), [
    '6 neighbor g capability extended-nexthop: evpnd offers IPv6 next hops for IPv4 routes (RFC 8950) to neighbors by interface alone',
  ]);
});
