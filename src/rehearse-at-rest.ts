import { availableParallelism } from 'node:os';
import type { Speaker } from './bgp/index.js';
import type { DataPlane } from './dataplane/index.js';
import type { Evpn } from './evpn/index.js';
import type { Clock, Log } from './types/index.js';

/** How long nothing may have come from a neighbor, in looks, and how far apart these are, in milliseconds. */
const QUIET_LOOKS = 30;
const LOOK_MS = 1000;

/**
 * Plays the rehearsal when no route has come for half a minute and all rows are written. It takes a second of processor
 * time: before the sessions it would keep the leaf off the fabric for so long, and right behind them it would hold up the
 * routes and hosts that a start brings. With one processor there is none: nothing is compiled beside what runs there, and
 * on a slow one it takes longer than a session's hold time.
 */
export async function rehearseAtRest(
  { speaker, evpn, dataPlane }: { speaker: Speaker; evpn: Evpn; dataPlane: DataPlane },
  clock: Clock,
  log: Log,
): Promise<void> {
  if (availableParallelism() < 2) return;
  const heard = () => speaker.neighbors().reduce((sum, { messagesIn }) => sum + messagesIn.update, 0);
  for (let quiet = 0; quiet < QUIET_LOOKS; ) {
    const before = heard();
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
    await evpn.idle();
    await dataPlane.reconciler.idle();
    quiet = heard() === before ? quiet + 1 : 0;
  }
  const { rehearse } = await import('./rehearsal/index.js');
  const { complete, ...rehearsal } = await rehearse(clock);
  if (complete) log.debug(rehearsal, 'rehearsed');
  else log.info(rehearsal, 'the rehearsal was given up: the first changes will take a little longer');
}
