/** What a hostile tenant sends from its port: frames by number, written into one buffer; pure. */

const FIRST_MAC = 0x02_00_50_00_00_00;
/** In the subnet that the attacked VNI's SVI has for this. */
const FIRST_IP = 0x0c_10_00_00;
/** fd0c::/64, whose lowest octets count the hosts. */
const PREFIX6 = 0xfd0c;
/** IPs a MAC: as many as the leaf heeds. */
const IPS_A_MAC = 1_024;

export const FRAME_ROOM = 96;
const ETHER = 14;
const ARP_LENGTH = 60;
const NA_LENGTH = ETHER + 40 + 32;
const ETHERTYPE_EXPERIMENTAL = 0x88b5;
const ICMPV6 = 58;
const NEIGHBOR_ADVERTISEMENT = 136;

/** Writes frame `i`, and returns its length and from which of the tenant's two ports it comes. */
export type Frames = (frame: Buffer, i: number) => { readonly length: number; readonly port: 0 | 1 };

const macAt = (i: number): number => FIRST_MAC + i;

/** An Ethernet header from a MAC to all. */
function header(frame: Buffer, mac: number, ethertype: number): void {
  frame.fill(0);
  frame.fill(0xff, 0, 6);
  frame.writeUIntBE(mac, 6, 6);
  frame.writeUInt16BE(ethertype, 12);
}

/** A frame that tells of its MAC and nothing else. */
export function hello(frame: Buffer, mac: number): number {
  header(frame, mac, ETHERTYPE_EXPERIMENTAL);
  return ARP_LENGTH;
}

/** A broadcast ARP request of a host that has an IP (RFC 826). */
function arp(frame: Buffer, mac: number, ip: number): number {
  header(frame, mac, 0x0806);
  frame.writeUInt16BE(1, ETHER);
  frame.writeUInt16BE(0x0800, ETHER + 2);
  frame[ETHER + 4] = 6;
  frame[ETHER + 5] = 4;
  frame.writeUInt16BE(1, ETHER + 6);
  frame.writeUIntBE(mac, ETHER + 8, 6);
  frame.writeUInt32BE(ip, ETHER + 14);
  return ARP_LENGTH;
}

/** The Internet checksum (RFC 1071) of the octets with a sum to begin with. */
function checksum(bytes: Buffer, from: number, end: number, sum: number): number {
  let total = sum;
  for (let at = from; at < end; at += 2) total += bytes.readUInt16BE(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

/** An unsolicited Neighbor Advertisement to all nodes (RFC 4861 §4.4) of fd0c::`host`. */
function neighborAdvertisement(frame: Buffer, mac: number, host: number): number {
  header(frame, mac, 0x86dd);
  frame.writeUIntBE(0x33_33_00_00_00_01, 0, 6);
  const ip = ETHER;
  frame[ip] = 0x60;
  frame.writeUInt16BE(32, ip + 4);
  frame[ip + 6] = ICMPV6;
  frame[ip + 7] = 255;
  frame.writeUInt16BE(PREFIX6, ip + 8);
  frame.writeUInt32BE(host, ip + 20);
  frame.writeUInt16BE(0xff02, ip + 24);
  frame[ip + 39] = 1;
  const body = ip + 40;
  frame[body] = NEIGHBOR_ADVERTISEMENT;
  frame[body + 4] = 0x20;
  frame.copy(frame, body + 8, ip + 8, ip + 24);
  frame[body + 24] = 2;
  frame[body + 25] = 1;
  frame.writeUIntBE(mac, body + 26, 6);
  // The pseudo-header (RFC 8200 §8.1): both addresses, length and protocol
  frame.writeUInt16BE(checksum(frame, ip + 8, body + 32, 32 + ICMPV6), body + 2);
  return NA_LENGTH;
}

const FLAPPING = 1_000;
/** Which way the flapping ones are at frame `i`: all have moved before the first moves back. */
const side = (i: number): 0 | 1 => (Math.floor(i / FLAPPING) % 2 === 0 ? 0 : 1);

/** What a hostile tenant may send. */
export interface Flood {
  readonly frames: Frames;
  /** Frames at full size, and how many a second. */
  readonly count: number;
  readonly rate: number;
}

export const FLOODS = {
  /** Every frame from another MAC. */
  macs: {
    frames: (frame, i) => ({ length: hello(frame, macAt(i)), port: 0 }),
    count: 300_000,
    rate: 30_000,
  },
  /** Every frame tells another IP, of MACs that have as many as may be. */
  arp: {
    frames: (frame, i) => ({
      length: arp(frame, macAt(Math.floor(i / IPS_A_MAC)), FIRST_IP + i),
      port: 0,
    }),
    count: 348_160,
    rate: 12_000,
  },
  nd: {
    frames: (frame, i) => ({
      length: neighborAdvertisement(frame, macAt(Math.floor(i / IPS_A_MAC)), 0x100 + i),
      port: 0,
    }),
    count: 348_160,
    rate: 12_000,
  },
  /** MACs that are now behind one port, now behind the other. */
  ports: {
    frames: (frame, i) => ({
      length: arp(frame, macAt(i % FLAPPING), FIRST_IP + (i % FLAPPING)),
      port: side(i),
    }),
    count: 30_000,
    rate: 3_000,
  },
  /** IPs that two MACs of one port have in turn. */
  ips: {
    frames: (frame, i) => ({ length: arp(frame, macAt(side(i)), FIRST_IP + (i % FLAPPING)), port: 0 }),
    count: 30_000,
    rate: 3_000,
  },
} satisfies Record<string, Flood>;

export type FloodName = keyof typeof FLOODS;
