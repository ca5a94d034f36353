import { type Ip, MAC_ZERO } from '../types/index.js';
import type { Operation } from './kernel.js';
import { deviceKey } from './mirror.js';
import type { VxlanFdbRow } from './rows.js';

/** A destination of the all-zero MAC; `srcVni` is 0 but on a collect-metadata device. */
export interface DefaultDestination {
  readonly ifindex: number;
  readonly srcVni: number;
  readonly dst: Ip;
}

type DefaultOperation = Extract<Operation, { table: 'vxlan-default' }>;

/** What outlives a process: which default destinations it wrote. */
export interface DefaultsMemory {
  /** The process before us wrote it and had not removed it. */
  wrote(destination: DefaultDestination): boolean;
  added(destination: DefaultDestination): void;
  dropped(destination: DefaultDestination): void;
}

/** Remembers nothing: what stands at the start is somebody else's. */
export const NO_MEMORY: DefaultsMemory = { wrote: () => false, added() {}, dropped() {} };

/**
 * Which default destinations are ours. The kernel keeps one state and one set of flags for all destinations of the
 * all-zero MAC (drivers/net/vxlan: struct vxlan_fdb), and what `bridge fdb … self permanent` makes looks like ours, so
 * that nothing in a row names its owner: we remember what we wrote, over a crash too. What others add is theirs.
 */
export class OurDefaults {
  readonly #byDevice = new Map<number, Set<Ip>>();

  constructor(readonly memory: DefaultsMemory) {}

  /** A row that stood before we started: ours if the process before us wrote it. */
  adopt({ ifindex, srcVni, mac, dst }: VxlanFdbRow): void {
    if (mac === MAC_ZERO && dst !== undefined && this.memory.wrote({ ifindex, srcVni, dst }))
      this.#add(ifindex, srcVni, dst);
  }

  /** The kernel took the operation. */
  enter({ verb, ifindex, srcVni, dst }: DefaultOperation): void {
    if (verb === 'delete') this.#drop(ifindex, srcVni, dst);
    else if (!this.has(ifindex, srcVni, dst)) {
      this.#add(ifindex, srcVni, dst);
      this.memory.added({ ifindex, srcVni, dst });
    }
  }

  /** The row is gone. */
  drop({ ifindex, srcVni, mac, dst }: VxlanFdbRow): void {
    if (mac === MAC_ZERO && dst !== undefined) this.#drop(ifindex, srcVni, dst);
  }

  has(ifindex: number, srcVni: number, dst: Ip): boolean {
    return this.#byDevice.get(deviceKey(ifindex, srcVni))?.has(dst) ?? false;
  }

  /** Forgets devices that exist no more: another may get the number. */
  keepDevices(existing: ReadonlyMap<number, unknown>): void {
    for (const key of this.#byDevice.keys())
      if (!existing.has(Math.floor(key / 0x1000000))) this.#byDevice.delete(key);
  }

  #add(ifindex: number, srcVni: number, dst: Ip): void {
    const key = deviceKey(ifindex, srcVni);
    const set = this.#byDevice.get(key);
    if (set) set.add(dst);
    else this.#byDevice.set(key, new Set([dst]));
  }

  #drop(ifindex: number, srcVni: number, dst: Ip): void {
    const key = deviceKey(ifindex, srcVni);
    const set = this.#byDevice.get(key);
    if (!set?.delete(dst)) return;
    if (set.size === 0) this.#byDevice.delete(key);
    this.memory.dropped({ ifindex, srcVni, dst });
  }
}
