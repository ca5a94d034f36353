import { type AsPathSegment, AsPathSegmentType } from './attribute-values.js';
import { Malformed } from './malformed.js';
import { UpdateSubcode } from './notification-codes.js';

/** Stands for a 4-octet AS number where only two octets fit (RFC 6793 §9). */
export const AS_TRANS = 23456;

const MAX_SEGMENT_LENGTH = 255;

/** True for a segment of a confederation's ASes (RFC 5065 §3). */
export function isConfederation({ type }: AsPathSegment): boolean {
  return type === AsPathSegmentType.AS_CONFED_SEQUENCE || type === AsPathSegmentType.AS_CONFED_SET;
}

/**
 * Reads segments of 2 or 4 octets an AS. Throws Malformed for an unknown segment type, an empty segment, one that runs
 * over or under the attribute (RFC 7606 §7.2), and AS 0 (RFC 7607 §2).
 */
export function decodeAsPath(value: Buffer, asOctets: 2 | 4): AsPathSegment[] {
  const segments: AsPathSegment[] = [];
  for (let at = 0; at < value.length; ) {
    const type = value[at];
    if (type < AsPathSegmentType.AS_SET || type > AsPathSegmentType.AS_CONFED_SET)
      throw new Malformed(`segment type ${type}: expected 1 to 4`, UpdateSubcode.MALFORMED_AS_PATH);
    if (at + 1 === value.length)
      throw new Malformed('one octet is left over', UpdateSubcode.MALFORMED_AS_PATH);
    const count = value[at + 1];
    if (count === 0) throw new Malformed('segment without an AS', UpdateSubcode.MALFORMED_AS_PATH);
    at += 2;
    if (at + count * asOctets > value.length)
      throw new Malformed(
        `segment of ${count} AS numbers of ${asOctets} octets: ${value.length - at} octets are left`,
        UpdateSubcode.MALFORMED_AS_PATH,
      );
    const asns = new Array<number>(count);
    for (let i = 0; i < count; i++, at += asOctets)
      asns[i] = asOctets === 4 ? value.readUInt32BE(at) : value.readUInt16BE(at);
    if (asns.includes(0)) throw new Malformed('AS 0 in a segment', UpdateSubcode.MALFORMED_AS_PATH);
    segments.push({ type: type as AsPathSegment['type'], asns });
  }
  return segments;
}

/** The inverse of decodeAsPath; with two octets an AS above 65535 becomes AS_TRANS (RFC 6793 §4.2.2). */
export function encodeAsPath(segments: readonly AsPathSegment[], asOctets: 2 | 4): Buffer {
  const length = segments.reduce((sum, { asns }) => sum + 2 + asns.length * asOctets, 0);
  const value = Buffer.alloc(length);
  let at = 0;
  for (const { type, asns } of segments) {
    value[at++] = type;
    value[at++] = asns.length;
    for (const asn of asns) {
      value.writeUIntBE(asOctets === 2 && asn > 0xffff ? AS_TRANS : asn, at, asOctets);
      at += asOctets;
    }
  }
  return value;
}

/** AS numbers as path selection counts them: a set is one, confederation segments none (RFC 4271 §9.1.2.2, RFC 5065 §5.3). */
export function asPathLength(segments: readonly AsPathSegment[]): number {
  let length = 0;
  for (const segment of segments)
    if (segment.type === AsPathSegmentType.AS_SEQUENCE) length += segment.asns.length;
    else if (segment.type === AsPathSegmentType.AS_SET) length += 1;
  return length;
}

/** The first AS number that is in a sequence; undefined in a path of our own AS alone (RFC 4271 §9.1.2.2 c). */
export function neighborAs(segments: readonly AsPathSegment[]): number | undefined {
  for (const { type, asns } of segments)
    if (type === AsPathSegmentType.AS_SEQUENCE && asns.length > 0) return asns[0];
  return undefined;
}

/**
 * The true path out of AS_PATH with 2-octet numbers and AS4_PATH (RFC 6793 §4.2.3): what AS_PATH has in excess, then
 * AS4_PATH. An AS4_PATH longer than AS_PATH is ignored.
 */
export function mergeAs4Path(
  asPath: readonly AsPathSegment[],
  as4Path: readonly AsPathSegment[],
): readonly AsPathSegment[] {
  const tail = as4Path.filter((segment) => !isConfederation(segment));
  let excess = asPathLength(asPath) - asPathLength(tail);
  if (excess < 0 || tail.length === 0) return asPath;
  const merged: AsPathSegment[] = [];
  for (const segment of asPath) {
    if (isConfederation(segment)) merged.push(segment);
    else if (excess === 0) break;
    else if (segment.type === AsPathSegmentType.AS_SET) {
      merged.push(segment);
      excess -= 1;
    } else {
      merged.push({ type: segment.type, asns: segment.asns.slice(0, excess) });
      excess -= Math.min(excess, segment.asns.length);
    }
  }
  for (const segment of tail) {
    const last = merged.at(-1);
    if (
      last?.type === AsPathSegmentType.AS_SEQUENCE &&
      segment.type === AsPathSegmentType.AS_SEQUENCE &&
      last.asns.length + segment.asns.length <= MAX_SEGMENT_LENGTH
    )
      merged[merged.length - 1] = { type: last.type, asns: [...last.asns, ...segment.asns] };
    else merged.push(segment);
  }
  return merged;
}
