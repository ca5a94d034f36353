import { formatIp, type Ipv4 } from '../types/index.js';
import {
  AFI_L2VPN,
  AS_TRANS,
  type Capability,
  NotificationCode,
  type OpenMessage,
  OpenSubcode,
  SAFI_EVPN,
} from '../wire/index.js';
import { acceptsAs, type LocalIdentity, type NeighborConfig } from './config.js';
import type { NotificationContent } from './fsm-types.js';

/** Seconds that a peer may keep our routes while we restart (RFC 4724 §3). */
export const RESTART_TIME = 120;

/** What a peer's graceful restart capability says of L2VPN/EVPN (RFC 4724 §3). */
export interface PeerRestart {
  /** Seconds. */
  readonly restartTime: number;
  /** The R bit: the peer has just restarted. */
  readonly restarted: boolean;
  /** The F bit: the peer's forwarding state outlived the restart before this OPEN. */
  readonly forwardingPreserved: boolean;
}

/** What both OPENs together say. */
export interface Negotiated {
  readonly remoteAs: number;
  /** Unsigned 32 bits. */
  readonly remoteRouterId: number;
  readonly internal: boolean;
  readonly fourOctetAs: boolean;
  readonly routeRefresh: boolean;
  readonly extendedMessage: boolean;
  /** Seconds; 0 means neither keepalives nor a hold timer. */
  readonly holdTime: number;
  /** Seconds. */
  readonly keepaliveTime: number;
  /** Undefined where the peer announced no graceful restart for L2VPN/EVPN. */
  readonly restart: PeerRestart | undefined;
}

/** An OPEN that cannot be accepted: what to send, and why in words. */
export interface OpenRefusal {
  readonly notification: NotificationContent;
  readonly reason: string;
}

/** The capabilities that we announce to every neighbor (RFC 5492). */
export function localCapabilities({ asn, restart }: LocalIdentity): readonly Capability[] {
  return [
    { code: 1, afi: AFI_L2VPN, safi: SAFI_EVPN },
    { code: 2 },
    { code: 6 },
    {
      code: 64,
      restartState: restart.restarting,
      notification: false,
      restartTime: RESTART_TIME,
      families: [{ afi: AFI_L2VPN, safi: SAFI_EVPN, forwardingPreserved: restart.forwardingPreserved }],
    },
    { code: 65, asn },
  ];
}

/** Our OPEN to this neighbor (RFC 4271 §4.2, RFC 6793). */
export function buildOpen(local: LocalIdentity, neighbor: NeighborConfig): OpenMessage {
  return {
    version: 4,
    myAs: local.asn > 0xffff ? AS_TRANS : local.asn,
    holdTime: neighbor.holdTime,
    routerId: local.routerId,
    capabilities: localCapabilities(local),
  };
}

function refuse(subcode: number, reason: string, data: Uint8Array = new Uint8Array(0)): OpenRefusal {
  return { notification: { code: NotificationCode.OPEN_MESSAGE_ERROR, subcode, data }, reason };
}

function octets(value: number, length: 2 | 4): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
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
  let families = 0;
  let evpn = false;
  let routeRefresh = false;
  let extendedMessage = false;
  let restart: PeerRestart | undefined;
  for (const capability of open.capabilities) {
    switch (capability.code) {
      case 1:
        families++;
        if (capability.afi === AFI_L2VPN && capability.safi === SAFI_EVPN) evpn = true;
        break;
      case 2:
        routeRefresh = true;
        break;
      case 6:
        extendedMessage = true;
        break;
      case 64: {
        const family = capability.families.find((f) => f.afi === AFI_L2VPN && f.safi === SAFI_EVPN);
        if (family !== undefined)
          restart = {
            restartTime: capability.restartTime,
            restarted: capability.restartState,
            forwardingPreserved: family.forwardingPreserved,
          };
        break;
      }
      case 65:
        asn4 = capability.asn;
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
  if (!evpn)
    return refuse(
      OpenSubcode.UNSUPPORTED_CAPABILITY,
      `the neighbor does not offer L2VPN/EVPN (AFI 25, SAFI 70) among its ${families} address families; activate it there`,
      Uint8Array.of(1, 4, 0, AFI_L2VPN, 0, SAFI_EVPN),
    );
  const holdTime = Math.min(open.holdTime, neighbor.holdTime);
  return {
    remoteAs,
    remoteRouterId: open.routerId,
    internal,
    fourOctetAs: asn4 !== undefined,
    routeRefresh,
    extendedMessage,
    holdTime,
    keepaliveTime: Math.min(neighbor.keepaliveTime, holdTime / 3),
    restart,
  };
}
