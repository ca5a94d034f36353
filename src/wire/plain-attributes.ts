import type { Ipv4 } from '../types/index.js';
import { AttributeCode, AttributeFlag, OPTIONAL_TRANSITIVE } from './attribute-table.js';
import { type AsPathSegment, AsPathSegmentType, type Origin } from './attribute-values.js';
import type { UpdateContext } from './update-context.js';

const WELL_KNOWN = AttributeFlag.TRANSITIVE;
/** MULTI_EXIT_DISC. */
const OPTIONAL_NON_TRANSITIVE = AttributeFlag.OPTIONAL;

const has = (code: number): number => 1 << code;
const MANDATORY = has(AttributeCode.ORIGIN) | has(AttributeCode.AS_PATH);
const MANDATORY_INTERNAL = MANDATORY | has(AttributeCode.LOCAL_PREF);

const NONE: readonly never[] = [];

/**
 * The attributes of nearly all routes of a table of unicast: those of RFC 4271 but AGGREGATOR, and COMMUNITIES, each sound, with AS
 * numbers of four octets. A table brings thousands of sets, each new, within the second in which no code is compiled yet:
 * this reads one in one loop, where the table of attributes takes ten times as long. One object is used again and again.
 */
export class PlainAttributes {
  origin: Origin = 0;
  asPath: readonly AsPathSegment[] = NONE;
  nextHop: Ipv4 | undefined = undefined;
  med: number | undefined = undefined;
  localPref: number | undefined = undefined;
  communities: readonly number[] = NONE;

  /**
   * Reads the attributes between `start` and `end`; false where they are not as plain as that, or anything is wrong with them, which is
   * the table's to tell.
   */
  read(bytes: Buffer, start: number, end: number, { fourOctetAs, internal }: UpdateContext): boolean {
    if (!fourOctetAs) return false;
    this.nextHop = undefined;
    this.med = undefined;
    this.localPref = undefined;
    this.communities = NONE;
    let seen = 0;
    for (let at = start; at < end; ) {
      const flags = bytes[at];
      const code = bytes[at + 1];
      const extended = (flags & AttributeFlag.EXTENDED_LENGTH) !== 0;
      const valueAt = at + (extended ? 4 : 3);
      if (valueAt > end || code > AttributeCode.COMMUNITIES || (seen & has(code)) !== 0) return false;
      const next = valueAt + (extended ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2]);
      if (next > end || !this.#take(code, flags & OPTIONAL_TRANSITIVE, bytes, valueAt, next)) return false;
      seen |= has(code);
      at = next;
    }
    const mandatory = internal ? MANDATORY_INTERNAL : MANDATORY;
    return (seen & mandatory) === mandatory && (internal || this.localPref === undefined);
  }

  #take(code: number, flags: number, bytes: Buffer, at: number, end: number): boolean {
    const length = end - at;
    switch (code) {
      case AttributeCode.ORIGIN:
        this.origin = bytes[at] as Origin;
        return flags === WELL_KNOWN && length === 1 && bytes[at] <= 2;
      case AttributeCode.AS_PATH:
        return flags === WELL_KNOWN && this.#takeAsPath(bytes, at, end);
      case AttributeCode.NEXT_HOP:
        this.nextHop = uint32(bytes, at) as Ipv4;
        return flags === WELL_KNOWN && length === 4;
      case AttributeCode.MULTI_EXIT_DISC:
        this.med = uint32(bytes, at);
        return flags === OPTIONAL_NON_TRANSITIVE && length === 4;
      case AttributeCode.LOCAL_PREF:
        this.localPref = uint32(bytes, at);
        return flags === WELL_KNOWN && length === 4;
      case AttributeCode.ATOMIC_AGGREGATE:
        return flags === WELL_KNOWN && length === 0;
      case AttributeCode.COMMUNITIES:
        if (length === 0 || length % 4 !== 0) return false;
        this.communities = uint32s(bytes, at, length / 4);
        return flags === OPTIONAL_TRANSITIVE;
    }
    return false;
  }

  /** No confederation's segments. */
  #takeAsPath(bytes: Buffer, start: number, end: number): boolean {
    if (start === end) {
      this.asPath = NONE;
      return true;
    }
    const segments: AsPathSegment[] = [];
    for (let at = start; at < end; ) {
      const type = bytes[at];
      const count = bytes[at + 1];
      if (type !== AsPathSegmentType.AS_SEQUENCE && type !== AsPathSegmentType.AS_SET) return false;
      const next = at + 2 + 4 * count;
      if (next > end || at + 1 === end || count === 0) return false;
      const asns = uint32s(bytes, at + 2, count);
      if (asns.includes(0)) return false;
      segments.push({ type, asns });
      at = next;
    }
    this.asPath = segments;
    return true;
  }
}

function uint32(bytes: Buffer, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function uint32s(bytes: Buffer, at: number, count: number): number[] {
  const numbers = new Array<number>(count);
  for (let i = 0; i < count; i++) numbers[i] = uint32(bytes, at + 4 * i);
  return numbers;
}
