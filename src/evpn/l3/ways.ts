import type { Path } from '../../bgp/index.js';
import type { DataPlane, Hop } from '../../dataplane/index.js';
import {
  compareIp,
  IPV4_ANY,
  IPV6_ANY,
  type Ip,
  type Ipv6,
  ipToBytes,
  isIpv4,
  type PrefixKey,
  type Vni,
} from '../../types/index.js';
import type { EvpnNlri } from '../../wire/index.js';
import { egressOf, gatewayOf, routedLabel } from './claims.js';
import type { GatewayReach } from './gateways.js';
import type { Choice, Egresses, IpVrf, KnownWay, Leg, Way } from './ip-vrf.js';

/**
 * Where routes of VRFs lead: one nexthop group for all of a family that lead to the same leaves, and while one leads to a leaf, the
 * neighbor and the MAC of its router.
 */
export class Ways {
  constructor(
    readonly dataPlane: DataPlane,
    readonly egresses: Egresses,
    readonly reachOf: (vrf: IpVrf, gateway: Ip) => GatewayReach | undefined,
  ) {}

  /** The way of the choice; undefined for none. `release` is due for each that was got, once no route leads there. */
  of(vrf: IpVrf, prefix: PrefixKey, { chosen, through }: Choice): Way | undefined {
    if (chosen.length === 0 && !through) return undefined;
    const ofIpv4 = typeof prefix === 'number';
    const isPlain = !through && chosen.every(({ nlri }) => isByOwnVni(nlri, vrf.l3vni));
    const { latestWay } = vrf;
    if (isPlain && latestWay?.ofIpv4 === ofIpv4 && isOf(latestWay, chosen)) return latestWay.way;
    const way = this.#wayOf(vrf, ofIpv4, chosen, through);
    if (isPlain) vrf.latestWay = { attributes: chosen.map(({ attributes }) => attributes), ofIpv4, way };
    return way;
  }

  #wayOf(vrf: IpVrf, ofIpv4: boolean, chosen: readonly Path[], through: IpVrf | undefined): Way {
    const { legs, direct } = this.#legsOf(vrf, chosen);
    const key = `${ofIpv4} ${through?.name ?? [...legs.map(legKey), ...direct.map(hopKey)].join(' ')}`;
    let way = vrf.ways.get(key);
    if (!way) {
      const gateways = through
        ? [ofIpv4 ? IPV4_ANY : IPV6_ANY]
        : legs.map(({ vtep }) => (ofIpv4 || !isIpv4(vtep) ? vtep : mapped(vtep)));
      const group = vrf.routes.addGroup(hopsOf(vrf, { legs, gateways, direct, through }));
      way = { key, legs, gateways, direct, through, group, routes: 0, holds: false };
      vrf.ways.set(key, way);
      this.#attend(way, vrf.at.up);
    }
    return way;
  }

  /** One route fewer leads there. */
  release(vrf: IpVrf, way: Way): void {
    if (--way.routes > 0) return;
    if (vrf.ways.get(way.key) === way) vrf.ways.delete(way.key);
    vrf.routes.removeGroup(way.group);
    this.#attend(way, false);
  }

  /** The SVI of the VRF or of an egress is another one, or carries frames now, or no longer. */
  moved(vrf: IpVrf): void {
    for (const way of vrf.ways.values()) {
      vrf.routes.changeGroup(way.group, hopsOf(vrf, way));
      this.#attend(way, vrf.at.up);
    }
  }

  /** The VRF is gone with its table: its ways need no router any more. */
  dropped(vrf: IpVrf): void {
    // Not those of `ways`: some led over a VRF that went just before, and still hold routers of a third
    const ways = new Set<Way>();
    for (const { way } of vrf.prefixes.values()) if (way) ways.add(way);
    for (const way of ways) this.#attend(way, false);
    vrf.ways.clear();
  }

  /** A VRF is gone that ways of this one lead over: they stand without it until their routes have others. */
  egressGone(vrf: IpVrf, gone: IpVrf): void {
    for (const [key, way] of [...vrf.ways])
      if (way.through === gone || way.legs.some(({ egress }) => egress === gone)) {
        vrf.ways.delete(key);
        vrf.routes.changeGroup(way.group, hopsOf(vrf, way));
      }
  }

  /** Whether the way holds its routers, as it does while its VRF routes; and of each what is wanted by now. */
  #attend(way: Way, holds: boolean): void {
    const { legs, gateways } = way;
    const turns = way.holds !== holds;
    way.holds = holds;
    legs.forEach((leg, i) => {
      const { egress, routerMac, vtep } = leg;
      if (turns && holds) egress.routers.hold(gateways[i], routerMac, vtep);
      else if (turns) egress.routers.release(gateways[i], routerMac, vtep);
      this.#write(gateways[i], leg);
    });
  }

  /** Wants the neighbor of the gateway, and its MAC in the FDB, as they are claimed now; neither while the egress does not route. */
  #write(gateway: Ip, { routerMac, egress: { at, l3vni, routers, isGone } }: Leg): void {
    const { dataPlane } = this;
    // Its VNI may be one of hosts by now
    if (isGone) return;
    const mac = at.up ? routers.macOf(gateway) : undefined;
    const vtep = at.up ? routers.vtepOf(routerMac) : undefined;
    if (vtep !== undefined) dataPlane.setMac(l3vni, routerMac, vtep, false, 0);
    else dataPlane.clearMac(l3vni, routerMac);
    if (mac !== undefined) dataPlane.setNeigh(l3vni, gateway, mac, true, 0);
    else dataPlane.clearNeigh(l3vni, gateway);
  }

  /** Where the paths lead, each VTEP once by each VNI, in an order that does not hang on theirs. */
  #legsOf(vrf: IpVrf, paths: readonly Path[]): Pick<Way, 'legs' | 'direct'> {
    const legs: Leg[] = [];
    const direct: Hop[] = [];
    for (const path of paths) {
      const gateway = gatewayOf(path.nlri);
      const reach = gateway === undefined ? { path } : this.reachOf(vrf, gateway);
      if (reach?.hop && !direct.some((hop) => hopKey(hop) === hopKey(reach.hop))) direct.push(reach.hop);
      if (!reach?.path) continue;
      const { nlri, attributes } = reach.path;
      const { nextHop: vtep, routerMac } = attributes;
      const egress = egressOf(nlri, vrf, this.egresses);
      if (routerMac === undefined || !egress) continue;
      const leg = { vtep, routerMac, egress };
      const known = legs.findIndex((each) => each.vtep === vtep && each.egress === egress);
      if (known < 0) legs.push(leg);
      else if (routerMac < legs[known].routerMac) legs[known] = leg;
    }
    return { legs: legs.length > 1 ? legs.sort(legOrder) : legs, direct: direct.sort(hopOrder) };
  }
}

/** Frames of the route go by that VNI to the leaf that announces it. */
function isByOwnVni(nlri: EvpnNlri, l3vni: Vni): boolean {
  return routedLabel(nlri) === l3vni && gatewayOf(nlri) === undefined;
}

/** The way still has routes, and is that of paths with these attributes. */
function isOf({ way, attributes }: KnownWay, chosen: readonly Path[]): boolean {
  return (
    way.routes > 0 &&
    attributes.length === chosen.length &&
    chosen.every((path, i) => path.attributes === attributes[i])
  );
}

function legKey({ vtep, routerMac, egress }: Leg): string {
  return `${egress.l3vni} ${vtep} ${routerMac}`;
}

function hopKey({ ifindex, gateway }: Hop): string {
  return `%${ifindex} ${gateway}`;
}

function hopOrder(a: Hop, b: Hop): number {
  return a.ifindex - b.ifindex || compareIp(a.gateway, b.gateway);
}

function legOrder(a: Leg, b: Leg): number {
  if (a.egress !== b.egress) return a.egress.l3vni - b.egress.l3vni;
  return a.vtep < b.vtep ? -1 : Number(a.vtep > b.vtep);
}

type Ends = Pick<Way, 'legs' | 'gateways' | 'direct' | 'through'>;

function hopsOf({ at }: IpVrf, { legs, gateways, direct, through }: Ends): Hop[] {
  if (!at.up) return [];
  if (through) return through.isGone ? [] : [{ ifindex: through.at.ifindex, gateway: gateways[0] }];
  const hops: Hop[] = [...direct];
  legs.forEach(({ egress }, i) => {
    if (egress.at.up && !egress.isGone)
      hops.push({ ifindex: egress.at.sviIfindex, gateway: gateways[i], isOnlink: true });
  });
  return hops;
}

/** The IPv4-mapped address (RFC 4291 §2.5.5.2): an IPv6 route takes no IPv4 gateway (net/ipv6/route.c fib6_check_nexthop). */
function mapped(ip: Ip): Ipv6 {
  const octets = Buffer.alloc(4);
  ipToBytes(ip, octets, 0);
  return `${'\0'.repeat(10)}\xff\xff${octets.toString('latin1')}` as Ipv6;
}
