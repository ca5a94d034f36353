import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ConfigEdit, ITEM_LISTS, type Mapping, namedChanges } from '../config/index.js';
import type { Log } from '../types/index.js';
import { onlyByOperators } from './access.js';
import type { ConfigOutcome, ConfigRefusal, Configuration } from './configuration.js';
import { Problem } from './errors.js';
import { NoQuery } from './parameters.js';
import { named, problemAnswers } from './resource.js';
import { closed, nullable, Text } from './schema-words.js';

/** Longest change in octets. */
const MOST_OCTETS = 1 << 20;
/** RFC 7396. */
const MERGE_PATCH = 'application/merge-patch+json';

const Settings = (description: string) =>
  Type.Record(Type.String(), Type.Unknown(), { description, additionalProperties: true });

const Changes = (description: string) =>
  Type.Array(
    Type.Object(
      {
        key: Text('Such as `evpn.vnis[10010].rd`.'),
        before: nullable(Text('As the file would have it; null where it was not set.')),
        after: nullable(Text()),
      },
      closed,
    ),
    { description },
  );

const ETAG = Text('Names this content; as `If-Match` it lets a change be made of this content alone.');
const SAVED = Type.Boolean({
  description:
    'True where the file has the same; false: a change is in effect until the next restart or reload alone.',
});

/** The configuration as the file would have it. */
const ConfigurationSchema = Type.Object(
  { etag: ETAG, saved: SAVED, configuration: Settings('As in the configuration file.') },
  { $id: 'Configuration', ...closed },
);

const ItemSchema = Type.Object(
  { etag: ETAG, saved: SAVED, item: Settings('As in the configuration file.') },
  { $id: 'ConfigurationItem', ...closed },
);

const ChangeSchema = Type.Object(
  {
    etag: ETAG,
    saved: SAVED,
    changes: Changes('What changed; empty where it was so already.'),
    waitsForRestart: Changes('What takes effect after a restart.'),
  },
  { $id: 'ConfigurationChange', ...closed },
);

/** Schemas that have a name in the description. */
export const CONFIGURATION_SCHEMAS: readonly TSchema[] = [ConfigurationSchema, ItemSchema, ChangeSchema];

const ChangeQuery = Type.Object(
  {
    ephemeral: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'True: the file stays as it is, and the change ends with a restart or a reload of the file.',
        allowed: 'true or false',
      }),
    ),
  },
  closed,
);

const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      description: 'An etag: the change is made only where the configuration is still that one.',
    }),
  ),
});

const ItemPath = Type.Object({
  list: Type.Unsafe<string>(
    Type.String({
      enum: [...ITEM_LISTS],
      description: 'A list of the file.',
      allowed: ITEM_LISTS.join(', '),
    }),
  ),
  key: Type.String({
    description:
      'What the item is known by: `address` or `interface`, `vni`, `prefix`, `name`; with `@` and the VRF behind it where the item is in one.',
  }),
});

/** A request that changes something. */
interface ChangeRoute {
  readonly method: 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly params?: TSchema;
  readonly body?: TSchema;
  readonly edit: (request: FastifyRequest) => ConfigEdit;
}

const CHANGES: readonly ChangeRoute[] = [
  {
    method: 'PATCH',
    path: '/config',
    summary: 'Change settings by a merge patch (RFC 7396); not over plain TCP',
    body: Settings('Settings with their new values: a list replaces a list, null takes a setting out.'),
    edit: ({ body }) => ({ patch: body as Mapping }),
  },
  {
    method: 'PUT',
    path: '/config/:list/:key',
    summary: 'Make an item of a list as given, whether it is there or not; not over plain TCP',
    params: ItemPath,
    body: Settings('Its settings; what it is known by may be left out.'),
    edit: ({ params, body }) => ({ ...(params as Static<typeof ItemPath>), item: body as Mapping }),
  },
  {
    method: 'DELETE',
    path: '/config/:list/:key',
    summary: 'Take an item out of a list; not over plain TCP',
    params: ItemPath,
    edit: ({ params }) => ({ ...(params as Static<typeof ItemPath>), item: undefined }),
  },
];

/** Adds `/config` and what is below it to a scope whose prefix is the version. */
export function addConfiguration(scope: FastifyInstance, configuration: Configuration, log: Log): void {
  scope.addContentTypeParser(
    MERGE_PATCH,
    { parseAs: 'string' },
    scope.getDefaultJsonParser('error', 'error'),
  );
  scope.get(
    '/config',
    {
      schema: {
        summary: 'The configuration in effect, as the file would have it',
        querystring: NoQuery,
        response: { 200: { description: 'OK', allOf: [named('Configuration')] }, ...problemAnswers([400]) },
      },
    },
    async (_, reply) => {
      const { etag, isSaved } = marked(reply, configuration);
      return { etag, saved: isSaved, configuration: await configuration.content() };
    },
  );
  scope.get(
    '/config/:list/:key',
    {
      schema: {
        summary: 'An item of a list of the configuration',
        querystring: NoQuery,
        params: ItemPath,
        response: {
          200: { description: 'OK', allOf: [named('ConfigurationItem')] },
          ...problemAnswers([400, 404]),
        },
      },
    },
    async ({ params }, reply) => {
      const { list, key } = params as Static<typeof ItemPath>;
      const { etag, isSaved } = marked(reply, configuration);
      const item = await configuration.item(list, key);
      if (item === undefined) throw new Problem('no-such-item', `${list} has none that is known by ${key}`);
      return { etag, saved: isSaved, item };
    },
  );
  for (const { method, path, summary, params, body, edit } of CHANGES)
    scope.route({
      method,
      url: path,
      bodyLimit: MOST_OCTETS,
      schema: {
        summary,
        querystring: ChangeQuery,
        headers: IfMatch,
        ...(params && { params }),
        ...(body && {
          body,
          consumes: method === 'PATCH' ? [MERGE_PATCH, 'application/json'] : ['application/json'],
        }),
        response: {
          200: { description: 'OK', allOf: [named('ConfigurationChange')] },
          ...problemAnswers([400, 403, 404, 409, 412, ...(body ? [413, 415] : []), 422, 503]),
        },
      },
      onRequest: onlyByOperators,
      handler: async (request, reply) => {
        const { ephemeral = false } = request.query as Static<typeof ChangeQuery>;
        const ifMatch = etagsOf(request);
        const made = await configuration.change(edit(request), { isSaved: !ephemeral, ifMatch });
        if ('refused' in made) throw problemOf(made);
        const answer = changeItem(made);
        marked(reply, configuration);
        const facts = {
          ...namedChanges(answer.changes),
          saved: !ephemeral && made.notSaved === undefined,
          ...(made.notSaved !== undefined && { reason: made.notSaved }),
        };
        log.info({ command: `${method} ${request.url.split('?')[0]}`, ...facts }, 'command of an operator');
        return answer;
      },
    });
}

/** Marks an answer with the etag of the configuration. */
function marked(reply: FastifyReply, configuration: Configuration) {
  const state = configuration.state();
  reply.header('etag', `"${state.etag}"`);
  return state;
}

/**
 * The etags of If-Match (RFC 9110 §13.1.1), also without quotes; undefined where any is as good. A weak one (W/) is the same as
 * none.
 */
function etagsOf({ headers }: FastifyRequest): readonly string[] | undefined {
  const given = headers['if-match']?.trim();
  if (given === undefined || given === '*') return undefined;
  return given.split(',').map((one) => one.trim().replace(/^"(.*)"$/, '$1'));
}

function problemOf({ refused, detail, findings }: ConfigRefusal): Problem {
  return new Problem(refused, detail, findings && { reasons: [...findings] });
}

function changeItem({ state, changes, waiting }: ConfigOutcome): Static<typeof ChangeSchema> {
  const shown = (list: ConfigOutcome['changes']) =>
    list.map(({ key, before = null, after = null }) => ({ key, before, after }));
  return {
    etag: state.etag,
    saved: state.isSaved,
    changes: shown(changes),
    waitsForRestart: shown(waiting),
  };
}
