import { systemClock } from '../types/index.js';

/** How long one turn of the event loop may be held by work that can wait, in milliseconds. */
const SLICE = 2;

/** Gives the event loop its turn between the pieces of a long piece of work. */
export class Slicer {
  #end = systemClock.sliceEnd(SLICE);

  /** Resolves at once while the slice lasts, else after I/O had its chance. */
  async breathe(): Promise<void> {
    if (systemClock.now() < this.#end) return;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#end = systemClock.sliceEnd(SLICE);
  }
}
