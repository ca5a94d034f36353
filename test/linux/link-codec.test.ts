import test from 'ava';
import { decodeAddress } from '../../src/linux/address-codec.js';
import { decodeBridgeLink, decodeVlans } from '../../src/linux/bridge-codec.js';
import { decodeLink, linkFamily } from '../../src/linux/link-codec.js';
import { LinkTable } from '../../src/linux/link-table.js';
import { eachAttribute, eachMessage, NetlinkFormatError } from '../../src/linux/message.js';
import { PLAIN_TUNNEL } from '../../src/linux/vxlan-codec.js';
import { formatIp, formatMac, ipToBytes, MAC_ZERO, parseIp } from '../../src/types/index.js';
import { messageOf } from './messages.js';
import { RECORDED } from './recorded.js';

function link(hex: string) {
  const { buffer, end } = messageOf(hex);
  const found = decodeLink(buffer.bytes, 0, end);
  if (!found) throw new Error('no link');
  return found;
}

function bridgeLink(hex: string) {
  const { buffer, end } = messageOf(hex);
  return decodeBridgeLink(buffer.bytes, 0, end);
}

test('recorded devices decode', (t) => {
  const bridge = link(RECORDED.bridge);
  t.is(bridge.name, 'br0');
  t.is(bridge.kind, 'bridge');
  t.true(bridge.up);
  t.true(bridge.vlanFiltering);
  t.is(bridge.master, 0);
  const port = link(RECORDED.vxlanPort);
  t.is(port.kind, 'vxlan');
  t.is(port.master, 2);
  t.is(formatMac(port.mac ?? MAC_ZERO), 'ce:bb:5c:79:eb:5d');
  t.deepEqual(port.vxlan, {
    vni: 10,
    local: parseIp('192.0.2.1'),
    group: undefined,
    learning: false,
    collectMetadata: false,
    port: 4789,
    vniFilter: false,
    tunnel: { ...PLAIN_TUNNEL, flags: ['udpcsum'] },
  });
  t.is(port.mtu, 1500);
  t.deepEqual(port.port, {
    // Told before the bridge let it forward
    state: 0,
    learning: true,
    neighSuppress: false,
    neighVlanSuppress: false,
    vlanTunnel: false,
    flood: true,
    mcastFlood: true,
    bcastFlood: true,
  });
  const vlan = link(RECORDED.vlanDevice);
  t.is(vlan.kind, 'vlan');
  t.is(vlan.vlanId, 10);
  t.is(vlan.lower, 2);
  t.is(link(RECORDED.externalPort).vxlan?.collectMetadata, true);
});

test('recorded VLANs of ports decode, ranges joined', (t) => {
  t.deepEqual(
    bridgeLink(RECORDED.vxlanPortVlans).vlans?.map(({ vlan, last, pvid, untagged }) => [
      vlan,
      last,
      pvid,
      untagged,
    ]),
    [
      [10, 10, true, true],
      [20, 29, false, false],
    ],
  );
  t.deepEqual(
    bridgeLink(RECORDED.bridgeVlans).vlans?.map(({ vlan, last }) => [vlan, last]),
    [[10, 10]],
  );
  const tunnels = (hex: string) =>
    bridgeLink(hex).tunnels.map(({ vlan, last, tunnelVni }) => [vlan, last, tunnelVni]);
  t.deepEqual(tunnels(RECORDED.externalPortTunnels), [[100, 110, 1100]]);
  t.deepEqual(tunnels(RECORDED.externalPortTunnelsSplit), [
    [100, 104, 1100],
    [106, 110, 1106],
  ]);
  t.true(bridgeLink(RECORDED.externalPortTunnels).port?.vlanTunnel);
});

test('recorded VLAN notifications decode', (t) => {
  const vlans = (hex: string) => {
    const { buffer, end } = messageOf(hex);
    return decodeVlans(buffer.bytes, 0, end);
  };
  t.deepEqual(vlans(RECORDED.vlanAdded), {
    ifindex: 3,
    ranges: [{ vlan: 10, last: 10, pvid: true, untagged: true, tunnelVni: 0 }],
  });
  t.deepEqual(vlans(RECORDED.vlanRangeAdded).ranges, [
    { vlan: 20, last: 29, pvid: false, untagged: false, tunnelVni: 0 },
  ]);
  t.deepEqual(vlans(RECORDED.tunnelRangeAdded), {
    ifindex: 5,
    ranges: [{ vlan: 100, last: 110, pvid: false, untagged: false, tunnelVni: 1100 }],
  });
  t.is(vlans(RECORDED.tunnelDeleted).ranges[0].vlan, 105);
});

test('recorded addresses decode', (t) => {
  const address = (hex: string) => {
    const { buffer, end } = messageOf(hex);
    return decodeAddress(buffer.bytes, 0, end);
  };
  const usable = { peer: undefined, state: 'usable' };
  t.deepEqual(address(RECORDED.address), {
    ifindex: 4,
    address: { ...usable, ip: parseIp('10.9.9.9'), prefixLength: 24 },
  });
  t.deepEqual(address(RECORDED.address6), {
    ifindex: 4,
    address: { ...usable, ip: parseIp('fe80::ccbb:5cff:fe79:eb5d'), prefixLength: 64 },
  });
});

test('a table follows recorded messages', (t) => {
  const table = new LinkTable();
  const take = (hex: string) => {
    const { buffer, type, end } = messageOf(hex);
    table.take(type, buffer.bytes, 0, end);
  };
  take(RECORDED.bridge);
  take(RECORDED.vxlanPort);
  t.true(table.isVxlan(3));
  take(RECORDED.vlanAdded);
  const port = () => {
    const vlans = table.vlans.get(3);
    return vlans && { ...vlans, members: [...vlans.members] };
  };
  t.deepEqual(port(), { pvid: 10, pvidUntagged: true, members: [10], tunnels: new Map() });
  take(RECORDED.vlanMoved);
  t.is(table.vlans.get(3)?.pvid, 30);
  take(RECORDED.vlanDeleted);
  t.deepEqual(port(), { pvid: 0, pvidUntagged: false, members: [10], tunnels: new Map() });
  take(RECORDED.vxlanPortVlans);
  t.is(table.vlans.get(3)?.pvid, 10);
  t.deepEqual(port()?.members, [10, ...Array.from({ length: 10 }, (_, i) => 20 + i)]);
  take(RECORDED.externalPort);
  take(RECORDED.tunnelRangeAdded);
  t.is(table.vlans.get(5)?.tunnels.get(105), 1105);
  take(RECORDED.tunnelDeleted);
  t.is(table.vlans.get(5)?.tunnels.has(105), false);
  t.is(table.vlans.get(5)?.tunnels.size, 10);
  const incremental = new Map(table.vlans.get(5)?.tunnels);
  take(RECORDED.externalPortTunnelsSplit);
  t.deepEqual(table.vlans.get(5)?.tunnels, incremental);
  t.true(table.links.get(5)?.port?.vlanTunnel);
  // The port is gone then, the device is not
  take(RECORDED.portLeft);
  t.false(table.vlans.has(5));
  t.true(table.links.has(5));
  take(RECORDED.address);
  t.deepEqual(
    table.addresses.get(4)?.map(({ ip }) => ip),
    [parseIp('10.9.9.9')],
  );
});

/** RTM_NEWADDR or RTM_DELADDR of eth0 (4), as net/ipv4/devinet.c and net/ipv6/addrconf.c word it. */
function addressMessage(type: number, ip: string, prefix: number, flags: number, peer = ip): string {
  const attribute = (kind: number, value: Buffer) =>
    Buffer.concat([Buffer.from([4 + value.length, 0, kind, 0]), value]);
  const octets = (text: string) => {
    const bytes = Buffer.alloc(16);
    return bytes.subarray(0, ipToBytes(parseIp(text), bytes, 0));
  };
  const words = Buffer.alloc(4);
  words.writeUInt32LE(flags);
  const family = octets(ip).length === 4 ? 2 : 10;
  const body = Buffer.concat([
    Buffer.from([family, prefix, flags & 0xff, 0, 4, 0, 0, 0]),
    attribute(1, octets(peer)),
    ...(family === 2 || peer !== ip ? [attribute(2, octets(ip))] : []),
    attribute(8, words),
  ]);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, body]).toString('hex');
}

const [NEWADDR, DELADDR] = [20, 21];

test('addresses: with which prefix, peer and state, each once', (t) => {
  const table = new LinkTable();
  const take = (hex: string) => {
    const { buffer, type, end } = messageOf(hex);
    table.take(type, buffer.bytes, 0, end);
    return table.addresses
      .get(4)
      ?.map(({ ip, prefixLength, peer, state }) => [
        `${formatIp(ip)}/${prefixLength}`,
        peer && formatIp(peer),
        state,
      ]);
  };
  take(addressMessage(NEWADDR, '192.0.2.1', 24, 0x80));
  take(addressMessage(NEWADDR, '192.0.2.1', 25, 0x81));
  take(addressMessage(NEWADDR, '192.0.2.1', 25, 0x81));
  take(addressMessage(NEWADDR, '192.0.2.1', 32, 0x80, '192.0.2.2'));
  t.deepEqual(take(addressMessage(DELADDR, '192.0.2.1', 24, 0x80)), [
    ['192.0.2.1/25', undefined, 'usable'],
    ['192.0.2.1/32', '192.0.2.2', 'usable'],
  ]);
  take(addressMessage(DELADDR, '192.0.2.1', 25, 0x81));
  t.deepEqual(take(addressMessage(DELADDR, '192.0.2.1', 32, 0x80, '192.0.2.2')), []);
  // Tentative, optimistic, duplicate, permanent: one address all the while
  for (const [flags, state] of [
    [0xc0, 'tentative'],
    [0xc4, 'usable'],
    [0xc8, 'dadfailed'],
    [0x80, 'usable'],
  ] as const)
    t.deepEqual(take(addressMessage(NEWADDR, '2001:db8::1', 64, flags)), [
      ['2001:db8::1/64', undefined, state],
    ]);
  t.deepEqual(take(addressMessage(NEWADDR, '2001:db8::1', 128, 0x80, '2001:db8::2')), [
    ['2001:db8::1/128', '2001:db8::2', 'usable'],
  ]);
});

const COLD = [
  'bridge',
  'vxlanPort',
  'vlanDevice',
  'externalPortTunnels',
  'vlanAdded',
  'tunnelRangeAdded',
  'address',
  'address6',
] as const;

test('a message cut short at any octet is an error with its field, or takes no harm; the next one counts', (t) => {
  for (const name of COLD) {
    const { buffer, type, end } = messageOf(RECORDED[name]);
    let errors = 0;
    for (let cut = 0; cut < end; cut++) {
      const table = new LinkTable();
      try {
        table.take(type, buffer.bytes, 0, cut);
      } catch (error) {
        errors++;
        t.true(error instanceof NetlinkFormatError, `${name} cut at ${cut}: ${error}`);
        t.regex((error as Error).message, /^.+: .+: .+; the message is skipped$/);
        t.false(table.changed, `${name} cut at ${cut} changed the table`);
      }
      t.notThrows(() => table.take(type, buffer.bytes, 0, end));
      t.true(table.changed);
    }
    t.true(errors > end / 2, `${name}: ${errors} errors in ${end} cuts`);
  }
});

test('a link message without a whole ifinfomsg is an error that says so, though the buffer goes on', (t) => {
  for (const name of ['bridge', 'externalPortTunnels'] as const) {
    const { buffer } = messageOf('00'.repeat(32) + RECORDED[name]);
    buffer.bytes.copy(buffer.bytes, 16, 32);
    // Behind another message of the datagram, as nearly all are
    for (let cut = 16; cut < 32; cut++)
      for (const decode of [linkFamily, decodeLink, decodeBridgeLink])
        t.throws(() => decode(buffer.bytes, 16, 16 + cut), {
          instanceOf: NetlinkFormatError,
          message: `RTM_NEWLINK: ifinfomsg: ${cut - 16} of 16 octets; the message is skipped`,
        });
    for (const decode of [linkFamily, decodeLink, decodeBridgeLink])
      t.notThrows(() => decode(buffer.bytes, 16, 16 + 32), 'no attribute needs to follow');
  }
});

test('an attribute without a value, and a message that is its header alone, are whole', (t) => {
  const seen: number[][] = [];
  const bytes = Buffer.from([4, 0, 1, 0, 4, 0, 2, 0]);
  eachAttribute(bytes, 0, bytes.length, 'RTM_NEWLINK', (...found) => seen.push(found));
  t.deepEqual(seen, [
    [1, 4, 4],
    [2, 8, 8],
  ]);
  for (const length of [0, 3, 5, 255])
    t.throws(() => eachAttribute(Buffer.from([length, 0, 1, 0]), 0, 4, 'RTM_NEWLINK', () => {}), {
      instanceOf: NetlinkFormatError,
      message: `RTM_NEWLINK: attribute 1: nla_len ${length} where 4 octets are left; the message is skipped`,
    });
  const done = messageOf('100000000300020001000000' + '00000000');
  const messages: number[][] = [];
  eachMessage(done.buffer, 0, done.end, (...found) => messages.push(found));
  t.deepEqual(messages, [[3, 0, 16]]);
});

test('a datagram cut short at any octet gives up no message before the cut', (t) => {
  const first = messageOf(RECORDED.vxlanRow);
  const both = messageOf(RECORDED.vxlanRow + RECORDED.bridgeRow);
  for (let cut = 0; cut <= both.end; cut++) {
    const seen: number[] = [];
    const read = () => eachMessage(both.buffer, 0, cut, (_type, at) => seen.push(at));
    if (cut === 0 || cut === first.end || cut === both.end) t.notThrows(read);
    else t.throws(read, { instanceOf: NetlinkFormatError, message: /^netlink header: nlmsg/ });
    t.is(seen.length, (cut >= first.end ? 1 : 0) + (cut === both.end ? 1 : 0));
  }
});

test('recorded VNI filters decode, and the table follows them', (t) => {
  const table = new LinkTable();
  const take = (hex: string) => {
    const { buffer, type, end } = messageOf(hex);
    table.take(type, buffer.bytes, 0, end);
  };
  take(RECORDED.vniDeleted);
  t.is(table.vniFilters.size, 0);
  take(RECORDED.vniFilter);
  t.deepEqual(
    [...(table.vniFilters.get(4) ?? [])],
    [
      [100, undefined],
      [102, undefined],
      [200, parseIp('239.1.1.1')],
      [201, parseIp('fd00::2')],
    ],
  );
  take(RECORDED.vniRange);
  t.is(table.vniFilters.get(4)?.size, 12);
  take(RECORDED.vniDeleted);
  t.false(table.vniFilters.get(4)?.has(101));
  table.changed = false;
  take(RECORDED.vniWithGroup);
  t.true(table.changed);
  t.is(table.vniFilters.get(4)?.get(200), parseIp('239.1.1.1'));
  for (const hex of [RECORDED.vniFilter, RECORDED.vniWithGroup])
    for (const cut of [20, 34, 38])
      t.throws(() => take(hex.slice(0, cut * 2)), { instanceOf: NetlinkFormatError }, `cut at ${cut}`);
});
