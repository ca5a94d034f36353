import type { Item, Query } from '../client.js';
import { type Answer, type Api, type FrrCommand, type Given, present } from './command.js';
import {
  asnsOf,
  asPathText,
  communitiesText,
  familyName,
  isValid,
  originLetter,
  originText,
  type Peers,
  pathFrom,
  peersOf,
} from './paths.js';
import { aligned, text } from './text.js';

/* show bgp l2vpn evpn: routes by route distinguisher. */

/** FRR's names of the route types; it takes their numbers too. */
const TYPES = { ead: 1, macip: 2, multicast: 3, es: 4, prefix: 5 } as const;
const TYPE = [...Object.keys(TYPES), ...Object.values(TYPES)].join('|');

export const ROUTE_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show bgp l2vpn evpn',
    does: 'EVPN routes by route distinguisher',
    async answer(api) {
      const { routes, status, peers } = await asked(api, {});
      const json = {
        bgpLocalRouterId: status.routerId,
        localAS: status.asn,
        ...byRd(routes, (route) => prefixItem(route, peers, false)),
        numPrefix: routes.length,
        totalPrefix: routes.length,
      };
      return {
        json,
        text: () =>
          routesText(json, status, `Displayed ${routes.length} out of ${routes.length} total prefixes`),
      };
    },
  },
  {
    words: 'show bgp l2vpn evpn route',
    does: 'the same; each path is in a list of its own',
    answer: (api) => listed(api, {}),
  },
  {
    words: `show bgp l2vpn evpn route type ${TYPE}`,
    does: 'those of a type',
    answer: (api, { choice }) => listed(api, { type: typeOf(choice) }),
  },
  {
    words: 'show bgp l2vpn evpn route rd RD',
    does: 'those of a route distinguisher, with all that is known',
    answer: (api, given) => detailed(api, given, {}),
  },
  {
    words: `show bgp l2vpn evpn route rd RD type ${TYPE}`,
    does: 'those of a route distinguisher and a type',
    answer: (api, given) => detailed(api, given, { type: typeOf(given.choice) }),
  },
];

const typeOf = (word = '') => TYPES[word as keyof typeof TYPES] ?? Number(word);

async function asked(api: Api, query: Query) {
  const [status, neighbors, routes] = await Promise.all([
    api.get('/status'),
    api.all('/neighbors'),
    api.all('/routes', query),
  ]);
  return { status, routes, peers: peersOf(neighbors) };
}

async function listed(api: Api, query: Query): Promise<Answer> {
  const { routes, status, peers } = await asked(api, query);
  const json = {
    ...byRd(routes, (route) => prefixItem(route, peers, true)),
    ...counts(routes),
  };
  const which = query.type === undefined ? '' : ' (of requested type)';
  return { json, text: () => routesText(json, status, `${displayed(routes)}${which}`) };
}

async function detailed(api: Api, given: Given, query: Query): Promise<Answer> {
  const { routes, status, peers } = await asked(api, { rd: given.RD, ...query });
  const json =
    routes.length === 0 ? {} : { ...byRd(routes, (route) => prefixDetail(route, peers)), ...counts(routes) };
  const table = byRd(routes, (route) => prefixItem(route, peers, true));
  return { json, text: () => routesText(table, status, `${displayed(routes)} with this RD`) };
}

const pathsOf = (route: Item) => route.paths as Item[];
const counts = (routes: readonly Item[]) => ({
  numPrefix: routes.length,
  numPaths: routes.reduce((sum, route) => sum + pathsOf(route).length, 0),
});
const displayed = (routes: readonly Item[]) => {
  const { numPrefix, numPaths } = counts(routes);
  return `Displayed ${numPrefix} prefixes (${numPaths} paths)`;
};

/** Routes by RD, then by prefix. Two leaves with one RD may have one prefix: its paths stand together. */
export function byRd(routes: readonly Item[], show: (route: Item) => Item): Item {
  const rds: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const rd = String(route.rd);
    rds[rd] ??= { rd };
    const prefixes = rds[rd];
    const key = String(route.key);
    const shown = show(route);
    const before = prefixes[key] as Item | undefined;
    prefixes[key] = before
      ? { ...before, paths: [...(before.paths as unknown[]), ...(shown.paths as unknown[])] }
      : shown;
  }
  return rds;
}

/** Returns what FRR's lists have of an item of /routes; `nested`: each path in a list of its own, as `… route json` has them. */
export function prefixItem(route: Item, peers: Peers, nested: boolean): Item {
  const paths = pathsOf(route).map((path) => pathItem(route, path, peers));
  return { prefix: route.key, paths: nested ? paths.map((path) => [path]) : paths };
}

/** The fields of a prefix. */
function nlriFields(route: Item): Item {
  const isMacIp = route.type === TYPES.macip;
  return present({
    routeType: route.type,
    ethTag: route.ethernetTag,
    macLen: isMacIp ? 48 : undefined,
    mac: route.mac,
    ipLen: route.ip === null ? undefined : familyName(route.ip) === 'ipv6' ? 128 : 32,
    ip: route.ip,
  });
}

const NO_ESI = /^[0:]*$/;

function pathItem(route: Item, path: Item, peers: Peers): Item {
  return present({
    valid: isValid(path) || undefined,
    bestpath: path.best === true || undefined,
    stale: path.stale === true || undefined,
    pathFrom: pathFrom(path, peers),
    ...nlriFields(route),
    esi: typeof path.esi === 'string' && !NO_ESI.test(path.esi) ? path.esi : undefined,
    metric: path.med,
    locPrf: path.localPref,
    peerId: path.neighbor ?? '(unspec)',
    path: asPathText(path.asPath as Item[]),
    origin: originText(path),
    extendedCommunity: { string: communitiesText(path.extendedCommunities as string[]) },
    nexthops: [{ ip: path.nextHop, afi: familyName(path.nextHop), used: true }],
  });
}

/** Returns what FRR has of a prefix that it shows with all its details. */
export function prefixDetail(route: Item, peers: Peers): Item {
  return {
    rd: route.rd,
    ...nlriFields(route),
    paths: pathsOf(route).map((path) => [pathDetail(route, path, peers)]),
  };
}

function pathDetail(route: Item, path: Item, peers: Peers): Item {
  const [label] = path.labels as number[];
  const pmsi = path.pmsi as Item | null;
  const received = path.receivedAt === null ? undefined : Date.parse(String(path.receivedAt));
  const asPath = path.asPath as Item[];
  const own = path.neighbor === null;
  return present({
    // FRR has it twice, as text
    VNI: route.type === TYPES.macip && label !== undefined ? String(label) : undefined,
    vni: route.type === TYPES.macip && label !== undefined ? String(label) : undefined,
    aspath: {
      string: asPath.length === 0 ? 'Local' : asPathText(asPath),
      segments: asPath.map(({ type, asns }) => ({ type: `as-${type}`, list: asns })),
      length: asnsOf(path).length,
    },
    origin: originText(path),
    metric: path.med,
    locPrf: path.localPref,
    valid: isValid(path) || undefined,
    sourced: own || undefined,
    local: own || undefined,
    stale: path.stale === true || undefined,
    bestpath: path.best === true ? { overall: true } : undefined,
    extendedCommunity: { string: communitiesText(path.extendedCommunities as string[]) },
    lastUpdate:
      received === undefined
        ? undefined
        : { epoch: Math.floor(received / 1000), string: String(path.receivedAt) },
    pmsi:
      pmsi === null
        ? undefined
        : { tunnelType: pmsi.tunnelType === 6 ? 'Ingress Replication' : 'PIM-SM Tree', label: pmsi.label },
    nexthops: [{ ip: path.nextHop, afi: familyName(path.nextHop), used: true }],
    peer: own ? { peerId: '0.0.0.0' } : peerItem(path.neighbor, peers.get(path.neighbor)),
  });
}

const peerItem = (peerId: unknown, peer: Item | undefined) =>
  present({ peerId, routerId: peer?.remoteRouterId, type: peer?.type });

const LEGEND = [
  'Status codes: * valid, > best, S stale',
  'Origin codes: i - IGP, e - EGP, ? - incomplete',
  'EVPN type-1 prefix: [1]:[EthTag]:[ESI]',
  'EVPN type-2 prefix: [2]:[EthTag]:[MAClen]:[MAC]:[IPlen]:[IP]',
  'EVPN type-3 prefix: [3]:[EthTag]:[IPlen]:[OrigIP]',
  'EVPN type-4 prefix: [4]:[ESI]:[IPlen]:[OrigIP]',
  'EVPN type-5 prefix: [5]:[EthTag]:[IPlen]:[IP]',
];
const PATH_WIDTHS = [-19, 18, -7, -6, -6];

/** Returns the table of routes by RD. */
function routesText(json: Item, status: Item, end: string): string {
  const lines: string[] = [];
  for (const [rd, prefixes] of Object.entries(json)) {
    if (typeof prefixes !== 'object' || prefixes === null) continue;
    lines.push(`Route Distinguisher: ${rd}`);
    for (const [prefix, fields] of Object.entries(prefixes as Record<string, Item>))
      if (prefix !== 'rd') lines.push(...prefixLines(prefix, fields));
  }
  return text(
    `BGP table version is -, local router ID is ${status.routerId}`,
    LEGEND,
    '',
    '   Network          Next Hop            Metric LocPrf Weight Path',
    lines,
    '',
    end,
  );
}

function prefixLines(prefix: string, { paths }: Item): string[] {
  return (paths as (Item | Item[])[])
    .flat()
    .flatMap((path) => [
      `${path.valid ? '*' : path.stale ? 'S' : ' '}${path.bestpath ? '>' : ' '} ${prefix}`,
      aligned(PATH_WIDTHS, [
        '',
        (path.nexthops as Item[])[0]?.ip,
        path.metric ?? '',
        path.locPrf ?? '',
        '-',
        `${path.path} ${originLetter(path.origin)}`.trimStart(),
      ]),
      `                    ${(path.extendedCommunity as Item).string}`,
    ]);
}
