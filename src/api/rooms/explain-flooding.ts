import type { Destination } from '../../bgp/index.js';
import { type PlaneKey, sourceVni, type VniAttachment, vniOwner } from '../../dataplane/index.js';
import {
  floodingReason,
  inclusiveMulticastRoute,
  type MacVrf,
  reasonText,
  vtepOf,
  whyUnused,
} from '../../evpn/index.js';
import { compareIp, formatIp, formatMac, type Ip, MAC_ZERO } from '../../types/index.js';
import { RouteType } from '../../wire/index.js';
import type { ClaimItem, Explain, KernelCheck, Story } from '../explain-schemas.js';
import { failureItem } from '../parts/failure.js';
import { portName } from '../parts/kernel-rows.js';
import { driftItem } from '../resources/drift.js';
import type { Turns } from '../turnstile.js';
import { type Chosen, chooseFirst, joined } from './explain-chosen.js';
import { advertisedItems, routeOf } from './explain-claims.js';
import { whyStranger } from './explain-strangers.js';
import type { Rooms } from './rooms.js';
import {
  type Circumstances,
  circumstancesOf,
  forwardingSentences,
  ignoredSentences,
  kernelSentences,
  OBSERVES,
} from './verdict.js';

/**
 * The story of the all-zero MAC, whose rows are a VXLAN device's default destinations: where broadcast, unknown unicast
 * and multicast of the VNI goes (RFC 7432 §11, RFC 8365 §5.1.3). Its claims are Type-3 routes, and those of
 * `heard`, Type-2 routes of that MAC, which no host has.
 */
export function explainFlooding(rooms: Rooms, vrf: MacVrf, chosen: Chosen, heard: Story): Explain {
  const claims = [...floodClaims(rooms, vrf, chosen.destinations), ...heard.claims];
  const vteps = [...(rooms.dataPlane.plane(vrf.vni)?.floods.keys() ?? [])].sort(compareIp);
  const entry: Story = {
    owner: vteps.length > 0 ? 'remote' : 'none',
    rule: ruleOf(vrf, vteps.length),
    vtep: vteps.length === 1 ? formatIp(vteps[0]) : null,
    device: null,
    sequence: 0,
    highestSequence: 0,
    sticky: false,
    pinnedBy: null,
    frozen: false,
    claims,
    moreClaims: chosen.more + heard.moreClaims,
    kernel: floodCheck(rooms, vrf),
    advertised: advertisedImet(rooms, vrf),
    moves: [],
    duplicate: null,
  };
  const explained = {
    vni: vrf.vni,
    mac: formatMac(MAC_ZERO),
    ip: null,
    entry,
    ips: [],
    moreIps: 0,
    binding: null,
  };
  const copies = { vteps: vteps.map(formatIp), others: othersDestinations(rooms, vrf) };
  return { ...explained, verdict: floodVerdict(explained, copies, circumstancesOf(rooms, vrf)) };
}

/** The verdict: frames go to `vteps`, and to the places in the sentences of `others`. */
function floodVerdict(
  { vni, entry }: Omit<Explain, 'verdict'>,
  { vteps, others }: { readonly vteps: readonly string[]; readonly others: readonly string[] },
  { forwards, observes }: Circumstances,
): string[] {
  const name = 'the default destinations';
  const { rule, advertised } = entry;
  const sentences = [
    `Broadcast, unknown unicast and multicast of VNI ${vni} goes to ${vteps.join(', ') || 'no other leaf by a copy'}.`,
    `Decided by: ${rule}.`,
    ...others,
    ...ignoredSentences(entry),
    ...forwardingSentences(vni, forwards),
    advertised.length === 0
      ? `This leaf announces no Type-3, so that others send it none of theirs${observes ? OBSERVES : ''}.`
      : `This leaf asks for that of other leaves with next hop ${advertised[0].path.nextHop}.`,
    ...kernelSentences(name, entry, observes),
  ];
  return [...new Set(sentences)];
}

/** Default destinations of the device that are not evpnd's: where they lead, and whose they are as far as can be known. */
function othersDestinations({ dataPlane }: Rooms, { vni, at }: MacVrf): string[] {
  if (!at) return [];
  const plane = dataPlane.plane(vni);
  return standingDefaults(dataPlane, at)
    .filter((dst) => plane?.holdsOwn({ table: 'flood', key: dst }) !== true)
    .map((dst) => {
      const said = `${formatIp(dst)} is a default destination of ${at.vxlanName} that is`;
      if (dst === at.multicastGroup) return `${said} the device's own: its multicast group.`;
      const stays = plane?.floods.has(dst)
        ? 'it is where a leaf of the VNI wants its copies, and stays when that leaf goes'
        : 'copies go there too, and evpnd leaves it';
      return `${said} not evpnd's but the device's own (\`remote\`), or set by hand or by another program; ${stays}.`;
    });
}

function standingDefaults({ mirror }: Rooms['dataPlane'], at: VniAttachment): Ip[] {
  const rows = [...mirror.defaultRows(at.vxlanIfindex, sourceVni(at))];
  return rows.flatMap(({ dst }) => (dst === undefined ? [] : [dst])).sort(compareIp);
}

function ruleOf(vrf: MacVrf, leaves: number): string {
  const { at } = vrf;
  const reason = floodingReason(vrf);
  if (reason === 'multicast-group' && at?.multicastGroup !== undefined)
    return `multicast group ${formatIp(at.multicastGroup)} of ${at.vxlanName}`;
  if (reason !== undefined) return reasonText(reason, undefined);
  return leaves > 0 ? 'a copy for each leaf of the VNI' : 'no other leaf of the VNI takes copies';
}

/** The Type-3 routes that the story shows: those that the VNI imports before those that may be meant for it. */
export async function chooseFloods(rooms: Rooms, vrf: MacVrf, turns: Turns): Promise<Chosen> {
  const isImported = (destination: Destination) => rooms.evpn.importer.importersOf(destination).includes(vrf);
  const isMeant = (destination: Destination) =>
    !isImported(destination) && whyStranger(rooms, vrf, destination) !== undefined;
  const choose = (wants: (destination: Destination) => boolean) =>
    chooseFirst(rooms.speaker.rib.destinationsOf({ type: RouteType.INCLUSIVE_MULTICAST }), wants, turns);
  return joined(await choose(isImported), await choose(isMeant));
}

/** Returns an item for each of these routes, which the VNI imports or which may be meant for it. */
function floodClaims(rooms: Rooms, vrf: MacVrf, destinations: readonly Destination[]): ClaimItem[] {
  const items: ClaimItem[] = [];
  for (const destination of destinations) {
    const isImported = rooms.evpn.importer.importersOf(destination).includes(vrf);
    const ignored = isImported ? whyNoCopy(rooms, vrf, destination) : whyStranger(rooms, vrf, destination);
    if (isImported || ignored !== undefined) items.push(...floodItem(rooms, vrf, destination, ignored));
  }
  return items;
}

function whyNoCopy({ dataPlane }: Rooms, vrf: MacVrf, destination: Destination): string | undefined {
  const reason = whyUnused(destination, vrf, dataPlane.topology);
  return reason && reasonText(reason, destination.best);
}

function floodItem(
  rooms: Rooms,
  vrf: MacVrf,
  destination: Destination,
  ignored: string | undefined,
): ClaimItem[] {
  const { best } = destination;
  if (!best) return [];
  const vtep = vtepOf(best.nlri, best.attributes);
  const won = ignored === undefined && rooms.dataPlane.plane(vrf.vni)?.floods.has(vtep) === true;
  return [
    {
      origin: 'remote',
      won,
      ignored: ignored ?? null,
      mac: formatMac(MAC_ZERO),
      ip: null,
      vtep: formatIp(vtep),
      esi: null,
      leaf: won ? formatIp(vtep) : null,
      sequence: 0,
      sticky: false,
      router: false,
      device: null,
      epoch: null,
      route: routeOf(rooms, destination, best.nlri, best.attributes.pmsiTunnel?.label ?? 0),
    },
  ];
}

/** Default destinations that stand against those that are wanted. */
function floodCheck({ dataPlane }: Rooms, { vni, at }: MacVrf): KernelCheck {
  const plane = dataPlane.plane(vni);
  const found = at ? standingDefaults(dataPlane, at) : [];
  const wanted = [...(plane?.floods.keys() ?? [])].sort(compareIp);
  const keys = [...new Set([...wanted, ...found])].map((key): PlaneKey => ({ table: 'flood', key }));
  const nameOf = (port: number) => portName(dataPlane, port);
  const textOf = (ips: readonly Ip[], text: (key: PlaneKey) => string) =>
    ips.map((key) => text({ table: 'flood', key })).join(', ') || 'nothing';
  const failures = keys.map((key) => plane?.intent(key)?.failure);
  return {
    wanted: plane ? textOf(wanted, (key) => plane.wantedText(key)) : 'nothing',
    found: plane ? textOf(found, (key) => plane.foundText(key, nameOf)) : 'nothing',
    fits: plane === undefined || keys.every((key) => plane.agrees(key)),
    bridge: null,
    vxlan: null,
    neigh: null,
    offload: null,
    failure: failureItem(failures.find((failure) => failure !== undefined)),
    drifts: keys.flatMap((key) => dataPlane.drift.of(vniOwner(vni), key)).map(driftItem),
  };
}

function advertisedImet(rooms: Rooms, vrf: MacVrf): Story['advertised'] {
  const { advertised } = vrf.flooding;
  return advertised ? advertisedItems(rooms, [inclusiveMulticastRoute(vrf, advertised.nextHop)]) : [];
}
