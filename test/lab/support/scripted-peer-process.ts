/**
 * A BGP neighbor that says what it is told and nothing else: it connects from ADDRESS to NEIGHBOR, opens the session for
 * L2VPN EVPN, keeps it alive, and writes each line of hexadecimal octets from its standard input as they are, in one go.
 * After the line `stop reading` it leaves unread what comes, until `read again`. It prints `established` at each KEEPALIVE, and each UPDATE's
 * body as `update HEX`.
 *
 *   node scripted-peer-process.js ADDRESS ASN NEIGHBOR
 */
import { createInterface } from 'node:readline';
import { MessageType } from '../../../src/wire/index.js';
import { peerSocket } from './peer-socket.js';

const [address, asn, neighbor] = process.argv.slice(2);
const socket = peerSocket({
  address,
  asn: Number(asn),
  neighbor,
  family: { afi: 25, safi: 70 },
  onMessage({ type, body }) {
    if (type === MessageType.KEEPALIVE) process.stdout.write('established\n');
    if (type === MessageType.UPDATE) process.stdout.write(`update ${body.toString('hex')}\n`);
  },
});
socket.on('error', (error) => {
  process.stdout.write(`error: ${error.message}\n`);
  process.exit(1);
});
socket.on('close', () => process.exit(0));
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (line === 'stop reading') socket.pause();
  else if (line === 'read again') socket.resume();
  else socket.write(Buffer.from(line, 'hex'));
});
lines.on('close', () => socket.destroy());
