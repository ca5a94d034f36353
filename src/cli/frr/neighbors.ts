import { ClientError, type Item } from '../client.js';
import { at } from '../output.js';
import { type FrrCommand, keyed, nowOf, present, unlessMissing } from './command.js';
import { FAMILIES, familyOf } from './families.js';
import { sinceOf, total } from './summary.js';
import { text, uptime } from './text.js';

/* show bgp neighbors. */

export const NEIGHBOR_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show bgp neighbors',
    does: 'each neighbor in full',
    async answer(api) {
      const [status, neighbors] = await Promise.all([api.get('/status'), api.all('/neighbors')]);
      const json = keyed(neighbors, 'name', (each) => neighborItem(each, status));
      return { json, text: () => textsOf(json) };
    },
  },
  {
    words: 'show bgp neighbors NEIGHBOR',
    does: 'one in full',
    async answer(api, { NEIGHBOR: name = '' }) {
      const [status, neighbor] = await Promise.all([
        api.get('/status'),
        unlessMissing(api.get(`/neighbors/${encodeURIComponent(name)}`)),
      ]);
      const json = neighbor
        ? { [String(neighbor.name)]: neighborItem(neighbor, status) }
        : { bgpNoSuchNeighbor: true };
      return {
        json,
        text: () => {
          if (!neighbor) throw new ClientError(`no neighbor ${name}`);
          return textsOf(json as Item);
        },
      };
    },
  },
];

/** Returns FRR's neighbor, of an item of /neighbors and /status. */
export function neighborItem(neighbor: Item, status: Item): Item {
  const now = nowOf(status);
  const established = neighbor.established === true;
  const since = sinceOf(neighbor, now);
  const down = at(neighbor, 'lastDown.at');
  const seconds = (field: unknown) => (typeof field === 'number' ? field * 1000 : undefined);
  return present({
    remoteAs: neighbor.remoteAs ?? 0,
    localAs: neighbor.localAs,
    nbrExternalLink: neighbor.type === 'external' || undefined,
    nbrInternalLink: neighbor.type === 'internal' || undefined,
    nbrDesc: neighbor.description,
    peerGroup: neighbor.peerGroup,
    adminShutDown: neighbor.shutdown ? true : undefined,
    bgpVersion: 4,
    remoteRouterId: neighbor.remoteRouterId ?? '0.0.0.0',
    localRouterId: status.routerId,
    bgpState: neighbor.state,
    ...(established &&
      since !== undefined && {
        bgpTimerUpMsec: now - since,
        bgpTimerUpString: uptime((now - since) / 1000),
        bgpTimerUpEstablishedEpoch: Math.floor(since / 1000),
      }),
    bgpTimerHoldTimeMsecs: seconds(neighbor.holdTimeSeconds),
    bgpTimerKeepAliveIntervalMsecs: seconds(neighbor.keepaliveSeconds),
    neighborCapabilities: established ? capabilities(neighbor) : undefined,
    gracefulRestartInfo: {
      endOfRibRecv: byFamily(neighbor, (family) => (family.endOfRibReceivedAt === null ? undefined : true)),
    },
    messageStats: messageStats(neighbor.messages as Item),
    addressFamilyInfo: byFamily(neighbor, ({ received, rejected, sent }) => ({
      acceptedPrefixCounter: Number(received) - Number(rejected),
      sentPrefixCounter: sent,
    })),
    connectionsEstablished: Number(neighbor.flaps) + (established ? 1 : 0),
    connectionsDropped: neighbor.flaps,
    lastResetTimerMsecs: typeof down === 'string' ? Math.max(0, now - Date.parse(down)) : undefined,
    lastResetDueTo: at(neighbor, 'lastDown.reason'),
    hostLocal: neighbor.localAddress,
    hostForeign: established ? neighbor.address : undefined,
    peerBfdInfo: neighbor.bfd ? bfdInfo(neighbor.bfd as Item, now) : undefined,
  });
}

/** What a function makes of each family of the neighbor, by FRR's name of the family. */
function byFamily(neighbor: Item, of: (family: Item) => unknown): Item {
  return present(
    Object.fromEntries(
      FAMILIES.flatMap((family) => {
        const own = familyOf(neighbor, family);
        return own ? [[family.key, of(own)]] : [];
      }),
    ),
  );
}

/** Capabilities by their code (IANA). */
const CODES = { '4byteAs': 65, extendedMessage: 6, enhancedRouteRefresh: 70, gracefulRestart: 64 } as const;
const ROUTE_REFRESH = 2;
/** That of route refresh before RFC 2918. */
const ROUTE_REFRESH_OLD = 128;

function capabilities(neighbor: Item): Item {
  const listOf = (side: string) => (at(neighbor, `capabilities.${side}`) ?? []) as Item[];
  const has = (side: string, code: number) => listOf(side).some((each) => each.code === code);
  const exchanged = (code: number) => {
    const [sent, received] = [has('sent', code), has('received', code)];
    return sent && received
      ? 'advertisedAndReceived'
      : sent
        ? 'advertised'
        : received
          ? 'received'
          : undefined;
  };
  const refresh = exchanged(ROUTE_REFRESH);
  const refreshes = has('received', ROUTE_REFRESH_OLD) ? 'OldNew' : 'New';
  const restart = listOf('received').find(({ code }) => code === CODES.gracefulRestart);
  return present({
    ...Object.fromEntries(Object.entries(CODES).map(([name, code]) => [name, exchanged(code)])),
    routeRefresh: refresh === 'advertisedAndReceived' ? `${refresh}${refreshes}` : refresh,
    multiprotocolExtensions: byFamily(neighbor, ({ negotiated }) => ({
      [negotiated ? 'advertisedAndReceived' : 'advertised']: true,
    })),
    gracefulRestartRemoteTimerMsecs: restart && Number.parseInt(String(restart.value), 10) * 1000,
  });
}

const MESSAGES = {
  opens: 'open',
  notifications: 'notification',
  updates: 'update',
  keepalives: 'keepalive',
  routeRefresh: 'routeRefresh',
} as const;

function messageStats({ sent, received }: Item): Item {
  return {
    ...Object.fromEntries(
      Object.entries(MESSAGES).flatMap(([name, kind]) => [
        [`${name}Sent`, (sent as Item)[kind]],
        [`${name}Recv`, (received as Item)[kind]],
      ]),
    ),
    totalSent: total(sent as Item),
    totalRecv: total(received as Item),
  };
}

function bfdInfo(bfd: Item, now: number): Item {
  const seconds = Math.max(0, Math.floor((now - Date.parse(String(bfd.since))) / 1000));
  return {
    type: bfd.multihop ? 'multi hop' : 'single hop',
    detectMultiplier: bfd.multiplier,
    rxMinInterval: bfd.intervalMs,
    txMinInterval: bfd.intervalMs,
    status: bfd.state,
    lastUpdate: `${Math.floor(seconds / 86_400)}:${uptime(seconds % 86_400)}`,
  };
}

const textsOf = (neighbors: Item) =>
  Object.entries(neighbors as Record<string, Item>)
    .map(([name, fields]) => `${neighborText(name, fields)}\n`)
    .join('');

const EXCHANGED: Readonly<Record<string, string>> = {
  advertisedAndReceived: 'advertised and received',
  advertisedAndReceivedOldNew: 'advertised and received(old & new)',
  advertisedAndReceivedNew: 'advertised and received(new)',
};
const CAPABILITY_TITLES = {
  '4byteAs': '4 Byte AS',
  extendedMessage: 'Extended Message',
  routeRefresh: 'Route refresh',
  enhancedRouteRefresh: 'Enhanced Route Refresh',
  gracefulRestart: 'Graceful Restart Capability',
} as const;

/** Returns the lines of a value of `neighborItem`. */
export function neighborText(name: string, of: Item): string {
  const stats = of.messageStats as Record<string, number>;
  const can = (of.neighborCapabilities ?? {}) as Record<string, string>;
  const bfd = of.peerBfdInfo as Item | undefined;
  const row = (title: string, key: string) =>
    `    ${`${title}:`.padEnd(16)}${String(stats[`${key}Sent`]).padStart(10)} ${String(stats[`${key}Recv`]).padStart(10)}`;
  return text(
    `BGP neighbor is ${name}, remote AS ${of.remoteAs}, local AS ${of.localAs}, ${of.nbrExternalLink ? 'external' : 'internal'} link`,
    of.nbrDesc === undefined ? [] : ` Description: ${of.nbrDesc}`,
    of.adminShutDown ? ' Administratively shut down' : [],
    `  BGP version 4, remote router ID ${of.remoteRouterId}, local router ID ${of.localRouterId}`,
    `  BGP state = ${of.bgpState}${of.bgpTimerUpString === undefined ? '' : `, up for ${of.bgpTimerUpString}`}`,
    of.bgpTimerHoldTimeMsecs === undefined
      ? []
      : `  Hold time is ${Number(of.bgpTimerHoldTimeMsecs) / 1000} seconds, keepalive interval is ${Number(of.bgpTimerKeepAliveIntervalMsecs) / 1000} seconds`,
    '  Neighbor capabilities:',
    Object.entries(CAPABILITY_TITLES).flatMap(([key, title]) =>
      can[key] === undefined ? [] : `    ${title}: ${EXCHANGED[can[key]] ?? can[key]}`,
    ),
    '  Message statistics:',
    '                         Sent       Rcvd',
    row('Opens', 'opens'),
    row('Notifications', 'notifications'),
    row('Updates', 'updates'),
    row('Keepalives', 'keepalives'),
    row('Route Refresh', 'routeRefresh'),
    row('Total', 'total'),
    FAMILIES.flatMap(({ key, title }) => {
      const family = (of.addressFamilyInfo as Record<string, Item>)[key];
      return family
        ? ['', ` For address family: ${title}`, `  ${family.acceptedPrefixCounter} accepted prefixes`]
        : [];
    }),
    '',
    `  Connections established ${of.connectionsEstablished}; dropped ${of.connectionsDropped}`,
    of.lastResetDueTo === undefined
      ? '  Last reset never'
      : `  Last reset ${uptime(Number(of.lastResetTimerMsecs) / 1000)},  ${of.lastResetDueTo}`,
    of.hostLocal === undefined ? [] : `Local host: ${of.hostLocal}`,
    of.hostForeign === undefined ? [] : `Foreign host: ${of.hostForeign}`,
    bfd === undefined
      ? []
      : [
          `  BFD: Type: ${bfd.type}`,
          `  Detect Multiplier: ${bfd.detectMultiplier}, Min Rx interval: ${bfd.rxMinInterval}, Min Tx interval: ${bfd.txMinInterval}`,
          `  Status: ${bfd.status}, Last update: ${bfd.lastUpdate}`,
        ],
  );
}
