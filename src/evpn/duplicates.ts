import { type EventPlace, type EventSink, NO_EVENTS } from '../events/index.js';
import {
  type Clock,
  formatIp,
  formatMac,
  type Ip,
  type LimitedLog,
  type Mac,
  type Timer,
  type Vni,
} from '../types/index.js';
import type { MoveHistory } from './moves.js';

/** RFC 7432 §15.1: `moves` moves within `window` mean that a MAC or an IP is in two places. */
export interface DuplicateSettings {
  readonly enabled: boolean;
  readonly moves: number;
  /** Seconds. */
  readonly window: number;
  /** `freeze` leaves it where it is while that stands; `warn` logs it and goes on. */
  readonly action: 'warn' | 'freeze';
  /** Seconds until a frozen one is followed again; undefined: until an operator clears it. */
  readonly freezeTime: number | undefined;
}

export const DEFAULT_DUPLICATE_SETTINGS: DuplicateSettings = {
  enabled: true,
  moves: 5,
  window: 180,
  action: 'warn',
  freezeTime: undefined,
};

/** Which MAC or IP of which VNI. */
export type Subject = { readonly vni: Vni } & ({ readonly mac: Mac } | { readonly ip: Ip });

/** The place in words. */
export function placeText(place: EventPlace): string {
  if ('vtep' in place) return formatIp(place.vtep);
  return place.device ?? 'this leaf';
}

/** A MAC or IP that is in two places. */
export interface Duplicate {
  readonly subject: Subject;
  /** Clock.wallTime(). */
  readonly since: number;
  readonly frozen: boolean;
  /** Moves within the window when it was found. */
  readonly moves: number;
  /** The two places that it moved between last, the one that has it second. */
  readonly places: readonly [EventPlace, EventPlace];
}

interface Entry extends Duplicate {
  readonly history: MoveHistory;
  /** Clock.now() when it froze, or moved last: its time counts from there. */
  readonly restsSince: number;
  readonly recovery: Timer | undefined;
}

/** Finds duplicates among the moves, keeps the list of them, and lets them go by time or by order. */
export class DuplicateDetector {
  readonly #byVni = new Map<Vni, Map<string, Entry>>();
  #size = 0;
  #settings: DuplicateSettings;

  constructor(
    readonly clock: Clock,
    readonly log: LimitedLog,
    /** The subject is to be looked at again: it is frozen no more. */
    readonly release: (subject: Subject) => void,
    settings: DuplicateSettings = DEFAULT_DUPLICATE_SETTINGS,
    readonly events: EventSink = NO_EVENTS,
  ) {
    this.#settings = settings;
  }

  get settings(): DuplicateSettings {
    return this.#settings;
  }

  /**
   * New settings: what was found is let go and counted anew where they would have made something else of it; where they
   * give it another time that one counts, from the same moment on.
   */
  set settings(settings: DuplicateSettings) {
    this.#settings = settings;
    for (const entry of [...this.#entries()])
      if (!settings.enabled || entry.frozen !== (settings.action === 'freeze')) this.#drop(entry);
      else this.#recover(entry);
  }

  /**
   * The subject moved between `places`. `isLast`: it has reached the highest sequence number, so that no further
   * move can be announced to other leaves; one is enough then.
   */
  moved(
    subject: Subject,
    history: MoveHistory,
    places: readonly [EventPlace, EventPlace],
    isLast = false,
  ): void {
    const { enabled, moves, window, action } = this.settings;
    if (!enabled) return;
    const count = history.count(this.clock.now(), window * 1000);
    if (history.duplicateSince !== undefined) {
      // What recovers by resting begins to rest anew
      if (!history.frozen) this.#enter(subject, history, history.duplicateSince, count, places);
      return;
    }
    if (count < moves && !isLast) return;
    const since = this.clock.wallTime();
    history.duplicateSince = since;
    history.frozen = action === 'freeze';
    const [, at] = places;
    history.frozenAt = history.frozen && 'vtep' in at ? at.vtep : undefined;
    this.#enter(subject, history, since, count, places);
    const [from, to] = places;
    const { frozen } = history;
    this.events.push({
      kind: 'duplicate-found',
      vni: subject.vni,
      address: subject,
      from,
      to,
      moves: count,
      frozen,
    });
    this.log.warn(
      isLast
        ? 'duplicate address: it has reached the highest sequence number'
        : `duplicate address: it keeps moving between ${places.some((place) => 'vtep' in place) ? 'leaves' : 'hosts of this leaf'}`,
      () => ({
        vni: subject.vni,
        subject: subjectText(subject),
        moves: count,
        seconds: window,
        action,
        from: placeText(places[0]),
        to: placeText(places[1]),
      }),
    );
  }

  /** Lets one go, whatever its time; false where it was no duplicate. */
  clear(subject: Subject): boolean {
    const entry = this.#get(subject);
    if (!entry) return false;
    this.#drop(entry);
    return true;
  }

  /** What is known of its moves is lost: it is no duplicate any more. */
  forget(subject: Subject): void {
    const entry = this.#get(subject);
    if (!entry) return;
    this.#remove(subject);
    this.#settle(entry);
  }

  /** Lets all of a VNI go, or all there are; returns how many. */
  clearAll(vni?: Vni): number {
    const entries = [...this.#entries(vni)];
    for (const entry of entries) this.#drop(entry);
    return entries.length;
  }

  get size(): number {
    return this.#size;
  }

  /** The duplicate that the subject is. */
  find(subject: Subject): Duplicate | undefined {
    return this.#get(subject);
  }

  /** Those of a VNI, or all there are. */
  list(vni?: Vni): IterableIterator<Duplicate> {
    return this.#entries(vni);
  }

  *#entries(vni?: Vni): IterableIterator<Entry> {
    if (vni !== undefined) yield* this.#byVni.get(vni)?.values() ?? [];
    else for (const entries of this.#byVni.values()) yield* entries.values();
  }

  #get(subject: Subject): Entry | undefined {
    return this.#byVni.get(subject.vni)?.get(subjectText(subject));
  }

  #put(entry: Entry): void {
    const { subject } = entry;
    let entries = this.#byVni.get(subject.vni);
    if (!entries) {
      entries = new Map();
      this.#byVni.set(subject.vni, entries);
    }
    const before = entries.size;
    entries.set(subjectText(subject), entry);
    this.#size += entries.size - before;
  }

  #remove(subject: Subject): void {
    const entries = this.#byVni.get(subject.vni);
    if (!entries?.delete(subjectText(subject))) return;
    this.#size--;
    if (entries.size === 0) this.#byVni.delete(subject.vni);
  }

  #enter(
    subject: Subject,
    history: MoveHistory,
    since: number,
    moves: number,
    places: Duplicate['places'],
  ): void {
    const { frozen } = history;
    this.#recover({ subject, history, since, restsSince: this.clock.now(), frozen, moves, places });
  }

  /** It is listed until its time is over. */
  #recover(entry: Omit<Entry, 'recovery'>): void {
    const { subject, restsSince } = entry;
    const seconds = recoverySeconds(this.#settings);
    const left = seconds === undefined ? undefined : restsSince + seconds * 1000 - this.clock.now();
    const recovery =
      left === undefined ? undefined : this.clock.after(Math.max(left, 0), () => this.clear(subject));
    this.#get(subject)?.recovery?.cancel();
    this.#put({ ...entry, recovery });
  }

  #drop(entry: Entry): void {
    const { subject } = entry;
    this.#remove(subject);
    this.#settle(entry);
    this.events.push({ kind: 'duplicate-over', vni: subject.vni, address: subject });
    this.log.info('duplicate address cleared', () => ({ vni: subject.vni, subject: subjectText(subject) }));
    this.release(subject);
  }

  #settle({ recovery, history }: Entry): void {
    recovery?.cancel();
    history.duplicateSince = undefined;
    history.frozen = false;
    history.frozenAt = undefined;
    history.forgetCounted();
  }
}

/** Unless frozen for good, one recovers by time: when the freeze is over, or when it has not moved for a window. */
function recoverySeconds({ action, freezeTime, window }: DuplicateSettings): number | undefined {
  return action === 'freeze' ? freezeTime : window;
}

function subjectText(subject: Subject): string {
  return 'mac' in subject ? formatMac(subject.mac) : formatIp(subject.ip);
}
