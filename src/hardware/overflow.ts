/** Milliseconds until a row is offered again to a table that seemed full, doubling to the last. */
const FIRST_MS = 10_000;
const LAST_MS = 300_000;
/** So long it is waited for what becomes of an offer: dumps that fail show nothing of it. */
const PATIENCE_MS = 6 * FIRST_MS;
/** Rows that are offered at once at most. */
const MOST = 1024;

/** Of a row that was offered: the hardware has it, has left it out, or is given the time to take it. */
export type Outcome = 'taken' | 'left-out' | 'open';

/** Rows of which only those that are offered are made. */
export type Missed<Row> = Pick<readonly Row[], 'length' | 'slice'>;

/**
 * When rows that a full table of a switch left out are offered to it again, and how many: as many as went from it,
 * and else one, more and more rarely; twice as many each time as long as all are taken. Pure.
 */
export class Overflow<Row> {
  #offered: readonly Row[] = [];
  #offeredAt = 0;
  #offloaded = 0;
  #many = 1;
  #wait = FIRST_MS;
  #dueAt = 0;
  /** Where among the missing ones it goes on. */
  #at = 0;

  /**
   * After a look at the hardware: `offloaded` rows are in it, `missed` are not and should be. Returns which to offer again
   * now, and whether rows have gone from it.
   */
  next(
    offloaded: number,
    missed: Missed<Row>,
    outcome: (row: Row) => Outcome,
    now: number,
  ): { readonly offer: readonly Row[]; readonly room: boolean } {
    const gone = this.#offloaded - offloaded;
    const room = gone > 0;
    this.#offloaded = offloaded;
    const outcomes = this.#offered.map(outcome);
    const isOpen = outcomes.includes('open') && now - this.#offeredAt < PATIENCE_MS;
    if (!room && isOpen) return { offer: [], room };
    this.#offered = [];
    if (missed.length === 0) {
      this.#many = 1;
      this.#wait = FIRST_MS;
      this.#dueAt = 0;
      return { offer: [], room };
    }
    if (this.#dueAt === 0) this.#dueAt = now + this.#wait;
    if (outcomes.length > 0 && !isOpen) {
      const all = outcomes.every((each) => each === 'taken');
      this.#many = all ? Math.min(MOST, this.#many * 2) : 1;
      this.#wait = all ? FIRST_MS : Math.min(LAST_MS, this.#wait * 2);
      this.#dueAt = all ? now : now + this.#wait;
    }
    if (room) {
      this.#many = Math.min(MOST, Math.max(this.#many, gone));
      this.#dueAt = now;
    }
    if (now < this.#dueAt) return { offer: [], room };
    this.#at %= missed.length;
    const rest = missed.slice(this.#at, this.#at + this.#many);
    const offer = [...rest, ...missed.slice(0, Math.min(this.#at, this.#many - rest.length))];
    this.#at += this.#many;
    this.#offered = offer;
    this.#offeredAt = now;
    return { offer, room };
  }
}
