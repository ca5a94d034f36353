import {
  hostPrefix,
  type Ip,
  isLinkLocal,
  type PrefixKey,
  prefixAddress,
  type RouteTarget,
  type Vni,
} from '../../types/index.js';
import type { MacVrf } from '../mac-vrf.js';
import type { IpVrf } from './ip-vrf.js';

interface LocalLeaksDependencies {
  /** The VRFs that import routes with one of the targets. */
  readonly takersOf: (targets: readonly RouteTarget[]) => readonly IpVrf[];
  /** The prefixes that are announced of the VRF. */
  readonly announced: (vrf: IpVrf) => ReadonlySet<PrefixKey>;
  /** The VNI of hosts that has the prefix's one address on a port of ours. */
  readonly localVniOf: (vrf: IpVrf, prefix: PrefixKey) => Vni | undefined;
  readonly macVrf: (vni: Vni) => Pick<MacVrf, 'ips'> | undefined;
  readonly mark: (vrf: IpVrf, prefix: PrefixKey) => void;
  readonly markAll: (vrf: IpVrf) => void;
}

const NONE: readonly IpVrf[] = [];

/**
 * What VRFs of one leaf take of one another by route targets: routes that the leaf announces for the one, it has for the other
 * too, as every other leaf has them. One that announces a prefix itself takes it from nobody, so that no two lead to each other
 * with one prefix. With two they may: where the one announces a network without a way to all of it and has the other's default route. A
 * discard route of the operator's for the network ends that.
 */
export class LocalLeaks {
  readonly #deps: LocalLeaksDependencies;
  /** Who takes routes of each VRF, and of whom each takes some, in the order of their L3VNIs. */
  #takers: ReadonlyMap<IpVrf, readonly IpVrf[]> = new Map();
  #sources: ReadonlyMap<IpVrf, readonly IpVrf[]> = new Map();

  constructor(deps: LocalLeaksDependencies) {
    this.#deps = deps;
  }

  /** The VRF through which this one reaches the prefix; undefined for none. */
  sourceOf(vrf: IpVrf, prefix: PrefixKey): IpVrf | undefined {
    const sources = this.#sources.get(vrf);
    if (!sources || this.#announces(vrf, prefix)) return undefined;
    return sources.find((source) => this.#announces(source, prefix));
  }

  /**
   * VRFs are others, or their targets; `altered`: those that announce other hosts than before, or begin or cease to announce. Only
   * what these are concerned with is looked at: a source may have thousands of hosts, and a hundred takers.
   */
  renew(vrfs: Iterable<IpVrf>, altered: ReadonlySet<IpVrf>): void {
    const takers = new Map<IpVrf, readonly IpVrf[]>();
    const sources = new Map<IpVrf, IpVrf[]>();
    for (const vrf of [...vrfs].sort((a, b) => a.l3vni - b.l3vni)) {
      const its = this.#deps.takersOf(vrf.exportTargets).filter((each) => each !== vrf);
      if (its.length > 0) takers.set(vrf, its);
      for (const taker of its) {
        const of = sources.get(taker);
        if (of) of.push(vrf);
        else sources.set(taker, [vrf]);
      }
    }
    const before = this.#sources;
    this.#takers = takers;
    this.#sources = sources;
    for (const taker of new Set([...before.keys(), ...sources.keys()])) {
      if (taker.isGone) continue;
      const had = before.get(taker) ?? NONE;
      const its = sources.get(taker) ?? NONE;
      const isAltered = altered.has(taker);
      const others = its.filter((source) => isAltered || altered.has(source) || !had.includes(source));
      if (others.length === 0 && !isAltered && had.length === its.length) continue;
      taker.crosses = true;
      this.#deps.markAll(taker);
      for (const source of others) this.#markOf(taker, source);
    }
  }

  /** The prefix is announced for the VRF now, or no longer. */
  changed(vrf: IpVrf, prefix: PrefixKey): void {
    for (const taker of this.#takers.get(vrf) ?? NONE) this.#deps.mark(taker, prefix);
    if (this.#sources.has(vrf)) this.#deps.mark(vrf, prefix);
  }

  /** The IP is a host's of the VRF now, or is it no more. */
  hostChanged(vrf: IpVrf, ip: Ip): void {
    if (!isLinkLocal(ip)) this.changed(vrf, hostPrefix(ip));
  }

  #announces(vrf: IpVrf, prefix: PrefixKey): boolean {
    if (!vrf.routed || vrf.isGone) return false;
    if (this.#deps.announced(vrf).has(prefix)) return true;
    return this.#deps.localVniOf(vrf, prefix) !== undefined && !isLinkLocal(prefixAddress(prefix));
  }

  #markOf(taker: IpVrf, source: IpVrf): void {
    const { mark, announced, macVrf } = this.#deps;
    for (const prefix of announced(source)) mark(taker, prefix);
    for (const vni of source.at.vnis)
      for (const [ip, entry] of macVrf(vni)?.ips ?? [])
        if (entry.owner === 'local' && !isLinkLocal(ip)) mark(taker, hostPrefix(ip));
  }
}
