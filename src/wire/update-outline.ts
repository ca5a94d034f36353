import { AttributeCode, AttributeFlag, OPTIONAL_TRANSITIVE } from './attribute-table.js';
import { type AnyFamily, EVPN, familyAmong, familyWithFields } from './families/index.js';

/** Lengths of withdrawn routes and of path attributes. */
const LENGTHS = 4;
/** AFI, SAFI and the next hop's length. */
const REACH_FIXED = 4;
/** AFI and SAFI. */
const UNREACH_FIXED = 3;

/**
 * Where the parts of an UPDATE lie that names reachable routes in MP_REACH alone or in RFC 4271's field alone, which nearly all do:
 * found without an object for each part. One outline is used again and again.
 */
export class UpdateOutline {
  family: AnyFamily = EVPN;
  /** Of MP_REACH; the length is 0 where the next hop is NEXT_HOP's. */
  nextHopAt = 0;
  nextHopLength = 0;
  nlriAt = 0;
  nlriEnd = 0;
  /** The attributes before MP_REACH, and those behind it; all are before where there is none. */
  beforeAt = 0;
  beforeEnd = 0;
  behindAt = 0;
  behindEnd = 0;

  /** Finds the parts; false where the UPDATE between `start` and `end` is another one, or where something does not add up. */
  read(bytes: Buffer, start: number, end: number, families: readonly AnyFamily[]): boolean {
    const first = start + LENGTHS;
    if (end < first || bytes[start] !== 0 || bytes[start + 1] !== 0) return false;
    const attributesEnd = first + ((bytes[start + 2] << 8) | bytes[start + 3]);
    if (attributesEnd > end) return false;
    let found = false;
    let at = first;
    while (at < attributesEnd) {
      const flags = bytes[at];
      const extended = (flags & AttributeFlag.EXTENDED_LENGTH) !== 0;
      const valueAt = at + (extended ? 4 : 3);
      if (valueAt > attributesEnd) return false;
      const next = valueAt + (extended ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2]);
      if (next > attributesEnd) return false;
      const code = bytes[at + 1];
      if (code === AttributeCode.MP_UNREACH_NLRI) return false;
      if (code === AttributeCode.MP_REACH_NLRI) {
        if (found || (flags & OPTIONAL_TRANSITIVE) !== AttributeFlag.OPTIONAL) return false;
        if (!this.#readReach(bytes, valueAt, next, families)) return false;
        found = true;
        this.beforeEnd = at;
      }
      at = next;
    }
    this.beforeAt = first;
    if (attributesEnd < end) return !found && this.#takeField(attributesEnd, end, families);
    this.behindAt = this.nlriEnd;
    this.behindEnd = end;
    return found;
  }

  /**
   * Finds the family and the routes of an UPDATE that withdraws by MP_UNREACH and has nothing else, as nearly all do that withdraw; false
   * where the one between `start` and `end` is another, withdraws nothing (End-of-RIB), or does not add up.
   */
  readUnreach(bytes: Buffer, start: number, end: number, families: readonly AnyFamily[]): boolean {
    const at = start + LENGTHS;
    if (end < at + 4 || bytes[start] !== 0 || bytes[start + 1] !== 0) return false;
    const flags = bytes[at];
    if ((flags & OPTIONAL_TRANSITIVE) !== AttributeFlag.OPTIONAL) return false;
    if (bytes[at + 1] !== AttributeCode.MP_UNREACH_NLRI) return false;
    const extended = (flags & AttributeFlag.EXTENDED_LENGTH) !== 0;
    const valueAt = at + (extended ? 4 : 3);
    const valueEnd = valueAt + (extended ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2]);
    const attributesEnd = at + ((bytes[start + 2] << 8) | bytes[start + 3]);
    if (valueEnd !== end || attributesEnd !== end || valueAt + UNREACH_FIXED >= end) return false;
    const family = familyAmong(families, (bytes[valueAt] << 8) | bytes[valueAt + 1], bytes[valueAt + 2]);
    if (family === undefined) return false;
    this.family = family;
    this.nlriAt = valueAt + UNREACH_FIXED;
    this.nlriEnd = end;
    return true;
  }

  /** The routes are in RFC 4271's field. */
  #takeField(nlriAt: number, end: number, families: readonly AnyFamily[]): boolean {
    const family = familyWithFields(families);
    if (family === undefined) return false;
    this.family = family;
    this.nextHopLength = 0;
    this.nlriAt = nlriAt;
    this.nlriEnd = end;
    this.beforeEnd = nlriAt;
    this.behindAt = nlriAt;
    this.behindEnd = nlriAt;
    return true;
  }

  #readReach(bytes: Buffer, valueAt: number, end: number, families: readonly AnyFamily[]): boolean {
    const nextHopAt = valueAt + REACH_FIXED;
    if (nextHopAt > end) return false;
    const family = familyAmong(families, (bytes[valueAt] << 8) | bytes[valueAt + 1], bytes[valueAt + 2]);
    const length = bytes[valueAt + 3];
    if (family?.nextHopLengths.includes(length) !== true) return false;
    this.family = family;
    this.nextHopAt = nextHopAt;
    this.nextHopLength = length;
    // Behind a reserved octet
    this.nlriAt = nextHopAt + length + 1;
    this.nlriEnd = end;
    return this.nlriAt <= end;
  }
}
