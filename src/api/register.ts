import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './errors.js';
import { Exposer } from './metrics/exposition.js';
import { DEFAULT_LIMIT, NoQuery } from './parameters.js';
import { problemAnswer, problemAnswers } from './resource.js';
import { ENDPOINTS, type ReadModel } from './resources/index.js';
import type { Turnstile } from './turnstile.js';

/** Adds the resources to a scope whose prefix is the version. */
export function addResources(scope: FastifyInstance, model: ReadModel, turnstile: Turnstile): void {
  for (const endpoint of ENDPOINTS)
    scope.get(
      endpoint.path,
      {
        schema: {
          summary: endpoint.summary,
          querystring: endpoint.query,
          ...(endpoint.params && { params: endpoint.params }),
          response: {
            200: { description: 'OK', ...withoutId(endpoint.answer) },
            ...problemAnswers([...endpoint.problems, 503]),
          },
        },
      },
      (request) => {
        const make = async () => endpoint.handle(model, request, turnstile);
        return admitted(turnstile, () => (asksForMany(request) ? turnstile.long(make) : make()));
      },
    );
}

/** Answers when it is the request's turn. Throws Problem where too many are being answered. */
function admitted<Answer>(turnstile: Turnstile, answer: () => Promise<Answer>): Promise<Answer> {
  const answered = turnstile.admit(answer);
  if (answered === undefined)
    throw new Problem('busy', 'too many requests are being answered; ask again in a second');
  return answered;
}

function asksForMany({ query }: FastifyRequest): boolean {
  const { limit = DEFAULT_LIMIT } = query as { readonly limit?: number };
  return limit > DEFAULT_LIMIT;
}

/** Adds what Prometheus scrapes. */
export function addMetrics(api: FastifyInstance, model: ReadModel, turnstile: Turnstile): void {
  const exposer = new Exposer(model.metrics, model.histograms);
  api.get(
    '/metrics',
    {
      schema: {
        summary: "Metrics in Prometheus' text format",
        querystring: NoQuery,
        response: {
          200: { description: 'OK', content: { 'text/plain': { schema: Type.String() } } },
          ...problemAnswers([400, 503]),
        },
      },
    },
    async (_, reply) => {
      const { contentType, text } = await admitted(turnstile, () =>
        turnstile.long(() => exposer.write(turnstile)),
      );
      return reply.type(contentType).serializer(String).send(text);
    },
  );
}

/** Adds what supervisors poll. */
export function addProbes(api: FastifyInstance, model: ReadModel): void {
  const probe = (property: string) =>
    Type.Object({ [property]: Type.Literal(true) }, { additionalProperties: false, description: 'OK' });
  api.get(
    '/livez',
    {
      schema: {
        summary: 'The event loop turns',
        querystring: NoQuery,
        response: { 200: probe('live'), 400: problemAnswer(400) },
      },
    },
    () => ({ live: true }),
  );
  api.get(
    '/readyz',
    {
      schema: {
        summary: 'The state of the kernel has been read and the neighbors have sent their routes',
        querystring: NoQuery,
        response: {
          200: probe('ready'),
          400: problemAnswer(400),
          503: problemAnswer(503),
        },
      },
    },
    () => {
      const { ready, reasons } = model.readiness();
      if (!ready) throw new Problem('not-ready', reasons.join('; '), { reasons: [...reasons] });
      return { ready: true };
    },
  );
}

/** A reference cannot bear a description beside it, so it moves into allOf. */
function withoutId(answer: TSchema): object {
  return answer.$ref === undefined ? answer : { allOf: [answer] };
}
