import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import {
  type AnyUpdate,
  EVPN,
  IPV4_UNICAST,
  type UpdateContext,
  UpdateDecoder,
  WireError,
} from '../../src/wire/index.js';
import {
  AS_PATH,
  attribute,
  ESI,
  EXTENDED_COMMUNITIES,
  ORIGIN,
  RD,
  reach,
  route,
  unreach,
  updateBody,
} from './octets.js';

const CONTEXT: UpdateContext = { fourOctetAs: true, internal: false, families: [EVPN, IPV4_UNICAST] };
const SOUND = [ORIGIN, AS_PATH, EXTENDED_COMMUNITIES];
const NEXT_HOP = attribute('4003', '0a000001');
const hex = (i: number, octets: number) => i.toString(16).padStart(2 * octets, '0');
const macRoutes = (count: number, first = 0) =>
  Array.from({ length: count }, (_, i) =>
    route(2, `${RD}${ESI}00000000 30 ${hex(first + i, 6)} 00 00271a`),
  ).join('');
const prefixes = (count: number, first = 0) =>
  Array.from({ length: count }, (_, i) => `18${hex(first + i, 3)}`).join('');
/** What all parts have together, by family. */
function together(parts: Iterable<AnyUpdate>) {
  const all = [EVPN, IPV4_UNICAST].map(({ name }) => ({
    name,
    withdrawn: [] as unknown[],
    reachable: [] as unknown[],
    attributes: new Set<unknown>(),
  }));
  for (const part of parts) {
    const of = all.find(({ name }) => name === part.family.name)!;
    of.withdrawn.push(...part.withdrawn);
    of.reachable.push(...part.reachable);
    if (part.reachable.length > 0) of.attributes.add(part.attributes);
  }
  return all;
}

const slicesOf = (slices: Iterator<AnyUpdate, undefined>): AnyUpdate[] => {
  const all: AnyUpdate[] = [];
  for (let next = slices.next(); next.done !== true; next = slices.next()) all.push(next.value);
  return all;
};

const BODIES: [string, Buffer][] = [
  ['reachable MACs', updateBody([reach(macRoutes(1_000)), ...SOUND])],
  [
    'withdrawn and reachable MACs',
    updateBody([reach(macRoutes(500)), ...SOUND, unreach(macRoutes(500, 400))]),
  ],
  ['withdrawn MACs alone', updateBody([unreach(macRoutes(700))])],
  ['reachable prefixes', updateBody([...SOUND, NEXT_HOP], '', prefixes(5_000))],
  [
    'both families, both ways',
    updateBody(
      [reach(macRoutes(300)), ...SOUND, NEXT_HOP, unreach(macRoutes(300, 200))],
      prefixes(300, 200),
      prefixes(300),
    ),
  ],
  [
    'a bad ORIGIN',
    updateBody([reach(macRoutes(300)), attribute('4001', '09'), AS_PATH, unreach(macRoutes(9))]),
  ],
  ['no NEXT_HOP for the prefixes', updateBody(SOUND, prefixes(9), prefixes(2_000))],
  [
    'unknown and malformed ones between',
    updateBody([reach(`${route(9, '00').repeat(400)}${macRoutes(3)}${route(1, '').repeat(400)}`), ...SOUND]),
  ],
  [
    'attributes alone',
    updateBody([...SOUND, ...new Array<string>(400).fill(attribute('c063', '00'.repeat(20)))]),
  ],
];
for (const [what, body] of BODIES)
  test(`in slices as at once: ${what}`, (t) => {
    const decoder = new UpdateDecoder();
    const whole = decoder.decodeWithin(body, 0, body.length, CONTEXT);
    const sliced = decoder.decodeInSlices(body, 0, body.length, CONTEXT);
    const slices = slicesOf(sliced.slices);
    t.deepEqual(together(slices), together([whole, ...whole.also]));
    t.deepEqual(sliced.faults, whole.faults);
    t.is(sliced.unknownRouteTypes, whole.unknownRouteTypes);
    for (const { withdrawn, reachable, endOfRib } of slices) {
      t.true(withdrawn.length + reachable.length <= 128);
      t.false(endOfRib);
    }
    // RFC 4271 §4.3: what is withdrawn and announced in one message is announced
    for (const family of [EVPN, IPV4_UNICAST]) {
      const of = slices.filter((slice) => slice.family.name === family.name);
      const first = of.findIndex(({ reachable }) => reachable.length > 0);
      if (first >= 0) t.true(of.slice(first).every(({ withdrawn }) => withdrawn.length === 0));
    }
  });

test('what is not too long and has both withdrawn and reachable routes of a family is one slice of that family', (t) => {
  const body = updateBody(
    [reach(macRoutes(160)), ...SOUND, NEXT_HOP, unreach(macRoutes(160, 100))],
    prefixes(200, 100),
    prefixes(200),
  );
  t.true(body.length > 4_096 && body.length < 16_384);
  const decoder = new UpdateDecoder();
  const whole = decoder.decodeWithin(body, 0, body.length, CONTEXT);
  const slices = slicesOf(decoder.decodeInSlices(body, 0, body.length, CONTEXT).slices);
  t.deepEqual(slices, [{ ...whole, also: [] }, ...whole.also]);
});

for (const [what, body] of [
  ['a MAC route', updateBody([reach(macRoutes(1_000) + route(2, '00')), ...SOUND])],
  [
    'a withdrawn MAC route',
    updateBody([reach(macRoutes(1_000)), ...SOUND, unreach(macRoutes(500) + route(3, '00'))]),
  ],
  ['a prefix', updateBody([...SOUND, NEXT_HOP], '', `${prefixes(3_000)}21`)],
  ['an attribute', updateBody([...SOUND, '900e'])],
] as [string, Buffer][])
  test(`${what} at the end that ends the session does so before the first slice`, (t) => {
    const decoder = new UpdateDecoder();
    const atOnce = t.throws(() => decoder.decodeWithin(body, 0, body.length, CONTEXT), {
      instanceOf: WireError,
    });
    const inSlices = t.throws(() => decoder.decodeInSlices(body, 0, body.length, CONTEXT), {
      instanceOf: WireError,
    });
    t.deepEqual(
      [inSlices.code, inSlices.subcode, [...inSlices.data], inSlices.message],
      [atOnce.code, atOnce.subcode, [...atOnce.data], atOnce.message],
    );
  });

test('an UPDATE that withdraws and says nothing else is read as any other, whatever one octet of it is', (t) => {
  const decoder = new UpdateDecoder();
  const routes = `${macRoutes(1)}${route(9, '00')}${route(1, '')}${macRoutes(1, 1)}`;
  const outcomeOf = (read: () => object): object => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return [error.code, error.subcode, [...error.data], error.message];
    }
  };
  for (const attributes of [
    unreach(routes),
    unreach('080a08', '0001 01'),
    unreach(''),
    unreach(routes, '0002 80'),
  ]) {
    const body = updateBody([attributes]);
    const bytes = Buffer.concat([Buffer.alloc(19, 0xff), body, Buffer.alloc(19, 0xff)]);
    const end = 19 + body.length;
    for (let at = 19; at < Math.min(end, 60); at++) {
      const [octet] = bytes.subarray(at);
      for (let value = 0; value < 256; value++) {
        bytes[at] = value;
        const atOnce = outcomeOf(() => {
          const whole = decoder.decodeWithin(bytes, 19, end, CONTEXT);
          const { faults, unknownRouteTypes } = whole;
          return { faults, unknownRouteTypes, routes: together([whole, ...whole.also]) };
        });
        const inSlices = outcomeOf(() => {
          const { faults, unknownRouteTypes, slices } = decoder.decodeInSlices(bytes, 19, end, CONTEXT);
          return { faults, unknownRouteTypes, routes: together(slicesOf(slices)) };
        });
        if (!isDeepStrictEqual(atOnce, inSlices)) t.deepEqual(atOnce, inSlices, `octet ${at - 19}: ${value}`);
      }
      bytes[at] = octet;
    }
  }
  t.pass();
});
