import type { Secret } from '../types/index.js';
import type { PeerSecurity } from './transport.js';

/**
 * Opens the kernel's TCP sockets with what must be set before their first packet (src/linux/tcp-sockets.ts). Every call throws
 * an Error with `code`, the errno's name, where the kernel refuses. Addresses are text, with zone for link-local.
 */
export interface TcpSockets {
  /** A socket from which to connect to the address, by the device or in the VRF of that name; the descriptor is the caller's. */
  open(address: string, security: PeerSecurity, device?: string): number;
  /** Gives a connection that stands another key; it must have had one. */
  changeKey(fd: number, address: string, key: Secret): void;
  /** Port 0 asks for any free one; `peers` by address, or by prefix those without an entry of their own. */
  listen(
    address: string,
    port: number,
    peers: ReadonlyMap<string, PeerSecurity>,
    host: ListeningHost,
    device?: string,
  ): ListeningSocket;
}

/** What a listening socket asks and reports. */
export interface ListeningHost {
  /** False: the connection is reset, and costs no more. */
  admits(address: string): boolean;
  /** The descriptor is the host's from now on. */
  connected(fd: number, address: string, port: number): void;
  /** A connection was reset whose first packet had this TTL, less than `ttlSecurity` demands. */
  tooFar(address: string, ttl: number): void;
  /** Connections wait, since there are no descriptors or no memory for them; the errno's name. */
  exhausted(code: string): void;
}

export interface ListeningSocket {
  readonly port: number;
  /** Throws, and has what it had before then. */
  secure(peers: ReadonlyMap<string, PeerSecurity>): void;
  /** False where the device is gone, or is called otherwise by now. */
  isOn(device: string): boolean;
  close(): void;
}
