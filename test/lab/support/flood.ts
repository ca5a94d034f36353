/**
 * Sends gratuitous ARP of made-up hosts, each with a MAC and an IP of its own, by a device of the network namespace that
 * it runs in: as fast as the socket takes them.
 *
 *   node flood.js DEVICE COUNT
 */
import { readFileSync } from 'node:fs';
import { native } from '../../../src/linux/index.js';
import { formatIp, formatMac, type Ipv4, type Mac, parseMac } from '../../../src/types/index.js';
import { gratuitousArp } from './frames.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const FIRST_MAC = parseMac('02:dd:00:00:00:00');
const FIRST_IP = 0x14000001;

const [device, count] = process.argv.slice(2);
const address = Buffer.alloc(20);
address.writeUInt16LE(AF_PACKET, 0);
address.writeInt32LE(Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8')), 4);
const socket = new (native().RawSocket)(AF_PACKET, SOCK_RAW, 0);
for (let n = 0; n < Number(count); n++) {
  const frame = gratuitousArp(formatMac((FIRST_MAC + n) as Mac), formatIp((FIRST_IP + n) as Ipv4));
  socket.sendTo(frame, 0, frame.length, address);
}
socket.close();
