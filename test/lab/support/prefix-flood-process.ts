/**
 * A BGP neighbor that announces IPv4 prefixes without end: it connects from ADDRESS to NEIGHBOR, opens the session for IPv4
 * unicast, and for each line `announce FROM TO LENGTH` of its standard input announces the prefixes of these numbers, as fast as
 * it is read, and prints `announced`. Each set of attributes has a few of them, as in the Internet's table. It prints
 * `established` at the first KEEPALIVE, each NOTIFICATION as `notification CODE/SUBCODE`, and `closed` at the end of the
 * connection.
 *
 *   node prefix-flood-process.js ADDRESS ASN NEIGHBOR
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Ip, parseIp } from '../../../src/types/index.js';
import { IPV4_UNICAST, MessageType, UpdateEncoder } from '../../../src/wire/index.js';
import { peerSocket } from './peer-socket.js';

/** Prefixes with the same attributes, and prefixes that are made at a time. */
const OF_A_SET = 12;
const AT_A_TIME = 1_200;

const [address, asn, neighbor] = process.argv.slice(2);
const say = (line: string) => void process.stdout.write(`${line}\n`);
const encoder = new UpdateEncoder(
  { fourOctetAs: true, internal: false, localAsn: Number(asn), maxMessageLength: 4096 },
  IPV4_UNICAST,
);
let established = false;
const socket = peerSocket({
  address,
  asn: Number(asn),
  neighbor,
  family: { afi: 1, safi: 1 },
  onMessage({ type, body }) {
    if (type === MessageType.KEEPALIVE && !established) {
      established = true;
      say('established');
    }
    if (type === MessageType.NOTIFICATION) say(`notification ${body[0]}/${body[1]}`);
  },
});
socket.on('error', () => socket.destroy());
socket.on('close', () => {
  say('closed');
  process.exit(0);
});
/** Prefix `i` of a length, from 32.0.0.0 on. */
const prefixAt = (i: number, length: number) => ({
  type: 0 as const,
  prefixLength: length,
  prefix: (0x20_00_00_00 + i * 2 ** (32 - length)) as Ip,
});

async function announce(from: number, to: number, length: number): Promise<void> {
  const nextHop = parseIp(address);
  for (let first = from; first < to && !socket.destroyed; first += AT_A_TIME) {
    const messages: Buffer[] = [];
    for (let set = first; set < Math.min(to, first + AT_A_TIME); set += OF_A_SET) {
      const prepend = [100_000 + (set % 5_000), 200_000 + set];
      const attributes = { nextHop, extendedCommunities: [], pmsiTunnel: undefined, prepend };
      const count = Math.min(OF_A_SET, to - set);
      messages.push(
        ...encoder.announce(
          attributes,
          Array.from({ length: count }, (_, n) => prefixAt(set + n, length)),
        ),
      );
    }
    if (!socket.write(Buffer.concat(messages))) await once(socket, 'drain');
  }
  say('announced');
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [, from, to, length] = line.split(' ').map(Number);
  announce(from, to, length).catch(() => socket.destroy());
});
lines.on('close', () => socket.destroy());
