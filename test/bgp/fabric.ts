import type { Bfd } from '../../src/bfd/index.js';
import {
  type Connection,
  type ConnectionHandlers,
  type NeighborConfig,
  Speaker,
  type SpeakerConfig,
} from '../../src/bgp/index.js';
import type { Convergence, EventSink } from '../../src/events/index.js';
import type { LinkPeers } from '../../src/nd/index.js';
import { type Ipv4, type Log, type Mac, parseIp, RouteDistinguisher } from '../../src/types/index.js';
import {
  type Capability,
  decodeNotification,
  decodeOpen,
  encodeKeepalive,
  encodeOpen,
  type InclusiveMulticast,
  type MacIpAdvertisement,
  MessageReader,
  MessageType,
  type NotificationMessage,
  type OpenMessage,
  type OriginatedAttributes,
  RouteType,
  UpdateEncoder,
} from '../../src/wire/index.js';
import { MemoryNetwork } from '../doubles/memory-network.js';
import { VirtualClock } from '../support/virtual-clock.js';

export const id = (text: string): number => parseIp(text) as Ipv4;
export const RD = RouteDistinguisher.parse('10.0.0.1:10');

export const macRoute = (mac: number, extra: Partial<MacIpAdvertisement> = {}): MacIpAdvertisement => ({
  type: RouteType.MAC_IP_ADVERTISEMENT,
  rd: RD,
  esi: '00000000000000000000' as MacIpAdvertisement['esi'],
  ethernetTag: 0,
  mac: mac as Mac,
  ip: undefined,
  label1: 10010,
  label2: undefined,
  ...extra,
});

export const imet = (originator: string, extra: Partial<InclusiveMulticast> = {}): InclusiveMulticast => ({
  type: RouteType.INCLUSIVE_MULTICAST,
  rd: RD,
  ethernetTag: 0,
  originator: parseIp(originator),
  ...extra,
});

export const originated = (nextHop: string, ...extendedCommunities: bigint[]): OriginatedAttributes => ({
  nextHop: parseIp(nextHop),
  extendedCommunities: [0x030c000000000008n, 0x0002_fde8_0000_271an, ...extendedCommunities],
  pmsiTunnel: undefined,
});

/** The encoder of a peer of that AS, for a session over eBGP with AS numbers of four octets. */
export const encoderOf = (localAsn = 65002) =>
  new UpdateEncoder({ fourOctetAs: true, internal: false, localAsn, maxMessageLength: 4096 });

export const neighborConfig = (
  address: string,
  remoteAs: NeighborConfig['remoteAs'],
  extra: Partial<NeighborConfig> = {},
): NeighborConfig => ({
  address,
  remoteAs,
  port: 179,
  passive: false,
  holdTime: 9,
  keepaliveTime: 3,
  connectRetryTime: 5,
  ...extra,
});

/** Keeps what was logged, for tests that look. */
export class RecordingLog implements Log {
  readonly lines: { level: string; facts: object; message: string }[] = [];
  readonly #add = (level: string) => (facts: object, message: string) => {
    this.lines.push({ level, facts, message });
  };
  readonly debug = this.#add('debug');
  readonly info = this.#add('info');
  readonly warn = this.#add('warn');
  readonly error = this.#add('error');
}

/** Speakers and scripted peers on one network in memory, under one clock. */
export class Fabric {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly log = new RecordingLog();
  /** Of the speakers that are made from then on. */
  bfd: Pick<Bfd, 'watch'> | undefined;
  linkPeers: Pick<LinkPeers, 'watch'> | undefined;

  /** A speaker at `address`; it is not started. */
  speaker(
    address: string,
    config: Partial<SpeakerConfig> & Pick<SpeakerConfig, 'asn' | 'neighbors'>,
    random: () => number = () => 0.999,
    routeMemory?: number,
    events?: EventSink,
    convergence?: Convergence,
  ): Speaker {
    return new Speaker(
      {
        routerId: address.includes(':') ? 1 : id(address),
        listen: [{ address, port: 179 }],
        ...config,
      },
      {
        clock: this.clock,
        transport: this.network.host(address),
        log: this.log,
        random,
        routeMemory,
        ...(events && { events }),
        convergence,
        bfd: this.bfd,
        linkPeers: this.linkPeers,
      },
    );
  }

  /** Two speakers that are each other's neighbor, started. */
  async pair(
    near: Partial<NeighborConfig> = {},
    far: Partial<NeighborConfig> = {},
    asns: readonly [number, number] = [65001, 65002],
  ): Promise<readonly [Speaker, Speaker]> {
    const a = this.speaker('10.0.0.1', {
      asn: asns[0],
      neighbors: [neighborConfig('10.0.0.2', asns[1], near)],
    });
    const b = this.speaker('10.0.0.2', {
      asn: asns[1],
      neighbors: [neighborConfig('10.0.0.1', asns[0], far)],
    });
    await a.start();
    await b.start();
    this.clock.advance(10_000);
    return [a, b];
  }

  peer(address: string): RawPeer {
    return new RawPeer(this, address);
  }

  /** No error was logged: nothing of ours threw. */
  get errors(): object[] {
    return this.log.lines.filter((line) => line.level === 'error');
  }
}

export const EVPN_CAPABILITIES = (asn: number): Capability[] => [
  { code: 1, afi: 25, safi: 70 },
  { code: 2 },
  { code: 65, asn },
];

export const openOf = (asn: number, routerId: string, extra: Partial<OpenMessage> = {}): OpenMessage => ({
  version: 4,
  myAs: asn > 65535 ? 23456 : asn,
  holdTime: 90,
  routerId: id(routerId),
  capabilities: EVPN_CAPABILITIES(asn),
  ...extra,
});

/** A peer that does only what a test tells it, and notes all that comes. */
export class RawPeer implements ConnectionHandlers {
  connection: Connection | undefined;
  closed = false;
  readonly received: { type: MessageType; body: Buffer }[] = [];
  #reader = new MessageReader();

  constructor(
    readonly fabric: Fabric,
    readonly address: string,
  ) {
    this.#reader.extendedMessages = true;
  }

  connect(to: string, port = 179): this {
    const { clock, network } = this.fabric;
    this.connection = network.host(this.address).connect({ address: to, port }, this);
    clock.runUntilIdle();
    return this;
  }

  /** Waits for the speaker to connect. */
  async listen(): Promise<this> {
    await this.fabric.network
      .host(this.address)
      .listen({ address: this.address, port: 179 }, (connection) => {
        this.connection = connection;
        this.closed = false;
        this.#reader = new MessageReader();
        this.#reader.extendedMessages = true;
        return this;
      });
    return this;
  }

  onOpen(): void {}
  onDrain(): void {}
  onBacklog(): void {}
  onClose(): void {
    this.closed = true;
  }
  onData(chunk: Buffer): void {
    this.#reader.push(chunk);
    for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next())
      this.received.push({ type: message.type, body: Buffer.from(message.body) });
  }

  send(...messages: Uint8Array[]): this {
    for (const message of messages) this.connection?.write(message);
    this.fabric.clock.runUntilIdle();
    return this;
  }

  open(open: OpenMessage): this {
    return this.send(encodeOpen(open));
  }

  keepalive(): this {
    return this.send(encodeKeepalive());
  }

  /** All of a session's beginning. */
  establish(open: OpenMessage): this {
    return this.open(open).keepalive();
  }

  bodies(type: MessageType): Buffer[] {
    return this.received.filter((message) => message.type === type).map((message) => message.body);
  }

  get opens(): OpenMessage[] {
    return this.bodies(MessageType.OPEN).map(decodeOpen);
  }

  get notifications(): NotificationMessage[] {
    return this.bodies(MessageType.NOTIFICATION).map(decodeNotification);
  }

  /** The last NOTIFICATION as text: code/subcode and data in hex. */
  get lastNotification(): string | undefined {
    const last = this.notifications.at(-1);
    return last && `${last.code}/${last.subcode} ${Buffer.from(last.data).toString('hex')}`.trim();
  }
}
