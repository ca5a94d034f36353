import type { LocalRib, LocalRoute } from '../bgp/index.js';
import type { Clock, RouteDistinguisher, RouteTarget, Timer } from '../types/index.js';
import type { AttributeSets } from './export.js';
import type { MacVrf } from './mac-vrf.js';
import { visitAdvertised } from './route-types/index.js';

/** Milliseconds for which routes of an old RD stand beside those of the new one: others have installed these by then. */
const OVERLAP = 1000;

/** Every route that is originated for the VNI now. */
export function advertisedRoutes(vrf: MacVrf): LocalRoute[] {
  const routes: LocalRoute[] = [];
  visitAdvertised(vrf, (nlri, attributes) => {
    routes.push({ nlri, attributes });
    return attributes;
  });
  return routes;
}

/** The VNI's routes carry other targets from now on: each is announced again in its own place (RFC 4271 §3.1), with nothing else changed. */
export function exportWith(
  vrf: MacVrf,
  targets: readonly RouteTarget[],
  sets: AttributeSets,
  localRib: LocalRib,
): void {
  const renewed = sets.retarget(vrf.exportTargets, targets);
  vrf.exportTargets = targets;
  visitAdvertised(vrf, (route, attributes) => {
    const now = renewed(attributes);
    localRib.originate(route, now);
    return now;
  });
}

/**
 * Gives VNIs other route distinguishers. Routes of another RD are other routes (RFC 7432 §7.9), so the new ones are
 * announced first and the old ones withdrawn when others have had the time to take them over: no leaf is without a route
 * in between.
 */
export class Renaming {
  /** What stands under an old RD, by VNI. */
  readonly #retired = new Map<MacVrf, { readonly routes: readonly LocalRoute[]; readonly timer: Timer }>();

  constructor(
    readonly clock: Clock,
    readonly localRib: LocalRib,
  ) {}

  rename(vrf: MacVrf, rd: RouteDistinguisher): void {
    this.settle(vrf);
    const routes = advertisedRoutes(vrf);
    vrf.rd = rd;
    visitAdvertised(vrf, (route, attributes) => {
      this.localRib.originate(route, attributes);
      return attributes;
    });
    if (routes.length === 0) return;
    this.#retired.set(vrf, { routes, timer: this.clock.after(OVERLAP, () => this.settle(vrf)) });
  }

  /** Withdraws what still stands under the VNI's old RD. */
  settle(vrf: MacVrf): void {
    const retired = this.#retired.get(vrf);
    if (!retired) return;
    retired.timer.cancel();
    this.#retired.delete(vrf);
    // Another VNI that has the RD now may announce the same key; attribute sets are a VNI's own
    for (const { nlri, attributes } of retired.routes)
      if (this.localRib.route(nlri)?.attributes === attributes) this.localRib.withdraw(nlri);
  }

  /** Nothing is withdrawn any more. */
  stop(): void {
    for (const { timer } of this.#retired.values()) timer.cancel();
    this.#retired.clear();
  }
}
