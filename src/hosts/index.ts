/**
 * The hosts at this leaf's access ports: which IPs they have, kept known by probes. Two sources: the
 * kernel's neighbors on the SVI, and the ARP (RFC 826) and ND (RFC 4861) of hosts snooped on their ports,
 * which needs no SVI. Hosts are probed, in turn by port and VNI, before they would be forgotten.
 *
 * Not here: answering for remote hosts, which the bridge does by itself (`neigh_suppress`), and whose an IP is when another
 * leaf claims it as well, which the brain decides.
 */
import type { Hosts, HostsOwner, RefreshSettings, Snooper } from '../dataplane/index.js';
import { HostWatch } from './host-watch.js';
import { DEFAULT_REFRESH } from './refresher.js';

export { DEFAULT_REFRESH } from './refresher.js';

/** Returns the host watch of a data plane; without a snooper only the SVIs' neighbors are known. */
export function watchHosts(
  snooper?: Snooper | undefined,
  refresh: RefreshSettings = DEFAULT_REFRESH,
): (owner: HostsOwner) => Hosts {
  return (owner) => new HostWatch(owner, snooper, refresh);
}
