import type { Family, PathAttributes, Route } from '../wire/index.js';
import type { Multipath } from './decision.js';
import { type Arrival, PlainDestination, type RibDestination } from './destination.js';
import { KeyedTable } from './keyed-table.js';
import { MultipathDestination } from './multipath-destination.js';
import type { RouteTable } from './table.js';

/** A family as its RIB needs it: where its routes stand, and as what. */
export interface Routes<Nlri extends Route> {
  readonly family: Family<Nlri>;
  readonly table: RouteTable<Nlri, RibDestination<Nlri>>;
  destination(arrival: Arrival, attributes: PathAttributes, nlri: Nlri): RibDestination<Nlri>;
  /** Where several equally good paths of a destination may be chosen. */
  readonly multipath?: Multipath | undefined;
}

/** Of a family that needs nothing of its own; one path of a destination is chosen where `multipath` is absent. */
export function plainRoutes<Nlri extends Route>(family: Family<Nlri>, multipath?: Multipath): Routes<Nlri> {
  return {
    family,
    table: new KeyedTable<Nlri, RibDestination<Nlri>>(family),
    destination: (arrival, attributes, nlri) =>
      multipath === undefined
        ? new PlainDestination(arrival, attributes, nlri, family)
        : new MultipathDestination(arrival, attributes, nlri, family, multipath),
    multipath,
  };
}
