import test from 'ava';
import { parse, stringify } from 'yaml';
import { diffConfig, withFixedSettings } from '../../src/config/index.js';
import { parseConfig } from '../../src/config/load.js';
import { CERTIFICATE, fileWith, RENEWED, TLS_KEY } from '../support/tls.js';
import { keyFile } from './support/key-file.js';
import { otherValues, reloadEffects } from './support/reference.js';

const API = `api: { tls: { certificate: ${fileWith(CERTIFICATE)}, key: ${fileWith(TLS_KEY)} } }`;
const BASE = `asn: 65001
router-id: 10.0.0.1
${API}
peer-groups: [{ name: spines }, { name: leaves }]
policies: [{ name: from-spines, rules: [{ name: all }] }]
listen-ranges: [{ prefix: 10.2.0.0/16, remote-as: external }]
neighbors:
  - { address: 10.1.1.0, remote-as: 65000 }
  - { address: 10.1.2.0, remote-as: 65000 }
underlay: { enabled: true }
evpn:
  vnis:
    - { vni: 10, rd: '1:10', export-route-targets: ['1:10'] }
    - { vni: 20 }
  vrfs: [{ name: red }]
`;
const base = parseConfig(BASE, 'before');
const diff = (after: string) => diffConfig(base, parseConfig(after, 'after'));

test('nothing changed: neither comments nor order nor written defaults nor spelling count', (t) => {
  t.deepEqual(
    diff(`# a comment
router-id: 10.0.0.1
asn: 65001
${API}
listen-ranges: [{ remote-as: external, prefix: 10.2.0.0/16 }]
peer-groups: [{ name: leaves }, { name: spines }]
policies: [{ rules: [{ action: accept, name: all }], name: from-spines }]
bgp: { port: 179, listen: ['0:0::', 0.0.0.0] }
neighbors:
  - { address: 10.1.2.0, remote-as: 65000, hold-time: 9 }
  - { address: 10.1.1.0, remote-as: 65000 }
underlay: { enabled: true }
evpn:
  vnis:
    - { vni: 20, advertise: true }
    - { vni: 10, export-route-targets: ['1:10'], rd: '1:10' }
  vrfs: [{ name: red, advertise: true }]
`),
    [],
  );
  const own = (as: string) => parseConfig(BASE.replaceAll('65000', as), 'own');
  t.deepEqual(diffConfig(own('65001'), own('internal')), []);
});

test('neighbors and VNIs that come or go are named, those that change with the setting', (t) => {
  t.deepEqual(
    diff(
      BASE.replace('10.1.2.0', '10.1.3.0')
        .replace('remote-as: 65000 }', 'remote-as: 65009, description: s }')
        .replace("['1:10']", "['1:11', '65001:2']")
        .replace('{ vni: 20 }', '{ vni: 30, advertise: false }'),
    ),
    [
      { key: 'neighbors[10.1.1.0].remote-as', before: '65000', after: '65009' },
      { key: 'neighbors[10.1.1.0].description', before: undefined, after: 's' },
      { key: 'neighbors[10.1.3.0]', before: undefined, after: 'present' },
      { key: 'evpn.vnis[10].export-route-targets', before: '[1:10]', after: '[1:11, 65001:2]' },
      { key: 'evpn.vnis[30]', before: undefined, after: 'present' },
      { key: 'neighbors[10.1.2.0]', before: 'present', after: undefined },
      { key: 'evpn.vnis[20]', before: 'present', after: undefined },
    ],
  );
});

/**
 * Another value for each setting that can have one without changing which item it belongs to. What is neither a text nor
 * bound to another setting may be left out here.
 */
const OTHERS: Readonly<Record<string, unknown>> = {
  ...otherValues(),
  asn: 65002,
  'router-id': '10.0.0.9',
  'neighbors[].remote-as': 'external',
  'neighbors[].peer-group': 'spines',
  'peer-groups[].peer-group': 'leaves',
  'listen-ranges[].peer-group': 'leaves',
  'listen-ranges[].limit': 7,
  'neighbors[].port': 1179,
  'neighbors[].passive': true,
  'neighbors[].local-address': '10.1.1.1',
  'neighbors[].hold-time': 30,
  'neighbors[].keepalive-time': 1,
  'neighbors[].connect-retry-time': 1,
  'neighbors[].send-hold-time': 60,
  'neighbors[].bfd': { interval: 100 },
  'neighbors[].import-policy': 'from-spines',
  'neighbors[].export-policy': 'from-spines',
  'neighbors[].site-of-origin': '65000:7',
  'neighbors[].description': 'spine',
  'neighbors[].families': ['ipv4-unicast', 'l2vpn-evpn'],
  'policies[].otherwise': 'accept',
  'policies[].rules[].match.families': ['l2vpn-evpn'],
  'policies[].rules[].match.route-types': [2, 3],
  'policies[].rules[].match.vnis': [10, '20-29'],
  'policies[].rules[].match.macs': ['02:00:00:00:00:00/24'],
  'policies[].rules[].match.prefixes': ['10.0.0.0/8 le 32'],
  'policies[].rules[].match.route-targets': ['*:10', '65000:10'],
  'policies[].rules[].match.communities': ['65000:100'],
  'policies[].rules[].match.large-communities': ['65000:1:100'],
  'policies[].rules[].match.as-path': [65009],
  'policies[].rules[].action': 'next',
  'policies[].rules[].set.local-preference': 200,
  'policies[].rules[].set.med': 7,
  'policies[].rules[].set.communities': ['65000:1'],
  'policies[].rules[].set.add-communities': ['65000:2'],
  'policies[].rules[].set.large-communities': ['65000:1:1'],
  'policies[].rules[].set.add-large-communities': ['65000:1:2'],
  'policies[].rules[].set.route-targets': ['65000:10'],
  'policies[].rules[].set.add-route-targets': ['65000:20'],
  'policies[].rules[].set.prepend': [65001, 65001],
  'underlay.enabled': false,
  'underlay.networks': ['10.0.0.0/24'],
  'underlay.redistribute-connected': ['10.0.0.0/24 ge 32'],
  'underlay.accept': ['deny 0.0.0.0/0', '0.0.0.0/0 le 32'],
  'underlay.maximum-paths': 2,
  'underlay.routing-table': 100,
  'underlay.metric': 30,
  'bgp.listen': ['10.0.0.1'],
  'bgp.port': 1179,
  'evpn.advertise-all-vni': false,
  'evpn.flooding': 'disabled',
  'evpn.flood-limit': 7,
  'evpn.duplicate-detection.enabled': false,
  'evpn.duplicate-detection.moves': 7,
  'evpn.duplicate-detection.window': 60,
  'evpn.duplicate-detection.action': 'freeze',
  'evpn.duplicate-detection.freeze-time': 60,
  'evpn.neighbor-refresh.enabled': false,
  'evpn.neighbor-refresh.interval': 7,
  'evpn.neighbor-refresh.rate': 7,
  'evpn.snooping': false,
  'evpn.auto-rt': 'rfc8365',
  'evpn.import-ethernet-tags': 'vni',
  'neighbors[].enforce-first-as': false,
  'neighbors[].enhanced-refresh': true,
  'neighbors[].graceful-restart-notification': false,
  'neighbors[].stale-time': 60,
  'neighbors[].long-lived-stale-time': 60,
  'neighbors[].allowas-in': 1,
  'neighbors[].password-file': keyFile('secret'),
  'neighbors[].ttl-security': 7,
  'neighbors[].shutdown': 'maintenance',
  'neighbors[].max-routes': 7,
  'neighbors[].max-octets': 7,
  'neighbors[].update-source': 'lo',
  'neighbors[].device': 'blue',
  'neighbors[].max-family-routes': { 'ipv4-unicast': 7 },
  'neighbors[].on-limit': 'warn',
  'evpn.advertise-svi-ip': true,
  'evpn.max-local-macs': 7,
  'evpn.max-local-ips': 7,
  'evpn.new-address-rate': 7,
  'evpn.advertise-default-gateway': true,
  'evpn.vnis[].advertise': false,
  'evpn.vnis[].rd': '10.0.0.1:7',
  'evpn.vnis[].import-route-targets': ['*:7', '4200000000:7'],
  'evpn.vnis[].export-route-targets': ['65001:7'],
  'evpn.vnis[].flooding': 'disabled',
  'evpn.vnis[].advertise-svi-ip': true,
  'evpn.vnis[].max-local-macs': 7,
  'evpn.vnis[].max-local-ips': 7,
  'evpn.vnis[].advertise-default-gateway': true,
  'evpn.vrfs[].advertise': false,
  'evpn.vrfs[].l3vni': 7,
  'evpn.vrfs[].rd': '10.0.0.1:8',
  'evpn.vrfs[].import-route-targets': ['*:8', 'auto'],
  'evpn.vrfs[].export-route-targets': ['65001:8'],
  'evpn.vrfs[].networks': ['0.0.0.0/0'],
  'evpn.vrfs[].redistribute-connected': ['10.0.0.0/8 le 24'],
  'evpn.vrfs[].redistribute-routes': ['0.0.0.0/0'],
  'evpn.vrfs[].redistribute-protocols': ['static', 186],
  'api.unix-socket': '/run/other.sock',
  'api.listen': ['[::1]:8179'],
  'api.tls.certificate': fileWith(RENEWED),
  'api.tls.key': fileWith(TLS_KEY),
  'api.token-file': keyFile('0123456789abcdef'),
  'manage-port-settings': true,
  'log.level': 'debug',
  'kernel.receive-buffer-bytes': 65536,
  mode: 'observe',
  drain: true,
  'on-stop': 'flush',
  'sweep-deferral-time': 7,
  'state-directory': '/var/lib/other',
};
/** Settings with one value, or that name an item. */
const ONE_VALUE = [
  'neighbors[].address',
  // Another VRF is another neighbor
  'neighbors[].vrf',
  'neighbors[].interface',
  'evpn.vnis[].vni',
  'evpn.vrfs[].name',
  'peer-groups[].name',
  'policies[].name',
  'policies[].rules[].name',
  'listen-ranges[].prefix',
];
const ITEMS: Readonly<Record<string, string>> = {
  'neighbors[]': '10.1.1.0',
  'peer-groups[]': 'spines',
  'listen-ranges[]': '10.2.0.0/16',
  'evpn.vnis[]': '10',
  'evpn.vrfs[]': 'red',
  'policies[]': 'from-spines',
  'rules[]': 'all',
};

test('every setting of the schema can be told to differ', (t) => {
  t.deepEqual(
    [...reloadEffects().keys()].sort(),
    [...new Set([...Object.keys(OTHERS), ...ONE_VALUE])].sort(),
  );
});

for (const [key, value] of Object.entries(OTHERS).filter(([key]) => !ONE_VALUE.includes(key)))
  test(`${key}: a change is named by its key, and counts when the manual says so`, (t) => {
    const file = parse(BASE);
    const path = key.split('.');
    const last = path.pop()!;
    let at = file;
    const names: string[] = [];
    for (const step of path) {
      const list = step.replace('[]', '');
      at[list] ??= {};
      at = list === step ? at[step] : at[list][0];
      const holder = names.length === 0 ? step : `${path.slice(0, names.length).join('.')}.${step}`;
      names.push(list === step ? step : `${list}[${ITEMS[holder] ?? ITEMS[step]}]`);
    }
    at[last] = value;
    const wanted = parseConfig(stringify(file), 'after');
    const changed = [...names, last].join('.');
    const keys = diffConfig(base, wanted).map((change) => change.key);
    t.true(keys.includes(changed), `${changed} among ${keys}`);
    const pending = diffConfig(withFixedSettings(base, wanted), wanted).map((change) => change.key);
    t.is(pending.includes(changed), reloadEffects().get(key) === 'restart');
  });

test('a neighbor by interface is named by it', (t) => {
  const by = (name: string, more = '') =>
    parseConfig(
      BASE.replace(
        '{ address: 10.1.2.0, remote-as: 65000 }',
        `{ interface: ${name}, remote-as: 65000${more} }`,
      ),
      'f',
    );
  t.deepEqual(
    diffConfig(by('swp1'), by('swp1', ', hold-time: 30')).map(({ key }) => key),
    ['neighbors[swp1].hold-time'],
  );
  t.deepEqual(
    diffConfig(by('swp1'), by('swp2')).map(({ key, after }) => [key, after]),
    [
      ['neighbors[swp2]', 'present'],
      ['neighbors[swp1]', undefined],
    ],
  );
  t.deepEqual(diffConfig(base, by('swp1')).length, 2);
});

test('with another AS, who is internal counts from the restart on', (t) => {
  const wanted = parseConfig(BASE.replace('65001', '65000').replace('10.1.2.0', '10.1.3.0'), 'after');
  const running = withFixedSettings(base, wanted);
  t.deepEqual(
    running.neighbors.map(({ remoteAs }) => remoteAs),
    [65000, 65000],
  );
  t.deepEqual(
    diffConfig(base, running).map(({ key }) => key),
    ['neighbors[10.1.3.0]', 'neighbors[10.1.2.0]'],
  );
  t.deepEqual(
    diffConfig(running, wanted).map(({ key }) => key),
    ['asn', 'neighbors[10.1.1.0].remote-as', 'neighbors[10.1.3.0].remote-as'],
  );
});
