import type { BfdState, Malformed } from './packet.js';

/** What the operator wants of a session; the same interval is offered for sending and asked of the neighbor. */
export interface BfdSettings {
  /** Milliseconds. */
  readonly interval: number;
  /** Packets of ours in a row that the neighbor may miss; 1 to 255. */
  readonly multiplier: number;
}

/**
 * Why a packet from the neighbor's address was discarded: it is malformed, came from beyond the link or by another interface than
 * the neighbor is heard by, or is another session's.
 */
export type Dropped = Malformed | 'ttl' | 'interface' | 'no-session';

/** The last packet of the neighbor; intervals in milliseconds. */
export interface RemoteBfd {
  readonly state: BfdState;
  readonly diagnostic: number;
  readonly discriminator: number;
  readonly desiredMinTx: number;
  readonly requiredMinRx: number;
  readonly multiplier: number;
  /** Its BFD goes on when its control plane fails (the C bit). */
  readonly controlPlaneIndependent: boolean;
}

/** A BFD session as the API shows it: plain data, a copy. Intervals are in milliseconds, times since 1970. */
export interface BfdStatus {
  readonly state: BfdState;
  /** When the state was entered. */
  readonly since: number;
  /** Why the state was entered; a number of RFC 5880 §4.1. */
  readonly diagnostic: number;
  readonly multihop: boolean;
  readonly settings: BfdSettings;
  readonly discriminator: number;
  /** Undefined while the neighbor is not heard. */
  readonly remote: RemoteBfd | undefined;
  /** At which we send, jitter not counted; undefined where the neighbor wants no packets. */
  readonly transmitInterval: number | undefined;
  /** Of silence after which the neighbor counts as dead; undefined while it is not heard. */
  readonly detectionTime: number | undefined;
  /** A Poll Sequence is under way: the neighbor has not confirmed our intervals. */
  readonly polling: boolean;
  readonly sent: number;
  readonly received: number;
  /** Packets from its address that were discarded, by reason. */
  readonly dropped: Readonly<Partial<Record<Dropped, number>>>;
  /** Times that it came up. */
  readonly ups: number;
  /** Why it last went down from Up. */
  readonly lastDown: { readonly reason: string; readonly time: number } | undefined;
  /** Why nothing can be sent; undefined where it can. */
  readonly fault: string | undefined;
}

/** Told of a session that was up, and why it is down. */
export interface BfdListener {
  /**
   * The path has failed: it was up, and neither end was taken down by its operator (RFC 5882 §3.2).
   * `controlPlaneIndependent`: of the neighbor, whose forwarding has failed then whatever its control plane does.
   */
  onDown(reason: string, controlPlaneIndependent: boolean): void;
}
