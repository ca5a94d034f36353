import { emptyList, IPV4_ANY, type Ip, ipByteLength, ipToBytes, isIpv4 } from '../types/index.js';
import { prepended } from './attribute-changes.js';
import { encodeAttributes, type PathAttribute } from './attribute-section.js';
import { AttributeCode, AttributeFlag, OPTIONAL_TRANSITIVE } from './attribute-table.js';
import { Origin } from './attribute-values.js';
import type { EvpnNlri } from './evpn-routes/index.js';
import { type AnyFamily, EVPN, type Family, type Nlri } from './families/index.js';
import { allocateMessage, HEADER_LENGTH, writeLength } from './header.js';
import { MessageType, type OriginatedAttributes } from './messages.js';
import { NO_OCTETS } from './octets.js';
import { pmsiTunnelOf } from './pmsi-tunnel.js';

/** What the encoder must know of the session. */
export interface EncodingSession {
  /** Both sides speak 4-octet AS numbers (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** The peer is in our AS. */
  readonly internal: boolean;
  readonly localAsn: number;
  /** Our end of the session: the next hop of routes that have none of their own. */
  readonly localAddress?: Ip | undefined;
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

/** What UPDATEs with the same attributes have in common: the octets before the routes, and those behind them. */
interface Frame {
  /** The lengths in it are to be filled in. */
  readonly head: Buffer;
  readonly tail: Uint8Array;
  /** Fills in what hangs on where the routes end, but for the message's own length. */
  readonly finish: (message: Buffer, routesEnd: number) => void;
}

/** Routes in MP_REACH or MP_UNREACH, which are the first attribute. */
function finishMp(message: Buffer, routesEnd: number): void {
  message.writeUInt16BE(message.length - ATTRIBUTES_AT, HEADER_LENGTH + 2);
  message.writeUInt16BE(routesEnd - ATTRIBUTES_AT - 4, ATTRIBUTES_AT + 2);
}

/** Routes in the NLRI field, behind attributes whose length the head knows. */
function finishNlri(): void {}

/** Routes in the withdrawn routes field. */
function finishWithdrawn(message: Buffer, routesEnd: number): void {
  message.writeUInt16BE(routesEnd - HEADER_LENGTH - 2, HEADER_LENGTH);
}

function withdrawalOf(family: AnyFamily): Frame {
  if (!family.hasFields)
    return {
      head: mpHead(family, AttributeCode.MP_UNREACH_NLRI, NO_OCTETS),
      tail: NO_OCTETS,
      finish: finishMp,
    };
  return { head: allocateMessage(MessageType.UPDATE, 2), tail: Buffer.alloc(2), finish: finishWithdrawn };
}

/**
 * Writes UPDATEs for routes of our own, as many routes in each as fit, octet for octet in the shape that FRR gives them:
 * MP_REACH first, ORIGIN, AS_PATH, NEXT_HOP where the routes stand in RFC 4271's own field, LOCAL_PREF within the AS,
 * EXTENDED_COMMUNITIES, AS4_PATH where it is needed, PMSI_TUNNEL. One encoder a session and family, since AS_PATH and
 * LOCAL_PREF hang on the session.
 */
export class UpdateEncoder<Own extends Nlri = EvpnNlri> {
  readonly #session: EncodingSession;
  readonly #family: Family<Own>;
  readonly #withdrawal: Frame;
  /** Undefined for attributes that are too long for any UPDATE. */
  readonly #frames = new WeakMap<OriginatedAttributes, Frame | undefined>();

  /** For L2VPN/EVPN where no family is given. */
  constructor(session: EncodingSession, family?: Family<Own>) {
    this.#session = session;
    this.#family = family ?? (EVPN as AnyFamily as Family<Own>);
    this.#withdrawal = withdrawalOf(this.#family);
  }

  /**
   * UPDATEs that announce the routes with these attributes, in order; none for no routes. Throws RangeError where the
   * attributes are so long that no route fits beside them.
   */
  announce(attributes: OriginatedAttributes, nlri: readonly Own[]): Buffer[] {
    const frame = this.#frame(attributes);
    if (frame === undefined) throw this.#noRoom();
    return this.#pack(frame, nlri);
  }

  /** True where an UPDATE of this session has room for the route with these attributes (RFC 8654 §5). */
  fits(attributes: OriginatedAttributes, nlri: Own): boolean {
    const frame = this.#frame(attributes);
    if (frame === undefined) return false;
    const { head, tail } = frame;
    return head.length + this.#family.length(nlri) + tail.length <= this.#session.maxMessageLength;
  }

  /** UPDATEs that withdraw the routes, in order: what is no part of a route's key is 0. */
  withdraw(nlri: readonly Own[]): Buffer[] {
    const keys = emptyList<Own>();
    for (const route of nlri) keys.push(this.#family.keyOnly(route));
    return this.#pack(this.#withdrawal, keys);
  }

  /** MP_UNREACH without a route; of a family with fields of its own an UPDATE without anything (RFC 4724 §2). */
  endOfRib(): Buffer {
    const { hasFields, afi, safi } = this.#family;
    const unreach = hasFields
      ? NO_OCTETS
      : Uint8Array.of(AttributeFlag.OPTIONAL, AttributeCode.MP_UNREACH_NLRI, 3, afi >>> 8, afi, safi);
    const message = allocateMessage(MessageType.UPDATE, 4 + unreach.length);
    message.writeUInt16BE(0, HEADER_LENGTH);
    message.writeUInt16BE(unreach.length, HEADER_LENGTH + 2);
    message.set(unreach, ATTRIBUTES_AT);
    return message;
  }

  #pack(frame: Frame, nlri: readonly Own[]): Buffer[] {
    const family = this.#family;
    const messages = emptyList<Buffer>();
    const { head, tail } = frame;
    const limit = this.#session.maxMessageLength - tail.length;
    // As long as one suffices it does nothing else than with many, so that it is compiled for those, too
    for (let from = 0; from < nlri.length; ) {
      let end = head.length;
      let to = from;
      for (; to < nlri.length; to++) {
        const longer = end + family.length(nlri[to]);
        if (longer > limit) break;
        end = longer;
      }
      if (to === from) throw this.#noRoom();
      const message = framed(frame, end);
      for (let at = head.length; from < to; from++) at = family.encode(nlri[from], message, at);
      messages.push(message);
    }
    return messages;
  }

  #noRoom(): RangeError {
    return new RangeError(
      `the attributes leave no room for a route in an UPDATE of ${this.#session.maxMessageLength} octets`,
    );
  }

  #frame(attributes: OriginatedAttributes): Frame | undefined {
    const known = this.#frames.get(attributes);
    if (known !== undefined || this.#frames.has(attributes)) return known;
    const frame = this.#frameOf(attributes);
    this.#frames.set(attributes, frame);
    return frame;
  }

  #frameOf(given: OriginatedAttributes): Frame | undefined {
    const { localAddress = IPV4_ANY } = this.#session;
    const attributes = given.nextHop === IPV4_ANY ? { ...given, nextHop: localAddress } : given;
    const { nextHop } = attributes;
    const family = this.#family;
    if (family.hasFields && isIpv4(nextHop)) {
      const encoded = this.#encodeAttributes(attributes, true);
      if (ATTRIBUTES_AT + encoded.length > this.#session.maxMessageLength) return undefined;
      const head = allocateMessage(MessageType.UPDATE, 4 + encoded.length);
      head.writeUInt16BE(0, HEADER_LENGTH);
      head.writeUInt16BE(encoded.length, HEADER_LENGTH + 2);
      head.set(encoded, ATTRIBUTES_AT);
      return { head, tail: NO_OCTETS, finish: finishNlri };
    }
    const field = Buffer.alloc(1 + ipByteLength(nextHop) + 1);
    field[0] = ipToBytes(nextHop, field, 1);
    return {
      head: mpHead(family, AttributeCode.MP_REACH_NLRI, field),
      tail: this.#encodeAttributes(attributes, false),
      finish: finishMp,
    };
  }

  #encodeAttributes(
    {
      nextHop,
      extendedCommunities,
      pmsiTunnel,
      others = [],
      localPreference = LOCAL_PREF,
      prepend = [],
    }: OriginatedAttributes,
    withNextHop: boolean,
  ): Buffer {
    const { fourOctetAs, internal, localAsn } = this.#session;
    const asPath = prepended([], internal ? prepend : [localAsn, ...prepend]);
    const attributes: PathAttribute[] = [
      { code: AttributeCode.ORIGIN, flags: WELL_KNOWN, value: Origin.IGP },
      { code: AttributeCode.AS_PATH, flags: WELL_KNOWN | AttributeFlag.EXTENDED_LENGTH, value: asPath },
    ];
    if (withNextHop && isIpv4(nextHop))
      attributes.push({ code: AttributeCode.NEXT_HOP, flags: WELL_KNOWN, value: nextHop });
    if (internal)
      attributes.push({ code: AttributeCode.LOCAL_PREF, flags: WELL_KNOWN, value: localPreference });
    if (extendedCommunities.length > 0)
      attributes.push({
        code: AttributeCode.EXTENDED_COMMUNITIES,
        flags: OPTIONAL_TRANSITIVE,
        value: extendedCommunities,
      });
    // Without an AS that two octets cannot hold there is nothing to restore (RFC 6793 §4.2.2)
    if (!fourOctetAs && asPath.some(({ asns }) => asns.some((asn) => asn > 0xffff)))
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
    attributes.push(...others);
    return encodeAttributes(attributes, { fourOctetAs, internal });
  }
}

/** Returns what comes before the routes of an UPDATE whose first attribute they are. */
function mpHead({ afi, safi }: AnyFamily, code: number, nextHop: Uint8Array): Buffer {
  const head = allocateMessage(MessageType.UPDATE, 4 + MP_HEADER + nextHop.length);
  head.writeUInt16BE(0, HEADER_LENGTH);
  head[ATTRIBUTES_AT] = MP_FLAGS;
  head[ATTRIBUTES_AT + 1] = code;
  head.writeUInt16BE(afi, ATTRIBUTES_AT + 4);
  head[ATTRIBUTES_AT + 6] = safi;
  head.set(nextHop, ATTRIBUTES_AT + MP_HEADER);
  return head;
}

/** An UPDATE with room for routes that end at `routesEnd`. */
function framed({ head, tail, finish }: Frame, routesEnd: number): Buffer {
  const message = Buffer.allocUnsafe(routesEnd + tail.length);
  message.set(head);
  writeLength(message);
  finish(message, routesEnd);
  message.set(tail, routesEnd);
  return message;
}
