import type { Ip } from '../../types/index.js';
import type { FloodIntent } from './intents.js';
import { MapIntents } from './map-intents.js';

/** The default destinations that a VNI should have. */
export class FloodIntents extends MapIntents<Ip, FloodIntent> {
  /** Wants the destination; returns false where it was wanted already. */
  add(dst: Ip): boolean {
    if (this.has(dst)) return false;
    this.set(dst, {});
    return true;
  }
}
