import type { Destination } from '../../bgp/index.js';
import { type Few, itemsOf, listOf, type RemoteClaim } from '../../evpn/index.js';
import type { Turns } from '../turnstile.js';
import type { Heard } from './explain-claims.js';

/** Remote claims of one story that are shown. */
export const MOST_CLAIMS = 64;
/** Routes that are looked at in one turn of the event loop: well under a millisecond of work. */
const ROUTES_A_TURN = 256;

/** The routes that a story shows, chosen over several turns, and how many more there are; their content is read when it is written. */
export interface Chosen {
  readonly destinations: readonly Destination[];
  readonly more: number;
}

/**
 * Of an entry's imported routes all where they are few; of many the best of those that count, before those that do not.
 * `hear`: returns the content of a route, undefined if it has none any more.
 */
export async function chooseRemotes(
  remotes: Few<Destination>,
  hear: (destination: Destination) => Heard<RemoteClaim> | undefined,
  compare: (a: RemoteClaim, b: RemoteClaim) => number,
  turns: Turns,
): Promise<Chosen> {
  if (!(remotes instanceof Set) || remotes.size <= MOST_CLAIMS)
    return { destinations: listOf(remotes), more: 0 };
  let kept: Destination[] = [];
  const prune = () => {
    kept = kept
      .flatMap((destination) => {
        const heard = hear(destination);
        return heard ? [{ destination, ...heard }] : [];
      })
      .sort((a, b) => rank(a) - rank(b) || compare(a.claim, b.claim))
      .slice(0, MOST_CLAIMS)
      .map(({ destination }) => destination);
  };
  const seen = await walk(itemsOf(remotes), turns, (destination) => {
    kept.push(destination);
    if (kept.length === 2 * MOST_CLAIMS) prune();
  });
  prune();
  return { destinations: kept, more: seen - kept.length };
}

function rank({ ignored }: Heard<RemoteClaim>): number {
  return ignored === undefined ? 0 : 1;
}

/** Of the routes the first ones that are wanted. */
export async function chooseFirst(
  routes: Iterator<Destination>,
  wants: (destination: Destination) => boolean,
  turns: Turns,
): Promise<Chosen> {
  const destinations: Destination[] = [];
  let wanted = 0;
  await walk(routes, turns, (destination) => {
    if (wants(destination) && wanted++ < MOST_CLAIMS) destinations.push(destination);
  });
  return { destinations, more: wanted - destinations.length };
}

/** Both, the second as far as there is room. */
export function joined(first: Chosen, second: Chosen): Chosen {
  const rest = second.destinations.slice(0, Math.max(0, MOST_CLAIMS - first.destinations.length));
  return {
    destinations: [...first.destinations, ...rest],
    more: first.more + second.more + second.destinations.length - rest.length,
  };
}

/** Resolves with how many there were. */
async function walk(
  routes: Iterator<Destination>,
  turns: Turns,
  visit: (destination: Destination) => void,
): Promise<number> {
  let count = 0;
  /** The routes of one turn; true where more follow. */
  const some = (): boolean => {
    for (let n = 0; n < ROUTES_A_TURN; n++) {
      const next = routes.next();
      if (next.done === true) return false;
      count++;
      visit(next.value);
    }
    return true;
  };
  while (turns.timed(some)) await turns.next();
  return count;
}
