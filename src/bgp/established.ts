import type { Clock, Timer } from '../types/index.js';
import {
  AFI_L2VPN,
  encodeRouteRefresh,
  MAX_EXTENDED_MESSAGE_LENGTH,
  MAX_MESSAGE_LENGTH,
  MessageType,
  SAFI_EVPN,
  type Update,
  UpdateEncoder,
} from '../wire/index.js';
import { AdjRibOut } from './adj-rib-out.js';
import type { InboundPolicy } from './inbound.js';
import type { Link } from './link.js';
import type { LocalRib } from './local-rib.js';
import type { Negotiated } from './open.js';
import type { PathSource } from './route.js';

/** Milliseconds in which a prompt neighbor has begun to send its routes. */
const PROMPT = 50;

/** What a neighbour has only while its session is established. */
export class Established {
  readonly source: PathSource;
  readonly adjRibOut: AdjRibOut;
  /** Clock.wallTime() of the End-of-RIB. */
  endOfRibAt: number | undefined;
  readonly #clock: Clock;
  readonly #since: number;
  #prompting: Timer | undefined;

  constructor(
    readonly link: Link,
    readonly negotiated: Negotiated,
    neighbor: string,
    /** What its routes may be; a reload may change it. */
    public inbound: InboundPolicy,
    localAsn: number,
    localRib: LocalRib,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#since = clock.now();
    const { remoteRouterId, internal, fourOctetAs, extendedMessage } = negotiated;
    this.source = { neighbor, routerId: remoteRouterId, internal };
    const encoder = new UpdateEncoder({
      fourOctetAs,
      internal,
      localAsn,
      maxMessageLength: extendedMessage ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH,
    });
    const sink = { write: (update: Buffer) => link.send(MessageType.UPDATE, update) };
    this.adjRibOut = new AdjRibOut(clock, localRib, encoder, sink);
  }

  /** Milliseconds that the session stands. */
  get uptime(): number {
    return this.#clock.now() - this.#since;
  }

  /** Asks the neighbor for all its routes again (RFC 2918); false where it did not offer that. */
  askForRoutes(): boolean {
    if (!this.negotiated.routeRefresh) return false;
    const request = encodeRouteRefresh({ afi: AFI_L2VPN, subtype: 0, safi: SAFI_EVPN });
    this.link.send(MessageType.ROUTE_REFRESH, request);
    return true;
  }

  /**
   * Asks a neighbor that keeps its routes back. FRR waits for others to whom it could send the same, longer than a second
   * (`coalesce-time`), but answers a ROUTE-REFRESH at once, and does not send the routes again when it has waited.
   */
  prompt(): void {
    this.#prompting = this.#clock.after(PROMPT, () => this.askForRoutes());
  }

  /** The session is over. */
  stop(): void {
    this.#prompting?.cancel();
    this.adjRibOut.stop();
  }

  /** Takes note of an UPDATE. True where it is the session's first End-of-RIB. */
  heard(update: Update): boolean {
    this.#prompting?.cancel();
    this.#prompting = undefined;
    if (!update.endOfRib || this.endOfRibAt !== undefined) return false;
    this.endOfRibAt = this.#clock.wallTime();
    return true;
  }
}
