import { ParseError } from './parse-error.js';
import { formatRouteTarget, parseRouteTarget, type RouteTarget } from './route-target.js';

/** What an import list holds: one route target, or any AS's with this local administrator (`*:10010`). */
export type RouteTargetPattern =
  | { readonly kind: 'exact'; readonly routeTarget: RouteTarget }
  | { readonly kind: 'any-as'; readonly localAdministrator: number };

/** Parses `65001:10010`, `4200000000:10`, `10.0.0.1:10` or `*:10010`. Throws ParseError. */
export function parseRouteTargetPattern(text: string): RouteTargetPattern {
  if (!text.startsWith('*')) return { kind: 'exact', routeTarget: parseRouteTarget(text) };
  const number = Number(text.slice(2));
  if (!/^\*:\d+$/.test(text) || number > 0xffffffff)
    throw new ParseError('route target pattern', text, '*:0-4294967295, or a route target');
  return { kind: 'any-as', localAdministrator: number };
}

/** The inverse of parseRouteTargetPattern. */
export function formatRouteTargetPattern(pattern: RouteTargetPattern): string {
  return pattern.kind === 'exact'
    ? formatRouteTarget(pattern.routeTarget)
    : `*:${pattern.localAdministrator}`;
}
