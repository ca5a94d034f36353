import type { Capability } from './messages.js';
import { NO_OCTETS } from './octets.js';

/** One capability code: `decode` gets the value octets, or returns undefined where their number is wrong. */
interface CapabilityRow<C extends Capability> {
  readonly name: string;
  decode(value: Buffer): C | undefined;
  encode(capability: C): Uint8Array;
}

type OfCode<Code> = Extract<Capability, { readonly code: Code }>;
type KnownCode = Exclude<Capability['code'], 'unknown'>;

const RESTART_STATE = 0x8;
const NOTIFICATION_SUPPORT = 0x4;
const FORWARDING_PRESERVED = 0x80;

/** A capability without a value. */
function bare<C extends Capability>(name: string, capability: C): CapabilityRow<C> {
  return {
    name,
    decode: (value) => (value.length === 0 ? capability : undefined),
    encode: () => NO_OCTETS,
  };
}

const ROWS: { readonly [Code in KnownCode]: CapabilityRow<OfCode<Code>> } = {
  1: {
    name: 'Multiprotocol Extensions', // RFC 4760 §8
    decode: (value) =>
      value.length === 4 ? { code: 1, afi: value.readUInt16BE(0), safi: value[3] } : undefined,
    encode: ({ afi, safi }) => Uint8Array.of(afi >>> 8, afi, 0, safi),
  },
  2: bare('Route Refresh', { code: 2 }), // RFC 2918 §2
  5: {
    name: 'Extended Next Hop Encoding', // RFC 8950 §4
    decode(value) {
      if (value.length % 6 !== 0) return undefined;
      const nextHops = [];
      for (let at = 0; at < value.length; at += 6)
        nextHops.push({
          afi: value.readUInt16BE(at),
          safi: value.readUInt16BE(at + 2),
          nextHopAfi: value.readUInt16BE(at + 4),
        });
      return { code: 5, nextHops };
    },
    encode: ({ nextHops }) =>
      Uint8Array.from(
        nextHops.flatMap(({ afi, safi, nextHopAfi }) => [
          afi >>> 8,
          afi,
          safi >>> 8,
          safi,
          nextHopAfi >>> 8,
          nextHopAfi,
        ]),
      ),
  },
  6: bare('Extended Message', { code: 6 }), // RFC 8654 §3
  64: {
    name: 'Graceful Restart', // RFC 4724 §3, RFC 8538 §2
    decode(value) {
      if (value.length < 2 || value.length % 4 !== 2) return undefined;
      const families = [];
      for (let at = 2; at < value.length; at += 4)
        families.push({
          afi: value.readUInt16BE(at),
          safi: value[at + 2],
          forwardingPreserved: (value[at + 3] & FORWARDING_PRESERVED) !== 0,
        });
      const flags = value[0] >>> 4;
      return {
        code: 64,
        restartState: (flags & RESTART_STATE) !== 0,
        notification: (flags & NOTIFICATION_SUPPORT) !== 0,
        restartTime: value.readUInt16BE(0) & 0xfff,
        families,
      };
    },
    encode({ restartState, notification, restartTime, families }) {
      const flags = (restartState ? RESTART_STATE : 0) | (notification ? NOTIFICATION_SUPPORT : 0);
      return Uint8Array.of(
        (flags << 4) | ((restartTime >>> 8) & 0xf),
        restartTime,
        ...families.flatMap(({ afi, safi, forwardingPreserved }) => [
          afi >>> 8,
          afi,
          safi,
          forwardingPreserved ? FORWARDING_PRESERVED : 0,
        ]),
      );
    },
  },
  65: {
    name: '4-octet AS number', // RFC 6793 §3
    decode: (value) => (value.length === 4 ? { code: 65, asn: value.readUInt32BE(0) } : undefined),
    encode: ({ asn }) => Uint8Array.of(asn >>> 24, asn >>> 16, asn >>> 8, asn),
  },
  70: bare('Enhanced Route Refresh', { code: 70 }), // RFC 7313 §3.1
  71: {
    name: 'Long-Lived Graceful Restart', // RFC 9494 §3.1
    decode(value) {
      if (value.length % 7 !== 0) return undefined;
      const families = [];
      for (let at = 0; at < value.length; at += 7)
        families.push({
          afi: value.readUInt16BE(at),
          safi: value[at + 2],
          forwardingPreserved: (value[at + 3] & FORWARDING_PRESERVED) !== 0,
          staleTime: value.readUIntBE(at + 4, 3),
        });
      return { code: 71, families };
    },
    encode: ({ families }) =>
      Uint8Array.from(
        families.flatMap(({ afi, safi, forwardingPreserved, staleTime }) => [
          afi >>> 8,
          afi,
          safi,
          forwardingPreserved ? FORWARDING_PRESERVED : 0,
          staleTime >>> 16,
          staleTime >>> 8,
          staleTime,
        ]),
      ),
  },
};

function isKnown(code: number): code is KnownCode {
  return Object.hasOwn(ROWS, code);
}

/** The registered name, or the number. */
export function capabilityName(code: number): string {
  return isKnown(code) ? ROWS[code].name : `capability ${code}`;
}

/** Undefined where a capability that we know has a value of a wrong length. */
export function decodeCapability(code: number, value: Buffer): Capability | undefined {
  return isKnown(code)
    ? ROWS[code].decode(value)
    : { code: 'unknown', rawCode: code, value: Uint8Array.from(value) };
}

/** Code, length and value. */
export function encodeCapability(capability: Capability): Uint8Array {
  const code = capability.code === 'unknown' ? capability.rawCode : capability.code;
  const value =
    capability.code === 'unknown'
      ? capability.value
      : (ROWS[capability.code] as CapabilityRow<Capability>).encode(capability);
  return Uint8Array.of(code, value.length, ...value);
}
