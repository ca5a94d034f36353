import { type Static, Type } from '@sinclair/typebox';
import { AdvertisedSchema, ClaimRouteSchema } from './explain-schemas.js';
import { FailureSchema } from './parts/failure.js';
import { DriftSchema } from './resources/drift.js';
import { Address, Count, closed, literals, nullable, ref, Text, VniNumber } from './schema-words.js';

/** The shapes of the story of one IP address, or one prefix, in a VRF. */
export const RoutedClaimSchema = Type.Object(
  {
    won: Type.Boolean({ description: 'Packets go there.' }),
    ignored: nullable(Text('Why it may not be used; null if it may.')),
    lostBy: nullable(Text('It may be used, and another goes before it by this rule.')),
    kind: literals(['host', 'prefix'], 'host: a MAC/IP route (Type-2); prefix: an IP prefix route (Type-5).'),
    vtep: Address('The leaf that announces it.'),
    routerMac: nullable(Address("The MAC of that leaf's router; null without a Router's MAC community.")),
    route: ClaimRouteSchema,
  },
  { $id: 'RoutedClaim', ...closed },
);

export const RowCheckSchema = Type.Object(
  {
    row: literals(
      ['route', 'nexthop-group', 'nexthop', 'neighbor', 'router-mac'],
      "neighbor: the other leaf's router on the SVI of the L3VNI; router-mac: where the FDB sends frames to its MAC.",
    ),
    wanted: Text(),
    found: Text(),
    fits: Type.Boolean({ description: 'True if the kernel has exactly what evpnd wants.' }),
    failure: nullable(ref(FailureSchema)),
    drifts: Type.Array(ref(DriftSchema), {
      description: 'Differences that are open or were resolved lately, oldest first.',
    }),
  },
  { $id: 'RowCheck', ...closed },
);

export const PrefixStorySchema = Type.Object(
  {
    prefix: Text('address/length'),
    owner: literals(
      ['none', 'local', 'remote'],
      'local: this leaf is in the network, has the address, or has the host on a port; remote: other leaves lead there, or another VRF of this leaf (`throughVrf`).',
    ),
    rule: Text('The rule that decided it.'),
    localVni: nullable(VniNumber('The VNI that has the host on a port of this leaf.')),
    throughVrf: nullable(
      Text('Another VRF of this leaf that packets are handed to, and which has the way on.'),
    ),
    gateways: Type.Array(
      Type.Object(
        { address: Address('The gateway.'), device: Text('The SVI that it is a neighbor of.') },
        closed,
      ),
      { description: 'Gateways that the routes name, in broadcast domains of this leaf.' },
    ),
    legs: Type.Array(
      Type.Object(
        { vtep: Address('The leaf.'), routerMac: Address('The MAC of its router.'), vni: VniNumber() },
        closed,
      ),
      { description: 'Where packets are sent, spread over all of them: with this VNI, to this router.' },
    ),
    claims: Type.Array(ref(RoutedClaimSchema), {
      description:
        'Every route to it of other leaves: those that are taken first. Of many 64 are shown, among them some that the VRF does not import and that may be meant for it.',
    }),
    moreClaims: Count('Routes that are not shown.'),
    rows: Type.Array(ref(RowCheckSchema), {
      description:
        "What the kernel has of it: the route, the nexthops that it leads over, each leaf's router.",
    }),
    advertised: Type.Array(AdvertisedSchema, { description: 'Our own routes of it.' }),
  },
  { $id: 'PrefixStory', ...closed },
);

export const ExplainRouteSchema = Type.Object(
  {
    vrf: Text('The name of the VRF device.'),
    ip: nullable(Address('null where a prefix was asked for.')),
    prefix: nullable(Text('The prefix by which the address is reached; null where none leads there.')),
    verdict: Type.Array(Text(), { description: 'The conclusions, one sentence each.' }),
    stories: Type.Array(ref(PrefixStorySchema), {
      description:
        'The prefixes that hold the address, the longest first, as far as the first one that leads anywhere.',
    }),
    shorter: Type.Array(Text(), {
      description: 'Further prefixes that hold the address, and would count if those above were not.',
    }),
  },
  { $id: 'ExplainRoute', ...closed },
);

export type RoutedClaim = Static<typeof RoutedClaimSchema>;
export type RowCheck = Static<typeof RowCheckSchema>;
export type PrefixStory = Static<typeof PrefixStorySchema>;
export type ExplainRoute = Static<typeof ExplainRouteSchema>;
