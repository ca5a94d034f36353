import type { Fabric, Leaf } from '../../../lab/index.js';

/** The VRF of a routed fabric, its routing table, and the VNI of its routed traffic. */
export const VRF = 'red';
export const TABLE = 1001;
export const L3VNI = 4001;

/** The SVI of the L3VNI on a leaf, and its MAC. */
export const l3Svi = ({ mode }: Leaf) => (mode === 'traditional' ? `br${L3VNI}` : 'vlan401');
export const routerMac = (leaf: Leaf) => `02:ff:00:00:40:0${leaf.name.at(-1)}`;

/** A network that only this leaf has, as addresses of the VRF device. */
export const ownAddress = (leaf: Leaf) => ({
  ipv4: `172.16.${leaf.name.at(-1)}.1`,
  ipv6: `fd16:${leaf.name.at(-1)}::1`,
});

/** Makes the VRF on a leaf, its SVIs members, and its L3VNI with its VXLAN device. */
export async function addVrf(fabric: Fabric, leaf: Leaf): Promise<void> {
  const svi = l3Svi(leaf);
  const own = ownAddress(leaf);
  const aware = leaf.mode !== 'traditional';
  const bridge = aware ? 'br0' : svi;
  await fabric.apply(leaf.name, {
    ip: [
      `link add ${VRF} type vrf table ${TABLE}`,
      `link set ${VRF} up`,
      ...leaf.segments.flatMap((segment) => [
        `link set ${segment.svi} master ${VRF}`,
        // A device that changes its VRF loses them (net/core/dev.c: it goes down and up)
        `addr replace ${segment.sviAddress.ipv6}/64 dev ${segment.svi} nodad`,
        `addr replace fe80::${segment.sviAddress.ipv6.split('::')[1]}/64 dev ${segment.svi} nodad`,
      ]),
      `addr add ${own.ipv4}/24 dev ${VRF}`,
      `addr add ${own.ipv6}/64 dev ${VRF} nodad`,
      ...(aware
        ? [`link add link br0 name ${svi} address ${routerMac(leaf)} type vlan id 401`]
        : [`link add ${svi} address ${routerMac(leaf)} type bridge mcast_snooping 0`]),
      `link set ${svi} master ${VRF}`,
      `link set ${svi} up`,
      `link add vx${L3VNI} mtu 1550 type vxlan id ${L3VNI} local ${leaf.vtep} dstport 4789 nolearning ttl 64`,
      `link set vx${L3VNI} master ${bridge} addrgenmode none up`,
    ],
    bridge: [
      `link set dev vx${L3VNI} learning off`,
      ...(aware ? [`vlan add dev vx${L3VNI} vid 401 pvid untagged`, 'vlan add dev br0 vid 401 self'] : []),
    ],
  });
}

/** Tells FRR of the VRF: hosts with both labels, and its networks as prefix routes. */
export async function tellFrr(fabric: Fabric, leaf: Leaf): Promise<void> {
  await fabric.vtysh(
    leaf.name,
    'configure terminal',
    `vrf ${VRF}`,
    `vni ${L3VNI}`,
    'exit-vrf',
    `router bgp ${leaf.asn} vrf ${VRF}`,
    'no bgp ebgp-requires-policy',
    'address-family ipv4 unicast',
    'redistribute connected',
    'exit-address-family',
    'address-family ipv6 unicast',
    'redistribute connected',
    'exit-address-family',
    'address-family l2vpn evpn',
    'advertise ipv4 unicast',
    'advertise ipv6 unicast',
    'exit-address-family',
  );
}
