import type { UpdateContext } from './messages.js';
import type { PathAttributes } from './path-attributes.js';

/** An UPDATE without faults that names reachable routes of ours and no others: all its octets but those of the routes. */
export interface UpdatePattern {
  readonly length: number;
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly context: UpdateContext;
  readonly attributes: PathAttributes;
}

/** The latest pattern is kept for each remainder of the length: MAC and MAC/IP routes mostly come in turn. */
const LATEST = 4;
/** Patterns that are kept by a hash of their octets, a power of two: churn comes from as many VNIs as there are. */
const KEPT = 1_024;

/** UPDATEs that came, to know one again that differs from another in nothing but its routes. */
export class UpdatePatterns {
  readonly #latest = new Array<UpdatePattern | undefined>(LATEST).fill(undefined);
  readonly #kept = new Array<UpdatePattern | undefined>(KEPT).fill(undefined);

  /**
   * The pattern that the UPDATE from `start` to `end` follows: every octet but those of the routes was compared. Where
   * the routes stand is guessed from the latest UPDATE of the same length.
   */
  find(bytes: Buffer, start: number, end: number, context: UpdateContext): UpdatePattern | undefined {
    const length = end - start;
    const latest = this.#latest[length % LATEST];
    if (latest === undefined || latest.length !== length) return undefined;
    if (follows(bytes, start, end, context, latest)) return latest;
    const pattern = this.#kept[placeOf(bytes, start, end, latest.head.length, latest.tail.length)];
    if (pattern === undefined || !follows(bytes, start, end, context, pattern)) return undefined;
    this.#latest[length % LATEST] = pattern;
    return pattern;
  }

  /** Keeps what is around an UPDATE's routes, which stand from `routesAt` to `routesEnd`. */
  keep(
    body: Buffer,
    routesAt: number,
    routesEnd: number,
    context: UpdateContext,
    attributes: PathAttributes,
  ): void {
    const { length } = body;
    const head = ownCopy(body, 0, routesAt);
    const tail = ownCopy(body, routesEnd, length);
    const pattern = { length, head, tail, context, attributes };
    this.#latest[length % LATEST] = pattern;
    this.#kept[placeOf(body, 0, length, head.length, tail.length)] = pattern;
  }
}

/** A copy in memory of its own: a slice of node's pool would keep 8 KB of other things' from being freed. */
function ownCopy(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.alloc(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}

/** Where a pattern of these first and last octets is kept (FNV-1a). */
function placeOf(bytes: Buffer, start: number, end: number, headLength: number, tailLength: number): number {
  let hash = 0x811c_9dc5;
  for (let at = start; at < start + headLength; at++) hash = Math.imul(hash ^ bytes[at], 0x0100_0193);
  for (let at = end - tailLength; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x0100_0193);
  return (hash ^ (hash >>> 15)) & (KEPT - 1);
}

/** True where the UPDATE differs from the pattern's in its routes at most, and means the same. */
function follows(
  bytes: Buffer,
  start: number,
  end: number,
  context: UpdateContext,
  { length, head, tail, context: other }: UpdatePattern,
): boolean {
  if (end - start !== length) return false;
  if (context.fourOctetAs !== other.fourOctetAs || context.internal !== other.internal) return false;
  for (let at = 0; at < head.length; at++) if (bytes[start + at] !== head[at]) return false;
  const from = end - tail.length;
  for (let at = 0; at < tail.length; at++) if (bytes[from + at] !== tail[at]) return false;
  return true;
}
