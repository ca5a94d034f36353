import type { Destination } from '../bgp/index.js';
import type { Ip, Mac } from '../types/index.js';
import { RouteType } from '../wire/index.js';
import { type Few, isArray, isSeveral, withItem, withoutItem } from './few.js';
import type { DirtyLane, IpEntry, MacEntry, MacVrf } from './mac-vrf.js';

/** The entry of the MAC that claims an IP: mostly the one that did when last looked at, which stands since it does. */
export function claimantOf(vrf: MacVrf, before: MacEntry | undefined, mac: Mac): MacEntry {
  return before?.mac === mac ? before : vrf.macEntry(mac);
}

/** Has each item of the set marked in the lane: at once, or where they are many some with each look at the lane. */
export function markAll<Item extends number | string | object>(
  items: Few<Item>,
  lane: DirtyLane,
  mark: (item: Item, lane: DirtyLane) => void,
): void {
  if (items instanceof Set) lane.walkLater(items, marking(items, lane, mark));
  else if (isArray(items)) for (const item of items) mark(item, lane);
  else if (items !== undefined) mark(items, lane);
}

function* marking<Item>(
  items: Iterable<Item>,
  lane: DirtyLane,
  mark: (item: Item, lane: DirtyLane) => void,
): Iterator<void> {
  for (const item of items) yield mark(item, lane);
}

/** Has IPs looked at that this MAC claims and others, too: which of them count hangs on where their MACs are. */
export function markContested(vrf: MacVrf, { remotes }: MacEntry): void {
  markAll(remotes, vrf.ofRoutes, markIfContested);
}

function markIfContested({ nlri }: Destination, lane: DirtyLane): void {
  if (nlri.type !== RouteType.MAC_IP_ADVERTISEMENT || nlri.ip === undefined) return;
  const ip = lane.vrf.ips.get(nlri.ip);
  if (ip && isSeveral(ip.remotes)) lane.vrf.markIp(ip, lane);
}

/** The MAC claims the IP no longer. */
function unbind(vrf: MacVrf, claimant: MacEntry, ip: Ip): void {
  claimant.ips = withoutItem(claimant.ips, ip);
  // Nothing has changed of it since it was looked at but this
  if (claimant.isIdle) vrf.retireMac(claimant);
  else vrf.markMac(claimant);
}

/**
 * Notes which MACs claim the IP, by the local binding and by the best remote claim: it is looked at again when one of them changes
 * owner. A MAC that no longer claims it goes where nothing else keeps its entry, or is looked at itself.
 */
export function rebind(
  vrf: MacVrf,
  entry: IpEntry,
  here: MacEntry | undefined,
  there: MacEntry | undefined,
): void {
  const { ip, claimantHere, claimantThere } = entry;
  if (claimantHere === here && claimantThere === there) return;
  if (claimantHere && claimantHere !== here && claimantHere !== there) unbind(vrf, claimantHere, ip);
  if (claimantThere && claimantThere !== here && claimantThere !== there) unbind(vrf, claimantThere, ip);
  if (here) here.ips = withItem(here.ips, ip);
  if (there) there.ips = withItem(there.ips, ip);
  entry.claimantHere = here;
  entry.claimantThere = there;
}
