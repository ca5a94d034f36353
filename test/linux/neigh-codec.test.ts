import test from 'ava';
import { Ntf, Nud, type Operation } from '../../src/dataplane/index.js';
import { encodeOperation } from '../../src/linux/kernel-tables/index.js';
import { NetlinkFormatError } from '../../src/linux/message.js';
import { decodeNeigh, isRtnetlinkEcho, newNeighMessage } from '../../src/linux/neigh-codec.js';
import {
  encodeBridgeGet,
  encodeNeighDump,
  encodeNeighGet,
  encodeVxlanGet,
} from '../../src/linux/neigh-requests.js';
import { NEIGH_MESSAGE_MAX } from '../../src/linux/neigh-writer.js';
import { formatMac, MAC_ZERO, parseIp, parseMac } from '../../src/types/index.js';
import { hexOf, messageOf } from './messages.js';
import { RECORDED } from './recorded.js';

const MAC = parseMac('02:a1:b2:c3:d4:e5');
const IPV4 = parseIp('192.0.2.11');
const IPV6 = parseIp('2001:db8::11');

function decoded(hex: string) {
  const { buffer, end } = messageOf(hex);
  const row = newNeighMessage();
  decodeNeigh(buffer, 0, end, row);
  return row;
}

const EMPTY = newNeighMessage();

test("rtnetlink's own word on a device's row is told from the driver's", (t) => {
  const isEcho = (hex: string) => {
    const { buffer, end } = messageOf(hex);
    return isRtnetlinkEcho(buffer.words, 0, end);
  };
  for (const recorded of [RECORDED.vxlanRow, RECORDED.vxlanRow6, RECORDED.bridgeRow])
    t.false(isEcho(recorded));
  // The row again without its type and with no flag but NTF_SELF, as kernel 6.1 adds it.
  const echo = Buffer.from(RECORDED.vxlanRow, 'hex');
  echo[26] = Ntf.SELF;
  echo[27] = 0;
  t.true(isEcho(echo.toString('hex')));
  t.false(isEcho(echo.subarray(0, 27).toString('hex')), 'what is cut short is for the decoder to refuse');
});

test('recorded rows decode', (t) => {
  t.deepEqual(decoded(RECORDED.vxlanRow), {
    ...EMPTY,
    family: 7,
    ifindex: 3,
    state: Nud.NOARP | Nud.PERMANENT,
    flags: Ntf.SELF | Ntf.EXT_LEARNED,
    mac: parseMac('02:00:00:00:00:01'),
    dst: IPV4,
  });
  t.deepEqual(decoded(RECORDED.bridgeRow), {
    ...EMPTY,
    family: 7,
    ifindex: 3,
    state: Nud.REACHABLE,
    flags: Ntf.EXT_LEARNED,
    mac: parseMac('02:00:00:00:00:01'),
    master: 2,
  });
  const local = decoded(RECORDED.bridgeRowWithVlan);
  t.is(local.vlan, 10);
  t.is(local.master, 2);
  t.is(local.state, Nud.PERMANENT);
  t.is(formatMac(local.mac ?? MAC_ZERO), 'ce:bb:5c:79:eb:5d');
  const external = decoded(RECORDED.vxlanRowWithVni);
  t.is(external.srcVni, 100);
  t.is(external.dst, parseIp('192.0.2.13'));
  const ipv6 = decoded(RECORDED.vxlanRow6);
  t.is(ipv6.dst, IPV6);
  t.is(ipv6.state, Nud.REACHABLE);
  const flood = decoded(RECORDED.defaultDestination);
  t.is(flood.mac, MAC_ZERO);
  t.is(flood.state, Nud.NOARP | Nud.PERMANENT);
  t.deepEqual(decoded(RECORDED.neighbor6), {
    ...EMPTY,
    family: 10,
    ifindex: 2,
    state: Nud.NOARP,
    flags: Ntf.EXT_LEARNED | Ntf.ROUTER,
    mac: parseMac('02:00:00:00:00:01'),
    dst: parseIp('2001:db8::5'),
  });
});

test('a row with a port, a VNI or a device of its own is marked, and no other', (t) => {
  const row = Buffer.from(RECORDED.vxlanRow, 'hex');
  const marked = (...more: number[]) => {
    const message = Buffer.concat([row, Buffer.from(more)]);
    message.writeUInt32LE(message.length, 0);
    return (decoded(message.toString('hex')).flags & Ntf.OTHER_TUNNEL) !== 0;
  };
  t.false(marked());
  t.true(marked(6, 0, 6, 0, 0x12, 0xb5, 0, 0), 'NDA_PORT');
  t.true(marked(8, 0, 7, 0, 20, 0, 0, 0), 'NDA_VNI');
  t.true(marked(8, 0, 8, 0, 2, 0, 0, 0), 'NDA_IFINDEX');
  t.false(marked(8, 0, 11, 0, 20, 0, 0, 0), 'NDA_SRC_VNI');
  t.false(marked(8, 0, 15, 0, 0xff, 0xff, 0xff, 0xff), 'bits of NDA_FLAGS_EXT that are not known');
});

test('an attribute of its header alone is whole, in the middle as at the end; a shorter one is not', (t) => {
  const row = Buffer.from(RECORDED.vxlanRow, 'hex');
  const withAttribute = (at: number, length: number) => {
    const message = Buffer.concat([row.subarray(0, at), Buffer.from([length, 0, 99, 0]), row.subarray(at)]);
    message.writeUInt32LE(message.length, 0);
    return decoded(message.toString('hex'));
  };
  for (const at of [28, row.length]) {
    t.deepEqual(withAttribute(at, 4), decoded(RECORDED.vxlanRow));
    for (const length of [0, 3])
      t.throws(() => withAttribute(at, length), {
        instanceOf: NetlinkFormatError,
        message: new RegExp(`^RTM_NEWNEIGH: attribute 99: nla_len ${length} where \\d+ octets are left`),
      });
  }
});

test('attributes as long as they need to be count, with anything behind that', (t) => {
  const row = Buffer.from(RECORDED.bridgeRow, 'hex');
  const withValue = (type: number, ...value: number[]) => {
    const attribute = Buffer.from([4 + value.length, 0, type, 0, ...value]);
    const message = Buffer.concat([row, attribute, Buffer.alloc(-attribute.length & 3)]);
    message.writeUInt32LE(message.length, 0);
    return decoded(message.toString('hex'));
  };
  for (const [type, field, ...value] of [
    [5, 'vlan', 1, 2],
    [9, 'master', 1, 2, 3, 4],
    [11, 'srcVni', 1, 2, 3, 0],
    [12, 'protocol', 186],
    [13, 'nexthopId', 1, 2, 3, 4],
  ] as const) {
    const number = value.reduce((sum: number, octet, i) => sum + octet * 256 ** i, 0);
    t.is(withValue(type, ...value)[field], number, field);
    t.is(withValue(type, ...value, 255)[field], number, field);
    const short = value.slice(0, -1);
    t.throws(() => withValue(type, ...short), {
      message: new RegExp(`NDA_\\w+: ${short.length} of ${value.length} octets`),
    });
  }
  const flags = (...value: number[]) => withValue(15, ...value).flags;
  t.is(flags(2, 0, 0, 0), Ntf.EXT_LEARNED | (2 << 8));
  t.throws(() => flags(2, 0, 0), { message: /NDA_FLAGS_EXT: 3 of 4 octets/ });
});

test('nothing of an earlier message stays', (t) => {
  const row = newNeighMessage();
  const first = messageOf(RECORDED.vxlanRowWithVni);
  decodeNeigh(first.buffer, 0, first.end, row);
  const second = messageOf(RECORDED.bridgeRow);
  decodeNeigh(second.buffer, 0, second.end, row);
  t.deepEqual(row, decoded(RECORDED.bridgeRow));
});

test('a row cut short at any octet is an error with its field, or a whole shorter message', (t) => {
  const names = ['vxlanRow', 'bridgeRowWithVlan', 'vxlanRowWithVni', 'vxlanRow6', 'neighbor6'] as const;
  for (const name of names) {
    const { buffer, end } = messageOf(RECORDED[name]);
    // Behind these octets an attribute ends; what is there is a message, and only one without its key is an error
    const boundaries = new Set<number>([end]);
    for (let at = 28; at < end; ) {
      const size = buffer.bytes.readUInt16LE(at);
      boundaries.add(at);
      const next = at + ((size + 3) & ~3);
      // Padding carries nothing
      for (let padding = at + size; padding < next; padding++) boundaries.add(padding);
      at = next;
    }
    for (let cut = 0; cut < end; cut++) {
      let error: unknown;
      try {
        decodeNeigh(buffer, 0, cut, newNeighMessage());
      } catch (thrown) {
        error = thrown;
      }
      if (error === undefined) t.true(boundaries.has(cut), `${name} cut at ${cut} passes`);
      else {
        t.true(error instanceof NetlinkFormatError, `${name} cut at ${cut}: ${error}`);
        t.regex((error as Error).message, /^RTM_NEWNEIGH: (ndmsg|nlattr|attribute \d+|NDA_\w+): /);
      }
    }
  }
});

test('attributes of a wrong length are named', (t) => {
  const spoil = (hex: string, type: number, length: number) => {
    const { buffer, end } = messageOf(hex);
    for (let at = 28; at < end; at += (buffer.bytes.readUInt16LE(at) + 3) & ~3)
      if (buffer.bytes.readUInt16LE(at + 2) === type) {
        // The rest of the attribute becomes one of type 0, so that only this one is wrong
        const rest = ((buffer.bytes.readUInt16LE(at) + 3) & ~3) - ((length + 7) & ~3);
        buffer.bytes.writeUInt16LE(length + 4, at);
        if (rest >= 4) buffer.bytes.writeUInt32LE(rest, at + ((length + 7) & ~3));
        return () => decodeNeigh(buffer, 0, end, newNeighMessage());
      }
    throw new Error(`no attribute ${type}`);
  };
  t.throws(spoil(RECORDED.vxlanRow, 1, 2), { message: /NDA_DST: 2 octets for address family 7/ });
  t.throws(spoil(RECORDED.neighbor6, 1, 4), { message: /NDA_DST: 4 octets for address family 10/ });
  t.throws(spoil(RECORDED.bridgeRowWithVlan, 5, 1), { message: /NDA_VLAN: 1 of 2 octets/ });
  t.throws(spoil(RECORDED.bridgeRow, 9, 2), { message: /NDA_MASTER: 2 of 4 octets/ });
  t.throws(spoil(RECORDED.bridgeRow, 2, 4), { message: /NDA_LLADDR: none of six octets/ });
});

function encoded(operation: Operation, extra = 0): string {
  const words = new Uint32Array(NEIGH_MESSAGE_MAX / 4).fill(0xffffffff);
  return hexOf(words, encodeOperation(words, 0, operation, 0x01020304, extra));
}

test('operations encode to these octets', (t) => {
  const bridge: Operation = { table: 'bridge', verb: 'add', port: 3, vlan: 0, mac: MAC, form: 'marked' };
  t.is(
    encoded(bridge),
    '280000001c0001050403020100000000' + // nlmsghdr: NEWNEIGH, REQUEST|CREATE|REPLACE
      '070000000300000002001400' + // ndmsg: AF_BRIDGE, ifindex 3, REACHABLE, MASTER|EXT_LEARNED
      '0a00020002a1b2c3d4e50000', // NDA_LLADDR
  );
  t.is(
    encoded({ ...bridge, vlan: 10, form: 'pinned' }, 4),
    '300000001c0005010403020100000000' + // REQUEST|REPLACE|ACK
      '070000000300000040004400' + // NOARP, MASTER|STICKY
      '0a00020002a1b2c3d4e50000' +
      '060005000a000000', // NDA_VLAN
  );
  t.is(
    encoded({ ...bridge, form: 'unpinned' }),
    '280000001c0001010403020100000000' +
      '070000000300000002000400' + // REACHABLE, MASTER
      '0a00020002a1b2c3d4e50000',
  );
  t.is(
    encoded({ ...bridge, verb: 'delete', vlan: 10 }),
    '300000001d0001000403020100000000070000000300000002001400' + '0a00020002a1b2c3d4e50000060005000a000000',
  );
  const vxlan: Operation = { table: 'vxlan', verb: 'add', ifindex: 3, srcVni: 0, mac: MAC, dst: IPV4 };
  t.is(
    encoded(vxlan),
    '300000001c0001050403020100000000' +
      '070000000300000002001200' + // SELF|EXT_LEARNED
      '0a00020002a1b2c3d4e50000' +
      '08000100c000020b', // NDA_DST
  );
  t.is(
    encoded({ ...vxlan, dst: IPV6, srcVni: 10010 }),
    '440000001c0001050403020100000000070000000300000002001200' +
      '0a00020002a1b2c3d4e50000' +
      '1400010020010db8000000000000000000000011' +
      '08000b001a270000', // NDA_SRC_VNI
  );
  const flood: Operation = { table: 'vxlan-default', verb: 'add', ifindex: 3, srcVni: 0, dst: IPV4 };
  t.is(
    encoded(flood),
    '300000001c00010c0403020100000000' + // REQUEST|CREATE|APPEND
      '0700000003000000c0000200' + // NOARP|PERMANENT, SELF
      '0a0002000000000000000000' +
      '08000100c000020b',
  );
  t.is(
    encoded({ ...flood, verb: 'delete' }),
    '300000001d00010004030201000000000700000003000000c00002000a000200000000000000000008000100c000020b',
  );
  const neigh: Operation = { table: 'neigh', verb: 'add', ifindex: 2, ip: IPV4, mac: MAC, router: false };
  t.is(
    encoded(neigh),
    '380000001c0001050403020100000000' +
      '020000000200000040001000' + // AF_INET, NOARP, EXT_LEARNED
      '08000100c000020b' +
      '0a00020002a1b2c3d4e50000' +
      '05000c00ba000000', // NDA_PROTOCOL: RTPROT_BGP
  );
  t.is(
    encoded({ ...neigh, ip: IPV6, router: true }),
    '440000001c00010504030201000000000a0000000200000040009000' +
      '1400010020010db8000000000000000000000011' +
      '0a00020002a1b2c3d4e5000005000c00ba000000',
  );
  t.is(
    encoded({ ...neigh, verb: 'delete' }),
    '240000001d000100040302010000000002000000020000004000100008000100c000020b',
  );
});

test('what is encoded decodes to the same, for MACs and addresses with high bits', (t) => {
  const words = new Uint32Array(NEIGH_MESSAGE_MAX / 4);
  const macs = ['ff:ff:ff:ff:ff:fe', '80:80:80:80:80:80', '00:00:00:00:00:01', '02:ff:00:ff:00:ff'];
  for (const mac of macs.map(parseMac))
    for (const dst of ['255.255.255.254', '128.1.2.3', '0.0.0.1', 'ffff:8080::ff', '::1'].map(parseIp)) {
      const end = encodeOperation(
        words,
        0,
        { table: 'vxlan', verb: 'add', ifindex: 0x7fffffff, srcVni: 0xffffff, mac, dst },
        1,
        0,
      );
      t.true(end * 4 <= NEIGH_MESSAGE_MAX);
      const row = newNeighMessage();
      const buffer = { bytes: Buffer.from(words.buffer), words };
      decodeNeigh(buffer, 0, end * 4, row);
      t.is(row.mac, mac);
      t.is(row.dst, dst);
      t.is(row.ifindex, 0x7fffffff);
      t.is(row.srcVni, 0xffffff);
    }
});

test('questions encode to these octets', (t) => {
  const words = new Uint32Array(NEIGH_MESSAGE_MAX / 4).fill(0xffffffff);
  t.is(
    hexOf(words, encodeBridgeGet(words, 0, 2, 10, MAC, 1)),
    '380000001e0001000100000000000000070000000000000000000400' +
      '0a00020002a1b2c3d4e500000800090002000000060005000a000000',
  );
  t.is(
    hexOf(words, encodeVxlanGet(words, 0, 3, 100, MAC, 1)),
    '300000001e00010001000000000000000700000003000000000002000a00020002a1b2c3d4e500000800070064000000',
  );
  t.is(
    hexOf(words, encodeNeighGet(words, 0, 2, IPV4, 1)),
    '240000001e000100010000000000000002000000020000000000000008000100c000020b',
  );
  t.is(
    hexOf(words, encodeNeighDump(words, 0, 7, 3, 1)),
    '1c0000001e0001030100000000000000070000000300000000000000',
  );
});
