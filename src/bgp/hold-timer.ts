import type { Clock, Timer } from '../types/index.js';

/**
 * The hold timer (RFC 4271 §8.2.2), and the send hold timer (RFC 9687). Every message restarts it, so a restart only moves the deadline; the clock is asked
 * again once half the time to the old one is over. Then nothing wakes up for a neighbor that sends in time.
 */
export class HoldTimer {
  readonly #clock: Clock;
  readonly #expired: () => void;
  readonly #excused: () => boolean;
  #timer: Timer | undefined;
  #firesAt = 0;
  #deadline = 0;
  #period = 0;

  /** `excused`: true while the peer's messages may lie unread by our own doing; its silence proves nothing then. */
  constructor(clock: Clock, expired: () => void, excused: () => boolean) {
    this.#clock = clock;
    this.#expired = expired;
    this.#excused = excused;
  }

  /** Counts `milliseconds` from now on; 0 means no timer. */
  start(milliseconds: number): void {
    if (milliseconds === 0) {
      this.stop();
      return;
    }
    const now = this.#clock.now();
    this.#period = milliseconds;
    this.#deadline = now + milliseconds;
    const left = this.#firesAt - now;
    if (this.#timer !== undefined && left > milliseconds / 2 && left <= milliseconds) return;
    this.#timer?.cancel();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#firesAt = this.#deadline;
    this.#timer = this.#clock.after(Math.max(0, this.#deadline - this.#clock.now()), () => this.#due());
  }

  #due(): void {
    if (this.#clock.now() < this.#deadline) {
      this.#arm();
      return;
    }
    // When the event loop was late, the KEEPALIVE may be waiting in the socket: I/O first, then the verdict
    this.#timer = this.#clock.soon(() => {
      this.#timer = undefined;
      if (this.#clock.now() >= this.#deadline) {
        if (!this.#excused()) {
          this.#expired();
          return;
        }
        this.#deadline = this.#clock.now() + this.#period;
      }
      this.#arm();
    });
  }
}
