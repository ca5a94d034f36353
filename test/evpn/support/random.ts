/** A source of numbers that a seed repeats. */
export interface Random {
  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number;
}

/** Mulberry32: small, and good enough to choose events with. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return {
    below(bound) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
    },
  };
}
