/** A port of which only a part is let through: `threshold` frames in 2³². */
export interface Sampled {
  readonly ifindex: number;
  readonly threshold: number;
}

/** Of all devices, of which devices that flood have half together; in frames a window. */
const WINDOW_FRAMES = 2_000;
/** What one device may have of a window. */
const PORT_FRAMES = 500;
/** Windows for which a device that was sampled and floods no more stays in the filter. */
const LINGER = 20;
/** Devices that a filter names at most, each by some instructions; the rest is cut off behind it. */
const MOST = 64;
const WHOLE = 2 ** 32;

interface Share {
  /** Frames of this window that were read, and the part of those that came in that they are. */
  frames: number;
  passed: number;
  quiet: number;
}

/**
 * Shares out what is heard among the devices: who floods is cut off in this window, and sampled by the socket's filter
 * from then on, so that its frames fill no buffer that others need. Time is what the caller counts in windows.
 */
export class SnoopShares {
  readonly #shares = new Map<number, Share>();
  #heavy = 0;

  /** Counts a frame; false where the device has had its part of this window. */
  take(ifindex: number): boolean {
    let share = this.#shares.get(ifindex);
    if (!share) {
      share = { frames: 0, passed: 1, quiet: 0 };
      this.#shares.set(ifindex, share);
    }
    return ++share.frames <= (share.passed < 1 ? this.#part : PORT_FRAMES);
  }

  /** True where a device has had so much of this window that the filter should sample it at once. */
  isFlooded(ifindex: number): boolean {
    const share = this.#shares.get(ifindex);
    return share?.passed === 1 && share.frames >= 2 * PORT_FRAMES;
  }

  /**
   * A window is over after `part` of its time. Returns which devices the filter is to sample from now on; undefined where
   * it stays as it is.
   */
  turn(part = 1): readonly Sampled[] | undefined {
    const shares = [...this.#shares];
    this.#heavy = shares.filter(([, { frames, passed }]) => frames / passed / part > PORT_FRAMES).length;
    let changed = false;
    for (const [ifindex, share] of shares) {
      const rate = share.frames / share.passed / part;
      const wanted = rate > PORT_FRAMES ? this.#part / rate : 1;
      share.frames = 0;
      share.quiet = wanted < 1 ? 0 : share.quiet + 1;
      // What comes varies; each change of the filter costs a system call
      const isOff = wanted < share.passed * 0.7 || wanted > share.passed * 1.5;
      if (share.passed < 1 ? isOff && (wanted < 1 || share.quiet > LINGER) : wanted < 1) {
        share.passed = wanted;
        changed = true;
      }
      if (share.passed === 1 && share.quiet > LINGER) this.#shares.delete(ifindex);
    }
    return changed ? this.sampled : undefined;
  }

  /** Devices that are sampled, those of which least passes first. */
  get sampled(): readonly Sampled[] {
    return [...this.#shares]
      .filter(([, { passed }]) => passed < 1)
      .sort(([, a], [, b]) => a.passed - b.passed)
      .slice(0, MOST)
      .map(([ifindex, { passed }]) => ({ ifindex, threshold: Math.floor(passed * WHOLE) }));
  }

  get #part(): number {
    return Math.min(PORT_FRAMES, Math.ceil(WINDOW_FRAMES / 2 / Math.max(1, this.#heavy)));
  }
}
