import { allocateMessages, eachMessage, type MessageBuffer, NetlinkFormatError } from './message.js';
import { type Exchange, native } from './native.js';
import { RouteSocket } from './route-socket.js';

/** Octets of answers; what finds no room stays in the socket (native/exchange.c). */
const ANSWERS = 512 * 1024;
const MAX_ANSWERS = 4096;

/**
 * Requests to rtnetlink and their answers. It works in the sender's context, so that every answer waits when send
 * returns: nothing is ever waited for. A bulk may go on another thread, one at a time.
 */
export class Requests {
  /** Where the caller writes its requests; `launch` lends it. */
  readonly out: MessageBuffer;
  readonly #socket = new RouteSocket(4096, 4096, { receiveBuffer: 1 << 20, sendBuffer: 1 << 18 });
  readonly #exchange: Exchange;
  readonly #answers = allocateMessages(ANSWERS);
  readonly #lengths: Int32Array;
  readonly #outcome: Int32Array;
  #datagrams = 0;
  #sequence = 0;

  /** Room for so many datagrams, and so many octets of them. Throws NetlinkError where the kernel refuses a socket. */
  constructor(octets: number, datagrams: number) {
    this.out = allocateMessages(octets);
    this.#lengths = new Int32Array(datagrams);
    this.#outcome = new Int32Array(1 + datagrams + MAX_ANSWERS);
    this.#exchange = new (native().Exchange)(this.#socket.fd);
  }

  /** Reserves sequence numbers and returns the first; they start anew before they leave 32 bits. */
  reserve(count: number): number {
    if (this.#sequence + count > 0xffffffff) this.#sequence = 0;
    const first = this.#sequence + 1;
    this.#sequence += count;
    return first;
  }

  /** Forgets the datagrams before. */
  begin(): void {
    this.#datagrams = 0;
  }

  /** The next datagram is so many words long, behind the ones before. */
  add(words: number): void {
    this.#lengths[this.#datagrams++] = words << 2;
  }

  /** Sends the datagrams and reads what is answered. */
  run(): void {
    this.#exchange.run(this.out.bytes, this.#lengths, this.#datagrams, this.#answers.bytes, this.#outcome);
  }

  /**
   * The same on another thread; `done` is called from the event loop when all is answered. False where there is none:
   * then nothing has been sent.
   */
  launch(done: () => void): boolean {
    const { bytes } = this.out;
    const answers = this.#answers.bytes;
    return this.#exchange.start(bytes, this.#lengths, this.#datagrams, answers, this.#outcome, done) === 0;
  }

  /** Waits until what was launched is answered; `done` is called later all the same. */
  finish(): void {
    this.#exchange.finish();
  }

  /** The errno of sending datagram i, 0 for none. */
  sent(datagram: number): number {
    return this.#outcome[1 + datagram];
  }

  /** Visits every message that was answered; one that is garbled is no answer. */
  answers(visit: (buffer: MessageBuffer, type: number, at: number, end: number) => void): void {
    const count = this.#outcome[0];
    let start = 0;
    for (let i = 0; i < count; i++) {
      const length = this.#outcome[1 + this.#datagrams + i];
      try {
        eachMessage(this.#answers, start, length, (type, at, end) => visit(this.#answers, type, at, end));
      } catch (error) {
        if (!(error instanceof NetlinkFormatError)) throw error;
      }
      start += (length + 3) & ~3;
    }
  }

  /** Waits for what was launched, whose `done` is not called any more. */
  close(): void {
    this.#exchange.close();
    this.#socket.close();
  }
}
