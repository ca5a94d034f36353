import { isIPv4 } from 'node:net';
import type { Brand } from './brand.js';
import { formatIp, type Ipv4, parseIp } from './ip.js';
import { ParseError } from './parse-error.js';

/** A route target: the eight octets of its extended community (RFC 4360 §4, RFC 5668) as one bigint. */
export type RouteTarget = Brand<bigint, 'RouteTarget'>;

/** `00 02 AS2 number32`. */
export function routeTargetOfAs2(as: number, number: number): RouteTarget {
  return ((0x0002n << 48n) | (BigInt(as & 0xffff) << 32n) | BigInt(number >>> 0)) as RouteTarget;
}

/** Returns the local administrator: the 32-bit number after a 2-octet AS, or the 16-bit one of the other two types. */
export function routeTargetLocalAdministrator(rt: RouteTarget): number {
  return rt >> 56n === 0n ? Number(rt & 0xffffffffn) : Number(rt & 0xffffn);
}

/** Parses `as:number`, `4-octet-as:number`, `a.b.c.d:number`. Throws ParseError. */
export function parseRouteTarget(text: string): RouteTarget {
  const bad = () =>
    new ParseError('route target', text, 'as:0-4294967295, 4-octet-as:0-65535, or ip:0-65535');
  const match = /^([\d.]+):(\d+)$/.exec(text);
  if (!match) throw bad();
  const left = match[1];
  const right = Number(match[2]);
  if (isIPv4(left)) {
    if (right > 0xffff) throw bad();
    return ((0x0102n << 48n) | (BigInt(parseIp(left) as Ipv4) << 16n) | BigInt(right)) as RouteTarget;
  }
  const as = Number(left);
  if (left.includes('.') || as > 0xffffffff || right > 0xffffffff) throw bad();
  if (as <= 0xffff) return routeTargetOfAs2(as, right);
  if (right > 0xffff) throw bad();
  return ((0x0202n << 48n) | (BigInt(as) << 16n) | BigInt(right)) as RouteTarget;
}

/** The inverse of parseRouteTarget. */
export function formatRouteTarget(rt: RouteTarget): string {
  const type = rt >> 56n;
  if (type === 0n) return `${(rt >> 32n) & 0xffffn}:${rt & 0xffffffffn}`;
  const administrator = (rt >> 16n) & 0xffffffffn;
  const number = rt & 0xffffn;
  return type === 1n ? `${formatIp(Number(administrator) as Ipv4)}:${number}` : `${administrator}:${number}`;
}
