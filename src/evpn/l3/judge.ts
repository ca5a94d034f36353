import type { Destination, Path } from '../../bgp/index.js';
import type { Topology } from '../../dataplane/index.js';
import { type Few, listOf } from '../few.js';
import type { UnusedReason } from '../unused-reasons.js';
import { choosePaths, type PathChoice, type UsablePath, whyNoClaim } from './claims.js';
import type { Egresses, IpVrf } from './ip-vrf.js';

/** Takes each path that the VRF does not use, and why. */
export type TakeUnused = (reason: UnusedReason, path: Path) => void;

/** What a VRF makes of the imported routes to one prefix, which nothing of its own keeps from being used. */
export function judge(
  vrf: Pick<IpVrf, 'at' | 'l3vni'>,
  remotes: Few<Destination>,
  topology: Topology,
  egresses: Egresses<Pick<IpVrf, 'at' | 'l3vni'>>,
  unused: TakeUnused,
): PathChoice {
  const usable: UsablePath[] = [];
  for (const destination of listOf(remotes)) {
    const path = destination.best;
    if (!path) continue;
    const reason = whyNoClaim(path, vrf, topology, egresses);
    if (reason === undefined) usable.push({ destination, path });
    else unused(reason, path);
  }
  return choosePaths(usable, vrf.l3vni);
}
