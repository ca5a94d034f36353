import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { FastifyInstance } from 'fastify';
import { listenApi } from '../../../src/api/index.js';
import { answerChecker, type Verb } from './description.js';

export interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  /** Where the answer is not as the description says. */
  readonly faults: string[];
}

type Method = 'POST' | 'DELETE' | 'PUT' | 'PATCH';

/** A request to `path`; `resource` is the path as the description writes it, where it has parameters. */
export type Ask = (method: Method, path: string, resource?: string) => Promise<Asked>;
/** A request with a JSON body. */
export type Send = (
  method: Method,
  path: string,
  body?: object,
  headers?: Readonly<Record<string, string>>,
) => Promise<Asked>;

interface Sockets {
  /** Asks over one kind of socket; `faults` are found by the description of `resource`. */
  readonly ask: Record<
    'unix' | 'tcp',
    (method: Method, path: string, resource: string, body?: object, headers?: object) => Promise<Asked>
  >;
}

/** An API on both kinds of socket, until the test ends. */
export async function listening(t: ExecutionContext, api: FastifyInstance): Promise<{ unix: Ask; tcp: Ask }> {
  const { ask } = await sockets(t, api);
  const over =
    (socket: 'unix' | 'tcp'): Ask =>
    (method, path, resource = path.split('?')[0]) =>
      ask[socket](method, path, resource);
  return { unix: over('unix'), tcp: over('tcp') };
}

/** The same, for requests with a body to the configuration. */
export async function answering(
  t: ExecutionContext,
  api: FastifyInstance,
): Promise<{ unix: Send; tcp: Send }> {
  const { ask } = await sockets(t, api);
  const over =
    (socket: 'unix' | 'tcp'): Send =>
    async (method, path, body, headers) => {
      const resource = method === 'PATCH' ? '/api/v1/config' : '/api/v1/config/{list}/{key}';
      const asked = await ask[socket](method, path, resource, body, headers);
      t.deepEqual(asked.faults, [], `${method} ${path}`);
      return asked;
    };
  return { unix: over('unix'), tcp: over('tcp') };
}

async function sockets(t: ExecutionContext, api: FastifyInstance): Promise<Sockets> {
  const directory = mkdtempSync(join(tmpdir(), 'evpnd-test-'));
  const socketPath = join(directory, 'api.sock');
  const listener = await listenApi(api, { unixSocket: socketPath, tcp: [{ host: '127.0.0.1', port: 0 }] });
  t.teardown(async () => {
    await listener.close();
    await api.close();
    rmSync(directory, { recursive: true });
  });
  const faultsOf = answerChecker((await api.inject('/openapi.json')).json());
  const ask =
    (target: object): Sockets['ask']['unix'] =>
    (method, path, resource, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const type = body && { 'content-type': 'application/json' };
        request({ ...target, path, method, agent: false, headers: { ...type, ...headers } }, (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('end', () => {
            const status = answer.statusCode ?? 0;
            const answered = JSON.parse(text);
            const described = String(answer.headers['content-type']);
            const faults = faultsOf(resource, status, described, answered, method.toLowerCase() as Verb);
            resolve({ status, headers: answer.headers, body: answered, faults });
          });
        })
          .on('error', reject)
          .end(body && JSON.stringify(body));
      });
  return { ask: { unix: ask({ socketPath }), tcp: ask(listener.tcp[0]) } };
}
