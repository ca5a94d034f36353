import { Validator } from '@seriousme/openapi-schema-validator';
import test from 'ava';
import type { EventKind, EventOf } from '../../src/events/index.js';
import { parseIp, parseMac, toVni } from '../../src/types/index.js';
import { answerChecker } from './support/description.js';
import { apiOver, fabricModel } from './support/fabric.js';

const model = fabricModel();
const OF_10010 = { vni: toVni(10010) } as const;
const HOST = parseMac('02:00:00:00:00:01');
const PLACES = { from: { device: undefined }, to: { vtep: parseIp('192.0.2.2') } } as const;
const PROBLEM = { ...OF_10010, device: 'vxlan10010', severity: 'error', problem: 'is down', fix: undefined };
const HAPPENED: { readonly [Kind in EventKind]: EventOf<Kind> } = {
  'neighbor-up': { kind: 'neighbor-up', neighbor: '10.1.1.0', remoteAs: 65000 },
  'neighbor-down': { kind: 'neighbor-down', neighbor: '10.1.1.0', reason: 'hold time' },
  'vni-served': { kind: 'vni-served', ...OF_10010 },
  'vni-not-served': { kind: 'vni-not-served', ...OF_10010 },
  'mac-moved': { kind: 'mac-moved', ...OF_10010, mac: HOST, ...PLACES, sequence: 1 },
  'ip-moved': { kind: 'ip-moved', ...OF_10010, ip: parseIp('192.0.2.9'), mac: HOST, ...PLACES, sequence: 1 },
  'duplicate-found': {
    kind: 'duplicate-found',
    ...OF_10010,
    address: { mac: HOST },
    ...PLACES,
    moves: 5,
    frozen: false,
  },
  'duplicate-over': { kind: 'duplicate-over', ...OF_10010, address: { ip: parseIp('2001:db8::9') } },
  'problem-found': { kind: 'problem-found', ...PROBLEM },
  'problem-over': { kind: 'problem-over', ...PROBLEM },
  drift: { kind: 'drift', ...OF_10010, table: 'fdb', key: 'k', cause: 'stray', found: 'a', wanted: 'b' },
  'settings-changed': {
    kind: 'settings-changed',
    changes: [{ key: 'log.level', before: undefined, after: 'debug' }],
  },
};
for (const event of Object.values(HAPPENED)) model.happened.push(event);
const api = await apiOver(model);

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; required?: boolean; description?: string }[];
  readonly responses: Record<string, { content: Record<string, { schema: object }> }>;
}
interface Description {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}
const description: Description = (await api.inject('/openapi.json')).json();

/** Parameters behind the `?` that must be there. */
const REQUIRED = new Set(['explainAddress vni', 'clearDuplicates vni']);

/** Every URL that the description's answers are checked with; each path of the description has one or more. */
const URLS: Record<string, readonly string[]> = {
  '/api/v1/status': ['/api/v1/status', '/api/v1/status?x=1'],
  '/api/v1/neighbors': ['/api/v1/neighbors', '/api/v1/neighbors?limit=1', '/api/v1/neighbors?limit=0'],
  '/api/v1/neighbors/{address}': [
    '/api/v1/neighbors/10.1.1.0',
    '/api/v1/neighbors/2001:db8::1',
    '/api/v1/neighbors/x:y',
    '/api/v1/neighbors/10.9.9.9',
  ],
  '/api/v1/vnis': ['/api/v1/vnis', '/api/v1/vnis?cursor=!'],
  '/api/v1/vnis/{vni}': ['/api/v1/vnis/10010', '/api/v1/vnis/20', '/api/v1/vnis/0', '/api/v1/vnis/99'],
  '/api/v1/vnis/{vni}/macs': [
    '/api/v1/vnis/10010/macs',
    '/api/v1/vnis/20/macs',
    '/api/v1/vnis/99/macs',
    '/api/v1/vnis/20/macs?x',
  ],
  '/api/v1/vnis/{vni}/arp-cache': [
    '/api/v1/vnis/10010/arp-cache',
    '/api/v1/vnis/99/arp-cache',
    '/api/v1/vnis/1/arp-cache?limit=x',
  ],
  '/api/v1/routes': ['/api/v1/routes', '/api/v1/routes?type=2', '/api/v1/routes?mac=x'],
  '/api/v1/underlay-routes': [
    '/api/v1/underlay-routes',
    '/api/v1/underlay-routes?neighbor=10.1.1.0&limit=1',
    '/api/v1/underlay-routes?ip=x',
    '/api/v1/underlay-routes?cursor=!',
  ],
  '/api/v1/vrfs': ['/api/v1/vrfs', '/api/v1/vrfs?cursor=!', '/api/v1/vrfs?limit=0'],
  '/api/v1/vrfs/{name}': ['/api/v1/vrfs/red', '/api/v1/vrfs/green'],
  '/api/v1/vrfs/{name}/explain': [
    '/api/v1/vrfs/red/explain?ip=192.0.2.1',
    '/api/v1/vrfs/red/explain?prefix=192.0.2.0/24',
    '/api/v1/vrfs/red/explain',
    '/api/v1/vrfs/red/explain?ip=192.0.2.1&prefix=192.0.2.0/24',
    '/api/v1/vrfs/red/explain?prefix=192.0.2.1/24',
    '/api/v1/vrfs/green/explain?ip=192.0.2.1',
  ],
  '/api/v1/vteps': ['/api/v1/vteps', '/api/v1/vteps?limit=0'],
  '/api/v1/pending-writes': [
    '/api/v1/pending-writes',
    '/api/v1/pending-writes?vni=10010&limit=1',
    '/api/v1/pending-writes?vni=0',
    '/api/v1/pending-writes?cursor=!',
  ],
  '/api/v1/drift': [
    '/api/v1/drift',
    '/api/v1/drift?open=true&vni=10010',
    '/api/v1/drift?open=maybe',
    '/api/v1/drift?cursor=!',
  ],
  '/api/v1/config': ['/api/v1/config', '/api/v1/config?x=1'],
  '/api/v1/config/{list}/{key}': [
    '/api/v1/config/neighbors/10.1.1.0',
    '/api/v1/config/vnis/10010',
    '/api/v1/config/vni/10010',
  ],
  '/api/v1/duplicates': ['/api/v1/duplicates', '/api/v1/duplicates?limit=0'],
  // What follows the events has no end
  '/api/v1/events': ['/api/v1/events?kind=x', '/api/v1/events?since=0', '/api/v1/events?after=x'],
  '/api/v1/events/recent': [
    '/api/v1/events/recent',
    '/api/v1/events/recent?kind=drift&limit=1',
    '/api/v1/events/recent?mac=x',
    '/api/v1/events/recent?cursor=!',
  ],
  '/api/v1/event-loop': ['/api/v1/event-loop', '/api/v1/event-loop?x=1'],
  '/api/v1/explain': [
    '/api/v1/explain?vni=10010&mac=02:00:00:00:00:02',
    '/api/v1/explain?vni=10010&mac=02:00:00:00:00:02&ip=192.0.2.1',
    '/api/v1/explain?vni=10010&mac=02:00:00:00:00:09',
    '/api/v1/explain?vni=99&mac=02:00:00:00:00:02',
    '/api/v1/explain',
  ],
  '/livez': ['/livez', '/livez?x=1'],
  '/metrics': ['/metrics', '/metrics?x=1'],
  '/readyz': ['/readyz', '/readyz?x=1'],
};

const faultsOf = answerChecker(description);

test('the description is valid OpenAPI 3.1', async (t) => {
  const result = await new Validator().validate(structuredClone(description) as never);
  t.deepEqual(result.errors ?? [], []);
  t.true(result.valid);
  t.is(description.openapi, '3.1.0');
});

test('every operation has an id of its own, and every parameter a description', (t) => {
  const operations = Object.values(description.paths).flatMap((path) => Object.values(path));
  t.is(new Set(operations.map((operation) => operation.operationId)).size, operations.length);
  for (const operation of operations)
    for (const parameter of operation.parameters ?? []) {
      t.truthy(parameter.description, `${operation.operationId} ${parameter.name}`);
      const required = parameter.in === 'path' || REQUIRED.has(`${operation.operationId} ${parameter.name}`);
      t.is(parameter.required ?? false, required, `${operation.operationId} ${parameter.name}`);
    }
});

test('the description speaks no words of our own', (t) => {
  // Examples of problems have a field of that name
  const schemas = JSON.stringify(description, (key, value) => (key === 'example' ? undefined : value));
  t.false(schemas.includes('"allowed":"'));
});

test('there is a URL to check for every path', (t) => {
  const read = Object.keys(description.paths).filter((path) => 'get' in description.paths[path]);
  t.deepEqual(Object.keys(URLS).toSorted(), read.toSorted());
});

for (const [path, urls] of Object.entries(URLS))
  for (const url of urls)
    test(`the answer to ${url} is as described`, async (t) => {
      const answer = await api.inject(url);
      const type = String(answer.headers['content-type']);
      const body = type.startsWith('text/') ? answer.body : answer.json();
      t.deepEqual(faultsOf(path, answer.statusCode, type, body), []);
    });

test('the refusal of a command is as described', async (t) => {
  for (const url of ['/api/v1/duplicates?vni=10010', '/api/v1/duplicates']) {
    const answer = await api.inject({ method: 'DELETE', url });
    const type = String(answer.headers['content-type']);
    t.is(answer.statusCode, 403);
    t.deepEqual(faultsOf('/api/v1/duplicates', 403, type, answer.json(), 'delete'), []);
  }
  t.deepEqual(faultsOf('/api/v1/duplicates', 200, 'application/json', { cleared: 1 }, 'delete'), []);
});

test('the check of answers can fail', (t) => {
  const status = { ...model.statusItem, ready: 'yes' };
  t.deepEqual(faultsOf('/api/v1/status', 200, 'application/json', status), [
    '/api/v1/status /ready must be boolean',
  ]);
  t.is(faultsOf('/api/v1/status', 200, 'application/json', { ...model.statusItem, more: 1 }).length, 1);
});

test('an answer that is not ready is as described', async (t) => {
  const waiting = fabricModel();
  waiting.readinessNow = { ready: false, reasons: ['x'] };
  const answer = await (await apiOver(waiting)).inject('/readyz');
  t.deepEqual(faultsOf('/readyz', 503, String(answer.headers['content-type']), answer.json()), []);
});

test('an answer of null fields is as described', async (t) => {
  const bare = fabricModel();
  bare.statusItem = { ...bare.statusItem, switchAsic: null, problems: [] };
  bare.macTables.delete(toVni(10010));
  const answer = await (await apiOver(bare)).inject('/api/v1/status');
  t.deepEqual(faultsOf('/api/v1/status', 200, 'application/json', answer.json()), []);
});

test('the documentation page is whole without the Internet', async (t) => {
  const page = await api.inject('/docs/');
  t.is(page.statusCode, 200);
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
  t.true(files.length > 3);
  for (const file of files) {
    t.false(/^[a-z]*:?\/\//.test(file), file);
    t.is((await api.inject(new URL(file, 'http://leaf/docs/').pathname)).statusCode, 200, file);
  }
  const policy = String(page.headers['content-security-policy']);
  t.true(policy.startsWith("default-src 'self'"));
  t.false(/https:|upgrade/.test(policy));
});
