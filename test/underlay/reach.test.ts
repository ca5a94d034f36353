import test from 'ava';
import { type Interface, type InterfaceAddress, OtherRoutes } from '../../src/dataplane/index.js';
import { formatPrefix, parseIp } from '../../src/types/index.js';
import { NextHopTable } from '../../src/underlay/next-hop-table.js';
import { Reach } from '../../src/underlay/reach.js';

const address = (text: string, over: Partial<InterfaceAddress> = {}): InterfaceAddress => {
  const [ip, length] = text.split('/');
  return { ip: parseIp(ip), prefixLength: Number(length), peer: undefined, state: 'usable', ...over };
};
const device = (name: string, addresses: InterfaceAddress[], running = true): Interface => ({
  name,
  running,
  addresses,
});

const reach = new Reach({
  interfaces: new Map([
    [1, device('lo', [address('127.0.0.1/8'), address('10.0.0.1/32')])],
    [2, device('up1', [address('10.1.1.1/31'), address('fe80::1/64'), address('2001:db8::1/64')])],
    [3, device('up2', [address('10.2.0.1/16')])],
    [4, device('up3', [address('10.2.3.1/24')])],
    [5, device('down', [address('10.3.0.1/24')], false)],
    [6, device('ptp', [address('10.9.0.1/32', { peer: parseIp('10.9.0.2') })])],
    [7, device('new', [address('2001:db8:7::1/64', { state: 'tentative' })])],
    [8, device('up4', [address('169.254.7.1/31')])],
    [9, { ...device('tenant', [address('10.7.0.1/24')]), vrf: 10 }],
  ]),
});
const table = new NextHopTable(
  reach,
  { others: new OtherRoutes(), bgp: { lengths: () => [], nextHopsOf: () => undefined }, metric: 20 },
  false,
);
const resolve = (ip: string, zone = '') => {
  const { hops, why } = table.resolve({ ip: parseIp(ip), zone });
  return why ?? hops[0];
};

test('a next hop is reached by the device whose network it is in, the smallest first', (t) => {
  t.deepEqual(resolve('10.1.1.0'), { ifindex: 2, gateway: parseIp('10.1.1.0') });
  t.deepEqual(resolve('10.2.3.9'), { ifindex: 4, gateway: parseIp('10.2.3.9') });
  t.deepEqual(resolve('10.2.4.9'), { ifindex: 3, gateway: parseIp('10.2.4.9') });
  t.deepEqual(resolve('10.9.0.2'), { ifindex: 6, gateway: parseIp('10.9.0.2') });
  t.deepEqual(resolve('2001:db8::2'), { ifindex: 2, gateway: parseIp('2001:db8::2') });
});

test('a link-local IPv6 next hop is on the device that the neighbor is on, and ours on that device alone', (t) => {
  t.deepEqual(resolve('fe80::9', 'up1'), { ifindex: 2, gateway: parseIp('fe80::9') });
  t.is(resolve('fe80::9', 'down'), 'no-route');
  t.is(resolve('fe80::9'), 'no-route');
  t.is(resolve('fe80::1', 'up1'), 'our-own-address');
  t.deepEqual(resolve('fe80::1', 'up2'), { ifindex: 3, gateway: parseIp('fe80::1') });
});

test('a link that is numbered from 169.254.0.0/16 is as any other', (t) => {
  t.deepEqual(resolve('169.254.7.0'), { ifindex: 8, gateway: parseIp('169.254.7.0') });
  t.is(resolve('169.254.7.1'), 'our-own-address');
  t.is(resolve('169.254.9.1'), 'no-route');
});

for (const [ip, why] of [
  ['127.0.0.1', 'martian'],
  ['0.0.0.0', 'martian'],
  ['224.0.0.1', 'martian'],
  ['::1', 'martian'],
  ['ff02::1', 'martian'],
  ['10.0.0.1', 'our-own-address'],
  ['10.1.1.1', 'our-own-address'],
  ['10.3.0.2', 'no-route'],
  ['192.0.2.1', 'no-route'],
  ['2001:db8:7::2', 'no-route'],
] as const)
  test(`a next hop that is of no use: ${ip}`, (t) => {
    t.is(resolve(ip), why);
  });

test("a VRF's network is none of the main table's, its address ours all the same", (t) => {
  t.is(resolve('10.7.0.9'), 'no-route');
  t.is(resolve('10.7.0.1'), 'our-own-address');
});

test('networks of devices that carry frames are connected', (t) => {
  t.deepEqual([...reach.connected.keys()].map(formatPrefix).sort(), [
    '10.0.0.1/32',
    '10.1.1.0/31',
    '10.2.0.0/16',
    '10.2.3.0/24',
    '10.9.0.2/32',
    '169.254.7.0/31',
    '2001:db8::/64',
  ]);
});
