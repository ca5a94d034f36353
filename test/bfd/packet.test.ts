import test from 'ava';
import {
  BFD_STATES,
  type ControlPacket,
  decodeControl,
  encodeControl,
  type Malformed,
} from '../../src/bfd/index.js';

const PACKET: ControlPacket = {
  diagnostic: 3,
  state: 'Up',
  poll: true,
  final: false,
  controlPlaneIndependent: true,
  demand: false,
  detectMultiplier: 3,
  myDiscriminator: 0xfedcba98,
  yourDiscriminator: 0x01020304,
  desiredMinTx: 300_000,
  requiredMinRx: 0xffffffff,
  requiredMinEchoRx: 50_000,
};

const encoded = (packet: Partial<ControlPacket> = {}) => {
  const bytes = Buffer.alloc(24);
  encodeControl({ ...PACKET, ...packet }, bytes);
  return bytes;
};
const decoded = (bytes: Buffer) => decodeControl(bytes, 0, bytes.length);

test('a packet is laid out as RFC 5880 §4.1 draws it', (t) => {
  t.is(encoded().toString('hex'), '23e80318fedcba9801020304000493e0ffffffff0000c350');
});

test('what is written is read, in every state and with every flag', (t) => {
  for (const state of BFD_STATES)
    for (const flag of ['poll', 'final', 'controlPlaneIndependent', 'demand'] as const)
      for (const value of [true, false]) {
        const packet = { ...PACKET, state, [flag]: value };
        t.deepEqual(decoded(encoded(packet)), packet);
      }
});

test('a packet is read where it stands, and no longer than it says', (t) => {
  const bytes = Buffer.concat([Buffer.alloc(5, 0xff), encoded(), Buffer.alloc(9, 0xff)]);
  t.deepEqual(decodeControl(bytes, 5, 33), PACKET);
});

const change = (offset: number, value: number) => {
  const bytes = encoded();
  bytes[offset] = value;
  return bytes;
};

/** RFC 5880 §6.8.6, one rule a line. */
const MALFORMED: readonly (readonly [string, Buffer, Malformed])[] = [
  ['nothing', Buffer.alloc(0), 'length'],
  ['23 octets', encoded().subarray(0, 23), 'length'],
  ['version 0', change(0, 0x03), 'version'],
  ['version 2', change(0, 0x43), 'version'],
  ['a length of 23', change(3, 23), 'length'],
  ['a length beyond the datagram', change(3, 25), 'length'],
  ['a length of 24 with authentication', change(1, 0xc4), 'length'],
  ['a detect multiplier of 0', change(2, 0), 'detect-multiplier'],
  ['the M bit', change(1, 0xc1), 'multipoint'],
  ['no discriminator of the sender', encoded({ myDiscriminator: 0 }), 'my-discriminator'],
  ['Up and no discriminator of ours', encoded({ yourDiscriminator: 0 }), 'your-discriminator'],
  [
    'Init and no discriminator of ours',
    encoded({ state: 'Init', yourDiscriminator: 0 }),
    'your-discriminator',
  ],
  [
    'authentication',
    (() => {
      const bytes = Buffer.concat([encoded(), Buffer.from('0109', 'hex')]);
      bytes[1] |= 0x04;
      bytes[3] = 26;
      return bytes;
    })(),
    'authentication',
  ],
];

for (const [what, bytes, reason] of MALFORMED)
  test(`discarded: ${what}`, (t) => {
    t.is(decoded(bytes), reason);
  });

for (const state of ['Down', 'AdminDown'] as const)
  test(`${state} may come without a discriminator of ours`, (t) => {
    t.deepEqual(decoded(encoded({ state, yourDiscriminator: 0 })), {
      ...PACKET,
      state,
      yourDiscriminator: 0,
    });
  });

test('no octets make it throw', (t) => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed;
  };
  for (let i = 0; i < 20_000; i++) {
    const bytes = encoded();
    for (let n = random() % 4; n >= 0; n--) bytes[random() % 24] = random() & 255;
    const read = decodeControl(bytes, 0, random() % 25);
    if (typeof read !== 'string') t.true(read.myDiscriminator > 0 && read.detectMultiplier > 0);
  }
});
