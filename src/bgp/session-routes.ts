import type { Convergence } from '../events/index.js';
import type { Clock, Log } from '../types/index.js';
import {
  type AnyFamily,
  type AnyUpdate,
  MAX_MESSAGE_LENGTH,
  type SlicedUpdate,
  type UpdateDecoder,
  type WholeMessage,
} from '../wire/index.js';
import type { NeighborConfig } from './config.js';
import type { Established } from './established.js';
import { type FamilyRibs, holdingsOf } from './family-ribs.js';
import type { SessionEnd } from './hard-reset.js';
import type { InboundPolicy } from './inbound.js';
import { LimitWatch } from './limit-watch.js';
import { type NeighborRouteCounts, NO_COUNTS } from './neighbor-routes.js';
import type { FamilyStatus } from './neighbor-status.js';
import type { Negotiated } from './open.js';
import { DEFAULT_ROUTE_LIMITS, type LimitedHoldings, type LimitUse, routeLimits } from './route-limits.js';
import type { SessionLog } from './session-log.js';
import type { SessionRecord } from './session-record.js';
import { StaleRoutes } from './stale-routes.js';

/** What a neighbor's routes need of the speaker. */
export interface SessionRoutesDeps {
  readonly log: Log;
  /** How long changes take; not watched where absent. */
  readonly convergence?: Convergence | undefined;
  /** What the speaker keeps of each family that it speaks. */
  readonly ribs: readonly FamilyRibs[];
  /** Shared, so that the same attributes from two spines are one object. */
  readonly decoder: UpdateDecoder;
  readonly onEndOfRib: (address: string) => void;
  /** Called when routes were taken in. */
  readonly onGrown: () => void;
}

/** The facts of the session that count when it takes an UPDATE in. */
export interface UpdateHost {
  /** The session that stands. */
  readonly standing: Established | undefined;
  /** Routes were taken in: they may be more than is allowed, which ends the session. */
  checkLimits(): void;
}

/** The routes of one neighbor, of every family, over its sessions: taken in, counted to its limits, kept while it restarts. */
export class SessionRoutes {
  readonly #deps: SessionRoutesDeps;
  readonly #neighbor: string;
  readonly #record: SessionRecord;
  readonly #log: SessionLog;
  readonly #stale: ReadonlyMap<AnyFamily, StaleRoutes>;
  readonly #limitWatch = new LimitWatch();
  /** The limits are looked at with each UPDATE: read once from each configuration. */
  #latestConfig: NeighborConfig | undefined;
  #limits = DEFAULT_ROUTE_LIMITS;
  /** What is still to be taken in of a long UPDATE: with all of it at once a turn of the event loop would be as long. */
  #rest: { readonly established: Established; readonly slices: SlicedUpdate['slices'] } | undefined;

  constructor(
    clock: Clock,
    neighbor: string,
    deps: SessionRoutesDeps,
    record: SessionRecord,
    log: SessionLog,
    onStaleEnd: () => void,
  ) {
    this.#deps = deps;
    this.#neighbor = neighbor;
    this.#record = record;
    this.#log = log;
    this.#stale = new Map(
      deps.ribs.map(({ family, rib }) => [
        family,
        new StaleRoutes(clock, rib, neighbor, deps.log, onStaleEnd),
      ]),
    );
  }

  /** No more should be read from the neighbor before a reader of the RIBs has caught up. */
  get congested(): boolean {
    for (const { rib } of this.#deps.ribs) if (rib.isCongested(this.#neighbor)) return true;
    return false;
  }

  /** Returns what the routes of all families take. */
  get holdings(): Pick<NeighborRouteCounts, 'held' | 'octets' | 'stale'> {
    return holdingsOf(this.#deps.ribs, this.#neighbor);
  }

  /** Returns what of them counts for the limits. */
  get limited(): LimitedHoldings {
    const { held, octets } = this.holdings;
    return { held: held - this.#restarted, octets, heldOf: this.#freshOf };
  }

  /** True while some of the session before are kept. */
  get keepsStale(): boolean {
    for (const { status } of this.#stale.values()) if (status !== undefined) return true;
    return false;
  }

  /**
   * Returns how many of the session before are kept, or about to go. What a refresh has not sent again yet (RFC 7313) does not count:
   * a neighbor could have any number of routes that begins one again and again.
   */
  get #restarted(): number {
    let count = 0;
    for (const { uncounted } of this.#stale.values()) count += uncounted;
    return count;
  }

  #countsOf(family: AnyFamily): Pick<NeighborRouteCounts, 'held' | 'rejected' | 'refused'> {
    return this.#deps.ribs.find((ribs) => ribs.family === family)?.rib.counts(this.#neighbor) ?? NO_COUNTS;
  }

  #heldOf(family: AnyFamily): number {
    return this.#countsOf(family).held;
  }

  /** Those of the family that the session before did not leave. */
  readonly #freshOf = (family: AnyFamily): number =>
    this.#heldOf(family) - (this.#stale.get(family)?.uncounted ?? 0);

  /** Returns what the neighbor and we have of a family; `established`: the session that stands. */
  familyStatus(
    family: AnyFamily,
    established: Established | undefined,
    config: NeighborConfig,
  ): FamilyStatus {
    const restart = established?.negotiated.restarts.get(family);
    const ofSession = established?.families.get(family);
    const { held, rejected, refused } = this.#countsOf(family);
    return {
      family,
      isNegotiated: ofSession !== undefined,
      received: held,
      rejected,
      refused: { ...refused },
      maxRoutes: routeLimits(config).maxFamilyRoutes.get(family),
      sent: ofSession?.adjRibOut.sent.reduce((sum, count) => sum + count, 0) ?? 0,
      gracefulRestart: restart && {
        restartTime: restart.restartTime,
        forwardingPreserved: restart.forwardingPreserved,
        outlivesNotification: restart.outlivesNotification,
        longLivedStaleTime: restart.longLived?.staleTime ?? 0,
      },
      staleRoutes: this.#stale.get(family)?.status,
      endOfRibAt: ofSession?.endOfRibAt,
    };
  }

  /** A session begins. */
  sessionUp({ restarts }: Negotiated, { staleTime }: Pick<NeighborConfig, 'staleTime'>): void {
    this.#limitWatch.forget();
    for (const [family, stale] of this.#stale) stale.sessionUp(restarts.get(family), staleTime);
  }

  /** A session has gone: what the neighbor restarts gracefully with stays, where it may after such an end. */
  sessionDown({ restarts }: Negotiated, end: SessionEnd): void {
    this.#rest = undefined;
    for (const [family, stale] of this.#stale) {
      const restart = restarts.get(family);
      const isKept = end === 'lost' || (end === 'notified' && restart?.outlivesNotification === true);
      if (isKept && restart !== undefined) stale.begin(restart);
      else stale.discard();
    }
  }

  /** The session was ended on purpose: what is still stale goes. */
  stop(): void {
    for (const stale of this.#stale.values()) stale.stop();
  }

  /** The neighbor cannot forward: what is kept from the session before leads nowhere. */
  pathFailed(): void {
    for (const stale of this.#stale.values()) stale.pathFailed();
  }

  /** What is kept from the session before takes too much memory: it goes. */
  makeRoom(): void {
    for (const stale of this.#stale.values()) stale.makeRoom();
  }

  /** Another policy counts for those that stand, also while no session does. */
  judgeAgain(policy: InboundPolicy): void {
    for (const { family, rib } of this.#deps.ribs)
      rib.judgeAgain({ neighbor: this.#neighbor }, policy, (reason, nlri, attributes) => {
        if (this.#record.mayReport(reason))
          this.#log.refused(reason, { family, reachable: [nlri], attributes });
      });
  }

  /** The limits are others. */
  limitsChanged(): void {
    this.#limitWatch.forget();
  }

  /** The limit beyond which the neighbor is to be closed; what comes near one, or may pass it, is logged once. */
  overLimit(config: NeighborConfig): LimitUse | undefined {
    if (config !== this.#latestConfig) {
      this.#latestConfig = config;
      this.#limits = routeLimits(config);
    }
    const limits = this.#limits;
    const news = this.#limitWatch.news(this.limited, limits);
    if (news === undefined) return undefined;
    if (news.level === 'over' && limits.onLimit !== 'warn') return news;
    this.#log.limit(news);
    return undefined;
  }

  /**
   * Takes in an UPDATE of the session, or the first routes of a long one, whose others `goOn` takes in; returns how many. Throws
   * WireError where the session must end.
   */
  update(established: Established, { bytes, start, end }: WholeMessage, host: UpdateHost): number {
    const { decoder } = this.#deps;
    if (end - start > MAX_MESSAGE_LENGTH) {
      const long = decoder.decodeInSlices(bytes, start, end, established.negotiated);
      this.#noteFaults(long);
      this.#rest = { established, slices: long.slices };
      return this.goOn(host) ?? 0;
    }
    const update = decoder.decodeWithin(bytes, start, end, established.negotiated);
    this.#noteFaults(update);
    let routes = this.#take(established, update, host);
    for (const other of update.also) routes += this.#take(established, other, host);
    return routes;
  }

  /**
   * Takes in more of the UPDATE that came last, before anything that came behind it; how many routes, one at least. Undefined where all of
   * it is taken in, or the session that it came in has ended.
   */
  goOn(host: UpdateHost): number | undefined {
    const rest = this.#rest;
    if (rest === undefined) return undefined;
    const slice = host.standing === rest.established ? rest.slices.next().value : undefined;
    if (slice !== undefined) return Math.max(1, this.#take(rest.established, slice, host));
    this.#rest = undefined;
    return undefined;
  }

  #noteFaults(update: Pick<AnyUpdate, 'faults' | 'unknownRouteTypes'>): void {
    if (update.faults.length > 0 || update.unknownRouteTypes > 0)
      this.#record.faulty(update, (fault) => this.#log.faulty(fault));
  }

  /** The first MAC of an UPDATE stands for all of them. */
  #noteArrival({ reachable }: AnyUpdate): void {
    const { convergence } = this.#deps;
    if (convergence === undefined || reachable.length === 0) return;
    const [route] = reachable;
    if (!('mac' in route)) return;
    convergence.inbound.begin(route.mac);
    convergence.lateness.arrived(this.#neighbor, route.mac);
  }

  /** Takes what an UPDATE has of one family, unless an earlier part has ended the session. */
  #take(established: Established, update: AnyUpdate, host: UpdateHost): number {
    const routes = update.withdrawn.length + update.reachable.length;
    if (host.standing !== established) return routes;
    if (routes > 0) {
      const { rib } = established.families.get(update.family) ?? {};
      this.#noteArrival(update);
      const refused = rib?.update(established.source, update, established.inbound);
      if (refused !== undefined && this.#record.mayReport(refused)) this.#log.refused(refused, update);
      const isMore = update.reachable.length > 0;
      if (isMore || this.#limitWatch.hasReported) host.checkLimits();
      if (isMore) this.#deps.onGrown();
      if (host.standing !== established) return routes;
    }
    if (established.heard(update)) {
      this.#stale.get(update.family)?.endOfRib();
      if (established.isToldAll) this.#deps.onEndOfRib(this.#neighbor);
    }
    return routes;
  }
}
