import { Fifo } from '../types/index.js';
import type { MacVrf } from './mac-vrf.js';

/** MAC-VRFs with something to be looked at, each once, in the order in which they were named. */
export class VrfQueue {
  readonly #vrfs = new Fifo<MacVrf>();

  get size(): number {
    return this.#vrfs.size;
  }

  add(vrf: MacVrf): void {
    if (vrf.dirty) return;
    vrf.dirty = true;
    this.#vrfs.push(vrf);
  }

  take(): MacVrf | undefined {
    const vrf = this.#vrfs.take();
    if (vrf) vrf.dirty = false;
    return vrf;
  }
}
