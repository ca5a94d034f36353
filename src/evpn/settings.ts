import type {
  Ipv4,
  PrefixKey,
  PrefixRule,
  RouteDistinguisher,
  RouteTarget,
  RouteTargetPattern,
  Vni,
} from '../types/index.js';
import type { DuplicateSettings } from './duplicates.js';
import type { AutoRt, ListedTargets } from './import-target.js';
import { DEFAULT_LOCAL_LIMITS, type LocalLimits } from './local-limits.js';

/** What becomes of broadcast, unknown unicast and multicast: a copy for each leaf of the VNI, or none at all. */
type Flooding = 'head-end-replication' | 'disabled';

/** What the operator has configured for one VNI; undefined leaves the derived value. */
export interface VniSettings {
  readonly advertise: boolean;
  readonly rd: RouteDistinguisher | undefined;
  readonly importTargets: ListedTargets<RouteTargetPattern>;
  readonly exportTargets: ListedTargets<RouteTarget>;
  readonly flooding?: Flooding | undefined;
  readonly advertiseSviIp?: boolean | undefined;
  readonly advertiseDefaultGateway?: boolean | undefined;
  readonly maxLocalMacs?: number | undefined;
  readonly maxLocalIps?: number | undefined;
}

/** What the operator has configured for one VRF; undefined leaves the derived value. */
export interface VrfSettings {
  readonly rd?: RouteDistinguisher | undefined;
  readonly importTargets?: ListedTargets<RouteTargetPattern>;
  readonly exportTargets?: ListedTargets<RouteTarget>;
  /** Prefixes that are announced whatever routes there are. */
  readonly networks?: readonly PrefixKey[];
  /** Which networks of its devices are announced. */
  readonly redistributeConnected?: readonly PrefixRule[];
  /** Which routes of other programs in its routing table are announced. */
  readonly redistributeRoutes?: readonly PrefixRule[];
  /** Whose (RTPROT_*); everybody's where there is none. */
  readonly redistributeProtocols?: readonly number[];
}

/** What the brain needs of the configuration. */
export interface EvpnSettings {
  readonly asn: number;
  readonly routerId: Ipv4;
  /** A VNI that `vnis` does not name is served. */
  readonly advertiseAllVni: boolean;
  readonly vnis: ReadonlyMap<Vni, VniSettings>;
  /** VRFs that have settings of their own, by name; none where absent. */
  readonly vrfs?: ReadonlyMap<string, VrfSettings>;
  /** How route targets are derived; `frr` where absent. */
  readonly autoRt?: AutoRt;
  /** `vni`: routes with an Ethernet tag are those of a VLAN-aware bundle's VNI that their label names; `zero` where absent. */
  readonly importEthernetTags?: 'zero' | 'vni';
  /** For VNIs without a value of their own; head-end replication if absent. */
  readonly flooding?: Flooding;
  /** VTEPs of each VNI that get copies at most; DEFAULT_FLOOD_LIMIT where absent. */
  readonly floodLimit?: number;
  /** For VNIs without a value of their own: the SVI's own addresses are announced, as a host's or as the default gateway's. */
  readonly advertiseSviIp?: boolean;
  readonly advertiseDefaultGateway?: boolean;
  /** What is announced of local hosts at most, for VNIs without values of their own; DEFAULT_LOCAL_LIMITS if absent. */
  readonly maxLocalMacs?: number;
  readonly maxLocalIps?: number;
  readonly newAddressRate?: number;
  /** undefined: DEFAULT_DUPLICATE_SETTINGS. */
  readonly duplicates?: DuplicateSettings;
}

export const DEFAULT_FLOOD_LIMIT = 512;

/** Does BUM traffic of the VNI go to other leaves and come from them? */
export function isFlooded(settings: Pick<EvpnSettings, 'flooding' | 'vnis'>, vni: Vni): boolean {
  return (settings.vnis.get(vni)?.flooding ?? settings.flooding) !== 'disabled';
}

/** Returns what local hosts of the VNI may take of what all share. */
export function localLimits(settings: EvpnSettings, vni: Vni): LocalLimits {
  const { macs, ips, rate } = DEFAULT_LOCAL_LIMITS;
  const own = settings.vnis.get(vni);
  return {
    macs: own?.maxLocalMacs ?? settings.maxLocalMacs ?? macs,
    ips: own?.maxLocalIps ?? settings.maxLocalIps ?? ips,
    rate: settings.newAddressRate ?? rate,
  };
}

/** Are routes of a VLAN-aware bundle imported? */
export function importsTags({ importEthernetTags }: Pick<EvpnSettings, 'importEthernetTags'>): boolean {
  return importEthernetTags === 'vni';
}

/** Is the VNI ours to serve? */
export function isServed(
  settings: {
    readonly advertiseAllVni: boolean;
    readonly vnis: ReadonlyMap<Vni, { readonly advertise?: boolean | undefined }>;
  },
  vni: Vni,
): boolean {
  return settings.vnis.get(vni)?.advertise ?? settings.advertiseAllVni;
}

/** The route distinguishers that the operator gave to VNIs and VRFs. */
export function configuredRds({ vnis, vrfs }: EvpnSettings): ReadonlySet<RouteDistinguisher> {
  const rds = new Set<RouteDistinguisher>();
  for (const { rd } of vnis.values()) if (rd !== undefined) rds.add(rd);
  for (const { rd } of vrfs?.values() ?? []) if (rd !== undefined) rds.add(rd);
  return rds;
}
