import test from 'ava';
import { type ConfigEdit, contentOf, EditError, editConfig, itemOf } from '../../src/config/edit.js';
import { ITEM_LISTS } from '../../src/config/index.js';
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
  t.deepEqual(ITEM_LISTS, ['neighbors', 'listen-ranges', 'peer-groups', 'policies', 'vnis']);
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

for (const [what, edit, code, message] of [
  [
    'of an unknown list',
    { list: 'vni', key: '1', item: {} },
    'no-such-item',
    'vni: allowed are neighbors, listen-ranges, peer-groups, policies, vnis',
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
