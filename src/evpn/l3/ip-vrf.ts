import type { Destination, Path } from '../../bgp/index.js';
import type { Hop, HopGroup, KernelRoutes, VrfAttachment } from '../../dataplane/index.js';
import { MixedMap } from '../../tables/index.js';
import {
  Fifo,
  type Ip,
  type Mac,
  type PrefixKey,
  type RouteDistinguisher,
  type RouteTarget,
  type RouteTargetPattern,
  type Vni,
} from '../../types/index.js';
import type { PathAttributes } from '../../wire/index.js';
import type { Few } from '../few.js';
import type { RoutedExport } from '../routed-export.js';
import { RemoteRouters } from './remote-routers.js';

/** How a VRF reaches a prefix: by paths of other leaves, or through another VRF of this leaf; neither where no route is wanted. */
export interface Choice {
  readonly chosen: readonly Path[];
  readonly through: IpVrf | undefined;
}

/** Where routed frames go: a VTEP, the MAC of the router behind it, and the VRF of this leaf by whose L3VNI they are sent. */
export interface Leg {
  readonly vtep: Ip;
  readonly routerMac: Mac;
  /** Another VRF where the route's label is the L3VNI of that one (downstream VNI). */
  readonly egress: IpVrf;
}

/** The VRFs that are routed for, by L3VNI. */
export type Egresses<Vrf = IpVrf> = ReadonlyMap<number, Vrf>;

/** The legs that some routes of one family have in common, and the kernel's nexthops for them. */
export interface Way {
  readonly key: string;
  readonly legs: readonly Leg[];
  /** The gateways that its nexthops have: the VTEPs, in the family of the routes. */
  readonly gateways: readonly Ip[];
  /** Gateways that routes name, where their broadcast domains are here. */
  readonly direct: readonly Hop[];
  /** Another VRF of this leaf, which they lead to instead: its device takes a packet to its table. */
  readonly through: IpVrf | undefined;
  readonly group: HopGroup;
  routes: number;
  /** It claims the routers of its legs. */
  holds: boolean;
}

/** Where paths of such attributes lead, by the L3VNI of the VRF itself. */
export interface KnownWay {
  readonly attributes: readonly PathAttributes[];
  readonly ofIpv4: boolean;
  readonly way: Way;
}

/** The gateway of some routes, and which these are. */
export interface GatewayUse {
  readonly prefixes: Set<PrefixKey>;
  /** How it was reached when they were decided. */
  reach: string;
}

/** What is known of one prefix in one VRF. */
export class PrefixEntry {
  dirty = false;
  /** Imported routes to it: MAC/IP routes of a host, and IP prefix routes. */
  remotes: Few<Destination> = undefined;
  /** Where it leads; undefined where no route of ours is wanted. */
  way: Way | undefined = undefined;

  constructor(readonly prefix: PrefixKey) {}
}

/** The IP-VRF of one VRF of the kernel's that has an L3VNI (RFC 9135 §3). Data only. */
export class IpVrf {
  readonly prefixes = new MixedMap<PrefixKey, PrefixEntry>();
  readonly dirty = new Fifo<PrefixEntry>();
  readonly ways = new Map<string, Way>();
  /** That of the route that was decided last: routes of one leaf come together. */
  latestWay: KnownWay | undefined = undefined;
  readonly routers = new RemoteRouters();
  /** Gateways that imported routes name as overlay index. */
  readonly gateways = new Map<Ip, GatewayUse>();
  /** How many were left when those of routes that are gone were forgotten last. */
  gatewaysKept = 0;
  /** What MAC/IP routes of its VNIs of hosts have; undefined while it does not route. */
  routed: RoutedExport | undefined = undefined;
  /** Which of its VNIs of hosts are served, as text: hosts of the others are nobody's. */
  served = '';
  /** Some route that it imports, or imported, is of another VRF: what becomes of it hangs on that. */
  crosses = false;
  /** It waits for its prefixes to be decided. */
  isQueued = false;
  /** It is no more: nothing leads over its L3VNI. */
  isGone = false;

  constructor(
    readonly l3vni: Vni,
    public at: VrfAttachment,
    public rd: RouteDistinguisher,
    public importTargets: readonly RouteTargetPattern[],
    public exportTargets: readonly RouteTarget[],
    /** Of its routing table. */
    readonly routes: KernelRoutes,
  ) {}

  get name(): string {
    return this.at.name;
  }

  entry(prefix: PrefixKey): PrefixEntry {
    let entry = this.prefixes.get(prefix);
    if (!entry) {
      entry = new PrefixEntry(prefix);
      this.prefixes.set(prefix, entry);
    }
    return entry;
  }

  /** The entry is to be looked at; once however often it is marked. */
  mark(entry: PrefixEntry): void {
    if (entry.dirty) return;
    entry.dirty = true;
    this.dirty.push(entry);
  }

  markAll(): void {
    for (const entry of this.prefixes.values()) this.mark(entry);
  }
}
