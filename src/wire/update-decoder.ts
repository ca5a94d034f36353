import { type AttributeFault, decodeAttributes } from './attribute-section.js';
import { checkAttributeSet, firstAttribute, missing } from './attribute-set.js';
import { AttributeCode } from './attribute-table.js';
import { type AnyFamily, EVPN, familyWithFields, type Nlri, type OnSkipped } from './families/index.js';
import { MAX_EXTENDED_MESSAGE_LENGTH } from './header.js';
import {
  InternedAttributes,
  type PathAttributes,
  plainValues,
  type SetOctets,
  valuesOf,
} from './interned-attributes.js';
import { hashOctets, InternedSets } from './interned-sets.js';
import { Malformed } from './malformed.js';
import type { AnyUpdate, Update } from './messages.js';
import { type MpLayout, readNextHop } from './mp-attributes.js';
import { PlainAttributes } from './plain-attributes.js';
import {
  checkRoutes,
  NO_FAULTS,
  NO_ROUTES,
  NOTHING_ELSE,
  type Part,
  type RouteField,
  readRoutes,
  type SlicedUpdate,
  slicesOf,
  updateOf,
} from './route-fields.js';
import { layOutUpdate, type UpdateLayout } from './update.js';
import type { UpdateContext, UpdateFault } from './update-context.js';
import { UpdateOutline } from './update-outline.js';
import { isEndOfRib, type MpAttribute, requireRoutes, type Scan, scanAttributes } from './update-scan.js';

interface DecodedSet {
  readonly attributes: InternedAttributes | undefined;
  readonly faults: readonly UpdateFault[];
  /** The fault for which the routes are withdrawn. */
  readonly withdraws: AttributeFault | undefined;
}

interface Judged {
  readonly parts: Part[];
  /** In the order in which their routes count. */
  readonly fields: readonly RouteField[];
  readonly faults: readonly UpdateFault[];
}

const EVPN_ALONE: readonly AnyFamily[] = [EVPN];
const NO_SET: DecodedSet = { attributes: undefined, faults: NO_FAULTS, withdraws: undefined };
/** The withdrawn routes field begins behind its length. */
const WITHDRAWN_AT = 2;
/** An empty UPDATE: the lengths of withdrawn routes and of path attributes alone. */
const EMPTY = 4;
/** Octets up to which a loop copies sooner than a call. */
const COPIED_TO = 128;
/** With more faults than that a set is read anew each time: their words are longer than its octets. */
const FAULTS_KEPT = 4;

/**
 * Reads UPDATEs for the routes in them. Attributes are interned: the same octets (next hop included, MP NLRI not) give
 * the same object, without being parsed again, for as long as routes have them (`PathAttributes.holding`) and a little
 * longer. What an UPDATE costs does not hang on how many sets there are. One decoder may serve any number of sessions,
 * which then share the objects.
 */
export class UpdateDecoder {
  readonly #sets = new InternedSets();
  /** Nearly every UPDATE has the attributes of the one before: those are found without a look-up. */
  #latest: InternedAttributes | undefined;
  readonly #outline = new UpdateOutline();
  readonly #plain = new PlainAttributes();
  /** Where the octets of a set are put together. */
  readonly #key = Buffer.allocUnsafe(MAX_EXTENDED_MESSAGE_LENGTH);
  #unknownRouteTypes = 0;
  /** Malformed routes that were skipped, and what is wrong with the first: one for each would be more than the message. */
  #skips = 0;
  #firstSkip = '';
  readonly #onSkipped: OnSkipped = (_type, _value, fault) => {
    if (fault === undefined) this.#unknownRouteTypes++;
    else if (this.#skips++ === 0) this.#firstSkip = fault;
  };

  /** Sets that are known by their octets. */
  get internedSets(): number {
    return this.#sets.size;
  }

  /** No route has these attributes any more. */
  released(attributes: PathAttributes): void {
    if (attributes instanceof InternedAttributes) this.#sets.rest(attributes);
  }

  /** Reads the body of an UPDATE for what it has of L2VPN/EVPN; otherwise as `decodeWithin`. */
  decode(body: Buffer, context: UpdateContext): Update {
    const update = this.decodeWithin(body, 0, body.length, context);
    for (const part of [update, ...update.also]) if (part.family === EVPN) return part as Update;
    return { ...update, family: EVPN, withdrawn: [], reachable: [], attributes: undefined, endOfRib: false };
  }

  /**
   * Reads the body of an UPDATE, which lies between `start` and `end`. Routes of `withdrawn` are to be taken before those
   * of `reachable`, which may name one again (RFC 4271 §4.3). Routes of families that are not the session's are passed
   * over. Throws WireError for what RFC 7606 answers with a reset; lesser faults are in the result, and where one
   * withdraws, all routes are in `withdrawn`.
   */
  decodeWithin(bytes: Buffer, start: number, end: number, context: UpdateContext): AnyUpdate {
    const outline = this.#outline;
    const families = context.families ?? EVPN_ALONE;
    if (outline.readUnreach(bytes, start, end, families)) {
      const update = this.#decodeRoutes(outline.family, bytes, outline.nlriAt, outline.nlriEnd, undefined);
      if (update !== undefined) return update;
    } else if (outline.read(bytes, start, end, families)) {
      const { nextHopAt, nextHopLength, beforeAt, beforeEnd, behindAt, behindEnd } = outline;
      let length = this.#beginKey(bytes, nextHopAt, nextHopLength, context);
      length = this.#addToKey(bytes, beforeAt, beforeEnd, length);
      length = this.#addToKey(bytes, behindAt, behindEnd, length);
      const set = this.#latestOf(length) ?? this.#knownOrPlain(bytes, length, context);
      const update = set && this.#decodeRoutes(outline.family, bytes, outline.nlriAt, outline.nlriEnd, set);
      if (update !== undefined) return update;
    }
    return this.#decodeAnew(bytes.subarray(start, end), context);
  }

  #decodeAnew(body: Buffer, context: UpdateContext): AnyUpdate {
    const { parts, fields, faults } = this.#judge(body, context);
    this.#beginRoutes();
    for (const field of fields) readRoutes(body, field, field.at, field.routes, this.#onSkipped);
    const [first = partOf(parts, (context.families ?? EVPN_ALONE)[0], undefined), ...others] = parts;
    return updateOf(
      first,
      this.#unknownRouteTypes,
      this.#withSkips(faults),
      others.length === 0 ? NOTHING_ELSE : others.map((part) => updateOf(part, 0, NO_FAULTS, NOTHING_ELSE)),
    );
  }

  /**
   * Reads an UPDATE as `decodeWithin` does, but as a whole only what is to be known of it before any of its routes counts: attributes,
   * faults, and that each route can be read. The routes are read again while the slices are taken, in the order in which they
   * count. `bytes` must not change until then. Throws WireError as `decodeWithin`; no slice does.
   */
  decodeInSlices(bytes: Buffer, start: number, end: number, context: UpdateContext): SlicedUpdate {
    const body = bytes.subarray(start, end);
    const { fields, faults } = this.#judge(body, context);
    this.#beginRoutes();
    for (const field of fields) checkRoutes(body, field, this.#onSkipped);
    return {
      unknownRouteTypes: this.#unknownRouteTypes,
      faults: this.#withSkips(faults),
      slices: slicesOf(body, fields),
    };
  }

  /** Finds the routes of the message, and what becomes of them. */
  #judge(body: Buffer, context: UpdateContext): Judged {
    const families = context.families ?? EVPN_ALONE;
    const layout = layOutUpdate(body);
    const scan = scanAttributes(body, layout, families);
    const plain = familyWithFields(families);
    const reach = scan.reach?.layout.family;
    const unreach = scan.unreach?.layout.family;
    const announced = layout.attributesEnd < body.length ? plain : undefined;

    const ofReach = reach ? this.#setOf(body, layout, scan, scan.reach?.layout, context) : undefined;
    const ofFields = announced ? this.#setOf(body, layout, scan, undefined, context) : undefined;
    const { faults, withdraws } =
      ofFields?.withdraws !== undefined
        ? ofFields
        : (ofReach ?? ofFields ?? faultsOf(body, layout, scan, context));
    if (withdraws !== undefined) requireRoutes(withdraws, scan, layout, body);

    const parts: Part[] = [];
    const fields: RouteField[] = [];
    const add = (part: Part, isWithdrawn: boolean, at: number, end: number, mp?: MpAttribute) =>
      fields.push({ part, routes: isWithdrawn ? part.withdrawn : part.reachable, at, end, mp });
    if (unreach && scan.unreach) {
      const part = partOf(parts, unreach, undefined);
      add(part, true, scan.unreach.layout.nlriAt, scan.unreach.span.end, scan.unreach);
      part.endOfRib = isEndOfRib(scan.unreach, scan, layout, body);
    }
    if (plain && (layout.withdrawnEnd > WITHDRAWN_AT || body.length === EMPTY)) {
      const part = partOf(parts, plain, undefined);
      add(part, true, WITHDRAWN_AT, layout.withdrawnEnd);
      part.endOfRib = body.length === EMPTY;
    }
    if (reach && scan.reach) {
      const part = partOf(parts, reach, ofReach?.attributes);
      add(part, withdraws !== undefined, scan.reach.layout.nlriAt, scan.reach.span.end, scan.reach);
    }
    if (announced) {
      const part = partOf(parts, announced, ofFields?.attributes);
      add(part, withdraws !== undefined, layout.attributesEnd, body.length);
    }
    return { parts, fields, faults };
  }

  #beginRoutes(): void {
    this.#unknownRouteTypes = 0;
    this.#skips = 0;
  }

  /** The faults of the attributes, and that of the routes that were skipped. */
  #withSkips(faults: readonly UpdateFault[]): readonly UpdateFault[] {
    if (this.#skips === 0) return faults;
    return [...faults, { outcome: 'skip', field: 'NLRI', detail: this.#firstSkip, count: this.#skips }];
  }

  /** Reads the routes of a known set, or those that are withdrawn; undefined where they are malformed, which is another's to tell. */
  #decodeRoutes(
    family: AnyFamily,
    bytes: Buffer,
    start: number,
    end: number,
    set: InternedAttributes | undefined,
  ): AnyUpdate | undefined {
    this.#beginRoutes();
    const routes: Nlri[] = [];
    try {
      family.decode(bytes, start, end, routes, this.#onSkipped);
    } catch (error) {
      if (error instanceof Malformed) return undefined;
      throw error;
    }
    return {
      family,
      withdrawn: set === undefined ? routes : NO_ROUTES,
      reachable: set === undefined ? NO_ROUTES : routes,
      attributes: routes.length > 0 ? set : undefined,
      endOfRib: false,
      unknownRouteTypes: this.#unknownRouteTypes,
      faults: this.#withSkips(set === undefined ? NO_FAULTS : set.faults),
      also: NOTHING_ELSE,
    };
  }

  /**
   * The interned set of the message's octets, parsed if they are new; `reach` lays out the MP_REACH whose next hop counts,
   * undefined where it is NEXT_HOP's, for routes in the fields of RFC 4271.
   */
  #setOf(
    body: Buffer,
    layout: UpdateLayout,
    scan: Scan,
    reach: MpLayout | undefined,
    context: UpdateContext,
  ): DecodedSet {
    let length = this.#beginKey(body, reach?.nextHopAt ?? 0, reach?.nextHopLength ?? 0, context);
    for (let run = 0; run < scan.others.length; run += 2)
      length = this.#addToKey(body, scan.others[run], scan.others[run + 1], length);
    const hash = hashOctets(this.#key, length);
    const known = this.#latestOf(length) ?? this.#known(length, hash);
    if (known !== undefined) return { attributes: known, faults: known.faults, withdraws: undefined };

    const { attributesAt, attributesEnd } = layout;
    const section = decodeAttributes(body, attributesAt, attributesEnd, context, false);
    const faults = [...section.faults, ...checkAttributeSet(section.attributes, context)];
    const nextHop = reach
      ? readNextHop(body, reach)
      : firstAttribute(section.attributes, AttributeCode.NEXT_HOP);
    // A broken one is missing (RFC 7606 §7.3)
    if (nextHop === undefined) faults.push(missing(AttributeCode.NEXT_HOP));
    const told = faults.map(toUpdateFault);
    const withdraws = faults.find(isWithdrawing);
    if (withdraws !== undefined || nextHop === undefined)
      return { attributes: undefined, faults: told, withdraws };
    const nextHopLength = reach?.nextHopLength ?? 0;
    const values = valuesOf(section.attributes, context);
    const attributes = new InternedAttributes(
      this.#octetsOf(length, hash, nextHopLength, context),
      values,
      nextHop,
      told,
    );
    if (told.length <= FAULTS_KEPT) this.#add(attributes);
    return { attributes, faults: told, withdraws };
  }

  /** The latest set, where the key's octets are its. */
  #latestOf(length: number): InternedAttributes | undefined {
    const latest = this.#latest;
    return latest?.findable && latest.consistsOf(this.#key, length) ? latest : undefined;
  }

  #known(length: number, hash: number): InternedAttributes | undefined {
    const set = this.#sets.find(this.#key, length, hash);
    if (set !== undefined) this.#latest = set;
    return set;
  }

  /** The set of the outlined message's octets, if it is known or a plain one. */
  #knownOrPlain(bytes: Buffer, length: number, context: UpdateContext): InternedAttributes | undefined {
    const hash = hashOctets(this.#key, length);
    const known = this.#known(length, hash);
    if (known !== undefined) return known;
    const plain = this.#plain;
    const { nextHopLength } = this.#outline;
    if (!plain.read(this.#key, 1 + nextHopLength, length, context)) return undefined;
    const nextHop = nextHopLength === 0 ? plain.nextHop : readNextHop(bytes, this.#outline);
    if (nextHop === undefined) return undefined;
    const octets = this.#octetsOf(length, hash, nextHopLength, context);
    const set = new InternedAttributes(octets, plainValues(plain), nextHop, NO_FAULTS);
    this.#add(set);
    return set;
  }

  #octetsOf(length: number, hash: number, nextHopLength: number, context: UpdateContext): SetOctets {
    const text = this.#key.toString('latin1', 0, length);
    return { text, hash, attributesAt: 1 + nextHopLength, context };
  }

  #add(set: InternedAttributes): void {
    this.#sets.add(set);
    this.#latest = set;
  }

  /** Begins with what a set follows from beside its attributes: what the session negotiated, and the next hop. */
  #beginKey(bytes: Buffer, nextHopAt: number, nextHopLength: number, context: UpdateContext): number {
    // The first octet also shows where the next hop ends
    this.#key[0] = (nextHopLength << 2) | (context.fourOctetAs ? 2 : 0) | (context.internal ? 1 : 0);
    return this.#addToKey(bytes, nextHopAt, nextHopAt + nextHopLength, 1);
  }

  /** Adds octets at `length`, and returns the new length. */
  #addToKey(bytes: Buffer, from: number, to: number, length: number): number {
    const key = this.#key;
    const end = length + to - from;
    if (to - from > COPIED_TO) bytes.copy(key, length, from, to);
    else for (let at = from; at < to; at++) key[length++] = bytes[at];
    return end;
  }
}

/** The part of the family, made where there is none without attributes or with these. */
function partOf(parts: Part[], family: AnyFamily, attributes: InternedAttributes | undefined): Part {
  const found = parts.find((part) => part.family === family && part.attributes === undefined);
  const part = found ?? { family, withdrawn: [], reachable: [], attributes, endOfRib: false };
  part.attributes = attributes;
  if (found === undefined) parts.push(part);
  return part;
}

/** Returns what is wrong with the attributes of an UPDATE that announces nothing of ours. */
function faultsOf(body: Buffer, layout: UpdateLayout, scan: Scan, context: UpdateContext): DecodedSet {
  if (scan.others.length === 0) return NO_SET;
  const { faults } = decodeAttributes(body, layout.attributesAt, layout.attributesEnd, context, false);
  return { attributes: undefined, faults: faults.map(toUpdateFault), withdraws: faults.find(isWithdrawing) };
}

function isWithdrawing({ outcome }: AttributeFault): boolean {
  return outcome === 'treat-as-withdraw';
}

function toUpdateFault({ outcome, field, detail, count }: AttributeFault): UpdateFault {
  return { outcome, field, detail, count };
}
