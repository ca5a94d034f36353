import test from 'ava';
import fc from 'fast-check';
import { EvpnTable, type TableEntry } from '../../src/bgp/index.js';
import { type Esi, type Mac, parseIp, RouteDistinguisher } from '../../src/types/index.js';
import { type EvpnNlri, formatNlri, RouteType, sameKey } from '../../src/wire/index.js';
import { imet, macRoute } from './fabric.js';

class Entry implements TableEntry<Entry> {
  chained: Entry | undefined = undefined;
  constructor(readonly nlri: EvpnNlri) {}
}

const esi = '01020304050607080900' as Esi;
const rds = ['10.0.0.1:10', '10.0.0.2:10'].map((text) => RouteDistinguisher.parse(text));

/** The route number `n` of those of one kind, which differ in what is behind the head of their keys alone. */
const kinds: ((n: number) => EvpnNlri)[] = [
  (n) => macRoute(1, { ip: n === 0 ? undefined : parseIp(`192.0.2.${n}`) }),
  (n) => macRoute(1, { ip: parseIp('2001:db8::1'), ethernetTag: n }),
  (n) => macRoute(2, { rd: rds[1], ip: parseIp(`2001:db8::${n}`) }),
  (n) => imet('10.0.0.9', { ethernetTag: n }),
  (n) => ({ type: RouteType.ETHERNET_AUTO_DISCOVERY, rd: rds[0], esi, ethernetTag: n, label: 0 }),
  (n) => ({ type: RouteType.ETHERNET_SEGMENT, rd: rds[1], esi, originator: parseIp(`10.0.1.${n}`) }),
  (n) => ({
    type: RouteType.IP_PREFIX,
    rd: rds[0],
    esi,
    ethernetTag: n >> 1,
    prefixLength: 24 + (n & 1),
    prefix: parseIp('198.51.100.0'),
    gateway: parseIp('0.0.0.0'),
    label: 10010,
  }),
];

const textsOf = (entries: Iterable<Entry>) => [...entries].map(({ nlri }) => formatNlri(nlri)).sort();

test('any number of routes with one head: the table equals a map', (t) => {
  const step = fc.record({
    kind: fc.nat(kinds.length - 1),
    first: fc.nat(59),
    many: fc.nat(59),
    add: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const table = new EvpnTable<Entry>();
      const model = new Map<string, Entry>();
      for (const { kind, first, many, add } of steps) {
        for (let n = first; n < Math.min(first + many, 60); n++) {
          const nlri = kinds[kind](n);
          const found = table.get(nlri);
          t.is(found, model.get(formatNlri(nlri)));
          if (add && !found) {
            const entry = new Entry(nlri);
            table.add(entry);
            model.set(formatNlri(nlri), entry);
          } else if (!add && found) {
            table.remove(found);
            model.delete(formatNlri(nlri));
          }
        }
        t.is(table.size, model.size);
      }
      const named = (wanted: (nlri: EvpnNlri) => boolean) =>
        textsOf([...model.values()].filter(({ nlri }) => wanted(nlri)));
      t.deepEqual(
        textsOf(table.entries()),
        named(() => true),
      );
      for (const rd of rds)
        t.deepEqual(
          textsOf(table.entries({ rd })),
          named((nlri) => nlri.rd === rd),
        );
      for (const type of Object.values(RouteType))
        t.deepEqual(
          textsOf(table.entries({ type })),
          named((nlri) => nlri.type === type),
        );
      const isOfMac = (mac: number) => (nlri: EvpnNlri) =>
        nlri.type === RouteType.MAC_IP_ADVERTISEMENT && nlri.mac === mac;
      for (const mac of [1, 2]) t.deepEqual(textsOf(table.entries({ mac: mac as Mac })), named(isOfMac(mac)));
    }),
    { numRuns: 200 },
  );
});

test('what is not in the table is not removed', (t) => {
  const table = new EvpnTable<Entry>();
  const entries = Array.from({ length: 40 }, (_, n) => new Entry(kinds[0](n)));
  for (const entry of entries) table.add(entry);
  table.remove(new Entry(kinds[0](3)));
  table.remove(new Entry(kinds[0](39)));
  table.remove(new Entry(kinds[3](1)));
  t.is(table.size, 40);
  for (const { nlri } of entries) t.true(sameKey(table.get(nlri)?.nlri ?? macRoute(9), nlri));
});

test('a walk goes on while what it has seen and what it has not goes', (t) => {
  const table = new EvpnTable<Entry>();
  for (let n = 0; n < 60; n++) table.add(new Entry(kinds[0](n)));
  let seen = 0;
  for (const entry of table.entries()) {
    table.remove(entry);
    seen++;
  }
  t.is(seen, 60);
  t.is(table.size, 0);
  t.deepEqual(textsOf(table.entries()), []);
});
