import type { Vni } from '../types/index.js';
import type { Hosts } from './hosts.js';
import { strayCopies } from './kernel-tables/mac-strays.js';
import type { KernelMirror } from './mirror.js';
import type { Rechecks } from './rechecks.js';
import type { Reconciler } from './reconciler.js';
import { sameAttachment, type Topology, type VniAttachment } from './topology.js';
import type { VniPlane } from './vni-plane.js';
import type { VniPlanes } from './vni-planes.js';

/** What the planes stand on; topology and hosts are as they are when asked for. */
interface ServedPlanesDependencies {
  readonly mirror: KernelMirror;
  readonly planes: VniPlanes;
  readonly reconciler: Reconciler;
  readonly rechecks: Rechecks;
  readonly topology: Topology;
  readonly hosts: Hosts;
}

/** Which VNIs are served, and what becomes of their rows when devices come, change and go. */
export class ServedPlanes {
  readonly #deps: ServedPlanesDependencies;

  constructor(deps: ServedPlanesDependencies) {
    this.#deps = deps;
  }

  /** Serves a VNI from now on: rows of ours on its devices are ours to keep, correct and remove. */
  serve(vni: Vni): void {
    const { planes, topology, hosts } = this.#deps;
    const plane = planes.give(vni);
    plane.retired = false;
    this.#attach(plane, topology.vnis.get(vni));
    hosts.attached(vni);
  }

  /** Serves the VNI no longer: what is ours on its devices goes. */
  unserve(vni: Vni): void {
    const { planes, reconciler, hosts, mirror } = this.#deps;
    const plane = planes.get(vni);
    if (!plane) return;
    plane.retired = true;
    hosts.detached(vni);
    plane.markIntents();
    plane.markUnwantedRows();
    plane.clearIntents();
    if (plane.at) reconciler.removeStrays(strayCopies(mirror, plane.at, undefined));
    reconciler.queue(plane);
  }

  /** The VNI that is served in a bridge's broadcast domain (`domainKey`). */
  at(domain: number): Vni | undefined {
    const plane = this.#deps.planes.atDomain(domain);
    return plane && !plane.retired ? plane.vni : undefined;
  }

  /** Each plane goes to its present devices; what is retired and has nothing left is forgotten. */
  follow({ vnis }: Topology): void {
    const { planes } = this.#deps;
    for (const plane of planes) {
      this.#attach(plane, vnis.get(plane.vni));
      if (plane.isOver) planes.delete(plane);
    }
  }

  /** The kernel removed rows with the device, and nobody else did. */
  flushed(ifindex: number): void {
    const { contests, watch } = this.#deps.rechecks;
    for (const plane of this.#deps.planes) {
      const { at } = plane;
      if (at?.vxlanIfindex !== ifindex && at?.bridgeIfindex !== ifindex && at?.sviIfindex !== ifindex)
        continue;
      contests.forget(plane);
      watch.flushed(plane);
    }
  }

  /** Puts the plane on its present device, removes what it left on another, and looks at everything again. */
  #attach(plane: VniPlane, found: VniAttachment | undefined): void {
    const { planes, reconciler, rechecks, hosts } = this.#deps;
    const at = found && found.bridgeIfindex !== 0 ? found : undefined;
    const before = plane.at;
    if (before === at || (before && at && sameAttachment(before, at))) return;
    if (before) reconciler.removeStrays(plane.strays(before, at));
    planes.move(plane, at);
    rechecks.contests.forget(plane);
    if (!at) {
      rechecks.watch.detached(plane);
      return;
    }
    plane.markIntents();
    reconciler.keepStrays(plane);
    if (rechecks.sweeping) plane.markUnwantedRows((which) => rechecks.watch.stray(plane, which));
    reconciler.queue(plane);
    if (!plane.retired) hosts.attached(plane.vni);
  }
}
