import type { Brand } from './brand.js';
import { ParseError } from './parse-error.js';

/** A 48-bit MAC address as a number (it fits a double), first octet in the highest byte. */
export type Mac = Brand<number, 'Mac'>;

export const MAC_ZERO = 0 as Mac;

const TEXT =
  /^(?:[0-9a-f]{2}(?:([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4})|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})$/i;

/** Builds a MAC from its first two octets and its last four, both unsigned. */
export function macFromParts(high16: number, low32: number): Mac {
  return (high16 * 0x1_0000_0000 + low32) as Mac;
}

/** Returns the first two octets of the MAC as an unsigned 16-bit number. */
export function macHigh16(mac: Mac): number {
  return Math.floor(mac / 0x1_0000_0000);
}

/** Returns the last four octets of the MAC as an unsigned 32-bit number. */
export function macLow32(mac: Mac): number {
  return mac >>> 0;
}

/** Reads six octets at `offset`; the caller has checked the length. */
export function macFromBytes(bytes: Uint8Array, offset: number): Mac {
  return macFromParts(
    (bytes[offset] << 8) | bytes[offset + 1],
    ((bytes[offset + 2] << 24) | (bytes[offset + 3] << 16) | (bytes[offset + 4] << 8) | bytes[offset + 5]) >>>
      0,
  );
}

/** Writes six octets at `offset`. */
export function macToBytes(mac: Mac, bytes: Uint8Array, offset: number): void {
  const high = macHigh16(mac);
  const low = macLow32(mac);
  bytes[offset] = high >>> 8;
  bytes[offset + 1] = high;
  bytes[offset + 2] = low >>> 24;
  bytes[offset + 3] = low >>> 16;
  bytes[offset + 4] = low >>> 8;
  bytes[offset + 5] = low;
}

/** Parses `aa:bb:cc:dd:ee:ff`, `aa-bb-cc-dd-ee-ff` or `aabb.ccdd.eeff`, either case. Throws ParseError. */
export function parseMac(text: string): Mac {
  if (!TEXT.test(text)) throw new ParseError('MAC address', text, 'six octets as aa:bb:cc:dd:ee:ff');
  return Number.parseInt(text.replace(/[:.-]/g, ''), 16) as Mac;
}

/** Lower case, colons. */
export function formatMac(mac: Mac): string {
  const hex = mac.toString(16).padStart(12, '0');
  return `${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8, 10)}:${hex.slice(10)}`;
}

/** True for group addresses (IEEE 802: the lowest bit of the first octet), which no host owns. */
export function isMulticastMac(mac: Mac): boolean {
  return (Math.floor(mac / 0x100_0000_0000) & 1) === 1;
}
