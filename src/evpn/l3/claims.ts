import { type Destination, decideSeveral, type Multipath, type Path } from '../../bgp/index.js';
import type { Topology } from '../../dataplane/index.js';
import {
  hostPrefix,
  type Ip,
  isIpv4,
  isLinkLocal,
  isMartian,
  isMulticastMac,
  isNoVtep,
  isReservedEsi,
  isUnspecified,
  type PrefixKey,
  prefixAddress,
  prefixLength,
  prefixOf,
  type Vni,
} from '../../types/index.js';
import { type EvpnNlri, type PathAttributes, RouteType } from '../../wire/index.js';
import { ruleBetween } from '../mobility.js';
import { claimOf, compareRemoteClaims, type RemoteClaim } from '../remote-claims.js';
import { encapsulationReason } from '../route-types/route-type.js';
import { Rule } from '../rules.js';
import type { UnusedReason } from '../unused-reasons.js';
import type { Egresses, IpVrf } from './ip-vrf.js';

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
  if (prefix === undefined) return prefixOfKey(nlri) === undefined ? 'route-type' : 'no-layer-3-label';
  const address = prefixAddress(prefix);
  if (prefixLength(prefix) > 0 && (isMartian(address) || isLinkLocal(address))) return 'prefix';
  if (nlri.type === RouteType.IP_PREFIX) {
    if (nlri.ethernetTag !== 0) return 'ethernet-tag';
    if (!isReservedEsi(nlri.esi)) return 'segment-index';
  }
  if (isNoVtep(nextHop)) return 'martian-next-hop';
  if (gatewayOf(nlri) !== undefined) return encapsulationReason(attributes);
  if (routerMac === undefined || routerMac === 0 || isMulticastMac(routerMac)) return 'router-mac';
  return encapsulationReason(attributes);
}

/** The gateway that the route names as overlay index, in whose place its label and router MAC do not count (RFC 9136 §3.2). */
export function gatewayOf(nlri: EvpnNlri): Ip | undefined {
  return nlri.type === RouteType.IP_PREFIX && !isUnspecified(nlri.gateway) ? nlri.gateway : undefined;
}

/** The VNI that frames of the route are sent with for a VRF; undefined where it says nothing to any. */
export function routedLabel(nlri: EvpnNlri): number | undefined {
  if (nlri.type === RouteType.IP_PREFIX) return nlri.label;
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT ? nlri.label2 : undefined;
}

/** The VRF by whose L3VNI frames of the route are sent, whose label names it; undefined where none of this leaf has that VNI. */
export function egressOf<Vrf extends Pick<IpVrf, 'l3vni'>>(
  nlri: EvpnNlri,
  vrf: Vrf,
  egresses: Egresses<Vrf>,
): Vrf | undefined {
  const label = routedLabel(nlri);
  if (label === undefined || label === vrf.l3vni) return label === undefined ? undefined : vrf;
  return egresses.get(label);
}

/** Returns why the VRF does not use the path of a route that it imports; undefined if it may. */
export function whyNoClaim(
  { nlri, attributes }: Pick<Path, 'nlri' | 'attributes'>,
  vrf: Pick<IpVrf, 'at' | 'l3vni'>,
  topology: Topology,
  egresses: Egresses<Pick<IpVrf, 'at' | 'l3vni'>>,
  isReached: (gateway: Ip) => boolean,
): UnusedReason | undefined {
  const reason = contentReason(nlri, attributes);
  if (reason !== undefined) return reason;
  const { nextHop, routerMac } = attributes;
  if (topology.ownVteps.has(nextHop)) return 'own-next-hop';
  const gateway = gatewayOf(nlri);
  if (gateway !== undefined) return isReached(gateway) ? undefined : 'gateway-index';
  const egress = egressOf(nlri, vrf, egresses);
  if (!egress) return 'routed-label';
  const { localVtep } = egress.at;
  if (localVtep !== undefined && isIpv4(localVtep) !== isIpv4(nextHop)) return 'next-hop-family';
  const isOwn = routerMac !== undefined && topology.own.get(egress.l3vni)?.macs.has(routerMac) === true;
  return isOwn ? 'own-router-mac' : undefined;
}

/** How a prefix is reached, of several paths that may be used. */
export interface PathChoice {
  /** Those that are taken; none where there is none. */
  readonly chosen: readonly Path[];
  /** The rule by which they are. */
  readonly rule: string;
  /** Of each other path the rule, or the step of BGP's decision process, by which it is not. */
  readonly lost: ReadonlyMap<Path, string>;
}

/** A path that may be used. */
export interface UsablePath {
  readonly destination: Destination;
  readonly path: Path;
}

const NONE_LOST: ReadonlyMap<Path, string> = new Map();
const NO_PATHS: PathChoice = { chosen: [], rule: Rule.NOBODY, lost: NONE_LOST };

/**
 * The paths that a prefix is reached by, of those that may be used. Routes of the VRF itself go before those of other VRFs, whose hosts
 * would take over its own with a higher sequence number otherwise. Then a host's own route goes before prefix routes to it: of several
 * the one that a VNI of hosts would choose too (RFC 7432 §7.7, RFC 9135 §7). Prefix routes share where they are equally good (RFC 4271
 * §9.1.2).
 */
export function choosePaths(usable: readonly UsablePath[], l3vni: Vni): PathChoice {
  if (usable.length === 0) return NO_PATHS;
  if (usable.length === 1) return { chosen: [usable[0].path], rule: Rule.ONLY_CLAIM, lost: NONE_LOST };
  const own = usable.filter(({ path }) => isOfVrf(path.nlri, l3vni));
  if (own.length > 0 && own.length < usable.length) return chooseOwn(own, usable, l3vni);
  const hosts: { readonly claim: RemoteClaim; readonly path: Path }[] = [];
  const prefixes: Path[] = [];
  for (const { destination, path } of usable) {
    const claim = claimOf(destination, path);
    if (claim) hosts.push({ claim, path });
    else prefixes.push(path);
  }
  if (hosts.length > 0) return chooseHost(hosts, prefixes);
  // Of two VRFs of one leaf one is taken, always the same
  const candidates = own.length > 0 ? prefixes : prefixes.sort(byLabel);
  const { rule, lost, chosen } = decideSeveral(candidates, ALL);
  return { chosen, rule: chosen.length > 1 ? Rule.SHARED : rule, lost };
}

function chooseOwn(own: readonly UsablePath[], usable: readonly UsablePath[], l3vni: Vni): PathChoice {
  const { chosen, rule, lost } = choosePaths(own, l3vni);
  const allLost = new Map<Path, string>(lost);
  for (const { path } of usable) if (!isOfVrf(path.nlri, l3vni)) allLost.set(path, Rule.OWN_VRF);
  return { chosen, rule: own.length > 1 ? rule : Rule.OWN_VRF, lost: allLost };
}

/** The route is the VRF's own, as far as its label shows. */
export function isOfVrf(nlri: EvpnNlri, l3vni: Vni): boolean {
  return gatewayOf(nlri) !== undefined || routedLabel(nlri) === l3vni;
}

function byLabel(a: Path, b: Path): number {
  return (routedLabel(a.nlri) ?? 0) - (routedLabel(b.nlri) ?? 0);
}

function chooseHost(
  hosts: { readonly claim: RemoteClaim; readonly path: Path }[],
  prefixes: readonly Path[],
): PathChoice {
  const [best, ...others] = hosts.sort((a, b) => compareRemoteClaims(a.claim, b.claim));
  const lost = new Map<Path, string>();
  for (const { claim, path } of others) lost.set(path, ruleBetween(best.claim, claim));
  for (const path of prefixes) lost.set(path, Rule.HOST);
  const [second] = others;
  return { chosen: [best.path], rule: second ? ruleBetween(best.claim, second.claim) : Rule.HOST, lost };
}
