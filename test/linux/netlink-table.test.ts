import { readFileSync } from 'node:fs';
import test from 'ava';
import { Ntf, Nud } from '../../src/dataplane/index.js';
import { decodeAddress } from '../../src/linux/address-codec.js';
import { decodeBridgeLink, decodeVlans } from '../../src/linux/bridge-codec.js';
import { decodeLink } from '../../src/linux/link-codec.js';
import { allocateMessages } from '../../src/linux/message.js';
import { decodeNeigh, newNeighMessage } from '../../src/linux/neigh-codec.js';
import { decodeVniFilter } from '../../src/linux/tunnel-codec.js';
import { HEADERS, SINCE_6_12 } from './support/netlink-headers.js';

/*
 * docs/netlink.md against the headers and against the decoders. What a decoder reads is found by trial: an attribute that
 * changes what it returns, or that it refuses for its length, is read.
 */
type Group = keyof typeof HEADERS;

function attribute(type: number, ...values: Buffer[]): Buffer {
  const value = Buffer.concat(values);
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3);
  bytes.writeUInt16LE(4 + value.length);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

/** A message with that many octets behind its header, `family` first. */
function decoded(
  decode: (buffer: ReturnType<typeof allocateMessages>, end: number) => unknown,
  body: Buffer,
  attributes: readonly Buffer[],
): string {
  const bytes = Buffer.concat([Buffer.alloc(16), body, ...attributes]);
  const buffer = allocateMessages((bytes.length + 3) & ~3);
  bytes.copy(buffer.bytes);
  try {
    const text = JSON.stringify(decode(buffer, bytes.length), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    return text ?? 'nothing';
  } catch (error) {
    return String(error);
  }
}

const ifinfo = (flags = 0) => {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(flags, 8);
  return body;
};
const { link, linkinfo, bridgeSpec, vlandb, vlanEntry, vniFilter } = HEADERS;
const text = (value: string) => Buffer.from(`${value}\0`);
const linkOf = (attributes: readonly Buffer[], flags?: number) =>
  decoded((buffer, end) => decodeLink(buffer.bytes, 0, end), ifinfo(flags), attributes);
const bridgeLinkOf = (attributes: readonly Buffer[]) =>
  decoded((buffer, end) => decodeBridgeLink(buffer.bytes, 0, end), ifinfo(), attributes);
const ofKind = (kind: string) => (inner: readonly Buffer[]) =>
  linkOf([
    attribute(
      link.IFLA_LINKINFO,
      attribute(linkinfo.IFLA_INFO_KIND, text(kind)),
      attribute(linkinfo.IFLA_INFO_DATA, ...inner),
    ),
  ]);
const vlansOf = (attributes: readonly Buffer[]) =>
  decoded((buffer, end) => decodeVlans(buffer.bytes, 0, end), Buffer.alloc(8), attributes);
const filterOf = (attributes: readonly Buffer[]) =>
  decoded((buffer, end) => decodeVniFilter(buffer.bytes, 0, end), Buffer.alloc(8), attributes);
const addressOf = (attributes: readonly Buffer[], flags = 0) =>
  decoded((buffer, end) => decodeAddress(buffer.bytes, 0, end), Buffer.from([2, 24, flags, 0, 4, 0, 0, 0]), [
    attribute(HEADERS.address.IFA_ADDRESS, Buffer.from([10, 9, 9, 9])),
    ...attributes,
  ]);
const neighborOf = (attributes: readonly Buffer[]) =>
  decoded(
    (buffer, end) => {
      const into = newNeighMessage();
      decodeNeigh(buffer, 0, end, into);
      return into;
    },
    Buffer.alloc(12),
    attributes,
  );

/** What decoders return of messages that have these attributes of the group. */
const PROBES: Readonly<Partial<Record<Group, (attributes: readonly Buffer[]) => string>>> = {
  // Where the device below is counts where there is one
  link: (attributes) =>
    linkOf([attribute(link.IFLA_LINK, Buffer.from([5, 0, 0, 0])), ...attributes]) + bridgeLinkOf(attributes),
  protodown: (inner) => linkOf([attribute(link.IFLA_PROTO_DOWN_REASON, ...inner)]),
  linkinfo: (inner) =>
    // Settings count by kind, and kinds by their settings
    ofKind('vxlan')([]) +
    linkOf([attribute(link.IFLA_LINKINFO, ...inner)]) +
    linkOf([attribute(link.IFLA_LINKINFO, attribute(linkinfo.IFLA_INFO_KIND, text('vxlan')), ...inner)]) +
    linkOf([
      attribute(
        link.IFLA_LINKINFO,
        attribute(linkinfo.IFLA_INFO_SLAVE_DATA, attribute(HEADERS.port.IFLA_BRPORT_STATE, Buffer.alloc(1))),
        ...inner,
      ),
    ]) +
    linkOf([
      attribute(link.IFLA_LINKINFO, attribute(linkinfo.IFLA_INFO_SLAVE_KIND, text('bridge')), ...inner),
    ]),
  vxlan: ofKind('vxlan'),
  bridge: ofKind('bridge'),
  vlan: ofKind('vlan'),
  port: (inner) => bridgeLinkOf([attribute(link.IFLA_PROTINFO, ...inner)]),
  bridgeSpec: (inner) => bridgeLinkOf([attribute(link.IFLA_AF_SPEC, ...inner)]),
  tunnel: (inner) =>
    bridgeLinkOf([
      attribute(link.IFLA_AF_SPEC, attribute(bridgeSpec.IFLA_BRIDGE_VLAN_TUNNEL_INFO, ...inner)),
    ]),
  vlandb: vlansOf,
  vlanEntry: (inner) => vlansOf([attribute(vlandb.BRIDGE_VLANDB_ENTRY, ...inner)]),
  vlanTunnel: (inner) =>
    vlansOf([
      attribute(vlandb.BRIDGE_VLANDB_ENTRY, attribute(vlanEntry.BRIDGE_VLANDB_ENTRY_TUNNEL_INFO, ...inner)),
    ]),
  vniFilter: filterOf,
  vniFilterEntry: (inner) => filterOf([attribute(vniFilter.VXLAN_VNIFILTER_ENTRY, ...inner)]),
  address: addressOf,
  neighbor: neighborOf,
  fdbExt: (inner) => neighborOf([attribute(HEADERS.neighbor.NDA_FDB_EXT_ATTRS, ...inner)]),
};

/** Values that change something, whatever the attribute's type is, or are refused for their length. */
const VALUES = [
  Buffer.from([0]),
  Buffer.from([1]),
  Buffer.from('vxlan\0'),
  Buffer.from('bridge\0'),
  Buffer.from([2, 0, 0, 0, 0, 9]),
  Buffer.from([7, 0, 0, 0]),
  Buffer.from([9, 0, 9, 0]),
  // An attribute inside
  Buffer.from([5, 0, 1, 0, 1, 0, 0, 0]),
  Buffer.alloc(16, 0x20),
];

function isRead(group: Group, name: string, number: number): boolean {
  const probe = PROBES[group];
  if (probe) {
    const without = probe([]);
    return VALUES.some((value) => probe([attribute(number, value)]) !== without);
  }
  switch (group) {
    case 'linkFlag':
      return linkOf([], 0x10043) !== linkOf([], 0x10043 ^ number);
    case 'addressFlag': {
      const flags = (value: number) => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(value);
        return addressOf([attribute(HEADERS.address.IFA_FLAGS, bytes)]);
      };
      const tentative = HEADERS.addressFlag.IFA_F_TENTATIVE;
      return flags(0) !== flags(number) || flags(tentative) !== flags(tentative | number);
    }
    case 'neighborFlag':
      return name.replace('NTF_', '') in Ntf;
    case 'neighborExtFlag':
      return name.replace('NTF_EXT_', name.startsWith('NTF_EXT_EXT_') ? '' : 'EXT_') in Ntf;
    case 'neighborState':
      return name.replace('NUD_', '') in Nud;
    default:
      throw new Error(`nothing tries ${group}`);
  }
}

/** The table: which names it has, and whether each is marked as read. */
function documented(): Map<string, boolean> {
  const rows = new Map<string, boolean>();
  const file = new URL('../../../docs/netlink.md', import.meta.url);
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, names, read, meaning] = line.split('|').map((cell) => cell.trim());
    if (!names?.startsWith('`')) continue;
    if ((read !== 'yes' && read !== 'no') || !meaning) throw new Error(`not a row: ${line}`);
    for (const [, name] of names.matchAll(/`(\w+)`/g)) {
      if (rows.has(name)) throw new Error(`${name} is in the table twice`);
      rows.set(name, read === 'yes');
    }
  }
  return rows;
}

test('every attribute of the headers is in docs/netlink.md, and no other', (t) => {
  const names = Object.values(HEADERS).flatMap((group) => Object.keys(group));
  t.deepEqual([...documented().keys()].sort(), names.sort());
  t.true(SINCE_6_12.every((name) => names.includes(name)));
});

test('what the decoders read is marked as read, and nothing else is', (t) => {
  const rows = documented();
  const wrong: string[] = [];
  for (const [group, names] of Object.entries(HEADERS) as [Group, Record<string, number>][])
    for (const [name, number] of Object.entries(names)) {
      const read = isRead(group, name, number);
      if (read !== rows.get(name)) wrong.push(`${name} is ${read ? 'read' : 'not read'}`);
    }
  t.deepEqual(wrong, []);
});
