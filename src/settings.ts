import type { Multipath, SpeakerConfig } from './bgp/index.js';
import type { Config, FamilyName } from './config/index.js';
import type { RoutesPosition } from './dataplane/index.js';
import { type EvpnSettings, isFlooded, isServed, type VniSettings, type VrfSettings } from './evpn/index.js';
import { FAMILIES, familiesOf } from './families.js';
import type { KernelPolicy } from './linux/index.js';
import { policiesOf } from './policies.js';
import { formatIp, type Vni } from './types/index.js';
import type { AnyFamily } from './wire/index.js';

/** What only counts for a neighbor that is connected to. */
const NEVER_CONNECTED_TO = { port: 179, connectRetryTime: 5 } as const;

/** Returns the configuration of the speaker. */
export function speakerConfig(config: Config): SpeakerConfig {
  const of = speakerConfigs(config);
  const vrfs = vrfsOfNeighbors(config);
  return {
    ...of(undefined),
    ...(vrfs.size > 0 && { vrfs: new Map([...vrfs].map((vrf) => [vrf, of(vrf)])) }),
  };
}

/** Returns the VRFs that neighbors are in. */
export function vrfsOfNeighbors({
  neighbors,
  listenRanges,
}: Pick<Config, 'neighbors' | 'listenRanges'>): ReadonlySet<string> {
  const vrfs = new Set([...neighbors, ...listenRanges].map(({ vrf }) => vrf));
  vrfs.delete(undefined);
  return vrfs as ReadonlySet<string>;
}

/** Returns what gives the configuration of the speaker of a VRF, or of none. */
function speakerConfigs(config: Config): (vrf: string | undefined) => SpeakerConfig {
  const policies = policiesOf(config);
  return (wanted) => ({
    asn: config.asn,
    routerId: config.routerId,
    listen: config.bgp.listen.map((address) => ({
      address: formatIp(address),
      port: config.bgp.port,
      ...(wanted !== undefined && { device: wanted }),
    })),
    neighbors: config.neighbors.filter(isIn(wanted)).map(({ vrf, ...neighbor }) => ({
      ...neighbor,
      ...(vrf !== undefined && { device: vrf }),
      ...policies(neighbor),
      families: familiesOf(neighbor.families),
      maxFamilyRoutes: familyLimits(neighbor.maxFamilyRoutes),
      // A valid configuration has one of both
      address: neighbor.interface ?? (neighbor.address === undefined ? '' : formatIp(neighbor.address)),
      localAddress: neighbor.localAddress === undefined ? undefined : formatIp(neighbor.localAddress),
    })),
    listenRanges: config.listenRanges.filter(isIn(wanted)).map(({ prefix, limit, vrf, ...neighbor }) => ({
      prefix,
      limit,
      neighbor: {
        ...neighbor,
        ...(vrf !== undefined && { device: vrf }),
        ...policies(neighbor),
        families: familiesOf(neighbor.families),
        maxFamilyRoutes: familyLimits(neighbor.maxFamilyRoutes),
        ...NEVER_CONNECTED_TO,
      },
    })),
  });
}

const isIn =
  (wanted: string | undefined) =>
  ({ vrf }: { readonly vrf?: string | undefined }): boolean =>
    vrf === wanted;

function familyLimits(limits: ReadonlyMap<FamilyName, number>): ReadonlyMap<AnyFamily, number> {
  return new Map([...limits].map(([name, limit]) => [FAMILIES[name], limit]));
}

/** Returns the routing table and metric of the underlay's routes; undefined where it is off. */
export function underlayPosition(config: Config): RoutesPosition | undefined {
  return config.underlay.enabled ? routesPosition(config) : undefined;
}

/** The same whether the underlay is on or off, for what removes routes. */
export function routesPosition({ underlay }: Config): RoutesPosition {
  return { tableId: underlay.routingTable, metric: underlay.metric };
}

/** Returns how many equally good paths to a prefix the underlay uses. */
export function multipathOf({ underlay }: Config): Multipath {
  const { maximumPaths, maximumPathsIbgp = maximumPaths, multipathRelax } = underlay;
  return { external: maximumPaths, internal: maximumPathsIbgp, isRelaxed: multipathRelax };
}

/** Are remote MACs of the VNI kept out of the kernel that a switch ASIC's full table leaves out? */
export function withholdsOverflow({ evpn }: Config, vni: Vni): boolean {
  return (evpn.vnis.get(vni)?.hardwareOverflow ?? evpn.hardwareOverflow) === 'withhold';
}

/** Returns the configuration of the brain. */
export function evpnSettings(config: Config): EvpnSettings {
  const vnis = new Map<Vni, VniSettings>();
  for (const [vni, { importRouteTargets, exportRouteTargets, ...same }] of config.evpn.vnis)
    vnis.set(vni, { ...same, importTargets: importRouteTargets, exportTargets: exportRouteTargets });
  const vrfs = new Map<string, VrfSettings>();
  for (const [name, { importRouteTargets, exportRouteTargets, ...same }] of config.evpn.vrfs)
    vrfs.set(name, { ...same, importTargets: importRouteTargets, exportTargets: exportRouteTargets });
  return {
    ...config.evpn,
    asn: config.asn,
    routerId: config.routerId,
    duplicates: config.evpn.duplicateDetection,
    vnis,
    vrfs,
  };
}

/** The configuration has the VNI served wherever it is mapped, for hosts or for a VRF. */
export function servesMapped({ evpn }: Config, vni: Vni): boolean {
  return isServed(evpn, vni) || [...evpn.vrfs.values()].some((vrf) => vrf.advertise && vrf.l3vni === vni);
}

/** Returns the configuration of the kernel side, apart from routes. */
export function kernelPolicy(config: Config): KernelPolicy {
  const settings = evpnSettings(config);
  return {
    managePortSettings: config.managePortSettings && config.mode === 'active',
    serves: (vni) => isServed(settings, vni),
    floods: (vni) => isFlooded(settings, vni),
    lists: (vni) => settings.vnis.has(vni) && isServed(settings, vni),
    names: (vni) => settings.vnis.has(vni),
    vrfs: config.evpn.vrfs,
    anyVrf: config.evpn.advertiseAllVni,
  };
}
