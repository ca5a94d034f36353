/** Whether ARP and ND for remote hosts are answered by the leaf's own bridge and never cross the fabric. */
import type { Fabric } from '../../../lab/index.js';

/** What a host was told, and what went through the fabric while it asked. */
export interface Suppression {
  /** The MAC addresses in the host's own neighbour table afterwards. */
  answers: { ipv4: string | undefined; ipv6: string | undefined };
  /** Replies to three pings in each family: the answer was the right one. */
  replies: { ipv4: number; ipv6: number };
  /** Packets inside VXLAN on the leaf's uplink. */
  underlay: { pings: number; arp: number; solicitations: number };
}

/** The host forgets its neighbours and asks for a remote one, in both families. */
export async function suppression(fabric: Fabric, from: string, to: string): Promise<Suppression> {
  const { ipv4, ipv6 } = fabric.host(to).address;
  await fabric.exec(from, 'ip', 'neigh', 'flush', 'all');
  const capture = await fabric.capture(fabric.leafOf(from), 'spine1', 'udp port 4789');
  const v4 = await fabric.ping(from, to, { count: 3 });
  const v6 = await fabric.ping(from, to, { count: 3, family: 'ipv6' });
  const packets = await capture.stop();
  const known = await fabric.neigh(from);
  const macOf = (address: string) => known.find((row) => row.dst === address)?.lladdr;
  return {
    answers: { ipv4: macOf(ipv4), ipv6: macOf(ipv6) },
    replies: { ipv4: v4.received, ipv6: v6.received },
    underlay: {
      pings: await packets.count(
        `vxlan && (icmp.type == 8 || icmpv6.type == 128) && (ip.dst == ${ipv4} || ipv6.dst == ${ipv6})`,
      ),
      arp: await packets.count(`vxlan && arp.dst.proto_ipv4 == ${ipv4}`),
      solicitations: await packets.count(`vxlan && icmpv6.nd.ns.target_address == ${ipv6}`),
    },
  };
}

/** What `suppression` must give. */
export function suppressed(fabric: Fabric, to: string): Suppression {
  const { mac } = fabric.host(to);
  return {
    answers: { ipv4: mac, ipv6: mac },
    replies: { ipv4: 3, ipv6: 3 },
    underlay: { pings: 6, arp: 0, solicitations: 0 },
  };
}
