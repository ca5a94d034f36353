import type { NeighborStatus } from '../../bgp/index.js';
import type { TopologyProblem } from '../../dataplane/index.js';
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
