import type { Vni } from '../types/index.js';
import type { Operation } from './kernel.js';
import { tablesOfVni } from './kernel-tables/index.js';
import type { VniPlace } from './kernel-tables/vni-place.js';
import type { KernelMirror } from './mirror.js';
import type { OurDefaults } from './our-defaults.js';
import { vniOwner } from './owner.js';
import { OwnerPlane } from './owner-plane.js';
import type { VniAttachment } from './topology.js';

/** What one VNI should have in the kernel. */
export class VniPlane extends OwnerPlane implements VniPlace {
  at: VniAttachment | undefined;
  readonly tables = tablesOfVni(this);
  readonly macs = this.tables.mac.intents;
  readonly floods = this.tables.flood.intents;
  readonly neighs = this.tables.neigh.intents;

  constructor(
    readonly vni: Vni,
    readonly mirror: KernelMirror,
    readonly defaults: OurDefaults,
  ) {
    super(vniOwner(vni));
  }

  get isUp(): boolean {
    return this.at?.up === true;
  }

  get deviceName(): string {
    return this.at?.vxlanName ?? '';
  }

  /**
   * Operations that remove what is ours where the VNI was (`before`) and is no longer (`after`).
   */
  strays(before: VniAttachment, after: VniAttachment | undefined): Operation[] {
    const out: Operation[] = [];
    const { flood, mac, neigh } = this.tables;
    for (const table of [neigh, flood, mac]) table.strays(before, after, out);
    return out;
  }
}
