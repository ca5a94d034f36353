import { type Ip, MAC_ZERO, type Mac, type Vni } from '../types/index.js';
import type { MirroredBridgeRow } from './bridge-rows.js';
import type { Hosts } from './hosts.js';
import type { KernelObserver } from './kernel.js';
import { bridgeRowBack, vxlanRowBack } from './kernel-tables/mac-put-back.js';
import { neighRowBack } from './kernel-tables/neigh-table.js';
import { twinVlan } from './local-macs.js';
import { domainKey, type KernelMirror } from './mirror.js';
import type { MirroredNeighRow } from './neigh-rows.js';
import type { OurDefaults } from './our-defaults.js';
import { isLocalNeigh, isLocalRow, isSetByHand, mayBeLocalRow } from './ownership.js';
import type { Rechecks } from './rechecks.js';
import type { RouteTables } from './route-tables.js';
import type { BridgeFdbRow, NeighRow, NexthopRow, OtherRoute, RouteRow, VxlanFdbRow } from './rows.js';
import type { Topology } from './topology.js';
import type { VniPlanes } from './vni-planes.js';

/** What the news is entered in, and who receives it. */
export interface NewsRooms {
  readonly mirror: KernelMirror;
  readonly planes: VniPlanes;
  readonly defaults: OurDefaults;
  readonly hosts: Hosts;
  readonly rechecks: Rechecks;
  readonly routes: RouteTables;
  readonly topology: Topology;
  localMacChanged(vni: Vni, mac: Mac): void;
  localNeighChanged(vni: Vni, ip: Ip): void;
  topologyChanged(topology: Topology): void;
  flushed(ifindex: number): void;
}

/** Enters what the kernel reports in the mirror, and has looked at again what it is about. */
export class KernelNews implements KernelObserver {
  /** Default destinations that stand before are those of an earlier process. */
  started = false;

  constructor(readonly rooms: NewsRooms) {}

  topology(topology: Topology): void {
    this.#hear();
    this.rooms.topologyChanged(topology);
  }

  flushed(ifindex: number): void {
    this.#hear();
    this.rooms.flushed(ifindex);
  }

  bridgeRow(row: BridgeFdbRow): void {
    this.#hear();
    const { mirror } = this.rooms;
    if (mirror.holdsBridge(row)) return;
    const { before, after } = mirror.putBridge(row);
    this.#bridgeChanged(row, before, after);
  }

  bridgeRowGone(row: BridgeFdbRow): void {
    this.#hear();
    const before = this.rooms.mirror.dropBridge(row.bridgeIfindex, row.vlan, row.mac, row.port);
    if (before) this.#bridgeChanged(row, before, undefined);
  }

  vxlanRow(row: VxlanFdbRow): void {
    this.#hear();
    const { mirror, planes, defaults, rechecks } = this.rooms;
    if (!this.started) defaults.adopt(row);
    const { ifindex, srcVni, mac } = row;
    const plane = isSetByHand(row) && mac !== MAC_ZERO ? planes.atDevice(ifindex, srcVni) : undefined;
    const which = { table: 'mac', key: mac } as const;
    const before = plane?.isMarked(which) ? mirror.vxlanRow(ifindex, srcVni, mac) : undefined;
    if (!mirror.putVxlan(row)) return;
    const back = plane?.at && before ? vxlanRowBack(plane.at, plane.macs.peek(mac), before, row) : [];
    if (plane && back.length > 0) rechecks.putBack(plane, which, back);
    else this.#vxlanChanged(row);
  }

  vxlanRowGone(row: VxlanFdbRow): void {
    this.#hear();
    this.rooms.defaults.drop(row);
    if (this.rooms.mirror.dropVxlan(row.ifindex, row.srcVni, row.mac, row.dst)) this.#vxlanChanged(row);
  }

  neighRow(row: NeighRow): void {
    this.#hear();
    const { mirror, planes, hosts } = this.rooms;
    const epoch = hosts.epochOf(planes.atSvi(row.ifindex)?.at, row.ip, row.mac);
    const { before, after } = mirror.putNeigh(row, epoch);
    this.#neighChanged(before, after, row);
  }

  neighRowGone(row: NeighRow): void {
    this.#hear();
    const before = this.rooms.mirror.dropNeigh(row.ifindex, row.ip);
    if (before) this.#neighChanged(before, undefined, row);
  }

  nexthopRow(row: NexthopRow): void {
    this.#hear();
    this.rooms.routes.nexthopRow(row);
  }

  nexthopRowGone(id: number): void {
    this.#hear();
    this.rooms.routes.nexthopRowGone(id);
  }

  routeRow(row: RouteRow): void {
    this.#hear();
    this.rooms.routes.routeRow(row);
  }

  routeRowGone(row: RouteRow, byKernel: boolean): void {
    this.#hear();
    this.rooms.routes.routeRowGone(row, byKernel);
  }

  otherRoute(row: OtherRoute): void {
    this.rooms.mirror.others.put(row);
  }

  otherRouteGone(row: OtherRoute): void {
    this.rooms.mirror.others.drop(row);
  }

  /** What the kernel did for us before comes before it. */
  #hear(): void {
    this.rooms.rechecks.reconciler.hear();
  }

  #bridgeChanged(
    { bridgeIfindex, vlan, mac }: BridgeFdbRow,
    before: MirroredBridgeRow | undefined,
    after: MirroredBridgeRow | undefined,
  ): void {
    const { planes, hosts, rechecks, topology } = this.rooms;
    rechecks.reconciler.rethink();
    const domain = domainKey(bridgeIfindex, vlan);
    const was = before !== undefined && mayBeLocalRow(before, topology);
    const is = after !== undefined && mayBeLocalRow(after, topology);
    if (!after && before && isLocalRow(before, topology)) hosts.bridgeForgot(domain, mac, before.port);
    hosts.bridgeChanged(domain, mac, is);
    const plane = planes.atDomain(domain);
    if (!plane) {
      if (vlan === 0 && (was || is)) this.#twinChanged(bridgeIfindex, mac, before, after);
      return;
    }
    if (was || is) this.rooms.localMacChanged(plane.vni, mac);
    const which = { table: 'mac', key: mac } as const;
    const back =
      plane.at && plane.isMarked(which) ? bridgeRowBack(plane.at, plane.macs.peek(mac), before, after) : [];
    if (back.length > 0) rechecks.putBack(plane, which, back);
    else rechecks.recheck(plane, which);
  }

  /** A row of what hardware learned from untagged frames. */
  #twinChanged(
    bridgeIfindex: number,
    mac: Mac,
    before: MirroredBridgeRow | undefined,
    after: MirroredBridgeRow | undefined,
  ): void {
    const { planes, topology } = this.rooms;
    for (const row of [before, after]) {
      const vlan = row ? twinVlan(row, topology) : 0;
      const plane = vlan === 0 ? undefined : planes.atDomain(domainKey(bridgeIfindex, vlan));
      if (plane) this.rooms.localMacChanged(plane.vni, mac);
    }
  }

  #vxlanChanged({ ifindex, srcVni, mac, dst }: VxlanFdbRow): void {
    const { planes, rechecks } = this.rooms;
    rechecks.reconciler.rethink();
    const plane = planes.atDevice(ifindex, srcVni);
    if (!plane) return;
    if (mac !== MAC_ZERO) rechecks.recheck(plane, { table: 'mac', key: mac });
    else if (dst !== undefined) rechecks.recheck(plane, { table: 'flood', key: dst });
  }

  #neighChanged(
    before: MirroredNeighRow | undefined,
    after: MirroredNeighRow | undefined,
    { ifindex, ip }: NeighRow,
  ): void {
    const { planes, hosts, rechecks } = this.rooms;
    rechecks.reconciler.rethink();
    const plane = planes.atSvi(ifindex);
    if (!plane) return;
    const was = isLocalNeigh(before);
    const is = isLocalNeigh(after);
    // A neighbor's state changes all the time; only what makes a different route is worth a look
    const differs =
      before?.mac !== after?.mac ||
      before?.flags !== after?.flags ||
      isSetByHand(before) !== isSetByHand(after);
    if (was !== is || (is && differs)) this.rooms.localNeighChanged(plane.vni, ip);
    if (plane.at && !plane.retired) hosts.neighChanged(plane.vni, plane.at, ip, before, after);
    const which = { table: 'neigh', key: ip } as const;
    const back = plane.isMarked(which) ? neighRowBack(plane.wants(which), before, after) : [];
    if (back.length > 0) rechecks.putBack(plane, which, back);
    else rechecks.recheck(plane, which);
  }
}
