/** How soon devices are read again of which something may have gone unheard; times in milliseconds. */
interface Pace {
  /** An audit takes this share of one processor at most … */
  readonly share: number;
  /** … but waits no less and no more than this after the one before. */
  readonly soonest: number;
  readonly latest: number;
  /** It lets a bulk that is being written pass, for so long at most: it would hold that up, since nothing flies while the kernel is read. */
  readonly patience: number;
}

/** Nobody but another writer with our mark goes unheard. */
const IN_TIME: Pace = { share: 1 / 15_000, soonest: 1_000, latest: 60_000, patience: 10_000 };
/** What anybody deletes goes unheard. */
const SOON: Pace = { share: 1 / 10, soonest: 100, latest: 60_000, patience: 500 };

/** What went unheard on which devices; those that are read again are taken out of it. */
export interface Unheard {
  /** Devices on which rows with our mark may have come unheard. */
  readonly unheard: ReadonlySet<number>;
  /** Those of them on which FDB rows with our mark may have gone unheard as well. */
  readonly endsUnheard: ReadonlySet<number>;
}

/** Reads devices again, one by one and each in its time, on which something may have gone unheard. */
export class Audits {
  /** Devices read again. */
  count = 0;
  readonly #rounds: readonly Round[];
  #wroteAt = Number.NEGATIVE_INFINITY;

  constructor({ unheard, endsUnheard }: Unheard, read: (ifindex: number) => void) {
    const audit = (ifindex: number) => {
      this.count++;
      read(ifindex);
    };
    this.#rounds = [new Round(SOON, endsUnheard, audit), new Round(IN_TIME, unheard, audit)];
  }

  /** Something is being written unheard. */
  wrote(): void {
    this.#wroteAt = performance.now();
    this.#goOn();
  }

  /** A device has been read in so many milliseconds. */
  took(milliseconds: number): void {
    for (const round of this.#rounds) round.took = milliseconds;
    this.#goOn();
  }

  close(): void {
    for (const round of this.#rounds) round.close();
  }

  #goOn(): void {
    for (const round of this.#rounds) round.start(() => this.#wroteAt);
  }
}

/** The devices that are read at one pace. */
class Round {
  /** What the latest reading took. No small integers, ever: what is compiled for those is thrown away at the first time. */
  took = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    readonly pace: Pace,
    readonly devices: ReadonlySet<number>,
    readonly audit: (ifindex: number) => void,
  ) {}

  /** Waits for the next device's time, where there is one and nothing is waited for yet. */
  start(wroteAt: () => number): void {
    if (this.#timer || this.#closed || this.devices.size === 0) return;
    const { share, soonest, latest, patience } = this.pace;
    const pause = Math.min(latest, Math.max(soonest, this.took / share));
    const end = performance.now() + pause + patience;
    const due = () => {
      const rest = Math.min(end, wroteAt() + soonest) - performance.now();
      this.#timer = rest > 0 ? setTimeout(due, Math.ceil(rest)) : undefined;
      if (rest <= 0) for (const ifindex of this.devices) return this.audit(ifindex);
    };
    this.#timer = setTimeout(due, pause);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
