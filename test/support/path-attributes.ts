import { parseIp } from '../../src/types/index.js';
import { asPathLength, neighborAs } from '../../src/wire/as-path.js';
import type { PathAttributes } from '../../src/wire/index.js';

/** An attribute set of a host's route, as a decoder makes them; what follows from the AS path is right whatever it is. */
export function pathAttributes(extra: Partial<PathAttributes> = {}): PathAttributes {
  const { asPath = [{ type: 2, asns: [65000] }] } = extra;
  return {
    origin: 0,
    asPath,
    asPathLength: asPathLength(asPath),
    neighborAs: neighborAs(asPath),
    nextHop: parseIp('10.0.0.10'),
    linkLocalNextHop: undefined,
    med: undefined,
    localPref: undefined,
    originatorId: undefined,
    clusterList: [],
    extendedCommunities: [],
    routeTargets: [],
    communities: [],
    largeCommunities: [],
    isLongLivedStale: false,
    isGoing: false,
    encapsulations: [8],
    macMobility: undefined,
    routerMac: undefined,
    defaultGateway: false,
    ndFlags: undefined,
    pmsiTunnel: undefined,
    octets: 60,
    holding: undefined,
    verdict: undefined,
    ...extra,
  };
}
