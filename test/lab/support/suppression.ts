/** Whether ARP and ND for remote hosts are answered by the leaf's own bridge and never cross the fabric. */
import { readFileSync } from 'node:fs';
import type { Fabric } from '../../../lab/index.js';
import { formatIp, ipFromBytes } from '../../../src/types/index.js';

/** What a host was told, and what went through the fabric while it asked. */
export interface Suppression {
  /** The MAC addresses in the host's own neighbor table afterwards. */
  answers: { ipv4: string | undefined; ipv6: string | undefined };
  /** Replies to three pings in each family: the answer was the right one. */
  replies: { ipv4: number; ipv6: number };
  /** Packets inside VXLAN on the leaf's uplink. */
  underlay: { pings: number; arp: number; solicitations: number };
}

/** The host forgets its neighbors and asks for a remote one, in both families. */
export async function suppression(fabric: Fabric, from: string, to: string): Promise<Suppression> {
  const { ipv4, ipv6 } = fabric.host(to).address;
  await fabric.exec(from, 'ip', 'neigh', 'flush', 'all');
  const capture = await fabric.capture(fabric.leafOf(from), 'spine1', 'udp port 4789');
  const v4 = await fabric.ping(from, to, { count: 3 });
  const v6 = await fabric.ping(from, to, { count: 3, family: 'ipv6' });
  const packets = await capture.stop();
  const seen = insideVxlan(packets.path);
  const count = (kind: string, target: string) => seen.filter((each) => each === `${kind} ${target}`).length;
  const known = await fabric.neigh(from);
  const macOf = (address: string) => known.find((row) => row.dst === address)?.lladdr;
  return {
    answers: { ipv4: macOf(ipv4), ipv6: macOf(ipv6) },
    replies: { ipv4: v4.received, ipv6: v6.received },
    underlay: {
      pings: count('echo', ipv4) + count('echo', ipv6),
      arp: count('arp', ipv4),
      solicitations: count('solicitation', ipv6),
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

const PCAP_HEADER = 24;
const PCAP_RECORD_HEADER = 16;
const ETHERNET = 14;
const UDP_AND_VXLAN = 16;

/**
 * ARP requests, neighbor solicitations and echo requests inside VXLAN over IPv4, as `kind target`. Read here and not by
 * tshark, which takes longer to start inside user-mode-linux than all else together.
 */
function insideVxlan(file: string): string[] {
  const bytes = readFileSync(file);
  const found: string[] = [];
  for (let at = PCAP_HEADER; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const packet = bytes.subarray(at + PCAP_RECORD_HEADER, at + PCAP_RECORD_HEADER + length);
    at += PCAP_RECORD_HEADER + length;
    const inner = packet.subarray(ETHERNET + (packet[ETHERNET] & 15) * 4 + UDP_AND_VXLAN);
    const told = request(inner.readUInt16BE(12), inner.subarray(ETHERNET));
    if (told) found.push(told);
  }
  return found;
}

/** What a packet of an EtherType asks for. */
function request(etherType: number, packet: Buffer): string | undefined {
  const address = (from: number, length: 4 | 16) => formatIp(ipFromBytes(packet, from, length));
  if (etherType === 0x0806) return packet.readUInt16BE(6) === 1 ? `arp ${address(24, 4)}` : undefined;
  if (etherType === 0x0800) return packet[9] === 1 && packet[20] === 8 ? `echo ${address(16, 4)}` : undefined;
  if (etherType !== 0x86dd || packet[6] !== 58) return undefined;
  if (packet[40] === 135) return `solicitation ${address(48, 16)}`;
  return packet[40] === 128 ? `echo ${address(24, 16)}` : undefined;
}
