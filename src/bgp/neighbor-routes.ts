import { type EvpnNlri, type PathAttributes, ROUTE_TYPE_SLOTS, type Route } from '../wire/index.js';
import type { Arrival } from './destination.js';
import type { DirtyShare } from './dirty-set.js';
import type { Holder } from './holdings.js';
import {
  type InboundPolicy,
  NO_POLICY,
  noRefusals,
  type Refusal,
  type RefusalCounts,
  type RefusalReason,
} from './inbound.js';

/** A neighbor's routes of one family in numbers; arrays are indexed by the kind of the route. */
export interface NeighborRouteCounts<Nlri extends Route = EvpnNlri> {
  /** Announcements since the session came up. */
  readonly received: readonly number[];
  /** Routes that stand now. */
  readonly accepted: readonly number[];
  /** Announcements refused since the session came up. */
  readonly refused: Readonly<RefusalCounts>;
  readonly lastRefusal: Refusal<Nlri> | undefined;
  /** Routes that stand, of every type. */
  readonly held: number;
  /** Those of them that the neighbor has not announced since its session before ended. */
  readonly stale: number;
  /** Those that the import policy rejects. */
  readonly rejected: number;
  /** Distinct attribute sets of the routes that stand, and the octets that are kept of them. */
  readonly sets: number;
  readonly octets: number;
}

/** Called with a route that stood and is refused now, and its attributes as they came. */
export type OnRefused<Nlri extends Route> = (
  reason: RefusalReason,
  nlri: Nlri,
  attributes: PathAttributes,
) => void;

/** What becomes of routes that were stale already when their neighbor goes once more. */
export type OlderStale = 'removed' | 'kept' | 'long-lived';

/** Of a neighbor that has sent nothing. */
export const NO_COUNTS: NeighborRouteCounts<never> = {
  received: new Array<number>(ROUTE_TYPE_SLOTS).fill(0),
  accepted: new Array<number>(ROUTE_TYPE_SLOTS).fill(0),
  refused: noRefusals(),
  lastRefusal: undefined,
  held: 0,
  stale: 0,
  rejected: 0,
  sets: 0,
  octets: 0,
};

/** All that a RIB has of one neighbor. A path whose epoch is not the neighbor's is stale. */
export class NeighborRoutes<Nlri extends Route> implements Holder {
  epoch = 0;
  agedBefore = 0;
  readonly received: number[];
  readonly accepted: number[];
  held = 0;
  sets = 0;
  octets = 0;
  /** Of memoryOf, when the neighbor was last looked at. */
  memory = 0;
  /** Paths among those held that are stale. */
  stale = 0;
  rejected = 0;
  /** Those are stale that a refresh under way has not sent again (RFC 7313). */
  refreshing = false;
  /** By which the routes that stand are judged again, since it is another one. */
  inbound: InboundPolicy = NO_POLICY;
  /** Hears of those that are refused by it. */
  onRefused: OnRefused<Nlri> | undefined = undefined;
  /** Of the latest UPDATE with routes. */
  arrival: Arrival | undefined = undefined;
  refused = noRefusals();
  lastRefusal: Refusal<Nlri> | undefined = undefined;
  /** What it has changed, by the slots of the readers that have still to take it. */
  readonly shares: (DirtyShare<Nlri> | undefined)[] = [];

  constructor(kinds: number) {
    this.received = new Array<number>(kinds).fill(0);
    this.accepted = new Array<number>(kinds).fill(0);
  }
}
