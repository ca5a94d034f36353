import { type EventSink, NO_EVENTS } from '../events/index.js';
import type { Clock, LimitedLog, Vni } from '../types/index.js';
import { Contests } from './contests.js';
import { floodedGateways } from './flooded-gateways.js';
import { loopProblems } from './loops.js';
import type { KernelMirror } from './mirror.js';
import { ProblemLog } from './problem-log.js';
import type { Topology, TopologyProblem } from './topology.js';
import { unreachableProblems } from './unreachable.js';
import type { VniPlanes } from './vni-planes.js';

/** What the problems are those of. */
export interface ProblemRooms {
  readonly planes: VniPlanes;
  readonly mirror: KernelMirror;
  readonly topology: Topology;
  /** Those of local hosts. */
  hostProblems(): Iterable<TopologyProblem>;
  /** Who else in this network namespace writes such rows. */
  readonly rivals: () => readonly string[];
}

/** What is wrong with devices and VNIs: shown where it is asked for, and logged of VNIs that are served. */
export class Problems {
  readonly contests: Contests;
  /** Those of switch ASICs, from the room that watches them. */
  ofHardware: () => Iterable<TopologyProblem> = () => [];
  readonly #log: ProblemLog;

  constructor(
    clock: Clock,
    log: LimitedLog,
    readonly rooms: ProblemRooms,
    events: EventSink = NO_EVENTS,
  ) {
    this.#log = new ProblemLog(clock, log, () => this.#served(), events);
    this.contests = new Contests(clock, rooms.rivals, () => this.look());
  }

  /** All of them but those of gateways, and who fights over rows. */
  *all(): Iterable<TopologyProblem> {
    yield* this.#ofDevices();
    yield* this.rooms.hostProblems();
  }

  /** Not for the log: a row of the bridge's begins and ends them, and nobody looks at all VNIs for each of those. */
  ofGateways(vni?: Vni): Iterable<TopologyProblem> {
    const { planes, topology, mirror } = this.rooms;
    const plane = vni !== undefined && planes.get(vni);
    const asked = plane ? [plane] : vni === undefined ? planes : [];
    return floodedGateways(asked, topology, mirror);
  }

  /** What goes to other leaves' VTEPs and comes back here, or nowhere. */
  *ofVteps(): Iterable<TopologyProblem> {
    yield* loopProblems(this.rooms.planes, this.rooms.topology);
    yield* unreachableProblems(this.rooms.planes, this.rooms.topology);
  }

  /** They may be others now. */
  look(): void {
    this.#log.look();
  }

  close(): void {
    this.contests.close();
    this.#log.close();
  }

  *#ofDevices(): Iterable<TopologyProblem> {
    yield* this.rooms.topology.problems;
    yield* this.ofVteps();
    yield* this.contests.problems();
    yield* this.ofHardware();
  }

  *#served(): Iterable<TopologyProblem> {
    for (const problem of this.#ofDevices())
      if (problem.vni === undefined || this.rooms.planes.get(problem.vni)?.retired === false) yield problem;
  }
}
