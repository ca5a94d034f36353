import { counted, formatIp, type Ip } from '../types/index.js';
import type { Topology, TopologyProblem } from './topology.js';
import type { VniPlane } from './vni-plane.js';

/** VNIs that send to leaves that the routing table has no way to: the kernel drops each frame without a word. */
export function* unreachableProblems(
  planes: Iterable<VniPlane>,
  { unreachable }: Pick<Topology, 'unreachable'>,
): Iterable<TopologyProblem> {
  if (unreachable.size === 0) return;
  for (const { vni, at, retired, floods } of planes) {
    if (!at || retired) continue;
    const lost: Ip[] = [];
    for (const vtep of unreachable) if (floods.has(vtep)) lost.push(vtep);
    const [first] = lost;
    if (first === undefined) continue;
    const name = formatIp(first);
    yield {
      severity: 'warning',
      vni,
      device: at.vxlanName,
      topic: 'unreachable',
      problem: `the routing table has no way to ${name}${lost.length > 1 ? ` and ${counted(lost.length - 1, 'more leaf', 'more leaves')}` : ''}: frames for hosts there are dropped`,
      fix: `let that leaf announce ${name} to the underlay (with evpnd: \`underlay.redistribute-connected\` there), or add a route; this has to find one: ip route get ${name}`,
    };
  }
}
