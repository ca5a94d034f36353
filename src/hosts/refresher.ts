import type { RefreshSettings } from '../dataplane/index.js';
import { type Clock, type Ip, isIpv4, type Mac, type Timer, type Vni } from '../types/index.js';
import { AskLanes, type Charge, type Search } from './ask-lanes.js';

export const DEFAULT_REFRESH: RefreshSettings = { enabled: true, interval: 30, rate: 100 };

/**
 * The result of a probe: `sent`, and the kernel waits for the answer; `asked`, and we do; `later`, there is nothing to
 * probe now; `forget`, it is not a local neighbor.
 */
export type Outcome = 'sent' | 'asked' | 'later' | 'forget';

/** Sends the probes. */
export interface RefreshOwner {
  /** Milliseconds of silence after which a neighbor of the VNI is probed. */
  interval(vni: Vni): number;
  /** Returns a number for the neighbor's port and VNI: neighbors of one number share a lane. */
  lane(vni: Vni, ip: Ip): number;
  /** The same for an IP that is searched for. */
  searchLane(vni: Vni, mac: Mac, port: number | undefined): number;
  /** Called before a run of `ask` and `find`. */
  begin(): void;
  ask(charge: Charge): Outcome;
  /**
   * Asks for an IP that the MAC should have, at `port` where the bridge has forgotten the MAC; `forget` where there is
   * nothing to look for, or no longer.
   */
  find(vni: Vni, ip: Ip, mac: Mac, port: number | undefined): Outcome;
  /** Called after a run. */
  end(): void;
  /** The neighbor has not answered. */
  silent(charge: Charge): void;
}

/** Width of a slot in milliseconds; the slots span more than the longest interval. */
const SLOT_MS = 250;
const SLOTS = 512;
/** Milliseconds between unanswered probes, and their number (RetransTimer and MAX_UNICAST_SOLICIT of RFC 4861). */
const ANSWER_MS = 1_000;
const ATTEMPTS = 3;
const SEARCH_TRIES = 8;
/** Most neighbors of one run; many of them may need no probe. */
const RUN = 512;

/**
 * Probes local neighbors before the kernel forgets them. A timer wheel holds each of them once; hearing a
 * host costs one write, and its slot is corrected when its time comes. Due neighbors wait for the rate,
 * ports and VNIs in turn, so that neither a start nor a thousand hosts at once cause a burst, nor one port delays others.
 */
export class Refresher {
  /** Probes since the start. */
  refreshes = 0;
  readonly #charges = new Map<Vni, Map<Ip, Charge>>();
  readonly #slots: ((Charge | Search)[] | undefined)[] = new Array(SLOTS).fill(undefined);
  #slot: number;
  #due = new AskLanes();
  /** Searches in the slots. */
  #postponed = 0;
  #tokens = 0;
  #filledAt: number;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(
    readonly clock: Clock,
    readonly owner: RefreshOwner,
    public settings: RefreshSettings,
  ) {
    this.#filledAt = clock.now();
    this.#tokens = this.#capacity;
    this.#slot = this.#slotOf(clock.now());
  }

  /** Returns how many neighbors are in the schedule. */
  get size(): number {
    let size = 0;
    for (const charges of this.#charges.values()) size += charges.size;
    return size;
  }

  /** Returns how many due neighbors wait for the rate. */
  get backlog(): number {
    return this.#due.charges;
  }

  /** Applies new settings; intervals still count from when a neighbor was last heard. */
  reconfigure(settings: RefreshSettings): void {
    this.settings = settings;
    const searches = [...this.#searches()];
    this.#slots.fill(undefined);
    this.#postponed = 0;
    this.#due = new AskLanes();
    this.#turn();
    for (const search of searches) this.#search(search);
    this.#tokens = Math.min(this.#tokens, this.#capacity);
    const now = this.clock.now();
    for (const charges of this.#charges.values())
      for (const charge of charges.values())
        this.#schedule(charge, Math.max(now, charge.heardAt + this.owner.interval(charge.vni)));
    this.#arm();
  }

  /** Takes a neighbor into the schedule; one that is there stays as it is. */
  watch(vni: Vni, ip: Ip): void {
    let charges = this.#charges.get(vni);
    if (charges?.has(ip)) return;
    if (!charges) {
      charges = new Map();
      this.#charges.set(vni, charges);
    }
    // The wheel does not turn while it is empty
    this.#turn();
    const interval = this.owner.interval(vni);
    // Spread, so that neighbors that came together are not probed together
    const heardAt = this.clock.now() - (interval / 2) * fraction(ip);
    const charge = { vni, ip, heardAt, refreshedAt: undefined, unanswered: 0, forgotten: false };
    charges.set(ip, charge);
    this.#schedule(charge, heardAt + interval);
    this.#arm();
  }

  /** The neighbor was heard; it is added to the schedule if it is not there. */
  heard(vni: Vni, ip: Ip): void {
    const charge = this.#charges.get(vni)?.get(ip);
    if (!charge) {
      this.watch(vni, ip);
      return;
    }
    charge.heardAt = this.clock.now();
    charge.unanswered = 0;
  }

  /** Removes a neighbor that is no longer local. */
  forget(vni: Vni, ip: Ip): void {
    const charges = this.#charges.get(vni);
    const charge = charges?.get(ip);
    if (!charges || !charge) return;
    charge.forgotten = true;
    charges.delete(ip);
    if (charges.size === 0) this.#charges.delete(vni);
  }

  /** Removes all neighbors of a VNI. */
  forgetVni(vni: Vni): void {
    for (const charge of this.#charges.get(vni)?.values() ?? []) charge.forgotten = true;
    this.#charges.delete(vni);
  }

  /** Returns Clock.wallTime() of the last probe of a neighbor; undefined if there was none. */
  lastRefresh(vni: Vni, ip: Ip): number | undefined {
    return this.#charges.get(vni)?.get(ip)?.refreshedAt;
  }

  /**
   * Asks for an IP that the MAC should have, as soon as the rate allows, and again where no answer comes: the link of a
   * host that has just arrived may swallow what it sends in its first second. `port` is where the MAC was, where the bridge
   * no longer has it.
   */
  find(vni: Vni, ip: Ip, mac: Mac, port?: number): void {
    if (this.#search({ vni, ip, mac, port, tries: 0, asked: 0 })) this.#armAt(this.clock.now());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #slotOf(time: number): number {
    return Math.ceil(time / SLOT_MS);
  }

  #search(search: Search): boolean {
    return this.#due.search(this.owner.searchLane(search.vni, search.mac, search.port), search);
  }

  /** Every search, in the slots or due; what is due is taken. */
  *#searches(): Iterable<Search> {
    for (const slot of this.#slots) for (const each of slot ?? []) if (isSearch(each)) yield each;
    for (let each = this.#due.take(); each; each = this.#due.take()) if (isSearch(each)) yield each;
  }

  #schedule(charge: Charge | Search, at: number): void {
    const slot = Math.min(Math.max(this.#slotOf(at), this.#slot + 1), this.#slot + SLOTS - 1);
    const index = slot % SLOTS;
    const slots = this.#slots[index];
    if (slots) slots.push(charge);
    else this.#slots[index] = [charge];
  }

  get #capacity(): number {
    return Math.max(1, (this.settings.rate * SLOT_MS) / 1000);
  }

  #takeToken(): boolean {
    const now = this.clock.now();
    this.#tokens = Math.min(
      this.#capacity,
      this.#tokens + ((now - this.#filledAt) * this.settings.rate) / 1000,
    );
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Sleeps until the next slot that is not empty, or the next token if a neighbor waits for one. */
  #arm(): void {
    if (this.#due.size > 0) {
      const wait = this.#tokens >= 1 ? 0 : Math.min(SLOT_MS, Math.max(1, 1000 / this.settings.rate));
      this.#armAt(this.clock.now() + wait);
      return;
    }
    if (this.#postponed === 0 && (!this.settings.enabled || this.#charges.size === 0)) return;
    for (let slot = this.#slot + 1; slot < this.#slot + SLOTS; slot++)
      if (this.#slots[slot % SLOTS]) {
        this.#armAt(slot * SLOT_MS);
        return;
      }
  }

  #armAt(at: number): void {
    if (this.#closed || this.#timerAt <= at) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    const wait = at - this.clock.now();
    const run = () => {
      this.#timer = undefined;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#run();
    };
    this.#timer = wait <= 0 ? this.clock.soon(run) : this.clock.after(wait, run);
  }

  #run(): void {
    if (this.#closed) return;
    this.#turn();
    if (this.#due.size > 0) {
      this.owner.begin();
      for (let looks = 0; looks < RUN && this.#due.size > 0 && this.#takeToken(); looks++) this.#askNext();
      this.owner.end();
    }
    this.#arm();
  }

  /** Turns the wheel to the present: all whose slot has come are queued. */
  #turn(): void {
    const now = Math.floor(this.clock.now() / SLOT_MS);
    // Late by more than a turn, every slot has come
    for (let left = SLOTS; this.#slot < now && left > 0; left--) {
      this.#slot++;
      const index = this.#slot % SLOTS;
      const slot = this.#slots[index];
      this.#slots[index] = undefined;
      for (const each of slot ?? []) this.#enqueue(each);
    }
    this.#slot = Math.max(this.#slot, now);
  }

  /** Its slot has come. */
  #enqueue(each: Charge | Search): void {
    if (isSearch(each)) {
      this.#postponed--;
      this.#search(each);
    } else if (this.settings.enabled && !each.forgotten)
      this.#due.add(this.owner.lane(each.vni, each.ip), each);
  }

  /** Uses a token, which is returned if there was nothing to probe. */
  #askNext(): void {
    const next = this.#due.take();
    const asked = next !== undefined && (isSearch(next) ? this.#find(next) : this.#askDue(next));
    if (asked) this.refreshes++;
    else this.#tokens++;
  }

  /** True if a neighbor was probed. */
  #find(search: Search): boolean {
    const outcome = this.owner.find(search.vni, search.ip, search.mac, search.port);
    const now = this.clock.now();
    if (outcome === 'later' && ++search.tries < SEARCH_TRIES) this.#postpone(search, now + SLOT_MS);
    if (outcome === 'asked' && ++search.asked < ATTEMPTS) this.#postpone(search, now + ANSWER_MS);
    return outcome === 'asked' || outcome === 'sent';
  }

  #postpone(search: Search, at: number): void {
    this.#postponed++;
    this.#schedule(search, at);
  }

  #askDue(charge: Charge): boolean {
    if (charge.forgotten || this.#hasSpoken(charge)) return false;
    return this.#ask(charge);
  }

  /** Reschedules a neighbor that was heard since it was scheduled. */
  #hasSpoken(charge: Charge): boolean {
    if (charge.unanswered > 0) return false;
    const at = charge.heardAt + this.owner.interval(charge.vni);
    if (this.#slotOf(at) <= this.#slot) return false;
    this.#schedule(charge, at);
    return true;
  }

  /** True if it was probed. */
  #ask(charge: Charge): boolean {
    if (charge.unanswered >= ATTEMPTS) {
      charge.unanswered = 0;
      this.owner.silent(charge);
    }
    const outcome = charge.forgotten ? 'forget' : this.owner.ask(charge);
    const now = this.clock.now();
    if (outcome === 'forget') {
      this.forget(charge.vni, charge.ip);
      return false;
    }
    if (outcome === 'asked') charge.unanswered++;
    this.#schedule(charge, now + (outcome === 'asked' ? ANSWER_MS : this.owner.interval(charge.vni)));
    if (outcome === 'later') return false;
    charge.refreshedAt = this.clock.wallTime();
    return true;
  }
}

function isSearch(each: Charge | Search): each is Search {
  return 'tries' in each;
}

/** From 0 to 1, the same for the same address, spread for neighboring ones (Fibonacci hashing). */
function fraction(ip: Ip): number {
  let hash = 0;
  if (isIpv4(ip)) hash = ip;
  else for (let i = 0; i < 16; i++) hash = (Math.imul(hash, 31) + ip.charCodeAt(i)) | 0;
  return (Math.imul(hash, 0x9e3779b1) >>> 0) / 0x1_0000_0000;
}
