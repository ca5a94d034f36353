import { IPV6_ANY, type Ip, isIpv4, isLinkLocal } from '../types/index.js';

/** ICMPv6 types (RFC 4861 §4.1, §4.2). */
export const ROUTER_SOLICITATION = 133;
export const ROUTER_ADVERTISEMENT = 134;

/** RFC 4861 §4.1 and §4.2: octets before the options. */
const SOLICITATION_LENGTH = 8;
const ADVERTISEMENT_LENGTH = 16;
/** Of what a router or host on the link sends: no router has passed it on (RFC 4861 §6.1). */
export const ND_HOP_LIMIT = 255;
const SOURCE_LINK_LAYER_ADDRESS = 1;
/** Preference low (RFC 4191 §2.1): a host that hears us takes any other router first. */
const PREFERENCE_LOW = 0b11 << 3;

/** What a message says, as far as it is needed here. */
export type NdMessage =
  | { readonly type: typeof ROUTER_SOLICITATION }
  /** `lifetime`: seconds that the sender is a router for; 0: it is none any more. */
  | { readonly type: typeof ROUTER_ADVERTISEMENT; readonly lifetime: number };

/** Why a message is not taken (RFC 4861 §6.1). The kernel drops those with a wrong checksum. */
export const ND_FAULTS = ['type', 'hop-limit', 'code', 'length', 'option', 'source'] as const;
export type NdFault = (typeof ND_FAULTS)[number];

/**
 * Reads a router solicitation or advertisement, with the source address and the hop limit that it came with, and judges it
 * as RFC 4861 §6.1.1 and §6.1.2 say.
 */
export function decodeNd(
  bytes: Buffer,
  start: number,
  length: number,
  source: Ip,
  hopLimit: number,
): NdMessage | NdFault {
  if (length < 4) return 'length';
  const type = bytes[start];
  if (type !== ROUTER_SOLICITATION && type !== ROUTER_ADVERTISEMENT) return 'type';
  if (hopLimit !== ND_HOP_LIMIT) return 'hop-limit';
  if (bytes[start + 1] !== 0) return 'code';
  const optionsAt = type === ROUTER_ADVERTISEMENT ? ADVERTISEMENT_LENGTH : SOLICITATION_LENGTH;
  if (length < optionsAt) return 'length';
  const options = optionTypes(bytes, start + optionsAt, start + length);
  if (options === undefined) return 'option';
  if (type === ROUTER_ADVERTISEMENT)
    return isSender(source) ? { type, lifetime: bytes.readUInt16BE(start + 6) } : 'source';
  const isUnspecified = source === IPV6_ANY;
  if (isUnspecified ? options.includes(SOURCE_LINK_LAYER_ADDRESS) : !isSender(source)) return 'source';
  return { type };
}

/** RFC 4861 §4.1 lets a host ask from any address; whoever is asked for here asks from its link-local one. */
function isSender(source: Ip): boolean {
  return !isIpv4(source) && isLinkLocal(source);
}

/** The types of the options; undefined where one has no length, or ends behind the message. */
function optionTypes(bytes: Buffer, start: number, end: number): readonly number[] | undefined {
  const types: number[] = [];
  for (let at = start; at < end; ) {
    const octets = at + 1 < end ? bytes[at + 1] * 8 : 0;
    if (octets === 0 || at + octets > end) return undefined;
    types.push(bytes[at]);
    at += octets;
  }
  return types;
}

/**
 * A router advertisement (RFC 4861 §4.2) that says nothing but that we are a router for `lifetime` seconds; 0: for no
 * longer. The checksum is the kernel's to fill in (RFC 3542 §3.1).
 */
export function encodeAdvertisement(lifetime: number): Buffer {
  const bytes = Buffer.alloc(ADVERTISEMENT_LENGTH);
  bytes[0] = ROUTER_ADVERTISEMENT;
  bytes[5] = PREFERENCE_LOW;
  bytes.writeUInt16BE(lifetime, 6);
  return bytes;
}

/** A router solicitation (RFC 4861 §4.1); its checksum is the kernel's to fill in. */
export function encodeSolicitation(): Buffer {
  const bytes = Buffer.alloc(SOLICITATION_LENGTH);
  bytes[0] = ROUTER_SOLICITATION;
  return bytes;
}
