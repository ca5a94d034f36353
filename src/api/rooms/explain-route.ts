import type { Destination, Path } from '../../bgp/index.js';
import { deviceName, type OwnerPlane, type PlaneKey } from '../../dataplane/index.js';
import {
  type IpVrf,
  lookUp,
  macRoute,
  type PrefixLook,
  prefixesHolding,
  prefixOfKey,
  reasonText,
  routedLabel,
} from '../../evpn/index.js';
import {
  formatIp,
  formatMac,
  formatPrefix,
  type PrefixKey,
  prefixAddress,
  prefixLength,
  type Vni,
} from '../../types/index.js';
import { type EvpnNlri, RouteType } from '../../wire/index.js';
import type { ExplainRoute, PrefixStory, RoutedClaim, RowCheck } from '../explain-route-schemas.js';
import { failureItem } from '../parts/failure.js';
import { portName } from '../parts/kernel-rows.js';
import { driftItem } from '../resources/drift.js';
import type { Turns } from '../turnstile.js';
import { type Chosen, MOST_CLAIMS } from './explain-chosen.js';
import { advertisedItems, routeOf } from './explain-claims.js';
import {
  chooseRouteStrangers,
  type RouteSubject,
  spokenPath,
  whyRouteStranger,
} from './explain-route-strangers.js';
import { routeVerdict, silentVerdict } from './explain-route-verdict.js';
import type { Rooms } from './rooms.js';

/** The story of an IP address or a prefix in a VRF; undefined where there is no such VRF. */
export async function explainRoute(
  rooms: Rooms,
  name: string,
  subject: RouteSubject,
  turns: Turns,
): Promise<ExplainRoute | undefined> {
  const { dataPlane, evpn, config } = rooms;
  const before = vrfNamed(rooms, name);
  const strangers = before && (await chooseRouteStrangers(rooms, before, subject, turns));
  if (before) await lookAtRouters(rooms, before, subject);
  // From here on in one turn, so that all that is shown was so at once
  const vrf = vrfNamed(rooms, name);
  const observes = config().mode === 'observe';
  const ip = subject.isAddress ? formatIp(prefixAddress(subject.prefix)) : null;
  const asked = { vrf: name, ip };
  if (!vrf || vrf !== before) {
    const at = [...dataPlane.topology.vrfs.values()].find((each) => each.name === name);
    if (!at && !config().evpn.vrfs.has(name)) return undefined;
    return { ...asked, prefix: null, verdict: silentVerdict(name, at), stories: [], shorter: [] };
  }
  const known = prefixesOf(rooms, vrf, subject, strangers?.destinations ?? []);
  const looks = known.map((prefix) => lookUp(evpn.ipVrfs, vrf, prefix, dataPlane.topology));
  const first = looks.findIndex(({ way, own }) => way !== undefined || own !== undefined);
  const told = first < 0 ? looks : looks.slice(0, first + 1);
  const stories = told.map((look) => prefixStory(rooms, vrf, look, strangers));
  const explained = {
    ...asked,
    prefix: first < 0 ? null : formatPrefix(looks[first].prefix),
    stories,
    shorter: looks.slice(told.length).map(({ prefix }) => formatPrefix(prefix)),
  };
  return { ...explained, verdict: routeVerdict(explained, formatPrefix(subject.prefix), vrf, observes) };
}

function vrfNamed({ evpn }: Rooms, name: string): IpVrf | undefined {
  for (const vrf of evpn.ipVrfs.values()) if (vrf.name === name) return vrf;
  return undefined;
}

/** Has the kernel asked for the rows of the routers that the prefixes lead to, of which notifications may have been lost. */
async function lookAtRouters({ dataPlane, evpn }: Rooms, vrf: IpVrf, { prefix, isAddress }: RouteSubject) {
  const prefixes = isAddress ? prefixesHolding(evpn.ipVrfs, vrf, prefixAddress(prefix)) : [prefix];
  const keys = prefixes.flatMap((each) => {
    const way = vrf.prefixes.get(each)?.way;
    return way ? routerKeys(way) : [];
  });
  await Promise.all(keys.map(({ vni, which }) => dataPlane.lookAt(vni, which)));
}

type Way = NonNullable<PrefixLook['way']>;

/** The keys of the rows of the routers that a way leads to, and in which L3VNI each is. */
function routerKeys({ legs, gateways }: Way): { readonly vni: Vni; readonly which: PlaneKey }[] {
  return [
    ...legs.map(({ egress }, i) => ({
      vni: egress.l3vni,
      which: { table: 'neigh', key: gateways[i] } as const,
    })),
    ...legs.map(({ routerMac: key, egress }) => ({
      vni: egress.l3vni,
      which: { table: 'mac', key } as const,
    })),
  ];
}

/** The prefixes to tell of, the longest first: those that something is known of, and those of strange routes. */
function prefixesOf(
  { evpn }: Rooms,
  vrf: IpVrf,
  { prefix, isAddress }: RouteSubject,
  strangers: readonly Destination[],
): PrefixKey[] {
  if (!isAddress) return [prefix];
  const known = new Set(prefixesHolding(evpn.ipVrfs, vrf, prefixAddress(prefix)));
  for (const { nlri } of strangers) {
    const its = prefixOfKey(nlri);
    if (its !== undefined) known.add(its);
  }
  return [...known].sort((a, b) => prefixLength(b) - prefixLength(a));
}

function prefixStory(rooms: Rooms, vrf: IpVrf, look: PrefixLook, strangers: Chosen | undefined): PrefixStory {
  const { prefix, own, localVni, way, rule, heard } = look;
  const strange = (strangers?.destinations ?? []).flatMap((destination) => {
    const ignored = prefixOfKey(destination.nlri) === prefix && whyRouteStranger(rooms, vrf, destination);
    const path = spokenPath(destination);
    return path && typeof ignored === 'string' ? [claimItem(rooms, destination, path, { ignored })] : [];
  });
  const claims = [
    ...heard.map(({ destination, path, ignored, lostBy }) =>
      claimItem(rooms, destination, path, { ignored: ignored && reasonText(ignored, path), lostBy }),
    ),
    ...strange,
  ];
  return {
    prefix: formatPrefix(prefix),
    owner: own !== undefined ? 'local' : way ? 'remote' : 'none',
    rule,
    localVni: localVni ?? null,
    throughVrf: way?.through?.name ?? null,
    gateways: (way?.direct ?? []).map(({ ifindex, gateway }) => ({
      address: formatIp(gateway),
      device: deviceName(rooms.dataPlane.topology, ifindex),
    })),
    legs: (way?.legs ?? []).map(({ vtep, routerMac, egress }) => ({
      vtep: formatIp(vtep),
      routerMac: formatMac(routerMac),
      vni: egress.l3vni,
    })),
    claims: claims.slice(0, MOST_CLAIMS),
    moreClaims: Math.max(0, claims.length - MOST_CLAIMS),
    rows: rowsOf(rooms, vrf, prefix, way),
    advertised: advertisedItems(rooms, announcedOf(rooms, vrf, look)),
  };
}

function claimItem(
  rooms: Rooms,
  destination: Destination,
  { nlri, attributes: { nextHop, routerMac } }: Path,
  { ignored, lostBy }: { readonly ignored?: string | undefined; readonly lostBy?: string | undefined },
): RoutedClaim {
  return {
    won: ignored === undefined && lostBy === undefined,
    ignored: ignored ?? null,
    lostBy: lostBy ?? null,
    kind: nlri.type === RouteType.IP_PREFIX ? 'prefix' : 'host',
    vtep: formatIp(nextHop),
    routerMac: routerMac === undefined ? null : formatMac(routerMac),
    route: routeOf(rooms, destination, nlri, routedLabel(nlri) ?? 0),
  };
}

function announcedOf({ evpn }: Rooms, vrf: IpVrf, { prefix, localVni }: PrefixLook): EvpnNlri[] {
  const route = evpn.ipVrfs.announcedRoute(vrf, prefix);
  const ofHosts = localVni === undefined ? undefined : evpn.vrf(localVni);
  const host = ofHosts?.ips.get(prefixAddress(prefix));
  return [
    ...(route ? [route] : []),
    ...(ofHosts && host?.mac !== undefined ? [macRoute(ofHosts, host.mac, host.ip)] : []),
  ];
}

/** What is wanted of the prefix in the kernel, or stands there, row by row. */
function rowsOf(rooms: Rooms, vrf: IpVrf, prefix: PrefixKey, way: Way | undefined): RowCheck[] {
  const { plane } = vrf.routes;
  const route = { table: 'route', key: prefix } as const;
  const keys = way || plane.holdsOwn(route) ? vrf.routes.keysOf(prefix) : [];
  return [
    ...keys.map((which) => rowCheck(rooms, plane, which)),
    ...(way ? routerKeys(way) : []).flatMap(({ vni, which }) => {
      const ofVni = rooms.dataPlane.plane(vni);
      return ofVni ? [rowCheck(rooms, ofVni, which)] : [];
    }),
  ];
}

const ROW_NAMES: Readonly<Partial<Record<PlaneKey['table'], RowCheck['row']>>> = {
  route: 'route',
  'nexthop-group': 'nexthop-group',
  nexthop: 'nexthop',
  neigh: 'neighbor',
  mac: 'router-mac',
};

function rowCheck({ dataPlane }: Rooms, plane: OwnerPlane, which: PlaneKey): RowCheck {
  const { drift } = dataPlane;
  return {
    row: ROW_NAMES[which.table] ?? 'route',
    wanted: plane.wantedText(which),
    found: plane.foundText(which, (port) => portName(dataPlane, port)),
    fits: plane.agrees(which),
    failure: failureItem(plane.intent(which)?.failure ?? drift.openAt(plane.owner, which)?.failure),
    drifts: drift.of(plane.owner, which).map(driftItem),
  };
}
