import type { TopologyProblem } from '../dataplane/index.js';
import { formatIp, formatMac, isIpv4 } from '../types/index.js';
import { type Demand, DRIVERS, fixedTtl, type HardwarePort, portCommands } from './drivers.js';

/**
 * What keeps the switch ASIC behind `ports`, which are its VXLAN devices by ifindex, from taking rows, as its driver has
 * it. Pure.
 */
export function preflight(driver: string, ports: readonly HardwarePort[], out: TopologyProblem[]): void {
  const known = DRIVERS[driver];
  const [first] = ports;
  if (!known || !first) return;
  for (const port of ports) {
    const { link, vxlan } = port;
    const vni = vxlan.collectMetadata ? undefined : (vxlan.vni as TopologyProblem['vni']);
    const device = link.name;
    if (!known.vxlan) {
      out.push({
        severity: 'info',
        vni,
        device,
        problem: `the switch ASIC (${driver}) takes no rows of VXLAN devices: all frames of the VNI to other leaves go through the CPU`,
        fix: undefined,
      });
      continue;
    }
    for (const demand of known.demands) {
      const wanted = demand.wanted(port, first);
      const found = demand.found(port);
      if (wanted === found) continue;
      const { attribute } = demand;
      out.push({
        severity: 'warning',
        vni,
        device,
        problem: `the switch ASIC (${driver}) takes no row of it: ${attribute} is ${found}, and has to be ${wanted}`,
        fix: fixOf(demand, port, first, wanted),
        demand: attribute,
        wanted,
        found,
      });
    }
  }
}

function fixOf(demand: Demand, port: HardwarePort, first: HardwarePort, wanted: string): string | undefined {
  const fix = demand.fix?.(port, wanted);
  if (fix !== undefined || port.vxlan.collectMetadata) return fix;
  return remade(port, first);
}

/** The commands that make the device anew, as the driver wants it, in the same place. */
function remade(port: HardwarePort, first: HardwarePort): string {
  const { name, mac, mtu } = port.link;
  const local = first.vxlan.local ?? port.vxlan.local;
  const words = [
    `ip link add ${name}`,
    ...(mac === undefined ? [] : [`address ${formatMac(mac)}`]),
    `mtu ${mtu} type vxlan id ${port.vxlan.vni}`,
    `local ${local === undefined ? 'ADDRESS' : formatIp(local)}`,
    `dstport ${first.vxlan.port} nolearning ttl ${fixedTtl(first)} tos inherit`,
    local === undefined || isIpv4(local) ? 'noudpcsum' : 'udp6zerocsumtx udp6zerocsumrx',
  ];
  return [
    `ip link del dev ${name}`,
    words.join(' '),
    `ip link set dev ${name} master ${port.bridge.name} up`,
    ...portCommands(port),
  ].join(' && ');
}
