import type { SpeakerConfig } from './bgp/index.js';
import type { Config } from './config/index.js';
import { type EvpnSettings, isFlooded, isServed, type VniSettings } from './evpn/index.js';
import type { KernelPolicy } from './linux/index.js';
import { formatIp, type Vni } from './types/index.js';

/** The configuration as the speaker takes it. */
export function speakerConfig(config: Config): SpeakerConfig {
  return {
    asn: config.asn,
    routerId: config.routerId,
    listen: config.bgp.listen.map((address) => ({ address: formatIp(address), port: config.bgp.port })),
    neighbors: config.neighbors.map((neighbor) => ({
      ...neighbor,
      address: formatIp(neighbor.address),
      localAddress: neighbor.localAddress === undefined ? undefined : formatIp(neighbor.localAddress),
    })),
  };
}

/** The configuration as the brain takes it. */
export function evpnSettings(config: Config): EvpnSettings {
  const vnis = new Map<Vni, VniSettings>();
  for (const [vni, { importRouteTargets, exportRouteTargets, ...same }] of config.evpn.vnis)
    vnis.set(vni, { ...same, importTargets: importRouteTargets, exportTargets: exportRouteTargets });
  return {
    ...config.evpn,
    asn: config.asn,
    routerId: config.routerId,
    duplicates: config.evpn.duplicateDetection,
    vnis,
  };
}

/** What the configuration wants of the kernel beyond routes. */
export function kernelPolicy(config: Config): KernelPolicy {
  const settings = evpnSettings(config);
  return {
    managePortSettings: config.managePortSettings && config.mode === 'active',
    serves: (vni) => isServed(settings, vni),
    floods: (vni) => isFlooded(settings, vni),
    lists: (vni) => settings.vnis.has(vni) && isServed(settings, vni),
  };
}
