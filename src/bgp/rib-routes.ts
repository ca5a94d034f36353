import type { Family, PathAttributes, Route } from '../wire/index.js';
import { type Arrival, PlainDestination, type RibDestination } from './destination.js';
import { KeyedTable } from './keyed-table.js';
import { MultipathDestination } from './multipath-destination.js';
import type { RouteTable } from './table.js';

/** A family as its RIB needs it: where its routes stand, and as what. */
export interface Routes<Nlri extends Route> {
  readonly family: Family<Nlri>;
  readonly table: RouteTable<Nlri, RibDestination<Nlri>>;
  destination(arrival: Arrival, attributes: PathAttributes, nlri: Nlri): RibDestination<Nlri>;
}

/** Of a family that needs nothing of its own; `most`: how many equally good paths of a destination may be chosen. */
export function plainRoutes<Nlri extends Route>(family: Family<Nlri>, most = 1): Routes<Nlri> {
  return {
    family,
    table: new KeyedTable<Nlri, RibDestination<Nlri>>(family),
    destination: (arrival, attributes, nlri) =>
      most === 1
        ? new PlainDestination(arrival, attributes, nlri, family)
        : new MultipathDestination(arrival, attributes, nlri, family, most),
  };
}
