import {
  type BridgeFdbRow,
  type KernelObserver,
  type MemoryKernel,
  type NeighRow,
  Ntf,
  Nud,
  type Operation,
  partsOf,
  type Topology,
  type VxlanFdbRow,
} from '../dataplane/index.js';
import { IPV4_ANY, MAC_ZERO } from '../types/index.js';
import * as K from './constants.js';
import {
  bridgeRowMessage,
  doneMessage,
  errorMessage,
  linkGoneMessage,
  linkMessage,
  neighRowMessage,
  portVlansMessage,
  vxlanRowMessage,
} from './memory-messages.js';
import {
  allocateMessages,
  eachMessage,
  type MessageBuffer,
  messageFlags,
  messageSequence,
} from './message.js';
import type { Exchange, NetlinkSockets, RawSocket } from './native.js';
import { decodeNeigh, newNeighMessage } from './neigh-codec.js';

const LARGEST_REQUEST = 256 * 1024;

/**
 * The rtnetlink of a MemoryKernel: sockets on which a LinuxKernel finds its devices and rows in the kernel's own words,
 * may change them, and hears of it. With it everything between the sockets and the data plane runs without a kernel. A
 * filter keeps away every row with NTF_EXT_LEARNED, whatever its device; VNI filters and routes there are none.
 */
export class MemoryRtnetlink implements KernelObserver {
  readonly #kernel: MemoryKernel;
  readonly #listeners = new Set<MemorySocket>();
  readonly #request = allocateMessages(LARGEST_REQUEST);
  readonly #row = newNeighMessage();
  #topology: Topology;

  constructor(kernel: MemoryKernel) {
    this.#kernel = kernel;
    this.#topology = kernel.topology;
    void kernel.start(this, kernel.tables);
  }

  /** What stands for the addon; other classes each time, so that compiled code knows none of them by name. */
  sockets(): NetlinkSockets {
    const rtnetlink = this;
    return {
      RawSocket: class extends MemorySocket {
        constructor() {
          super(rtnetlink);
        }
      },
      Exchange: class extends MemoryExchange {
        constructor() {
          super(rtnetlink);
        }
      },
    };
  }

  /** From now on it hears of what happens. */
  listen(socket: MemorySocket): void {
    this.notify();
    this.#listeners.add(socket);
  }

  /** A port leaves its bridge and is back before anybody has looked, so that whoever hears of it reads its rows again. */
  flap(ifindex: number): void {
    const { topology } = this.#kernel;
    const ports = new Map(topology.ports);
    ports.delete(ifindex);
    this.#tell(linkMessage(ifindex, { ...topology, ports }), false);
    this.#tell(linkMessage(ifindex, topology), false);
  }

  forget(socket: MemorySocket): void {
    this.#listeners.delete(socket);
  }

  /** Whatever has happened stands in the listeners' queues behind this. */
  notify(): void {
    this.#kernel.drain();
  }

  /** Answers each message of a datagram of requests. */
  handle(bytes: Uint8Array, offset: number, length: number, answer: (message: Buffer) => void): void {
    const request = this.#request;
    request.bytes.set(bytes.subarray(offset, offset + length));
    eachMessage(request, 0, length, (type, at, end) => this.#handle(request, type, at, end, answer));
    this.notify();
  }

  #handle(
    request: MessageBuffer,
    type: number,
    at: number,
    end: number,
    answer: (message: Buffer) => void,
  ): void {
    const flags = messageFlags(request, at);
    const sequence = messageSequence(request, at);
    if ((flags & K.NLM_F_DUMP) === K.NLM_F_DUMP && type !== K.RTM_DELNEIGH) {
      this.#dump(type, request.bytes[at + 16], request.words[(at + 20) >> 2], sequence, answer);
      answer(doneMessage(sequence));
    } else if (type === K.RTM_NEWNEIGH || type === K.RTM_DELNEIGH) {
      decodeNeigh(request, at, end, this.#row);
      const errno = this.#apply(this.#operation(type === K.RTM_NEWNEIGH ? 'add' : 'delete'));
      if (errno !== 0 || flags & K.NLM_F_ACK) answer(errorMessage(errno, sequence));
    } else if (type === K.RTM_GETNEIGH) {
      decodeNeigh(request, at, end, this.#row);
      answer(this.#found(sequence) ?? errorMessage(K.ENOENT, sequence));
    } else answer(errorMessage(K.EOPNOTSUPP, sequence));
  }

  /** Gives the errno. Of two rows the second is left alone where the first fails. */
  #apply(operation: Operation): number {
    for (const part of operation.table === 'fdb' ? partsOf(operation) : [operation]) {
      const [{ errno }] = this.#kernel.apply([part]);
      if (errno !== 0) return errno;
    }
    return 0;
  }

  /** What the request in `#row` wants. */
  #operation(verb: 'add' | 'delete'): Operation {
    const { family, ifindex, state, flags, mac = MAC_ZERO, dst = IPV4_ANY, vlan, srcVni } = this.#row;
    if (family !== K.AF_BRIDGE) {
      if (state === Nud.PROBE)
        return { table: 'neigh-probe', verb: 'add', ifindex, ip: dst, mac: this.#row.mac };
      return { table: 'neigh', verb, ifindex, ip: dst, mac, router: (flags & Ntf.ROUTER) !== 0 };
    }
    if ((flags & Ntf.SELF) === 0)
      return { table: 'bridge', verb, port: ifindex, vlan, mac, sticky: (flags & Ntf.STICKY) !== 0 };
    if ((flags & Ntf.MASTER) !== 0) return { table: 'fdb', verb, port: ifindex, vlan, srcVni, mac, dst };
    if (mac === MAC_ZERO) return { table: 'vxlan-default', verb, ifindex, srcVni, dst };
    return { table: 'vxlan', verb, ifindex, srcVni, mac, dst };
  }

  /** The row that the request in `#row` asks for; of a device's rows with that MAC the first, whatever its VNI. */
  #found(sequence: number): Buffer | undefined {
    const { tables } = this.#kernel;
    const { family, ifindex, flags, mac, dst, vlan, master } = this.#row;
    if (family !== K.AF_BRIDGE) {
      const row = dst === undefined ? undefined : tables.neighRow(ifindex, dst);
      return row && neighRowMessage(K.RTM_NEWNEIGH, row, sequence);
    }
    if (flags & Ntf.SELF) {
      for (const row of tables.vxlanRowsOfDevice(ifindex))
        if (row.mac === mac) return vxlanRowMessage(K.RTM_NEWNEIGH, row, sequence);
      return undefined;
    }
    const row = mac === undefined ? undefined : tables.bridgeRow(master, vlan, mac);
    return row && bridgeRowMessage(K.RTM_NEWNEIGH, row, sequence);
  }

  #dump(
    type: number,
    family: number,
    ifindex: number,
    sequence: number,
    answer: (message: Buffer) => void,
  ): void {
    const { tables, topology } = this.#kernel;
    if (type === K.RTM_GETLINK)
      for (const device of topology.ifindexes)
        answer((family === K.AF_BRIDGE ? portVlansMessage : linkMessage)(device, topology, sequence));
    else if (type === K.RTM_GETNEIGH && family === K.AF_BRIDGE) {
      for (const row of tables.bridgeRowsOfPort(ifindex))
        answer(bridgeRowMessage(K.RTM_NEWNEIGH, row, sequence));
      for (const row of tables.vxlanRowsOfDevice(ifindex))
        answer(vxlanRowMessage(K.RTM_NEWNEIGH, row, sequence));
    } else if (type === K.RTM_GETNEIGH)
      for (const row of tables.neighRows())
        if ((typeof row.ip === 'number' ? K.AF_INET : K.AF_INET6) === family)
          answer(neighRowMessage(K.RTM_NEWNEIGH, row, sequence));
  }

  #tell(message: Buffer, mayBeHidden: boolean): void {
    for (const socket of this.#listeners) socket.hear(message, mayBeHidden);
  }

  topology(topology: Topology): void {
    for (const ifindex of this.#topology.ifindexes)
      if (!topology.ifindexes.has(ifindex)) this.#tell(linkGoneMessage(ifindex), false);
    this.#topology = topology;
    for (const ifindex of topology.ifindexes) {
      this.#tell(linkMessage(ifindex, topology), false);
      this.#tell(portVlansMessage(ifindex, topology), false);
    }
  }

  bridgeRow(row: BridgeFdbRow): void {
    this.#tell(bridgeRowMessage(K.RTM_NEWNEIGH, row), isOurs(row));
  }
  bridgeRowGone(row: BridgeFdbRow): void {
    this.#tell(bridgeRowMessage(K.RTM_DELNEIGH, row), isOurs(row));
  }
  vxlanRow(row: VxlanFdbRow): void {
    this.#tell(vxlanRowMessage(K.RTM_NEWNEIGH, row), isOurs(row));
  }
  vxlanRowGone(row: VxlanFdbRow): void {
    this.#tell(vxlanRowMessage(K.RTM_DELNEIGH, row), isOurs(row));
  }
  neighRow(row: NeighRow): void {
    this.#tell(neighRowMessage(K.RTM_NEWNEIGH, row), isOurs(row));
  }
  neighRowGone(row: NeighRow): void {
    this.#tell(neighRowMessage(K.RTM_DELNEIGH, row), isOurs(row));
  }
}

function isOurs({ flags }: { readonly flags: number }): boolean {
  return (flags & Ntf.EXT_LEARNED) !== 0;
}

/** A netlink socket whose kernel is in memory. */
class MemorySocket implements RawSocket {
  fd = 0;
  readonly #rtnetlink: MemoryRtnetlink;
  #queue: Buffer[] = [];
  #filtered = false;
  #paused = false;
  #onReadable: (() => void) | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(rtnetlink: MemoryRtnetlink) {
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
class MemoryExchange implements Exchange {
  readonly #rtnetlink: MemoryRtnetlink;
  readonly #started: Started[] = [];
  #turn: NodeJS.Immediate | undefined;

  constructor(rtnetlink: MemoryRtnetlink) {
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
