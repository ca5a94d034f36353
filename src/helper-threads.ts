import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets the threads that there are beside this one (V8's own: compiling, marking) have the processors only when nobody
 * else wants them. On two processors they would take turns with the kernel's writer, which a table waits for; the event
 * loop does without their help for a while. To be called before other threads are made. Harmless where it is refused.
 */
export function yieldHelperThreads(): void {
  for (const thread of readdirSync('/proc/self/task').map(Number)) {
    if (thread === process.pid) continue;
    try {
      // setpriority(2) takes a thread's number where it speaks of processes
      setPriority(thread, constants.priority.PRIORITY_LOW);
    } catch {
      // It has ended, or it stays as it is
    }
  }
}
