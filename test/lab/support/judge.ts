/** tshark as the judge of what a leaf says in BGP. */
import type { Fabric, PacketFile } from '../../../lab/index.js';

/** What tshark reads from a leaf's packets: sets of values, sorted. */
export interface Judgement {
  /** Packets that it calls malformed, or BGP expert errors: their frames with the complaint. */
  complaints: string[];
  /** How many of each message: 1 OPEN, 2 UPDATE, 3 NOTIFICATION, 4 KEEPALIVE, 5 ROUTE-REFRESH. */
  messages: Record<string, number>;
  routeTypes: string[];
  rds: string[];
  macs: string[];
  ips: string[];
  nextHops: string[];
}

const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** Judges the packets that come from one of the leaf's own addresses. */
export async function judge(fabric: Fabric, leaf: string, packets: PacketFile): Promise<Judgement> {
  const own = fabric.leaf(leaf).links.map(({ leafAddress }) => {
    const { ipv4, ipv6 } = leafAddress;
    return `ip.src == ${ipv4} || ipv6.src == ${ipv6}`;
  });
  const filter = `bgp && (${own.join(' || ')})`;
  const values = async (filtered: string, ...fields: string[]): Promise<string[]> =>
    (await packets.fields(`${filter}${filtered}`, fields)).flatMap((row) =>
      row.flatMap((cell) => cell.split(',').filter(Boolean)),
    );
  const messages: Record<string, number> = {};
  for (const type of await values('', 'bgp.type')) messages[type] = (messages[type] ?? 0) + 1;
  const evpn = (name: string) => `bgp.evpn.nlri.${name}`;
  const reachable = ' && bgp.update.path_attribute.mp_reach_nlri';
  return {
    complaints: (await packets.malformed(filter)).map(
      ({ frame, protocols, complaint }) => `${frame} ${protocols}: ${complaint}`,
    ),
    messages,
    routeTypes: sorted(await values(reachable, evpn('rt'))),
    rds: sorted(await values(reachable, evpn('rd'))),
    macs: sorted(await values(reachable, evpn('mac_addr'))),
    ips: sorted(await values(reachable, evpn('ip.addr'), evpn('ipv6.addr'))),
    nextHops: sorted(
      await values(
        reachable,
        'bgp.update.path_attribute.mp_reach_nlri.next_hop.ipv4',
        'bgp.update.path_attribute.mp_reach_nlri.next_hop.ipv6',
      ),
    ),
  };
}
