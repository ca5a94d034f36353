import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { formatMac, parseMac } from '../../src/types/index.js';
import { HOST, House, IP, OTHER } from '../api/support/house.js';
import { routedHouse, VRF_NAME } from '../api/support/routed-house.js';
import { announce } from '../api/support/third-leaf.js';
import { runWith, shellOf } from './support/shell.js';

async function fabric(t: ExecutionContext) {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(here, HOST);
  house.resolves(here, HOST, IP);
  house.speaks(there, OTHER);
  return { house, here, there, shell: await shellOf(t, here) };
}

/** The words of each line. */
const wordsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s{2,}/));

test('neighbors as a table, and one in full', async (t) => {
  const { shell } = await fabric(t);
  const { code, out, err } = await shell.run('show', 'neighbor');
  t.is(code, 0);
  t.is(err, '');
  const [titles, row, ...more] = wordsOf(out);
  t.deepEqual(titles.slice(0, 3), ['NEIGHBOR', 'AS', 'STATE']);
  t.deepEqual(row.slice(0, 3), ['10.1.0.2', '65002', 'Established']);
  t.deepEqual(more, []);
  const one = await shell.run('show', 'neighbor', '10.1.0.2');
  t.regex(one.out, /^Description +the other leaf$/m);
  t.regex(one.out, /^Families +L2VPN\/EVPN: received 2, sent 3$/m);
});

test('VNIs, their MACs and IPs', async (t) => {
  const { shell } = await fabric(t);
  t.deepEqual(
    wordsOf((await shell.run('show', 'vni')).out).map((line) => line.slice(0, 2)),
    [
      ['VNI', 'UP'],
      ['20', 'no'],
      ['10010', 'yes'],
    ],
  );
  t.regex((await shell.run('show', 'vni', '10010')).out, /^MACs +1 local, 1 remote$/m);
  t.deepEqual(
    wordsOf((await shell.run('show', 'mac')).out).map((line) => line.slice(0, 3)),
    [
      ['VNI', 'MAC', 'ORIGIN'],
      ['10010', formatMac(HOST), 'local'],
      ['10010', formatMac(OTHER), 'remote'],
    ],
  );
  t.deepEqual(
    wordsOf((await shell.run('show', 'mac', '--origin', 'remote', '--vni', '10010')).out).map(
      (line) => line[1],
    ),
    ['MAC', formatMac(OTHER)],
  );
  t.deepEqual(
    wordsOf((await shell.run('show', 'ip')).out).map((line) => line.slice(0, 3)),
    [
      ['VNI', 'IP', 'MAC'],
      ['10010', '192.0.2.11', formatMac(HOST)],
    ],
  );
});

test('JSON and YAML are what the API has, of every page', async (t) => {
  const { shell, house, here } = await fabric(t);
  for (let n = 0; n < 1200; n++)
    here.leaf.hostSpeaks(here.devices, parseMac(`02:00:00:01:${hex(n >> 8)}:${hex(n & 255)}`));
  house.pass();
  house.pass();
  const macs = (await shell.json('show', 'mac', '--vni', '10010')) as { mac: string; vni: number }[];
  t.is(macs.length, 1202);
  t.is(new Set(macs.map(({ mac }) => mac)).size, 1202);
  const { items } = (await here.get('/api/v1/routes?limit=10')) as { items: unknown[] };
  t.deepEqual(await shell.json('show', 'routes', '--limit', '10'), items as never);
  const status = (await here.get('/api/v1/status')) as object;
  t.deepEqual(parse((await shell.run('show', 'status', '--yaml')).out), status);
});

const hex = (octet: number) => octet.toString(16).padStart(2, '0');

test('the story of a MAC, wherever it is, and of an IP', async (t) => {
  const { house, shell, here } = await fabric(t);
  const { verdict } = (await here.get(`/api/v1/explain?vni=10010&mac=${formatMac(OTHER)}`)) as {
    verdict: string[];
  };
  for (const args of [
    ['show', 'mac', formatMac(OTHER)],
    ['explain', '10010', formatMac(OTHER)],
  ]) {
    const { out, code } = await shell.run(...args);
    t.is(code, 0);
    t.true(out.startsWith(`VNI 10010, ${formatMac(OTHER)}\n`), out);
    for (const sentence of verdict) t.true(out.includes(`  ${sentence}\n`), out);
  }
  t.regex(
    (await shell.run('show', 'ip', '192.0.2.11')).out,
    /^VNI 10010, 02:00:00:00:00:01, 192\.0\.2\.11\n/,
  );
  const nowhere = await shell.run('show', 'mac', '02:00:00:00:00:99');
  t.is(nowhere.code, 0);
  t.is(nowhere.out, 'no route and no VNI has it; with --vni it is looked for there\n');
  announce(here, '10.0.0.9', { mac: parseMac('02:00:00:00:00:99'), vni: 7, label: 7 });
  house.clock.advance(1000);
  t.is(
    (await shell.run('show', 'mac', '02:00:00:00:00:99')).out,
    'no VNI of this leaf imports its routes, which `evpnctl show routes --mac 02:00:00:00:00:99` lists; with --vni it is said why that VNI does not\n',
  );
});

test('where a VRF sends packets to: an address, a prefix, in one VRF or in all', async (t) => {
  const { rooms } = await routedHouse();
  const [here] = rooms;
  const shell = await shellOf(t, here);
  const { verdict } = (await here.get(`/api/v1/vrfs/${VRF_NAME}/explain?ip=198.51.100.7`)) as {
    verdict: string[];
  };
  const said = `VRF ${VRF_NAME}, 198.51.100.7\n${verdict.map((sentence) => `  ${sentence}\n`).join('')}`;
  for (const more of [[], ['--vrf', VRF_NAME]])
    t.is((await shell.run('explain', 'ip', '198.51.100.7', ...more)).out, said);
  const { out } = await shell.run('explain', 'prefix', '198.51.100.0/24');
  t.is(out, said.replace('198.51.100.7\n', '198.51.100.0/24\n'));
  t.regex((await shell.run('explain', 'ip', '198.51.100.300')).err, /198\.51\.100\.300/);
});

test('the other lists, and what is printed where there is nothing', async (t) => {
  const { shell } = await fabric(t);
  t.is(wordsOf((await shell.run('show', 'routes', '--origin', 'remote')).out).length, 3);
  t.regex((await shell.run('show', 'vteps')).out, /^10\.0\.0\.2 /m);
  t.is((await shell.run('show', 'vrfs')).out, 'no VRFs\n');
  t.is(
    (await shell.run('explain', 'prefix', '192.0.2.0/24')).out,
    'no VRF has an L3VNI; with --vrf another one is asked\n',
  );
  t.is((await shell.run('show', 'drift')).out, 'no drift: the kernel has what it should have\n');
  t.is((await shell.run('show', 'duplicates')).out, 'no duplicate addresses\n');
  t.is((await shell.run('show', 'problems')).out, 'no problems\n');
  t.is((await shell.run('show', 'pending-writes')).out, 'nothing is to be written\n');
  t.deepEqual(await shell.json('show', 'drift'), [] as never);
});

test('over TCP too; colors only on a terminal', async (t) => {
  const { shell } = await fabric(t);
  const plain = await runWith({}, ['--url', shell.url, 'show', 'vni']);
  t.is(plain.code, 0);
  t.false(plain.out.includes('\u001b'));
  const colored = await runWith({ EVPND_API: shell.url }, ['show', 'vni'], true);
  t.true(colored.out.includes('\u001b[32myes'), colored.out);
  t.true(colored.out.includes('\u001b[31mno'), colored.out);
});

test('what goes wrong names the cure', async (t) => {
  const { shell } = await fabric(t);
  const none = await runWith({}, ['--socket', '/nonexistent/api.sock', 'show', 'vni']);
  t.is(none.code, 1);
  t.is(
    none.err,
    'evpnctl: /nonexistent/api.sock: evpnd does not run (systemctl status evpnd), or its api.unix-socket is another one: give it with --socket\n',
  );
  const vni = await shell.run('show', 'vni', '99');
  t.is(vni.code, 1);
  t.regex(vni.err, /VNI 99 is neither in the kernel nor configured/);
  const wrong = await shell.run('show', 'mac', '--origin', 'here');
  t.is(wrong.code, 1);
  t.regex(wrong.err, /origin/);
  const unknown = await shell.run('show', 'vnix');
  t.is(unknown.code, 2);
  t.regex(unknown.err, /unknown command 'vnix'/);
  t.regex(unknown.err, /\(evpnctl show --help says what it takes\)/);
  t.is((await shell.run('--version')).out, '0.1.0\n');
  t.is((await shell.run('--help')).code, 0);
});

test('flood lists: a VNI that floods to all who announce it is complete, one that is not served is not', async (t) => {
  const { shell } = await fabric(t);
  t.deepEqual(wordsOf((await shell.run('show', 'flooding')).out), [
    ['VNI', 'ANNOUNCED BY', 'FLOODED TO', 'LEFT OUT', 'DRIFTS', 'COMPLETE', 'WHY NOT'],
    ['20', '0', '0', '0', '0', 'no', 'the VNI does not forward'],
    ['10010', '1', '1', '0', '0', 'yes', '-'],
  ]);
});
