import {
  type AttributeFault,
  type AttributeSpan,
  attributeError,
  checkMpFlags,
  duplicateMpError,
  isMp,
  spanAttribute,
} from './attribute-section.js';
import { AttributeCode } from './attribute-table.js';
import type { AnyFamily } from './families/index.js';
import { Malformed } from './malformed.js';
import { layOutMpReach, layOutMpUnreach, type MpLayout } from './mp-attributes.js';
import { NotificationCode, UpdateSubcode } from './notification-codes.js';
import type { UpdateLayout } from './update.js';
import { WireError } from './wire-error.js';

/** An MP attribute of the message at hand: where it starts, its octets, its fields. */
export interface MpAttribute {
  readonly start: number;
  readonly span: AttributeSpan;
  readonly layout: MpLayout;
}

/** What one look along the attribute headers finds. */
export interface Scan {
  reach: MpAttribute | undefined;
  unreach: MpAttribute | undefined;
  /** Where each run of other attributes starts and ends, in turn; whatever follows the last whole one included. */
  readonly others: number[];
}

/** Goes along the attribute headers once. Throws WireError for MP attributes that come twice or are incorrect. */
export function scanAttributes(
  body: Buffer,
  { attributesAt, attributesEnd }: UpdateLayout,
  families: readonly AnyFamily[],
): Scan {
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
      const mp = { start: at, span, layout: layOutMp(body, at, span, families) };
      if (isReach) scan.reach = mp;
      else scan.unreach = mp;
    }
    at = span.end;
  }
  if (othersFrom < attributesEnd) scan.others.push(othersFrom, attributesEnd);
  return scan;
}

function layOutMp(
  body: Buffer,
  start: number,
  span: AttributeSpan,
  families: readonly AnyFamily[],
): MpLayout {
  try {
    return span.code === AttributeCode.MP_REACH_NLRI
      ? layOutMpReach(body, span.valueAt, span.end, families)
      : layOutMpUnreach(body, span.valueAt, span.end, families);
  } catch (error) {
    throw asReset(error, body, start, span);
  }
}

/** Returns a malformed MP attribute as the reset that it takes (RFC 7606 §5.3); any other error as it is. */
export function asReset(error: unknown, body: Buffer, start: number, span: AttributeSpan): unknown {
  if (!(error instanceof Malformed)) return error;
  const subcode = error.subcode ?? UpdateSubcode.OPTIONAL_ATTRIBUTE_ERROR;
  return attributeError(subcode, span.code, error.message, body, start, span.end);
}

/** MP_UNREACH of our family, no route in it, and nothing else in the message (RFC 4724 §2). */
export function isEndOfRib(unreach: MpAttribute, scan: Scan, layout: UpdateLayout, body: Buffer): boolean {
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
export function requireRoutes(
  fault: AttributeFault,
  { reach }: Scan,
  layout: UpdateLayout,
  body: Buffer,
): void {
  if (reach !== undefined && reach.layout.nlriAt < reach.span.end) return;
  if (layout.attributesEnd < body.length) return;
  throw new WireError(
    NotificationCode.UPDATE_MESSAGE_ERROR,
    fault.subcode,
    `${fault.field}: ${fault.detail}, in an UPDATE without reachable routes`,
    fault.data,
  );
}
