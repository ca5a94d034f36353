import type { Ip } from '../types/index.js';
import type { EvpnNlri, OriginatedAttributes, PathAttributes, Route } from '../wire/index.js';

/** Where a path came from, as far as the decision process and the reader of the API need it. */
export interface PathSource {
  /** The neighbor's configured address as text, or the name of its interface; unique among neighbors. */
  readonly neighbor: string;
  /** The neighbor's link-local address with its zone where `neighbor` is the name of an interface. */
  readonly address?: string | undefined;
  /** The peer's BGP identifier, unsigned 32 bits. */
  readonly routerId: number;
  readonly internal: boolean;
}

/** One neighbor's word on one destination. */
export interface Path<Nlri extends Route = EvpnNlri> {
  readonly source: PathSource;
  readonly attributes: PathAttributes;
  /** The NLRI as this neighbor sent it: ESI and labels are its own. */
  readonly nlri: Nlri;
  /** Clock.wallTime() of the UPDATE. */
  readonly receivedAt: number;
  /** Kept over the neighbor's restart until its End-of-RIB (RFC 4724 §4.2). */
  readonly stale: boolean;
  /** Kept beyond the restart time of its neighbor, where nothing else is known (RFC 9494); not where absent. */
  readonly isLongLived?: boolean;
}

/** One NLRI key with every neighbor's path; at most one path a neighbor. It and its paths are the RIB's: their content changes with the next UPDATE. */
export interface Destination<Nlri extends Route = EvpnNlri> {
  /** The NLRI of some path; its key fields (not ESI, not labels) are the destination's. */
  readonly nlri: Nlri;
  readonly paths: readonly Path<Nlri>[];
  /** The decision process's choice (RFC 4271 §9.1.2), undefined when the last path went. */
  readonly best: Path<Nlri> | undefined;
  /**
   * What traffic to the destination may be spread over, `best` first: several paths, each with a next hop of its own, where
   * the RIB of the family is to choose several that are equally good. Empty when the last path went.
   */
  readonly chosen: readonly Path<Nlri>[];
  /** What the readers of the RIB note of it: `RibReader` alone looks at that. */
  notes: object | undefined;
}

/** A route of our own, until it is withdrawn. */
export interface LocalRoute<Nlri extends Route = EvpnNlri> {
  readonly nlri: Nlri;
  readonly attributes: OriginatedAttributes;
}

/** Returns what names the source of the paths of a neighbor that is at that address. */
export function sourceNames(
  {
    address: neighbor,
    interface: link,
  }: { readonly address: string; readonly interface?: string | undefined },
  address: string,
): Pick<PathSource, 'neighbor' | 'address'> {
  return link === undefined ? { neighbor } : { neighbor, address };
}

/** The neighbor's address as text, a link-local one with its zone. */
export function sourceAddress({ address, neighbor }: PathSource): string {
  return address ?? neighbor;
}

/** The next hop of a path: by an interface a link-local one is taken before a global one (RFC 8950 §3). */
export function nextHopAddress({ attributes, source }: Pick<Path<Route>, 'attributes' | 'source'>): Ip {
  const linkLocal = source.address === undefined ? undefined : attributes.linkLocalNextHop;
  return linkLocal ?? attributes.nextHop;
}
