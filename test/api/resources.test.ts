import test from 'ava';
import { apiOver, fabricModel } from './support/fabric.js';
import * as samples from './support/samples.js';

const api = await apiOver(fabricModel());
const get = async (url: string) => {
  const answer = await api.inject(url);
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.json() };
};
const items = async (url: string) => (await get(url)).body.items;

test('status', async (t) => {
  const { status, body, type } = await get('/api/v1/status');
  t.is(status, 200);
  t.is(type, 'application/json; charset=utf-8');
  t.deepEqual(body, samples.status);
});

test('neighbors: IPv4 before IPv6, then by number; one by any spelling of its address', async (t) => {
  const { body } = await get('/api/v1/neighbors');
  t.deepEqual(body, {
    items: [samples.neighbor('10.1.1.0'), samples.idleNeighbor('2001:db8::1')],
    next: null,
    total: 2,
  });
  t.deepEqual((await get('/api/v1/neighbors/10.1.1.0')).body, samples.neighbor('10.1.1.0'));
  t.is((await get('/api/v1/neighbors/2001:DB8:0::1')).body.address, '2001:db8::1');
});

test('VNIs by number', async (t) => {
  t.deepEqual(await items('/api/v1/vnis'), [samples.absentVni(20), samples.vni(10010)]);
  t.deepEqual((await get('/api/v1/vnis/10010')).body, samples.vni(10010));
});

test('the MAC addresses of a VNI, by address', async (t) => {
  t.deepEqual(await items('/api/v1/vnis/10010/macs'), [
    samples.localMac('02:00:00:00:00:01'),
    samples.remoteMac('02:00:00:00:00:02'),
  ]);
  t.deepEqual((await get('/api/v1/vnis/20/macs')).body, { items: [], next: null, total: 0 });
});

test('the ARP cache of a VNI, by address', async (t) => {
  t.deepEqual(
    (await items('/api/v1/vnis/10010/arp-cache')).map((entry: { ip: string }) => entry.ip),
    ['192.0.2.1', '2001:db8:1::1'],
  );
});

test('the VRFs, by name, and one', async (t) => {
  t.deepEqual(await items('/api/v1/vrfs'), [samples.vrf('blue'), samples.vrf('red')]);
  t.deepEqual((await get('/api/v1/vrfs/red')).body, samples.vrf('red'));
  t.like((await get('/api/v1/vrfs/green')).body, { status: 404, code: 'no-such-vrf' });
});

test('VTEPs', async (t) => {
  t.deepEqual(await items('/api/v1/vteps'), [samples.vtep('10.0.0.2')]);
});

test('routes: ours and theirs in the order of RD and key', async (t) => {
  const keys = (await items('/api/v1/routes')).map((route: { rd: string; key: string; origin: string }) => [
    route.origin,
    route.rd,
    route.key,
  ]);
  t.deepEqual(keys, [
    ['local', '10.0.0.1:10', '[2]:[0]:[48]:[02:00:00:00:00:01]'],
    ['local', '10.0.0.1:10', '[3]:[0]:[32]:[10.0.0.1]'],
    ['remote', '10.0.0.2:10', '[1]:[7]:[00:11:22:33:44:55:66:77:88:99]'],
    ['remote', '10.0.0.2:10', '[2]:[0]:[48]:[02:00:00:00:00:02]:[32]:[192.0.2.1]'],
    ['remote', '10.0.0.2:10', '[3]:[0]:[32]:[10.0.0.2]'],
    ['remote', '10.0.0.2:10', '[4]:[00:11:22:33:44:55:66:77:88:99]:[32]:[10.0.0.2]'],
    ['remote', '10.0.0.2:10', '[5]:[0]:[24]:[198.51.100.0]'],
  ]);
});

test('a MAC/IP route with all its paths', async (t) => {
  const [route] = await items('/api/v1/routes?ip=192.0.2.1');
  const best = {
    neighbor: '10.1.1.0',
    best: true,
    lostBy: null,
    stale: false,
    longLivedStale: false,
    esi: '00:00:00:00:00:00:00:00:00:00',
    labels: [10010, 5000],
    nextHop: '10.0.0.2',
    asPath: [
      { type: 'sequence', asns: [65000, 65002] },
      { type: 'set', asns: [1, 2] },
    ],
    origin: 'igp',
    localPref: null,
    med: null,
    originatorId: null,
    clusterList: [],
    communities: [],
    largeCommunities: [],
    routeTargets: ['65002:10010'],
    extendedCommunities: ['encapsulation:VXLAN', 'rt:65002:10010', 'mac-mobility:3,sticky'],
    macMobility: { sequence: 3, sticky: true },
    pmsi: null,
    receivedAt: '2026-01-01T00:00:00.000Z',
    importPolicy: null,
  };
  t.deepEqual(route, {
    key: '[2]:[0]:[48]:[02:00:00:00:00:02]:[32]:[192.0.2.1]',
    type: 2,
    rd: '10.0.0.2:10',
    ethernetTag: 0,
    mac: '02:00:00:00:00:02',
    ip: '192.0.2.1',
    prefix: null,
    gateway: null,
    esi: '00:00:00:00:00:00:00:00:00:00',
    labels: [10010, 5000],
    origin: 'remote',
    paths: [
      best,
      {
        ...best,
        neighbor: '2001:db8::1',
        best: false,
        lostBy: 'lower BGP identifier',
        localPref: 100,
        med: 5,
        originatorId: '10.0.0.2',
        clusterList: ['0.0.0.1'],
      },
    ],
    vnis: [10010],
  });
});

test('an inclusive multicast route shows its tunnel, an IP prefix its prefix', async (t) => {
  const [imet] = await items('/api/v1/routes?type=3&origin=remote');
  t.deepEqual(imet.paths[0].pmsi, { tunnelType: 6, label: 10010, endpoint: '10.0.0.2' });
  t.is(imet.ip, '10.0.0.2');
  t.is(imet.esi, null);
  const [own] = await items('/api/v1/routes?type=3&origin=local');
  t.deepEqual(own.paths[0].pmsi, { tunnelType: 6, label: 10010, endpoint: '10.0.0.1' });
  const [prefix] = await items('/api/v1/routes?type=5');
  t.is(prefix.prefix, '198.51.100.0/24');
  t.is(prefix.gateway, '0.0.0.0');
  const [segment] = await items('/api/v1/routes?type=4');
  t.is(segment.ethernetTag, null);
});

for (const [query, count] of [
  ['type=2', 2],
  ['vni=10010', 7],
  ['vni=20', 0],
  ['rd=10.0.0.1:10', 2],
  ['mac=02-00-00-00-00-02', 1],
  ['ip=10.0.0.2', 2],
  ['origin=local', 2],
  ['origin=remote', 5],
  ['neighbor=2001:db8:0::1', 5],
  ['neighbor=192.0.2.9', 0],
  ['type=2&origin=local&mac=02:00:00:00:00:01', 1],
] as const)
  test(`routes?${query}`, async (t) => {
    t.is((await items(`/api/v1/routes?${query}`)).length, count);
  });

test('a route distinguisher that another leaf uses too: both routes show', async (t) => {
  const model = fabricModel();
  const fresh = await apiOver(model);
  const [own] = [...model.routeTable].filter((route) => route.originated);
  model.routeTable.add({ nlri: own.nlri, paths: [], vnis: [] });
  const pages = [];
  let cursor = '';
  do {
    const { items, next } = (await fresh.inject(`/api/v1/routes?limit=1${cursor}`)).json();
    pages.push(...items.map((item: { origin: string; key: string }) => `${item.origin} ${item.key}`));
    cursor = next && `&cursor=${next}`;
  } while (cursor);
  t.deepEqual(pages.slice(0, 2), [
    'local [2]:[0]:[48]:[02:00:00:00:00:01]',
    'remote [2]:[0]:[48]:[02:00:00:00:00:01]',
  ]);
  t.is(pages.length, 8);
});

test('probes: live always, ready when the read model says so', async (t) => {
  const model = fabricModel();
  const fresh = await apiOver(model);
  t.deepEqual((await fresh.inject('/livez')).json(), { live: true });
  t.deepEqual((await fresh.inject('/readyz')).json(), { ready: true });
  model.readinessNow = { ready: false, reasons: ['no picture of the kernel yet', '10.1.1.0: no End-of-RIB'] };
  t.is((await fresh.inject('/livez')).statusCode, 200);
  const answer = await fresh.inject('/readyz');
  t.is(answer.statusCode, 503);
  t.is(answer.headers['content-type'], 'application/problem+json');
  t.like(answer.json(), { code: 'not-ready', reasons: model.readinessNow.reasons });
});

test('HEAD tells the size without the body', async (t) => {
  const answer = await api.inject({ method: 'HEAD', url: '/api/v1/status' });
  t.is(answer.statusCode, 200);
  t.is(answer.body, '');
});

test('the answer follows the model, since nothing is kept', async (t) => {
  const model = fabricModel();
  const fresh = await apiOver(model);
  model.neighborTable.delete('10.1.1.0');
  t.is((await fresh.inject('/api/v1/neighbors')).json().total, 1);
});
