import type { Path } from '../../bgp/index.js';
import type { DataPlane, Hop } from '../../dataplane/index.js';
import { type Ip, type Ipv6, ipToBytes, isIpv4, type PrefixKey } from '../../types/index.js';
import type { IpVrf, Leg, Way } from './ip-vrf.js';

/**
 * Where routes of VRFs lead: one nexthop group for all of a family that lead to the same leaves, and while one leads to a leaf, the
 * neighbor and the MAC of its router.
 */
export class Ways {
  constructor(readonly dataPlane: DataPlane) {}

  /** The way over these paths; `release` is due for each that was got, once no route leads there. */
  of(vrf: IpVrf, prefix: PrefixKey, paths: readonly Path[]): Way {
    const ofIpv4 = typeof prefix === 'number';
    const legs = legsOf(paths);
    const key = `${ofIpv4} ${legs.map(({ vtep, routerMac }) => `${vtep} ${routerMac}`).join(' ')}`;
    let way = vrf.ways.get(key);
    if (!way) {
      const gateways = legs.map(({ vtep }) => (ofIpv4 || !isIpv4(vtep) ? vtep : mapped(vtep)));
      const group = vrf.routes.addGroup(hopsOf(vrf, { gateways }));
      way = { key, legs, gateways, group, routes: 0 };
      vrf.ways.set(key, way);
      legs.forEach((leg, i) => {
        vrf.routers.hold(gateways[i], leg.routerMac, leg.vtep);
        this.#write(vrf, gateways[i], leg);
      });
    }
    return way;
  }

  /** One route fewer leads there. */
  release(vrf: IpVrf, way: Way): void {
    if (--way.routes > 0) return;
    vrf.ways.delete(way.key);
    vrf.routes.removeGroup(way.group);
    way.legs.forEach((leg, i) => {
      vrf.routers.release(way.gateways[i], leg.routerMac, leg.vtep);
      this.#write(vrf, way.gateways[i], leg);
    });
  }

  /** The SVI is another one, or carries frames now, or no longer. */
  moved(vrf: IpVrf): void {
    for (const way of vrf.ways.values()) vrf.routes.changeGroup(way.group, hopsOf(vrf, way));
  }

  /** Wants the neighbor of the gateway, and its MAC in the FDB, as they are claimed now. */
  #write({ l3vni, routers }: IpVrf, gateway: Ip, { routerMac }: Leg): void {
    const { dataPlane } = this;
    const mac = routers.macOf(gateway);
    const vtep = routers.vtepOf(routerMac);
    if (vtep !== undefined) dataPlane.setMac(l3vni, routerMac, vtep, false, 0);
    else dataPlane.clearMac(l3vni, routerMac);
    if (mac !== undefined) dataPlane.setNeigh(l3vni, gateway, mac, true, 0);
    else dataPlane.clearNeigh(l3vni, gateway);
  }
}

function hopsOf({ at }: IpVrf, { gateways }: Pick<Way, 'gateways'>): Hop[] {
  return at.up ? gateways.map((gateway) => ({ ifindex: at.sviIfindex, gateway, isOnlink: true })) : [];
}

/** Where the paths lead, each VTEP once, in an order that does not hang on theirs. */
function legsOf(paths: readonly Path[]): Leg[] {
  const legs = new Map<Ip, Leg>();
  for (const { attributes } of paths) {
    const { nextHop: vtep, routerMac } = attributes;
    const known = legs.get(vtep);
    if (routerMac !== undefined && (known === undefined || routerMac < known.routerMac))
      legs.set(vtep, { vtep, routerMac });
  }
  return [...legs.values()].sort((a, b) => (a.vtep < b.vtep ? -1 : Number(a.vtep > b.vtep)));
}

/** The IPv4-mapped address (RFC 4291 §2.5.5.2): an IPv6 route takes no IPv4 gateway (net/ipv6/route.c fib6_check_nexthop). */
function mapped(ip: Ip): Ipv6 {
  const octets = Buffer.alloc(4);
  ipToBytes(ip, octets, 0);
  return `${'\0'.repeat(10)}\xff\xff${octets.toString('latin1')}` as Ipv6;
}
