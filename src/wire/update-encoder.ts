import { ESI_ZERO, emptyList, ipByteLength, ipToBytes } from '../types/index.js';
import { encodeAttributes, type PathAttribute } from './attribute-section.js';
import { AttributeCode, AttributeFlag, OPTIONAL_TRANSITIVE } from './attribute-table.js';
import { encodeEvpnRoute, evpnRouteLength } from './evpn-routes/index.js';
import { allocateMessage, HEADER_LENGTH, writeLength } from './header.js';
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

/** What UPDATEs with the same attributes have in common: the octets before the routes, and those behind them. */
interface Frame {
  /** The lengths in it are to be filled in. */
  readonly head: Buffer;
  readonly tail: Buffer;
}

const WITHDRAWAL: Frame = { head: headOf(AttributeCode.MP_UNREACH_NLRI, NO_OCTETS), tail: NO_OCTETS };

/**
 * Writes UPDATEs for routes of our own, as many routes in each as fit, octet for octet in the shape that FRR gives them:
 * MP_REACH first, ORIGIN, AS_PATH, LOCAL_PREF within the AS, EXTENDED_COMMUNITIES, AS4_PATH where it is needed,
 * PMSI_TUNNEL. One encoder a session, since AS_PATH and LOCAL_PREF hang on it.
 */
export class UpdateEncoder {
  readonly #session: EncodingSession;
  readonly #frames = new WeakMap<OriginatedAttributes, Frame>();

  constructor(session: EncodingSession) {
    this.#session = session;
  }

  /**
   * UPDATEs that announce the routes with these attributes, in order; none for no routes. Throws RangeError where the
   * attributes are so long that no route fits beside them.
   */
  announce(attributes: OriginatedAttributes, nlri: readonly EvpnNlri[]): Buffer[] {
    let frame = this.#frames.get(attributes);
    if (frame === undefined) {
      frame = this.#frameOf(attributes);
      this.#frames.set(attributes, frame);
    }
    return this.#pack(frame, nlri);
  }

  /** UPDATEs that withdraw the routes, in order: with ESI 0 and label 0, which are no part of a route's key. */
  withdraw(nlri: readonly EvpnNlri[]): Buffer[] {
    const keys = emptyList<EvpnNlri>();
    for (const route of nlri) keys.push(keyOnly(route));
    return this.#pack(WITHDRAWAL, keys);
  }

  /** MP_UNREACH without a route (RFC 4724 §2). */
  endOfRib(): Buffer {
    const message = allocateMessage(MessageType.UPDATE, 4 + END_OF_RIB.length);
    message.writeUInt16BE(0, HEADER_LENGTH);
    message.writeUInt16BE(END_OF_RIB.length, HEADER_LENGTH + 2);
    message.set(END_OF_RIB, ATTRIBUTES_AT);
    return message;
  }

  #pack(frame: Frame, nlri: readonly EvpnNlri[]): Buffer[] {
    const messages = emptyList<Buffer>();
    const { head, tail } = frame;
    const limit = this.#session.maxMessageLength - tail.length;
    // As long as one suffices it does nothing else than with many, so that it is compiled for those, too
    for (let from = 0; from < nlri.length; ) {
      let end = head.length;
      let to = from;
      for (; to < nlri.length; to++) {
        const longer = end + evpnRouteLength(nlri[to]);
        if (longer > limit) break;
        end = longer;
      }
      if (to === from)
        throw new RangeError(
          `attributes of ${tail.length} octets leave no room for a route in an UPDATE of ${this.#session.maxMessageLength}`,
        );
      const message = framed(frame, end);
      for (let at = head.length; from < to; from++) at = encodeEvpnRoute(nlri[from], message, at);
      messages.push(message);
    }
    return messages;
  }

  #frameOf(attributes: OriginatedAttributes): Frame {
    const nextHop = Buffer.alloc(1 + ipByteLength(attributes.nextHop) + 1);
    nextHop[0] = ipToBytes(attributes.nextHop, nextHop, 1);
    return { head: headOf(AttributeCode.MP_REACH_NLRI, nextHop), tail: this.#encodeAttributes(attributes) };
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

/** What comes before the routes of an UPDATE whose first attribute they are. */
function headOf(code: number, nextHop: Buffer): Buffer {
  const head = allocateMessage(MessageType.UPDATE, 4 + MP_HEADER + nextHop.length);
  head.writeUInt16BE(0, HEADER_LENGTH);
  head[ATTRIBUTES_AT] = MP_FLAGS;
  head[ATTRIBUTES_AT + 1] = code;
  head.writeUInt16BE(AFI_L2VPN, ATTRIBUTES_AT + 4);
  head[ATTRIBUTES_AT + 6] = SAFI_EVPN;
  head.set(nextHop, ATTRIBUTES_AT + MP_HEADER);
  return head;
}

/** An UPDATE with room for routes that end at `mpEnd`. */
function framed({ head, tail }: Frame, mpEnd: number): Buffer {
  const message = Buffer.allocUnsafe(mpEnd + tail.length);
  message.set(head);
  writeLength(message);
  message.writeUInt16BE(message.length - ATTRIBUTES_AT, HEADER_LENGTH + 2);
  message.writeUInt16BE(mpEnd - ATTRIBUTES_AT - 4, ATTRIBUTES_AT + 2);
  message.set(tail, mpEnd);
  return message;
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
