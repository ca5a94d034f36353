import { Fifo, type Ip, type Mac, type Vni } from '../types/index.js';

/** A local neighbor in the schedule. */
export interface Charge {
  readonly vni: Vni;
  readonly ip: Ip;
  /** Clock.now() when it was last heard. */
  heardAt: number;
  /** Clock.wallTime() of the last probe. */
  refreshedAt: number | undefined;
  /** Probes since then whose answers evpnd itself waits for. */
  unanswered: number;
  forgotten: boolean;
}

/** An IP that is searched for although no host is known to have it. */
export interface Search {
  readonly vni: Vni;
  readonly ip: Ip;
  readonly mac: Mac;
  /** The port where the MAC was; undefined if the bridge has it. */
  readonly port: number | undefined;
  /** How often it could not be probed, and how often it was. */
  tries: number;
  asked: number;
}

/** Probes that wait for one port of one VNI. */
class Lane {
  readonly searches = new Fifo<Search>();
  /** Neighbors that have answered the last probe, and those that have not. */
  readonly answering = new Fifo<Charge>();
  readonly silent = new Fifo<Charge>();

  get size(): number {
    return this.searches.size + this.answering.size + this.silent.size;
  }

  take(): Search | Charge | undefined {
    return this.searches.take() ?? this.answering.take() ?? this.silent.take();
  }
}

/** Approximate limit of searches of all lanes together; each lane has its share, independent of the others. */
const SEARCHES = 1 << 16;

/**
 * Neighbors that wait to be probed, by port and VNI, which take turns: thousands of invented addresses
 * at one port delay only that port. Within a lane, neighbors that do not answer come last.
 */
export class AskLanes {
  readonly #lanes = new Map<number, Lane>();
  #turns = new Fifo<{ readonly key: number; readonly lane: Lane }>();
  #charges = 0;
  #searches = 0;

  constructor(readonly bound = SEARCHES) {}

  /** Returns how many neighbors wait. */
  get charges(): number {
    return this.#charges;
  }

  get size(): number {
    return this.#charges + this.#searches;
  }

  add(key: number, charge: Charge): void {
    const { answering, silent } = this.#lane(key);
    (charge.unanswered > 0 ? silent : answering).push(charge);
    this.#charges++;
  }

  /** False if this lane has its share of the searches already. */
  search(key: number, search: Search): boolean {
    const size = this.#lanes.get(key)?.searches.size ?? 0;
    if (this.#searches >= this.bound && size >= this.bound / Math.max(2, this.#lanes.size)) return false;
    this.#lane(key).searches.push(search);
    this.#searches++;
    return true;
  }

  /** Removes and returns the next one to be probed. */
  take(): Search | Charge | undefined {
    const turn = this.#turns.take();
    if (!turn) return undefined;
    const { key, lane } = turn;
    const next = lane.take();
    if (lane.size > 0) this.#turns.push(turn);
    else this.#lanes.delete(key);
    if (next && 'tries' in next) this.#searches--;
    else this.#charges--;
    return next;
  }

  #lane(key: number): Lane {
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new Lane();
      this.#lanes.set(key, lane);
      this.#turns.push({ key, lane });
    }
    return lane;
  }
}
