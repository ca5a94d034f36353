import {
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
import { FullTables } from './full-tables.js';
import { RouteOffloads, type RouteReader } from './route-offloads.js';
import { GRACE_MS, type OffloadCounts, type RowsInHardware, VniOffload } from './vni-offload.js';

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
 * `not-taken`: it has had the time, and nobody said a word, as a table that is full does; `withheld`: that was so, and it is kept out of the
 * kernel; `software`: no hardware in this VNI.
 */
export type OffloadState = 'offloaded' | 'pending' | 'refused' | 'not-taken' | 'withheld' | 'software';

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
const NO_ROWS: RowsInHardware = { bridge: false, vxlan: false };
const WITHHELD: RowOffload = { state: 'withheld', reason: undefined };

const MAKE_ROOM =
  'make room: fewer MACs or VNIs on this switch, or a larger table (devlink resource show); evpnd then fills it by itself';

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
  readonly #fullTables: FullTables;
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
    /** What a full table leaves out of the VNI is withheld from the kernel. */
    withholds: (vni: Vni) => boolean = () => false,
  ) {
    this.#fullTables = new FullTables(dataPlane, withholds);
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
    for (const vni of before.keys()) if (!this.#vnis.has(vni)) this.#fullTables.hardwareGone(vni);
    this.#devices = [...devices.values()];
    this.routes.topologyChanged(topology);
    this.#written = -1;
    this.#arm();
  }

  /** What `withholds` says may be another now. */
  reconfigured(): void {
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
      macs: countsOf(
        plane?.macs.size ?? 0,
        macs,
        plane?.macs.failures ?? 0,
        lateMacs,
        plane?.macs.withheld ?? 0,
      ),
      floods: countsOf(plane?.floods.size ?? 0, floods, refusedFloods, lateFloods, 0),
      floodsOutside,
    };
  }

  /** How far the rows of a remote MAC are. */
  mac(vni: Vni, mac: Mac): RowOffload {
    const offload = this.#vnis.get(vni);
    if (!offload) return SOFTWARE;
    const macs = this.dataPlane.plane(vni)?.macs;
    const failure = macs?.get(mac)?.failure;
    if (!failure && macs?.isWithheld(mac)) return WITHHELD;
    return rowOffload(failure, offload.hasMac(mac), offload.lacksMac(mac, this.clock.now()));
  }

  /** Which rows of a remote MAC the hardware has. */
  rows(vni: Vni, mac: Mac): RowsInHardware {
    return this.#vnis.get(vni)?.rows(mac) ?? NO_ROWS;
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
          problem: `the switch ASIC has not taken ${rowsText(macs.notTaken, floods.notTaken)} within ${GRACE_MS / 1000} s and gives no reason, as with a table that is full (${inIt(macs.offloaded)}): frames to them go through the CPU`,
          fix: MAKE_ROOM,
        };
      if (macs.withheld > 0)
        yield {
          severity: 'warning',
          vni,
          device,
          topic: 'withheld from hardware',
          problem: `${counted(macs.withheld, 'MAC')} withheld from the kernel (hardware-overflow: withhold), since the switch ASIC did not take more, as with a table that is full (${inIt(macs.offloaded)}): frames to them are flooded`,
          fix: MAKE_ROOM,
        };
      if (macs.refused + floods.refused > 0)
        yield {
          severity: 'warning',
          vni,
          device,
          topic: 'hardware refuses',
          problem: `${rowsText(macs.refused, floods.refused)} refused${refusalText(this.dataPlane.plane(vni))}`,
          fix: `evpnctl show mac --vni ${vni} names them, evpnctl explain says why; tried again by itself`,
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
    const pending = this.#fullTables.looked(this.#vnis, this.clock.now());
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
    const macs = plane?.macs;
    offload.end(
      this.clock.now(),
      (mac) => counts(macs?.peek(mac)) && macs?.isWithheld(mac) === false,
      (dst) => counts(plane?.floods.peek(dst)),
    );
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(milliseconds, resolve);
    });
  }
}

function rowOffload(failure: Failure | undefined, has: boolean, lacks: boolean): RowOffload {
  if (failure) return { state: 'refused', reason: failure.message ?? failure.name };
  return { state: has ? 'offloaded' : lacks ? 'not-taken' : 'pending', reason: undefined };
}

function countsOf(
  wanted: number,
  offloaded: number,
  refused: number,
  notTaken: number,
  withheld: number,
): OffloadCounts {
  const pending = Math.max(0, wanted - offloaded - refused - notTaken - withheld);
  return { offloaded, refused, notTaken, pending, withheld };
}

function inIt(macs: number): string {
  return `${counted(macs, 'MAC')} of the VNI ${macs === 1 ? 'is' : 'are'} in it`;
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
