import test from 'ava';
import { OtherRoutes } from '../../src/dataplane/index.js';
import { formatPrefix, parseIp, parsePrefix, parsePrefixRule } from '../../src/types/index.js';
import { formatNextHop } from '../../src/underlay/index.js';
import { NextHopTable } from '../../src/underlay/next-hop-table.js';
import { NextHopSets } from '../../src/underlay/next-hops.js';
import { Reach } from '../../src/underlay/reach.js';
import type { PathAttributes } from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { has, leaf, nlri, SETTINGS, spine } from './support/leaf.js';

/** Nothing to look a next hop up in. */
const NO_ROUTES = {
  others: new OtherRoutes(),
  bgp: { lengths: () => [], nextHopsOf: () => undefined },
  metric: 20,
};

const LONGER: Partial<PathAttributes> = { asPath: [{ type: 2, asns: [1, 2, 3] }] };

test('a route leads over all spines that tell it, and over those that are left', async (t) => {
  const one = await leaf();
  one.tell(1, ['198.51.100.0/24', '10.255.0.1/32']);
  one.tell(2, ['198.51.100.0/24']);
  await has(t, one, '10.255.0.1/32 10.1.1.0', '198.51.100.0/24 10.1.1.0,10.1.2.0');
  one.withdraw(1, ['198.51.100.0/24']);
  await has(t, one, '10.255.0.1/32 10.1.1.0', '198.51.100.0/24 10.1.2.0');
  one.withdraw(2, ['198.51.100.0/24']);
  one.withdraw(1, ['10.255.0.1/32']);
  await has(t, one);
  t.is(one.underlay.sets.size, 0);
});

test('two neighbors with one link-local address are two ways, and the loss of one leaves the other', async (t) => {
  const one = await leaf();
  const prefixes = ['2001:db8:1::/48', '2001:db8:2::/48'];
  one.onLink('up5', prefixes);
  one.onLink('up4', prefixes);
  await has(t, one, ...prefixes.map((prefix) => `${prefix} fe80::1%4,fe80::1%5`));
  t.deepEqual(
    [...one.underlay.sets.values()].map(({ nextHops, routes }) => [nextHops.map(formatNextHop), routes]),
    [[['fe80::1%up4', 'fe80::1%up5'], 2]],
  );
  one.onLink('up4', prefixes, false);
  await has(t, one, ...prefixes.map((prefix) => `${prefix} fe80::1%5`));
  one.onLink('up4', prefixes);
  one.onLink('up5', prefixes, false);
  await has(t, one, ...prefixes.map((prefix) => `${prefix} fe80::1%4`));
});

test('with one path, a route goes on by the link of the neighbor that is left', async (t) => {
  const one = await leaf(SETTINGS, 1);
  one.onLink('up4', ['2001:db8::/32']);
  one.onLink('up5', ['2001:db8::/32']);
  await has(t, one, '2001:db8::/32 fe80::1%4');
  one.onLink('up4', ['2001:db8::/32'], false);
  await has(t, one, '2001:db8::/32 fe80::1%5');
});

test('next hops in one order or another are one set', (t) => {
  const [a, b] = [1, 2].map((n) => ({
    source: spine(n),
    attributes: pathAttributes({ nextHop: parseIp(`10.1.${n}.0`) }),
    nlri: nlri('20.0.0.0/8'),
    receivedAt: 0,
    stale: false,
  }));
  const sets = new NextHopSets(
    { addGroup: () => ({ hops: [] }), removeGroup() {}, changeGroup() {} } as never,
    new NextHopTable(new Reach({ interfaces: new Map() }), NO_ROUTES, false),
    new VirtualClock(),
  );
  const prefix = parsePrefix('20.0.0.0/8');
  t.is(sets.hold([a, b], prefix), sets.hold([b, a], prefix));
});

test('links that are numbered from 169.254.0.0/16 carry routes', async (t) => {
  const one = await leaf();
  one.device(6, '169.254.6.1/31');
  one.tell(1, ['20.0.0.0/8', '169.254.6.0/31', '169.254.8.0/31'], '169.254.6.0');
  await has(t, one, '20.0.0.0/8 169.254.6.0');
});

test('the loss of a link is one write, whatever the number of routes', async (t) => {
  const one = await leaf();
  const prefixes = Array.from({ length: 1000 }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);
  one.tell(1, prefixes);
  one.tell(2, prefixes);
  await one.rest();
  t.is(one.installed().length, 1000);
  const before = one.kernel.applied.length;
  one.device(2, '10.1.1.1/31', false);
  await one.rest();
  t.true(one.installed().every((route) => route.endsWith(' 10.1.2.0')));
  t.true(one.kernel.applied.length - before <= 1);
  one.device(2, '10.1.1.1/31');
  await one.rest();
  t.true(one.installed().every((route) => route.endsWith(' 10.1.1.0,10.1.2.0')));
  t.true(one.kernel.applied.length - before <= 4);
});

test('the loss of a neighbor is one write for all routes that another one has, too', async (t) => {
  const one = await leaf();
  const prefixes = Array.from({ length: 1000 }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);
  one.tell(1, prefixes);
  one.tell(2, [...prefixes, '30.0.0.0/8']);
  await one.rest();
  const before = one.kernel.applied.length;
  void one.ribs.ipv4.neighborDown(spine(2));
  await one.rest();
  t.deepEqual(one.installed(), prefixes.map((prefix) => `${prefix} 10.1.1.0`).sort());
  const written = one.kernel.applied.slice(before).flat();
  t.deepEqual(
    written.filter(({ table }) => table === 'route').map(({ verb }) => verb),
    ['delete'],
    'the route that nobody else has',
  );
  one.tell(2, prefixes);
  await one.rest();
  t.true(one.installed().every((route) => route.endsWith(' 10.1.1.0,10.1.2.0')));
  // Nothing is left of sets that no route has
  one.clock.advance(2_000);
  await one.rest();
  t.is([...one.kernel.tables.routes.nexthops()].length, 3);
});

test('so is the loss of one that told its routes just before, behind the other', async (t) => {
  const one = await leaf();
  const prefixes = Array.from({ length: 1000 }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);
  one.tell(1, prefixes);
  await one.rest();
  one.tell(2, prefixes);
  await one.rest();
  t.true(one.installed().every((route) => route.endsWith(' 10.1.1.0,10.1.2.0')));
  const before = one.kernel.applied.length;
  void one.ribs.ipv4.neighborDown(spine(2));
  await one.rest();
  t.deepEqual(one.installed(), prefixes.map((prefix) => `${prefix} 10.1.1.0`).sort());
  const written = one.kernel.applied.slice(before).flat();
  t.deepEqual(
    written.filter(({ table }) => table === 'route'),
    [],
  );
});

test('a topology that is no other leaves sets that no route has as they are', async (t) => {
  const one = await leaf();
  one.tell(1, ['20.0.0.0/24']);
  await one.rest();
  one.withdraw(1, ['20.0.0.0/24']);
  one.clock.runUntilIdle();
  t.deepEqual(one.installed(), []);
  const nexthops = one.kernel.tables.routes.nexthops.bind(one.kernel.tables.routes);
  const before = [...nexthops()].length;
  t.true(before > 0);
  const written = one.kernel.applied.length;
  one.kernel.setTopology({ ...one.kernel.topology, interfaces: new Map(one.kernel.topology.interfaces) });
  one.clock.runUntilIdle();
  t.is(one.kernel.applied.length, written);
  t.is([...nexthops()].length, before);
});

test('a next hop that another neighbor gives stays, though the neighbor that it is goes', async (t) => {
  const one = await leaf();
  const prefixes = Array.from({ length: 700 }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);
  one.tell(1, prefixes);
  one.tell(2, prefixes);
  one.tell(3, ['20.0.0.0/24'], '10.1.2.0');
  await one.rest();
  void one.ribs.ipv4.neighborDown(spine(2));
  await one.rest();
  t.deepEqual(
    one.installed(),
    prefixes.map((prefix, n) => `${prefix} 10.1.1.0${n === 0 ? ',10.1.2.0' : ''}`).sort(),
  );
});

test('sets that led over the same hops for a while each lead over their own again', async (t) => {
  const one = await leaf();
  one.tell(1, ['20.0.0.0/8', '30.0.0.0/8']);
  one.tell(2, ['20.0.0.0/8']);
  await has(t, one, '20.0.0.0/8 10.1.1.0,10.1.2.0', '30.0.0.0/8 10.1.1.0');
  one.device(3, '10.1.2.1/31', false);
  await one.rest();
  // A set that is made now has the group of another
  one.withdraw(1, ['30.0.0.0/8']);
  one.clock.advance(2_000);
  await one.rest();
  one.tell(1, ['30.0.0.0/8', '40.0.0.0/8']);
  await has(t, one, '20.0.0.0/8 10.1.1.0', '30.0.0.0/8 10.1.1.0', '40.0.0.0/8 10.1.1.0');
  t.is([...one.kernel.tables.routes.nexthops()].length, 2);
  one.device(3, '10.1.2.1/31');
  await has(t, one, '20.0.0.0/8 10.1.1.0,10.1.2.0', '30.0.0.0/8 10.1.1.0', '40.0.0.0/8 10.1.1.0');
  one.device(2, '10.1.1.1/31', false);
  await has(t, one, '20.0.0.0/8 10.1.2.0');
  one.device(2, '10.1.1.1/31');
  await has(t, one, '20.0.0.0/8 10.1.1.0,10.1.2.0', '30.0.0.0/8 10.1.1.0', '40.0.0.0/8 10.1.1.0');
});

test('what is connected, not accepted or leads nowhere is not installed', async (t) => {
  const one = await leaf({ ...SETTINGS, accept: ['deny 0.0.0.0/0', '0.0.0.0/0 le 32'].map(parsePrefixRule) });
  one.tell(1, [
    '0.0.0.0/0',
    '10.1.1.0/31',
    '10.0.0.1/32',
    '127.0.0.0/8',
    '224.0.0.0/4',
    '169.254.1.0/24',
    '20.0.0.0/8',
  ]);
  one.tell(1, ['30.0.0.0/8'], '192.0.2.1');
  one.tell(1, ['31.0.0.0/8'], '10.0.0.1');
  one.tell(1, ['32.0.0.0/8'], '127.0.0.1');
  await has(t, one, '20.0.0.0/8 10.1.1.0');
  t.deepEqual(
    [...one.underlay.sets.values()].flatMap(({ unreachable }) => unreachable.map(({ why }) => why)).sort(),
    ['martian', 'no-route', 'our-own-address'],
  );
  const deadEnds = () =>
    [...one.underlay.deadEnds()]
      .map(
        ({ nextHop, why, routes, prefix }) =>
          `${routes} by ${formatNextHop(nextHop)}: ${why}, ${prefix === undefined ? 'none' : formatPrefix(prefix)}`,
      )
      .sort();
  t.deepEqual(deadEnds(), [
    '1 by 10.0.0.1: our-own-address, 31.0.0.0/8',
    '1 by 127.0.0.1: martian, 32.0.0.0/8',
    '1 by 192.0.2.1: no-route, 30.0.0.0/8',
  ]);
  one.tell(1, ['33.0.0.0/8'], '192.0.2.1');
  await one.rest();
  // The one that was named goes
  one.withdraw(1, ['33.0.0.0/8', '31.0.0.0/8', '32.0.0.0/8']);
  await one.rest();
  t.deepEqual(deadEnds(), ['1 by 192.0.2.1: no-route, none']);
  // A network that is connected no longer is one that others may know, and so are next hops in it
  one.tell(2, ['10.1.1.0/31']);
  one.device(2, '10.1.1.1/31', false);
  await has(t, one, '10.1.1.0/31 10.1.2.0', '20.0.0.0/8 10.1.2.0');
  one.underlay.reconfigure(SETTINGS);
  one.tell(2, ['0.0.0.0/0']);
  await has(t, one, '0.0.0.0/0 10.1.2.0', '10.1.1.0/31 10.1.2.0', '20.0.0.0/8 10.1.2.0');
  one.device(2, '10.1.1.1/31');
  await has(t, one, '0.0.0.0/0 10.1.1.0,10.1.2.0', '20.0.0.0/8 10.1.1.0');
});

test('a path whose next hop leads nowhere is no choice where another leads somewhere', async (t) => {
  const one = await leaf();
  one.tell(2, ['20.0.0.0/8', '30.0.0.0/8'], '10.1.2.0', LONGER);
  one.tell(1, ['20.0.0.0/8'], '192.0.2.1');
  one.tell(1, ['30.0.0.0/8']);
  await has(t, one, '20.0.0.0/8 10.1.2.0', '30.0.0.0/8 10.1.1.0');
  const lost = () => {
    const destination = one.ribs.ipv4.destination(nlri('20.0.0.0/8'));
    return (
      destination &&
      [...one.ribs.ipv4.decision(destination).lost].map(([{ source }, by]) => [source.neighbor, by])
    );
  };
  t.deepEqual(lost(), [['10.1.1.0', 'usable path']]);
  one.device(6, '192.0.2.9/24');
  await has(t, one, '20.0.0.0/8 192.0.2.1', '30.0.0.0/8 10.1.1.0');
  t.deepEqual(lost(), [['10.1.2.0', 'shorter AS_PATH']]);
  one.device(6, '192.0.2.9/24', false);
  await has(t, one, '20.0.0.0/8 10.1.2.0', '30.0.0.0/8 10.1.1.0');
  one.device(2, '10.1.1.1/31', false);
  await has(t, one, '20.0.0.0/8 10.1.2.0', '30.0.0.0/8 10.1.2.0');
  one.device(2, '10.1.1.1/31');
  one.device(6, '192.0.2.9/24');
  await has(t, one, '20.0.0.0/8 192.0.2.1', '30.0.0.0/8 10.1.1.0');
});

test('what is told while a link is away goes by the links that are there', async (t) => {
  const one = await leaf();
  one.tell(1, ['30.0.0.0/8']);
  await one.rest();
  one.device(2, '10.1.1.1/31', false);
  await one.rest();
  one.tell(2, ['20.0.0.0/8', '30.0.0.0/8'], '10.1.2.0', LONGER);
  one.tell(1, ['20.0.0.0/8']);
  await has(t, one, '20.0.0.0/8 10.1.2.0', '30.0.0.0/8 10.1.2.0');
  one.device(2, '10.1.1.1/31');
  await has(t, one, '20.0.0.0/8 10.1.1.0', '30.0.0.0/8 10.1.1.0');
});

test('a route that leads nowhere costs no look at all others', async (t) => {
  const one = await leaf();
  let looks = 0;
  const { sets } = one.underlay;
  const hold = sets.hold.bind(sets);
  sets.hold = (...args) => {
    looks++;
    return hold(...args);
  };
  one.device(7, '10.7.0.1/24');
  await one.rest();
  for (let n = 0; n < 50; n++) one.tell(1, [`20.0.${n}.0/24`], `30.0.0.${n}`);
  await one.rest();
  one.device(7, '10.7.0.1/24', false);
  for (let n = 50; n < 100; n++) one.tell(1, [`20.0.${n}.0/24`], `30.0.0.${n}`);
  await one.rest();
  t.is(one.underlay.sets.size, 100);
  t.is(looks, 100, 'one for each route');
});

test('of any number of next hops that lead nowhere each is found when it leads somewhere', async (t) => {
  const one = await leaf();
  const prefixes = Array.from({ length: 5000 }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);
  one.tell(2, prefixes, '10.1.2.0', LONGER);
  for (const [n, prefix] of prefixes.entries()) one.tell(1, [prefix], `30.0.${n >> 8}.${n & 255}`);
  await one.rest();
  t.true(one.installed().every((route) => route.endsWith(' 10.1.2.0')));
  one.device(6, '30.0.0.0/16');
  await one.rest();
  t.is(
    one.installed().filter((route) => route.endsWith(' 10.1.2.0')).length,
    1,
    'the one whose next hop is ours',
  );
});

test('what the prefix list permits of connected networks is announced while their device carries frames', async (t) => {
  const one = await leaf({ ...SETTINGS, redistributeConnected: ['10.0.0.0/8 ge 31'].map(parsePrefixRule) });
  await one.rest();
  t.deepEqual(one.announced(), ['10.0.0.1/32', '10.1.1.0/31', '10.1.2.0/31']);
  one.device(2, '10.1.1.1/31', false);
  await one.rest();
  t.deepEqual(one.announced(), ['10.0.0.1/32', '10.1.2.0/31']);
  one.device(3, '10.1.2.1/31', true, 9);
  await one.rest();
  t.deepEqual(one.announced(), ['10.0.0.1/32'], "a VRF's network is its own");
  one.underlay.reconfigure({ ...SETTINGS, networks: [parsePrefix('192.0.2.0/24')] });
  t.deepEqual(one.announced(), ['192.0.2.0/24']);
  t.deepEqual(
    [...one.ribs.local.ipv4.routes()].map(({ attributes }) => attributes.nextHop),
    [parseIp('0.0.0.0')],
  );
});
