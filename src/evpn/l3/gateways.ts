import type { Path } from '../../bgp/index.js';
import type { Hop } from '../../dataplane/index.js';
import { hostPrefix, type Ip, type PrefixKey, type Vni } from '../../types/index.js';
import { listOf } from '../few.js';
import type { MacVrf } from '../mac-vrf.js';
import { gatewayOf } from './claims.js';
import type { GatewayUse, IpVrf } from './ip-vrf.js';

/**
 * How a gateway is reached that a route names as its overlay index (RFC 9136 §3.2): as a neighbor of an SVI here, or as a host that a
 * MAC/IP route of another leaf has for the VRF.
 */
export type GatewayReach =
  | { readonly hop: Hop; readonly path?: undefined }
  | { readonly path: Path; readonly hop?: undefined };

/** So many gateways and prefixes come before it is looked whether their routes are still there. */
const SLACK = 256;

interface GatewayDependencies {
  readonly macVrf: (vni: Vni) => Pick<MacVrf, 'ips' | 'at'> | undefined;
  /** The path by which the VRF reaches the host, of those of MAC/IP routes. */
  readonly hostPath: (vrf: IpVrf, host: PrefixKey) => Path | undefined;
  /** The device carries frames: the kernel has no nexthop over one that does not. */
  readonly isRunning: (ifindex: number) => boolean;
  readonly mark: (vrf: IpVrf, prefix: PrefixKey) => void;
}

/**
 * Resolves the gateways of IP prefix routes by MAC/IP routes and local hosts alone, so that no gateway hangs on another one; routes are
 * decided anew where theirs is reached otherwise.
 */
export class Gateways {
  readonly #deps: GatewayDependencies;

  constructor(deps: GatewayDependencies) {
    this.#deps = deps;
  }

  /** How the gateway is reached; undefined where nobody has it. Its routes hear of it when that changes, if `prefix` names one. */
  reachOf(vrf: IpVrf, gateway: Ip, prefix?: PrefixKey): GatewayReach | undefined {
    const reach = this.#find(vrf, gateway);
    if (prefix !== undefined) {
      forgetMany(vrf);
      const use = vrf.gateways.get(gateway);
      const now = keyOf(reach);
      if (!use) vrf.gateways.set(gateway, { prefixes: new Set([prefix]), reach: now });
      else {
        if (use.reach !== now) {
          // A route of it is the first to see that: `changed` finds nothing new any more, so the others hear of it here
          for (const other of use.prefixes) if (other !== prefix) this.#deps.mark(vrf, other);
          use.prefixes.clear();
          use.reach = now;
        }
        if (use.prefixes.size > SLACK + vrf.prefixes.size) forgetGone(vrf, gateway, use);
        use.prefixes.add(prefix);
      }
    }
    return reach;
  }

  /** What is known of a host has changed. */
  changed(vrf: IpVrf, ip: Ip): void {
    const use = vrf.gateways.get(ip);
    if (!use || keyOf(this.#find(vrf, ip)) === use.reach) return;
    vrf.gateways.delete(ip);
    for (const prefix of use.prefixes) this.#deps.mark(vrf, prefix);
  }

  /** Devices are others, or which VNIs of hosts are served: of that no host says anything. */
  renew(vrf: IpVrf): void {
    for (const gateway of [...vrf.gateways.keys()]) this.changed(vrf, gateway);
  }

  #find(vrf: IpVrf, gateway: Ip): GatewayReach | undefined {
    const { at } = vrf;
    if (at.ips.includes(gateway)) return undefined;
    // In a broadcast domain that is here frames go to it straight, on a port or by the VNI of hosts
    for (const vni of at.vnis) {
      const ofHosts = this.#deps.macVrf(vni);
      const owner = ofHosts?.ips.get(gateway)?.owner;
      const { sviIfindex: ifindex = 0, up = false } = ofHosts?.at ?? {};
      const isHere = owner === 'local' || (owner === 'remote' && up);
      if (isHere && ifindex > 0 && this.#deps.isRunning(ifindex))
        return { hop: { ifindex, gateway, isOnlink: true } };
    }
    const path = this.#deps.hostPath(vrf, hostPrefix(gateway));
    return path && { path };
  }
}

/** Forgets gateways of routes that are gone, once there are twice as many as the last time left: one prefix may have many. */
function forgetMany(vrf: IpVrf): void {
  if (vrf.gateways.size <= SLACK + 2 * vrf.gatewaysKept) return;
  for (const [gateway, use] of vrf.gateways) {
    forgetGone(vrf, gateway, use);
    if (use.prefixes.size === 0) vrf.gateways.delete(gateway);
  }
  vrf.gatewaysKept = vrf.gateways.size;
}

function forgetGone(vrf: IpVrf, gateway: Ip, { prefixes }: GatewayUse): void {
  for (const prefix of prefixes) {
    const remotes = listOf(vrf.prefixes.get(prefix)?.remotes);
    if (!remotes.some(({ best }) => best && gatewayOf(best.nlri) === gateway)) prefixes.delete(prefix);
  }
}

function keyOf(reach: GatewayReach | undefined): string {
  if (!reach) return '';
  if (reach.hop) return `${reach.hop.ifindex}`;
  const { nlri, attributes } = reach.path;
  return `${attributes.nextHop} ${attributes.routerMac} ${'label2' in nlri ? nlri.label2 : ''}`;
}
