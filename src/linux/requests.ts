import { allocateMessages, eachMessage, type MessageBuffer, NetlinkFormatError } from './message.js';
import { type Exchange, type NetlinkSockets, native } from './native.js';
import { RouteSocket } from './route-socket.js';

/** Octets of answers; what finds no room stays in the socket (native/exchange.c). */
const ANSWERS = 512 * 1024;
const MAX_ANSWERS = 4096;
/** Bulks that may be on the thread together: one is sent and the next waits. */
const BULKS = 2;

/** Datagrams of requests, and what was answered. */
export class Bulk {
  /** Where the caller writes its requests; lent while they are on the thread. */
  readonly out: MessageBuffer;
  readonly answered = allocateMessages(ANSWERS);
  readonly lengths: Int32Array;
  readonly outcome: Int32Array;
  datagrams = 0;

  constructor(octets: number, datagrams: number) {
    this.out = allocateMessages(octets);
    this.lengths = new Int32Array(datagrams);
    this.outcome = new Int32Array(1 + datagrams + MAX_ANSWERS);
  }

  /** The next datagram is so many words long, behind the ones before. */
  add(words: number): void {
    this.lengths[this.datagrams++] = words << 2;
  }

  /** The errno of sending datagram i, 0 for none. */
  sent(datagram: number): number {
    return this.outcome[1 + datagram];
  }

  /** Visits every message that was answered; one that is garbled is no answer. */
  answers(visit: (buffer: MessageBuffer, type: number, at: number, end: number) => void): void {
    const count = this.outcome[0];
    let start = 0;
    for (let i = 0; i < count; i++) {
      const length = this.outcome[1 + this.datagrams + i];
      try {
        eachMessage(this.answered, start, length, (type, at, end) => visit(this.answered, type, at, end));
      } catch (error) {
        if (!(error instanceof NetlinkFormatError)) throw error;
      }
      start += (length + 3) & ~3;
    }
  }
}

/**
 * Requests to rtnetlink and their answers. It works in the sender's context, so that every answer waits when send
 * returns: nothing is ever waited for. Bulks may go on another thread, one behind the other.
 */
export class Requests {
  readonly #socket: RouteSocket;
  readonly #exchange: Exchange;
  readonly #bulks: readonly Bulk[];
  #next = 0;
  #sequence = 0;

  /** Room for so many datagrams in a bulk, and so many octets of them. Throws NetlinkError where the kernel refuses a socket. */
  constructor(octets: number, datagrams: number, sockets: NetlinkSockets = native()) {
    this.#socket = new RouteSocket(4096, 4096, { receiveBuffer: 1 << 20, sendBuffer: 1 << 18, sockets });
    this.#bulks = Array.from({ length: BULKS }, () => new Bulk(octets, datagrams));
    this.#exchange = new sockets.Exchange(this.#socket.fd);
  }

  /** Reserves sequence numbers and returns the first; they start anew before they leave 32 bits. */
  reserve(count: number): number {
    if (this.#sequence + count > 0xffffffff) this.#sequence = 0;
    const first = this.#sequence + 1;
    this.#sequence += count;
    return first;
  }

  /** An empty bulk: the one that was begun before the latest, of which nothing is wanted any more. */
  begin(): Bulk {
    const bulk = this.#bulks[this.#next];
    this.#next = (this.#next + 1) % BULKS;
    bulk.datagrams = 0;
    return bulk;
  }

  /** Sends the datagrams and reads what is answered; nothing may be on the thread. */
  run({ out, lengths, datagrams, answered, outcome }: Bulk): void {
    this.#exchange.run(out.bytes, lengths, datagrams, answered.bytes, outcome);
  }

  /**
   * The same on another thread, behind what is there already; `done` is called from the event loop when all is answered.
   * False where there is no thread: then nothing has been sent.
   */
  launch({ out, lengths, datagrams, answered, outcome }: Bulk, done: () => void): boolean {
    return this.#exchange.start(out.bytes, lengths, datagrams, answered.bytes, outcome, done) === 0;
  }

  /** Waits until all that was launched is answered; `done` is called later all the same. */
  finish(): void {
    this.#exchange.finish();
  }

  /** Waits for what was launched, whose `done` is not called any more. */
  close(): void {
    this.#exchange.close();
    this.#socket.close();
  }
}
