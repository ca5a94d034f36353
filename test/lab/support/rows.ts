/** Rows of a leaf's kernel as the tests compare them. */
import { fileURLToPath } from 'node:url';
import {
  type Fabric,
  type Host,
  type InjectedRoute,
  type Leaf,
  type Segment,
  SINGLE_VXLAN_DEVICE,
  waitFor,
} from '../../../lab/index.js';
import type { RawRow } from './raw-neigh.js';

/** What a row of a VXLAN device says of its VNI, where the device is not of this one alone. */
function srcVni({ vxlan, vni }: Segment): string {
  return vxlan === SINGLE_VXLAN_DEVICE ? ` src_vni ${vni}` : '';
}

/** The lines of `Fabric.installedRows` for one remote host. */
export function hostRows(leaf: Leaf, host: Pick<Host, 'vni' | 'mac' | 'address'>, vtep: string): string[] {
  const s = leaf.segments.find((each) => each.vni === host.vni)!;
  const vlan = leaf.mode === 'traditional' ? '' : ` vlan ${s.vlan}`;
  return [
    `fdb ${s.vxlan} ${host.mac} master ${s.bridge}${vlan} extern_learn`,
    `fdb ${s.vxlan} ${host.mac} self dst ${vtep}${srcVni(s)} extern_learn self`,
    `neigh ${s.svi} ${host.address.ipv4} ${host.mac} NOARP`,
    `neigh ${s.svi} ${host.address.ipv6} ${host.mac} NOARP`,
  ];
}

/** The line for a default destination. */
export function floodRow(leaf: Leaf, vni: number, vtep: string): string {
  const s = leaf.segments.find((each) => each.vni === vni)!;
  return `fdb ${s.vxlan} 00:00:00:00:00:00 self dst ${vtep}${srcVni(s)} permanent self`;
}

/** All lines that a leaf must have for another leaf of the fabric: its hosts and its VTEP in every VNI. */
export function leafRows(fabric: Fabric, at: string, remote: string): string[] {
  const leaf = fabric.leaf(at);
  const { vtep } = fabric.leaf(remote);
  const hosts = fabric.plan.hosts.filter((host) => fabric.leafOf(host.name) === remote);
  return [
    ...hosts.flatMap((host) => hostRows(leaf, host, vtep)),
    ...leaf.segments.map((s) => floodRow(leaf, s.vni, vtep)),
  ].sort();
}

/** The lines for an injected route. */
export function routeRows(leaf: Leaf, route: InjectedRoute): string[] {
  const s = leaf.segments.find((each) => each.vni === route.vni)!;
  if (route.type === 'multicast') return [floodRow(leaf, route.vni, route.originator)];
  return [
    `fdb ${s.vxlan} ${route.mac} master ${s.bridge} extern_learn`,
    `fdb ${s.vxlan} ${route.mac} self dst ${route.nextHop}${srcVni(s)} extern_learn self`,
    ...(route.ip === undefined ? [] : [`neigh ${s.svi} ${route.ip} ${route.mac} NOARP`]),
  ].sort();
}

/** Link-local addresses come and go with the hosts' own neighbor discovery. */
export function withoutLinkLocal(rows: readonly string[]): string[] {
  return rows.filter((row) => !row.includes(' fe80:'));
}

/** Waits until the leaf's rows are exactly these, link-local neighbors aside. */
export async function rowsAre(fabric: Fabric, leaf: string, expected: readonly string[], timeout = 15_000) {
  const sorted = [...expected].sort();
  await waitFor(
    async () => {
      const now = withoutLinkLocal(await fabric.installedRows(leaf));
      const missing = sorted.filter((row) => !now.includes(row));
      const tooMuch = now.filter((row) => !sorted.includes(row));
      if (missing.length + tooMuch.length > 0 || now.length !== sorted.length)
        throw new Error(`missing:\n${missing.join('\n')}\ntoo much:\n${tooMuch.join('\n')}`);
      return true;
    },
    { what: `exact rows on ${leaf}`, timeout },
  );
}

/** Waits until the leaf has all of these rows. */
export async function hasRows(fabric: Fabric, leaf: string, rows: readonly string[], timeout = 15_000) {
  await waitFor(
    async () => {
      const now = await fabric.installedRows(leaf);
      const missing = rows.filter((row) => !now.includes(row));
      if (missing.length > 0)
        throw new Error(`missing:\n${missing.join('\n')}\nthere are:\n${now.join('\n')}`);
      return true;
    },
    { what: `rows on ${leaf}`, timeout },
  );
}

/** Waits until the leaf has none of these rows. */
export async function lacksRows(fabric: Fabric, leaf: string, rows: readonly string[], timeout = 15_000) {
  await waitFor(
    async () => {
      const now = await fabric.installedRows(leaf);
      const left = rows.filter((row) => now.includes(row));
      if (left.length > 0) throw new Error(`left over:\n${left.join('\n')}`);
      return true;
    },
    { what: `end of rows on ${leaf}`, timeout },
  );
}

/** Every FDB and neighbor row of a node as the kernel gives it, see raw-neigh.ts. */
export async function rawRows(fabric: Fabric, node: string): Promise<RawRow[]> {
  const program = fileURLToPath(new URL('./raw-neigh.js', import.meta.url));
  const { stdout } = await fabric.exec(node, process.execPath, program);
  return JSON.parse(stdout) as RawRow[];
}

/** Locks a bridge port, see lock-port.ts. */
export async function lockPort(fabric: Fabric, node: string, port: string): Promise<void> {
  const program = fileURLToPath(new URL('./lock-port.js', import.meta.url));
  await fabric.exec(node, process.execPath, program, port);
}
