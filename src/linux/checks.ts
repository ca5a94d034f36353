import type { Severity, TopologyProblem, VniAttachment } from '../dataplane/index.js';
import { type Ip, isIpv4, type Vni } from '../types/index.js';
import type { Link, VxlanSettings } from './link-codec.js';
import type { PortVlans, VniFilter } from './link-table.js';

/** The port of a bridge that a VXLAN device is, or a VXLAN device without a bridge. */
export interface VxlanPort {
  readonly link: Link;
  readonly vxlan: VxlanSettings;
  readonly bridge: Link | undefined;
  readonly vlans: PortVlans | undefined;
  /** undefined where the device has none. */
  readonly filter: VniFilter | undefined;
}

/** What the checks know beside the devices. */
export interface CheckContext {
  /** Least MTU on the way to the VTEPs of a family; undefined where no VTEP is known. */
  readonly underlayMtu: { readonly ipv4: number | undefined; readonly ipv6: number | undefined };
  /** Whether BUM traffic of the VNI goes to other leaves. */
  floods(vni: Vni): boolean;
}

export const NO_CONTEXT: CheckContext = {
  underlayMtu: { ipv4: undefined, ipv6: undefined },
  floods: () => true,
};

/** Octets of outer Ethernet, IP, UDP and VXLAN headers, without the outer Ethernet's own: RFC 7348 §5. */
const OVERHEAD = { ipv4: 50, ipv6: 70 };

/** A property that keeps a VXLAN device from its work, and the command that mends it. */
interface DeviceCheck {
  readonly severity: Severity;
  readonly fails: (port: VxlanPort, context: CheckContext) => boolean;
  readonly problem: (port: VxlanPort, context: CheckContext) => string;
  readonly mend: (port: VxlanPort, context: CheckContext) => string;
}

/** True where the port's VLAN for frames without a tag is one, so that a VNI of its own is that VLAN. */
export function hasAccessVlan(vlans: PortVlans | undefined): boolean {
  return vlans !== undefined && vlans.pvid !== 0 && vlans.pvidUntagged;
}

const familyOf = (ip: Ip | undefined) => (ip === undefined || isIpv4(ip) ? 'ipv4' : 'ipv6');

/** The largest MTU that the device may have; undefined where the underlay's is not known. */
function largestMtu({ vxlan }: VxlanPort, { underlayMtu }: CheckContext): number | undefined {
  const family = familyOf(vxlan.local);
  const underlay = underlayMtu[family];
  return underlay === undefined ? undefined : underlay - OVERHEAD[family];
}

const DEVICE_CHECKS: readonly DeviceCheck[] = [
  {
    severity: 'error',
    fails: ({ bridge }) => !bridge,
    problem: () => 'the device is in no bridge',
    mend: ({ link }) => `ip link set dev ${link.name} master BRIDGE`,
  },
  {
    severity: 'error',
    fails: ({ link }) => !link.up,
    problem: () => 'the device is down',
    mend: ({ link }) => `ip link set dev ${link.name} up`,
  },
  {
    severity: 'error',
    fails: ({ bridge }) => bridge !== undefined && !bridge.up,
    problem: ({ bridge }) => `its bridge ${bridge?.name} is down`,
    mend: ({ bridge }) => `ip link set dev ${bridge?.name} up`,
  },
  {
    severity: 'error',
    fails: ({ vxlan }) => vxlan.local === undefined,
    problem: () => 'the device has no local address, which remote leaves send to',
    // Without `external`, which no device may change afterwards, not even to what it is
    mend: ({ link }) => `ip link set dev ${link.name} type vxlan local ADDRESS`,
  },
  {
    severity: 'warning',
    fails: ({ vxlan }) => vxlan.learning,
    problem: () => 'the device learns from the underlay and so overwrites what BGP says',
    mend: ({ link }) => `ip link set dev ${link.name} type vxlan nolearning`,
  },
  {
    severity: 'warning',
    fails: ({ link }) => link.port?.learning === true,
    problem: () => 'the bridge port learns and so takes remote hosts for local ones',
    mend: ({ link }) => `bridge link set dev ${link.name} learning off`,
  },
  {
    severity: 'warning',
    fails: ({ link, bridge }) => bridge !== undefined && link.port?.neighSuppress === false,
    problem: () => 'ARP and ND for remote hosts go to every leaf: neigh_suppress is off',
    mend: ({ link }) => `bridge link set dev ${link.name} neigh_suppress on`,
  },
  {
    severity: 'error',
    fails: ({ bridge, vxlan }) => bridge?.vlanFiltering === false && vxlan.collectMetadata,
    problem: ({ bridge }) => `bridge ${bridge?.name} filters no VLANs, so that none is mapped to a VNI`,
    mend: ({ bridge }) => `ip link set dev ${bridge?.name} type bridge vlan_filtering 1`,
  },
  {
    severity: 'error',
    fails: ({ bridge, link, vxlan }) =>
      bridge?.vlanFiltering === true && vxlan.collectMetadata && link.port?.vlanTunnel === false,
    problem: () => 'the port maps no VLAN to a VNI: vlan_tunnel is off',
    mend: ({ link }) => `bridge link set dev ${link.name} vlan_tunnel on`,
  },
  {
    severity: 'error',
    fails: ({ bridge, link, vlans, vxlan }) =>
      bridge?.vlanFiltering === true &&
      vxlan.collectMetadata &&
      link.port?.vlanTunnel === true &&
      (vlans?.tunnels.size ?? 0) === 0,
    problem: () => 'no VLAN of the bridge is mapped to a VNI',
    mend: ({ link }) => `bridge vlan add dev ${link.name} vid VLAN tunnel_info id VNI`,
  },
  {
    severity: 'error',
    fails: ({ bridge, vlans, vxlan }) =>
      bridge?.vlanFiltering === true && !vxlan.collectMetadata && !hasAccessVlan(vlans),
    problem: () => 'no VLAN of the bridge is mapped to the VNI',
    mend: ({ link }) => `bridge vlan add dev ${link.name} vid VLAN pvid untagged`,
  },
  {
    severity: 'warning',
    fails: (port, context) => port.link.mtu > (largestMtu(port, context) ?? Number.POSITIVE_INFINITY),
    problem: ({ link, vxlan }, { underlayMtu }) =>
      `its MTU of ${link.mtu} leaves no room for the outer headers: the underlay carries ${underlayMtu[familyOf(vxlan.local)]}`,
    mend: (port, context) => `ip link set dev ${port.link.name} mtu ${largestMtu(port, context)}`,
  },
];

/** Settings of the port that decide about BUM traffic, and what the port must have where nothing is to be flooded. */
const FLOOD_SETTINGS = [
  ['flood', 'flood'],
  ['mcastFlood', 'mcast_flood'],
  ['bcastFlood', 'bcast_flood'],
] as const;

/** What is wrong with the device itself, in the order in which it is to be mended. `vnis` are those that it serves. */
export function checkDevice(
  port: VxlanPort,
  vnis: readonly Vni[],
  context: CheckContext,
  out: TopologyProblem[],
): void {
  const { link, vxlan, bridge } = port;
  const vni = vxlan.collectMetadata ? undefined : vnis[0];
  const device = link.name;
  for (const { severity, fails, problem, mend } of DEVICE_CHECKS)
    if (fails(port, context))
      out.push({ severity, vni, device, problem: problem(port, context), mend: mend(port, context) });
  if (!bridge || !link.port || vnis.length === 0) return;
  const { port: settings } = link;
  const flooding = vnis.filter((each) => context.floods(each)).length;
  // Where the VNIs of one device differ, the port serves both kinds
  const wrong = (on: boolean) =>
    FLOOD_SETTINGS.filter(([field]) => settings[field] !== on).map(([, word]) => word);
  const blocked = flooding > 0 ? wrong(true) : [];
  if (blocked.length > 0)
    out.push({
      severity: 'info',
      vni,
      device,
      problem: `what is to be flooded to other leaves stops at the port: ${blocked.join(', ')} off`,
      mend: `bridge link set dev ${device} ${blocked.map((word) => `${word} on`).join(' ')}`,
    });
  const wasted = flooding === 0 ? wrong(false) : [];
  if (wasted.length > 0)
    out.push({
      severity: 'info',
      vni,
      device,
      problem: `flooding is disabled, yet frames reach the device to be dropped there: ${wasted.join(', ')} on`,
      mend: `bridge link set dev ${device} ${wasted.map((word) => `${word} off`).join(' ')}`,
    });
}

/** What is wrong with one VNI at the place where it is served. */
export function checkVni(port: VxlanPort, at: VniAttachment, out: TopologyProblem[]): void {
  const { vni, vxlanName: device } = at;
  if (port.filter && !port.filter.has(vni))
    out.push({
      severity: 'error',
      vni,
      device,
      problem: "the VNI is not in the device's filter, which drops its frames",
      mend: `bridge vni add dev ${device} vni ${vni}`,
    });
  if (at.bridgeIfindex !== 0 && at.vlan !== 0 && at.sviIfindex === 0)
    out.push({
      severity: 'info',
      vni,
      device,
      problem: `VLAN ${at.vlan} has no device on ${at.bridgeName}, so that no neighbours are known and ARP and ND are not answered`,
      mend: `ip link add link ${at.bridgeName} name ${at.bridgeName}.${at.vlan} up type vlan id ${at.vlan}`,
    });
}
