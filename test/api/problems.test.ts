import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import test from 'ava';
import { PROBLEMS, Problem, type ProblemCode } from '../../src/api/index.js';
import { apiOver, fabricModel } from './support/fabric.js';
import { MemoryConfiguration } from './support/memory-configuration.js';
import { MemoryCommands } from './support/memory-read-model.js';

const api = await apiOver(fabricModel());
const seen = new Set<string>();

interface Case {
  readonly url: string;
  readonly method?: 'POST' | 'GET' | 'DELETE';
  readonly code: ProblemCode;
  readonly detail: string;
  readonly parameters?: readonly { parameter: string; found: string; allowed: string }[];
}

const LIMIT = 'an integer from 1 to 1000';
const VNI = 'an integer from 1 to 16777215';
const CASES: readonly Case[] = [
  ...['0', '1001', '-1', '1.5', 'x', ''].map((found) => ({
    url: `/api/v1/routes?limit=${found}`,
    code: 'invalid-parameter' as const,
    detail: `limit: found "${found}", allowed is ${LIMIT}`,
    parameters: [{ parameter: 'limit', found, allowed: LIMIT }],
  })),
  {
    url: '/api/v1/routes?limit=1&limit=2',
    code: 'invalid-parameter',
    detail: `limit: found "1, 2", allowed is ${LIMIT}`,
  },
  {
    url: '/api/v1/routes?type=6',
    code: 'invalid-parameter',
    detail: 'type: found "6", allowed is an integer from 1 to 5',
  },
  {
    url: '/api/v1/routes?vni=16777216',
    code: 'invalid-parameter',
    detail: `vni: found "16777216", allowed is ${VNI}`,
  },
  {
    url: '/api/v1/routes?origin=Local',
    code: 'invalid-parameter',
    detail: 'origin: found "Local", allowed is local or remote',
  },
  {
    url: '/api/v1/routes?mac=02:00',
    code: 'invalid-parameter',
    detail: 'mac: found "02:00", allowed is six octets as aa:bb:cc:dd:ee:ff',
  },
  {
    url: '/api/v1/routes?ip=10.0.0.0/8',
    code: 'invalid-parameter',
    detail: 'ip: found "10.0.0.0/8", allowed is an IPv4 or IPv6 address without prefix length',
  },
  {
    url: '/api/v1/routes?rd=1',
    code: 'invalid-parameter',
    detail: 'rd: found "1", allowed is ip:0-65535, as:0-4294967295, or 4-octet-as:0-65535',
  },
  {
    url: '/api/v1/routes?neighbor=spine/1',
    code: 'invalid-parameter',
    detail: 'neighbor: found "spine/1", allowed is an IPv4 or IPv6 address, or the name of an interface',
  },
  {
    url: '/api/v1/routes?type=x&vni=y',
    code: 'invalid-parameter',
    detail: 'type, vni: each has a value that is not allowed',
    parameters: [
      { parameter: 'type', found: 'x', allowed: 'an integer from 1 to 5' },
      { parameter: 'vni', found: 'y', allowed: VNI },
    ],
  },
  {
    url: '/api/v1/vnis/0',
    code: 'invalid-parameter',
    detail: `vni: found "0", allowed is ${VNI}`,
  },
  ...['0x2712', '1e4', '+10010', '10010.0', ' 10010'].map((found) => ({
    url: `/api/v1/routes?vni=${encodeURIComponent(found)}`,
    code: 'invalid-parameter' as const,
    detail: `vni: found "${found}", allowed is ${VNI}`,
  })),
  {
    url: '/api/v1/vnis/0x2712',
    code: 'invalid-parameter',
    detail: `vni: found "0x2712", allowed is ${VNI}`,
  },
  {
    url: '/api/v1/vnis/ten/macs',
    code: 'invalid-parameter',
    detail: `vni: found "ten", allowed is ${VNI}`,
  },
  {
    url: '/api/v1/neighbors/10.1.1',
    code: 'invalid-parameter',
    detail: 'address: found "10.1.1", allowed is an IPv4 or IPv6 address, or the name of an interface',
  },
  {
    url: '/api/v1/explain?vni=10010&mac=02:00',
    code: 'invalid-parameter',
    detail: 'mac: found "02:00", allowed is six octets as aa:bb:cc:dd:ee:ff',
  },
  {
    url: '/api/v1/drift?open=maybe',
    code: 'invalid-parameter',
    detail: 'open: found "maybe", allowed is true or false',
  },
  {
    url: '/api/v1/explain?ip=192.0.2.1',
    code: 'missing-parameter',
    detail: `vni: not given, allowed is ${VNI}`,
    parameters: [{ parameter: 'vni', found: '', allowed: VNI }],
  },
  {
    url: '/api/v1/explain?vni=10010',
    code: 'missing-parameter',
    detail: 'mac, ip: neither is given; one of them is needed',
    parameters: [
      { parameter: 'mac', found: '', allowed: 'six octets as aa:bb:cc:dd:ee:ff' },
      { parameter: 'ip', found: '', allowed: 'an IPv4 or IPv6 address' },
    ],
  },
  {
    url: '/api/v1/explain?vni=10010&mac=02:00:00:00:00:09',
    code: 'no-such-mac',
    detail: '02:00:00:00:00:09 is unknown in VNI 10010',
  },
  {
    url: '/api/v1/explain?vni=99&mac=02:00:00:00:00:02',
    code: 'no-such-vni',
    detail: 'VNI 99 is neither in the kernel nor configured',
  },
  {
    url: '/api/v1/duplicates?vni=10010',
    method: 'DELETE',
    code: 'unix-socket-only',
    detail:
      'DELETE over TCP, which has no authentication: use the Unix socket (api.unix-socket), such as curl -X DELETE',
  },
  {
    url: '/api/v1/duplicates',
    method: 'POST',
    code: 'method-not-allowed',
    detail: 'POST: allowed is GET, HEAD, DELETE',
  },
  {
    url: '/api/v1/routes?orgin=local',
    code: 'unknown-parameter',
    detail:
      'orgin: allowed is limit, cursor, type, vni, rd, mac, ip, origin, neighbor, unused; did you mean origin for orgin?',
  },
  {
    url: '/api/v1/status?verbose=1',
    code: 'unknown-parameter',
    detail: 'verbose: allowed is no parameter here',
    parameters: [{ parameter: 'verbose', found: '1', allowed: 'no parameter here' }],
  },
  ...['%21%21', 'abc', Buffer.from('x').toString('base64url')].map((cursor) => ({
    url: `/api/v1/vnis/10010/macs?cursor=${cursor}`,
    code: 'invalid-cursor' as const,
    detail: 'cursor: ',
  })),
  { url: '/api/v1/nothing', code: 'unknown-path', detail: '/api/v1/nothing: /openapi.json lists' },
  { url: '/', code: 'unknown-path', detail: '/: /openapi.json lists' },
  {
    url: '/api/v1/nothing',
    method: 'POST',
    code: 'unknown-path',
    detail: '/api/v1/nothing: /openapi.json lists',
  },
  {
    url: '/api/v1/neighbors/10.9.9.9',
    code: 'no-such-neighbor',
    detail: '10.9.9.9 is not configured, or is in several VRFs: name it 10.9.9.9@VRF',
  },
  {
    url: '/api/v1/neighbors/10.9.9.9@red',
    code: 'no-such-neighbor',
    detail: '10.9.9.9@red is not configured',
  },
  {
    url: '/api/v1/vrfs/green',
    code: 'no-such-vrf',
    detail: 'VRF green is neither in the kernel nor configured',
  },
  ...['', '/macs', '/arp-cache'].map((rest) => ({
    url: `/api/v1/vnis/99${rest}`,
    code: 'no-such-vni' as const,
    detail: 'VNI 99 is neither in the kernel nor configured',
  })),
  {
    url: '/api/v1/status',
    method: 'POST',
    code: 'method-not-allowed',
    detail: 'POST: allowed is GET, HEAD',
  },
  {
    url: '/api/v1/vnis/10010',
    method: 'DELETE',
    code: 'method-not-allowed',
    detail: 'DELETE: allowed is GET, HEAD',
  },
  { url: '/api/v1/vnis/%ff', code: 'bad-request', detail: '' },
];

for (const { url, method = 'GET', code, detail, parameters } of CASES)
  test(`${method} ${url}: ${code}`, async (t) => {
    const answer = await api.inject({ method, url });
    const body = answer.json();
    t.is(answer.headers['content-type'], 'application/problem+json');
    t.is(answer.statusCode, PROBLEMS[code].status);
    t.is(body.code, code, answer.body);
    t.is(body.type, `urn:evpnd:problem:${code}`);
    t.is(body.status, answer.statusCode);
    t.is(body.title, PROBLEMS[code].title);
    t.is(body.instance, url.split('?')[0]);
    t.true(body.detail.startsWith(detail), body.detail);
    if (parameters) t.deepEqual(body.parameters, parameters);
    if (code === 'method-not-allowed') t.is(answer.headers.allow, detail.split('allowed is ')[1]);
    seen.add(code);
  });

test('a fault of ours is logged, and the answer does not show it', async (t) => {
  const model = fabricModel();
  const errors: object[] = [];
  const { createApi } = await import('../../src/api/index.js');
  const faulty = await createApi({
    readModel: model,
    commands: new MemoryCommands(),
    configuration: new MemoryConfiguration(),
    version: '0.1.0',
    log: { debug() {}, info() {}, warn() {}, error: (facts) => errors.push(facts) },
  });
  model.status = () => {
    throw new Error('a secret');
  };
  const answer = await faulty.inject('/api/v1/status');
  t.is(answer.statusCode, 500);
  t.is(answer.json().code, 'internal-error');
  t.false(answer.body.includes('secret'));
  t.is(errors.length, 1);
  seen.add('internal-error');
});

test('more requests at once than are answered are told to come again', async (t) => {
  const model = fabricModel();
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  model.explain = async () => {
    await gate;
    return undefined;
  };
  const url = '/api/v1/explain?vni=10010&mac=02:00:00:00:00:09';
  const busy = await apiOver(model);
  const answers = Array.from({ length: 80 }, () => busy.inject(url).then((answer) => answer));
  const refused = (await Promise.all(answers.slice(64))).map((answer) => ({
    status: answer.statusCode,
    code: answer.json().code,
    after: answer.headers['retry-after'],
  }));
  t.deepEqual(refused, new Array(16).fill({ status: 503, code: 'busy', after: '1' }));
  t.is((await busy.inject('/livez')).statusCode, 200);
  go();
  for (const answer of await Promise.all(answers.slice(0, 64))) t.is(answer.statusCode, 404);
  t.is((await busy.inject('/api/v1/status')).statusCode, 200);
  seen.add('busy');
});

test('a name that is not of this machine, as a page of the Internet would ask by, is refused', async (t) => {
  for (const host of ['rebound.example', 'rebound.example:8179', 'localhost.example', '10.0.0.1.example']) {
    const answer = await api.inject({ url: '/api/v1/status', headers: { host } });
    t.is(answer.statusCode, 421, host);
    t.is(answer.json().code, 'misdirected');
  }
  const [machine] = hostname().split('.');
  const good = ['localhost', 'localhost:8179', '10.0.0.1', '10.0.0.1:8179', '[::1]', '[fd00::1]:8179'];
  for (const host of [...good, machine, `${machine.toUpperCase()}.dc.example:80`]) {
    const answer = await api.inject({ url: '/api/v1/status', headers: { host } });
    t.is(answer.statusCode, 200, host);
    t.is(answer.headers['x-content-type-options'], 'nosniff');
  }
  seen.add('misdirected');
});

test.serial.after.always('every problem of the table was met', () => {
  // Met where the token, the probes, the commands for neighbors and the configuration are tested
  const elsewhere = [
    'unauthorized',
    'not-ready',
    'neighbor-shut-down',
    'shut-down-by-setting',
    'no-session',
    'no-route-refresh',
    'no-such-item',
    'too-large',
    'unsupported-media-type',
    'invalid-configuration',
    'wrong-etag',
    'file-changed',
    'not-saved',
  ];
  const missing = Object.keys(PROBLEMS).filter((code) => !seen.has(code) && !elsewhere.includes(code));
  if (missing.length > 0) throw new Error(`no test meets ${missing.join(', ')}`);
});

test('the table of problems: a change of a code is a change of the API', (t) => {
  t.deepEqual(
    Object.entries(PROBLEMS).map(([code, { status }]) => `${code} ${status}`),
    [
      'invalid-parameter 400',
      'missing-parameter 400',
      'unknown-parameter 400',
      'invalid-cursor 400',
      'bad-request 400',
      'unauthorized 401',
      'unix-socket-only 403',
      'unknown-path 404',
      'no-such-neighbor 404',
      'no-such-vni 404',
      'no-such-vrf 404',
      'no-such-item 404',
      'no-such-mac 404',
      'too-large 413',
      'unsupported-media-type 415',
      'invalid-configuration 422',
      'wrong-etag 412',
      'file-changed 409',
      'not-saved 409',
      'method-not-allowed 405',
      'misdirected 421',
      'neighbor-shut-down 409',
      'shut-down-by-setting 409',
      'no-session 409',
      'no-route-refresh 409',
      'internal-error 500',
      'busy 503',
      'not-ready 503',
    ],
  );
  const manual = readFileSync('docs/operator.md', 'utf8');
  const documented = [...manual.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(
    ([, code, status]) => `${code} ${status}`,
  );
  t.deepEqual(
    documented,
    Object.entries(PROBLEMS).map(([code, { status }]) => `${code} ${status}`),
  );
  const titles = Object.values(PROBLEMS).map((row) => row.title);
  t.is(new Set(titles).size, titles.length);
  t.is(new Problem('not-ready', 'x').details('/readyz').status, 503);
});
