import type { Clock } from '../types/index.js';
import {
  type AnyFamily,
  type AnyUpdate,
  type EncodingSession,
  type Nlri,
  type PathAttributes,
  UpdateEncoder,
} from '../wire/index.js';
import { AdjRibOut, type UpdateSink } from './adj-rib-out.js';
import type { ExportPolicy } from './export-policy.js';
import type { InboundPolicy, RefusalReason } from './inbound.js';
import type { FamilyLocalRib } from './local-rib.js';
import type { NeighborRouteCounts, OlderStale, OnRefused } from './neighbor-routes.js';
import type { FamilyRib, RibIdentity } from './rib.js';
import type { PathSource } from './route.js';

type Neighbor = Pick<PathSource, 'neighbor'>;

/** What sessions do with the Adj-RIB-In of a family, whichever it is. */
export interface SessionRib {
  onReleased: ((attributes: PathAttributes) => void) | undefined;
  onRelieved: (() => void) | undefined;
  readonly memory: number;
  readonly heaviest: { readonly neighbor: string; readonly memory: number } | undefined;
  setIdentity(identity: RibIdentity): void;
  isCongested(neighbor: string): boolean;
  update(source: PathSource, update: AnyUpdate, policy: InboundPolicy): RefusalReason | undefined;
  neighborUp(source: PathSource): void;
  neighborDown(source: Neighbor): Promise<void>;
  neighborStale(source: Neighbor, older: OlderStale): void;
  sweepOlder(source: Neighbor): void;
  neighborAged(source: Neighbor): void;
  neighborRefreshes(source: Neighbor): void;
  judgeAgain(source: Neighbor, policy: InboundPolicy, onRefused: OnRefused<Nlri>): void;
  sweepStale(source: Neighbor): Promise<void>;
  forgetNeighbor(address: string): void;
  counts(neighbor: string): NeighborRouteCounts<Nlri>;
  staleCount(neighbor: string): number;
}

/** What a session does with its Adj-RIB-Out of a family. */
export type SessionAdjRibOut = Pick<
  AdjRibOut<never>,
  'start' | 'refresh' | 'changePolicy' | 'stop' | 'drained' | 'sent' | 'owed'
>;

/** The RIBs of one family that the sessions of a speaker share. */
export interface FamilyRibs {
  readonly family: AnyFamily;
  readonly rib: SessionRib;
  /** Makes the Adj-RIB-Out of a session. */
  adjRibOut(
    clock: Clock,
    session: EncodingSession,
    sink: UpdateSink,
    policy: ExportPolicy | undefined,
  ): SessionAdjRibOut;
}

/** Returns what a neighbor's routes of all families take, and how many of them are stale. */
export function holdingsOf(
  ribs: readonly FamilyRibs[],
  neighbor: string,
): Pick<NeighborRouteCounts, 'held' | 'octets' | 'stale'> {
  let held = 0;
  let octets = 0;
  let stale = 0;
  for (const { rib } of ribs) {
    const counts = rib.counts(neighbor);
    held += counts.held;
    octets += counts.octets;
    stale += counts.stale;
  }
  return { held, octets, stale };
}

/** Both RIBs of a family as sessions use them. */
export function ribsOf<Own extends Nlri>(rib: FamilyRib<Own>, localRib: FamilyLocalRib<Own>): FamilyRibs {
  const { family } = rib;
  return {
    family,
    rib,
    adjRibOut: (clock, session, sink, policy) =>
      new AdjRibOut<Own>(clock, localRib, new UpdateEncoder<Own>(session, family), sink, policy),
  };
}
