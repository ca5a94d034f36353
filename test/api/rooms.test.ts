import test from 'ava';
import type { HardwareWatch } from '../../src/hardware/index.js';
import { formatIp, formatMac, parseIp, parsePrefix } from '../../src/types/index.js';
import { EVPN, UpdateEncoder } from '../../src/wire/index.js';
import { macRoute, neighborConfig, openOf, originated } from '../bgp/fabric.js';
import { HOST, House, IP, OTHER } from './support/house.js';

const OTHER_IP = parseIp('192.0.2.77');

/** What the tests look at of a list's items. */
type Items = { items: Record<string, never>[]; next: string | null; total: number | null };

async function fabric() {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(here, HOST);
  house.resolves(here, HOST, IP);
  house.speaks(there, OTHER);
  return { house, here, there };
}

test('status counts what the rooms hold', async (t) => {
  const { here } = await fabric();
  t.like(await here.get('/api/v1/status'), {
    asn: 65001,
    routerId: '10.0.0.1',
    counts: {
      neighbors: 1,
      neighborsEstablished: 1,
      vnis: 1,
      vnisUp: 1,
      localMacs: 1,
      remoteMacs: 1,
      localIps: 1,
      remoteIps: 0,
      localRoutes: 3,
      remoteRoutes: 2,
      remoteVteps: 1,
    },
    kernel: { operationsFailed: 0 },
    drifts: { total: 0, open: 0 },
    duplicates: 0,
    switchAsic: null,
    problems: [],
  });
});

test('neighbors: the session as it stands, and by any spelling of the address', async (t) => {
  const { here } = await fabric();
  const { items } = (await here.get('/api/v1/neighbors')) as Items;
  t.is(items.length, 1);
  t.like(items[0], {
    address: '10.1.0.2',
    description: 'the other leaf',
    state: 'Established',
    remoteAs: 65002,
    type: 'external',
    prefixes: { received: { total: 2, macIpAdvertisement: 1, inclusiveMulticast: 1 } },
    faults: {
      attributesDiscarded: 0,
      treatedAsWithdraw: 0,
      unknownRouteTypes: 0,
      malformedRoutes: 0,
      last: null,
    },
  });
  t.deepEqual(await here.get('/api/v1/neighbors/10.1.0.2'), items[0]);
  t.like(await here.get('/api/v1/neighbors/10.1.0.9', 404), { code: 'no-such-neighbor' });
});

test('neighbors: one link-local address on two links is two', async (t) => {
  const { house, here } = await fabric();
  const { address: _, passive: __, ...neighbor } = neighborConfig('fe80::1', 'external');
  await here.speaker.reconfigure({
    asn: 65001,
    routerId: 0x0a010001,
    listen: [{ address: '10.1.0.1', port: 179 }],
    neighbors: [],
    listenRanges: [{ prefix: parsePrefix('fe80::/10'), limit: 9, neighbor }],
  });
  const encoder = new UpdateEncoder({ fourOctetAs: true, internal: false, localAsn: 65009 } as never, EVPN);
  const updates = encoder.announce(originated('192.0.2.9'), [macRoute(1)]);
  for (const device of ['up1', 'up2'])
    house.fabric
      .peer(`fe80::1%${device}`)
      .connect('10.1.0.1')
      .establish(openOf(65009, '10.0.0.9'))
      .send(...updates);
  const addresses = async (url: string) =>
    ((await here.get(url)) as Items).items.map(({ address }) => address);
  t.deepEqual(await addresses('/api/v1/neighbors'), ['fe80::1%up1', 'fe80::1%up2']);
  const { next } = (await here.get('/api/v1/neighbors?limit=1')) as Items;
  t.deepEqual(await addresses(`/api/v1/neighbors?limit=1&cursor=${next}`), ['fe80::1%up2']);
  t.like(await here.get('/api/v1/neighbors/fe80::1%25up2'), { address: 'fe80::1%up2' });
  await here.get('/api/v1/neighbors/fe80::1', 404);
  const routesOf = async (neighbor: string) =>
    ((await here.get(`/api/v1/routes?neighbor=${neighbor}`)) as Items).items.length;
  t.deepEqual(await Promise.all(['fe80::1', 'fe80::1%25up1', 'fe80::1%25up3'].map(routesOf)), [1, 1, 0]);
});

test('VNIs: of the kernel and of the configuration', async (t) => {
  const { here } = await fabric();
  const { items, total } = (await here.get('/api/v1/vnis')) as Items;
  t.is(total, 2);
  t.like(items[0], { vni: 20, vxlanDevice: null, up: false, rd: null, openDrifts: 0 });
  t.like(items[1], {
    vni: 10010,
    rd: '10.0.0.1:10010',
    importRouteTargets: ['*:10010'],
    exportRouteTargets: ['65001:10010'],
    vxlanDevice: 'vx10010',
    bridge: 'br10010',
    svi: 'br10010',
    localVtep: '10.0.0.1',
    advertised: true,
    up: true,
    counts: {
      localMacs: 1,
      remoteMacs: 1,
      localIps: 1,
      remoteIps: 0,
      remoteVteps: 1,
      floodVteps: 1,
      floodVtepsLeftOut: 0,
      rememberedAddresses: 0,
    },
  });
  t.deepEqual(await here.get('/api/v1/vnis/10010'), items[1]);
  t.like(await here.get('/api/v1/vnis/99', 404), { code: 'no-such-vni' });
});

test('MAC addresses, local and remote, with the rows of the kernel', async (t) => {
  const { here } = await fabric();
  const { items, total } = (await here.get('/api/v1/vnis/10010/macs')) as Items;
  t.is(total, 2);
  t.like(items[0], {
    mac: '02:00:00:00:00:01',
    origin: 'local',
    device: 'p10010',
    vtep: null,
    ips: ['192.0.2.11'],
    installed: true,
    kernel: { bridge: { device: 'p10010' }, vxlan: null },
  });
  t.like(items[1], {
    mac: '02:00:00:00:00:02',
    origin: 'remote',
    vtep: '10.0.0.2',
    device: null,
    installed: true,
    kernel: { bridge: { device: 'vx10010', flags: ['ext_learned'] }, vxlan: { dst: '10.0.0.2' } },
  });
  t.deepEqual(await here.get('/api/v1/vnis/20/macs'), { items: [], next: null, total: 0 });
});

test('IP addresses: local on one leaf, remote on the other', async (t) => {
  const { here, there } = await fabric();
  const local = (await here.get('/api/v1/vnis/10010/arp-cache')) as Items;
  t.like(local.items[0], { ip: '192.0.2.11', mac: '02:00:00:00:00:01', origin: 'local', installed: true });
  const remote = (await there.get('/api/v1/vnis/10010/arp-cache')) as Items;
  t.like(remote.items[0], {
    ip: '192.0.2.11',
    mac: '02:00:00:00:00:01',
    origin: 'remote',
    vtep: '10.0.0.1',
    installed: true,
    kernel: { device: 'br10010', state: ['noarp'], flags: ['ext_learned'] },
  });
  t.deepEqual(await here.get('/api/v1/vnis/20/arp-cache'), { items: [], next: null, total: 0 });
});

test('MAC and IP addresses of one origin, or behind one VTEP', async (t) => {
  const { house, here, there } = await fabric();
  house.resolves(there, OTHER, OTHER_IP);
  const hosts = async (list: string, field: string, query: string) => {
    const { items, total } = (await here.get(`/api/v1/vnis/10010/${list}?${query}`)) as Items;
    return [items.map((item) => item[field] as string), total];
  };
  for (const [list, field, mine, others] of [
    ['macs', 'mac', formatMac(HOST), formatMac(OTHER)],
    ['arp-cache', 'ip', formatIp(IP), formatIp(OTHER_IP)],
  ]) {
    t.deepEqual(await hosts(list, field, 'origin=local'), [[mine], 1]);
    t.deepEqual(await hosts(list, field, 'origin=remote'), [[others], 1]);
    t.deepEqual(await hosts(list, field, 'vtep=10.0.0.2'), [[others], null]);
    t.deepEqual(await hosts(list, field, 'vtep=10.0.0.3'), [[], null]);
    t.deepEqual(await hosts(list, field, 'origin=local&vtep=10.0.0.2'), [[], null]);
    t.like(await here.get(`/api/v1/vnis/10010/${list}?vtep=leaf2`, 400), {
      parameters: [{ parameter: 'vtep', found: 'leaf2' }],
    });
    t.like(await here.get(`/api/v1/vnis/10010/${list}?origin=elsewhere`, 400), {
      parameters: [{ parameter: 'origin', allowed: 'local or remote' }],
    });
  }
});

test('routes, with every filter', async (t) => {
  const { here } = await fabric();
  const keysOf = async (query: string) =>
    ((await here.get(`/api/v1/routes?${query}`)) as Items).items.map(({ origin, key }) => `${origin} ${key}`);
  const own = [
    'local [2]:[0]:[48]:[02:00:00:00:00:01]',
    'local [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[192.0.2.11]',
    'local [3]:[0]:[32]:[10.0.0.1]',
  ];
  const theirs = ['remote [2]:[0]:[48]:[02:00:00:00:00:02]', 'remote [3]:[0]:[32]:[10.0.0.2]'];
  t.deepEqual(await keysOf(''), [...own, ...theirs]);
  t.deepEqual(await keysOf('origin=local'), own);
  t.deepEqual(await keysOf('origin=remote'), theirs);
  t.deepEqual(await keysOf('type=3'), [own[2], theirs[1]]);
  t.deepEqual(await keysOf('mac=02:00:00:00:00:01'), own.slice(0, 2));
  t.deepEqual(await keysOf('mac=02:00:00:00:00:02'), theirs.slice(0, 1));
  t.deepEqual(await keysOf('mac=02:00:00:00:00:02&type=3'), []);
  t.deepEqual(await keysOf('ip=192.0.2.11'), own.slice(1, 2));
  t.deepEqual(await keysOf('rd=10.0.0.2:10010'), theirs);
  t.deepEqual(await keysOf('vni=10010&type=2'), [...own.slice(0, 2), theirs[0]]);
  t.deepEqual(await keysOf('vni=20'), []);
  t.deepEqual(await keysOf('neighbor=10.1.0.2'), theirs);
  t.deepEqual(await keysOf('neighbor=10.1.0.9'), []);
});

test('VTEPs, and what supervisors poll', async (t) => {
  const { here } = await fabric();
  t.deepEqual(((await here.get('/api/v1/vteps')) as Items).items, [
    { address: '10.0.0.2', vnis: [10010], macs: 1, routes: 2 } as never,
  ]);
  t.deepEqual(await here.get('/readyz'), { ready: true } as never);
});

test('with a switch ASIC, rows of a remote MAC are shown with its mark, and those of a local one as they are', async (t) => {
  const watch: Pick<HardwareWatch, 'rows' | 'mac' | 'vni'> = {
    vni: () => undefined,
    rows: () => ({ bridge: true, vxlan: false }),
    mac: () => ({ state: 'pending', reason: undefined }),
  };
  const house = await House.build({ hardware: () => watch as HardwareWatch });
  const [here, there] = house.rooms;
  house.speaks(here, HOST);
  house.speaks(there, OTHER);
  const { items } = (await here.get('/api/v1/vnis/10010/macs')) as Items;
  const shown = {
    bridge: { offloaded: true, flags: ['ext_learned', 'offloaded'] },
    vxlan: { offloaded: false },
  };
  t.like(items[0], {
    mac: formatMac(HOST),
    offload: null,
    kernel: { bridge: { offloaded: false }, vxlan: null },
  });
  t.like(items[1], { mac: formatMac(OTHER), offload: { state: 'pending' }, kernel: shown });
  const story = await here.get('/api/v1/explain?vni=10010&mac=02:00:00:00:00:02');
  t.like(story, { entry: { kernel: { ...shown, fits: true } } });
});

test('with a switch ASIC, neighbors that it has are shown as such', async (t) => {
  const house = await House.build({
    insight: () => ({
      switchAsic: () => ({ bus: 'pci', device: '0000:03:00.0', driver: 'mlxsw_spectrum' }),
      offloadedNeighs: async () => new Set([IP]),
    }),
  });
  const [here] = house.rooms;
  house.speaks(here, HOST);
  house.resolves(here, HOST, IP);
  house.resolves(here, HOST, OTHER_IP);
  const { items } = (await here.get('/api/v1/vnis/10010/arp-cache')) as unknown as {
    items: { ip: string; kernel: { offloaded: boolean } }[];
  };
  t.deepEqual(Object.fromEntries(items.map(({ ip, kernel }) => [ip, kernel.offloaded])), {
    [formatIp(IP)]: true,
    [formatIp(OTHER_IP)]: false,
  });
  const story = await here.get(`/api/v1/explain?vni=10010&ip=${formatIp(IP)}`);
  t.like(story, { binding: { story: { kernel: { neigh: { offloaded: true } } } } });
});

test('a session that is lost takes its rows along, and the last reason is told', async (t) => {
  const { house, here, there } = await fabric();
  void there.speaker.stop('maintenance');
  house.clock.advance(5000);
  t.like(await here.get('/api/v1/neighbors/10.1.0.2'), {
    established: false,
    lastError: {
      direction: 'received',
      code: 6,
      subcode: 9,
      text: 'Cease (6), Hard Reset (9) for Cease (6), Administrative Shutdown (2): maintenance',
      hardReset: { code: 6, subcode: 2 },
    },
    flaps: 1,
  });
  const status = (await here.get('/api/v1/status')) as { problems: { severity: string; problem: string }[] };
  t.like(status, { counts: { remoteMacs: 0, remoteVteps: 0 } });
  t.is(status.problems.length, 1);
  t.is(status.problems[0].severity, 'error');
  t.regex(status.problems[0].problem, /^neighbor 10\.1\.0\.2: no session \(\w+\); /);
});

test('a spine that announces the same MACs later than another is known for it', async (t) => {
  const { here } = await fabric();
  t.like(await here.get('/api/v1/neighbors/10.1.0.2'), { lateness: null });
  const { lateness } = here.convergence;
  const [neighbor] = here.speaker.neighbors();
  for (const mac of [HOST, OTHER]) {
    here.leaf.clock.advance(20_000);
    lateness.arrived('another', mac);
    here.leaf.clock.advance(30);
    lateness.arrived(neighbor.address, mac);
  }
  t.like(await here.get('/api/v1/neighbors/10.1.0.2'), {
    lateness: { samples: 2, medianMs: 50, p99Ms: 50 },
  });
});
