import {
  type Clock,
  formatIp,
  formatMac,
  type Ip,
  type LimitedLog,
  type Mac,
  type Vni,
} from '../types/index.js';
import type { Pin } from './rules.js';

/** A host on a port of ours that contradicts what another leaf has pinned, or a configured row that contradicts any leaf. */
export interface Conflict {
  readonly mac: Mac;
  /** undefined where the MAC itself is in question. */
  readonly ip: Ip | undefined;
  /** The name of our port; undefined if only a neighbor row shows it. */
  readonly device: string | undefined;
  readonly vtep: Ip;
  /** Why the other leaf's claim stands; undefined where ours does, because it is configured. */
  readonly pin: Pin | undefined;
  /** Clock.wallTime() when it was found first, and when it was seen last. */
  readonly since: number;
  readonly lastSeen: number;
}

type Found = Omit<Conflict, 'since' | 'lastSeen'>;

/** The kernel does not report the frames of a MAC whose row is pinned: what was seen this long ago may still be true. */
const LINGER_MS = 300_000;
/** Of each VNI; anybody behind a port can bring about any number. */
const MOST = 1024;

/** The conflicts of each VNI that stand, or stood lately, by the address in question. */
export class Conflicts {
  readonly #byVni = new Map<Vni, Map<string, Conflict>>();

  constructor(
    readonly clock: Clock,
    readonly log: LimitedLog,
  ) {}

  /** The conflict was seen. */
  seen(vni: Vni, found: Found): void {
    let conflicts = this.#byVni.get(vni);
    if (!conflicts) {
      conflicts = new Map();
      this.#byVni.set(vni, conflicts);
    }
    const key = keyOf(found.mac, found.ip);
    const now = this.clock.wallTime();
    const before = conflicts.get(key);
    const isSame = before !== undefined && isSameConflict(before, found) && !this.#isOver(before);
    if (!before && conflicts.size === MOST)
      for (const oldest of conflicts.keys()) {
        conflicts.delete(oldest);
        break;
      }
    conflicts.set(key, { ...found, since: isSame ? before.since : now, lastSeen: now });
    if (!isSame) this.#warn(vni, found);
  }

  /** The MAC, or the IP, contradicts nobody any more. */
  gone(vni: Vni, mac: Mac | undefined, ip: Ip | undefined): void {
    const conflicts = this.#byVni.get(vni);
    if (conflicts?.delete(keyOf(mac, ip)) && conflicts.size === 0) this.#byVni.delete(vni);
  }

  /** Those of a VNI, in no order. */
  of(vni: Vni): Conflict[] {
    const conflicts = this.#byVni.get(vni);
    if (!conflicts) return [];
    for (const [key, conflict] of conflicts) if (this.#isOver(conflict)) conflicts.delete(key);
    return [...conflicts.values()];
  }

  /** The VNI is no longer ours. */
  forget(vni: Vni): void {
    this.#byVni.delete(vni);
  }

  /** A contradiction of a configured row stands until it is gone. */
  #isOver({ pin, lastSeen }: Conflict): boolean {
    return pin !== undefined && this.clock.wallTime() - lastSeen > LINGER_MS;
  }

  #warn(vni: Vni, { mac, ip, device, vtep, pin }: Found): void {
    const facts = () => ({
      vni,
      mac: formatMac(mac),
      ...(ip !== undefined && { ip: formatIp(ip) }),
      port: device,
      vtep: formatIp(vtep),
      ...(pin !== undefined && { pinnedBy: pin }),
    });
    if (pin === undefined)
      this.log.warn('another leaf claims an address that is configured on a port of this leaf', facts);
    else this.log.warn('a local host uses an address that is pinned to another leaf', facts);
  }
}

function isSameConflict(a: Found, b: Found): boolean {
  return a.mac === b.mac && a.device === b.device && a.vtep === b.vtep && a.pin === b.pin;
}

/** Of an IP it is the same whichever MAC has it. */
function keyOf(mac: Mac | undefined, ip: Ip | undefined): string {
  return ip === undefined ? `mac ${mac}` : `ip ${ip}`;
}
