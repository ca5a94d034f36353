import type { Destination, Path } from '../../bgp/index.js';
import type { Topology } from '../../dataplane/index.js';
import { type Ip, ipByteLength, type PrefixKey, prefixOf, type Vni } from '../../types/index.js';
import { listOf } from '../few.js';
import { Rule } from '../rules.js';
import { reasonText, type UnusedReason } from '../unused-reasons.js';
import type { IpVrf, Way } from './ip-vrf.js';
import type { IpVrfs } from './ip-vrfs.js';
import { judge } from './judge.js';

/** One imported route to a prefix, and what became of it. */
export interface HeardRoute {
  readonly destination: Destination;
  readonly path: Path;
  /** Why it may not be used. */
  readonly ignored: UnusedReason | undefined;
  /** It may, and another goes before it by this rule. */
  readonly lostBy: string | undefined;
}

/** How a VRF reaches one prefix, and why so. */
export interface PrefixLook {
  readonly prefix: PrefixKey;
  /** What of the leaf's own goes before all routes: its network, address, host on a port, or another program's route. */
  readonly own: UnusedReason | undefined;
  /** The VNI of hosts that has the host on a port here. */
  readonly localVni: Vni | undefined;
  /** Where it leads; undefined where no route of ours is wanted. */
  readonly way: Way | undefined;
  readonly rule: string;
  /** Those that are taken first, then those that lost, then those that may not be used. */
  readonly heard: readonly HeardRoute[];
}

/** Asks what decides about the prefix again; nothing is changed by it. */
export function lookUp(ipVrfs: IpVrfs, vrf: IpVrf, prefix: PrefixKey, topology: Topology): PrefixLook {
  const entry = vrf.prefixes.get(prefix);
  const own = ipVrfs.whyNoRoute(vrf, prefix);
  const reasons = new Map<Path, UnusedReason>();
  const choice = judge(
    vrf,
    entry?.remotes,
    topology,
    ipVrfs.egresses,
    (gateway) => ipVrfs.gatewayReach(vrf, gateway) !== undefined,
    (reason, path) => reasons.set(path, reason),
    ipVrfs.localSource(vrf, prefix),
  );
  const heard: HeardRoute[] = [];
  for (const destination of listOf(entry?.remotes)) {
    const path = destination.best;
    if (!path) continue;
    const ignored = reasons.get(path) ?? own;
    heard.push({ destination, path, ignored, lostBy: ignored ? undefined : choice.lost.get(path) });
  }
  return {
    prefix,
    own,
    localVni: ipVrfs.localVniOf(vrf, prefix),
    way: entry?.way,
    rule: own !== undefined ? reasonText(own, undefined) : entry?.dirty ? Rule.PENDING : choice.rule,
    heard: heard.sort((a, b) => rank(a) - rank(b)),
  };
}

function rank({ ignored, lostBy }: HeardRoute): number {
  if (ignored !== undefined) return 2;
  return lostBy === undefined ? 0 : 1;
}

/** Every prefix that holds the address and that the VRF knows anything of, the longest first. */
export function prefixesHolding(ipVrfs: IpVrfs, vrf: IpVrf, ip: Ip): PrefixKey[] {
  const found: PrefixKey[] = [];
  const announced = ipVrfs.announcedPrefixes(vrf);
  for (let length = ipByteLength(ip) * 8; length >= 0; length--) {
    const prefix = prefixOf(ip, length);
    const isKnown = vrf.prefixes.get(prefix) !== undefined || announced.has(prefix);
    if (isKnown || ipVrfs.whyNoRoute(vrf, prefix) !== undefined) found.push(prefix);
  }
  return found;
}
