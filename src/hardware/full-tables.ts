import {
  admit,
  admitAll,
  askAgain,
  type DataPlane,
  mayWithhold,
  type VniPlane,
  withhold,
} from '../dataplane/index.js';
import type { Mac, Vni } from '../types/index.js';
import { type Outcome, Overflow } from './overflow.js';
import type { VniOffload } from './vni-offload.js';

/** A remote MAC that the hardware should have. */
interface Missed {
  readonly plane: VniPlane;
  readonly mac: Mac;
}

/** The VNIs of one switch. */
interface OfSwitch {
  /** MACs that the hardware has. */
  offloaded: number;
  readonly missed: Missed[];
}

/**
 * What becomes of remote MACs that a switch's full table leaves out: they stay in the kernel, or are withheld from it where
 * that is configured; and they are offered again, to a table that may have room.
 */
export class FullTables {
  /** By switch. */
  readonly #overflows = new Map<string, Overflow<Missed>>();

  constructor(
    readonly dataPlane: DataPlane,
    /** What is left out of the VNI is withheld. */
    readonly withholds: (vni: Vni) => boolean,
  ) {}

  /** The hardware of all VNIs was looked at. True where it is given the time to take rows, or has left some out. */
  looked(vnis: ReadonlyMap<Vni, VniOffload>, now: number): boolean {
    const switches = new Map<string, OfSwitch>();
    let pending = false;
    for (const [vni, offload] of vnis) {
      const plane = this.dataPlane.plane(vni);
      if (!plane?.isLive) continue;
      const of = switches.get(offload.switchId) ?? { offloaded: 0, missed: [] };
      switches.set(offload.switchId, of);
      of.offloaded += offload.macs;
      this.#sort(plane, offload, of.missed, now);
      const { size, withheld } = plane.macs;
      pending ||= size - withheld > offload.macs || plane.floods.size > offload.floods;
    }
    const outcome = ({ plane, mac }: Missed) => outcomeOf(plane, mac, vnis.get(plane.vni), now);
    for (const [switchId, { offloaded, missed }] of switches) {
      const overflow = this.#overflows.get(switchId) ?? new Overflow<Missed>();
      this.#overflows.set(switchId, overflow);
      const { offer, room } = overflow.next(offloaded, missed, outcome, now);
      for (const each of offer) this.#offer(each);
      if (room) this.#retryRefused(vnis, switchId);
    }
    for (const switchId of this.#overflows.keys())
      if (!switches.has(switchId)) this.#overflows.delete(switchId);
    return pending;
  }

  /** The VNI's rows go to no switch any more: the kernel alone forwards by them. */
  hardwareGone(vni: Vni): void {
    const plane = this.dataPlane.plane(vni);
    if (plane) admitAll(this.dataPlane.reconciler, plane);
  }

  /** Withholds what is left out of the VNI, or lets in what was withheld; appends what is left out to `missed`. */
  #sort(plane: VniPlane, offload: VniOffload, missed: Missed[], now: number): void {
    const { reconciler } = this.dataPlane;
    const withholds = !reconciler.observes && takesRows(offload) && this.withholds(plane.vni);
    if (!withholds) admitAll(reconciler, plane);
    // The kernel may have refused its VTEP as a default destination since
    for (const mac of plane.macs.withheldKeys())
      if (mayWithhold(plane, mac)) missed.push({ plane, mac });
      else admit(reconciler, plane, mac);
    if (offload.lateMacs === 0) return;
    for (const mac of [...offload.missedMacs(now)]) {
      if (!plane.macs.has(mac) || !plane.fits({ table: 'mac', key: mac })) continue;
      if (withholds && withhold(reconciler, plane, mac)) offload.forget(mac);
      missed.push({ plane, mac });
    }
  }

  #offer({ plane, mac }: Missed): void {
    const { reconciler } = this.dataPlane;
    if (plane.macs.isWithheld(mac)) admit(reconciler, plane, mac);
    else askAgain(reconciler, plane, mac);
  }

  /** What the driver refused may find room now. */
  #retryRefused(vnis: ReadonlyMap<Vni, VniOffload>, switchId: string): void {
    for (const [vni, offload] of vnis) {
      const plane = this.dataPlane.plane(vni);
      if (offload.switchId !== switchId || !plane) continue;
      for (const mac of [...plane.macs.failed])
        this.dataPlane.reconciler.mark(plane, { table: 'mac', key: mac });
    }
  }
}

/** Of a VNI that has no row at all in the hardware it is not a full table that leaves rows out. */
function takesRows({ macs, floods }: VniOffload): boolean {
  return macs + floods > 0;
}

function outcomeOf(plane: VniPlane, mac: Mac, offload: VniOffload | undefined, now: number): Outcome {
  if (offload?.hasMac(mac)) return 'taken';
  const want = plane.macs.peek(mac);
  if (!offload || !want || want.failure || plane.macs.isWithheld(mac)) return 'left-out';
  return offload.lacksMac(mac, now) ? 'left-out' : 'open';
}
