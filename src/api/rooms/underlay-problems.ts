import {
  counted,
  formatIp,
  formatPrefix,
  hostPrefix,
  type Ip,
  isIpv4,
  isWithin,
  prefixAddress,
  prefixLength,
} from '../../types/index.js';
import { type DeadEnd, formatNextHop } from '../../underlay/index.js';
import { IPV4_UNICAST, IPV6_UNICAST } from '../../wire/index.js';
import type { ProblemNote } from '../parts/problem-note.js';
import type { Rooms } from './rooms.js';

/** What is wrong with a next hop, and what an operator can do about it. */
const WORDS: Readonly<
  Record<DeadEnd['why'], { readonly text: string; readonly fix: (ip: string) => string }>
> = {
  'no-route': {
    text: 'to which no route leads',
    fix: (ip) =>
      `let the neighbor give itself as next hop (FRR: \`neighbor … next-hop-self\`), or announce a route to ${ip}`,
  },
  'default-route': {
    text: 'to which the default route alone leads, which does not count',
    fix: (ip) => `announce a route to ${ip}, or set \`underlay.resolve-via-default: true\``,
  },
  discarded: {
    text: 'for which a route of the main table discards what is sent there',
    fix: (ip) => `see what \`ip route get ${ip}\` says, and remove or narrow that route`,
  },
  loop: {
    text: 'to which only routes lead that are reached by it themselves',
    fix: (ip) => `announce a route to ${ip} by a neighbor on a link, or add one to the main table`,
  },
  'too-deep': {
    text: 'which is reached over more than 8 BGP routes, one behind the other',
    fix: (ip) => `announce a route to ${ip} by a neighbor on a link, or add one to the main table`,
  },
  martian: { text: 'which no router has', fix: () => 'correct the next hop where the route comes from' },
  'our-own-address': {
    text: 'which is an address of ours',
    fix: () => 'correct the next hop where the route comes from: what comes back to us leads nowhere',
  },
};

/** Next hops that lead nowhere, and VTEP addresses that no neighbor is told of. */
export function underlayProblems(rooms: Pick<Rooms, 'underlay' | 'dataPlane' | 'speaker'>): ProblemNote[] {
  return rooms.underlay ? [...deadEndProblems(rooms.underlay), ...vtepProblems(rooms, rooms.underlay)] : [];
}

/** Each of those next hops with how many routes are not installed for want of it. */
function deadEndProblems(underlay: NonNullable<Rooms['underlay']>): ProblemNote[] {
  const ends = new Map<string, { readonly first: DeadEnd; routes: number }>();
  for (const end of underlay.deadEnds()) {
    const key = formatNextHop(end.nextHop);
    const known = ends.get(key);
    if (known) known.routes += end.routes;
    else ends.set(key, { first: end, routes: end.routes });
  }
  return [...ends].map(([ip, { first, routes }]) => {
    const { text, fix } = WORDS[first.why];
    const such = first.prefix === undefined ? '' : ` (${formatPrefix(first.prefix)})`;
    return {
      severity: 'warning' as const,
      problem: `underlay: ${counted(routes, 'route')}${such} ${routes === 1 ? 'is' : 'are'} not installed: the next hop is ${ip}, ${text}`,
      fix: fix(ip),
    };
  });
}

/**
 * Own VTEP addresses that are in no announced prefix, though neighbors are told of others of the family. One that is in a network of
 * several hosts may be known by that network.
 */
function vtepProblems(
  { dataPlane: { topology }, speaker }: Pick<Rooms, 'dataPlane' | 'speaker'>,
  { originator: { announced } }: NonNullable<Rooms['underlay']>,
): ProblemNote[] {
  const isTold = (ip: Ip) => {
    for (const prefix of announced)
      if (
        isIpv4(prefixAddress(prefix)) === isIpv4(ip) &&
        isWithin(ip, prefixAddress(prefix), prefixLength(prefix))
      )
        return true;
    return false;
  };
  const isSpoken = (ip: Ip) => {
    const family = isIpv4(ip) ? IPV4_UNICAST : IPV6_UNICAST;
    return speaker.neighbors().some(({ families }) => families.some((each) => each.family === family));
  };
  const isAlone = (ip: Ip) => {
    for (const { addresses, vrf } of topology.interfaces.values())
      for (const each of addresses)
        if (each.ip === ip) return vrf === undefined && each.prefixLength === prefixLength(hostPrefix(ip));
    return false;
  };
  return [...topology.ownVteps]
    .filter((ip) => isSpoken(ip) && isAlone(ip) && !isTold(ip))
    .map((ip) => ({
      severity: 'warning',
      problem: `underlay: ${formatIp(ip)}, the local address of VXLAN devices, is in no prefix that is announced: other leaves may have no route to it`,
      fix: `underlay.networks: [${formatPrefix(hostPrefix(ip))}], or underlay.redistribute-connected with it`,
    }));
}
