import { Fifo } from '../types/index.js';
import type { DirtyLane } from './mac-vrf.js';

/** Lanes of MAC-VRFs with something to be looked at, each once, in the order in which they were named. */
export class LaneQueue {
  readonly #lanes = new Fifo<DirtyLane>();

  get size(): number {
    return this.#lanes.size;
  }

  add(lane: DirtyLane): void {
    if (lane.isQueued) return;
    lane.isQueued = true;
    this.#lanes.push(lane);
  }

  take(): DirtyLane | undefined {
    const lane = this.#lanes.take();
    if (lane) lane.isQueued = false;
    return lane;
  }
}
