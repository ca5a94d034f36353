import { type Static, Type } from '@sinclair/typebox';
import { hostPrefix, parseIp, parsePrefix } from '../../types/index.js';
import { Problem } from '../errors.js';
import {
  type ExplainRoute,
  ExplainRouteSchema,
  PrefixStorySchema,
  RoutedClaimSchema,
  RowCheckSchema,
} from '../explain-route-schemas.js';
import { parsed } from '../parameters.js';
import { named, type Resource } from '../resource.js';
import { explainRoute as explain } from '../rooms/explain-route.js';
import type { RouteSubject } from '../rooms/explain-route-strangers.js';
import { closed, Text } from '../schema-words.js';
import type { Turns } from '../turnstile.js';

const VrfPath = Type.Object({ name: Text('The name of the VRF device.') }, closed);

const RouteQuery = Type.Object(
  {
    ip: Type.Optional(
      Type.String({
        description: 'An IP address: the longest prefix that holds it and leads anywhere is explained.',
        allowed: 'an IPv4 or IPv6 address',
      }),
    ),
    prefix: Type.Optional(
      Type.String({
        description: 'A prefix, and no other. One of `ip` and `prefix` is required.',
        allowed: 'an IPv4 or IPv6 prefix, as 10.1.0.0/16',
      }),
    ),
  },
  closed,
);

interface ExplainRouteReads {
  /** Explains how the VRF reaches an address or a prefix; undefined if there is no such VRF. */
  explainRoute(vrf: string, subject: RouteSubject, turns: Turns): Promise<ExplainRoute | undefined>;
}

/** The story of a route of a VRF. */
export const explainRoute: Resource<ExplainRouteReads> = {
  schemas: [RoutedClaimSchema, RowCheckSchema, PrefixStorySchema, ExplainRouteSchema],
  endpoints: [
    {
      path: '/vrfs/:name/explain',
      summary: 'Where a VRF sends packets to an address or a prefix, why, and whether the kernel has it so',
      query: RouteQuery,
      params: VrfPath,
      answer: named('ExplainRoute'),
      problems: [400, 404],
      async handle(model, { params, query }, turns) {
        const { name } = params as Static<typeof VrfPath>;
        const story = await model.explainRoute(name, subjectOf(query as Static<typeof RouteQuery>), turns);
        if (!story) throw new Problem('no-such-vrf', `VRF ${name} is neither in the kernel nor configured`);
        return story;
      },
    },
  ],
  reads: (rooms) => ({ explainRoute: (vrf, subject, turns) => explain(rooms, vrf, subject, turns) }),
};

/** Parses what the schema let pass as text. Throws Problem invalid-parameter, and missing-parameter without either, or with both. */
function subjectOf({ ip, prefix }: Static<typeof RouteQuery>): RouteSubject {
  const address = parsed('ip', ip, parseIp);
  if (address !== undefined && prefix === undefined) return { prefix: hostPrefix(address), isAddress: true };
  const network = parsed('prefix', prefix, parsePrefix);
  if (network !== undefined && address === undefined) return { prefix: network, isAddress: false };
  throw new Problem(
    'missing-parameter',
    `ip, prefix: ${address === undefined ? 'neither is given' : 'both are given'}; one of them is needed`,
    {
      parameters: (['ip', 'prefix'] as const).map((parameter) => ({
        parameter,
        found: (parameter === 'ip' ? ip : prefix) ?? '',
        allowed: RouteQuery.properties[parameter].allowed,
      })),
    },
  );
}
