import type { Destination } from '../../bgp/index.js';
import type { LocalMac } from '../../dataplane/index.js';
import {
  claimOf,
  hasItem,
  type IpEntry,
  ipReason,
  localReasonText,
  type MacEntry,
  type MacVrf,
  macReason,
  numberWeHad,
  type RemoteClaim,
  reasonText,
  type UnusedReason,
  whyLocalIpUnused,
  whyNoLocalMac,
} from '../../evpn/index.js';
import { formatEsi, formatIp, formatMac, type Ip, type Mac } from '../../types/index.js';
import { type EvpnNlri, formatNlri } from '../../wire/index.js';
import type { ClaimItem, Story } from '../explain-schemas.js';
import { portName } from '../parts/kernel-rows.js';
import { originatedPathItem, pathItem } from '../parts/paths.js';
import { ipText } from '../present.js';
import type { Rooms } from './rooms.js';

/** One word on an address, and why it does not count, where it does not. */
export interface Heard<Claim> {
  readonly claim: Claim;
  readonly ignored: string | undefined;
}

/** Returns the bridge's row of the MAC. */
export function localMacHeard({ dataPlane }: Rooms, vrf: MacVrf, mac: Mac): Heard<LocalMac> | undefined {
  const claim = dataPlane.localMac(vrf.vni, mac);
  if (!claim) return undefined;
  const reason = whyNoLocalMac(mac, vrf, macReason(mac, vrf));
  return { claim, ignored: reason && localReasonText(reason) };
}

/** The claim of a route, by its best path; undefined if it has none any more. */
export type Hearing = (destination: Destination) => Heard<RemoteClaim> | undefined;

/** Returns the claim of a route on the MAC. */
export function macHearing({ evpn }: Rooms, vrf: MacVrf, entry: MacEntry | undefined): Hearing {
  return hearing(entry, (claim, of) =>
    evpn.claims.whyNotOfMac(claim, vrf, of, macReason(claim.route.mac, vrf)),
  );
}

/** The same of the IP. */
export function ipHearing({ evpn }: Rooms, vrf: MacVrf, entry: IpEntry | undefined): Hearing {
  return hearing(entry, (claim, of) => evpn.claims.whyNotOfIp(claim, vrf, of, ipReason(of.ip, vrf)));
}

function hearing<Entry extends MacEntry | IpEntry>(
  entry: Entry | undefined,
  whyNot: (claim: RemoteClaim, entry: Entry) => UnusedReason | undefined,
): Hearing {
  return (destination) => {
    const claim = claimOf(destination);
    if (!claim || !entry) return undefined;
    const reason = whyNot(claim, entry);
    return { claim, ignored: reason && reasonText(reason, destination.best) };
  };
}

/** Returns the claims of those of the routes that are the entry's still. */
export function claimsHeard(
  destinations: readonly Destination[],
  entry: MacEntry | IpEntry | undefined,
  hear: Hearing,
): Heard<RemoteClaim>[] {
  return destinations.flatMap((destination) => {
    const heard = hasItem(entry?.remotes, destination) ? hear(destination) : undefined;
    return heard ? [heard] : [];
  });
}

/** The local claim on a MAC as the API shows it. */
export function localMacItem(
  { dataPlane }: Rooms,
  vrf: MacVrf,
  mac: Mac,
  entry: MacEntry | undefined,
  { claim, ignored }: Heard<LocalMac>,
): ClaimItem {
  const won = entry?.ownership.owner === 'local' && ignored === undefined;
  return {
    origin: 'local',
    won,
    ignored: ignored ?? null,
    mac: formatMac(mac),
    ip: null,
    vtep: ipText(vrf.localVtep),
    esi: null,
    leaf: null,
    sequence: won ? entry.ownership.sequence : numberWeHad(entry?.history),
    sticky: claim.isSticky,
    router: false,
    device: portName(dataPlane, claim.port),
    epoch: claim.epoch,
    route: null,
  };
}

/** The local claim on an IP as the API shows it. */
export function localIpItem(
  rooms: Rooms,
  vrf: MacVrf,
  ip: Ip,
  entry: IpEntry | undefined,
): ClaimItem | undefined {
  const { dataPlane } = rooms;
  const neigh = dataPlane.localNeigh(vrf.vni, ip);
  if (!neigh) return undefined;
  const local = dataPlane.localMac(vrf.vni, neigh.mac);
  const reason = whyLocalIpUnused(ip, neigh.mac, vrf);
  return {
    origin: 'local',
    won: entry?.owner === 'local' && entry.mac === neigh.mac,
    ignored: reason === undefined ? null : localReasonText(reason),
    mac: formatMac(neigh.mac),
    ip: formatIp(ip),
    vtep: ipText(vrf.localVtep),
    esi: null,
    leaf: null,
    sequence: vrf.macs.get(neigh.mac)?.ownership.sequence ?? 0,
    sticky: local?.isSticky ?? false,
    router: neigh.router,
    device: local ? portName(dataPlane, local.port) : null,
    epoch: neigh.epoch,
    route: null,
  };
}

/** A remote claim as the API shows it. */
export function remoteItem(rooms: Rooms, { claim, ignored }: Heard<RemoteClaim>, won: boolean): ClaimItem {
  const { destination, route } = claim;
  return {
    origin: 'remote',
    won,
    ignored: ignored ?? null,
    mac: formatMac(route.mac),
    ip: ipText(route.ip),
    vtep: formatIp(claim.vtep),
    esi: claim.segment === undefined ? null : formatEsi(claim.segment),
    leaf: ignored === undefined ? formatIp(claim.leaf) : null,
    sequence: claim.sequence,
    sticky: claim.sticky,
    router: claim.router,
    device: null,
    epoch: null,
    route: routeOf(rooms, destination, route, route.label1),
  };
}

/** The route of a claim as the API shows it; `label`: the VNI that it names. */
export function routeOf(
  { speaker }: Rooms,
  destination: Destination,
  nlri: EvpnNlri,
  label: number,
): NonNullable<ClaimItem['route']> {
  const { rule, lost } = speaker.rib.decision(destination);
  return {
    key: formatNlri(nlri),
    rd: nlri.rd.toString(),
    label,
    bestBy: rule,
    paths: destination.paths.map((path) => pathItem(path, path === destination.best, lost.get(path))),
  };
}

/** Routes of our own that are announced now, as the API shows them. */
export function advertisedItems({ speaker }: Rooms, routes: readonly EvpnNlri[]): Story['advertised'] {
  return routes.flatMap((nlri) => {
    const route = speaker.localRib.route(nlri);
    if (!route) return [];
    return [
      {
        key: formatNlri(nlri),
        rd: nlri.rd.toString(),
        path: originatedPathItem(route.nlri, route.attributes),
      },
    ];
  });
}
