import { isNoVtep, isReservedEsi } from '../../types/index.js';
import { type EthernetAutoDiscovery, MAX_ETHERNET_TAG, RouteType } from '../../wire/index.js';
import type { MacVrf } from '../mac-vrf.js';
import { vtepReason } from '../unused.js';
import type { UnusedReason } from '../unused-reasons.js';
import { encapsulationReason, tagReason, type UsedRouteType } from './route-type.js';

function labelReason(
  { ethernetTag, label }: EthernetAutoDiscovery,
  { vni }: MacVrf,
): UnusedReason | undefined {
  if (ethernetTag === 0 || ethernetTag === MAX_ETHERNET_TAG) return undefined;
  return label === vni ? undefined : 'bundle-label';
}

/** Type-1, Ethernet A-D: a leaf reaches an Ethernet segment, in one VNI or, with MAX-ET, in all (RFC 7432 §8.2, §8.4). */
export const ethernetAutoDiscovery: UsedRouteType<EthernetAutoDiscovery> = {
  vtepOf: ({ nextHop }) => nextHop,

  contentReason({ esi, ethernetTag }, attributes, importTags) {
    if (isReservedEsi(esi)) return 'reserved-esi';
    const ofTag = ethernetTag === MAX_ETHERNET_TAG ? undefined : tagReason(ethernetTag, importTags);
    const reason = ofTag ?? encapsulationReason(attributes);
    if (reason !== undefined) return reason;
    return isNoVtep(attributes.nextHop) ? 'martian-next-hop' : undefined;
  },

  labelReason: (route, _attributes, vrf) => labelReason(route, vrf),

  forwardingReason: ({ nextHop }, vrf, topology) => vtepReason(nextHop, vrf, topology),

  put(vrf, destination, { esi }, now, old) {
    const { best } = destination;
    const counts =
      best?.nlri.type === RouteType.ETHERNET_AUTO_DISCOVERY && labelReason(best.nlri, vrf) === undefined;
    if (old && (!counts || old.nextHop !== now.nextHop))
      vrf.segments.undiscover(destination, esi, old.nextHop);
    if (counts) vrf.segments.discover(destination, esi, best.attributes);
  },

  remove(vrf, destination, { esi }, old) {
    vrf.segments.undiscover(destination, esi, old.nextHop);
  },
};
