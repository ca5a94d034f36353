import type { OpenMessage } from '../wire/index.js';
import type { Attempts } from './attempts.js';
import {
  type LocalIdentity,
  leavesStale,
  type NeighborConfig,
  needsNewSession,
  peerSecurity,
  type StandingSession,
} from './config.js';
import type { FsmTimer } from './fsm-types.js';
import { inboundPolicy, type SessionPolicies, sameInbound } from './inbound.js';
import { buildOpen, judgeOpen, type Negotiated, type OpenRefusal } from './open.js';
import { sameLimits } from './route-limits.js';
import { advertisementPeriod, sendHoldPeriod, timerPeriod } from './timer-periods.js';
import type { ConnectTarget } from './transport.js';

/** What other settings make different for a session. */
export interface SettingsChange {
  /** It cannot go on, and begins anew. */
  readonly needsNewSession: boolean;
  /** What is kept of the neighbor while it restarts stays. */
  readonly leavesStale: boolean;
  readonly limits: boolean;
  /** Which of its routes are taken, and as what. */
  readonly inbound: boolean;
  /** The key that its connections have from now on; undefined where it stays. */
  readonly key: NeighborConfig['passwordFile'];
  readonly sendHoldTime: boolean;
}

/** The settings of a neighbor and of ourselves that count now, and what its connections take from them. */
export class SessionSettings {
  #neighbor: NeighborConfig;
  #local: LocalIdentity;
  readonly #attempts: Attempts;
  readonly #random: () => number;
  #hadSession = false;

  /** `random`: 0 to below 1, for the timers' jitter. */
  constructor(neighbor: NeighborConfig, local: LocalIdentity, attempts: Attempts, random: () => number) {
    this.#neighbor = neighbor;
    this.#local = local;
    this.#attempts = attempts;
    this.#random = random;
  }

  get neighbor(): NeighborConfig {
    return this.#neighbor;
  }

  /**
   * Read when an OPEN is made. After a session with the neighbor that is over, what it led to is still forwarded, so that it is to
   * keep our routes until we have told them again: without the F bit it would remove them at our return (RFC 4724 §4.2). To it
   * we have restarted no more: with the R bit it would not wait for our routes where it is the one that restarts, and FRR would
   * remove what it forwards by.
   */
  get local(): LocalIdentity {
    if (!this.#hadSession) return this.#local;
    return { ...this.#local, restart: { restarting: false, forwardingPreserved: true } };
  }

  /** A session that stood is over. */
  sessionDown(): void {
    this.#hadSession = true;
  }

  /** Returns what others make different; `standing`: the session that stands. They count with `take`. */
  changes(
    neighbor: NeighborConfig,
    local: LocalIdentity,
    standing: StandingSession | undefined,
  ): SettingsChange {
    const before = this.#neighbor;
    const { passwordFile } = neighbor;
    const isOther = local.asn !== this.#local.asn || local.routerId !== this.#local.routerId;
    return {
      needsNewSession: needsNewSession(before, neighbor, standing, local.asn) || isOther,
      leavesStale: standing === undefined && !isOther && leavesStale(before, neighbor),
      limits: !sameLimits(neighbor, before),
      inbound: !sameInbound(neighbor, before),
      key: passwordFile?.equals(before.passwordFile) === false ? passwordFile : undefined,
      sendHoldTime: neighbor.sendHoldTime !== before.sendHoldTime,
    };
  }

  take(neighbor: NeighborConfig, local: LocalIdentity): void {
    this.#neighbor = neighbor;
    this.#local = local;
  }

  /** Returns where connections to the neighbor at this address go, and what they are made with. */
  targetAt(address: string): ConnectTarget {
    const { port, localAddress, sourceFault: fault, device } = this.#neighbor;
    return { address, port, localAddress, device, security: peerSecurity(this.#neighbor), fault };
  }

  get startEvent(): 'AutomaticStart' | 'AutomaticStart_with_PassiveTcpEstablishment' {
    return this.#neighbor.passive ? 'AutomaticStart_with_PassiveTcpEstablishment' : 'AutomaticStart';
  }

  /** Milliseconds, jitter included; `negotiated` is the link's own outcome. */
  timerPeriod(timer: Exclude<FsmTimer, 'HoldTimer'>, negotiated: Negotiated | undefined): number {
    return timerPeriod(timer, this.#neighbor, negotiated, this.#attempts, this.#random());
  }

  /** Milliseconds that the neighbor may leave unread what waits for it (RFC 9687); 0: for ever. */
  sendHoldPeriod(negotiated: Negotiated | undefined): number {
    return sendHoldPeriod(this.#neighbor, negotiated);
  }

  openMessage(): OpenMessage {
    return buildOpen(this.local, this.#neighbor);
  }

  judge(open: OpenMessage): Negotiated | OpenRefusal {
    return judgeOpen(open, this.#local, this.#neighbor);
  }

  /** Returns what becomes of the neighbor's routes, and of ours. */
  policies(negotiated: Negotiated): SessionPolicies {
    const { exportPolicy, advertisementInterval } = this.#neighbor;
    return {
      inbound: inboundPolicy(this.#neighbor, negotiated),
      exported: exportPolicy,
      interval: () => advertisementPeriod(advertisementInterval, this.#random()),
    };
  }
}
