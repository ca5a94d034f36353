import { Problem } from '../errors.js';
import type { OperationId } from '../operations.js';
import { noSuchNeighbor } from '../parameters.js';
import { EXPLAIN } from './explain.js';
import { EXPLAIN_ROUTE } from './explain-route.js';
import { DRIFT, DUPLICATE, EVENT_LOOP, PENDING_WRITE, UNDERLAY_ROUTE } from './findings.js';
import { ARP_ENTRY, EVENT, MAC, STATUS, VNI, VRF, VTEP } from './leaf.js';
import { NEIGHBOR } from './neighbor.js';
import { ROUTE, ROUTE_CURSOR } from './route.js';

/*
 * What the description shows: answers of a leaf with one neighbor and one remote host. The tests check each against its
 * schema, and ask with each parameter.
 */

const only = <Item>(item: Item) => ({ items: [item], next: null, total: 1 });

const ETAG = 'EWLYfCLcr9ARQyWi';
const ITEM = { address: '10.1.0.2', 'remote-as': 'external' };
const CONFIGURATION = { asn: 65001, 'router-id': '10.0.0.1', neighbors: [ITEM] };
const CHANGED = (key: string, before: string | null, after: string | null) => ({
  etag: ETAG,
  saved: true,
  changes: [{ key, before, after }],
  waitsForRestart: [],
});

/** The answer with status 200 of each operation. */
export const ANSWERS: Readonly<Record<OperationId, unknown>> = {
  getStatus: STATUS,
  listNeighbors: only(NEIGHBOR),
  getNeighbor: NEIGHBOR,
  clearNeighbor: NEIGHBOR,
  shutDownNeighbor: NEIGHBOR,
  enableNeighbor: NEIGHBOR,
  listVnis: only(VNI),
  getVni: VNI,
  listMacs: only(MAC),
  listArpEntries: only(ARP_ENTRY),
  listVrfs: only(VRF),
  getVrf: VRF,
  explainRoute: EXPLAIN_ROUTE,
  listRoutes: { items: [ROUTE], next: ROUTE_CURSOR, total: null },
  listUnderlayRoutes: { items: [UNDERLAY_ROUTE], next: null, total: null },
  listVteps: only(VTEP),
  listDrifts: only(DRIFT),
  listPendingWrites: { items: [PENDING_WRITE], next: null, total: null },
  listDuplicates: only(DUPLICATE),
  clearDuplicates: { cleared: 1 },
  followEvents: `retry: 2000\n\nid: ${EVENT.id}\nevent: ${EVENT.kind}\ndata: ${JSON.stringify(EVENT)}\n\n`,
  listEvents: { items: [EVENT], next: null, total: null },
  getEventLoop: EVENT_LOOP,
  explainAddress: EXPLAIN,
  getConfiguration: { etag: ETAG, saved: true, configuration: CONFIGURATION },
  changeConfiguration: CHANGED('log.level', null, 'debug'),
  getConfigurationItem: { etag: ETAG, saved: true, item: ITEM },
  replaceConfigurationItem: CHANGED('neighbors[10.1.0.2].description', null, 'spine 1'),
  removeConfigurationItem: CHANGED('neighbors[10.1.0.2]', 'external', null),
  getLiveness: { live: true },
  getReadiness: { ready: true },
  getMetrics:
    '# HELP evpnd_bgp_peer_state State of the session: 1 established, 0 not, 2 shut down by an operator or a limit.\n# TYPE evpnd_bgp_peer_state gauge\nevpnd_bgp_peer_state{peer="10.1.0.2"} 1\n',
};

/** The bodies of those that change the configuration. */
export const BODIES: Partial<Readonly<Record<OperationId, object>>> = {
  changeConfiguration: { log: { level: 'debug' } },
  replaceConfigurationItem: { ...ITEM, description: 'spine 1' },
};

/** Values of parameters, by their names; that of `cursor` is the list's own `next`. */
export const PARAMETERS: Readonly<Record<string, string | number | boolean>> = {
  limit: 100,
  vni: 10010,
  mac: '02:00:00:00:00:02',
  ip: '192.0.2.12',
  prefix: '198.51.100.0/24',
  address: '10.1.0.2',
  neighbor: '10.1.0.2',
  vrf: 'red',
  vtep: '10.0.0.2',
  rd: '10.0.0.2:10010',
  esi: '00:00:00:00:00:00:00:00:00:00',
  type: 2,
  origin: 'remote',
  open: true,
  kind: 'neighbor-up,neighbor-down',
  since: 3600,
  after: EVENT.id,
  unused: 'import-policy',
  soft: 'in',
  message: 'maintenance until 18:00 UTC',
  ephemeral: true,
  list: 'neighbors',
  key: '10.1.0.2',
  name: 'red',
  'if-match': `"${ETAG}"`,
};

/** A problem with each status. */
export const PROBLEMS_SHOWN: readonly Problem[] = [
  new Problem('unknown-parameter', 'lmit: allowed is limit, cursor; did you mean limit for lmit?', {
    parameters: [{ parameter: 'lmit', found: '5', allowed: 'limit, cursor' }],
  }),
  new Problem('unauthorized', 'authorization: found no token, allowed is "Bearer TOKEN"'),
  new Problem(
    'unix-socket-only',
    'POST over TCP, which has no authentication: use the Unix socket (api.unix-socket)',
  ),
  new Problem('no-such-vni', 'VNI 99 is neither in the kernel nor in the configuration'),
  new Problem('no-session', '10.1.0.2 has no established session whose routes could be exchanged again'),
  new Problem('wrong-etag', 'the configuration has changed meanwhile: read it again'),
  new Problem('too-large', 'allowed are 1048576 octets'),
  new Problem('unsupported-media-type', 'content-type: allowed is application/json'),
  new Problem('invalid-configuration', 'asn: found 0, allowed is an integer from 1 to 4294967295'),
  new Problem('internal-error', 'see the log'),
  new Problem('busy', 'too many requests are being answered; ask again in a second'),
];

const NO_NEIGHBOR = [noSuchNeighbor('10.1.0.2')];
const NO_VRF = [new Problem('no-such-vrf', 'VRF red is neither in the kernel nor configured')];
const NO_ITEM = [new Problem('no-such-item', 'neighbors has none that is known by 10.1.0.2')];

/** Those of an operation, in place of the ones above. */
export const PROBLEMS_OF: Partial<Readonly<Record<OperationId, readonly Problem[]>>> = {
  getNeighbor: NO_NEIGHBOR,
  clearNeighbor: NO_NEIGHBOR,
  shutDownNeighbor: NO_NEIGHBOR,
  enableNeighbor: NO_NEIGHBOR,
  explainAddress: [new Problem('no-such-mac', '02:00:00:00:00:09 is unknown in VNI 10010')],
  getVrf: NO_VRF,
  explainRoute: NO_VRF,
  getConfigurationItem: NO_ITEM,
  replaceConfigurationItem: NO_ITEM,
  removeConfigurationItem: NO_ITEM,
  getReadiness: [
    new Problem('not-ready', '10.1.0.2 has not sent End-of-RIB', {
      reasons: ['10.1.0.2 has not sent End-of-RIB'],
    }),
  ],
};
