import { hostname } from 'node:os';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Secret } from '../types/index.js';
import { checkToken } from './access.js';
import { Problem } from './errors.js';
import { isFromUnixSocket } from './listen.js';

/** Guards against what browsers, careless programs and strangers send; `token` is what requests over TCP need, if anything. */
export function addGuards(api: FastifyInstance, token: () => Secret | undefined): void {
  api.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    const { host } = request.headers;
    if (!isFromUnixSocket(request.raw.socket) && host !== undefined && !isOurName(host, hostname()))
      throw new Problem(
        'misdirected',
        `host: found ${JSON.stringify(host)}, allowed is an address, localhost or the name of this machine`,
      );
    checkToken(request, reply, token());
  });
  api.addHook('preValidation', async (request) => keepDecimal(request));
}

/**
 * True for an address, `localhost`, and the machine's name with any domain behind it. A page of the Internet whose name
 * was made to lead to this machine (DNS rebinding) asks by another name.
 */
function isOurName(host: string, machine: string): boolean {
  const name = host.replace(/:\d*$/, '').toLowerCase();
  if (/^\[[0-9a-f:.]+(%[^\]]*)?\]$/.test(name) || /^\d+(\.\d+){3}$/.test(name)) return true;
  const [ours] = machine.toLowerCase().split('.');
  return name === 'localhost' || name === ours || name.startsWith(`${ours}.`);
}

interface Properties {
  readonly properties?: Readonly<Record<string, { readonly type?: unknown }>>;
}

/** Validation takes whatever `Number` does for an integer, 0x2712 and 1e4 too; in a list it is refused. */
function keepDecimal({ query, params, routeOptions }: FastifyRequest): void {
  const schema = routeOptions.schema as { querystring?: Properties; params?: Properties } | undefined;
  for (const [values, of] of [
    [query, schema?.querystring],
    [params, schema?.params],
  ] as const) {
    const given = values as Record<string, unknown>;
    for (const [name, { type }] of Object.entries(of?.properties ?? {})) {
      const value = given[name];
      if (type === 'integer' && typeof value === 'string' && !/^-?\d+$/.test(value)) given[name] = [value];
    }
  }
}
