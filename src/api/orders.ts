import {
  compareIp,
  formatIp,
  formatMac,
  type Ip,
  type Mac,
  ParseError,
  parseIp,
  parseMac,
} from '../types/index.js';
import type { KeyOrder } from './paging.js';

/** By number: VNIs. */
export const numberOrder: KeyOrder<number> = {
  compare: (a, b) => a - b,
  encode: String,
  decode: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
};

/** By octets. */
export const macOrder: KeyOrder<Mac> = {
  compare: (a, b) => a - b,
  encode: formatMac,
  decode: (text) => orUndefined(() => parseMac(text)),
};

/** IPv4 before IPv6, then by octets: neighbours, VTEPs, host addresses. */
export const ipOrder: KeyOrder<Ip> = {
  compare: compareIp,
  encode: formatIp,
  decode: (text) => orUndefined(() => parseIp(text)),
};

function orUndefined<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
