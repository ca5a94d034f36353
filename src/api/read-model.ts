import type { UnusedReason } from '../evpn/index.js';
import type { Ip, Mac, RouteDistinguisher, Vni } from '../types/index.js';
import type { Explain } from './explain-schemas.js';
import type { Pages } from './paging.js';
import type { ArpEntry, MacItem, NeighborItem, RouteItem, Status, VniItem, VtepItem } from './schemas.js';
import type { DriftItem, DuplicateItem, EventLoopItem, PendingWriteItem } from './trouble-schemas.js';

/** Which routes; an undefined field does not restrict. */
export interface RouteFilter {
  readonly type: number | undefined;
  /** A VNI that imports the route, or that it comes from. */
  readonly vni: Vni | undefined;
  readonly rd: RouteDistinguisher | undefined;
  readonly mac: Mac | undefined;
  /** A host's address, or an originator's. */
  readonly ip: Ip | undefined;
  readonly origin: 'local' | 'remote' | undefined;
  /** Routes of which this neighbour sent a path. */
  readonly neighbor: Ip | undefined;
  /** Routes that no VNI uses, for this reason. */
  readonly unused: UnusedReason | undefined;
}

/** Which addresses of a VNI; an undefined field does not restrict. */
export interface HostFilter {
  readonly origin: 'local' | 'remote' | undefined;
  /** The VTEP that the address is behind. */
  readonly vtep: Ip | undefined;
}

/** Which differences; an undefined field does not restrict. */
export interface DriftFilter {
  readonly vni: Vni | undefined;
  /** true: those that stand; false: those that were mended. */
  readonly open: boolean | undefined;
}

/** Whether evpnd can be relied on, and if not, what it waits for. */
export interface Readiness {
  readonly ready: boolean;
  /** One sentence each; empty exactly where `ready`. */
  readonly reasons: readonly string[];
}

/**
 * All that the API knows of evpnd: plain data, made when it is asked for. The composition implements it from the rooms
 * below; it must not throw, and only pages may walk tables.
 */
export interface ReadModel {
  status(): Status | Promise<Status>;
  /** Ready: the first picture of the kernel stands, and every neighbour's End-of-RIB came or the deferral is over. */
  readiness(): Readiness;
  neighbors(): Pages<NeighborItem>;
  neighbor(address: Ip): NeighborItem | undefined | Promise<NeighborItem | undefined>;
  vnis(): Pages<VniItem>;
  vni(vni: Vni): VniItem | undefined;
  /** undefined where there is no such VNI. */
  macs(vni: Vni, filter: HostFilter): Pages<MacItem> | undefined;
  /** undefined where there is no such VNI. */
  arpCache(vni: Vni, filter: HostFilter): Pages<ArpEntry> | undefined;
  routes(filter: RouteFilter): Pages<RouteItem>;
  vteps(): Pages<VtepItem>;
  /** The latest first. */
  drifts(filter: DriftFilter): Pages<DriftItem>;
  /** What is to be written to the kernel: in mode `observe`, what would be. */
  pendingWrites(vni: Vni | undefined): Pages<PendingWriteItem>;
  duplicates(): Pages<DuplicateItem>;
  /** How long turns of the event loop take. Being asked begins the watch: see the composition. */
  eventLoop(): EventLoopItem;
  /**
   * The story of a MAC, and of an IP that it may have; undefined where nobody knows the MAC in that VNI. Without a MAC that
   * of the one that has the IP.
   */
  explain(vni: Vni, mac: Mac | undefined, ip: Ip | undefined): Promise<Explain | undefined>;
}
