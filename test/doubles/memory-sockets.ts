import * as K from '../../src/linux/constants.js';
import type { Exchange, RawSocket } from '../../src/linux/native.js';

/** What there is behind the sockets. */
export interface Answering {
  /** Answers each message of a datagram of requests. */
  handle(bytes: Uint8Array, offset: number, length: number, answer: (message: Buffer) => void): void;
  /** Whatever has happened stands in the listeners' queues behind this. */
  notify(): void;
  /** From now on the socket hears of what happens. */
  listen(socket: MemorySocket): void;
  forget(socket: MemorySocket): void;
}

/** A netlink socket whose kernel is in memory. */
export class MemorySocket implements RawSocket {
  fd = 0;
  readonly #rtnetlink: Answering;
  #queue: Buffer[] = [];
  #filtered = false;
  #paused = false;
  #onReadable: (() => void) | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(rtnetlink: Answering) {
    this.#rtnetlink = rtnetlink;
  }

  /** A notification comes. */
  hear(message: Buffer, mayBeHidden: boolean): void {
    if (mayBeHidden && this.#filtered) return;
    this.#queue.push(message);
    this.#callLater();
  }

  bind(): number {
    return 0;
  }

  setOption(level: number, name: number, value: Uint8Array): number {
    if (level === K.SOL_NETLINK && name === K.NETLINK_ADD_MEMBERSHIP && value[0] === K.RTNLGRP_NEIGH)
      this.#rtnetlink.listen(this);
    if (level === K.SOL_SOCKET && name === K.SO_DETACH_FILTER) this.#filtered = false;
    return 0;
  }

  /** SO_MEMINFO alone. */
  getOption(_level: number, _name: number, value: Uint8Array): number {
    this.#rtnetlink.notify();
    const words = new Uint32Array(value.buffer, value.byteOffset, value.length >> 2);
    for (const { length } of this.#queue) words[K.SK_MEMINFO_RMEM_ALLOC] += length;
    return value.length;
  }

  attachFilter(): number {
    this.#filtered = true;
    return 0;
  }

  /** Netlink sockets are given to nobody. */
  release(): number {
    throw new Error('release');
  }

  send(bytes: Uint8Array, offset: number, length: number): number {
    this.#rtnetlink.handle(bytes, offset, length, (message) => this.#queue.push(message));
    return length;
  }

  sendTo(bytes: Uint8Array, offset: number, length: number): number {
    return this.send(bytes, offset, length);
  }

  receiveMany(bytes: Uint8Array, room: number, lengths: Int32Array): number {
    this.#rtnetlink.notify();
    const queue = this.#queue;
    let used = 0;
    let count = 0;
    while (count < queue.length && count + 1 < lengths.length && bytes.length - used >= room) {
      const message = queue[count++];
      bytes.set(message, used);
      lengths[count] = message.length;
      used += (message.length + 3) & ~3;
    }
    lengths[0] = 0;
    this.#queue = queue.slice(count);
    return count;
  }

  receiveManyFrom(): number {
    return -K.EOPNOTSUPP;
  }

  watch(onReadable: (status: number) => void, onError: (thrown: unknown) => void): void {
    this.#onReadable = () => {
      try {
        onReadable(0);
      } catch (error) {
        onError(error);
      }
    };
    this.#callLater();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#callLater();
  }

  close(): void {
    clearImmediate(this.#turn);
    this.#onReadable = undefined;
    this.fd = -1;
    this.#rtnetlink.forget(this);
  }

  #callLater(): void {
    if (this.#turn || !this.#onReadable || this.#paused || this.#queue.length === 0) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      if (!this.#paused) this.#onReadable?.();
      this.#callLater();
    });
  }
}

interface Started {
  readonly work: () => void;
  readonly done: () => void;
  isDone: boolean;
}

/** Whose thread is a later turn. */
export class MemoryExchange implements Exchange {
  readonly #rtnetlink: Answering;
  readonly #started: Started[] = [];
  #turn: NodeJS.Immediate | undefined;

  constructor(rtnetlink: Answering) {
    this.#rtnetlink = rtnetlink;
  }

  run(
    bytes: Uint8Array,
    lengths: Int32Array,
    datagrams: number,
    answers: Uint8Array,
    outcome: Int32Array,
  ): void {
    let from = 0;
    let used = 0;
    let count = 0;
    for (let i = 0; i < datagrams; i++) {
      outcome[1 + i] = 0;
      this.#rtnetlink.handle(bytes, from, lengths[i], (message) => {
        answers.set(message, used);
        outcome[1 + datagrams + count++] = message.length;
        used += (message.length + 3) & ~3;
      });
      from += lengths[i];
    }
    outcome[0] = count;
  }

  start(
    bytes: Uint8Array,
    lengths: Int32Array,
    datagrams: number,
    answers: Uint8Array,
    outcome: Int32Array,
    done: () => void,
  ): number {
    const work = () => this.run(bytes, lengths, datagrams, answers, outcome);
    this.#started.push({ work, done, isDone: false });
    this.#turn ??= setImmediate(() => this.#land());
    return 0;
  }

  finish(): void {
    for (const started of this.#started) {
      if (!started.isDone) started.work();
      started.isDone = true;
    }
  }

  close(): void {
    clearImmediate(this.#turn);
    this.finish();
    this.#started.length = 0;
  }

  #land(): void {
    this.#turn = undefined;
    const first = this.#started[0];
    if (!first) return;
    if (!first.isDone) first.work();
    this.#started.shift();
    if (this.#started.length > 0) this.#turn = setImmediate(() => this.#land());
    first.done();
  }
}
