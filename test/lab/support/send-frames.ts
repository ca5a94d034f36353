/**
 * Sends frames, given in hexadecimal octets, by a device of the network namespace that it runs in.
 *
 *   node send-frames.js DEVICE FRAME...
 */
import { readFileSync } from 'node:fs';
import { native } from '../../../src/linux/index.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;

const [device, ...frames] = process.argv.slice(2);
const address = Buffer.alloc(20);
address.writeUInt16LE(AF_PACKET, 0);
address.writeInt32LE(Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8')), 4);
const socket = new (native().RawSocket)(AF_PACKET, SOCK_RAW, 0);
for (const hex of frames) {
  const frame = Buffer.from(hex, 'hex');
  const sent = socket.sendTo(frame, 0, frame.length, address);
  if (sent !== frame.length) throw new Error(`sending a frame by ${device}: ${sent}`);
}
socket.close();
