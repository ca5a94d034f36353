import { type Ipv4, RouteDistinguisher, type Vni } from '../types/index.js';

const NUMBERS = 0xffff;

/**
 * Gives each VNI the number of its route distinguisher `router-id:n` (RFC 7432 §7.9). The number is the VNI's lower 16
 * bits, whatever the order in which VNIs appear; only where two VNIs share them, or the operator gave another VNI that
 * RD, does a VNI take the next free one, and `assigned` is kept over restarts so that this too stays.
 */
export class RdAllocator {
  readonly #numbers = new Map<Vni, number>();
  readonly #taken = new Map<number, Vni>();
  /** Called when a VNI got a number that it alone would not give: `displaced` has grown. */
  onDisplaced: (() => void) | undefined;

  /** `assigned`: numbers given before, as `[vni, number]`. */
  constructor(assigned: Iterable<readonly [Vni, number]> = []) {
    for (const [vni, number] of assigned) this.#take(vni, number);
  }

  /**
   * The VNI's route distinguisher, the same at every call unless it is among `configured`, those that the operator gave
   * to other VNIs.
   */
  rd(routerId: Ipv4, vni: Vni, configured: ReadonlySet<RouteDistinguisher>): RouteDistinguisher {
    const rdOf = (number: number) => RouteDistinguisher.ofRouterId(routerId, number);
    const known = this.#numbers.get(vni);
    if (known !== undefined && !configured.has(rdOf(known))) return rdOf(known);
    if (known !== undefined) this.#taken.delete(known);
    return rdOf(this.#assign(vni, (number) => configured.has(rdOf(number))));
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

  #take(vni: Vni, number: number): void {
    this.#numbers.set(vni, number);
    this.#taken.set(number, vni);
  }
}

function preferred(vni: Vni): number {
  return vni & NUMBERS || NUMBERS;
}
