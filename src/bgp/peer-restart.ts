import { type AnyFamily, type Capability, familyAmong, type OpenMessage } from '../wire/index.js';
import type { NeighborConfig } from './config.js';

/** A peer's graceful restart capability for one family (RFC 4724 §3). */
export interface PeerRestart {
  /** Seconds. */
  readonly restartTime: number;
  /** The R bit: the peer has just restarted. */
  readonly restarted: boolean;
  /** The F bit: the peer's forwarding state outlived the restart before this OPEN. */
  readonly forwardingPreserved: boolean;
  /** Both have the N bit: routes stay over a NOTIFICATION and the end of the hold time, too (RFC 8538). */
  readonly outlivesNotification: boolean;
  /** Where both offer to keep routes for long (RFC 9494); undefined where not. */
  readonly longLived: LongLivedRestart | undefined;
}

/** What follows when the restart time is over. */
export interface LongLivedRestart {
  /** Seconds: what the peer offers, ours at most. */
  readonly staleTime: number;
  /** The F bit: as of graceful restart. */
  readonly forwardingPreserved: boolean;
}

/** What of a neighbor's settings counts for its restarts. */
type RestartSettings = Pick<NeighborConfig, 'gracefulRestartNotification' | 'longLivedStaleTime'>;

/** True where we keep the neighbor's routes over a NOTIFICATION (RFC 8538). */
export function keepsOverNotification({ gracefulRestartNotification = true }: RestartSettings): boolean {
  return gracefulRestartNotification;
}

/** True if the peer has the restart flag for some family. */
export function hasRestarted(restarts: ReadonlyMap<AnyFamily, PeerRestart>): boolean {
  for (const { restarted } of restarts.values()) if (restarted) return true;
  return false;
}

/** Returns the last capability of a code: of several that alone counts (RFC 4724 §3). */
function lastOf<Code extends Capability['code']>(
  capabilities: readonly Capability[],
  code: Code,
): Extract<Capability, { readonly code: Code }> | undefined {
  return capabilities.findLast(
    (one): one is Extract<Capability, { readonly code: Code }> => one.code === code,
  );
}

/**
 * Returns how the peer restarts, by those of the `offered` families for which it keeps forwarding: for the restart time, for the
 * long-lived stale time, or for both, one after the other. A family that the long-lived capability has alone restarts in no time; the
 * whole of it is nothing without the other capability (RFC 9494 §4.2, §4.5).
 */
export function restartsOf(
  { capabilities }: OpenMessage,
  offered: readonly AnyFamily[],
  settings: RestartSettings,
): ReadonlyMap<AnyFamily, PeerRestart> {
  const restarts = new Map<AnyFamily, PeerRestart>();
  const graceful = lastOf(capabilities, 64);
  if (graceful === undefined) return restarts;
  const common = {
    restarted: graceful.restartState,
    outlivesNotification: graceful.notification && keepsOverNotification(settings),
  };
  for (const { afi, safi, forwardingPreserved } of graceful.families) {
    const family = familyAmong(offered, afi, safi);
    if (family === undefined) continue;
    const { restartTime } = graceful;
    restarts.set(family, { ...common, restartTime, forwardingPreserved, longLived: undefined });
  }
  const { longLivedStaleTime: most = 0 } = settings;
  if (most === 0) return restarts;
  for (const { afi, safi, forwardingPreserved, staleTime } of lastOf(capabilities, 71)?.families ?? []) {
    const family = familyAmong(offered, afi, safi);
    if (family === undefined || (staleTime === 0 && !restarts.has(family))) continue;
    const before = restarts.get(family) ?? { ...common, restartTime: 0, forwardingPreserved: false };
    const longLived = { staleTime: Math.min(staleTime, most), forwardingPreserved };
    restarts.set(family, { ...before, longLived });
  }
  return restarts;
}
