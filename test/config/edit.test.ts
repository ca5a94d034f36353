import test from 'ava';
import { type ConfigEdit, contentOf, EditError, editConfig, itemOf } from '../../src/config/edit.js';
import { ITEM_LISTS, type Mapping } from '../../src/config/index.js';
import { parseConfig } from '../../src/config/load.js';

const FILE = `# this leaf
asn: 65001 # ours
router-id: 10.0.0.1
neighbors:
  # the first spine
  - address: 2001:db8:0::1
    remote-as: external
  - { interface: swp1, remote-as: external }
log:
  level: info # quiet
`;

const edited = (edit: ConfigEdit, text = FILE) => {
  const result = editConfig(text, edit);
  parseConfig(result, 'file');
  return result;
};

test('the lists are those of the table of settings', (t) => {
  t.deepEqual(ITEM_LISTS, ['neighbors', 'listen-ranges', 'peer-groups', 'policies', 'vnis', 'vrfs']);
});

test('an item is added, replaced and deleted; comments and all else stay as they are', (t) => {
  const added = edited({ list: 'vnis', key: '10010', item: { 'advertise-svi-ip': true } });
  t.is(added, `${FILE}evpn:\n  vnis:\n    - vni: 10010\n      advertise-svi-ip: true\n`);
  const another = edited({ list: 'vnis', key: '20', item: { vni: 20, rd: '65001:20' } }, added);
  t.is(another, `${added}    - vni: 20\n      rd: 65001:20\n`);
  t.deepEqual(itemOf(another, 'vnis', '20'), { vni: 20, rd: '65001:20' });
  t.is(edited({ list: 'vnis', key: '20', item: undefined }, another), added);
  const replaced = edited({ list: 'vnis', key: '10010', item: {} }, added);
  t.is(replaced, `${FILE}evpn:\n  vnis:\n    - vni: 10010\n`);
});

test('an item is known however it is spelled', (t) => {
  const replaced = edited({ list: 'neighbors', key: '2001:DB8::1', item: { 'remote-as': 65000 } });
  t.deepEqual((contentOf(replaced).neighbors as unknown[])[0], {
    address: '2001:DB8::1',
    'remote-as': 65000,
  });
  t.is((contentOf(replaced).neighbors as unknown[]).length, 2);
  t.true(replaced.includes('# the first spine'), replaced);
  t.deepEqual(itemOf(FILE, 'neighbors', 'swp1'), { interface: 'swp1', 'remote-as': 'external' });
  t.deepEqual(itemOf(FILE, 'neighbors', '2001:db8::0:1'), {
    address: '2001:db8:0::1',
    'remote-as': 'external',
  });
  t.is(itemOf(FILE, 'neighbors', 'swp2'), undefined);
  const byInterface = edited({ list: 'neighbors', key: 'swp2', item: { 'remote-as': 'external' } });
  t.deepEqual(itemOf(byInterface, 'neighbors', 'swp2'), { interface: 'swp2', 'remote-as': 'external' });
});

const IN_VRFS = `asn: 65001
router-id: 10.0.0.1
peer-groups:
  - { name: hosts, vrf: blue, families: [ipv4-unicast] }
neighbors:
  - { address: 192.0.2.1, remote-as: 65100, vrf: red, families: [ipv4-unicast] }
  - { address: 192.0.2.1, remote-as: 65200, peer-group: hosts }
  - { address: 192.0.2.2, remote-as: 65300, peer-group: hosts }
`;

test('a neighbor in a VRF has the VRF in its name, whether it says so itself or its peer group', (t) => {
  const asOf = (key: string, text = IN_VRFS) => itemOf(text, 'neighbors', key)?.['remote-as'];
  const set = (key: string, item: object | undefined, text?: string) =>
    edited({ list: 'neighbors', key, item: item as Mapping | undefined }, text ?? IN_VRFS);
  t.deepEqual(
    ['192.0.2.1@red', '192.0.2.1@blue', '192.0.2.1@green', '192.0.2.1', '192.0.2.2', '192.0.2.2@blue'].map(
      (key) => asOf(key),
    ),
    [65100, 65200, undefined, undefined, 65300, 65300],
  );
  const families = ['ipv4-unicast'];
  const changed = set('192.0.2.1@blue', { 'remote-as': 65201, 'peer-group': 'hosts' });
  t.deepEqual([asOf('192.0.2.1@red', changed), asOf('192.0.2.1@blue', changed)], [65100, 65201]);
  t.false(changed.includes('vrf: blue, remote-as'), 'its group has the VRF');
  const added = set('192.0.2.1@green', { 'remote-as': 65400, families });
  t.deepEqual(itemOf(added, 'neighbors', '192.0.2.1@green'), {
    address: '192.0.2.1',
    'remote-as': 65400,
    families,
    vrf: 'green',
  });
  // The item says where it is
  const said = set('192.0.2.1', { 'remote-as': 65101, families, vrf: 'red' });
  t.deepEqual([asOf('192.0.2.1@red', said), asOf('192.0.2.1@blue', said)], [65101, 65200]);
  // One in no VRF is another
  const beside = set('192.0.2.2', { 'remote-as': 65500 });
  t.deepEqual([asOf('192.0.2.2', beside), asOf('192.0.2.2@blue', beside)], [65500, 65300]);
  const gone = set('192.0.2.1@red', undefined);
  t.deepEqual([asOf('192.0.2.1@red', gone), asOf('192.0.2.1', gone)], [undefined, 65200]);
  t.is(asOf('192.0.2.2', set('192.0.2.2', undefined)), undefined);
  t.throws(() => set('192.0.2.1', undefined), { instanceOf: EditError, code: 'no-such-item' });
  t.throws(() => set('192.0.2.1@red', { 'remote-as': 65100, 'peer-group': 'hosts' }), {
    instanceOf: EditError,
    message: 'vrf: found blue, allowed is red, by which it is named',
  });
});

test('a listen range in a VRF has the VRF in its name, a peer group has not', (t) => {
  const range = { 'remote-as': 'external', families: ['ipv4-unicast'] };
  const one = edited({ list: 'listen-ranges', key: '192.0.2.0/24@red', item: range }, IN_VRFS);
  const two = edited({ list: 'listen-ranges', key: '192.0.2.0/24@blue', item: range }, one);
  t.is((contentOf(two)['listen-ranges'] as unknown[]).length, 2);
  t.like(itemOf(two, 'listen-ranges', '192.0.2.0/24@blue'), { prefix: '192.0.2.0/24', vrf: 'blue' });
  t.like(itemOf(two, 'peer-groups', 'hosts'), { vrf: 'blue' });
  t.is(itemOf(two, 'peer-groups', 'hosts@blue'), undefined);
});

test('a patch sets, replaces lists and takes keys out (RFC 7396)', (t) => {
  const patched = edited({
    patch: { log: { level: 'debug' }, evpn: { 'duplicate-detection': { moves: 7 } }, neighbors: [] },
  });
  t.deepEqual(contentOf(patched), {
    asn: 65001,
    'router-id': '10.0.0.1',
    neighbors: [],
    log: { level: 'debug' },
    evpn: { 'duplicate-detection': { moves: 7 } },
  });
  t.true(patched.startsWith('# this leaf\nasn: 65001 # ours\n'), patched);
  const back = edited({ patch: { evpn: null, log: null } }, patched);
  t.deepEqual(Object.keys(contentOf(back)), ['asn', 'router-id', 'neighbors']);
});

const TOP = 'asn: 65001\nrouter-id: 10.0.0.1\n';

for (const [what, text] of [
  [
    'indents by four',
    `${TOP}neighbors:\n    - address: 10.1.1.1\n      remote-as: external\nlog:\n    level:   info   # quiet\n`,
  ],
  [
    'does not indent lists',
    `${TOP}neighbors:\n- address: 10.1.1.1\n  remote-as: external\nlog: {level: info}\n`,
  ],
  [
    'has DOS line ends',
    `${TOP}neighbors: []\n\n# quiet\nlog: {level: info}\n# end\n`.replaceAll('\n', '\r\n'),
  ],
  ['begins with a byte order mark', `\ufeff${TOP}neighbors: []\n`],
  ['does not end its last line', `---\n${TOP}neighbors: []`],
  [
    'has folded text and odd numbers',
    `asn: 0xFDE9\n'router-id': "10.0.0.1"\nneighbors:\n  - {address: 10.1.1.1, remote-as: external, description: >-\n    a}\n`.replace(
      '>-\n    a',
      '"a\n    b"',
    ),
  ],
] as const)
  test(`a file that ${what} keeps every line of other settings to the letter`, (t) => {
    const result = edited({ list: 'vnis', key: '10010', item: {} }, text);
    t.true(result.startsWith(text), result);
    t.deepEqual(itemOf(result, 'vnis', '10010'), { vni: 10010 });
    const lineEnds = new Set(result.match(/\r?\n/g));
    t.is(lineEnds.size, 1, result);
  });

test('what is written anew is indented as the file is', (t) => {
  const text = `${TOP}neighbors:\n    - address: 10.1.1.1\n      remote-as: external\n`;
  t.is(
    edited({ list: 'vnis', key: '10', item: { rd: '1:1' } }, text),
    `${text}evpn:\n    vnis:\n        - vni: 10\n          rd: 1:1\n`,
  );
});

const SHARED = `${TOP}neighbors:\n  - &spine { address: 10.1.1.1, remote-as: &as external }\n  - { address: 10.1.1.2, remote-as: *as }\n`;

test('a change that would change more than it says, for anchors, is refused', (t) => {
  for (const edit of [
    { list: 'neighbors', key: '10.1.1.1', item: undefined },
    { list: 'neighbors', key: '10.1.1.1', item: { 'remote-as': 65000 } },
  ])
    t.is(t.throws(() => editConfig(SHARED, edit), { instanceOf: EditError })?.code, 'by-hand');
  const both = `${TOP}neighbors: &none []\nlisten-ranges: *none\n`;
  const error = t.throws(() =>
    editConfig(both, { list: 'neighbors', key: 'swp1', item: { 'remote-as': 1 } }),
  );
  t.regex(error?.message ?? '', /anchors.*edit the file and reload/);
  t.deepEqual(
    (
      contentOf(edited({ list: 'neighbors', key: '10.1.1.2', item: { 'remote-as': 1 } }, SHARED))
        .neighbors as unknown[]
    )[1],
    { address: '10.1.1.2', 'remote-as': 1 },
  );
});

test('an item that is an alias is known as what it stands for', (t) => {
  const text = `${TOP}neighbors: []\npeer-groups: [&g { name: g, remote-as: external }]\npolicies: [*g]\n`;
  t.deepEqual(itemOf(text, 'policies', 'g'), { name: 'g', 'remote-as': 'external' });
});

test('a VNI is named by its decimal digits alone', (t) => {
  const text = edited({ list: 'vnis', key: '10', item: {} });
  for (const key of ['1e1', ' 10', '0xa', '']) {
    t.is(itemOf(text, 'vnis', key), undefined, key);
    t.throws(() => editConfig(text, { list: 'vnis', key, item: undefined }), { instanceOf: EditError });
  }
  const faulty = editConfig(text, { list: 'vnis', key: 'ten', item: {} });
  t.throws(() => parseConfig(faulty, 'file'), {
    message: /evpn\.vnis\[1\]\.vni: found "ten"; allowed a VNI/,
  });
});

test('values that are too deep for a parser are refused', (t) => {
  const deep = (depth: number): Record<string, unknown> => (depth === 0 ? {} : { x: deep(depth - 1) });
  for (const edit of [{ patch: deep(1000) }, { list: 'vnis', key: '1', item: { rd: [deep(1000)] } }])
    t.is(t.throws(() => editConfig(FILE, edit), { instanceOf: EditError })?.code, 'too-deep');
});

for (const [what, edit, code, message] of [
  [
    'of an unknown list',
    { list: 'vni', key: '1', item: {} },
    'no-such-item',
    'vni: allowed are neighbors, listen-ranges, peer-groups, policies, vnis, vrfs',
  ],
  [
    'that deletes what is not there',
    { list: 'vnis', key: '1', item: undefined },
    'no-such-item',
    'vnis: there is none that is known by 1',
  ],
  [
    'that names an item by another key',
    { list: 'vnis', key: '1', item: { vni: 2 } },
    'wrong-key',
    'vni: found 2, allowed is 1, by which it is named',
  ],
] as const)
  test(`a change ${what} is refused`, (t) => {
    const error = t.throws(() => editConfig(FILE, edit), { instanceOf: EditError, message });
    t.is(error?.code, code);
  });
