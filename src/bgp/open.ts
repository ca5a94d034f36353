import { formatIp, type Ipv4 } from '../types/index.js';
import {
  AFI_IPV6,
  type AnyFamily,
  AS_TRANS,
  type Capability,
  EVPN,
  familyAmong,
  IPV4_UNICAST,
  NO_OCTETS,
  NotificationCode,
  type OpenMessage,
  OpenSubcode,
} from '../wire/index.js';
import { acceptsAs, type LocalIdentity, type NeighborConfig } from './config.js';
import type { NotificationContent } from './fsm-types.js';
import { keepsOverNotification, type PeerRestart, restartsOf } from './peer-restart.js';

/** Seconds that a peer may keep our routes while we restart (RFC 4724 §3). */
export const RESTART_TIME = 120;

/** What both OPENs together negotiate. */
export interface Negotiated {
  readonly remoteAs: number;
  /** Unsigned 32 bits. */
  readonly remoteRouterId: number;
  readonly internal: boolean;
  readonly fourOctetAs: boolean;
  readonly routeRefresh: boolean;
  /** Both know where a refresh begins and ends (RFC 7313). */
  readonly enhancedRefresh: boolean;
  readonly extendedMessage: boolean;
  /** Seconds; 0 means neither keepalives nor a hold timer. */
  readonly holdTime: number;
  /** Seconds. */
  readonly keepaliveTime: number;
  /** The families that both sides speak, in our order. */
  readonly families: readonly AnyFamily[];
  /** The peer has the graceful restart capability, for whatever families: it sends an End-of-RIB of each (RFC 4724 §3). */
  readonly sendsEndOfRib: boolean;
  /** By the families for which the peer announced graceful restart, for long or not. */
  readonly restarts: ReadonlyMap<AnyFamily, PeerRestart>;
}

/** An OPEN that cannot be accepted: what to send, and why in words. */
export interface OpenRefusal {
  readonly notification: NotificationContent;
  readonly reason: string;
}

/** The families of a neighbor without configured ones. */
const EVPN_ALONE: readonly AnyFamily[] = [EVPN];

/** The families that we offer to a neighbor. */
export function familiesOf({
  families = EVPN_ALONE,
}: Pick<NeighborConfig, 'families'>): readonly AnyFamily[] {
  return families;
}

/** True for a family whose next hops have to be of another one, since the session's own addresses are (RFC 8950 §4). */
function needsExtendedNextHop(family: AnyFamily, neighbor: Pick<NeighborConfig, 'interface'>): boolean {
  return neighbor.interface !== undefined && family === IPV4_UNICAST;
}

/** What of a neighbor's settings our capabilities say. */
type OfferedSettings = Pick<
  NeighborConfig,
  'families' | 'enhancedRefresh' | 'interface' | 'gracefulRestartNotification' | 'longLivedStaleTime'
>;

function longLivedCapability(
  families: readonly AnyFamily[],
  forwardingPreserved: boolean,
  staleTime = 0,
): readonly Capability[] {
  if (staleTime === 0) return [];
  return [
    {
      code: 71,
      families: families.map(({ afi, safi }) => ({ afi, safi, forwardingPreserved, staleTime })),
    },
  ];
}

/** The capabilities that we announce to a neighbor (RFC 5492). */
export function localCapabilities(
  { asn, restart }: LocalIdentity,
  neighbor: OfferedSettings,
): readonly Capability[] {
  const families = familiesOf(neighbor);
  const extended = families.filter((family) => needsExtendedNextHop(family, neighbor));
  return [
    ...families.map(({ afi, safi }) => ({ code: 1, afi, safi }) as const),
    { code: 2 },
    ...(extended.length > 0
      ? [
          {
            code: 5,
            nextHops: extended.map(({ afi, safi }) => ({ afi, safi, nextHopAfi: AFI_IPV6 })),
          } as const,
        ]
      : []),
    { code: 6 },
    {
      code: 64,
      restartState: restart.restarting,
      notification: keepsOverNotification(neighbor),
      restartTime: RESTART_TIME,
      families: families.map(({ afi, safi }) => ({
        afi,
        safi,
        forwardingPreserved: restart.forwardingPreserved,
      })),
    },
    { code: 65, asn },
    ...(neighbor.enhancedRefresh === true ? [{ code: 70 } as const] : []),
    ...longLivedCapability(families, restart.forwardingPreserved, neighbor.longLivedStaleTime),
  ];
}

/** Our OPEN to this neighbor (RFC 4271 §4.2, RFC 6793). */
export function buildOpen(local: LocalIdentity, neighbor: NeighborConfig): OpenMessage {
  return {
    version: 4,
    myAs: local.asn > 0xffff ? AS_TRANS : local.asn,
    holdTime: neighbor.holdTime,
    routerId: local.routerId,
    capabilities: localCapabilities(local, neighbor),
  };
}

function refuse(subcode: number, reason: string, data: Uint8Array = NO_OCTETS): OpenRefusal {
  return { notification: { code: NotificationCode.OPEN_MESSAGE_ERROR, subcode, data }, reason };
}

function octets(value: number, length: 2 | 4): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

function named({ name, afi, safi }: AnyFamily): string {
  return `${name} (AFI ${afi}, SAFI ${safi})`;
}

function expectedAs(local: LocalIdentity, { remoteAs }: NeighborConfig): string {
  if (remoteAs === 'internal') return `${local.asn}`;
  return remoteAs === 'external' ? `any but ${local.asn}` : `${remoteAs}`;
}

/**
 * Judges a decoded OPEN against what is configured (RFC 4271 §6.2, RFC 6286 §2.2, RFC 5492 §5). The decoder has
 * already refused what is wrong whatever the configuration.
 */
export function judgeOpen(
  open: OpenMessage,
  local: LocalIdentity,
  neighbor: NeighborConfig,
): Negotiated | OpenRefusal {
  let asn4: number | undefined;
  const offered = familiesOf(neighbor);
  const theirs: AnyFamily[] = [];
  const byIpv6: AnyFamily[] = [];
  let count = 0;
  let routeRefresh = false;
  let enhancedRefresh = false;
  let extendedMessage = false;
  for (const capability of open.capabilities) {
    switch (capability.code) {
      case 1: {
        count++;
        const family = familyAmong(offered, capability.afi, capability.safi);
        if (family !== undefined) theirs.push(family);
        break;
      }
      case 2:
        routeRefresh = true;
        break;
      case 5:
        for (const { afi, safi, nextHopAfi } of capability.nextHops) {
          const family = familyAmong(offered, afi, safi);
          if (family !== undefined && nextHopAfi === AFI_IPV6) byIpv6.push(family);
        }
        break;
      case 6:
        extendedMessage = true;
        break;
      case 65:
        asn4 = capability.asn;
        break;
      case 70:
        enhancedRefresh = neighbor.enhancedRefresh === true;
        break;
    }
  }
  const remoteAs = asn4 ?? open.myAs;
  if (!acceptsAs(neighbor.remoteAs, remoteAs, local.asn))
    return refuse(
      OpenSubcode.BAD_PEER_AS,
      `the neighbor's AS is ${remoteAs}, configured is ${expectedAs(local, neighbor)}`,
      asn4 === undefined ? octets(remoteAs, 2) : octets(remoteAs, 4),
    );
  const internal = remoteAs === local.asn;
  if (internal && open.routerId === local.routerId)
    return refuse(
      OpenSubcode.BAD_BGP_IDENTIFIER,
      `the neighbor's BGP identifier ${formatIp(open.routerId as Ipv4)} is ours; each router of an AS needs its own`,
      octets(open.routerId, 4),
    );
  // A peer without the capability speaks the one that is as old as the protocol (RFC 4760 §8)
  const common = offered.filter((family) => (count === 0 ? family.hasFields : theirs.includes(family)));
  const families = common.filter(
    (family) => !needsExtendedNextHop(family, neighbor) || byIpv6.includes(family),
  );
  if (families.length === 0 && common.length > 0)
    return refuse(
      OpenSubcode.UNSUPPORTED_CAPABILITY,
      `the neighbor offers no IPv6 next hops for ${common.map(named).join(' or ')} (RFC 8950); allow them there`,
      Uint8Array.from(
        common.flatMap(({ afi, safi }) => [5, 6, afi >>> 8, afi, safi >>> 8, safi, 0, AFI_IPV6]),
      ),
    );
  if (families.length === 0)
    return refuse(
      OpenSubcode.UNSUPPORTED_CAPABILITY,
      `the neighbor does not offer ${offered.map(named).join(' or ')} among its ${count} address families; activate it there`,
      Uint8Array.from(offered.flatMap(({ afi, safi }) => [1, 4, afi >>> 8, afi, 0, safi])),
    );
  const holdTime = Math.min(open.holdTime, neighbor.holdTime);
  return {
    remoteAs,
    remoteRouterId: open.routerId,
    internal,
    fourOctetAs: asn4 !== undefined,
    routeRefresh,
    enhancedRefresh,
    extendedMessage,
    holdTime,
    keepaliveTime: Math.min(neighbor.keepaliveTime, holdTime / 3),
    families,
    sendsEndOfRib: open.capabilities.some(({ code }) => code === 64),
    restarts: restartsOf(open, offered, neighbor),
  };
}
