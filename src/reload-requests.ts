/**
 * Requests to reload (SIGHUP) that may come at any time: one that comes before the daemon can reload is remembered, and
 * those that come while a reload runs cause one more after it.
 */
export class ReloadRequests {
  #reload: (() => Promise<void>) | undefined;
  #wanted = false;
  #busy = false;

  /** Requests a reload; never throws. */
  request(): void {
    this.#wanted = true;
    void this.#work();
  }

  /** From now on `reload` answers requests, also one made before. It must not reject. */
  serve(reload: () => Promise<void>): void {
    this.#reload = reload;
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#busy || !this.#reload) return;
    this.#busy = true;
    while (this.#wanted) {
      this.#wanted = false;
      await this.#reload();
    }
    this.#busy = false;
  }
}
