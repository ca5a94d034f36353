import type { LocalNeigh } from '../../dataplane/index.js';
import {
  compareIpClaims,
  compareRemoteClaims,
  type IpEntry,
  type IpFacts,
  ipReason,
  isMacThere,
  listOf,
  type MacEntry,
  type MacVrf,
  type MoveHistory,
  macReason,
  macRoute,
  moveCause,
  type RemoteClaim,
  Rule,
  UNOWNED,
  whyIp,
  whyMac,
  whyNoLocalIp,
} from '../../evpn/index.js';
import {
  compareIp,
  formatIp,
  formatMac,
  IPV4_ANY,
  type Ip,
  isMulticastMac,
  MAC_ZERO,
  type Mac,
  parseIp,
  parseMac,
  type Vni,
} from '../../types/index.js';
import type { MacIpAdvertisement } from '../../wire/index.js';
import type { ClaimItem, Explain, MoveItem, Story } from '../explain-schemas.js';
import { hardwareNeighs, NO_NEIGHS, portName } from '../parts/kernel-rows.js';
import { ipText, timeText } from '../present.js';
import { duplicateItem } from '../resources/duplicates.js';
import type { Turns } from '../turnstile.js';
import { waitSentences } from './excess-problems.js';
import { type Chosen, chooseRemotes, joined } from './explain-chosen.js';
import {
  advertisedItems,
  claimsHeard,
  type Heard,
  ipHearing,
  localIpItem,
  localMacHeard,
  localMacItem,
  macHearing,
  remoteItem,
} from './explain-claims.js';
import { chooseFloods, explainFlooding } from './explain-flooding.js';
import { kernelCheck } from './explain-kernel.js';
import { chooseStrangers, strangersHeard } from './explain-strangers.js';
import type { Rooms } from './rooms.js';
import { circumstancesOf, verdict } from './verdict.js';

/** IPs of one MAC that are shown. */
const MOST_IPS = 1024;
const NO_ROUTES: Chosen = { destinations: [], more: 0 };

/**
 * The story of a MAC in a VNI that is served, and of an IP that it may have; undefined where nobody knows the MAC. Of an
 * IP alone, the story of the MAC that has it.
 */
export async function explain(
  rooms: Rooms,
  vni: Vni,
  asked: Mac | undefined,
  ip: Ip | undefined,
  turns: Turns,
): Promise<Explain | undefined> {
  const mac = asked ?? (ip === undefined ? undefined : await holderOf(rooms, vni, ip, turns));
  return mac === undefined ? undefined : explainMac(rooms, vni, mac, ip, turns);
}

/** The MAC that has the IP, or that the best word on it names: a route that counts, a neighbor row, any other imported route. */
async function holderOf(rooms: Rooms, vni: Vni, ip: Ip, turns: Turns): Promise<Mac | undefined> {
  const { evpn, dataPlane } = rooms;
  await dataPlane.lookAt(vni, { table: 'neigh', key: ip });
  const vrf = evpn.vrf(vni);
  if (!vrf) return undefined;
  const entry = vrf.knownIp(ip);
  const holder = bindingMac(vrf, ip, entry);
  if (holder !== null) return parseMac(holder);
  const { destinations } = await chooseForIp(rooms, vrf, entry, turns);
  const heard = claimsHeard(destinations, entry, ipHearing(rooms, vrf, entry));
  const [best] = countedForIp(vrf, heard);
  return best?.route.mac ?? dataPlane.localNeigh(vni, ip)?.mac ?? heard[0]?.claim.route.mac;
}

async function explainMac(
  rooms: Rooms,
  vni: Vni,
  mac: Mac,
  ip: Ip | undefined,
  turns: Turns,
): Promise<Explain | undefined> {
  const { evpn, dataPlane } = rooms;
  const neighs = ip === undefined ? NO_NEIGHS : await hardwareNeighs(rooms, evpn.vrf(vni)?.at);
  const macKey = mac === MAC_ZERO ? [] : [{ table: 'mac', key: mac } as const];
  const ipKey = ip === undefined ? [] : [{ table: 'neigh', key: ip } as const];
  await dataPlane.lookAt(vni, ...macKey, ...ipKey);
  const vrf = evpn.vrf(vni);
  if (!vrf) return undefined;
  const routes = await chooseRoutes(rooms, vrf, mac, ip, turns);
  const floods = mac === MAC_ZERO ? await chooseFloods(rooms, vrf, turns) : undefined;
  // From here on in one turn, so that all that is shown was so at once
  if (evpn.vrf(vni) !== vrf) return undefined;
  const entry = vrf.knownMac(mac);
  const story = macStory(rooms, vrf, mac, routes.ofMac);
  if (floods) return explainFlooding(rooms, vrf, floods, story);
  const named = neighborIps(rooms, vrf, mac);
  if (entry === undefined && !isHeardOf(story) && named.length === 0) return undefined;
  const strangers = story.claims.flatMap(({ ip: of }) => (of === null ? [] : [parseIp(of)]));
  const ips = [...new Set([...addressesOf(vrf, mac, entry), ...named, ...strangers])];
  const shown = ips.slice(0, MOST_IPS);
  const explained = {
    vni,
    mac: formatMac(mac),
    ip: ipText(ip),
    entry: story,
    ips: shown.sort(compareIp).map(formatIp),
    moreIps: ips.length - shown.length,
    binding: ip === undefined ? null : bindingOf(rooms, vrf, ip, routes.ofIp, neighs),
  };
  const waits = [
    ...waySentences(rooms, [story, explained.binding?.story]),
    ...waitSentences(rooms, [entry, ip === undefined ? undefined : vrf.ips.get(ip)]),
  ];
  const limit = dataPlane.hosts.limitFor(vni, mac);
  return { ...explained, verdict: verdict(explained, circumstancesOf(rooms, vrf), limit, waits) };
}

/** Rows may be as they should be and lead nowhere. */
function waySentences({ dataPlane }: Rooms, stories: readonly (Story | undefined)[]): string[] {
  return stories.flatMap((story) =>
    story?.vtep && dataPlane.topology.unreachable.has(parseIp(story.vtep))
      ? [
          `The routing table has no way to ${story.vtep}: its frames are dropped. This has to find one: ip route get ${story.vtep}.`,
        ]
      : [],
  );
}

/** Some route or host claims the address, or the kernel has or had a row of it. */
function isHeardOf({ rule, claims, kernel }: Story): boolean {
  const { bridge, vxlan, neigh, drifts } = kernel;
  return (
    rule === Rule.OWN ||
    rule === Rule.GROUP ||
    claims.length > 0 ||
    bridge !== null ||
    vxlan !== null ||
    neigh !== null ||
    drifts.length > 0
  );
}

/** IPs that the MAC has in the neighbor table of the SVI, whether that counts or not. */
function neighborIps({ dataPlane }: Rooms, { at }: MacVrf, mac: Mac): Ip[] {
  return at && at.sviIfindex !== 0 ? dataPlane.mirror.neighIpsOf(at.sviIfindex, mac) : [];
}

/** The story of the IP; null where nobody knows it. */
function bindingOf(
  rooms: Rooms,
  vrf: MacVrf,
  ip: Ip,
  chosen: Chosen,
  neighs: ReadonlySet<Ip>,
): Explain['binding'] {
  const entry = vrf.knownIp(ip);
  const story = ipStory(rooms, vrf, ip, entry, chosen, neighs);
  if (entry === undefined && !isHeardOf(story)) return null;
  return {
    mac: bindingMac(vrf, ip, entry),
    story,
    lastRefreshAt: timeText(rooms.dataPlane.lastRefresh(vrf.vni, ip)),
  };
}

/** The routes that the stories of the MAC and of the IP show. */
async function chooseRoutes(rooms: Rooms, vrf: MacVrf, mac: Mac, ip: Ip | undefined, turns: Turns) {
  const entry = vrf.knownMac(mac);
  const hear = macHearing(rooms, vrf, entry);
  const ofMac = await chooseRemotes(entry?.remotes, hear, compareRemoteClaims, turns);
  const strangers = (of: Ip | undefined) => chooseStrangers(rooms, vrf, mac, of, turns);
  return {
    ofMac: joined(ofMac, await strangers(undefined)),
    ofIp:
      ip === undefined
        ? NO_ROUTES
        : joined(await chooseForIp(rooms, vrf, vrf.knownIp(ip), turns), await strangers(ip)),
  };
}

function chooseForIp(rooms: Rooms, vrf: MacVrf, entry: IpEntry | undefined, turns: Turns): Promise<Chosen> {
  const compare = (a: RemoteClaim, b: RemoteClaim) => compareIpClaims(a, b, vrf);
  return chooseRemotes(entry?.remotes, ipHearing(rooms, vrf, entry), compare, turns);
}

function macStory(rooms: Rooms, vrf: MacVrf, mac: Mac, { destinations, more }: Chosen): Story {
  const { dataPlane } = rooms;
  const entry = vrf.knownMac(mac);
  const ownership = entry?.ownership ?? UNOWNED;
  const local = localMacHeard(rooms, vrf, mac);
  const remotes = claimsHeard(destinations, entry, macHearing(rooms, vrf, entry));
  const counted = countedOf(remotes).sort(compareRemoteClaims);
  const winner = ownership.owner === 'remote' ? counted.find(({ leaf }) => leaf === entry?.vtep) : undefined;
  const isLocal = ownership.owner === 'local';
  const isOwn = macReason(mac, vrf) === 'own-mac';
  const kernel = kernelCheck(rooms, vrf, { table: 'mac', key: mac }, NO_NEIGHS);
  const port = isLocal && local ? portName(dataPlane, local.claim.port) : null;
  return {
    owner: isOwn ? 'local' : ownership.owner,
    rule: isOwn
      ? Rule.OWN
      : isMulticastMac(mac)
        ? Rule.GROUP
        : whyMac({
            ownership,
            local: local?.ignored === undefined ? local?.claim : undefined,
            remotes: counted,
            localVtep: vrf.localVtep ?? IPV4_ANY,
            history: entry?.history,
          }),
    vtep: ipText(entry?.vtep),
    device: isOwn ? (ownDevice(vrf, mac) ?? kernel.bridge?.device ?? null) : port,
    sequence: isLocal ? ownership.sequence : (winner?.sequence ?? 0),
    highestSequence: ownership.sequence,
    sticky: (isLocal ? local?.claim.isSticky : winner?.sticky) ?? false,
    pinnedBy: pinText(remotes, winner),
    frozen: entry?.history?.frozen ?? false,
    claims: [
      ...(local ? [localMacItem(rooms, vrf, mac, entry, local)] : []),
      ...remoteItems(rooms, [...remotes, ...strangersHeard(rooms, vrf, destinations)], winner),
    ],
    moreClaims: more,
    kernel,
    advertised: advertisedItems(rooms, [
      macRoute(vrf, mac, undefined),
      ...addressesOf(vrf, mac, entry)
        .filter((ip) => vrf.gateways.has(ip) || vrf.ips.get(ip)?.advertised?.mac === mac)
        .sort(compareIp)
        .map((ip) => macRoute(vrf, mac, ip)),
    ]),
    moves: moveItems(entry?.history),
    duplicate: duplicateOf(rooms, { vni: vrf.vni, mac }),
  };
}

function ipStory(
  rooms: Rooms,
  vrf: MacVrf,
  ip: Ip,
  entry: IpEntry | undefined,
  { destinations, more }: Chosen,
  neighs: ReadonlySet<Ip>,
): Story {
  const { dataPlane } = rooms;
  const owner = entry?.owner ?? 'none';
  const local = localIpItem(rooms, vrf, ip, entry);
  const neigh = dataPlane.localNeigh(vrf.vni, ip);
  const macEntry = entry?.mac === undefined ? undefined : vrf.knownMac(entry.mac);
  const ours = macEntry?.ownership.sequence ?? 0;
  const remotes = claimsHeard(destinations, entry, ipHearing(rooms, vrf, entry));
  const counted = countedForIp(vrf, remotes);
  const winner = owner === 'remote' ? counted.find(({ route }) => route.mac === entry?.mac) : undefined;
  const isOwn = ipReason(ip, vrf) === 'own-ip';
  const device = owner === 'local' ? (local?.device ?? null) : null;
  return {
    owner: isOwn ? 'local' : owner,
    rule: isOwn
      ? Rule.OWN
      : whyIp({
          owner,
          local:
            neigh && whyNoLocalIp(neigh.mac, vrf, ipReason(ip, vrf)) === undefined
              ? localFacts(vrf, neigh, entry, local?.sticky ?? false)
              : undefined,
          remotes: counted.map((claim) => ({ claim, ownsMac: isMacThere(claim, vrf) })),
          localVtep: vrf.localVtep ?? IPV4_ANY,
          history: entry?.history,
        }),
    vtep: ipText(winner?.leaf),
    device: isOwn ? vrf.at?.sviName || null : device,
    sequence: owner === 'local' ? ours : (winner?.sequence ?? 0),
    highestSequence: ours,
    sticky: (owner === 'local' ? local?.sticky : winner?.sticky) ?? false,
    pinnedBy: pinText(remotes, winner),
    frozen: entry?.history?.frozen ?? false,
    claims: [
      ...(local ? [local] : []),
      ...remoteItems(rooms, [...remotes, ...strangersHeard(rooms, vrf, destinations)], winner),
    ],
    moreClaims: more,
    kernel: kernelCheck(rooms, vrf, { table: 'neigh', key: ip }, neighs),
    advertised: advertisedItems(rooms, advertisedWith(vrf, ip, entry)),
    moves: moveItems(entry?.history),
    duplicate: duplicateOf(rooms, { vni: vrf.vni, ip }),
  };
}

/** The SVI, where the machine's own MAC is its. */
function ownDevice({ at }: MacVrf, mac: Mac): string | undefined {
  return at?.sviMac === mac ? at.sviName : undefined;
}

/** The MAC's IPs in any order, the machine's own that are announced with it among them. */
function addressesOf(vrf: MacVrf, mac: Mac, entry: MacEntry | undefined): Ip[] {
  const own = [...vrf.gateways].filter(([, gateway]) => gateway.mac === mac).map(([ip]) => ip);
  return [...new Set([...listOf(entry?.ips), ...own])];
}

/** Returns whose the IP is. */
function bindingMac(vrf: MacVrf, ip: Ip, entry: IpEntry | undefined): string | null {
  if (ipReason(ip, vrf) === 'own-ip') return vrf.at?.sviMac === undefined ? null : formatMac(vrf.at.sviMac);
  return entry && entry.owner !== 'none' && entry.mac !== undefined ? formatMac(entry.mac) : null;
}

function advertisedWith(vrf: MacVrf, ip: Ip, entry: IpEntry | undefined): MacIpAdvertisement[] {
  const mac = entry?.advertised?.mac ?? vrf.gateways.get(ip)?.mac;
  return mac === undefined ? [] : [macRoute(vrf, mac, ip)];
}

function localFacts(
  vrf: MacVrf,
  { mac, isStatic, epoch }: LocalNeigh,
  entry: IpEntry | undefined,
  isSticky: boolean,
): NonNullable<IpFacts['local']> {
  const ownership = vrf.macs.get(mac)?.ownership ?? UNOWNED;
  return {
    mac,
    ownsMac: ownership.owner === 'local',
    sequence: ownership.sequence,
    isPinned: isStatic || isSticky,
    isNew: epoch !== entry?.epoch,
  };
}

/** The claims that count. */
function countedOf(heard: readonly Heard<RemoteClaim>[]): RemoteClaim[] {
  return heard.filter(({ ignored }) => ignored === undefined).map(({ claim }) => claim);
}

/** Those on an IP, best first. */
function countedForIp(vrf: MacVrf, heard: readonly Heard<RemoteClaim>[]): RemoteClaim[] {
  return countedOf(heard).sort((a, b) => compareIpClaims(a, b, vrf));
}

/** All by which the routes of the winner's leaf bind the address to it: its MAC/IP route may have what the MAC's has not. */
function pinText(heard: readonly Heard<RemoteClaim>[], winner: RemoteClaim | undefined): string | null {
  if (winner?.pin === undefined) return null;
  const pins = heard
    .filter(({ claim, ignored }) => ignored === undefined && claim.vtep === winner.vtep)
    .flatMap(({ claim }) => claim.pins);
  return [...new Set(pins)].join(', ');
}

function remoteItems(
  rooms: Rooms,
  heard: readonly Heard<RemoteClaim>[],
  winner: RemoteClaim | undefined,
): ClaimItem[] {
  return heard.map((each) => remoteItem(rooms, each, each.claim === winner));
}

function moveItems(history: MoveHistory | undefined): MoveItem[] {
  return (history?.latest ?? []).map((move, i, moves) => ({
    at: timeText(move.at) ?? '',
    from: move.from,
    to: move.to,
    fromVtep: ipText(move.fromVtep),
    vtep: ipText(move.vtep),
    sequence: move.sequence,
    cause: moveCause(move, moves[i - 1]),
  }));
}

function duplicateOf(
  { evpn }: Rooms,
  subject: Parameters<typeof evpn.duplicates.find>[0],
): Story['duplicate'] {
  const duplicate = evpn.duplicates.find(subject);
  return duplicate ? duplicateItem(duplicate) : null;
}
