import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { parseConfig } from '../../src/config/load.js';
import { importFrr } from '../../src/import-frr/index.js';
import { itemsOf, linesNotCarried, shownNotes } from './support/notes.js';

const LEAF = [
  'frr defaults datacenter',
  'router bgp 65001',
  ' bgp router-id 10.0.0.1',
  ' no bgp default ipv4-unicast',
  ' neighbor 10.1.1.0 remote-as 65000',
  ' address-family l2vpn evpn',
  '  neighbor 10.1.1.0 activate',
  '  advertise-all-vni',
  ' exit-address-family',
];

for (const [what, text, failure] of [
  ['nothing', '', /no `router bgp`/],
  ['no router', 'hostname x\nrouter ospf\n ospf router-id 10.0.0.1\n', /no `router bgp`/],
  ['a router of a VRF alone', 'router bgp 65001 vrf red\n bgp router-id 10.0.0.1\n', /no `router bgp`/],
  ['no router-id', 'router bgp 65001\n', /no `bgp router-id`/],
  [
    'two instances',
    'router bgp 65001\n bgp router-id 10.0.0.1\n!\nrouter bgp 65002\n',
    /^line 4: router bgp 65002 is a second BGP instance beside router bgp 65001 \(line 1\)/,
  ],
  ['an AS number that is none', 'router bgp 0\n bgp router-id 10.0.0.1\n', /asn/],
  ['a router-id that is none', 'router bgp 1\n bgp router-id 10.0.0\n', /router-id/],
] as const)
  test(`no configuration comes of ${what}`, (t) => {
    const imported = importFrr(text);
    t.is(imported.yaml, undefined);
    t.regex(imported.failure ?? '', failure);
  });

test('the router-id of zebra counts where BGP has none', (t) => {
  t.is(importFrr('ip router-id 10.0.0.7\nrouter bgp 1\n').content?.['router-id'], '10.0.0.7');
  t.is(
    importFrr('router bgp 1\n bgp router-id 10.0.0.8\n!\nrouter-id 10.0.0.7').content?.['router-id'],
    '10.0.0.8',
  );
});

test('one router in two pieces is one', (t) => {
  const { content } = importFrr(
    [
      ...LEAF,
      '!',
      'router bgp 65001',
      ' neighbor 10.1.2.0 remote-as 7',
      ' address-family l2vpn evpn',
      '  neighbor 10.1.2.0 activate',
    ].join('\n'),
  );
  t.is(itemsOf(content?.neighbors).length, 2);
});

/** Statements that evpnd has nothing for, in the block of LEAF that has been left. */
const UNKNOWN = [
  ' bgp confederation identifier 7',
  ' bgp dampening',
  ' bgp cluster-id 1.1.1.1',
  ' neighbor 10.1.1.0 weight 5',
  ' neighbor 10.1.1.0 route-reflector-client',
  ' neighbor 10.9.9.9 description there is no such neighbor',
  ' neighbor nobody remote-as 7',
  ' neighbor 10.1.1.0 peer-group nobody',
  ' neighbor 10.1.1.0 default-originate',
  ' address-family vpnv4 unicast',
  '  neighbor 10.1.1.0 activate',
  ' exit-address-family',
  ' address-family l2vpn evpn',
  '  advertise ipv4 unicast',
  '  autort as 7',
  '  vni 10010',
  '   foo',
  ' neigh 10.1.1.0 desc abbreviated',
  'foo bar',
  'ip route 0.0.0.0/0 10.1.1.0',
  'interface eth0',
  ' ip address 10.1.1.1/31',
  ' bgp router-id 10.0.0.99',
  'router ospf',
  ' network 10.0.0.0/8 area 0',
  'router bgp 65001 view red',
  ' neighbor 10.1.1.0 remote-as 9',
  ' address-family l2vpn evpn',
  '  advertise ipv4 unicast',
  'nonsense \u0001\u202e',
];
const KNOWN = [' exit-address-family', ' address-family l2vpn evpn', '  vni 10010'];

test('every statement that is not carried over is reported with its line, and changes nothing', (t) => {
  const { content, notes } = importFrr([...LEAF, ...UNKNOWN].join('\n'));
  const expected = UNKNOWN.flatMap((text, i) =>
    KNOWN.includes(text) && i < 20 ? [] : [LEAF.length + 1 + i],
  );
  t.deepEqual(linesNotCarried(notes), expected);
  const plain = importFrr(LEAF.join('\n')).content;
  t.deepEqual({ ...content, evpn: plain?.evpn }, plain);
  t.deepEqual(content?.evpn, { 'advertise-all-vni': true, vnis: [{ vni: 10010 }] });
  t.true(notes.every(({ statement }) => !/\p{Cc}|\p{Cf}/u.test(statement)));
});

for (const [statement, told] of [
  [
    ' neighbor 10.1.1.0 description x\n neighbor 10.1.1.0 timers 1 2',
    /^11 neighbor 10.1.1.0 timers 1 2: evpnd would refuse neighbors.hold-time: found 2/,
  ],
  [' neighbor 10.1.1.0 local-as 0', /local-as: found 0/],
  [' neighbor 10.1.1.0 port 70000', /port: found 70000/],
  [' neighbor 10.1.1.0 ebgp-multihop x', /ebgp-multihop: found "x"/],
  [' neighbor 10.1.1.0 ttl-security hops 1\n neighbor 10.1.1.0 ebgp-multihop 4', /with ttl-security/],
  [
    ' neighbor 224.0.0.1 remote-as 7\n address-family l2vpn evpn\n  neighbor 224.0.0.1 activate',
    /^10 .*neighbors.address/,
  ],
  [' neighbor 10.1.1.2 description x', /there is no neighbor or peer group/],
  [
    ' neighbor swp1 interface\n address-family l2vpn evpn\n  neighbor swp1 activate',
    /^10 neighbor swp1 interface: .*remote-as/,
  ],
  [
    ' neighbor a-name-that-is-too-long interface remote-as external\n address-family l2vpn evpn\n  neighbor a-name-that-is-too-long activate',
    /^10 .*interface/,
  ],
  [' bgp listen range 10.2.0.0/16 peer-group nobody', /there is no peer group nobody/],
  [' address-family l2vpn evpn\n  vni 99999999', /evpn.vnis.vni/],
  [' address-family l2vpn evpn\n  vni 10010\n   rd foo', /^12 rd foo: .*evpn.vnis.rd/],
  [' address-family l2vpn evpn\n  dup-addr-detection freeze 5', /duplicate-detection.freeze-time/],
  [' address-family ipv4 unicast\n  network 10.0.0.0/8', /no neighbor has a unicast family/],
] as const)
  test(`what evpnd would refuse is reported with its line, and left out: ${statement.trim().replace(/\n */g, ', ')}`, (t) => {
    const { content, yaml, notes, failure } = importFrr([...LEAF, ...statement.split('\n')].join('\n'));
    t.is(failure, undefined);
    t.true(
      shownNotes(notes).some((note) => told.test(note)),
      shownNotes(notes).join('\n'),
    );
    t.notThrows(() => parseConfig(yaml ?? '', 'evpnd.yaml'));
    t.is(itemsOf(content?.neighbors).length, 1);
  });

test('a rule whose condition evpnd would refuse goes as a whole, so that it does not match everything', (t) => {
  const { content, notes } = importFrr(
    [
      ...LEAF,
      ' address-family l2vpn evpn',
      '  neighbor 10.1.1.0 route-map m in',
      'route-map m permit 10',
      ' match evpn vni 99999999',
      'route-map m permit 20',
      ' match evpn vni 10010',
      'route-map m permit 30',
      ' match ip address prefix-list p',
      'ip prefix-list p permit 10.0.0.0/8 le 4',
      'ip prefix-list p permit 10.0.0.0/8',
    ].join('\n'),
  );
  t.deepEqual(content?.policies, [{ name: 'm', rules: [{ name: 'permit-20', match: { vnis: [10010] } }] }]);
  t.deepEqual(linesNotCarried(notes), [LEAF.length + 3, LEAF.length + 7]);
});

test('a list of connected networks that evpnd would refuse goes as a whole', (t) => {
  const { content } = importFrr(
    [
      ...LEAF,
      ' address-family ipv4 unicast',
      '  neighbor 10.1.1.0 activate',
      '  redistribute connected route-map m',
      'route-map m permit 10',
      ' match ip address prefix-list p',
      'ip prefix-list p deny 10.0.0.0/8 le 4',
      'ip prefix-list p permit any',
    ].join('\n'),
  );
  t.deepEqual(content?.underlay, { enabled: true, 'multipath-relax': false });
});

test('no key and no password is shown', (t) => {
  const { notes, yaml } = importFrr(
    [
      ...LEAF,
      ' neighbor 10.1.1.0 password hush one',
      'interface eth0',
      ' ip ospf message-digest-key 1 md5 hush',
      'key chain x',
      ' key 1',
      '  key-string hush',
      'foo password hush',
    ].join('\n'),
  );
  t.false(`${yaml}${shownNotes(notes).join('\n')}`.includes('hush'));
  t.true(yaml?.includes('password-file: /etc/evpnd/keys/10.1.1.0'));
});

test('a file that was cut off anywhere is read as far as it goes', (t) => {
  const whole = LEAF.join('\n');
  for (let length = 0; length <= whole.length; length++) {
    const { yaml, failure } = importFrr(whole.slice(0, length));
    t.true((yaml === undefined) !== (failure === undefined));
    if (yaml !== undefined) t.notThrows(() => parseConfig(yaml, 'evpnd.yaml'));
  }
});

test('whatever stands in a file, what comes out passes the loader', (t) => {
  const words = fc.constantFrom(
    ...'neighbor no bgp router vrf interface g 10.1.1.0 2001:db8::1 fe80::1 swp1 remote-as external internal 65000 0 peer-group activate address-family ipv4 ipv6 unicast l2vpn evpn vni 10010 route-target import both 1:1 rd network 10.0.0.0/8 redistribute connected route-map in out permit deny match set prefix-list ip seq any timers 1 9 300 bfd password shutdown ttl-security hops ebgp-multihop update-source lo local-as passive allowas-in maximum-paths listen range limit exit ! __proto__ constructor'.split(
      ' ',
    ),
  );
  const statement = fc.oneof(
    fc.array(words, { minLength: 1, maxLength: 6 }).map((all) => all.join(' ')),
    fc.constantFrom(
      ...LEAF,
      ...UNKNOWN,
      ' neighbor g peer-group',
      ' neighbor swp1 interface peer-group g',
      ' neighbor g ebgp-multihop 3',
      ' neighbor g remote-as external',
      ' bgp listen range 10.0.0.0/8 peer-group g',
      '  neighbor g route-map m in',
      'route-map m permit 10',
      ' match ip address prefix-list p',
      'ip prefix-list p permit 10.0.0.0/8 le 4',
      ' address-family ipv4 unicast',
    ),
    fc.string({ maxLength: 30 }),
  );
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 25 }), (statements) => {
      const { yaml, notes } = importFrr([...LEAF, ...statements].join('\n'));
      if (yaml !== undefined) parseConfig(yaml.replaceAll(/^.*password-file: .*\n/gm, ''), 'evpnd.yaml');
      return notes.every(({ line }) => line >= 0 && line <= 200);
    }),
    { numRuns: 60 },
  );
  t.pass();
});

test('a thousand neighbors of which each has a fault, or every second one, are looked at in a few rounds', (t) => {
  const neighbors = Array.from({ length: 1000 }, (_, i) => `10.${(i >> 8) + 2}.${i & 255}.1`);
  const { content, notes } = importFrr(
    [
      ...LEAF,
      ...neighbors.flatMap((address, i) => [
        ` neighbor ${address} remote-as ${i % 2 === 0 ? 7 : 'foo'}`,
        ` neighbor ${address} port ${i % 4 === 0 ? 7 : 0}`,
      ]),
      ' address-family l2vpn evpn',
      ...neighbors.map((address) => `  neighbor ${address} activate`),
    ].join('\n'),
  );
  t.is(itemsOf(content?.neighbors).length, 1 + 500);
  t.is(itemsOf(content?.neighbors).filter((each) => Reflect.get(each, 'port') === 7).length, 250);
  // A neighbor that goes takes its other fault along
  t.true(linesNotCarried(notes).length >= 750);
});

test('a file of 20,000 statements takes no longer than its length', (t) => {
  const many = Array.from(
    { length: 10_000 },
    (_, i) => ` neighbor 10.1.1.0 weight ${i}\nroute-map m permit ${i + 1}`,
  );
  t.true(importFrr([...LEAF, ...many].join('\n')).notes.length >= 10_000);
});

const main = new URL('../../src/main.js', import.meta.url).pathname;
const call = (args: readonly string[], input = '') =>
  spawnSync(process.execPath, [main, 'import-frr', ...args], { input, encoding: 'utf8' });

test('the command: YAML on standard output, notes on standard error', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-import-'));
  try {
    const file = join(folder, 'frr.conf');
    writeFileSync(file, [...LEAF, ' neighbor 10.1.1.0 weight 5'].join('\n'));
    const { status, stdout, stderr } = call([file]);
    t.is(status, 0);
    t.is(stdout, importFrr(LEAF.join('\n')).yaml ?? '');
    t.is(stderr, `${file}:10: not carried over: neighbor 10.1.1.0 weight 5: evpnd has nothing like it\n`);
    const piped = call(['-'], LEAF.join('\n'));
    t.is(piped.stdout, stdout);
    t.is(piped.status, 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the command ends with 1 and a sentence where no configuration comes out', (t) => {
  const none = call(['-'], 'foo\n');
  t.deepEqual(
    [none.status, none.stdout, none.stderr.split('\n')],
    [
      1,
      '',
      [
        'standard input:1: not carried over: foo: evpnd has nothing like it',
        'standard input: there is no `router bgp` in it, so that there is nothing to import',
        '',
      ],
    ],
  );
  const missing = call(['/nowhere/frr.conf']);
  t.is(missing.status, 1);
  t.regex(missing.stderr, /^\/nowhere\/frr.conf: it cannot be read: ENOENT/);
});
