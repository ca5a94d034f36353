import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import {
  type Connection,
  type ConnectionHandlers,
  type ConnectTarget,
  type ListenEndpoint,
  type Listener,
  readInto,
  SocketConnection,
  type Transport,
} from '../bgp/index.js';
import { native } from '../linux/index.js';
import type { Clock } from '../types/index.js';
import { shaped } from './shaped.js';

type Accept = (connection: Connection) => ConnectionHandlers;

/** Hosts by their address, connected by pairs of sockets that nobody else can reach: node:net's way, as TCP's goes. */
export class PipeNetwork {
  readonly #listeners = new Map<string, Accept>();
  readonly #sockets: Socket[] = [];

  /** `shape` is another number for each. */
  constructor(
    readonly clock: Clock,
    readonly shape: number,
  ) {}

  /** The transport of a host. */
  host(address: string): Transport {
    return {
      connect: (target, handlers) => this.#connect(address, target, handlers),
      listen: async (endpoint, accept) => this.#listen(endpoint, accept),
    };
  }

  /** Leaves nothing open, whatever its hosts have left. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(endpoint: ListenEndpoint, accept: Accept): Listener {
    this.#listeners.set(endpoint.address, accept);
    return {
      ...endpoint,
      close: async () => {
        this.#listeners.delete(endpoint.address);
      },
    };
  }

  #connect(from: string, target: ConnectTarget, handlers: ConnectionHandlers): Connection {
    const pair = native().socketPair();
    if (typeof pair === 'number') throw new Error(`a pair of sockets: errno ${-pair}`);
    const [near, far] = pair.map((fd, i) => {
      let connection: SocketConnection | undefined;
      const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
        fd,
        readable: true,
        writable: true,
        onread: readInto(() => connection),
      };
      const socket = shaped(new Socket(options), this.shape * 2 + i);
      this.#sockets.push(socket);
      connection = new SocketConnection(socket, i === 0 ? target.address : from, target.port);
      return connection;
    });
    near.attach(handlers);
    this.clock.soon(() => {
      const accept = this.#listeners.get(target.address);
      if (accept) far.attach(accept(far));
      else far.destroy();
      if (accept) handlers.onOpen();
    });
    return near;
  }
}
