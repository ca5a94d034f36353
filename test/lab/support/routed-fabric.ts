import type { Batch, Fabric, Family, Leaf } from '../../../lab/index.js';

/** The VRF of a routed fabric, its routing table, and the VNI of its routed traffic. */
export const VRF = 'red';
export const TABLE = 1001;
export const L3VNI = 4001;
const VLAN = 401;

/** The SVI of the L3VNI on a leaf, its VXLAN device, and its MAC. */
export const l3Svi = ({ mode }: Leaf) => (mode === 'traditional' ? `br${L3VNI}` : `vlan${VLAN}`);
export const l3Vxlan = ({ mode }: Leaf) => (mode === 'svd' ? 'vxlan0' : `vx${L3VNI}`);
export const routerMac = (leaf: Leaf) => `02:ff:00:00:40:0${leaf.name.at(-1)}`;

/** A network that only this leaf has, as addresses of the VRF device. */
export const ownAddress = (leaf: Leaf): Record<Family, string> => ({
  ipv4: `172.16.${leaf.name.at(-1)}.1`,
  ipv6: `fd16:${leaf.name.at(-1)}::1`,
});

/** The gateway of a VLAN, which every leaf has (anycast), and its MAC. */
export const gateway = (vlan: number): Record<Family, string> => ({
  ipv4: `10.10.${vlan}.254`,
  ipv6: `fd10:${vlan}::254`,
});
const gatewayMac = (vlan: number) => `02:00:5e:00:01:${vlan}`;

/** Every address of a leaf that a packet's sender may hear from. */
export function addressesOf(leaf: Leaf, family: Family): string[] {
  return [...leaf.segments.map(({ sviAddress }) => sviAddress[family]), ownAddress(leaf)[family]];
}

/** The VXLAN device and the SVI of the L3VNI, by the leaf's kind of bridge. */
function l3Devices(leaf: Leaf, udp: string): Batch {
  const svi = l3Svi(leaf);
  const vxlan = l3Vxlan(leaf);
  const add = `link add vx${L3VNI} mtu 1550 type vxlan id ${L3VNI} local ${leaf.vtep} dstport 4789 nolearning ttl 64${udp}`;
  if (leaf.mode === 'traditional')
    return {
      ip: [
        `link add ${svi} address ${routerMac(leaf)} type bridge mcast_snooping 0`,
        add,
        `link set ${vxlan} master ${svi} addrgenmode none up`,
      ],
      bridge: [`link set dev ${vxlan} learning off`],
    };
  const sviLine = `link add link br0 name ${svi} address ${routerMac(leaf)} type vlan id ${VLAN}`;
  const self = `vlan add dev br0 vid ${VLAN} self`;
  if (leaf.mode === 'svd')
    return {
      ip: [sviLine],
      bridge: [
        `vlan add dev ${vxlan} vid ${VLAN}`,
        `vlan add dev ${vxlan} vid ${VLAN} tunnel_info id ${L3VNI}`,
        `vni add dev ${vxlan} vni ${L3VNI}`,
        self,
      ],
    };
  return {
    ip: [sviLine, add, `link set ${vxlan} master br0 addrgenmode none up`],
    bridge: [`link set dev ${vxlan} learning off`, `vlan add dev ${vxlan} vid ${VLAN} pvid untagged`, self],
  };
}

/**
 * Makes the VRF on a leaf, its SVIs members that have the anycast gateway too, and its L3VNI with its VXLAN device. Routed hosts have
 * that gateway as theirs: `setGateway`.
 */
export async function addVrf(fabric: Fabric, leaf: Leaf): Promise<void> {
  const own = ownAddress(leaf);
  const udp = fabric.plan.vtep === 'ipv6' ? ' udp6zerocsumtx udp6zerocsumrx' : '';
  const devices = l3Devices(leaf, udp);
  await fabric.apply(leaf.name, {
    ip: [
      `link add ${VRF} type vrf table ${TABLE}`,
      `link set ${VRF} up`,
      ...leaf.segments.flatMap(({ svi, vlan, sviAddress }) => [
        `link set ${svi} address ${gatewayMac(vlan)}`,
        `link set ${svi} master ${VRF}`,
        `addr add ${gateway(vlan).ipv6}/64 dev ${svi} nodad`,
        // Those that the leaf answers from: the latest. A device that changes its VRF loses them (net/core/dev.c: it goes down and up)
        `addr replace ${sviAddress.ipv6}/64 dev ${svi} nodad`,
        `addr replace fe80::${sviAddress.ipv6.split('::')[1]}/64 dev ${svi} nodad`,
        `addr add ${gateway(vlan).ipv4}/24 dev ${svi}`,
      ]),
      `addr add ${own.ipv4}/24 dev ${VRF}`,
      `addr add ${own.ipv6}/64 dev ${VRF} nodad`,
      ...devices.ip,
      `link set ${l3Svi(leaf)} master ${VRF}`,
      `link set ${l3Svi(leaf)} up`,
    ],
    bridge: [
      ...devices.bridge,
      // A bridge that filters VLANs floods what is for the MAC of a device on it, to leaves that would route it too
      ...(leaf.mode === 'traditional'
        ? []
        : leaf.segments.map(({ vlan }) => `fdb add ${gatewayMac(vlan)} dev br0 vlan ${vlan} self local`)),
    ],
  });
}

/** Every host has the anycast gateway as its router. */
export async function setGateways(fabric: Fabric): Promise<void> {
  await Promise.all(
    fabric.plan.hosts.map(({ name, vlan }) =>
      fabric.apply(name, {
        ip: [
          `route replace default via ${gateway(vlan).ipv4}`,
          `route replace ::/0 via ${gateway(vlan).ipv6} dev eth0`,
        ],
        bridge: [],
      }),
    ),
  );
}

/** Tells FRR of the VRF: hosts with both labels, and its networks as prefix routes; `networks` are more of them. */
export async function tellFrr(
  fabric: Fabric,
  leaf: Leaf,
  networks: Partial<Record<Family, string>> = {},
): Promise<void> {
  const family = (name: Family) => [
    `address-family ${name} unicast`,
    'redistribute connected',
    ...(networks[name] === undefined ? [] : [`network ${networks[name]}`]),
    'exit-address-family',
  ];
  await fabric.vtysh(
    leaf.name,
    'configure terminal',
    `vrf ${VRF}`,
    `vni ${L3VNI}`,
    'exit-vrf',
    `router bgp ${leaf.asn} vrf ${VRF}`,
    'no bgp ebgp-requires-policy',
    'bgp bestpath as-path multipath-relax',
    ...family('ipv4'),
    ...family('ipv6'),
    'address-family l2vpn evpn',
    'advertise ipv4 unicast',
    'advertise ipv6 unicast',
    'exit-address-family',
  );
}
