import { Fifo, type Ip, type Mac, type Vni } from '../types/index.js';

/** A local neighbour in the schedule. */
export interface Charge {
  readonly vni: Vni;
  readonly ip: Ip;
  /** Clock.now() of the last word from it. */
  heardAt: number;
  /** Clock.wallTime() of the last question. */
  refreshedAt: number | undefined;
  /** Questions since then that we wait for ourselves. */
  unanswered: number;
  forgotten: boolean;
}

/** An IP that is asked for though nobody is known to have it. */
export interface Search {
  readonly vni: Vni;
  readonly ip: Ip;
  readonly mac: Mac;
  /** Where the MAC was; undefined where the bridge knows. */
  readonly port: number | undefined;
  /** Times that it could not be asked for, and times that it was. */
  tries: number;
  asked: number;
}

/** What waits to be asked for one port of one VNI. */
class Lane {
  readonly searches = new Fifo<Search>();
  /** Neighbours that have answered the last question, and those that have not. */
  readonly answering = new Fifo<Charge>();
  readonly silent = new Fifo<Charge>();

  get size(): number {
    return this.searches.size + this.answering.size + this.silent.size;
  }

  take(): Search | Charge | undefined {
    return this.searches.take() ?? this.answering.take() ?? this.silent.take();
  }
}

/** Searches of all lanes together, about: each lane may have its part however many the others have. */
const SEARCHES = 1 << 16;

/**
 * Who waits to be asked, by port and VNI, each of which has its turn after the other: thousands of addresses that
 * somebody makes up behind one port have that port's own wait. Within a lane those go last that do not answer.
 */
export class AskLanes {
  readonly #lanes = new Map<number, Lane>();
  #turns = new Fifo<{ readonly key: number; readonly lane: Lane }>();
  #charges = 0;
  #searches = 0;

  constructor(readonly bound = SEARCHES) {}

  /** Neighbours that wait. */
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

  /** False where so much is searched for that this lane may have no more. */
  search(key: number, search: Search): boolean {
    const size = this.#lanes.get(key)?.searches.size ?? 0;
    if (this.#searches >= this.bound && size >= this.bound / Math.max(2, this.#lanes.size)) return false;
    this.#lane(key).searches.push(search);
    this.#searches++;
    return true;
  }

  /** Takes who is to be asked next. */
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
