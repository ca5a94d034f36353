/** Frames that hosts send in tests, octet by octet, and the way to send them from a host. */
import { fileURLToPath } from 'node:url';
import type { Fabric } from '../../../lab/index.js';
import { ipToBytes, type Mac, macToBytes, parseIp, parseMac } from '../../../src/types/index.js';

const ALL_NODES = parseIp('ff02::1');
const ALL_NODES_MAC = parseMac('33:33:00:00:00:01');
const BROADCAST = parseMac('ff:ff:ff:ff:ff:ff');

function ethernet(destination: Mac, source: string, type: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(14 + Math.max(46, payload.length));
  macToBytes(destination, frame, 0);
  macToBytes(parseMac(source), frame, 6);
  frame.writeUInt16BE(type, 12);
  payload.copy(frame, 14);
  return frame;
}

/** A broadcast of nobody's protocol: the bridge learns the MAC, and nothing else is said. */
export function plainFrame(mac: string): Buffer {
  return ethernet(BROADCAST, mac, 0x88b5, Buffer.alloc(0));
}

/** A gratuitous ARP (RFC 5227 §3). */
export function gratuitousArp(mac: string, ip: string): Buffer {
  const arp = Buffer.from('0001080006040001'.padEnd(56, '0'), 'hex');
  macToBytes(parseMac(mac), arp, 8);
  ipToBytes(parseIp(ip), arp, 14);
  ipToBytes(parseIp(ip), arp, 24);
  return ethernet(BROADCAST, mac, 0x0806, arp);
}

/** An unsolicited neighbor advertisement that overrides (RFC 4861 §7.2.6). */
export function unsolicitedAdvertisement(mac: string, ip: string): Buffer {
  const address = Buffer.alloc(16);
  ipToBytes(parseIp(ip), address, 0);
  const option = Buffer.from('0201000000000000', 'hex');
  macToBytes(parseMac(mac), option, 2);
  const icmp = Buffer.concat([Buffer.from('8800000020000000', 'hex'), address, option]);
  const header = Buffer.alloc(40);
  header.writeUInt32BE(0x6000_0000, 0);
  header.writeUInt16BE(icmp.length, 4);
  header[6] = 58;
  header[7] = 255;
  address.copy(header, 8);
  ipToBytes(ALL_NODES, header, 24);
  // RFC 8200 §8.1: the pseudo-header, length and protocol behind the addresses
  const summed = Buffer.concat([
    header.subarray(8, 40),
    Buffer.from([0, 0, 0, icmp.length, 0, 0, 0, 58]),
    icmp,
  ]);
  let sum = 0;
  for (let at = 0; at < summed.length; at += 2) sum += summed.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  icmp.writeUInt16BE(0xffff - sum, 2);
  return ethernet(ALL_NODES_MAC, mac, 0x86dd, Buffer.concat([header, icmp]));
}

/** Sends the frames by a host's device, whatever addresses that has. */
export async function sendFrames(fabric: Fabric, host: string, ...frames: readonly Buffer[]): Promise<void> {
  const program = fileURLToPath(new URL('./send-frames.js', import.meta.url));
  await fabric.exec(host, process.execPath, program, 'eth0', ...frames.map((frame) => frame.toString('hex')));
}
