import { formatIp } from '../types/index.js';
import type { Topology, TopologyProblem } from './topology.js';
import type { VniPlane } from './vni-plane.js';

/** BUM traffic of VNIs that goes to an address of this machine and so comes back: the far leaf gets none of it. */
export function* loopProblems(
  planes: Iterable<VniPlane>,
  { loops }: Pick<Topology, 'loops'>,
): Iterable<TopologyProblem> {
  if (loops.size === 0) return;
  for (const { vni, at, retired, floods } of planes) {
    if (!at || retired) continue;
    for (const [vtep, device] of loops)
      if (floods.has(vtep))
        yield {
          severity: 'warning',
          vni,
          device: at.vxlanName,
          problem: `a leaf of the VNI is at ${formatIp(vtep)}, which ${device} of this machine has: copies of BUM traffic for that leaf come back here`,
          fix: `no two machines can have it: find who announces it at /api/v1/vteps, and give that leaf or ${device} another address`,
        };
  }
}
