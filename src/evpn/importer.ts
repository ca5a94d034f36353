import type { Destination, Path } from '../bgp/index.js';
import { isMulticastMac } from '../types/index.js';
import { type EvpnNlri, RouteType } from '../wire/index.js';
import type { Importers, ImportIndex } from './import-index.js';
import { type MacVrf, withRoute } from './mac-vrf.js';
import type { VtepTable } from './vteps.js';

const NOWHERE: readonly MacVrf[] = [];
/** PMSI tunnel type of ingress replication (RFC 6514 §5). */
const INGRESS_REPLICATION = 6;

/**
 * Carries the RIB's changes into the MAC-VRFs that import them. It knows where each destination stands, so that a route
 * whose targets change leaves the VNIs that it no longer belongs to.
 */
export class Importer {
  /** VRFs with new touched keys, for the reader to take and clear. */
  readonly touched = new Set<MacVrf>();
  readonly #standing = new Map<Destination, Importers>();

  constructor(
    readonly index: ImportIndex,
    readonly vteps: VtepTable,
  ) {}

  /** The VRFs that hold the destination now. */
  importersOf(destination: Destination): readonly MacVrf[] {
    return this.#standing.get(destination)?.vrfs ?? NOWHERE;
  }

  /** Looks at a destination whose best path changed, came or went. */
  update(destination: Destination): void {
    const { best } = destination;
    const old = this.#standing.get(destination);
    const now = best && isImportable(best.nlri) ? this.index.importersOf(best.attributes) : undefined;
    const before = old?.vrfs ?? NOWHERE;
    const after = now?.vrfs ?? NOWHERE;
    if (now && after.length > 0) {
      this.#standing.set(destination, now);
      this.vteps.countRoute(now.nextHop, 1);
    } else if (old) this.#standing.delete(destination);
    if (old) this.vteps.countRoute(old.nextHop, -1);
    if (before !== after)
      for (const vrf of before)
        if (!after.includes(vrf)) {
          remove(vrf, destination);
          this.touched.add(vrf);
        }
    for (const vrf of after) {
      put(vrf, destination, best, before.includes(vrf));
      this.touched.add(vrf);
    }
  }

  /** The VRF is no more: no destination stands in it. */
  forget(vrf: MacVrf): void {
    for (const [destination, { vrfs, nextHop }] of this.#standing)
      if (vrfs.includes(vrf)) {
        const rest = vrfs.filter((other) => other !== vrf);
        if (rest.length > 0) this.#standing.set(destination, { vrfs: rest, nextHop });
        else {
          this.#standing.delete(destination);
          this.vteps.countRoute(nextHop, -1);
        }
      }
  }
}

/** Types 2 and 3 of the VLAN-based service (Ethernet tag 0, RFC 8365 §5.1.3); the others are kept for the reader. */
function isImportable(nlri: EvpnNlri): boolean {
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT)
    return nlri.ethernetTag === 0 && nlri.mac !== 0 && !isMulticastMac(nlri.mac);
  return nlri.type === RouteType.INCLUSIVE_MULTICAST && nlri.ethernetTag === 0;
}

function put(vrf: MacVrf, destination: Destination, best: Path | undefined, stood: boolean): void {
  const { nlri } = destination;
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) {
    if (!stood) {
      const mac = vrf.macEntry(nlri.mac);
      mac.remotes = withRoute(mac.remotes, destination);
      if (nlri.ip !== undefined) {
        const ip = vrf.ipEntry(nlri.ip);
        ip.remotes = withRoute(ip.remotes, destination);
      }
    }
    vrf.touchedMacs.add(nlri.mac);
    if (nlri.ip !== undefined) vrf.touchedIps.add(nlri.ip);
  } else if (nlri.type === RouteType.INCLUSIVE_MULTICAST) {
    const tunnelType = best?.attributes.pmsiTunnel?.tunnelType ?? INGRESS_REPLICATION;
    if (tunnelType !== INGRESS_REPLICATION) {
      remove(vrf, destination);
      return;
    }
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
    drop(vrf.macs.get(nlri.mac)?.remotes, destination);
    vrf.touchedMacs.add(nlri.mac);
    if (nlri.ip !== undefined) {
      drop(vrf.ips.get(nlri.ip)?.remotes, destination);
      vrf.touchedIps.add(nlri.ip);
    }
  } else if (nlri.type === RouteType.INCLUSIVE_MULTICAST) {
    const routes = vrf.floods.get(nlri.originator);
    if (routes?.delete(destination) && routes.size === 0) vrf.floods.delete(nlri.originator);
    vrf.touchedFloods.add(nlri.originator);
  }
}

function drop(list: Destination[] | undefined, destination: Destination): void {
  const at = list?.indexOf(destination) ?? -1;
  if (list && at >= 0) list.splice(at, 1);
}
