/**
 * Locks the bridge port that is named on the command line, with MAC authentication bypass: hosts that no row authorises
 * get a locked row and no traffic. For releases of iproute2 that do not know `mab` (before 6.2).
 */
import { readFileSync } from 'node:fs';
import { native } from '../../../src/linux/index.js';
import { HEADERS } from '../../linux/support/netlink-headers.js';

const AF_BRIDGE = 7;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const RTM_SETLINK = 19;
const NLM_F_REQUEST_ACK = 0x5;
const NLA_F_NESTED = 0x8000;

const [, , port] = process.argv;
const { link, port: settings } = HEADERS;
const request = Buffer.alloc(52);
request.writeUInt32LE(request.length, 0);
request.writeUInt16LE(RTM_SETLINK, 4);
request.writeUInt16LE(NLM_F_REQUEST_ACK, 6);
request.writeUInt8(AF_BRIDGE, 16);
request.writeInt32LE(Number(readFileSync(`/sys/class/net/${port}/ifindex`, 'utf8')), 20);
request.writeUInt16LE(20, 32);
request.writeUInt16LE(link.IFLA_PROTINFO | NLA_F_NESTED, 34);
[settings.IFLA_BRPORT_LOCKED, settings.IFLA_BRPORT_MAB].forEach((type, i) => {
  request.writeUInt16LE(5, 36 + i * 8);
  request.writeUInt16LE(type, 38 + i * 8);
  request.writeUInt8(1, 40 + i * 8);
});

const socket = new (native().RawSocket)(AF_NETLINK, SOCK_RAW, 0);
try {
  socket.send(request, 0, request.length);
  const answer = Buffer.alloc(4096);
  const lengths = new Int32Array(2);
  const datagrams = socket.receiveMany(answer, answer.length, lengths);
  const errno = datagrams === 1 ? -answer.readInt32LE(16) : -1;
  if (errno !== 0) throw new Error(`the kernel does not lock ${port}: errno ${errno}`);
} finally {
  socket.close();
}
