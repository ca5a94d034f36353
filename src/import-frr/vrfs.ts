import type { FamilyName } from '../config/index.js';
import type { Model, VrfBlock } from './model.js';
import { connectedRules, type Say } from './policies.js';
import { asNumber } from './row.js';

/** A setting of a VRF, and the line that gave it. */
export type VrfSetting = readonly [key: string, value: unknown, line: number];

/**
 * The settings of `evpn.vrfs` that a VRF's BGP instance becomes. FRR announces as Type-5 what is in the instance's table, where
 * `advertise` names the family.
 */
export function vrfSettings(vrf: VrfBlock, model: Model, usedMaps: Set<string>, say: Say): VrfSetting[] {
  const { networks, redistributions, advertised, settings, asn } = vrf;
  const ours = model.asn;
  if (asn !== undefined && ours !== undefined && asNumber(asn.value) !== asNumber(ours.value))
    say(asn.line, 'differs', `evpnd has one AS, ${ours.value}: route targets of the VRF are derived of that`);
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
  // Protocols without a rule are all routes of theirs: where a route-map leaves no rule, neither may be written
  const others = spread.filter(({ protocols, rules }) => protocols.length > 0 && rules.length > 0);
  const [first] = connected;
  if (first) found.push(['redistribute-connected', connected.flatMap(({ rules }) => rules), first.line]);
  const [other] = others;
  if (other) {
    const protocols = [...new Set(others.flatMap((each) => each.protocols))];
    if (!isProduct(others, protocols))
      say(
        other.line,
        'differs',
        'the prefixes of all that is redistributed are one list here, whose first match decides, for all these protocols and both families',
      );
    const ofStatic = others.find((each) => each.protocols.includes('zstatic'));
    if (ofStatic && !others.some((each) => each.protocols.includes('boot')))
      say(ofStatic.line, 'differs', 'also routes that others than FRR wrote as `proto static`');
    found.push(['redistribute-routes', [...new Set(others.flatMap(({ rules }) => rules))], other.line]);
    found.push(['redistribute-protocols', protocols, other.line]);
  }
  return found;
}

/** True where one list of rules and one of protocols say the same as the statements do, of which each has both. */
function isProduct(
  statements: readonly (Pick<VrfBlock['redistributions'][number], 'family' | 'protocols'> & {
    readonly rules: readonly string[];
  })[],
  protocols: readonly string[],
): boolean {
  return [...new Set(statements.map(({ family }) => family))].every((family) => {
    const ofFamily = statements.filter((each) => each.family === family);
    const lists = new Set(ofFamily.map(({ rules }) => rules.join()));
    const its = new Set(ofFamily.flatMap((each) => each.protocols));
    return lists.size === 1 && its.size === protocols.length;
  });
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
  const rules = connectedRules(routeMap, isSix, model, say);
  if (rules.length === 0 && model.routeMaps.has(routeMap))
    say(line, 'not-carried', `nothing is left of route-map ${routeMap}, so that nothing is announced`);
  return rules;
}
