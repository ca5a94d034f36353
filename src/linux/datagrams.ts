import * as K from './constants.js';
import { ifindexOf, ttlOf } from './control-messages.js';
import type { RawSocket } from './native.js';
import { SOCKADDR_ROOM } from './socket-address.js';

/** Octets of the cmsgs of one datagram. */
const CONTROL = 64;

/** A datagram; `bytes` and `sender`, the sockaddr, are valid until the next reading. */
export interface Datagram {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
  readonly sender: Buffer;
  /** TTL or hop limit; 0 where the socket does not ask for it. */
  readonly ttl: number;
  /** Of the interface that it came by; likewise. */
  readonly ifindex: number;
}

/** Reads datagrams with their senders and TTLs, many in one call. */
export class DatagramReader {
  readonly #bytes: Buffer;
  readonly #lengths: Int32Array;
  readonly #addresses: Buffer;
  readonly #controls: Buffer;
  readonly #room: number;

  /** `batch`: datagrams of one reading; `room`: octets of one, the longer are lost. */
  constructor(batch: number, room: number) {
    this.#bytes = Buffer.alloc(batch * room);
    this.#lengths = new Int32Array(1 + 3 * batch);
    this.#addresses = Buffer.alloc(batch * SOCKADDR_ROOM);
    this.#controls = Buffer.alloc(batch * CONTROL);
    this.#room = room;
  }

  /** Reads once and passes on each datagram until the socket is closed. True where more may wait. */
  read(socket: RawSocket, each: (datagram: Datagram) => void): boolean {
    const bytes = this.#bytes;
    const lengths = this.#lengths;
    const count = socket.receiveManyFrom(
      bytes,
      this.#room,
      lengths,
      this.#addresses,
      SOCKADDR_ROOM,
      this.#controls,
      CONTROL,
    );
    const ended = lengths[0];
    for (let i = 0, start = 0; i < count && socket.fd >= 0; i++) {
      const length = lengths[1 + 3 * i];
      const sender = this.#addresses.subarray(i * SOCKADDR_ROOM, (i + 1) * SOCKADDR_ROOM);
      const ttl = ttlOf(this.#controls, i * CONTROL, lengths[3 + 3 * i]);
      const ifindex = ifindexOf(this.#controls, i * CONTROL, lengths[3 + 3 * i]);
      each({ bytes, start, length, sender, ttl, ifindex });
      start += (length + 3) & ~3;
    }
    return count > 0 || ended === 0 || ended === K.EMSGSIZE;
  }
}
