import { EMPTY_TOPOLOGY, type Kernel, RTPROT_EVPND } from '../../src/dataplane/index.js';
import { formatPrefix, type Ip, parseIp, systemClock } from '../../src/types/index.js';
import { MemoryKernel } from '../doubles/memory-kernel.js';
import { type ForeignRoute, hopText, type RouteWorld, type UplinkDevice } from './route-contract.js';

const MAIN_TABLE = 254;
const STATIC = 4;

/** The world of the in-memory kernel's routes. */
export class MemoryRouteWorld implements RouteWorld {
  kernel = new MemoryKernel(systemClock);
  #made = 0;

  constructor() {
    this.kernel.topology = EMPTY_TOPOLOGY;
  }

  restarted(): Kernel {
    const after = new MemoryKernel(systemClock);
    after.topology = this.kernel.topology;
    for (const row of this.kernel.tables.nexthopRows()) after.tables.routes.putNexthop(row);
    for (const row of this.kernel.tables.routeRows()) after.tables.routes.putRoute(row);
    for (const [key, row] of this.kernel.foreignRoutes) after.foreignRoutes.set(key, row);
    this.kernel = after;
    return after;
  }

  async addUplink(): Promise<UplinkDevice> {
    const n = ++this.#made;
    this.#setRunning(100 + n, true);
    return {
      ifindex: 100 + n,
      gateway: parseIp(`10.255.${n}.2`),
      gateway6: parseIp(`fe80::${n}`),
    };
  }

  async setCarrier({ ifindex }: UplinkDevice, on: boolean): Promise<void> {
    this.#setRunning(ifindex, on);
  }

  async deleteUplink({ ifindex }: UplinkDevice): Promise<void> {
    const interfaces = new Map(this.kernel.topology.interfaces);
    interfaces.delete(ifindex);
    for (const row of [...this.kernel.tables.others.rows()])
      if (row.ways.some((way) => way.ifindex === ifindex)) this.kernel.dropOther(row);
    this.kernel.setTopology({ ...this.kernel.topology, interfaces });
  }

  #setRunning(ifindex: number, running: boolean): void {
    const interfaces = new Map(this.kernel.topology.interfaces);
    interfaces.set(ifindex, { name: `up${ifindex}`, running, addresses: [] });
    this.kernel.setTopology({ ...this.kernel.topology, interfaces });
  }

  async addNexthop(id: number, { ifindex, gateway }: UplinkDevice): Promise<void> {
    this.kernel.putNexthop({ id, protocol: STATIC, ifindex, gateway, members: undefined });
  }

  async deleteNexthop(id: number): Promise<void> {
    this.kernel.dropNexthop(id);
  }

  async replaceRoute(route: ForeignRoute, { ifindex }: UplinkDevice): Promise<void> {
    this.kernel.putRoute({ ...route, tableId: MAIN_TABLE, protocol: STATIC, nexthopId: 0 });
    this.kernel.putOther({
      ...route,
      tableId: MAIN_TABLE,
      protocol: STATIC,
      ways: [{ ifindex, gateway: undefined }],
    });
  }

  async deleteRoute(route: ForeignRoute): Promise<void> {
    for (const protocol of [RTPROT_EVPND, STATIC])
      this.kernel.dropRoute({ ...route, tableId: MAIN_TABLE, protocol, nexthopId: 0 });
    this.kernel.dropOther({ ...route, tableId: MAIN_TABLE, protocol: STATIC, ways: [] });
  }

  async routes(): Promise<string[]> {
    const { routes } = this.kernel.tables;
    return [...routes.routes()]
      .map(({ prefix, metric, nexthopId }) => {
        const hops = (routes.nexthop(nexthopId)?.members ?? []).map((id) => {
          const row = routes.nexthop(id);
          return hopText({ ifindex: row?.ifindex ?? 0, gateway: row?.gateway as Ip });
        });
        return [`${prefix}`, metric, ...hops.sort()].join(' ');
      })
      .sort();
  }

  async countForeign({ prefix, metric }: ForeignRoute): Promise<number> {
    return this.kernel.foreignRoutes.has(`${MAIN_TABLE} ${metric} ${formatPrefix(prefix)}`) ? 1 : 0;
  }

  async nexthopIds(): Promise<number[]> {
    return [...this.kernel.tables.nexthopRows()]
      .filter(({ protocol }) => protocol === RTPROT_EVPND)
      .map(({ id }) => id)
      .sort((a, b) => a - b);
  }

  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    this.kernel.close();
  }
}
