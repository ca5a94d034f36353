import type { Destination, Path } from '../bgp/index.js';
import { RouteType } from '../wire/index.js';
import { withItem, withoutItem } from './few.js';
import type { Importers, ImportIndex } from './import-index.js';
import type { MacVrf } from './mac-vrf.js';
import { contentReason } from './unused.js';
import type { VrfQueue } from './vrf-queue.js';
import type { VtepTable } from './vteps.js';

const NOWHERE: readonly MacVrf[] = [];
/** PMSI tunnel type of ingress replication (RFC 6514 §5). */
const INGRESS_REPLICATION = 6;

/**
 * Carries the RIB's changes into the MAC-VRFs that import them. Each destination notes where it stands, so that a route
 * whose targets change leaves the VNIs that it no longer belongs to.
 */
export class Importer {
  constructor(
    readonly index: ImportIndex,
    readonly vteps: VtepTable,
    /** Takes the VRFs with new touched keys. */
    readonly touched: VrfQueue,
  ) {}

  /** The VRFs that hold the destination now. */
  importersOf(destination: Destination): readonly MacVrf[] {
    return standing(destination)?.vrfs ?? NOWHERE;
  }

  /** Looks at a destination whose best path changed, came or went. */
  update(destination: Destination): void {
    const { best } = destination;
    const old = standing(destination);
    const now = this.#place(destination, old);
    const before = old?.vrfs ?? NOWHERE;
    const after = now?.vrfs ?? NOWHERE;
    this.#leave(destination, before, after);
    for (const vrf of after) {
      put(vrf, destination, best, before.includes(vrf));
      this.touched.add(vrf);
    }
  }

  /** Looks at a destination that did not change where VNIs or their targets did: only VNIs that gain or lose it are touched. */
  reimport(destination: Destination): void {
    const { best } = destination;
    const old = standing(destination);
    const now = this.#place(destination, old);
    const before = old?.vrfs ?? NOWHERE;
    const after = now?.vrfs ?? NOWHERE;
    this.#leave(destination, before, after);
    for (const vrf of after) {
      if (before.includes(vrf)) continue;
      put(vrf, destination, best, false);
      this.touched.add(vrf);
    }
  }

  /** Notes who imports the destination now. */
  #place(destination: Destination, old: Importers | undefined): Importers | undefined {
    const { best } = destination;
    const found =
      best && contentReason(best.nlri, best.attributes) === undefined
        ? this.index.importersOf(best.attributes)
        : undefined;
    const now = found && found.vrfs.length > 0 ? found : undefined;
    destination.note = now;
    if (now?.nextHop !== old?.nextHop) {
      if (now) this.vteps.countRoute(now.nextHop, 1);
      if (old) this.vteps.countRoute(old.nextHop, -1);
    }
    return now;
  }

  #leave(destination: Destination, before: readonly MacVrf[], after: readonly MacVrf[]): void {
    if (before === after) return;
    for (const vrf of before)
      if (!after.includes(vrf)) {
        remove(vrf, destination);
        this.touched.add(vrf);
      }
  }

  /** The VRF is no more: no destination stands in it. */
  forget(vrf: MacVrf): void {
    for (const destination of vrf.imported()) {
      const old = standing(destination);
      if (!old) continue;
      const rest = old.vrfs.filter((other) => other !== vrf);
      const now: Importers | undefined = rest.length > 0 ? { vrfs: rest, nextHop: old.nextHop } : undefined;
      destination.note = now;
      if (!now) this.vteps.countRoute(old.nextHop, -1);
    }
  }
}

/** The importer is the one reader of the RIB's dirty set, so the notes are its own. */
function standing(destination: Destination): Importers | undefined {
  return destination.note as Importers | undefined;
}

function put(vrf: MacVrf, destination: Destination, best: Path | undefined, stood: boolean): void {
  const { nlri } = destination;
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) {
    const mac = vrf.macEntry(nlri.mac);
    if (!stood) mac.remotes = withItem(mac.remotes, destination);
    vrf.touchMac(mac);
    if (nlri.ip === undefined) return;
    const ip = vrf.ipEntry(nlri.ip);
    if (!stood) ip.remotes = withItem(ip.remotes, destination);
    vrf.touchIp(ip);
  } else if (nlri.type === RouteType.INCLUSIVE_MULTICAST) {
    const tunnelType = best?.attributes.pmsiTunnel?.tunnelType ?? INGRESS_REPLICATION;
    if (tunnelType !== INGRESS_REPLICATION) {
      remove(vrf, destination);
      vrf.trees.add(destination);
      return;
    }
    vrf.trees.delete(destination);
    let routes = vrf.floods.get(nlri.originator);
    if (!routes) {
      routes = new Set();
      vrf.floods.set(nlri.originator, routes);
    }
    routes.add(destination);
    vrf.touchedFloods.add(nlri.originator);
  }
}

function remove(vrf: MacVrf, destination: Destination): void {
  const { nlri } = destination;
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) {
    const mac = vrf.macEntry(nlri.mac);
    mac.remotes = withoutItem(mac.remotes, destination);
    vrf.touchMac(mac);
    if (nlri.ip === undefined) return;
    const ip = vrf.ipEntry(nlri.ip);
    ip.remotes = withoutItem(ip.remotes, destination);
    vrf.touchIp(ip);
  } else if (nlri.type === RouteType.INCLUSIVE_MULTICAST) {
    vrf.trees.delete(destination);
    const routes = vrf.floods.get(nlri.originator);
    if (routes?.delete(destination) && routes.size === 0) vrf.floods.delete(nlri.originator);
    vrf.touchedFloods.add(nlri.originator);
  }
}
