import type { Ip, Mac } from '../types/index.js';

/** Receives what hosts announce by ARP and ND on bridge ports. Calls must not throw. */
export interface SnoopObserver {
  /**
   * A host behind `port` announced that `ip` is at `mac`. `tag` is the frame's VLAN, 0 for an untagged one. `router` is the
   * router flag of an IPv6 host, undefined if the packet has none.
   */
  heard(port: number, tag: number, mac: Mac, ip: Ip, router: boolean | undefined): void;
  /** A host asks whether anybody has `ip`, since it wants it for itself (RFC 5227 §2.1.1, RFC 4862 §5.4.2). */
  tentative(port: number, tag: number, ip: Ip): void;
  /** More comes by the port than is read; called again and again while that lasts. */
  flooded(port: number): void;
}

/** A question to one host, by unicast: an ARP probe (RFC 5227) or a neighbor solicitation (RFC 4861 §7.2.2). */
export interface HostQuestion {
  /** ifindex of the bridge port that the host is behind. */
  readonly port: number;
  /** VLAN of the frame, 0 for an untagged one. */
  readonly tag: number;
  readonly mac: Mac;
  readonly ip: Ip;
  /** Our own MAC, which the host answers to. */
  readonly source: Mac;
}

/** Ears and mouth on the bridge ports; linux/ has the real one. */
export interface Snooper {
  start(observer: SnoopObserver): void;
  /** Sends the question; false where the kernel refused the frame. */
  ask(question: HostQuestion): boolean;
  close(): void;
}
