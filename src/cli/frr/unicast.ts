import type { Item } from '../client.js';
import { type FrrCommand, keyed, present } from './command.js';
import {
  asPathText,
  familyName,
  isValid,
  originLetter,
  originText,
  type Peers,
  pathFrom,
  peersOf,
} from './paths.js';
import { aligned, text } from './text.js';

/* show bgp ipv4 unicast, show bgp ipv6 unicast: the underlay. */

export const UNICAST_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show bgp ipv4|ipv6 unicast',
    does: 'unicast routes of the neighbors',
    async answer(api, { choice }) {
      const [status, neighbors, all] = await Promise.all([
        api.get('/status'),
        api.all('/neighbors'),
        api.all('/underlay-routes'),
      ]);
      const routes = all.filter(({ prefix }) => familyName(prefix) === choice);
      const peers = peersOf(neighbors);
      const json = {
        vrfId: 0,
        vrfName: 'default',
        routerId: status.routerId,
        localAS: status.asn,
        routes: keyed(routes, 'prefix', (route) => unicastPaths(route, peers)),
      };
      return { json, text: () => unicastText(json, routes.length) };
    },
  },
];

/** Returns FRR's paths of an item of /underlay-routes. */
export function unicastPaths(route: Item, peers: Peers): Item[] {
  const network = String(route.prefix);
  const [prefix, length] = network.split('/');
  return (route.paths as Item[]).map((path) =>
    present({
      valid: (isValid(path) && path.unreachable === null) || undefined,
      multipath: (path.chosen === true && path.best !== true) || undefined,
      bestpath: path.best === true || undefined,
      stale: path.stale === true || undefined,
      pathFrom: pathFrom(path, peers),
      prefix,
      prefixLen: Number(length),
      network,
      metric: path.med,
      locPrf: path.localPref,
      peerId: path.neighbor,
      path: asPathText(path.asPath as Item[]),
      origin: originText(path),
      nexthops: [
        present({
          ip: String(path.nextHop).split('%')[0],
          afi: familyName(path.nextHop),
          used: path.chosen === true || undefined,
        }),
      ],
    }),
  );
}

const WIDTHS = [16, 18, -7, -6, -6];

function unicastText(json: Item, prefixes: number): string {
  const lists = Object.entries(json.routes as Record<string, Item[]>);
  if (prefixes === 0) return text('No BGP prefixes displayed, 0 exist');
  return text(
    `BGP table version is -, local router ID is ${json.routerId}, vrf id 0`,
    `Local AS ${json.localAS}`,
    'Status codes:  * valid, > best, = multipath, S Stale',
    'Origin codes:  i - IGP, e - EGP, ? - incomplete',
    '',
    '   Network          Next Hop            Metric LocPrf Weight Path',
    lists.flatMap(([network, paths]) =>
      paths.map((path, index) => {
        const mark = path.bestpath ? '>' : path.multipath ? '=' : ' ';
        const row = aligned(WIDTHS, [
          index === 0 ? network : '',
          (path.nexthops as Item[])[0]?.ip,
          path.metric ?? '',
          path.locPrf ?? '',
          '-',
          `${path.path} ${originLetter(path.origin)}`.trimStart(),
        ]);
        return `${path.valid ? '*' : ' '}${mark} ${row}`;
      }),
    ),
    '',
    `Displayed  ${prefixes} routes and ${lists.reduce((sum, [, paths]) => sum + paths.length, 0)} total paths`,
  );
}
