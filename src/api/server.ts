import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import type { Log, Secret } from '../types/index.js';
import { addCommands } from './command-resources.js';
import type { Commands } from './commands.js';
import { addConfiguration, CONFIGURATION_SCHEMAS } from './config-resources.js';
import type { Configuration } from './configuration.js';
import { completed, HEAD } from './description.js';
import { Problem, ProblemSchema } from './errors.js';
import { addEventStream } from './event-stream.js';
import { addGuards } from './guards.js';
import { CursorError } from './paging.js';
import { validationProblem } from './parameters.js';
import { addMetrics, addProbes, addResources } from './register.js';
import { NAMED_SCHEMAS, type ReadModel } from './resources/index.js';
import { Turnstile } from './turnstile.js';
import { toJson } from './written.js';

interface ApiOptions {
  readonly readModel: ReadModel;
  readonly commands: Commands;
  readonly configuration: Configuration;
  readonly log: Log;
  /** evpnd's version, for the API's description. */
  readonly version: string;
  /** What requests over TCP need now; undefined for nothing. */
  readonly token?: () => Secret | undefined;
}

/**
 * The REST application, listening nowhere yet: `listenApi` gives it sockets, `inject` asks it without. It keeps no
 * state and asks the read model anew for each request; commands are for who is known (access.ts).
 */
export async function createApi({
  readModel,
  commands,
  configuration,
  log,
  version,
  token = () => undefined,
}: ApiOptions): Promise<FastifyInstance> {
  const api = fastify({
    logger: false,
    bodyLimit: 16 * 1024,
    // A machine that is busy at boot is no reason to give up
    pluginTimeout: 0,
    frameworkErrors: (error, request, reply) =>
      answerProblem(new Problem('bad-request', error.message), request, reply),
    ajv: {
      customOptions: {
        // As in config/validate.ts
        code: { optimize: false },
        removeAdditional: false,
        coerceTypes: true,
        useDefaults: true,
        allErrors: true,
        verbose: true,
        keywords: ['allowed'],
      },
    },
  });
  // Answers match their types; a serializer that drops or converts fields would hide a fault of the read model
  const turnstile = new Turnstile();
  api.setSerializerCompiler(() => (answer) => turnstile.timed(() => toJson(answer)));
  api.setErrorHandler((error: FastifyError, request, reply) =>
    answerProblem(problemOf(error, request, log), request, reply),
  );
  api.setNotFoundHandler((request, reply) => answerProblem(notFound(api, request, reply), request, reply));
  addGuards(api, token);
  for (const schema of [ProblemSchema, ...NAMED_SCHEMAS, ...CONFIGURATION_SCHEMAS]) api.addSchema(schema);

  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      ...HEAD,
      info: { ...HEAD.info, version },
    },
    refResolver: { buildLocalReference: (json) => String(json.$id) },
    transform: ({ schema, url }) => ({ schema: withoutAllowed(schema), url }),
    transformObject: (made) => ('openapiObject' in made ? completed(made.openapiObject) : made.swaggerObject),
  });
  await api.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    // The badge would be loaded from a server on the Internet
    uiConfig: { validatorUrl: null },
  });
  await api.register(
    async (scope) => {
      addResources(scope, readModel, turnstile);
      addEventStream(scope, readModel.eventLog, turnstile);
      addCommands(scope, commands, log);
      addConfiguration(scope, configuration, log);
    },
    { prefix: '/api/v1' },
  );
  addProbes(api, readModel);
  addMetrics(api, readModel, turnstile);
  api.get('/openapi.json', { schema: { hide: true } }, () => api.swagger());
  await api.ready();
  return api;
}

/** No external content; the page's own scripts set styles. Plain HTTP is not upgraded, since HTTPS may not be there. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

function problemOf(error: FastifyError, request: FastifyRequest, log: Log): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof CursorError)
    return new Problem('invalid-cursor', `cursor: found ${JSON.stringify(error.message)}`);
  if (error.validation && error.validationContext === 'body')
    return new Problem('bad-request', `the body: found ${kindOf(request.body)}, allowed is a JSON object`);
  if (error.validation) {
    const given = error.validationContext === 'params' ? request.params : request.query;
    return validationProblem(error.validation, given as Readonly<Record<string, unknown>>);
  }
  if (error.statusCode === 413)
    return new Problem('too-large', `allowed are ${request.routeOptions.bodyLimit} octets`);
  if (error.statusCode === 415)
    return new Problem('unsupported-media-type', 'content-type: allowed is application/json');
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new Problem('bad-request', error.message);
  log.error({ err: error, url: request.url }, 'a request to the API failed');
  return new Problem('internal-error', 'see the log');
}

function kindOf(body: unknown): string {
  if (body === undefined || body === null) return 'nothing';
  return Array.isArray(body) ? 'a list' : `a ${typeof body}`;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

function notFound(api: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Problem {
  const [path] = request.url.split('?');
  const allowed = METHODS.filter((method) => api.findRoute({ method, url: path }));
  if (allowed.length === 0 || allowed.some((method) => method === request.method))
    return new Problem('unknown-path', `${path}: /openapi.json lists what there is`);
  reply.header('allow', allowed.join(', '));
  return new Problem('method-not-allowed', `${request.method}: allowed is ${allowed.join(', ')}`);
}

function answerProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (problem.code === 'busy') reply.header('retry-after', '1');
  return reply
    .status(problem.status)
    .type('application/problem+json')
    .serializer(toJson)
    .send(problem.details(request.url.split('?')[0]));
}

/** `allowed` is a keyword of ours, not of OpenAPI. */
function withoutAllowed<Schema>(schema: Schema): Schema {
  if (schema === undefined) return schema;
  return JSON.parse(JSON.stringify(schema, (key, value) => (key === 'allowed' ? undefined : value)));
}
