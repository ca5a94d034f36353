import test from 'ava';
import { FLOODS, type Flood, FRAME_ROOM } from '../../bench/hostile-frames.js';
import { ONSLAUGHTS, type Onslaught } from '../../bench/hostile-routes.js';
import { SPINE_ASN } from '../../bench/workload.js';
import {
  AttributeCode,
  decodeUpdateFully,
  type EvpnRoute,
  formatNlri,
  HEADER_LENGTH,
} from '../../src/wire/index.js';

const SESSION = { fourOctetAs: true, internal: false, localAsn: SPINE_ASN } as const;

interface Told {
  readonly announced: string[];
  readonly withdrawn: string[];
  readonly longest: number;
}

const keyOf = (route: EvpnRoute): string => {
  if (route.type === 'unknown') throw new Error('a route of an unknown type');
  return `${route.rd} ${formatNlri(route)}`;
};

/** All that an onslaught of so many items says; every UPDATE must be sound. */
function told(name: keyof typeof ONSLAUGHTS, count: number): Told {
  const { pieces }: Onslaught = ONSLAUGHTS[name];
  const found = { announced: [] as string[], withdrawn: [] as string[], longest: 0 };
  for (const piece of pieces(count)) {
    if (typeof piece === 'number') continue;
    for (let at = 0; at < piece.length; ) {
      const length = piece.readUInt16BE(at + 16);
      const update = decodeUpdateFully(piece.subarray(at + HEADER_LENGTH, at + length), SESSION);
      if (update.faults.length > 0) throw new Error(JSON.stringify(update.faults));
      for (const attribute of update.attributes)
        if (attribute.code === AttributeCode.MP_REACH_NLRI)
          found.announced.push(...attribute.value.routes.map(keyOf));
        else if (attribute.code === AttributeCode.MP_UNREACH_NLRI)
          found.withdrawn.push(...attribute.value.routes.map(keyOf));
      found.longest = Math.max(found.longest, length);
      at += length;
    }
  }
  return found;
}

test('what fills a bucket is so many different routes, all of which go again', (t) => {
  for (const name of ['mac1', 'ip1', 'mac1rd', 't1tag', 't3tag', 'sequenced'] as const) {
    const { announced, withdrawn } = told(name, 5_000);
    t.is(announced.length, 5_000, name);
    t.is(new Set(announced).size, 5_000, name);
    t.deepEqual(new Set(withdrawn), new Set(announced), name);
  }
});

test('foreign routes and a table are different routes in messages of ordinary length', (t) => {
  for (const name of ['foreign', 'table'] as const) {
    const { announced, longest } = told(name, 5_000);
    t.is(new Set(announced).size, 5_000);
    t.true(longest <= 4_096);
  }
});

test('large attributes fill an extended message, and no more', (t) => {
  const { announced, longest } = told('large', 10);
  t.is(announced.length, 10);
  t.true(longest > 59_000 && longest <= 65_535);
});

test('IPs that move are withdrawn from one MAC before another has them', (t) => {
  const { announced, withdrawn } = told('ipMoves', 4);
  t.is(announced.length, 800);
  t.is(withdrawn.length, 800);
  t.deepEqual(withdrawn.slice(200, 400), announced.slice(0, 200));
});

/** Frame `i` of a flood, as it goes over the wire. */
function frameOf({ frames }: Flood, i: number): { bytes: Buffer; port: number } {
  const buffer = Buffer.alloc(FRAME_ROOM, 0xaa);
  const { length, port } = frames(buffer, i);
  return { bytes: Buffer.from(buffer.subarray(0, length)), port };
}

test('every frame of a flood is as long as Ethernet asks for, and no flood repeats itself too soon', (t) => {
  for (const [name, flood] of Object.entries(FLOODS)) {
    const frames = Array.from({ length: 500 }, (_, i) => frameOf(flood, i).bytes);
    t.true(
      frames.every(({ length }) => length >= 60),
      name,
    );
    t.is(new Set(frames.map((bytes) => bytes.toString('hex'))).size, 500, name);
  }
});

test('the flood of MACs has another source in each frame, that of ARP 1,024 IPs a MAC', (t) => {
  const source = (flood: Flood, i: number) => frameOf(flood, i).bytes.readUIntBE(6, 6);
  t.not(source(FLOODS.macs, 0), source(FLOODS.macs, 1));
  t.is(source(FLOODS.arp, 0), source(FLOODS.arp, 1_023));
  t.not(source(FLOODS.arp, 1_023), source(FLOODS.arp, 1_024));
});

test('what flaps is the same each time, on the other port or of the other MAC', (t) => {
  const [here, there] = [frameOf(FLOODS.ports, 7), frameOf(FLOODS.ports, 1_007)];
  t.deepEqual(here.bytes, there.bytes);
  t.not(here.port, there.port);
  const [first, second] = [frameOf(FLOODS.ips, 7).bytes, frameOf(FLOODS.ips, 1_007).bytes];
  t.deepEqual(first.subarray(28, 32), second.subarray(28, 32));
  t.notDeepEqual(first.subarray(6, 12), second.subarray(6, 12));
});

test('Neighbor Advertisements have the checksum of RFC 4443', (t) => {
  for (const i of [0, 1, 65_535, 300_000]) {
    const { bytes } = frameOf(FLOODS.nd, i);
    const words = [bytes.subarray(22, 54), bytes.subarray(54)].flatMap((part) =>
      Array.from({ length: part.length / 2 }, (_, n) => part.readUInt16BE(2 * n)),
    );
    // Addresses and message with the length, the protocol and the checksum itself sum up to all ones
    let sum = words.reduce((a, b) => a + b, 32 + 58);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    t.is(sum, 0xffff);
  }
});
