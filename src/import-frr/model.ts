import type { FamilyName } from '../config/index.js';

/** A value, and the line of the statement that gave it. */
export interface Given<Value> {
  readonly value: Value;
  readonly line: number;
}

export type Direction = 'in' | 'out';

/** A filter of one neighbor, family and direction. */
export interface Filter {
  readonly kind: 'route-map' | 'prefix-list';
  readonly name: string;
  readonly family: FamilyName;
  readonly direction: Direction;
  readonly line: number;
}

/** A neighbor or a peer group, with what its statements say. */
export interface Peer {
  readonly name: string;
  readonly line: number;
  readonly kind: 'address' | 'interface' | 'group';
  group: Given<string> | undefined;
  /** By the keys of evpnd. */
  readonly settings: Map<string, Given<unknown>>;
  readonly active: Map<FamilyName, Given<boolean>>;
  readonly limits: Map<FamilyName, Given<number>>;
  bfd: Given<BfdTimes> | undefined;
  /** A profile by name. */
  bfdProfile: Given<string> | undefined;
  readonly filters: Filter[];
  /** Where IPv6 next hops are asked for. */
  extendedNexthop: number | undefined;
}

export interface BfdTimes {
  interval?: number | undefined;
  multiplier?: number | undefined;
}

export interface Range {
  readonly prefix: string;
  readonly group: string;
  readonly line: number;
}

export interface VniBlock {
  readonly vni: number;
  readonly line: number;
  readonly settings: Map<string, Given<unknown>>;
}

/** One condition or change of a route-map's entry. */
export interface Clause {
  readonly words: string;
  readonly line: number;
}

export interface MapEntry {
  readonly name: string;
  readonly permits: boolean;
  readonly sequence: number;
  readonly line: number;
  readonly clauses: Clause[];
}

/** One entry of a prefix list, community list, AS path list or extended community list. */
export interface ListEntry {
  readonly sequence: number;
  readonly permits: boolean;
  readonly value: string;
  readonly line: number;
}

export interface Redistribution {
  readonly family: FamilyName;
  readonly routeMap: string | undefined;
  readonly line: number;
}

/** What the BGP instance of a VRF says. */
export interface VrfBlock {
  readonly name: string;
  readonly line: number;
  asn: Given<string> | undefined;
  /** By the keys of evpnd. */
  readonly settings: Map<string, Given<unknown>>;
  /** Of no family where they are announced whatever it advertises. */
  readonly networks: (Given<string> & { readonly family: FamilyName | undefined })[];
  /** Of connected networks where there is no protocol. */
  readonly redistributions: (Redistribution & { readonly protocols: readonly string[] })[];
  /** The families whose routes become Type-5 routes, with their lines. */
  readonly advertised: Map<FamilyName, number>;
}

/** What the BGP and EVPN part of a FRR configuration says, as far as evpnd has something like it. */
export interface Model {
  version: string | undefined;
  profile: string | undefined;
  asn: Given<string> | undefined;
  /** True once a statement allowed external neighbors without a policy. */
  hasNoPolicyRule: boolean;
  routerId: Given<string> | undefined;
  /** Of zebra, which BGP has where it has none of its own. */
  generalRouterId: Given<string> | undefined;
  /** Families that are active unless a neighbor says otherwise. */
  readonly defaultFamilies: Set<FamilyName>;
  timers: Given<{ keepalive: number; hold: number }> | undefined;
  enforcesFirstAs: Given<boolean> | undefined;
  /** Settings of evpnd's neighbors that FRR has once for all. */
  readonly ofAll: Map<string, Given<boolean | number>>;
  alwaysComparesMed: Given<true> | undefined;
  drains: Given<true> | undefined;
  relaxesMultipath: Given<true> | undefined;
  listenLimit: Given<number> | undefined;
  readonly peers: Map<string, Peer>;
  readonly ranges: Range[];
  /** By the keys of evpnd. */
  readonly underlay: Map<string, Given<unknown>>;
  readonly networks: Given<string>[];
  readonly redistributions: Redistribution[];
  servesAllVnis: Given<true> | undefined;
  /** By the keys of evpnd, a dot before what is in a section of its own. */
  readonly evpn: Map<string, Given<unknown>>;
  readonly vnis: Map<number, VniBlock>;
  /** VNIs of the routed traffic of VRFs. */
  readonly routedVnis: Given<{ readonly vrf: string; readonly vni: number }>[];
  /** BGP instances of VRFs, by name. */
  readonly vrfs: Map<string, VrfBlock>;
  readonly routeMaps: Map<string, MapEntry[]>;
  /** Lists by kind and name: `ip prefix-list X`, `ipv6 prefix-list X`, `community-list X`, `as-path X`, `extcommunity-list X`. */
  readonly lists: Map<string, ListEntry[]>;
  readonly bfdProfiles: Map<string, BfdTimes>;
}

export function emptyModel(): Model {
  return {
    version: undefined,
    profile: undefined,
    asn: undefined,
    hasNoPolicyRule: false,
    routerId: undefined,
    generalRouterId: undefined,
    defaultFamilies: new Set(['ipv4-unicast']),
    timers: undefined,
    enforcesFirstAs: undefined,
    ofAll: new Map(),
    alwaysComparesMed: undefined,
    drains: undefined,
    relaxesMultipath: undefined,
    listenLimit: undefined,
    peers: new Map(),
    ranges: [],
    underlay: new Map(),
    networks: [],
    redistributions: [],
    servesAllVnis: undefined,
    evpn: new Map(),
    vnis: new Map(),
    routedVnis: [],
    vrfs: new Map(),
    routeMaps: new Map(),
    lists: new Map(),
    bfdProfiles: new Map(),
  };
}
