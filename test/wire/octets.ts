/** Messages built by hand for the tests: each piece with its length in front. */
import { HEADER_LENGTH, type UpdateContext } from '../../src/wire/index.js';

export const EXTERNAL: UpdateContext = { fourOctetAs: true, internal: false };
export const INTERNAL: UpdateContext = { fourOctetAs: true, internal: true };
export const EXTERNAL_TWO_OCTETS: UpdateContext = { fourOctetAs: false, internal: false };

/** Hexadecimal digits, spaces allowed. */
export function octets(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

function sized(value: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([length, value]);
}

/** The body of an UPDATE out of its attributes and the IPv4 fields around them. */
export function updateBody(attributes: string[], withdrawn = '', nlri = ''): Buffer {
  return Buffer.concat([sized(octets(withdrawn)), sized(octets(attributes.join(''))), octets(nlri)]);
}

/** A path attribute: flags and code as four digits, the value; an extended length where the flags ask for it. */
export function attribute(flagsAndCode: string, value: string): string {
  const { length } = octets(value);
  const extended = (Number.parseInt(flagsAndCode.slice(0, 2), 16) & 0x10) !== 0;
  return `${flagsAndCode}${length.toString(16).padStart(extended ? 4 : 2, '0')}${value.replaceAll(' ', '')}`;
}

/** An EVPN route: its type, and its value with the length put in front. */
export function route(type: number, value: string): string {
  const length = octets(value).length;
  return `${type.toString(16).padStart(2, '0')}${length.toString(16).padStart(2, '0')}${value.replaceAll(' ', '')}`;
}

export const RD = '00010a0000010002';
export const ESI = '00'.repeat(10);
export const MAC_ROUTE = route(2, `${RD}${ESI}00000000 30 020000000011 00 00271a`);
export const IMET_ROUTE = route(3, `${RD}00000000 20 0a000001`);

export const ORIGIN = attribute('4001', '00');
export const AS_PATH = attribute('4002', '02 01 0000fde9');
export const LOCAL_PREF = attribute('4005', '00000064');
export const EXTENDED_COMMUNITIES = attribute('c010', '030c000000000008 0002fde90000271a');

/** MP_REACH for EVPN with a next hop of 10.0.0.1. */
export function reach(routes: string, nextHop = '0a000001', family = '0019 46'): string {
  const length = octets(nextHop).length.toString(16).padStart(2, '0');
  return attribute('900e', `${family}${length}${nextHop}00${routes}`);
}

/** MP_UNREACH for EVPN. */
export function unreach(routes: string, family = '0019 46'): string {
  return attribute('900f', `${family}${routes}`);
}

/** The header of a whole message and its body. */
export function message(type: number, body: Buffer): Buffer {
  const whole = Buffer.alloc(HEADER_LENGTH + body.length, 0xff);
  whole.writeUInt16BE(whole.length, 16);
  whole[18] = type;
  whole.set(body, HEADER_LENGTH);
  return whole;
}

/** What follows the header. */
export function bodyOf(whole: Buffer): Buffer {
  return whole.subarray(HEADER_LENGTH);
}
