import {
  type BridgeFdbRow,
  type BridgeForm,
  hasOurMark,
  type KernelObserver,
  type NeighRow,
  Ntf,
  Nud,
  type Operation,
  partsOf,
  type Topology,
  type VxlanFdbRow,
} from '../../src/dataplane/index.js';
import * as K from '../../src/linux/constants.js';
import {
  allocateMessages,
  eachMessage,
  type MessageBuffer,
  messageFlags,
  messageSequence,
} from '../../src/linux/message.js';
import type { NetlinkSockets } from '../../src/linux/native.js';
import { decodeNeigh, newNeighMessage } from '../../src/linux/neigh-codec.js';
import { IPV4_ANY, isIpv4, MAC_ZERO } from '../../src/types/index.js';
import type { MemoryKernel } from './memory-kernel.js';
import {
  addressMessage,
  bridgeRowMessage,
  doneMessage,
  errorMessage,
  linkGoneMessage,
  linkMessage,
  neighRowMessage,
  portVlansMessage,
  vxlanRowMessage,
} from './memory-messages.js';
import { type Answering, MemoryExchange, MemorySocket } from './memory-sockets.js';

const LARGEST_REQUEST = 256 * 1024;

/**
 * The rtnetlink of a MemoryKernel: sockets on which a LinuxKernel finds its devices and rows in the kernel's own words,
 * may change them, and hears of it. With it everything between the sockets and the data plane runs without a kernel. A
 * filter keeps away every row with NTF_EXT_LEARNED, whatever its device; VNI filters and routes there are none.
 */
export class MemoryRtnetlink implements KernelObserver, Answering {
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

  /* Of routes it tells nothing. */
  nexthopRow(): void {}
  nexthopRowGone(): void {}
  routeRow(): void {}
  routeRowGone(): void {}
  otherRoute(): void {}
  otherRouteGone(): void {}

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

  notify(): void {
    this.#kernel.drain();
  }

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
      const errno = this.#apply(
        type === K.RTM_DELNEIGH
          ? this.#operation('delete')
          : (this.#byHand((flags & K.NLM_F_CREATE) !== 0) ?? this.#operation('add')),
      );
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

  /** The row that the request in `#row` sets as somebody would by hand; undefined where it is none of these. */
  #byHand(creates: boolean): Operation | undefined {
    const { family, ifindex, state, flags, mac, dst, vlan, protocol } = this.#row;
    if (!creates || (flags & Ntf.EXT_LEARNED) !== 0 || (state & (Nud.NOARP | Nud.PERMANENT)) === 0)
      return undefined;
    if (family !== K.AF_BRIDGE)
      return dst === undefined
        ? undefined
        : {
            table: 'by-hand',
            verb: 'add',
            of: 'neigh',
            row: { ifindex, ip: dst, mac, state, flags, protocol },
          };
    if ((flags & Ntf.MASTER) === 0 || mac === undefined) return undefined;
    const bridgeIfindex = this.#topology.ports.get(ifindex)?.bridgeIfindex ?? 0;
    const row = { bridgeIfindex, vlan, mac, port: ifindex, state, flags: flags & ~Ntf.MASTER };
    return { table: 'by-hand', verb: 'add', of: 'bridge', row };
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
      return { table: 'bridge', verb, port: ifindex, vlan, mac, form: formOf(flags) };
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
      for (const device of topology.interfaces.keys())
        answer((family === K.AF_BRIDGE ? portVlansMessage : linkMessage)(device, topology, sequence));
    else if (type === K.RTM_GETADDR) {
      for (const [device, { addresses }] of topology.interfaces)
        for (const address of addresses) answer(addressMessage(K.RTM_NEWADDR, device, address, sequence));
    } else if (type === K.RTM_GETNEIGH && family === K.AF_BRIDGE) {
      for (const row of tables.bridgeRowsOfPort(ifindex))
        answer(bridgeRowMessage(K.RTM_NEWNEIGH, row, sequence));
      for (const row of tables.vxlanRowsOfDevice(ifindex))
        answer(vxlanRowMessage(K.RTM_NEWNEIGH, row, sequence));
    } else if (type === K.RTM_GETNEIGH)
      for (const row of tables.neighRows())
        if (isIpv4(row.ip) === (family === K.AF_INET)) answer(neighRowMessage(K.RTM_NEWNEIGH, row, sequence));
  }

  #tell(message: Buffer, mayBeHidden: boolean): void {
    for (const socket of this.#listeners) socket.hear(message, mayBeHidden);
  }

  topology(topology: Topology): void {
    for (const ifindex of this.#topology.interfaces.keys())
      if (!topology.interfaces.has(ifindex)) this.#tell(linkGoneMessage(ifindex), false);
    const before = this.#topology.interfaces;
    this.#topology = topology;
    for (const [ifindex, { addresses }] of topology.interfaces) {
      const had = before.get(ifindex)?.addresses ?? [];
      for (const address of had)
        if (!addresses.includes(address)) this.#tell(addressMessage(K.RTM_DELADDR, ifindex, address), false);
      this.#tell(linkMessage(ifindex, topology), false);
      this.#tell(portVlansMessage(ifindex, topology), false);
      for (const address of addresses)
        if (!had.includes(address)) this.#tell(addressMessage(K.RTM_NEWADDR, ifindex, address), false);
    }
  }

  flushed(ifindex: number): void {
    const interfaces = new Map(this.#topology.interfaces);
    const device = interfaces.get(ifindex);
    if (device) interfaces.set(ifindex, { ...device, running: false });
    this.#tell(linkMessage(ifindex, { ...this.#topology, interfaces }), false);
    this.#tell(linkMessage(ifindex, this.#topology), false);
  }

  bridgeRow(row: BridgeFdbRow): void {
    this.#tell(bridgeRowMessage(K.RTM_NEWNEIGH, row), hasOurMark(row));
  }
  bridgeRowGone(row: BridgeFdbRow): void {
    this.#tell(bridgeRowMessage(K.RTM_DELNEIGH, row), hasOurMark(row));
  }
  vxlanRow(row: VxlanFdbRow): void {
    this.#tell(vxlanRowMessage(K.RTM_NEWNEIGH, row), hasOurMark(row));
  }
  vxlanRowGone(row: VxlanFdbRow): void {
    this.#tell(vxlanRowMessage(K.RTM_DELNEIGH, row), hasOurMark(row));
  }
  neighRow(row: NeighRow): void {
    this.#tell(neighRowMessage(K.RTM_NEWNEIGH, row), hasOurMark(row));
  }
  neighRowGone(row: NeighRow): void {
    this.#tell(neighRowMessage(K.RTM_DELNEIGH, row), hasOurMark(row));
  }
}

function formOf(flags: number): BridgeForm {
  if (flags & Ntf.EXT_LEARNED) return 'marked';
  return flags & Ntf.STICKY ? 'pinned' : 'unpinned';
}
