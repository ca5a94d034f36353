import { isIPv4 } from 'node:net';
import { formatIp, type Ipv4, parseIp } from './ip.js';
import { ParseError } from './parse-error.js';

/**
 * A route distinguisher (RFC 4364 §4.2), eight octets. There is one object for each value in use, so that
 * `===` compares and a Map keys on it without a string; values that are no longer referenced are forgotten.
 */
export class RouteDistinguisher {
  static readonly #known = new Map<number, Map<number, Known>>();
  static readonly #collected = new FinalizationRegistry<Known>((known) => {
    const row = RouteDistinguisher.#known.get(known.high);
    // The same value may have got another object since
    if (row?.get(known.low) !== known) return;
    row.delete(known.low);
    if (row.size === 0) RouteDistinguisher.#known.delete(known.high);
  });

  private constructor(
    /** Octets 0 to 3, unsigned. */
    readonly high: number,
    /** Octets 4 to 7, unsigned. */
    readonly low: number,
  ) {}

  /** Returns the one object of these eight octets. */
  static of(high: number, low: number): RouteDistinguisher {
    let row = RouteDistinguisher.#known.get(high);
    if (!row) {
      row = new Map();
      RouteDistinguisher.#known.set(high, row);
    }
    let rd = row.get(low)?.deref();
    if (!rd) {
      rd = new RouteDistinguisher(high, low);
      const known = new Known(rd);
      row.set(low, known);
      RouteDistinguisher.#collected.register(rd, known);
    }
    return rd;
  }

  /** Returns how many values are known: those that are referenced, and those not collected yet. */
  static get knownCount(): number {
    let count = 0;
    for (const row of RouteDistinguisher.#known.values()) count += row.size;
    return count;
  }

  /** Type 1: `router-id:number`, the number below 65536 (RFC 7432 §7.9). */
  static ofRouterId(routerId: Ipv4, number: number): RouteDistinguisher {
    return RouteDistinguisher.of(
      (0x0001_0000 | (routerId >>> 16)) >>> 0,
      (((routerId & 0xffff) << 16) | (number & 0xffff)) >>> 0,
    );
  }

  /** Parses `a.b.c.d:n`, `as:n`; an AS above 65535 gives type 2. Throws ParseError. */
  static parse(text: string): RouteDistinguisher {
    const at = text.lastIndexOf(':');
    const left = text.slice(0, at);
    const right = Number(text.slice(at + 1));
    const bad = () =>
      new ParseError('route distinguisher', text, 'ip:0-65535, as:0-4294967295, or 4-octet-as:0-65535');
    if (at < 1 || !/^\d+$/.test(text.slice(at + 1))) throw bad();
    if (isIPv4(left)) {
      if (right > 0xffff) throw bad();
      return RouteDistinguisher.ofRouterId(parseIp(left) as Ipv4, right);
    }
    const as = Number(left);
    if (!/^\d+$/.test(left) || as > 0xffffffff || right > 0xffffffff) throw bad();
    if (as <= 0xffff) return RouteDistinguisher.of(as, right);
    if (right > 0xffff) throw bad();
    return RouteDistinguisher.of((0x0002_0000 | (as >>> 16)) >>> 0, (((as & 0xffff) << 16) | right) >>> 0);
  }

  /** The administrator of type 1, `router-id:number`; undefined for other types. */
  get routerId(): Ipv4 | undefined {
    if (this.high >>> 16 !== 1) return undefined;
    return ((((this.high & 0xffff) << 16) | (this.low >>> 16)) >>> 0) as Ipv4;
  }

  toString(): string {
    const type = this.high >>> 16;
    if (type === 0) return `${this.high & 0xffff}:${this.low}`;
    const value = (((this.high & 0xffff) << 16) | (this.low >>> 16)) >>> 0;
    const number = this.low & 0xffff;
    if (type === 1) return `${formatIp(value as Ipv4)}:${number}`;
    if (type === 2) return `${value}:${number}`;
    return `0x${this.high.toString(16).padStart(8, '0')}${this.low.toString(16).padStart(8, '0')}`;
  }
}

/** Finds the object of a value while somebody holds it, and its place in the table when nobody does. */
class Known extends WeakRef<RouteDistinguisher> {
  readonly high: number;
  readonly low: number;

  constructor(rd: RouteDistinguisher) {
    super(rd);
    this.high = rd.high;
    this.low = rd.low;
  }
}
