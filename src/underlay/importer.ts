import type { Destination, FamilyRib, RibReader } from '../bgp/index.js';
import type { KernelRoutes } from '../dataplane/index.js';
import { PrefixLengths } from '../tables/index.js';
import {
  type Clock,
  type Ip,
  type PrefixKey,
  type PrefixRule,
  permits,
  prefixAddress,
  prefixKey,
  prefixLength,
  type Timer,
} from '../types/index.js';
import type { Prefix } from '../wire/index.js';
import type { NextHopSets, NextHops } from './next-hops.js';
import { isUnusable } from './reach.js';

/**
 * Of those that wait, and that a route is wanted to, so many are taken in one turn of the event loop, or this share where that is more:
 * the others wait for what other neighbors say of them, so that most are written once with all their next hops.
 */
const SLICE = 256;
const SHARE = 1 / 8;
/** Milliseconds of one turn. */
const SLICE_MS = 2;
/** Destinations between two looks at the clock. */
const STEP = 64;

/** What decides whether a route is installed. */
export interface ImportRules {
  readonly accept: readonly PrefixRule[];
  /** Prefixes of networks that the machine is in: the kernel's own routes are better. */
  readonly connected: Pick<ReadonlySet<PrefixKey>, 'has'>;
}

/** Why a prefix is none that routes are installed to: no router announces it, we are in it, or it is not accepted. */
export type Unwanted = 'prefix' | 'connected' | 'not-accepted';

/** Reads the RIB of one unicast family, and wants a kernel route for each destination that leads somewhere. */
export class RouteImporter {
  readonly #reader: RibReader<Prefix>;
  /** Of the prefixes that a route is wanted to. */
  readonly #lengths = new PrefixLengths();
  #scheduled: Timer | undefined;
  #closed = false;

  constructor(
    readonly rib: FamilyRib<Prefix>,
    readonly routes: KernelRoutes,
    readonly sets: NextHopSets,
    readonly rules: () => ImportRules,
    readonly clock: Clock,
  ) {
    this.#reader = rib.subscribe();
    this.#reader.onDirty = () => this.#schedule();
    if (this.#reader.hasDirty) this.#schedule();
  }

  /** Called with the prefix of a route that is wanted, is so no more, or has other next hops. */
  onRoute: ((prefix: PrefixKey) => void) | undefined;

  /** Called when all that has changed has been looked at. */
  onIdle: (() => void) | undefined;

  /** True while something has changed that was not looked at. */
  get isBusy(): boolean {
    return this.#reader.hasDirty;
  }

  /** Looks at everything again: what is accepted has changed. */
  lookAgain(): void {
    this.#reader.lookAgain();
  }

  /** Looks at one destination again. */
  look(prefix: PrefixKey): void {
    const destination = this.#destination(prefix);
    if (destination) this.#take(destination);
  }

  #destination(prefix: PrefixKey): Destination<Prefix> | undefined {
    return this.rib.destination({
      type: 0,
      prefix: prefixAddress(prefix),
      prefixLength: prefixLength(prefix),
    });
  }

  /** The set of the route that is wanted to the very prefix. */
  setOf(prefix: PrefixKey): NextHops | undefined {
    const destination = this.#destination(prefix);
    return destination && (this.#reader.noteOf(destination) as NextHops | undefined);
  }

  /** The lengths of the prefixes that routes are wanted to, the longest first. */
  lengths(ip: Ip): readonly number[] {
    return this.#lengths.of(ip);
  }

  close(): void {
    this.#closed = true;
    this.#scheduled?.cancel();
    this.#reader.unsubscribe();
  }

  #schedule(): void {
    if (!this.#closed) this.#scheduled ??= this.clock.soon(this.#work);
  }

  readonly #work = (): void => {
    this.#scheduled = undefined;
    const reader = this.#reader;
    const end = this.clock.sliceEnd(SLICE_MS);
    const most = Math.max(SLICE, reader.dirtyCount * SHARE);
    let wanted = 0;
    do {
      for (const destination of reader.takeDirty(STEP)) if (this.#take(destination)) wanted++;
      for (const destination of reader.takeAgain(STEP)) if (this.#take(destination)) wanted++;
    } while (reader.hasDirty && wanted < most && this.clock.now() < end);
    if (reader.hasDirty) this.#schedule();
    else this.onIdle?.();
  };

  /** True where a route is wanted. */
  #take(destination: Destination<Prefix>): boolean {
    const prefix = prefixKey(destination.nlri.prefix, destination.nlri.prefixLength);
    const before = this.#reader.noteOf(destination) as NextHops | undefined;
    const { chosen } = destination;
    const isWanted = chosen.length > 0 && this.whyUnwanted(prefix) === undefined;
    const after = isWanted ? this.sets.hold(chosen, prefix) : undefined;
    if (after) this.routes.set(prefix, after.group);
    else if (before) this.routes.clear(prefix);
    // Behind that, so that a set that stays is not given up and made anew
    if (before) this.sets.release(before);
    if (after === before) return isWanted;
    this.#reader.note(destination, after);
    if (!before) this.#lengths.add(prefix);
    else if (!after) this.#lengths.remove(prefix);
    this.onRoute?.(prefix);
    return isWanted;
  }

  /** Returns why no route to the prefix is installed, whatever its paths; undefined if one may be. */
  whyUnwanted(prefix: PrefixKey): Unwanted | undefined {
    const { accept, connected } = this.rules();
    if (isUnusable(prefix, prefixAddress(prefix))) return 'prefix';
    if (connected.has(prefix)) return 'connected';
    return permits(accept, prefix) ? undefined : 'not-accepted';
  }
}
