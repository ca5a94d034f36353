/** Routes in all their kinds, as a scripted peer says them: what is not named is as a plain leaf's of VNI 10010. */
import {
  ESI_ZERO,
  type Esi,
  parseIp,
  parseMac,
  parseRouteTarget,
  RouteDistinguisher,
} from '../../../src/types/index.js';
import { ExtendedCommunity, MAX_ETHERNET_TAG, RouteType } from '../../../src/wire/index.js';
import type { ScriptedPeer } from './scripted-peer.js';

/** What routes of each kind have in common. */
interface Said {
  readonly nextHop?: string;
  readonly rd?: string;
  readonly routeTarget?: string;
  /** Beside route target and encapsulation. */
  readonly communities?: readonly bigint[];
  /** Tunnel type of the encapsulation; VXLAN where absent. */
  readonly encapsulation?: number;
}

/** A MAC/IP route. */
export interface SaidHost extends Said {
  readonly mac: string;
  readonly ip?: string;
  readonly label?: number;
  readonly ethernetTag?: number;
  readonly esi?: string;
}

/** ESI label of an all-active segment (RFC 7432 §7.5). */
const ALL_ACTIVE = 0x0601_0000_0000_0000n;

function attributesOf({ nextHop = '10.0.0.9', routeTarget, communities = [], encapsulation }: Said) {
  return {
    nextHop: parseIp(nextHop),
    extendedCommunities: [
      parseRouteTarget(routeTarget ?? '65000:10010'),
      ExtendedCommunity.encapsulation(encapsulation),
      ...communities,
    ],
    pmsiTunnel: undefined,
  };
}

const rdOf = ({ rd, nextHop = '10.0.0.9' }: Said) =>
  RouteDistinguisher.parse(rd ?? `${nextHop.includes(':') ? '10.0.0.99' : nextHop}:1`);
const esiOf = (esi: string | undefined) => (esi ?? ESI_ZERO).replaceAll(':', '') as Esi;

export function sayHost(peer: ScriptedPeer, said: SaidHost): void {
  const { mac, ip, label = 10010, ethernetTag = 0, esi } = said;
  peer.say(attributesOf(said), {
    type: RouteType.MAC_IP_ADVERTISEMENT,
    rd: rdOf(said),
    esi: esiOf(esi),
    ethernetTag,
    mac: parseMac(mac),
    ip: ip === undefined ? undefined : parseIp(ip),
    label1: label,
    label2: undefined,
  });
}

/** A Type-3 whose tunnel ends at `endpoint`; without one it has no PMSI attribute. */
export function sayFlood(peer: ScriptedPeer, said: Said & { readonly endpoint?: string }): void {
  const { nextHop = '10.0.0.9', endpoint } = said;
  const pmsiTunnel = endpoint === undefined ? undefined : { endpoint: parseIp(endpoint), vni: 10010 };
  peer.say(
    { ...attributesOf(said), pmsiTunnel },
    { type: RouteType.INCLUSIVE_MULTICAST, rd: rdOf(said), ethernetTag: 0, originator: parseIp(nextHop) },
  );
}

/** The Ethernet A-D per ES route of a leaf of the segment, and its Ethernet A-D per EVI route for VNI 10010. */
export function saySegment(peer: ScriptedPeer, said: Said & { readonly esi: string }): void {
  const discovery = { type: RouteType.ETHERNET_AUTO_DISCOVERY, esi: esiOf(said.esi) };
  const { nextHop = '10.0.0.9' } = said;
  const perEs = RouteDistinguisher.parse(`${nextHop}:2`);
  peer.say(attributesOf({ ...said, communities: [ALL_ACTIVE] }), {
    ...discovery,
    rd: perEs,
    ethernetTag: MAX_ETHERNET_TAG,
    label: 0,
  });
  peer.say(attributesOf(said), { ...discovery, rd: rdOf(said), ethernetTag: 0, label: 10010 });
}
