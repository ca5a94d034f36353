import type { Static, TSchema } from '@sinclair/typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { formatIp, formatMac, type Log } from '../types/index.js';
import type { Commands } from './commands.js';
import { Problem } from './errors.js';
import { isFromUnixSocket } from './listen.js';
import { ClearQuery, duplicateSelection } from './parameters.js';
import { named, operationId, problemAnswers } from './resource.js';

interface Command {
  readonly method: 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly query: TSchema;
  readonly answer: TSchema;
  /** Does it, and tells what it did: `answer` for who asked, `facts` for the log. */
  readonly run: (commands: Commands, request: FastifyRequest) => { answer: object; facts: object };
}

/** Every command under /api/v1: one row each. */
const COMMANDS: readonly Command[] = [
  {
    method: 'DELETE',
    path: '/duplicates',
    summary: 'Forget duplicates: one, or all of a VNI; only over the Unix socket',
    query: ClearQuery,
    answer: named('Cleared'),
    run(commands, { query }) {
      const selection = duplicateSelection(query as Static<typeof ClearQuery>);
      const { vni, mac, ip } = selection;
      const cleared = commands.clearDuplicates(selection);
      return {
        answer: { cleared },
        facts: {
          command: 'clear duplicates',
          vni,
          ...(mac !== undefined && { mac: formatMac(mac) }),
          ...(ip !== undefined && { ip: formatIp(ip) }),
          cleared,
        },
      };
    },
  },
];

/** Adds the commands to a scope whose prefix is the version. Each is refused from TCP, and logged when it was done. */
export function addCommands(scope: FastifyInstance, commands: Commands, log: Log): void {
  for (const { method, path, summary, query, answer, run } of COMMANDS)
    scope.route({
      method,
      url: path,
      schema: {
        summary,
        tags: [path.split('/')[1]],
        operationId: operationId(method, path),
        querystring: query,
        response: { 200: { description: 'OK', allOf: [answer] }, ...problemAnswers([400, 403]) },
      },
      // Before the parameters are looked at: who may not, learns nothing
      onRequest: (request, _reply, done) =>
        isFromUnixSocket(request.raw.socket) ? done() : done(refusal(request)),
      handler: (request) => {
        const { answer: body, facts } = run(commands, request);
        log.info(facts, 'command of an operator');
        return body;
      },
    });
}

function refusal({ method, url }: FastifyRequest): Problem {
  return new Problem(
    'unix-socket-only',
    `${method} over TCP, where nobody is known: use the Unix socket (api.unix-socket), such as ` +
      `curl -X ${method} --unix-socket /run/evpnd/api.sock 'http://evpnd${url}'`,
  );
}
