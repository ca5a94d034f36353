import type {
  Connection,
  ConnectionHandlers,
  ConnectTarget,
  ListenEndpoint,
  Transport,
} from '../bgp/index.js';
import { AttributeCode, HEADER_LENGTH, MessageType } from '../wire/index.js';
import { shaped } from './shaped.js';

const TYPE_AT = HEADER_LENGTH - 1;
/** Behind the header and the length of the IPv4 withdrawals, of which there are none. */
const ATTRIBUTES_LENGTH_AT = HEADER_LENGTH + 2;
const ATTRIBUTES_AT = ATTRIBUTES_LENGTH_AT + 2;
/** Flags, code, and two octets of length, which our MP_REACH_NLRI has. */
const ATTRIBUTE_HEADER = 4;

/**
 * The transport beneath with connections of a shape of their own, where it `rearranges` also of another class: there
 * MP_REACH_NLRI goes out behind the other attributes, as other implementations than ours and FRR have it.
 */
export class StagedTransport implements Transport {
  constructor(
    readonly inner: Transport,
    readonly shape: number,
    readonly rearranges: boolean,
  ) {}

  connect(target: ConnectTarget, handlers: ConnectionHandlers): Connection {
    return this.#staged(this.inner.connect(target, handlers));
  }

  listen(endpoint: ListenEndpoint, accept: (connection: Connection) => ConnectionHandlers) {
    return this.inner.listen(endpoint, (connection) => accept(this.#staged(connection)));
  }

  #staged(connection: Connection): Connection {
    return shaped(this.rearranges ? new RearrangingConnection(connection) : connection, this.shape);
  }
}

class RearrangingConnection implements Connection {
  constructor(readonly inner: Connection) {}

  get localAddress(): string | undefined {
    return this.inner.localAddress;
  }
  get remoteAddress(): string {
    return this.inner.remoteAddress;
  }
  get remotePort(): number {
    return this.inner.remotePort;
  }
  get localPort(): number {
    return this.inner.localPort;
  }
  write(message: Buffer): boolean {
    return this.inner.write(rearranged(message));
  }
  pause(): void {
    this.inner.pause();
  }
  resume(): void {
    this.inner.resume();
  }
  end(): void {
    this.inner.end();
  }
  destroy(): void {
    this.inner.destroy();
  }
}

/** The UPDATE with MP_REACH_NLRI last where it comes first; any other message as it is. */
export function rearranged(message: Buffer): Buffer {
  if (message[TYPE_AT] !== MessageType.UPDATE || message[ATTRIBUTES_AT + 1] !== AttributeCode.MP_REACH_NLRI)
    return message;
  const rest = ATTRIBUTES_AT + ATTRIBUTE_HEADER + message.readUInt16BE(ATTRIBUTES_AT + 2);
  const end = ATTRIBUTES_AT + message.readUInt16BE(ATTRIBUTES_LENGTH_AT);
  return Buffer.concat([
    message.subarray(0, ATTRIBUTES_AT),
    message.subarray(rest, end),
    message.subarray(ATTRIBUTES_AT, rest),
    message.subarray(end),
  ]);
}
