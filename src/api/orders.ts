import { addressOf, splitNeighbor } from '../bgp/index.js';
import {
  compareIp,
  formatIp,
  formatMac,
  formatPrefix,
  type Ip,
  type Mac,
  ParseError,
  type PrefixKey,
  parseIp,
  parseMac,
  parsePrefix,
  prefixAddress,
  prefixLength,
} from '../types/index.js';
import type { KeyOrder } from './paging.js';
import { parseNeighborName } from './parameters.js';

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

/** IPv4 before IPv6, then by octets: VTEPs, host addresses. */
export const ipOrder: KeyOrder<Ip> = {
  compare: compareIp,
  encode: formatIp,
  decode: (text) => orUndefined(() => parseIp(text)),
};

/** By address, zones and VRFs apart, then those that have the name of an interface. */
export const neighborOrder: KeyOrder<string> = {
  compare(a, b) {
    const [ipA, ipB] = [a, b].map((name) => orUndefined(() => addressOf(splitNeighbor(name).name)));
    if (ipA === undefined || ipB === undefined)
      return Number(ipA === undefined) - Number(ipB === undefined) || compareText(a, b);
    return compareIp(ipA, ipB) || compareText(a, b);
  },
  encode: (name) => name,
  decode: (text) => orUndefined(() => parseNeighborName(text)),
};

/** By name: VRFs. */
export const textOrder: KeyOrder<string> = {
  compare: compareText,
  encode: (name) => name,
  decode: (text) => text,
};

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** By address, then by length: routes of the underlay. */
export const prefixOrder: KeyOrder<PrefixKey> = {
  compare: (a, b) => compareIp(prefixAddress(a), prefixAddress(b)) || prefixLength(a) - prefixLength(b),
  encode: formatPrefix,
  decode: (text) => orUndefined(() => parsePrefix(text)),
};

function orUndefined<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
