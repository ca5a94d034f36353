import { counted, formatPrefix } from '../../types/index.js';
import { type DeadEnd, formatNextHop, type Underlay } from '../../underlay/index.js';
import type { ProblemNote } from '../parts/problem-note.js';

/** What is wrong with a next hop, and what an operator can do about it. */
const WORDS: Readonly<
  Record<DeadEnd['why'], { readonly text: string; readonly fix: (ip: string) => string }>
> = {
  'not-connected': {
    text: 'which is in no network of a device that carries frames, and a next hop is not looked up in other routes',
    fix: (ip) =>
      `let the neighbor give itself as next hop (FRR: \`neighbor … next-hop-self\`), or give a device an address in the network of ${ip}`,
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
