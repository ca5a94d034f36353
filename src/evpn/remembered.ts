import { KEY_WORDS, NumberTable } from '../tables/index.js';
import type { Ip, Mac, Vni } from '../types/index.js';
import type { Subject } from './duplicates.js';
import type { MoveHistory } from './moves.js';

/** What a MAC was when the last claim on it went. */
export interface RememberedMac {
  /** The highest sequence number that it had. */
  readonly sequence: number;
  readonly history: MoveHistory | undefined;
}

/** What an IP was then. */
export interface RememberedIp {
  /** Who had it last, and behind which remote leaf; undefined for this one. */
  readonly mac: Mac;
  readonly vtep: Ip | undefined;
  readonly history: MoveHistory | undefined;
}

/** What one takes: a number lies in a table without objects, a history is a list of moves. In 32 octets or so. */
const NUMBER = 1;
const HOLDER = 8;
const HISTORY = 16;

/** Told what was lost before its time; `isStanding`: a duplicate that stands. */
type Lost = (subject: Subject, isStanding: boolean) => void;

/** What came in within one period. */
class Generation {
  readonly #numbers = new NumberTable<Mac>(1);
  /** About the row that was entered first: those before it took the places of what has been forgotten. */
  #oldest = 0;
  /** Those with a history. */
  #macs: Map<Mac, RememberedMac> | undefined;
  #ips: Map<Ip, RememberedIp> | undefined;
  /** How many of `#ips` have a history. */
  #ipHistories = 0;

  get size(): number {
    return this.#numbers.size + (this.#macs?.size ?? 0) + (this.#ips?.size ?? 0);
  }

  get units(): number {
    const histories = (this.#macs?.size ?? 0) + this.#ipHistories;
    return (
      this.#numbers.size * NUMBER +
      ((this.#ips?.size ?? 0) - this.#ipHistories) * HOLDER +
      histories * HISTORY
    );
  }

  putMac(mac: Mac, remembered: RememberedMac): void {
    if (remembered.history) {
      this.#macs ??= new Map();
      this.#macs.set(mac, remembered);
      return;
    }
    const row = this.#numbers.add(mac);
    this.#numbers.cells[row * this.#numbers.stride + KEY_WORDS] = remembered.sequence;
  }

  putIp(ip: Ip, remembered: RememberedIp): void {
    this.#ips ??= new Map();
    this.#ips.set(ip, remembered);
    if (remembered.history) this.#ipHistories++;
  }

  mac(mac: Mac): RememberedMac | undefined {
    const row = this.#numbers.find(mac);
    if (row < 0) return this.#macs?.get(mac);
    return { sequence: this.#numbers.cells[row * this.#numbers.stride + KEY_WORDS], history: undefined };
  }

  ip(ip: Ip): RememberedIp | undefined {
    return this.#ips?.get(ip);
  }

  deleteMac(mac: Mac): void {
    if (this.#numbers.remove(mac) < 0) this.#macs?.delete(mac);
  }

  deleteIp(ip: Ip): void {
    const remembered = this.#ips?.get(ip);
    if (!remembered) return;
    this.#ips?.delete(ip);
    if (remembered.history) this.#ipHistories--;
  }

  /** Forgets what came first until `units` are left, the duplicates that stand only where `standing`. */
  shrink(units: number, standing: boolean, vni: Vni, lost: Lost): void {
    for (const [ip, { history }] of this.#ips ?? []) {
      if (this.units <= units) return;
      if (!standing && isStanding(history)) continue;
      this.deleteIp(ip);
      if (history) lost({ vni, ip }, isStanding(history));
    }
    let excess = Math.min(Math.max(0, Math.ceil((this.units - units) / NUMBER)), this.#numbers.size);
    for (; excess > 0; excess--) {
      if (this.#oldest >= this.#numbers.size) this.#oldest = 0;
      // The last row, which was entered last, takes its place: the next one is older
      const mac = this.#numbers.keyOf(this.#oldest++);
      this.#numbers.remove(mac);
      lost({ vni, mac }, false);
    }
    for (const [mac, { history }] of this.#macs ?? []) {
      if (this.units <= units) return;
      if (!standing && isStanding(history)) continue;
      this.#macs?.delete(mac);
      lost({ vni, mac }, isStanding(history));
    }
  }

  /** Hands over the duplicates that stand, which no time makes forget. */
  keepStanding(next: Generation): void {
    for (const [mac, remembered] of this.#macs ?? [])
      if (isStanding(remembered.history)) next.putMac(mac, remembered);
    for (const [ip, remembered] of this.#ips ?? [])
      if (isStanding(remembered.history)) next.putIp(ip, remembered);
  }
}

/**
 * What is remembered of one VNI's addresses that nobody claims: they may come back elsewhere. An address is here or in the
 * MAC-VRF, never in both.
 */
export class VniMemory {
  #young = new Generation();
  #old: Generation | undefined;

  constructor(readonly vni: Vni) {}

  /** Addresses. */
  get size(): number {
    return this.#young.size + (this.#old?.size ?? 0);
  }

  /** Returns what they take, in units of some 32 octets. */
  get units(): number {
    return this.#young.units + (this.#old?.units ?? 0);
  }

  putMac(mac: Mac, remembered: RememberedMac): void {
    this.#young.putMac(mac, remembered);
  }

  putIp(ip: Ip, remembered: RememberedIp): void {
    this.#young.putIp(ip, remembered);
  }

  mac(mac: Mac): RememberedMac | undefined {
    return this.#young.mac(mac) ?? this.#old?.mac(mac);
  }

  ip(ip: Ip): RememberedIp | undefined {
    return this.#young.ip(ip) ?? this.#old?.ip(ip);
  }

  deleteMac(mac: Mac): void {
    this.#young.deleteMac(mac);
    this.#old?.deleteMac(mac);
  }

  deleteIp(ip: Ip): void {
    this.#young.deleteIp(ip);
    this.#old?.deleteIp(ip);
  }

  /** A period is over: what came in before the one before is forgotten. */
  age(): void {
    const before = this.#old;
    this.#old = this.#young;
    this.#young = new Generation();
    before?.keepStanding(this.#young);
  }

  /** Forgets about the oldest until so many units are left, the duplicates that stand only where `standing`. */
  shrink(units: number, standing: boolean, lost: Lost): void {
    const spare = Math.max(0, units - this.#young.units);
    this.#old?.shrink(spare, standing, this.vni, lost);
    this.#young.shrink(Math.max(0, units - (this.#old?.units ?? 0)), standing, this.vni, lost);
  }
}

function isStanding(history: MoveHistory | undefined): boolean {
  return history?.duplicateSince !== undefined;
}
