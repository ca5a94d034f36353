import type { Clock } from '../types/index.js';
import { EVPN, type EvpnNlri } from '../wire/index.js';
import type { DecisionSettings } from './decision.js';
import type { RibDestination } from './destination.js';
import { evpnDestination } from './evpn-destination.js';
import { FamilyRib, type RibIdentity } from './rib.js';
import type { Destination } from './route.js';
import { EvpnTable, type TableFilter } from './table.js';

/** The Adj-RIB-In of L2VPN/EVPN: its table finds routes by RD, route type and MAC. */
export class Rib extends FamilyRib<EvpnNlri> {
  readonly #evpn: EvpnTable<RibDestination>;

  constructor(clock: Clock, identity: RibIdentity, decision: DecisionSettings = {}) {
    const table = new EvpnTable<RibDestination>();
    super(clock, identity, { family: EVPN, table, destination: evpnDestination }, decision);
    this.#evpn = table;
  }

  /** Every destination that the filter names and that has a path. */
  *destinationsOf(filter: TableFilter): IterableIterator<Destination> {
    for (const destination of this.#evpn.entries(filter)) if (destination.hasPath) yield destination;
  }
}
