import test from 'ava';
import { diffConfig, parseConfig } from '../../src/config/index.js';
import { formatIp } from '../../src/types/index.js';

const BASE = `asn: 65001
router-id: 10.0.0.1
neighbors:
  - { address: 10.1.1.0, remote-as: 65000 }
  - { address: 10.1.2.0, remote-as: 65000 }
evpn:
  vnis:
    - { vni: 10, rd: '1:10', export-route-targets: ['1:10'] }
    - { vni: 20 }
`;
const diff = (after: string) => diffConfig(parseConfig(BASE, 'before'), parseConfig(after, 'after'));

test('nothing changed: neither comments nor order nor written defaults count', (t) => {
  const same = diff(`# a comment
router-id: 10.0.0.1
asn: 65001
bgp: { port: 179 }
neighbors:
  - { address: 10.1.2.0, remote-as: 65000, hold-time: 9 }
  - { address: 10.1.1.0, remote-as: 65000 }
evpn:
  vnis:
    - { vni: 20, advertise: true }
    - { vni: 10, export-route-targets: ['1:10'], rd: '1:10' }
`);
  t.true(same.same);
  t.deepEqual(same.restart, []);
  t.deepEqual(same.vnis, []);
});

test('neighbours: added, removed, changed', (t) => {
  const { neighbors, same } = diff(
    BASE.replace('10.1.2.0', '10.1.3.0').replace('remote-as: 65000 }', 'remote-as: 65009, description: s }'),
  );
  t.false(same);
  t.deepEqual(
    neighbors.added.map((n) => formatIp(n.address)),
    ['10.1.3.0'],
  );
  t.deepEqual(
    neighbors.removed.map((n) => formatIp(n.address)),
    ['10.1.2.0'],
  );
  t.is(neighbors.changed.length, 1);
  t.deepEqual(neighbors.changed[0].fields, ['remoteAs', 'description']);
  t.true(neighbors.changed[0].resetsSession);
});

test('a description does not reset a session, a timer of the OPEN does', (t) => {
  const after = (setting: string) =>
    diff(BASE.replace('remote-as: 65000 }', `remote-as: 65000, ${setting} }`)).neighbors.changed[0];
  t.false(after('description: x').resetsSession);
  t.false(after('connect-retry-time: 1').resetsSession);
  t.true(after('hold-time: 30').resetsSession);
  t.true(after('passive: true').resetsSession);
  t.true(after('port: 1179').resetsSession);
});

test('VNIs: each with its settings before and after', (t) => {
  const { vnis } = diff(
    BASE.replace("['1:10']", "['1:11']").replace('{ vni: 20 }', '{ vni: 30, advertise: false }'),
  );
  t.deepEqual(
    vnis.map((change) => [change.vni, change.before !== undefined, change.after !== undefined]),
    [
      [10, true, true],
      [20, true, false],
      [30, false, true],
    ] as never,
  );
});

test('what needs a restart is named as the file writes it', (t) => {
  const after =
    diff(`${BASE.replace('65001', '65002').replace('10.0.0.1', '10.0.0.9')}bgp: { listen: [] , port: 1 }
api: { unix-socket: /x, listen: [] }
kernel: { receive-buffer-bytes: 65536 }
state-directory: /x
`);
  t.deepEqual(after.restart, [
    'asn',
    'router-id',
    'bgp.listen',
    'bgp.port',
    'api.unix-socket',
    'api.listen',
    'kernel.receive-buffer-bytes',
    'state-directory',
  ]);
});

test('what takes effect at once', (t) => {
  const after = diff(`${BASE.replace('evpn:', 'evpn:\n  advertise-all-vni: false')}log: { level: debug }\n`);
  t.is(after.advertiseAllVni, false);
  t.is(after.logLevel, 'debug');
  t.deepEqual(after.restart, []);
});
