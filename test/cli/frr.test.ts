import test, { type ExecutionContext } from 'ava';
import { FRR_COMMANDS } from '../../src/cli/frr/index.js';
import { uptime } from '../../src/cli/frr/text.js';
import { understand } from '../../src/cli/frr/words.js';
import { formatMac } from '../../src/types/index.js';
import { HOST, House, IP, OTHER } from '../api/support/house.js';
import { shellOf } from './support/shell.js';

const TYPE = 'ead|macip|multicast|es|prefix|1|2|3|4|5';
const VTEP = '10.0.0.2';

async function fabric(t: ExecutionContext) {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(here, HOST);
  house.resolves(here, HOST, IP);
  house.speaks(there, OTHER);
  const shell = await shellOf(t, here);
  const read = async (line: string) => {
    const { code, out, err } = await shell.run('frr', line);
    if (code !== 0) throw new Error(`${line}: ${code} ${err}`);
    return out;
  };
  return { house, shell, read, json: async (line: string) => JSON.parse(await read(`${line} json`)) };
}

const named = (line: string) => understand(FRR_COMMANDS, line.split(' '));

test('words may be cut short as long as one command fits', (t) => {
  for (const [line, words, json = false] of [
    ['sh evpn mac vni all', 'show evpn mac vni VNI|all'],
    ['sh ev m v a j', 'show evpn mac vni VNI|all', true],
    ['sh ev v 10 json', 'show evpn vni VNI', true],
    ['sh ev v d', 'show evpn vni detail'],
    ['show bgp sum', 'show bgp summary'],
    ['SHOW BGP L2 EV ROU TY MAC json', `show bgp l2vpn evpn route type ${TYPE}`, true],
    ['sh bgp l e ro t mu', `show bgp l2vpn evpn route type ${TYPE}`],
    ['sh bgp l2vpn evpn route rd 10.0.0.1:7 type 3', `show bgp l2vpn evpn route rd RD type ${TYPE}`],
    ['sh bgp nei fe80::1%swp1', 'show bgp neighbors NEIGHBOR'],
    ['sh bfd p', 'show bfd peers'],
    ['sh ver', 'show version'],
  ] as const) {
    const found = named(line);
    t.is(found.command.words, words, line);
    t.is(found.json, json, line);
  }
  t.deepEqual(named('sh bgp l e ro t mu').given, { choice: 'multicast' });
  t.deepEqual(named('show evpn mac vni al').given, { choice: 'all' });
  t.deepEqual(named('sh ev mac vni 10 mac 2:0:0:0:0:1').given, { VNI: '10', MAC: '2:0:0:0:0:1' });
});

test('what no command fits is refused with the nearest and with all that there are', async (t) => {
  const unknown = t.throws(() => named('show evpn macs vni 10'));
  t.regex(
    unknown.message,
    /found macs, expected vni, mac, arp-cache, next-hops, rmac\nnearest:\n {2}show evpn mac vni VNI\|all\n/,
  );
  for (const { words } of FRR_COMMANDS)
    t.true(unknown.message.includes(`  ${words}\n`) || unknown.message.endsWith(words));
  t.regex(
    t.throws(() => named('show evpn mac vni')).message,
    /is not complete, it may go on as\n {2}show evpn mac vni VNI/,
  );
  t.regex(
    t.throws(() => named('show bgp ip unicast')).message,
    /^ip of "show bgp ip unicast" may be ipv4, ipv6$/,
  );
  t.regex(t.throws(() => named('show evpn vni ten')).message, /found ten, expected detail, VNI/);
  const { shell } = await fabric(t);
  t.is((await shell.run('frr', 'show', 'ip', 'route')).code, 2);
});

test('no two commands have the same words', (t) => {
  const all = FRR_COMMANDS.map(({ words }) => words);
  t.is(new Set(all).size, all.length);
});

test('every command answers, as a table and as JSON', async (t) => {
  const { shell } = await fabric(t);
  const values: Record<string, string> = {
    VNI: '10010',
    MAC: formatMac(HOST),
    IP: '192.0.2.11',
    VTEP,
    NEIGHBOR: '10.1.0.2',
    RD: '10.0.0.1:10010',
  };
  for (const { words } of FRR_COMMANDS) {
    const line = words.split(' ').map((word) => {
      const [first] = word.split('|');
      return values[first] ?? first;
    });
    const json = await shell.run('frr', ...line, 'json');
    t.is(json.code, 0, json.err);
    t.notThrows(() => JSON.parse(json.out));
    const table = await shell.run('frr', ...line);
    t.is(table.code, /rmac|unicast summary/.test(words) ? 1 : 0, `${words}: ${table.err}`);
    t.is(table.out.includes('undefined') || table.out.includes('null'), false, table.out);
  }
});

test('a MAC here is local with its port, that of the other leaf remote with its VTEP', async (t) => {
  const { json, read } = await fabric(t);
  const fresh = { localSequence: 0, remoteSequence: 0, detectionCount: 0, isDuplicate: false };
  const { 10010: list } = await json('show evpn mac vni all');
  t.is(list.numMacs, 2);
  t.like(list.macs[formatMac(HOST)], { type: 'local', ...fresh });
  t.is(typeof list.macs[formatMac(HOST)].intf, 'string');
  t.deepEqual(list.macs[formatMac(OTHER)], { type: 'remote', remoteVtep: VTEP, ...fresh });
  t.deepEqual(await json('show evpn mac vni 10010'), list);
  t.deepEqual(Object.keys((await json(`show evpn mac vni 10010 vtep ${VTEP}`)).macs), [formatMac(OTHER)]);
  t.deepEqual(await json('show evpn mac vni 10010 duplicate'), { numMacs: 0, macs: {} });
  t.like(await json('show evpn mac vni 10010 mac 2:0:0:0:0:1'), {
    [formatMac(HOST)]: { type: 'local', neighbors: { active: ['192.0.2.11'], inactive: [] } },
  });
  t.regex(await read('sh evpn mac vni 10010'), /^02:00:00:00:00:02 remote +10\.0\.0\.2 +0\/0$/m);
  t.like(await json('show evpn arp-cache vni 10010'), {
    numArpNd: 1,
    '192.0.2.11': { type: 'local', state: 'active', mac: formatMac(HOST), ...fresh },
  });
  t.like(await json('show evpn vni'), {
    10010: { vni: 10010, type: 'L2', numMacs: 2, numRemoteVteps: 1, remoteVteps: [VTEP] },
  });
});

test('a duplicate is one, with the moves that made it one', async (t) => {
  const { house, json, read } = await fabric(t);
  const [here, there] = house.rooms;
  for (let n = 0; n < 6; n++) {
    house.speaks(there, HOST);
    house.speaks(here, HOST);
  }
  const { numMacs, macs } = await json('show evpn mac vni 10010 duplicate');
  t.is(numMacs, 1);
  const mac = macs[formatMac(HOST)];
  t.true(mac.isDuplicate);
  t.true(mac.detectionCount >= 5);
  t.true(mac.localSequence + mac.remoteSequence > 0);
  t.true(mac[mac.type === 'local' ? 'localSequence' : 'remoteSequence'] > 0);
  t.regex(await read('show evpn mac vni 10010'), /^02:00:00:00:00:01 \S+ +D /m);
});

test('what does not exist is an empty object for scripts, as FRR has it, and an error for people', async (t) => {
  const { shell, json } = await fabric(t);
  for (const line of [
    'show evpn vni 99',
    'show evpn mac vni 99',
    'show evpn mac vni 99 mac 02:00:00:00:00:01',
    'show evpn mac vni 10010 mac 02:00:00:00:00:99',
    'show evpn arp-cache vni 99',
    'show evpn arp-cache vni 10010 ip 192.0.2.99',
    'show bgp l2vpn evpn vni 99',
  ]) {
    t.deepEqual(await json(line), {}, line);
    const { code, err } = await shell.run('frr', line);
    t.is(code, 1, line);
    t.regex(err, /does not/, line);
  }
  t.deepEqual(await json('show bgp neighbors 10.9.9.9'), { bgpNoSuchNeighbor: true });
  t.is((await shell.run('frr', 'show evpn vni 99999999 json')).code, 1);
});

test('sessions: counts of messages and prefixes, and one that is shut down', async (t) => {
  const { house, shell, json, read } = await fabric(t);
  const { l2VpnEvpn } = await json('show bgp summary');
  t.like(l2VpnEvpn, { as: 65001, peerCount: 1, failedPeers: 0, totalPeers: 1 });
  const peer = l2VpnEvpn.peers['10.1.0.2'];
  t.like(peer, {
    remoteAs: 65002,
    state: 'Established',
    peerState: 'OK',
    pfxRcd: 2,
    pfxSnt: 3,
    desc: 'the other leaf',
  });
  t.is(peer.peerUptime, uptime(peer.peerUptimeMsec / 1000));
  t.true(peer.msgRcvd > 2);
  t.regex(await read('show bgp summary'), /^10\.1\.0\.2 +4 +65002 .* \d\d:\d\d:\d\d +2 +3 the other leaf$/m);
  await shell.run('neighbor', 'shutdown', '10.1.0.2');
  house.pass();
  const down = (await json('show bgp l2vpn evpn summary')).peers['10.1.0.2'];
  t.like(down, { state: 'Idle (Admin)', peerState: 'Admin', connectionsDropped: 1 });
  t.like((await json('show bgp neighbors'))['10.1.0.2'], { adminShutDown: true, bgpState: 'Idle' });
});

test('routes by route distinguisher: ours local, the others by their neighbor', async (t) => {
  const { json, read } = await fabric(t);
  const all = await json('show bgp l2vpn evpn');
  const theirs = `[2]:[0]:[48]:[${formatMac(OTHER)}]`;
  const rds = Object.keys(all).filter((key) => typeof all[key] === 'object');
  t.is(rds.length, 2);
  const [rd] = rds.filter((key) => all[key][theirs]);
  t.is(all[rd].rd, rd);
  t.like(all[rd][theirs].paths[0], {
    valid: true,
    bestpath: true,
    pathFrom: 'external',
    routeType: 2,
    macLen: 48,
    mac: formatMac(OTHER),
    peerId: '10.1.0.2',
    path: '65002',
    origin: 'IGP',
    nexthops: [{ ip: VTEP, afi: 'ipv4', used: true }],
  });
  t.regex(all[rd][theirs].paths[0].extendedCommunity.string, /\bRT:65002:10010\b/);
  t.regex(all[rd][theirs].paths[0].extendedCommunity.string, /\bET:8\b/);
  const multicast = await json('show bgp l2vpn evpn route type multicast');
  t.deepEqual([multicast.numPrefix, multicast.numPaths], [2, 2]);
  t.true(Array.isArray(multicast[rd][`[3]:[0]:[32]:[${VTEP}]`].paths[0]));
  const one = await json(`show bgp l2vpn evpn route rd ${rd} type 2`);
  t.deepEqual(Object.keys(one[rd]), ['rd', theirs]);
  t.like(one[rd][theirs].paths[0][0], {
    vni: '10010',
    aspath: { string: '65002', length: 1 },
    bestpath: { overall: true },
  });
  const table = await read('show bgp l2vpn evpn route');
  t.true(table.includes(`Route Distinguisher: ${rd}\n`));
  t.true(table.includes(`*> ${theirs}\n`));
});

test('layer 3 is refused in a sentence', async (t) => {
  const { shell } = await fabric(t);
  for (const what of ['next-hops', 'rmac']) {
    const { code, err } = await shell.run('frr', `show evpn ${what} vni all`);
    t.is(code, 1);
    t.regex(err, /evpnd has no layer 3 VNIs/);
  }
});

test('times as FRR writes them', (t) => {
  for (const [seconds, text] of [
    [0, '00:00:00'],
    [3723, '01:02:03'],
    [86_400 + 7380, '1d02h03m'],
    [15 * 86_400 + 3600, '02w1d01h'],
  ] as const)
    t.is(uptime(seconds), text);
});

test('words are completed, and VNIs, neighbors and VTEPs with those that there are', async (t) => {
  const { shell } = await fabric(t);
  const offered = async (...words: string[]) =>
    (await shell.run('__complete', 'frr', ...words)).out.split('\n').filter((line) => line !== '');
  t.deepEqual(await offered('sh'), ['show']);
  t.deepEqual(await offered('sh', 'ev', ''), ['arp-cache', 'json', 'mac', 'next-hops', 'rmac', 'vni']);
  t.deepEqual(await offered('show', 'evpn', 'mac', 'vni', ''), ['10010', '20', 'all']);
  t.deepEqual(await offered('show', 'evpn', 'mac', 'vni', 'all', 'vtep', ''), [VTEP]);
  t.deepEqual(await offered('show', 'bgp', 'neighbors', '1'), ['10.1.0.2']);
  t.deepEqual(await offered('show', 'nothing', ''), []);
});
