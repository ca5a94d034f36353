import {
  type Flight,
  kindOf,
  type Operation,
  type OperationResult,
  resultOfParts,
  SUCCESS,
} from '../dataplane/index.js';
import { emptyList, type Ip, type Mac } from '../types/index.js';
import * as K from './constants.js';
import { encodeOperation } from './kernel-tables/index.js';
import { ROUTE_MESSAGE_MAX } from './kernel-tables/route-codec.js';
import { type MessageBuffer, messageSequence } from './message.js';
import type { NetlinkSockets } from './native.js';
import { decodeNeigh, type NeighMessage, newNeighMessage } from './neigh-codec.js';
import { encodeVlanFlush } from './neigh-requests.js';
import { type Bulk, Requests } from './requests.js';
import { decodeError, NetlinkError } from './route-socket.js';
import { decodeWay, encodeRouteGet, encodeSetting, type Setting, type Way } from './settings-codec.js';

/** Messages of one sendmsg: of 32 to 256 all are equally fast, and 128 errors fit any receive buffer. */
const BATCH = 128;
/** Messages sent in one go: as many as the data plane writes together. */
const BULK = 512;
/** Fewer are sent before a thread has woken up. */
const WORTH_A_THREAD = 64;
/**
 * But as long as they are no more than so many a second, and a tenth of that at once, they go on the thread all the same: nobody can tell
 * whether the kernel's lock is free, and the event loop would wait until it is. The thread costs some 30 µs each time, of which a
 * thousand moves a second have none to spare.
 */
const SMALL_A_SECOND = 200;
/** What has taken so many milliseconds here, of which the kernel needs less than two for a bulk, has waited for its lock (RTNL). */
const HELD_UP = 3;
/** The same of what was on the thread, in whose time turns of the event loop count as well. */
const HELD_UP_LAUNCHED = 100;
/** Whoever holds the lock for that long does it again: for so many milliseconds even a single operation is worth a thread. */
const AGAIN_WITHIN = 5_000;
/** And for so many times as long as it was held, where that is more: devices are deleted by the hundred again and again. */
const AGAIN_TIMES = 60;

const UNANSWERED: OperationResult = Object.freeze({
  errno: K.ENOBUFS,
  message: "the kernel's answer was lost",
});

/** Tells whether a port maps a VLAN to a VNI. */
export type IsMapped = (port: number, vlan: number) => boolean;

/** How many may be on their way together: the kernel goes on to the second while the event loop looks at the first. */
const MOST_LAUNCHED = 2;

interface Launched {
  readonly operations: readonly Operation[];
  readonly sent: Sent;
  readonly isMapped: IsMapped;
  readonly flight: Flight;
  readonly begun: number;
  /** As the kernel answered, once that is read. */
  results: OperationResult[] | undefined;
  /** What failed has been done otherwise where that can be. */
  retried: boolean;
}

/** Requests, and the sequence number of their first. */
interface Sent {
  readonly bulk: Bulk;
  readonly base: number;
}

/**
 * Sends requests and reads their answers. The kernel answers each failed message by its sequence number and goes on; the
 * ACK that the last one of a datagram asks for is the fence.
 */
export class Programmer {
  readonly #requests: Requests;
  readonly #row = newNeighMessage();
  /** The port of the socket that writes; undefined until the kernel has answered. */
  port: number | undefined;
  /** In the order of launching; they stay until their end is reported. */
  readonly #launched: Launched[] = [];
  /** Who waits until nothing is under way. */
  readonly #settling = emptyList<() => void>();
  readonly #now: () => number;
  /** How many small ones may go on the thread, as of `#smallAt`; below 0 where too many have gone elsewhere. */
  #smallLeft = 0;
  #smallAt = Number.MIN_SAFE_INTEGER;
  readonly #smallASecond: number;
  /** Until when others are likely to hold the kernel's lock. */
  #heldUpUntil = Number.NEGATIVE_INFINITY;

  /** `now`: milliseconds on a monotonic scale. */
  constructor(
    sockets?: NetlinkSockets,
    now: () => number = () => performance.now(),
    smallASecond = SMALL_A_SECOND,
  ) {
    this.#now = now;
    this.#smallASecond = smallASecond;
    this.#requests = new Requests(BULK * ROUTE_MESSAGE_MAX, BULK / BATCH, sockets);
  }

  /** Applies operations in order and gives a result for each; never throws for what the kernel answers. */
  apply(operations: readonly Operation[], isMapped: IsMapped = () => true): OperationResult[] {
    this.land();
    return this.#carryOut(operations, isMapped);
  }

  #carryOut(operations: readonly Operation[], isMapped: IsMapped): OperationResult[] {
    const results: OperationResult[] = new Array(operations.length).fill(UNANSWERED);
    for (let first = 0; first < operations.length; first += BULK) {
      const last = Math.min(first + BULK, operations.length);
      const sent = this.#encode(operations, first, last);
      this.#run(sent.bulk);
      this.#read(sent, first, last, results);
    }
    this.#retryFailed(operations, results, isMapped);
    return results;
  }

  /** Sends the requests and reads their answers, while the event loop waits: for as long as others hold the kernel's lock. */
  #run(bulk: Bulk): void {
    const begun = this.#now();
    this.#requests.run(bulk);
    const end = this.#now();
    if (end - begun >= HELD_UP) this.#heldUp(begun, end);
    this.#spendSmall();
  }

  #heldUp(begun: number, end: number): void {
    const until = end + Math.max(AGAIN_WITHIN, AGAIN_TIMES * (end - begun));
    this.#heldUpUntil = Math.max(this.#heldUpUntil, until);
  }

  /**
   * True where a thread is free for so many operations and worth it, and each of them may be launched. While others hold the kernel's
   * lock for long, or these are few, it is worth it for any number, or the event loop would wait with them; but none of these small ones
   * goes behind another, whose echoes it could not hide.
   */
  mayLaunch(operations: readonly Operation[]): boolean {
    const count = operations.length;
    const least = this.#launched.length === 0 && this.#mayBeSmall() ? 1 : WORTH_A_THREAD;
    if (this.#launched.length === MOST_LAUNCHED || count < least || count > BULK) return false;
    let latest: Operation['table'] | undefined;
    for (let i = 0; i < count; i++) {
      const operation = operations[i];
      if (operation.table === latest) continue;
      if (!kindOf(operation).flies) return false;
      latest = operation.table;
    }
    return true;
  }

  #mayBeSmall(): boolean {
    const now = this.#now();
    if (now < this.#heldUpUntil) return true;
    this.#spendSmall(0);
    return this.#smallLeft >= 1;
  }

  /** Counts them wherever they go: while there are too many none goes on the thread. */
  #spendSmall(spent = 1): void {
    const now = this.#now();
    const most = this.#smallASecond / 10;
    const more = ((now - this.#smallAt) * this.#smallASecond) / 1_000;
    this.#smallLeft = Math.max(-most, Math.min(most, this.#smallLeft + more) - spent);
    this.#smallAt = now;
  }

  /** Something was launched, and its end has not been reported. */
  get isFlying(): boolean {
    return this.#launched.length > 0;
  }

  /** What was launched waits for others, who hold the kernel's lock: whoever asks anything now waits with it. */
  get isHeldUp(): boolean {
    return this.isFlying && this.#now() - this.#launched[0].begun >= HELD_UP_LAUNCHED;
  }

  /** What was launched, and is not over, is about the MAC: in whatever table. */
  concerns(mac: Mac | undefined): boolean {
    return this.#launched.some(({ operations }) =>
      operations.some((operation) => 'mac' in operation && operation.mac === mac),
    );
  }

  /** Resolves when nothing is under way; the event loop goes on meanwhile. */
  settled(): Promise<void> {
    if (!this.isFlying) return Promise.resolve();
    return new Promise((resolve) => this.#settling.push(resolve));
  }

  #settle(): void {
    if (!this.isFlying) for (const resolve of this.#settling.splice(0)) resolve();
  }

  /** As `Kernel.launch`, where `mayLaunch`. */
  launch(operations: readonly Operation[], isMapped: IsMapped, flight: Flight): boolean {
    const sent = this.#encode(operations, 0, operations.length);
    const begun = this.#now();
    const launched: Launched = {
      operations,
      sent,
      isMapped,
      flight,
      begun,
      results: undefined,
      retried: false,
    };
    const done = () => {
      if (this.#launched[0] !== launched) return;
      const end = this.#now();
      if (end - begun >= HELD_UP_LAUNCHED) this.#heldUp(begun, end);
      const results = this.#resultsOf(launched);
      this.#launched.shift();
      flight.over(results);
      this.#settle();
    };
    if (!this.#requests.launch(sent.bulk, done)) return false;
    if (operations.length < WORTH_A_THREAD) this.#spendSmall();
    this.#launched.push(launched);
    return true;
  }

  /** Waits for what was launched and gives the results to whom they belong. */
  land(): void {
    if (this.#launched.every(({ retried }) => retried)) return;
    this.#requests.finish();
    for (const launched of this.#launched)
      if (!launched.retried) launched.flight.landed(this.#resultsOf(launched));
  }

  /** The results of what is done. */
  #resultsOf(launched: Launched): readonly OperationResult[] {
    const results = this.#answersTo(launched);
    if (launched.retried) return results;
    launched.retried = true;
    if (results.every(({ errno }) => errno === 0)) return results;
    // What is asked of the kernel now takes the place of what is under way, or has been answered and not read
    this.#requests.finish();
    for (const other of this.#launched) this.#answersTo(other);
    this.#retryFailed(launched.operations, results, launched.isMapped);
    return results;
  }

  #answersTo(launched: Launched): OperationResult[] {
    if (launched.results) return launched.results;
    const { operations, sent } = launched;
    launched.results = new Array<OperationResult>(operations.length).fill(UNANSWERED);
    this.#read(sent, 0, operations.length, launched.results);
    return launched.results;
  }

  /** What failed and can be done otherwise. */
  #retryFailed(operations: readonly Operation[], results: OperationResult[], isMapped: IsMapped): void {
    for (let i = 0; i < operations.length; i++) {
      const operation = operations[i];
      if (results[i].errno === 0) continue;
      // Which of its rows failed is not reported
      const parts = kindOf(operation).parts?.(operation);
      if (parts) results[i] = resultOfParts(operation.verb, this.#carryOut(parts, isMapped));
      else if (results[i].errno === K.EINVAL) results[i] = this.#withoutVlan(operation, results[i], isMapped);
    }
  }

  /**
   * An `extern_learn` row outlives its VLAN on the port, and by itself it can be deleted only with it (net/bridge:
   * nbp_vlan_delete, br_fdb_delete). What is left in a VLAN that maps to no VNI is nobody's any more, so all of it goes.
   */
  #withoutVlan(operation: Operation, result: OperationResult, isMapped: IsMapped): OperationResult {
    if (operation.table !== 'bridge' || operation.verb !== 'delete' || operation.vlan === 0) return result;
    const { port, vlan } = operation;
    if (isMapped(port, vlan)) return result;
    let flushed = result;
    this.#ask(
      'flushing a VLAN',
      ({ words }, sequence) => encodeVlanFlush(words, 0, port, vlan, sequence),
      (buffer, type, at, end) => {
        if (type === K.NLMSG_ERROR) flushed = decodeError(buffer, at, end);
      },
    );
    return flushed.errno === 0 ? SUCCESS : flushed;
  }

  /** Writes the requests of the operations. */
  #encode(operations: readonly Operation[], first: number, last: number): Sent {
    // What is left unread from requests whose answers were lost must not be taken for these ones'
    const base = this.#requests.reserve(last - first);
    const bulk = this.#requests.begin();
    const { words } = bulk.out;
    let word = 0;
    for (let from = first; from < last; from += BATCH) {
      const to = Math.min(from + BATCH, last);
      const start = word;
      for (let i = from; i < to; i++)
        word = encodeOperation(words, word, operations[i], base + i - first, i === to - 1 ? K.NLM_F_ACK : 0);
      bulk.add(word - start);
    }
    return { bulk, base };
  }

  /** Enters what was answered to the requests of the operations `first` to `last`. */
  #read({ bulk, base }: Sent, first: number, last: number, results: OperationResult[]): void {
    bulk.answers((buffer, type, at, end) => {
      const index = first + messageSequence(buffer, at) - base;
      if (type !== K.NLMSG_ERROR || index < first || index >= last) return;
      this.port ??= buffer.words[(at + 12) >> 2] || undefined;
      const result = decodeError(buffer, at, end);
      if (result.errno === 0) results[index] = SUCCESS;
      else results[index] = result;
    });
    for (let from = first, datagram = 0; from < last; from += BATCH, datagram++) {
      const to = Math.min(from + BATCH, last);
      const errno = bulk.sent(datagram);
      if (errno !== 0) {
        results.fill({ errno, message: 'the batch could not be sent' }, from, to);
      } else if (results[to - 1] !== UNANSWERED) {
        // Errors came before the fence, so silence before it was success
        for (let i = from; i < to; i++) if (results[i] === UNANSWERED) results[i] = SUCCESS;
      }
    }
  }

  /**
   * Asks for one row; `encode` writes the RTM_GETNEIGH and returns the word behind it. Gives the row (valid until the
   * next call), or the positive errno. Throws NetlinkError where no answer comes.
   */
  get(encode: (words: Uint32Array, sequence: number) => number): NeighMessage | number {
    let answer: NeighMessage | number | undefined;
    this.#ask(
      'asking for a row',
      ({ words }, sequence) => encode(words, sequence),
      (buffer, type, at, end) => {
        if (type === K.NLMSG_ERROR) answer = decodeError(buffer, at, end).errno;
        else if (type === K.RTM_NEWNEIGH) {
          decodeNeigh(buffer, at, end, this.#row);
          answer = this.#row;
        }
      },
    );
    if (answer === undefined) throw new NetlinkError('asking for a row: no answer', K.ENOBUFS);
    return answer;
  }

  /** Makes one setting true; gives what the kernel answered. Throws NetlinkError where no answer comes. */
  set(setting: Setting): OperationResult {
    let result: OperationResult | undefined;
    this.#ask(
      'setting a flag',
      (out, sequence) => encodeSetting(out, setting, sequence),
      (buffer, type, at, end) => {
        if (type === K.NLMSG_ERROR) result = decodeError(buffer, at, end);
      },
    );
    return result ?? UNANSWERED;
  }

  /** The way to an address; undefined where there is none. Throws NetlinkError where the question cannot be sent. */
  way(to: Ip, from?: Ip): Way | undefined {
    let way: Way | undefined;
    this.#ask(
      'asking for a way',
      (out, sequence) => encodeRouteGet(out, to, sequence, from),
      (buffer, type, at, end) => {
        if (type === K.RTM_NEWROUTE) way = decodeWay(buffer.bytes, at, end);
      },
    );
    return way;
  }

  /** Sends one request, which `encode` writes, and visits its answers. */
  #ask(
    what: string,
    encode: (out: MessageBuffer, sequence: number) => number,
    visit: (buffer: MessageBuffer, type: number, at: number, end: number) => void,
  ): void {
    this.land();
    const sequence = this.#requests.reserve(1);
    const bulk = this.#requests.begin();
    bulk.add(encode(bulk.out, sequence));
    this.#run(bulk);
    const errno = bulk.sent(0);
    if (errno !== 0) throw new NetlinkError(what, errno);
    bulk.answers((buffer, type, at, end) => {
      if (messageSequence(buffer, at) === sequence) visit(buffer, type, at, end);
    });
  }

  /** Waits for what was launched, of which nothing is reported any more. */
  abandon(): void {
    this.#requests.finish();
    this.#launched.length = 0;
    this.#settle();
  }

  /** The same, for good. */
  close(): void {
    this.abandon();
    this.#requests.close();
  }
}
