/** What a neighbor announces and takes back while the leaf's heap is to stay flat: numbered routes, over all VNIs in turn. */
import { ESI_ZERO, type Ipv4, type Mac, RouteDistinguisher, routeTargetOfAs2 } from '../src/types/index.js';
import {
  type EvpnNlri,
  type MacIpAdvertisement,
  type OriginatedAttributes,
  RouteType,
  UpdateEncoder,
} from '../src/wire/index.js';
import { attributesAt, imetAt, SPINE_ASN, vniAt, vtepAt } from './workload.js';

/** Behind which VTEP the hosts are. */
const VTEP = 9;
/** Many VTEPs, of which some attribute sets have each. */
const FIRST_FAR_VTEP = 0x100;
const FAR_VTEPS = 256;
const FIRST_MAC = 0x02_00_50_00_00_00;
const FIRST_IP = 0x0c_01_00_00;
/** A target that no VNI imports, one for each set. */
const OTHER_ASN = 64_999;

const encoder = new UpdateEncoder({
  fourOctetAs: true,
  internal: false,
  localAsn: SPINE_ASN,
  maxMessageLength: 4096,
});

/** Items `from` up to but without `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A route, and what goes with it, by the number of an item; `vnis` is how many VNIs there are. */
interface Flow {
  readonly routeAt: (i: number, vnis: number) => EvpnNlri;
  readonly attributesAt: (i: number, vnis: number) => OriginatedAttributes;
  /** After so many items attributes are the same again; they are all different where it is absent. */
  readonly attributesPeriod?: (vnis: number) => number;
}

const rdOf = (i: number): RouteDistinguisher =>
  RouteDistinguisher.ofRouterId(vtepAt(FIRST_FAR_VTEP + (i >>> 16)), i & 0xffff);

function hostAt(i: number, vnis: number): MacIpAdvertisement {
  return {
    type: RouteType.MAC_IP_ADVERTISEMENT,
    rd: RouteDistinguisher.ofRouterId(vtepAt(VTEP), (i % vnis) + 1),
    esi: ESI_ZERO,
    ethernetTag: 0,
    mac: (FIRST_MAC + i) as Mac,
    ip: undefined,
    label1: vniAt(i % vnis),
    label2: undefined,
  };
}

/** The first VNI's subnet holds the IPs of hosts in bulk; of its hosts, each other one has one. */
const withIp = (route: MacIpAdvertisement, i: number, vnis: number): MacIpAdvertisement =>
  i % (2 * vnis) === 0 ? { ...route, ip: (FIRST_IP + i) as Ipv4 } : route;

const inTurn = (vnis: number) => vnis;

export const FLOWS = {
  /** Hosts with a sequence number. */
  sequences: {
    routeAt: (i, vnis) => withIp(hostAt(i, vnis), i, vnis),
    attributesAt: (i, vnis) => attributesAt(i % vnis, VTEP, 1),
    attributesPeriod: inTurn,
  },
  /** Hosts with an RD each. */
  rds: {
    routeAt: (i, vnis) => ({ ...hostAt(i, vnis), rd: rdOf(i) }),
    attributesAt: (i, vnis) => attributesAt(i % vnis, VTEP, 0),
    attributesPeriod: inTurn,
  },
  /** Hosts with attributes each: a route target, and one of many VTEPs. */
  attributes: {
    routeAt: hostAt,
    attributesAt: (i, vnis) => {
      const { extendedCommunities, ...common } = attributesAt(i % vnis, FIRST_FAR_VTEP + (i % FAR_VTEPS), 0);
      return {
        ...common,
        extendedCommunities: [...extendedCommunities, routeTargetOfAs2(OTHER_ASN, i)],
      };
    },
  },
  /** A VTEP in each of many VNIs: item i is the VNI of that index. */
  floods: {
    routeAt: (i) => imetAt(i, VTEP),
    attributesAt: (i) => attributesAt(i, VTEP, 0, true),
  },
} satisfies Record<string, Flow>;

export type FlowName = keyof typeof FLOWS;

/** The UPDATEs that announce or withdraw items of a flow. */
export function flowUpdates(
  name: FlowName,
  { from, to }: Span,
  vnis: number,
  verb: 'announce' | 'withdraw',
): Buffer[] {
  const flow: Flow = FLOWS[name];
  const period = flow.attributesPeriod?.(vnis) ?? to - from;
  const messages: Buffer[] = [];
  for (let first = from; first < Math.min(to, from + period); first++) {
    const routes: EvpnNlri[] = [];
    for (let i = first; i < to; i += period) routes.push(flow.routeAt(i, vnis));
    messages.push(
      ...(verb === 'announce'
        ? encoder.announce(flow.attributesAt(first, vnis), routes)
        : encoder.withdraw(routes)),
    );
  }
  return messages;
}
