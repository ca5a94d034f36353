import type { VrfAttachment } from '../../dataplane/index.js';
import type { Vni } from '../../types/index.js';
import { autoExportTargets, autoImportTargets, listedTargets } from '../import-target.js';
import type { RdAllocator } from '../rd-allocator.js';
import { configuredRds, type EvpnSettings, type VrfSettings } from '../settings.js';

const NO_SETTINGS: VrfSettings = {};

/** What the operator has configured for the VRF. */
export function vrfSettings({ vrfs }: EvpnSettings, { name }: VrfAttachment): VrfSettings {
  return vrfs?.get(name) ?? NO_SETTINGS;
}

/** The route distinguisher and route targets of a VRF: as configured, else derived of its L3VNI. */
export function vrfIdentity(settings: EvpnSettings, at: VrfAttachment, l3vni: Vni, rdAllocator: RdAllocator) {
  const { asn, routerId, autoRt = 'frr' } = settings;
  const own = vrfSettings(settings, at);
  return {
    rd: own.rd ?? rdAllocator.rd(routerId, l3vni, configuredRds(settings)),
    importTargets: listedTargets(own.importTargets, autoImportTargets(l3vni, autoRt)),
    exportTargets: listedTargets(own.exportTargets, autoExportTargets(asn, l3vni, autoRt)),
  };
}
