import type { PathAttributes } from '../wire/index.js';

/** What one neighbor's routes take. */
export interface Holder {
  /** Routes that stand. */
  held: number;
  /** Attribute sets of these routes, each counted once, and their octets. */
  sets: number;
  octets: number;
}

/** How many of a holder's routes have one attribute set; others of the set in a chain, since few neighbors announce the same. */
class Share {
  routes = 0;
  next: Share | undefined = undefined;

  constructor(readonly holder: Holder) {}
}

function firstShare({ holding }: PathAttributes): Share | undefined {
  return holding instanceof Share ? holding : undefined;
}

/** One more of the holder's routes has these attributes. */
export function hold(attributes: PathAttributes, holder: Holder): void {
  let share = firstShare(attributes);
  while (share !== undefined && share.holder !== holder) share = share.next;
  if (share === undefined) {
    share = new Share(holder);
    share.next = firstShare(attributes);
    attributes.holding = share;
    holder.sets++;
    holder.octets += attributes.octets;
  }
  share.routes++;
}

/** One less has them. True where no route of anybody has them any more. */
export function release(attributes: PathAttributes, holder: Holder): boolean {
  let before: Share | undefined;
  let share = firstShare(attributes);
  while (share !== undefined && share.holder !== holder) {
    before = share;
    share = share.next;
  }
  if (share === undefined || --share.routes > 0) return false;
  holder.sets--;
  holder.octets -= attributes.octets;
  if (before !== undefined) before.next = share.next;
  else attributes.holding = share.next;
  return attributes.holding === undefined;
}
