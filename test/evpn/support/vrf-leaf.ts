import type { Topology, VrfAttachment } from '../../../src/dataplane/index.js';
import {
  formatIp,
  formatMac,
  formatPrefix,
  type Ip,
  parseIp,
  parseMac,
  prefixOf,
  toVni,
  type Vni,
} from '../../../src/types/index.js';
import type { VniDevices } from '../../dataplane/kernel-contract.js';
import type { Leaf } from './leaf.js';

/** A VRF whose L3VNI has these devices, up and with a router MAC; `over` changes what the test is about. */
export function vrfOf(
  l3vni: number,
  devices: VniDevices,
  localVtep: Ip,
  over: Partial<VrfAttachment> = {},
): VrfAttachment {
  return {
    ifindex: 9000 + l3vni,
    name: `vrf${l3vni}`,
    tableId: 1000 + (l3vni % 1000),
    l3vni: toVni(l3vni),
    sviIfindex: devices.bridgeIfindex,
    sviName: `br${l3vni}`,
    routerMac: parseMac(
      `02:ff:00:00:00:${(formatIp(localVtep).split(/[.:]/).at(-1) ?? '').padStart(2, '0')}`,
    ),
    localVtep,
    networks: [],
    ips: [],
    up: true,
    vnis: [],
    ...over,
  };
}

export function withVrfs(topology: Topology, ...vrfs: readonly VrfAttachment[]): Topology {
  const interfaces = new Map(topology.interfaces);
  for (const ifindex of topology.vrfs.keys()) interfaces.delete(ifindex);
  for (const { ifindex, name } of vrfs)
    interfaces.set(
      ifindex,
      topology.interfaces.get(ifindex) ?? { name, running: true, addresses: [], vrf: ifindex },
    );
  return {
    ...topology,
    interfaces,
    vrfs: new Map(vrfs.map((vrf) => [vrf.ifindex, vrf])),
    l3vnis: new Set(vrfs.flatMap(({ l3vni }) => (l3vni === undefined ? [] : [l3vni]))),
  };
}

/** Routes of ours in every table, by where they lead: `table prefix via gateway%ifindex …`, sorted. */
export function routesOf({ world }: Leaf): string[] {
  const { routes } = world.kernel.tables;
  return [...routes.routes()]
    .map(({ tableId, prefix, nexthopId }) => {
      const hops = (routes.nexthop(nexthopId)?.members ?? []).map((id) => {
        const row = routes.nexthop(id);
        return `${row?.gateway === undefined ? '' : formatIp(row.gateway)}%${row?.ifindex}`;
      });
      return `${tableId} ${formatPrefix(prefix)} via ${hops.sort().join(' ')}`;
    })
    .sort();
}

/** The routers of other leaves: neighbors of the SVI, and where their MACs are, sorted. */
export function routersOf({ world, dataPlane }: Leaf, vni: Vni, devices: VniDevices): string[] {
  const { tables } = world.kernel;
  const plane = dataPlane.plane(vni);
  const rows = [...tables.neighRowsOf(devices.bridgeIfindex)]
    .filter(({ ip }) => plane?.neighs.has(ip))
    .map(({ ip, mac }) => `${formatIp(ip)} is ${mac === undefined ? '' : formatMac(mac)}`);
  for (const mac of plane?.macs.keys() ?? []) {
    const row = tables.vxlanRow(devices.vxlanIfindex, 0, mac);
    if (row?.dst !== undefined) rows.push(`${formatMac(mac)} at ${formatIp(row.dst)}`);
  }
  return rows.sort();
}

export const network = (text: string) => {
  const [ip, length] = text.split('/');
  return prefixOf(parseIp(ip), Number(length));
};
