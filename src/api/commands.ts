import type { Ip, Mac, Vni } from '../types/index.js';

/** A duplicate, or all of a VNI where neither MAC nor IP is named. */
export interface DuplicateSelection {
  readonly vni: Vni;
  readonly mac: Mac | undefined;
  readonly ip: Ip | undefined;
}

/** What an operator can have done. Only the Unix socket takes commands: its file permissions say who may give them. */
export interface Commands {
  /** Forgets duplicates, so that their moves are followed again; returns how many there were. */
  clearDuplicates(selection: DuplicateSelection): number;
}
