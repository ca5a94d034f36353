import type { PathItem } from '../parts/paths.js';

/** The one path of a host's route of another leaf. */
export const PATH: PathItem = {
  neighbor: '10.1.0.2',
  best: true,
  lostBy: null,
  stale: false,
  longLivedStale: false,
  esi: '00:00:00:00:00:00:00:00:00:00',
  labels: [10010],
  nextHop: '10.0.0.2',
  localPref: null,
  med: null,
  communities: [],
  largeCommunities: [],
  routeTargets: ['65002:10010'],
  asPath: [{ type: 'sequence', asns: [65002] }],
  origin: 'igp',
  importPolicy: null,
  originatorId: null,
  clusterList: [],
  extendedCommunities: ['encapsulation:VXLAN', 'rt:65002:10010'],
  macMobility: null,
  pmsi: null,
  receivedAt: '2026-03-02T22:13:42.000Z',
};
