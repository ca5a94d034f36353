import createClient from 'openapi-fetch';
import type { paths } from './openapi.js';

/** What a client saw that a generator made of the description. */
export interface Seen {
  /** Of each list, what its items are known by, over all its pages. */
  readonly lists: Readonly<Record<string, readonly (string | number)[]>>;
  readonly single: Readonly<Record<string, string | number | boolean>>;
  readonly problem: {
    readonly code: string;
    readonly status: number;
    readonly parameters: readonly string[];
  };
  readonly events: string;
}

interface Page<Item> {
  readonly data?: { readonly items: readonly Item[]; readonly next: string | null };
  readonly error?: { readonly detail: string };
}

/** Reads a list one item a page. */
async function whole<Item, Name>(
  ask: (query: { limit: number; cursor?: string }) => Promise<Page<Item>>,
  name: (item: Item) => Name,
): Promise<Name[]> {
  const names: Name[] = [];
  let cursor: string | undefined;
  do {
    const { data, error } = await ask({ limit: 1, ...(cursor !== undefined && { cursor }) });
    if (data === undefined) throw new Error(error?.detail);
    names.push(...data.items.map(name));
    cursor = data.next ?? undefined;
  } while (cursor !== undefined);
  return names;
}

function there<Data>({ data, error }: { data?: Data; error?: { readonly detail: string } }): Data {
  if (data === undefined) throw new Error(error?.detail);
  return data;
}

/** Reads every resource of the leaf whose address is `fetch`'s, of this VNI, this IP in it and this neighbor. */
export async function readEverything(
  baseUrl: string,
  fetch: (request: Request) => Promise<Response>,
  { vni, ip, address }: { vni: number; ip: string; address: string },
): Promise<Seen> {
  const leaf = createClient<paths>({ baseUrl, fetch });
  const inVni = { vni };
  const lists = {
    neighbors: await whole(
      (query) => leaf.GET('/api/v1/neighbors', { params: { query } }),
      (item) => item.name,
    ),
    vnis: await whole(
      (query) => leaf.GET('/api/v1/vnis', { params: { query } }),
      (item) => item.vni,
    ),
    macs: await whole(
      (query) => leaf.GET('/api/v1/vnis/{vni}/macs', { params: { path: inVni, query } }),
      (item) => item.mac,
    ),
    arp: await whole(
      (query) => leaf.GET('/api/v1/vnis/{vni}/arp-cache', { params: { path: inVni, query } }),
      (item) => `${item.ip} ${item.mac} ${item.kernel?.device}`,
    ),
    routes: await whole(
      (query) => leaf.GET('/api/v1/routes', { params: { query: { ...query, type: 3 } } }),
      (item) => item.paths[0].nextHop ?? '',
    ),
    underlayRoutes: await whole(
      (query) => leaf.GET('/api/v1/underlay-routes', { params: { query } }),
      (item) => item.prefix,
    ),
    vrfs: await whole(
      (query) => leaf.GET('/api/v1/vrfs', { params: { query } }),
      (item) => item.name,
    ),
    vteps: await whole(
      (query) => leaf.GET('/api/v1/vteps', { params: { query } }),
      (item) => item.address,
    ),
    drifts: await whole(
      (query) => leaf.GET('/api/v1/drift', { params: { query: { ...query, open: true } } }),
      (item) => item.id,
    ),
    pendingWrites: await whole(
      (query) => leaf.GET('/api/v1/pending-writes', { params: { query } }),
      (item) => item.writes[0],
    ),
    duplicates: await whole(
      (query) => leaf.GET('/api/v1/duplicates', { params: { query } }),
      (item) => item.moves,
    ),
    events: await whole(
      (query) => leaf.GET('/api/v1/events/recent', { params: { query } }),
      (item) => item.kind,
    ),
  };

  const noVrf = await leaf.GET('/api/v1/vrfs/{name}', { params: { path: { name: 'red' } } });
  const noRoute = await leaf.GET('/api/v1/vrfs/{name}/explain', {
    params: { path: { name: 'red' }, query: { ip } },
  });
  const status = there(await leaf.GET('/api/v1/status'));
  const neighbor = there(await leaf.GET('/api/v1/neighbors/{address}', { params: { path: { address } } }));
  const { rd } = there(await leaf.GET('/api/v1/vnis/{vni}', { params: { path: inVni } }));
  const story = there(await leaf.GET('/api/v1/explain', { params: { query: { vni, ip } } }));
  const loop = there(await leaf.GET('/api/v1/event-loop'));
  const config = there(await leaf.GET('/api/v1/config'));
  const path = { list: 'vnis', key: '20' } as const;
  const { item } = there(await leaf.GET('/api/v1/config/{list}/{key}', { params: { path } }));
  const metrics = there(await leaf.GET('/metrics', { parseAs: 'text' }));
  const single = {
    asn: status.asn,
    openDrifts: status.drifts.open,
    state: neighbor.state,
    rd: rd ?? '',
    mac: story.mac,
    verdict: story.verdict[0],
    loopSamples: loop.samples,
    configured: Object.keys(config.configuration).join(' '),
    item: String(item.advertise),
    metrics: metrics.split('\n').length,
    vrf: noVrf.error?.code ?? '',
    route: noRoute.error?.code ?? '',
    live: there(await leaf.GET('/livez')).live,
    ready: there(await leaf.GET('/readyz')).ready,
  };

  const refused = await leaf.GET('/api/v1/vnis/{vni}', { params: { path: { vni: 0 } } });
  if (refused.error === undefined) throw new Error('VNI 0 was answered');
  const { code, parameters = [] } = refused.error;
  const problem = {
    code,
    status: refused.response.status,
    parameters: parameters.map(({ parameter }) => parameter),
  };

  const stop = new AbortController();
  const { data } = await leaf.GET('/api/v1/events', {
    params: { query: { since: 3600 } },
    parseAs: 'stream',
    signal: stop.signal,
  });
  let events = '';
  const decoder = new TextDecoder();
  for await (const piece of data as AsyncIterable<Uint8Array>) {
    events += decoder.decode(piece, { stream: true });
    if (events.includes('data: ')) break;
  }
  stop.abort();
  return { lists, single, problem, events };
}

/** What the compiler must refuse; it fails where one of these lines has no fault. */
export async function faulty(baseUrl: string): Promise<void> {
  const leaf = createClient<paths>({ baseUrl });
  // @ts-expect-error there is no such path
  await leaf.GET('/api/v1/neighbours');
  // @ts-expect-error a VNI is needed
  await leaf.GET('/api/v1/explain', { params: { query: {} } });
  // @ts-expect-error there is no such type of route
  await leaf.GET('/api/v1/routes', { params: { query: { origin: 'both' } } });
  const { data } = await leaf.GET('/api/v1/status');
  // @ts-expect-error a status has no such field
  data?.asNumber;
}
