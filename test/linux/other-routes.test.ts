import test from 'ava';
import type { NexthopRow } from '../../src/dataplane/index.js';
import { NetlinkFormatError } from '../../src/linux/message.js';
import { decodeOtherRoute } from '../../src/linux/other-route-codec.js';
import { parseIp, parsePrefix } from '../../src/types/index.js';

const attribute = (type: number, ...octets: number[]) => {
  const length = 4 + octets.length;
  return [length, 0, type, 0, ...octets, ...new Array(-length & 3).fill(0)];
};
const u32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];

interface Given {
  family?: number;
  tos?: number;
  table?: number;
  protocol?: number;
  type?: number;
  flags?: number;
}
/** RTM_NEWROUTE to 198.51.100.0/24, metric 7. */
const message = (given: Given, ...attributes: number[][]) => {
  const { family = 2, tos = 0, table = 254, protocol = 4, type = 1, flags = 0 } = given;
  const head = [...new Array(16).fill(0), family, 24, 0, tos, table, protocol, 0, type, ...u32(flags)];
  const to = attribute(1, 198, 51, 100, 0);
  return Buffer.from([...head, ...to, ...attribute(6, ...u32(7)), ...attributes.flat()]);
};
const nexthops: readonly NexthopRow[] = [
  { id: 5, protocol: 4, ifindex: 2, gateway: parseIp('10.1.1.0'), members: undefined },
  { id: 6, protocol: 4, ifindex: 3, gateway: undefined, members: undefined },
  { id: 7, protocol: 4, ifindex: 0, gateway: undefined, members: [5, 5, 6] },
];
/** Main, and a VRF's. */
const TABLES = new Set([254, 1001]);
const decode = (bytes: Buffer) =>
  decodeOtherRoute(bytes, 0, bytes.length, TABLES, (id) => nexthops.find((each) => each.id === id));
const ways = (bytes: Buffer) => decode(bytes)?.ways;

const FIRST = { ifindex: 2, gateway: parseIp('10.1.1.0') };
const gateway = attribute(5, 10, 1, 1, 0);
const device = attribute(4, ...u32(2));

test("another's route: by a gateway, on the link, over several ways, by an IPv6 gateway, by a nexthop alone", (t) => {
  t.deepEqual(decode(message({}, gateway, device)), {
    tableId: 254,
    prefix: parsePrefix('198.51.100.0/24'),
    metric: 7,
    protocol: 4,
    ways: [FIRST],
  });
  t.deepEqual(ways(message({}, device)), [{ ifindex: 2, gateway: undefined }]);
  const leg = (ifindex: number, ...inside: number[]) => [
    8 + inside.length,
    0,
    0,
    0,
    ...u32(ifindex),
    ...inside,
  ];
  t.deepEqual(ways(message({}, attribute(9, ...leg(2, ...gateway), ...leg(3)))), [
    FIRST,
    { ifindex: 3, gateway: undefined },
  ]);
  const via = attribute(18, 10, 0, 0xfe, 0x80, ...new Array(13).fill(0), 9);
  t.deepEqual(ways(message({}, via, device)), [{ ifindex: 2, gateway: parseIp('fe80::9') }]);
  t.deepEqual(ways(message({}, attribute(30, ...u32(5)))), [FIRST]);
  t.deepEqual(ways(message({}, attribute(30, ...u32(7)))), [FIRST, { ifindex: 3, gateway: undefined }]);
});

test('the routing table is told, of a VRF beyond the 255 that an octet holds too', (t) => {
  t.is(decode(message({ table: 252 }, gateway, device, attribute(15, ...u32(1001))))?.tableId, 1001);
  t.is(decode(message({ table: 252 }, gateway, device, attribute(15, ...u32(1002)))), undefined);
});

test('a route that discards, or whose packets need another header, leads nowhere', (t) => {
  for (const type of [6, 7, 8]) t.deepEqual(ways(message({ type })), []);
  t.deepEqual(ways(message({}, gateway, device, attribute(22, 1, 2))), []);
});

for (const [what, given] of Object.entries({
  'one of ours': { protocol: 69 },
  "the kernel's own": { protocol: 2 },
  'one of another table': { table: 255 },
  'one for a TOS': { tos: 4 },
  'a cached one': { flags: 0x200 },
  'one that delivers here': { type: 2 },
  'one that sends on to the next table': { type: 9 },
  'one of another family': { family: 7 },
} satisfies Record<string, Given>))
  test(`a route that is none: ${what}`, (t) => {
    t.is(decode(message(given, gateway, device)), undefined);
  });

test('what does not add up is refused', (t) => {
  for (const bytes of [
    Buffer.alloc(20),
    message({}, attribute(9, 60, 0, 0, 0, ...u32(2))),
    message({}, attribute(5, 1, 2)),
  ])
    t.throws(() => decode(bytes), { instanceOf: NetlinkFormatError });
});
