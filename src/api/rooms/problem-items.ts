import { type NeighborStatus, REFUSED, type RefusalReason } from '../../bgp/index.js';
import type { TopologyProblem } from '../../dataplane/index.js';
import { isServed, UNUSED, type VrfFault, vrfFaults } from '../../evpn/index.js';
import { counted, type Vni } from '../../types/index.js';
import type { ProblemNote } from '../parts/problem-note.js';
import { excessProblems } from './excess-problems.js';
import { fabricProblems } from './fabric-problems.js';
import { absentProblems, hostProblems } from './host-problems.js';
import type { Rooms } from './rooms.js';
import type { RouteUse, Survey } from './route-survey.js';
import {
  bfdProblems,
  familyProblems,
  limitProblems,
  linkProblems,
  sessionProblems,
  stalledProblems,
} from './session-problems.js';
import { underlayProblems } from './underlay-problems.js';

/** VNI problems in the status at most; a bridge that is down can be one of four thousand. */
const LISTED = 100;

/** A device's or a VNI's problem as the API shows it. */
export function problemItem({ severity, device, problem, fix }: TopologyProblem): ProblemNote {
  return { severity, problem: `${device}: ${problem}`, fix: fix ?? null };
}

/** A VRF's problem as the API shows it. */
export function vrfFaultItem({ vrf, problem, fix }: VrfFault): ProblemNote {
  return { severity: 'error', problem: `VRF ${vrf}: ${problem}`, fix: fix ?? null };
}

/** The same among those of other VNIs. */
function vniProblemItem(each: TopologyProblem): ProblemNote {
  if (each.vni === undefined) return problemItem(each);
  return ofVni(each.vni, problemItem(each));
}

function ofVni(vni: Vni, note: ProblemNote): ProblemNote {
  return { ...note, problem: `VNI ${vni}: ${note.problem}` };
}

/**
 * Returns what an operator should know first: the composition's own, devices', sessions that are not there, errors and warnings of
 * VNIs that are served. Notes (`info`) of a VNI stay with it.
 */
export function statusProblems(rooms: Rooms, { neighbors, fabric }: Survey): ProblemNote[] {
  const { problems, dataPlane, speaker, config, clock } = rooms;
  const standing = [
    ...dataPlane.topology.problems,
    ...dataPlane.problems.ofVteps(),
    ...dataPlane.problems.ofGateways(),
  ];
  const settings = config().evpn;
  const ofVnis = (severity: TopologyProblem['severity']) =>
    standing.filter(
      ({ vni, severity: its }) =>
        vni !== undefined &&
        its === severity &&
        (isServed(settings, vni) || dataPlane.topology.l3vnis.has(vni)),
    );
  const notes = [
    ...ofVnis('error').map(vniProblemItem),
    ...[...settings.vnis.keys()].flatMap((vni) => absentProblems(rooms, vni).map((note) => ofVni(vni, note))),
    ...ofVnis('warning').map(vniProblemItem),
  ];
  const more = notes.slice(LISTED);
  return [
    ...problems(),
    ...drainNotes(config().drain),
    ...standing.filter(({ vni }) => vni === undefined).map(problemItem),
    ...[...dataPlane.problems.contests.problems()].map(vniProblemItem),
    ...[...dataPlane.problems.ofHardware()].slice(0, LISTED).map(vniProblemItem),
    ...[...dataPlane.hosts.problems()].slice(0, LISTED).map(vniProblemItem),
    ...excessProblems(rooms)
      .slice(0, LISTED)
      .map(({ vni, note }) => ofVni(vni, note)),
    ...sessionProblems(speaker.neighbors(), config().api.unixSocket),
    ...linkProblems(speaker.neighbors()),
    ...familyProblems(speaker.neighbors()),
    ...limitProblems(speaker.neighbors()),
    ...stalledProblems(speaker.neighbors(), clock.wallTime()),
    ...bfdProblems(speaker.neighbors(), clock.wallTime()),
    ...speaker.neighbors().flatMap((neighbor) => routeProblems(neighbor, neighbors.get(neighbor.address))),
    ...underlayProblems(rooms).slice(0, LISTED),
    ...fabricProblems(rooms, fabric),
    ...[...vrfFaults(rooms.evpn.ipVrfs, dataPlane.topology)].slice(0, LISTED).map(vrfFaultItem),
    ...addressProblems(rooms).slice(0, LISTED),
    ...notes.slice(0, LISTED),
    // Errors stand before warnings
    ...more.slice(0, 1).map(({ severity }) => ({
      severity,
      problem: `and ${more.length} more, see /api/v1/vnis`,
      fix: null,
    })),
  ];
}

/** That somebody has drained the leaf is nothing wrong, but not to be forgotten. */
function drainNotes(isDrained: boolean): ProblemNote[] {
  if (!isDrained) return [];
  return [
    {
      severity: 'info',
      problem:
        'drained: neighbors are told that this leaf goes away, and use its routes only where there are no others',
      fix: 'evpnctl drain --undo',
    },
  ];
}

/** Returns what is wrong with addresses of any VNI; most have none. */
function addressProblems(rooms: Rooms): ProblemNote[] {
  const notes: ProblemNote[] = [];
  for (const { vni } of rooms.evpn.vrfs())
    for (const note of hostProblems(rooms, vni)) notes.push(ofVni(vni, note));
  return notes;
}

/** Routes that an operator would want to be used, or to go elsewhere than they do. */
function routeProblems({ address, families }: NeighborStatus, use: RouteUse | undefined): ProblemNote[] {
  const notes: ProblemNote[] = [];
  const note = (level: 'info' | 'warn', count: number, text: string, fix: string | undefined) =>
    notes.push({
      severity: level === 'warn' ? 'warning' : 'info',
      problem: `neighbor ${address}: ${counted(count, 'route')} not used: ${text}`,
      fix: fix ?? null,
    });
  for (const [reason, { level, text, cure }] of Object.entries(REFUSED)) {
    const count = families.reduce((sum, { refused }) => sum + refused[reason as RefusalReason], 0);
    if (count > 0 && level !== 'debug') note(level, count, text, cure);
  }
  for (const [reason, count] of use?.unused ?? []) {
    const { level, text, cure } = UNUSED[reason];
    if (level !== 'debug') note(level, count, text, cure);
  }
  if (use && use.passedOn > 0 && use.passedOn === use.passedOnAsItsOwn)
    notes.push({
      severity: 'warning',
      problem: `neighbor ${address}: every route of other leaves that it passes on has its own address as next hop, so that all frames go to it instead of to the leaves' VTEPs`,
      fix: 'let it leave the next hop as it is: `next-hop-unchanged`, in FRR `neighbor … attribute-unchanged next-hop` in address-family l2vpn evpn',
    });
  return notes;
}
