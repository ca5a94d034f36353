import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Log } from './types/index.js';

/** How long the leaf must be idle, in checks, and how far apart these are, in milliseconds. */
const QUIET_LOOKS = 30;
const LOOK_MS = 1000;
/** Collecting takes a millisecond of the event loop for each of these MiB: with more, it is not worth it. */
const MOST_HEAP = 64 * 2 ** 20;

export interface RestingLeaf {
  /** A number that grows with each UPDATE that is received. */
  updates(): number;
  /** Resolves when all changes have been decided and written. */
  idle(): Promise<void>;
}

/** Size of the heap in octets, a function that collects it, and one that gives back what no collection is needed for. */
export interface CollectedHeap {
  used(): number;
  collect(): void;
  release(): void;
}

/**
 * Gives the memory that a start leaves back to the kernel, once, when the leaf has been idle for half a minute: the pages of node
 * that only a start reads and what the C library keeps (some 50 MiB), and where the heap is small, some 30 MiB of it (the young
 * generation at its full size, old garbage). V8 would do the latter with its memory reducer, which also repeatedly collects a
 * large heap (main.ts). `stop` ends the waiting.
 */
export function giveMemoryBackAtRest(
  leaf: RestingLeaf,
  clock: Clock,
  log: Log,
  heap: CollectedHeap,
): { stop(): void } {
  let quiet = 0;
  let heard = leaf.updates();
  let timer = clock.after(LOOK_MS, look);
  let stopped = false;
  function look(): void {
    void leaf.idle().then(() => {
      if (stopped) return;
      const before = heard;
      heard = leaf.updates();
      quiet = heard === before ? quiet + 1 : 0;
      if (quiet < QUIET_LOOKS) {
        timer = clock.after(LOOK_MS, look);
        return;
      }
      if (heap.used() <= MOST_HEAP) heap.collect();
      heap.release();
      log.debug({ heap: heap.used() }, 'at rest: unused memory is given back');
    });
  }
  return {
    stop: () => {
      stopped = true;
      timer.cancel();
    },
  };
}

/** The heap of V8. */
export const v8Heap: CollectedHeap = {
  used: () => process.memoryUsage().heapUsed,
  collect: () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as (how: object) => void;
    setFlagsFromString('--no-expose-gc');
    // The first makes the young generation small and its pages free, the second gives them back
    for (let i = 0; i < 2; i++) gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  },
  release: () => {},
};
