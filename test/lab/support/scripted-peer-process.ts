/**
 * A BGP neighbor that says what it is told and nothing else: it connects from ADDRESS to NEIGHBOR, opens the session for
 * L2VPN EVPN, keeps it alive, and writes each line of hexadecimal octets from its standard input as they are, in one go.
 * After the line `stop reading` it leaves unread what comes. It prints `established` at each KEEPALIVE, and each UPDATE's
 * body as `update HEX`.
 *
 *   node scripted-peer-process.js ADDRESS ASN NEIGHBOR
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { type Ipv4, parseIp } from '../../../src/types/index.js';
import { encodeKeepalive, encodeOpen, MessageReader, MessageType } from '../../../src/wire/index.js';

const [address, asn, neighbor] = process.argv.slice(2);
const reader = new MessageReader();
const socket = connect({ host: neighbor, port: 179, localAddress: address, noDelay: true }, () => {
  socket.write(
    encodeOpen({
      version: 4,
      myAs: Number(asn),
      holdTime: 90,
      routerId: parseIp(address) as Ipv4,
      capabilities: [
        { code: 1, afi: 25, safi: 70 },
        { code: 65, asn: Number(asn) },
      ],
    }),
  );
});
socket.on('data', (chunk) => {
  reader.push(chunk);
  for (let message = reader.next(); message; message = reader.next()) {
    if (message.type === MessageType.OPEN) socket.write(encodeKeepalive());
    if (message.type === MessageType.KEEPALIVE) process.stdout.write('established\n');
    if (message.type === MessageType.UPDATE) process.stdout.write(`update ${message.body.toString('hex')}\n`);
  }
});
socket.on('error', (error) => {
  process.stdout.write(`error: ${error.message}\n`);
  process.exit(1);
});
socket.on('close', () => process.exit(0));
setInterval(() => socket.write(encodeKeepalive()), 2_000);
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (line === 'stop reading') socket.pause();
  else socket.write(Buffer.from(line, 'hex'));
});
lines.on('close', () => socket.destroy());
