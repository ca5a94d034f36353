import type { Brand } from './brand.js';
import { ParseError } from './parse-error.js';

const FORM = 'two numbers from 0 to 65535, such as 65000:100';

/** Parses a community (RFC 1997) as two numbers of 16 bits. Returns its 32 bits. Throws ParseError. */
export function parseCommunity(text: string): number {
  const [, high, low] = /^(\d{1,5}):(\d{1,5})$/.exec(text) ?? [];
  if (high === undefined || Number(high) > 0xffff || Number(low) > 0xffff)
    throw new ParseError('community', text, FORM);
  return Number(high) * 0x10000 + Number(low);
}

/** The inverse of parseCommunity. */
export function formatCommunity(community: number): string {
  return `${community >>> 16}:${community & 0xffff}`;
}

/**
 * A large community (RFC 8092) in its canonical text (§5), `65000:1:100`: Global Administrator and two local parts, each of 32 bits.
 * Equal ones are equal strings.
 */
export type LargeCommunity = Brand<string, 'LargeCommunity'>;

const LARGE_FORM = 'three numbers from 0 to 4294967295, such as 65000:1:100';

/** Parses a large community. Throws ParseError, also where a number has zeros before it. */
export function parseLargeCommunity(text: string): LargeCommunity {
  const parts = /^(0|[1-9]\d{0,9}):(0|[1-9]\d{0,9}):(0|[1-9]\d{0,9})$/.exec(text)?.slice(1) ?? [];
  if (parts.length === 0 || parts.some((part) => Number(part) > 0xffffffff))
    throw new ParseError('large community', text, LARGE_FORM);
  return text as LargeCommunity;
}
