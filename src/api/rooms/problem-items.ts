import type { NeighborStatus } from '../../bgp/index.js';
import type { TopologyProblem } from '../../dataplane/index.js';
import type { Conflict } from '../../evpn/index.js';
import { formatIp, formatMac, type Vni } from '../../types/index.js';
import type { ProblemNote } from '../schemas.js';
import type { Rooms } from './rooms.js';

/** VNI problems in the status at most; a bridge that is down can be one of four thousand. */
const LISTED = 100;

/** A device's or a VNI's problem as the API shows it. */
export function problemItem({ severity, device, problem, mend }: TopologyProblem): ProblemNote {
  return { severity, problem: `${device}: ${problem}`, mend: mend ?? null };
}

/** The same among those of other VNIs. */
function vniProblemItem(each: TopologyProblem): ProblemNote {
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
      ? [{ severity: 'warning', problem: `and ${more} more such conflicts`, mend: null } as const]
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
export function statusProblems({ problems, dataPlane, speaker, config }: Rooms): ProblemNote[] {
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
    ...sessionProblems(speaker.neighbors()),
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
