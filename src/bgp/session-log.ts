import type { EventSink } from '../events/index.js';
import type { Log } from '../types/index.js';
import type { AnyUpdate, UpdateFault } from '../wire/index.js';
import type { FsmEventType } from './fsm-types.js';
import { REFUSED, type RefusalReason } from './inbound.js';
import type { Negotiated } from './open.js';
import { type LimitUse, limitText, NEAR_LIMIT } from './route-limits.js';

/** What is logged of one neighbor's sessions, and which events they are. */
export class SessionLog {
  readonly #log: Log;
  readonly #neighbor: string;
  readonly #events: EventSink;

  constructor(log: Log, neighbor: string, events: EventSink) {
    this.#log = log;
    this.#neighbor = neighbor;
    this.#events = events;
  }

  /** A neighbor by interface, at that address. */
  found(address: string): void {
    this.#log.info({ neighbor: this.#neighbor, address }, 'BGP neighbor found by its router advertisements');
  }

  established({ remoteAs, holdTime }: Negotiated): void {
    this.#log.info({ neighbor: this.#neighbor, remoteAs, holdTime }, 'BGP session established');
    this.#events.push({ kind: 'neighbor-up', neighbor: this.#neighbor, remoteAs });
  }

  /** An established session is over, by this event. */
  lost(event: FsmEventType, reason: string): void {
    const facts = { neighbor: this.#neighbor, reason };
    this.#events.push({ kind: 'neighbor-down', ...facts });
    if (event === 'ManualStop') this.#log.info(facts, 'BGP session ended');
    // RFC 9687 §3.3: an error, since the neighbor looks well from its own side
    else this.#log[event === 'SendHoldTimer_Expires' ? 'error' : 'warn'](facts, 'BGP session lost');
  }

  /** An attempt came to no session; `connected`: the neighbor had taken the connection. */
  failed(level: 'debug' | 'info' | 'warn', reason: string, attempts: number, connected: boolean): void {
    this.#log[level](
      { neighbor: this.#neighbor, reason, attempts },
      connected ? 'BGP session refused' : 'BGP connection attempt failed',
    );
  }

  faulty(fault: UpdateFault): void {
    this.#log.warn({ neighbor: this.#neighbor, ...fault }, 'UPDATE error, session kept (RFC 7606)');
  }

  /** A ROUTE-REFRESH, for this reason. */
  refreshIgnored(reason: string): void {
    this.#log.warn({ neighbor: this.#neighbor, reason }, 'ROUTE-REFRESH ignored, session kept (RFC 7313)');
  }

  /** Routes of this UPDATE, which has some, were not taken, or stand no more. */
  refused(
    reason: RefusalReason,
    { family, reachable: [route], attributes }: Pick<AnyUpdate, 'family' | 'reachable' | 'attributes'>,
  ): void {
    const { level, text, cure } = REFUSED[reason];
    this.#log[level](
      {
        neighbor: this.#neighbor,
        reason,
        route: family.format(route),
        ...('rd' in route && { rd: String(route.rd) }),
        asPath: attributes?.asPath.flatMap(({ asns }) => asns).join(' '),
        ...(cure !== undefined && { cure }),
      },
      `route refused: ${text}`,
    );
  }

  /** The neighbor's routes come near their limit, or are beyond one that only warns. */
  limit(use: LimitUse): void {
    this.#log.warn(
      { neighbor: this.#neighbor, [use.what]: use.used, limit: use.limit },
      use.level === 'over'
        ? `the neighbor's routes take more than they may: ${limitText(use)} (\`on-limit: warn\`)`
        : `the neighbor's routes take more than ${NEAR_LIMIT * 100} % of what they may: ${limitText(use)}`,
    );
  }

  /** This route, and others like it, are not sent. */
  unfit(route: string): void {
    this.#log.error(
      { neighbor: this.#neighbor, route },
      "a route's attributes are too long for an UPDATE to the neighbor: such routes are not sent. See what `export-policy` adds",
    );
  }

  /** A fault of our own. */
  internal(error: string, message = 'internal error in a BGP session'): void {
    this.#log.error({ neighbor: this.#neighbor, error }, message);
  }
}
