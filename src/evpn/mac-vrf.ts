import type { Destination } from '../bgp/index.js';
import {
  NO_OWN_ADDRESSES,
  type OwnAddresses,
  type Topology,
  type VniAttachment,
} from '../dataplane/index.js';
import { NumberMap } from '../tables/index.js';
import {
  Fifo,
  type Ip,
  isLinkLocal,
  type Mac,
  macFromParts,
  macHigh16,
  macLow32,
  type RouteDistinguisher,
  type RouteTarget,
  type RouteTargetPattern,
  type Vni,
} from '../types/index.js';
import { type OriginatedAttributes, RouteType } from '../wire/index.js';
import { CROWD, type CrowdedKeys } from './crowded-keys.js';
import { type Few, listOf } from './few.js';
import { FloodList } from './flood-list.js';
import { type Owner, type Ownership, UNOWNED } from './mobility.js';
import type { MoveMemory } from './move-memory.js';
import type { MoveHistory } from './moves.js';
import type { RememberedIp, RememberedMac } from './remembered.js';
import { RemoteSegments } from './remote-segments.js';
import type { RoutedExport } from './routed-export.js';
import type { UnusedReason } from './unused-reasons.js';

/** The port and VNI that a local address counts for (port-share.ts). */
export interface Share {
  /** ifindex. */
  readonly port: number;
}

/** What is known of one MAC in one VNI. */
export class MacEntry {
  /** It is to be looked at. */
  dirty = false;
  ownership: Ownership;
  /** Imported Type-2 routes of this MAC, with an IP and without. */
  remotes: Few<Destination> = undefined;
  /** IPs that are bound to the MAC here or elsewhere: they follow it when it moves. */
  ips: Few<Ip> = undefined;
  /** The attributes that the MAC route was last originated with. */
  advertised: OriginatedAttributes | undefined = undefined;
  /** The VTEP that the data plane last got for it. */
  vtep: Ip | undefined = undefined;
  /** What happened to it lately. */
  history: MoveHistory | undefined;
  /** These two are changed by the Admissions alone: where it counts while it is local, and that it may be announced. */
  share: Share | undefined = undefined;
  isAdmitted = false;
  /** The MAC in two small numbers, the lower one signed: as one it were an object itself. */
  readonly #high: number;
  readonly #low: number;

  constructor(mac: Mac, remembered?: RememberedMac) {
    const sequence = remembered?.sequence ?? 0;
    this.ownership = sequence === 0 ? UNOWNED : { ...UNOWNED, sequence };
    this.history = remembered?.history;
    this.#high = macHigh16(mac);
    this.#low = macLow32(mac) | 0;
  }

  get mac(): Mac {
    return macFromParts(this.#high, this.#low >>> 0);
  }

  /** Nobody claims the MAC, and no IP rests on it. */
  get isIdle(): boolean {
    return (
      this.ownership.owner === 'none' && this.remotes === undefined && this.ips === undefined && !this.dirty
    );
  }
}

/** What is known of one IP in one VNI. */
export class IpEntry {
  /** It is to be looked at. */
  dirty = false;
  owner: Owner = 'none';
  /** The epoch of the local binding that made us the owner, or that the remote owner has beaten; 0 for none. */
  epoch = 0;
  /** The MAC that had it last, by the owner's claim. */
  holder: MacEntry | undefined;
  /** The remote leaf that it was behind last; undefined where that was this one. */
  vtep: Ip | undefined;
  /** The MACs that have the IP by the local binding and by the best remote claim: when their owner changes, so may the IP's. */
  claimantHere: MacEntry | undefined = undefined;
  claimantThere: MacEntry | undefined = undefined;
  /** Imported Type-2 routes with this IP. */
  remotes: Few<Destination> = undefined;
  /** What was last originated for the IP, and with which MAC. */
  advertised: { readonly mac: Mac; readonly attributes: OriginatedAttributes } | undefined = undefined;
  /** What happened to it lately. */
  history: MoveHistory | undefined;
  /** As of a MacEntry. */
  share: Share | undefined = undefined;
  isAdmitted = false;

  constructor(
    readonly ip: Ip,
    remembered?: RememberedIp,
  ) {
    this.holder = remembered && new MacEntry(remembered.mac);
    this.vtep = remembered?.vtep;
    this.history = remembered?.history;
  }

  /** The MAC that had it last. */
  get mac(): Mac | undefined {
    return this.holder?.mac;
  }
}

/** The latest question whether an address can be a VTEP of the VNI, and its answer: routes of one leaf come together. */
interface LatestVtep {
  vtep: Ip | undefined;
  topology: Topology | undefined;
  at: VniAttachment | undefined;
  reason: UnusedReason | undefined;
}

/** Keys of one VNI that are to be looked at, MACs before IPs, since bindings rest on them. */
export class DirtyLane {
  /** Somebody has it in his queue. */
  isQueued = false;
  readonly #macs = new Fifo<MacEntry>();
  readonly #ips = new Fifo<IpEntry>();
  /** Marks that are many, each by one step of an iterator, by what they are made of. */
  readonly #walks = new Map<object, Iterator<unknown>>();

  constructor(readonly vrf: MacVrf) {}

  /** Each step of `walk` marks one of many keys that something of `set` has looked at; one under way for it gives way. */
  walkLater(set: object, walk: Iterator<unknown>): void {
    this.#walks.set(set, walk);
  }

  /** Takes so many steps, or as many as there are. */
  walkSome(most: number): void {
    let left = most;
    for (const [set, walk] of this.#walks)
      for (let isOver = false; !isOver; ) {
        if (left-- <= 0) return;
        isOver = walk.next().done === true;
        if (isOver) this.#walks.delete(set);
      }
  }

  /** The caller has marked the entry as dirty. */
  addMac(entry: MacEntry): void {
    this.#macs.push(entry);
  }

  addIp(entry: IpEntry): void {
    this.#ips.push(entry);
  }

  /** Takes the MAC that waits longest to be looked at; undefined when none does. */
  takeMac(): MacEntry | undefined {
    return takeDirty(this.#macs);
  }

  takeIp(): IpEntry | undefined {
    return takeDirty(this.#ips);
  }

  get hasMacs(): boolean {
    return this.#macs.size > 0;
  }

  get isEmpty(): boolean {
    return this.#macs.size === 0 && this.#ips.size === 0 && this.#walks.size === 0;
  }
}

function takeDirty<Entry extends MacEntry | IpEntry>(entries: Fifo<Entry>): Entry | undefined {
  let entry = entries.take();
  // Some have been looked at out of turn
  while (entry && !entry.dirty) entry = entries.take();
  if (entry) entry.dirty = false;
  return entry;
}

/** The MAC-VRF of one VNI (RFC 7432 §6, VLAN-based service: one broadcast domain, Ethernet tag 0). Data only. */
export class MacVrf {
  /** What routes have looked at, and what local hosts do: however many there are of the one, the other does not wait for all. */
  readonly ofRoutes = new DirtyLane(this);
  readonly ofHosts = new DirtyLane(this);
  at: VniAttachment | undefined = undefined;
  /** The machine's own addresses in this broadcast domain. */
  own: OwnAddresses = NO_OWN_ADDRESSES;
  readonly macs = new NumberMap<Mac, MacEntry>();
  readonly ips = new Map<Ip, IpEntry>();
  readonly flooding = new FloodList();
  /** Ethernet segments of other leaves, from imported Type-1 routes and the MAC/IP routes that name them. */
  readonly segments = new RemoteSegments();
  /** How many MACs and IPs are whose, kept where the owner changes. */
  readonly counts = { localMacs: 0, remoteMacs: 0, localIps: 0, remoteIps: 0 };
  readonly latestVtep: LatestVtep = {
    vtep: undefined,
    topology: undefined,
    at: undefined,
    reason: undefined,
  };
  /** What MAC/IP routes have beside for the VRF that the SVI is in; undefined where it routes to no other leaf. */
  routed: RoutedExport | undefined = undefined;
  /** What was last originated for the SVI's own addresses. */
  readonly gateways = new Map<Ip, { readonly mac: Mac; readonly attributes: OriginatedAttributes }>();

  constructor(
    readonly vni: Vni,
    /** This and `exportTargets` are changed by advertised.ts alone, which takes the routes along. */
    public rd: RouteDistinguisher,
    /** Changed by the ImportIndex alone. */
    public importTargets: readonly RouteTargetPattern[],
    public exportTargets: readonly RouteTarget[],
    /** Takes the keys that many routes claim. */
    readonly crowded: CrowdedKeys<MacVrf, MacEntry | IpEntry>,
    /** Takes what nobody claims any more. */
    readonly memory: MoveMemory,
  ) {}

  /** The address that we announce; undefined while the VNI cannot forward. */
  get localVtep(): Ip | undefined {
    return this.at?.up ? this.at.localVtep : undefined;
  }

  /** What the MAC/IP route of the IP has beside for the VRF: nobody routes to link-local addresses. */
  routedExportOf(ip: Ip): RoutedExport | undefined {
    return isLinkLocal(ip) ? undefined : this.routed;
  }

  macEntry(mac: Mac): MacEntry {
    let entry = this.macs.get(mac);
    if (!entry) {
      entry = new MacEntry(mac, this.memory.takeMac(this.vni, mac));
      this.macs.set(mac, entry);
    }
    return entry;
  }

  /** The entry of a MAC that somebody claims, or what is remembered of one that nobody does: to read, not to keep. */
  knownMac(mac: Mac): MacEntry | undefined {
    const entry = this.macs.get(mac);
    const remembered = entry ? undefined : this.memory.mac(this.vni, mac);
    return remembered ? new MacEntry(mac, remembered) : entry;
  }

  /** The MAC's idle entry goes; what its next place depends on is remembered. */
  retireMac({ mac, ownership: { sequence }, history }: MacEntry): void {
    this.macs.delete(mac);
    if (sequence > 0 || history) this.memory.putMac(this.vni, mac, { sequence, history });
  }

  ipEntry(ip: Ip): IpEntry {
    let entry = this.ips.get(ip);
    if (!entry) {
      entry = new IpEntry(ip, this.memory.takeIp(this.vni, ip));
      this.ips.set(ip, entry);
    }
    return entry;
  }

  /** The same of an IP. */
  knownIp(ip: Ip): IpEntry | undefined {
    const entry = this.ips.get(ip);
    const remembered = entry ? undefined : this.memory.ip(this.vni, ip);
    return remembered ? new IpEntry(ip, remembered) : entry;
  }

  /** The same of an IP: who had it last is remembered. */
  retireIp({ ip, holder, vtep, history }: IpEntry): void {
    this.ips.delete(ip);
    if (holder) this.memory.putIp(this.vni, ip, { mac: holder.mac, vtep, history });
  }

  /** Marks the entry to be looked at, once however often it is called. The caller queues the lane. */
  markMac(entry: MacEntry, lane = this.ofRoutes): void {
    if (entry.dirty) return;
    entry.dirty = true;
    if (isCrowded(entry)) this.crowded.add(this, entry);
    else lane.addMac(entry);
  }

  markIp(entry: IpEntry, lane = this.ofRoutes): void {
    if (entry.dirty) return;
    entry.dirty = true;
    if (isCrowded(entry)) this.crowded.add(this, entry);
    else lane.addIp(entry);
  }

  /** Marks the MACs and IPs of at most `max` routes of segments whose leaves changed; returns how many of `max` are left over. */
  markSegments(max: number): number {
    return this.segments.hasDirty ? this.segments.visitDirty(max, this.#markRoute) : max;
  }

  readonly #markRoute = ({ nlri }: Destination): void => {
    if (nlri.type !== RouteType.MAC_IP_ADVERTISEMENT) return;
    const mac = this.macs.get(nlri.mac);
    if (mac) this.markMac(mac);
    const ip = nlri.ip === undefined ? undefined : this.ips.get(nlri.ip);
    if (ip) this.markIp(ip);
  };

  /** MACs, IPs or segments wait to be looked at. */
  get hasDirty(): boolean {
    return !this.ofRoutes.isEmpty || !this.ofHosts.isEmpty || this.segments.hasDirty;
  }

  /** Each destination that is imported here, once. */
  *imported(): IterableIterator<Destination> {
    for (const { remotes } of this.macs.values()) yield* listOf(remotes);
    yield* this.flooding.imported();
    for (const segment of this.segments.values()) yield* segment.discoveries();
  }
}

/** So many routes claim it that a look at it waits its turn. */
export function isCrowded({ remotes }: MacEntry | IpEntry): boolean {
  return remotes instanceof Set && remotes.size > CROWD;
}
