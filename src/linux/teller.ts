import { EMPTY_TOPOLOGY, type KernelObserver, type Topology } from '../dataplane/index.js';
import { MAC_ZERO } from '../types/index.js';
import { AF_BRIDGE } from './constants.js';
import type { LinkTable } from './link-table.js';
import type { NeighMessage } from './neigh-codec.js';
import type { Programmer } from './programmer.js';
import { isDeviceRow, toBridgeRow, toNeighRow, toVxlanRow } from './row-set.js';
import { deriveTopology, sameTopology } from './topology.js';
import type { Upkeep } from './upkeep.js';

/** Passes to the observer in its own terms what netlink reported: rows as they come, and topologies, one a turn of the event loop. */
export class Teller {
  #observer: KernelObserver | undefined;
  #topology: Topology = EMPTY_TOPOLOGY;
  #topologyTold = false;
  #topologyScheduled = false;
  #missedOn = 0;

  constructor(
    readonly table: LinkTable,
    readonly upkeep: Upkeep,
    /** Who writes. */
    readonly programmer: () => Pick<Programmer, 'isFlying' | 'land'> | undefined,
  ) {}

  /** From now on calls this one. */
  begin(observer: KernelObserver): void {
    this.#observer = observer;
  }

  /** From now on calls nobody. */
  close(): void {
    this.#observer = undefined;
  }

  /** The kernel has removed rows of the device by itself, or does so now. */
  flushed(ifindex: number): void {
    this.#observer?.flushed(ifindex);
  }

  /** A row is missing without a notification: of a port that had just left its bridge it may never have been written. */
  missed(ifindex: number): void {
    if (this.#missedOn === ifindex) return;
    this.#missedOn = ifindex;
    // Behind the others of this turn, and before anything is written
    queueMicrotask(() => {
      this.#missedOn = 0;
      this.flushed(ifindex);
    });
  }

  /** A row that exists. */
  present(row: NeighMessage): void {
    const observer = this.#observer;
    if (!observer) return;
    if (row.family !== AF_BRIDGE) {
      if (row.dst !== undefined) observer.neighRow(toNeighRow(row, row.dst));
    } else if (row.mac === undefined) return;
    else if (!isDeviceRow(row)) observer.bridgeRow(toBridgeRow(row, row.mac));
    else if (this.table.isVxlan(row.ifindex)) {
      if (row.mac === MAC_ZERO && row.dst !== undefined) this.upkeep.destination(row.dst);
      observer.vxlanRow(toVxlanRow(row, row.mac));
    }
  }

  /** A row that went. */
  gone(row: NeighMessage): void {
    const observer = this.#observer;
    if (!observer) return;
    if (row.family !== AF_BRIDGE) {
      if (row.dst !== undefined) observer.neighRowGone(toNeighRow(row, row.dst));
    } else if (row.mac === undefined) return;
    else if (!isDeviceRow(row)) observer.bridgeRowGone(toBridgeRow(row, row.mac));
    else if (this.table.isVxlan(row.ifindex)) observer.vxlanRowGone(toVxlanRow(row, row.mac));
  }

  /** One new topology a turn of the event loop, however many messages changed it. */
  scheduleTopology(): void {
    if (!this.table.changed || this.#topologyScheduled || !this.#topologyTold) return;
    this.#topologyScheduled = true;
    setImmediate(() => {
      this.#topologyScheduled = false;
      // Its end asks for it again
      if (!this.programmer()?.isFlying) this.tellTopology();
    });
  }

  /** The topology, if it is another than the last one reported. */
  tellTopology(): void {
    if (!this.table.changed || !this.#observer) return;
    this.table.changed = false;
    const topology = deriveTopology(this.table, this.upkeep.context, this.#topology);
    this.upkeep.topologyTold(topology);
    if (this.#topologyTold && sameTopology(this.#topology, topology)) return;
    // It may be reported in a turn in which nothing is received: what was written for the last one comes before it
    this.programmer()?.land();
    this.#topology = topology;
    this.#topologyTold = true;
    this.#observer.topology(topology);
  }
}
