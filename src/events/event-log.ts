import type { Clock } from '../types/index.js';
import { EVENT_KINDS, type EventClass, type EventKind, type EventSink, type LeafEvent } from './event.js';
import { Ring } from './ring.js';

/** An event that is kept. */
export interface EventRecord {
  /** 1 for the first event of this process, one more for each; those of all classes share it. */
  readonly id: number;
  /** Clock.wallTime(). */
  readonly at: number;
  readonly event: LeafEvent;
}

/** How many events of each class are kept: a host that flaps pushes out no lost session. */
const ROOM: Readonly<Record<EventClass, number>> = { leaf: 2048, hosts: 8192, rows: 2048 };

/**
 * The latest events of the leaf. Whoever follows them keeps the number of the event that was read last and asks for those
 * behind it: what is kept here is the only queue, whoever reads slowly costs nothing, and is told what was lost.
 */
export class EventLog implements EventSink {
  readonly #rings: ReadonlyMap<EventClass, Ring<EventRecord>>;
  readonly #followers = new Set<() => void>();
  #lastId = 0;

  constructor(
    readonly clock: Pick<Clock, 'wallTime'>,
    room: Readonly<Record<EventClass, number>> = ROOM,
  ) {
    const classes = Object.keys(room) as EventClass[];
    this.#rings = new Map(classes.map((of) => [of, new Ring<EventRecord>(room[of])]));
  }

  push(event: LeafEvent): void {
    const record = { id: ++this.#lastId, at: this.clock.wallTime(), event };
    this.#rings.get(EVENT_KINDS[event.kind].of)?.push(record);
    for (const follower of this.#followers) follower();
  }

  /** The number of the latest event; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Yields the events that are kept behind a number, oldest first, with those that are pushed meanwhile. */
  *after(id: number): IterableIterator<EventRecord> {
    const heads = [...this.#rings.values()].map((ring) => ({ ring, record: ring.after(id) }));
    for (;;) {
      let first: (typeof heads)[number] | undefined;
      for (const head of heads) {
        head.record ??= head.ring.after(id);
        if (head.record && head.record.id < (first?.record?.id ?? Number.POSITIVE_INFINITY)) first = head;
      }
      if (!first?.record) return;
      const { record } = first;
      id = record.id;
      first.record = first.ring.after(id);
      yield record;
    }
  }

  /**
   * Returns the latest event behind that number that had to go from where events of these kinds are kept, of all kinds where
   * absent; undefined if all of them are kept.
   */
  lostAfter(id: number, kinds?: ReadonlySet<EventKind>): EventRecord | undefined {
    const classes = kinds && new Set([...kinds].map((kind) => EVENT_KINDS[kind].of));
    let latest: EventRecord | undefined;
    for (const [of, { lastLost }] of this.#rings)
      if (lastLost && (classes?.has(of) ?? true) && lastLost.id > (latest?.id ?? id)) latest = lastLost;
    return latest;
  }

  /** Calls back at each event, until the function that is returned is called. The callback must not throw, and must do little. */
  follow(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }
}
