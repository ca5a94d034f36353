import { type Static, Type } from '@sinclair/typebox';
import { FailureSchema } from './parts/failure.js';
import { FdbRowSchema, NeighRowSchema } from './parts/kernel-rows.js';
import { OffloadSchema } from './parts/offload.js';
import { PathSchema } from './parts/paths.js';
import { DriftSchema } from './resources/drift.js';
import { DuplicateSchema } from './resources/duplicates.js';
import {
  Address,
  Count,
  closed,
  MacText,
  nullable,
  OriginSide,
  ref,
  Text,
  Time,
  VniNumber,
} from './schema-words.js';

/** The shapes of the story of one MAC, and of one IP that it has. */
const Owner = Type.Union([Type.Literal('none'), Type.Literal('local'), Type.Literal('remote')]);

export const MoveSchema = Type.Object(
  {
    at: Time(),
    from: Owner,
    to: Owner,
    fromVtep: nullable(Address('The remote leaf that had it until then.')),
    vtep: nullable(Address('The remote leaf that has it from then on.')),
    sequence: Count('The sequence number since then.'),
    cause: Text(),
  },
  { $id: 'Move', ...closed },
);

export const ClaimRouteSchema = Type.Object(
  {
    key: Text('`[type]:[ethernet tag]:…` as FRR writes it.'),
    rd: Text(),
    label: Count('The VNI in the label of the route (RFC 8365 §5.1.3); 0 if there is none.'),
    bestBy: Text("The rule of BGP's decision process that chose the best path."),
    paths: Type.Array(ref(PathSchema)),
  },
  { ...closed, description: 'Of a remote claim.' },
);

export const AdvertisedSchema = Type.Object({ key: Text(), rd: Text(), path: ref(PathSchema) }, closed);

export const ClaimSchema = Type.Object(
  {
    origin: OriginSide,
    won: Type.Boolean(),
    ignored: nullable(Text('Why it does not count; null if it does.')),
    mac: MacText(),
    ip: nullable(Address()),
    vtep: nullable(Address('The leaf that claims it; our own address on a local claim.')),
    esi: nullable(Text('The Ethernet segment of the host; null if it is single-homed.')),
    leaf: nullable(
      Address(
        'Where frames go where a remote claim counts: to the leaf that claims it, or to another of its Ethernet segment (RFC 7432 §8.4).',
      ),
    ),
    sequence: Count('MAC mobility sequence number (RFC 7432 §7.7).'),
    sticky: Type.Boolean({ description: 'True if it must not move: a static row, or a sticky route.' }),
    router: Type.Boolean({ description: 'RFC 9047.' }),
    device: nullable(Text('Of a local claim: the port where the bridge has the MAC.')),
    epoch: nullable(Count('Of a local claim: changes each time the address arrives at this leaf.')),
    route: nullable(ClaimRouteSchema),
  },
  { $id: 'Claim', ...closed },
);

export const KernelCheckSchema = Type.Object(
  {
    wanted: Text(),
    found: Text(),
    fits: Type.Boolean({
      description: 'True if the kernel has exactly the rows of evpnd that it should have.',
    }),
    bridge: nullable(ref(FdbRowSchema)),
    vxlan: nullable(ref(FdbRowSchema)),
    neigh: nullable(ref(NeighRowSchema)),
    offload: nullable(ref(OffloadSchema)),
    failure: nullable(ref(FailureSchema)),
    drifts: Type.Array(ref(DriftSchema), {
      description: 'Differences that are open or were resolved lately, oldest first.',
    }),
  },
  { $id: 'KernelCheck', ...closed },
);

export const StorySchema = Type.Object(
  {
    owner: Owner,
    rule: Text('The rule that decided it.'),
    vtep: nullable(Address('The leaf that has it; null if it is local or has no owner.')),
    device: nullable(Text('The port, if it is local.')),
    sequence: Count('The sequence number of the claim that counts now; 0 if none does.'),
    highestSequence: Count(
      'The highest sequence number that it was seen with; a new arrival takes the next.',
    ),
    sticky: Type.Boolean(),
    pinnedBy: nullable(
      Text(
        'Why it is bound to the remote leaf: sticky MAC, default gateway, immutable binding, or several of them.',
      ),
    ),
    frozen: Type.Boolean({ description: 'True if it is a duplicate that does not move to another leaf.' }),
    claims: Type.Array(ref(ClaimSchema), {
      description:
        'Every claim on it, local and remote. Of many routes 64 are shown: the best of those that count, then others.',
    }),
    moreClaims: Count('Claims of routes that are not shown.'),
    kernel: ref(KernelCheckSchema),
    advertised: Type.Array(AdvertisedSchema, {
      description: 'Our own routes of it.',
    }),
    moves: Type.Array(ref(MoveSchema), { description: 'The latest moves, oldest first.' }),
    duplicate: nullable(ref(DuplicateSchema)),
  },
  { $id: 'Story', ...closed },
);

export const ExplainSchema = Type.Object(
  {
    vni: VniNumber(),
    mac: MacText(),
    ip: nullable(Address()),
    verdict: Type.Array(Text(), { description: 'The conclusions, one sentence each.' }),
    entry: ref(StorySchema),
    ips: Type.Array(Address(), {
      description: 'IP addresses of the MAC according to any claim; at most 1024 are shown.',
    }),
    moreIps: Count('Addresses that are not shown.'),
    binding: nullable(
      Type.Object(
        {
          mac: nullable(
            MacText('The MAC that owns the IP, which may be another one; null if there is none.'),
          ),
          story: ref(StorySchema),
          lastRefreshAt: nullable(Time('When the local host was last probed.')),
        },
        { ...closed, description: 'The same about the IP; null if none was requested, or it is unknown.' },
      ),
    ),
  },
  { $id: 'Explain', ...closed },
);

export type MoveItem = Static<typeof MoveSchema>;
export type ClaimItem = Static<typeof ClaimSchema>;
export type KernelCheck = Static<typeof KernelCheckSchema>;
export type Story = Static<typeof StorySchema>;
export type Explain = Static<typeof ExplainSchema>;
