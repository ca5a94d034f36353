import type { Destination, Path } from '../../bgp/index.js';
import type { Topology } from '../../dataplane/index.js';
import type { Ip } from '../../types/index.js';
import { type Few, listOf } from '../few.js';
import { Rule } from '../rules.js';
import type { UnusedReason } from '../unused-reasons.js';
import { choosePaths, isOfVrf, type PathChoice, type UsablePath, whyNoClaim } from './claims.js';
import type { Egresses, IpVrf } from './ip-vrf.js';

/** Takes each path that the VRF does not use, and why. */
export type TakeUnused = (reason: UnusedReason, path: Path) => void;

/** What is chosen for a prefix, by which rule, and why not the rest. */
export interface Judgement<Vrf> extends PathChoice {
  readonly through: Vrf | undefined;
}

/**
 * What a VRF makes of the imported routes to one prefix, which nothing of its own keeps from being used: those of the VRF itself go
 * before `local`, another VRF of this leaf that it takes the prefix of, and that before all others.
 */
export function judge<Vrf>(
  vrf: Pick<IpVrf, 'at' | 'l3vni'>,
  remotes: Few<Destination>,
  topology: Topology,
  egresses: Egresses<Pick<IpVrf, 'at' | 'l3vni'>>,
  isReached: (gateway: Ip) => boolean,
  unused: TakeUnused,
  local: Vrf | undefined,
): Judgement<Vrf> {
  const usable: UsablePath[] = [];
  for (const destination of listOf(remotes)) {
    const path = destination.best;
    if (!path) continue;
    const reason = whyNoClaim(path, vrf, topology, egresses, isReached);
    if (reason === undefined) usable.push({ destination, path });
    else unused(reason, path);
  }
  if (local === undefined || usable.some(({ path }) => isOfVrf(path.nlri, vrf.l3vni)))
    return { ...choosePaths(usable, vrf.l3vni), through: undefined };
  const lost = new Map<Path, string>();
  for (const { path } of usable) lost.set(path, Rule.LOCAL_VRF);
  return { chosen: [], through: local, rule: Rule.LOCAL_VRF, lost };
}
