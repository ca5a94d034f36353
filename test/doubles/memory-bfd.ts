import {
  type Arrival,
  BFD_TTL,
  type BfdChannel,
  type BfdTarget,
  type BfdTransport,
  BfdTransportError,
} from '../../src/bfd/index.js';
import { type Clock, parseIp } from '../../src/types/index.js';

/** Hosts that send BFD packets to each other, named by their address; each packet arrives within the same moment. */
export class MemoryBfdNetwork {
  readonly hosts = new Map<string, MemoryBfdTransport>();
  /** Packets that were sent, for tests that look. */
  readonly sent: {
    readonly at: number;
    readonly from: string;
    readonly to: string;
    readonly packet: Buffer;
  }[] = [];
  /** True for a packet that is lost. */
  loses: (from: string, to: string) => boolean = () => false;
  ttl = BFD_TTL;

  constructor(readonly clock: Clock) {}

  host(address: string): MemoryBfdTransport {
    const host = new MemoryBfdTransport(this, address);
    this.hosts.set(address, host);
    return host;
  }
}

/** One host's ears and mouths. While it is `deaf`, what arrives waits until `poll`, as it does while an event loop is busy. */
export class MemoryBfdTransport implements BfdTransport {
  onArrival: (arrival: Arrival) => void = () => {};
  /** The errno's name with which `open` is refused. */
  refusal: string | undefined;
  deaf = false;
  /** That are open. */
  channels = 0;
  readonly #waiting: Arrival[] = [];

  constructor(
    readonly network: MemoryBfdNetwork,
    readonly address: string,
  ) {}

  open({ address: to, multihop }: BfdTarget): BfdChannel {
    if (this.refusal !== undefined)
      throw new BfdTransportError(this.refusal, `UDP port for ${to}`, 'stop the other one');
    this.channels++;
    const { network, address: from } = this;
    return {
      send(packet) {
        const copy = Buffer.from(packet);
        network.sent.push({ at: network.clock.now(), from, to, packet: copy });
        if (!network.loses(from, to))
          network.clock.soon(() => network.hosts.get(to)?.arrive(from, copy, multihop));
        return undefined;
      },
      close: () => {
        this.channels--;
      },
    };
  }

  arrive(from: string, bytes: Buffer, multihop = false): void {
    const [text, zone = ''] = from.split('%');
    const { ttl } = this.network;
    this.#waiting.push({ bytes, start: 0, length: bytes.length, ip: parseIp(text), zone, ttl, multihop });
    if (!this.deaf) this.poll();
  }

  poll(): void {
    for (const arrival of this.#waiting.splice(0)) this.onArrival(arrival);
  }

  close(): void {}
}
