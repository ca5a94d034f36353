import test from 'ava';
import fc from 'fast-check';
import { encodeKeepalive, MessageReader, MessageType, WireError } from '../../src/wire/index.js';
import { FIXTURES } from './fixtures.js';
import { bodyOf, message, octets } from './octets.js';

const RECORDED = FIXTURES.map(({ hex }) => Buffer.from(hex, 'hex'));

function readAll(chunks: Iterable<Buffer>, reader = new MessageReader()): string[] {
  const bodies: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== undefined; next = reader.next())
      bodies.push(`${next.type} ${next.body.toString('hex')}`);
  }
  return bodies;
}

function* cut(stream: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < stream.length; at += size) yield stream.subarray(at, at + size);
}

const WHOLE = RECORDED.map((recorded) => `${recorded[18]} ${bodyOf(recorded).toString('hex')}`);

test('all recorded messages in one chunk', (t) => {
  t.deepEqual(readAll([Buffer.concat(RECORDED)]), WHOLE);
});

for (const size of [1, 2, 18, 19, 20, 1000, 65536])
  test(`all recorded messages in chunks of ${size}`, (t) => {
    t.deepEqual(readAll(cut(Buffer.concat(RECORDED), size)), WHOLE);
  });

test('chunks of any sizes, pushed before they are read, empty ones among them', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 200 }), { minLength: 1 }), (sizes) => {
      const stream = Buffer.concat(RECORDED);
      const reader = new MessageReader();
      let at = 0;
      for (const size of sizes) {
        reader.push(stream.subarray(at, at + size));
        at += size;
      }
      t.deepEqual(readAll([stream.subarray(at)], reader), WHOLE);
    }),
    { numRuns: 50 },
  );
});

test('a body stays as it is while later messages are taken', (t) => {
  const reader = new MessageReader();
  const update = message(MessageType.UPDATE, octets('00000000'));
  reader.push(update.subarray(0, 5));
  reader.push(Buffer.concat([update.subarray(5), update]));
  const first = reader.next();
  reader.next();
  t.is(first?.body.toString('hex'), '00000000');
});

test('nothing comes out of less than a message', (t) => {
  const reader = new MessageReader();
  t.is(reader.next(), undefined);
  reader.push(encodeKeepalive().subarray(0, 18));
  t.is(reader.next(), undefined);
});

function header(length: number, type: number, marker = 'ff'.repeat(16)): Buffer {
  const whole = Buffer.alloc(Math.max(19, length));
  whole.set(octets(marker));
  whole.writeUInt16BE(length, 16);
  whole[18] = type;
  return whole;
}

const FAULTS: [string, Buffer, number, number, string][] = [
  ['a wrong marker', header(19, 4, `00${'ff'.repeat(15)}`), 1, 1, ''],
  ['a marker wrong at its end', header(19, 4, `${'ff'.repeat(15)}fe`), 1, 1, ''],
  ['a length below the header', header(18, 4), 1, 2, '0012'],
  ['a length of 0', header(0, 2), 1, 2, '0000'],
  ['a length above 4096', header(4097, 2), 1, 2, '1001'],
  ['an OPEN too short', header(28, 1), 1, 2, '001c'],
  ['an UPDATE too short', header(22, 2), 1, 2, '0016'],
  ['a NOTIFICATION too short', header(20, 3), 1, 2, '0014'],
  ['a KEEPALIVE with a body', header(20, 4), 1, 2, '0014'],
  ['a ROUTE-REFRESH too short', header(22, 5), 1, 2, '0016'],
  ['type 0', header(19, 0), 1, 3, '00'],
  ['type 6', header(19, 6), 1, 3, '06'],
];
for (const [what, octetsOfIt, code, subcode, data] of FAULTS)
  test(`${what} is NOTIFICATION ${code}/${subcode}, time and again`, (t) => {
    const reader = new MessageReader();
    reader.push(octetsOfIt);
    for (let i = 0; i < 2; i++) {
      const error = t.throws(() => reader.next(), { instanceOf: WireError });
      t.deepEqual(
        [error.code, error.subcode, Buffer.from(error.data).toString('hex')],
        [code, subcode, data],
      );
      t.regex(error.message, /expected/);
    }
  });

test('extended messages go to 65535 octets, OPEN and KEEPALIVE do not', (t) => {
  const reader = new MessageReader();
  reader.extendedMessages = true;
  const long = message(MessageType.UPDATE, Buffer.alloc(65535 - 19));
  t.is(readAll(cut(long, 1000), reader).length, 1);
  const open = new MessageReader();
  open.extendedMessages = true;
  open.push(header(4097, 1));
  t.throws(() => open.next(), { instanceOf: WireError, message: /4097 of type 1: expected 29 to 4096/ });
});

test('random octets give messages or a WireError', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (random, marked) => {
      const reader = new MessageReader();
      if (marked) reader.push(Buffer.alloc(16, 0xff));
      reader.push(Buffer.from(random));
      try {
        for (let i = 0; i < 20 && reader.next() !== undefined; i++);
      } catch (error) {
        t.true(error instanceof WireError);
      }
    }),
  );
  t.pass();
});
