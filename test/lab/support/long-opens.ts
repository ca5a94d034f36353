import type { ExecutionContext } from 'ava';
import { waitFor } from '../../../lab/index.js';
import {
  type Capability,
  decodeOpen,
  encodeOpen,
  MessageReader,
  MessageType,
} from '../../../src/wire/index.js';
import { OUR_AS, type PeerFabric } from './peer-fabric.js';

/** Connects to a host, says the octets, and prints what it hears up to the end of the second message. */
const PROGRAM = `
const [host, said] = process.argv.slice(1);
let heard = Buffer.alloc(0);
const socket = require('node:net').connect(179, host, () => socket.write(Buffer.from(said, 'hex')));
socket.on('data', (data) => {
  heard = Buffer.concat([heard, data]);
  const first = heard.length < 19 ? Infinity : heard.readUInt16BE(16);
  if (heard.length < first + 19) return;
  process.stdout.write(heard.toString('hex'));
  socket.destroy();
});
`;

/** More capabilities than fit the short form, which a peer passes over that does not know them. */
const MANY = Array.from(
  { length: 20 },
  (): Capability => ({ code: 'unknown', rawCode: 239, value: Buffer.alloc(18) }),
);

/**
 * Says an OPEN of ours to the peer, and resolves with the body of its OPEN and the type of its next message. FRR closes a connection without
 * a word while the neighbor is idle, as for a moment after the one before.
 */
function greet(
  peer: PeerFabric,
  host: string,
  more: readonly Capability[],
): Promise<{ open: Buffer; next: MessageType }> {
  return waitFor(() => greetOnce(peer, host, more), { what: 'an answer to our OPEN', interval: 500 });
}

async function greetOnce(
  { fabric }: PeerFabric,
  host: string,
  more: readonly Capability[],
): Promise<{ open: Buffer; next: MessageType }> {
  const said = encodeOpen({
    version: 4,
    myAs: OUR_AS,
    holdTime: 9,
    routerId: 1,
    capabilities: [{ code: 1, afi: 1, safi: 1 }, { code: 65, asn: OUR_AS }, ...more],
  });
  const { stdout } = await fabric.exec('leaf1', process.execPath, '-e', PROGRAM, host, said.toString('hex'));
  const reader = new MessageReader();
  reader.push(Buffer.from(stdout, 'hex'));
  const open = Buffer.from(reader.next()?.body ?? '');
  const next = reader.next();
  if (next === undefined) throw new Error(`${host} answered '${stdout}' alone`);
  return { open, next: next.type };
}

/**
 * OPENs with extended optional parameters (RFC 9072) between FRR and what evpnd writes and reads. `enable` has FRR send the long form,
 * after which it takes the short one no more.
 */
export async function longOpens(
  t: ExecutionContext,
  peer: PeerFabric,
  host: string,
  enable: () => Promise<unknown>,
): Promise<void> {
  const short = await greet(peer, host, MANY);
  t.is(short.next, MessageType.KEEPALIVE);
  t.not(short.open[9], 255);
  await enable();
  const { open, next } = await greet(peer, host, MANY);
  t.is(next, MessageType.KEEPALIVE);
  // Version, AS, hold time and identifier, then both octets that say that a longer length follows
  t.deepEqual([...open.subarray(9, 11)], [255, 255]);
  t.deepEqual(decodeOpen(open).capabilities, decodeOpen(short.open).capabilities);
  t.is((await greet(peer, host, [])).next, MessageType.NOTIFICATION);
}
