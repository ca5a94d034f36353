import type { EventSink } from '../events/index.js';
import type { Clock } from '../types/index.js';
import type { NeighborConfig } from './config.js';
import type { Rib } from './evpn-rib.js';
import type { SessionRoutesDeps } from './session-routes.js';
import type { Transport } from './transport.js';
import type { TurnBudget } from './turn-budget.js';
import type { Scouts } from './whereabouts.js';

/** A session with a neighbor of a listen range that may be gone. */
export interface SpentSession {
  readonly config: NeighborConfig;
  readonly isSpent: boolean;
}

/** What all sessions of a speaker share. */
export interface SessionDeps extends SessionRoutesDeps, Scouts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly events: EventSink;
  /** 0 to below 1, for the timers' jitter. */
  readonly random: () => number;
  /** L2VPN/EVPN's, whose numbers are shown. */
  readonly rib: Rib;
  /** What may be read in one turn, of all neighbors together. */
  readonly budget: TurnBudget;
  /** Called when a limit keeps the neighbor down from now on. */
  readonly onStopped: () => void;
  /** Called when `isSpent` may have become true. */
  readonly onSpent: (session: SpentSession) => void;
  /** Called when the neighbor's address is another one. */
  readonly onMoved: () => void;
}
