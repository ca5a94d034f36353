import type { Bfd } from '../bfd/index.js';
import type { Convergence, EventSink } from '../events/index.js';
import type { LinkPeers } from '../nd/index.js';
import type { Clock, Log } from '../types/index.js';
import type { DecisionSettings } from './decision.js';
import type { Refresh } from './established.js';
import type { FamilyRibs } from './family-ribs.js';
import type { Transport } from './transport.js';

/** What a speaker is given. */
export interface SpeakerDeps {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly log: Log;
  /** Takes sessions that come and go; none where absent. */
  readonly events?: EventSink;
  /** How long changes take; not watched where absent. */
  readonly convergence?: Convergence | undefined;
  /** For the timers' jitter; Math.random unless a test wants to know better. */
  readonly random?: () => number;
  /** For neighbors with `bfd`, whose path is not watched where this is absent. */
  readonly bfd?: Pick<Bfd, 'watch'> | undefined;
  /** For neighbors by interface, which are not found where this is absent. */
  readonly linkPeers?: Pick<LinkPeers, 'watch'> | undefined;
  /** RIBs of other families than L2VPN/EVPN, for neighbors that are to speak them. */
  readonly otherRibs?: readonly FamilyRibs[];
  /** Of L2VPN/EVPN. */
  readonly decision?: DecisionSettings;
  /** Octets of the heap that the routes of all neighbors may take, about; unlimited where absent. */
  readonly routeMemory?: number;
  /** The other speakers whose neighbors share that. */
  readonly elsewhere?: () => readonly RouteHolder[];
}

/** Who holds routes of neighbors, as one of several that share their memory. */
export interface RouteHolder {
  /** Octets of the heap that the routes of all neighbors take, about. */
  readonly memory: number;
  /** The neighbor whose routes of a family take most; undefined where none has any. */
  readonly heaviest: { readonly neighbor: string; readonly memory: number } | undefined;
  /** Lets go of what the neighbor has told, for this reason. */
  makeRoom(neighbor: string, reason: string): void;
}

/** What became of a command for a neighbor. */
export type NeighborOutcome = Refresh | 'no neighbor' | 'shut down' | 'shut down by its setting';
