import { type Destination, decideSeveral, type Multipath, type Path } from '../../bgp/index.js';
import type { Topology } from '../../dataplane/index.js';
import {
  hostPrefix,
  IPV4_ANY,
  IPV6_ANY,
  isIpv4,
  isLinkLocal,
  isMartian,
  isMulticastMac,
  isNoVtep,
  isReservedEsi,
  type PrefixKey,
  prefixAddress,
  prefixLength,
  prefixOf,
} from '../../types/index.js';
import { type EvpnNlri, type PathAttributes, RouteType } from '../../wire/index.js';
import { claimOf, compareRemoteClaims } from '../remote-claims.js';
import { encapsulationReason } from '../route-types/route-type.js';
import type { UnusedReason } from '../unused-reasons.js';
import type { IpVrf } from './ip-vrf.js';

/** As many as a nexthop group of ours may have. */
const ALL: Multipath = { external: 32, internal: 32, isRelaxed: true };

/** The prefix of a route's key, of one that can be a VRF's. */
export function prefixOfKey(nlri: EvpnNlri): PrefixKey | undefined {
  if (nlri.type === RouteType.IP_PREFIX) return prefixOf(nlri.prefix, nlri.prefixLength);
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT && nlri.ip !== undefined
    ? hostPrefix(nlri.ip)
    : undefined;
}

/** The prefix that a route says a VRF how to reach; undefined for one that says nothing to any. */
export function prefixOfRoute(nlri: EvpnNlri): PrefixKey | undefined {
  // Without a second label it is of its VNI alone (RFC 9135 §5.1)
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT && nlri.label2 === undefined) return undefined;
  return prefixOfKey(nlri);
}

/** Returns what rules the route out in every VRF; undefined if nothing does. */
function contentReason(nlri: EvpnNlri, attributes: PathAttributes): UnusedReason | undefined {
  const { nextHop, routerMac } = attributes;
  const prefix = prefixOfRoute(nlri);
  if (prefix === undefined) return 'route-type';
  const address = prefixAddress(prefix);
  if (prefixLength(prefix) > 0 && (isMartian(address) || isLinkLocal(address))) return 'prefix';
  if (nlri.type === RouteType.IP_PREFIX) {
    if (nlri.ethernetTag !== 0) return 'ethernet-tag';
    const none = isIpv4(nlri.prefix) ? IPV4_ANY : IPV6_ANY;
    if (nlri.gateway !== none || !isReservedEsi(nlri.esi)) return 'gateway-index';
  }
  if (isNoVtep(nextHop)) return 'martian-next-hop';
  if (routerMac === undefined || routerMac === 0 || isMulticastMac(routerMac)) return 'router-mac';
  return encapsulationReason(attributes);
}

function labelOf(nlri: EvpnNlri): number | undefined {
  if (nlri.type === RouteType.IP_PREFIX) return nlri.label;
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT ? nlri.label2 : undefined;
}

/** Returns why the VRF does not use the path of a route that it imports; undefined if it may. */
export function whyNoClaim(
  { nlri, attributes }: Pick<Path, 'nlri' | 'attributes'>,
  { at, l3vni }: Pick<IpVrf, 'at' | 'l3vni'>,
  topology: Topology,
): UnusedReason | undefined {
  const reason = contentReason(nlri, attributes);
  if (reason !== undefined) return reason;
  const { nextHop, routerMac } = attributes;
  if (topology.ownVteps.has(nextHop)) return 'own-next-hop';
  if (at.localVtep !== undefined && isIpv4(at.localVtep) !== isIpv4(nextHop)) return 'next-hop-family';
  if (routerMac !== undefined && topology.own.get(l3vni)?.macs.has(routerMac)) return 'own-router-mac';
  return labelOf(nlri) === l3vni ? undefined : 'routed-label';
}

/**
 * The paths that a prefix is reached by, of those that may be used. A host's own route goes before prefix routes to it: of several
 * the one that a VNI of hosts would choose too (RFC 7432 §7.7, RFC 9135 §7). Prefix routes share, where they are equally good
 * (RFC 4271 §9.1.2).
 */
export function chosenPaths(
  usable: readonly { readonly destination: Destination; readonly path: Path }[],
): readonly Path[] {
  let host: ReturnType<typeof claimOf>;
  let ofHost: Path | undefined;
  const prefixes: Path[] = [];
  for (const { destination, path } of usable) {
    const claim = claimOf(destination, path);
    if (!claim) prefixes.push(path);
    else if (host === undefined || compareRemoteClaims(claim, host) < 0) {
      host = claim;
      ofHost = path;
    }
  }
  if (ofHost) return [ofHost];
  return prefixes.length < 2 ? prefixes : decideSeveral(prefixes, ALL).chosen;
}
