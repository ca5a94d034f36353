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
import { type Missed, type Outcome, Overflow } from './overflow.js';
import type { VniOffload } from './vni-offload.js';

/** A remote MAC that the hardware should have. */
interface Row {
  readonly plane: VniPlane;
  readonly mac: Mac;
}

/** The remote MACs of several VNIs that it should have: bare numbers, since there may be far more than are offered. */
class MissedMacs implements Missed<Row> {
  readonly #lists: { readonly plane: VniPlane; readonly macs: readonly Mac[] }[] = [];
  length = 0;

  push(plane: VniPlane, macs: readonly Mac[]): void {
    this.#lists.push({ plane, macs });
    this.length += macs.length;
  }

  slice(start = 0, end = this.length): Row[] {
    const rows: Row[] = [];
    let first = 0;
    for (const { plane, macs } of this.#lists) {
      for (const mac of macs.slice(Math.max(0, start - first), Math.max(0, end - first)))
        rows.push({ plane, mac });
      first += macs.length;
    }
    return rows;
  }
}

/** The VNIs of one switch. */
interface OfSwitch {
  /** MACs that the hardware has. */
  offloaded: number;
  readonly missed: MissedMacs;
}

/**
 * What becomes of remote MACs that a switch's full table leaves out: they stay in the kernel, or are withheld from it where
 * that is configured; and they are offered again, to a table that may have room.
 */
export class FullTables {
  /** By switch. */
  readonly #overflows = new Map<string, Overflow<Row>>();

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
      const of = switches.get(offload.switchId) ?? { offloaded: 0, missed: new MissedMacs() };
      switches.set(offload.switchId, of);
      of.offloaded += offload.macs;
      of.missed.push(plane, this.#sort(plane, offload));
      const { size, withheld } = plane.macs;
      pending ||= size - withheld > offload.macs || plane.floods.size > offload.floods;
    }
    const outcome = ({ plane, mac }: Row) => outcomeOf(plane, mac, vnis.get(plane.vni));
    for (const [switchId, { offloaded, missed }] of switches) {
      const overflow = this.#overflows.get(switchId) ?? new Overflow<Row>();
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

  /** Withholds what is left out of the VNI, or lets in what was withheld; returns what is left out. */
  #sort(plane: VniPlane, offload: VniOffload): Mac[] {
    const missed: Mac[] = [];
    const { reconciler } = this.dataPlane;
    const withholds = !reconciler.observes && takesRows(offload) && this.withholds(plane.vni);
    if (!withholds) admitAll(reconciler, plane);
    // It is the hardware that floods, and its table of default destinations may be full as well
    const isFlooded = (mac: Mac) => {
      const to = plane.macs.peek(mac)?.to;
      return to !== undefined && offload.hasFlood(to) && mayWithhold(plane, mac);
    };
    // Kernel or hardware may have refused its VTEP as a default destination since
    for (const mac of plane.macs.withheldKeys())
      if (isFlooded(mac)) missed.push(mac);
      else admit(reconciler, plane, mac);
    if (offload.lateMacs === 0) return missed;
    for (const mac of [...offload.missedMacs()]) {
      if (!plane.macs.has(mac) || !plane.fits({ table: 'mac', key: mac })) continue;
      if (withholds && isFlooded(mac) && withhold(reconciler, plane, mac)) offload.forget(mac);
      missed.push(mac);
    }
    return missed;
  }

  #offer({ plane, mac }: Row): void {
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

function outcomeOf(plane: VniPlane, mac: Mac, offload: VniOffload | undefined): Outcome {
  if (offload?.hasMac(mac)) return 'taken';
  const want = plane.macs.peek(mac);
  // No dump shows rows of a device that is down
  if (!offload || !want || want.failure || !plane.isLive || plane.macs.isWithheld(mac)) return 'left-out';
  return offload.lacksMac(mac, offload.dumpedAt) ? 'left-out' : 'open';
}
