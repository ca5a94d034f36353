import type { DriftItem } from '../resources/drift.js';
import type { DuplicateItem } from '../resources/duplicates.js';
import type { EventLoopItem } from '../resources/event-loop.js';
import type { PendingWriteItem } from '../resources/pending-writes.js';
import type { UnderlayRouteItem } from '../resources/underlay-routes.js';

export const DRIFT: DriftItem = {
  id: 1,
  vni: 10010,
  table: 'mac',
  mac: '02:00:00:00:00:02',
  ip: null,
  prefix: null,
  nexthopId: null,
  cause: 'refused',
  since: '2026-03-02T22:13:10.000Z',
  found: 'no bridge row, no vxlan row',
  wanted: 'bridge row points to vx10010 (reachable, ext_learned)',
  action: 'retrying',
  fix: null,
  failure: {
    errno: 'ENOSPC',
    kernel: 'the hardware is full',
    attempts: 2,
    at: '2026-03-02T22:13:15.000Z',
    retryAt: '2026-03-02T22:13:25.000Z',
  },
  resolvedAt: null,
};

export const PENDING_WRITE: PendingWriteItem = {
  vni: 10010,
  table: 'mac',
  mac: '02:00:00:00:00:02',
  ip: null,
  prefix: null,
  nexthopId: null,
  writes: ['add fdb'],
  found: 'no bridge row, no vxlan row',
  wanted: 'bridge row points to vx10010 (reachable, ext_learned)',
};

export const DUPLICATE: DuplicateItem = {
  vni: 10010,
  mac: '02:00:00:00:00:02',
  ip: null,
  since: '2026-03-02T22:13:20.000Z',
  frozen: false,
  moves: 5,
  places: [
    { device: 'swp1', vtep: null },
    { device: null, vtep: '10.0.0.2' },
  ],
};

export const UNDERLAY_ROUTE: UnderlayRouteItem = {
  prefix: '10.0.0.2/32',
  vrf: null,
  unused: null,
  offload: null,
  bestBy: 'only path',
  paths: [
    {
      neighbor: '10.1.0.2',
      best: true,
      lostBy: null,
      stale: false,
      longLivedStale: false,
      chosen: true,
      nextHop: '10.1.0.2',
      unreachable: null,
      resolvedBy: { kind: 'connected', prefix: '10.1.1.0/31' },
      asPath: [{ type: 'sequence', asns: [65002] }],
      origin: 'igp',
      localPref: null,
      med: null,
      communities: [],
      largeCommunities: [],
      routeTargets: [],
      importPolicy: null,
      receivedAt: '2026-03-02T22:13:00.000Z',
    },
  ],
};

export const EVENT_LOOP: EventLoopItem = {
  since: '2026-03-02T22:12:52.000Z',
  samples: 4000,
  delays: { p50Ms: 2.1, p99Ms: 4, p999Ms: 9.5, longestMs: 12 },
};
