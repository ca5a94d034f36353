import type { Ip } from '../types/index.js';
import {
  type AttributeFault,
  type AttributeSpan,
  attributeError,
  checkMpFlags,
  decodeAttributes,
  duplicateMpError,
  isMp,
  spanAttribute,
} from './attribute-section.js';
import { checkAttributeSet, toPathAttributes } from './attribute-set.js';
import { AttributeCode } from './attribute-table.js';
import { decodeEvpnRoutes, type OnSkipped } from './evpn-routes/index.js';
import { MAX_EXTENDED_MESSAGE_LENGTH } from './header.js';
import { Malformed } from './malformed.js';
import type { Update, UpdateContext, UpdateFault } from './messages.js';
import { layOutMpReach, layOutMpUnreach, type MpLayout, readNextHop } from './mp-attributes.js';
import type { EvpnNlri } from './nlri.js';
import { NotificationCode, UpdateSubcode } from './notification-codes.js';
import type { PathAttributes } from './path-attributes.js';
import { layOutUpdate, type UpdateLayout } from './update.js';
import { type UpdatePattern, UpdatePatterns } from './update-patterns.js';
import { WireError } from './wire-error.js';

/** An MP attribute of the message at hand: where it starts, its octets, its fields. */
interface MpAttribute {
  readonly start: number;
  readonly span: AttributeSpan;
  readonly layout: MpLayout;
}

/** What one look along the attribute headers tells. */
interface Scan {
  reach: MpAttribute | undefined;
  unreach: MpAttribute | undefined;
  /** Where each run of other attributes starts and ends, in turn; whatever follows the last whole one included. */
  readonly others: number[];
}

interface DecodedSet {
  readonly attributes: PathAttributes | undefined;
  readonly faults: readonly AttributeFault[];
}

/** The set of the latest UPDATE with routes, and the octets that it came of. */
interface LatestSet {
  readonly key: Buffer;
  readonly set: DecodedSet;
}

const NO_ATTRIBUTE_FAULTS: readonly AttributeFault[] = [];
const NO_FAULTS: readonly UpdateFault[] = [];
/** Never added to. */
const NO_ROUTES: EvpnNlri[] = [];

/**
 * Reads UPDATEs for the routes in them. Attributes are interned: the same octets (next hop included, MP NLRI not) give
 * the same frozen object for as long as anyone holds it, without being parsed again; the decoder holds some. An UPDATE
 * that differs from one of a thousand before in nothing but its routes is not looked through again. One decoder may serve
 * any number of sessions, which then share the objects.
 */
export class UpdateDecoder {
  readonly #interned = new Map<string, WeakRef<PathAttributes>>();
  /** Faults of interned sets that lost nothing but an attribute, to be told each time. */
  readonly #discards = new WeakMap<PathAttributes, readonly AttributeFault[]>();
  readonly #collected = new FinalizationRegistry<string>((key) => {
    // A set of the same octets may have come again since
    if (this.#interned.get(key)?.deref() === undefined) this.#interned.delete(key);
  });
  /** Nearly every UPDATE has the attributes of the one before: those are found without a string or a look-up. */
  #latest: LatestSet | undefined;
  readonly #patterns = new UpdatePatterns();
  /** Where the key of a set is put together. */
  readonly #key = Buffer.allocUnsafe(MAX_EXTENDED_MESSAGE_LENGTH);
  #unknownRouteTypes = 0;
  #skipped = NO_FAULTS;
  readonly #onSkipped: OnSkipped = (_type, _value, fault) => {
    if (fault === undefined) this.#unknownRouteTypes++;
    else this.#skipped = [...this.#skipped, { outcome: 'skip', field: 'NLRI', detail: fault }];
  };

  /** Sets that are held somewhere, or were until lately. */
  get internedSets(): number {
    return this.#interned.size;
  }

  /**
   * Reads the body of an UPDATE. Routes of `withdrawn` are to be taken before those of `reachable`, which may name one
   * again (RFC 4271 §4.3). Routes of other families than L2VPN/EVPN are passed over. Throws WireError for what RFC 7606
   * answers with a reset; lesser faults are in the result, and where one withdraws, all routes are in `withdrawn`.
   */
  decode(body: Buffer, context: UpdateContext): Update {
    return this.decodeWithin(body, 0, body.length, context);
  }

  /** The same of the octets from `start` to `end`, which mostly need no view of their own. */
  decodeWithin(bytes: Buffer, start: number, end: number, context: UpdateContext): Update {
    const pattern = this.#patterns.find(bytes, start, end, context);
    if (pattern !== undefined) {
      const update = this.#decodeRoutes(bytes, start, end, pattern);
      if (update !== undefined) return update;
    }
    return this.#decodeAnew(bytes.subarray(start, end), context);
  }

  #decodeAnew(body: Buffer, context: UpdateContext): Update {
    const layout = layOutUpdate(body);
    const scan = scanAttributes(body, layout);
    const reach = scan.reach?.layout.evpn ? scan.reach : undefined;
    const unreach = scan.unreach?.layout.evpn ? scan.unreach : undefined;

    const { attributes, faults } =
      reach || scan.others.length > 0
        ? this.#attributesOf(body, layout, scan, context)
        : { attributes: undefined, faults: NO_ATTRIBUTE_FAULTS };
    const withdraws = faults.find((fault) => fault.outcome === 'treat-as-withdraw');
    if (withdraws !== undefined) requireRoutes(withdraws, scan, layout, body);

    this.#unknownRouteTypes = 0;
    this.#skipped = NO_FAULTS;
    const withdrawn: EvpnNlri[] = unreach || withdraws ? [] : NO_ROUTES;
    const reachable: EvpnNlri[] = reach && !withdraws ? [] : NO_ROUTES;
    if (unreach) readRoutes(body, unreach, withdrawn, this.#onSkipped);
    if (reach) readRoutes(body, reach, withdraws ? withdrawn : reachable, this.#onSkipped);
    if (reach && !scan.unreach && attributes && faults.length === 0)
      this.#patterns.keep(body, reach.layout.nlriAt, reach.span.end, context, attributes);
    return {
      withdrawn,
      reachable,
      attributes: reachable.length > 0 ? attributes : undefined,
      endOfRib: unreach !== undefined && isEndOfRib(unreach, scan, layout, body),
      unknownRouteTypes: this.#unknownRouteTypes,
      faults: faults.length === 0 ? this.#skipped : [...faults.map(toUpdateFault), ...this.#skipped],
    };
  }

  /** Reads an UPDATE that follows the pattern; undefined where its routes are malformed, which is another's to tell. */
  #decodeRoutes(
    bytes: Buffer,
    start: number,
    end: number,
    { head, tail, attributes }: UpdatePattern,
  ): Update | undefined {
    this.#unknownRouteTypes = 0;
    this.#skipped = NO_FAULTS;
    const reachable: EvpnNlri[] = [];
    try {
      decodeEvpnRoutes(bytes, start + head.length, end - tail.length, reachable, this.#onSkipped);
    } catch (error) {
      if (error instanceof Malformed) return undefined;
      throw error;
    }
    return {
      withdrawn: NO_ROUTES,
      reachable,
      attributes: reachable.length > 0 ? attributes : undefined,
      endOfRib: false,
      unknownRouteTypes: this.#unknownRouteTypes,
      faults: this.#skipped,
    };
  }

  /** The interned set of the message's octets, parsed if they are new. */
  #attributesOf(body: Buffer, layout: UpdateLayout, scan: Scan, context: UpdateContext): DecodedSet {
    const { reach } = scan;
    if (!reach?.layout.evpn) return decodeSet(body, layout, undefined, context);
    const length = this.#putKeyTogether(body, reach.layout, scan.others, context);
    const latest = this.#latest;
    if (latest !== undefined && startsWith(this.#key, length, latest.key)) return latest.set;
    const set = this.#internedSet(
      this.#key.toString('latin1', 0, length),
      body,
      layout,
      reach.layout,
      context,
    );
    if (set.attributes !== undefined) this.#latest = { key: Buffer.from(this.#key.subarray(0, length)), set };
    return set;
  }

  #internedSet(
    key: string,
    body: Buffer,
    layout: UpdateLayout,
    reach: MpLayout,
    context: UpdateContext,
  ): DecodedSet {
    const interned = this.#interned.get(key)?.deref();
    if (interned !== undefined)
      return { attributes: interned, faults: this.#discards.get(interned) ?? NO_ATTRIBUTE_FAULTS };
    const set = decodeSet(body, layout, readNextHop(body, reach), context);
    if (set.attributes !== undefined) {
      this.#interned.set(key, new WeakRef(set.attributes));
      this.#collected.register(set.attributes, key);
      if (set.faults.length > 0) this.#discards.set(set.attributes, set.faults);
    }
    return set;
  }

  /** All that the set follows from: the next hop, the other attributes, and what the session says. Returns its length. */
  #putKeyTogether(
    body: Buffer,
    { nextHopAt, nextHopLength }: MpLayout,
    others: readonly number[],
    context: UpdateContext,
  ): number {
    const key = this.#key;
    // The first octet also tells where the next hop ends
    key[0] = (nextHopLength << 2) | (context.fourOctetAs ? 2 : 0) | (context.internal ? 1 : 0);
    let length = 1;
    for (let at = nextHopAt; at < nextHopAt + nextHopLength; at++) key[length++] = body[at];
    for (let run = 0; run < others.length; run += 2)
      for (let at = others[run]; at < others[run + 1]; at++) key[length++] = body[at];
    return length;
  }
}

/** True where the first `length` octets are the other buffer's, which has no more. */
function startsWith(octets: Buffer, length: number, other: Buffer): boolean {
  if (length !== other.length) return false;
  for (let at = 0; at < length; at++) if (octets[at] !== other[at]) return false;
  return true;
}

/** Parses all attributes but MP_REACH and MP_UNREACH; no set without a next hop or with a fault that withdraws. */
function decodeSet(
  body: Buffer,
  layout: UpdateLayout,
  nextHop: Ip | undefined,
  context: UpdateContext,
): DecodedSet {
  const section = decodeAttributes(body, layout.attributesAt, layout.attributesEnd, context, false);
  if (nextHop === undefined) return { attributes: undefined, faults: section.faults };
  const faults = [...section.faults, ...checkAttributeSet(section.attributes, context)];
  const attributes = faults.some((fault) => fault.outcome === 'treat-as-withdraw')
    ? undefined
    : toPathAttributes(section.attributes, nextHop, context);
  return { attributes, faults };
}

/** Goes along the attribute headers once. Throws WireError for MP attributes that come twice or are incorrect. */
function scanAttributes(body: Buffer, { attributesAt, attributesEnd }: UpdateLayout): Scan {
  const scan: Scan = { reach: undefined, unreach: undefined, others: [] };
  let at = attributesAt;
  let othersFrom = at;
  while (at < attributesEnd) {
    const span = spanAttribute(body, at, attributesEnd);
    // What does not add up is found again, and named, when the others are parsed
    if (span === undefined) break;
    if (isMp(span.code)) {
      if (othersFrom < at) scan.others.push(othersFrom, at);
      othersFrom = span.end;
      const isReach = span.code === AttributeCode.MP_REACH_NLRI;
      if ((isReach ? scan.reach : scan.unreach) !== undefined) throw duplicateMpError(span.code);
      checkMpFlags(body, at, span);
      const mp = { start: at, span, layout: layOutMp(body, at, span) };
      if (isReach) scan.reach = mp;
      else scan.unreach = mp;
    }
    at = span.end;
  }
  if (othersFrom < attributesEnd) scan.others.push(othersFrom, attributesEnd);
  return scan;
}

function layOutMp(body: Buffer, start: number, span: AttributeSpan): MpLayout {
  try {
    return span.code === AttributeCode.MP_REACH_NLRI
      ? layOutMpReach(body, span.valueAt, span.end)
      : layOutMpUnreach(body, span.valueAt, span.end);
  } catch (error) {
    throw asReset(error, body, start, span);
  }
}

function readRoutes(body: Buffer, mp: MpAttribute, routes: EvpnNlri[], onSkipped: OnSkipped): void {
  try {
    decodeEvpnRoutes(body, mp.layout.nlriAt, mp.span.end, routes, onSkipped);
  } catch (error) {
    throw asReset(error, body, mp.start, mp.span);
  }
}

/** What is malformed in an MP attribute as the reset that it takes (RFC 7606 §5.3); any other error as it is. */
function asReset(error: unknown, body: Buffer, start: number, span: AttributeSpan): unknown {
  if (!(error instanceof Malformed)) return error;
  const subcode = error.subcode ?? UpdateSubcode.OPTIONAL_ATTRIBUTE_ERROR;
  return attributeError(subcode, span.code, error.message, body, start, span.end);
}

/** MP_UNREACH of our family, no route in it, and nothing else in the message (RFC 4724 §2). */
function isEndOfRib(unreach: MpAttribute, scan: Scan, layout: UpdateLayout, body: Buffer): boolean {
  return (
    unreach.layout.nlriAt === unreach.span.end &&
    scan.others.length === 0 &&
    scan.reach === undefined &&
    !hasIpv4Fields(layout, body)
  );
}

function hasIpv4Fields({ attributesAt, attributesEnd }: UpdateLayout, body: Buffer): boolean {
  return attributesAt > 4 || attributesEnd < body.length;
}

/**
 * A fault that withdraws, in a message without a reachable route: the routes may be what the fault has swallowed, so
 * that only a reset is safe (RFC 7606 §5.2). Throws WireError then.
 */
function requireRoutes(fault: AttributeFault, { reach }: Scan, layout: UpdateLayout, body: Buffer): void {
  if (reach !== undefined && reach.layout.nlriAt < reach.span.end) return;
  if (layout.attributesEnd < body.length) return;
  throw new WireError(
    NotificationCode.UPDATE_MESSAGE_ERROR,
    fault.subcode,
    `${fault.field}: ${fault.detail}, in an UPDATE without reachable routes`,
    fault.data,
  );
}

function toUpdateFault({ outcome, field, detail }: AttributeFault): UpdateFault {
  return { outcome, field, detail };
}
