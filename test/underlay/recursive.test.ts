import test from 'ava';
import type { OtherRoute } from '../../src/dataplane/index.js';
import { formatPrefix, parseIp, parsePrefix } from '../../src/types/index.js';
import { has, leaf, nlri, SETTINGS } from './support/leaf.js';

const LOOPBACK = '10.255.0.9';

/** A route of an administrator's: `10.1.1.0 2` is a gateway and a device. */
const route = (prefix: string, ways: readonly string[], metric = 0): OtherRoute => ({
  tableId: 254,
  prefix: parsePrefix(prefix),
  metric,
  protocol: 4,
  ways: ways.map((way) => {
    const [gateway, ifindex] = way.split(' ');
    return { ifindex: Number(ifindex), gateway: gateway === 'link' ? undefined : parseIp(gateway) };
  }),
});

type Leaf = Awaited<ReturnType<typeof leaf>>;

/** Why the only path to the prefix leads nowhere; by what it leads somewhere, else. */
function resolved({ ribs, underlay }: Leaf, prefix: string): string {
  const [path] = ribs.ipv4.destination(nlri(prefix))?.paths ?? [];
  if (!path) return 'no path';
  const { why, by } = underlay.nextHop(path).resolution;
  return why ?? `${by?.kind} ${by?.prefix === undefined ? '' : formatPrefix(by.prefix)}`;
}

/** A leaf whose default route and 10/8 are somebody else's. */
async function fabric(settings = SETTINGS) {
  const one = await leaf(settings);
  one.kernel.putOther(route('0.0.0.0/0', ['10.1.1.0 2'], 100));
  return one;
}

test('a next hop is reached by a static route with all its ways, and those that carry frames alone', async (t) => {
  const one = await fabric();
  one.tell(1, ['20.0.0.0/8'], LOOPBACK);
  await has(t, one);
  t.is(resolved(one, '20.0.0.0/8'), 'default-route');
  one.kernel.putOther(route(`${LOOPBACK}/32`, ['10.1.1.0 2', '10.1.2.0 3']));
  await has(t, one, '20.0.0.0/8 10.1.1.0,10.1.2.0');
  t.is(resolved(one, '20.0.0.0/8'), `kernel ${LOOPBACK}/32`);
  one.device(2, '10.1.1.1/31', false);
  await has(t, one, '20.0.0.0/8 10.1.2.0');
  one.device(2, '10.1.1.1/31');
  await has(t, one, '20.0.0.0/8 10.1.1.0,10.1.2.0');
  one.kernel.putOther(route(`${LOOPBACK}/32`, ['link 4']));
  await has(t, one, `20.0.0.0/8 ${LOOPBACK}`);
  one.kernel.dropOther(route(`${LOOPBACK}/32`, ['link 4']));
  await has(t, one);
});

test('the longest match decides, a blackhole ends it, and the lower metric of one prefix counts', async (t) => {
  const one = await fabric();
  one.tell(1, ['20.0.0.0/8'], LOOPBACK);
  one.kernel.putOther(route('10.0.0.0/8', ['10.1.1.0 2']));
  await has(t, one, '20.0.0.0/8 10.1.1.0');
  one.kernel.putOther(route('10.255.0.0/24', []));
  await has(t, one);
  t.is(resolved(one, '20.0.0.0/8'), 'discarded');
  one.kernel.putOther(route('10.255.0.0/24', ['10.1.2.0 3'], 100));
  await has(t, one);
  one.kernel.dropOther(route('10.255.0.0/24', []));
  await has(t, one, '20.0.0.0/8 10.1.2.0');
  // Ours has 20, less than 100
  one.tell(1, ['10.255.0.0/24']);
  await has(t, one, '10.255.0.0/24 10.1.1.0', '20.0.0.0/8 10.1.1.0');
  one.kernel.putOther(route('10.255.0.0/24', ['10.1.2.0 3'], 20));
  await one.rest();
  t.is(resolved(one, '20.0.0.0/8'), 'kernel 10.255.0.0/24');
});

test('the default route counts where that is set, live', async (t) => {
  const one = await fabric();
  one.tell(1, ['20.0.0.0/8'], LOOPBACK);
  await has(t, one);
  one.underlay.reconfigure({ ...SETTINGS, resolveViaDefault: true });
  await has(t, one, '20.0.0.0/8 10.1.1.0');
  one.underlay.reconfigure(SETTINGS);
  await has(t, one);
});

test('1,000 routes behind a next hop that BGP leads to move with it at one change each, without a look at them', async (t) => {
  const one = await leaf();
  const prefixes = Array.from({ length: 1000 }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);
  one.tell(3, prefixes, LOOPBACK);
  await has(t, one);
  one.tell(1, [`${LOOPBACK}/32`]);
  one.tell(2, [`${LOOPBACK}/32`]);
  await one.rest();
  t.is(one.installed().length, 1001);
  t.true(one.installed().every((each) => each.endsWith(' 10.1.1.0,10.1.2.0')));
  let looks = 0;
  const { sets } = one.underlay;
  const hold = sets.hold.bind(sets);
  sets.hold = (...args) => {
    looks++;
    return hold(...args);
  };
  const before = one.kernel.applied.flat().length;
  one.withdraw(1, [`${LOOPBACK}/32`]);
  await one.rest();
  t.true(one.installed().every((each) => each.endsWith(' 10.1.2.0')));
  t.is(looks, 1, 'the route of the loopback alone');
  const written = one.kernel.applied.flat().slice(before);
  t.deepEqual(
    written
      .filter(({ table }) => table === 'route')
      .map((each) => 'prefix' in each && formatPrefix(each.prefix)),
    [`${LOOPBACK}/32`],
  );
  one.device(3, '10.1.2.1/31', false);
  one.tell(1, [`${LOOPBACK}/32`]);
  await one.rest();
  t.true(one.installed().every((each) => each.endsWith(' 10.1.1.0')));
  one.withdraw(1, [`${LOOPBACK}/32`]);
  one.withdraw(2, [`${LOOPBACK}/32`]);
  await has(t, one);
});

test('where the session ends through which the loopback is reached, the routes behind it do without it at once', async (t) => {
  const one = await leaf();
  one.tell(3, ['20.0.0.0/8'], LOOPBACK);
  const others = Array.from({ length: 700 }, (_, n) => `30.${n >> 8}.${n & 255}.0/24`);
  for (const from of [1, 2]) one.tell(from, [...others, `${LOOPBACK}/32`]);
  await one.rest();
  void one.ribs.ipv4.neighborDown({ neighbor: '10.1.1.0' });
  one.clock.advance(1);
  await Promise.resolve();
  t.true(one.installed().includes('20.0.0.0/8 10.1.2.0'));
  await one.rest();
  t.true(one.installed().every((each) => each.endsWith(' 10.1.2.0')));
});

test('a route never shows the way to its own next hop', async (t) => {
  const one = await leaf();
  // A spine announces its loopback, over a session with its loopback
  one.tell(1, [`${LOOPBACK}/32`, '10.255.0.0/24', '20.0.0.0/8'], LOOPBACK);
  await has(t, one);
  t.is(resolved(one, '20.0.0.0/8'), 'loop');
  one.kernel.putOther(route('10.0.0.0/8', ['10.1.1.0 2']));
  await has(t, one, '10.255.0.0/24 10.1.1.0', `${LOOPBACK}/32 10.1.1.0`, '20.0.0.0/8 10.1.1.0');
  t.is(resolved(one, '20.0.0.0/8'), 'kernel 10.0.0.0/8');
  one.kernel.dropOther(route('10.0.0.0/8', ['10.1.1.0 2']));
  await has(t, one);
});

test('nor does a ring of routes, whatever the order in which they come', async (t) => {
  const ring = [
    ['10.11.0.0/16', '10.12.0.1'],
    ['10.12.0.0/16', '10.13.0.1'],
    ['10.13.0.0/16', '10.11.0.1'],
    ['20.0.0.0/8', '10.11.0.9'],
  ] as const;
  for (const first of ring.keys()) {
    const one = await leaf();
    const inOrder = [...ring.slice(first), ...ring.slice(0, first)];
    for (const [prefix, nextHop] of inOrder) {
      one.tell(1, [prefix], nextHop);
      await one.rest();
    }
    t.deepEqual(one.installed(), []);
    t.is(resolved(one, '10.11.0.0/16'), 'loop');
    // Outside the ring something leads to one of its next hops
    one.kernel.putOther(route('10.12.0.0/24', ['10.1.2.0 3']));
    await has(t, one, ...ring.map(([prefix]) => `${prefix} 10.1.2.0`));
    one.kernel.dropOther(route('10.12.0.0/24', ['10.1.2.0 3']));
    await has(t, one);
    one.kernel.putOther(route('10.0.0.0/8', ['10.1.1.0 2']));
    await has(t, one, ...ring.map(([prefix]) => `${prefix} 10.1.1.0`));
  }
});

test('BGP routes are followed eight deep', async (t) => {
  const one = await leaf();
  for (let n = 1; n < 12; n++) one.tell(1, [`10.${20 + n}.0.0/16`], `10.${19 + n}.0.1`);
  one.tell(1, ['10.20.0.0/16']);
  await one.rest();
  t.is(one.installed().length, 9);
  t.is(resolved(one, '10.29.0.0/16'), 'too-deep');
  one.withdraw(1, ['10.20.0.0/16']);
  await has(t, one);
});

test('a path behind a route that is lost makes room for a worse one, and is taken again when that is back', async (t) => {
  const one = await leaf();
  const prefixes = Array.from({ length: 300 }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);
  one.tell(1, prefixes, LOOPBACK);
  one.tell(2, prefixes, '10.1.2.0', { asPath: [{ type: 2, asns: [1, 2, 3] }] });
  one.kernel.putOther(route(`${LOOPBACK}/32`, ['10.1.1.0 2']));
  await has(t, one, ...prefixes.map((prefix) => `${prefix} 10.1.1.0`).sort());
  one.kernel.dropOther(route(`${LOOPBACK}/32`, ['10.1.1.0 2']));
  await has(t, one, ...prefixes.map((prefix) => `${prefix} 10.1.2.0`).sort());
  one.tell(1, [`${LOOPBACK}/32`]);
  await has(t, one, `${LOOPBACK}/32 10.1.1.0`, ...prefixes.map((prefix) => `${prefix} 10.1.1.0`).sort());
});

test('of any number of next hops each is found when a route leads there', async (t) => {
  const one = await leaf();
  const prefixes = Array.from({ length: 5000 }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);
  one.tell(2, prefixes, '10.1.2.0', { asPath: [{ type: 2, asns: [1, 2, 3] }] });
  for (const [n, prefix] of prefixes.entries()) one.tell(1, [prefix], `30.0.${n >> 8}.${n & 255}`);
  await one.rest();
  t.true(one.installed().every((each) => each.endsWith(' 10.1.2.0')));
  one.kernel.putOther(route('30.0.0.0/16', ['10.1.1.0 2']));
  await one.rest();
  t.true(one.installed().every((each) => each.endsWith(' 10.1.1.0')));
});

test('IPv6 next hops are looked up as IPv4 ones', async (t) => {
  const one = await leaf();
  one.device(6, '2001:db8:6::1/64');
  one.tell(1, ['2001:db8:20::/48'], '2001:db8:ff::9');
  await has(t, one);
  one.kernel.putOther(route('2001:db8:ff::/48', ['2001:db8:6::2 6'], 1024));
  await has(t, one, '2001:db8:20::/48 2001:db8:6::2');
});
