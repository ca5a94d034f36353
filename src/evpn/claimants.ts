import type { Mac } from '../types/index.js';
import { RouteType } from '../wire/index.js';
import { isSeveral, listOf, withItem, withoutItem } from './few.js';
import type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';

/** The entry of the MAC that claims an IP: mostly the one that did when last looked at, which stands since it does. */
export function claimantOf(vrf: MacVrf, before: MacEntry | undefined, mac: Mac): MacEntry {
  return before?.mac === mac ? before : vrf.macEntry(mac);
}

/** Has IPs looked at that this MAC claims and others, too: which of them count hangs on where their MACs are. */
export function markContested(vrf: MacVrf, { remotes }: MacEntry): void {
  for (const { nlri } of listOf(remotes)) {
    const ip =
      nlri.type === RouteType.MAC_IP_ADVERTISEMENT && nlri.ip !== undefined
        ? vrf.ips.get(nlri.ip)
        : undefined;
    if (ip && isSeveral(ip.remotes)) vrf.markIp(ip);
  }
}

/**
 * Notes which MACs claim the IP, by our word and by the best remote one: it is looked at again when one of them changes
 * hands. A MAC that no longer claims it is looked at itself, since nothing else may keep its entry.
 */
export function rebind(
  vrf: MacVrf,
  entry: IpEntry,
  here: MacEntry | undefined,
  there: MacEntry | undefined,
): void {
  const { ip, claimantHere, claimantThere } = entry;
  if (claimantHere === here && claimantThere === there) return;
  for (const claimant of [claimantHere, claimantThere]) {
    if (!claimant || claimant === here || claimant === there) continue;
    claimant.ips = withoutItem(claimant.ips, ip);
    vrf.markMac(claimant);
  }
  if (here) here.ips = withItem(here.ips, ip);
  if (there) there.ips = withItem(there.ips, ip);
  entry.claimantHere = here;
  entry.claimantThere = there;
}
