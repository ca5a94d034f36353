import { compareIp, type Ip, type Mac } from '../../types/index.js';

/** How often something is claimed, by what claims it. */
type Claims<Key, By> = Map<Key, Map<By, number>>;

/**
 * The routers of other leaves that ways of one VRF lead to: of each gateway its MAC, for the neighbor, and of each MAC the
 * VTEP that it is behind, for the FDB. Each stands once, however many ways lead there. Where two claim the same, the lower one
 * counts, in whatever order they came.
 */
export class RemoteRouters {
  readonly #macs: Claims<Ip, Mac> = new Map();
  readonly #vteps: Claims<Mac, Ip> = new Map();

  /** The MAC of the router at the gateway; undefined while no way leads there. */
  macOf(gateway: Ip): Mac | undefined {
    return least(this.#macs.get(gateway), (a, b) => a - b);
  }

  /** The VTEP that the router's MAC is behind. */
  vtepOf(mac: Mac): Ip | undefined {
    return least(this.#vteps.get(mac), compareIp);
  }

  gateways(): Iterable<Ip> {
    return this.#macs.keys();
  }

  macs(): Iterable<Mac> {
    return this.#vteps.keys();
  }

  /** MACs that several VTEPs have. */
  *shared(): Iterable<{ readonly mac: Mac; readonly vteps: readonly Ip[] }> {
    for (const [mac, vteps] of this.#vteps)
      if (vteps.size > 1) yield { mac, vteps: [...vteps.keys()].sort(compareIp) };
  }

  hold(gateway: Ip, mac: Mac, vtep: Ip): void {
    count(this.#macs, gateway, mac, 1);
    count(this.#vteps, mac, vtep, 1);
  }

  release(gateway: Ip, mac: Mac, vtep: Ip): void {
    count(this.#macs, gateway, mac, -1);
    count(this.#vteps, mac, vtep, -1);
  }
}

function count<Key, By>(claims: Claims<Key, By>, key: Key, by: By, change: 1 | -1): void {
  let its = claims.get(key);
  if (!its) {
    its = new Map();
    claims.set(key, its);
  }
  const now = (its.get(by) ?? 0) + change;
  if (now > 0) its.set(by, now);
  else its.delete(by);
  if (its.size === 0) claims.delete(key);
}

function least<By>(
  its: ReadonlyMap<By, number> | undefined,
  compare: (a: By, b: By) => number,
): By | undefined {
  let found: By | undefined;
  for (const by of its?.keys() ?? []) if (found === undefined || compare(by, found) < 0) found = by;
  return found;
}
