import test from 'ava';
import fc from 'fast-check';
import {
  CursorError,
  ipOrder,
  type KeyOrder,
  macOrder,
  nlriOrder,
  numberOrder,
  type Page,
  type Pages,
  pagesByKey,
  routeOrder,
} from '../../src/api/index.js';
import { EACH_TURN } from '../../src/api/turnstile.js';
import {
  ESI_ZERO,
  type Esi,
  formatMac,
  type Ip,
  type Mac,
  parseIp,
  RouteDistinguisher,
  toVni,
} from '../../src/types/index.js';
import { type EvpnNlri, RouteType } from '../../src/wire/index.js';
import { apiOver, fabricModel } from './support/fabric.js';
import * as samples from './support/samples.js';

/** Numbers in an order that is neither rising nor that of a hash. */
function scattered(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i * 7919) % count);
}

function pagesOf(table: Map<number, string>): Pages<number> {
  return pagesByKey<[number, string], number, number>({
    total: table.size,
    rows: () => table,
    key: ([key]) => key,
    order: numberOrder,
    item: ([key]) => key,
  });
}

async function readAll<Item>(
  pages: () => Pages<Item>,
  limit: number,
  between: (page: Page<Item>) => void = () => {},
): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  do {
    const page = await pages().page(after, limit);
    items.push(...page.items);
    after = page.next ?? undefined;
    between(page);
  } while (after !== undefined);
  return items;
}

for (const limit of [1, 7, 1000])
  test(`pages of ${limit} give every item once, in order`, async (t) => {
    const table = new Map(scattered(500).map((key) => [key, 'x']));
    t.deepEqual(
      await readAll(() => pagesOf(table), limit),
      Array.from({ length: 500 }, (_, i) => i),
    );
  });

test('the last page has no next, also where it is full', async (t) => {
  const table = new Map(scattered(10).map((key) => [key, 'x']));
  t.is((await pagesOf(table).page(undefined, 10)).next, null);
  t.is((await pagesOf(table).page('4', 5)).next, null);
  t.is((await pagesOf(table).page('3', 5)).next, '8');
  t.deepEqual(await pagesOf(new Map()).page(undefined, 10), { items: [], next: null });
  t.deepEqual(await pagesOf(table).page('9', 10), { items: [], next: null });
});

test('a cursor whose item is gone still stands', async (t) => {
  const table = new Map(scattered(10).map((key) => [key, 'x']));
  table.delete(4);
  t.deepEqual((await pagesOf(table).page('4', 3)).items, [5, 6, 7]);
});

test('a cursor of another list is refused', async (t) => {
  await t.throwsAsync(pagesOf(new Map()).page('02:00:00:00:00:01', 1), { instanceOf: CursorError });
});

test('a walk over many rows yields, and bears rows that go and come meanwhile', async (t) => {
  const table = new Map(scattered(20_000).map((key) => [key, 'x']));
  let turns = 0;
  let reading = true;
  const churn = () => {
    turns++;
    // The same keys, deleted and set again: the walk meets them twice
    for (let key = turns; key < 300; key += 10) {
      table.delete(key);
      table.set(key, 'again');
    }
    if (reading) setImmediate(churn);
  };
  setImmediate(churn);
  const page = await pagesOf(table).page(undefined, 200);
  reading = false;
  t.true(turns > 1);
  t.deepEqual(
    page.items,
    Array.from({ length: 200 }, (_, i) => i),
  );
  t.is(page.next, '199');
});

test('a filter that leaves next to nothing yields as often as none', async (t) => {
  const table = new Map(scattered(20_000).map((key) => [key, 'x']));
  let turns = 0;
  let reading = true;
  const count = () => {
    turns++;
    if (reading) setImmediate(count);
  };
  setImmediate(count);
  const pages = pagesByKey<[number, string], number, number>({
    total: null,
    rows: () => table,
    where: ([key]) => key === 12_345,
    key: ([key]) => key,
    order: numberOrder,
    item: ([key]) => key,
  });
  t.deepEqual(await pages.page(undefined, 10), { items: [12_345], next: null });
  reading = false;
  t.true(turns >= 4);
});

test('10,000 MACs over HTTP while others come and go: those that stay come exactly once', async (t) => {
  const model = fabricModel();
  const api = await apiOver(model);
  const table = new Map<Mac, ReturnType<typeof samples.localMac>>();
  const put = (key: number) => table.set(key as Mac, samples.localMac(formatMac(key as Mac)));
  for (const key of scattered(10_000)) put(key);
  model.macTables.set(toVni(10010), table);

  const seen: string[] = [];
  let cursor = '';
  let turn = 0;
  do {
    const answer = await api.inject(`/api/v1/vnis/10010/macs?limit=500${cursor && `&cursor=${cursor}`}`);
    t.is(answer.statusCode, 200);
    const { items, next, total } = answer.json();
    t.true(items.length <= 500);
    t.is(typeof total, 'number');
    seen.push(...items.map((item: { mac: string }) => item.mac));
    cursor = next;
    // Every tenth goes, at both ends of the reading; as many new ones come
    for (let i = 0; i < 50; i++) {
      table.delete((10 * (turn * 50 + i)) as Mac);
      put(100_000 + turn * 50 + i);
    }
    turn++;
  } while (cursor);

  t.is(new Set(seen).size, seen.length, 'none twice');
  t.deepEqual(seen, seen.toSorted(), 'in order');
  const stable = scattered(10_000).filter((key) => key % 10 !== 0);
  const met = new Set(seen);
  t.true(stable.every((key) => met.has(formatMac(key as Mac))));
});

test('the default page has 100 items', async (t) => {
  const model = fabricModel();
  const api = await apiOver(model);
  for (const key of scattered(300)) model.vtepTable.set(key as Ip, samples.vtep(String(key)));
  const first = (await api.inject('/api/v1/vteps')).json();
  t.is(first.items.length, 100);
  t.is(first.total, 301);
  t.not(first.next, null);
});

const ip = fc.oneof(fc.ipV4(), fc.ipV6()).map(parseIp);
const rd = fc.tuple(uint(32), uint(32)).map(([high, low]) => RouteDistinguisher.of(high, low));
const esi = fc.stringMatching(/^[0-9a-f]{20}$/).map((text) => text as Esi);
const mac = uint(48).map((value) => value as Mac);
const tag = uint(32);

function uint(bits: number) {
  return fc.maxSafeNat().map((value) => value % 2 ** bits);
}

const nlri: fc.Arbitrary<EvpnNlri> = fc.oneof(
  fc.record({ type: fc.constant(RouteType.ETHERNET_AUTO_DISCOVERY), rd, esi, ethernetTag: tag, label: tag }),
  fc.record({
    type: fc.constant(RouteType.MAC_IP_ADVERTISEMENT),
    rd,
    esi: fc.constant(ESI_ZERO),
    ethernetTag: tag,
    mac,
    ip: fc.option(ip, { nil: undefined }),
    label1: tag,
    label2: fc.constant(undefined),
  }),
  fc.record({ type: fc.constant(RouteType.INCLUSIVE_MULTICAST), rd, ethernetTag: tag, originator: ip }),
  fc.record({ type: fc.constant(RouteType.ETHERNET_SEGMENT), rd, esi, originator: ip }),
  fc.record({
    type: fc.constant(RouteType.IP_PREFIX),
    rd,
    esi,
    ethernetTag: tag,
    prefix: ip,
    prefixLength: fc.nat(128),
    gateway: ip,
    label: tag,
  }),
);

function isOrder<Key>(order: KeyOrder<Key>, keys: fc.Arbitrary<Key>): void {
  fc.assert(
    fc.property(keys, keys, keys, (a, b, c) => {
      const back = order.decode(order.encode(a));
      if (back === undefined || order.compare(a, back) !== 0) return false;
      if (Math.sign(order.compare(a, b)) !== -Math.sign(order.compare(b, a))) return false;
      if (order.compare(a, b) <= 0 && order.compare(b, c) <= 0 && order.compare(a, c) > 0) return false;
      return (order.compare(a, b) === 0) === (order.encode(a) === order.encode(b));
    }),
    { numRuns: 300 },
  );
}

test('orders are total, and cursors come back', (t) => {
  isOrder(numberOrder, fc.nat());
  isOrder(macOrder, mac);
  isOrder(ipOrder, ip);
  isOrder(nlriOrder, nlri);
  isOrder(routeOrder, fc.record({ origin: fc.constantFrom('local', 'remote'), route: fc.record({ nlri }) }));
  t.pass();
});

test('cursors that no order gives decode to nothing', (t) => {
  for (const text of ['', 'x', '1/2', '-1', '1e3', '99999999999999999'])
    t.is(numberOrder.decode(text), undefined, text);
  for (const text of ['', '02:00', '1']) t.is(macOrder.decode(text), undefined, text);
  for (const text of ['', '1', '10.0.0.0/8']) t.is(ipOrder.decode(text), undefined, text);
  const zeros = '0'.repeat(20);
  for (const text of [
    '',
    '1/2/3',
    `1/2/9/0/0/${zeros}/`,
    `1/2/3/0/0/${zeros}/`,
    `1/2/2/0/0/${zeros}/1`,
    `1/2/2/0/0/00/`,
    `4294967296/2/2/0/0/${zeros}/`,
  ])
    t.is(nlriOrder.decode(text), undefined, text);
  t.not(nlriOrder.decode(`1/2/2/0/0/${zeros}/`), undefined);
  for (const text of [`1/2/2/0/0/${zeros}/`, 'local/', `mine/1/2/2/0/0/${zeros}/`])
    t.is(routeOrder.decode(text), undefined, text);
});

test('a row that goes while its page is made is left out, and the next page follows', async (t) => {
  const rows = new Set(Array.from({ length: 300 }, (_, i) => i));
  const pages = pagesByKey<number, number, number>({
    total: null,
    rows: () => rows,
    key: (row) => row,
    order: { compare: (a, b) => a - b, encode: String, decode: Number },
    where: (row) => rows.has(row),
    item: (row) => row,
  });
  let turns = 0;
  const page = await pages.page(undefined, 200, {
    next: async () => {
      if (++turns === 1) rows.delete(150);
    },
    timed: (work) => work(),
    owe: () => {},
  });
  t.is(page.items.length, 199);
  t.false(page.items.includes(150));
  t.is(page.next, '199');
});

test('a page ends where its items become heavy, and its turns sooner; nothing is left out', async (t) => {
  const weights = new Map(scattered(300).map((key) => [key, key % 3 === 0 ? 64 * 1024 : 100]));
  let made = 0;
  const mostATurn: number[] = [];
  const turns = {
    next: () => Promise.resolve(),
    owe: () => {},
    timed<Value>(work: () => Value): Value {
      made = 0;
      const value = work();
      mostATurn.push(made);
      return value;
    },
  };
  let walked = false;
  const pages = pagesByKey<[number, number], number, number>({
    total: null,
    *rows() {
      walked = false;
      yield* weights;
      walked = true;
    },
    where: ([key]) => key !== 150 || !walked,
    key: ([key]) => key,
    order: numberOrder,
    weight: ([, weight]) => weight,
    item([key, weight]) {
      made += weight;
      return key;
    },
  });
  const items: number[] = [];
  const sizes: number[] = [];
  let after: string | undefined;
  do {
    const page = await pages.page(after, 1000, turns);
    items.push(...page.items);
    sizes.push(page.items.length);
    after = page.next ?? undefined;
  } while (after !== undefined);
  t.deepEqual(
    items,
    Array.from({ length: 300 }, (_, i) => i).filter((key) => key !== 150),
    'what is there no more is left out, and nothing else',
  );
  t.true(Math.max(...sizes) <= 13, `${sizes}`);
  t.true(Math.max(...mostATurn) < 128 * 1024, `${mostATurn}`);
});

test('a page that is sorted often takes more turns, and one that is small few', async (t) => {
  // Each row comes before all others so far
  const falling = new Map(Array.from({ length: 20_000 }, (_, i) => [20_000 - i, ''] as const));
  const turnsOf = async (limit: number): Promise<number> => {
    let turns = 0;
    const timed = <Value>(work: () => Value): Value => {
      turns++;
      return work();
    };
    const counted = { ...EACH_TURN, timed };
    const { items } = await pagesOf(falling).page(undefined, limit, counted);
    t.deepEqual(
      items,
      Array.from({ length: limit }, (_, i) => i + 1),
    );
    return turns;
  };
  const large = await turnsOf(1000);
  // 19 times two thousand rows are sorted, and the page is made of a thousand
  t.true(large >= 19 + 16, `${large} turns`);
  t.true((await turnsOf(1)) < 60);
});
