import type { Ip, Mac, PrefixKey } from '../types/index.js';
import type { OtherTables } from './other-tables.js';
import { retryClass } from './retry.js';
import type { BridgeFdbRow, NeighRow, NexthopRow, OtherRoute, RouteRow, VxlanFdbRow } from './rows.js';
import type { Topology } from './topology.js';

/**
 * What a message makes of a bridge row. The kernel makes no row static or sticky by a message with NTF_EXT_LEARNED, and
 * leaves that flag as it is by one without (net/bridge/br_fdb.c br_fdb_external_learn_add, fdb_add_entry), so that a row
 * with our mark that no frame moves takes one of each:
 *
 * - `marked`: NTF_EXT_LEARNED, NUD_REACHABLE. Makes the row where there is none; a static or sticky one stays so.
 * - `pinned`: NTF_STICKY, NUD_NOARP (br_fdb_update then leaves the row on its port), for a row that exists.
 * - `unpinned`: NUD_REACHABLE, for a row that exists: neither static, permanent nor sticky any more.
 */
export type BridgeForm = 'marked' | 'pinned' | 'unpinned';

/**
 * One idempotent change to the kernel, in kernel terms. `add` creates or replaces (NLM_F_CREATE|NLM_F_REPLACE; for
 * `vxlan-default`, NLM_F_CREATE|NLM_F_APPEND), `delete` removes. Each is exactly one netlink message.
 */
export type Operation =
  /** Bridge row: NTF_MASTER, NDA_VLAN where vlan is not 0, the rest by `form`. `port` is the VXLAN device. */
  | {
      readonly table: 'bridge';
      readonly verb: 'add' | 'delete';
      readonly port: number;
      readonly vlan: number;
      readonly mac: Mac;
      readonly form: BridgeForm;
    }
  /** VXLAN row: NTF_SELF|NTF_EXT_LEARNED, NUD_REACHABLE, NDA_DST; NDA_SRC_VNI where srcVni is not 0. */
  | {
      readonly table: 'vxlan';
      readonly verb: 'add' | 'delete';
      readonly ifindex: number;
      readonly srcVni: number;
      readonly mac: Mac;
      readonly dst: Ip;
      /** A row of ours to another VTEP is known to stand, which a refusal leaves there. */
      readonly replaces?: true;
    }
  /**
   * Both rows of a MAC at once, the bridge's `marked`: NTF_MASTER|NTF_SELF. The kernel does the bridge's first and, where that
   * succeeded, the VXLAN device's, under one lock; where the device is no bridge port it leaves the bridge's out without a
   * word. `port` is the VXLAN device.
   */
  | {
      readonly table: 'fdb';
      readonly verb: 'add' | 'delete';
      readonly port: number;
      readonly vlan: number;
      readonly srcVni: number;
      readonly mac: Mac;
      readonly dst: Ip;
    }
  /** Default destination: all-zero MAC, NTF_SELF, NUD_NOARP|NUD_PERMANENT, appended. */
  | {
      readonly table: 'vxlan-default';
      readonly verb: 'add' | 'delete';
      readonly ifindex: number;
      readonly srcVni: number;
      readonly dst: Ip;
    }
  /** Neighbor: NTF_EXT_LEARNED (and NTF_ROUTER), NUD_NOARP, NDA_PROTOCOL = RTPROT_BGP. */
  | {
      readonly table: 'neigh';
      readonly verb: 'add' | 'delete';
      readonly ifindex: number;
      readonly ip: Ip;
      readonly mac: Mac;
      readonly router: boolean;
    }
  /** A nexthop, with our `nh_protocol`. With `replaces` one of ours is put right (NLM_F_REPLACE), else it is new (NLM_F_EXCL). */
  | {
      readonly table: 'nexthop';
      readonly verb: 'add' | 'delete';
      readonly id: number;
      readonly ifindex: number;
      /** The unspecified address of the routes' family for none: the device alone. */
      readonly gateway: Ip;
      /** The gateway is on the device whatever networks that is in. */
      readonly isOnlink: boolean;
      readonly replaces: boolean;
    }
  /** A group of nexthops, each of weight 1. With `replaces` one that stands gets these members (NLM_F_REPLACE), else it is new (NLM_F_EXCL). */
  | {
      readonly table: 'nexthop-group';
      readonly verb: 'add' | 'delete';
      readonly id: number;
      readonly members: readonly number[];
      readonly replaces: boolean;
    }
  /**
   * A unicast route with our `rtm_protocol`, which alone is deleted. With `replaces` the route of ours that stands gets this
   * nexthop (NLM_F_REPLACE), else there must be none of the prefix and metric, whoever's it is (NLM_F_CREATE|NLM_F_EXCL).
   */
  | {
      readonly table: 'route';
      readonly verb: 'add' | 'delete';
      readonly tableId: number;
      readonly prefix: PrefixKey;
      readonly metric: number;
      readonly nexthopId: number;
      readonly replaces: boolean;
    }
  /** A row as somebody had set it, where one of ours landed on it: with its own state, flags and, of a neighbor, NDA_PROTOCOL. */
  | {
      readonly table: 'by-hand';
      readonly verb: 'add';
      readonly of: 'bridge';
      readonly row: BridgeFdbRow;
    }
  | { readonly table: 'by-hand'; readonly verb: 'add'; readonly of: 'neigh'; readonly row: NeighRow }
  /**
   * Makes the kernel ask a neighbor at once, by unicast: NUD_PROBE, which ends as NUD_REACHABLE or NUD_FAILED
   * (net/core/neighbour.c). Only for rows that the kernel itself resolves: others would become such ones. Without `mac`
   * the row must exist; with it, one that does not is made.
   */
  | {
      readonly table: 'neigh-probe';
      readonly verb: 'add';
      readonly ifindex: number;
      readonly ip: Ip;
      readonly mac: Mac | undefined;
    };

/** What names one row to the kernel. */
export type RowKey =
  /** `port` is the one that the row is known to point to, 0 where none is known. */
  | {
      readonly table: 'bridge';
      readonly bridgeIfindex: number;
      readonly vlan: number;
      readonly mac: Mac;
      readonly port: number;
    }
  /** Of any but the all-zero MAC, which has many. */
  | { readonly table: 'vxlan'; readonly ifindex: number; readonly srcVni: number; readonly mac: Mac }
  | { readonly table: 'neigh'; readonly ifindex: number; readonly ip: Ip };

/** The kernel's answer to one operation: 0 or a positive errno, and its extended-ack text where it gave one. */
export interface OperationResult {
  readonly errno: number;
  readonly message: string | undefined;
  /**
   * Where an `fdb` operation failed, what each of its `partsOf` came to when it was done by itself behind that, so that
   * ENOENT may also mean that the first try had deleted it; `errno` is that of one that failed.
   */
  readonly parts?: readonly OperationResult[];
}

/** Of nearly every operation: one object for all of them. */
export const SUCCESS: OperationResult = Object.freeze({ errno: 0, message: undefined });

type FdbOperation = Extract<Operation, { table: 'fdb' }>;
/** An operation on one row. */
export type SingleOperation = Exclude<Operation, FdbOperation>;

/** The operations that an `fdb` operation stands for, in the kernel's order: the bridge's first. */
export function partsOf({
  verb,
  port,
  vlan,
  srcVni,
  mac,
  dst,
}: FdbOperation): [SingleOperation, SingleOperation] {
  return [
    { table: 'bridge', verb, port, vlan, mac, form: 'marked' },
    { table: 'vxlan', verb, ifindex: port, srcVni, mac, dst },
  ];
}

/** The result of an `fdb` operation of which the parts were done one by one. */
export function resultOfParts(verb: 'add' | 'delete', parts: readonly OperationResult[]): OperationResult {
  const failed = parts.filter(({ errno }) => errno !== 0);
  if (failed.length === 0) return parts[0];
  // What is as wanted all the same must not hide what is to be tried again
  const { errno, message } = failed.find((part) => retryClass(part.errno, verb) !== 'done') ?? failed[0];
  return { errno, message, parts };
}

/**
 * What the kernel reports. Calls come in the kernel's order, from dumps and notifications alike; a `delete` names the row
 * that went. Between `resyncStart` and `resyncEnd` every row that exists is reported as present at least once; what was
 * known before and was neither reported nor notified in between is gone (linux/ has confirmed each with a single
 * RTM_GETNEIGH, since FDB dumps are inconsistent). Callbacks must not throw.
 */
export interface KernelObserver {
  topology(topology: Topology): void;
  /**
   * The device has stopped to run or does again, has left its bridge or entered one, has another MAC or has lost an address,
   * if only for a moment that no topology will show: rows of it that went just before, the kernel itself removed, and it may
   * remove some just behind.
   */
  flushed(ifindex: number): void;
  bridgeRow(row: BridgeFdbRow): void;
  bridgeRowGone(row: BridgeFdbRow): void;
  vxlanRow(row: VxlanFdbRow): void;
  vxlanRowGone(row: VxlanFdbRow): void;
  neighRow(row: NeighRow): void;
  neighRowGone(row: NeighRow): void;
  /**
   * Every nexthop and group, whoever's it is, and of routes those with our protocol. What the kernel removes with a nexthop,
   * it does not report (`RouteRows.dropNexthop`), nor that a nexthop went with its device.
   */
  nexthopRow(row: NexthopRow): void;
  nexthopRowGone(id: number): void;
  routeRow(row: RouteRow): void;
  /** Be it another's: one of ours may have waited for that. `byKernel`: nobody asked for it. */
  routeRowGone(row: RouteRow, byKernel: boolean): void;
  /** Every route of the main table, and of tables that are followed, that is neither ours nor the kernel's own. */
  otherRoute(row: OtherRoute): void;
  /** It went, or some of its ways. */
  otherRouteGone(row: OtherRoute): void;
}

/**
 * The mirror that the observer fills, read back by the kernel side when it must find which known rows a dump lacks.
 * The mirror may change during a walk: a row that stays is met, be it more than once.
 */
export interface KnownRows {
  /** The very same row is known. By its fields, since the question is asked of every row of a device that is read again. */
  knowsBridge(
    bridgeIfindex: number,
    vlan: number,
    mac: Mac,
    port: number,
    state: number,
    flags: number,
  ): boolean;
  knowsVxlan(
    ifindex: number,
    srcVni: number,
    mac: Mac,
    dst: Ip | undefined,
    nexthopId: number,
    state: number,
    flags: number,
  ): boolean;
  /** Returns the port that the MAC's row points to; undefined where it has none. */
  portOf(bridgeIfindex: number, vlan: number, mac: Mac): number | undefined;
  /** Returns how many rows the two below have. */
  countOfPort(port: number): number;
  countOfDevice(ifindex: number): number;
  bridgeRowsOfPort(port: number): Iterable<BridgeFdbRow>;
  vxlanRowsOfDevice(ifindex: number): Iterable<VxlanFdbRow>;
  neighRows(): Iterable<NeighRow>;
  neighRowsOf(ifindex: number): Iterable<NeighRow>;
  nexthopRows(): Iterable<NexthopRow>;
  routeRows(): Iterable<RouteRow>;
  /** The nexthop or group of that id. */
  nexthop(id: number): NexthopRow | undefined;
  readonly others: Pick<OtherTables, 'rows' | 'leadBy' | 'size'>;
}

/** Operations on their way, for whoever launched them. */
export interface Flight {
  /**
   * The results, of every operation. Called where anybody asks the kernel for something, or it has something to report,
   * before the flight is over: before all that, amid another method, so it must not call the kernel.
   */
  landed(results: readonly OperationResult[]): void;
  /** The results, be it for the second time. Called once, from the event loop and in the order of launching. */
  over(results: readonly OperationResult[]): void;
}

/** The kernel as the data plane uses it; linux/ has the real one, memory.ts one for tests, both pass the same tests. */
export interface Kernel {
  /**
   * Reads everything (links, addresses, VLANs, then the FDB rows by port, then neighbors) and reports it to the observer; from
   * then on follows every change. Resolves when the first full picture stands.
   */
  start(observer: KernelObserver, known: KnownRows): Promise<void>;
  /**
   * From now on others' routes of these tables are read and followed, and of no others but the main one where that is. Resolves
   * once they are reported.
   */
  followTables(tables: ReadonlySet<number>): Promise<void>;
  /**
   * Hands over the notifications that are already queued, so that a decision does not overlook them. Where none has been
   * left `age` milliseconds ago at most (0 if not given), that may do. In a storm only some are handed over, lest
   * the event loop be held: false where more may wait.
   */
  drain(age?: number): boolean;
  /**
   * The same while nothing that was launched is under way, else nothing, and false: `drain` waits for that, for as long as others
   * hold the kernel's lock.
   */
  hear(): boolean;
  /**
   * Applies the operations in order, synchronously, and returns a result for each.
   * A failed operation does not stop the ones behind it. What it wrote may be reported like any other change, or not: the
   * caller knows it from the results. Told it will be where a change of another's may have come before or after it.
   */
  apply(operations: readonly Operation[]): OperationResult[];
  /**
   * The same while the caller goes on: the operations must stay as they are until they have landed. Whatever is asked of
   * the kernel meanwhile, and whatever it reports, comes behind them, but for hosts that have moved here, with MACs of which there is
   * nothing among them. False where it cannot be, or is not worth it: then
   * nothing has been done. Two flights at most are under way together, one behind the other. Neither call
   * comes once the kernel is closed.
   */
  launch(operations: readonly Operation[], flight: Flight): boolean;
  /**
   * Resolves once all that has been reported is what the kernel holds: at once, but where notifications have been lost and it is
   * being read again.
   */
  caughtUp(): Promise<void>;
  /**
   * Asks for the row and reports to the observer what stands, also that nothing does: amid a bulk of our own writing another's
   * change may have gone unheard, and is found only later. Where the kernel does not answer, nothing is reported.
   */
  ask(key: RowKey): void;
  close(): void;
}
