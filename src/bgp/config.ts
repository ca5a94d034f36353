import type { ListenEndpoint } from './transport.js';

/** One neighbour as the operator configured it, defaults filled in. */
export interface NeighborConfig {
  /** IPv4, IPv6, or IPv6 link-local with its zone (`fe80::1%eth0`). */
  readonly address: string;
  /** TCP port that we connect to. */
  readonly port: number;
  readonly remoteAs: number | 'internal' | 'external';
  /** True: wait for the neighbour to connect. */
  readonly passive: boolean;
  /** The address that we connect from. */
  readonly localAddress?: string;
  /** Seconds: 0 (no keepalives at all), or 3 to 65535. */
  readonly holdTime: number;
  /** Seconds; never more than a third of the negotiated hold time. */
  readonly keepaliveTime: number;
  /** Seconds. */
  readonly connectRetryTime: number;
  readonly description?: string;
}

export interface SpeakerConfig {
  readonly asn: number;
  /** Unsigned 32 bits. */
  readonly routerId: number;
  readonly listen: readonly ListenEndpoint[];
  readonly neighbors: readonly NeighborConfig[];
}

/** What an OPEN says of us. */
export interface LocalIdentity {
  readonly asn: number;
  readonly routerId: number;
  readonly restart: Readonly<LocalRestart>;
}

/** What we say of our own last restart (RFC 4724 §3), read when an OPEN is made. */
export interface LocalRestart {
  /** The R bit: we have just come back, and neighbours need not wait for our End-of-RIB before they tell theirs. */
  restarting: boolean;
  /** The F bit: what the data plane forwards outlived the restart. */
  forwardingPreserved: boolean;
}

// What takes effect only with a new session; the rest is read when it is needed
const SESSION_SETTINGS = [
  'port',
  'remoteAs',
  'passive',
  'localAddress',
  'holdTime',
  'keepaliveTime',
] as const satisfies readonly (keyof NeighborConfig)[];

/** True where going from one configuration to the other needs a new session. */
export function needsNewSession(before: NeighborConfig, after: NeighborConfig): boolean {
  return SESSION_SETTINGS.some((setting) => before[setting] !== after[setting]);
}
