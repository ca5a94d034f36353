/**
 * Prints the FDB and neighbor rows of the network namespace that it runs in as JSON, undecoded but for the names of
 * devices: what iproute2 hides (state and flags it does not print, attributes it does not know) is in it. It trusts
 * neither iproute2's decoder nor ours: it uses the raw socket alone.
 */
import { execFileSync } from 'node:child_process';
import { native } from '../../../src/linux/index.js';

/** A row as RTM_GETNEIGH gives it (include/uapi/linux/neighbour.h). */
export interface RawRow {
  family: number;
  device: string;
  /** NUD_* bits. */
  state: number;
  /** NTF_* bits. */
  flags: number;
  type: number;
  /** By NDA_* number: hexadecimal, but names of devices where an attribute is an ifindex. */
  attributes: Record<number, string>;
}

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_GETNEIGH = 30;
const NLM_F_REQUEST_DUMP = 0x301;
const NDA_CACHEINFO = 3;
const NDA_PROBES = 4;
const NDA_IFINDEX = 8;
const NDA_MASTER = 9;

function deviceNames(): Map<number, string> {
  const links: { ifindex: number; ifname: string }[] = JSON.parse(
    execFileSync('ip', ['-json', 'link'], { encoding: 'utf8' }),
  );
  return new Map(links.map(({ ifindex, ifname }) => [ifindex, ifname]));
}

function rawRow(message: Buffer, names: ReadonlyMap<number, string>): RawRow {
  const name = (ifindex: number) => names.get(ifindex) ?? `device ${ifindex}`;
  const row: RawRow = {
    family: message.readUInt8(16),
    device: name(message.readInt32LE(20)),
    state: message.readUInt16LE(24),
    flags: message.readUInt8(26),
    type: message.readUInt8(27),
    attributes: {},
  };
  for (let at = 28; at + 4 <= message.length; ) {
    const length = message.readUInt16LE(at);
    const type = message.readUInt16LE(at + 2);
    const value = message.subarray(at + 4, at + length);
    // Times and counts differ from one look to the next.
    if (type !== NDA_CACHEINFO && type !== NDA_PROBES)
      row.attributes[type] =
        type === NDA_IFINDEX || type === NDA_MASTER ? name(value.readInt32LE(0)) : value.toString('hex');
    at += (length + 3) & ~3;
  }
  return row;
}

/** Every row of one address family. */
function dump(family: number, names: ReadonlyMap<number, string>): RawRow[] {
  const socket = new (native().RawSocket)(AF_NETLINK, SOCK_RAW, 0);
  const request = Buffer.alloc(28);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(RTM_GETNEIGH, 4);
  request.writeUInt16LE(NLM_F_REQUEST_DUMP, 6);
  request.writeUInt8(family, 16);
  const rows: RawRow[] = [];
  const buffer = Buffer.alloc(1 << 20);
  const lengths = new Int32Array(64);
  try {
    if (socket.send(request, 0, request.length) !== request.length)
      throw new Error('the request was not taken');
    for (;;) {
      const datagrams = socket.receiveMany(buffer, 1 << 16, lengths);
      if (datagrams <= 0) throw new Error(`the dump ended without its end: errno ${lengths[0]}`);
      for (let i = 0, at = 0; i < datagrams; at += (lengths[1 + i] + 3) & ~3, i++) {
        for (let next = at; next < at + lengths[1 + i]; ) {
          const length = buffer.readUInt32LE(next);
          const type = buffer.readUInt16LE(next + 4);
          if (type === NLMSG_DONE) return rows;
          if (type === NLMSG_ERROR)
            throw new Error(`the kernel refuses the dump: ${buffer.readInt32LE(next + 16)}`);
          rows.push(rawRow(buffer.subarray(next, next + length), names));
          next += (length + 3) & ~3;
        }
      }
    }
  } finally {
    socket.close();
  }
}

const AF_INET = 2;
const AF_BRIDGE = 7;
const AF_INET6 = 10;
const names = deviceNames();
process.stdout.write(JSON.stringify([AF_BRIDGE, AF_INET, AF_INET6].flatMap((family) => dump(family, names))));
