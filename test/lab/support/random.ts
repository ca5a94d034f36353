/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** From 0 to `n` - 1. */
  below(n: number): number;
  of<T>(choices: readonly T[]): T;
}

/** A linear congruential generator with a mixed output; good enough to choose what a test does next. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    return ((mixed ^ (mixed >>> 13)) >>> 0) % n;
  };
  return { below, of: (choices) => choices[below(choices.length)]! };
}
