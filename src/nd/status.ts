import type { NdFault } from './packet.js';

/** Messages that were not taken, by reason; `own`: our own came back. */
export type LinkRejects = Record<NdFault | 'own', number>;

/** A router on the link beside the one that is taken. */
export interface OtherRouter {
  readonly address: string;
  /** When it was heard last, in milliseconds since 1970. */
  readonly heardAt: number;
}

/** What is known of the router at the other end of an interface. */
export interface LinkPeerStatus {
  readonly interface: string;
  /** Why none can be heard: no such interface, one that is down, no socket; undefined where all is well. */
  readonly fault: string | undefined;
  /** Its link-local address, without a zone; undefined as long as none has advertised itself. */
  readonly router: string | undefined;
  /** When it was heard last, in milliseconds since 1970. */
  readonly heardAt: number | undefined;
  readonly others: readonly OtherRouter[];
  /** Advertisements that were sent, and those of others that were taken. */
  readonly sent: number;
  readonly received: number;
  readonly rejected: Readonly<LinkRejects>;
}

/** Who wants to know the router. */
export interface LinkListener {
  /** Another router is taken (`fe80::1%swp1`), or there is none any more. */
  onPeer(address: string | undefined, reason: string): void;
  /** True while the router that is taken must not be given up for another one: its session stands. */
  isInUse(): boolean;
}
