import { bestIpClaim } from '../../evpn/index.js';
import { type Ip, isVni, parseIp, type Vni } from '../../types/index.js';
import type { RouteType } from '../../wire/index.js';
import { type RouteKey, routeOrder } from '../nlri-order.js';
import { ipOrder, macOrder, numberOrder } from '../orders.js';
import { type KeyOrder, pagesByKey } from '../paging.js';
import { routerIdText, timeText } from '../present.js';
import type { HostFilter, ReadModel } from '../read-model.js';
import type { RouteItem, Status } from '../schemas.js';
import { explain } from './explain.js';
import { type HardwareRows, hardwareRows } from './kernel-rows.js';
import { arpItem, macItem } from './mac-item.js';
import { neighborItem } from './neighbor-item.js';
import { pendingPages } from './pending-items.js';
import { statusProblems } from './problem-items.js';
import type { Rooms } from './rooms.js';
import { belongs, type RouteRow, routeItem, routeRows, routeWeight } from './route-item.js';
import { NO_ROUTES, type RouteUse, surveyOf } from './route-survey.js';
import { driftPages, duplicatePages, eventLoopItem } from './trouble-items.js';
import { isKnownVni, knownVnis, vniItem } from './vni-item.js';

const vniOrder: KeyOrder<Vni> = {
  ...numberOrder,
  decode: (text) => {
    const number = numberOrder.decode(text);
    return number !== undefined && isVni(number) ? number : undefined;
  },
};

/** The read model over the running rooms: looks when asked, keeps nothing. */
export function roomsModel(rooms: Rooms): ReadModel {
  const { speaker, evpn, dataPlane } = rooms;
  const survey = surveyOf(rooms);
  return {
    status: async () => status(rooms, await survey.take()),
    readiness: rooms.readiness,
    neighbors() {
      let use: Awaited<ReturnType<typeof survey.take>> = new Map();
      const pages = pagesByKey({
        total: rooms.config().neighbors.length,
        rows: () => speaker.neighbors(),
        key: (neighbor) => parseIp(neighbor.address.split('%')[0]),
        order: ipOrder,
        item: (neighbor) => neighborItem(neighbor, use.get(neighbor.address) ?? NO_ROUTES),
      });
      return {
        total: pages.total,
        async page(after, limit, turns) {
          use = await survey.take();
          return pages.page(after, limit, turns);
        },
      };
    },
    async neighbor(address) {
      const use = await survey.take();
      const found = speaker
        .neighbors()
        .find((neighbor) => parseIp(neighbor.address.split('%')[0]) === address);
      return found && neighborItem(found, use.get(found.address) ?? NO_ROUTES);
    },
    vnis() {
      const known = knownVnis(rooms);
      return pagesByKey({
        total: known.size,
        rows: () => known,
        key: (vni) => vni,
        order: vniOrder,
        stands: (vni) => isKnownVni(rooms, vni),
        item: (vni) => vniItem(rooms, vni),
      });
    },
    vni: (vni) => (isKnownVni(rooms, vni) ? vniItem(rooms, vni) : undefined),
    macs(vni, filter) {
      if (!isKnownVni(rooms, vni)) return undefined;
      const vrf = evpn.vrf(vni);
      let hardware: HardwareRows | undefined;
      const pages = pagesByKey({
        total: hostTotal(vrf?.counts.localMacs, vrf?.counts.remoteMacs, filter),
        *rows() {
          if (vrf)
            for (const entry of vrf.macs.values()) if (entry.ownership.owner !== 'none') yield { vrf, entry };
        },
        where: ({ entry }) => isAmong(filter, entry.ownership.owner, () => entry.vtep),
        key: (row) => row.entry.mac,
        order: macOrder,
        stands: ({ entry }) => entry.ownership.owner !== 'none',
        item: (row) => macItem(dataPlane, row.vrf, row.entry, hardware),
      });
      return {
        total: pages.total,
        async page(after, limit, turns) {
          hardware = await hardwareRows(rooms, vrf?.at);
          return pages.page(after, limit, turns);
        },
      };
    },
    arpCache(vni, filter) {
      if (!isKnownVni(rooms, vni)) return undefined;
      const vrf = evpn.vrf(vni);
      return pagesByKey({
        total: hostTotal(vrf?.counts.localIps, vrf?.counts.remoteIps, filter),
        *rows() {
          if (vrf) for (const entry of vrf.ips.values()) if (entry.owner !== 'none') yield { vrf, entry };
        },
        where: (row) =>
          isAmong(
            filter,
            row.entry.owner,
            () => bestIpClaim(row.entry.remotes, row.vrf, dataPlane.topology)?.vtep,
          ),
        key: (row) => row.entry.ip,
        order: ipOrder,
        stands: ({ entry }) => entry.owner !== 'none',
        item: (row) => arpItem(dataPlane, row.vrf, row.entry),
      });
    },
    routes: (filter) =>
      pagesByKey<RouteRow, RouteKey, RouteItem>({
        total: null,
        rows: () =>
          routeRows(
            filter.origin === 'remote' ? [] : speaker.localRib.routes(),
            filter.origin === 'local'
              ? []
              : speaker.rib.destinationsOf({
                  rd: filter.rd,
                  type: filter.type as RouteType | undefined,
                  mac: filter.mac,
                }),
          ),
        where: (row) => belongs(row, rooms, filter),
        key: (row) => row,
        order: routeOrder,
        stands: (row) => row.origin === 'local' || row.route.paths.length > 0,
        weight: routeWeight,
        item: (row) => routeItem(evpn, row),
      }),
    vteps: () =>
      pagesByKey({
        total: evpn.vteps.remoteCount(dataPlane.topology.ownVteps),
        rows: () => evpn.vteps.remotes(dataPlane.topology.ownVteps),
        key: (vtep) => vtep.address,
        order: ipOrder,
        item: ({ address, vnis, macs, routes }) => ({
          address: ipOrder.encode(address),
          vnis: [...vnis.keys()].sort((a, b) => a - b),
          macs,
          routes,
        }),
      }),
    drifts: (filter) => driftPages(dataPlane.drift, filter),
    pendingWrites: (vni) => pendingPages(dataPlane, vni),
    duplicates: () => duplicatePages(evpn.duplicates),
    eventLoop: () => eventLoopItem(rooms.eventLoop()),
    explain: (vni, mac, ip) => explain(rooms, vni, mac, ip),
  };
}

/** Whether a host belongs to the list; its VTEP is asked for only where it matters. */
function isAmong({ origin, vtep }: HostFilter, owner: string, vtepOf: () => Ip | undefined): boolean {
  if (origin !== undefined && owner !== origin) return false;
  return vtep === undefined || (owner === 'remote' && vtepOf() === vtep);
}

/** What is counted already; behind one VTEP it is not. */
function hostTotal(local = 0, remote = 0, { origin, vtep }: HostFilter): number | null {
  if (vtep !== undefined) return null;
  return (origin === 'remote' ? 0 : local) + (origin === 'local' ? 0 : remote);
}

function status(rooms: Rooms, use: ReadonlyMap<string, RouteUse>): Status {
  const { speaker, evpn, dataPlane, clock, startedAt } = rooms;
  const { ready, reasons } = rooms.readiness();
  const { asn, routerId } = rooms.config();
  const neighbors = speaker.neighbors();
  const vnis = [...dataPlane.topology.vnis.values()];
  const counts = { localMacs: 0, remoteMacs: 0, localIps: 0, remoteIps: 0 };
  for (const vrf of evpn.vrfs())
    for (const field of Object.keys(counts) as (keyof typeof counts)[]) counts[field] += vrf.counts[field];
  const { receiveBufferBytes, overruns, resyncs } = rooms.kernel.stats();
  const heard = dataPlane.hosts.stats();
  const { operations, failures } = dataPlane.reconciler.stats;
  return {
    version: rooms.version,
    startedAt: timeText(startedAt) ?? '',
    uptimeSeconds: Math.max(0, Math.floor((clock.wallTime() - startedAt) / 1000)),
    mode: rooms.config().mode,
    asn,
    routerId: routerIdText(routerId),
    ready,
    notReadyReasons: [...reasons],
    counts: {
      neighbors: neighbors.length,
      neighborsEstablished: neighbors.filter((neighbor) => neighbor.state === 'Established').length,
      vnis: vnis.length,
      vnisUp: vnis.filter((vni) => vni.up).length,
      ...counts,
      localRoutes: speaker.localRib.size,
      remoteRoutes: speaker.rib.size,
      remoteVteps: evpn.vteps.remoteCount(dataPlane.topology.ownVteps),
    },
    hosts: {
      heardIps: heard.bindings,
      refused: heard.refused,
      evicted: heard.evicted,
      questions: heard.refreshes,
      questionsWaiting: heard.backlog,
      waiting: evpn.admissions.waiting,
    },
    kernel: {
      receiveBufferBytes,
      overruns,
      resyncs,
      operationsApplied: operations - failures,
      operationsFailed: failures,
    },
    drifts: { total: dataPlane.drift.total, open: dataPlane.drift.openCount },
    duplicates: evpn.duplicates.size,
    mobilityMemory: { addresses: evpn.memory.size(), forgottenEarly: evpn.memory.forgottenEarly },
    switchAsic: rooms.kernel.switchAsic(),
    problems: statusProblems(rooms, use),
  };
}
