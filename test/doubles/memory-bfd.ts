import {
  type Arrival,
  BFD_TTL,
  type BfdChannel,
  type BfdTarget,
  type BfdTransport,
  BfdTransportError,
} from '../../src/bfd/index.js';
import { type Clock, parseIp, type Timer } from '../../src/types/index.js';

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

  host(address: string, random?: () => number): MemoryBfdTransport {
    const host = new MemoryBfdTransport(this, address, random);
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
    /** 0 to below 1: when in its range a packet is sent again. */
    readonly random: () => number = () => 0.999,
  ) {}

  open({ address: to, multihop }: BfdTarget): BfdChannel {
    if (this.refusal !== undefined)
      throw new BfdTransportError(this.refusal, `UDP port for ${to}`, 'stop the other one');
    this.channels++;
    const { network, address: from, random } = this;
    const { clock } = network;
    const send = (packet: Buffer) => {
      const copy = Buffer.from(packet);
      network.sent.push({ at: clock.now(), from, to, packet: copy });
      if (!network.loses(from, to)) clock.soon(() => network.hosts.get(to)?.arrive(from, copy, multihop));
      return undefined;
    };
    let timer: Timer | undefined;
    let due = Number.POSITIVE_INFINITY;
    let said = { packet: Buffer.alloc(0), range: { least: 0, most: 0 } };
    let sent = 0;
    const wait = (until: number) => {
      timer?.cancel();
      due = until;
      timer = clock.after(Math.max(0, until - clock.now()), again);
    };
    const next = () =>
      clock.now() + (said.range.least + (said.range.most - said.range.least) * random()) / 1000;
    const again = () => {
      sent++;
      send(said.packet);
      wait(next());
    };
    const rest = () => {
      timer?.cancel();
      timer = undefined;
      due = Number.POSITIVE_INFINITY;
    };
    return {
      send,
      repeat(packet, range, now) {
        const isPaced = timer && range.least === said.range.least && range.most === said.range.most;
        said = { packet: Buffer.from(packet), range };
        if (now) again();
        else if (!isPaced) wait(Math.min(due, next()));
        return undefined;
      },
      rest,
      get repeated() {
        return { sent, fault: undefined };
      },
      close: () => {
        rest();
        this.channels--;
      },
    };
  }

  arrive(from: string, bytes: Buffer, multihop = false, ifindex = 1): void {
    const [text, zone = ''] = from.split('%');
    const { ttl } = this.network;
    const ip = parseIp(text);
    this.#waiting.push({ bytes, start: 0, length: bytes.length, ip, zone, ttl, ifindex, multihop });
    if (!this.deaf) this.poll();
  }

  poll(): void {
    for (const arrival of this.#waiting.splice(0)) this.onArrival(arrival);
  }

  close(): void {}
}
