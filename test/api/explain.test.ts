import test from 'ava';
import { Nud } from '../../src/dataplane/index.js';
import { DEFAULT_DUPLICATE_SETTINGS } from '../../src/evpn/index.js';
import { parseIp, toVni } from '../../src/types/index.js';
import { ExtendedCommunity } from '../../src/wire/index.js';
import { withOwn } from '../dataplane/memory-world.js';
import { vtepOf } from '../evpn/support/leaf.js';
import { HOST, House, IP, OTHER, type Room } from './support/house.js';
import { announce, explain } from './support/third-leaf.js';

async function fabric(options: Parameters<typeof House.build>[0] = {}) {
  const house = await House.build(options);
  const [here, there] = house.rooms;
  return { house, here, there };
}

const MAC = '02:00:00:00:00:01';
const storyOf = async (room: Room, mac = '02:00:00:00:00:01') => (await explain(room, mac)).entry;

test('a local MAC with its IP: claim, rows, what is announced of it', async (t) => {
  const { house, here, there } = await fabric();
  house.speaks(here);
  house.resolves(here);
  const told = await explain(here, '02:00:00:00:00:01', '192.0.2.11');
  t.like(told, {
    vni: 10010,
    mac: '02:00:00:00:00:01',
    ip: '192.0.2.11',
    ips: ['192.0.2.11'],
    entry: {
      owner: 'local',
      rule: 'only claim',
      vtep: null,
      device: 'p10010',
      sequence: 0,
      sticky: false,
      frozen: false,
      kernel: {
        wanted: 'nothing',
        found: 'bridge row points to p10010 (reachable), no vxlan row',
        fits: true,
        vxlan: null,
        failure: null,
        drifts: [],
      },
      moves: [],
      duplicate: null,
    },
    binding: { mac: '02:00:00:00:00:01', story: { owner: 'local', rule: 'only claim', device: 'p10010' } },
  });
  t.like(told.entry.claims[0], {
    origin: 'local',
    won: true,
    ignored: null,
    vtep: '10.0.0.1',
    device: 'p10010',
    route: null,
  });
  t.deepEqual(
    told.entry.advertised.map(({ key, rd, path }) => [key, rd, path.nextHop]),
    [
      ['[2]:[0]:[48]:[02:00:00:00:00:01]', '10.0.0.1:10010', '10.0.0.1'],
      ['[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[192.0.2.11]', '10.0.0.1:10010', '10.0.0.1'],
    ],
  );
  t.is(told.binding!.story.advertised.length, 1);
  t.deepEqual(told.verdict.slice(0, 4), [
    '02:00:00:00:00:01 is local on port p10010, sequence number 0.',
    'Decided by: only claim.',
    'This leaf announces 02:00:00:00:00:01 with next hop 10.0.0.1.',
    'The kernel holds what evpnd wants for 02:00:00:00:00:01.',
  ]);
  const remote = await explain(there, '02:00:00:00:00:01', '192.0.2.11');
  t.like(remote, {
    entry: {
      owner: 'remote',
      vtep: '10.0.0.1',
      kernel: {
        fits: true,
        found:
          'bridge row points to vx10010 (reachable, ext_learned), vxlan row has dst 10.0.0.1 (reachable, ext_learned)',
        vxlan: { dst: '10.0.0.1' },
      },
    },
    binding: { story: { owner: 'remote', kernel: { fits: true, neigh: { device: 'br10010' } } } },
  });
  t.is(remote.entry.kernel.wanted, remote.entry.kernel.found);
  t.deepEqual(remote.entry.advertised, []);
  t.is(remote.entry.claims.length, 2);
  t.is(remote.entry.claims.filter(({ won }) => won).length, 1);
  t.like(remote.entry.claims[0].route, {
    key: '[2]:[0]:[48]:[02:00:00:00:00:01]',
    rd: '10.0.0.1:10010',
    bestBy: 'only path',
  });
  t.like(remote.entry.claims[0].route!.paths[0], { neighbor: '10.1.0.1', best: true });
});

test('a host that moves back and forth: rule, number and moves on both sides', async (t) => {
  const { house, here, there } = await fabric();
  for (const room of [here, there, here, there]) house.speaks(room);
  const ours = await storyOf(there);
  t.like(ours, { owner: 'local', rule: 'arrived here after the remote claim', sequence: 3 });
  t.deepEqual(
    ours.moves.map(({ from, to, sequence, vtep, cause }) => [from, to, sequence, vtep, cause]),
    [
      ['remote', 'local', 1, null, 'it arrived on a port of this leaf; it left 10.0.0.1'],
      ['local', 'remote', 2, '10.0.0.1', 'a remote leaf claims it with sequence number 2'],
      ['remote', 'local', 3, null, 'it arrived on a port of this leaf; it left 10.0.0.1'],
    ],
  );
  const theirs = await storyOf(here);
  t.like(theirs, { owner: 'remote', vtep: '10.0.0.2', sequence: 3 });
  t.true(
    (await explain(here, '02:00:00:00:00:01')).verdict.some((line) => line.includes('changed hands last')),
  );
});

test('two leaves claim it: sticky, higher number, lower address', async (t) => {
  const { house, here } = await fabric();
  announce(here, '10.0.0.5', {});
  announce(here, '10.0.0.6', {});
  house.pass();
  t.like(await storyOf(here), { owner: 'remote', rule: 'lower VTEP address', vtep: '10.0.0.5' });
  announce(here, '10.0.0.6', {}, ExtendedCommunity.macMobility(4, false));
  house.pass();
  const story = await storyOf(here);
  t.like(story, { rule: 'higher sequence number', vtep: '10.0.0.6', sequence: 4 });
  t.deepEqual(
    story.claims.map(({ vtep, won, sequence }) => [vtep, won, sequence]),
    [
      ['10.0.0.5', false, 0],
      ['10.0.0.6', true, 4],
    ],
  );
  announce(here, '10.0.0.5', {}, ExtendedCommunity.macMobility(0, true));
  house.pass();
  t.like(await storyOf(here), { rule: 'sticky MAC', vtep: '10.0.0.5', sticky: true });
});

test('routes that do not count, and why', async (t) => {
  const { house, here } = await fabric();
  announce(here, '10.0.0.1', {});
  announce(here, '127.0.0.1', {});
  announce(here, '10.0.0.5', { vni: 99 });
  announce(here, '10.0.0.6', { ethernetTag: 7 });
  announce(here, '10.0.0.7', {});
  house.pass();
  const { entry, verdict } = await explain(here, '02:00:00:00:00:01');
  t.deepEqual(Object.fromEntries(entry.claims.map(({ vtep, won, ignored }) => [vtep, [won, ignored]])), {
    '10.0.0.1': [false, 'own next hop: it points to this machine itself'],
    '127.0.0.1': [false, 'martian or link-local next hop: it can be no VTEP'],
    '10.0.0.5': [
      false,
      "not imported: VNI 10010 takes none of its route targets (65009:99); `import-route-targets: ['*:10010', '65009:99']` of VNI 10010 would import it",
    ],
    '10.0.0.6': [
      false,
      'Ethernet tag 7: not of the VLAN-based service; `import-ethernet-tags: vni` would import it',
    ],
    '10.0.0.7': [true, null],
  });
  t.true(
    verdict.includes(
      'The route of 10.0.0.1 (RD 10.0.0.1:1) does not count: own next hop: it points to this machine itself.',
    ),
  );
});

test("this machine's own MAC is nobody else's", async (t) => {
  const { house, here } = await fabric();
  const { kernel } = here.leaf.world;
  const { bridgeIfindex } = here.devices;
  kernel.setTopology(withOwn(kernel.topology, toVni(10010), [HOST]));
  announce(here, '10.0.0.7', {});
  kernel.putBridge({
    bridgeIfindex,
    vlan: 0,
    mac: HOST,
    port: bridgeIfindex,
    state: Nud.PERMANENT,
    flags: 0,
  });
  house.pass();
  const { entry, verdict } = await explain(here, '02:00:00:00:00:01');
  t.like(entry, { owner: 'local', rule: 'an address of this leaf itself' });
  t.is(entry.claims[0].ignored, "own MAC: it is this machine's in the broadcast domain");
  t.is(entry.kernel.bridge!.device, `dev${bridgeIfindex}`, 'the bridge itself, which is no port');
  t.regex(verdict[0], /^02:00:00:00:00:01 is an address of this leaf itself/);
});

test('the kernel refuses: the answer says so, with the error and the next attempt', async (t) => {
  const { house, here, there } = await fabric();
  here.leaf.world.kernel.fault = () => 28;
  house.speaks(there, OTHER);
  const { entry, verdict } = await explain(here, '02:00:00:00:00:02');
  t.like(entry.kernel, { fits: false, found: 'no bridge row, no vxlan row', failure: { errno: 'ENOSPC' } });
  t.is(entry.kernel.drifts.length, 1);
  t.like(entry.kernel.drifts[0], { cause: 'refused', resolvedAt: null });
  t.true(
    verdict.some((line) => /^The kernel refused it \(ENOSPC, attempt 1\); next attempt at 20/.test(line)),
  );
});

test('an IP that two MACs claim; an IP of another MAC; an IP of nobody', async (t) => {
  const { house, here, there } = await fabric();
  house.speaks(here, HOST);
  house.resolves(here, HOST);
  house.speaks(there, OTHER);
  house.resolves(there, OTHER);
  for (const room of [here, there]) {
    const { verdict, binding } = await explain(room, '02:00:00:00:00:01', '192.0.2.11');
    t.is(binding!.mac, '02:00:00:00:00:02');
    t.is(binding!.story.claims.filter(({ won }) => won).length, 1);
    t.is(binding!.story.claims.find(({ won }) => won)!.mac, '02:00:00:00:00:02');
    t.is(binding!.story.sequence, 1);
    t.true(verdict.includes('192.0.2.11 is bound to another MAC: 02:00:00:00:00:02.'));
  }
  const none = await explain(here, '02:00:00:00:00:01', '192.0.2.99');
  t.is(none.binding, null);
  t.is(none.verdict.at(-1), 'Nobody in VNI 10010 says that it has 192.0.2.99.');
});

test('an IP alone is asked for: its owner, whoever the best word names, the leaf itself, nobody', async (t) => {
  const { house, here, there } = await fabric();
  house.speaks(here);
  house.resolves(here);
  for (const room of [here, there]) {
    const told = (await room.get('/api/v1/explain?vni=10010&ip=192.0.2.11')) as Awaited<
      ReturnType<typeof explain>
    >;
    t.like(told, { mac: MAC, ip: '192.0.2.11', binding: { mac: MAC } });
    t.deepEqual(told, await explain(room, MAC, '192.0.2.11'));
  }
  // Of a neighbor whose MAC no bridge row has
  house.resolves(here, OTHER, parseIp('192.0.2.12'));
  t.like(await here.get('/api/v1/explain?vni=10010&ip=192.0.2.12'), {
    mac: '02:00:00:00:00:02',
    entry: { owner: 'none' },
  });
  t.like(await here.get('/api/v1/explain?vni=10010&ip=192.0.2.99', 404), {
    code: 'no-such-mac',
    detail:
      '192.0.2.99 is unknown in VNI 10010; /api/v1/routes?ip=192.0.2.99 lists routes that it does not import',
  });
  t.like(await here.get('/api/v1/explain?vni=20&ip=192.0.2.11', 404), {
    detail: 'VNI 20 is not served, so that nothing is known of 192.0.2.11 in it',
  });
});

test('a local host that is kept known: when it was last asked', async (t) => {
  const { house, here } = await fabric();
  house.speaks(here);
  house.resolves(here);
  const before = house.clock.wallTime();
  t.is((await explain(here, '02:00:00:00:00:01', '192.0.2.11')).binding!.lastRefreshAt, null);
  house.clock.advance(60_000);
  const { binding } = await explain(here, '02:00:00:00:00:01', '192.0.2.11');
  t.true(Date.parse(binding!.lastRefreshAt!) > before);
});

test('a frozen duplicate, and a VNI that cannot forward', async (t) => {
  const duplicates = { ...DEFAULT_DUPLICATE_SETTINGS, action: 'freeze' as const };
  const { house, here, there } = await fabric({ settings: { duplicates } });
  for (let i = 0; i < 5; i++) for (const room of [here, there]) house.speaks(room);
  const { entry, verdict } = await explain(here, '02:00:00:00:00:01');
  t.like(entry, { frozen: true, rule: 'frozen as a duplicate', duplicate: { frozen: true, moves: 5 } });
  t.true(verdict.some((line) => line.includes('it is frozen where it is')));
  here.leaf.addVni(here.devices, { up: false });
  house.pass();
  const down = await explain(here, '02:00:00:00:00:01');
  t.true(down.verdict.includes('VNI 10010 cannot forward now; /api/v1/vnis/10010 says why.'));
});

test('a number outlives its MAC; who was never known is not found', async (t) => {
  const { house, here, there } = await fabric();
  for (const room of [here, there]) house.speaks(room);
  there.leaf.hostAges(there.devices, HOST);
  house.pass();
  here.leaf.hostAges(here.devices, HOST);
  house.pass();
  const { entry, verdict } = await explain(here, '02:00:00:00:00:01');
  t.like(entry, { owner: 'none', rule: 'nobody claims it', claims: [] });
  t.is(verdict[0], "02:00:00:00:00:01 is nobody's; sequence number 1 is remembered.");
  t.like(await here.get('/api/v1/explain?vni=10010&mac=02:00:00:00:00:09', 404), { code: 'no-such-mac' });
  t.like(await here.get('/api/v1/explain?vni=20&mac=02:00:00:00:00:01', 404), {
    code: 'no-such-mac',
    detail: 'VNI 20 is not served, so that nothing is known of 02:00:00:00:00:01 in it',
  });
  t.like(await here.get('/api/v1/explain?vni=99&mac=02:00:00:00:00:01', 404), { code: 'no-such-vni' });
});

test('a route of a VNI that imports it not is found by its MAC alone', async (t) => {
  const { house, here } = await fabric();
  announce(here, '10.0.0.5', { mac: OTHER, vni: 99, label: 99, ip: parseIp('192.0.2.22') });
  house.pass();
  t.like(await explain(here, '02:00:00:00:00:02'), { entry: { owner: 'none', rule: 'nobody claims it' } });
  t.is(vtepOf(5), parseIp('10.0.0.5'));
});

test('an IP without a binding of its own claims still shows the MAC that has it', async (t) => {
  const { house, here, there } = await fabric();
  house.speaks(there);
  house.resolves(there, HOST, IP);
  there.leaf.hostAges(there.devices, HOST);
  house.pass();
  t.like(await there.get('/api/v1/explain?vni=10010&mac=02:00:00:00:00:01&ip=192.0.2.11'), {
    binding: { mac: null, story: { owner: 'none' } },
  });
  t.like(await here.get('/api/v1/status'), { counts: { remoteMacs: 0 } });
});

test('the verdict names all that pins a MAC and its IP to its leaf, also what only the MAC/IP route says', async (t) => {
  const { house, here } = await fabric();
  const gateway = ExtendedCommunity.defaultGateway();
  const sentence = (name: string, pins: string) =>
    `10.0.0.5 has pinned ${name} (${pins}): whoever shows up with it elsewhere does not get it.`;
  announce(here, '10.0.0.5', {});
  house.pass();
  const loose = await explain(here, MAC, '192.0.2.11');
  t.false(loose.verdict.some((line) => line.includes('has pinned')));
  announce(here, '10.0.0.5', { ip: IP }, gateway);
  house.pass();
  const pinned = await explain(here, MAC, '192.0.2.11');
  t.is(pinned.entry.pinnedBy, 'default gateway');
  t.true(pinned.verdict.includes(sentence(MAC, 'default gateway')));
  t.true(pinned.verdict.includes(sentence('192.0.2.11', 'default gateway')));
  announce(here, '10.0.0.5', {}, ExtendedCommunity.macMobility(0, true));
  house.pass();
  const both = await explain(here, MAC);
  t.true(both.verdict.includes(sentence(MAC, 'sticky MAC, default gateway')));
});

test('what is true of several routes of a host is said once', async (t) => {
  const { house, here } = await fabric();
  announce(here, '10.0.0.5', { vni: 99 });
  announce(here, '10.0.0.5', { vni: 99, ip: IP });
  house.pass();
  const { entry, verdict } = await explain(here, MAC);
  t.is(entry.claims.length, 2);
  t.is(verdict.filter((line) => line.startsWith('The route of 10.0.0.5')).length, 1);
  t.is(new Set(verdict).size, verdict.length);
});
