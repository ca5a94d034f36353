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
    asn: config.asn,
    routerId: config.routerId,
    advertiseAllVni: config.evpn.advertiseAllVni,
    flooding: config.evpn.flooding,
    floodLimit: config.evpn.floodLimit,
    autoRt: config.evpn.autoRt,
    importEthernetTags: config.evpn.importEthernetTags,
    duplicates: config.evpn.duplicateDetection,
    advertiseSviIp: config.evpn.advertiseSviIp,
    maxLocalMacs: config.evpn.maxLocalMacs,
    maxLocalIps: config.evpn.maxLocalIps,
    newAddressRate: config.evpn.newAddressRate,
    advertiseDefaultGateway: config.evpn.advertiseDefaultGateway,
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

/** A reload's configuration with the settings that only a restart can change left as they are. */
export function withFixedSettings(running: Config, wanted: Config): Config {
  return {
    ...wanted,
    asn: running.asn,
    neighbors: running.asn === wanted.asn ? wanted.neighbors : withRunningAs(running, wanted),
    routerId: running.routerId,
    bgp: running.bgp,
    evpn: { ...wanted.evpn, snooping: running.evpn.snooping },
    api: running.api,
    kernel: running.kernel,
    mode: running.mode,
    sweepDeferralTime: running.sweepDeferralTime,
    stateDirectory: running.stateDirectory,
  };
}

/** Which AS a neighbor is in was read by the AS that we are to be: that counts when we are. */
function withRunningAs(running: Config, wanted: Config): Config['neighbors'] {
  return wanted.neighbors.map((neighbor) => {
    const before = running.neighbors.find(({ address }) => address === neighbor.address);
    return before ? { ...neighbor, remoteAs: before.remoteAs } : neighbor;
  });
}
