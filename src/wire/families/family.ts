/** Which kind of its family's routes a route is; counts are kept by it. A family of one kind has kind 0 alone. */
export interface Route {
  readonly type: number;
}

/** More routes than a message has. */
export const ALL = 0x10000;

/** Receives a route that is skipped; `fault` is what is malformed in it, undefined for a type that has no codec. */
export type OnSkipped = (type: number, value: Buffer, fault: string | undefined) => void;

/**
 * One address family: its numbers (RFC 4760 §2), its octets, and when two of its routes are the same. What BGP does with
 * routes it does by this row, whatever they are.
 */
export interface Family<Nlri extends Route> {
  /** As operators know it, for example L2VPN/EVPN. */
  readonly name: string;
  readonly afi: number;
  readonly safi: number;
  /** An UPDATE has fields of its own for them (RFC 4271 §4.3), which come with NEXT_HOP. */
  readonly hasFields: boolean;
  /** Octets that a next hop in MP_REACH may have. */
  readonly nextHopLengths: readonly number[];
  /** One more than the largest kind of its routes. */
  readonly kinds: number;
  /**
   * Reads the routes between `start` and `end` into `routes`, in order; those that are of no use to `onSkipped`. Ends after `most` of both,
   * and returns where. Throws Malformed where the attribute or field is incorrect as a whole (RFC 7606 §5.3).
   */
  decode(
    bytes: Buffer,
    start: number,
    end: number,
    routes: Nlri[],
    onSkipped: OnSkipped,
    most?: number,
  ): number;
  /** Octets of the route. */
  length(route: Nlri): number;
  /** Writes the route at `at`, and returns where it ends. */
  encode(route: Nlri, bytes: Buffer, at: number): number;
  /** The route as withdrawals carry it: what is no part of its key at zero. */
  keyOnly(route: Nlri): Nlri;
  /** True where both name the same destination. */
  sameKey(a: Nlri, b: Nlri): boolean;
  /** True where also what is not in the key is equal. */
  same(a: Nlri, b: Nlri): boolean;
  /** The key as one value, equal where `sameKey` is true. */
  keyOf(route: Nlri): number | string;
  /** The key in the look that operators know. */
  format(route: Nlri): string;
}
