import type { Explain } from '../../../src/api/index.js';
import {
  type Ip,
  type Mac,
  parseIp,
  RouteDistinguisher,
  routeTargetOfAs2,
} from '../../../src/types/index.js';
import { type EvpnNlri, ExtendedCommunity } from '../../../src/wire/index.js';
import { imet, macRoute, originated } from '../../bgp/fabric.js';
import { HOST, type Room } from './house.js';

/** What the third leaf says of a MAC: `vni` is in the route target, and the label too unless `label` is another. */
export interface Said {
  readonly mac?: Mac;
  readonly ip?: Ip;
  readonly vni?: number;
  readonly label?: number;
  readonly ethernetTag?: number;
}

/** A MAC/IP route of a third leaf, told by the neighbor. */
export function announce(
  room: Room,
  nextHop: string,
  { mac = HOST, ip, vni = 10010, label = 10010, ethernetTag = 0 }: Said,
  ...communities: bigint[]
): void {
  tell(room, nextHop, vni, communities, (rd) => macRoute(mac, { rd, ip, ethernetTag, label1: label }));
}

/** Its Type-3, which asks for BUM traffic. */
export function announceFlood(room: Room, nextHop: string, vni = 10010, hasTunnel = true): void {
  tell(room, nextHop, vni, [], (rd) => imet(nextHop, { rd }), hasTunnel);
}

function tell(
  room: Room,
  nextHop: string,
  vni: number,
  communities: readonly bigint[],
  nlriOf: (rd: RouteDistinguisher) => EvpnNlri,
  hasTunnel = false,
): void {
  const attributes = {
    ...originated(nextHop),
    extendedCommunities: [ExtendedCommunity.encapsulation(), routeTargetOfAs2(65009, vni), ...communities],
    pmsiTunnel: hasTunnel ? { endpoint: parseIp(nextHop), vni } : undefined,
  };
  const source = { neighbor: '10.1.0.2', routerId: 2, internal: false };
  room.leaf.receive(source, 65002, attributes, [nlriOf(RouteDistinguisher.parse(`${nextHop}:1`))]);
}

/** What explain tells of a MAC of VNI 10010, and of an IP. */
export function explain(room: Room, mac: string, ip?: string, vni = 10010): Promise<Explain> {
  return room.get(`/api/v1/explain?vni=${vni}&mac=${mac}${ip === undefined ? '' : `&ip=${ip}`}`);
}
