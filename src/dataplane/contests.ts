import type { Clock, Timer } from '../types/index.js';
import type { PlaneKey } from './kernel-tables/key.js';
import { KeyMap } from './kernel-tables/key-map.js';
import { vniOf } from './owner.js';
import type { OwnerPlane } from './owner-plane.js';
import type { TopologyProblem } from './topology.js';

/*
 * Another writer that wants other rows than we do undoes what we write as soon as it hears of it, and we what it writes.
 * Neither can win, so each row is repaired at once the first times, then ever more rarely, and the rows of one device
 * together no more often than a bound allows.
 */

/** Milliseconds within which another daemon reacts to what we wrote; a person at a keyboard does not. */
const REACTION_MS = 250;
/** Milliseconds after a repair within which another change of the row belongs to the same contest. */
const MEMORY_MS = 5000;
/** Reactions that may be accidents. */
const UNDELAYED = 3;
const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 60_000;
/**
 * Milliseconds between two repeated repairs on one device, once it has had its 2,000 without: iproute2's flush of neighbors
 * goes over the table until it finds it empty, and takes away what has just been put back (ip/ipneigh.c).
 */
const SPACING_MS = 10;
const BURST_MS = 2_000 * SPACING_MS;
/** Reactions in a row, and repairs in a row, from which it is no accident. */
const REACTIONS = 4;
const REPAIRS = 12;
/** Milliseconds between two looks for contests that are over, and of peace that end one. */
const LOOK_MS = 10_000;
const PEACE_MS = 30_000;

/** One row that somebody else changed. */
interface Row {
  /** Times in a row that the repair was undone at once. */
  reactions: number;
  /** Repairs in a row. */
  repairs: number;
  /** Clock.now() of the latest repair, or of the next. */
  repairAt: number;
}

/** The contested rows of one owner. */
class Field {
  readonly rows = new KeyMap<Row>();
  /** Clock.now() before which no repeated repair is due. */
  free = Number.NEGATIVE_INFINITY;
  /** Who fights, as far as could be found out; undefined while nobody does. */
  rivals: string | undefined;
}

/** When a row that somebody changed is repaired; `repeated`: it has been so often that another time is no news. */
export type Repair = { readonly delay: number; readonly repeated: boolean } | undefined;

const AT_ONCE: Repair = { delay: 0, repeated: false };

/** Damps the repair of rows that somebody else keeps changing, and names those who do. */
export class Contests {
  readonly #fields = new Map<OwnerPlane, Field>();
  #timer: Timer | undefined;

  constructor(
    readonly clock: Clock,
    /** Who else in this network namespace writes such rows; asked when a contest is found. */
    readonly rivals: () => readonly string[],
    /** A contest has begun or is over. */
    readonly changed: () => void,
  ) {}

  /** Somebody changed a row of ours. undefined where its repair is due later already. */
  repair(plane: OwnerPlane, which: PlaneKey): Repair {
    const now = this.clock.now();
    let field = this.#fields.get(plane);
    if (!field) {
      field = new Field();
      this.#fields.set(plane, field);
    }
    this.#timer ??= this.clock.after(LOOK_MS, () => this.#look());
    const row = field.rows.get(which);
    if (row && row.repairAt > now) return undefined;
    if (!row || now - row.repairAt > MEMORY_MS) {
      field.rows.set(which, { reactions: 0, repairs: 1, repairAt: now });
      return AT_ONCE;
    }
    if (now - row.repairAt <= REACTION_MS) row.reactions++;
    row.repairs++;
    field.free = Math.max(now - BURST_MS, field.free + SPACING_MS);
    row.repairAt = Math.max(now + delayAfter(row.reactions), field.free);
    if (field.rivals === undefined && (row.reactions >= REACTIONS || row.repairs >= REPAIRS)) {
      field.rivals = this.#nameRivals(plane, which);
      this.changed();
    }
    return { delay: row.repairAt - now, repeated: row.reactions >= UNDELAYED || row.repairs >= REPAIRS };
  }

  /** The device changed, which flushes rows without anybody's fight: counting begins anew. */
  forget(plane: OwnerPlane): void {
    const field = this.#fields.get(plane);
    if (!field) return;
    this.#fields.delete(plane);
    if (field.rivals !== undefined) this.changed();
  }

  /** Somebody has changed rows of the device lately. */
  isAt(plane: OwnerPlane): boolean {
    return this.#fields.size > 0 && this.#fields.has(plane);
  }

  /** The repair of the row is due later. */
  awaits(plane: OwnerPlane, which: PlaneKey): boolean {
    const row = this.#fields.get(plane)?.rows.get(which);
    return row !== undefined && row.repairAt > this.clock.now();
  }

  /** A contest for each device that has one. */
  *problems(): Iterable<TopologyProblem> {
    for (const [{ owner, deviceName }, { rivals }] of this.#fields)
      if (rivals !== undefined)
        yield {
          severity: 'warning',
          vni: vniOf(owner),
          device: deviceName,
          problem: `${rivals} writes the same rows and undoes what evpnd writes, which is repaired ever more rarely`,
          fix: undefined,
        };
  }

  close(): void {
    this.#timer?.cancel();
    this.#fields.clear();
  }

  #nameRivals(plane: OwnerPlane, which: PlaneKey): string {
    const names = [...this.rivals()];
    const number = plane.protocolOf(which);
    const protocol = number === undefined ? undefined : PROTOCOLS[number];
    if (protocol !== undefined && !names.includes(protocol)) names.push(protocol);
    return names.length > 0 ? names.join(' and ') : 'another daemon';
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.clock.now();
    let over = false;
    for (const [plane, field] of this.#fields) {
      field.rows.drop(({ repairAt }) => now - repairAt > PEACE_MS);
      if (field.rows.size > 0) continue;
      this.#fields.delete(plane);
      over ||= field.rivals !== undefined;
    }
    if (this.#fields.size > 0) this.#timer = this.clock.after(LOOK_MS, () => this.#look());
    if (over) this.changed();
  }
}

function delayAfter(reactions: number): number {
  if (reactions < UNDELAYED) return 0;
  return Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(reactions - UNDELAYED, 16));
}

/**
 * Daemons by what they write as NDA_PROTOCOL of neighbors (include/uapi/linux/rtnetlink.h). RTPROT_BGP may be of any EVPN
 * daemon, and RTPROT_BIRD is of routes: BIRD writes no neighbors.
 */
const PROTOCOLS: Readonly<Record<number, string>> = { 11: 'FRR (zebra)', 84: 'OVN' };
