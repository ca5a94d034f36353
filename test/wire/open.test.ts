import test from 'ava';
import fc from 'fast-check';
import {
  type Capability,
  capabilityName,
  decodeOpen,
  encodeOpen,
  type OpenMessage,
  WireError,
} from '../../src/wire/index.js';
import { bodyOf, octets } from './octets.js';

const OPEN: OpenMessage = {
  version: 4,
  myAs: 23456,
  holdTime: 9,
  routerId: 0x0a000001,
  capabilities: [
    { code: 1, afi: 25, safi: 70 },
    { code: 2 },
    {
      code: 5,
      nextHops: [
        { afi: 1, safi: 1, nextHopAfi: 2 },
        { afi: 1, safi: 128, nextHopAfi: 2 },
      ],
    },
    { code: 6 },
    {
      code: 64,
      restartState: true,
      notification: true,
      restartTime: 4095,
      families: [
        { afi: 25, safi: 70, forwardingPreserved: true },
        { afi: 1, safi: 1, forwardingPreserved: false },
      ],
    },
    { code: 65, asn: 4200000001 },
    { code: 70 },
    {
      code: 71,
      families: [
        { afi: 25, safi: 70, forwardingPreserved: true, staleTime: 16_777_215 },
        { afi: 1, safi: 1, forwardingPreserved: false, staleTime: 258 },
      ],
    },
    { code: 'unknown', rawCode: 73, value: Uint8Array.of(2, 0x76, 0x6d, 0) },
  ],
};

for (const layout of ['together', 'one-by-one'] as const) {
  test(`encodes and decodes every capability, ${layout}`, (t) => {
    t.deepEqual(decodeOpen(bodyOf(encodeOpen(OPEN, layout))), OPEN);
  });

  test(`254 octets of parameters are the plain form, 255 the extended one, ${layout}`, (t) => {
    for (const [length, extended] of [
      [250, false],
      [251, true],
      [255, true],
    ] as const) {
      const value = new Uint8Array(length);
      const open = { ...OPEN, capabilities: [{ code: 'unknown', rawCode: 200, value }] as Capability[] };
      const whole = encodeOpen(open, layout);
      t.is(whole[28] === 255 && whole[29] === 255, extended);
      t.deepEqual(decodeOpen(bodyOf(whole)), open);
    }
  });
}

test('no capabilities, no parameters', (t) => {
  const open = { ...OPEN, capabilities: [] };
  const whole = encodeOpen(open);
  t.is(whole.length, 29);
  t.deepEqual(decodeOpen(bodyOf(whole)), open);
});

test('all capabilities go into one parameter unless told otherwise', (t) => {
  const whole = encodeOpen({ ...OPEN, capabilities: [{ code: 2 }, { code: 6 }] });
  t.is(whole.toString('hex', 28), '0602040200' + '0600');
});

test('a hold time of 0 and of 3 are sound', (t) => {
  for (const holdTime of [0, 3, 65535])
    t.is(decodeOpen(bodyOf(encodeOpen({ ...OPEN, holdTime }))).holdTime, holdTime);
});

const FIXED = '04 fde9 0009 0a000001';
const FAULTS: [string, string, number, number, string][] = [
  ['a body cut short', '04 fde9', 1, 2, '0016'],
  ['version 3', '03 fde9 0009 0a000001 00', 2, 1, '0004'],
  ['AS 0', '04 0000 0009 0a000001 00', 2, 2, ''],
  ['4-octet AS 0', `${FIXED} 08 02 06 41 04 00000000`, 2, 2, ''],
  ['BGP identifier 0', '04 fde9 0009 00000000 00', 2, 3, ''],
  ['an unknown optional parameter', `${FIXED} 03 01 01 00`, 2, 4, ''],
  ['hold time 1', '04 fde9 0001 0a000001 00', 2, 6, ''],
  ['hold time 2', '04 fde9 0002 0a000001 00', 2, 6, ''],
  ['parameters longer than the message', `${FIXED} 09 02 02 02 00`, 2, 0, ''],
  ['octets behind the parameters', `${FIXED} 00 00`, 2, 0, ''],
  ['a parameter without a length', `${FIXED} 01 02`, 2, 0, ''],
  ['a parameter that runs over', `${FIXED} 03 02 06 41`, 2, 0, ''],
  ['a capability without a length', `${FIXED} 03 02 01 02`, 2, 0, ''],
  ['a capability that runs over', `${FIXED} 04 02 02 41 04`, 2, 0, ''],
  ['a multiprotocol capability of 3 octets', `${FIXED} 07 02 05 01 03 001946`, 2, 0, ''],
  ['a route refresh capability with a value', `${FIXED} 05 02 03 02 01 00`, 2, 0, ''],
  ['a 4-octet AS of 2 octets', `${FIXED} 06 02 04 41 02 fde9`, 2, 0, ''],
  ['an extended next hop capability of 5 octets', `${FIXED} 09 02 07 05 05 0001000100`, 2, 0, ''],
  ['a restart capability of 3 octets', `${FIXED} 07 02 05 40 03 000000`, 2, 0, ''],
  ['an empty restart capability', `${FIXED} 04 02 02 40 00`, 2, 0, ''],
  ['an extended length cut short', `${FIXED} ff ff 00`, 2, 0, ''],
  ['an extended length beyond the message', `${FIXED} ff ff 0004 02 0000`, 2, 0, ''],
  ['an extended parameter without its length', `${FIXED} ff ff 0002 02 00`, 2, 0, ''],
];
for (const [what, hex, code, subcode, data] of FAULTS)
  test(`${what} is NOTIFICATION ${code}/${subcode}`, (t) => {
    const error = t.throws(() => decodeOpen(octets(hex)), { instanceOf: WireError });
    t.deepEqual([error.code, error.subcode, Buffer.from(error.data).toString('hex')], [code, subcode, data]);
  });

test('the fault names the capability', (t) => {
  t.throws(() => decodeOpen(octets(`${FIXED} 06 02 04 41 02 fde9`)), {
    message: '4-octet AS number capability 4102fde9: its length is wrong',
  });
  t.is(capabilityName(73), 'capability 73');
});

test('random octets give an OPEN or a WireError, and an OPEN survives encoding', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (random) => {
      const body = Buffer.concat([octets(FIXED), random]);
      let open: OpenMessage;
      try {
        open = decodeOpen(body);
      } catch (error) {
        t.true(error instanceof WireError);
        return;
      }
      t.deepEqual(decodeOpen(bodyOf(encodeOpen(open))), open);
    }),
  );
  t.pass();
});
