import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { FastifyInstance } from 'fastify';
import { listenApi } from '../../../src/api/index.js';
import { answerChecker } from './description.js';

export interface Asked {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** Where the answer is not as the description says. */
  readonly faults: string[];
}

/** A request to `path`; `resource` is the path as the description writes it, where it has parameters. */
export type Ask = (method: 'POST' | 'DELETE', path: string, resource?: string) => Promise<Asked>;

/** An API on both kinds of socket, until the test ends. */
export async function listening(t: ExecutionContext, api: FastifyInstance): Promise<{ unix: Ask; tcp: Ask }> {
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
    (target: object): Ask =>
    (method, path, resource = path.split('?')[0]) =>
      new Promise((resolve, reject) => {
        request({ ...target, path, method, agent: false }, (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('end', () => {
            const status = answer.statusCode ?? 0;
            const body = JSON.parse(text);
            const type = String(answer.headers['content-type']);
            const verb = method === 'POST' ? 'post' : 'delete';
            resolve({ status, body, faults: faultsOf(resource, status, type, body, verb) });
          });
        })
          .on('error', reject)
          .end();
      });
  return { unix: ask({ socketPath }), tcp: ask(listener.tcp[0]) };
}
