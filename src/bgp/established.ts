import type { Trail } from '../events/index.js';
import type { Clock, Timer } from '../types/index.js';
import {
  type AnyFamily,
  type AnyUpdate,
  encodeRouteRefresh,
  familyAmong,
  MAX_EXTENDED_MESSAGE_LENGTH,
  MAX_MESSAGE_LENGTH,
  MessageType,
  type RouteRefreshMessage,
} from '../wire/index.js';
import { addressOf } from './address.js';
import type { UpdateSink } from './adj-rib-out.js';
import type { StandingSession } from './config.js';
import type { FamilyRibs, SessionAdjRibOut, SessionRib } from './family-ribs.js';
import { type InboundPolicy, type SessionPolicies, takesMore } from './inbound.js';
import type { Link } from './link.js';
import type { Negotiated } from './open.js';
import { hasRestarted, type PeerRestart } from './peer-restart.js';
import { samePolicy } from './policy.js';
import type { PathSource } from './route.js';

/** Milliseconds in which a session is part of our own start, when nothing is known yet. */
const START = 5000;
/** Milliseconds in which a prompt neighbor has begun to send its routes. */
const PROMPT = 50;
/**
 * Milliseconds by which the End-of-RIB to a neighbor waits that has restarted and forwards on by its routes of before. With the
 * first one FRR 8.4 removes from its kernel whatever nobody has told it again, though its other neighbors may be a second behind, and
 * our own routes 50 ms on their way through its queue.
 */
const RESTARTED = 3000;

/** What became of asking for routes, or sending them, again. */
export type Refresh = 'done' | 'no session' | 'no route refresh';

/** What a session has of one of its families. */
export interface SessionFamily {
  readonly rib: SessionRib;
  readonly adjRibOut: SessionAdjRibOut;
  /** Clock.wallTime() of the End-of-RIB. */
  endOfRibAt: number | undefined;
  /** The neighbor is telling all its routes again: BoRR has come, EoRR is to come (RFC 7313). */
  isRefreshing: boolean;
}

/** Subtypes of ROUTE-REFRESH (RFC 7313 §3.2). */
const [REQUEST, BEGIN, END] = [0, 1, 2];

/** What a neighbor has only while its session is established. */
export class Established {
  readonly source: PathSource;
  /** By the families that both sides speak. */
  readonly families = new Map<AnyFamily, SessionFamily>();
  readonly #clock: Clock;
  readonly #since: number;
  #prompting: Timer | undefined;
  /** A reload may change them. */
  #policies: SessionPolicies;

  constructor(
    readonly link: Link,
    readonly negotiated: Negotiated,
    names: Pick<PathSource, 'neighbor' | 'address'>,
    policies: SessionPolicies,
    localAsn: number,
    ribs: readonly FamilyRibs[],
    clock: Clock,
    unfit: (route: string) => void,
    outbound: Trail | undefined,
  ) {
    this.#clock = clock;
    this.#policies = policies;
    this.#since = clock.now();
    const { remoteRouterId, internal, fourOctetAs, extendedMessage } = negotiated;
    this.source = { ...names, routerId: remoteRouterId, internal };
    const localAddress = link.connection?.localAddress;
    const encoding = {
      fourOctetAs,
      internal,
      localAsn,
      localAddress: localAddress === undefined ? undefined : addressOf(localAddress),
      maxMessageLength: extendedMessage ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH,
    } as const;
    const write = (update: Buffer) => link.send(MessageType.UPDATE, update);
    const sinkOf = (family: AnyFamily): UpdateSink => ({
      write,
      outbound,
      unfit: (nlri) => unfit(family.format(nlri)),
      interval: () => this.#policies.interval(),
      mark: negotiated.enhancedRefresh
        ? (what) => this.#sendRefresh(family.afi, family.safi, what === 'begin' ? BEGIN : END)
        : undefined,
      endOfRibDelay: forwardsSinceRestart(negotiated.restarts.get(family)) ? RESTARTED : undefined,
    });
    for (const { family, rib, adjRibOut } of ribs)
      if (negotiated.families.includes(family))
        this.families.set(family, {
          rib,
          adjRibOut: adjRibOut(clock, encoding, sinkOf(family), policies.exported),
          endOfRibAt: undefined,
          isRefreshing: false,
        });
  }

  /** True once the neighbor has sent all its routes of every family. */
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

  /** Begins to send the neighbor our routes. */
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

  /** Of its settings those that a session begins with. */
  get settings(): StandingSession | undefined {
    const localAddress = this.link.connection?.localAddress;
    return localAddress === undefined ? undefined : { remoteAs: this.negotiated.remoteAs, localAddress };
  }

  /** True if the peer's new OPEN has the restart flag, and this session is older than its first steps (RFC 4724 §5). */
  isBefore({ restarts }: Negotiated): boolean {
    if (!hasRestarted(restarts) || this.negotiated.restarts.size === 0) return false;
    return this.uptime >= this.negotiated.keepaliveTime * 1000;
  }

  /** Milliseconds that the session stands. */
  get uptime(): number {
    return this.#clock.now() - this.#since;
  }

  /** Asks the neighbor for all its routes again (RFC 2918), if it has offered that. */
  askForRoutes(): Refresh {
    if (!this.negotiated.routeRefresh) return 'no route refresh';
    for (const { afi, safi } of this.families.keys()) this.#sendRefresh(afi, safi, REQUEST);
    return 'done';
  }

  /** Returns what its routes may be. */
  get inbound(): InboundPolicy {
    return this.#policies.inbound;
  }

  /**
   * Takes and sends routes by these policies from now on. All are asked for again where some were refused that may be taken now:
   * those the neighbor alone knows. The RIB has the others as they came, and judges them itself, also what an import policy rejects.
   */
  changePolicies(after: SessionPolicies): Refresh {
    const before = this.#policies;
    this.#policies = after;
    if (!samePolicy(before.exported, after.exported))
      for (const { adjRibOut } of this.families.values()) adjRibOut.changePolicy(after.exported);
    return this.#mayTakeMore(before.inbound, after.inbound) ? this.askForRoutes() : 'done';
  }

  #mayTakeMore(before: InboundPolicy, after: InboundPolicy): boolean {
    for (const { rib } of this.families.values())
      if (takesMore(before, after, rib.counts(this.source.neighbor).refused)) return true;
    return false;
  }

  #sendRefresh(afi: number, safi: number, subtype: number): void {
    this.link.send(MessageType.ROUTE_REFRESH, encodeRouteRefresh({ afi, subtype, safi }));
  }

  /**
   * The neighbor asks for our routes, or begins or ends to send its own again (RFC 7313 §4): what it has not sent between the two
   * goes. Before its first End-of-RIB, where it sends one, it may not begin; subtypes that nobody knows are nothing (§5). Returns why
   * the message is ignored; undefined where it is not.
   */
  routeRefresh({ afi, safi, subtype }: RouteRefreshMessage): string | undefined {
    const family = familyAmong(this.negotiated.families, afi, safi);
    const of = family && this.families.get(family);
    if (of === undefined) return `the session does not have AFI ${afi}, SAFI ${safi}`;
    if (subtype === REQUEST) {
      of.adjRibOut.refresh();
      return undefined;
    }
    if (!this.negotiated.enhancedRefresh)
      return `subtype ${subtype} needs enhanced route refresh, which the session does not have`;
    if (subtype === BEGIN) {
      if (of.endOfRibAt === undefined && this.negotiated.sendsEndOfRib) return 'BoRR before the End-of-RIB';
      of.isRefreshing = true;
      of.rib.neighborRefreshes(this.source);
      return undefined;
    }
    if (subtype !== END) return `subtype ${subtype} is unknown`;
    if (!of.isRefreshing) return 'EoRR without BoRR';
    of.isRefreshing = false;
    void of.rib.sweepStale(this.source);
    return undefined;
  }

  /**
   * Asks a neighbor that keeps its routes back, where this is the first session after our own start, `sinceStart` milliseconds
   * ago. FRR waits for others to whom it could send the same, longer than a second (`coalesce-time`), but answers a
   * ROUTE-REFRESH at once, and does not send the routes again when it has waited. At a neighbor's start all its leaves would
   * ask, and it would do for each what it can do once for all of them; and one that has restarted waits for its
   * other neighbors' routes rightly (RFC 4724 §4.1), though it may send an End-of-RIB to whoever asks (GoBGP 3.10).
   */
  promptAtStart(sinceStart: number): void {
    if (sinceStart >= START || hasRestarted(this.negotiated.restarts)) return;
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

function forwardsSinceRestart(restart: PeerRestart | undefined): boolean {
  return restart?.restarted === true && restart.forwardingPreserved;
}
