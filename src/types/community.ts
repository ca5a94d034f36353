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
