import {
  type Flight,
  type Kernel,
  type KernelObserver,
  type KnownRows,
  type Operation,
  type OperationResult,
  partsOf,
  type RowKey,
  resultOfParts,
  type SingleOperation,
  SUCCESS,
} from '../../src/dataplane/kernel.js';
import { kindOf } from '../../src/dataplane/kernel-tables/operations.js';
import { KernelMirror } from '../../src/dataplane/mirror.js';
import { bridgeRowAfter, OUR_ROWS } from '../../src/dataplane/our-rows.js';
import { hasOurMark, RTPROT_EVPND } from '../../src/dataplane/ownership.js';
import {
  type BridgeFdbRow,
  MAIN_TABLE,
  type NeighRow,
  type NexthopRow,
  Ntf,
  Nud,
  type OtherRoute,
  type RouteRow,
  type VxlanFdbRow,
} from '../../src/dataplane/rows.js';
import { EMPTY_TOPOLOGY, type Topology } from '../../src/dataplane/topology.js';
import {
  type Clock,
  formatPrefix,
  IPV4_ANY,
  type Ip,
  isUnspecified,
  MAC_ZERO,
  type Mac,
  type Timer,
} from '../../src/types/index.js';

const ENOENT = 2;
const ESRCH = 3;
const EEXIST = 17;
const ENODEV = 19;
const EINVAL = 22;
const ENETDOWN = 100;
/** As with the real one, a few operations are no flight. */
const WORTH_A_FLIGHT = 64;
const MOST_FLIGHTS = 2;

/**
 * A kernel in memory that passes the same tests as the real one: its tables, its notifications (queued, in order, lost
 * on `overrun`), its errors. Tests change it from outside as bridges, hosts and operators would.
 */
export class MemoryKernel implements Kernel {
  readonly tables = new KernelMirror();
  topology: Topology = EMPTY_TOPOLOGY;
  /** Routes of other protocols. */
  readonly foreignRoutes = new Map<string, RouteRow>();
  /** Makes an operation fail: a positive errno, or 0 to let it through. */
  fault: (operation: SingleOperation) => number = () => 0;
  /** Every operation that was applied, in order; of an `fdb` operation its parts. */
  readonly applied: SingleOperation[] = [];
  #followed: ReadonlySet<number> = new Set();
  #observer: KernelObserver | undefined;
  #known: KnownRows | undefined;
  /** Leaves out the notifications of rows that `apply` writes with our mark, as the real one does amid a bulk. */
  hidesEchoes = false;
  /** Whether so many operations are launched, and carried out at once or only when they land. */
  launches: (count: number) => 'not' | 'at-once' | 'late' = (count) =>
    count < WORTH_A_FLIGHT ? 'not' : 'late';
  readonly #flights: OwnFlight[] = [];
  #queue: Notification[] = [];
  #hiding = false;
  /** What was written unheard since the queue was empty. */
  #written: SingleOperation[] = [];
  #delivery: Timer | undefined;

  constructor(readonly clock: Clock) {}

  async start(observer: KernelObserver, known: KnownRows): Promise<void> {
    this.#observer = observer;
    this.#known = known;
    this.resync();
  }

  hear(): boolean {
    return this.#flights.length === 0 && this.drain();
  }

  drain(): boolean {
    if (!this.#observer) return true;
    this.#land();
    const told = new Set<string>();
    while (this.#queue.length > 0) {
      const queue = this.#queue;
      this.#queue = [];
      for (const { key, tell } of queue) {
        told.add(key);
        tell(this.#observer);
      }
    }
    // What was told of these keys may be older than what was written
    const written = this.#written;
    this.#written = [];
    for (const operation of written) if (told.has(this.#keyOf(operation))) this.#retell(operation);
    return true;
  }

  apply(operations: readonly Operation[]): OperationResult[] {
    this.#land();
    return this.#carryOut(operations);
  }

  launch(operations: readonly Operation[], flight: Flight): boolean {
    const barred =
      this.#flights.length === MOST_FLIGHTS || operations.some((operation) => !kindOf(operation).flies);
    // As with the real one, what waits to be heard is heard before another flight
    if (this.#flights.length > 0 && this.#queue.length > 0) return false;
    const how = barred ? 'not' : this.launches(operations.length);
    if (how === 'not') return false;
    const own: OwnFlight = { operations, flight, results: undefined, hasLanded: false };
    this.#flights.push(own);
    if (how === 'at-once') this.#resultsOf(own);
    // A turn passes in between, in which the caller may think ahead
    this.clock.soon(() => this.clock.soon(() => this.#over()));
    return true;
  }

  #over(): void {
    const own = this.#flights[0];
    if (!this.#observer || !own) return;
    const results = this.#resultsOf(own);
    this.#flights.shift();
    own.flight.over(results);
  }

  #land(): void {
    for (const own of this.#flights) {
      if (own.hasLanded) continue;
      own.hasLanded = true;
      own.flight.landed(this.#resultsOf(own));
    }
  }

  /** Carries it out where that is not done, behind those that were launched before. */
  #resultsOf(own: OwnFlight): OperationResult[] {
    for (const earlier of this.#flights) {
      if (earlier === own) break;
      earlier.results ??= this.#carryOut(earlier.operations);
    }
    own.results ??= this.#carryOut(own.operations);
    return own.results;
  }

  #carryOut(operations: readonly Operation[]): OperationResult[] {
    const results = new Array<OperationResult>(operations.length);
    for (const [i, operation] of operations.entries())
      results[i] =
        operation.table === 'fdb'
          ? resultOfParts(
              operation.verb,
              partsOf(operation).map((part) => this.#carryOutOne(part)),
            )
          : this.#carryOutOne(operation);
    return results;
  }

  #carryOutOne(operation: SingleOperation): OperationResult {
    const hide = this.hidesEchoes && operation.table !== 'vxlan-default' && operation.table !== 'neigh-probe';
    if (hide) this.#written.push(operation);
    const fault = this.fault(operation);
    this.#hiding = hide;
    const errno = fault || this.#execute(operation);
    this.#hiding = false;
    this.applied.push(operation);
    return errno === 0 ? SUCCESS : { errno, message: undefined };
  }

  caughtUp(): Promise<void> {
    this.drain();
    return Promise.resolve();
  }

  ask(key: RowKey): void {
    this.drain();
    if (this.#observer) this.#tellRow(key, this.#observer);
  }

  #tellRow(key: RowKey, observer: KernelObserver): void {
    const { tables } = this;
    if (key.table === 'bridge') {
      const row = tables.bridgeRow(key.bridgeIfindex, key.vlan, key.mac);
      if (row) observer.bridgeRow(row);
      else observer.bridgeRowGone({ ...key, state: 0, flags: 0 });
    } else if (key.table === 'vxlan') {
      const row = tables.vxlanRow(key.ifindex, key.srcVni, key.mac);
      if (row) observer.vxlanRow(row);
      else observer.vxlanRowGone({ ...key, dst: undefined, nexthopId: 0, state: 0, flags: 0 });
    } else {
      const row = tables.neighRow(key.ifindex, key.ip);
      if (row) observer.neighRow(row);
      else observer.neighRowGone({ ...key, mac: undefined, state: 0, flags: 0, protocol: 0 });
    }
  }

  close(): void {
    for (const own of this.#flights) this.#resultsOf(own);
    this.#observer = undefined;
    this.#delivery?.cancel();
  }

  /** Devices as they are from now on; rows of a device that went are gone without a word. */
  setTopology(topology: Topology): void {
    for (const ifindex of this.topology.interfaces.keys())
      if (!topology.interfaces.has(ifindex)) this.tables.dropDevice(ifindex);
    const known = [...this.tables.routes.nexthops()].map(({ id }) => id);
    for (const { ifindex } of [...this.tables.routes.nexthops()])
      if (ifindex !== 0 && topology.interfaces.get(ifindex)?.running !== true)
        this.tables.routes.dropDevice(ifindex);
    this.topology = topology;
    // As the real one's are read when a link goes
    for (const id of known)
      if (this.tables.routes.nexthop(id) === undefined)
        this.#tell(`nexthop ${id}`, (observer) => observer.nexthopRowGone(id));
    this.#tell('topology', (observer) => observer.topology(topology));
  }

  /** A VXLAN device goes down, with all its rows but default destinations, and is up again before anybody looks. */
  flap(ifindex: number): void {
    for (const { srcVni, mac, dst } of [...this.tables.vxlanRowsOfDevice(ifindex)])
      if (mac !== MAC_ZERO) this.dropVxlan(ifindex, srcVni, mac, dst);
    this.#tell(`flush ${ifindex}`, (observer) => observer.flushed(ifindex));
  }

  /** The bridge learns a MAC on a port (overriding what it knew), or an operator configures a row. */
  putBridge(row: BridgeFdbRow): void {
    const { before, after } = this.tables.putBridge(row);
    // An identical add notifies nobody
    if (before !== after) this.#tell(bridgeKey(row), (observer) => observer.bridgeRow(row));
  }

  /** The bridge learns a MAC from a frame. */
  learn(bridgeIfindex: number, vlan: number, mac: Mac, port: number): void {
    const present = this.tables.bridgeRow(bridgeIfindex, vlan, mac);
    // br_fdb_update: a permanent row stays, a sticky one on its port; a static one moves and stays static
    if (present && ((present.state & Nud.PERMANENT) !== 0 || (present.flags & Ntf.STICKY) !== 0)) return;
    if (present?.port === port && (present.state & Nud.NOARP) !== 0) return;
    const state = present && (present.state & Nud.NOARP) !== 0 ? Nud.NOARP : Nud.REACHABLE;
    this.putBridge({ bridgeIfindex, vlan, mac, port, state, flags: 0 });
  }

  dropBridge(bridgeIfindex: number, vlan: number, mac: Mac): void {
    const row = this.tables.bridgeRow(bridgeIfindex, vlan, mac);
    if (!row) return;
    this.tables.dropBridge(bridgeIfindex, vlan, mac, row.port);
    this.#tell(bridgeKey(row), (observer) => observer.bridgeRowGone(row));
  }

  putVxlan(row: VxlanFdbRow): void {
    if (this.tables.putVxlan(row)) this.#tell(vxlanKey(row), (observer) => observer.vxlanRow(row));
  }

  dropVxlan(ifindex: number, srcVni: number, mac: Mac, dst: Ip | undefined): void {
    const row =
      mac === MAC_ZERO && dst !== undefined
        ? this.tables.defaultRow(ifindex, srcVni, dst)
        : this.tables.vxlanRow(ifindex, srcVni, mac);
    if (row && this.tables.dropVxlan(ifindex, srcVni, mac, dst))
      this.#tell(vxlanKey(row), (observer) => observer.vxlanRowGone(row));
  }

  putNeigh(row: NeighRow): void {
    this.tables.putNeigh(row);
    this.#tell(neighKey(row), (observer) => observer.neighRow(row));
  }

  dropNeigh(ifindex: number, ip: Ip): void {
    const row = this.tables.dropNeigh(ifindex, ip);
    if (row) this.#tell(neighKey(row), (observer) => observer.neighRowGone(row));
  }

  /** The notifications that nobody has read yet are lost; a new picture follows (ENOBUFS). */
  overrun(): void {
    this.#queue = [];
    this.#tell('all', () => this.resync());
  }

  /** Tells everything that stands, and the loss of what was known and no longer does. */
  resync(): void {
    const observer = this.#observer;
    const known = this.#known;
    if (!observer || !known) return;
    observer.topology(this.topology);
    const { tables, topology } = this;
    for (const ifindex of topology.interfaces.keys()) {
      for (const row of [...known.bridgeRowsOfPort(ifindex)])
        if (tables.bridgeRow(row.bridgeIfindex, row.vlan, row.mac)?.port !== ifindex)
          observer.bridgeRowGone(row);
      for (const row of [...known.vxlanRowsOfDevice(ifindex)])
        if (!this.#hasVxlan(row)) observer.vxlanRowGone(row);
      for (const row of [...tables.bridgeRowsOfPort(ifindex)]) observer.bridgeRow(row);
      for (const row of [...tables.vxlanRowsOfDevice(ifindex)]) observer.vxlanRow(row);
    }
    for (const row of [...known.neighRows()])
      if (!tables.neighRow(row.ifindex, row.ip)) observer.neighRowGone(row);
    for (const row of [...tables.neighRows()]) observer.neighRow(row);
    for (const { id } of [...known.nexthopRows()])
      if (tables.routes.nexthop(id) === undefined) observer.nexthopRowGone(id);
    for (const row of [...tables.nexthopRows()]) observer.nexthopRow(row);
    for (const row of [...known.routeRows()])
      if (!tables.routes.route(row.tableId, row.metric, row.prefix)) observer.routeRowGone(row, false);
    for (const row of [...tables.routeRows()]) observer.routeRow(row);
    for (const row of [...known.others.rows()])
      if (
        !tables.others
          .of(row.tableId)
          .at(row.prefix)
          .some(({ metric }) => metric === row.metric)
      )
        observer.otherRouteGone(row);
    for (const row of [...tables.others.rows()]) if (this.#follows(row)) observer.otherRoute(row);
  }

  followTables(followed: ReadonlySet<number>): Promise<void> {
    this.#followed = followed;
    for (const row of [...(this.#known?.others.rows() ?? [])])
      if (!this.#follows(row)) this.#observer?.otherRouteGone(row);
    for (const row of [...this.tables.others.rows()]) if (this.#follows(row)) this.#observer?.otherRoute(row);
    return Promise.resolve();
  }

  #follows({ tableId }: OtherRoute): boolean {
    return tableId === MAIN_TABLE || this.#followed.has(tableId);
  }

  /** A route of somebody else's. */
  putOther(row: OtherRoute): void {
    if (this.tables.others.put(row) && this.#follows(row))
      this.#tell(`other ${row.metric} ${row.prefix}`, (observer) => observer.otherRoute(row));
  }

  dropOther(row: OtherRoute): void {
    if (this.tables.others.drop(row) && this.#follows(row))
      this.#tell(`other ${row.metric} ${row.prefix}`, (observer) => observer.otherRouteGone(row));
  }

  /** A nexthop or group of anybody's. */
  putNexthop(row: NexthopRow): void {
    if (this.tables.routes.putNexthop(row))
      this.#tell(`nexthop ${row.id}`, (observer) => observer.nexthopRow(row));
  }

  /** With what goes with it, of which nothing is told. */
  dropNexthop(id: number): void {
    if (this.tables.routes.nexthop(id) === undefined) return;
    this.tables.routes.dropNexthop(id);
    this.#tell(`nexthop ${id}`, (observer) => observer.nexthopRowGone(id));
  }

  /** A route of ours, or of another protocol, which takes the place of ours. */
  putRoute(row: RouteRow): void {
    if (row.protocol === RTPROT_EVPND) {
      this.tables.routes.putRoute(row);
      this.#tell(`route ${foreignKey(row)}`, (observer) => observer.routeRow(row));
      return;
    }
    this.foreignRoutes.set(foreignKey(row), row);
    if (this.tables.routes.dropRoute(row))
      this.#tell(`route ${foreignKey(row)}`, (observer) =>
        observer.routeRowGone({ ...row, protocol: RTPROT_EVPND }, false),
      );
  }

  dropRoute(row: RouteRow): void {
    const was =
      row.protocol === RTPROT_EVPND
        ? this.tables.routes.dropRoute(row)
        : this.foreignRoutes.delete(foreignKey(row));
    if (was) this.#tell(`route ${foreignKey(row)}`, (observer) => observer.routeRowGone(row, false));
  }

  #putNexthop(row: NexthopRow, replaces: boolean): number {
    const standing = this.tables.routes.nexthop(row.id);
    if (!replaces && standing) return EEXIST;
    if (replaces && !standing) return ENOENT;
    this.putNexthop(row);
    return 0;
  }

  #deleteNexthop(id: number): number {
    if (this.tables.routes.nexthop(id) === undefined) return ENOENT;
    this.dropNexthop(id);
    return 0;
  }

  #hasVxlan(row: VxlanFdbRow): boolean {
    return row.mac === MAC_ZERO
      ? row.dst !== undefined && this.tables.defaultRow(row.ifindex, row.srcVni, row.dst) !== undefined
      : this.tables.vxlanRow(row.ifindex, row.srcVni, row.mac) !== undefined;
  }

  /** A delete names the destination, and the unspecified address whatever the row has; another leaves it (vxlan_core.c). */
  #vxlanMatches(ifindex: number, srcVni: number, mac: Mac, dst: Ip): boolean {
    const row = this.tables.vxlanRow(ifindex, srcVni, mac);
    return row !== undefined && (row.dst === dst || dst === IPV4_ANY);
  }

  #keyOf(operation: SingleOperation): string {
    if (operation.table === 'bridge') {
      const bridgeIfindex = this.topology.ports.get(operation.port)?.bridgeIfindex ?? 0;
      return bridgeKey({ ...operation, bridgeIfindex });
    }
    return operation.table === 'vxlan'
      ? vxlanKey(operation)
      : neighKey(operation as { ifindex: number; ip: Ip });
  }

  /** Tells what stands for the key of the operation. */
  #retell(operation: SingleOperation): void {
    const { topology } = this;
    const observer = this.#observer;
    if (!observer) return;
    if (operation.table === 'bridge') {
      const { port: at, vlan, mac } = operation;
      const bridgeIfindex = topology.ports.get(at)?.bridgeIfindex ?? 0;
      for (const port of topology.interfaces.keys())
        this.#tellRow({ table: 'bridge', bridgeIfindex, vlan, mac, port }, observer);
    } else if (operation.table === 'vxlan' || operation.table === 'neigh') this.#tellRow(operation, observer);
  }

  #tell(key: string, tell: (observer: KernelObserver) => void): void {
    if (!this.#observer || this.#hiding) return;
    this.#queue.push({ key, tell });
    this.#delivery ??= this.clock.soon(() => {
      this.#delivery = undefined;
      this.drain();
    });
  }

  #execute(operation: SingleOperation): number {
    const gone = operation.verb === 'delete';
    switch (operation.table) {
      case 'bridge': {
        const { port, vlan, mac, form } = operation;
        const bridgeIfindex = this.topology.ports.get(port)?.bridgeIfindex;
        if (bridgeIfindex === undefined) return ENODEV;
        const before = this.tables.bridgeRow(bridgeIfindex, vlan, mac);
        if (gone) {
          if (before?.port !== port) return ENOENT;
          this.dropBridge(bridgeIfindex, vlan, mac);
          return 0;
        }
        if (!before && form !== 'marked') return ENOENT;
        const after = bridgeRowAfter(before?.port === port ? before : undefined, form);
        this.putBridge({ bridgeIfindex, vlan, mac, port, ...after });
        return 0;
      }
      case 'vxlan': {
        const { ifindex, srcVni, mac, dst } = operation;
        if (!this.topology.interfaces.has(ifindex)) return ENODEV;
        const standing = this.tables.vxlanRow(ifindex, srcVni, mac);
        // vxlan_fdb_update_existing: what a user added keeps both
        const { state, flags } = standing && !hasOurMark(standing) ? standing : OUR_ROWS.vxlan;
        if (!gone) this.putVxlan({ ifindex, srcVni, mac, dst, nexthopId: 0, state, flags });
        else if (!this.tables.vxlanRow(ifindex, srcVni, mac)) return ENOENT;
        else if (this.#vxlanMatches(ifindex, srcVni, mac, dst))
          this.dropVxlan(ifindex, srcVni, mac, undefined);
        return 0;
      }
      case 'vxlan-default': {
        const { ifindex, srcVni, dst } = operation;
        if (!this.topology.interfaces.has(ifindex)) return ENODEV;
        const { mac, state, flags } = OUR_ROWS.vxlanDefault;
        if (!gone) this.putVxlan({ ifindex, srcVni, mac, dst, nexthopId: 0, state, flags });
        else if ([...this.tables.defaultRows(ifindex, srcVni)].length === 0) return ENOENT;
        else this.dropVxlan(ifindex, srcVni, MAC_ZERO, dst);
        return 0;
      }
      case 'neigh': {
        const { ifindex, ip, mac, router } = operation;
        if (!this.topology.interfaces.has(ifindex)) return ENODEV;
        const { state, flags, protocol } = OUR_ROWS.neigh;
        if (!gone)
          this.putNeigh({ ifindex, ip, mac, state, flags: flags | (router ? Ntf.ROUTER : 0), protocol });
        else if (!this.tables.neighRow(ifindex, ip)) return ENOENT;
        else this.dropNeigh(ifindex, ip);
        return 0;
      }
      case 'nexthop': {
        const { id, ifindex, gateway, replaces } = operation;
        if (gone) return this.#deleteNexthop(id);
        if (this.topology.interfaces.get(ifindex)?.running !== true)
          return this.topology.interfaces.has(ifindex) ? ENETDOWN : ENODEV;
        return this.#putNexthop(
          {
            id,
            protocol: RTPROT_EVPND,
            ifindex,
            gateway: isUnspecified(gateway) ? undefined : gateway,
            members: undefined,
          },
          replaces,
        );
      }
      case 'nexthop-group': {
        const { id, members, replaces } = operation;
        if (gone) return this.#deleteNexthop(id);
        if (members.some((member) => this.tables.routes.nexthop(member) === undefined)) return EINVAL;
        return this.#putNexthop(
          { id, protocol: RTPROT_EVPND, ifindex: 0, gateway: undefined, members },
          replaces,
        );
      }
      case 'route': {
        const { tableId, prefix, metric, nexthopId, replaces } = operation;
        const key = foreignKey(operation);
        const standing = this.tables.routes.route(tableId, metric, prefix);
        if (gone) {
          if (!standing) return ESRCH;
          this.dropRoute(standing);
          return 0;
        }
        if (this.tables.routes.nexthop(nexthopId) === undefined) return EINVAL;
        if (!replaces && (standing || this.foreignRoutes.has(key))) return EEXIST;
        if (replaces && !standing) return ENOENT;
        this.putRoute({ tableId, prefix, metric, protocol: RTPROT_EVPND, nexthopId });
        return 0;
      }
      case 'by-hand': {
        if (operation.of === 'neigh') {
          if (!this.topology.interfaces.has(operation.row.ifindex)) return ENODEV;
          this.putNeigh(operation.row);
        } else if (!this.topology.ports.has(operation.row.port)) return ENODEV;
        else this.putBridge(operation.row);
        return 0;
      }
      case 'neigh-probe': {
        const { ifindex, ip } = operation;
        if (!this.topology.interfaces.has(ifindex)) return ENODEV;
        const row = this.tables.neighRow(ifindex, ip);
        const mac = row?.mac ?? operation.mac;
        if (!row && mac === undefined) return ENOENT;
        if (mac === undefined) return EINVAL;
        const flags = (row?.flags ?? 0) & ~Ntf.EXT_LEARNED;
        this.putNeigh({ ifindex, ip, mac, state: Nud.PROBE, flags, protocol: row?.protocol ?? 0 });
        return 0;
      }
    }
  }
}

interface OwnFlight {
  readonly operations: readonly Operation[];
  readonly flight: Flight;
  /** Until it is carried out, there are none. */
  results: OperationResult[] | undefined;
  hasLanded: boolean;
}

interface Notification {
  /** The row that it is about. */
  readonly key: string;
  readonly tell: (observer: KernelObserver) => void;
}

const bridgeKey = (row: { bridgeIfindex: number; vlan: number; mac: Mac }): string =>
  `bridge ${row.bridgeIfindex} ${row.vlan} ${row.mac}`;
const vxlanKey = (row: { ifindex: number; srcVni: number; mac: Mac }): string =>
  `vxlan ${row.ifindex} ${row.srcVni} ${row.mac}`;
const neighKey = (row: { ifindex: number; ip: Ip }): string => `neigh ${row.ifindex} ${row.ip}`;
const foreignKey = (row: Pick<RouteRow, 'tableId' | 'metric' | 'prefix'>): string =>
  `${row.tableId} ${row.metric} ${formatPrefix(row.prefix)}`;
