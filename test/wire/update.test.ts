import test from 'ava';
import fc from 'fast-check';
import {
  decodeUpdateFully,
  encodeUpdateFully,
  type UpdateContext,
  UpdateDecoder,
  WireError,
} from '../../src/wire/index.js';
import { FIXTURES } from './fixtures.js';
import {
  AS_PATH,
  attribute,
  bodyOf,
  EXTERNAL,
  IMET_ROUTE,
  MAC_ROUTE,
  ORIGIN,
  reach,
  route,
  unreach,
  updateBody,
} from './octets.js';

const CONTEXTS: UpdateContext[] = [false, true].flatMap((fourOctetAs) =>
  [false, true].map((internal) => ({ fourOctetAs, internal })),
);

const LOSSLESS: [string, Buffer][] = [
  ['nothing at all', updateBody([])],
  ['IPv4 fields', updateBody([ORIGIN], '18c0a800', '00 20c0a80001')],
  ['unknown attributes of odd flags', updateBody([attribute('ef63', '01'), attribute('9f64', '02')])],
  [
    'extended lengths where none is needed',
    updateBody([attribute('5001', '00'), attribute('d008', 'ffffff01')]),
  ],
  ['low bits of the flags', updateBody([attribute('4f01', '00')])],
  [
    'unknown route types',
    updateBody([reach(route(9, '010203') + MAC_ROUTE), unreach(route(11, '') + IMET_ROUTE)]),
  ],
  ['a reserved octet that is set', updateBody([attribute('800e', `001946040a000001ff${MAC_ROUTE}`)])],
  ['two IPv6 next hops', updateBody([reach(MAC_ROUTE, '20'.repeat(32))])],
  ['another family', updateBody([reach('18c0a800', '0a000001', '0001 01'), unreach('18c0a801', '0001 01')])],
  ['attributes that cannot be read', updateBody([attribute('4001', '0707'), attribute('4002', '0909')])],
  ['attributes that come again', updateBody([ORIGIN, ORIGIN, AS_PATH, AS_PATH])],
  ['an attribute cut short', updateBody([ORIGIN, 'c010ff'])],
  [
    'PMSI tunnels',
    updateBody([attribute('c016', '0103 00271a e0000001'), attribute('c016', '00 06 00271a 0a000001')]),
  ],
  [
    'aggregators',
    updateBody([attribute('c007', '0000fde9 0a000001'), attribute('c012', '0000fde9 0a000001')]),
  ],
  [
    'ATOMIC_AGGREGATE, MED, NEXT_HOP',
    updateBody([attribute('4006', ''), attribute('8004', '00000001'), attribute('4003', '0a000001')]),
  ],
  [
    'reflector attributes',
    updateBody([attribute('8009', '0a000001'), attribute('800a', '0a00000a0a00000b')]),
  ],
  ['AS4_PATH', updateBody([attribute('c011', '0201 fa56ea01')])],
  ['unknown communities', updateBody([attribute('c010', '4b4bffffffffffff 8000000000000000')])],
];
for (const [what, body] of LOSSLESS)
  test(`${what}: decoded and encoded without loss`, (t) => {
    t.is(
      bodyOf(encodeUpdateFully(decodeUpdateFully(body, EXTERNAL), EXTERNAL)).toString('hex'),
      body.toString('hex'),
    );
  });

test('an attribute that outgrew one length octet gets two', (t) => {
  const decoded = decodeUpdateFully(updateBody([attribute('c063', '01')]), EXTERNAL);
  const value = new Uint8Array(256);
  const grown = { ...decoded, attributes: [{ code: 'unknown', rawCode: 99, flags: 0xc0, value } as const] };
  t.is(bodyOf(encodeUpdateFully(grown, EXTERNAL)).toString('hex', 4, 8), 'd0630100');
});

test('an UPDATE beyond 65535 octets is refused', (t) => {
  const decoded = decodeUpdateFully(updateBody([]), EXTERNAL);
  t.throws(() => encodeUpdateFully({ ...decoded, nlri: new Uint8Array(65535) }, EXTERNAL), {
    instanceOf: RangeError,
  });
});

/** Decodes both ways; nothing but WireError may come out, and what was decoded encodes to the same octets. */
function check(body: Buffer, context: UpdateContext): string | undefined {
  try {
    const decoded = decodeUpdateFully(body, context);
    const again = bodyOf(encodeUpdateFully(decoded, context)).toString('hex');
    if (again !== body.toString('hex')) return `${body.toString('hex')} came back as ${again}`;
  } catch (error) {
    if (!(error instanceof WireError)) return `${body.toString('hex')}: ${error}`;
  }
  try {
    const update = new UpdateDecoder().decode(body, context);
    if (update.reachable.length > 0 && update.attributes === undefined) return 'routes without attributes';
    // An attribute that is discarded costs no route, a route that is skipped none of the others
    const costsAll = update.faults.some(({ outcome }) => outcome !== 'discard' && outcome !== 'skip');
    if (update.reachable.length > 0 && costsAll) return 'routes in spite of a fault';
  } catch (error) {
    if (!(error instanceof WireError)) return `${body.toString('hex')}: ${error}`;
  }
  return undefined;
}

test('random octets', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(...CONTEXTS), (random, context) => {
      t.is(check(Buffer.from(random), context), undefined);
    }),
    { numRuns: 500 },
  );
});

test('random attributes', (t) => {
  const anAttribute = fc
    .tuple(
      fc.constantFrom('40', 'c0', '80', '50', 'd0', '90', '00'),
      fc.integer({ min: 0, max: 24 }),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([flags, code, value]) =>
      attribute(`${flags}${code.toString(16).padStart(2, '0')}`, Buffer.from(value).toString('hex')),
    );
  fc.assert(
    fc.property(
      fc.array(anAttribute, { maxLength: 6 }),
      fc.constantFrom(...CONTEXTS),
      (attributes, context) => {
        t.is(check(updateBody([reach(MAC_ROUTE), ...attributes]), context), undefined);
      },
    ),
    { numRuns: 1000 },
  );
});

const UPDATES = FIXTURES.filter(({ kind }) => kind === 'UPDATE');

test('recorded UPDATEs with an octet changed, or cut short', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...UPDATES),
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.boolean(),
      ({ hex, context }, at, octet, cut) => {
        const body = Buffer.from(bodyOf(Buffer.from(hex, 'hex')));
        body[at % body.length] = octet;
        t.is(check(cut ? body.subarray(0, at % body.length) : body, context), undefined);
      },
    ),
    { numRuns: 2000 },
  );
});
