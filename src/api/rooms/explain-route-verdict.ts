import type { VrfAttachment } from '../../dataplane/index.js';
import type { IpVrf } from '../../evpn/index.js';
import type { ExplainRoute, PrefixStory } from '../explain-route-schemas.js';
import { kernelSentences, OBSERVES } from './verdict.js';

/** Returns the summary of a story: where packets go, why, why not elsewhere, and what is wrong. */
export function routeVerdict(
  explained: Omit<ExplainRoute, 'verdict'>,
  asked: string,
  { at, name }: IpVrf,
  observes: boolean,
): string[] {
  const { stories, shorter, prefix } = explained;
  const subject = explained.ip ?? asked;
  const sentences = [
    ...(prefix === null ? [`VRF ${name} has no route to ${subject}.`] : []),
    ...(at.up ? [] : [`VRF ${name} does not route now; /api/v1/vrfs/${name} says why.`]),
    ...stories.flatMap((story) => storySentences(story, name, observes)),
  ];
  if (shorter.length > 0)
    sentences.push(`Shorter prefixes that hold ${subject} too do not count: ${shorter.join(', ')}.`);
  return [...new Set(sentences)];
}

/** What is said of a VRF that has no IP-VRF. */
export function silentVerdict(name: string, at: VrfAttachment | undefined): string[] {
  if (!at) return [`VRF ${name} is configured, and there is no such device.`];
  return at.l3vni === undefined
    ? [`VRF ${name} has no L3VNI: evpnd does not route for it; /api/v1/vrfs/${name} shows what it has.`]
    : [`evpnd does not route for VRF ${name}; /api/v1/vrfs/${name} says why.`];
}

function storySentences(story: PrefixStory, vrf: string, observes: boolean): string[] {
  return [
    ...whereabouts(story),
    ...claimSentences(story),
    ...announcement(story, vrf, observes),
    ...rowSentences(story, observes),
  ];
}

function whereabouts({ prefix, owner, rule, legs, localVni, throughVrf, gateways }: PrefixStory): string[] {
  if (owner === 'none') return [`${prefix} leads nowhere: ${rule}.`];
  if (localVni !== null)
    return [
      `${prefix} is a host of VNI ${localVni} on a port of this leaf; /api/v1/explain of that VNI has more.`,
      `Decided by: ${rule}.`,
    ];
  if (owner === 'local') return [`${prefix} is this leaf's own.`, `Decided by: ${rule}.`];
  if (throughVrf !== null)
    return [`${prefix} leads to VRF ${throughVrf} of this leaf.`, `Decided by: ${rule}.`];
  const to = [
    ...legs.map(({ vtep, routerMac, vni }) => `${vtep} (VNI ${vni}, router MAC ${routerMac})`),
    ...gateways.map(({ address, device }) => `gateway ${address} on ${device}`),
  ];
  return [`${prefix} leads to ${to.join(' and ')}.`, `Decided by: ${rule}.`];
}

function claimSentences({ claims, moreClaims, prefix }: PrefixStory): string[] {
  const sentences: string[] = [];
  for (const { vtep, kind, route, ignored, lostBy } of claims) {
    const its = `The ${kind} route of ${vtep} to ${prefix} (RD ${route.rd})`;
    if (ignored !== null) sentences.push(`${its} does not count: ${ignored}.`);
    else if (lostBy !== null) sentences.push(`${its} is not taken: ${lostBy}.`);
  }
  if (moreClaims > 0) sentences.push(`${moreClaims} more routes to ${prefix} are not shown.`);
  return sentences;
}

function announcement({ prefix, owner, advertised }: PrefixStory, vrf: string, observes: boolean): string[] {
  if (advertised.length > 0)
    return [`This leaf announces ${prefix} with next hop ${advertised[0].path.nextHop}.`];
  return owner === 'local'
    ? [`This leaf does not announce ${prefix} for VRF ${vrf}${observes ? OBSERVES : ''}.`]
    : [];
}

function rowSentences({ prefix, rows }: PrefixStory, observes: boolean): string[] {
  if (rows.length === 0) return [];
  const wrong = rows.filter(({ fits }) => !fits);
  if (wrong.length === 0) return [`The kernel holds what evpnd wants for ${prefix}.`];
  return wrong.flatMap(({ row, ...check }) =>
    kernelSentences(`${NAMES[row]} of ${prefix}`, { kernel: { ...check, offload: null } }, observes),
  );
}

const NAMES: Readonly<Record<PrefixStory['rows'][number]['row'], string>> = {
  route: 'the route',
  'nexthop-group': 'the nexthop group',
  nexthop: 'a nexthop',
  neighbor: "the router's neighbor entry",
  'router-mac': "the router's MAC",
};
