import { IpQueue, NumberQueue } from '../tables/index.js';
import type { Ip, Mac, Vni } from '../types/index.js';
import {
  bridgeRowFits,
  floodDifference,
  macDifference,
  neighDifference,
  neighRowFits,
  sourceVni,
  vxlanRowFits,
} from './difference.js';
import type { Failure, FloodIntent, MacIntent, NeighIntent } from './intents.js';
import type { Operation, RowKey } from './kernel.js';
import { MacIntents } from './mac-intents.js';
import type { KernelMirror } from './mirror.js';
import { NeighIntents } from './neigh-intents.js';
import type { OurDefaults } from './our-defaults.js';
import { hasOurMark, isOurNeigh, isSetByHand } from './ownership.js';
import type { VniAttachment } from './topology.js';

/** A key of one of the three tables, for what is dirty, failed or drifted. */
export type PlaneKey =
  | { readonly table: 'mac'; readonly key: Mac }
  | { readonly table: 'flood' | 'neigh'; readonly key: Ip };

/** A key that was taken to be looked at: its plane, and the number of its first operation. */
export type TakenKey = PlaneKey & { readonly plane: VniPlane; readonly from: number };

/** What one VNI should have in the kernel, and which of its keys are to be looked at. Knows the mirror, writes nothing. */
export class VniPlane {
  /** undefined while the VNI has no device in a bridge: a VXLAN device in none may be anybody's, and its rows with it. */
  at: VniAttachment | undefined;
  /** True when evpnd no longer serves the VNI: the plane lives until its rows are gone. */
  retired = false;
  /** It waits for the reconciler, which alone writes this. */
  isQueued = false;
  readonly macs = new MacIntents();
  readonly floods = new Map<Ip, FloodIntent>();
  readonly neighs = new NeighIntents();
  readonly #dirtyMacs = new NumberQueue<Mac>();
  readonly #dirtyFloods = new IpQueue();
  readonly #dirtyNeighs = new IpQueue();
  /** What puts rows back that ours landed on, until the key's next look. */
  readonly #macsBack = new Map<Mac, Back>();
  readonly #neighsBack = new Map<Ip, Back>();

  constructor(
    readonly vni: Vni,
    readonly mirror: KernelMirror,
    readonly defaults: OurDefaults,
  ) {}

  get dirty(): number {
    return this.#dirtyMacs.size + this.#dirtyFloods.size + this.#dirtyNeighs.size;
  }

  /** It serves no more, has no device, and nobody waits for a key of it: it can be forgotten. */
  get isOver(): boolean {
    return (
      this.retired &&
      this.at === undefined &&
      this.#dirtyMacs.isIdle &&
      this.#dirtyFloods.isIdle &&
      this.#dirtyNeighs.isIdle
    );
  }

  /** Queues one key; keys that are queued already stay once. */
  mark(which: PlaneKey): void {
    if (which.table === 'mac') this.markMac(which.key);
    else if (which.table === 'flood') this.#dirtyFloods.add(which.key);
    else this.markNeigh(which.key);
  }

  /** The same of a MAC. */
  markMac(mac: Mac): void {
    this.#dirtyMacs.add(mac);
  }

  /** The same of an IP with a neighbour. */
  markNeigh(ip: Ip): void {
    this.#dirtyNeighs.add(ip);
  }

  /** Queues every intent, for a device that is new or changed. */
  markIntents(): void {
    for (const mac of this.macs.keys()) this.#dirtyMacs.add(mac);
    for (const dst of this.floods.keys()) this.#dirtyFloods.add(dst);
    for (const ip of this.neighs.keys()) this.#dirtyNeighs.add(ip);
  }

  /** The key is queued, or being written. */
  isMarked(which: PlaneKey): boolean {
    if (which.table === 'mac') return this.#dirtyMacs.has(which.key);
    return (which.table === 'flood' ? this.#dirtyFloods : this.#dirtyNeighs).has(which.key);
  }

  /**
   * Queues every row of ours that stands in the kernel, wanted or not: what nobody wants will be swept, and `stray` is
   * told of it before.
   */
  markOwnedRows(stray: (which: PlaneKey) => void = () => {}): void {
    for (const which of this.ownedKeys()) {
      if (!this.wants(which)) stray(which);
      this.mark(which);
    }
  }

  /** The keys of which a row of ours stands; one that has two may come twice. Rows must not come or go meanwhile. */
  *ownedKeys(): Iterable<PlaneKey> {
    const { at, mirror } = this;
    if (!at) return;
    for (const row of mirror.bridgeRowsOfPort(at.vxlanIfindex))
      if (row.vlan === at.vlan && hasOurMark(row)) yield { table: 'mac', key: row.mac };
    for (const row of mirror.vxlanRows(at.vxlanIfindex, sourceVni(at)))
      if (hasOurMark(row)) yield { table: 'mac', key: row.mac };
    for (const row of mirror.defaultRows(at.vxlanIfindex, sourceVni(at)))
      if (row.dst !== undefined && this.ownsDefault(row.dst)) yield { table: 'flood', key: row.dst };
    if (at.sviIfindex !== 0)
      for (const row of mirror.neighRowsOf(at.sviIfindex))
        if (isOurNeigh(row)) yield { table: 'neigh', key: row.ip };
  }

  /** The rows that the key has, or could have, where the VNI is; none of default destinations. */
  rowKeys(which: PlaneKey): RowKey[] {
    const { at } = this;
    if (!at || which.table === 'flood') return [];
    if (which.table !== 'mac')
      return at.sviIfindex === 0 ? [] : [{ table: 'neigh', ifindex: at.sviIfindex, ip: which.key }];
    const { bridgeIfindex, vlan, vxlanIfindex: ifindex } = at;
    const mac = which.key;
    const port = this.mirror.peekBridge(bridgeIfindex, vlan, mac)?.port ?? 0;
    return [
      { table: 'bridge', bridgeIfindex, vlan, mac, port },
      { table: 'vxlan', ifindex, srcVni: sourceVni(at), mac },
    ];
  }

  /** The keys of which something is wanted. */
  *intentKeys(): Iterable<PlaneKey> {
    for (const key of this.macs.keys()) yield { table: 'mac', key };
    for (const key of this.floods.keys()) yield { table: 'flood', key };
    for (const key of this.neighs.keys()) yield { table: 'neigh', key };
  }

  /** What is to be written for the key. */
  operations(which: PlaneKey): Operation[] {
    const out: Operation[] = [];
    if (which.table === 'mac') this.#macOperations(which.key, out);
    else if (which.table === 'flood') this.#floodOperations(which.key, out);
    else this.#neighOperations(which.key, out);
    return out;
  }

  /** A row that carries our mark stands for the key. */
  holdsOwn(which: PlaneKey): boolean {
    const at = this.at;
    if (!at) return false;
    if (which.table === 'mac') {
      const bridge = this.mirror.peekBridge(at.bridgeIfindex, at.vlan, which.key);
      if (bridge && hasOurMark(bridge) && bridge.port === at.vxlanIfindex) return true;
      return hasOurMark(this.mirror.peekVxlan(at.vxlanIfindex, sourceVni(at), which.key));
    }
    if (which.table === 'flood') return this.ownsDefault(which.key);
    return isOurNeigh(this.mirror.peekNeigh(at.sviIfindex, which.key));
  }

  /** A row that somebody set by hand stands where one of ours is wanted: it stays. */
  isBlocked(which: PlaneKey): boolean {
    const { at, mirror } = this;
    if (!at || !this.#wanted(this.intent(which)) || this.fits(which)) return false;
    if (which.table === 'mac')
      return (
        isSetByHand(mirror.peekBridge(at.bridgeIfindex, at.vlan, which.key)) ||
        isSetByHand(mirror.peekVxlan(at.vxlanIfindex, sourceVni(at), which.key))
      );
    return which.table === 'neigh' && isSetByHand(mirror.peekNeigh(at.sviIfindex, which.key));
  }

  /** Nothing is to be done for the key: it fits where it can be wanted, and no row of ours is left where it cannot. */
  agrees(which: PlaneKey): boolean {
    if (which.table === 'neigh' && this.at?.sviIfindex === 0) return true;
    return this.#wanted(this.intent(which)) ? this.fits(which) : !this.holdsOwn(which);
  }

  /** The default destination stands and is ours. */
  ownsDefault(dst: Ip): boolean {
    return this.at !== undefined && this.defaults.has(this.at.vxlanIfindex, sourceVni(this.at), dst);
  }

  get hasDirtyFloods(): boolean {
    return this.#dirtyFloods.size > 0;
  }

  /** Takes the next dirty default destination, until it is released, and appends its operations. */
  nextFlood(out: Operation[]): TakenKey | undefined {
    const from = out.length;
    const dst = this.#dirtyFloods.take();
    if (dst === undefined) return undefined;
    this.#floodOperations(dst, out);
    return { table: 'flood', key: dst, plane: this, from };
  }

  /** The same of a dirty MAC or neighbour; undefined when none is left. */
  next(out: Operation[]): TakenKey | undefined {
    const from = out.length;
    const mac = this.#dirtyMacs.take();
    if (mac !== undefined) {
      if (!takeBack(this.#macsBack, mac, this.at, out)) this.#macOperations(mac, out);
      return { table: 'mac', key: mac, plane: this, from };
    }
    const ip = this.#dirtyNeighs.take();
    if (ip !== undefined) {
      if (!takeBack(this.#neighsBack, ip, this.at, out)) this.#neighOperations(ip, out);
      return { table: 'neigh', key: ip, plane: this, from };
    }
    return undefined;
  }

  /** Gives a taken key back; true where it was marked meanwhile and is queued again. */
  release(which: PlaneKey): boolean {
    if (which.table === 'mac') return this.#dirtyMacs.release(which.key);
    return (which.table === 'flood' ? this.#dirtyFloods : this.#dirtyNeighs).release(which.key);
  }

  /** Something is wanted for the key. */
  wants(which: PlaneKey): boolean {
    if (which.table === 'mac') return this.macs.has(which.key);
    return (which.table === 'flood' ? this.floods : this.neighs).has(which.key);
  }

  /** The kernel was seen to hold what is wanted for the key; false where nothing is. */
  isSettled(which: PlaneKey): boolean {
    if (which.table === 'mac') return this.macs.peek(which.key)?.settled ?? false;
    if (which.table === 'neigh') return this.neighs.peek(which.key)?.settled ?? false;
    return this.floods.get(which.key)?.settled ?? false;
  }

  /** What is wanted for the key, and how far it got. */
  intent(which: PlaneKey): Readonly<MacIntent | FloodIntent | NeighIntent> | undefined {
    if (which.table === 'mac') return this.macs.get(which.key);
    return which.table === 'flood' ? this.floods.get(which.key) : this.neighs.get(which.key);
  }

  /** Does the kernel, as far as it told, hold what is wanted for the key? True where nothing is wanted. */
  fits(which: PlaneKey): boolean {
    const at = this.at;
    if (which.table === 'mac') {
      const want = this.macs.peek(which.key);
      if (!want) return true;
      return (
        at !== undefined &&
        bridgeRowFits(at, want, this.mirror.peekBridge(at.bridgeIfindex, at.vlan, which.key)) &&
        vxlanRowFits(want, this.mirror.peekVxlan(at.vxlanIfindex, sourceVni(at), which.key))
      );
    }
    if (which.table === 'flood')
      return (
        !this.floods.has(which.key) ||
        (at !== undefined && this.mirror.defaultRow(at.vxlanIfindex, sourceVni(at), which.key) !== undefined)
      );
    const want = this.neighs.peek(which.key);
    return !want || (at !== undefined && neighRowFits(want, this.mirror.peekNeigh(at.sviIfindex, which.key)));
  }

  /**
   * Records the outcome of an attempt on the intent. `stands`: all that was wanted has just been written, and nothing has
   * been heard of it since, so that the rows need not be looked up.
   */
  settle(which: PlaneKey, failure: Failure | undefined, stands = false): void {
    this.setSettled(which, failure === undefined && (stands ? this.at?.up === true : this.fits(which)));
    if (which.table === 'mac') this.macs.fail(which.key, failure);
    else if (which.table === 'neigh') this.neighs.fail(which.key, failure);
    else {
      const intent = this.floods.get(which.key);
      if (intent) intent.failure = failure;
    }
  }

  /** Notes on the intent, if there is one, whether the kernel was seen to hold it. */
  setSettled(which: PlaneKey, settled: boolean): void {
    if (which.table === 'mac') this.macs.settle(which.key, settled);
    else if (which.table === 'neigh') this.neighs.settle(which.key, settled);
    else {
      const intent = this.floods.get(which.key);
      if (intent) intent.settled = settled;
    }
  }

  /** A device that is down holds no rows of ours: the kernel flushes some of them, so all of them go. */
  #wanted<Intent>(intent: Intent | undefined): Intent | undefined {
    return this.at?.up && !this.retired ? intent : undefined;
  }

  /** Puts rows of the key back at its next look: by these operations, in the place of what is wanted. */
  putBack(which: PlaneKey, operations: readonly Operation[]): void {
    const back = { at: this.at, operations };
    if (which.table === 'mac') this.#macsBack.set(which.key, back);
    else this.#neighsBack.set(which.key, back);
    this.mark(which);
  }

  #macOperations(mac: Mac, out: Operation[]): void {
    const at = this.at;
    if (!at) return;
    macDifference(
      at,
      mac,
      this.#wanted(this.macs.peek(mac)),
      this.mirror.peekBridge(at.bridgeIfindex, at.vlan, mac),
      this.mirror.peekVxlan(at.vxlanIfindex, sourceVni(at), mac),
      out,
    );
  }

  #floodOperations(dst: Ip, out: Operation[]): void {
    const at = this.at;
    if (!at) return;
    const wanted = this.#wanted(this.floods.get(dst)) !== undefined;
    floodDifference(at, dst, wanted, this.mirror.defaultRow(at.vxlanIfindex, sourceVni(at), dst), out);
  }

  #neighOperations(ip: Ip, out: Operation[]): void {
    const at = this.at;
    if (!at || at.sviIfindex === 0) return;
    const wanted = this.#wanted(this.neighs.peek(ip));
    neighDifference(at, ip, wanted, this.mirror.peekNeigh(at.sviIfindex, ip), out);
  }
}

/** What puts the rows of a key back, where the VNI was then. */
interface Back {
  readonly at: VniAttachment | undefined;
  readonly operations: readonly Operation[];
}

/** Appends what is to be put back for the key; false where nothing is, or no longer where the VNI is now. */
function takeBack<Key>(
  from: Map<Key, Back>,
  key: Key,
  at: VniAttachment | undefined,
  out: Operation[],
): boolean {
  if (from.size === 0) return false;
  const back = from.get(key);
  from.delete(key);
  if (!back || back.at !== at) return false;
  for (const operation of back.operations) out.push(operation);
  return true;
}
