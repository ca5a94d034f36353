import type { FamilyName } from '../config/index.js';
import type { Model, VrfBlock } from './model.js';
import { connectedRules, type Say } from './policies.js';

/** A setting of a VRF, and the line that gave it. */
export type VrfSetting = readonly [key: string, value: unknown, line: number];

/**
 * The settings of `evpn.vrfs` that a VRF's BGP instance becomes. FRR announces as Type-5 what is in the instance's table, where
 * `advertise` names the family.
 */
export function vrfSettings(vrf: VrfBlock, model: Model, usedMaps: Set<string>, say: Say): VrfSetting[] {
  const { networks, redistributions, advertised, settings } = vrf;
  const found: VrfSetting[] = [...settings].map(([key, { value, line }]) => [key, value, line]);
  const isTold = ({ family, line }: { readonly family: FamilyName | undefined; readonly line: number }) => {
    if (family === undefined || advertised.has(family)) return true;
    const name = family.replace('-', ' ');
    say(
      line,
      'not-carried',
      `without \`advertise ${name}\` of the VRF's l2vpn evpn nothing of it is announced`,
    );
    return false;
  };
  const told = networks.filter(isTold);
  if (told.length > 0) found.push(['networks', [...new Set(told.map(({ value }) => value))], told[0].line]);
  const spread = redistributions.filter(isTold).map((each) => ({
    ...each,
    rules: rulesOf(each, model, usedMaps, say),
  }));
  const connected = spread.filter(({ protocols }) => protocols.length === 0);
  const others = spread.filter(({ protocols }) => protocols.length > 0);
  const [first] = connected;
  if (first) found.push(['redistribute-connected', connected.flatMap(({ rules }) => rules), first.line]);
  const [other] = others;
  if (other) {
    const lists = [...new Set(others.map(({ rules, family }) => `${family} ${rules.join()}`))];
    if (lists.length > new Set(others.map(({ family }) => family)).size)
      say(other.line, 'differs', 'of each protocol all is announced that the route-map of any permits');
    found.push(['redistribute-routes', [...new Set(others.flatMap(({ rules }) => rules))], other.line]);
    const protocols = [...new Set(others.flatMap((each) => each.protocols))];
    found.push(['redistribute-protocols', protocols, other.line]);
  }
  return found;
}

function rulesOf(
  { family, routeMap, line }: VrfBlock['redistributions'][number],
  model: Model,
  usedMaps: Set<string>,
  say: Say,
): string[] {
  const isSix = family === 'ipv6-unicast';
  if (routeMap === undefined) return [isSix ? '::/0 le 128' : '0.0.0.0/0 le 32'];
  usedMaps.add(routeMap);
  if (!model.routeMaps.has(routeMap))
    say(line, 'differs', `there is no route-map ${routeMap}: as in FRR, nothing is announced`);
  return connectedRules(routeMap, isSix, model, say);
}
