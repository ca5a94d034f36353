import test from 'ava';
import { LinkTable } from '../../src/linux/link-table.js';
import { allocateMessages, NetlinkFormatError } from '../../src/linux/message.js';
import { decodeWay, encodeRouteGet, encodeSetting } from '../../src/linux/settings-codec.js';
import { deriveTopology } from '../../src/linux/topology.js';
import { dueSettings } from '../../src/linux/upkeep.js';
import { parseIp, type Vni } from '../../src/types/index.js';
import { hexOf, messageOf } from './messages.js';
import { RECORDED } from './recorded.js';

test('a setting is one attribute, nested as the kernel wants it', (t) => {
  const buffer = allocateMessages(256);
  buffer.bytes.fill(0xff);
  const port = encodeSetting(buffer, { ifindex: 7, of: 'port', attribute: 8, value: 0 }, 9);
  t.is(
    hexOf(buffer.words, port),
    '2c000000130005000900000000000000' + '07000000070000000000000000000000' + '0c000c80' + '0500080000000000',
  );
  buffer.bytes.fill(0xff);
  const device = encodeSetting(buffer, { ifindex: 7, of: 'vxlan', attribute: 7, value: 0 }, 9);
  t.is(
    hexOf(buffer.words, device),
    '3c000000100005000900000000000000' +
      '00000000070000000000000000000000' +
      '1c0012800a00010076786c616e0000000c0002800500070000000000',
  );
});

test('the way to an address: request and answer', (t) => {
  const buffer = allocateMessages(256);
  t.is(
    hexOf(buffer.words, encodeRouteGet(buffer, parseIp('10.0.0.2'), 9)),
    '240000001a0001000900000000000000' + '022000000000000000000000' + '080001000a000002',
  );
  buffer.bytes.fill(0xff);
  t.is(
    hexOf(buffer.words, encodeRouteGet(buffer, parseIp('10.0.0.2'), 9, parseIp('10.0.0.1'))),
    '2c0000001a0001000900000000000000' + '022020000000000000000000' + '080001000a000002' + '080002000a000001',
  );
  t.is(encodeRouteGet(buffer, parseIp('2001:db8::2'), 9) << 2, 16 + 12 + 20);
  t.is(buffer.bytes[17], 128);
  const answer =
    '340000001800000009000000000000000220000000000000000000000800010' +
    '00a000002' +
    '08000400050000000c000800' +
    '08000200d4050000';
  const { buffer: message, end } = messageOf(answer.replace(/^34/, '3c').padEnd(112, '0').slice(0, 112));
  message.bytes.writeUInt32LE(end, 0);
  t.deepEqual(decodeWay(message.bytes, 0, end), { device: 5, mtu: 1492, local: false });
  message.bytes[23] = 2;
  t.true(decodeWay(message.bytes, 0, end).local);
  t.throws(() => decodeWay(message.bytes, 0, 20), { instanceOf: NetlinkFormatError });
});

test('only what is wrong is set, and only for VNIs that are served', (t) => {
  const table = new LinkTable();
  for (const hex of [RECORDED.bridge, RECORDED.vxlanPort, RECORDED.vxlanPortVlans]) {
    const { buffer, type, end } = messageOf(hex);
    table.take(type, buffer.bytes, 0, end);
  }
  const due = (serves: (vni: Vni) => boolean) =>
    dueSettings(table, deriveTopology(table), serves).map(({ of, attribute, value }) => [
      of,
      attribute,
      value,
    ]);
  t.deepEqual(
    due(() => true),
    [
      ['port', 8, 0],
      ['port', 32, 1],
    ],
  );
  t.deepEqual(
    due(() => false),
    [],
  );
  const link = table.links.get(3)!;
  table.links.set(3, {
    ...link,
    port: { ...link.port!, learning: false, neighSuppress: true },
    vxlan: { ...link.vxlan!, learning: true },
  });
  t.deepEqual(
    due(() => true),
    [['vxlan', 7, 0]],
  );
});
