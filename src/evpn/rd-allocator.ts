import { type Ipv4, RouteDistinguisher, type Vni } from '../types/index.js';

const NUMBERS = 0xffff;
/** VNIs that are not served and keep a number that is not their own. */
const IDLE = 4096;

/**
 * Gives each VNI the number of its route distinguisher `router-id:n` (RFC 7432 §7.9). The number is the VNI's lower 16
 * bits, whatever the order in which VNIs appear; only where two VNIs share them, or the operator gave another VNI that
 * RD, does a VNI take the next free one, and `assigned` is kept over restarts so that this too stays.
 */
export class RdAllocator {
  readonly #numbers = new Map<Vni, number>();
  readonly #taken = new Map<number, Vni>();
  /** Not served, with a number that they alone would not be given, those that went first before the others. */
  readonly #idle = new Set<Vni>();
  /** Called when a VNI got a number that it alone would not give: `displaced` has grown. */
  onDisplaced: (() => void) | undefined;

  /** `assigned`: numbers given before, as `[vni, number]`. */
  constructor(assigned: Iterable<readonly [Vni, number]> = []) {
    for (const [vni, number] of assigned) {
      this.#take(vni, number);
      this.#idle.add(vni);
    }
  }

  /**
   * The VNI's route distinguisher, the same at every call unless it is among `configured`, those that the operator gave
   * to other VNIs.
   */
  rd(routerId: Ipv4, vni: Vni, configured: ReadonlySet<RouteDistinguisher>): RouteDistinguisher {
    const rdOf = (number: number) => RouteDistinguisher.ofRouterId(routerId, number);
    const known = this.#numbers.get(vni);
    this.#idle.delete(vni);
    if (known !== undefined && !configured.has(rdOf(known))) return rdOf(known);
    if (known !== undefined) this.#taken.delete(known);
    return rdOf(this.#assign(vni, (number) => configured.has(rdOf(number))));
  }

  /**
   * The VNI is not served for now. The number that it would be given anyway is free; another one stays its own, as over a
   * restart, for the last few thousand such VNIs.
   */
  release(vni: Vni): void {
    const number = this.#numbers.get(vni);
    if (number === undefined) return;
    if (number === preferred(vni)) {
      this.#drop(vni, number);
      return;
    }
    this.#idle.add(vni);
    for (const oldest of this.#idle) {
      if (this.#idle.size <= IDLE) return;
      this.#drop(oldest, this.#numbers.get(oldest));
    }
  }

  /** Every number that is not the one the VNI alone would give: what must be kept over a restart. */
  *displaced(): Iterable<readonly [Vni, number]> {
    for (const entry of this.#numbers) if (entry[1] !== preferred(entry[0])) yield entry;
  }

  #assign(vni: Vni, isConfigured: (number: number) => boolean): number {
    let number = preferred(vni);
    for (let tried = 0; this.#taken.has(number) || isConfigured(number); tried++) {
      if (tried > NUMBERS) throw new Error(`no route distinguisher number is free for VNI ${vni}`);
      number = (number % NUMBERS) + 1;
    }
    this.#take(vni, number);
    if (number !== preferred(vni)) this.onDisplaced?.();
    return number;
  }

  #drop(vni: Vni, number: number | undefined): void {
    this.#idle.delete(vni);
    this.#numbers.delete(vni);
    if (number !== undefined) this.#taken.delete(number);
  }

  #take(vni: Vni, number: number): void {
    this.#numbers.set(vni, number);
    this.#taken.set(number, vni);
  }
}

function preferred(vni: Vni): number {
  return vni & NUMBERS || NUMBERS;
}
