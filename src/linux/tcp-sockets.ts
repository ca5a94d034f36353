import { hostPrefix, type Secret } from '../types/index.js';
import { ipOf } from './socket-address.js';
import { TcpListener, type TcpListenerHost } from './tcp-listener.js';
import { openTcpSocket, setMd5Key, type TcpSecurity } from './tcp-options.js';

/**
 * TCP sockets with TCP MD5 signatures (RFC 2385) and GTSM (RFC 5082), which must have them before the first packet. All
 * throw an Error with `code` where the kernel refuses.
 */
export const tcpSockets = {
  /** A socket from which to connect to the address; the descriptor is the caller's. */
  open: (address: string, security: TcpSecurity, device?: string): number =>
    openTcpSocket(ipOf(address), security, device),
  /** Gives a connection that stands another key; it must have had one. */
  changeKey: (fd: number, address: string, key: Secret): void =>
    setMd5Key(fd, hostPrefix(ipOf(address)), key),
  /** `peers` by address, or by prefix. */
  listen: (
    address: string,
    port: number,
    peers: ReadonlyMap<string, TcpSecurity>,
    host: TcpListenerHost,
    device?: string,
  ): TcpListener => new TcpListener(address, port, peers, host, device),
};
