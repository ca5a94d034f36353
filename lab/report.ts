/** What the kernel and the REST API of a leaf hold, as text. */
import type { Fabric } from './fabric.js';
import type { Leaf } from './plan.js';
import { rowsOf, table } from './table.js';

const resources = ['/api/v1/neighbors', '/api/v1/vnis', '/api/v1/vteps', '/api/v1/routes'];
const shown = 12;

function limited(rows: Record<string, unknown>[]): string {
  if (rows.length === 0) return '    (none)';
  const more = rows.length > shown ? `\n    … and ${rows.length - shown} more` : '';
  return table(rows.slice(0, shown)) + more;
}

async function restReport(fabric: Fabric, leaf: Leaf): Promise<string[]> {
  const paths = [
    ...resources,
    ...leaf.segments.slice(0, 1).flatMap((s) => {
      const vni = `/api/v1/vnis/${s.vni}`;
      return [`${vni}/macs`, `${vni}/arp-cache`];
    }),
  ];
  const parts: string[] = [];
  for (const path of paths) {
    const { status, body } = await fabric.restApi<unknown>(leaf.name, path);
    parts.push(`  GET ${path}${status === 200 ? '' : `: status ${status}`}`, limited(rowsOf(body)));
  }
  return parts;
}

/** The rows that the leaf's daemon put into the kernel, and what its REST API says when it runs evpnd. */
export async function leafReport(fabric: Fabric, leaf: Leaf): Promise<string> {
  const rows = await fabric.installedRows(leaf.name);
  const parts = [
    `${leaf.name} (${leaf.engine}, ${leaf.mode} bridges, VTEP ${leaf.vtep})`,
    '  installed in the kernel',
    ...rows.map((row) => `    ${row}`),
  ];
  if (leaf.engine === 'evpnd') parts.push(...(await restReport(fabric, leaf)));
  return parts.join('\n');
}

/** Where to look and what to try while the fabric stands. */
export function hints(fabric: Fabric): string {
  const lines: string[] = [];
  for (const leaf of fabric.plan.leaves) {
    if (leaf.engine === 'evpnd') {
      const { socket } = fabric.evpnd(leaf.name);
      for (const path of ['/api/v1/status', '/api/v1/vnis', '/docs']) {
        lines.push(`  ${leaf.name}  curl --unix-socket ${socket} http://localhost${path}`);
      }
    }
    lines.push(`  ${leaf.name}  bridge -n ${fabric.namespace(leaf.name)} fdb show`);
  }
  for (const router of [...fabric.plan.leaves, ...fabric.plan.spines]) {
    if (router.engine === 'frr') {
      lines.push(`  ${router.name}  vtysh --vty_socket ${fabric.folder}/${router.name}`);
    }
  }
  const [from, to] = fabric.plan.hosts.filter((host) => host.vni === fabric.plan.hosts[0]?.vni);
  if (from && to) {
    lines.push(`  ${from.name}  ip netns exec ${fabric.namespace(from.name)} ping ${to.address.ipv4}`);
  }
  return lines.join('\n');
}
