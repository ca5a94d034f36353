/** What the kernel holds on a node, read by iproute2's own JSON, so that a test does not trust our netlink code twice. */
import { run } from './process.js';

/** A row of `bridge -json fdb show`. */
export interface FdbRow {
  mac: string;
  ifname: string;
  vlan?: number;
  dst?: string;
  vni?: number;
  src_vni?: number;
  master?: string;
  state?: string;
  flags: string[];
}

/** A row of `ip -json neigh show`; flags are keys with the value null. */
export interface NeighborRow {
  dst: string;
  dev: string;
  lladdr?: string;
  state: string[];
  protocol?: string;
  router?: null;
  extern_learn?: null;
  offload?: null;
  proxy?: null;
}

const zeroMac = '00:00:00:00:00:00';

export async function bridgeFdb(namespace: string): Promise<FdbRow[]> {
  const { stdout } = await run('bridge', ['-n', namespace, '-json', 'fdb', 'show']);
  return JSON.parse(stdout || '[]') as FdbRow[];
}

export async function neighbors(namespace: string): Promise<NeighborRow[]> {
  const { stdout } = await run('ip', ['-n', namespace, '-json', 'neigh', 'show']);
  return JSON.parse(stdout || '[]') as NeighborRow[];
}

/**
 * The rows an EVPN daemon puts in: on VXLAN devices the `extern_learn` rows and the all-zero MAC's destinations, and
 * `extern_learn` neighbors, one line of text each, sorted, without the protocol. Two daemons that
 * learned the same routes in the same mode leave the same lines.
 */
export async function installedRows(namespace: string, vxlanDevices: readonly string[]): Promise<string[]> {
  const devices = new Set(vxlanDevices);
  const fdb = (await bridgeFdb(namespace))
    .filter((row) => devices.has(row.ifname) && (row.flags.includes('extern_learn') || row.mac === zeroMac))
    .map((row) =>
      [
        'fdb',
        row.ifname,
        row.mac,
        row.master ? `master ${row.master}` : 'self',
        row.vlan === undefined ? '' : `vlan ${row.vlan}`,
        row.dst === undefined ? '' : `dst ${row.dst}`,
        row.src_vni === undefined ? '' : `src_vni ${row.src_vni}`,
        row.state ?? '',
        // Of a device's row that was written while the device was in no bridge the kernel keeps this word, and goes by it nowhere
        ...row.flags.filter((flag) => row.master || flag !== 'master').sort(),
      ]
        .filter(Boolean)
        .join(' '),
    );
  const neigh = (await neighbors(namespace))
    .filter((row) => 'extern_learn' in row)
    .map((row) =>
      ['neigh', row.dev, row.dst, row.lladdr ?? '', ...row.state, 'router' in row ? 'router' : '']
        .filter(Boolean)
        .join(' '),
    );
  return [...fdb, ...neigh].sort();
}

/** The VTEPs that a VXLAN device floods to: the destinations of its all-zero MAC. */
export function floodList(fdb: readonly FdbRow[], vxlan: string, vni?: number): string[] {
  return fdb
    .filter((row) => row.ifname === vxlan && row.mac === zeroMac && row.dst !== undefined)
    .filter((row) => vni === undefined || row.src_vni === undefined || row.src_vni === vni)
    .map((row) => row.dst as string)
    .sort();
}
