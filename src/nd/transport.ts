import { type Ip, parseIp } from '../types/index.js';

/** All nodes and all routers on a link (RFC 4291 §2.7.1). */
export const ALL_NODES = parseIp('ff02::1');
export const ALL_ROUTERS = parseIp('ff02::2');

/** A message as it arrived, its checksum verified. `bytes` is valid during the call alone. */
export interface NdArrival {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
  readonly source: Ip;
  readonly hopLimit: number;
}

/** Sends and hears router discovery on one interface. */
export interface NdChannel {
  /** With hop limit 255, from a link-local address. Undefined where it was sent, else the errno's name. */
  send(packet: Buffer, to: Ip): string | undefined;
  close(): void;
}

/** How router discovery reaches the links: ICMPv6 in the daemon, memory in tests. */
export interface NdTransport {
  /** What we send ourselves is not heard. `onArrival` must not throw. Throws NdTransportError. */
  open(ifindex: number, onArrival: (arrival: NdArrival) => void): NdChannel;
}

/** A socket that could not be had. */
export class NdTransportError extends Error {
  override readonly name = 'NdTransportError';
  constructor(
    /** The errno's name, such as EPERM. */
    readonly code: string,
    cure: string,
  ) {
    super(`a socket for router advertisements: ${code}; ${cure}`);
  }
}
