/**
 * What must be undone however the process ends: return, failure, uncaught exception, SIGINT, SIGTERM. Steps are
 * synchronous, since nothing else runs once a process exits, and go in reverse order of their registration.
 */
const steps = new Set<() => void>();
let armed = false;

function undoAll(): void {
  for (const step of [...steps].reverse()) {
    steps.delete(step);
    try {
      step();
    } catch (error) {
      process.stderr.write(`clean-up: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

function arm(): void {
  if (armed) return;
  armed = true;
  process.once('exit', undoAll);
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  for (const [signal, code] of Object.entries(signals)) {
    process.on(signal, () => {
      // Whoever listens beside us ends the process himself, in his own order.
      if (process.listenerCount(signal) > 1) return;
      process.exit(code);
    });
  }
}

/** Registers a step for the end of the process; returns what forgets it again. */
export function onExit(step: () => void): () => void {
  arm();
  steps.add(step);
  return () => {
    steps.delete(step);
  };
}
