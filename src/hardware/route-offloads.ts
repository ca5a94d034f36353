import {
  type DataPlane,
  type RouteRow,
  type RoutesPlane,
  Rtm,
  type Topology,
  type TopologyProblem,
} from '../dataplane/index.js';
import { counted, formatPrefix, type PrefixKey } from '../types/index.js';

/**
 * `offloaded`: the hardware forwards by the route; `trap`: it hands what the route matches to the CPU; `refused`: it has no
 * such route and goes by a shorter one; `software`: the driver has not marked it.
 */
export type RouteOffloadState = 'offloaded' | 'trap' | 'refused' | 'software';

/** One route's state, and the kernel's words where it said some. */
export interface RouteOffload {
  readonly state: RouteOffloadState;
  readonly reason: string | undefined;
}

/** How many routes of a routing table are in which state. */
export type RouteCounts = Readonly<Record<RouteOffloadState, number>>;

/** Reads our routes with the marks of `Rtm`, which are told only where net.ipv4.fib_notify_on_flag_change says so. */
export interface RouteReader {
  scanRoutes(visitor: { begin(): void; route(row: RouteRow, flags: number): void }): Promise<void>;
}

/** Routes of one routing table and metric that the driver has marked, of those that are wanted there. */
class MarkedRoutes {
  readonly states = new Map<PrefixKey, RouteOffloadState>();
  readonly counts = { offloaded: 0, trap: 0, refused: 0, software: 0 };
  /** One that was refused. */
  example: PrefixKey | undefined;

  constructor(readonly plane: RoutesPlane) {}

  add(prefix: PrefixKey, flags: number): void {
    const state = stateOf(flags);
    if (state === 'software' || !this.plane.tables.route.intents.has(prefix)) return;
    this.states.set(prefix, state);
    this.counts[state]++;
    if (state === 'refused') this.example ??= prefix;
  }
}

/** Knows what a switch ASIC made of our routes, as the last dump of them showed it. */
export class RouteOffloads {
  #marked: ReadonlyMap<RoutesPlane, MarkedRoutes> | undefined;
  /** A device of the machine is a port of a switch. */
  hasSwitch = false;

  constructor(
    readonly dataPlane: DataPlane,
    readonly reader: RouteReader,
  ) {}

  topologyChanged({ hasSwitch }: Topology): void {
    this.hasSwitch = hasSwitch;
    if (!hasSwitch) this.#marked = undefined;
  }

  /** There is a switch, and somebody has routes. */
  get isOn(): boolean {
    return this.hasSwitch && this.dataPlane.routeTables.count > 0;
  }

  /** Dumps our routes. Rejects where the kernel does not answer; then what was known stays. */
  async look(): Promise<void> {
    let marked = new Map<string, MarkedRoutes>();
    await this.reader.scanRoutes({
      begin: () => {
        marked = new Map(
          [...this.dataPlane.routeTables].map((plane) => [placeOf(plane.at), new MarkedRoutes(plane)]),
        );
      },
      route: (row, flags) => marked.get(placeOf(row))?.add(row.prefix, flags),
    });
    this.#marked = new Map([...marked.values()].map((each) => [each.plane, each]));
  }

  /** What became of a route that is wanted there; undefined where it is not, or where there is no switch. */
  route(plane: RoutesPlane, prefix: PrefixKey): RouteOffload | undefined {
    const intent = plane.tables.route.intents.get(prefix);
    if (!this.#marked || !intent) return undefined;
    const { failure } = intent;
    if (failure) return { state: 'refused', reason: failure.message ?? failure.name };
    return { state: this.#marked.get(plane)?.states.get(prefix) ?? 'software', reason: undefined };
  }

  /** How many of the routes that are wanted there are in which state; undefined where there is no switch. */
  counts(plane: RoutesPlane): RouteCounts | undefined {
    if (!this.#marked) return undefined;
    const { offloaded = 0, trap = 0, refused = 0 } = this.#marked.get(plane)?.counts ?? {};
    const software = Math.max(0, plane.tables.route.intents.size - offloaded - trap - refused);
    return { offloaded, trap, refused, software };
  }

  /** Routes that the hardware does not have, and so goes by others. */
  *problems(): Iterable<TopologyProblem> {
    for (const { plane, counts, example } of this.#marked?.values() ?? []) {
      if (example === undefined) continue;
      yield {
        severity: 'warning',
        vni: undefined,
        device: this.#nameOf(plane.at.tableId),
        topic: 'hardware refuses routes',
        problem: `the switch ASIC has not taken ${counted(counts.refused, 'route')}, such as that to ${formatPrefix(example)}: it forwards by a shorter one, or drops`,
        fix: 'make room: fewer routes, or a larger table (devlink resource show)',
      };
    }
  }

  #nameOf(tableId: number): string {
    for (const vrf of this.dataPlane.topology.vrfs.values()) if (vrf.tableId === tableId) return vrf.name;
    return `table ${tableId}`;
  }
}

function placeOf({ tableId, metric }: { readonly tableId: number; readonly metric: number }): string {
  return `${tableId} ${metric}`;
}

function stateOf(flags: number): RouteOffloadState {
  if ((flags & Rtm.OFFLOAD_FAILED) !== 0) return 'refused';
  if ((flags & Rtm.TRAP) !== 0) return 'trap';
  return (flags & Rtm.OFFLOAD) !== 0 ? 'offloaded' : 'software';
}
