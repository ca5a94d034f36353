import { formatRouteTargetPattern } from '../../config/index.js';
import type { MacVrf } from '../../evpn/index.js';
import { formatRouteTarget, type Vni } from '../../types/index.js';
import { ipText } from '../present.js';
import type { VniItem } from '../schemas.js';
import { excessProblems } from './excess-problems.js';
import { absentProblems, hostProblems } from './host-problems.js';
import { problemItem } from './problem-items.js';
import type { Rooms } from './rooms.js';

/** Every VNI that the kernel has or the configuration names, in no order. */
export function knownVnis({ config, dataPlane }: Rooms): Set<Vni> {
  return new Set([...dataPlane.topology.vnis.keys(), ...config().evpn.vnis.keys()]);
}

/** Whether the kernel has the VNI or the configuration names it. */
export function isKnownVni({ config, dataPlane }: Rooms, vni: Vni): boolean {
  return dataPlane.topology.vnis.has(vni) || config().evpn.vnis.has(vni);
}

/** A known VNI as the API shows it. */
export function vniItem(rooms: Rooms, vni: Vni): VniItem {
  const { dataPlane, evpn } = rooms;
  const at = dataPlane.topology.vnis.get(vni);
  const vrf = evpn.vrf(vni);
  return {
    vni,
    rd: vrf ? String(vrf.rd) : null,
    importRouteTargets:
      vrf?.importTargets.map((target) =>
        formatRouteTargetPattern(
          target.kind === 'exact'
            ? target
            : { kind: 'any-as', localAdministrator: target.localAdministrator },
        ),
      ) ?? [],
    exportRouteTargets: vrf?.exportTargets.map(formatRouteTarget) ?? [],
    vxlanDevice: at?.vxlanName ?? null,
    bridge: at?.bridgeName || null,
    vlan: at?.vlan || null,
    svi: at?.sviName || null,
    localVtep: ipText(at?.localVtep),
    multicastGroup: ipText(at?.multicastGroup),
    advertised: vrf?.imetAdvertised !== undefined,
    up: at?.up ?? false,
    problems: [
      ...[...dataPlane.problems()]
        // A device's own problem is one of each of its VNIs
        .filter((each) => each.vni === vni || (each.vni === undefined && each.device === at?.vxlanName))
        .map(problemItem),
      ...absentProblems(rooms, vni),
      ...hostProblems(rooms, vni),
      ...excessProblems(rooms, vni).map(({ note }) => note),
    ],
    openDrifts: dataPlane.drift.openIn(vni),
    counts: {
      ...countsOf(vrf),
      remoteVteps: vrf?.floods.size ?? 0,
      floodVteps: dataPlane.plane(vni)?.floods.size ?? 0,
      floodVtepsLeftOut: vrf?.leftOut?.size ?? 0,
      rememberedAddresses: evpn.memory.size(vni),
    },
  };
}

function countsOf(vrf: MacVrf | undefined): MacVrf['counts'] {
  return vrf?.counts ?? { localMacs: 0, remoteMacs: 0, localIps: 0, remoteIps: 0 };
}
