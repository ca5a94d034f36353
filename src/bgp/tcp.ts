import { createConnection, createServer, type TcpNetConnectOpts } from 'node:net';
import { canonicalAddress } from './address.js';
import { HIGH_WATER_MARK, readInto, SocketConnection } from './socket-connection.js';
import {
  type Connection,
  type ConnectionHandlers,
  type ConnectTarget,
  type ListenEndpoint,
  ListenError,
  type Listener,
  type Transport,
} from './transport.js';

/** The stream option that node:net hands on to the socket, though its types do not say so. */
interface SocketOptions {
  readonly highWaterMark: number;
}

const CURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there (see: ss -ltnp); stop it or choose another port',
  EACCES: 'ports below 1024 need CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'no interface has this address',
  EAFNOSUPPORT: 'the kernel runs without this address family',
};

/** BGP's transport over the kernel's TCP (RFC 4271 §8), without Nagle's delay. */
export class TcpTransport implements Transport {
  connect(target: ConnectTarget, handlers: ConnectionHandlers): Connection {
    let connection: SocketConnection | undefined;
    const options: TcpNetConnectOpts & SocketOptions = {
      host: target.address,
      port: target.port,
      localAddress: target.localAddress,
      noDelay: true,
      highWaterMark: HIGH_WATER_MARK,
      onread: readInto(() => connection),
    };
    const socket = createConnection(options);
    connection = new SocketConnection(socket, target.address, target.port);
    connection.attach(handlers);
    socket.once('connect', () => handlers.onOpen());
    return connection;
  }

  listen(
    endpoint: ListenEndpoint,
    accept: (connection: Connection) => ConnectionHandlers,
  ): Promise<Listener> {
    const server = createServer({ noDelay: true, highWaterMark: HIGH_WATER_MARK }, (socket) => {
      // A peer that reset at once has no address any more
      if (socket.remoteAddress === undefined) {
        socket.destroy();
        return;
      }
      const connection = new SocketConnection(
        socket,
        canonicalAddress(socket.remoteAddress),
        socket.remotePort ?? 0,
      );
      connection.attach(accept(connection));
      // node:net lets only those who connect read without a stream
      socket.on('data', (chunk: Buffer) => connection.received(chunk));
    });
    return new Promise((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException) => {
        const code = error.code ?? error.message;
        reject(new ListenError(endpoint, code, CURES[code] ?? error.message));
      };
      server.once('error', refuse);
      // ipv6Only: 0.0.0.0 and :: stand beside each other, each for its own family
      server.listen({ host: endpoint.address, port: endpoint.port, ipv6Only: true }, () => {
        server.off('error', refuse);
        // An accept that fails (out of descriptors) concerns that one connection only
        server.on('error', () => {});
        const bound = server.address();
        const port = bound !== null && typeof bound === 'object' ? bound.port : endpoint.port;
        resolve({
          address: endpoint.address,
          port,
          close: () => new Promise((closed) => server.close(() => closed())),
        });
      });
    });
  }
}
