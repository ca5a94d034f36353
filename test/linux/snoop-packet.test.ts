import test from 'ava';
import {
  type FrameKind,
  type Heard,
  QUESTION_MAX,
  readFrame,
  writeQuestion,
} from '../../src/linux/snoop-packet.js';
import { formatIp, formatMac, type Ip, type Mac, parseIp, parseMac } from '../../src/types/index.js';

const HOST = parseMac('02:01:00:00:0a:01');
const OURS = parseMac('02:00:00:00:0a:fe');
const V4 = parseIp('10.10.10.11');
const V6 = parseIp('fd10:10::11');

function read(frame: Buffer, checkSums = true): { kind: FrameKind; said: string } {
  const heard: Heard = { mac: 0 as Mac, ip: 0 as Ip, router: undefined };
  // Not at the start of the buffer, as in a batch
  const bytes = Buffer.concat([Buffer.alloc(36, 0xee), frame, Buffer.alloc(64, 0xee)]);
  const kind = readFrame(bytes, 36, frame.length, checkSums, heard);
  if (kind === 'binding')
    return { kind, said: `${formatIp(heard.ip)} ${formatMac(heard.mac)} ${heard.router}` };
  return { kind, said: kind === 'tentative' ? formatIp(heard.ip) : '' };
}

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ''), 'hex');
}

function arp(operation: number, senderIp: string, targetIp: string): Buffer {
  const ip = (address: string) => address.split('.').map(Number);
  return Buffer.from([
    ...hex('ffffffffffff 02010000 0a01 0806 0001 0800 06 04'),
    0,
    operation,
    ...hex('020100000a01'),
    ...ip(senderIp),
    ...hex('000000000000'),
    ...ip(targetIp),
  ]);
}

/** An ICMPv6 message in its frame, its checksum right. */
function nd(
  type: number,
  body: Buffer,
  source: string,
  over: { hopLimit?: number; code?: number } = {},
): Buffer {
  const address = (text: string) => Buffer.from(parseIp(text) as string, 'latin1');
  const message = Buffer.concat([Buffer.from([type, over.code ?? 0, 0, 0]), body]);
  const to = address('ff02::1');
  const from = address(source);
  let sum = message.length + 58;
  const summed = Buffer.concat([from, to, message]);
  for (let i = 0; i < summed.length; i += 2) sum += summed.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  message.writeUInt16BE(~sum & 0xffff, 2);
  return Buffer.concat([
    hex('333300000001 020100000a01 86dd 60000000'),
    Buffer.from([message.length >>> 8, message.length & 0xff, 58, over.hopLimit ?? 255]),
    from,
    to,
    message,
  ]);
}

const word = (flags: number) => Buffer.from([flags, 0, 0, 0]);
const target = (text: string) => Buffer.from(parseIp(text) as string, 'latin1');
const option = (type: number) => Buffer.concat([Buffer.from([type, 1]), hex('020100000a01')]);

test('ARP: who speaks names itself, requests, replies and gratuitous ones alike', (t) => {
  const said = `${formatIp(V4)} ${formatMac(HOST)} undefined`;
  t.deepEqual(read(arp(1, '10.10.10.11', '10.10.10.12')), { kind: 'binding', said });
  t.deepEqual(read(arp(2, '10.10.10.11', '10.10.10.12')), { kind: 'binding', said });
  t.deepEqual(read(arp(1, '10.10.10.11', '10.10.10.11')), { kind: 'binding', said });
  t.deepEqual(read(arp(1, '0.0.0.0', '10.10.10.11')), { kind: 'tentative', said: formatIp(V4) });
  t.is(read(arp(2, '0.0.0.0', '10.10.10.11')).kind, 'nothing');
  t.is(read(arp(1, '0.0.0.0', '0.0.0.0')).kind, 'nothing');
  t.is(read(arp(3, '10.10.10.11', '10.10.10.12')).kind, 'nothing');
  const other = arp(1, '10.10.10.11', '10.10.10.12');
  other[18] = 8;
  t.is(read(other).kind, 'nothing', 'another length of hardware address');
});

test('ND: solicitations and advertisements, with and without options', (t) => {
  const global = `fd10:10::11 ${formatMac(HOST)}`;
  const local = `fe80::1 ${formatMac(HOST)}`;
  const cases: [string, Buffer, FrameKind, string][] = [
    [
      'NS',
      nd(135, Buffer.concat([word(0), target('fd10:10::12'), option(1)]), 'fd10:10::11'),
      'binding',
      `${global} undefined`,
    ],
    [
      'NS without option',
      nd(135, Buffer.concat([word(0), target('fd10:10::12')]), 'fd10:10::11'),
      'nothing',
      '',
    ],
    ['NS of DAD', nd(135, Buffer.concat([word(0), target('fd10:10::11')]), '::'), 'tentative', 'fd10:10::11'],
    [
      'NS of DAD with option',
      nd(135, Buffer.concat([word(0), target('fd10:10::11'), option(1)]), '::'),
      'malformed',
      '',
    ],
    [
      'NS for a group',
      nd(135, Buffer.concat([word(0), target('ff02::5'), option(1)]), 'fe80::1'),
      'malformed',
      '',
    ],
    [
      'NA',
      nd(136, Buffer.concat([word(0x20), target('fd10:10::11'), option(2)]), 'fe80::1'),
      'binding',
      `${global} false`,
    ],
    [
      'NA of a router',
      nd(136, Buffer.concat([word(0xa0), target('fd10:10::11'), option(2)]), 'fe80::1'),
      'binding',
      `${global} true`,
    ],
    [
      'NA without option',
      nd(136, Buffer.concat([word(0x40), target('fd10:10::11')]), 'fe80::1'),
      'binding',
      `${global} false`,
    ],
    [
      'NA with a foreign option',
      nd(136, Buffer.concat([word(0x40), target('fd10:10::11'), option(14)]), 'fe80::1'),
      'binding',
      `${global} false`,
    ],
    ['RS', nd(133, Buffer.concat([word(0), option(1)]), 'fe80::1'), 'binding', `${local} false`],
    ['RS without address', nd(133, word(0), '::'), 'nothing', ''],
    ['RA', nd(134, Buffer.concat([Buffer.alloc(12), option(1)]), 'fe80::1'), 'binding', `${local} true`],
    ['RA from afar', nd(134, Buffer.concat([Buffer.alloc(12), option(1)]), 'fd10:10::11'), 'malformed', ''],
    ['RA without option', nd(134, Buffer.alloc(12), 'fe80::1'), 'nothing', ''],
    [
      'routed',
      nd(136, Buffer.concat([word(0), target('fd10:10::11')]), 'fe80::1', { hopLimit: 254 }),
      'malformed',
      '',
    ],
    [
      'code',
      nd(136, Buffer.concat([word(0), target('fd10:10::11')]), 'fe80::1', { code: 1 }),
      'malformed',
      '',
    ],
    ['echo', nd(128, word(0), 'fe80::1'), 'nothing', ''],
    [
      'an option of no length',
      nd(136, Buffer.concat([word(0), target('fd10:10::11'), Buffer.alloc(8)]), 'fe80::1'),
      'malformed',
      '',
    ],
  ];
  for (const [name, frame, kind, said] of cases) t.deepEqual(read(frame), { kind, said }, name);
});

test('a wrong checksum is malformed, unless hardware was to fill it in', (t) => {
  const frame = nd(136, Buffer.concat([word(0x20), target('fd10:10::11'), option(2)]), 'fe80::1');
  frame[56] ^= 1;
  t.is(read(frame).kind, 'malformed');
  t.is(read(frame, false).kind, 'binding');
});

test('a frame cut short at any length says nothing', (t) => {
  for (const frame of [
    arp(1, '10.10.10.11', '10.10.10.12'),
    nd(133, Buffer.concat([word(0), option(1)]), 'fe80::1'),
    nd(134, Buffer.concat([Buffer.alloc(12), option(1)]), 'fe80::1'),
    nd(135, Buffer.concat([word(0), target('fd10:10::12'), option(1)]), 'fd10:10::11'),
    nd(136, Buffer.concat([word(0x20), target('fd10:10::11'), option(2)]), 'fe80::1'),
  ]) {
    for (let length = 0; length < frame.length; length++) {
      t.is(read(frame.subarray(0, length)).kind, 'malformed', `${length} of ${frame.length} octets`);
      if (length < 54 || frame[12] === 8) continue;
      // The header itself says that there is less
      const shorter = Buffer.from(frame.subarray(0, length));
      shorter.writeUInt16BE(length - 54, 18);
      const { kind } = read(shorter, false);
      t.true(kind === 'malformed' || kind === 'nothing' || length >= 62, `${length}: ${kind}`);
    }
    t.is(read(Buffer.concat([frame, Buffer.alloc(18)])).kind, 'binding', 'padding of Ethernet');
  }
});

test('an ARP probe claims no address', (t) => {
  const bytes = Buffer.alloc(QUESTION_MAX, 0xff);
  const length = writeQuestion(bytes, HOST, OURS, 0, V4);
  t.is(
    bytes.toString('hex', 0, length),
    '020100000a01' +
      '020000000afe' +
      '0806' +
      '0001' +
      '0800' +
      '0604' +
      '0001' +
      '020000000afe' +
      '00000000' +
      '000000000000' +
      '0a0a0a0b',
  );
  t.deepEqual(read(Buffer.from(bytes.subarray(0, length))), { kind: 'tentative', said: formatIp(V4) });
});

test('a solicitation comes from the link-local address of our MAC, tagged where the port wants it', (t) => {
  const bytes = Buffer.alloc(QUESTION_MAX, 0xff);
  const plain = writeQuestion(bytes, HOST, OURS, 0, V6);
  t.is(plain, 86);
  t.deepEqual(read(Buffer.from(bytes.subarray(0, plain))), {
    kind: 'binding',
    said: `fe80::ff:fe00:afe ${formatMac(OURS)} undefined`,
  });
  const untagged = Buffer.from(bytes.subarray(0, plain));
  const tagged = writeQuestion(bytes, HOST, OURS, 100, V6);
  t.is(tagged, 90);
  t.is(bytes.toString('hex', 12, 16), '81000064');
  t.deepEqual(Buffer.concat([bytes.subarray(0, 12), bytes.subarray(16, tagged)]), untagged);
});
