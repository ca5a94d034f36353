import { NO_OWN_ADDRESSES, type OwnAddresses } from '../dataplane/index.js';
import { type Ip, isIpv4, isLinkLocal, isMartian, isWithin } from '../types/index.js';

/**
 * True for an IP that a host may be heard to have where the machine itself has the addresses `own`: no martian, none of
 * the machine's own, no end of a subnet and no address beside the subnets, of which a gateway here would take nothing
 * (the SVI's neighbor table has none either, net/ipv4/arp.c). Where the machine has no address of the family, all are.
 */
export function mayBeHosts(ip: Ip, ownVteps: ReadonlySet<Ip>, own: OwnAddresses = NO_OWN_ADDRESSES): boolean {
  if (isMartian(ip) || ownVteps.has(ip) || own.ips.has(ip) || own.subnetEnds.has(ip)) return false;
  if (isLinkLocal(ip)) return !isIpv4(ip);
  let isElsewhere = false;
  for (const subnet of own.subnets) {
    if (isWithin(ip, subnet.ip, subnet.prefixLength)) return true;
    if (isIpv4(subnet.ip) === isIpv4(ip)) isElsewhere = true;
  }
  return !isElsewhere;
}
