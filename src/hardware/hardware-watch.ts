import {
  askAgain,
  type DataPlane,
  type Failure,
  type Intent,
  sourceVni,
  switchOf,
  type Topology,
  type TopologyProblem,
  type VniPlane,
} from '../dataplane/index.js';
import {
  type Clock,
  compareIp,
  counted,
  type Ip,
  type Log,
  type Mac,
  type Timer,
  type Vni,
} from '../types/index.js';
import { Overflow } from './overflow.js';
import { RouteOffloads, type RouteReader } from './route-offloads.js';
import { GRACE_MS, type OffloadCounts, VniOffload } from './vni-offload.js';

/** Reads rows with NTF_OFFLOADED, which no notification carries, and routes. */
export interface HardwareReader extends RouteReader {
  /** Visits the rows of a VXLAN device and those of the bridge that point to it; rejects where the kernel does not answer. */
  scanFdb(
    ifindex: number,
    visitor: {
      bridgeRow(vlan: number, mac: Mac, flags: number): void;
      vxlanRow(srcVni: number, mac: Mac, dst: Ip | undefined, flags: number): void;
    },
  ): Promise<void>;
}

/**
 * `offloaded`: the hardware has it; `pending`: it is given the time to take it; `refused`: the driver said no, and why;
 * `not-taken`: it has had the time, and nobody said a word, as a table that is full does; `software`: no hardware in this VNI.
 */
export type OffloadState = 'offloaded' | 'pending' | 'refused' | 'not-taken' | 'software';

/** One row's state, and the driver's words where it said some. */
export interface RowOffload {
  readonly state: OffloadState;
  readonly reason: string | undefined;
}

/** What a VNI has in which hardware. */
export interface VniHardware {
  readonly switchId: string;
  /** '' where it is not known. */
  readonly driver: string;
  /** What the driver demands of the VNI's devices and does not find. */
  readonly demands: readonly TopologyProblem[];
  readonly macs: OffloadCounts;
  readonly floods: OffloadCounts;
  /** Default destinations that are not in it, ascending. */
  readonly floodsOutside: readonly { readonly dst: Ip; readonly offload: RowOffload }[];
}

/** What the watch has cost. */
export interface HardwareStats {
  /** Dumps of a device. */
  readonly dumps: number;
  /** Milliseconds from their beginning to their end, in which others had their turns too. */
  readonly milliseconds: number;
}

/** How often it is looked whether anything was written; nothing else happens where nothing was. */
const TICK_MS = 1000;
/** Milliseconds between two looks at all devices: at first, while the hardware takes rows, and at rest. */
const FIRST_MS = 1000;
export const PENDING_MS = 4000;
export const REST_MS = 30_000;
/** A dump that took so long is followed by that many times as long without one: at most a twentieth of the time. */
export const PAUSE_FACTOR = 19;

const SOFTWARE: RowOffload = { state: 'software', reason: undefined };

/** A remote MAC that the hardware should have. */
interface Missed {
  readonly plane: VniPlane;
  readonly mac: Mac;
}

/** One VXLAN device that has VNIs on a switch. */
interface Device {
  readonly ifindex: number;
  /** By the VLAN of the bridge's rows. */
  readonly byVlan: Map<number, VniOffload>;
  /** By the source VNI of the device's rows. */
  readonly bySource: Map<number, VniOffload>;
}

/**
 * Knows which VNIs have hardware, and what that took of our rows: by dumps, one device after the other, soon after
 * something was written and rarely at rest. Where there is no hardware, it does nothing at all.
 */
export class HardwareWatch {
  readonly routes: RouteOffloads;
  readonly #vnis = new Map<Vni, VniOffload>();
  readonly #overflows = new Map<string, Overflow<Missed>>();
  #devices: readonly Device[] = [];
  #timer: Timer | undefined;
  #looking = false;
  #interval = FIRST_MS;
  #dueAt = 0;
  /** What the reconciler had written at the last look. */
  #written = -1;
  #dumps = 0;
  #milliseconds = 0;
  #closed = false;

  constructor(
    readonly dataPlane: DataPlane,
    readonly reader: HardwareReader,
    readonly clock: Clock,
    readonly log: Log,
  ) {
    this.routes = new RouteOffloads(dataPlane, reader);
    dataPlane.problems.ofHardware = () => this.problems();
  }

  get stats(): HardwareStats {
    return { dumps: this.#dumps, milliseconds: this.#milliseconds };
  }

  /** VNIs with hardware. */
  get vnis(): Iterable<Vni> {
    return this.#vnis.keys();
  }

  /** Devices, bridges or ports may be others now. */
  topologyChanged(topology: Topology): void {
    const before = new Map(this.#vnis);
    const devices = new Map<number, Device>();
    this.#vnis.clear();
    for (const [vni, at] of topology.vnis) {
      const switchId = switchOf(topology, at);
      if (switchId === '') continue;
      const known = before.get(vni);
      const offload = known?.switchId === switchId ? known : new VniOffload(vni, switchId);
      this.#vnis.set(vni, offload);
      const { vxlanIfindex: ifindex } = at;
      const device = devices.get(ifindex) ?? { ifindex, byVlan: new Map(), bySource: new Map() };
      devices.set(ifindex, device);
      device.byVlan.set(at.vlan, offload);
      device.bySource.set(sourceVni(at), offload);
    }
    this.#devices = [...devices.values()];
    this.routes.topologyChanged(topology);
    this.#written = -1;
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** What the VNI has in hardware; undefined where it has none. */
  vni(vni: Vni): VniHardware | undefined {
    const offload = this.#vnis.get(vni);
    const plane = this.dataPlane.plane(vni);
    if (!offload) return undefined;
    const floodsOutside = [...(plane?.floods.keys() ?? [])]
      .map((dst) => ({ dst, offload: this.flood(vni, dst) }))
      .filter(({ offload }) => offload.state !== 'offloaded')
      .sort((a, b) => compareIp(a.dst, b.dst));
    const refusedFloods = floodsOutside.filter(({ offload }) => offload.state === 'refused').length;
    const { switchId, macs, floods, lateMacs, lateFloods } = offload;
    const { topology } = this.dataPlane;
    const at = topology.vnis.get(vni);
    return {
      switchId,
      driver: (at && topology.bridges.get(at.bridgeIfindex)?.driver) ?? '',
      demands: topology.problems.filter(
        ({ demand, device }) => demand !== undefined && device === at?.vxlanName,
      ),
      macs: countsOf(plane?.macs.size ?? 0, macs, plane?.macs.failures ?? 0, lateMacs),
      floods: countsOf(plane?.floods.size ?? 0, floods, refusedFloods, lateFloods),
      floodsOutside,
    };
  }

  /** How far the rows of a remote MAC are. */
  mac(vni: Vni, mac: Mac): RowOffload {
    const offload = this.#vnis.get(vni);
    if (!offload) return SOFTWARE;
    const failure = this.dataPlane.plane(vni)?.macs.get(mac)?.failure;
    return rowOffload(failure, offload.hasMac(mac), offload.lacksMac(mac, this.clock.now()));
  }

  /** How far a default destination is. */
  flood(vni: Vni, dst: Ip): RowOffload {
    const offload = this.#vnis.get(vni);
    if (!offload) return SOFTWARE;
    const failure = this.dataPlane.plane(vni)?.floods.get(dst)?.failure;
    return rowOffload(failure, offload.hasFlood(dst), offload.lacksFlood(dst, this.clock.now()));
  }

  /** Rows that forward in software although there is hardware. */
  *problems(): Iterable<TopologyProblem> {
    for (const vni of this.#vnis.keys()) {
      const hardware = this.vni(vni);
      const at = this.dataPlane.plane(vni)?.at;
      if (!hardware || !at) continue;
      const device = at.vxlanName;
      const { macs, floods } = hardware;
      const missed = macs.notTaken + floods.notTaken;
      if (missed > 0)
        yield {
          severity: 'warning',
          vni,
          device,
          topic: 'hardware does not take',
          problem: `the switch ASIC has not taken ${rowsText(macs.notTaken, floods.notTaken)} within ${GRACE_MS / 1000} s and gives no reason, as with a table that is full (${macs.offloaded} MACs of the VNI are in it): frames to them go through the CPU`,
          fix: 'make room: fewer MACs or VNIs on this switch, or a larger table (devlink resource show); evpnd then fills it by itself',
        };
      if (macs.refused + floods.refused > 0)
        yield {
          severity: 'warning',
          vni,
          device,
          topic: 'hardware refuses',
          problem: `${rowsText(macs.refused, floods.refused)} refused${refusalText(this.dataPlane.plane(vni))}`,
          fix: `evpnctl show mac --vni ${vni} names them; tried again by itself`,
        };
    }
    yield* this.routes.problems();
  }

  /** Whether there is anything to look at; routes may come without a word. */
  get #isOn(): boolean {
    return this.#devices.length > 0 || this.routes.hasSwitch;
  }

  #arm(): void {
    if (this.#timer || this.#closed || this.#looking || !this.#isOn) return;
    this.#timer = this.clock.after(TICK_MS, () => {
      this.#timer = undefined;
      const { operations } = this.dataPlane.reconciler.stats;
      const now = this.clock.now();
      if (operations !== this.#written) {
        this.#written = operations;
        this.#interval = FIRST_MS;
        this.#dueAt = Math.min(this.#dueAt, now);
      }
      if (now < this.#dueAt) this.#arm();
      else void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#looking = true;
    for (const device of this.#devices) {
      await this.#read(() => this.#dump(device));
      if (this.#closed) return;
    }
    if (this.routes.isOn) {
      await this.#read(() => this.routes.look());
      if (this.#closed) return;
    }
    this.#looking = false;
    const pending = this.#tryAgain();
    this.#interval = Math.min(pending ? PENDING_MS : REST_MS, this.#interval * 2);
    this.#dueAt = this.clock.now() + this.#interval;
    this.dataPlane.problems.look();
    this.#arm();
  }

  /** Dumps, and leaves others the time that follows. */
  async #read(dump: () => Promise<void>): Promise<void> {
    const began = this.clock.now();
    try {
      await dump();
      this.#dumps++;
      this.#milliseconds += this.clock.now() - began;
    } catch (error) {
      // The next look is another chance
      this.log.debug({ err: error }, 'what the hardware took could not be read');
    }
    if (!this.#closed) await this.#pause((this.clock.now() - began) * PAUSE_FACTOR);
  }

  async #dump({ ifindex, byVlan, bySource }: Device): Promise<void> {
    const now = this.clock.now();
    for (const offload of bySource.values()) offload.begin();
    await this.reader.scanFdb(ifindex, {
      bridgeRow: (vlan, mac, flags) => byVlan.get(vlan)?.bridgeRow(mac, flags),
      vxlanRow: (srcVni, mac, dst, flags) => bySource.get(srcVni)?.vxlanRow(mac, dst, flags, now),
    });
    for (const offload of bySource.values()) this.#end(offload);
  }

  #end(offload: VniOffload): void {
    const plane = this.dataPlane.plane(offload.vni);
    // What is refused is not missed besides
    const counts = (intent: Intent | undefined) => intent !== undefined && intent.failure === undefined;
    offload.end(
      this.clock.now(),
      (mac) => counts(plane?.macs.peek(mac)),
      (dst) => counts(plane?.floods.peek(dst)),
    );
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(milliseconds, resolve);
    });
  }

  /** Offers what was not taken again where there may be room; true where anything is pending or was offered. */
  #tryAgain(): boolean {
    const now = this.clock.now();
    const bySwitch = new Map<string, { offloaded: number; missed: Missed[] }>();
    let pending = false;
    for (const [vni, offload] of this.#vnis) {
      const plane = this.dataPlane.plane(vni);
      if (!plane?.isLive) continue;
      const { switchId } = offload;
      const of = bySwitch.get(switchId) ?? { offloaded: 0, missed: [] };
      bySwitch.set(switchId, of);
      of.offloaded += offload.macs;
      if (offload.lateMacs > 0)
        for (const mac of offload.missedMacs(now))
          if (plane.macs.has(mac) && plane.fits({ table: 'mac', key: mac })) of.missed.push({ plane, mac });
      pending ||= plane.macs.size > offload.macs || plane.floods.size > offload.floods;
    }
    for (const [switchId, { offloaded, missed }] of bySwitch) {
      const overflow = this.#overflows.get(switchId) ?? new Overflow<Missed>();
      this.#overflows.set(switchId, overflow);
      const has = ({ plane, mac }: Missed) => this.#vnis.get(plane.vni)?.hasMac(mac) === true;
      const { offer, room } = overflow.next(offloaded, missed, has, now);
      for (const { plane, mac } of offer) askAgain(this.dataPlane.reconciler, plane, mac);
      if (room) this.#retryRefused(switchId);
    }
    for (const switchId of this.#overflows.keys())
      if (!bySwitch.has(switchId)) this.#overflows.delete(switchId);
    return pending;
  }

  /** What the driver refused may find room now. */
  #retryRefused(switchId: string): void {
    for (const [vni, offload] of this.#vnis) {
      const plane = this.dataPlane.plane(vni);
      if (offload.switchId !== switchId || !plane) continue;
      for (const mac of [...plane.macs.failed])
        this.dataPlane.reconciler.mark(plane, { table: 'mac', key: mac });
    }
  }
}

function rowOffload(failure: Failure | undefined, has: boolean, lacks: boolean): RowOffload {
  if (failure) return { state: 'refused', reason: failure.message ?? failure.name };
  return { state: has ? 'offloaded' : lacks ? 'not-taken' : 'pending', reason: undefined };
}

function countsOf(wanted: number, offloaded: number, refused: number, notTaken: number): OffloadCounts {
  return { offloaded, refused, notTaken, pending: Math.max(0, wanted - offloaded - refused - notTaken) };
}

function rowsText(macs: number, floods: number): string {
  return [
    ...(macs > 0 ? [counted(macs, 'MAC')] : []),
    ...(floods > 0 ? [counted(floods, 'default destination')] : []),
  ].join(' and ');
}

/** The words of one refusal: mostly they are all alike. */
function refusalText(plane: VniPlane | undefined): string {
  for (const mac of plane?.macs.failed ?? []) {
    const { message, name = '' } = plane?.macs.get(mac)?.failure ?? {};
    return `, such as one with "${message ?? name}"`;
  }
  return '';
}
