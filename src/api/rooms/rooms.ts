import type { Speakers } from '../../bgp/index.js';
import type { Config } from '../../config/index.js';
import type { DataPlane } from '../../dataplane/index.js';
import type { Convergence, EventLog } from '../../events/index.js';
import type { Evpn } from '../../evpn/index.js';
import type { HardwareWatch } from '../../hardware/index.js';
import type { Clock, Ip } from '../../types/index.js';
import type { Underlay, VrfUnderlays } from '../../underlay/index.js';
import type { ProblemNote } from '../parts/problem-note.js';

/** Whether evpnd can be relied on, and if not, what it waits for. */
export interface Readiness {
  readonly ready: boolean;
  /** One sentence each; empty exactly where `ready`. */
  readonly reasons: readonly string[];
}

/** The switch ASIC as devlink names it. */
interface SwitchAsic {
  /** Such as pci. */
  readonly bus: string;
  /** The device on the bus. */
  readonly device: string;
  readonly driver: string;
}

/** What the Linux rooms report of themselves beyond the rows. */
export interface KernelInsight {
  /** Of the notification socket: bytes granted, overruns and full re-reads since start. */
  stats(): { readonly receiveBufferBytes: number; readonly overruns: number; readonly resyncs: number };
  /** The switch ASIC, null without one. */
  switchAsic(): SwitchAsic | null;
  /** The tables of the ASIC now, by devlink, which is asked for an ASIC where it has named none; `occupied` is undefined where the driver does not say. */
  asicTables(): Promise<
    readonly { readonly name: string; readonly size: number; readonly occupied: number | undefined }[]
  >;
  /** The IPs of a device's neighbors that the hardware has, as a dump shows them now. */
  offloadedNeighs(ifindex: number): Promise<ReadonlySet<Ip>>;
}

/** How long the event loop was away from its timers, in milliseconds. */
export interface EventLoopDelay {
  /** Wall time of the watch's beginning. */
  readonly since: number;
  readonly samples: number;
  /** undefined before the first sample. */
  readonly delays:
    | { readonly p50: number; readonly p99: number; readonly p999: number; readonly longest: number }
    | undefined;
}

/** The rooms that the read model looks into, and what the composition alone knows. */
export interface Rooms {
  readonly config: () => Config;
  readonly speaker: Pick<Speakers, 'rib' | 'localRib' | 'neighbors' | 'neighbor'>;
  readonly evpn: Evpn;
  readonly dataPlane: DataPlane;
  /** undefined where it is off. */
  readonly underlay?: Underlay | undefined;
  /** Of the VRFs that neighbors are in; none where absent. */
  readonly vrfUnderlays?: Pick<VrfUnderlays, 'of' | typeof Symbol.iterator> | undefined;
  /** undefined where nobody asks what it took. */
  readonly hardware?: HardwareWatch | undefined;
  readonly kernel: KernelInsight;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly convergence: Convergence;
  readonly version: string;
  /** Clock.wallTime() at start. */
  readonly startedAt: number;
  readonly readiness: () => Readiness;
  /** What is wrong beside the kernel's devices. */
  readonly problems: () => ProblemNote[];
  readonly eventLoop: () => EventLoopDelay;
}
