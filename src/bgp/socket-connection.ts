import type { OnReadOpts, Socket } from 'node:net';
import { emptyList, type Secret, systemClock } from '../types/index.js';
import { canonicalAddress } from './address.js';
import { connectionErrorText } from './connection-error.js';
import type { Connection, ConnectionHandlers } from './transport.js';

/** How long a closing connection may take to send its last bytes. */
const LINGER_MILLISECONDS = 2000;

/** Kernel buffers are the first line; above this the writer is asked to wait. */
export const HIGH_WATER_MARK = 256 * 1024;

/**
 * What the kernel has for a connection is read into this, whichever it is, and copied at once: a stream
 * would take as much memory anew for each reading, be it for one KEEPALIVE, and hand it through four queues and events.
 */
const INBOX = Buffer.alloc(64 * 1024);

/** Returns the read options of a socket of node:net, of which the connection is made. */
export function readInto(connection: () => SocketConnection | undefined): OnReadOpts {
  return {
    buffer: INBOX,
    callback: (length) => {
      connection()?.received(Buffer.from(INBOX.subarray(0, length)));
      return true;
    },
  };
}

/** A connection on a socket of node:net, which its owner has opened. */
export class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: Socket;
  #handlers: ConnectionHandlers | undefined;
  /** What this turn has written so far. */
  #written = emptyList<Uint8Array>();
  #writtenLength = 0;
  #owesDrain = false;
  /** The kernel has not taken all. */
  #backlog = false;
  #ending = false;
  #error: Error | undefined;
  /** The kernel has been asked for the connection, and has chosen our end; node:net remembers what it reports before. */
  #asked = false;
  readonly #changeKey: (key: Secret) => void;

  /** `changeKey`: of the socket's descriptor, while it is open. */
  constructor(socket: Socket, remoteAddress: string, remotePort: number, changeKey: (key: Secret) => void) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.#changeKey = changeKey;
  }

  attach(handlers: ConnectionHandlers): void {
    const socket = this.#socket;
    this.#handlers = handlers;
    // node:net connects in the next turn; this is behind it
    setImmediate(() => {
      this.#asked = true;
    });
    socket.on('drain', () => this.#drained());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.once('close', () => handlers.onClose(this.#closeError()));
  }

  /** Node's own words name addresses that nobody knows: `Local (undefined:undefined)`. */
  #closeError(): Error | undefined {
    const to = { address: this.remoteAddress, port: this.remotePort };
    return this.#error && new Error(connectionErrorText(this.#error, to), { cause: this.#error });
  }

  get localAddress(): string | undefined {
    if (!this.#isNamed) return undefined;
    const address = this.#socket.localAddress;
    return address === undefined ? undefined : canonicalAddress(address);
  }

  get localPort(): number {
    return (this.#isNamed ? this.#socket.localPort : undefined) ?? 0;
  }

  get #isNamed(): boolean {
    return this.#asked || !this.#socket.pending;
  }

  received(chunk: Buffer): void {
    if (!this.#ending) this.#handlers?.onData(chunk);
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#ending || socket.destroyed) return true;
    if (this.#written.length === 0) systemClock.soonest(this.#send);
    this.#written.push(bytes);
    this.#writtenLength += bytes.length;
    const isFull = socket.writableLength + this.#writtenLength >= HIGH_WATER_MARK;
    if (isFull) this.#owesDrain = true;
    return !isFull;
  }

  /**
   * All that is written meanwhile leaves in one writev, without the stream's own queue where it is one message. It goes before
   * what else is done at the end of the turn: by process.nextTick a host's move went behind all of that.
   */
  readonly #send = (): void => {
    const written = this.#written;
    if (written.length === 0) return;
    const socket = this.#socket;
    this.#written = emptyList();
    this.#writtenLength = 0;
    if (written.length === 1) socket.write(written[0], this.#taken);
    else {
      socket.cork();
      const last = written.length - 1;
      for (let i = 0; i < last; i++) socket.write(written[i]);
      socket.write(written[last], this.#taken);
      socket.uncork();
    }
    if (!this.#backlog && socket.writableLength > 0) this.#waiting(true);
    // Whoever was asked to wait is asked to go on, also where the stream has got rid of all in the meantime
    if (this.#owesDrain && !socket.writableNeedDrain && !socket.destroyed) this.#drained();
  };

  /** The kernel has taken what one writev brought, at once or later. */
  readonly #taken = (): void => {
    if (this.#backlog) this.#waiting(this.#socket.writableLength > 0);
  };

  #waiting(stands: boolean): void {
    this.#backlog = stands;
    if (!this.#ending && !this.#socket.destroyed) this.#handlers?.onBacklog(stands);
  }

  #drained(): void {
    this.#owesDrain = false;
    this.#handlers?.onDrain();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    const socket = this.#socket;
    this.#send();
    socket.end();
    // Unread input would turn the close into a reset, and the peer would lose our last message
    socket.resume();
    const linger = setTimeout(() => socket.destroy(), LINGER_MILLISECONDS);
    socket.once('close', () => clearTimeout(linger));
  }

  destroy(): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  changeKey(key: Secret): void {
    if (!this.#socket.destroyed) this.#changeKey(key);
  }
}
