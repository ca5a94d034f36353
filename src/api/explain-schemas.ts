import { type Static, Type } from '@sinclair/typebox';
import { FailureSchema } from './parts/failure.js';
import { FdbRowSchema, NeighRowSchema } from './parts/kernel-rows.js';
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
    sequence: Count('Its sequence number from then on.'),
    cause: Text(),
  },
  { $id: 'Move', ...closed },
);

export const ClaimSchema = Type.Object(
  {
    origin: OriginSide,
    won: Type.Boolean(),
    ignored: nullable(Text('Why it does not count; null where it does.')),
    mac: MacText(),
    ip: nullable(Address()),
    vtep: nullable(Address('The leaf that claims it; our own address on a local claim.')),
    esi: nullable(Text('The Ethernet segment that the host is behind; null where it has one home alone.')),
    leaf: nullable(
      Address(
        'Where frames go where a remote claim counts: to the leaf that claims it, or to another of its Ethernet segment (RFC 7432 §8.4).',
      ),
    ),
    sequence: Count('MAC mobility sequence number (RFC 7432 §7.7).'),
    sticky: Type.Boolean({ description: 'It does not move: a static row, or so the route says.' }),
    router: Type.Boolean({ description: 'RFC 9047.' }),
    device: nullable(Text('Of a local claim: the port where the bridge has the MAC.')),
    epoch: nullable(Count('Of a local claim: changes whenever the address comes here anew.')),
    route: nullable(
      Type.Object(
        {
          key: Text('`[type]:[ethernet tag]:…` as FRR writes it.'),
          rd: Text(),
          label: Count('The VNI that the route names (RFC 8365 §5.1.3); 0 where it names none.'),
          bestBy: Text("The rule of BGP's decision process that chose the best path."),
          paths: Type.Array(ref(PathSchema)),
        },
        { ...closed, description: 'Of a remote claim.' },
      ),
    ),
  },
  { $id: 'Claim', ...closed },
);

export const KernelCheckSchema = Type.Object(
  {
    wanted: Text(),
    found: Text(),
    fits: Type.Boolean({
      description: 'The kernel holds what evpnd wants there, and nothing of evpnd more.',
    }),
    bridge: nullable(ref(FdbRowSchema)),
    vxlan: nullable(ref(FdbRowSchema)),
    neigh: nullable(ref(NeighRowSchema)),
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
    rule: Text('By which rule it is so.'),
    vtep: nullable(Address('The leaf that has it; null where it is local, or nobody has it.')),
    device: nullable(Text('The port of a local one.')),
    sequence: Count('The sequence number of the claim that counts now; 0 where none does.'),
    highestSequence: Count(
      'The highest sequence number that it was seen with; a new arrival takes the next.',
    ),
    sticky: Type.Boolean(),
    pinnedBy: nullable(
      Text(
        'Why it is bound to the remote leaf: sticky MAC, default gateway, immutable binding, or several of them.',
      ),
    ),
    frozen: Type.Boolean({ description: 'A duplicate that no other leaf gets.' }),
    claims: Type.Array(ref(ClaimSchema), { description: 'Every word on it, here and from elsewhere.' }),
    kernel: ref(KernelCheckSchema),
    advertised: Type.Array(Type.Object({ key: Text(), rd: Text(), path: ref(PathSchema) }, closed), {
      description: 'Our own routes of it.',
    }),
    moves: Type.Array(ref(MoveSchema), { description: 'The last ones, oldest first.' }),
    duplicate: nullable(ref(DuplicateSchema)),
  },
  { $id: 'Story', ...closed },
);

export const ExplainSchema = Type.Object(
  {
    vni: VniNumber(),
    mac: MacText(),
    ip: nullable(Address()),
    verdict: Type.Array(Text(), { description: 'What it all comes to, a sentence each.' }),
    entry: ref(StorySchema),
    ips: Type.Array(Address(), { description: 'Addresses that the MAC has by some word.' }),
    binding: nullable(
      Type.Object(
        {
          mac: nullable(MacText('Whose the IP is, which may be another MAC; null where nobody has it.')),
          story: ref(StorySchema),
          lastRefreshAt: nullable(Time('When the local host was last asked for a sign of life.')),
        },
        { ...closed, description: 'The story of the IP; null where none was asked for, or nobody knows it.' },
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
