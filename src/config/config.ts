import type { Ip, Ipv4, RouteDistinguisher, RouteTarget, Vni } from '../types/index.js';
import type { RouteTargetPattern } from './route-target-pattern.js';

export const DEFAULT_STATE_DIRECTORY = '/var/lib/evpnd';

/** One BGP neighbor, defaults filled. Times are in seconds. */
export interface NeighborConfig {
  readonly address: Ip;
  readonly port: number;
  /** `internal`: our own AS; `external`: any other. */
  readonly remoteAs: number | 'internal' | 'external';
  /** Waits for the neighbor to connect. */
  readonly passive: boolean;
  readonly localAddress: Ip | undefined;
  /** 0: the session never times out (RFC 4271 §4.2). */
  readonly holdTime: number;
  /** 0 exactly where holdTime is 0. */
  readonly keepaliveTime: number;
  readonly connectRetryTime: number;
  /** 0: the neighbor may leave unread what waits for it as long as it likes; undefined: RFC 9687's default. */
  readonly sendHoldTime: number | undefined;
  /** eBGP routes begin with the neighbour's AS. */
  readonly enforceFirstAs: boolean;
  /** How often our own AS may be in a path. */
  readonly allowasIn: number;
  /** Routes that may stand, and octets of attributes that may be kept of them; 0 for no limit. */
  readonly maxRoutes: number;
  readonly maxOctets: number;
  readonly onLimit: 'close' | 'warn';
  readonly description: string | undefined;
}

/** What the operator says of one VNI; undefined leaves the derived value. */
export interface VniConfig {
  readonly vni: Vni;
  readonly advertise: boolean;
  readonly rd: RouteDistinguisher | undefined;
  readonly importRouteTargets: readonly RouteTargetPattern[] | undefined;
  readonly exportRouteTargets: readonly RouteTarget[] | undefined;
  /** undefined: as `evpn.flooding` says. */
  readonly flooding: FloodingConfig | undefined;
  readonly advertiseSviIp: boolean | undefined;
  readonly maxLocalMacs: number | undefined;
  readonly maxLocalIps: number | undefined;
  readonly advertiseDefaultGateway: boolean | undefined;
}

/** How local neighbors are kept known. */
export interface NeighborRefreshConfig {
  readonly enabled: boolean;
  /** Seconds. */
  readonly interval: number;
  /** Questions a second. */
  readonly rate: number;
}

/** What becomes of broadcast, unknown unicast and multicast frames. */
export type FloodingConfig = 'head-end-replication' | 'disabled';

/** Duplicate address detection (RFC 7432 §15.1). Times are in seconds. */
export interface DuplicateDetectionConfig {
  readonly enabled: boolean;
  readonly moves: number;
  readonly window: number;
  readonly action: 'warn' | 'freeze';
  /** undefined: until an operator clears it. */
  readonly freezeTime: number | undefined;
}

/** An address and a TCP port to listen on. */
export interface ListenAddress {
  /** As `net.Server.listen` takes it: no brackets. */
  readonly host: string;
  readonly port: number;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A whole, valid configuration: every value parsed, every default filled. */
export interface Config {
  readonly asn: number;
  readonly routerId: Ipv4;
  readonly neighbors: readonly NeighborConfig[];
  readonly bgp: { readonly listen: readonly Ip[]; readonly port: number };
  readonly evpn: {
    /** A VNI that `vnis` does not list is advertised. */
    readonly advertiseAllVni: boolean;
    /** `frr`: export (AS & 0xffff):VNI, import *:VNI. */
    readonly autoRt: 'frr' | 'rfc8365';
    /** `vni`: those of a VLAN-aware bundle too. */
    readonly importEthernetTags: 'zero' | 'vni';
    readonly flooding: FloodingConfig;
    /** VTEPs of each VNI that get copies at most. */
    readonly floodLimit: number;
    readonly duplicateDetection: DuplicateDetectionConfig;
    readonly neighborRefresh: NeighborRefreshConfig;
    /** ARP and ND are heard on access ports. */
    readonly snooping: boolean;
    readonly advertiseSviIp: boolean;
    /** Local MACs and IPs of a VNI that are announced at most. */
    readonly maxLocalMacs: number;
    readonly maxLocalIps: number;
    /** New local addresses of a port and VNI a second that are announced. */
    readonly newAddressRate: number;
    readonly advertiseDefaultGateway: boolean;
    readonly vnis: ReadonlyMap<Vni, VniConfig>;
  };
  readonly api: { readonly unixSocket: string; readonly listen: readonly ListenAddress[] };
  readonly log: { readonly level: LogLevel };
  readonly kernel: { readonly receiveBufferBytes: number };
  /** evpnd sets what the bridge ports and devices of its VNIs need, and sets it again when it is changed. */
  readonly managePortSettings: boolean;
  /** `observe`: nothing is written to the kernel, nothing is announced and no host is asked. */
  readonly mode: 'active' | 'observe';
  readonly onStop: 'flush' | 'preserve';
  /** Seconds. */
  readonly sweepDeferralTime: number;
  readonly stateDirectory: string;
}
