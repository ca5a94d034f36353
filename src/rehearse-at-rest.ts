import type { Speaker } from './bgp/index.js';
import type { DataPlane } from './dataplane/index.js';
import type { Evpn } from './evpn/index.js';
import type { Clock, Log } from './types/index.js';

/** How long nothing may have come from a neighbor, in looks, and how far apart these are, in milliseconds. */
const QUIET_LOOKS = 3;
const LOOK_MS = 20;
/** Looks until it is played all the same. */
const MOST_LOOKS = 1500;

/**
 * Plays the rehearsal when all routes that come at once have come and all rows are written. Before the sessions it would
 * keep the leaf off the fabric for as long as it lasts, and amid the first table it would take the processor from it.
 */
export async function rehearseAtRest(
  { speaker, evpn, dataPlane }: { speaker: Speaker; evpn: Evpn; dataPlane: DataPlane },
  clock: Clock,
  log: Log,
): Promise<void> {
  const heard = () => speaker.neighbors().reduce((sum, { messagesIn }) => sum + messagesIn.update, 0);
  for (let quiet = 0, looks = 0; quiet < QUIET_LOOKS && looks < MOST_LOOKS; looks++) {
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
