/**
 * Prints every change of FDB and neighbor rows in the network namespace that it runs in, a line of JSON each, as
 * `NeighEvent` has it. It decodes for itself, with the raw socket alone, so that a test does not trust our codecs twice.
 */
import { execFileSync } from 'node:child_process';
import { native } from '../../../src/linux/index.js';

/** An RTM_NEWNEIGH or RTM_DELNEIGH as the kernel sent it. */
export interface NeighEvent {
  /** Milliseconds since 1970. */
  at: number;
  gone: boolean;
  /** Of the socket whose request caused it; 0 where the kernel acted by itself, and for FDB rows always. */
  port: number;
  family: number;
  device: string;
  /** The bridge, for rows of a bridge's FDB. */
  master: string | undefined;
  mac: string | undefined;
  /** Hexadecimal: a neighbor's IP, or the VTEP of a row of a VXLAN device. */
  dst: string | undefined;
  /** NUD_* and NTF_* bits. */
  state: number;
  flags: number;
}

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const EAGAIN = 11;
const SO_RCVBUFFORCE = 33;
const RTM_NEWLINK = 16;
const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const IFLA_IFNAME = 3;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDA_MASTER = 9;
/** Bits of RTNLGRP_LINK and RTNLGRP_NEIGH. */
const GROUPS = 1 | 4;

const names = new Map<number, string>();

function attributes(message: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + 4 <= message.length; ) {
    const length = message.readUInt16LE(at);
    if (length < 4) break;
    found.set(message.readUInt16LE(at + 2) & 0x3fff, message.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

function macText(octets: Buffer | undefined): string | undefined {
  return octets?.length === 6 ? (octets.toString('hex').match(/../g) ?? []).join(':') : undefined;
}

function neighEvent(message: Buffer, type: number): NeighEvent {
  const found = attributes(message, 28);
  const name = (ifindex: number) => names.get(ifindex) ?? `device ${ifindex}`;
  return {
    at: Date.now(),
    gone: type === RTM_DELNEIGH,
    port: message.readUInt32LE(12),
    family: message.readUInt8(16),
    device: name(message.readInt32LE(20)),
    master: found.has(NDA_MASTER) ? name(found.get(NDA_MASTER)?.readInt32LE(0) ?? 0) : undefined,
    mac: macText(found.get(NDA_LLADDR)),
    dst: found.get(NDA_DST)?.toString('hex'),
    state: message.readUInt16LE(24),
    flags: message.readUInt8(26),
  };
}

function linkName(message: Buffer): void {
  const name = attributes(message, 32).get(IFLA_IFNAME);
  if (name) names.set(message.readInt32LE(20), name.toString('utf8', 0, name.indexOf(0)));
}

const socket = new (native().RawSocket)(AF_NETLINK, SOCK_RAW, 0);
const size = Buffer.alloc(4);
size.writeUInt32LE(256 << 20);
socket.setOption(SOL_SOCKET, SO_RCVBUFFORCE, size);
const address = Buffer.alloc(12);
address.writeUInt16LE(AF_NETLINK, 0);
address.writeUInt32LE(GROUPS, 8);
if (socket.bind(address) < 0) throw new Error('the socket takes no groups');
for (const { ifindex, ifname } of JSON.parse(execFileSync('ip', ['-json', 'link'], { encoding: 'utf8' })) as {
  ifindex: number;
  ifname: string;
}[])
  names.set(ifindex, ifname);

const buffer = Buffer.alloc(4 << 20);
const lengths = new Int32Array(4096);
const fail = (reason: unknown): never => {
  process.stdout.write(`${JSON.stringify({ lost: String(reason) })}\n`);
  process.exit(1);
};

socket.watch(() => {
  const datagrams = socket.receiveMany(buffer, 1 << 16, lengths);
  if (lengths[0] !== 0 && lengths[0] !== EAGAIN) fail(`errno ${lengths[0]}`);
  let lines = '';
  for (let i = 0, at = 0; i < datagrams; at += (lengths[1 + i] + 3) & ~3, i++)
    for (let next = at; next < at + lengths[1 + i]; ) {
      const length = buffer.readUInt32LE(next);
      const type = buffer.readUInt16LE(next + 4);
      const message = buffer.subarray(next, next + length);
      if (type === RTM_NEWLINK) linkName(message);
      if (type === RTM_NEWNEIGH || type === RTM_DELNEIGH)
        lines += `${JSON.stringify(neighEvent(message, type))}\n`;
      next += (length + 3) & ~3;
    }
  if (lines) process.stdout.write(lines);
}, fail);
process.stdout.write('{"ready":true}\n');
