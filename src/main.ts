#!/usr/bin/env -S node --no-memory-reducer --no-parallel-scavenge --concurrent-recompilation-queue-length=2000 --v8-pool-size=1 --max-semi-space-size=4 --no-allocation-site-pretenuring --initial-old-space-size=160
// --no-memory-reducer: when a process comes to rest, V8 collects its whole heap up to three times to give memory back,
// which costs 0.3 s of CPU with 100,000 routes and buys 25 MiB until the next load; only the command line can stop it. What
// a start leaves is given back once (memory-at-rest.ts).
// --no-parallel-scavenge: the young generation is small; on two processors that the kernel and a native thread want as
// well, its helpers cost a tenth of a load's CPU and are waited for.
// --concurrent-recompilation-queue-length: a table makes hundreds of functions hot at once, of which V8 would drop all but
// eight and notice them again later.
// --v8-pool-size: what V8 does beside JavaScript (compiling, marking) takes one processor at most, since the kernel's writer
// wants another.
// --max-semi-space-size: a quarter of V8's. What a table brings lives on, so a collection takes as long as there is of it: with
// 16 MiB, turns of 10 to 16 ms in which nothing is sent, and 15 MiB more at the peak; with 8 while 50,000 hosts come and go,
// three times the turns above 7 ms that there are with 4, for the same CPU.
// --no-allocation-site-pretenuring: in a table's flood also what soon dies outlives a collection, which V8 takes for a rule:
// it then makes what moves need for a moment among the old objects, where it is garbage until all of them are looked at.
// --initial-old-space-size: as many MiB of old objects are none too many. V8 begins with a few, finds more at every table's
// arrival and looks at them all, a tenth of a load's CPU for the little garbage that is among them. 10 to 25 MiB at the peak.
import { writeFileSync } from 'node:fs';
import { ReloadRequests } from './reload-requests.js';
import { setFlags } from './v8-flags.js';

setFlags();
// Before the rest is loaded: without a listener, SIGHUP ends the process
const requests = new ReloadRequests();
process.on('SIGHUP', () => requests.request());
nameProcess();
// No `await` here: a bundle in CommonJS has none outside of functions
void import('./command.js').then(({ command }) => command(process.argv.slice(2), requests));

/** Sets the name for ps, top and pkill. The command line stays as it is, and shows the file that runs. */
function nameProcess(): void {
  try {
    writeFileSync('/proc/self/comm', 'evpnd');
  } catch {
    // Without /proc the name stays node
  }
}
