import { type Ipv4, ipFromBytes, type LargeCommunity } from '../types/index.js';
import { decodeAsPath, encodeAsPath } from './as-path.js';
import type { AsPathSegment, Origin, PmsiTunnel } from './attribute-values.js';
import { Malformed } from './malformed.js';
import {
  decodeMpReach,
  decodeMpUnreach,
  encodeMpReach,
  encodeMpUnreach,
  type MpReach,
  type MpUnreach,
} from './mp-attributes.js';
import { UpdateSubcode } from './notification-codes.js';
import { NO_OCTETS } from './octets.js';
import { decodePmsiTunnel, encodePmsiTunnel } from './pmsi-tunnel.js';
import type { UpdateContext } from './update-context.js';

/** Bits of the attribute flags octet (RFC 4271 §4.3). */
export const AttributeFlag = {
  OPTIONAL: 0x80,
  TRANSITIVE: 0x40,
  PARTIAL: 0x20,
  EXTENDED_LENGTH: 0x10,
} as const;

/** Path attribute type codes that have a row in the table. */
export const AttributeCode = {
  ORIGIN: 1,
  AS_PATH: 2,
  NEXT_HOP: 3,
  MULTI_EXIT_DISC: 4,
  LOCAL_PREF: 5,
  ATOMIC_AGGREGATE: 6,
  AGGREGATOR: 7,
  COMMUNITIES: 8,
  ORIGINATOR_ID: 9,
  CLUSTER_LIST: 10,
  MP_REACH_NLRI: 14,
  MP_UNREACH_NLRI: 15,
  EXTENDED_COMMUNITIES: 16,
  AS4_PATH: 17,
  AS4_AGGREGATOR: 18,
  PMSI_TUNNEL: 22,
  LARGE_COMMUNITIES: 32,
} as const;

/** AGGREGATOR (RFC 4271 §5.1.7). */
export interface Aggregator {
  readonly asn: number;
  readonly address: Ipv4;
}

/** What each attribute's value is, by type code. */
export interface AttributeValues {
  1: Origin;
  2: readonly AsPathSegment[];
  3: Ipv4;
  4: number;
  5: number;
  6: true;
  7: Aggregator;
  8: readonly number[];
  9: number;
  10: readonly number[];
  14: MpReach;
  15: MpUnreach;
  16: readonly bigint[];
  17: readonly AsPathSegment[];
  18: Aggregator;
  22: PmsiTunnel;
  32: readonly LargeCommunity[];
}
export type KnownAttributeCode = keyof AttributeValues;

/** One row of the table: an attribute, its flags, its octets, and what RFC 7606 makes of a malformed one. */
export interface AttributeRow<Code extends KnownAttributeCode> {
  readonly name: string;
  /** The Optional and Transitive bits that it must come with. */
  readonly flags: number;
  readonly malformed: 'discard' | 'treat-as-withdraw' | 'reset';
  /** True where it means something from a peer in our own AS only, and is discarded from others. */
  readonly internalOnly?: true;
  /** Throws Malformed. */
  decode(value: Buffer, context: UpdateContext): AttributeValues[Code];
  encode(value: AttributeValues[Code], context: UpdateContext): Uint8Array;
}

const WELL_KNOWN = AttributeFlag.TRANSITIVE;
export const OPTIONAL_TRANSITIVE = AttributeFlag.OPTIONAL | AttributeFlag.TRANSITIVE;
const OPTIONAL_NON_TRANSITIVE = AttributeFlag.OPTIONAL;

function expectLength(value: Buffer, length: number): void {
  if (value.length !== length) throw new Malformed(`length ${value.length}: expected ${length}`);
}

function decodeUint32(value: Buffer): number {
  expectLength(value, 4);
  return value.readUInt32BE(0);
}

function encodeUint32(number: number): Buffer {
  const value = Buffer.allocUnsafe(4);
  value.writeUInt32BE(number, 0);
  return value;
}

function expectMultiple(value: Buffer, octets: number): void {
  if (value.length === 0 || value.length % octets !== 0)
    throw new Malformed(`length ${value.length}: expected a multiple of ${octets} above 0`);
}

function decodeUint32List(value: Buffer): number[] {
  expectMultiple(value, 4);
  return Array.from({ length: value.length / 4 }, (_, i) => value.readUInt32BE(4 * i));
}

function encodeUint32List(numbers: readonly number[]): Buffer {
  return Buffer.concat(numbers.map(encodeUint32));
}

/** Each once: the same one twice is passed over (RFC 8092 §3). */
function decodeLargeCommunities(value: Buffer): LargeCommunity[] {
  expectMultiple(value, 12);
  const communities = new Set<LargeCommunity>();
  for (let at = 0; at < value.length; at += 12)
    communities.add(
      `${value.readUInt32BE(at)}:${value.readUInt32BE(at + 4)}:${value.readUInt32BE(at + 8)}` as LargeCommunity,
    );
  return [...communities];
}

function encodeLargeCommunities(communities: readonly LargeCommunity[]): Buffer {
  return encodeUint32List(communities.flatMap((each) => each.split(':').map(Number)));
}

function decodeAggregator(value: Buffer, asOctets: 2 | 4): Aggregator {
  expectLength(value, asOctets + 4);
  const asn = value.readUIntBE(0, asOctets);
  if (asn === 0) throw new Malformed('AS 0');
  return { asn, address: ipFromBytes(value, asOctets, 4) as Ipv4 };
}

function encodeAggregator({ asn, address }: Aggregator, asOctets: 2 | 4): Buffer {
  const value = Buffer.allocUnsafe(asOctets + 4);
  value.writeUIntBE(asn, 0, asOctets);
  value.writeUInt32BE(address, asOctets);
  return value;
}

function asOctetsOf(context: UpdateContext): 2 | 4 {
  return context.fourOctetAs ? 4 : 2;
}

/** Every path attribute that evpnd knows, by type code. */
export const ATTRIBUTES: { readonly [Code in KnownAttributeCode]: AttributeRow<Code> } = {
  [AttributeCode.ORIGIN]: {
    name: 'ORIGIN', // RFC 4271 §5.1.1, RFC 7606 §7.1
    flags: WELL_KNOWN,
    malformed: 'treat-as-withdraw',
    decode(value) {
      expectLength(value, 1);
      if (value[0] > 2)
        throw new Malformed(`value ${value[0]}: expected 0 to 2`, UpdateSubcode.INVALID_ORIGIN_ATTRIBUTE);
      return value[0] as Origin;
    },
    encode: (origin) => Uint8Array.of(origin),
  },
  [AttributeCode.AS_PATH]: {
    name: 'AS_PATH', // RFC 4271 §5.1.2, RFC 7606 §7.2
    flags: WELL_KNOWN,
    malformed: 'treat-as-withdraw',
    decode: (value, context) => decodeAsPath(value, asOctetsOf(context)),
    encode: (segments, context) => encodeAsPath(segments, asOctetsOf(context)),
  },
  [AttributeCode.NEXT_HOP]: {
    // RFC 4271 §5.1.3; it has no meaning for EVPN routes (RFC 4760 §3), so that a broken one is no reason to lose them
    name: 'NEXT_HOP',
    flags: WELL_KNOWN,
    malformed: 'discard',
    decode: (value) => decodeUint32(value) as Ipv4,
    encode: encodeUint32,
  },
  [AttributeCode.MULTI_EXIT_DISC]: {
    name: 'MULTI_EXIT_DISC', // RFC 4271 §5.1.4, RFC 7606 §7.4
    flags: OPTIONAL_NON_TRANSITIVE,
    malformed: 'treat-as-withdraw',
    decode: decodeUint32,
    encode: encodeUint32,
  },
  [AttributeCode.LOCAL_PREF]: {
    name: 'LOCAL_PREF', // RFC 4271 §5.1.5, RFC 7606 §7.5
    flags: WELL_KNOWN,
    malformed: 'treat-as-withdraw',
    internalOnly: true,
    decode: decodeUint32,
    encode: encodeUint32,
  },
  [AttributeCode.ATOMIC_AGGREGATE]: {
    name: 'ATOMIC_AGGREGATE', // RFC 4271 §5.1.6, RFC 7606 §7.6
    flags: WELL_KNOWN,
    malformed: 'discard',
    decode(value) {
      expectLength(value, 0);
      return true;
    },
    encode: () => NO_OCTETS,
  },
  [AttributeCode.AGGREGATOR]: {
    name: 'AGGREGATOR', // RFC 4271 §5.1.7, RFC 7606 §7.7
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'discard',
    decode: (value, context) => decodeAggregator(value, asOctetsOf(context)),
    encode: (aggregator, context) => encodeAggregator(aggregator, asOctetsOf(context)),
  },
  [AttributeCode.COMMUNITIES]: {
    name: 'COMMUNITIES', // RFC 1997, RFC 7606 §7.8
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'treat-as-withdraw',
    decode: decodeUint32List,
    encode: encodeUint32List,
  },
  [AttributeCode.ORIGINATOR_ID]: {
    name: 'ORIGINATOR_ID', // RFC 4456 §8, RFC 7606 §7.9
    flags: OPTIONAL_NON_TRANSITIVE,
    malformed: 'treat-as-withdraw',
    internalOnly: true,
    decode: decodeUint32,
    encode: encodeUint32,
  },
  [AttributeCode.CLUSTER_LIST]: {
    name: 'CLUSTER_LIST', // RFC 4456 §8, RFC 7606 §7.10
    flags: OPTIONAL_NON_TRANSITIVE,
    malformed: 'treat-as-withdraw',
    internalOnly: true,
    decode: decodeUint32List,
    encode: encodeUint32List,
  },
  [AttributeCode.MP_REACH_NLRI]: {
    name: 'MP_REACH_NLRI', // RFC 4760 §3, RFC 7606 §5.3, §7.11
    flags: OPTIONAL_NON_TRANSITIVE,
    malformed: 'reset',
    decode: decodeMpReach,
    encode: encodeMpReach,
  },
  [AttributeCode.MP_UNREACH_NLRI]: {
    name: 'MP_UNREACH_NLRI', // RFC 4760 §4, RFC 7606 §5.3
    flags: OPTIONAL_NON_TRANSITIVE,
    malformed: 'reset',
    decode: decodeMpUnreach,
    encode: encodeMpUnreach,
  },
  [AttributeCode.EXTENDED_COMMUNITIES]: {
    name: 'EXTENDED_COMMUNITIES', // RFC 4360 §2, RFC 7606 §7.14
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'treat-as-withdraw',
    decode(value) {
      expectMultiple(value, 8);
      return Array.from({ length: value.length / 8 }, (_, i) => value.readBigUInt64BE(8 * i));
    },
    encode(communities) {
      const value = Buffer.allocUnsafe(8 * communities.length);
      communities.forEach((community, i) => {
        value.writeBigUInt64BE(community, 8 * i);
      });
      return value;
    },
  },
  [AttributeCode.AS4_PATH]: {
    name: 'AS4_PATH', // RFC 6793 §3, §6
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'discard',
    decode(value) {
      if (value.length === 0) throw new Malformed('length 0: expected 6 or more');
      return decodeAsPath(value, 4);
    },
    encode: (segments) => encodeAsPath(segments, 4),
  },
  [AttributeCode.AS4_AGGREGATOR]: {
    name: 'AS4_AGGREGATOR', // RFC 6793 §3, §6
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'discard',
    decode: (value) => decodeAggregator(value, 4),
    encode: (aggregator) => encodeAggregator(aggregator, 4),
  },
  [AttributeCode.PMSI_TUNNEL]: {
    name: 'PMSI_TUNNEL', // RFC 6514 §5
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'treat-as-withdraw',
    decode: decodePmsiTunnel,
    encode: encodePmsiTunnel,
  },
  [AttributeCode.LARGE_COMMUNITIES]: {
    name: 'LARGE_COMMUNITIES', // RFC 8092 §3, §6
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'treat-as-withdraw',
    decode: decodeLargeCommunities,
    encode: encodeLargeCommunities,
  },
};

/** The row of a type code, its value type forgotten; undefined for codes that have none. */
export function attributeRow(code: number): AttributeRow<KnownAttributeCode> | undefined {
  return (ATTRIBUTES as Readonly<Record<number, unknown>>)[code] as
    | AttributeRow<KnownAttributeCode>
    | undefined;
}

/** The attribute's name, or its number. */
export function attributeName(code: number): string {
  return attributeRow(code)?.name ?? `attribute ${code}`;
}
