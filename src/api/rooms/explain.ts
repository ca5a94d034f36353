import {
  compareClaims,
  type IpEntry,
  listOf,
  type MacEntry,
  type MacVrf,
  type MoveHistory,
  macRoute,
  moveCause,
  type RemoteClaim,
  UNOWNED,
  whyIp,
  whyIpUnused,
  whyMac,
  whyUnused,
} from '../../evpn/index.js';
import { compareIp, formatIp, formatMac, IPV4_ANY, type Ip, type Mac, type Vni } from '../../types/index.js';
import { formatNlri, type MacIpAdvertisement } from '../../wire/index.js';
import type { ClaimItem, Explain, MoveItem, Story } from '../explain-schemas.js';
import { ipText, originatedPathItem, timeText } from '../present.js';
import {
  type Heard,
  localIpItem,
  localMacHeard,
  localMacItem,
  remoteItem,
  remotesHeard,
  strangersHeard,
} from './explain-claims.js';
import { kernelCheck } from './explain-kernel.js';
import { type HardwareRows, portName } from './mac-item.js';
import type { Rooms } from './rooms.js';
import { duplicateItem } from './trouble-items.js';
import { verdict } from './verdict.js';

/** The story of a MAC in a VNI that is served, and of an IP that it may have; undefined where nobody knows the MAC. */
export async function explain(
  rooms: Rooms,
  vni: Vni,
  mac: Mac,
  ip: Ip | undefined,
): Promise<Explain | undefined> {
  const { evpn, dataPlane, kernel } = rooms;
  const at = evpn.vrf(vni)?.at;
  // Offload is never notified; a dump of the one port shows it, and only hardware makes it worth one
  const hardware = at && kernel.switchAsic() ? await kernel.readFdb(at.vxlanIfindex) : undefined;
  const vrf = evpn.vrf(vni);
  if (!vrf) return undefined;
  const entry = vrf.macs.get(mac);
  const story = macStory(rooms, vrf, mac, hardware);
  const { bridge, vxlan } = story.kernel;
  if (!entry && story.claims.length === 0 && !bridge && !vxlan) return undefined;
  const ipEntry = ip === undefined ? undefined : vrf.ips.get(ip);
  const binding =
    ip === undefined || (!ipEntry && !dataPlane.localNeigh(vni, ip))
      ? null
      : {
          mac:
            ipEntry && ipEntry.owner !== 'none' && ipEntry.mac !== undefined ? formatMac(ipEntry.mac) : null,
          story: ipStory(rooms, vrf, mac, ip, ipEntry),
          lastRefreshAt: timeText(dataPlane.lastRefresh(vni, ip)),
        };
  const told = {
    vni,
    mac: formatMac(mac),
    ip: ipText(ip),
    entry: story,
    ips: [...listOf(entry?.ips)].sort(compareIp).map(formatIp),
    binding,
  };
  return { ...told, verdict: verdict(told, vrf.localVtep !== undefined) };
}

function macStory(rooms: Rooms, vrf: MacVrf, mac: Mac, hardware: HardwareRows): Story {
  const { dataPlane } = rooms;
  const entry = vrf.macs.get(mac);
  const ownership = entry?.ownership ?? UNOWNED;
  const local = localMacHeard(rooms, vrf, mac);
  const remotes = remotesHeard(rooms, vrf, entry, whyUnused);
  const counted = countedOf(remotes);
  const winner = ownership.owner === 'remote' ? counted.find(({ vtep }) => vtep === entry?.vtep) : undefined;
  const isLocal = ownership.owner === 'local';
  return {
    owner: ownership.owner,
    rule: whyMac({
      ownership,
      local: local?.ignored === undefined ? local?.claim : undefined,
      remotes: counted,
      localVtep: vrf.localVtep ?? IPV4_ANY,
      history: entry?.history,
    }),
    vtep: ipText(entry?.vtep),
    device: isLocal && local ? portName(dataPlane, local.claim.port) : null,
    sequence: ownership.sequence,
    sticky: (isLocal ? local?.claim.isSticky : winner?.sticky) ?? false,
    frozen: entry?.history?.frozen ?? false,
    claims: [
      ...(local ? [localMacItem(rooms, vrf, mac, entry, local)] : []),
      ...remoteItems([...remotes, ...strangersHeard(rooms, vrf, mac, undefined)], winner),
    ],
    kernel: kernelCheck(rooms, vrf, { table: 'mac', key: mac }, hardware),
    advertised: advertisedItems(rooms, [
      macRoute(vrf, mac, undefined),
      ...[...listOf(entry?.ips)].sort(compareIp).map((ip) => macRoute(vrf, mac, ip)),
    ]),
    moves: moveItems(entry?.history),
    duplicate: duplicateOf(rooms, { vni: vrf.vni, mac }),
  };
}

function ipStory(rooms: Rooms, vrf: MacVrf, mac: Mac, ip: Ip, entry: IpEntry | undefined): Story {
  const { dataPlane } = rooms;
  const owner = entry?.owner ?? 'none';
  const local = localIpItem(rooms, vrf, ip, entry);
  const neigh = dataPlane.localNeigh(vrf.vni, ip);
  const remotes = remotesHeard(rooms, vrf, entry, whyIpUnused);
  const counted = countedOf(remotes);
  const winner = owner === 'remote' ? counted.find(({ route }) => route.mac === entry?.mac) : undefined;
  const [best] = counted;
  const macEntry = entry?.mac === undefined ? undefined : vrf.macs.get(entry.mac);
  return {
    owner,
    rule: whyIp({
      owner,
      local: neigh && ownMac(vrf.macs.get(neigh.mac), neigh.mac),
      remotes: counted,
      ownsMac: best !== undefined && vrf.macs.get(best.route.mac)?.ownership.owner === 'remote',
      localVtep: vrf.localVtep ?? IPV4_ANY,
      history: entry?.history,
    }),
    vtep: ipText(winner?.vtep),
    device: owner === 'local' ? (local?.device ?? null) : null,
    sequence: macEntry?.ownership.sequence ?? 0,
    sticky: (owner === 'local' ? local?.sticky : winner?.sticky) ?? false,
    frozen: entry?.history?.frozen ?? false,
    claims: [
      ...(local ? [local] : []),
      ...remoteItems([...remotes, ...strangersHeard(rooms, vrf, mac, ip)], winner),
    ],
    kernel: kernelCheck(rooms, vrf, { table: 'neigh', key: ip }, undefined),
    advertised: entry?.advertised ? advertisedItems(rooms, [macRoute(vrf, entry.advertised.mac, ip)]) : [],
    moves: moveItems(entry?.history),
    duplicate: duplicateOf(rooms, { vni: vrf.vni, ip }),
  };
}

function ownMac(entry: MacEntry | undefined, mac: Mac): { mac: Mac; ownsMac: boolean; sequence: number } {
  return {
    mac,
    ownsMac: entry?.ownership.owner === 'local',
    sequence: entry?.ownership.sequence ?? 0,
  };
}

/** The claims that count, best first. */
function countedOf(heard: readonly Heard<RemoteClaim>[]): RemoteClaim[] {
  return heard
    .filter(({ ignored }) => ignored === undefined)
    .map(({ claim }) => claim)
    .sort(compareClaims);
}

function remoteItems(heard: readonly Heard<RemoteClaim>[], winner: RemoteClaim | undefined): ClaimItem[] {
  return heard.map((each) => remoteItem(each, each.claim === winner));
}

function advertisedItems({ speaker }: Rooms, routes: readonly MacIpAdvertisement[]): Story['advertised'] {
  return routes.flatMap((nlri) => {
    const route = speaker.localRib.route(nlri);
    if (!route) return [];
    return [
      {
        key: formatNlri(nlri),
        rd: nlri.rd.toString(),
        path: originatedPathItem(route.nlri, route.attributes),
      },
    ];
  });
}

function moveItems(history: MoveHistory | undefined): MoveItem[] {
  return (history?.latest ?? []).map((move, i, moves) => ({
    at: timeText(move.at) ?? '',
    from: move.from,
    to: move.to,
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
