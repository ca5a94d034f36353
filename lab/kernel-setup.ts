/**
 * From the plan to what `ip -batch` and `bridge -batch` read, a script a namespace: one exec each, because an exec is
 * what costs under user-mode-linux. Pure.
 *
 * Every bridge is set as a leaf needs it: VXLAN devices `nolearning` with a fixed TTL, their ports `learning off` and
 * `neigh_suppress on`, no multicast snooping, and an MTU that leaves room for the outer headers on the uplinks.
 */
import { type Host, type Leaf, type Plan, type Segment, SINGLE_VXLAN_DEVICE, type Spine } from './plan.js';

/** Lines for the two tools in one namespace. */
export interface Batch {
  ip: string[];
  bridge: string[];
}

const uplinkMtu = 1700;
const vxlanMtu = 1550;
const hostMtu = 1500;

/** Kernel settings of every router and of every host, for `sysctl`. */
export const routerSysctls = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv6.conf.all.accept_dad=0',
  'net.ipv6.conf.default.accept_dad=0',
  // Whoever traces a path hears of each hop, however often it asks
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv6.icmp.ratelimit=0',
];
/** arp_notify and ndisc_notify: a host that comes up or moves says so, as a hypervisor's bridge does for its guest. */
export const hostSysctls = [
  'net.ipv6.conf.all.accept_dad=0',
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv4.conf.default.arp_notify=1',
  'net.ipv6.conf.default.ndisc_notify=1',
];

/** Two lines, because one message that does both sets the flag first, and the link-local address is there. */
function up(device: string, more = ''): string[] {
  return [`link set ${device} ${more} addrgenmode none`, `link set ${device} up`];
}

function vxlanLinks(leaf: Leaf, vtepIsV6: boolean): string[] {
  const tail = (port: number) =>
    `local ${leaf.vtep} dstport ${port} nolearning ttl 64` +
    (vtepIsV6 ? ' udp6zerocsumtx udp6zerocsumrx' : ' noudpcsum');
  // A device for one VNI and one for all cannot share a UDP port (drivers/net/vxlan: vxlan_find_sock compares flags)
  const ownPort = leaf.mode === 'mixed' ? 8472 : 4789;
  const own = leaf.segments.filter((s) => s.vxlan !== SINGLE_VXLAN_DEVICE);
  const lines = own.flatMap((s) => [
    `link add ${s.vxlan} mtu ${vxlanMtu} type vxlan id ${s.vni} ${tail(ownPort)}`,
    `link set ${s.vxlan} master ${s.bridge} addrgenmode none up`,
  ]);
  const filter = leaf.mode === 'svd-unfiltered' ? '' : 'vnifilter ';
  if (own.length < leaf.segments.length)
    lines.push(
      `link add ${SINGLE_VXLAN_DEVICE} mtu ${vxlanMtu} type vxlan external ${filter}${tail(4789)}`,
      `link set ${SINGLE_VXLAN_DEVICE} master br0 addrgenmode none up`,
    );
  return lines;
}

function bridgeLinks(leaf: Leaf): string[] {
  const names = [...new Set(leaf.segments.map((s) => s.bridge))];
  const filtering = leaf.mode === 'traditional' ? '' : ' vlan_filtering 1 vlan_default_pvid 0';
  return names.flatMap((name) => [`link add ${name} type bridge mcast_snooping 0${filtering}`, ...up(name)]);
}

function bridgePorts(leaf: Leaf): string[] {
  const device = (name: string, tunnel = '') =>
    `link set dev ${name} learning off neigh_suppress on${tunnel}`;
  if (leaf.mode === 'traditional') return leaf.segments.map((s) => device(s.vxlan));
  const single = leaf.segments.some((s) => s.vxlan === SINGLE_VXLAN_DEVICE);
  return [
    ...(single ? [device(SINGLE_VXLAN_DEVICE, ' vlan_tunnel on')] : []),
    ...leaf.segments.flatMap((s) => [
      ...(s.vxlan === SINGLE_VXLAN_DEVICE
        ? [
            `vlan add dev ${s.vxlan} vid ${s.vlan}`,
            `vlan add dev ${s.vxlan} vid ${s.vlan} tunnel_info id ${s.vni}`,
            ...(leaf.mode === 'svd-unfiltered' ? [] : [`vni add dev ${s.vxlan} vni ${s.vni}`]),
          ]
        : [device(s.vxlan), `vlan add dev ${s.vxlan} vid ${s.vlan} pvid untagged`]),
      `vlan add dev br0 vid ${s.vlan} self`,
    ]),
  ];
}

function sviLinks(leaf: Leaf, s: Segment): string[] {
  return [
    ...(leaf.mode === 'traditional' ? [] : [`link add link br0 name ${s.svi} type vlan id ${s.vlan}`]),
    `link set ${s.svi} address ${s.sviMac} addrgenmode none`,
    `addr add ${s.sviAddress.ipv4}/24 dev ${s.svi}`,
    `addr add ${s.sviAddress.ipv6}/64 dev ${s.svi} nodad`,
    // Without a link-local address the kernel probes no IPv6 neighbor, and all of them would end as FAILED.
    `addr add fe80::${s.sviAddress.ipv6.split('::')[1]}/64 dev ${s.svi} nodad`,
    `link set ${s.svi} up`,
  ];
}

/** What puts a host's port into its bridge on a leaf. */
export function portSetup(leaf: Leaf, host: Host): Batch {
  const s = leaf.segments.find((each) => each.vni === host.vni);
  if (!s) throw new Error(`${leaf.name} has no VNI ${host.vni} for ${host.name}`);
  if (leaf.mode === 'bare') return { ip: up(host.port), bridge: [] };
  return {
    ip: up(host.port, `master ${s.bridge}`),
    bridge: leaf.mode === 'traditional' ? [] : [`vlan add dev ${host.port} vid ${s.vlan} pvid untagged`],
  };
}

/** A leaf: uplinks, loopback, bridges, VXLAN devices, SVIs, and the ports of the hosts that start at it. */
export function leafSetup(
  leaf: Leaf,
  hosts: readonly Host[],
  plan: Plan,
  namespaceOf: (node: string) => string,
): Batch {
  const ip = [
    'link set lo up',
    `addr add ${leaf.vtepAddress.ipv4}/32 dev lo`,
    `addr add ${leaf.vtepAddress.ipv6}/128 dev lo nodad`,
  ];
  for (const link of leaf.links) {
    ip.push(
      `link add ${link.leafDevice} mtu ${uplinkMtu} type veth peer name ${link.spineDevice} netns ${namespaceOf(link.spine)} mtu ${uplinkMtu}`,
      `addr add ${link.leafAddress.ipv4}/31 dev ${link.leafDevice}`,
      `addr add ${link.leafAddress.ipv6}/127 dev ${link.leafDevice} nodad`,
      `link set ${link.leafDevice} up`,
    );
  }
  const via = (family: 'ipv4' | 'ipv6') =>
    leaf.links.map((link) => `nexthop via ${link.spineAddress[family]} dev ${link.leafDevice}`).join(' ');
  for (const other of plan.leaves) {
    if (other === leaf || leaf.links.length === 0) continue;
    ip.push(
      `route add ${other.vtepAddress.ipv4}/32 ${via('ipv4')}`,
      `route add ${other.vtepAddress.ipv6}/128 ${via('ipv6')}`,
    );
  }
  const bridge: string[] = [];
  if (leaf.mode !== 'bare') {
    ip.push(...bridgeLinks(leaf), ...vxlanLinks(leaf, plan.vtep === 'ipv6'));
    if (leaf.hasSvi) for (const s of leaf.segments) ip.push(...sviLinks(leaf, s));
    bridge.push(...bridgePorts(leaf));
  }
  for (const host of hosts) {
    const port = portSetup(leaf, host);
    ip.push(
      `link add ${host.port} mtu ${hostMtu} type veth peer name eth0 netns ${namespaceOf(host.name)} address ${host.mac} mtu ${hostMtu}`,
      ...port.ip,
    );
    bridge.push(...port.bridge);
  }
  return { ip, bridge };
}

/** A spine, after its leaves: the other ends of the links, and a route to every VTEP. */
export function spineSetup(spine: Spine, plan: Plan): Batch {
  const ip = ['link set lo up', `addr add ${spine.routerId}/32 dev lo`];
  for (const link of spine.links) {
    const leaf = plan.leaves.find((each) => each.name === link.leaf) as Leaf;
    ip.push(
      `addr add ${link.spineAddress.ipv4}/31 dev ${link.spineDevice}`,
      `addr add ${link.spineAddress.ipv6}/127 dev ${link.spineDevice} nodad`,
      `link set ${link.spineDevice} up`,
      `route add ${leaf.vtepAddress.ipv4}/32 via ${link.leafAddress.ipv4}`,
      `route add ${leaf.vtepAddress.ipv6}/128 via ${link.leafAddress.ipv6} dev ${link.spineDevice}`,
    );
  }
  return { ip, bridge: [] };
}

/** A host, after its leaf: its addresses, with the SVI of the leaf it starts at as its router. */
export function hostSetup(host: Host, leaf: Leaf): Batch {
  const ip = [
    'link set lo up',
    `addr add ${host.address.ipv4}/24 dev eth0`,
    `addr add ${host.address.ipv6}/64 dev eth0 nodad`,
    'link set eth0 up',
  ];
  const s = leaf.segments.find((each) => each.vni === host.vni);
  if (leaf.hasSvi && s) {
    ip.push(`route add default via ${s.sviAddress.ipv4}`, `route add default via ${s.sviAddress.ipv6}`);
  }
  return { ip, bridge: [] };
}
