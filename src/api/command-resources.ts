import type { Static, TSchema } from '@sinclair/typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { formatIp, formatMac, type Log } from '../types/index.js';
import { onlyByOperators } from './access.js';
import type { Commands, NeighborAnswer } from './commands.js';
import { invalidParameter, Problem } from './errors.js';
import {
  AddressPath,
  ClearNeighborQuery,
  ClearQuery,
  duplicateSelection,
  NoQuery,
  neighborParameter,
  noSuchNeighbor,
  ShutdownQuery,
  wordsParameter,
} from './parameters.js';
import { named, problemAnswers } from './resource.js';

interface Command {
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly query: TSchema;
  readonly params?: TSchema;
  /** Statuses of the problems that it can answer with, besides 500. */
  readonly problems: readonly number[];
  readonly answer: TSchema;
  /** Executes the command and returns what it did: `answer` for the client, `facts` for the log. */
  readonly run: (commands: Commands, request: FastifyRequest) => { answer: object; facts: object };
}

/** Every command under /api/v1: one row each. */
const COMMANDS: readonly Command[] = [
  {
    method: 'DELETE',
    path: '/duplicates',
    summary: 'Clear duplicates: one, or all of a VNI; not over plain TCP',
    query: ClearQuery,
    problems: [400, 403],
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
  {
    method: 'POST',
    path: '/neighbors/:address/clear',
    summary: "End a neighbor's session and start a new one, or exchange routes again; not over plain TCP",
    query: ClearNeighborQuery,
    params: AddressPath,
    problems: [400, 403, 404, 409],
    answer: named('Neighbor'),
    run(commands, request) {
      const { soft, message } = request.query as Static<typeof ClearNeighborQuery>;
      const words = wordsParameter(message);
      if (soft === undefined)
        return ofNeighbor(request, 'clear neighbor', { message: words }, (address) =>
          commands.clearNeighbor(address, words),
        );
      if (message !== undefined)
        throw invalidParameter('message', message, 'no message where the session stays (soft)');
      return ofNeighbor(request, 'clear neighbor', { soft }, (address) =>
        commands.softClearNeighbor(address, soft),
      );
    },
  },
  {
    method: 'POST',
    path: '/neighbors/:address/shutdown',
    summary: 'Keep a neighbor down until it is enabled or evpnd restarts; not over plain TCP',
    query: ShutdownQuery,
    params: AddressPath,
    problems: [400, 403, 404],
    answer: named('Neighbor'),
    run(commands, request) {
      const words = wordsParameter((request.query as Static<typeof ShutdownQuery>).message);
      return ofNeighbor(request, 'shut down neighbor', { message: words }, (address) =>
        commands.shutDownNeighbor(address, words),
      );
    },
  },
  {
    method: 'DELETE',
    path: '/neighbors/:address/shutdown',
    summary: 'Enable a neighbor that a command has shut down; not over plain TCP',
    query: NoQuery,
    params: AddressPath,
    problems: [400, 403, 404, 409],
    answer: named('Neighbor'),
    run: (commands, request) =>
      ofNeighbor(request, 'enable neighbor', {}, (address) => commands.enableNeighbor(address)),
  },
];

/** The answer to a refused command. */
const REFUSALS = {
  'neighbor-shut-down': 'is shut down; DELETE its /shutdown first',
  'shut-down-by-setting': 'is shut down by its `shutdown`; take that out of the configuration and reload',
  'no-session': 'has no established session whose routes could be exchanged again',
  'no-route-refresh': 'did not offer route refresh (RFC 2918); clear it without soft',
} as const;

/** Executes a command for the neighbor in the path. Throws Problem if it is refused. */
function ofNeighbor(
  request: FastifyRequest,
  command: string,
  facts: object,
  run: (name: string) => NeighborAnswer,
): { answer: object; facts: object } {
  const name = neighborParameter((request.params as Static<typeof AddressPath>).address);
  const answer = run(name);
  if ('refused' in answer) {
    if (answer.refused === 'no-such-neighbor') throw noSuchNeighbor(name);
    throw new Problem(answer.refused, `${name} ${REFUSALS[answer.refused]}`);
  }
  return { answer: answer.neighbor, facts: { command, neighbor: name, ...facts } };
}

/** Adds the commands to a scope whose prefix is the version. Each is refused over plain TCP, and logged after execution. */
export function addCommands(scope: FastifyInstance, commands: Commands, log: Log): void {
  for (const { method, path, summary, query, params, problems, answer, run } of COMMANDS)
    scope.route({
      method,
      url: path,
      schema: {
        summary,
        querystring: query,
        ...(params && { params }),
        response: { 200: { description: 'OK', allOf: [answer] }, ...problemAnswers(problems) },
      },
      // Before validation of parameters: a client without permission must not learn anything
      onRequest: onlyByOperators,
      handler: (request) => {
        const { answer: body, facts } = run(commands, request);
        log.info(facts, 'command of an operator');
        return body;
      },
    });
}
