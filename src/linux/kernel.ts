import type {
  Flight,
  Kernel,
  KernelObserver,
  KnownRows,
  Operation,
  OperationResult,
  RowKey,
} from '../dataplane/index.js';
import type { Ip, Log } from '../types/index.js';
import { isRunning } from './checks.js';
import * as K from './constants.js';
import { type Asic, type AsicTable, readAsic, readAsicTables } from './devlink.js';
import { EchoWindow } from './echo-window.js';
import { type FdbVisitor, offloadedNeighs, scanFdb } from './fdb-dump.js';
import type { Link } from './link-codec.js';
import { LinkTable } from './link-table.js';
import { Monitor } from './monitor.js';
import type { NetlinkSockets } from './native.js';
import { decodeNeigh, newNeighMessage } from './neigh-codec.js';
import { OtherRouteReader } from './other-route-reader.js';
import { Programmer } from './programmer.js';
import { hasMovedHere } from './read-ahead.js';
import { Reader } from './reader.js';
import { Rereads } from './rereads.js';
import { isOfRoutes } from './route-messages.js';
import { RouteReader } from './route-reader.js';
import { type RouteVisitor, scanRoutes } from './route-scan.js';
import { DumpSocket } from './route-socket.js';
import { Slicer } from './slicer.js';
import { Teller } from './teller.js';
import { type KernelPolicy, Upkeep } from './upkeep.js';

/** What a LinuxKernel takes. */
export interface LinuxKernelOptions {
  readonly log: Log;
  /**
   * Octets of the monitor's receive buffer, 64 MiB by default: some 80,000 notifications at rest (the kernel accounts
   * 832 octets for one and doubles the size given). A smaller one costs re-reads, never correctness.
   */
  readonly receiveBuffer?: number;
  /** Nexthops and routes are read and followed as well. */
  readonly routes?: boolean;
  /** Also the main table's routes of others, which next hops may be reached by; as `routes` where absent. */
  readonly otherRoutes?: boolean;
  /** What netlink goes through; the addon's sockets if not given. */
  readonly sockets?: NetlinkSockets;
}

/** Counters since the start. */
export interface LinuxKernelStats {
  readonly notifications: number;
  /** Times that the receive buffer overran (ENOBUFS), and messages dropped then (SO_MEMINFO). */
  readonly overruns: number;
  readonly drops: number;
  /** Complete re-reads, the first one included. */
  readonly resyncs: number;
  /** Devices read again because echoes on them had been hidden. */
  readonly audits: number;
}

const RECEIVE_BUFFER = 64 << 20;

/**
 * The running kernel, over netlink. Observers see rows of every bridge, of every VXLAN device and of every neighbor
 * table in this network namespace.
 *
 * What the kernel notifies by itself when devices go: a bridge port that leaves its bridge, goes down (learned rows) or
 * is deleted, and a bridge that is deleted, each send RTM_DELNEIGH for every row (net/bridge/br_fdb.c
 * fdb_delete); a VXLAN device that goes down reports its learned and extern_learn rows, one that is deleted all
 * (drivers/net/vxlan: vxlan_flush); neighbors go with their device or its link and are reported (net/core/neighbour.c). An
 * overrun loses any of these; then the re-read finds them, and rows of devices that are no more show by
 * `Topology.interfaces`.
 */
export class LinuxKernel implements Kernel {
  readonly #log: Log;
  readonly #receiveBuffer: number;
  readonly #sockets: NetlinkSockets | undefined;
  readonly #withRoutes: boolean;
  readonly #withOthers: boolean;
  readonly #table = new LinkTable();
  readonly #message = newNeighMessage();
  #open: Sockets | undefined;
  #known: KnownRows | undefined;
  #closed = false;
  #endWindow: NodeJS.Immediate | undefined;
  readonly #upkeep: Upkeep;
  readonly #teller: Teller;

  constructor(options: LinuxKernelOptions) {
    this.#log = options.log;
    this.#receiveBuffer = options.receiveBuffer ?? RECEIVE_BUFFER;
    this.#sockets = options.sockets;
    this.#withRoutes = options.routes ?? false;
    this.#withOthers = options.otherRoutes ?? this.#withRoutes;
    this.#upkeep = new Upkeep(
      this.#table,
      () => (this.#closed ? undefined : this.#open?.programmer),
      () => {
        this.#table.changed = true;
        this.#teller.scheduleTopology();
      },
      this.#log,
    );
    this.#teller = new Teller(this.#table, this.#upkeep, () => this.#open?.programmer);
  }

  /** What the operator wants beyond routes; may be set at any time. */
  setPolicy(policy: KernelPolicy): void {
    this.#upkeep.setPolicy(policy);
  }

  /** Rejects with NetlinkError, or with the error of native(), where the kernel cannot be read at all. */
  async start(observer: KernelObserver, known: KnownRows): Promise<void> {
    if (this.#open || this.#closed) throw new Error('this kernel has been started before');
    const teller = this.#teller;
    teller.begin(observer);
    this.#known = known;
    const monitor = new Monitor(
      this.#receiveBuffer,
      {
        reading: () => this.#open?.programmer.land(),
        message: (type, at, end) => this.#notification(type, at, end),
        goesFirst: (row) =>
          hasMovedHere(row, this.#table, known) && !programmer.concerns(row.mac) && !echoes.hasWritten(row),
        drained: () => {
          this.#open?.echoes.drained();
          teller.scheduleTopology();
        },
        lost: () => this.#open?.rereads.everything(),
      },
      this.#log,
      this.#sockets,
      this.#withOthers ? 'all' : this.#withRoutes ? 'vrfs' : 'none',
    );
    const dump = new DumpSocket(this.#sockets);
    const programmer = new Programmer(this.#sockets);
    const reader = new Reader(
      dump,
      programmer,
      {
        known,
        drainAll: (slicer) => monitor.drainAll(slicer),
        present: (row) => teller.present(row),
        bridgeRowGone: (row) => {
          observer.bridgeRowGone(row);
          if (rereads.flapped === row.port) teller.missed(row.port);
        },
        vxlanRowGone: (row) => {
          observer.vxlanRowGone(row);
          if (rereads.flapped === row.ifindex) teller.missed(row.ifindex);
        },
        neighRowGone: (row) => observer.neighRowGone(row),
      },
      this.#log,
    );
    const echoes = new EchoWindow({
      hide: (hidden) => monitor.hide(hidden),
      get port() {
        return programmer.port;
      },
      rereadRoutes: () => rereads.routes(),
      reread: (operation, row) => this.#guard(() => reader.reread(operation, row)),
    });
    const routes = this.#withRoutes
      ? new RouteReader(known, observer, (slicer) => monitor.drainAll(slicer), this.#log, this.#sockets)
      : undefined;
    const others = this.#withRoutes
      ? new OtherRouteReader(
          known,
          observer,
          (slicer) => monitor.drainAll(slicer),
          this.#log,
          this.#sockets,
          this.#withMain([]),
        )
      : undefined;
    const rereads = new Rereads(
      {
        monitor,
        reader,
        readRoutes: async () => {
          await routes?.readAll();
          await others?.readAll();
        },
        table: this.#table,
        unheard: echoes.unheard,
        endsUnheard: echoes.endsUnheard,
        settle: () => programmer.settled().then(() => echoes.end()),
        tellTopology: () => teller.tellTopology(),
        ended: () => this.#closeSockets(),
      },
      this.#log,
    );
    this.#open = { monitor, dump, programmer, reader, echoes, rereads, routes, others };
    monitor.watch();
    try {
      await rereads.first();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  drain(age = 0): boolean {
    const monitor = this.#open?.monitor;
    const isDrained = !monitor || monitor.wasDrained(age) || monitor.drain();
    this.#teller.tellTopology();
    return isDrained;
  }

  hear(): boolean {
    return this.#open?.programmer.isFlying !== true && this.drain();
  }

  apply(operations: readonly Operation[]): OperationResult[] {
    if (!this.#open) throw new Error('this kernel is not started');
    const { programmer } = this.#open;
    programmer.land();
    if (this.#hideEchoes(this.#open, operations)) this.#hearSoon();
    return programmer.apply(operations, this.#isMapped);
  }

  launch(operations: readonly Operation[], flight: Flight): boolean {
    if (!this.#open) throw new Error('this kernel is not started');
    const { monitor, rereads, programmer, echoes } = this.#open;
    // What reads the kernel must not find a bulk under way
    if (rereads.pending || !programmer.mayLaunch(operations)) return false;
    // What waits to be heard is heard between two flights: behind this one, if another were launched, only later
    if (programmer.isFlying && (monitor.hasNews || !echoes.admits(operations))) return false;
    const hidden = this.#hideEchoes(this.#open, operations);
    const ours: Flight = {
      landed: (results) => flight.landed(results),
      over: (results) => {
        if (!programmer.isFlying) {
          monitor.resume();
          this.#teller.scheduleTopology();
          this.#hearSoon();
        } else if (!monitor.hasNews) echoes.empty(1);
        flight.over(results);
      },
    };
    if (programmer.launch(operations, this.#isMapped, ours)) {
      // Hearing anything means waiting for the flight, for as long as others hold the kernel's lock
      monitor.pause();
      return true;
    }
    if (hidden && !programmer.isFlying) this.#hearSoon();
    return false;
  }

  async followTables(tables: ReadonlySet<number>): Promise<void> {
    await this.#open?.others?.follow(this.#withMain(tables));
  }

  #withMain(tables: Iterable<number>): ReadonlySet<number> {
    return new Set(this.#withOthers ? [K.RT_TABLE_MAIN, ...tables] : tables);
  }

  async caughtUp(): Promise<void> {
    await this.#open?.monitor.drainAll(new Slicer());
    this.#teller.tellTopology();
    await this.#open?.rereads.whole();
  }

  ask(key: RowKey): void {
    const open = this.#open;
    if (!open || this.#closed) return;
    // What waits to be heard is older than the answer; in a storm what is left of it leads to what stands now as well
    this.drain();
    this.#guard(() => open.reader.ask(key));
  }

  readonly #isMapped = (port: number, vlan: number): boolean => {
    const vlans = this.#table.vlans.get(port);
    return vlans !== undefined && (vlans.pvid === vlan || vlans.tunnels.has(vlan));
  };

  #hideEchoes({ echoes, rereads }: Sockets, operations: readonly Operation[]): boolean {
    clearImmediate(this.#endWindow);
    this.#endWindow = undefined;
    // A dump that runs learns from the echoes which of its rows are old
    if (!echoes.begin(operations, !rereads.pending)) return false;
    rereads.auditLater();
    return true;
  }

  /** Hears everything again from the next turn of the event loop on, unless more is written until then. */
  #hearSoon(): void {
    this.#endWindow ??= setImmediate(() => {
      this.#endWindow = undefined;
      this.#open?.echoes.end();
    });
  }

  /**
   * Visits the rows of a VXLAN device and those of the bridge that point to it, with NTF_OFFLOADED, which no notification
   * carries. The mirror is not touched. A device that does not exist has no rows. Rejects with NetlinkError.
   */
  scanFdb(ifindex: number, visitor: FdbVisitor): Promise<void> {
    return scanFdb(this.#sockets, ifindex, visitor);
  }

  /** Returns the IPs of a device's neighbors that a switch ASIC has, which no notification says. Rejects with NetlinkError. */
  offloadedNeighs(ifindex: number): Promise<ReadonlySet<Ip>> {
    return offloadedNeighs(this.#sockets, ifindex);
  }

  /** Visits our routes with the marks of a switch ASIC (RTM_F_OFFLOAD and its like). Rejects with NetlinkError. */
  scanRoutes(visitor: RouteVisitor): Promise<void> {
    return scanRoutes(this.#sockets, visitor);
  }

  /** The switch ASIC of this machine, undefined where there is none. */
  asic(): Promise<Asic | undefined> {
    return readAsic(this.#log);
  }

  /** Its tables, as they are now. */
  asicTables(asic: Asic): Promise<readonly AsicTable[]> {
    return readAsicTables(this.#log, asic);
  }

  /** Counters since the start. */
  stats(): LinuxKernelStats {
    const open = this.#open;
    return {
      notifications: open?.monitor.notifications ?? 0,
      overruns: open?.monitor.overruns ?? 0,
      drops: open?.monitor.drops ?? 0,
      resyncs: open?.rereads.resyncs ?? 0,
      audits: open?.rereads.audits ?? 0,
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#upkeep.close();
    this.#teller.close();
    clearImmediate(this.#endWindow);
    const open = this.#open;
    if (!open) return;
    open.programmer.abandon();
    open.reader.close();
    open.monitor.close();
    // What reads now closes the sockets when it has noticed
    if (!open.rereads.close()) this.#closeSockets();
  }

  #closeSockets(): void {
    this.#open?.dump.close();
    this.#open?.routes?.close();
    this.#open?.others?.close();
    this.#open?.programmer.close();
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
      open.echoes.heard(row, gone);
      if (gone) this.#teller.gone(row);
      else this.#teller.present(row);
      return;
    }
    if (open.routes && isOfRoutes(type)) {
      open.routes.notification(open.echoes, type, buffer.bytes, at, end);
      if (type === K.RTM_NEWROUTE || type === K.RTM_DELROUTE)
        open.others?.notification(type, buffer.bytes, at, end);
      return;
    }
    // The kernel flushes the neighbors of a device that loses its last IPv4 address (net/ipv4/fib_frontend.c: fib_disable_ip)
    if (type === K.RTM_DELADDR) {
      this.#teller.flushed(buffer.words[(at + 20) >> 2]);
      // Routes whose source it was go with it (fib_sync_down_addr)
      open.others?.deviceChanged(0);
    }
    if (type === K.RTM_DELLINK) this.#reachChanged(buffer.words[(at + 20) >> 2]);
    const ifindex = type === K.RTM_NEWLINK ? buffer.words[(at + 20) >> 2] : 0;
    const before = this.#table.links.get(ifindex);
    this.#table.take(type, buffer.bytes, at, end);
    const after = this.#table.links.get(ifindex);
    if (before && after && isRunning(before) !== isRunning(after)) this.#reachChanged(ifindex);
    if (before && after && hasFlapped(before, after)) {
      this.#teller.flushed(ifindex);
      // Amid a bulk it may have gone unheard
      if (open.echoes.endsUnheard.has(ifindex)) open.rereads.device(ifindex);
    }
    if (!after || !this.#table.isVxlan(ifindex)) return;
    // A new device may bring rows. And what was written for one that had just left its bridge was written in part
    if (before ? before.master !== after.master && this.#hasRows(ifindex) : true)
      open.rereads.device(ifindex);
  }

  /** The kernel removes nexthops with their device or its carrier, and does not report them. */
  #reachChanged(ifindex: number): void {
    const { routes, others } = this.#open ?? {};
    others?.deviceChanged(ifindex);
    if (!routes) return;
    for (const row of routes.known.nexthopRows())
      if (row.ifindex === ifindex) {
        this.#guard(() => routes.readNexthops());
        return;
      }
  }

  #hasRows(ifindex: number): boolean {
    for (const _ of this.#known?.bridgeRowsOfPort(ifindex) ?? []) return true;
    return false;
  }

  /** A question that the kernel does not answer leaves what is known, until the device is read again. */
  #guard(ask: () => void): void {
    try {
      ask();
    } catch (error) {
      this.#log.warn({ err: error }, 'the kernel does not report a row');
    }
  }
}

/**
 * The kernel flushes rows of a device that goes down or loses its carrier, and of a port that leaves its bridge. It reports
 * them before the link (drivers/net/vxlan: vxlan_stop, net/bridge/br_if.c: del_nbp) or behind it (net/core/dev.c:
 * NETDEV_DOWN follows on RTM_NEWLINK), but before the link is well again. And the neighbors of a device that gets another
 * MAC (net/ipv4/arp.c arp_netdev_event, net/ipv6/ndisc.c: NETDEV_CHANGEADDR), as a bridge does when its lowest port comes
 * or goes: those it reports after the link.
 */
function hasFlapped(before: Link, after: Link): boolean {
  return isRunning(before) !== isRunning(after) || before.master !== after.master || before.mac !== after.mac;
}

interface Sockets {
  readonly monitor: Monitor;
  readonly dump: DumpSocket;
  readonly programmer: Programmer;
  readonly reader: Reader;
  readonly echoes: EchoWindow;
  readonly rereads: Rereads;
  readonly routes: RouteReader | undefined;
  readonly others: OtherRouteReader | undefined;
}
