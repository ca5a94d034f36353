import { type Ip, isIpv4, type Mac, macHigh16, macLow32 } from '../types/index.js';
import { AF_INET, AF_INET6, NDA_DST, NDA_LLADDR } from './constants.js';
import { swap32 } from './message.js';
import { NDM_FAMILY, NDM_IFINDEX, NDM_STATE_FLAGS } from './neigh-codec.js';

/* What RTM_*NEIGH messages are written with, word by word. */

/** Words of the header and `struct ndmsg`. */
const HEADER_WORDS = 7;

/** No message of ours is longer, in octets. */
export const NEIGH_MESSAGE_MAX = 96;

/** AF_INET or AF_INET6. */
export function familyOf(ip: Ip): number {
  return isIpv4(ip) ? AF_INET : AF_INET6;
}

/** Writes NDA_LLADDR; returns the word behind it, as all of these do. */
export function putMac(words: Uint32Array, word: number, mac: Mac): number {
  const high = macHigh16(mac);
  const low = macLow32(mac);
  words[word] = (NDA_LLADDR << 16) | 10;
  words[word + 1] = swap32(((high << 16) | (low >>> 16)) >>> 0);
  words[word + 2] = ((low >>> 8) & 0xff) | ((low & 0xff) << 8);
  return word + 3;
}

/** Writes NDA_DST. */
export function putIp(words: Uint32Array, word: number, ip: Ip): number {
  return putAddress(words, word, NDA_DST, ip);
}

/** Writes an attribute that is an address. */
export function putAddress(words: Uint32Array, word: number, type: number, ip: Ip): number {
  if (isIpv4(ip)) return putNumber(words, word, type, swap32(ip), 4);
  words[word] = (type << 16) | 20;
  for (let i = 0; i < 4; i++)
    words[word + 1 + i] =
      ip.charCodeAt(i * 4) |
      (ip.charCodeAt(i * 4 + 1) << 8) |
      (ip.charCodeAt(i * 4 + 2) << 16) |
      (ip.charCodeAt(i * 4 + 3) << 24);
  return word + 5;
}

/** An attribute of 32 bits, or of fewer as `octets` gives. */
export function putNumber(
  words: Uint32Array,
  word: number,
  type: number,
  value: number,
  octets: number,
): number {
  words[word] = (type << 16) | (4 + octets);
  words[word + 1] = value;
  return word + 2;
}

/** Begins a message with `struct ndmsg`; `finish` completes its header. */
export function putHeader(
  words: Uint32Array,
  word: number,
  family: number,
  ifindex: number,
  state: number,
  ndmFlags: number,
): number {
  words[word + 3] = 0;
  words[word + NDM_FAMILY] = family;
  words[word + NDM_IFINDEX] = ifindex;
  words[word + NDM_STATE_FLAGS] = state | (ndmFlags << 16);
  return word + HEADER_WORDS;
}

/** Completes the message that stands from `word` to `end`; returns the word behind it. */
export function finish(
  words: Uint32Array,
  word: number,
  end: number,
  type: number,
  flags: number,
  sequence: number,
): number {
  words[word] = (end - word) << 2;
  words[word + 1] = type | (flags << 16);
  words[word + 2] = sequence;
  return end;
}
