import type { Bfd, BfdListener, BfdSettings, BfdStatus, BfdTarget, BfdWatch } from '../bfd/index.js';
import type { NeighborConfig } from './config.js';

/** BFD of a neighbor, as its settings have it: it begins, changes and ends with them, and may not be there at all. */
export class PathWatch {
  readonly #bfd: Pick<Bfd, 'watch'> | undefined;
  readonly #listener: BfdListener;
  readonly #closing: () => Promise<void> | undefined;
  #target: BfdTarget | undefined;
  #watch: BfdWatch | undefined;

  /**
   * `bfd`: undefined where nothing can be probed; `closing`: resolves when connections that end have closed, undefined where none
   * does.
   */
  constructor(
    bfd: Pick<Bfd, 'watch'> | undefined,
    listener: BfdListener,
    closing: () => Promise<void> | undefined,
  ) {
    this.#bfd = bfd;
    this.#listener = listener;
    this.#closing = closing;
  }

  /** Undefined where the path is not watched. */
  get status(): BfdStatus | undefined {
    return this.#watch?.status;
  }

  /** Watches the path to the address as these settings want it; undefined: not any more. */
  apply(config: NeighborConfig | undefined, address = ''): void {
    const settings = config?.bfd;
    if (config === undefined || settings === undefined) {
      this.#end();
      return;
    }
    const { localAddress } = config;
    const target = { address, localAddress, multihop: settings.multihop };
    if (this.#watch !== undefined && isSame(target, this.#target)) this.#watch.configure(settings);
    else this.#begin(target, settings);
  }

  #begin(target: BfdTarget, settings: BfdSettings): void {
    this.#end();
    this.#target = target;
    this.#watch = this.#bfd?.watch(target, settings, this.#listener);
  }

  /**
   * FRR takes AdminDown for a failure of the path: where it hears of that before our NOTIFICATION, the session ends for BFD, and
   * nobody there learns why we have ended it.
   */
  #end(): void {
    this.#watch?.stop(this.#closing());
    this.#watch = undefined;
  }
}

function isSame(a: BfdTarget, b: BfdTarget | undefined): boolean {
  return a.address === b?.address && a.localAddress === b.localAddress && a.multihop === b.multihop;
}
