import type { Ip } from '../types/index.js';
import type { MacVrf } from './mac-vrf.js';
import type { EvpnSettings } from './settings.js';

/** What is done in each VNI besides its MACs and IPs: it has dirty keys of its own, and routes that it originates. */
export interface VniPart {
  /** Takes the settings that count from now on; `reconfigure` follows for each VNI. */
  configure(settings: EvpnSettings): void;
  /** Brings a VNI in line with the settings, also one that is new; returns true if it is to be evaluated. */
  reconfigure(vrf: MacVrf): boolean;
  /** The VNI's devices are others: what it originates follows. */
  reattach(vrf: MacVrf): void;
  /** Marks all keys of the VNI. */
  markAll(vrf: MacVrf): void;
  /** Marks what depends on an address that became one of our VTEPs', or is one no longer; returns true if anything does. */
  markVtep(vrf: MacVrf, vtep: Ip): boolean;
  /** Decides on at most `max` dirty keys; returns how many of `max` are left over. */
  evaluate(vrf: MacVrf, max: number): number;
  hasDirty(vrf: MacVrf): boolean;
  /** The VNI is no longer served: what others count of it is taken back. Its routes and rows are removed by others. */
  remove(vrf: MacVrf): void;
}
