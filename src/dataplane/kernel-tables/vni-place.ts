import type { KernelMirror } from '../mirror.js';
import type { OurDefaults } from '../our-defaults.js';
import type { VniAttachment } from '../topology.js';
import type { OwnerPlace } from './owned-table.js';

/** Where the rows of a VNI stand, and what stands there. */
export interface VniPlace extends OwnerPlace {
  /** undefined while the VNI has no device in a bridge: a VXLAN device in none may be anybody's, and its rows with it. */
  readonly at: VniAttachment | undefined;
  readonly mirror: KernelMirror;
  readonly defaults: OurDefaults;
}

/** Why nothing can stand for a key of a VNI. */
export const NO_DEVICE = 'the VNI has no device in a bridge';
