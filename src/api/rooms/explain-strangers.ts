import type { Destination, Path } from '../../bgp/index.js';
import { claimOf, importingSetting, type MacVrf, type RemoteClaim, reasonText } from '../../evpn/index.js';
import { formatRouteTarget, formatRouteTargetPattern, type Ip, type Mac } from '../../types/index.js';
import { type PathAttributes, vniOfRoute } from '../../wire/index.js';
import type { Turns } from '../turnstile.js';
import { type Chosen, chooseFirst } from './explain-chosen.js';
import type { Heard } from './explain-claims.js';
import type { Rooms } from './rooms.js';

/**
 * Routes of the MAC, and of the IP if one is named, that the VNI does not import and that may be meant for it: their label
 * is the VNI or is absent, or no other VNI imports them.
 */
export function chooseStrangers(
  rooms: Rooms,
  vrf: MacVrf,
  mac: Mac,
  ip: Ip | undefined,
  turns: Turns,
): Promise<Chosen> {
  const wants = (destination: Destination) => {
    const claim = claimOf(destination, spoken(destination));
    if (!claim || (ip !== undefined && claim.route.ip !== ip)) return false;
    return whyStranger(rooms, vrf, destination) !== undefined;
  };
  return chooseFirst(rooms.speaker.rib.destinationsOf({ mac }), wants, turns);
}

/** Returns an item for each of the routes that the VNI still does not import. */
export function strangersHeard(
  rooms: Rooms,
  vrf: MacVrf,
  destinations: readonly Destination[],
): Heard<RemoteClaim>[] {
  return destinations.flatMap((destination) => {
    const claim = claimOf(destination, spoken(destination));
    const ignored = claim && whyStranger(rooms, vrf, destination);
    return claim && ignored !== undefined ? [{ claim, ignored }] : [];
  });
}

/** Returns why the VNI does not import a route that may be meant for it; undefined if it does, or the route is another VNI's. */
export function whyStranger({ evpn }: Rooms, vrf: MacVrf, destination: Destination): string | undefined {
  const { best } = destination;
  if (!best) return whyRejected(vrf, destination);
  const notImported = evpn.importer.whyNotImported(destination, vrf);
  if (notImported === undefined) return undefined;
  const importers = evpn.importer.importersOf(destination);
  const label = vniOfRoute(best.nlri, best.attributes.pmsiTunnel?.label);
  const isMeant = label === vrf.vni || label === 0 || label === undefined || importers.length === 0;
  if (!isMeant) return undefined;
  if (notImported !== 'route-targets') return reasonText(notImported, best);
  const { routeTargets } = best.attributes;
  const targets = routeTargets.map(formatRouteTarget).join(', ') || 'none';
  const others = importers.map(({ vni }) => vni).sort((a, b) => a - b);
  return [
    `not imported: VNI ${vrf.vni} takes none of its route targets (${targets})`,
    ...(label !== undefined && label !== vrf.vni ? [`its label is ${label}`] : []),
    ...(others.length > 0 ? [`VNI ${others.join(', ')} imports it`] : settingText(vrf, best.attributes)),
  ].join('; ');
}

/** The path by which a route is shown: the first where policies reject them all. */
function spoken({ best, paths }: Destination): Path | undefined {
  return best ?? paths[0];
}

function whyRejected(vrf: MacVrf, destination: Destination): string | undefined {
  const path = spoken(destination);
  if (!path) return undefined;
  const label = vniOfRoute(path.nlri, path.attributes.pmsiTunnel?.label);
  const isMeant = label === vrf.vni || label === 0 || label === undefined;
  return isMeant ? reasonText('import-policy', path) : undefined;
}

function settingText(vrf: MacVrf, { routeTargets }: PathAttributes): string[] {
  const setting = importingSetting(routeTargets, vrf);
  if (!setting) return [];
  if ('autoRt' in setting) return [`\`auto-rt: ${setting.autoRt}\` would import it`];
  const list = setting.importTargets.map((target) => `'${formatRouteTargetPattern(target)}'`).join(', ');
  return [`\`import-route-targets: [${list}]\` of VNI ${vrf.vni} would import it`];
}
