/**
 * Messages in words, for people and for comparison with what was written down: addresses, route targets and families
 * as text, octets as hexadecimal digits.
 */
import { formatEsi, formatIp, formatMac, type Ip, type Ipv4, ipFromBytes } from '../../src/types/index.js';
import {
  AttributeCode,
  attributeName,
  type Capability,
  type DecodedUpdate,
  decodeNotification,
  decodeOpen,
  decodeRouteRefresh,
  decodeShutdownCommunication,
  decodeUpdateFully,
  describeExtendedCommunity,
  describeNotification,
  type EvpnRoute,
  HEADER_LENGTH,
  MessageType,
  type MpReach,
  type MpUnreach,
  type PathAttribute,
  RouteType,
  type UpdateContext,
} from '../../src/wire/index.js';

type Words = Record<string, unknown>;

const ip = (value: number) => formatIp(value as Ipv4);
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const optionalIp = (value: Ip | undefined) => (value === undefined ? null : formatIp(value));

function describeRoute(route: EvpnRoute): Words {
  switch (route.type) {
    case 'unknown':
      return { type: route.rawType, octets: hex(route.value) };
    case RouteType.INCLUSIVE_MULTICAST:
      return { ...route, rd: String(route.rd), originator: formatIp(route.originator) };
    case RouteType.ETHERNET_SEGMENT:
      return {
        ...route,
        rd: String(route.rd),
        esi: formatEsi(route.esi),
        originator: formatIp(route.originator),
      };
    case RouteType.ETHERNET_AUTO_DISCOVERY:
      return { ...route, rd: String(route.rd), esi: formatEsi(route.esi) };
    case RouteType.MAC_IP_ADVERTISEMENT:
      return {
        ...route,
        rd: String(route.rd),
        esi: formatEsi(route.esi),
        mac: formatMac(route.mac),
        ip: optionalIp(route.ip),
        label2: route.label2 ?? null,
      };
    case RouteType.IP_PREFIX:
      return {
        ...route,
        rd: String(route.rd),
        esi: formatEsi(route.esi),
        prefix: formatIp(route.prefix),
        gateway: formatIp(route.gateway),
      };
  }
}

function describeMp(mp: MpUnreach | MpReach): Words {
  const nextHop: Words = {};
  if ('nextHop' in mp) {
    const octets = Buffer.from(mp.nextHop);
    nextHop.nextHop =
      octets.length === 4 || octets.length === 16
        ? formatIp(ipFromBytes(octets, 0, octets.length))
        : hex(octets);
  }
  return {
    afi: mp.afi,
    safi: mp.safi,
    ...nextHop,
    routes: mp.routes.map(describeRoute),
    otherNlri: hex(mp.otherNlri),
  };
}

function valueInWords(attribute: PathAttribute): unknown {
  switch (attribute.code) {
    case 'unknown':
      return hex(attribute.value);
    case AttributeCode.NEXT_HOP:
      return formatIp(attribute.value);
    case AttributeCode.AGGREGATOR:
    case AttributeCode.AS4_AGGREGATOR:
      return { ...attribute.value, address: formatIp(attribute.value.address) };
    case AttributeCode.ORIGINATOR_ID:
      return ip(attribute.value);
    case AttributeCode.CLUSTER_LIST:
      return attribute.value.map(ip);
    case AttributeCode.MP_REACH_NLRI:
    case AttributeCode.MP_UNREACH_NLRI:
      return describeMp(attribute.value);
    case AttributeCode.EXTENDED_COMMUNITIES:
      return attribute.value.map(describeExtendedCommunity);
    case AttributeCode.PMSI_TUNNEL: {
      const { endpoint, identifier } = attribute.value;
      return { ...attribute.value, endpoint: optionalIp(endpoint), identifier: hex(identifier) };
    }
    default:
      return attribute.value;
  }
}

function describeAttribute(attribute: PathAttribute): Words {
  return {
    name: attributeName(attribute.code === 'unknown' ? attribute.rawCode : attribute.code),
    flags: `0x${attribute.flags.toString(16)}`,
    value: valueInWords(attribute),
  };
}

function describeUpdate(update: DecodedUpdate): Words {
  return {
    withdrawnRoutes: hex(update.withdrawnRoutes),
    attributes: update.attributes.map(describeAttribute),
    remainder: hex(update.remainder),
    nlri: hex(update.nlri),
    faults: update.faults.map(({ outcome, field, detail }) => ({ outcome, field, detail })),
  };
}

function describeCapability(capability: Capability): Words {
  return capability.code === 'unknown'
    ? { code: capability.rawCode, octets: hex(capability.value) }
    : { ...capability };
}

/** A whole message as plain JSON. */
export function describeMessage(message: Buffer, context: UpdateContext): Words {
  const body = message.subarray(HEADER_LENGTH);
  switch (message[HEADER_LENGTH - 1]) {
    case MessageType.OPEN: {
      const open = decodeOpen(body);
      return {
        ...open,
        routerId: ip(open.routerId),
        capabilities: open.capabilities.map(describeCapability),
      };
    }
    case MessageType.UPDATE:
      return describeUpdate(decodeUpdateFully(body, context));
    case MessageType.NOTIFICATION: {
      const notification = decodeNotification(body);
      return {
        meaning: describeNotification(notification.code, notification.subcode),
        communication: decodeShutdownCommunication(notification) ?? null,
        data: hex(notification.data),
      };
    }
    case MessageType.ROUTE_REFRESH:
      return { ...decodeRouteRefresh(body) };
    default:
      return {};
  }
}
