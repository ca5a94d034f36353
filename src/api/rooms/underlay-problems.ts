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
import { routeTo } from './vrf-commands.js';

function routeByLink(ip: string, vrf?: string): string {
  const table = vrf === undefined ? 'the main table' : `the table of VRF ${vrf}`;
  return `announce a route to ${ip} by a neighbor on a link, or add one to ${table}`;
}

/** What is wrong with a next hop, and what an operator can do about it. */
const WORDS: Readonly<
  Record<DeadEnd['why'], { readonly text: string; readonly fix: (ip: string, vrf?: string) => string }>
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
    text: 'for which a route of the table discards what is sent there',
    fix: (ip, vrf) => `see what \`${routeTo(ip, vrf)}\` says, and remove or narrow that route`,
  },
  loop: {
    text: 'to which only routes lead that are reached by it themselves',
    fix: routeByLink,
  },
  'too-deep': {
    text: 'which is reached over more than 8 BGP routes, one behind the other',
    fix: routeByLink,
  },
  martian: { text: 'which no router has', fix: () => 'correct the next hop where the route comes from' },
  'our-own-address': {
    text: 'which is an address of ours',
    fix: () => 'correct the next hop where the route comes from: what comes back to us leads nowhere',
  },
};

/** Next hops that lead nowhere, and VTEP addresses that no neighbor is told of. */
export function underlayProblems(
  rooms: Pick<Rooms, 'underlay' | 'vrfUnderlays' | 'dataPlane' | 'speaker' | 'config'>,
): ProblemNote[] {
  const { underlay, vrfUnderlays = [] } = rooms;
  return [
    ...(underlay ? [...deadEndProblems(underlay), ...vtepProblems(rooms, underlay)] : []),
    ...[...vrfUnderlays].flatMap(([vrf, its]) => deadEndProblems(its, vrf)),
    ...absentVrfs(rooms),
  ];
}

/** VRFs whose neighbors have no session for want of the device, or whose table is somebody else's. */
function absentVrfs({
  speaker,
  dataPlane: { topology },
  vrfUnderlays,
  config,
}: Pick<Rooms, 'vrfUnderlays' | 'dataPlane' | 'speaker' | 'config'>): ProblemNote[] {
  const neighbors = new Map<string, number>();
  for (const { vrf } of config().listenRanges) if (vrf !== undefined) neighbors.set(vrf, 0);
  for (const { vrf } of speaker.neighbors())
    if (vrf !== undefined) neighbors.set(vrf, (neighbors.get(vrf) ?? 0) + 1);
  return [...neighbors].flatMap(([vrf, count]): ProblemNote[] => {
    const at = [...topology.vrfs.values()].find(({ name }) => name === vrf);
    if (!at)
      return [
        {
          severity: 'error',
          problem: `VRF ${vrf}: there is no such VRF device, and ${
            count === 0
              ? 'nobody of its listen ranges (`vrf`) can connect'
              : `${counted(count, 'neighbor')} in it (\`vrf\`) ${count === 1 ? 'has' : 'have'} no session`
          }`,
          fix: `ip link add ${vrf} up type vrf table TABLE, and the device to the neighbor in it: ip link set DEVICE master ${vrf}`,
        },
      ];
    if (vrfUnderlays?.of(vrf)) return [];
    return [
      {
        severity: 'error',
        problem: `VRF ${vrf}: routes of its neighbors are not installed: routing table ${at.tableId} is the underlay's, or another VRF's`,
        fix: 'give the VRF a routing table of its own: ip link add NAME type vrf table TABLE',
      },
    ];
  });
}

/** Each of those next hops with how many routes are not installed for want of it. */
function deadEndProblems(underlay: NonNullable<Rooms['underlay']>, vrf?: string): ProblemNote[] {
  const where = vrf === undefined ? 'underlay' : `VRF ${vrf}`;
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
      problem: `${where}: ${counted(routes, 'route')}${such} ${routes === 1 ? 'is' : 'are'} not installed: the next hop is ${ip}, ${text}`,
      fix: fix(ip, vrf),
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
