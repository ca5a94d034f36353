import type { Destination, Path } from '../../bgp/index.js';
import {
  type IpVrf,
  importingSetting,
  prefixOfKey,
  reasonText,
  routedLabel,
  type UnusedReason,
} from '../../evpn/index.js';
import {
  formatRouteTarget,
  formatRouteTargetPattern,
  isWithin,
  type PrefixKey,
  prefixAddress,
  prefixLength,
} from '../../types/index.js';
import { RouteType } from '../../wire/index.js';
import type { Turns } from '../turnstile.js';
import { type Chosen, chooseFirst } from './explain-chosen.js';
import type { Rooms } from './rooms.js';

/** Which prefixes are asked for: those that hold an address, given as the prefix of it alone, or a very prefix. */
export interface RouteSubject {
  readonly prefix: PrefixKey;
  readonly isAddress: boolean;
}

/**
 * Routes of the subject that the VRF does not import and that may be meant for it: their label is its L3VNI, or neither a VNI nor a
 * VRF imports them, or they are of a host in one of its VNIs, without a word for a VRF.
 */
export async function chooseRouteStrangers(
  rooms: Rooms,
  vrf: IpVrf,
  subject: RouteSubject,
  turns: Turns,
): Promise<Chosen> {
  const wants = (destination: Destination) =>
    isOf(subject, prefixOfKey(destination.nlri)) && whyRouteStranger(rooms, vrf, destination) !== undefined;
  return chooseFirst(routesOf(rooms), wants, turns);
}

function* routesOf({ speaker: { rib } }: Rooms): IterableIterator<Destination> {
  yield* rib.destinationsOf({ type: RouteType.IP_PREFIX });
  yield* rib.destinationsOf({ type: RouteType.MAC_IP_ADVERTISEMENT });
}

function isOf({ prefix: asked, isAddress }: RouteSubject, prefix: PrefixKey | undefined): boolean {
  if (prefix === undefined || !isAddress) return prefix === asked;
  return (
    typeof prefix === typeof asked &&
    isWithin(prefixAddress(asked), prefixAddress(prefix), prefixLength(prefix))
  );
}

/** The path by which a route is shown: the first where policies reject them all. */
export function spokenPath({ best, paths }: Destination): Path | undefined {
  return best ?? paths[0];
}

/** Returns why the VRF does not import a route that may be meant for it; undefined if it does, or the route is another's. */
export function whyRouteStranger({ evpn }: Rooms, vrf: IpVrf, destination: Destination): string | undefined {
  const path = spokenPath(destination);
  if (!path || evpn.ipVrfs.imports(vrf, destination)) return undefined;
  const label = routedLabel(path.nlri);
  if (!destination.best) return label === vrf.l3vni ? reasonText('import-policy', path) : undefined;
  const ofHosts = evpn.importer.importersOf(destination);
  if (label === undefined)
    return ofHosts.some(({ vni }) => vrf.at.vnis.includes(vni))
      ? reasonText('no-layer-3-label' satisfies UnusedReason, path)
      : undefined;
  // By its route targets, as the sentence says: what has come to whom is behind while routes wait to be looked at
  const takers = evpn.ipVrfs.takersOfRoute(path.attributes);
  if (takers.includes(vrf)) return `not imported yet: the route waits to be looked at for VRF ${vrf.name}`;
  if (label !== vrf.l3vni && (ofHosts.length > 0 || takers.length > 0)) return undefined;
  const { routeTargets } = path.attributes;
  const targets = routeTargets.map(formatRouteTarget).join(', ') || 'none';
  const setting = importingSetting(routeTargets, { vni: vrf.l3vni, importTargets: vrf.importTargets });
  return [
    `not imported: VRF ${vrf.name} takes none of its route targets (${targets})`,
    ...(label !== vrf.l3vni ? [`its label is ${label}`] : []),
    ...(setting === undefined ? [] : [settingText(vrf, setting)]),
  ].join('; ');
}

function settingText(vrf: IpVrf, setting: NonNullable<ReturnType<typeof importingSetting>>): string {
  if ('autoRt' in setting) return `\`auto-rt: ${setting.autoRt}\` would import it`;
  const list = setting.importTargets.map((target) => `'${formatRouteTargetPattern(target)}'`).join(', ');
  return `\`import-route-targets: [${list}]\` of VRF ${vrf.name} would import it`;
}
