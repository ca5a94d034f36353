import {
  type AsPathSegment,
  AsPathSegmentType,
  type EvpnNlri,
  type PathAttributes,
  type Route,
} from '../wire/index.js';
import type { ExportPolicy } from './export-policy.js';
import type { ImportPolicy } from './import-policy.js';
import { samePolicy } from './policy.js';

/** What the operator lets a neighbor's routes be; read at each UPDATE. */
export interface InboundPolicy {
  /** The neighbor's AS where it is another than ours and must lead its paths (RFC 4271 §6.3); undefined checks nothing. */
  readonly firstAs: number | undefined;
  /** How often our own AS may be in a path. */
  readonly allowasIn: number;
  /** The AS that we have for this neighbor, which counts as our own too; undefined where it is no other. */
  readonly localAs: number | undefined;
  /** What becomes of each route that is not refused; all are taken as they come where absent. */
  readonly routes?: ImportPolicy | undefined;
}

/** What becomes of the routes of a session. */
export interface SessionPolicies {
  readonly inbound: InboundPolicy;
  /** All are sent as they are where undefined. */
  readonly exported: ExportPolicy | undefined;
  /** Milliseconds from changes that the neighbor is sent to the next ones, jitter included. */
  readonly interval: () => number;
}

/** Nothing but what loops is refused. */
export const NO_POLICY: InboundPolicy = { firstAs: undefined, allowasIn: 0, localAs: undefined };

/** Returns what a neighbor's settings make of its routes on a session with these facts. */
export function inboundPolicy(
  {
    enforceFirstAs = true,
    allowasIn = 0,
    localAs,
    importPolicy,
  }: {
    readonly enforceFirstAs?: boolean;
    readonly allowasIn?: number;
    readonly localAs?: number | undefined;
    readonly importPolicy?: ImportPolicy | undefined;
  },
  { internal, remoteAs }: { readonly internal: boolean; readonly remoteAs: number },
): InboundPolicy {
  const firstAs = enforceFirstAs && !internal ? remoteAs : undefined;
  return { firstAs, allowasIn, localAs, routes: importPolicy };
}

/** What of a neighbor's settings decides which of its routes are taken, and as what. */
export type InboundSettings = Parameters<typeof inboundPolicy>[0];

/** True where both take the same routes, in the same way, from whomever. */
export function sameInbound(a: InboundSettings, b: InboundSettings): boolean {
  return (
    (a.enforceFirstAs ?? true) === (b.enforceFirstAs ?? true) &&
    (a.allowasIn ?? 0) === (b.allowasIn ?? 0) &&
    a.localAs === b.localAs &&
    samePolicy(a.importPolicy, b.importPolicy)
  );
}

/**
 * True where `after` may take a route that `before` has refused. Each reason is looked at for itself: a route with two has been
 * counted by that which is looked for first, and while that stays it is refused as before.
 */
export function takesMore(
  before: InboundPolicy,
  after: InboundPolicy,
  refused: Readonly<RefusalCounts>,
): boolean {
  if (refused['first-as'] > 0 && before.firstAs !== undefined && before.firstAs !== after.firstAs)
    return true;
  const loops = refused['as-path-loop'] + refused['own-route'];
  return loops > 0 && (before.allowasIn < after.allowasIn || before.localAs !== after.localAs);
}

/** How a refusal is reported. */
export interface RefusalEntry {
  readonly level: 'debug' | 'info' | 'warn';
  readonly text: string;
  /** What an operator may do about it. */
  readonly cure: string | undefined;
}

/** Why routes are refused where they arrive. They do not enter the RIB, and what the neighbor announced of them before goes. */
export const REFUSED = {
  'own-route': { level: 'debug', text: 'a route of this leaf came back (RFC 4271 §9.1.2)', cure: undefined },
  'as-path-loop': {
    level: 'info',
    text: 'our AS is in its AS_PATH (RFC 4271 §9.1.2): another leaf has the same AS',
    cure: 'give each leaf an AS of its own, or set `allowas-in` of the neighbor',
  },
  'originator-id-loop': {
    level: 'debug',
    text: 'its ORIGINATOR_ID is our router-id (RFC 4456 §8)',
    cure: undefined,
  },
  'cluster-list-loop': {
    level: 'debug',
    text: 'our router-id is in its CLUSTER_LIST (RFC 4456 §8)',
    cure: undefined,
  },
  'first-as': {
    level: 'warn',
    text: "its AS_PATH does not begin with the neighbor's AS (RFC 4271 §6.3)",
    cure: 'set `enforce-first-as: false` of the neighbor if it is a route server',
  },
} as const satisfies Record<string, RefusalEntry>;
export type RefusalReason = keyof typeof REFUSED;

/** Announcements refused since the session came up, by reason. */
export type RefusalCounts = Record<RefusalReason, number>;

/** The latest refusal of a neighbor. */
export interface Refusal<Nlri extends Route = EvpnNlri> {
  readonly reason: RefusalReason;
  readonly nlri: Nlri;
  readonly asPath: readonly AsPathSegment[];
  /** Clock.wallTime(). */
  readonly at: number;
}

/** Counts of nothing. */
export function noRefusals(): RefusalCounts {
  return {
    'own-route': 0,
    'as-path-loop': 0,
    'originator-id-loop': 0,
    'cluster-list-loop': 0,
    'first-as': 0,
  };
}

/** Returns why routes with these attributes are refused; undefined if they are taken. */
export function whyRefused(
  { asPath, originatorId, clusterList }: PathAttributes,
  asn: number,
  routerId: number,
  { firstAs, allowasIn, localAs }: InboundPolicy,
): Exclude<RefusalReason, 'own-route'> | undefined {
  if (firstAs !== undefined && !beginsWith(asPath, firstAs)) return 'first-as';
  let own = 0;
  for (const { asns } of asPath) for (const each of asns) if (each === asn || each === localAs) own++;
  if (own > allowasIn) return 'as-path-loop';
  if (originatorId === routerId) return 'originator-id-loop';
  return clusterList.includes(routerId) ? 'cluster-list-loop' : undefined;
}

function beginsWith(asPath: readonly AsPathSegment[], asn: number): boolean {
  if (asPath.length === 0) return false;
  const { type, asns } = asPath[0];
  return type === AsPathSegmentType.AS_SEQUENCE && asns[0] === asn;
}
