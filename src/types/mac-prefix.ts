import { formatMac, type Mac, parseMac } from './mac.js';
import { ParseError } from './parse-error.js';

/** MAC addresses that begin with the first `length` bits of `mac`, whose other bits are 0. */
export interface MacPrefix {
  readonly mac: Mac;
  readonly length: number;
}

const BITS = 48;

/** True where the MAC begins as the prefix does. */
export function isWithinMac(mac: Mac, prefix: MacPrefix): boolean {
  const rest = 2 ** (BITS - prefix.length);
  return Math.floor(mac / rest) === prefix.mac / rest;
}

/** Parses `02:00:00:00:00:00/24`, or a MAC for that alone. Throws ParseError. */
export function parseMacPrefix(text: string): MacPrefix {
  const [address, digits, ...more] = text.split('/');
  const length = digits === undefined ? BITS : Number(digits);
  if (more.length > 0 || (digits !== undefined && !/^\d{1,2}$/.test(digits)) || length > BITS)
    throw new ParseError('MAC prefix', text, 'a MAC, or one with /0 to /48 behind it');
  const mac = parseMac(address);
  const rest = 2 ** (BITS - length);
  return { mac: (mac - (mac % rest)) as Mac, length };
}

/** The prefix as it is written. */
export function formatMacPrefix({ mac, length }: MacPrefix): string {
  return length === BITS ? formatMac(mac) : `${formatMac(mac)}/${length}`;
}
