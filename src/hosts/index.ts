/**
 * The hosts behind this leaf's access ports: which IPs they have, and that they go on being known. Two witnesses tell: the
 * kernel's neighbours on the SVI, and the ARP (RFC 826) and ND (RFC 4861) that hosts are heard to speak on their ports,
 * which needs no SVI. Hosts are asked, fairly by port and VNI, before what is known of them expires.
 *
 * Not here: answering for remote hosts, which the bridge does by itself (`neigh_suppress`), and whose an IP is when another
 * leaf claims it as well, which is the brain's to decide.
 */
import type { Hosts, HostsOwner, RefreshSettings, Snooper } from '../dataplane/index.js';
import { HostWatch } from './host-watch.js';
import { DEFAULT_REFRESH } from './refresher.js';

export { DEFAULT_REFRESH } from './refresher.js';

/** How a data plane gets its watch over hosts; without a snooper only the SVIs' neighbours are known. */
export function watchHosts(
  snooper?: Snooper | undefined,
  refresh: RefreshSettings = DEFAULT_REFRESH,
): (owner: HostsOwner) => Hosts {
  return (owner) => new HostWatch(owner, snooper, refresh);
}
