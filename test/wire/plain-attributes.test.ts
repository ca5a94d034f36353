import test from 'ava';
import fc from 'fast-check';
import {
  type AnyUpdate,
  EVPN,
  IPV4_UNICAST,
  IPV6_UNICAST,
  type UpdateContext,
  UpdateDecoder,
} from '../../src/wire/index.js';
import { attribute, EXTERNAL, INTERNAL, reach, updateBody } from './octets.js';

const FAMILIES = [EVPN, IPV4_UNICAST, IPV6_UNICAST];
const NET = '180a0a0a';
const WITHDRAWN = '10ac10';
const SIX = reach(`30 ${'20'.repeat(6)}`, '20010db8000000000000000000000009', '0002 01');

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');
const hexOf = (most: number) =>
  fc
    .uint8Array({ minLength: 0, maxLength: most })
    .map((bytes) => [...bytes].map((octet) => hex(octet, 2)).join(''));
const asn = fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 0xffffffff }) }, fc.constant(0));
const segment = fc
  .tuple(
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(1, 2) },
      { weight: 1, arbitrary: fc.constantFrom(0, 3, 4, 5) },
    ),
    fc.array(asn, { minLength: 1, maxLength: 4 }),
  )
  .map(([type, asns]) => `${hex(type, 2)}${hex(asns.length, 2)}${asns.map((each) => hex(each, 8)).join('')}`);

/** An attribute of that flags and code, mostly with a value of its own kind. */
const of = (flagsAndCode: string, value: fc.Arbitrary<string>) =>
  fc
    .tuple(
      fc.oneof(
        { weight: 30, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.constantFrom(0x80, 0x40, 0x20, 0x10) },
      ),
      fc.oneof({ weight: 30, arbitrary: value }, hexOf(9)),
    )
    .map(([flipped, octets]) => {
      const flags = Number.parseInt(flagsAndCode.slice(0, 2), 16) ^ flipped;
      return attribute(`${hex(flags, 2)}${flagsAndCode.slice(2)}`, octets);
    });
const number = fc.integer({ min: 0, max: 0xffffffff }).map((each) => hex(each, 8));
const WELL_KNOWN_COMMUNITIES = ['ffff0000', 'ffff0006', 'ffff0007'];
const communities = fc
  .array(fc.oneof(number, fc.constantFrom(...WELL_KNOWN_COMMUNITIES)), { minLength: 1, maxLength: 5 })
  .map((list) => list.join(''));
const AS_PATH = of(
  '4002',
  fc.array(segment, { maxLength: 3 }).map((segments) => segments.join('')),
);
const ORIGIN = of(
  '4001',
  fc.integer({ min: 0, max: 3 }).map((value) => hex(value, 2)),
);
const NEXT_HOP = of('4003', number);
const LOCAL_PREF = of('4005', number);
const OTHERS = [
  of('8004', number),
  LOCAL_PREF,
  of('4006', fc.constant('')),
  of(
    'c007',
    number.map((each) => `0000fde9${each}`),
  ),
  of('c008', communities),
  of('c020', fc.constant('0000fde90000000100000002')),
  of('8009', number),
  of('c063', hexOf(4)),
];
const present = (arbitrary: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 30, arbitrary: arbitrary.map((each) => [each]) }, fc.constant<string[]>([]));

/** Attributes of a route, mostly all that it must have, in any order and some twice. */
const attributes = fc
  .tuple(
    fc.boolean(),
    present(ORIGIN),
    present(AS_PATH),
    present(NEXT_HOP),
    present(LOCAL_PREF),
    fc.array(fc.oneof(...OTHERS), { maxLength: 3 }),
    fc.array(fc.oneof(ORIGIN, AS_PATH, NEXT_HOP), { maxLength: 1 }),
    fc.integer({ min: 0, max: 5 }),
  )
  .chain(([internal, origin, path, nextHop, localPref, others, again, luck]) => {
    const list = [
      ...origin,
      ...path,
      ...nextHop,
      ...(internal ? localPref : []),
      ...others,
      ...(luck === 0 ? again : []),
    ];
    return fc.record({
      context: fc.constant<UpdateContext>({ ...(internal ? INTERNAL : EXTERNAL), families: FAMILIES }),
      list: fc.shuffledSubarray(list, { minLength: list.length }),
    });
  });

/** All that the RIB and the log have of the update's routes. */
function told({ family, reachable, withdrawn, attributes: set, faults }: AnyUpdate) {
  const values = set && {
    ...set,
    asPath: set.asPath,
    communities: set.communities,
    largeCommunities: set.largeCommunities,
    extendedCommunities: set.extendedCommunities,
    routeTargets: set.routeTargets,
    octets: set.octets,
    linkLocalNextHop: set.linkLocalNextHop,
    holding: undefined,
  };
  return { family: family.name, reachable, withdrawn, faults, values };
}

function outcome(decode: () => AnyUpdate): unknown {
  try {
    return decode();
  } catch (error) {
    return String(error);
  }
}

test('a set says the same whether it is read in one go or attribute by attribute', (t) => {
  let sound = 0;
  // What it has read before shows nowhere
  const decoder = new UpdateDecoder();
  fc.assert(
    fc.property(attributes, ({ context, list }) => {
      // Beside withdrawn routes attributes are read one by one
      const routes = outcome(() => {
        const body = updateBody(list, '', NET);
        return decoder.decodeWithin(body, 0, body.length, context);
      });
      const beside = outcome(() => {
        const body = updateBody(list, WITHDRAWN, NET);
        return new UpdateDecoder().decodeWithin(body, 0, body.length, context);
      });
      if (typeof routes === 'string' || typeof beside === 'string') {
        t.is(routes, beside);
        return;
      }
      const [one, other] = [told(routes as AnyUpdate), told(beside as AnyUpdate)];
      if (one.values && one.faults.length === 0) sound++;
      t.deepEqual(one, { ...other, withdrawn: other.withdrawn.slice(1) });
    }),
    { numRuns: 2_000 },
  );
  t.true(sound > 200);
});

test('so does one whose routes are in MP_REACH, behind or before the others', (t) => {
  fc.assert(
    fc.property(attributes, fc.boolean(), ({ context, list }, isFirst) => {
      const whole = isFirst ? [SIX, ...list] : [...list, SIX];
      const decoded = (withdrawn: string) =>
        outcome(() => {
          const body = updateBody(whole, withdrawn);
          return new UpdateDecoder().decodeWithin(body, 0, body.length, context);
        });
      const [alone, beside] = [decoded(''), decoded(WITHDRAWN)];
      if (typeof alone === 'string' || typeof beside === 'string') {
        t.is(alone, beside);
        return;
      }
      const six = (update: AnyUpdate) =>
        [update, ...update.also].find(({ family }) => family === IPV6_UNICAST) ?? update;
      const { faults, ...one } = told(six(alone as AnyUpdate));
      t.deepEqual(faults, (beside as AnyUpdate).faults);
      t.deepEqual({ ...one, faults: [] }, { ...told(six(beside as AnyUpdate)), faults: [] });
    }),
    { numRuns: 1_000 },
  );
});

test('a plain set is one object for the same octets, in the field and beside withdrawn routes', (t) => {
  const decoder = new UpdateDecoder();
  const context = { ...EXTERNAL, families: FAMILIES };
  const sound = [
    attribute('4001', '00'),
    attribute('4002', '02010000fde9'),
    attribute('4003', '0a000009'),
    attribute('c008', 'fde80001'),
  ];
  const sets = ['', WITHDRAWN, ''].map((withdrawn) => {
    const body = updateBody(sound, withdrawn, NET);
    return decoder.decodeWithin(body, 0, body.length, context).attributes;
  });
  t.truthy(sets[0]);
  t.is(sets[1], sets[0]);
  t.is(sets[2], sets[0]);
  t.is(decoder.internedSets, 1);
});

test('a route in the field that is cut short ends the session, whatever its attributes', (t) => {
  const body = updateBody(
    [attribute('4001', '00'), attribute('4002', ''), attribute('4003', '0a000009')],
    '',
    '180a0a',
  );
  const decoder = new UpdateDecoder();
  const context = { ...EXTERNAL, families: FAMILIES };
  const error = t.throws(() => decoder.decodeWithin(body, 0, body.length, context));
  t.regex(error.message, /NLRI: prefix length 24 with 2 octets left/);
});
