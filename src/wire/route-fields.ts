import type { AnyFamily, Nlri, OnSkipped } from './families/index.js';
import type { InternedAttributes } from './interned-attributes.js';
import type { AnyUpdate } from './messages.js';
import type { UpdateFault } from './update-context.js';
import { asReset, type MpAttribute } from './update-scan.js';

/** What an UPDATE has of one family with one next hop. */
export interface Part {
  readonly family: AnyFamily;
  readonly withdrawn: Nlri[];
  readonly reachable: Nlri[];
  attributes: InternedAttributes | undefined;
  endOfRib: boolean;
}

/** Where routes of one family lie in an UPDATE, in one of its fields or MP attributes. */
export interface RouteField {
  readonly part: Part;
  /** That list of `part` which they are of. */
  readonly routes: Nlri[];
  readonly at: number;
  readonly end: number;
  /** Undefined for the fields of RFC 4271. */
  readonly mp: MpAttribute | undefined;
}

/** An UPDATE that is taken in little by little. */
export interface SlicedUpdate {
  readonly unknownRouteTypes: number;
  readonly faults: readonly UpdateFault[];
  /**
   * Its routes, of one family and some at a time; one may have none, where all were skipped. There is no End-of-RIB among them.
   */
  readonly slices: Iterator<AnyUpdate, undefined>;
}

/** Routes of one slice: about as many as a message of 4096 octets has. */
const SLICE = 128;
/** Octets below which an UPDATE that withdraws and announces is one slice a part: some hundred MACs, or some thousand prefixes. */
const WHOLE_BELOW = 16_384;
export const NO_FAULTS: readonly UpdateFault[] = [];
export const NOTHING_ELSE: readonly AnyUpdate[] = [];
/** Never added to. */
export const NO_ROUTES: Nlri[] = [];

/**
 * Reads routes of the field from `from` on, `most` of them at most, and returns where they end. Throws WireError where the MP attribute
 * is incorrect as a whole (RFC 7606 §5.3).
 */
export function readRoutes(
  body: Buffer,
  { part, end, mp }: RouteField,
  from: number,
  routes: Nlri[],
  onSkipped: OnSkipped,
  most?: number,
): number {
  try {
    return part.family.decode(body, from, end, routes, onSkipped, most);
  } catch (error) {
    throw mp === undefined ? error : asReset(error, body, mp.start, mp.span);
  }
}

/** Reads the field for what cannot be read, and keeps nothing: there may be tens of thousands of routes. */
export function checkRoutes(body: Buffer, field: RouteField, onSkipped: OnSkipped): void {
  for (let at = field.at; at < field.end; ) at = readRoutes(body, field, at, [], onSkipped, SLICE);
}

/**
 * Routes of the fields, which have been checked, a slice at a time. What a part both withdraws and announces is never seen as
 * withdrawn (RFC 4271 §4.3), unless the UPDATE is too long to be taken at once.
 */
export function* slicesOf(body: Buffer, fields: readonly RouteField[]): Generator<AnyUpdate, undefined> {
  const whole = new Set<Part>();
  for (const field of fields) {
    const { part } = field;
    if (whole.has(part)) continue;
    const ofPart = fields.filter((other) => other.part === part);
    if (body.length < WHOLE_BELOW && ofPart.some(({ routes }) => routes !== field.routes)) {
      whole.add(part);
      for (const each of ofPart) readRoutes(body, each, each.at, each.routes, passOver);
      yield updateOf(part, 0, NO_FAULTS, NOTHING_ELSE);
      continue;
    }
    const isWithdrawn = field.routes === part.withdrawn;
    for (let at = field.at; at < field.end; ) {
      const routes: Nlri[] = [];
      at = readRoutes(body, field, at, routes, passOver, SLICE);
      const slice = isWithdrawn
        ? { ...part, withdrawn: routes, reachable: NO_ROUTES }
        : { ...part, withdrawn: NO_ROUTES, reachable: routes };
      yield updateOf(slice, 0, NO_FAULTS, NOTHING_ELSE);
    }
  }
  return undefined;
}

/** What is said of one family, as the rooms above read it. */
export function updateOf(
  { family, withdrawn, reachable, attributes, endOfRib }: Part,
  unknownRouteTypes: number,
  faults: readonly UpdateFault[],
  also: readonly AnyUpdate[],
): AnyUpdate {
  return {
    family,
    withdrawn,
    reachable,
    attributes: reachable.length > 0 ? attributes : undefined,
    endOfRib,
    unknownRouteTypes,
    faults,
    also,
  };
}

/** Was counted when the field was checked. */
function passOver(): void {}
