import type { Operation, OperationResult } from '../dataplane/index.js';
import type { Ip } from '../types/index.js';
import * as K from './constants.js';
import { allocateMessages, eachMessage, messageSequence, NetlinkFormatError } from './message.js';
import {
  decodeNeigh,
  encodeOperation,
  encodeVlanFlush,
  NEIGH_MESSAGE_MAX,
  type NeighMessage,
  newNeighMessage,
} from './neigh-codec.js';
import { decodeError, isDrained, NetlinkError, RouteSocket } from './route-socket.js';
import { decodeWay, encodeRouteGet, encodeSetting, type Setting, type Way } from './settings-codec.js';

/** Messages of one sendmsg: of 32 to 256 all are equally fast, and 128 errors fit any receive buffer. */
const BATCH = 128;

const SUCCESS: OperationResult = Object.freeze({ errno: 0, message: undefined });
const UNANSWERED: OperationResult = Object.freeze({
  errno: K.ENOBUFS,
  message: "the kernel's answer was lost",
});

/**
 * Sends requests and reads their answers at once: rtnetlink works in the sender's context, so that every answer waits
 * when send returns. The kernel answers each failed message by its sequence number and goes on; the ACK that the last
 * one asks for is the fence.
 */
export class Programmer {
  readonly #socket = new RouteSocket(256 * 1024, 16 * 1024, { receiveBuffer: 1 << 20, sendBuffer: 1 << 18 });
  readonly #out = allocateMessages(BATCH * NEIGH_MESSAGE_MAX);
  readonly #row = newNeighMessage();
  #sequence = 0;
  /** Messages sent, and those that the kernel refused. */
  requests = 0;
  refusals = 0;

  /**
   * Applies operations in order and gives a result for each; never throws for what the kernel answers. `isMapped` tells
   * whether a port maps a VLAN to a VNI.
   */
  apply(
    operations: readonly Operation[],
    isMapped: (port: number, vlan: number) => boolean = () => true,
  ): OperationResult[] {
    const results: OperationResult[] = new Array(operations.length).fill(UNANSWERED);
    for (let first = 0; first < operations.length; first += BATCH)
      this.#batch(operations, first, Math.min(first + BATCH, operations.length), results);
    for (let i = 0; i < operations.length; i++)
      if (results[i].errno === K.EINVAL) results[i] = this.#withoutVlan(operations[i], results[i], isMapped);
    return results;
  }

  /**
   * An `extern_learn` row outlives its VLAN on the port, and by itself it can be deleted only with it (net/bridge:
   * nbp_vlan_delete, br_fdb_delete). What is left in a VLAN that maps to no VNI is nobody's any more, so all of it goes.
   */
  #withoutVlan(
    operation: Operation,
    result: OperationResult,
    isMapped: (port: number, vlan: number) => boolean,
  ): OperationResult {
    if (operation.table !== 'bridge' || operation.verb !== 'delete' || operation.vlan === 0) return result;
    const { port, vlan } = operation;
    if (isMapped(port, vlan)) return result;
    let flushed = result;
    this.#ask(
      'flushing a VLAN',
      (sequence) => encodeVlanFlush(this.#out.words, 0, port, vlan, sequence),
      (type, at, end) => {
        if (type === K.NLMSG_ERROR) flushed = decodeError(this.#socket.buffer, at, end);
      },
    );
    return flushed.errno === 0 ? SUCCESS : flushed;
  }

  #batch(operations: readonly Operation[], first: number, last: number, results: OperationResult[]): void {
    // What is left unread from a batch whose answers were lost must not be taken for this one's
    const base = this.#advance(last - first);
    const { words } = this.#out;
    let word = 0;
    for (let i = first; i < last; i++)
      word = encodeOperation(words, word, operations[i], base + i - first, i === last - 1 ? K.NLM_F_ACK : 0);
    this.requests += last - first;
    const errno = this.#socket.send(this.#out, word << 2);
    if (errno !== 0) {
      this.refusals += last - first;
      results.fill({ errno, message: 'the batch could not be sent' }, first, last);
      return;
    }
    let fenced = false;
    this.#answers((type, at, end) => {
      const index = first + messageSequence(this.#socket.buffer, at) - base;
      if (type !== K.NLMSG_ERROR || index < first || index >= last) return;
      const result = decodeError(this.#socket.buffer, at, end);
      if (index === last - 1) fenced = true;
      if (result.errno === 0) results[index] = SUCCESS;
      else {
        this.refusals++;
        results[index] = result;
      }
    });
    // Errors came before the fence, so silence before it was success
    if (fenced) for (let i = first; i < last; i++) if (results[i] === UNANSWERED) results[i] = SUCCESS;
  }

  /**
   * Asks for one row; `encode` writes the RTM_GETNEIGH and returns the word behind it. Gives the row (valid until the
   * next call), or the positive errno. Throws NetlinkError where no answer comes.
   */
  get(encode: (words: Uint32Array, sequence: number) => number): NeighMessage | number {
    const sequence = this.#advance(1);
    this.requests++;
    const errno = this.#socket.send(this.#out, encode(this.#out.words, sequence) << 2);
    if (errno !== 0) throw new NetlinkError('asking for a row', errno);
    let answer: NeighMessage | number | undefined;
    this.#answers((type, at, end) => {
      if (messageSequence(this.#socket.buffer, at) !== sequence) return;
      if (type === K.NLMSG_ERROR) answer = decodeError(this.#socket.buffer, at, end).errno;
      else if (type === K.RTM_NEWNEIGH) {
        decodeNeigh(this.#socket.buffer, at, end, this.#row);
        answer = this.#row;
      }
    });
    if (answer === undefined) throw new NetlinkError('asking for a row: no answer', K.ENOBUFS);
    return answer;
  }

  /** Makes one setting true; gives what the kernel answered. Throws NetlinkError where no answer comes. */
  set(setting: Setting): OperationResult {
    let result: OperationResult | undefined;
    this.#ask(
      'setting a flag',
      (sequence) => encodeSetting(this.#out, setting, sequence),
      (type, at, end) => {
        if (type === K.NLMSG_ERROR) result = decodeError(this.#socket.buffer, at, end);
      },
    );
    return result ?? UNANSWERED;
  }

  /** The way to an address; undefined where there is none. Throws NetlinkError where the question cannot be sent. */
  way(to: Ip): Way | undefined {
    let way: Way | undefined;
    this.#ask(
      'asking for a way',
      (sequence) => encodeRouteGet(this.#out, to, sequence),
      (type, at, end) => {
        if (type === K.RTM_NEWROUTE) way = decodeWay(this.#socket.buffer.bytes, at, end);
      },
    );
    return way;
  }

  #ask(
    what: string,
    encode: (sequence: number) => number,
    visit: (type: number, at: number, end: number) => void,
  ): void {
    const sequence = this.#advance(1);
    this.requests++;
    const errno = this.#socket.send(this.#out, encode(sequence) << 2);
    if (errno !== 0) throw new NetlinkError(what, errno);
    this.#answers((type, at, end) => {
      if (messageSequence(this.#socket.buffer, at) === sequence) visit(type, at, end);
    });
  }

  close(): void {
    this.#socket.close();
  }

  /** Reserves sequence numbers and returns the first; they start anew before they leave 32 bits. */
  #advance(count: number): number {
    if (this.#sequence + count > 0xffffffff) this.#sequence = 0;
    const first = this.#sequence + 1;
    this.#sequence += count;
    return first;
  }

  #answers(visit: (type: number, at: number, end: number) => void): void {
    for (;;) {
      const received = this.#socket.receive((start, length) => {
        try {
          eachMessage(this.#socket.buffer, start, length, visit);
        } catch (error) {
          // A garbled answer is no answer, which the caller sees
          if (!(error instanceof NetlinkFormatError)) throw error;
        }
      });
      if (isDrained(received)) return;
      // An overrun is told once and what had been queued stands behind it; anything else would come again
      if (received.errno !== 0 && received.errno !== K.ENOBUFS && received.errno !== K.EMSGSIZE) return;
    }
  }
}
