import {
  AttributeCode,
  AttributeFlag,
  type AttributeRow,
  type AttributeValues,
  attributeName,
  attributeRow,
  type KnownAttributeCode,
  OPTIONAL_TRANSITIVE,
} from './attribute-table.js';
import { Malformed } from './malformed.js';
import { NotificationCode, UpdateSubcode } from './notification-codes.js';
import { NO_OCTETS } from './octets.js';
import type { UpdateContext, UpdateFault } from './update-context.js';
import { WireError } from './wire-error.js';

/** One path attribute as it stood in the message; one that we do not know, or cannot read, keeps its octets. */
export type PathAttribute =
  | {
      readonly [Code in KnownAttributeCode]: {
        readonly code: Code;
        readonly flags: number;
        readonly value: AttributeValues[Code];
      };
    }[KnownAttributeCode]
  | {
      readonly code: 'unknown';
      readonly rawCode: number;
      readonly flags: number;
      readonly value: Uint8Array;
    };

/** What one look along a section has found. */
interface Findings {
  readonly attributes: PathAttribute[];
  readonly faults: AttributeFault[];
  /** By code, those of `faults` that are repetitions: one for each code, or a long message of them would cost as many. */
  repetitions: Map<number, AttributeFault & { count: number }> | undefined;
}

/** A fault with what a NOTIFICATION would say, for the case that it has to become one (RFC 7606 §5.2). */
export interface AttributeFault extends UpdateFault {
  readonly subcode: UpdateSubcode;
  readonly data: Uint8Array;
}

export interface AttributeSection {
  readonly attributes: readonly PathAttribute[];
  /** Octets at the end that are not a whole attribute; none in a sound message. */
  readonly remainder: Uint8Array;
  readonly faults: readonly AttributeFault[];
}

/** Where one attribute lies: `start` is its flags octet, the value goes from `valueAt` to `end`. */
export interface AttributeSpan {
  readonly flags: number;
  readonly code: number;
  readonly valueAt: number;
  readonly end: number;
}

/** Reads an attribute's header; undefined where header or value run beyond `sectionEnd`. */
export function spanAttribute(bytes: Buffer, start: number, sectionEnd: number): AttributeSpan | undefined {
  const flags = bytes[start];
  const lengthOctets = (flags & AttributeFlag.EXTENDED_LENGTH) !== 0 ? 2 : 1;
  const valueAt = start + 2 + lengthOctets;
  if (valueAt > sectionEnd) return undefined;
  const length = lengthOctets === 2 ? (bytes[start + 2] << 8) | bytes[start + 3] : bytes[start + 2];
  const end = valueAt + length;
  return end > sectionEnd ? undefined : { flags, code: bytes[start + 1], valueAt, end };
}

/** An UPDATE Message Error about the attribute between `start` and `end`, which its data repeats (RFC 4271 §6.3). */
export function attributeError(
  subcode: UpdateSubcode,
  code: number,
  detail: string,
  bytes: Buffer,
  start: number,
  end: number,
): WireError {
  return new WireError(
    NotificationCode.UPDATE_MESSAGE_ERROR,
    subcode,
    `${attributeName(code)}: ${detail}`,
    Uint8Array.from(bytes.subarray(start, end)),
  );
}

/** The error of an MP attribute that comes twice (RFC 7606 §3 g). */
export function duplicateMpError(code: number): WireError {
  return new WireError(
    NotificationCode.UPDATE_MESSAGE_ERROR,
    UpdateSubcode.MALFORMED_ATTRIBUTE_LIST,
    `${attributeName(code)}: comes twice`,
  );
}

/** Throws for flags of an MP attribute that are not RFC 4760's: the whole attribute is incorrect then (RFC 7606 §5.3). */
export function checkMpFlags(bytes: Buffer, start: number, span: AttributeSpan): void {
  if ((span.flags & OPTIONAL_TRANSITIVE) !== AttributeFlag.OPTIONAL)
    throw attributeError(
      UpdateSubcode.ATTRIBUTE_FLAGS_ERROR,
      span.code,
      `flags ${describeFlags(span.flags)}: expected ${describeFlags(AttributeFlag.OPTIONAL)}`,
      bytes,
      start,
      span.end,
    );
}

function describeFlags(flags: number): string {
  return `${(flags & AttributeFlag.OPTIONAL) !== 0 ? 'optional' : 'well-known'} ${
    (flags & AttributeFlag.TRANSITIVE) !== 0 ? 'transitive' : 'non-transitive'
  }`;
}

export function isMp(code: number): boolean {
  return code === AttributeCode.MP_REACH_NLRI || code === AttributeCode.MP_UNREACH_NLRI;
}

/** By code, the number of the section in which it has come: one list of them costs less than a set for each section. */
const cameIn = new Uint32Array(256);
let section = 0;

/** Begins another section, in which no code has come. */
function beginSection(): void {
  if (section === 0xffff_ffff) {
    cameIn.fill(0);
    section = 0;
  }
  section++;
}

/** True where the code has come in the section before. */
function hasCome(code: number): boolean {
  if (cameIn[code] === section) return true;
  cameIn[code] = section;
  return false;
}

/**
 * Reads the attributes between `start` and `end` with the table, in order. With `whole` false MP_REACH and MP_UNREACH are
 * passed over, which the caller reads itself, and so is what comes again. Faults carry RFC 7606's outcome; what it answers with a
 * reset throws WireError.
 */
export function decodeAttributes(
  bytes: Buffer,
  start: number,
  end: number,
  context: UpdateContext,
  whole: boolean,
): AttributeSection {
  const findings: Findings = { attributes: [], faults: [], repetitions: undefined };
  const { attributes, faults } = findings;
  beginSection();
  let at = start;
  while (at < end) {
    const span = spanAttribute(bytes, at, end);
    if (span === undefined) {
      const data = Uint8Array.from(bytes.subarray(at, end));
      faults.push({
        outcome: 'treat-as-withdraw', // RFC 7606 §4
        field: at + 1 < end ? attributeName(bytes[at + 1]) : 'path attributes',
        detail: `runs beyond the path attributes: ${end - at} octets are left`,
        count: 1,
        subcode: UpdateSubcode.ATTRIBUTE_LENGTH_ERROR,
        data,
      });
      return { attributes, remainder: data, faults };
    }
    if (whole || !isMp(span.code)) decodeAttribute(bytes, at, span, context, findings, whole);
    at = span.end;
  }
  return { attributes, remainder: NO_OCTETS, faults };
}

/** Reads one attribute, which is kept where it is the first of its code or `whole`. */
function decodeAttribute(
  bytes: Buffer,
  start: number,
  span: AttributeSpan,
  context: UpdateContext,
  findings: Findings,
  whole: boolean,
): void {
  const { code, end } = span;
  const row = attributeRow(code);
  if (row === undefined && (span.flags & AttributeFlag.OPTIONAL) === 0)
    throw attributeError(
      UpdateSubcode.UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE,
      code,
      'well-known, but not known here',
      bytes,
      start,
      end,
    );
  if (isMp(code)) checkMpFlags(bytes, start, span);
  const repeated = hasCome(code);
  if (repeated && isMp(code)) throw duplicateMpError(code);
  if (repeated) addRepetition(findings, bytes, start, span);
  if (repeated && !whole) return;
  const { attributes, faults } = findings;
  attributes.push(
    row === undefined
      ? rawAttribute(bytes, span)
      : decodeKnown(row, bytes, start, span, context, faults, repeated),
  );
}

/** What comes again is discarded (RFC 7606 §3 g). */
function addRepetition(findings: Findings, bytes: Buffer, start: number, span: AttributeSpan): void {
  findings.repetitions ??= new Map();
  const known = findings.repetitions.get(span.code);
  if (known !== undefined) {
    known.count++;
    return;
  }
  const words = 'comes again: the first one counts';
  const fault = faultOf('discard', words, UpdateSubcode.MALFORMED_ATTRIBUTE_LIST, bytes, start, span);
  findings.repetitions.set(span.code, fault);
  findings.faults.push(fault);
}

/** Reads an attribute that has a row; what is wrong with it goes to `faults`. */
function decodeKnown(
  row: AttributeRow<KnownAttributeCode>,
  bytes: Buffer,
  start: number,
  span: AttributeSpan,
  context: UpdateContext,
  faults: AttributeFault[],
  repeated: boolean,
): PathAttribute {
  const { flags, code, valueAt, end } = span;
  const list = UpdateSubcode.MALFORMED_ATTRIBUTE_LIST;
  const discarded = repeated || (row.internalOnly === true && !context.internal);
  if (discarded && !repeated)
    faults.push(faultOf('discard', 'from an external peer', list, bytes, start, span));
  if (!discarded && (flags & OPTIONAL_TRANSITIVE) !== row.flags) {
    const detail = `flags ${describeFlags(flags)}: expected ${describeFlags(row.flags)}`;
    // RFC 7606 §3 c
    faults.push(
      faultOf('treat-as-withdraw', detail, UpdateSubcode.ATTRIBUTE_FLAGS_ERROR, bytes, start, span),
    );
  }
  try {
    return { code, flags, value: row.decode(bytes.subarray(valueAt, end), context) } as PathAttribute;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const optional = (row.flags & AttributeFlag.OPTIONAL) !== 0;
    const subcode =
      error.subcode ??
      (optional ? UpdateSubcode.OPTIONAL_ATTRIBUTE_ERROR : UpdateSubcode.ATTRIBUTE_LENGTH_ERROR);
    if (row.malformed === 'reset') throw attributeError(subcode, code, error.message, bytes, start, end);
    if (!discarded) faults.push(faultOf(row.malformed, error.message, subcode, bytes, start, span));
    return rawAttribute(bytes, span);
  }
}

function faultOf(
  outcome: UpdateFault['outcome'],
  detail: string,
  subcode: UpdateSubcode,
  bytes: Buffer,
  start: number,
  { code, end }: AttributeSpan,
): AttributeFault & { count: number } {
  return {
    outcome,
    field: attributeName(code),
    detail,
    count: 1,
    subcode,
    data: Uint8Array.from(bytes.subarray(start, end)),
  };
}

function rawAttribute(bytes: Buffer, { code, flags, valueAt, end }: AttributeSpan): PathAttribute {
  return { code: 'unknown', rawCode: code, flags, value: Uint8Array.from(bytes.subarray(valueAt, end)) };
}

/** Writes the attributes in order; an attribute too long for one length octet gets two whatever its flags say. */
export function encodeAttributes(attributes: readonly PathAttribute[], context: UpdateContext): Buffer {
  return Buffer.concat(
    attributes.flatMap((attribute) => {
      if (attribute.code === 'unknown')
        return frameAttribute(attribute.rawCode, attribute.flags, attribute.value);
      const row = attributeRow(attribute.code);
      const value = row?.encode(attribute.value as never, context);
      return frameAttribute(attribute.code, attribute.flags, value ?? NO_OCTETS);
    }),
  );
}

/** Flags, code, length and value. */
export function frameAttribute(code: number, flags: number, value: Uint8Array): [Uint8Array, Uint8Array] {
  const extended = (flags & AttributeFlag.EXTENDED_LENGTH) !== 0 || value.length > 255;
  const header = extended
    ? Uint8Array.of(flags | AttributeFlag.EXTENDED_LENGTH, code, value.length >>> 8, value.length)
    : Uint8Array.of(flags, code, value.length);
  return [header, value];
}
