import type { Destination, Rib, RibReader } from '../../bgp/index.js';
import type { DataPlane } from '../../dataplane/index.js';
import {
  type Clock,
  Fifo,
  type PrefixKey,
  prefixAddress,
  type RouteTarget,
  type RouteTargetPattern,
  type Timer,
} from '../../types/index.js';
import type { PathAttributes } from '../../wire/index.js';
import { listOf, withItem, withoutItem } from '../few.js';
import { type Importers, ImportIndex } from '../import-index.js';
import { prefixOfKey, prefixOfRoute, routedLabel } from './claims.js';
import type { Gateways } from './gateways.js';
import type { Choice, Egresses, IpVrf, PrefixEntry } from './ip-vrf.js';
import { Ways } from './ways.js';

/** What the imported routes stand on. */
interface ImportedRoutesDependencies {
  readonly rib: Rib;
  readonly dataPlane: DataPlane;
  readonly clock: Clock;
  /** The VRFs that are routed for. */
  readonly vrfs: () => Iterable<IpVrf>;
  readonly egresses: Egresses;
  readonly gateways: Gateways;
  /** How the prefix is reached now. */
  readonly choose: (vrf: IpVrf, entry: PrefixEntry) => Choice;
  /** All that changed has been looked at. */
  readonly idle: () => void;
}

/** A turn's worth of work before others get theirs. */
const SLICE_MS = 2;
const STEP = 64;

/**
 * Which routes of the RIB each VRF imports (RFC 9136 §4, by route targets), and the rows of its table that come of those that are
 * chosen. It is only noted what is to be looked at, and the present state is read back, a slice a turn of the event loop.
 */
export class ImportedRoutes {
  readonly #deps: ImportedRoutesDependencies;
  readonly #ways: Ways;
  readonly #index = new ImportIndex<IpVrf>();
  /** Those that have prefixes to decide. */
  readonly #toDecide = new Fifo<IpVrf>();
  #reader: RibReader | undefined;
  #scheduled: Timer | undefined;
  #waiting = false;
  #stopped = false;

  constructor(deps: ImportedRoutesDependencies) {
    this.#deps = deps;
    this.#ways = new Ways(deps.dataPlane, deps.egresses, (vrf, gateway) =>
      deps.gateways.reachOf(vrf, gateway),
    );
  }

  get isIdle(): boolean {
    return this.#scheduled === undefined && !this.#waiting;
  }

  /** The VRFs that import the destination's best path. */
  importersOf(destination: Destination): readonly IpVrf[] {
    return this.#noteOf(destination)?.vrfs ?? [];
  }

  /** The VRFs that import routes with one of the targets. */
  takersOf(targets: readonly RouteTarget[]): readonly IpVrf[] {
    return this.#index.search(targets);
  }

  /** The VRFs that a route with these attributes is for, whether or not it has come to them yet. */
  takersOfRoute(attributes: PathAttributes): readonly IpVrf[] {
    return this.#index.importersOf(attributes).vrfs;
  }

  /** The VRF imports from now on; `lookAgain` is due once all have come. */
  add(vrf: IpVrf): void {
    this.#index.add(vrf);
    this.#markCrossing(vrf);
    // Nobody without VRFs pays for a second reader
    if (this.#reader) return;
    this.#reader = this.#deps.rib.subscribe();
    this.#reader.onDirty = () => this.#schedule();
  }

  /** The VRF is gone; its rows are dropped with its table. */
  remove(vrf: IpVrf): void {
    this.#index.remove(vrf);
    vrf.isGone = true;
    this.#ways.dropped(vrf);
    for (const other of this.#markCrossing(vrf)) this.#ways.egressGone(other, vrf);
    for (const entry of vrf.prefixes.values())
      for (const destination of listOf(entry.remotes)) this.#forget(destination, vrf);
  }

  /** The VRF imports by other targets; `lookAgain` is due once all have theirs. */
  retarget(vrf: IpVrf, targets: readonly RouteTargetPattern[]): void {
    this.#index.retarget(vrf, targets);
  }

  /** A reader that is new has all that stands to look at already, and says nothing more. */
  lookAgain(): void {
    this.#reader?.lookAgain();
    this.#schedule();
  }

  /** The prefix is to be decided. */
  mark(vrf: IpVrf, prefix: PrefixKey): void {
    this.#mark(vrf, vrf.entry(prefix));
    this.#schedule();
  }

  /** The prefix is to be decided if anything is known of it. */
  markKnown(vrf: IpVrf, prefix: PrefixKey): void {
    if (vrf.prefixes.get(prefix)) this.mark(vrf, prefix);
  }

  /** Every prefix of the VRF is to be decided; `otherWays`: what ways lead over is another, or changed, those of other VRFs too. */
  markAll(vrf: IpVrf, otherWays: boolean): void {
    this.#markEach(vrf);
    if (otherWays) {
      this.#ways.moved(vrf);
      for (const other of this.#markCrossing(vrf)) this.#ways.moved(other);
    }
    this.#schedule();
  }

  /** What other VRFs make of routes with the VNI of this one is to be decided. Returns those VRFs. */
  #markCrossing(vrf: IpVrf): readonly IpVrf[] {
    const crossing = [...this.#deps.vrfs()].filter((other) => other !== vrf && other.crosses);
    for (const other of crossing) this.#markEach(other);
    if (crossing.length > 0) this.#schedule();
    return crossing;
  }

  stop(): void {
    this.#stopped = true;
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
    this.#reader?.unsubscribe();
  }

  #mark(vrf: IpVrf, entry: PrefixEntry): void {
    vrf.mark(entry);
    this.#queue(vrf);
  }

  #markEach(vrf: IpVrf): void {
    vrf.markAll();
    this.#queue(vrf);
  }

  #noteOf(destination: Destination): Importers<IpVrf> | undefined {
    return this.#reader?.noteOf(destination) as Importers<IpVrf> | undefined;
  }

  #forget(destination: Destination, vrf: IpVrf): void {
    const old = this.#noteOf(destination);
    const rest = old?.vrfs.filter((other) => other !== vrf) ?? [];
    this.#reader?.note(destination, old && rest.length > 0 ? old.within(rest) : undefined);
  }

  #schedule(): void {
    if (!this.#stopped) this.#scheduled ??= this.#deps.clock.soon(this.#work);
  }

  readonly #work = (): void => {
    this.#scheduled = undefined;
    const { clock, dataPlane } = this.#deps;
    const end = clock.sliceEnd(SLICE_MS);
    do {
      this.#waiting = dataPlane.isBehind(this.#goOn);
      if (this.#waiting) return;
      if (!this.#step()) {
        this.#deps.idle();
        return;
      }
    } while (clock.now() < end);
    this.#schedule();
  };

  readonly #goOn = (): void => {
    this.#waiting = false;
    this.#schedule();
  };

  /** Returns false where nothing is left. */
  #step(): boolean {
    const reader = this.#reader;
    for (const destination of reader?.takeDirty(STEP) ?? []) this.#import(destination, true);
    for (const destination of reader?.takeAgain(STEP) ?? []) this.#import(destination, false);
    this.#decideSome();
    return (reader?.hasDirty ?? false) || this.#toDecide.size > 0;
  }

  /** Decides as many prefixes, of one VRF after the other, so that no step is longer where there are more VRFs. */
  #decideSome(): void {
    for (let left = STEP; left > 0; ) {
      const vrf = this.#toDecide.take();
      if (!vrf) return;
      vrf.isQueued = false;
      // Nothing is wanted of a VRF that is gone
      if (vrf.isGone) continue;
      for (; left > 0 && vrf.dirty.size > 0; left--) {
        const entry = vrf.dirty.take();
        if (!entry) break;
        entry.dirty = false;
        this.#evaluate(vrf, entry);
      }
      if (vrf.dirty.size > 0) this.#queue(vrf);
    }
  }

  #queue(vrf: IpVrf): void {
    if (vrf.isQueued) return;
    vrf.isQueued = true;
    this.#toDecide.push(vrf);
  }

  /** Puts the destination in its place in the VRFs that import it now; `changed`: it is to be looked at also where it stood. */
  #import(destination: Destination, changed: boolean): void {
    const old = this.#noteOf(destination);
    const { best } = destination;
    const prefix = prefixOfRoute((best ?? destination).nlri);
    const found = best && prefix !== undefined ? this.#index.importersOf(best.attributes) : undefined;
    const now = found && found.vrfs.length > 0 ? found : undefined;
    this.#reader?.note(destination, now);
    for (const vrf of old?.vrfs ?? []) if (!now?.vrfs.includes(vrf)) this.#take(vrf, destination);
    if (prefix === undefined) return;
    for (const vrf of now?.vrfs ?? []) {
      if (best && routedLabel(best.nlri) !== vrf.l3vni) vrf.crosses = true;
      const stood = old?.vrfs.includes(vrf) ?? false;
      if (stood && !changed) continue;
      const entry = vrf.entry(prefix);
      if (!stood) entry.remotes = withItem(entry.remotes, destination);
      this.#mark(vrf, entry);
    }
  }

  #evaluate(vrf: IpVrf, entry: PrefixEntry): void {
    const { prefix } = entry;
    const before = entry.way;
    const after = this.#ways.of(vrf, prefix, this.#deps.choose(vrf, entry));
    if (after !== before) {
      if (after) after.routes++;
      entry.way = after;
      if (after) vrf.routes.set(prefix, after.group);
      else vrf.routes.clear(prefix);
      if (before) this.#ways.release(vrf, before);
    }
    if (vrf.gateways.size > 0) this.#deps.gateways.changed(vrf, prefixAddress(prefix));
    if (entry.remotes === undefined && !after && !entry.dirty) vrf.prefixes.delete(prefix);
  }

  /** The VRF imports the destination no longer. */
  #take(vrf: IpVrf, destination: Destination): void {
    const prefix = prefixOfKey(destination.nlri);
    const entry = prefix === undefined ? undefined : vrf.prefixes.get(prefix);
    if (!entry) return;
    entry.remotes = withoutItem(entry.remotes, destination);
    this.#mark(vrf, entry);
  }
}
