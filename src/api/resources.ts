import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { formatIp, formatMac, type Ip, toVni, type Vni } from '../types/index.js';
import { Problem } from './errors.js';
import { decodeCursor, encodeCursor, type Pages } from './paging.js';
import {
  AddressPath,
  addressParameter,
  DEFAULT_LIMIT,
  DriftQuery,
  ExplainQuery,
  explainSubject,
  HostQuery,
  hostFilter,
  NoQuery,
  PageQuery,
  PendingQuery,
  RouteQuery,
  routeFilter,
  VniPath,
} from './parameters.js';
import type { ReadModel } from './read-model.js';
import { named, operationId, problemAnswer, problemAnswers } from './resource.js';
import type { Turns, Turnstile } from './turnstile.js';
import { writtenInTurns } from './written.js';

interface Resource {
  readonly path: string;
  readonly summary: string;
  readonly query: TSchema;
  readonly params?: TSchema;
  /** Schema of the answer. */
  readonly answer: TSchema;
  /** Statuses of the problems that it can answer with, besides 500. */
  readonly problems: readonly number[];
  /** Lists are walked in the turns that are given to them. */
  readonly handle: (model: ReadModel, request: FastifyRequest, turns: Turns) => unknown;
}

/** The answer of every list. */
function listOf(name: string): TSchema {
  return Type.Object(
    {
      items: Type.Array(named(name)),
      next: Type.Union([Type.String(), Type.Null()], {
        description: '`cursor` of the next page; null on the last.',
      }),
      total: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
        description: 'Items in the whole list; null where counting would cost a walk.',
      }),
    },
    { additionalProperties: false },
  );
}

async function pageOf<Item>(pages: Pages<Item>, query: unknown, turns: Turns) {
  const { limit = DEFAULT_LIMIT, cursor } = query as Static<typeof PageQuery>;
  const page = await pages.page(cursor === undefined ? undefined : decodeCursor(cursor), limit, turns);
  return {
    items: page.items,
    next: page.next === null ? null : encodeCursor(page.next),
    total: pages.total,
  };
}

function vniOf(request: FastifyRequest): Vni {
  return toVni((request.params as Static<typeof VniPath>).vni);
}

function found<Value>(value: Value | undefined, vni: Vni): Value {
  if (value === undefined)
    throw new Problem('no-such-vni', `VNI ${vni} is neither in the kernel nor configured`);
  return value;
}

/** Every resource under /api/v1: one row each. */
const RESOURCES: readonly Resource[] = [
  {
    path: '/status',
    summary: 'What evpnd is and how it does',
    query: NoQuery,
    answer: named('Status'),
    problems: [400],
    handle: (model) => model.status(),
  },
  {
    path: '/neighbors',
    summary: 'The BGP neighbors, by address',
    query: PageQuery,
    answer: listOf('Neighbor'),
    problems: [400],
    handle: (model, { query }, turns) => pageOf(model.neighbors(), query, turns),
  },
  {
    path: '/neighbors/:address',
    summary: 'One BGP neighbor',
    query: NoQuery,
    params: AddressPath,
    answer: named('Neighbor'),
    problems: [400, 404],
    handle: async (model, { params }) => {
      const address = addressParameter((params as Static<typeof AddressPath>).address);
      const neighbor = await model.neighbor(address);
      if (!neighbor) throw new Problem('no-such-neighbor', `${formatIp(address)} is not configured`);
      return neighbor;
    },
  },
  {
    path: '/vnis',
    summary: 'The VNIs of the kernel and of the configuration, by number',
    query: PageQuery,
    answer: listOf('Vni'),
    problems: [400],
    handle: (model, { query }, turns) => pageOf(model.vnis(), query, turns),
  },
  {
    path: '/vnis/:vni',
    summary: 'One VNI',
    query: NoQuery,
    params: VniPath,
    answer: named('Vni'),
    problems: [400, 404],
    handle: (model, request) => {
      const vni = vniOf(request);
      return found(model.vni(vni), vni);
    },
  },
  {
    path: '/vnis/:vni/macs',
    summary: 'The MAC addresses of a VNI, by address, with their kernel rows',
    query: HostQuery,
    params: VniPath,
    answer: listOf('Mac'),
    problems: [400, 404],
    handle: (model, request, turns) => {
      const vni = vniOf(request);
      const filter = hostFilter(request.query as Static<typeof HostQuery>);
      return pageOf(found(model.macs(vni, filter), vni), request.query, turns);
    },
  },
  {
    path: '/vnis/:vni/arp-cache',
    summary: 'The IP addresses of a VNI (ARP and ND), by address, with their kernel rows',
    query: HostQuery,
    params: VniPath,
    answer: listOf('ArpEntry'),
    problems: [400, 404],
    handle: (model, request, turns) => {
      const vni = vniOf(request);
      const filter = hostFilter(request.query as Static<typeof HostQuery>);
      return pageOf(found(model.arpCache(vni, filter), vni), request.query, turns);
    },
  },
  {
    path: '/routes',
    summary: 'The EVPN routes, our own and received ones, with every path',
    query: RouteQuery,
    answer: listOf('Route'),
    problems: [400],
    handle: (model, { query }, turns) =>
      pageOf(model.routes(routeFilter(query as Static<typeof RouteQuery>)), query, turns),
  },
  {
    path: '/vteps',
    summary: 'The remote VTEPs, by address',
    query: PageQuery,
    answer: listOf('Vtep'),
    problems: [400],
    handle: (model, { query }, turns) => pageOf(model.vteps(), query, turns),
  },
  {
    path: '/drift',
    summary:
      'Differences between wanted and actual rows, those that stand and the last that were mended, newest first',
    query: DriftQuery,
    answer: listOf('Drift'),
    problems: [400],
    handle: (model, { query }, turns) => {
      const { vni, open } = query as Static<typeof DriftQuery>;
      return pageOf(model.drifts({ vni: vni as Vni | undefined, open }), query, turns);
    },
  },
  {
    path: '/pending-writes',
    summary:
      'Rows that are to be written now; in mode observe those that would be, were it active. By VNI, table and address',
    query: PendingQuery,
    answer: listOf('PendingWrite'),
    problems: [400],
    handle: (model, { query }, turns) => {
      const { vni } = query as Static<typeof PendingQuery>;
      return pageOf(model.pendingWrites(vni as Vni | undefined), query, turns);
    },
  },
  {
    path: '/duplicates',
    summary: 'Addresses that are in two places, by VNI and address',
    query: PageQuery,
    answer: listOf('Duplicate'),
    problems: [400],
    handle: (model, { query }, turns) => pageOf(model.duplicates(), query, turns),
  },
  {
    path: '/event-loop',
    summary:
      'How long turns of the event loop take: watched from the first request until a minute without one',
    query: NoQuery,
    answer: named('EventLoop'),
    problems: [400],
    handle: (model) => model.eventLoop(),
  },
  {
    path: '/explain',
    summary: 'Why a MAC, and an IP that it has, is where it is; of an IP alone, the MAC that has it',
    query: ExplainQuery,
    answer: named('Explain'),
    problems: [400, 404],
    async handle(model, { query }) {
      const { vni, mac, ip } = explainSubject(query as Static<typeof ExplainQuery>);
      const { rd } = found(model.vni(vni), vni);
      const story = await model.explain(vni, mac, ip);
      if (story) return story;
      const name = mac === undefined ? formatIp(ip as Ip) : formatMac(mac);
      const elsewhere =
        mac === undefined ? `; /api/v1/routes?ip=${name} lists routes that it does not import` : '';
      const why =
        rd === null
          ? `VNI ${vni} is not served, so that nothing is known of ${name} in it`
          : `nobody knows ${name} in VNI ${vni}${elsewhere}`;
      throw new Problem('no-such-mac', why);
    },
  },
];

/** Adds the resources to a scope whose prefix is the version. */
export function addResources(scope: FastifyInstance, model: ReadModel, turnstile: Turnstile): void {
  for (const resource of RESOURCES)
    scope.get(
      resource.path,
      {
        schema: {
          summary: resource.summary,
          tags: [resource.path.split('/')[1]],
          operationId: operationId('GET', resource.path),
          querystring: resource.query,
          ...(resource.params && { params: resource.params }),
          response: {
            200: { description: 'OK', ...withoutId(resource.answer) },
            ...problemAnswers([...resource.problems, 503]),
          },
        },
      },
      (request) => {
        const answer = turnstile.admit(async () =>
          writtenInTurns(await resource.handle(model, request, turnstile), turnstile),
        );
        if (answer === undefined)
          throw new Problem('busy', 'too many requests are being answered; ask again in a second');
        return answer;
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
        tags: ['probes'],
        operationId: 'getLivez',
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
        summary: 'The kernel is known and the neighbors have told their routes',
        tags: ['probes'],
        operationId: 'getReadyz',
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
