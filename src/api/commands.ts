import type { Ip, Mac, Vni } from '../types/index.js';
import type { NeighborItem } from './resources/neighbor-item.js';

export type SoftDirection = 'in' | 'out' | 'both';

/** A duplicate, or all of a VNI where neither MAC nor IP is named. */
export interface DuplicateSelection {
  readonly vni: Vni;
  readonly mac: Mac | undefined;
  readonly ip: Ip | undefined;
}

/** What became of a command for a neighbor: the neighbor as it is now, or why nothing was done. */
export type NeighborAnswer =
  | { readonly neighbor: NeighborItem }
  | {
      readonly refused:
        | 'no-such-neighbor'
        | 'neighbor-shut-down'
        | 'shut-down-by-setting'
        | 'no-session'
        | 'no-route-refresh';
    };

/**
 * The commands of an operator. They are accepted on the Unix socket, whose file permissions control access, and over TLS with a token. Addresses of
 * neighbors are text, with a zone where they have one.
 */
export interface Commands {
  /** Forgets duplicates, so that their moves are followed again; returns how many there were. */
  clearDuplicates(selection: DuplicateSelection): number;
  /** Ends the neighbor's session with Cease/Administrative Reset and this message (RFC 9003), and starts a new one. */
  clearNeighbor(name: string, words: string): NeighborAnswer;
  /** Requests the neighbor's routes again (`in`), sends it ours again (`out`), or `both`; the session stays. */
  softClearNeighbor(name: string, direction: SoftDirection): NeighborAnswer;
  /** Ends the session with Cease/Administrative Shutdown and this message, and keeps it down until `enableNeighbor`. */
  shutDownNeighbor(name: string, words: string): NeighborAnswer;
  enableNeighbor(name: string): NeighborAnswer;
}
