import { ParseError } from './parse-error.js';

/**
 * Who wrote a route: RTPROT_* of linux/rtnetlink.h by the names of iproute2's rt_protos, and those that FRR's zebra writes with. Without the
 * kernel's own: its routes are of networks of devices.
 */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['boot', 3],
  ['static', 4],
  ['gated', 8],
  ['ra', 9],
  ['mrt', 10],
  ['zebra', 11],
  ['bird', 12],
  ['dnrouted', 13],
  ['xorp', 14],
  ['ntk', 15],
  ['dhcp', 16],
  ['mrouted', 17],
  ['keepalived', 18],
  ['babel', 42],
  ['ovn', 84],
  ['openr', 99],
  ['bgp', 186],
  ['isis', 187],
  ['ospf', 188],
  ['rip', 189],
  ['ripng', 190],
  ['eigrp', 192],
  ['zstatic', 196],
]);

const NAMES: ReadonlyMap<number, string> = new Map([...PROTOCOLS].map(([name, number]) => [number, name]));

/** Parses a name that `ip route` shows after `proto`, or a number from 3 to 255. Throws ParseError. */
export function parseRouteProtocol(text: string): number {
  const number = PROTOCOLS.get(text) ?? (/^\d{1,3}$/.test(text) ? Number(text) : Number.NaN);
  if (number >= 3 && number <= 255) return number;
  const allowed =
    text === 'kernel' || text === 'connected'
      ? 'another protocol: `redistribute-connected` has the networks of devices'
      : `a number from 3 to 255, or ${[...PROTOCOLS.keys()].join(', ')}`;
  throw new ParseError('route protocol', text, allowed);
}

/** The inverse of parseRouteProtocol. */
export function formatRouteProtocol(protocol: number): string {
  return NAMES.get(protocol) ?? String(protocol);
}
