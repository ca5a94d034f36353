import type { InterfaceAddress, Severity, TopologyProblem, VniAttachment } from '../dataplane/index.js';
import { formatIp, IPV4_ANY, type Ip, isIpv4, isNoVtep, type Vni } from '../types/index.js';
import { BR_STATE_FORWARDING } from './constants.js';
import type { Link } from './link-codec.js';
import type { PortVlans, VniFilter } from './link-table.js';
import type { VxlanSettings } from './vxlan-codec.js';

/**
 * The problem of a VXLAN device's `local`: no device has it (`absent`), or one that is down, or one that may not
 * use it yet, or not at all (RFC 4862 §5.4), or it can be nobody's VTEP.
 */
export interface LocalAddress {
  readonly state: 'none' | 'usable' | 'down' | 'tentative' | 'dadfailed' | 'absent' | 'martian';
  /** The device that has it, '' for none. */
  readonly device: string;
}

export const NO_LOCAL: LocalAddress = { state: 'none', device: '' };
const NOWHERE: LocalAddress = { state: 'absent', device: '' };
const ROUTED: LocalAddress = { state: 'usable', device: '' };
const MARTIAN: LocalAddress = { state: 'martian', device: '' };

/** The port of a bridge that a VXLAN device is, or a VXLAN device without a bridge. */
export interface VxlanPort {
  readonly link: Link;
  readonly vxlan: VxlanSettings;
  readonly local: LocalAddress;
  readonly bridge: Link | undefined;
  readonly vlans: PortVlans | undefined;
  /** undefined where the device has none. */
  readonly filter: VniFilter | undefined;
}

/** What the configuration says of a VRF. */
export interface VrfWish {
  /** undefined: the devices say which it is. */
  readonly l3vni: Vni | undefined;
  /** False: the VRF is none of the fabric's. */
  readonly advertise: boolean;
}

/** What the checks know beside the devices. */
export interface CheckContext {
  /** Least MTU on the way to the VTEPs of a family; undefined where no VTEP is known. */
  readonly underlayMtu: { readonly ipv4: number | undefined; readonly ipv6: number | undefined };
  /** Addresses that no device has and that the routing table delivers here all the same. */
  readonly localRoutes: ReadonlySet<Ip>;
  /** The kernel's driver of each switch ASIC, by its id. */
  readonly drivers: ReadonlyMap<string, string>;
  /** As in Topology; the same object as long as it is equal. */
  readonly loops: ReadonlyMap<Ip, string>;
  /** As in Topology; the same object as long as it is equal. */
  readonly unreachable: ReadonlySet<Ip>;
  /** True if BUM traffic of the VNI goes to other leaves. */
  floods(vni: Vni): boolean;
  /** True if the configuration lists the VNI as one that is served. */
  lists(vni: Vni): boolean;
  /** True if the configuration has it among the VNIs of hosts, served or not. */
  names(vni: Vni): boolean;
  /** The VRFs that the configuration names. */
  readonly vrfs: ReadonlyMap<string, VrfWish>;
  /** Those that it does not name are the fabric's too. */
  readonly anyVrf: boolean;
}

export const NO_CONTEXT: CheckContext = {
  underlayMtu: { ipv4: undefined, ipv6: undefined },
  localRoutes: new Set(),
  drivers: new Map(),
  loops: new Map(),
  unreachable: new Set(),
  floods: () => true,
  lists: () => false,
  names: () => false,
  vrfs: new Map(),
  anyVrf: true,
};

/** RFC 7348 §8. */
const VXLAN_PORT = 4789;
/** What a device has that is made without `dstport` (drivers/net/vxlan: vxlan_port), from before there was a number for it. */
const LINUX_PORT = 8472;

/** BR_STATE_* in words. */
const PORT_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'];

const localText = ({ local }: VxlanSettings) => (local === undefined ? '' : formatIp(local));

/** Octets of outer Ethernet, IP, UDP and VXLAN headers, without the outer Ethernet's own: RFC 7348 §5. */
const OVERHEAD = { ipv4: 50, ipv6: 70 };

/** A property that keeps a VXLAN device from its work, and the command that fixes it where one does. */
interface DeviceCheck {
  readonly severity: Severity;
  readonly fails: (port: VxlanPort, context: CheckContext) => boolean;
  readonly problem: (port: VxlanPort, context: CheckContext) => string;
  readonly fix: (port: VxlanPort, context: CheckContext) => string | undefined;
  /** It matters to hosts in the VNI alone. */
  readonly ofHosts?: boolean;
}

/** True where the device carries frames, as far as the kernel can know. */
export function isRunning({ up, carrier, protodown }: Link): boolean {
  return up && carrier && !protodown;
}

/** True where frames pass between the bridge and the underlay. */
export function carriesFrames({ link, bridge, local }: VxlanPort): boolean {
  if (!bridge || !isRunning(link) || !isRunning(bridge)) return false;
  // Without one the kernel chooses a source by itself
  return isForwarding(link) && (local.state === 'usable' || local.state === 'none');
}

function isForwarding({ port }: Link): boolean {
  return port === undefined || port.state === BR_STATE_FORWARDING;
}

/** Returns the problem of each address that a VXLAN device has as `local`. */
export function localAddresses(
  links: readonly Link[],
  addresses: ReadonlyMap<number, readonly InterfaceAddress[]>,
  { localRoutes }: CheckContext,
): Map<Ip, LocalAddress> {
  const found = new Map<Ip, LocalAddress>();
  for (const { vxlan } of links) {
    const local = vxlan?.local;
    if (local === undefined) continue;
    const martian = isNoVtep(local);
    found.set(local, martian ? MARTIAN : localRoutes.has(local) ? ROUTED : NOWHERE);
  }
  if (found.size === 0) return found;
  for (const { ifindex, name: device, up } of links)
    for (const { ip, state } of addresses.get(ifindex) ?? []) {
      const before = found.get(ip);
      // Several devices may have it: one that may use it will do
      if (before && before !== MARTIAN && before.state !== 'usable')
        found.set(ip, { state: up ? state : 'down', device });
    }
  return found;
}

/** The command for a device that is held down: the kernel wants every reason gone first (net/core/rtnetlink.c). */
function endProtodown({ name, protodownReasons }: Link): string {
  const reasons: number[] = [];
  for (let reason = 0; reason < 32; reason++) if ((protodownReasons >>> reason) & 1) reasons.push(reason);
  return [...reasons.map((reason) => `protodown_reason ${reason} off`), 'protodown off']
    .map((change) => `ip link set dev ${name} ${change}`)
    .join(' && ');
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
    fix: ({ link }) => `ip link set dev ${link.name} master BRIDGE`,
  },
  {
    severity: 'error',
    fails: ({ link }) => !link.up,
    problem: () => 'the device is down',
    fix: ({ link }) => `ip link set dev ${link.name} up`,
  },
  {
    severity: 'error',
    fails: ({ bridge }) => bridge !== undefined && !bridge.up,
    problem: ({ bridge }) => `its bridge ${bridge?.name} is down`,
    fix: ({ bridge }) => `ip link set dev ${bridge?.name} up`,
  },
  {
    severity: 'error',
    fails: ({ link }) => link.up && link.protodown,
    problem: () => 'the device is held down by protodown',
    fix: ({ link }) => endProtodown(link),
  },
  {
    severity: 'error',
    fails: ({ link }) => link.up && !link.protodown && !link.carrier,
    problem: () => 'the device has no carrier',
    fix: () => undefined,
  },
  {
    severity: 'error',
    fails: ({ link, bridge }) => isRunning(link) && bridge?.up === true && !isForwarding(link),
    problem: ({ link }) => `the bridge port does not forward: it is ${PORT_STATES[link.port?.state ?? 0]}`,
    fix: ({ link, bridge }) =>
      bridge?.stp
        ? `ip link set dev ${bridge.name} type bridge stp_state 0`
        : `bridge link set dev ${link.name} state 3`,
  },
  {
    severity: 'error',
    fails: ({ link, bridge }) =>
      isRunning(link) && isForwarding(link) && bridge?.up === true && !isRunning(bridge),
    problem: ({ bridge }) => `its bridge ${bridge?.name} has no carrier: none of its ports forwards`,
    fix: () => undefined,
  },
  {
    severity: 'error',
    fails: ({ local }) => local.state === 'martian',
    problem: ({ vxlan }) =>
      `its local address ${localText(vxlan)} can be no VTEP's: other leaves cannot send to it`,
    fix: ({ link }) => `ip link set dev ${link.name} type vxlan local ADDRESS`,
  },
  {
    severity: 'error',
    fails: ({ local }) => local.state === 'absent',
    problem: ({ vxlan }) => `no device has its local address ${localText(vxlan)}`,
    fix: ({ vxlan }) =>
      `ip addr add ${localText(vxlan)}/${isIpv4(vxlan.local ?? IPV4_ANY) ? 32 : 128} dev lo`,
  },
  {
    severity: 'error',
    fails: ({ local }) => local.state === 'down',
    problem: ({ vxlan, local }) =>
      `${local.device}, which has its local address ${localText(vxlan)}, is down`,
    fix: ({ local }) => `ip link set dev ${local.device} up`,
  },
  {
    severity: 'error',
    fails: ({ local }) => local.state === 'tentative' || local.state === 'dadfailed',
    problem: ({ vxlan, local }) =>
      local.state === 'tentative'
        ? `its local address ${localText(vxlan)} is tentative: duplicate address detection is not over`
        : `its local address ${localText(vxlan)} is another node's, as duplicate address detection found`,
    fix: ({ link, local }) =>
      local.state === 'tentative' ? undefined : `ip link set dev ${link.name} type vxlan local ADDRESS`,
  },
  {
    severity: 'error',
    fails: ({ vxlan }) => vxlan.local === undefined,
    problem: () => 'the device has no local address, which remote leaves send to',
    // Without `external`, which no device may change afterwards, not even to what it is
    fix: ({ link }) => `ip link set dev ${link.name} type vxlan local ADDRESS`,
  },
  {
    severity: 'warning',
    fails: ({ vxlan }) => vxlan.learning,
    problem: () => 'the device learns from the underlay and so overwrites what BGP says',
    fix: ({ link }) => `ip link set dev ${link.name} type vxlan nolearning`,
  },
  {
    severity: 'warning',
    fails: ({ link }) => link.port?.learning === true,
    problem: () => 'the bridge port learns and so takes remote hosts for local ones',
    fix: ({ link }) => `bridge link set dev ${link.name} learning off`,
  },
  {
    severity: 'warning',
    fails: ({ link, bridge }) =>
      bridge !== undefined && link.port?.neighSuppress === false && !link.port.neighVlanSuppress,
    ofHosts: true,
    problem: () => 'ARP and ND for remote hosts go to every leaf: neigh_suppress is off',
    fix: ({ link }) => `bridge link set dev ${link.name} neigh_suppress on`,
  },
  {
    severity: 'error',
    fails: ({ bridge, vxlan }) => bridge?.vlanFiltering === false && vxlan.collectMetadata,
    problem: ({ bridge }) => `bridge ${bridge?.name} filters no VLANs, so that none is mapped to a VNI`,
    fix: ({ bridge }) => `ip link set dev ${bridge?.name} type bridge vlan_filtering 1`,
  },
  {
    severity: 'error',
    fails: ({ bridge, link, vxlan }) =>
      bridge?.vlanFiltering === true && vxlan.collectMetadata && link.port?.vlanTunnel === false,
    problem: () => 'the port maps no VLAN to a VNI: vlan_tunnel is off',
    fix: ({ link }) => `bridge link set dev ${link.name} vlan_tunnel on`,
  },
  {
    severity: 'error',
    fails: ({ bridge, link, vlans, vxlan }) =>
      bridge?.vlanFiltering === true &&
      vxlan.collectMetadata &&
      link.port?.vlanTunnel === true &&
      (vlans?.tunnels.size ?? 0) === 0,
    problem: () => 'no VLAN of the bridge is mapped to a VNI',
    fix: ({ link }) => `bridge vlan add dev ${link.name} vid VLAN tunnel_info id VNI`,
  },
  {
    severity: 'error',
    fails: ({ bridge, vlans, vxlan }) =>
      bridge?.vlanFiltering === true && !vxlan.collectMetadata && !hasAccessVlan(vlans),
    problem: () => 'no VLAN of the bridge is mapped to the VNI',
    fix: ({ link }) => `bridge vlan add dev ${link.name} vid VLAN pvid untagged`,
  },
  {
    severity: 'info',
    fails: ({ vxlan }) => vxlan.port !== VXLAN_PORT && vxlan.port !== LINUX_PORT,
    problem: ({ vxlan }) =>
      `its UDP port is ${vxlan.port}, and leaves send to ${VXLAN_PORT} unless all of them are told otherwise`,
    // No device can change it
    fix: () => undefined,
  },
  {
    severity: 'warning',
    fails: ({ vxlan }) => vxlan.port === LINUX_PORT,
    problem: () =>
      `its UDP port is ${LINUX_PORT}, which the kernel takes where \`dstport\` is not given: leaves of others send to ${VXLAN_PORT}`,
    fix: ({ link }) =>
      `ip link del dev ${link.name}, and add it again with dstport ${VXLAN_PORT}: no device can change it`,
  },
  {
    severity: 'warning',
    fails: (port, context) => port.link.mtu > (largestMtu(port, context) ?? Number.POSITIVE_INFINITY),
    problem: ({ link, vxlan }, { underlayMtu }) =>
      `its MTU of ${link.mtu} leaves no room for the outer headers: the underlay carries ${underlayMtu[familyOf(vxlan.local)]}`,
    fix: (port, context) => `ip link set dev ${port.link.name} mtu ${largestMtu(port, context)}`,
  },
];

/** Settings of the port that decide about BUM traffic, and what the port must have where nothing is to be flooded. */
const FLOOD_SETTINGS = [
  ['flood', 'flood'],
  ['mcastFlood', 'mcast_flood'],
  ['bcastFlood', 'bcast_flood'],
] as const;

/**
 * What is wrong with the device itself, in the order in which to fix it. `vnis` are those that it serves; `isRouted`: all of
 * them are VRFs', which neither floods nor asks for neighbors.
 */
export function checkDevice(
  port: VxlanPort,
  vnis: readonly Vni[],
  isRouted: boolean,
  context: CheckContext,
  out: TopologyProblem[],
): void {
  const { link, vxlan, bridge } = port;
  const vni = vxlan.collectMetadata ? undefined : vnis[0];
  const device = link.name;
  if (!bridge && !vnis.some((each) => context.lists(each))) {
    // Such a device may be another program's, and its settings right for that
    out.push({
      severity: 'info',
      vni,
      device,
      problem:
        "the device is in no bridge, as another program's may be (flannel, Cilium): its VNI is not served",
      fix: undefined,
    });
    return;
  }
  for (const { severity, fails, problem, fix, ofHosts = false } of DEVICE_CHECKS)
    if (!(isRouted && ofHosts) && fails(port, context))
      out.push({ severity, vni, device, problem: problem(port, context), fix: fix(port, context) });
  if (!bridge || !link.port || vnis.length === 0 || isRouted) return;
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
      fix: `bridge link set dev ${device} ${blocked.map((word) => `${word} on`).join(' ')}`,
    });
  const wasted = flooding === 0 ? wrong(false) : [];
  if (wasted.length > 0)
    out.push({
      severity: 'info',
      vni,
      device,
      problem: `flooding is disabled, yet frames reach the device to be dropped there: ${wasted.join(', ')} on`,
      fix: `bridge link set dev ${device} ${wasted.map((word) => `${word} off`).join(' ')}`,
    });
}

/** What is wrong with one VNI at the place where it is served; `svi` are the addresses of its SVI. */
export function checkVni(
  port: VxlanPort,
  at: VniAttachment,
  svi: readonly InterfaceAddress[] | undefined,
  out: TopologyProblem[],
): void {
  const { vni, vxlanName: device } = at;
  for (const { ip, prefixLength, state } of svi ?? [])
    if (state === 'dadfailed')
      out.push({
        severity: 'warning',
        vni,
        device: at.sviName,
        problem: `${formatIp(ip)} is another node's, as duplicate address detection found, so that it is not ours`,
        fix: `ip addr del ${formatIp(ip)}/${prefixLength} dev ${at.sviName}`,
      });
  if (port.filter && !port.filter.has(vni))
    out.push({
      severity: 'error',
      vni,
      device,
      problem: "the VNI is not in the device's filter, which drops its frames",
      fix: `bridge vni add dev ${device} vni ${vni}`,
    });
  if (at.bridgeIfindex !== 0 && at.vlan !== 0 && at.sviIfindex === 0)
    out.push({
      severity: 'info',
      vni,
      device,
      problem: `VLAN ${at.vlan} has no device on ${at.bridgeName}, so that no neighbors are known and ARP and ND are not answered`,
      fix: `ip link add link ${at.bridgeName} name ${at.bridgeName}.${at.vlan} up type vlan id ${at.vlan}`,
    });
}
