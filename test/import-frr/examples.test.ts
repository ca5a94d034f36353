import test from 'ava';
import { importFrr } from '../../src/import-frr/index.js';
import { itemsOf, linesNotCarried, shownNotes } from './support/notes.js';

/** The tutorial's leaf to the letter: no blanks before statements, and a digit in the name of the family. */
const TUTORIAL = `router bgp 65456
bgp router-id 27.0.0.21
neighbor fabric peer-group
neighbor fabric remote-as external
neighbor uplink-1 interface peer-group fabric
neighbor uplink-2 interface peer-group fabric
address-family ipv4 unicast
neighbor fabric activate
redistribute connected
address-family 12vpn evpn
neighbor fabric activate
advertise-all-vni
`;

const TUTORIAL_YAML = `asn: 65456
router-id: 27.0.0.21
neighbors:
  - interface: uplink-1
    peer-group: fabric
  - interface: uplink-2
    peer-group: fabric
peer-groups:
  - name: fabric
    remote-as: external
    families:
      - l2vpn-evpn
      - ipv4-unicast
evpn:
  advertise-all-vni: true
underlay:
  enabled: true
  redistribute-connected:
    - 0.0.0.0/0 le 32
  multipath-relax: false
`;

test("the tutorial's leaf, to the letter", (t) => {
  const { yaml, notes } = importFrr(TUTORIAL);
  t.is(yaml, TUTORIAL_YAML);
  t.deepEqual(linesNotCarried(notes), []);
  t.deepEqual(
    notes.map(({ line, text }) => `${line} ${text.split(';')[0]}`),
    [
      '1 without `frr defaults` and `timers bgp` the hold time is that of evpnd, 9 s',
      '1 evpnd takes and sends all routes where a neighbor has no policy',
      '10 read as address-family l2vpn evpn, with the letter l',
    ],
  );
});

for (const [what, change] of [
  ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
  [
    'tabs, blanks at the end and empty lines',
    (text: string) => text.replaceAll('\n', ' \t\n\n').replaceAll(' ', '\t '),
  ],
  ['a byte order mark and no newline at the end', (text: string) => `\ufeff${text.trimEnd()}`],
  ['comments', (text: string) => text.replaceAll('\n', '\n ! comment\n# another\n')],
  ['blanks before statements', (text: string) => text.replaceAll(/\n(?=.)/g, '\n  ')],
  [
    'ends of blocks, and what `show running-config` prints',
    (text: string) =>
      `Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\n!\n${text
        .replace('address-family 12vpn', 'exit-address-family\n!\naddress-family l2vpn')
        .trimEnd()}\nexit-address-family\nexit\n!\nend\n`,
  ],
] as const)
  test(`the tutorial's leaf with ${what}`, (t) => {
    const { yaml, notes } = importFrr(change(TUTORIAL));
    t.is(yaml, TUTORIAL_YAML);
    t.deepEqual(linesNotCarried(notes), []);
  });

test("the tutorial's spine: a leaf is not made of it by the statements that it lacks", (t) => {
  const { content } = importFrr(
    TUTORIAL.replace('advertise-all-vni\n', '').replaceAll('uplink-', 'swp').replace('65456', '65535'),
  );
  t.deepEqual(content?.evpn, { 'advertise-all-vni': false });
  t.deepEqual(content?.neighbors, [
    { interface: 'swp1', 'peer-group': 'fabric' },
    { interface: 'swp2', 'peer-group': 'fabric' },
  ]);
});

/** As Proxmox VE writes it for an EVPN zone with a controller. */
const PROXMOX = `frr version 8.5.2
frr defaults datacenter
hostname pve1
log syslog informational
service integrated-vtysh-config
!
!
vrf vrf_zone1
 vni 10000
exit-vrf
!
router bgp 65000
 bgp router-id 192.0.2.1
 no bgp hard-administrative-reset
 no bgp default ipv4-unicast
 coalesce-time 1000
 no bgp graceful-restart notification
 neighbor VTEP peer-group
 neighbor VTEP remote-as 65000
 neighbor VTEP bfd
 neighbor 192.0.2.2 peer-group VTEP
 neighbor 192.0.2.3 peer-group VTEP
 !
 address-family l2vpn evpn
  neighbor VTEP activate
  neighbor VTEP route-map MAP_VTEP_IN in
  neighbor VTEP route-map MAP_VTEP_OUT out
  advertise-all-vni
 exit-address-family
exit
!
router bgp 65000 vrf vrf_zone1
 bgp router-id 192.0.2.1
 no bgp hard-administrative-reset
 no bgp graceful-restart notification
exit
!
route-map MAP_VTEP_IN permit 1
exit
!
route-map MAP_VTEP_OUT deny 1
 match evpn route-type prefix
exit
!
route-map MAP_VTEP_OUT permit 2
exit
!
line vty
!
`;

test("Proxmox's", (t) => {
  const { content, notes } = importFrr(PROXMOX);
  t.deepEqual(content, {
    asn: 65000,
    'router-id': '192.0.2.1',
    neighbors: [
      { address: '192.0.2.2', 'peer-group': 'VTEP' },
      { address: '192.0.2.3', 'peer-group': 'VTEP' },
    ],
    'peer-groups': [
      {
        name: 'VTEP',
        'remote-as': 65000,
        bfd: true,
        'import-policy': 'MAP_VTEP_IN',
        'export-policy': 'MAP_VTEP_OUT',
        'graceful-restart-notification': false,
      },
    ],
    policies: [
      { name: 'MAP_VTEP_IN', rules: [{ name: 'permit-1' }] },
      {
        name: 'MAP_VTEP_OUT',
        rules: [{ name: 'deny-1', match: { 'route-types': [5] }, action: 'reject' }, { name: 'permit-2' }],
      },
    ],
    evpn: { 'advertise-all-vni': true, vrfs: [{ name: 'vrf_zone1', l3vni: 10000 }] },
  });
  t.deepEqual(linesNotCarried(notes), [14]);
});

/** As netlab writes it for a leaf with loopback sessions over an IGP, and VLANs in VNIs. */
const NETLAB = `frr defaults datacenter
hostname leaf1
no ipv6 forwarding
ip forwarding
service integrated-vtysh-config
!
interface lo
 ip address 10.0.0.1/32
 ip ospf area 0.0.0.0
exit
!
interface eth1
 description leaf1 -> spine
 ip address 10.1.0.1/30
exit
!
router bgp 65000
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 bgp bestpath as-path multipath-relax
 neighbor 10.0.0.4 remote-as 65000
 neighbor 10.0.0.4 description spine
 neighbor 10.0.0.4 update-source lo
 !
 address-family ipv4 unicast
  network 10.0.0.1/32
  neighbor 10.0.0.4 activate
  neighbor 10.0.0.4 next-hop-self
  neighbor 10.0.0.4 send-community standard
  neighbor 10.0.0.4 send-community extended
 exit-address-family
 !
 address-family l2vpn evpn
  neighbor 10.0.0.4 activate
  neighbor 10.0.0.4 send-community extended
  advertise-all-vni
  advertise-svi-ip
  vni 101000
   rd 10.0.0.1:1000
   route-target import 65000:1000
   route-target export 65000:1000
  exit-vni
 exit-address-family
exit
!
router ospf
 ospf router-id 10.0.0.1
 timers throttle spf 10 50 500
exit
!
end
`;

test("netlab's", (t) => {
  const { content, notes } = importFrr(NETLAB);
  t.deepEqual(content, {
    asn: 65000,
    'router-id': '10.0.0.1',
    neighbors: [
      {
        address: '10.0.0.4',
        'remote-as': 65000,
        'update-source': 'lo',
        families: ['l2vpn-evpn', 'ipv4-unicast'],
        description: 'spine',
      },
    ],
    evpn: {
      'advertise-all-vni': true,
      'advertise-svi-ip': true,
      vnis: [
        {
          vni: 101000,
          rd: '10.0.0.1:1000',
          'import-route-targets': ['65000:1000'],
          'export-route-targets': ['65000:1000'],
        },
      ],
    },
    underlay: { enabled: true, networks: ['10.0.0.1/32'] },
  });
  t.deepEqual(linesNotCarried(notes), [4, 7, 8, 9, 12, 13, 14, 47, 48, 49]);
});

/** Route-maps as they are usual in data centers. */
const POLICIES = `frr defaults datacenter
ip prefix-list LOOPBACKS seq 5 permit 10.0.0.0/24 ge 32
ip prefix-list DEFAULT seq 5 permit 0.0.0.0/0
ip prefix-list OLD seq 5 permit any
bgp community-list standard LAB seq 5 permit 65000:100
bgp large-community-list standard LARGE seq 5 permit 65000:1:100
bgp as-path access-list SPINE seq 5 permit _65000_
bgp as-path access-list ODD seq 5 permit ^65000$
route-map ONLY-LO permit 10
 match interface lo
route-map IN deny 5
 match ip address prefix-list DEFAULT
route-map IN permit 10
 match community LAB
 match as-path SPINE
 match large-community LARGE
 set local-preference 200
 set metric 5
 set ip next-hop 10.0.0.9
route-map IN deny 15
 match as-path ODD
route-map IN permit 20
 set community 65000:1 no-export additive
 set large-community 65000:1:1 additive
 set as-path prepend 65001 65001
route-map UNUSED permit 10
 match tag 5
!
router bgp 65001
 bgp router-id 10.0.0.1
 neighbor 10.1.1.0 remote-as 65000
 neighbor 10.1.2.0 remote-as 65000
 neighbor 10.1.3.0 remote-as 65000
 address-family ipv4 unicast
  redistribute connected route-map ONLY-LO
  neighbor 10.1.1.0 route-map IN in
  neighbor 10.1.2.0 prefix-list LOOPBACKS out
  neighbor 10.1.3.0 route-map IN in
  neighbor 10.1.3.0 route-map MISSING out
 exit-address-family
 address-family l2vpn evpn
  neighbor 10.1.1.0 activate
  advertise-all-vni
`;

test('route-maps and lists become policies, for the families that they are of', (t) => {
  const { content, notes } = importFrr(POLICIES);
  t.deepEqual(content?.neighbors, [
    {
      address: '10.1.1.0',
      'remote-as': 65000,
      'import-policy': 'IN.ipv4-unicast',
      families: ['l2vpn-evpn', 'ipv4-unicast'],
    },
    { address: '10.1.2.0', 'remote-as': 65000, 'export-policy': 'LOOPBACKS', families: ['ipv4-unicast'] },
    {
      address: '10.1.3.0',
      'remote-as': 65000,
      'import-policy': 'IN',
      'export-policy': 'MISSING',
      families: ['ipv4-unicast'],
    },
  ]);
  const rules = (suffix: string, families: object) => [
    {
      name: `deny-5${suffix}`,
      match: { ...families, prefixes: ['0.0.0.0/0'] },
      action: 'reject',
    },
    {
      name: `permit-10${suffix}`,
      match: {
        ...families,
        communities: ['65000:100'],
        'large-communities': ['65000:1:100'],
        'as-path': [65000],
      },
      set: { 'local-preference': 200, med: 5 },
    },
    {
      name: `permit-20${suffix}`,
      ...(suffix !== '' && { match: families }),
      set: {
        'add-communities': ['65000:1', '65535:65281'],
        'add-large-communities': ['65000:1:1'],
        prepend: [65001, 65001],
      },
    },
  ];
  const unicast = { families: ['ipv4-unicast'] };
  t.deepEqual(content?.policies, [
    {
      name: 'IN.ipv4-unicast',
      rules: [
        ...rules('.ipv4-unicast', unicast),
        { name: 'rest.ipv4-unicast', match: unicast, action: 'reject' },
      ],
      otherwise: 'accept',
    },
    { name: 'LOOPBACKS', rules: [{ name: 'LOOPBACKS', match: { prefixes: ['10.0.0.0/24 ge 32'] } }] },
    { name: 'IN', rules: rules('', {}) },
    { name: 'MISSING', rules: [] },
  ]);
  t.deepEqual(content?.underlay, {
    enabled: true,
    'redistribute-connected': ['0.0.0.0/0 ge 32'],
    'multipath-relax': false,
  });
  t.deepEqual(
    shownNotes(notes).map((note) => note.replace(/;.*/, '')),
    [
      '4 ip prefix-list OLD seq 5 permit any: nothing that was carried over uses it',
      '10 match interface lo: read as prefixes of full length, which addresses of the loopback device have',
      '19 set ip next-hop 10.0.0.9: a rule of evpnd cannot change that',
      '21 match as-path ODD: as-path ODD is more than single values that are permitted',
      '26 route-map UNUSED permit 10: nothing that was carried over uses it',
      '27 match tag 5: nothing that was carried over uses it',
      '39 neighbor 10.1.3.0 route-map MISSING out: there is no route-map MISSING: as in FRR, all is rejected',
    ],
  );
});

test('a route-map and a prefix list of one neighbor both have to accept a route', (t) => {
  const { content } = importFrr(
    POLICIES.replace(
      'neighbor 10.1.3.0 route-map IN in',
      'neighbor 10.1.3.0 route-map ALL in\n  neighbor 10.1.3.0 prefix-list LOOPBACKS in',
    ).replace('router bgp', 'route-map ALL permit 10\n!\nrouter bgp'),
  );
  t.deepEqual(itemsOf(content?.policies)[2], {
    name: 'LOOPBACKS+ALL',
    rules: [
      {
        name: 'not-LOOPBACKS',
        match: { prefixes: ['deny 10.0.0.0/24 ge 32', '0.0.0.0/0 le 32', '::/0 le 128'] },
        action: 'reject',
      },
      { name: 'permit-10' },
    ],
  });
});

const ONE_LIST = 'the prefixes of all that is redistributed are one list here';
const PROTO_STATIC = 'wrote as `proto static`';

/** A border leaf's VRF that leads out of the fabric, and takes the routes of another one. */
const BORDER = `frr defaults datacenter
vrf red
 vni 4001
exit-vrf
router bgp 65001
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor 10.1.1.0 remote-as 65000
 address-family l2vpn evpn
  neighbor 10.1.1.0 activate
  advertise-all-vni
 exit-address-family
exit
router bgp 65001 vrf red
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor 203.0.113.2 remote-as 64999
 address-family ipv4 unicast
  network 198.51.100.0/24
  redistribute kernel
  redistribute static route-map OUT
  redistribute connected route-map OUT
  redistribute sharp
  neighbor 203.0.113.2 activate
  maximum-paths 8
 exit-address-family
 address-family ipv6 unicast
  redistribute connected
  redistribute ospf6 metric 7
 exit-address-family
 address-family l2vpn evpn
  advertise ipv4 unicast
  default-originate ipv4
  rd 10.0.0.1:7
  route-target import auto
  route-target import 65000:4002 4200000000:7
  route-target both 65001:4001
 exit-address-family
exit
router bgp 65001 vrf blue
 address-family ipv4 unicast
  import vrf red
 exit-address-family
exit
ip prefix-list OUT seq 5 permit 10.0.0.0/8 le 24
route-map OUT permit 10
 match ip address prefix-list OUT
`;

test("a VRF's BGP instance becomes settings of the VRF, and what does not is told", (t) => {
  const { content, notes } = importFrr(BORDER);
  t.deepEqual(content?.evpn, {
    'advertise-all-vni': true,
    vrfs: [
      {
        name: 'red',
        l3vni: 4001,
        rd: '10.0.0.1:7',
        'import-route-targets': ['auto', '65000:4002', '4200000000:7', '65001:4001'],
        'export-route-targets': ['65001:4001'],
        networks: ['198.51.100.0/24', '0.0.0.0/0'],
        'redistribute-connected': ['10.0.0.0/8 le 24'],
        'redistribute-routes': ['0.0.0.0/0 le 32', '10.0.0.0/8 le 24'],
        'redistribute-protocols': ['boot', 'static', 'dhcp', 'ra', 'zstatic'],
      },
    ],
  });
  const lineOf = (statement: string) => BORDER.split('\n').findIndex((line) => line.trim() === statement) + 1;
  t.deepEqual(
    linesNotCarried(notes),
    [
      'neighbor 203.0.113.2 remote-as 64999',
      'redistribute sharp',
      'neighbor 203.0.113.2 activate',
      'redistribute connected',
      'redistribute ospf6 metric 7',
      'import vrf red',
    ].map(lineOf),
  );
  t.true(
    notes.some(
      ({ line, text }) =>
        line === lineOf('redistribute connected') && text.includes('advertise ipv6 unicast'),
    ),
  );
  t.true(
    notes.some(
      ({ kind, line, text }) =>
        kind === 'differs' && line === lineOf('redistribute kernel') && text.startsWith(ONE_LIST),
    ),
  );
  // FRR's `kernel` has them as well
  t.false(notes.some(({ text }) => text.includes(PROTO_STATIC)));
});

/** A leaf with a VRF that redistributes, by what its families say, and the route-maps and lists of the file. */
function redistributing(
  ipv4: readonly string[],
  ipv6: readonly string[] = [],
  rest: readonly string[] = [],
): { vrf: object | undefined; notes: string[] } {
  const { content, notes } = importFrr(
    [
      'frr defaults datacenter',
      'vrf red',
      ' vni 4001',
      'exit-vrf',
      'router bgp 65001',
      ' bgp router-id 10.0.0.1',
      ' address-family l2vpn evpn',
      '  advertise-all-vni',
      'router bgp 65001 vrf red',
      ' address-family ipv4 unicast',
      ...ipv4.map((statement) => `  redistribute ${statement}`),
      ' exit-address-family',
      ' address-family ipv6 unicast',
      ...ipv6.map((statement) => `  redistribute ${statement}`),
      ' exit-address-family',
      ' address-family l2vpn evpn',
      '  advertise ipv4 unicast',
      '  advertise ipv6 unicast',
      ' exit-address-family',
      ...rest,
      '',
    ].join('\n'),
  );
  const { vrfs } = (content?.evpn ?? {}) as { readonly vrfs?: unknown };
  return { vrf: itemsOf(vrfs)[0], notes: shownNotes(notes) };
}

for (const [what, rest] of [
  ['is not there', []],
  ['has a condition alone that is not carried over', ['route-map OUT permit 10', ' match tag 1']],
  [
    'names a prefix list that is not there',
    ['route-map OUT permit 10', ' match ip address prefix-list MISSING'],
  ],
  [
    'has a prefix list that evpnd refuses',
    [
      'ip prefix-list BAD seq 5 permit 10.0.0.0/8 ge 33',
      'route-map OUT permit 10',
      ' match ip address prefix-list BAD',
    ],
  ],
] as const)
  test(`a VRF announces no routes of others where the route-map ${what}`, (t) => {
    const { vrf, notes } = redistributing(['static route-map OUT'], [], rest);
    t.deepEqual(vrf, { name: 'red', l3vni: 4001 });
    t.true(notes.some((note) => note.startsWith('11 redistribute static route-map OUT: ')));
    t.false(notes.some((note) => note.includes(ONE_LIST)));
  });

test('what a route-map leaves nothing of takes its protocols along, and no others', (t) => {
  t.deepEqual(redistributing(['static route-map MISSING', 'ospf']).vrf, {
    name: 'red',
    l3vni: 4001,
    'redistribute-routes': ['0.0.0.0/0 le 32'],
    'redistribute-protocols': ['ospf'],
  });
});

for (const [what, ipv4, ipv6, isOne] of [
  ['the same protocols in both families', ['kernel', 'ospf'], ['ospf6', 'kernel'], true],
  ['protocols of one family without route-maps', ['kernel', 'ospf'], [], true],
  ['protocols with the same route-map', ['kernel route-map A', 'ospf route-map A'], [], true],
  ['a protocol of one family, and another of the other', ['static'], ['kernel'], false],
  ['a protocol that one family has not', ['ospf'], ['ospf6', 'kernel'], false],
  ["a route-map that hides another's prefixes", ['static route-map A', 'kernel route-map B'], [], false],
] as const)
  test(`a VRF redistributes ${what}: ${isOne ? 'nothing is to be said' : 'it is told what differs'}`, (t) => {
    const { vrf, notes } = redistributing(ipv4, ipv6, [
      'ip prefix-list TEN seq 5 permit 10.0.0.0/8',
      'route-map A deny 10',
      ' match ip address prefix-list TEN',
      'route-map A permit 20',
      'route-map B permit 10',
      ' match ip address prefix-list TEN',
    ]);
    t.true(vrf !== undefined && 'redistribute-routes' in vrf && 'redistribute-protocols' in vrf);
    t.is(notes.filter((note) => note.includes(ONE_LIST)).length, isOne ? 0 : 1);
  });

test("routes that FRR's static has not are told once", (t) => {
  const told = (notes: readonly string[]) => notes.filter((note) => note.includes(PROTO_STATIC));
  t.deepEqual(told(redistributing(['static'], ['static']).notes), [
    '11 redistribute static: also routes that others than FRR wrote as `proto static`',
  ]);
  t.deepEqual(told(redistributing(['static', 'kernel']).notes), []);
});

test("a VRF's BGP instance with the notation of AS numbers behind its name, as FRR 8.5 prints it", (t) => {
  const plain = importFrr(BORDER);
  const noted = importFrr(
    BORDER.replace('router bgp 65001\n', 'router bgp 65001 vrf default as-notation plain\n').replace(
      /^router bgp 65001 vrf (red|blue)$/gm,
      '$& as-notation plain',
    ),
  );
  t.deepEqual(noted.content, plain.content);
  const told = ({ notes }: typeof plain) => notes.map(({ line, kind, text }) => `${line} ${kind} ${text}`);
  t.deepEqual(told(noted), told(plain));
});

test('an AS number of a VRF that is the same in another notation is none of its own', (t) => {
  const notes = (asn: string) =>
    importFrr(
      BORDER.replace('router bgp 65001\n', 'router bgp 1.1\n').replaceAll('65001 vrf', `${asn} vrf`),
    ).notes.filter(({ text }) => text.includes('evpnd has one AS'));
  t.is(notes('65537').length, 0);
  t.is(notes('1.1').length, 0);
  t.is(notes('65538').length, 2);
});

test("another AS of a VRF's is told also where its instance stands before the router", (t) => {
  const [head = '', router = '', ...vrfs] = BORDER.split(/^(?=router bgp )/m);
  const vrfFirst = [head, ...vrfs, router].join('').replaceAll('65001 vrf', '65002 vrf');
  const asns = (text: string) =>
    importFrr(text).notes.flatMap(({ statement, kind, text: why }) =>
      why.startsWith('evpnd has one AS, 65001:') ? [`${kind} ${statement}`] : [],
    );
  t.deepEqual(asns(vrfFirst), ['differs router bgp 65002 vrf red', 'differs router bgp 65002 vrf blue']);
});

test('an entry that asks for prefixes of the other family is none of what is redistributed', (t) => {
  const lists = [
    'ip prefix-list FOUR seq 5 permit 10.0.0.0/8 le 32',
    'ipv6 prefix-list SIX seq 5 permit 2001:db8::/32 le 64',
    'route-map BOTH deny 5',
    ' match ipv6 address prefix-list SIX',
    'route-map BOTH permit 10',
    ' match ip address prefix-list FOUR',
    'route-map BOTH permit 20',
    ' match ipv6 address prefix-list SIX',
  ];
  const { vrf, notes } = redistributing(['static route-map BOTH'], [], lists);
  t.like(vrf, { 'redistribute-routes': ['10.0.0.0/8 le 32'] });
  t.is(notes.filter((note) => note.includes('no route of IPv4 matches it')).length, 2);
  t.like(redistributing([], ['static route-map BOTH'], lists).vrf, {
    'redistribute-routes': ['deny 2001:db8::/32 le 64', '2001:db8::/32 le 64'],
  });
});

test("a family of a VRF's that is not carried over ends where it ends", (t) => {
  const multicast = ' address-family ipv4 multicast\n  network 192.0.2.0/24\n exit-address-family\n';
  const text = BORDER.replace(
    'router bgp 65001 vrf red\n',
    `$&${multicast} bgp log-neighbor-changes\n neighbor 203.0.113.9 remote-as 64998\n`,
  );
  const { content, notes } = importFrr(text);
  t.deepEqual(content, importFrr(BORDER).content);
  const [begin = 0] = notes
    .filter(({ statement }) => statement === 'address-family ipv4 multicast')
    .map(({ line }) => line);
  t.deepEqual(
    notes
      .filter(({ line }) => line >= begin && line <= begin + 4)
      .map(({ line, text: why }) => [line - begin, why]),
    [
      [0, 'of a VRF evpnd has ipv4 unicast, ipv6 unicast and l2vpn evpn, not ipv4 multicast'],
      [1, 'of a VRF evpnd has ipv4 unicast, ipv6 unicast and l2vpn evpn, not ipv4 multicast'],
      [4, 'evpnd has no BGP sessions whose routes are those of a VRF'],
    ],
  );
});
