import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Gives the other threads of the process (V8's: compiling, marking) the processors only when no other thread
 * needs them. On two processors they would compete with the thread that writes to the kernel; the event
 * loop can do without their help for a while. Must be called before other threads are created. Has no effect if it is refused.
 */
export function yieldHelperThreads(): void {
  for (const thread of readdirSync('/proc/self/task').map(Number)) {
    if (thread === process.pid) continue;
    try {
      // setpriority(2) accepts a thread ID as a process ID
      setPriority(thread, constants.priority.PRIORITY_LOW);
    } catch {
      // The thread has ended, or keeps its priority
    }
  }
}
