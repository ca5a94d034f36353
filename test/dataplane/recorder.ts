import {
  type BridgeFdbRow,
  EMPTY_TOPOLOGY,
  type KernelObserver,
  type KnownRows,
  type NeighRow,
  type NexthopRow,
  Ntf,
  type Operation,
  type OperationResult,
  type OtherRoute,
  OtherRoutes,
  OUR_ROWS,
  partsOf,
  type RouteRow,
  type Topology,
  type VxlanFdbRow,
} from '../../src/dataplane/index.js';
import { formatIp, formatMac, formatPrefix, type Ip, MAC_ZERO, type Mac } from '../../src/types/index.js';

/** `bridge vlan mac`. */
export function bridgeKey(row: { bridgeIfindex: number; vlan: number; mac: Mac }): string {
  return `${row.bridgeIfindex} ${row.vlan} ${formatMac(row.mac)}`;
}

/** `device vni mac`, and the destination for the all-zero MAC. */
export function vxlanKey(row: { ifindex: number; srcVni: number; mac: Mac; dst: Ip | undefined }): string {
  const key = `${row.ifindex} ${row.srcVni} ${formatMac(row.mac)}`;
  return row.mac === MAC_ZERO && row.dst !== undefined ? `${key} ${formatIp(row.dst)}` : key;
}

/** `device ip`. */
export function neighKey(row: { ifindex: number; ip: Ip }): string {
  return `${row.ifindex} ${formatIp(row.ip)}`;
}

/** `table metric prefix`. */
export function routeKey({ tableId, metric, prefix }: RouteRow): string {
  return `${tableId} ${metric} ${formatPrefix(prefix)}`;
}

/** The simplest mirror: what a kernel told, by text keys, and everything it said in order. */
export class Recorder implements KernelObserver, KnownRows {
  topologyNow: Topology = EMPTY_TOPOLOGY;
  topologies = 0;
  readonly bridge = new Map<string, BridgeFdbRow>();
  readonly vxlan = new Map<string, VxlanFdbRow>();
  readonly neigh = new Map<string, NeighRow>();
  readonly nexthops = new Map<number, NexthopRow>();
  readonly routes = new Map<string, RouteRow>();
  readonly others = new OtherRoutes();
  /** `topology`, `+bridge KEY`, `-bridge KEY`, … */
  readonly story: string[] = [];

  topology(topology: Topology): void {
    this.topologyNow = topology;
    this.topologies++;
    this.story.push('topology');
  }
  flushed(ifindex: number): void {
    this.story.push(`flushed ${ifindex}`);
  }
  bridgeRow(row: BridgeFdbRow): void {
    this.bridge.set(bridgeKey(row), row);
    this.story.push(`+bridge ${bridgeKey(row)}`);
  }
  bridgeRowGone(row: BridgeFdbRow): void {
    this.bridge.delete(bridgeKey(row));
    this.story.push(`-bridge ${bridgeKey(row)}`);
  }
  vxlanRow(row: VxlanFdbRow): void {
    this.vxlan.set(vxlanKey(row), row);
    this.story.push(`+vxlan ${vxlanKey(row)}`);
  }
  vxlanRowGone(row: VxlanFdbRow): void {
    this.vxlan.delete(vxlanKey(row));
    this.story.push(`-vxlan ${vxlanKey(row)}`);
  }
  neighRow(row: NeighRow): void {
    this.neigh.set(neighKey(row), row);
    this.story.push(`+neigh ${neighKey(row)}`);
  }
  neighRowGone(row: NeighRow): void {
    this.neigh.delete(neighKey(row));
    this.story.push(`-neigh ${neighKey(row)}`);
  }

  nexthopRow(row: NexthopRow): void {
    this.nexthops.set(row.id, row);
    this.story.push(`+nexthop ${row.id}`);
  }
  nexthopRowGone(id: number): void {
    this.nexthops.delete(id);
    this.story.push(`-nexthop ${id}`);
  }
  routeRow(row: RouteRow): void {
    this.routes.set(routeKey(row), row);
    this.story.push(`+route ${routeKey(row)}`);
  }
  routeRowGone(row: RouteRow): void {
    this.routes.delete(routeKey(row));
    this.story.push(`-route ${routeKey(row)}`);
  }
  otherRoute(row: OtherRoute): void {
    this.others.put(row);
  }
  otherRouteGone(row: OtherRoute): void {
    this.others.drop(row);
  }
  portOf(bridgeIfindex: number, vlan: number, mac: Mac): number | undefined {
    for (const row of this.bridge.values())
      if (row.bridgeIfindex === bridgeIfindex && row.vlan === vlan && row.mac === mac) return row.port;
    return undefined;
  }
  nexthop(id: number): NexthopRow | undefined {
    return this.nexthops.get(id);
  }
  nexthopRows(): Iterable<NexthopRow> {
    return this.nexthops.values();
  }
  routeRows(): Iterable<RouteRow> {
    return this.routes.values();
  }

  /** What the caller of `apply` knows from its results: the kernel need not tell it again. */
  enter(operations: readonly Operation[], results: readonly OperationResult[]): void {
    for (const [i, operation] of operations.entries()) {
      const { errno, parts } = results[i];
      if (operation.table !== 'fdb') this.#enter(operation, errno);
      else
        for (const [at, part] of partsOf(operation).entries()) this.#enter(part, parts?.[at].errno ?? errno);
    }
  }

  #enter(operation: Operation, errno: number): void {
    if (errno !== 0) return;
    const gone = operation.verb === 'delete';
    if (operation.table === 'bridge') {
      const { port, vlan, mac } = operation;
      const bridgeIfindex = this.topologyNow.ports.get(port)?.bridgeIfindex ?? 0;
      const row = { bridgeIfindex, vlan, mac, port, ...OUR_ROWS.bridge };
      if (gone) this.bridge.delete(bridgeKey(row));
      else this.bridge.set(bridgeKey(row), row);
    } else if (operation.table === 'vxlan') {
      const row = { ...operation, nexthopId: 0, ...OUR_ROWS.vxlan };
      if (gone) this.vxlan.delete(vxlanKey(row));
      else this.vxlan.set(vxlanKey(row), row);
    } else if (operation.table === 'neigh') {
      const flags = OUR_ROWS.neigh.flags | (operation.router ? Ntf.ROUTER : 0);
      const row = { ...operation, ...OUR_ROWS.neigh, flags };
      if (gone) this.neigh.delete(neighKey(row));
      else this.neigh.set(neighKey(row), row);
    }
  }

  knowsBridge(
    bridgeIfindex: number,
    vlan: number,
    mac: Mac,
    port: number,
    state: number,
    flags: number,
  ): boolean {
    const row = this.bridge.get(bridgeKey({ bridgeIfindex, vlan, mac }));
    return row?.port === port && row.state === state && row.flags === flags;
  }
  knowsVxlan(
    ifindex: number,
    srcVni: number,
    mac: Mac,
    dst: Ip | undefined,
    nexthopId: number,
    state: number,
    flags: number,
  ): boolean {
    const row = this.vxlan.get(vxlanKey({ ifindex, srcVni, mac, dst }));
    const isSame = row?.dst === dst && row?.nexthopId === nexthopId;
    return isSame && row?.state === state && row.flags === flags;
  }
  countOfPort(port: number): number {
    return [...this.bridgeRowsOfPort(port)].length;
  }
  countOfDevice(ifindex: number): number {
    return [...this.vxlanRowsOfDevice(ifindex)].length;
  }
  *bridgeRowsOfPort(port: number): Iterable<BridgeFdbRow> {
    for (const row of this.bridge.values()) if (row.port === port) yield row;
  }
  *vxlanRowsOfDevice(ifindex: number): Iterable<VxlanFdbRow> {
    for (const row of this.vxlan.values()) if (row.ifindex === ifindex) yield row;
  }
  neighRows(): Iterable<NeighRow> {
    return this.neigh.values();
  }
  *neighRowsOf(ifindex: number): Iterable<NeighRow> {
    for (const row of this.neigh.values()) if (row.ifindex === ifindex) yield row;
  }
}
