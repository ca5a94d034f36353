import type { Clock, Timer } from '../types/index.js';
import {
  type AnyFamily,
  type AnyUpdate,
  encodeRouteRefresh,
  MAX_EXTENDED_MESSAGE_LENGTH,
  MAX_MESSAGE_LENGTH,
  MessageType,
} from '../wire/index.js';
import type { FamilyRibs, SessionAdjRibOut, SessionRib } from './family-ribs.js';
import type { InboundPolicy } from './inbound.js';
import type { Link } from './link.js';
import type { Negotiated } from './open.js';
import type { PathSource } from './route.js';

/** Milliseconds in which a prompt neighbor has begun to send its routes. */
const PROMPT = 50;

/** What a session has of one of its families. */
export interface SessionFamily {
  readonly rib: SessionRib;
  readonly adjRibOut: SessionAdjRibOut;
  /** Clock.wallTime() of the End-of-RIB. */
  endOfRibAt: number | undefined;
}

/** What a neighbour has only while its session is established. */
export class Established {
  readonly source: PathSource;
  /** By the families that both sides speak. */
  readonly families = new Map<AnyFamily, SessionFamily>();
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
    ribs: readonly FamilyRibs[],
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#since = clock.now();
    const { remoteRouterId, internal, fourOctetAs, extendedMessage } = negotiated;
    this.source = { neighbor, routerId: remoteRouterId, internal };
    const encoding = {
      fourOctetAs,
      internal,
      localAsn,
      maxMessageLength: extendedMessage ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH,
    } as const;
    const sink = { write: (update: Buffer) => link.send(MessageType.UPDATE, update) };
    for (const { family, rib, adjRibOut } of ribs)
      if (negotiated.families.includes(family))
        this.families.set(family, {
          rib,
          adjRibOut: adjRibOut(clock, encoding, sink),
          endOfRibAt: undefined,
        });
  }

  /** True once the neighbor has told all that it knows of every family. */
  get isToldAll(): boolean {
    return this.endOfRibAt !== undefined;
  }

  /** Clock.wallTime() of the End-of-RIB that came last; undefined while one is missing. */
  get endOfRibAt(): number | undefined {
    let last = 0;
    for (const { endOfRibAt } of this.families.values()) {
      if (endOfRibAt === undefined) return undefined;
      last = Math.max(last, endOfRibAt);
    }
    return last;
  }

  /** Begins to tell the neighbor our routes. */
  start(): void {
    for (const { rib, adjRibOut } of this.families.values()) {
      rib.neighborUp(this.source);
      adjRibOut.start();
    }
  }

  /** Tells it all our routes again. */
  refresh(): void {
    for (const { adjRibOut } of this.families.values()) adjRibOut.refresh();
  }

  /** The socket takes bytes again. */
  drained(): void {
    for (const { adjRibOut } of this.families.values()) adjRibOut.drained();
  }

  /** Milliseconds that the session stands. */
  get uptime(): number {
    return this.#clock.now() - this.#since;
  }

  /** Asks the neighbor for all its routes again (RFC 2918); false where it did not offer that. */
  askForRoutes(): boolean {
    if (!this.negotiated.routeRefresh) return false;
    for (const { afi, safi } of this.families.keys())
      this.link.send(MessageType.ROUTE_REFRESH, encodeRouteRefresh({ afi, subtype: 0, safi }));
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
    for (const { adjRibOut } of this.families.values()) adjRibOut.stop();
  }

  /** Takes note of an UPDATE. True where it is the session's first End-of-RIB of its family. */
  heard({ family, endOfRib }: AnyUpdate): boolean {
    this.#prompting?.cancel();
    this.#prompting = undefined;
    const of = endOfRib ? this.families.get(family) : undefined;
    if (of === undefined || of.endOfRibAt !== undefined) return false;
    of.endOfRibAt = this.#clock.wallTime();
    return true;
  }
}
