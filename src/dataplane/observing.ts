import type { Kernel, OperationResult } from './kernel.js';
import type { Snooper } from './snooper.js';

const NOT_WRITTEN: OperationResult = Object.freeze({ errno: 1, message: 'evpnd observes' });

/** The kernel as a daemon sees it that only observes: it is read and followed, and no operation reaches it. */
export function observedKernel(kernel: Kernel): Kernel {
  return {
    start: (observer, known) => kernel.start(observer, known),
    followTables: (tables) => kernel.followTables(tables),
    drain: (age) => kernel.drain(age),
    hear: () => kernel.hear(),
    apply: (operations) => operations.map(() => NOT_WRITTEN),
    launch: () => false,
    caughtUp: () => kernel.caughtUp(),
    ask: (key) => kernel.ask(key),
    close: () => kernel.close(),
  };
}

/** Hosts are heard, and no question is sent to them. */
export function observedSnooper(snooper: Snooper): Snooper {
  return {
    start: (listener) => snooper.start(listener),
    ask: () => false,
    close: () => snooper.close(),
  };
}
