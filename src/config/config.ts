import type { Vni } from '../types/index.js';
import type { FileOf, ValuesOf } from './setting.js';
import type { SETTINGS } from './settings.js';
import type { VNI, VRF } from './settings-evpn.js';
import type { LISTEN_RANGE, NEIGHBOR } from './settings-neighbor.js';

/** The file's content after validation: kebab-case, defaults filled, text still text. */
export type ConfigFile = FileOf<typeof SETTINGS>;

/** What the table's rows make of a file, each for itself. */
export type Values = ValuesOf<typeof SETTINGS>;

/** Settings of a neighbor with all that follows from others. */
export type Complete<Settings> = Omit<Settings, 'keepaliveTime'> & {
  /** 0 exactly where holdTime is 0. */
  readonly keepaliveTime: number;
};

/** One BGP neighbor, defaults filled; its rows say what each value is. Times are in seconds. */
export interface NeighborConfig extends Complete<ValuesOf<typeof NEIGHBOR>> {}

/** A listen range, with the settings of its neighbors. */
export interface ListenRangeConfig extends Complete<ValuesOf<typeof LISTEN_RANGE>> {}

/** What the operator has configured for one VNI; undefined leaves the derived value. */
export interface VniConfig extends ValuesOf<typeof VNI> {}

/** What the operator has configured for one VRF; undefined leaves the derived value. */
export interface VrfConfig extends ValuesOf<typeof VRF> {}

/** A whole, valid configuration: every value parsed, every default filled; its rows say what each value is. */
export interface Config extends Omit<Values, 'neighbors' | 'listenRanges' | 'evpn'> {
  readonly neighbors: readonly NeighborConfig[];
  readonly listenRanges: readonly ListenRangeConfig[];
  readonly evpn: EvpnConfig;
}

interface EvpnConfig extends Omit<Values['evpn'], 'vnis' | 'vrfs'> {
  readonly vnis: ReadonlyMap<Vni, VniConfig>;
  /** By name. */
  readonly vrfs: ReadonlyMap<string, VrfConfig>;
}
