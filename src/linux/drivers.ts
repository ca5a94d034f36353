import { formatIp, isIpv4 } from '../types/index.js';
import type { VxlanPort } from './checks.js';
import type { TunnelFlag } from './vxlan-codec.js';

/** A VXLAN device whose bridge has ports of a switch ASIC. */
export interface HardwarePort extends VxlanPort {
  readonly bridge: NonNullable<VxlanPort['bridge']>;
}

/** What a driver wants of a VXLAN device before it takes any row of it. */
export interface Demand {
  /** As iproute2 calls it. */
  readonly attribute: string;
  /** In iproute2's words; `first` is the switch's VXLAN device of the lowest ifindex, which others must be like. */
  readonly wanted: (port: HardwarePort, first: HardwarePort) => string;
  /** The same of what it has; where both are alike the demand is met. */
  readonly found: (port: HardwarePort) => string;
  /** The command that mends it. Without one the device is made anew, since the kernel changes such an attribute of none that is there. */
  readonly fix?: (port: HardwarePort, wanted: string) => string | undefined;
}

/** What the kernel's driver of a switch ASIC does with VXLAN. */
export interface Driver {
  /** It takes rows of VXLAN devices; else their VNIs forward in software. */
  readonly vxlan: boolean;
  readonly demands: readonly Demand[];
}

const isV6 = ({ vxlan: { local } }: HardwarePort) => local !== undefined && !isIpv4(local);
const onOff = (on: boolean) => (on ? 'on' : 'off');

/** `ip link set … type vxlan WORDS`, for what a device may change. */
const change = ({ link }: HardwarePort, words: string) => `ip link set dev ${link.name} type vxlan ${words}`;

/** A flag that is to be on or off, for one family of VTEPs or both. */
function flag(name: TunnelFlag, wanted: (port: HardwarePort) => boolean): Demand {
  return {
    attribute: name,
    wanted: (port) => onOff(wanted(port)),
    found: ({ vxlan }) => onOff(vxlan.tunnel.flags.includes(name)),
  };
}

const NEVER: readonly TunnelFlag[] = [
  'proxy',
  'rsc',
  'l2miss',
  'l3miss',
  'remcsumtx',
  'remcsumrx',
  'gbp',
  'gpe',
];
/** The ttl of a device that has none, where no other device says one. */
const TTL = 64;

function ttlOf({ vxlan: { tunnel } }: HardwarePort): string {
  return tunnel.flags.includes('ttl inherit') ? 'inherit' : String(tunnel.ttl);
}

/** The ttl that all tunnels have, as iproute2 writes it. */
export function fixedTtl(first: HardwarePort): string {
  const ttl = ttlOf(first);
  return ttl === 'inherit' || ttl === '0' ? String(TTL) : ttl;
}

/**
 * drivers/net/ethernet/mellanox/mlxsw: spectrum_nve_vxlan.c (mlxsw_sp_nve_vxlan_can_offload), spectrum_nve.c (all tunnels of
 * one configuration), spectrum_switchdev.c (mlxsw_sp_bridge_vxlan_join). What every VNI needs, a local address, an untagged
 * PVID and a bridge, is a problem without hardware too, and not here.
 */
const MLXSW: Driver = {
  vxlan: true,
  demands: [
    {
      attribute: 'external',
      wanted: () => 'off',
      found: ({ vxlan }) => onOff(vxlan.collectMetadata),
      // A device for each of its VNIs is no command
      fix: () => undefined,
    },
    {
      attribute: 'group',
      wanted: () => 'none',
      found: ({ vxlan }) => (vxlan.group === undefined ? 'none' : 'a multicast group'),
    },
    {
      attribute: 'dev',
      wanted: () => 'none',
      found: ({ vxlan }) => (vxlan.tunnel.link === 0 ? 'none' : `ifindex ${vxlan.tunnel.link}`),
    },
    {
      attribute: 'srcport',
      wanted: () => '0 0',
      found: ({ vxlan }) => vxlan.tunnel.sourcePorts.join(' '),
    },
    {
      attribute: 'tos',
      wanted: () => 'inherit',
      found: ({ vxlan }) => (vxlan.tunnel.tos === 1 ? 'inherit' : `0x${vxlan.tunnel.tos.toString(16)}`),
      fix: (port) => change(port, 'tos inherit'),
    },
    {
      attribute: 'ttl',
      wanted: (_, first) => fixedTtl(first),
      found: ttlOf,
      // One that is inherited stays so whatever number is set
      fix: (port, wanted) => (ttlOf(port) === 'inherit' ? undefined : change(port, `ttl ${wanted}`)),
    },
    {
      attribute: 'flowlabel',
      wanted: () => '0',
      found: ({ vxlan }) => String(vxlan.tunnel.flowLabel),
      fix: (port) => change(port, 'flowlabel 0'),
    },
    flag('udpcsum', isV6),
    flag('udp6zerocsumtx', isV6),
    flag('udp6zerocsumrx', isV6),
    ...NEVER.map((name) => flag(name, () => false)),
    {
      attribute: 'learning',
      wanted: (port, first) => onOff(!isV6(port) && first.vxlan.learning),
      found: ({ vxlan }) => onOff(vxlan.learning),
      fix: (port, wanted) => change(port, wanted === 'on' ? 'learning' : 'nolearning'),
    },
    {
      attribute: 'dstport',
      wanted: (_, first) => String(first.vxlan.port),
      found: ({ vxlan }) => String(vxlan.port),
    },
    {
      attribute: 'local',
      wanted: localOr,
      found: (port) => localOr(port, port),
      fix: (port, wanted) =>
        isV6(port) === wanted.includes(':') ? change(port, `local ${wanted}`) : undefined,
    },
    {
      attribute: 'mcast_snooping',
      wanted: () => 'off',
      found: ({ bridge }) => onOff(bridge.mcastSnooping),
      fix: ({ bridge }) => `ip link set dev ${bridge.name} type bridge mcast_snooping 0`,
    },
    {
      attribute: 'VLAN-aware bridge',
      wanted: ({ bridge }, first) =>
        bridge.vlanFiltering && first.bridge.vlanFiltering ? first.bridge.name : bridge.name,
      found: ({ bridge }) => bridge.name,
      fix: (port, wanted) =>
        [`ip link set dev ${port.link.name} master ${wanted}`, ...portCommands(port)].join(' && '),
    },
  ],
};

/** The address that all tunnels are from; none is a problem without hardware too. */
function localOr({ vxlan }: HardwarePort, first: HardwarePort): string {
  const local = vxlan.local === undefined ? undefined : first.vxlan.local;
  return local === undefined ? '' : formatIp(local);
}

/** The commands that make a device that has just entered a bridge the port that it was. */
export function portCommands({ link: { name, port }, bridge, vlans }: HardwarePort): string[] {
  const settings = `learning ${onOff(port?.learning === true)} neigh_suppress ${onOff(port?.neighSuppress === true)}`;
  const mapping = bridge.vlanFiltering && vlans !== undefined && vlans.pvid !== 0;
  return [
    `bridge link set dev ${name} ${settings}`,
    ...(mapping ? [`bridge vlan add dev ${name} vid ${vlans.pvid} pvid untagged`] : []),
  ];
}

/** Drivers by their names in sysfs. Of one that is not here nothing is known, and nothing demanded. */
export const DRIVERS: Readonly<Record<string, Driver>> = {
  mlxsw_spectrum: MLXSW,
  mlxsw_spectrum2: MLXSW,
  mlxsw_spectrum3: MLXSW,
  mlxsw_spectrum4: MLXSW,
  rocker: { vxlan: false, demands: [] },
};
