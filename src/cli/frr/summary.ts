import { ClientError, type Item } from '../client.js';
import { at } from '../output.js';
import { type Answer, type Api, type FrrCommand, keyed, nowOf, present } from './command.js';
import { FAMILIES, type FrrFamily, familyOf } from './families.js';
import { aligned, text, uptime } from './text.js';

/* show bgp summary. */

export const SUMMARY_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show bgp summary',
    does: 'sessions, by address family',
    async answer(api) {
      const { status, neighbors } = await asked(api);
      const used = FAMILIES.filter((family) => neighbors.some((each) => familyOf(each, family)));
      const json = Object.fromEntries(used.map((family) => [family.key, summary(family, status, neighbors)]));
      return {
        json,
        text: () => {
          if (used.length === 0) throw new ClientError('no BGP neighbors');
          return used
            .map(({ key, title }) =>
              text('', `${title} Summary (VRF default):`, summaryText(json[key] as Item)),
            )
            .join('');
        },
      };
    },
  },
  {
    words: 'show bgp l2vpn evpn summary',
    does: 'sessions with EVPN',
    answer: (api) => ofFamily(api, 'l2VpnEvpn'),
  },
  {
    words: 'show bgp ipv4|ipv6 unicast summary',
    does: 'sessions with unicast routes',
    answer: (api, { choice }) => ofFamily(api, choice === 'ipv6' ? 'ipv6Unicast' : 'ipv4Unicast'),
  },
];

async function ofFamily(api: Api, key: FrrFamily['key']): Promise<Answer> {
  const { status, neighbors } = await asked(api);
  const family = FAMILIES.find((each) => each.key === key) ?? FAMILIES[0];
  const own = neighbors.filter((each) => familyOf(each, family));
  const json = own.length === 0 ? {} : summary(family, status, own);
  return {
    json,
    text: () => {
      if (own.length === 0) throw new ClientError(`no BGP neighbors with ${family.title}`);
      return summaryText(json);
    },
  };
}

async function asked(api: Api): Promise<{ status: Item; neighbors: Item[] }> {
  const [status, neighbors] = await Promise.all([api.get('/status'), api.all('/neighbors')]);
  return { status, neighbors };
}

/** Returns FRR's summary of a family, of /status and items of /neighbors. */
export function summary(family: FrrFamily, status: Item, all: readonly Item[]): Item {
  const neighbors = all.filter((each) => familyOf(each, family));
  return present({
    routerId: status.routerId,
    as: status.asn,
    vrfId: 0,
    vrfName: 'default',
    ribCount:
      family.key === 'l2VpnEvpn'
        ? Number(at(status, 'counts.localRoutes')) + Number(at(status, 'counts.remoteRoutes'))
        : undefined,
    peerCount: neighbors.length,
    peers: keyed(neighbors, 'name', (neighbor) => peer(neighbor, family, nowOf(status))),
    failedPeers: neighbors.filter(({ established }) => !established).length,
    displayedPeers: neighbors.length,
    totalPeers: neighbors.length,
    dynamicPeers: neighbors.filter(({ listenRange }) => listenRange !== null).length,
  });
}

function peer(neighbor: Item, family: FrrFamily, now: number): Item {
  const own = familyOf(neighbor, family);
  const since = sinceOf(neighbor, now);
  const established = neighbor.established === true;
  return present({
    desc: neighbor.description,
    remoteAs: neighbor.remoteAs ?? 0,
    localAs: neighbor.localAs,
    version: 4,
    msgRcvd: total(at(neighbor, 'messages.received') as Item),
    msgSent: total(at(neighbor, 'messages.sent') as Item),
    peerUptime: since === undefined ? 'never' : uptime((now - since) / 1000),
    peerUptimeMsec: since === undefined ? 0 : now - since,
    peerUptimeEstablishedEpoch: established && since !== undefined ? Math.floor(since / 1000) : undefined,
    pfxRcd: own?.received ?? 0,
    pfxSnt: own?.sent ?? 0,
    state: neighbor.shutdown ? 'Idle (Admin)' : neighbor.state,
    peerState: neighbor.shutdown ? 'Admin' : established && !own?.negotiated ? 'NoNeg' : 'OK',
    connectionsEstablished: Number(neighbor.flaps) + (established ? 1 : 0),
    connectionsDropped: neighbor.flaps,
    idType: idType(neighbor),
  });
}

/** When the session came up, or the last one ended, in milliseconds since 1970; undefined where there never was one. */
export function sinceOf(neighbor: Item, now: number): number | undefined {
  if (typeof neighbor.uptimeSeconds === 'number') return now - neighbor.uptimeSeconds * 1000;
  const down = at(neighbor, 'lastDown.at');
  return typeof down === 'string' ? Math.min(Date.parse(down), now) : undefined;
}

/** The sum of counts by kind of message. */
export const total = (counts: Item) =>
  Object.values(counts).reduce((sum: number, count) => sum + Number(count), 0);

const idType = ({ interface: name, address }: Item) =>
  name !== null ? 'interface' : String(address).includes(':') ? 'ipv6' : 'ipv4';

const WIDTHS = [15, -1, -10, -9, -9, -8, -4, -4, -8, -12, -8];

/** Returns the table of a value of `summary`; a dash is what evpnd does not count. */
export function summaryText(of: Item): string {
  const peers = Object.entries(of.peers as Record<string, Item>);
  const widths = [Math.max(15, ...peers.map(([name]) => name.length)), ...WIDTHS.slice(1)];
  return text(
    `BGP router identifier ${of.routerId}, local AS number ${of.as} vrf-id ${of.vrfId}`,
    `Peers ${of.peerCount}`,
    '',
    `${aligned(widths, [
      'Neighbor',
      'V',
      'AS',
      'MsgRcvd',
      'MsgSent',
      'TblVer',
      'InQ',
      'OutQ',
      'Up/Down',
      'State/PfxRcd',
      'PfxSnt',
    ])} Desc`,
    peers.map(
      ([name, each]) =>
        `${aligned(widths, [
          name,
          each.version,
          each.remoteAs,
          each.msgRcvd,
          each.msgSent,
          '-',
          '-',
          '-',
          each.peerUptime,
          each.state === 'Established'
            ? each.peerState === 'OK'
              ? each.pfxRcd
              : each.peerState
            : each.state,
          each.pfxSnt,
        ])} ${each.desc ?? 'N/A'}`,
    ),
    '',
    `Total number of neighbors ${of.totalPeers}`,
  );
}
