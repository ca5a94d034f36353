import type { Clock, Ip, LimitedLog, Mac, Vni } from '../types/index.js';
import type { Kernel } from './kernel.js';
import type { KernelMirror } from './mirror.js';
import type { MirroredNeighRow } from './neigh-rows.js';
import type { Topology, TopologyProblem, VniAttachment } from './topology.js';

/** An IP that a local host has, as the SVI's neighbor table or the host itself shows. */
export interface LocalNeigh {
  readonly mac: Mac;
  readonly router: boolean;
  /** Configured by an operator (NUD_PERMANENT or NUD_NOARP), not learned. */
  readonly isStatic: boolean;
  /** Changes whenever the IP comes from elsewhere to this MAC. */
  readonly epoch: number;
}

/** How local neighbors are kept known. */
export interface RefreshSettings {
  readonly enabled: boolean;
  /** Seconds without a word from a host after which it is asked. */
  readonly interval: number;
  /** Questions a second at most, over all VNIs; ports and VNIs take turns. */
  readonly rate: number;
}

/** Counters since start. */
export interface HostStats {
  /** Questions to local neighbors. */
  readonly refreshes: number;
  /** Local neighbors in the schedule, and those whose turn has come and that wait for the rate. */
  readonly watched: number;
  readonly backlog: number;
  /** Bindings known from ARP and ND of the hosts. */
  readonly bindings: number;
  /** Bindings that went for another port's, since the table was full and their port had the most of it. */
  readonly evicted: number;
  /** Words not taken: of addresses that no host can have, of MACs that are not behind that port, beyond the bounds. */
  readonly refused: number;
}

/** What the watch over local hosts needs of the data plane. */
export interface HostsOwner {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: LimitedLog;
  readonly mirror: KernelMirror;
  readonly topology: Topology;
  /** Nobody is asked anything. */
  readonly observes: boolean;
  /** The served VNI of a broadcast domain (`domainKey`). */
  vniOf(domain: number): Vni | undefined;
  /** Look at the IP again. */
  localNeighChanged(vni: Vni, ip: Ip): void;
  /** A host on that port uses a MAC whose row no frame moves. */
  intruderHeard(vni: Vni, mac: Mac, port: number): void;
}

/** Which IPs local hosts have, and that they stay known: what the data plane reports to it, and asks. */
export interface Hosts {
  /** Listens from now on. */
  start(): void;
  close(): void;
  /** New settings from now on; intervals count from the last sign of life as before. */
  reconfigure(settings: RefreshSettings): void;
  stats(): HostStats;
  /** Ports whose hosts announce more IPs than are accepted. */
  problems(): Iterable<TopologyProblem>;
  /** Returns why the IP may be one that the host has and nobody knows here; undefined if no bound is in its way. */
  limitFor(vni: Vni, mac: Mac): string | undefined;
  /** Who has the IP here, by the newest word. */
  localNeigh(vni: Vni, ip: Ip): LocalNeigh | undefined;
  /** Every IP that localNeigh knows in the VNI. */
  localNeighs(vni: Vni): Iterable<Ip>;
  /** Asks for an IP that a MAC should have that is local now: if it is there, `localNeighChanged` is called. */
  find(vni: Vni, ip: Ip, mac: Mac): void;
  /** Clock.wallTime() when the local neighbor was last asked for a sign of life; undefined for never. */
  lastRefresh(vni: Vni, ip: Ip): number | undefined;
  /** The VNI is served on its device from now on: its neighbors are watched. */
  attached(vni: Vni): void;
  /** The VNI is not served any more: its neighbors are not watched. */
  detached(vni: Vni): void;
  /** The machine has other addresses in the VNI's domain: words that it would not take now are forgotten. */
  ownChanged(at: VniAttachment): void;
  /**
   * The brain gave the IP to a remote host: the binding of that epoch is forgotten, a new one is news. An older binding that the
   * SVI's table still has was beaten with it.
   */
  beaten(at: VniAttachment, ip: Ip, epoch: number): void;
  /** Forgets the bindings of bridges that exist no more: the kernel does not name each of their rows. */
  keepBridges(existing: ReadonlyMap<number, unknown>): void;
  /** After news of a bridge row: the bindings of a MAC that left go with it. */
  bridgeChanged(domain: number, mac: Mac, isLocal: boolean): void;
  /** The bridge has forgotten a local MAC, before its bindings go. */
  bridgeForgot(domain: number, mac: Mac, port: number): void;
  /** Before news of a neighbor are entered: the epoch of the same binding, 0 for none. */
  epochOf(at: VniAttachment | undefined, ip: Ip, mac: Mac | undefined): number;
  /** After news of a neighbor on a served VNI's SVI. */
  neighChanged(
    vni: Vni,
    at: VniAttachment,
    ip: Ip,
    before: MirroredNeighRow | undefined,
    after: MirroredNeighRow | undefined,
  ): void;
}
