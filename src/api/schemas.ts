import { type Static, Type } from '@sinclair/typebox';
import {
  Address,
  Count,
  closed,
  MacText,
  nullable,
  OriginSide,
  ref,
  Text,
  Time,
  VniNumber,
} from './schema-words.js';

/**
 * The shapes of the API's items: the TypeScript types and the OpenAPI description come from here. What is not known or
 * does not apply is null, never a word; times are RFC 3339 in UTC; addresses are text in their canonical form.
 */
export const ProblemNoteSchema = Type.Object(
  {
    severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('info')], {
      description:
        'error: it does not forward; warning: it forwards, but not as it should; info: it may be meant so.',
    }),
    problem: Text('What keeps it from forwarding as it should.'),
    mend: nullable(Text('What mends it: a command where there is one, else words.')),
  },
  { $id: 'ProblemNote', ...closed },
);

export const StatusSchema = Type.Object(
  {
    version: Text(),
    startedAt: Time(),
    uptimeSeconds: Count(),
    mode: Type.Union([Type.Literal('active'), Type.Literal('observe')], {
      description: 'observe: nothing is written to the kernel and nothing is announced.',
    }),
    asn: Type.Integer({ minimum: 1, maximum: 4294967295 }),
    routerId: Address(),
    ready: Type.Boolean(),
    notReadyReasons: Type.Array(Text()),
    counts: Type.Object(
      {
        neighbors: Count(),
        neighborsEstablished: Count(),
        vnis: Count(),
        vnisUp: Count(),
        localMacs: Count(),
        remoteMacs: Count(),
        localIps: Count(),
        remoteIps: Count(),
        localRoutes: Count(),
        remoteRoutes: Count(),
        remoteVteps: Count(),
      },
      closed,
    ),
    hosts: Type.Object(
      {
        heardIps: Count('IPs that local hosts were heard to have.'),
        refused: Count(
          'What they said and was not taken: impossible addresses, MACs of another port, limits.',
        ),
        evicted: Count('IPs that went for those of another port, since all together were too many.'),
        questions: Count('Questions for a sign of life.'),
        questionsWaiting: Count('Local neighbors that are to be asked and wait for the rate.'),
        waiting: Count(
          'Local addresses that wait to be announced: their port has more, or new ones faster, than its share.',
        ),
      },
      { ...closed, description: 'Local hosts, since start.' },
    ),
    kernel: Type.Object(
      {
        receiveBufferBytes: Count('What the kernel granted for notifications.'),
        overruns: Count('Times the kernel dropped notifications because the buffer was full.'),
        resyncs: Count('Times the whole picture was read again.'),
        operationsApplied: Count('Changes that the kernel accepted.'),
        operationsFailed: Count('Changes that the kernel refused; they are retried.'),
      },
      closed,
    ),
    drifts: Type.Object(
      {
        total: Count('Differences between wanted and actual rows that were found since start.'),
        open: Count('Those that stand; /api/v1/drift tells them.'),
      },
      closed,
    ),
    duplicates: Count('Addresses that are in two places; /api/v1/duplicates tells them.'),
    mobilityMemory: Type.Object(
      {
        addresses: Count('MAC and IP addresses that nobody claims now and that are remembered for mobility.'),
        forgottenEarly: Count('Those that were forgotten before their time since start, for want of room.'),
      },
      closed,
    ),
    switchAsic: nullable(
      Type.Object(
        {
          bus: Text('devlink bus, such as pci.'),
          device: Text('devlink device on the bus.'),
          driver: Text(),
        },
        { ...closed, description: 'The switch ASIC as devlink names it; null on a machine without one.' },
      ),
    ),
    problems: Type.Array(ref(ProblemNoteSchema), {
      description:
        'What is wrong: with the configuration file, with devices, with neighbors, with addresses (rows in the way, duplicates, conflicts), and errors and warnings of VNIs that are served.',
    }),
  },
  { $id: 'Status', ...closed },
);

const MessageCounts = Type.Object(
  {
    open: Count(),
    update: Count(),
    notification: Count(),
    keepalive: Count(),
    routeRefresh: Count(),
  },
  closed,
);

const RouteCounts = Type.Object(
  {
    total: Count(),
    ethernetAutoDiscovery: Count('Type 1.'),
    macIpAdvertisement: Count('Type 2.'),
    inclusiveMulticast: Count('Type 3.'),
    ethernetSegment: Count('Type 4.'),
    ipPrefix: Count('Type 5.'),
  },
  closed,
);

const Capability = Type.Object(
  {
    code: Type.Integer({ minimum: 0, maximum: 255, description: 'RFC 5492 capability code.' }),
    name: Text('Such as multiprotocol, route-refresh, four-octet-as; unknown where we do not know the code.'),
    value: nullable(Text('What it carries, as text; hex where we do not know the code.')),
  },
  closed,
);

export const FsmStateNames = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;

export const ReasonCountSchema = Type.Object(
  {
    reason: Text('Its name.'),
    routes: Count(),
    text: Text('What it means.'),
    cure: nullable(Text('What an operator can do, where something is to be done.')),
  },
  { $id: 'ReasonCount', ...closed },
);

export const NeighborSchema = Type.Object(
  {
    address: Address('As configured.'),
    description: nullable(Text()),
    state: Type.Union(
      FsmStateNames.map((state) => Type.Literal(state)),
      { description: 'RFC 4271 §8.2.2.' },
    ),
    established: Type.Boolean(),
    uptimeSeconds: nullable(Count('Since the session was established.')),
    localAs: Type.Integer({ minimum: 1, maximum: 4294967295 }),
    remoteAs: nullable(
      Type.Integer({
        minimum: 1,
        maximum: 4294967295,
        description: "From the neighbor's OPEN, or configured.",
      }),
    ),
    type: Type.Union([Type.Literal('internal'), Type.Literal('external')]),
    remoteRouterId: nullable(Address()),
    localAddress: nullable(Address("Our end of the session's connection.")),
    passive: Type.Boolean(),
    holdTimeSeconds: nullable(Count('Negotiated; 0 for none; null without a session.')),
    keepaliveSeconds: nullable(Count('Negotiated.')),
    sendHoldSeconds: Count(
      'The session ends when the neighbor has read nothing for so long of what waits for it (RFC 9687); 0 for never.',
    ),
    sendStalledSince: nullable(
      Time('Since then it has read nothing of what waits for it; null where nothing waits.'),
    ),
    capabilities: Type.Object(
      { sent: nullable(Type.Array(Capability)), received: nullable(Type.Array(Capability)) },
      closed,
    ),
    gracefulRestart: nullable(
      Type.Object(
        {
          restartTimeSeconds: Count('How long its routes are kept after the session.'),
          forwardingPreserved: Type.Boolean({ description: 'The F bit: of its last restart.' }),
        },
        {
          ...closed,
          description:
            'What the neighbor of the session that stands says of graceful restart for EVPN (RFC 4724); null where it offers none, so that its routes go with the session.',
        },
      ),
    ),
    staleRoutes: nullable(
      Type.Object(
        {
          count: Count('Routes that it has not announced again.'),
          until: Time('They go then at the latest, or with its End-of-RIB.'),
        },
        {
          ...closed,
          description: 'Routes of the session before, kept while the neighbor restarts (RFC 4724).',
        },
      ),
    ),
    messages: Type.Object({ sent: MessageCounts, received: MessageCounts }, closed),
    prefixes: Type.Object({ received: RouteCounts, sent: RouteCounts }, closed),
    routes: Type.Object(
      {
        used: nullable(
          Count(
            'Routes of the neighbor that some VNI takes into account now; null in the answer of a command.',
          ),
        ),
        unused: Type.Array(ref(ReasonCountSchema), {
          description:
            'Routes that stand and that no VNI uses, by reason; /api/v1/routes?unused= lists them.',
        }),
        refused: Type.Array(ref(ReasonCountSchema), {
          description: 'Announcements since the session came up that were refused at entry, by reason.',
        }),
        lastRefused: nullable(
          Type.Object(
            {
              reason: Text('As in `refused`.'),
              key: Text('As in /api/v1/routes.'),
              rd: Text(),
              asPath: Type.Array(Count()),
              at: Time(),
            },
            closed,
          ),
        ),
      },
      closed,
    ),
    limits: Type.Object(
      {
        routes: Count('Routes that stand.'),
        maxRoutes: Count('`max-routes`; 0 for no limit.'),
        attributeSets: Count('Distinct attribute sets of these routes.'),
        octets: Count('Octets that are kept of these sets.'),
        maxOctets: Count('`max-octets`; 0 for no limit.'),
        onLimit: Type.Union([Type.Literal('close'), Type.Literal('warn')]),
        level: Type.Union([Type.Literal('within'), Type.Literal('near'), Type.Literal('over')], {
          description: 'near: from 80 % of a limit on, which is a problem.',
        }),
      },
      { ...closed, description: "What the neighbor's routes take, and may take." },
    ),
    faults: Type.Object(
      {
        attributesDiscarded: Count('RFC 7606 attribute discard.'),
        treatedAsWithdraw: Count('RFC 7606 treat-as-withdraw.'),
        unknownRouteTypes: Count('Routes skipped because their type is unknown.'),
        malformedRoutes: Count(
          'Malformed routes of types 1, 4 and 5, skipped: the others of their UPDATE were taken.',
        ),
        last: nullable(
          Type.Object(
            {
              outcome: Type.Union(
                [Type.Literal('discard'), Type.Literal('treat-as-withdraw'), Type.Literal('skip')],
                { description: 'What became of it (RFC 7606 §2); skip: one route was passed over.' },
              ),
              field: Text("The attribute's name, or NLRI."),
              detail: Text('What was found, and what was expected.'),
              at: Time(),
            },
            { ...closed, description: 'The last UPDATE with a fault that cost no session.' },
          ),
        ),
      },
      closed,
    ),
    lastError: nullable(
      Type.Object(
        {
          direction: Type.Union([Type.Literal('sent'), Type.Literal('received')]),
          code: Type.Integer({ minimum: 0, maximum: 255 }),
          subcode: Type.Integer({ minimum: 0, maximum: 255 }),
          text: Text('The names of code and subcode.'),
          dataHex: Type.String({ pattern: '^([0-9a-f]{2})*$' }),
          at: Time(),
        },
        { ...closed, description: 'The last NOTIFICATION.' },
      ),
    ),
    lastDown: nullable(
      Type.Object(
        { reason: Text(), at: Time() },
        { ...closed, description: 'Why the last established session ended; attempts that fail leave it.' },
      ),
    ),
    lastFailedAttempt: nullable(
      Type.Object(
        { reason: Text(), at: Time() },
        { ...closed, description: 'Why the last attempt failed that came to no session.' },
      ),
    ),
    failedAttempts: Count('Attempts that failed since the last session.'),
    idleHold: nullable(
      Type.Object(
        { reason: Text('The error before it.'), until: Time() },
        {
          ...closed,
          description:
            'evpnd makes no connection to the neighbor until then (RFC 4271 §8.1.1, DampPeerOscillations); the neighbor may.',
        },
      ),
    ),
    shutdown: nullable(
      Type.Object(
        { message: Text('What the neighbor was told (RFC 9003); may be empty.'), since: Time() },
        { ...closed, description: 'An operator keeps the neighbor down.' },
      ),
    ),
    flaps: Count('Times an established session was lost.'),
    endOfRibReceivedAt: nullable(Time("End-of-RIB (RFC 4724) of this session's first table.")),
  },
  { $id: 'Neighbor', ...closed },
);

export const VniSchema = Type.Object(
  {
    vni: VniNumber(),
    rd: nullable(Text('null while the VNI is not served.')),
    importRouteTargets: Type.Array(Text('`*:n` takes any AS.')),
    exportRouteTargets: Type.Array(Text()),
    vxlanDevice: nullable(Text('null where the kernel has no device for the VNI.')),
    bridge: nullable(Text()),
    vlan: nullable(
      Type.Integer({ minimum: 1, maximum: 4094, description: 'null on a bridge without VLAN filtering.' }),
    ),
    svi: nullable(Text('The device whose neighbor table serves the VNI.')),
    localVtep: nullable(Address("The VXLAN device's local address.")),
    multicastGroup: nullable(Address()),
    advertised: Type.Boolean(),
    up: Type.Boolean({ description: 'Everything is there that the VNI needs to forward.' }),
    problems: Type.Array(ref(ProblemNoteSchema)),
    openDrifts: Count('Rows that are not as wanted; /api/v1/drift?vni= tells them.'),
    counts: Type.Object(
      {
        localMacs: Count(),
        remoteMacs: Count(),
        localIps: Count(),
        remoteIps: Count(),
        remoteVteps: Count(),
        floodVteps: Count('VTEPs that get a copy of each broadcast, unknown unicast and multicast frame.'),
        floodVtepsLeftOut: Count('Those that get none, because `evpn.flood-limit` has no room for them.'),
        rememberedAddresses: Count('Addresses that nobody claims now and that are remembered for mobility.'),
      },
      closed,
    ),
  },
  { $id: 'Vni', ...closed },
);

const Flags = Type.Array(Text(), { description: 'ndm_flags by name, such as ext_learned, offloaded.' });
const States = Type.Array(Text(), { description: 'ndm_state by name, such as reachable, noarp.' });

export const FdbRowSchema = Type.Object(
  {
    device: Text(),
    state: States,
    flags: Flags,
    dst: nullable(Address('The VTEP, on rows of a VXLAN device.')),
    offloaded: Type.Boolean({ description: 'The hardware has it.' }),
  },
  { $id: 'FdbRow', ...closed },
);

export const NeighRowSchema = Type.Object(
  {
    device: Text(),
    mac: nullable(MacText()),
    state: States,
    flags: Flags,
    protocol: Count('rtm_protocol of who set it; 0 for the kernel.'),
    offloaded: Type.Boolean({ description: 'The hardware has it.' }),
  },
  { $id: 'NeighRow', ...closed },
);

export const MacSchema = Type.Object(
  {
    mac: MacText(),
    origin: OriginSide,
    vtep: nullable(Address('Where a remote MAC is.')),
    device: nullable(Text('The bridge port of a local MAC.')),
    vlan: nullable(Type.Integer({ minimum: 1, maximum: 4094 })),
    sequence: Count('MAC mobility sequence number (RFC 7432 §7.7).'),
    sticky: Type.Boolean(),
    ips: Type.Array(Address()),
    installed: Type.Boolean({ description: 'The kernel holds what it should.' }),
    kernel: Type.Object(
      {
        bridge: nullable(ref(FdbRowSchema)),
        vxlan: nullable(ref(FdbRowSchema)),
      },
      { ...closed, description: 'The rows as the kernel has them now.' },
    ),
  },
  { $id: 'Mac', ...closed },
);

export const ArpEntrySchema = Type.Object(
  {
    ip: Address(),
    mac: MacText(),
    origin: OriginSide,
    vtep: nullable(Address()),
    router: Type.Boolean({ description: 'The host is a router (RFC 9047).' }),
    installed: Type.Boolean({ description: 'The kernel holds what it should.' }),
    kernel: nullable(ref(NeighRowSchema)),
  },
  { $id: 'ArpEntry', ...closed },
);

export const PathSchema = Type.Object(
  {
    neighbor: nullable(Address('null for our own.')),
    best: Type.Boolean(),
    stale: Type.Boolean({ description: "Kept over the neighbor's restart (RFC 4724)." }),
    esi: nullable(Text()),
    labels: Type.Array(Count(), { description: 'Raw 24-bit labels: VNIs.' }),
    nextHop: Address(),
    asPath: Type.Array(
      Type.Object(
        {
          type: Type.Union([
            Type.Literal('sequence'),
            Type.Literal('set'),
            Type.Literal('confed-sequence'),
            Type.Literal('confed-set'),
          ]),
          asns: Type.Array(Count()),
        },
        closed,
      ),
    ),
    origin: Type.Union([Type.Literal('igp'), Type.Literal('egp'), Type.Literal('incomplete')]),
    localPref: nullable(Count()),
    med: nullable(Count()),
    originatorId: nullable(Address()),
    clusterList: Type.Array(Address()),
    routeTargets: Type.Array(Text()),
    extendedCommunities: Type.Array(Text(), { description: 'All, in the order on the wire, as text.' }),
    macMobility: nullable(Type.Object({ sequence: Count(), sticky: Type.Boolean() }, closed)),
    pmsi: nullable(
      Type.Object(
        {
          tunnelType: Count('RFC 6514 §5; 6 is ingress replication.'),
          label: Count('Raw 24 bits: the VNI.'),
          endpoint: nullable(Address()),
        },
        closed,
      ),
    ),
    receivedAt: nullable(Time()),
  },
  { $id: 'Path', ...closed },
);

export const RouteSchema = Type.Object(
  {
    key: Text(
      '`[type]:[ethernet tag]:…` as FRR writes it; unique within the route distinguisher and origin.',
    ),
    type: Type.Integer({ minimum: 1, maximum: 5, description: 'EVPN route type.' }),
    rd: Text(),
    ethernetTag: nullable(Count('null for type 4, which has none.')),
    mac: nullable(MacText()),
    ip: nullable(Address("The host's; the originator's in types 3 and 4.")),
    prefix: nullable(Text('Type 5: address/length.')),
    gateway: nullable(Address('Type 5.')),
    esi: nullable(Text("The best path's; null where the type has none.")),
    labels: Type.Array(Count(), { description: "The best path's." }),
    origin: OriginSide,
    paths: Type.Array(ref(PathSchema)),
    vnis: Type.Array(VniNumber(), { description: 'The VNIs that import it, or the VNI it comes from.' }),
  },
  { $id: 'Route', ...closed },
);

export const VtepSchema = Type.Object(
  {
    address: Address(),
    vnis: Type.Array(VniNumber(), { description: 'VNIs in which it receives broadcasts or has hosts.' }),
    macs: Count('Remote MACs behind it.'),
    routes: Count('Routes whose next hop it is.'),
  },
  { $id: 'Vtep', ...closed },
);

export type ProblemNote = Static<typeof ProblemNoteSchema>;
export type Status = Static<typeof StatusSchema>;
export type NeighborItem = Static<typeof NeighborSchema>;
export type VniItem = Static<typeof VniSchema>;
export type FdbRowItem = Static<typeof FdbRowSchema>;
export type NeighRowItem = Static<typeof NeighRowSchema>;
export type MacItem = Static<typeof MacSchema>;
export type ArpEntry = Static<typeof ArpEntrySchema>;
export type PathItem = Static<typeof PathSchema>;
export type RouteItem = Static<typeof RouteSchema>;
export type VtepItem = Static<typeof VtepSchema>;
