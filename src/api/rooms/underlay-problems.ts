import { counted, formatPrefix } from '../../types/index.js';
import { type DeadEnd, formatNextHop, type Underlay } from '../../underlay/index.js';
import type { ProblemNote } from '../parts/problem-note.js';

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

/** Next hops that lead nowhere, each with how many routes are not installed for want of it. */
export function underlayProblems(underlay: Pick<Underlay, 'deadEnds'> | undefined): ProblemNote[] {
  const ends = new Map<string, { readonly first: DeadEnd; routes: number }>();
  for (const end of underlay?.deadEnds() ?? []) {
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
