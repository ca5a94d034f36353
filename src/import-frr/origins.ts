type Step = string | number;

/** Which statement's line each value of a content came from. */
export class Origins {
  readonly #lines = new WeakMap<object, Map<Step, number>>();

  set(holder: object, key: Step, line: number): void {
    const lines = this.#lines.get(holder) ?? new Map<Step, number>();
    lines.set(key, line);
    this.#lines.set(holder, lines);
  }

  /** The line of the value at `path`, or of what is nearest around it; 0 where it is of the file as a whole. */
  lineOf(root: object, path: readonly Step[]): number {
    let line = 0;
    let holder: unknown = root;
    for (const step of path) {
      if (typeof holder !== 'object' || holder === null) break;
      const found = this.#lines.get(holder);
      // The first statement of an item stands for what the item lacks
      line =
        found?.get(step) ?? (typeof step === 'string' ? found?.values().next().value : undefined) ?? line;
      holder = (holder as Readonly<Record<Step, unknown>>)[step];
    }
    return line;
  }
}
