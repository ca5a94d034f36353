import { ESI_ZERO, emptyList, ipByteLength, ipToBytes } from '../types/index.js';
import { encodeAttributes, type PathAttribute } from './attribute-section.js';
import { AttributeCode, AttributeFlag } from './attribute-table.js';
import { encodeEvpnRoute, evpnRouteLength } from './evpn-routes/index.js';
import { allocateMessage, HEADER_LENGTH, writeHeader } from './header.js';
import { AFI_L2VPN, MessageType, type OriginatedAttributes, SAFI_EVPN } from './messages.js';
import { type EvpnNlri, RouteType } from './nlri.js';
import { type AsPathSegment, AsPathSegmentType, Origin } from './path-attributes.js';
import { pmsiTunnelOf } from './pmsi-tunnel.js';

/** What the encoder must know of the session. */
export interface EncodingSession {
  /** Both sides speak 4-octet AS numbers (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** The peer is in our AS. */
  readonly internal: boolean;
  readonly localAsn: number;
  /** Octets, header included: 65535 where both OPENs carried the extended message capability. */
  readonly maxMessageLength: 4096 | 65535;
}

const LOCAL_PREF = 100;
const WELL_KNOWN = AttributeFlag.TRANSITIVE;
const MP_FLAGS = AttributeFlag.OPTIONAL | AttributeFlag.EXTENDED_LENGTH;
const OPTIONAL_TRANSITIVE = AttributeFlag.OPTIONAL | AttributeFlag.TRANSITIVE;
/** Withdrawn routes length (none) and total path attribute length. */
const ATTRIBUTES_AT = HEADER_LENGTH + 4;
/** Flags, code, two octets of length, AFI, SAFI. */
const MP_HEADER = 7;
const NO_OCTETS = Buffer.alloc(0);
const END_OF_RIB = Uint8Array.of(
  AttributeFlag.OPTIONAL,
  AttributeCode.MP_UNREACH_NLRI,
  3,
  AFI_L2VPN >>> 8,
  AFI_L2VPN,
  SAFI_EVPN,
);

/**
 * Writes UPDATEs for routes of our own, as many routes in each as fit, octet for octet in the shape that FRR gives them:
 * MP_REACH first, ORIGIN, AS_PATH, LOCAL_PREF within the AS, EXTENDED_COMMUNITIES, AS4_PATH where it is needed,
 * PMSI_TUNNEL. One encoder a session, since AS_PATH and LOCAL_PREF hang on it.
 */
export class UpdateEncoder {
  readonly #session: EncodingSession;
  /** The octets behind MP_REACH, by attributes object. */
  readonly #encoded = new WeakMap<OriginatedAttributes, Buffer>();
  readonly #scratch: Buffer;

  constructor(session: EncodingSession) {
    this.#session = session;
    this.#scratch = Buffer.allocUnsafe(session.maxMessageLength);
  }

  /**
   * UPDATEs that announce the routes with these attributes, in order; none for no routes. Throws RangeError where the
   * attributes are so long that no route fits beside them.
   */
  announce(attributes: OriginatedAttributes, nlri: readonly EvpnNlri[]): Buffer[] {
    let tail = this.#encoded.get(attributes);
    if (tail === undefined) {
      tail = this.#encodeAttributes(attributes);
      this.#encoded.set(attributes, tail);
    }
    const nextHop = Buffer.alloc(1 + ipByteLength(attributes.nextHop) + 1);
    nextHop[0] = ipToBytes(attributes.nextHop, nextHop, 1);
    return this.#pack(AttributeCode.MP_REACH_NLRI, nextHop, nlri, tail);
  }

  /** UPDATEs that withdraw the routes, in order: with ESI 0 and label 0, which are no part of a route's key. */
  withdraw(nlri: readonly EvpnNlri[]): Buffer[] {
    const keys = emptyList<EvpnNlri>();
    for (const route of nlri) keys.push(keyOnly(route));
    return this.#pack(AttributeCode.MP_UNREACH_NLRI, NO_OCTETS, keys, NO_OCTETS);
  }

  /** MP_UNREACH without a route (RFC 4724 §2). */
  endOfRib(): Buffer {
    const message = allocateMessage(MessageType.UPDATE, 4 + END_OF_RIB.length);
    message.writeUInt16BE(0, HEADER_LENGTH);
    message.writeUInt16BE(END_OF_RIB.length, HEADER_LENGTH + 2);
    message.set(END_OF_RIB, ATTRIBUTES_AT);
    return message;
  }

  #pack(code: number, nextHop: Buffer, nlri: readonly EvpnNlri[], tail: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    const first = ATTRIBUTES_AT + MP_HEADER + nextHop.length;
    const limit = this.#session.maxMessageLength - tail.length;
    this.#scratch.set(nextHop, first - nextHop.length);
    // As long as one suffices it does nothing else than with many, so that it is compiled for those, too
    for (let next = 0; next < nlri.length; ) {
      let at = first;
      for (; next < nlri.length; next++) {
        if (at + evpnRouteLength(nlri[next]) > limit) break;
        at = encodeEvpnRoute(nlri[next], this.#scratch, at);
      }
      if (at === first)
        throw new RangeError(
          `attributes of ${tail.length} octets leave no room for a route in an UPDATE of ${this.#session.maxMessageLength}`,
        );
      messages.push(this.#finish(code, at, tail));
    }
    return messages;
  }

  /** Puts headers before, and the other attributes behind, the MP attribute that ends at `mpEnd` in the scratch buffer. */
  #finish(code: number, mpEnd: number, tail: Buffer): Buffer {
    const message = this.#scratch;
    const length = mpEnd + tail.length;
    writeHeader(message, MessageType.UPDATE, length);
    message.writeUInt16BE(0, HEADER_LENGTH);
    message.writeUInt16BE(length - ATTRIBUTES_AT, HEADER_LENGTH + 2);
    message[ATTRIBUTES_AT] = MP_FLAGS;
    message[ATTRIBUTES_AT + 1] = code;
    message.writeUInt16BE(mpEnd - ATTRIBUTES_AT - 4, ATTRIBUTES_AT + 2);
    message.writeUInt16BE(AFI_L2VPN, ATTRIBUTES_AT + 4);
    message[ATTRIBUTES_AT + 6] = SAFI_EVPN;
    message.set(tail, mpEnd);
    return Buffer.from(message.subarray(0, length));
  }

  #encodeAttributes({ extendedCommunities, pmsiTunnel }: OriginatedAttributes): Buffer {
    const { fourOctetAs, internal, localAsn } = this.#session;
    const asPath: AsPathSegment[] = internal
      ? []
      : [{ type: AsPathSegmentType.AS_SEQUENCE, asns: [localAsn] }];
    const attributes: PathAttribute[] = [
      { code: AttributeCode.ORIGIN, flags: WELL_KNOWN, value: Origin.IGP },
      { code: AttributeCode.AS_PATH, flags: WELL_KNOWN | AttributeFlag.EXTENDED_LENGTH, value: asPath },
    ];
    if (internal) attributes.push({ code: AttributeCode.LOCAL_PREF, flags: WELL_KNOWN, value: LOCAL_PREF });
    if (extendedCommunities.length > 0)
      attributes.push({
        code: AttributeCode.EXTENDED_COMMUNITIES,
        flags: OPTIONAL_TRANSITIVE,
        value: extendedCommunities,
      });
    // Without an AS that two octets cannot hold there is nothing to restore (RFC 6793 §4.2.2)
    if (!internal && !fourOctetAs && localAsn > 0xffff)
      attributes.push({
        code: AttributeCode.AS4_PATH,
        flags: OPTIONAL_TRANSITIVE | AttributeFlag.EXTENDED_LENGTH,
        value: asPath,
      });
    if (pmsiTunnel !== undefined)
      attributes.push({
        code: AttributeCode.PMSI_TUNNEL,
        flags: OPTIONAL_TRANSITIVE,
        value: pmsiTunnelOf(pmsiTunnel.endpoint, pmsiTunnel.vni, pmsiTunnel.group),
      });
    return encodeAttributes(attributes, { fourOctetAs, internal });
  }
}

/** The route with what is no part of its key at zero, as withdraws carry it. */
function keyOnly(route: EvpnNlri): EvpnNlri {
  switch (route.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return { ...route, esi: ESI_ZERO, label1: 0, label2: undefined };
    case RouteType.ETHERNET_AUTO_DISCOVERY:
      return { ...route, label: 0 };
    case RouteType.IP_PREFIX:
      return { ...route, esi: ESI_ZERO, label: 0 };
    default:
      return route;
  }
}
