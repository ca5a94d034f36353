import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import test from 'ava';
import openapiTS, { astToString } from 'openapi-typescript';
import { listenApi } from '../../src/api/index.js';
import { formatIp, formatMac, parseIp } from '../../src/types/index.js';
import { answerChecker } from './support/description.js';
import { HOST, House, IP, OTHER, VNI } from './support/house.js';

/*
 * The description as tools of others take it: a linter, and a generator of clients, whose client reads a running API.
 */

/** Rules beyond those that the linter recommends. */
const MORE_RULES = {
  'info-contact': 'error',
  'operation-operationId': 'error',
  'operation-tag-defined': 'error',
  'operation-singular-tag': 'error',
  'tag-description': 'error',
  'parameter-description': 'error',
  'no-invalid-media-type-examples': 'error',
  'no-invalid-parameter-examples': 'error',
  'no-unused-components': 'error',
} as const;

/** client/read-everything.ts, which only the test can compile. */
interface Client {
  readEverything(
    baseUrl: string,
    fetch: (request: Request) => Promise<Response>,
    of: { vni: number; ip: string; address: string },
  ): Promise<{
    lists: Readonly<Record<string, readonly (string | number)[]>>;
    single: Readonly<Record<string, string | number | boolean>>;
    problem: object;
    events: string;
  }>;
}

const MAC_TEXT = formatMac(OTHER);
const REMOTE_IP = parseIp('192.0.2.12');

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly example?: string | number | boolean;
  }[];
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly example?: unknown }>> }>
  >;
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

async function leafWithHosts() {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(here, HOST);
  house.resolves(here, HOST, IP);
  house.speaks(there, OTHER);
  house.resolves(there, OTHER, REMOTE_IP);
  return here;
}
const leaf = leafWithHosts();
const text = leaf.then(async ({ api }) => (await (await api()).inject('/openapi.json')).body);

const lint = async (source: string) => {
  const config = await createConfig({ extends: ['recommended'], rules: { ...MORE_RULES } });
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0].pointer}`);
};

test('a linter finds nothing in the description', async (t) => {
  t.deepEqual(await lint(await text), []);
});

test('the linter finds an answer that is no example of its schema, and what else is wrong', async (t) => {
  const content = { 'application/json': { schema: { type: 'integer' }, example: '1' } };
  const operation = { summary: 'x', responses: { 200: { description: 'OK', content } } };
  const wrong = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: { '/x': { get: operation } } };
  const rules = (await lint(JSON.stringify(wrong))).map((found) => found.split(':')[0]);
  for (const rule of ['no-invalid-media-type-examples', 'security-defined', 'operation-operationId'])
    t.true(rules.includes(rule), rule);
});

test('every answer has an example, as described', async (t) => {
  const description: Description = JSON.parse(await text);
  const faultsOf = answerChecker(description);
  for (const [path, operations] of Object.entries(description.paths))
    for (const [method, { operationId, responses }] of Object.entries(operations))
      for (const [status, { content }] of Object.entries(responses))
        for (const [type, { example }] of Object.entries(content)) {
          t.not(example, undefined, `${operationId} ${status}`);
          t.deepEqual(faultsOf(path, Number(status), type, example, method as 'get'), [], operationId);
        }
});

test('every parameter but cursors has an example, and the API takes it', async (t) => {
  const description: Description = JSON.parse(await text);
  const api = await (await leaf).api();
  for (const [path, { get }] of Object.entries(description.paths)) {
    if (get === undefined || path === '/api/v1/events') continue;
    const { operationId, parameters = [] } = get;
    const shown = ({ example }: { example?: unknown }) => encodeURIComponent(String(example));
    const url = path.replace(/\{(\w+)\}/g, (_, name) => shown(parameters.find((one) => one.name === name)!));
    const query = parameters.filter((one) => one.in === 'query');
    const needed = query.filter(({ required }) => required);
    if (path === '/api/v1/explain') needed.push(query.find(({ name }) => name === 'mac')!);
    for (const asked of query) {
      if (asked.name !== 'cursor') t.not(asked.example, undefined, `${operationId} ${asked.name}`);
      if (asked.example === undefined) continue;
      const search = [...new Set([...needed, asked])].map((one) => `${one.name}=${shown(one)}`).join('&');
      const answer = await api.inject(`${url}?${search}`);
      // This leaf has no VRF to be asked about
      const expected = operationId === 'explainRoute' ? 404 : 200;
      t.is(answer.statusCode, expected, `${url}?${search}: ${answer.body}`);
    }
  }
});

test.serial('a generated client reads every resource of a running API, typed', async (t) => {
  const here = await leaf;
  const api = await here.api();
  const description: Description = JSON.parse(await text);
  const warnings: unknown[] = [];
  const { warn } = console;
  console.warn = (...words) => warnings.push(words);
  const types = astToString(
    await openapiTS(await text).finally(() => {
      console.warn = warn;
    }),
  );
  t.deepEqual(warnings, []);

  const source = join('test/api/client');
  const made = join(import.meta.dirname, 'client');
  mkdirSync(made, { recursive: true });
  for (const [file, content] of [
    ['openapi.ts', types],
    ['read-everything.ts', readFileSync(join(source, 'read-everything.ts'), 'utf8')],
  ])
    writeFileSync(join(made, file), content);
  const options =
    '--ignoreConfig --strict --target es2023 --lib es2023,dom,dom.asynciterable --module nodenext --skipLibCheck --types node';
  const compiled = await promisify(execFile)(
    join(process.cwd(), 'node_modules/@typescript/native/bin/tsc'),
    [...options.split(' '), 'openapi.ts', 'read-everything.ts'],
    { cwd: made },
  ).catch((error: { stdout: string }) => error);
  t.is(compiled.stdout, '');

  const listener = await listenApi(api, { unixSocket: undefined, tcp: [{ host: '127.0.0.1', port: 0 }] });
  t.teardown(() => listener.close());
  const asked = new Set<string>();
  const watched = (request: Request) => {
    asked.add(new URL(request.url).pathname);
    return fetch(request);
  };
  const client: Client = await import(join(made, 'read-everything.js'));
  const seen = await client.readEverything(`http://127.0.0.1:${listener.tcp[0].port}`, watched, {
    vni: VNI,
    ip: formatIp(REMOTE_IP),
    address: '10.1.0.2',
  });

  t.deepEqual(seen.lists, {
    neighbors: ['10.1.0.2'],
    vnis: [20, VNI],
    macs: [formatMac(HOST), MAC_TEXT],
    arp: [`192.0.2.11 ${formatMac(HOST)} br10010`, `192.0.2.12 ${MAC_TEXT} br10010`],
    routes: ['10.0.0.1', '10.0.0.2'],
    underlayRoutes: [],
    vrfs: [],
    vteps: ['10.0.0.2'],
    drifts: [],
    pendingWrites: [],
    duplicates: [],
    events: ['vni-served', 'neighbor-up'],
  });
  t.like(seen.single, {
    asn: 65001,
    state: 'Established',
    rd: '10.0.0.1:10010',
    mac: MAC_TEXT,
    vrf: 'no-such-vrf',
    route: 'no-such-vrf',
    live: true,
  });
  t.deepEqual(seen.problem, { code: 'invalid-parameter', status: 400, parameters: ['vni'] });
  t.regex(seen.events, /event: vni-served\ndata: \{/);
  const read = Object.keys(description.paths).filter((path) => 'get' in description.paths[path]);
  for (const path of read) {
    const form = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
    t.true(
      [...asked].some((one) => form.test(one)),
      path,
    );
  }
});
