import test from 'ava';
import fc from 'fast-check';
import {
  decodeNd,
  encodeAdvertisement,
  encodeSolicitation,
  ND_FAULTS,
  type NdFault,
} from '../../src/nd/index.js';
import { parseIp } from '../../src/types/index.js';

const ROUTER = parseIp('fe80::1');
const decode = (bytes: Buffer, source = ROUTER, hopLimit = 255) =>
  decodeNd(bytes, 0, bytes.length, source, hopLimit);
const withOptions = (message: Buffer, ...options: number[]) => Buffer.concat([message, Buffer.from(options)]);
const changed = (message: Buffer, at: number, value: number) => {
  const bytes = Buffer.from(message);
  bytes[at] = value;
  return bytes;
};
const RA = encodeAdvertisement(30);
const RS = encodeSolicitation();

test('an advertisement is octet for octet that of RFC 4861 §4.2, with the preference low of RFC 4191', (t) => {
  t.is(RA.toString('hex'), '8600000000180' + '01e' + '0000000000000000');
  t.is(RS.toString('hex'), '8500000000000000');
});

test('what is written is read', (t) => {
  t.deepEqual(decode(RA), { type: 134, lifetime: 30 });
  t.deepEqual(decode(encodeAdvertisement(0)), { type: 134, lifetime: 0 });
  t.deepEqual(decode(encodeAdvertisement(65535)), { type: 134, lifetime: 65535 });
  t.deepEqual(decode(RS), { type: 133 });
});

test('an advertisement with options that are not needed here, such as MTU and source link-layer address, is read', (t) => {
  const options = [5, 1, 0, 0, 0, 0, 0x05, 0xdc, 1, 1, 2, 0, 0, 0, 0, 1];
  t.deepEqual(decode(withOptions(RA, ...options)), { type: 134, lifetime: 30 });
});

const FAULTS: readonly (readonly [
  what: string,
  bytes: Buffer,
  fault: NdFault,
  source?: string,
  hopLimit?: number,
])[] = [
  ['a neighbor solicitation', changed(RA, 0, 135), 'type'],
  ['hop limit 254: a router has passed it on', RA, 'hop-limit', 'fe80::1', 254],
  ['hop limit 0: none was told', RA, 'hop-limit', 'fe80::1', 0],
  ['a solicitation with hop limit 64', RS, 'hop-limit', 'fe80::1', 64],
  ['a code', changed(RA, 1, 1), 'code'],
  ['nothing', Buffer.alloc(0), 'length'],
  ['three octets', RA.subarray(0, 3), 'length'],
  ['an advertisement of 15 octets', RA.subarray(0, 15), 'length'],
  ['a solicitation of 7 octets', RS.subarray(0, 7), 'length'],
  ['an option without length', withOptions(RA, 1, 0, 0, 0, 0, 0, 0, 0), 'option'],
  ['an option of one octet', withOptions(RA, 1), 'option'],
  ['an option that is cut short', withOptions(RA, 1, 1, 2, 0, 0, 0, 0), 'option'],
  ['a second option that runs over', withOptions(RA, 1, 1, 2, 0, 0, 0, 0, 1, 5, 2), 'option'],
  ['an advertisement of a global address', RA, 'source', '2001:db8::1'],
  ['an advertisement of no address', RA, 'source', '::'],
  ['an advertisement of ::1', RA, 'source', '::1'],
  ['a solicitation of a global address', RS, 'source', '2001:db8::1'],
  [
    'a solicitation of no address that tells its MAC',
    withOptions(RS, 1, 1, 2, 0, 0, 0, 0, 1),
    'source',
    '::',
  ],
];
for (const [what, bytes, fault, source = 'fe80::1', hopLimit = 255] of FAULTS)
  test(`not taken: ${what}`, (t) => {
    t.is(decode(bytes, parseIp(source), hopLimit), fault);
  });

test('a solicitation of no address is taken where it tells no MAC', (t) => {
  t.deepEqual(decode(RS, parseIp('::')), { type: 133 });
});

test('whatever comes is a message or a fault, and nothing beyond its end is read', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(133, 134, 0), (octets, type) => {
      const bytes = Buffer.from(octets);
      if (type !== 0 && bytes.length > 1) {
        bytes[0] = type;
        bytes[1] = 0;
      }
      const alone = decode(bytes);
      const amid = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(9, 0x01)]);
      const there = decodeNd(amid, 3, bytes.length, ROUTER, 255);
      if (typeof alone === 'string')
        return (ND_FAULTS as readonly string[]).includes(alone) && alone === there;
      return JSON.stringify(alone) === JSON.stringify(there);
    }),
  );
  t.pass();
});
