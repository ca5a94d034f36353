/** What each operation of the description is called: a client that is generated from it has methods of these names. */
const OPERATIONS = {
  'GET /api/v1/status': 'getStatus',
  'GET /api/v1/neighbors': 'listNeighbors',
  'GET /api/v1/neighbors/{address}': 'getNeighbor',
  'POST /api/v1/neighbors/{address}/clear': 'clearNeighbor',
  'POST /api/v1/neighbors/{address}/shutdown': 'shutDownNeighbor',
  'DELETE /api/v1/neighbors/{address}/shutdown': 'enableNeighbor',
  'GET /api/v1/vnis': 'listVnis',
  'GET /api/v1/vnis/{vni}': 'getVni',
  'GET /api/v1/vnis/{vni}/macs': 'listMacs',
  'GET /api/v1/vnis/{vni}/arp-cache': 'listArpEntries',
  'GET /api/v1/vrfs': 'listVrfs',
  'GET /api/v1/vrfs/{name}': 'getVrf',
  'GET /api/v1/vrfs/{name}/explain': 'explainRoute',
  'GET /api/v1/routes': 'listRoutes',
  'GET /api/v1/underlay-routes': 'listUnderlayRoutes',
  'GET /api/v1/vteps': 'listVteps',
  'GET /api/v1/drift': 'listDrifts',
  'GET /api/v1/pending-writes': 'listPendingWrites',
  'GET /api/v1/duplicates': 'listDuplicates',
  'DELETE /api/v1/duplicates': 'clearDuplicates',
  'GET /api/v1/events': 'followEvents',
  'GET /api/v1/events/recent': 'listEvents',
  'GET /api/v1/event-loop': 'getEventLoop',
  'GET /api/v1/explain': 'explainAddress',
  'GET /api/v1/config': 'getConfiguration',
  'PATCH /api/v1/config': 'changeConfiguration',
  'GET /api/v1/config/{list}/{key}': 'getConfigurationItem',
  'PUT /api/v1/config/{list}/{key}': 'replaceConfigurationItem',
  'DELETE /api/v1/config/{list}/{key}': 'removeConfigurationItem',
  'GET /livez': 'getLiveness',
  'GET /readyz': 'getReadiness',
  'GET /metrics': 'getMetrics',
} as const;

export type OperationId = (typeof OPERATIONS)[keyof typeof OPERATIONS];

/** What an operation belongs to, by the first word of its path under /api/v1; the tags of the description, in its order. */
export const TAGS: Readonly<Record<string, string>> = {
  status: 'The leaf as a whole.',
  neighbors: 'The BGP neighbors and their sessions.',
  vnis: 'The VNIs, the hosts in them and their addresses.',
  vrfs: 'The VRFs, their VNIs, and where they route to.',
  routes: 'The EVPN routes, ours and those of the neighbors.',
  'underlay-routes': 'The unicast routes of the neighbors.',
  vteps: 'The other leaves.',
  explain: 'Why an address is where it is.',
  drift: 'Differences between the wanted rows of the kernel and the found ones.',
  'pending-writes': 'Rows that are to be written to the kernel.',
  duplicates: 'Addresses that are in two places.',
  events: 'What happens.',
  'event-loop': 'How busy evpnd is.',
  config: 'The configuration in effect.',
  probes: 'For supervisors and Prometheus.',
};
const PROBES = 'probes';

/** Returns what an operation is called. Throws for one that has no name in the table. */
export function operationId(method: string, path: string): OperationId {
  const key = `${method.toUpperCase()} ${path}`;
  if (!Object.hasOwn(OPERATIONS, key)) throw new Error(`src/api/operations.ts has no name for ${key}`);
  return OPERATIONS[key as keyof typeof OPERATIONS];
}

/** Returns the tag of a path. */
export function tagOf(path: string): string {
  return /^\/api\/v1\/([^/]+)/.exec(path)?.[1] ?? PROBES;
}
