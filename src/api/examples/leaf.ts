import type { EventItem } from '../parts/event-item.js';
import type { ArpEntry } from '../resources/arp-cache.js';
import type { MacItem } from '../resources/macs.js';
import type { Status } from '../resources/status.js';
import type { VniItem } from '../resources/vnis.js';
import type { VrfItem } from '../resources/vrfs.js';
import type { VtepItem } from '../resources/vteps.js';

export const STATUS: Status = {
  version: '0.1.0',
  startedAt: '2026-03-02T22:12:52.000Z',
  uptimeSeconds: 29,
  mode: 'active',
  drained: false,
  asn: 65001,
  routerId: '10.0.0.1',
  ready: true,
  notReadyReasons: [],
  counts: {
    neighbors: 1,
    neighborsEstablished: 1,
    vnis: 1,
    vnisUp: 1,
    localMacs: 1,
    remoteMacs: 1,
    localIps: 1,
    remoteIps: 1,
    localRoutes: 3,
    remoteRoutes: 3,
    remoteVteps: 1,
  },
  hosts: { heardIps: 0, refused: 0, evicted: 0, questions: 0, questionsWaiting: 0, waiting: 0 },
  kernel: { receiveBufferBytes: 4096, overruns: 0, resyncs: 0, operationsApplied: 3, operationsFailed: 0 },
  drifts: { total: 0, open: 0 },
  duplicates: 0,
  mobilityMemory: { addresses: 0, forgottenEarly: 0 },
  switchAsic: null,
  problems: [],
};
export const VNI: VniItem = {
  vni: 10010,
  rd: '10.0.0.1:10010',
  importRouteTargets: ['*:10010'],
  exportRouteTargets: ['65001:10010'],
  vxlanDevice: 'vx10010',
  bridge: 'br10010',
  vlan: null,
  svi: 'br10010',
  localVtep: '10.0.0.1',
  multicastGroup: null,
  advertised: true,
  up: true,
  problems: [],
  hardware: null,
  openDrifts: 0,
  counts: {
    localMacs: 1,
    remoteMacs: 1,
    localIps: 1,
    remoteIps: 1,
    remoteVteps: 1,
    floodVteps: 1,
    floodVtepsLeftOut: 0,
    rememberedAddresses: 0,
  },
};
/** A host of another leaf. */
export const MAC: MacItem = {
  mac: '02:00:00:00:00:02',
  origin: 'remote',
  vtep: '10.0.0.2',
  device: null,
  vlan: null,
  sequence: 0,
  sticky: false,
  ips: ['192.0.2.12'],
  installed: true,
  offload: { state: 'software', reason: null },
  kernel: {
    bridge: { device: 'vx10010', state: ['reachable'], flags: ['ext_learned'], dst: null, offloaded: false },
    vxlan: {
      device: 'vx10010',
      state: ['reachable'],
      flags: ['self', 'ext_learned'],
      dst: '10.0.0.2',
      offloaded: false,
    },
  },
};
export const ARP_ENTRY: ArpEntry = {
  ip: '192.0.2.12',
  mac: '02:00:00:00:00:02',
  origin: 'remote',
  vtep: '10.0.0.2',
  router: false,
  installed: true,
  kernel: {
    device: 'br10010',
    mac: '02:00:00:00:00:02',
    state: ['noarp'],
    flags: ['ext_learned'],
    protocol: 186,
    offloaded: false,
  },
};
export const VTEP: VtepItem = { address: '10.0.0.2', vnis: [10010], macs: 1, routes: 3 };
export const VRF: VrfItem = {
  name: 'red',
  tableId: 1001,
  l3vni: 4001,
  svi: 'br4001',
  routerMac: '02:00:00:00:40:01',
  localVtep: '10.0.0.1',
  rd: '10.0.0.1:4001',
  importRouteTargets: ['*:4001'],
  exportRouteTargets: ['65001:4001'],
  vnis: [10010],
  up: true,
  routes: 2,
  hardwareRoutes: null,
  announcedPrefixes: ['0.0.0.0/0'],
  problems: [],
};
export const EVENT: EventItem = {
  id: 'loyw3v28-2',
  at: '2026-03-02T22:13:20.000Z',
  kind: 'neighbor-up',
  vni: null,
  neighbor: '10.1.0.2',
  mac: null,
  ip: null,
  from: null,
  to: null,
  sequence: null,
  text: 'session with 10.1.0.2 (AS 65002) established',
  details: { remoteAs: 65002 },
};
