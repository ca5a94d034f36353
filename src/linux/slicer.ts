/** How long one turn of the event loop may be held by work that can wait, in milliseconds. */
const SLICE = 4;

/** Gives the event loop its turn between the pieces of a long piece of work. */
export class Slicer {
  #since = performance.now();

  /** Resolves at once while the slice lasts, else after I/O had its chance. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since < SLICE) return;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#since = performance.now();
  }
}
