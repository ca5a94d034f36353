import type { Vni } from '../types/index.js';
import { deviceKey, domainKey, type KernelMirror } from './mirror.js';
import type { OurDefaults } from './our-defaults.js';
import { hasOurMark } from './ownership.js';
import { sourceVni, type VniAttachment } from './topology.js';
import { VniPlane } from './vni-plane.js';

/** The planes of the VNIs that are served, or have something left to be removed, found by where their rows stand. */
export class VniPlanes {
  readonly #planes = new Map<Vni, VniPlane>();
  readonly #byDomain = new Map<number, VniPlane>();
  readonly #byDevice = new Map<number, VniPlane>();
  readonly #bySvi = new Map<number, VniPlane>();

  constructor(
    readonly mirror: KernelMirror,
    readonly defaults: OurDefaults,
  ) {}

  get size(): number {
    return this.#planes.size;
  }

  [Symbol.iterator](): Iterator<VniPlane> {
    return this.#planes.values();
  }

  get(vni: Vni): VniPlane | undefined {
    return this.#planes.get(vni);
  }

  /** The VNI's plane, which is made where there is none. */
  give(vni: Vni): VniPlane {
    let plane = this.#planes.get(vni);
    if (!plane) {
      plane = new VniPlane(vni, this.mirror, this.defaults);
      this.#planes.set(vni, plane);
    }
    return plane;
  }

  delete(plane: VniPlane): void {
    this.#planes.delete(plane.vni);
  }

  /** The plane of a bridge's broadcast domain (`domainKey`). */
  atDomain(domain: number): VniPlane | undefined {
    return this.#byDomain.get(domain);
  }

  /** The plane of a VXLAN device's rows with that source VNI. */
  atDevice(ifindex: number, srcVni: number): VniPlane | undefined {
    return this.#byDevice.get(deviceKey(ifindex, srcVni));
  }

  atSvi(ifindex: number): VniPlane | undefined {
    return this.#bySvi.get(ifindex);
  }

  /** Returns how many remote MACs the kernel has rows of ours for. */
  countOwnMacs(): number {
    let count = 0;
    for (const { at } of this.#planes.values())
      if (at) for (const row of this.mirror.bridgeRowsOfPort(at.vxlanIfindex)) if (hasOurMark(row)) count++;
    return count;
  }

  /** From now on the plane's rows stand there; undefined for nowhere. */
  move(plane: VniPlane, at: VniAttachment | undefined): void {
    const before = plane.at;
    if (before) {
      forget(this.#byDomain, domainKey(before.bridgeIfindex, before.vlan), plane);
      forget(this.#byDevice, deviceKey(before.vxlanIfindex, sourceVni(before)), plane);
      forget(this.#bySvi, before.sviIfindex, plane);
    }
    plane.at = at;
    if (!at) return;
    this.#byDomain.set(domainKey(at.bridgeIfindex, at.vlan), plane);
    this.#byDevice.set(deviceKey(at.vxlanIfindex, sourceVni(at)), plane);
    if (at.sviIfindex !== 0) this.#bySvi.set(at.sviIfindex, plane);
  }
}

/** Another plane may have taken the place already. */
function forget(map: Map<number, VniPlane>, key: number, plane: VniPlane): void {
  if (map.get(key) === plane) map.delete(key);
}
