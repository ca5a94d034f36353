import {
  type BridgeFdbRow,
  EMPTY_TOPOLOGY,
  type Kernel,
  type KernelObserver,
  type KnownRows,
  type Operation,
  type OperationResult,
  type Topology,
  type VxlanFdbRow,
} from '../dataplane/index.js';
import { type Log, MAC_ZERO } from '../types/index.js';
import * as K from './constants.js';
import { type Asic, readAsic } from './devlink.js';
import { LinkTable } from './link-table.js';
import { Monitor } from './monitor.js';
import { decodeNeigh, encodeNeighDump, type NeighMessage, newNeighMessage } from './neigh-codec.js';
import { Programmer } from './programmer.js';
import { Reader } from './reader.js';
import { DumpSocket } from './route-socket.js';
import { isDeviceRow, toBridgeRow, toNeighRow, toVxlanRow } from './row-set.js';
import { Slicer } from './slicer.js';
import { deriveTopology, sameTopology } from './topology.js';
import { type KernelPolicy, Upkeep } from './upkeep.js';

/** What a LinuxKernel takes. */
export interface LinuxKernelOptions {
  readonly log: Log;
  /**
   * Octets of the monitor's receive buffer, 64 MiB by default: some 80,000 notifications at rest (the kernel accounts
   * 832 octets for one and doubles the size given). A smaller one costs re-reads, never correctness.
   */
  readonly receiveBuffer?: number;
}

/** Counters since the start. */
export interface LinuxKernelStats {
  readonly notifications: number;
  /** Times that the receive buffer overran (ENOBUFS), and messages dropped then (SO_MEMINFO). */
  readonly overruns: number;
  readonly drops: number;
  /** Complete re-reads, the first one included. */
  readonly resyncs: number;
  /** Re-reads that failed and were tried again. */
  readonly failedResyncs: number;
  /** Dumps repeated because the kernel's table changed underneath. */
  readonly repeatedDumps: number;
  /** Known rows that a dump lacked and that were asked for singly, and those of them that were gone. */
  readonly confirmations: number;
  readonly losses: number;
  /** Messages skipped because they were cut short. */
  readonly malformed: number;
  /** Messages that changed or asked for rows, and those refused. */
  readonly requests: number;
  readonly refusals: number;
}

/** The FDB rows of one device, as the kernel holds them now. */
export interface FdbRows {
  readonly bridge: readonly BridgeFdbRow[];
  readonly vxlan: readonly VxlanFdbRow[];
}

const RECEIVE_BUFFER = 64 << 20;
const RETRY_FIRST = 50;
const RETRY_LAST = 2000;

/**
 * The running kernel, over netlink. Observers see rows of every bridge, of every VXLAN device and of every neighbour
 * table in this network namespace.
 *
 * What the kernel notifies by itself when devices go: a bridge port that leaves its bridge, goes down (learned rows) or
 * is deleted, and a bridge that is deleted, each tell RTM_DELNEIGH for every row (net/bridge/br_fdb.c
 * fdb_delete); a VXLAN device that goes down tells its learned and extern_learn rows, one that is deleted all
 * (drivers/net/vxlan: vxlan_flush); neighbours go with their device or its link and are told (net/core/neighbour.c). An
 * overrun loses any of these; then the re-read tells them, and rows of devices that are no more show by
 * `Topology.ifindexes`.
 */
export class LinuxKernel implements Kernel {
  readonly #log: Log;
  readonly #receiveBuffer: number;
  readonly #table = new LinkTable();
  readonly #message = newNeighMessage();
  #open: Sockets | undefined;
  #observer: KernelObserver | undefined;
  #topology: Topology = EMPTY_TOPOLOGY;
  #topologyTold = false;
  #topologyScheduled = false;
  #resyncWanted = false;
  /** VXLAN devices that appeared and may have brought rows of their own from another namespace. */
  readonly #unread = new Set<number>();
  #running = false;
  #closed = false;
  #resyncs = 0;
  #failedResyncs = 0;
  #endPause: (() => void) | undefined;
  readonly #upkeep: Upkeep;

  constructor(options: LinuxKernelOptions) {
    this.#log = options.log;
    this.#receiveBuffer = options.receiveBuffer ?? RECEIVE_BUFFER;
    this.#upkeep = new Upkeep(
      this.#table,
      () => (this.#closed ? undefined : this.#open?.programmer),
      () => {
        this.#table.changed = true;
        this.#scheduleTopology();
      },
      this.#log,
    );
  }

  /** What the operator wants beyond routes; may be told at any time. */
  setPolicy(policy: KernelPolicy): void {
    this.#upkeep.setPolicy(policy);
  }

  /** Rejects with NetlinkError, or with the error of native(), where the kernel cannot be read at all. */
  async start(observer: KernelObserver, known: KnownRows): Promise<void> {
    if (this.#open || this.#closed) throw new Error('this kernel has been started before');
    this.#observer = observer;
    const monitor = new Monitor(
      this.#receiveBuffer,
      {
        message: (type, at, end) => this.#notification(type, at, end),
        drained: () => this.#scheduleTopology(),
        lost: () => {
          this.#resyncWanted = true;
          this.#runLater();
        },
      },
      this.#log,
    );
    const dump = new DumpSocket();
    const programmer = new Programmer();
    const reader = new Reader(
      dump,
      programmer,
      {
        known,
        drain: () => void monitor.drain(),
        present: (row) => this.#present(row),
        bridgeRowGone: (row) => observer.bridgeRowGone(row),
        vxlanRowGone: (row) => observer.vxlanRowGone(row),
        neighRowGone: (row) => observer.neighRowGone(row),
      },
      this.#log,
    );
    this.#open = { monitor, dump, programmer, reader };
    monitor.watch();
    this.#resyncWanted = true;
    try {
      await this.#run(true);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  drain(): void {
    this.#open?.monitor.drain();
    this.#tellTopology();
  }

  apply(operations: readonly Operation[]): OperationResult[] {
    if (!this.#open) throw new Error('this kernel is not started');
    return this.#open.programmer.apply(operations, (port, vlan) => {
      const vlans = this.#table.vlans.get(port);
      return vlans !== undefined && (vlans.pvid === vlan || vlans.tunnels.has(vlan));
    });
  }

  /**
   * Reads the rows of a port or device now, with NTF_OFFLOADED, which no notification carries. The mirror is not
   * touched. A device that does not exist has no rows. Rejects with NetlinkError.
   */
  async readFdb(ifindex: number): Promise<FdbRows> {
    const bridge: BridgeFdbRow[] = [];
    const vxlan: VxlanFdbRow[] = [];
    const row = newNeighMessage();
    const slicer = new Slicer();
    const dump = new DumpSocket();
    try {
      dump.start((words, sequence) => encodeNeighDump(words, 0, K.AF_BRIDGE, ifindex, sequence));
      const visit = (type: number, at: number, end: number) => {
        if (type !== K.RTM_NEWNEIGH) return;
        decodeNeigh(dump.buffer, at, end, row);
        if (row.mac === undefined) return;
        if (!isDeviceRow(row)) bridge.push(toBridgeRow(row, row.mac));
        else if (this.#table.isVxlan(row.ifindex)) vxlan.push(toVxlanRow(row, row.mac));
      };
      while (dump.step(visit) === 'more') await slicer.breathe();
    } finally {
      dump.close();
    }
    return { bridge, vxlan };
  }

  /** The switch ASIC of this machine, undefined where there is none. */
  asic(): Promise<Asic | undefined> {
    return readAsic(this.#log);
  }

  /** Counters since the start. */
  stats(): LinuxKernelStats {
    const open = this.#open;
    return {
      notifications: open?.monitor.notifications ?? 0,
      overruns: open?.monitor.overruns ?? 0,
      drops: open?.monitor.drops ?? 0,
      resyncs: this.#resyncs,
      failedResyncs: this.#failedResyncs,
      repeatedDumps: open?.reader.stats.repeats ?? 0,
      confirmations: open?.reader.stats.confirmations ?? 0,
      losses: open?.reader.stats.losses ?? 0,
      malformed: (open?.monitor.malformed ?? 0) + (open?.reader.stats.malformed ?? 0),
      requests: open?.programmer.requests ?? 0,
      refusals: open?.programmer.refusals ?? 0,
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#upkeep.close();
    this.#endPause?.();
    const open = this.#open;
    if (!open) return;
    open.reader.close();
    open.monitor.close();
    // A dump that runs closes its own socket when it has noticed
    if (!this.#running) this.#closeSockets();
  }

  #closeSockets(): void {
    this.#open?.dump.close();
    this.#open?.programmer.close();
  }

  /** Re-reads everything, or new devices, in a later turn: not amid the notification that asks for it. */
  #runLater(): void {
    setImmediate(() => {
      this.#run(false).catch((error: unknown) => this.#log.error({ err: error }, 're-reading failed'));
    });
  }

  /** Reads while there is something to read; one at a time. Rejects only where `first` fails. */
  async #run(first: boolean): Promise<void> {
    if (this.#running || this.#closed) return;
    this.#running = true;
    let pause = RETRY_FIRST;
    try {
      while (!this.#closed && (this.#resyncWanted || this.#unread.size > 0)) {
        const whole = this.#resyncWanted;
        this.#resyncWanted = false;
        try {
          if (whole) await this.#readAll();
          else await this.#readNewDevices();
        } catch (error) {
          if (first) throw error;
          this.#failedResyncs++;
          this.#resyncWanted = true;
          this.#log.error({ err: error }, 're-reading the kernel failed and is tried again');
        }
        if (!this.#resyncWanted) continue;
        // Overrun anew while reading: a storm, which more dumps would only feed
        await this.#pauseFor(pause);
        pause = Math.min(pause * 2, RETRY_LAST);
      }
    } finally {
      this.#running = false;
      if (this.#closed) this.#closeSockets();
    }
  }

  #pauseFor(milliseconds: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #readAll(): Promise<void> {
    const open = this.#open;
    if (!open) return;
    const started = performance.now();
    const slicer = new Slicer();
    // An overrun while something waits would not be told, and what it drops would be missed
    while (!open.monitor.drain()) await slicer.breathe();
    // The rows of devices that went unnoticed are asked for as well
    const before = new Set(this.#table.links.keys());
    this.#table.replace(open.reader.readLinks());
    this.#unread.clear();
    this.#tellTopology();
    for (const link of [...this.#table.links.values()]) {
      if (this.#closed) return;
      before.delete(link.ifindex);
      await this.#readDevice(open.reader, link.ifindex);
      await slicer.breathe();
    }
    for (const ifindex of before) await open.reader.confirmDevice(ifindex);
    await open.reader.readNeighbors();
    this.#tellTopology();
    if (this.#closed) return;
    this.#resyncs++;
    const { overruns, drops } = this.stats();
    const facts = { milliseconds: Math.round(performance.now() - started), overruns, drops };
    if (this.#resyncs === 1) this.#log.info(facts, 'the kernel has been read');
    else this.#log.warn(facts, 'the kernel has been read again, because notifications were lost');
  }

  async #readDevice(reader: Reader, ifindex: number): Promise<void> {
    const link = this.#table.links.get(ifindex);
    const bridge =
      link?.kind === 'bridge'
        ? link.ifindex
        : link && this.#table.links.get(link.master)?.kind === 'bridge'
          ? link.master
          : 0;
    if (bridge !== 0 || link?.kind === 'vxlan') await reader.readDevice(ifindex, bridge);
    else await reader.confirmDevice(ifindex);
  }

  async #readNewDevices(): Promise<void> {
    const open = this.#open;
    for (const ifindex of [...this.#unread]) {
      this.#unread.delete(ifindex);
      if (open && !this.#closed) await this.#readDevice(open.reader, ifindex);
    }
  }

  #notification(type: number, at: number, end: number): void {
    const open = this.#open;
    if (!open) return;
    const { buffer } = open.monitor;
    if (type === K.RTM_NEWNEIGH || type === K.RTM_DELNEIGH) {
      const row = this.#message;
      decodeNeigh(buffer, at, end, row);
      const gone = type === K.RTM_DELNEIGH;
      open.reader.notified(row, gone);
      if (gone) this.#gone(row);
      else this.#present(row);
      return;
    }
    const ifindex = type === K.RTM_NEWLINK ? buffer.words[(at + 20) >> 2] : 0;
    const wasThere = ifindex === 0 || this.#table.links.has(ifindex);
    this.#table.take(type, buffer.bytes, at, end);
    if (wasThere || !this.#table.isVxlan(ifindex)) return;
    this.#unread.add(ifindex);
    this.#runLater();
  }

  #present(row: NeighMessage): void {
    const observer = this.#observer;
    if (!observer || this.#closed) return;
    if (row.family !== K.AF_BRIDGE) {
      if (row.dst !== undefined) observer.neighRow(toNeighRow(row, row.dst));
    } else if (row.mac === undefined) return;
    else if (!isDeviceRow(row)) observer.bridgeRow(toBridgeRow(row, row.mac));
    else if (this.#table.isVxlan(row.ifindex)) {
      if (row.mac === MAC_ZERO && row.dst !== undefined) this.#upkeep.destination(row.dst);
      observer.vxlanRow(toVxlanRow(row, row.mac));
    }
  }

  #gone(row: NeighMessage): void {
    const observer = this.#observer;
    if (!observer || this.#closed) return;
    if (row.family !== K.AF_BRIDGE) {
      if (row.dst !== undefined) observer.neighRowGone(toNeighRow(row, row.dst));
    } else if (row.mac === undefined) return;
    else if (!isDeviceRow(row)) observer.bridgeRowGone(toBridgeRow(row, row.mac));
    else if (this.#table.isVxlan(row.ifindex)) observer.vxlanRowGone(toVxlanRow(row, row.mac));
  }

  /** One new topology a turn of the event loop, however many messages changed it. */
  #scheduleTopology(): void {
    if (!this.#table.changed || this.#topologyScheduled || !this.#topologyTold) return;
    this.#topologyScheduled = true;
    setImmediate(() => {
      this.#topologyScheduled = false;
      this.#tellTopology();
    });
  }

  #tellTopology(): void {
    if (!this.#table.changed || this.#closed || !this.#observer) return;
    this.#table.changed = false;
    const topology = deriveTopology(this.#table, this.#upkeep.context);
    this.#upkeep.topologyTold(topology);
    if (this.#topologyTold && sameTopology(this.#topology, topology)) return;
    this.#topology = topology;
    this.#topologyTold = true;
    this.#observer.topology(topology);
  }
}

interface Sockets {
  readonly monitor: Monitor;
  readonly dump: DumpSocket;
  readonly programmer: Programmer;
  readonly reader: Reader;
}
