import { type Destination, isRejected, type Path, type RibReader } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import { type Ip, isIpv4, isReservedEsi } from '../types/index.js';
import { RouteType } from '../wire/index.js';
import type { Claims } from './claims.js';
import type { Importers, ImportIndex } from './import-index.js';
import type { LaneQueue } from './lane-queue.js';
import type { MacVrf } from './mac-vrf.js';
import { contentReason, put, remove, vtepOf } from './route-types/index.js';
import type { UnusedLog } from './unused-log.js';
import type { UnusedReason } from './unused-reasons.js';
import type { VtepTable } from './vteps.js';
import { whyIpUnused } from './why-unused.js';

const NOWHERE: readonly MacVrf[] = [];

/**
 * Carries the RIB's changes into the MAC-VRFs that import them. Each destination notes where it stands, so that a route
 * whose targets change leaves the VNIs that it no longer belongs to.
 */
export class Importer {
  /** Routes of a VLAN-aware bundle, which have an Ethernet tag, are imported too. */
  importTags = false;
  /** The family of all VTEPs that can be reached; undefined where both are, or none is known. */
  #isIpv4: boolean | undefined;
  #ownVteps: ReadonlySet<Ip> = new Set();

  constructor(
    /** Notes where each destination stands. */
    readonly reader: RibReader,
    readonly index: ImportIndex,
    readonly vteps: VtepTable,
    /** Takes the VRFs that routes gave new dirty keys. */
    readonly dirty: LaneQueue,
    readonly unused: UnusedLog,
    /** Which claims of an imported Type-2 count. */
    readonly claims: Claims,
  ) {}

  /** The VRFs that hold the destination now. */
  importersOf(destination: Destination): readonly MacVrf[] {
    return this.#standing(destination)?.vrfs ?? NOWHERE;
  }

  /** Returns why the VNI does not import the destination; undefined if it does. */
  whyNotImported(destination: Destination, vrf: MacVrf): UnusedReason | undefined {
    if (this.importersOf(destination).includes(vrf)) return undefined;
    return (destination.best && this.#contentReason(destination.best)) ?? 'route-targets';
  }

  /** Returns why no VNI at all can use the path, whatever its targets and its labels; undefined if one may. */
  whyNowhere(path: Path): UnusedReason | undefined {
    return this.#contentReason(path) ?? this.#whyNoVtep(path);
  }

  #contentReason({ nlri, attributes }: Path): UnusedReason | undefined {
    return contentReason(nlri, attributes, this.importTags);
  }

  #whyNoVtep({ nlri, attributes }: Path): UnusedReason | undefined {
    const vtep = vtepOf(nlri, attributes);
    if (this.#ownVteps.has(vtep)) return 'own-next-hop';
    return this.#isIpv4 === undefined || isIpv4(vtep) === this.#isIpv4 ? undefined : 'next-hop-family';
  }

  /** Returns why no VNI uses this path of the destination; undefined if some does. */
  whyPathUnused(destination: Destination, path: Path, topology: Topology): UnusedReason | undefined {
    if (isRejected(path.attributes)) return 'import-policy';
    if (path === destination.best) return this.whyUnused(destination, topology);
    return this.whyNowhere(path) ?? 'not-best';
  }

  /** Takes note of what VTEPs the devices of these VNIs can reach; true where another answer of `whyNowhere` may follow. */
  judgeBy(vrfs: Iterable<MacVrf>, { ownVteps }: Topology): boolean {
    const isOfIpv4 = familyOf(vrfs);
    if (this.#isIpv4 === isOfIpv4 && this.#ownVteps === ownVteps) return false;
    this.#isIpv4 = isOfIpv4;
    this.#ownVteps = ownVteps;
    return true;
  }

  /** Returns why no VNI uses the destination's best path; undefined if some does, or it has none. */
  whyUnused(destination: Destination, topology: Topology): UnusedReason | undefined {
    const { best } = destination;
    if (!best) return undefined;
    const reason = this.#contentReason(best);
    if (reason !== undefined) return reason;
    let first: UnusedReason | undefined;
    for (const vrf of this.importersOf(destination)) {
      const why = whyIpUnused(destination, vrf, topology) ?? this.claims.whyNotOf(destination, vrf);
      if (why === undefined) return undefined;
      first ??= why;
    }
    return first ?? 'route-targets';
  }

  /** Looks at a destination whose best path changed, came or went. */
  update(destination: Destination): void {
    const old = this.#standing(destination);
    const { best } = destination;
    const content = best && this.#contentReason(best);
    const reason = content ?? (best && this.#whyNoVtep(best));
    if (best && reason !== undefined) this.unused.seen(reason, best);
    const now = this.#place(destination, old, content);
    this.#leave(destination, old, now);
    if (now === undefined) return;
    for (const vrf of now.vrfs) {
      put(vrf, destination, now, old?.vrfs.includes(vrf) ? old : undefined);
      this.dirty.add(vrf.ofRoutes);
    }
  }

  /** Looks at a destination that did not change where VNIs or their targets did: only VNIs that gain or lose it are marked. */
  reimport(destination: Destination): void {
    const old = this.#standing(destination);
    const { best } = destination;
    const now = this.#place(destination, old, best && this.#contentReason(best));
    this.#leave(destination, old, now);
    if (now === undefined) return;
    for (const vrf of now.vrfs) {
      if (old?.vrfs.includes(vrf)) continue;
      put(vrf, destination, now, undefined);
      this.dirty.add(vrf.ofRoutes);
    }
  }

  /** Notes who imports the destination now; `content`: why nobody can. */
  #place(
    destination: Destination,
    old: Importers | undefined,
    content: UnusedReason | undefined,
  ): Importers | undefined {
    const { best } = destination;
    const found = best && content === undefined ? this.index.importersOf(best.attributes) : undefined;
    const now = found && found.vrfs.length > 0 ? withSegment(found, best) : undefined;
    this.reader.note(destination, now);
    if (now?.nextHop !== old?.nextHop) {
      if (now) this.vteps.countRoute(now.nextHop, 1);
      if (old) this.vteps.countRoute(old.nextHop, -1);
    }
    return now;
  }

  #leave(destination: Destination, old: Importers | undefined, now: Importers | undefined): void {
    if (old === undefined || old.vrfs === now?.vrfs) return;
    for (const vrf of old.vrfs)
      if (!now?.vrfs.includes(vrf)) {
        remove(vrf, destination, old);
        this.dirty.add(vrf.ofRoutes);
      }
  }

  #standing(destination: Destination): Importers | undefined {
    return this.reader.noteOf(destination) as Importers | undefined;
  }

  /** The VRF is no more: no destination stands in it. */
  forget(vrf: MacVrf): void {
    for (const destination of vrf.imported()) {
      const old = this.#standing(destination);
      if (!old) continue;
      const rest = old.vrfs.filter((other) => other !== vrf);
      const now = rest.length > 0 ? old.within(rest) : undefined;
      this.reader.note(destination, now);
      if (!now) this.vteps.countRoute(old.nextHop, -1);
    }
  }
}

/** Returns true if the devices of the VNIs reach VTEPs of IPv4, false if of IPv6; undefined if not all do the same. */
function familyOf(vrfs: Iterable<MacVrf>): boolean | undefined {
  let family: boolean | undefined;
  for (const { at } of vrfs) {
    if (at === undefined) continue;
    if (at.localVtep === undefined) return undefined;
    const isOfIpv4 = isIpv4(at.localVtep);
    if (family !== undefined && family !== isOfIpv4) return undefined;
    family = isOfIpv4;
  }
  return family;
}

/** With the Ethernet segment that a MAC/IP route names, which is no part of its key and may change. */
function withSegment(importers: Importers, best: Path | undefined): Importers {
  const nlri = best?.nlri;
  if (nlri?.type !== RouteType.MAC_IP_ADVERTISEMENT || isReservedEsi(nlri.esi)) return importers;
  return importers.ofSegment(nlri.esi);
}
