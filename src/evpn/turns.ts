import type { RibReader } from '../bgp/index.js';
import type { DataPlane } from '../dataplane/index.js';
import type { Clock, Ip, Mac, Timer } from '../types/index.js';
import { type EvpnNlri, RouteType } from '../wire/index.js';
import type { Looker } from './crowded-look.js';
import type { Evaluator } from './evaluate.js';
import { listOf } from './few.js';
import type { Importer } from './importer.js';
import { LaneQueue } from './lane-queue.js';
import { type DirtyLane, type IpEntry, isCrowded, MacEntry, type MacVrf } from './mac-vrf.js';
import { MovedHereQueue } from './moved-here.js';
import type { VniPart } from './vni-part.js';

/** What the turns have looked at, and by whom. */
interface TurnsDependencies {
  readonly clock: Clock;
  readonly dataPlane: Pick<DataPlane, 'isBehind' | 'localNeigh'>;
  readonly reader: RibReader;
  readonly importer: Importer;
  readonly evaluator: Evaluator;
  readonly parts: readonly VniPart[];
  /** The MAC-VRF is served. */
  readonly serves: (vrf: MacVrf) => boolean;
  /** Nobody else has anything left to look at. */
  readonly isIdle: () => boolean;
}

/** A turn's worth of work before others get theirs. */
const SLICE_MS = 2;
/** Steps between two looks whether the kernel is behind. */
const BEHIND_EVERY = 8;
/** Keys between two looks at the clock. */
const STEP = 64;

/**
 * When what is dirty is looked at: in short turns, between which others get theirs; routes no faster than the kernel takes
 * what follows from them; what has come here from another leaf before all.
 */
export class Turns implements Looker {
  readonly #deps: TurnsDependencies;
  readonly #ofHosts = new LaneQueue();
  readonly #movedHere = new MovedHereQueue();
  #scheduled: Timer | undefined;
  #takingOver: Timer | undefined;
  #idleWaiters: (() => void)[] = [];
  /** The kernel is behind: no more changed routes are looked at until it is not. */
  #waiting = false;
  #stopped = false;

  constructor(
    deps: TurnsDependencies,
    /** Lanes that routes made dirty. */
    readonly ofRoutes: LaneQueue,
  ) {
    this.#deps = deps;
  }

  get evaluator(): Evaluator {
    return this.#deps.evaluator;
  }

  serves(vrf: MacVrf): boolean {
    return this.#deps.serves(vrf);
  }

  decided(vrf: MacVrf): void {
    if (vrf.hasDirty) this.mark(vrf);
  }

  lookAgain(vrf: MacVrf, entry: MacEntry | IpEntry, lane = vrf.ofRoutes): void {
    if (entry instanceof MacEntry) vrf.markMac(entry, lane);
    else vrf.markIp(entry, lane);
    this.mark(vrf);
  }

  /** Keys of the MAC-VRF are dirty. */
  mark(vrf: MacVrf): void {
    this.ofRoutes.add(vrf.ofRoutes);
    if (!vrf.ofHosts.isEmpty) this.#ofHosts.add(vrf.ofHosts);
    this.schedule();
  }

  /** The kernel has said something of the entry; `isElsewhere`: it is another leaf's until now. */
  localChanged(vrf: MacVrf, entry: MacEntry | IpEntry, isElsewhere: boolean): void {
    if (isElsewhere && !isCrowded(entry)) this.#takeOverSoon(vrf, entry);
    if (!vrf.ofHosts.isEmpty) this.#ofHosts.add(vrf.ofHosts);
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = this.#deps.clock.soon(this.#work);
  }

  /** Resolves when nothing is left to look at. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Somebody has nothing left to look at: whoever waits for all is told where all have. */
  wakeIdle(): void {
    if (!this.#isIdle && !this.#stopped) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
    this.#takingOver?.cancel();
    this.#takingOver = undefined;
    this.wakeIdle();
  }

  get #isIdle(): boolean {
    return this.#scheduled === undefined && !this.#waiting && this.#deps.isIdle();
  }

  #takeOverSoon(vrf: MacVrf, entry: MacEntry | IpEntry): void {
    this.#movedHere.add(vrf, entry);
    if (!this.#stopped) this.#takingOver ??= this.#deps.clock.soonest(this.#takeOverSome);
  }

  readonly #takeOverSome = (): void => {
    this.#takingOver = undefined;
    for (const { vrf, entry } of this.#movedHere.take(STEP)) this.#takeOver(vrf, entry);
    if (this.#movedHere.size > 0) this.#takingOver = this.#deps.clock.soonest(this.#takeOverSome);
    this.schedule();
  };

  readonly #work = (): void => {
    this.#scheduled = undefined;
    if (this.#slice()) this.schedule();
    else this.wakeIdle();
  };

  readonly #goOn = (): void => {
    this.#waiting = false;
    this.schedule();
  };

  /** Works for one slice; true when work is left. The kernel's notifications are handled also while the kernel is behind. */
  #slice(): boolean {
    const { clock, dataPlane, reader, importer } = this.#deps;
    const end = clock.sliceEnd(SLICE_MS);
    for (let step = 0; ; step++) {
      if (step % BEHIND_EVERY === 0 && reader.hasDirty) this.#waiting = dataPlane.isBehind(this.#goOn);
      // Keys with few claims do not wait for those with many
      const dirty = reader.takeDirty(STEP, this.#waiting);
      for (let i = 0; i < dirty.length; i++) importer.update(dirty[i]);
      if (!this.#waiting) {
        if (dirty.length === 0)
          for (const destination of reader.takeAgain(STEP)) importer.reimport(destination);
      }
      this.#evaluateSome(this.ofRoutes.take());
      this.#evaluateSome(this.#ofHosts.take());
      if ((this.#waiting || !reader.hasDirty) && !this.#hasDirtyKeys) return false;
      if (clock.now() >= end) return true;
    }
  }

  get #hasDirtyKeys(): boolean {
    return this.ofRoutes.size > 0 || this.#ofHosts.size > 0;
  }

  /** Looks at an address that has come here, out of turn, and at the IPs that a MAC brings along. */
  #takeOver(vrf: MacVrf, entry: MacEntry | IpEntry): void {
    if (!this.serves(vrf) || isCrowded(entry)) return;
    if (entry instanceof MacEntry) {
      this.#lookAtMac(vrf, entry);
      if (!(entry.ips instanceof Set)) for (const ip of listOf(entry.ips)) this.#lookAtBound(vrf, ip);
    } else this.#lookAtIp(vrf, entry);
    this.#queueDirty(vrf);
  }

  #lookAtBound(vrf: MacVrf, ip: Ip): void {
    const entry = vrf.ips.get(ip);
    if (entry?.dirty && !isCrowded(entry)) this.#lookAtIp(vrf, entry);
  }

  #lookAtMac(vrf: MacVrf, entry: MacEntry): void {
    entry.dirty = false;
    this.evaluator.mac(vrf, entry);
  }

  /** MACs before IPs, since bindings rest on them: those that claim it first, in whichever lane they wait. */
  #lookAtIp(vrf: MacVrf, entry: IpEntry): void {
    if (vrf.ofRoutes.hasMacs || vrf.ofHosts.hasMacs) {
      this.#macFirst(vrf, this.#deps.dataPlane.localNeigh(vrf.vni, entry.ip)?.mac);
      if (!isCrowded(entry)) for (const { nlri } of listOf(entry.remotes)) this.#macFirst(vrf, macOf(nlri));
    }
    entry.dirty = false;
    this.evaluator.ip(vrf, entry);
  }

  #macFirst(vrf: MacVrf, mac: Mac | undefined): void {
    const entry = mac === undefined ? undefined : vrf.macs.get(mac);
    if (entry?.dirty && !isCrowded(entry)) this.#lookAtMac(vrf, entry);
  }

  /** Looks at some dirty keys of the lane, and of what routes alone have looked at where it is theirs. */
  #evaluateSome(lane: DirtyLane | undefined): void {
    if (!lane || !this.serves(lane.vrf)) return;
    const { vrf } = lane;
    const isOfRoutes = lane === vrf.ofRoutes;
    // What one address has looked at leaves room for others
    lane.walkSome(STEP / 2);
    let left = isOfRoutes ? vrf.markSegments(STEP) : STEP;
    while (left-- > 0) {
      const mac = lane.takeMac();
      const ip = mac ? undefined : lane.takeIp();
      if (mac) this.evaluator.mac(vrf, mac);
      else if (ip) this.#lookAtIp(vrf, ip);
      else break;
    }
    if (isOfRoutes && this.#evaluateParts(vrf, left)) this.ofRoutes.add(lane);
    this.#queueDirty(vrf);
  }

  /** Has each part decide on some of its dirty keys, `most` of all together; returns true if some are left. */
  #evaluateParts(vrf: MacVrf, most: number): boolean {
    let left = most;
    let hasDirty = false;
    for (const part of this.#deps.parts) {
      left = part.evaluate(vrf, left);
      if (part.hasDirty(vrf)) hasDirty = true;
    }
    return hasDirty;
  }

  #queueDirty(vrf: MacVrf): void {
    if (!vrf.ofRoutes.isEmpty || vrf.segments.hasDirty) this.ofRoutes.add(vrf.ofRoutes);
    if (!vrf.ofHosts.isEmpty) this.#ofHosts.add(vrf.ofHosts);
  }
}

function macOf(nlri: EvpnNlri): Mac | undefined {
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT ? nlri.mac : undefined;
}
