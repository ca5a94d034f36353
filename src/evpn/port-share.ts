import type { Clock } from '../types/index.js';
import type { IpEntry, MacEntry, MacVrf, Share } from './mac-vrf.js';

/** A local address that is announced, or waits to be. */
export type Local = MacEntry | IpEntry;
export type Kind = 'macs' | 'ips';

/** Seconds' worth of new addresses that may come at once: as many as a rack of hosts that starts. */
const BURST_SECONDS = 10;

/** What the ports of one VNI have together. */
export class VniShare {
  readonly ports = new Map<number, PortShare>();
  readonly admitted = { macs: 0, ips: 0 };

  constructor(readonly vrf: MacVrf) {}

  /** The port with the most of them. */
  largest(kind: Kind): PortShare | undefined {
    let largest: PortShare | undefined;
    for (const share of this.ports.values())
      if (!largest || share[kind].admitted > largest[kind].admitted) largest = share;
    return largest;
  }
}

/** Addresses of one kind of the hosts behind one port, in the order in which they came. */
class Addresses {
  /** How many are let through. */
  admitted = 0;
  /** Those that wait for the rate. */
  readonly late = new Set<Local>();
  /** Those that wait for room. */
  readonly out = new Set<Local>();
}

const MACS_FIRST: readonly Kind[] = ['macs', 'ips'];
const IPS_FIRST: readonly Kind[] = ['ips', 'macs'];

/** What the hosts of one VNI behind one port have of what all share, and how fast they may take more (token bucket). */
export class PortShare implements Share {
  readonly macs = new Addresses();
  readonly ips = new Addresses();
  /** Addresses that were held back, each as often as it was. */
  heldBack = 0;
  #tokens: number;
  #filledAt: number;
  #order = IPS_FIRST;

  constructor(
    readonly vni: VniShare,
    /** ifindex. */
    readonly port: number,
    readonly clock: Clock,
    /** New addresses a second. */
    public rate: number,
  ) {
    this.#tokens = rate * BURST_SECONDS;
    this.#filledAt = clock.now();
  }

  get waiting(): number {
    const { macs, ips } = this;
    return macs.late.size + macs.out.size + ips.late.size + ips.out.size;
  }

  admit(kind: Kind, entry: Local): void {
    this.let(kind, entry);
    if (entry.isAdmitted) return;
    entry.isAdmitted = true;
    this[kind].admitted++;
    this.vni.admitted[kind]++;
  }

  expel(kind: Kind, entry: Local): void {
    if (!entry.isAdmitted) return;
    entry.isAdmitted = false;
    this[kind].admitted--;
    this.vni.admitted[kind]--;
  }

  /** The address, which does not wait for room, waits; for the rate it keeps the place that it has. */
  hold(kind: Kind, entry: Local, why: 'late' | 'out'): void {
    const { late } = this[kind];
    if (!late.has(entry)) this.heldBack++;
    if (why === 'out') late.delete(entry);
    this[kind][why].add(entry);
  }

  /** The address waits no more. */
  let(kind: Kind, entry: Local): void {
    this[kind].late.delete(entry);
    this[kind].out.delete(entry);
  }

  /** Whole tokens that are there. */
  get tokens(): number {
    const now = this.clock.now();
    const filled = this.#tokens + ((now - this.#filledAt) * this.rate) / 1000;
    this.#tokens = Math.min(this.rate * BURST_SECONDS, filled);
    this.#filledAt = now;
    return Math.floor(this.#tokens);
  }

  /** The kinds, each first in turn: where the rate gives one address at a time, both have one. */
  takeTurns(): readonly Kind[] {
    this.#order = this.#order === MACS_FIRST ? IPS_FIRST : MACS_FIRST;
    return this.#order;
  }

  takeToken(): boolean {
    if (this.tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
