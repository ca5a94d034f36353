import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { HIGH_WATER_MARK, readInto, SocketConnection } from './socket-connection.js';
import type { TcpSockets } from './tcp-sockets.js';
import {
  type Connection,
  type ConnectionHandlers,
  type ConnectTarget,
  type Door,
  type ListenEndpoint,
  ListenError,
  type Listener,
  OPEN_DOOR,
  type Transport,
} from './transport.js';

/** Options that node:net passes on or knows, though its types do not have it. */
interface SocketOptions extends SocketConstructorOpts {
  readonly highWaterMark: number;
  readonly noDelay: boolean;
  readonly onread: OnReadOpts;
  /** Does not read before there is a connection. */
  readonly manualStart?: boolean;
}

const CURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there (see: ss -ltnp); stop it or choose another port',
  EACCES: 'ports below 1024 need CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'no interface has this address',
  ENODEV: 'there is no such device',
  EAFNOSUPPORT: 'the kernel runs without this address family',
  ENOPROTOOPT: 'the kernel runs without TCP MD5 signatures (CONFIG_TCP_MD5SIG), which password-file needs',
  ENOMEM: 'the kernel has no room for the keys of so many neighbors: raise net.core.optmem_max',
};

/** BGP's transport over the kernel's TCP (RFC 4271 §8), without Nagle's delay. */
export class TcpTransport implements Transport {
  readonly #sockets: TcpSockets;

  constructor(sockets: TcpSockets) {
    this.#sockets = sockets;
  }

  connect(target: ConnectTarget, handlers: ConnectionHandlers): Connection {
    const { address, port, localAddress, security = {}, device } = target;
    if (target.fault !== undefined) return this.#failed(target, handlers, new Error(target.fault));
    let fd: number;
    try {
      fd = this.#sockets.open(address, security, device);
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === 'ENODEV';
      return this.#failed(
        target,
        handlers,
        isGone ? new Error(`there is no device ${device}`) : (error as Error),
      );
    }
    const { socket, connection } = this.#connectionOf(fd, address, port, true);
    connection.attach(handlers);
    socket.once('connect', () => handlers.onOpen());
    socket.connect({ host: address, port, localAddress });
    return connection;
  }

  /** A connection for which there was not even a socket; its end is reported as that of any other. */
  #failed({ address, port }: ConnectTarget, handlers: ConnectionHandlers, error: Error): Connection {
    const socket = new Socket();
    const connection = new SocketConnection(socket, address, port, () => {});
    connection.attach(handlers);
    process.nextTick(() => socket.destroy(error));
    return connection;
  }

  #connectionOf(fd: number, address: string, port: number, manualStart: boolean) {
    const sockets = this.#sockets;
    let connection: SocketConnection | undefined;
    const options: SocketOptions = {
      fd,
      readable: true,
      writable: true,
      noDelay: true,
      highWaterMark: HIGH_WATER_MARK,
      onread: readInto(() => connection),
      manualStart,
    };
    const socket = new Socket(options);
    const made = new SocketConnection(socket, address, port, (key) => sockets.changeKey(fd, address, key));
    connection = made;
    return { socket, connection: made };
  }

  async listen(
    endpoint: ListenEndpoint,
    accept: (connection: Connection) => ConnectionHandlers,
    door: Door = OPEN_DOOR,
  ): Promise<Listener> {
    const { address, device } = endpoint;
    const listening = orListenError(endpoint, () =>
      this.#sockets.listen(
        address,
        endpoint.port,
        door.peers,
        {
          admits: (from) => door.admits(from),
          tooFar: (from, ttl) => door.tooFar(from, ttl),
          exhausted: (code) => door.exhausted(code),
          connected: (fd, from, port) => {
            const { socket, connection } = this.#connectionOf(fd, from, port, false);
            socket.setNoDelay(true);
            connection.attach(accept(connection));
          },
        },
        device,
      ),
    );
    return {
      address,
      port: listening.port,
      device,
      hears: () => device === undefined || listening.isOn(device),
      secure: (peers) => orListenError(endpoint, () => listening.secure(peers)),
      close: async () => listening.close(),
    };
  }
}

function orListenError<Value>(endpoint: ListenEndpoint, call: () => Value): Value {
  try {
    return call();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ListenError(endpoint, code ?? message, CURES[code ?? ''] ?? message);
  }
}
