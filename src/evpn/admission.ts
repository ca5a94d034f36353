import { type Clock, Episodes, type LimitedLog, type Timer } from '../types/index.js';
import type { LocalLimits } from './local-limits.js';
import { MacEntry, type MacVrf } from './mac-vrf.js';
import { type Kind, type Local, PortShare, VniShare } from './port-share.js';

/** Milliseconds between two looks whether what waits may go on. */
const TICK_MS = 20;
/** It is over when nothing was held back for so long. */
const QUIET_MS = 60_000;
/** A port that has to make room for others makes it for so many at once, since finding what goes is a walk. */
const AT_ONCE = 64;

/** What may become of the news of an address: `out`, it is not to be announced at all; `late`, not yet. */
type Admission = 'now' | 'late' | 'out';

/**
 * Which local addresses are announced. Anybody behind a port can make up any number of them, so that those of one VNI
 * are bounded, and what is new of one port and VNI has a rate. What is beyond waits, each address once, and is looked at
 * again when there is room: nothing is lost, and what changed meanwhile is announced once. In a VNI that is full the port with
 * the most addresses pays: its own wait, and it makes room for those of others. What an operator configured never waits.
 */
export class Admissions {
  readonly #shares = new Map<MacVrf, VniShare>();
  readonly #episodes: Episodes<PortShare>;
  /** Addresses that were there when their VNI began to forward are no news. */
  readonly #standing = new WeakMap<MacVrf, number>();
  #timer: Timer | undefined;
  #starting = true;

  constructor(
    readonly clock: Clock,
    log: LimitedLog,
    readonly limitsOf: (vrf: MacVrf) => LocalLimits,
    deviceName: (port: number) => string | undefined,
    /** The address is to be looked at again. */
    readonly release: (vrf: MacVrf, entry: Local) => void,
  ) {
    const facts = ({ vni, port, heldBack }: PortShare) => {
      const { macs, ips, rate } = limitsOf(vni.vrf);
      return { vni: vni.vrf.vni, port: deviceName(port), macs, ips, rate, heldBack };
    };
    this.#episodes = new Episodes(
      clock,
      QUIET_MS,
      (share) =>
        log.warn(
          'a port has more local addresses, or new ones faster, than are announced: the rest waits',
          () => facts(share),
        ),
      (share) => {
        log.info('a port has no more local addresses than are announced', () => facts(share));
        share.heldBack = 0;
      },
    );
  }

  /** What the kernel has by now was there before: the rate counts for what comes from here on. */
  started(): void {
    this.#starting = false;
  }

  /** So many addresses stand when the VNI begins to forward. */
  stands(vrf: MacVrf, addresses: number): void {
    this.#standing.set(vrf, addresses);
  }

  /** Other limits may count: what waits is looked at again, and what is beyond waits. */
  reconfigure(): void {
    for (const [vrf, vni] of this.#shares) {
      const limits = this.limitsOf(vrf);
      for (const share of vni.ports.values()) share.rate = limits.rate;
      for (const kind of KINDS)
        while (vni.admitted[kind] > limits[kind]) {
          const largest = vni.largest(kind);
          if (!largest || this.#expelSome(largest, kind, vni.admitted[kind] - limits[kind]) === 0) break;
        }
    }
  }

  /**
   * Asked when the address is to be announced: `isNews` if that would change an announcement, `isConfigured` if an operator
   * configured it. What is not admitted comes back by `release`.
   */
  ask(vrf: MacVrf, entry: Local, port: number, isNews: boolean, isConfigured: boolean): Admission {
    if (isConfigured) {
      this.leave(entry);
      return 'now';
    }
    const share = this.#share(vrf, port);
    if (entry.share !== share) {
      this.leave(entry);
      entry.share = share;
    }
    const kind = kindOf(entry);
    // Who waits for room has its turn
    if (share[kind].out.has(entry)) return 'out';
    if (!entry.isAdmitted && !this.#hasRoom(share, kind)) return this.#hold(share, entry, 'out');
    if (isNews && !this.#takeToken(share)) return this.#hold(share, entry, 'late');
    share.admit(kind, entry);
    return 'now';
  }

  /** The address is local no more, or nothing of it is to be announced. */
  leave(entry: Local): void {
    const { share } = entry;
    if (!(share instanceof PortShare)) return;
    const kind = kindOf(entry);
    share.let(kind, entry);
    share.expel(kind, entry);
    entry.share = undefined;
  }

  /** The VNI is served no more. */
  forget(vrf: MacVrf): void {
    for (const share of this.#shares.get(vrf)?.ports.values() ?? []) this.#episodes.end(share);
    this.#shares.delete(vrf);
  }

  /** Ports that are there no more have no share; what is left of their addresses goes with the next look at each. */
  keepPorts(ports: ReadonlyMap<number, unknown>): void {
    for (const { ports: shares } of this.#shares.values())
      for (const [port, share] of shares)
        if (!ports.has(port)) {
          shares.delete(port);
          this.#episodes.end(share);
        }
  }

  /** Returns what a local address that is not announced waits for. */
  whyWaits(entry: Local): 'late' | 'out' | undefined {
    if (!(entry.share instanceof PortShare)) return undefined;
    const { late, out } = entry.share[kindOf(entry)];
    if (out.has(entry)) return 'out';
    return late.has(entry) ? 'late' : undefined;
  }

  /** Ports and VNIs of which addresses wait, or waited lately. */
  *excesses(): Iterable<PortShare> {
    for (const [share] of this.#episodes.entries()) yield share;
  }

  /** Addresses that wait now. */
  get waiting(): number {
    let waiting = 0;
    for (const [share] of this.#episodes.entries()) waiting += share.waiting;
    return waiting;
  }

  close(): void {
    this.#timer?.cancel();
    this.#episodes.close();
  }

  #share(vrf: MacVrf, port: number): PortShare {
    let vni = this.#shares.get(vrf);
    if (!vni) {
      vni = new VniShare(vrf);
      this.#shares.set(vrf, vni);
    }
    let share = vni.ports.get(port);
    if (!share) {
      share = new PortShare(vni, port, this.clock, this.limitsOf(vrf).rate);
      vni.ports.set(port, share);
    }
    return share;
  }

  #hold(share: PortShare, entry: Local, why: 'late' | 'out'): Admission {
    share.hold(kindOf(entry), entry, why);
    this.#episodes.seen(share);
    this.#arm();
    return why;
  }

  #takeToken(share: PortShare): boolean {
    if (this.#starting) return true;
    const standing = this.#standing.get(share.vni.vrf) ?? 0;
    if (standing === 0) return share.takeToken();
    this.#standing.set(share.vni.vrf, standing - 1);
    return true;
  }

  /** Room in the VNI for one more of the port, which another port may have to make. */
  #hasRoom(share: PortShare, kind: Kind): boolean {
    const { vni } = share;
    if (vni.admitted[kind] < this.limitsOf(vni.vrf)[kind]) return true;
    const lead = leadOver(share, kind);
    if (lead <= 1) return false;
    const largest = vni.largest(kind);
    const part = Math.min(this.#slack(vni.vrf, kind), Math.ceil(lead / 2));
    return largest !== undefined && this.#expelSome(largest, kind, part) > 0;
  }

  #slack(vrf: MacVrf, kind: Kind): number {
    return Math.min(AT_ONCE, Math.ceil(this.limitsOf(vrf)[kind] / 10));
  }

  /** So many of the port's addresses, or all, are to wait for room; returns how many. */
  #expelSome(share: PortShare, kind: Kind, most: number): number {
    const { vrf } = share.vni;
    const going: Local[] = [];
    for (const entry of kind === 'macs' ? vrf.macs.values() : vrf.ips.values()) {
      if (going.length >= most) break;
      if (entry.share === share && entry.isAdmitted) going.push(entry);
    }
    for (const entry of going) {
      share.expel(kind, entry);
      this.#hold(share, entry, 'out');
      this.release(vrf, entry);
    }
    return going.length;
  }

  #arm(): void {
    this.#timer ??= this.clock.after(TICK_MS, this.#tick);
  }

  /** Lets so many that wait be looked at as can go on. */
  readonly #tick = (): void => {
    this.#timer = undefined;
    let waits = false;
    for (const { ports } of this.#shares.values())
      for (const share of ports.values()) {
        if (share.waiting === 0) continue;
        waits = true;
        this.#episodes.seen(share);
        this.#releaseSome(share);
      }
    if (waits) this.#arm();
  };

  #releaseSome(share: PortShare): void {
    const { vni } = share;
    const { tokens } = share;
    if (tokens === 0) return;
    const limits = this.limitsOf(vni.vrf);
    const kinds = share.takeTurns();
    let gone = 0;
    for (const kind of kinds) {
      const { late, out } = share[kind];
      // The first leaves half of it to the second
      const most = kind === kinds[0] ? Math.ceil(tokens / 2) : tokens - gone;
      const free = limits[kind] - vni.admitted[kind];
      const lead = leadOver(share, kind);
      // What was made for others the port that made it does not take back
      const room = Math.max(0, lead === 0 ? free - this.#slack(vni.vrf, kind) : Math.max(free, lead - 1));
      const ofLate = this.#let(share, kind, late, most);
      gone += ofLate + this.#let(share, kind, out, Math.min(most - ofLate, room));
    }
  }

  #let(share: PortShare, kind: Kind, waiting: ReadonlySet<Local>, most: number): number {
    let gone = 0;
    for (const entry of waiting) {
      if (gone >= most) break;
      share.let(kind, entry);
      this.release(share.vni.vrf, entry);
      gone++;
    }
    return gone;
  }
}

const KINDS = ['macs', 'ips'] as const;

function kindOf(entry: Local): Kind {
  return entry instanceof MacEntry ? 'macs' : 'ips';
}

/** Returns how many more the port with the most has than this one. */
function leadOver(share: PortShare, kind: Kind): number {
  return (share.vni.largest(kind)?.[kind].admitted ?? 0) - share[kind].admitted;
}
