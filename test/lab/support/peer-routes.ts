/** EVPN routes as GoBGP and ExaBGP tell them, brought to one shape. */
import type { Exabgp, Gobgp, GobgpPath } from '../../../lab/index.js';

/** What a route says, whoever tells it. */
export interface PlainRoute {
  type: number;
  rd: string;
  mac: string | undefined;
  /** The host's in type 2, the originator's in type 3. */
  ip: string | undefined;
  /** The VNI: the label of type 2, the tunnel's of type 3. */
  label: number | undefined;
  nextHop: string;
  routeTargets: string[];
  /** The encapsulation community says VXLAN. */
  vxlan: boolean;
  asPath: number[];
  /** MAC mobility; absent where the route has none. */
  sequence?: number;
}

interface GobgpNlri {
  rd: { admin: string; assigned: number };
  mac?: string;
  ip?: string;
  labels?: number[];
}
interface GobgpCommunity {
  type: number;
  subtype: number;
  value?: string;
  tunnel_type?: number;
  sequence?: number;
}

function fromGobgp({ nlri, attrs }: GobgpPath): PlainRoute {
  const value = nlri.value as unknown as GobgpNlri;
  const attribute = <T>(type: number) => attrs.find((each) => each.type === type) as T | undefined;
  const communities = attribute<{ value: GobgpCommunity[] }>(16)?.value ?? [];
  const path = attribute<{ as_paths: { asns: number[] }[] | null }>(2)?.as_paths ?? [];
  const mobility = communities.find(({ type, subtype }) => type === 6 && subtype === 0);
  return {
    type: nlri.type,
    rd: `${value.rd.admin}:${value.rd.assigned}`,
    mac: value.mac,
    ip: value.ip === '<nil>' ? undefined : value.ip,
    label: value.labels?.[0] ?? attribute<{ label: number }>(22)?.label,
    nextHop: attribute<{ nexthop: string }>(14)?.nexthop ?? '',
    routeTargets: communities.flatMap(({ type, subtype, value }) =>
      type === 0 && subtype === 2 && value ? [value] : [],
    ),
    vxlan: communities.some(({ tunnel_type }) => tunnel_type === 8),
    asPath: path.flatMap(({ asns }) => asns),
    ...(mobility ? { sequence: mobility.sequence ?? 0 } : {}),
  };
}

/** What GoBGP has from its neighbors. */
export async function routesAtGobgp(gobgp: Gobgp): Promise<PlainRoute[]> {
  return Object.values(await gobgp.rib())
    .flat()
    .map(fromGobgp);
}

interface ExabgpNlri {
  code: number;
  raw: string;
  rd: string;
  mac?: string;
  ip?: string;
  label?: [number, number][];
}
interface ExabgpUpdate {
  attribute?: {
    'as-path'?: number[];
    'extended-community'?: { value: number | string; string: string }[];
    pmsi?: string;
  };
  announce?: Record<string, Record<string, ExabgpNlri[]>>;
  withdraw?: Record<string, ExabgpNlri[] | Record<string, ExabgpNlri[]>>;
}

function fromExabgp(nlri: ExabgpNlri, attribute: ExabgpUpdate['attribute'], nextHop: string): PlainRoute {
  const communities = (attribute?.['extended-community'] ?? []).map(({ string }) => string);
  const mobility = communities.map((text) => /^mac-mobility:(\d+)/.exec(text)).find(Boolean);
  return {
    type: nlri.code,
    rd: nlri.rd,
    mac: nlri.mac?.toLowerCase(),
    ip: nlri.ip,
    label: nlri.label?.[0][1] ?? Number(/\((\d+)\)/.exec(attribute?.pmsi ?? '')?.[1]),
    nextHop,
    routeTargets: communities.flatMap((text) => /^target:(.*)/.exec(text)?.[1] ?? []),
    vxlan: communities.includes('encap:VXLAN'),
    asPath: attribute?.['as-path'] ?? [],
    ...(mobility ? { sequence: Number(mobility[1]) } : {}),
  };
}

/** The NLRI without ESI and label, which are no part of a route's key. */
function keyOf({ code, rd, mac, ip }: ExabgpNlri): string {
  return `${code} ${rd} ${mac} ${ip}`;
}

/** What ExaBGP was told and not told to forget since the session's start: it keeps no table itself. */
export function routesAtExabgp(exabgp: Exabgp): PlainRoute[] {
  const routes = new Map<string, PlainRoute>();
  for (const { type, neighbor } of exabgp.events()) {
    if (type === 'state' && neighbor.state === 'down') routes.clear();
    const update = neighbor.message?.update as ExabgpUpdate | undefined;
    for (const gone of Object.values(update?.withdraw ?? {}).flatMap((each) => Object.values(each).flat()))
      routes.delete(keyOf(gone));
    for (const byNextHop of Object.values(update?.announce ?? {}))
      for (const [nextHop, list] of Object.entries(byNextHop))
        for (const nlri of list) routes.set(keyOf(nlri), fromExabgp(nlri, update?.attribute, nextHop));
  }
  return [...routes.values()];
}
