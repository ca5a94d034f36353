import type { Family, PathAttributes, Prefix, Route } from '../wire/index.js';
import type { Multipath } from './decision.js';
import type { Arrival, RibDestination } from './destination.js';
import { KeyedTable } from './keyed-table.js';
import { MultipathDestination } from './multipath-destination.js';
import { PrefixDestination } from './prefix-destination.js';
import type { RouteTable } from './table.js';

/** A family as its RIB needs it: where its routes stand, and as what. */
export interface Routes<Nlri extends Route> {
  readonly family: Family<Nlri>;
  readonly table: RouteTable<Nlri, RibDestination<Nlri>>;
  destination(arrival: Arrival, attributes: PathAttributes, nlri: Nlri): RibDestination<Nlri>;
  /** Where several equally good paths of a destination may be chosen. */
  readonly multipath?: Multipath | undefined;
}

/** Of a family of prefixes; one path of a destination is chosen where `multipath` is absent. */
export function plainRoutes(family: Family<Prefix>, multipath?: Multipath): Routes<Prefix> {
  return {
    family,
    table: new KeyedTable<Prefix, RibDestination<Prefix>>(family),
    destination: (arrival, attributes, nlri) =>
      multipath === undefined
        ? new PrefixDestination(arrival, attributes, nlri)
        : new MultipathDestination(arrival, attributes, nlri),
    multipath,
  };
}
