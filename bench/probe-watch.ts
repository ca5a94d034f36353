/** How the probe hears of rows: a subscription to the kernel's notifications, sampled in the kernel. */
import * as K from '../src/linux/constants.js';
import { eachMessage } from '../src/linux/message.js';
import { native } from '../src/linux/native.js';
import { decodeNeigh } from '../src/linux/neigh-codec.js';
import { assemble, IF_ANY_BIT, IF_EQUAL, JUMP, LOAD_BYTE, RETURN } from '../src/linux/socket-filter.js';
import { message } from './probe-rows.js';
import { now } from './rpc.js';

/** Of so many routes the filter passes one. */
export const SAMPLE = 64;

/**
 * Passes a notification when the number of its route is a multiple of SAMPLE, by the last octet of the MAC (offset 37 of
 * an FDB row: NDA_LLADDR comes first) or of the IP (35 of a neighbor: NDA_DST comes first).
 */
export const SAMPLING = assemble([
  { code: LOAD_BYTE, k: 16 },
  { code: IF_EQUAL, k: K.AF_BRIDGE, jf: 2 },
  { code: LOAD_BYTE, k: 37 },
  { code: JUMP, k: 1 },
  { code: LOAD_BYTE, k: 35 },
  { code: IF_ANY_BIT, k: SAMPLE - 1, jf: 1 },
  { code: RETURN, k: 0 },
  { code: RETURN, k: 0xffffffff },
]);

const BUFFER = 1 << 20;
const memory = new ArrayBuffer(BUFFER);
const buffer = { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
const lengths = new Int32Array(4097);

/** A message of the kernel's: its type, its octets, and the time of their reading. */
export type Take = (type: number, bytes: Buffer, from: number, end: number, at: number) => void;

/** Of a subscription to RTNLGRP_NEIGH: decodes its rows. */
export function neighbors(visit: (gone: boolean, at: number) => void): Take {
  return (type, _bytes, from, end, at) => {
    if (type !== K.RTM_NEWNEIGH && type !== K.RTM_DELNEIGH) return;
    decodeNeigh(buffer, from, end, message);
    visit(type === K.RTM_DELNEIGH, at);
  };
}

/** A subscription to a group of rtnetlink's. */
export class Watch {
  readonly #socket = new (native().RawSocket)(K.AF_NETLINK, K.SOCK_RAW, K.NETLINK_ROUTE);
  lost = false;

  constructor(filter: Buffer | undefined, take: Take, group: number = K.RTNLGRP_NEIGH) {
    const address = Buffer.alloc(12);
    address.writeUInt16LE(K.AF_NETLINK, 0);
    const option = (level: number, name: number, value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      if (this.#socket.setOption(level, name, bytes) < 0) throw new Error(`socket option ${name}`);
    };
    this.#socket.bind(address);
    option(K.SOL_SOCKET, K.SO_RCVBUFFORCE, 256 << 20);
    if (filter && this.#socket.attachFilter(filter) < 0) throw new Error('the socket filter is refused');
    option(K.SOL_NETLINK, K.NETLINK_ADD_MEMBERSHIP, group);
    const read = () => {
      const count = this.#socket.receiveMany(buffer.bytes, 16 * 1024, lengths);
      const at = now();
      if (lengths[0] === K.ENOBUFS) this.lost = true;
      let start = 0;
      for (let i = 1; i <= count; i++) {
        eachMessage(buffer, start, lengths[i], (type, from, end) => take(type, buffer.bytes, from, end, at));
        start += (lengths[i] + 3) & ~3;
      }
    };
    this.#socket.watch(read, (error) => process.stderr.write(`probe: ${error}\n`));
  }

  close(): void {
    this.#socket.close();
  }
}
