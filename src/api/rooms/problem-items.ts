import { type NeighborStatus, REFUSED, type RefusalReason } from '../../bgp/index.js';
import type { TopologyProblem } from '../../dataplane/index.js';
import { type Conflict, UNUSED } from '../../evpn/index.js';
import { counted, formatIp, formatMac, type Vni } from '../../types/index.js';
import type { ProblemNote } from '../schemas.js';
import type { Rooms } from './rooms.js';
import type { RouteUse } from './route-survey.js';

/** VNI problems in the status at most; a bridge that is down can be one of four thousand. */
const LISTED = 100;

/** A device's or a VNI's problem as the API shows it. */
export function problemItem({ severity, device, problem, mend }: TopologyProblem): ProblemNote {
  return { severity, problem: `${device}: ${problem}`, mend: mend ?? null };
}

/** The same among those of other VNIs. */
function vniProblemItem(each: TopologyProblem): ProblemNote {
  if (each.vni === undefined) return problemItem(each);
  const note = problemItem(each);
  return { ...note, problem: `VNI ${each.vni}: ${note.problem}` };
}

/** Conflicts of one VNI that are listed one by one. */
const CONFLICTS = 10;

/** The VNI's conflicts with other leaves as problems, the latest first. */
export function conflictProblems({ evpn }: Rooms, vni: Vni): ProblemNote[] {
  const conflicts = evpn.conflicts.of(vni).sort((a, b) => b.lastSeen - a.lastSeen);
  const more = conflicts.length - CONFLICTS;
  return [
    ...conflicts.slice(0, CONFLICTS).map(conflictProblem),
    ...(more > 0
      ? [{ severity: 'warning', problem: `and ${counted(more, 'more such conflict')}`, mend: null } as const]
      : []),
  ];
}

function conflictProblem({ mac, ip, device, vtep, pin }: Conflict): ProblemNote {
  const where = device ?? 'this leaf';
  const host = formatMac(mac);
  const address = ip === undefined ? host : formatIp(ip);
  const leaf = formatIp(vtep);
  if (pin === undefined)
    return {
      severity: 'warning',
      problem: `${where}: ${address} is configured here, and ${leaf} claims it; the configured row stays and is announced`,
      mend: null,
    };
  const user = ip === undefined ? 'a host' : `host ${host}`;
  return {
    severity: 'warning',
    problem: `${where}: ${user} uses ${address}, which ${leaf} has pinned (${pin}); it is not followed`,
    mend: null,
  };
}

/** What an operator should know first: the composition's own, devices', sessions that are not there, VNIs' errors. */
export function statusProblems(
  { problems, dataPlane, speaker, config }: Rooms,
  use: ReadonlyMap<string, RouteUse>,
): ProblemNote[] {
  const standing = dataPlane.topology.problems;
  const { vnis, advertiseAllVni } = config().evpn;
  const errors = standing.filter(
    ({ vni, severity }) =>
      vni !== undefined && severity === 'error' && (vnis.get(vni)?.advertise ?? advertiseAllVni),
  );
  const more = errors.length - LISTED;
  return [
    ...problems(),
    ...standing.filter(({ vni }) => vni === undefined).map(problemItem),
    ...[...dataPlane.contests()].map(vniProblemItem),
    ...[...dataPlane.hosts.problems()].slice(0, LISTED).map(vniProblemItem),
    ...sessionProblems(speaker.neighbors()),
    ...speaker.neighbors().flatMap((neighbor) => routeProblems(neighbor, use.get(neighbor.address))),
    ...errors.slice(0, LISTED).map(vniProblemItem),
    ...(more > 0
      ? [{ severity: 'error', problem: `and ${more} more, see /api/v1/vnis`, mend: null } as const]
      : []),
  ];
}

/** A leaf that one neighbor still tells everything forwards; without any it hears of nobody. */
function sessionProblems(neighbors: readonly NeighborStatus[]): ProblemNote[] {
  const down = neighbors.filter(({ state }) => state !== 'Established');
  const none = down.length === neighbors.length ? 'error' : 'warning';
  return down.map(({ address, state, lastError, shutdown }) =>
    shutdown
      ? {
          severity: none === 'error' ? none : 'info',
          problem: `neighbor ${address}: shut down by an operator`,
          mend: null,
        }
      : {
          severity: none,
          problem: `neighbor ${address}: no session (${state})${lastError ? `; ${lastError.reason}` : ''}`,
          mend: null,
        },
  );
}

/** Routes that an operator would want to be used, or to go elsewhere than they say. */
function routeProblems({ address, routes }: NeighborStatus, use: RouteUse | undefined): ProblemNote[] {
  const notes: ProblemNote[] = [];
  const note = (level: 'info' | 'warn', count: number, text: string, mend: string | undefined) =>
    notes.push({
      severity: level === 'warn' ? 'warning' : 'info',
      problem: `neighbor ${address}: ${counted(count, 'route')} not used: ${text}`,
      mend: mend ?? null,
    });
  for (const [reason, { level, text, cure }] of Object.entries(REFUSED)) {
    const count = routes.refused[reason as RefusalReason];
    if (count > 0 && level !== 'debug') note(level, count, text, cure);
  }
  for (const [reason, count] of use?.unused ?? []) {
    const { level, text } = UNUSED[reason];
    if (level !== 'debug') note(level, count, text, undefined);
  }
  if (use && use.passedOn > 0 && use.passedOn === use.passedOnAsItsOwn)
    notes.push({
      severity: 'warning',
      problem: `neighbor ${address}: every route of other leaves that it passes on has its own address as next hop, so that all frames go to it instead of to the leaves' VTEPs`,
      mend: 'let it leave the next hop as it is: `next-hop-unchanged`, in FRR `neighbor … attribute-unchanged next-hop` in address-family l2vpn evpn',
    });
  return notes;
}
