import type { Clock, Ip, Mac } from '../types/index.js';

/** A snooped binding with its port and VLAN. */
export interface Word {
  readonly port: number;
  readonly vlan: number;
  readonly mac: Mac;
  readonly ip: Ip;
  readonly router: boolean | undefined;
}

/** Of each port. */
const MOST = 256;
const PROOF_MS = 20;
/** For so many times as long where what the kernel has reported of rows has not been heard yet. */
const MOST_WAITS = 100;

/**
 * Snooped bindings whose MAC the bridge has not learned yet: the packet may arrive before the notification of the row. They wait for it,
 * but not for long; each port has its own limit, so that a flood at one does not affect others.
 */
export class UnprovenWords {
  readonly #words = new Map<Mac, Word[]>();
  readonly #ofPort = new Map<number, number>();
  #waits = 0;

  constructor(
    readonly clock: Clock,
    /** True if the binding is accepted now. */
    readonly learn: (word: Word) => boolean,
    /** Called with a binding whose wait has timed out. */
    readonly gaveUp: (word: Word) => void,
    /** Hears what the kernel has reported; false where some of it still waits. */
    readonly hear: () => boolean,
  ) {}

  /** False if too many of the port wait. */
  add(word: Word): boolean {
    const waiting = this.#ofPort.get(word.port) ?? 0;
    if (waiting >= MOST) return false;
    if (this.#ofPort.size === 0) this.clock.after(PROOF_MS, () => this.#end());
    this.#ofPort.set(word.port, waiting + 1);
    const words = this.#words.get(word.mac);
    if (words) words.push(word);
    else this.#words.set(word.mac, [word]);
    return true;
  }

  /** Called after a notification of the MAC's row. */
  prove(mac: Mac): void {
    const words = this.#words.get(mac);
    if (!words) return;
    this.#words.delete(mac);
    const left = words.filter((word) => !this.#isProven(word));
    if (left.length > 0) this.#words.set(mac, left);
  }

  /** Learns the word, if it can be; it no longer counts for its port then. */
  #isProven(word: Word): boolean {
    if (!this.learn(word)) return false;
    this.#ofPort.set(word.port, (this.#ofPort.get(word.port) ?? 1) - 1);
    return true;
  }

  #end(): void {
    if (this.#words.size > 0 && !this.hear() && ++this.#waits < MOST_WAITS) {
      this.clock.after(PROOF_MS, () => this.#end());
      return;
    }
    this.#waits = 0;
    const words = [...this.#words.values()].flat();
    this.#words.clear();
    this.#ofPort.clear();
    for (const word of words) if (!this.learn(word)) this.gaveUp(word);
  }
}
