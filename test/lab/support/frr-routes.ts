/** EVPN routes as FRR shows them, brought to what the tests compare. */
import type { Fabric, Leaf, Plan } from '../../../lab/index.js';

/** A path of a route; the fields that one type of route lacks are undefined. */
export interface FrrRoute {
  rd: string;
  /** FRR's own text: `[2]:[0]:[48]:[02:01:00:00:0a:01]:[32]:[10.10.10.11]`. */
  prefix: string;
  valid: boolean;
  best: boolean;
  nextHop: string;
  /** Extended communities as FRR prints them, in the order on the wire. */
  communities: string;
  asPath: string;
  /** The label of type 2. */
  vni: string | undefined;
  /** The tunnel of type 3. */
  pmsi: { tunnelType: string; label: number } | undefined;
}

interface FrrPath {
  VNI?: string;
  valid?: boolean;
  bestpath?: { overall?: boolean };
  aspath: { string: string };
  extendedCommunity?: { string: string };
  pmsi?: { tunnelType: string; label: number };
  nexthops: { ip: string }[];
}
interface FrrPrefix {
  prefix: string;
  paths: FrrPath[][];
}

/** Every path of every route on a node of FRR, by route distinguisher and prefix. */
export async function frrRoutes(fabric: Fabric, node: string): Promise<FrrRoute[]> {
  const table = await fabric.vtyshJson<Record<string, Record<string, FrrPrefix | string>>>(
    node,
    'show bgp l2vpn evpn route detail json',
  );
  return Object.entries(table).flatMap(([rd, prefixes]) =>
    Object.values(prefixes)
      .filter((each): each is FrrPrefix => typeof each === 'object' && each !== null && 'paths' in each)
      .flatMap(({ prefix, paths }) =>
        paths.flat().map((path) => ({
          rd,
          prefix,
          valid: path.valid === true,
          best: path.bestpath?.overall === true,
          nextHop: path.nexthops[0]?.ip ?? '',
          communities: path.extendedCommunity?.string ?? '',
          asPath: path.aspath.string,
          vni: path.VNI,
          pmsi: path.pmsi,
        })),
      ),
  );
}

/** The routes of a node that come from one router, by the address in their route distinguisher, link-local ones aside. */
export async function routesOf(fabric: Fabric, node: string, routerId: string): Promise<FrrRoute[]> {
  return (await frrRoutes(fabric, node))
    .filter(({ rd, prefix }) => rd.startsWith(`${routerId}:`) && !prefix.includes('[fe80:'))
    .sort(byKey);
}

const byKey = (a: FrrRoute, b: FrrRoute): number => (`${a.rd} ${a.prefix}` < `${b.rd} ${b.prefix}` ? -1 : 1);

/** What FRR must show of a leaf of ours: valid and best, with everything as RFC 8365 and FRR's own leaves have it. */
export function expectedRoutes(plan: Plan, leaf: Leaf, asPath: string): FrrRoute[] {
  return leaf.segments
    .flatMap(({ vni }) => {
      const common = {
        rd: `${leaf.routerId}:${vni}`,
        valid: true,
        best: true,
        nextHop: leaf.vtep,
        communities: `RT:${leaf.asn}:${vni} ET:8`,
        asPath,
      };
      const type2 = (prefix: string): FrrRoute => ({ ...common, prefix, vni: String(vni), pmsi: undefined });
      const hosts = plan.hosts.filter((host) => host.leaf === leaf.name && host.vni === vni);
      return [
        ...hosts.flatMap(({ mac, address }) => [
          type2(`[2]:[0]:[48]:[${mac}]`),
          type2(`[2]:[0]:[48]:[${mac}]:[32]:[${address.ipv4}]`),
          type2(`[2]:[0]:[48]:[${mac}]:[128]:[${address.ipv6}]`),
        ]),
        {
          ...common,
          prefix: `[3]:[0]:[32]:[${leaf.vtep}]`,
          vni: undefined,
          pmsi: { tunnelType: 'Ingress Replication', label: vni },
        },
      ];
    })
    .sort(byKey);
}
