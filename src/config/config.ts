import type { Vni } from '../types/index.js';
import type { FileOf, ValuesOf } from './setting.js';
import type { SETTINGS } from './settings.js';
import type { VNI } from './settings-evpn.js';
import type { NEIGHBOR } from './settings-neighbor.js';

/** The file's content after validation: kebab-case, defaults filled, text still text. */
export type ConfigFile = FileOf<typeof SETTINGS>;

/** What the table's rows make of a file, each for itself. */
export type Values = ValuesOf<typeof SETTINGS>;

/** One BGP neighbor, defaults filled; its rows say what each value is. Times are in seconds. */
export interface NeighborConfig extends Omit<ValuesOf<typeof NEIGHBOR>, 'keepaliveTime'> {
  /** 0 exactly where holdTime is 0. */
  readonly keepaliveTime: number;
}

/** What the operator says of one VNI; undefined leaves the derived value. */
export interface VniConfig extends ValuesOf<typeof VNI> {}

/** A whole, valid configuration: every value parsed, every default filled; its rows say what each value is. */
export interface Config extends Omit<Values, 'neighbors' | 'evpn'> {
  readonly neighbors: readonly NeighborConfig[];
  readonly evpn: EvpnConfig;
}

interface EvpnConfig extends Omit<Values['evpn'], 'vnis'> {
  readonly vnis: ReadonlyMap<Vni, VniConfig>;
}
