import type {
  ArpEntry,
  DriftItem,
  DuplicateItem,
  Explain,
  MacItem,
  NeighborItem,
  PathItem,
  Status,
  Story,
  UnderlayRouteItem,
  VniItem,
  VrfItem,
  VtepItem,
} from '../../../src/api/index.js';

/** One item of each kind with every field that it can have; tests change what they are about. */

export const status: Status = {
  version: '0.1.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  uptimeSeconds: 60,
  mode: 'active',
  drained: false,
  asn: 65001,
  routerId: '10.0.0.1',
  ready: true,
  notReadyReasons: [],
  counts: {
    neighbors: 2,
    neighborsEstablished: 1,
    vnis: 1,
    vnisUp: 1,
    localMacs: 1,
    remoteMacs: 1,
    localIps: 0,
    remoteIps: 1,
    localRoutes: 2,
    remoteRoutes: 2,
    remoteVteps: 1,
  },
  hosts: { heardIps: 1, refused: 0, evicted: 0, questions: 2, questionsWaiting: 0, waiting: 0 },
  kernel: {
    receiveBufferBytes: 134217728,
    overruns: 0,
    resyncs: 0,
    operationsApplied: 3,
    operationsFailed: 0,
  },
  drifts: { total: 2, open: 1 },
  duplicates: 1,
  mobilityMemory: { addresses: 1, forgottenEarly: 0 },
  switchAsic: {
    bus: 'pci',
    device: '0000:03:00.0',
    driver: 'mlxsw_spectrum3',
    tables: [{ name: 'kvd/linear', size: 98304, occupied: 12 }],
  },
  problems: [{ severity: 'info', problem: 'a sentence', fix: null }],
};

const messages = { open: 1, update: 10, notification: 0, keepalive: 20, routeRefresh: 0 };
const routes = {
  total: 3,
  ethernetAutoDiscovery: 0,
  macIpAdvertisement: 2,
  inclusiveMulticast: 1,
  ethernetSegment: 0,
  ipPrefix: 0,
};

export function neighbor(address: string): NeighborItem {
  return {
    name: address,
    vrf: null,
    address,
    interface: 'swp1',
    router: {
      address: 'fe80::1',
      heardAt: '2026-01-01T00:00:20.000Z',
      fault: null,
      others: [{ address: 'fe80::2', heardAt: '2026-01-01T00:00:21.000Z' }],
      advertisementsSent: 3,
      advertisementsReceived: 2,
      rejected: [
        { reason: 'hop-limit', text: 'its hop limit is not 255: it came over a router', messages: 1 },
      ],
    },
    description: 'spine 1',
    peerGroup: 'spines',
    listenRange: '10.1.0.0/16',
    state: 'Established',
    established: true,
    uptimeSeconds: 50,
    localAs: 65001,
    remoteAs: 65000,
    type: 'external',
    remoteRouterId: '10.0.0.100',
    localAddress: '10.1.1.1',
    passive: false,
    md5: true,
    ttlSecurityHops: 1,
    holdTimeSeconds: 9,
    keepaliveSeconds: 3,
    sendHoldSeconds: 480,
    sendStalledSince: '2026-01-01T00:00:30.000Z',
    capabilities: {
      sent: [
        { code: 1, name: 'multiprotocol', value: 'l2vpn/evpn' },
        { code: 2, name: 'route-refresh', value: null },
      ],
      received: [],
    },
    gracefulRestart: {
      restartTimeSeconds: 120,
      forwardingPreserved: false,
      notification: true,
      longLivedSeconds: 0,
    },
    staleRoutes: { count: 3, until: '2026-01-01T00:02:00.000Z', longLived: false },
    families: [
      {
        name: 'L2VPN/EVPN',
        afi: 25,
        safi: 70,
        negotiated: true,
        received: 3,
        rejected: 0,
        refused: [],
        maxRoutes: null,
        sent: 3,
        gracefulRestart: {
          restartTimeSeconds: 120,
          forwardingPreserved: false,
          notification: true,
          longLivedSeconds: 0,
        },
        staleRoutes: { count: 3, until: '2026-01-01T00:02:00.000Z', longLived: false },
        endOfRibReceivedAt: '2026-01-01T00:00:11.000Z',
      },
    ],
    messages: { sent: messages, received: messages },
    prefixes: { received: routes, sent: routes },
    routes: {
      used: 2,
      unused: [
        { reason: 'route-targets', routes: 1, text: 'no VNI imports any of its route targets', cure: null },
      ],
      rejected: 0,
      refused: [{ reason: 'first-as', routes: 1, text: 'its AS_PATH is wrong', cure: 'correct it' }],
      lastRefused: {
        reason: 'first-as',
        key: '[2]:[0]:[48]:[02:00:00:00:00:01]',
        rd: '10.0.0.2:10010',
        asPath: [65009],
        at: '2026-07-01T12:00:00.000Z',
      },
    },
    limits: {
      routes: 3,
      maxRoutes: 1_000_000,
      attributeSets: 2,
      octets: 120,
      maxOctets: 268_435_456,
      onLimit: 'close',
      level: 'within',
    },
    faults: {
      attributesDiscarded: 0,
      treatedAsWithdraw: 1,
      unknownRouteTypes: 0,
      malformedRoutes: 0,
      last: {
        outcome: 'treat-as-withdraw',
        field: 'ORIGIN',
        detail: 'missing',
        count: 1,
        at: '2026-01-01T00:00:04.000Z',
      },
    },
    lastError: {
      direction: 'received',
      code: 6,
      subcode: 4,
      text: 'Cease / Administrative Reset',
      hardReset: null,
      dataHex: '0a0b',
      at: '2026-01-01T00:00:05.000Z',
    },
    lastDown: { reason: 'NOTIFICATION received', at: '2026-01-01T00:00:05.000Z' },
    lastFailedAttempt: { reason: 'connection failed: connect ECONNREFUSED', at: '2026-01-01T00:00:06.000Z' },
    failedAttempts: 2,
    idleHold: { reason: 'NOTIFICATION received', until: '2026-01-01T00:00:07.000Z' },
    shutdown: { message: 'maintenance', since: '2026-01-01T00:00:05.000Z', by: 'command' },
    bfd: {
      state: 'Up',
      since: '2026-01-01T00:00:05.000Z',
      diagnostic: 'No Diagnostic',
      multihop: false,
      intervalMs: 300,
      multiplier: 3,
      transmitIntervalMs: 300,
      detectionTimeMs: 900,
      discriminator: 4711,
      neighbor: {
        state: 'Up',
        diagnostic: 'No Diagnostic',
        discriminator: 4712,
        desiredMinTxMs: 300,
        requiredMinRxMs: 300,
        multiplier: 3,
        controlPlaneIndependent: false,
      },
      packets: { sent: 20, received: 21, discarded: [{ reason: 'ttl', packets: 1 }] },
      ups: 1,
      lastDown: { reason: 'nothing was heard for 900 ms', at: '2026-01-01T00:00:04.000Z' },
      fault: null,
    },
    flaps: 1,
    lateness: { samples: 12, medianMs: 0.5, p99Ms: 25 },
    endOfRibReceivedAt: '2026-01-01T00:00:11.000Z',
  };
}

/** A neighbor that was never there: everything that can be null is. */
export function idleNeighbor(address: string): NeighborItem {
  return {
    ...neighbor(address),
    description: null,
    peerGroup: null,
    listenRange: null,
    state: 'Idle',
    established: false,
    uptimeSeconds: null,
    remoteAs: null,
    remoteRouterId: null,
    localAddress: null,
    holdTimeSeconds: null,
    keepaliveSeconds: null,
    sendStalledSince: null,
    capabilities: { sent: null, received: null },
    gracefulRestart: null,
    staleRoutes: null,
    families: [
      {
        name: 'L2VPN/EVPN',
        afi: 25,
        safi: 70,
        negotiated: false,
        received: 0,
        rejected: 0,
        refused: [],
        maxRoutes: null,
        sent: 0,
        gracefulRestart: null,
        staleRoutes: null,
        endOfRibReceivedAt: null,
      },
    ],
    faults: {
      attributesDiscarded: 0,
      treatedAsWithdraw: 0,
      unknownRouteTypes: 0,
      malformedRoutes: 0,
      last: null,
    },
    lastError: null,
    lastDown: null,
    lastFailedAttempt: null,
    failedAttempts: 0,
    idleHold: null,
    shutdown: null,
    bfd: null,
    endOfRibReceivedAt: null,
  };
}

export function vni(number: number): VniItem {
  return {
    vni: number,
    rd: '10.0.0.1:10',
    importRouteTargets: ['*:10010'],
    exportRouteTargets: ['65001:10010'],
    vxlanDevice: 'vx10010',
    bridge: 'br0',
    vlan: 10,
    svi: 'vlan10',
    localVtep: '10.0.0.1',
    multicastGroup: null,
    advertised: true,
    up: true,
    problems: [
      {
        severity: 'warning',
        problem: 'learning is on',
        fix: 'ip link set vx10010 type vxlan nolearning',
      },
    ],
    hardware: null,
    openDrifts: 1,
    counts: {
      localMacs: 1,
      remoteMacs: 1,
      localIps: 0,
      remoteIps: 1,
      remoteVteps: 1,
      floodVteps: 1,
      floodVtepsLeftOut: 0,
      rememberedAddresses: 1,
    },
  };
}

/** A VNI of the configuration that the kernel does not have. */
export function absentVni(number: number): VniItem {
  return {
    ...vni(number),
    rd: null,
    vxlanDevice: null,
    bridge: null,
    vlan: null,
    svi: null,
    localVtep: null,
    advertised: false,
    up: false,
    problems: [],
  };
}

export function localMac(mac: string): MacItem {
  return {
    mac,
    origin: 'local',
    vtep: null,
    device: 'swp1',
    vlan: null,
    sequence: 0,
    sticky: false,
    ips: [],
    installed: true,
    offload: null,
    kernel: {
      bridge: { device: 'swp1', state: ['reachable'], flags: [], dst: null, offloaded: false },
      vxlan: null,
    },
  };
}

export function remoteMac(mac: string): MacItem {
  return {
    mac,
    origin: 'remote',
    vtep: '10.0.0.2',
    device: null,
    vlan: 10,
    sequence: 3,
    sticky: true,
    ips: ['192.0.2.1'],
    installed: false,
    offload: { state: 'offloaded', reason: null },
    kernel: {
      bridge: { device: 'vx10010', state: ['reachable'], flags: ['master'], dst: null, offloaded: true },
      vxlan: { device: 'vx10010', state: ['reachable'], flags: ['self'], dst: '10.0.0.2', offloaded: true },
    },
  };
}

export function arpEntry(ip: string): ArpEntry {
  return {
    ip,
    mac: '02:00:00:00:00:01',
    origin: 'remote',
    vtep: '10.0.0.2',
    router: false,
    installed: true,
    kernel: {
      device: 'vlan10',
      mac: '02:00:00:00:00:01',
      state: ['noarp'],
      flags: ['ext_learned'],
      protocol: 11,
      offloaded: false,
    },
  };
}

export function vrf(name: string): VrfItem {
  return {
    name,
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
}

export function vtep(address: string): VtepItem {
  return { address, vnis: [10010], macs: 1, routes: 2 };
}

export function drift(id: number, over: Partial<DriftItem> = {}): DriftItem {
  return {
    id,
    vni: 10010,
    table: 'mac',
    mac: '02:00:00:00:00:02',
    ip: null,
    prefix: null,
    nexthopId: null,
    cause: 'refused',
    since: '2026-01-01T00:00:10.000Z',
    found: 'no bridge row, no vxlan row',
    wanted: 'bridge row points to vx10010 (reachable, ext_learned)',
    action: 'retrying',
    fix: null,
    failure: {
      errno: 'ENOSPC',
      kernel: 'the hardware is full',
      attempts: 2,
      at: '2026-01-01T00:00:15.000Z',
      retryAt: '2026-01-01T00:00:25.000Z',
    },
    resolvedAt: null,
    ...over,
  };
}

export function duplicate(over: Partial<DuplicateItem>): DuplicateItem {
  return {
    vni: 10010,
    mac: null,
    ip: null,
    since: '2026-01-01T00:00:20.000Z',
    frozen: false,
    moves: 5,
    places: [
      { device: 'swp1', vtep: null },
      { device: null, vtep: '10.0.0.2' },
    ],
    ...over,
  };
}

/** A story with something of everything. */
function story(over: Partial<Story>): Story {
  const path: PathItem = {
    neighbor: '10.1.1.0',
    best: true,
    lostBy: null,
    stale: false,
    longLivedStale: false,
    esi: null,
    labels: [10010],
    nextHop: '10.0.0.2',
    asPath: [],
    origin: 'igp',
    localPref: null,
    med: null,
    originatorId: null,
    clusterList: [],
    communities: [],
    largeCommunities: [],
    routeTargets: [],
    extendedCommunities: [],
    macMobility: null,
    pmsi: null,
    receivedAt: null,
    importPolicy: null,
  };
  return {
    owner: 'remote',
    rule: 'only claim',
    vtep: '10.0.0.2',
    device: null,
    sequence: 3,
    highestSequence: 3,
    pinnedBy: null,
    sticky: false,
    frozen: false,
    moreClaims: 0,
    claims: [
      {
        origin: 'remote',
        won: true,
        ignored: null,
        mac: '02:00:00:00:00:02',
        ip: null,
        vtep: '10.0.0.2',
        esi: null,
        leaf: '10.0.0.2',
        sequence: 3,
        sticky: false,
        router: false,
        device: null,
        epoch: null,
        route: {
          key: '[2]:[0]:[48]:[02:00:00:00:00:02]',
          rd: '10.0.0.2:10',
          label: 10010,
          bestBy: 'only path',
          paths: [path],
        },
      },
    ],
    kernel: {
      wanted: 'a row',
      found: 'another row',
      fits: false,
      bridge: { device: 'vx10010', state: ['reachable'], flags: [], dst: null, offloaded: true },
      vxlan: { device: 'vx10010', state: ['reachable'], flags: ['self'], dst: '10.0.0.2', offloaded: true },
      neigh: null,
      offload: { state: 'refused', reason: 'no room' },
      failure: drift(1).failure,
      drifts: [drift(1)],
    },
    advertised: [{ key: '[2]:[0]:[48]:[02:00:00:00:00:02]', rd: '10.0.0.1:10', path }],
    moves: [
      {
        at: '2026-01-01T00:00:00.000Z',
        from: 'local',
        to: 'remote',
        fromVtep: null,
        vtep: '10.0.0.2',
        sequence: 3,
        cause: 'a sentence',
      },
    ],
    duplicate: duplicate({ mac: '02:00:00:00:00:02' }),
    ...over,
  };
}

export function explain(ip: string | null): Explain {
  return {
    vni: 10010,
    mac: '02:00:00:00:00:02',
    ip,
    verdict: ['a sentence'],
    entry: story({}),
    ips: ['192.0.2.1'],
    moreIps: 0,
    binding:
      ip === null
        ? null
        : {
            mac: '02:00:00:00:00:02',
            story: story({ duplicate: null }),
            lastRefreshAt: '2026-01-01T00:00:00.000Z',
          },
  };
}

/** A unicast route of two paths. */
export function underlayRoute(prefix: string): UnderlayRouteItem {
  const path = {
    neighbor: '10.1.1.0',
    best: true,
    lostBy: null,
    stale: false,
    longLivedStale: false,
    chosen: true,
    nextHop: '10.1.1.0',
    unreachable: null,
    resolvedBy: { kind: 'connected' as const, prefix: '10.1.1.0/31' },
    asPath: [{ type: 'sequence' as const, asns: [65000] }],
    origin: 'igp' as const,
    localPref: null,
    med: 5,
    communities: [],
    largeCommunities: [],
    routeTargets: [],
    importPolicy: null,
    receivedAt: '2026-01-01T00:00:00.000Z',
  };
  const other = {
    ...path,
    best: false,
    chosen: false,
    lostBy: 'usable path',
    unreachable: 'martian' as const,
    resolvedBy: null,
  };
  return { prefix, vrf: null, unused: null, offload: null, bestBy: 'usable path', paths: [path, other] };
}
