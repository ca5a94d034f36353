import type { Destination } from '../bgp/index.js';
import type { VniAttachment } from '../dataplane/index.js';
import type { Ip, Mac, RouteDistinguisher, RouteTarget, Vni } from '../types/index.js';
import type { OriginatedAttributes } from '../wire/index.js';
import type { ImportTarget } from './import-target.js';
import { type Ownership, UNOWNED } from './mobility.js';
import type { MoveHistory } from './moves.js';

/** Shared by all entries without a route, and never added to. */
const NO_ROUTES: Destination[] = [];

/**
 * The list with one more. Nearly all lists hold one or two, and an array that `push` makes grow from nothing takes room
 * for seventeen.
 */
export function withRoute(list: Destination[], route: Destination): Destination[] {
  if (list.length === 0) return [route];
  if (list.length === 1) return [list[0], route];
  list.push(route);
  return list;
}

/** What is known of one MAC in one VNI. */
export class MacEntry {
  ownership: Ownership = UNOWNED;
  /** Imported Type-2 routes of this MAC, with an IP and without. */
  remotes: Destination[] = NO_ROUTES;
  /** IPs that are bound to the MAC here or elsewhere: they follow it when it moves. */
  ips: Set<Ip> | undefined = undefined;
  /** The attributes that the MAC route was last originated with. */
  advertised: OriginatedAttributes | undefined = undefined;
  /** The VTEP that the data plane was last told. */
  vtep: Ip | undefined = undefined;
  /** What happened to it lately. */
  history: MoveHistory | undefined = undefined;

  constructor(readonly mac: Mac) {}

  bind(ip: Ip): void {
    this.ips ??= new Set();
    this.ips.add(ip);
  }

  unbind(ip: Ip): void {
    if (this.ips?.delete(ip) && this.ips.size === 0) this.ips = undefined;
  }

  /** Nothing holds the entry but its memory of the sequence number. */
  get isIdle(): boolean {
    return this.ownership.owner === 'none' && this.remotes.length === 0 && this.ips === undefined;
  }
}

/** What is known of one IP in one VNI. */
export class IpEntry {
  owner: 'none' | 'local' | 'remote' = 'none';
  /** The epoch of the local binding that made us the owner, and of the one that a remote claim has beaten; 0 for none. */
  localEpoch = 0;
  beatenEpoch = 0;
  /** The MAC that had it last, by the owner's word. */
  mac: Mac | undefined = undefined;
  /** The MACs that have the IP by anybody's word, ours and the best remote one: when their owner changes, so may ours. */
  claimants: readonly Mac[] = [];
  /** Imported Type-2 routes with this IP. */
  remotes: Destination[] = NO_ROUTES;
  /** What was last originated for the IP, and with which MAC. */
  advertised: { readonly mac: Mac; readonly attributes: OriginatedAttributes } | undefined = undefined;
  /** What happened to it lately. */
  history: MoveHistory | undefined = undefined;

  constructor(readonly ip: Ip) {}
}

/** The MAC-VRF of one VNI (RFC 7432 §6, VLAN-based service: one broadcast domain, Ethernet tag 0). Data only. */
export class MacVrf {
  at: VniAttachment | undefined = undefined;
  readonly macs = new Map<Mac, MacEntry>();
  readonly ips = new Map<Ip, IpEntry>();
  /** Imported Type-3 routes by originator: the VTEPs that want our BUM traffic. */
  readonly floods = new Map<Ip, Set<Destination>>();
  readonly touchedMacs = new Set<Mac>();
  readonly touchedIps = new Set<Ip>();
  readonly touchedFloods = new Set<Ip>();
  /** How many MACs and IPs are whose, kept where the owner changes. */
  readonly counts = { localMacs: 0, remoteMacs: 0, localIps: 0, remoteIps: 0 };
  /** BUM traffic goes to other leaves and comes from them. */
  flooding = true;
  imetAdvertised: OriginatedAttributes | undefined = undefined;
  /** What was last originated for the SVI's own addresses. */
  readonly gateways = new Map<Ip, { readonly mac: Mac; readonly attributes: OriginatedAttributes }>();

  constructor(
    readonly vni: Vni,
    readonly rd: RouteDistinguisher,
    readonly importTargets: readonly ImportTarget[],
    readonly exportTargets: readonly RouteTarget[],
  ) {}

  /** The address that we announce; undefined while the VNI cannot forward. */
  get localVtep(): Ip | undefined {
    return this.at?.up ? this.at.localVtep : undefined;
  }

  macEntry(mac: Mac): MacEntry {
    let entry = this.macs.get(mac);
    if (!entry) {
      entry = new MacEntry(mac);
      this.macs.set(mac, entry);
    }
    return entry;
  }

  ipEntry(ip: Ip): IpEntry {
    let entry = this.ips.get(ip);
    if (!entry) {
      entry = new IpEntry(ip);
      this.ips.set(ip, entry);
    }
    return entry;
  }
}
