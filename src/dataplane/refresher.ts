import { type Clock, type Ip, isIpv4, type Mac, type Timer, type Vni } from '../types/index.js';

/** How local neighbours are kept known. */
export interface RefreshSettings {
  readonly enabled: boolean;
  /** Seconds without a word from a host after which it is asked. */
  readonly interval: number;
  /** Questions a second at most, over all VNIs. */
  readonly rate: number;
}

export const DEFAULT_REFRESH: RefreshSettings = { enabled: true, interval: 30, rate: 100 };

/** A local neighbour in the schedule. */
export interface Charge {
  readonly vni: Vni;
  readonly ip: Ip;
  /** Clock.now() of the last word from it. */
  heardAt: number;
  /** Clock.wallTime() of the last question. */
  refreshedAt: number | undefined;
  /** Questions since then that we wait for ourselves. */
  unanswered: number;
  forgotten: boolean;
}

/**
 * What came of asking: `sent`, and the kernel watches for the answer; `asked`, and we do; `later`, there is nothing to
 * ask now; `forget`, it is no local neighbour.
 */
export type Outcome = 'sent' | 'asked' | 'later' | 'forget';

/** Who knows how to ask. */
export interface RefreshOwner {
  /** Milliseconds without a word after which a neighbour of the VNI is asked. */
  interval(vni: Vni): number;
  /** Called before a run of `ask` and `find`. */
  begin(): void;
  ask(charge: Charge): Outcome;
  /**
   * Asks for an IP that the MAC should have, at `port` where the bridge has forgotten the MAC; `forget` where there is
   * nothing to look for, or no longer.
   */
  find(vni: Vni, ip: Ip, mac: Mac, port: number | undefined): Outcome;
  /** Called behind a run. */
  end(): void;
  /** The neighbour has not answered; it may no longer count. */
  silent(charge: Charge): void;
}

interface Search {
  readonly vni: Vni;
  readonly ip: Ip;
  readonly mac: Mac;
  /** Where the MAC was; undefined where the bridge knows. */
  readonly port: number | undefined;
  /** Not before this Clock.now(). */
  at: number;
  /** Times that it could not be asked for, and times that it was. */
  tries: number;
  asked: number;
}

/** Width of a slot in milliseconds; the slots span more than the longest interval. */
const SLOT_MS = 250;
const SLOTS = 512;
/** Between two questions that go unanswered, and how many there are (RetransTimer and MAX_UNICAST_SOLICIT of RFC 4861). */
const ANSWER_MS = 1_000;
const ATTEMPTS = 3;
const SEARCHES = 1 << 16;
const SEARCH_TRIES = 8;

/**
 * Asks local neighbours for a sign of life before the kernel forgets them. A wheel of slots holds each of them once; a
 * word from a host costs a write, and its slot is found out of date when it comes round. What is due waits in line for
 * the rate, so that neither a start nor a thousand hosts at once make a burst.
 */
export class Refresher {
  /** Questions asked since start. */
  refreshes = 0;
  readonly #charges = new Map<Vni, Map<Ip, Charge>>();
  readonly #slots: (Charge[] | undefined)[] = new Array(SLOTS).fill(undefined);
  #slot: number;
  #due: Charge[] = [];
  /** How many of `#due` are done with. */
  #done = 0;
  #searches: Search[] = [];
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

  /** How many neighbours are in the schedule. */
  get size(): number {
    let size = 0;
    for (const charges of this.#charges.values()) size += charges.size;
    return size;
  }

  /** Neighbours whose turn has come and that wait for the rate. */
  get backlog(): number {
    return this.#due.length - this.#done;
  }

  /** New settings from now on; intervals count from the last word as before. */
  reconfigure(settings: RefreshSettings): void {
    this.settings = settings;
    this.#slots.fill(undefined);
    this.#due = [];
    this.#done = 0;
    this.#turn();
    this.#tokens = Math.min(this.#tokens, this.#capacity);
    const now = this.clock.now();
    for (const charges of this.#charges.values())
      for (const charge of charges.values())
        this.#schedule(charge, Math.max(now, charge.heardAt + this.owner.interval(charge.vni)));
    this.#arm();
  }

  /** Takes a neighbour into the schedule; one that is there stays as it is. */
  watch(vni: Vni, ip: Ip): void {
    let charges = this.#charges.get(vni);
    if (charges?.has(ip)) return;
    if (!charges) {
      charges = new Map();
      this.#charges.set(vni, charges);
    }
    // The wheel stands still while it is empty
    this.#turn();
    const interval = this.owner.interval(vni);
    // Spread, so that those that came together are not asked together
    const heardAt = this.clock.now() - (interval / 2) * fraction(ip);
    const charge = { vni, ip, heardAt, refreshedAt: undefined, unanswered: 0, forgotten: false };
    charges.set(ip, charge);
    this.#schedule(charge, heardAt + interval);
    this.#arm();
  }

  /** A word from the neighbour, which is taken into the schedule if it is not there. */
  heard(vni: Vni, ip: Ip): void {
    const charge = this.#charges.get(vni)?.get(ip);
    if (!charge) {
      this.watch(vni, ip);
      return;
    }
    charge.heardAt = this.clock.now();
    charge.unanswered = 0;
  }

  /** It is no longer a local neighbour. */
  forget(vni: Vni, ip: Ip): void {
    const charges = this.#charges.get(vni);
    const charge = charges?.get(ip);
    if (!charges || !charge) return;
    charge.forgotten = true;
    charges.delete(ip);
    if (charges.size === 0) this.#charges.delete(vni);
  }

  /** Clock.wallTime() of the last question to a neighbour; undefined where there was none. */
  lastRefresh(vni: Vni, ip: Ip): number | undefined {
    return this.#charges.get(vni)?.get(ip)?.refreshedAt;
  }

  /**
   * Asks for an IP that the MAC should have, as soon as the rate allows, and again where no answer comes: the link of a
   * host that has just arrived may swallow what it says in its first second. `port` is where the MAC was, where the bridge
   * no longer has it.
   */
  find(vni: Vni, ip: Ip, mac: Mac, port?: number): void {
    if (this.#searches.length >= SEARCHES) return;
    const at = this.clock.now();
    this.#searches.push({ vni, ip, mac, port, at, tries: 0, asked: 0 });
    this.#armAt(at);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #slotOf(time: number): number {
    return Math.ceil(time / SLOT_MS);
  }

  #schedule(charge: Charge, at: number): void {
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

  /** Sleeps until the next slot that holds anybody, or the next token where somebody waits for one. */
  #arm(): void {
    if (this.#searches.length > 0 || this.backlog > 0) {
      this.#armAt(this.clock.now() + Math.min(SLOT_MS, Math.max(1, 1000 / this.settings.rate)));
      return;
    }
    if (!this.settings.enabled || this.#charges.size === 0) return;
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
    if (this.#searches.length > 0 || this.backlog > 0) {
      this.owner.begin();
      this.#search();
      this.#askDue();
      this.owner.end();
    }
    this.#arm();
  }

  /** Turns the wheel to the present: all whose slot has come are in line. */
  #turn(): void {
    const now = Math.floor(this.clock.now() / SLOT_MS);
    // Behind by more than a turn, every slot has come
    for (let left = SLOTS; this.#slot < now && left > 0; left--) {
      this.#slot++;
      const index = this.#slot % SLOTS;
      const charges = this.#slots[index];
      this.#slots[index] = undefined;
      if (charges && this.settings.enabled) for (const charge of charges) this.#due.push(charge);
    }
    this.#slot = Math.max(this.#slot, now);
  }

  #search(): void {
    const now = this.clock.now();
    const left: Search[] = [];
    let looked = 0;
    for (; looked < this.#searches.length; looked++) {
      const search = this.#searches[looked];
      if (search.at > now) left.push(search);
      else if (!this.#takeToken()) break;
      else if (this.#find(search, now)) left.push(search);
    }
    this.#searches = left.concat(this.#searches.slice(looked));
  }

  /** True where it is to be looked at again. */
  #find(search: Search, now: number): boolean {
    const outcome = this.owner.find(search.vni, search.ip, search.mac, search.port);
    if (outcome === 'forget' || outcome === 'later') this.#tokens++;
    else this.refreshes++;
    if (outcome === 'later') {
      search.at = now + SLOT_MS;
      return ++search.tries < SEARCH_TRIES;
    }
    search.at = now + ANSWER_MS;
    return outcome === 'asked' && ++search.asked < ATTEMPTS;
  }

  #askDue(): void {
    while (this.#done < this.#due.length) {
      const charge = this.#due[this.#done];
      if (!charge.forgotten && !this.#postpone(charge) && !this.#ask(charge)) break;
      this.#done++;
    }
    if (this.#done < this.#due.length) {
      // Half is done with: the line moves up, at a constant cost for each
      if (this.#done * 2 > this.#due.length) {
        this.#due = this.#due.slice(this.#done);
        this.#done = 0;
      }
    } else {
      this.#due = [];
      this.#done = 0;
    }
  }

  /** Puts back a neighbour that spoke since it was scheduled. */
  #postpone(charge: Charge): boolean {
    if (charge.unanswered > 0) return false;
    const at = charge.heardAt + this.owner.interval(charge.vni);
    if (this.#slotOf(at) <= this.#slot) return false;
    this.#schedule(charge, at);
    return true;
  }

  /** False where the rate is used up. */
  #ask(charge: Charge): boolean {
    if (!this.#takeToken()) return false;
    if (charge.unanswered >= ATTEMPTS) {
      charge.unanswered = 0;
      this.owner.silent(charge);
    }
    const outcome = charge.forgotten ? 'forget' : this.owner.ask(charge);
    const now = this.clock.now();
    if (outcome === 'forget') {
      this.#tokens++;
      this.forget(charge.vni, charge.ip);
      return true;
    }
    if (outcome === 'later') this.#tokens++;
    else {
      this.refreshes++;
      charge.refreshedAt = this.clock.wallTime();
    }
    if (outcome === 'asked') charge.unanswered++;
    this.#schedule(charge, now + (outcome === 'asked' ? ANSWER_MS : this.owner.interval(charge.vni)));
    return true;
  }
}

/** From 0 to 1, the same for the same address, spread for neighbouring ones (Fibonacci hashing). */
function fraction(ip: Ip): number {
  let hash = 0;
  if (isIpv4(ip)) hash = ip;
  else for (let i = 0; i < 16; i++) hash = (Math.imul(hash, 31) + ip.charCodeAt(i)) | 0;
  return (Math.imul(hash, 0x9e3779b1) >>> 0) / 0x1_0000_0000;
}
