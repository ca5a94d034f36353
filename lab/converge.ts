/** Convergence as a user sees it: sessions, flood lists, neighbors, and every host reaches every other in its VNI. */
import type { Fabric, Progress } from './fabric.js';
import { floodList } from './observe.js';
import type { Family } from './plan.js';
import { waitFor } from './wait.js';

/** One host that pings another in one family. */
export interface HostPair {
  from: string;
  to: string;
  family: Family;
}

/** All ordered pairs of hosts in one VNI, in both families. */
export function hostPairs(fabric: Fabric): HostPair[] {
  const { hosts } = fabric.plan;
  return hosts.flatMap((from) =>
    hosts
      .filter((to) => to !== from && to.vni === from.vni)
      .flatMap((to) =>
        (['ipv4', 'ipv6'] as const).map((family) => ({ from: from.name, to: to.name, family })),
      ),
  );
}

/** Waits until each spine has an EVPN session with each of its leaves that runs a daemon. */
export async function waitForSessions(fabric: Fabric, timeout: number): Promise<void> {
  const { spines, leaves, transport } = fabric.plan;
  for (const spine of spines) {
    if (spine.engine === 'none') continue;
    const expected = spine.links
      .filter((link) => leaves.some((leaf) => leaf.name === link.leaf && leaf.engine !== 'none'))
      .map((link) => link.leafAddress[transport]);
    let up: string[] = [];
    await waitFor(
      async () => {
        up = await fabric.establishedPeers(spine.name);
        return expected.every((address) => up.includes(address));
      },
      {
        what: `EVPN session of ${spine.name} with each of ${expected.join(', ')}`,
        timeout,
        show: (last) => (typeof last === 'string' ? last : `up are ${up.join(', ') || 'none'}`),
      },
    );
  }
}

/** Waits until the kernel of each leaf with a daemon floods each VNI to every other such leaf. */
export async function waitForFloodLists(fabric: Fabric, timeout: number): Promise<void> {
  const leaves = fabric.plan.leaves.filter((leaf) => leaf.engine !== 'none');
  for (const leaf of leaves) {
    const expected = leaves.filter((other) => other !== leaf).map((other) => other.vtep);
    let missing: string[] = [];
    await waitFor(
      async () => {
        const fdb = await fabric.bridgeFdb(leaf.name);
        missing = leaf.segments.flatMap((s) => {
          const known = floodList(fdb, s.vxlan, s.vni);
          return expected.filter((vtep) => !known.includes(vtep)).map((vtep) => `VNI ${s.vni} to ${vtep}`);
        });
        return missing.length === 0;
      },
      {
        what: `complete flood lists on ${leaf.name}`,
        timeout,
        show: (last) => (typeof last === 'string' ? last : `missing are ${missing.join(', ')}`),
      },
    );
  }
}

/** Waits until each leaf with SVIs has the neighbors (MAC and IP) of every host behind another such leaf. */
export async function waitForNeighbors(fabric: Fabric, timeout: number): Promise<void> {
  const leaves = fabric.plan.leaves.filter((leaf) => leaf.engine !== 'none' && leaf.hasSvi);
  for (const leaf of leaves) {
    const remote = fabric.plan.hosts.filter((host) => {
      const at = fabric.leafOf(host.name);
      return at !== leaf.name && leaves.some((other) => other.name === at);
    });
    const expected = remote.flatMap((host) =>
      Object.values(host.address).map((address) => `${address} ${host.mac}`),
    );
    let missing: string[] = [];
    await waitFor(
      async () => {
        const rows = await fabric.neigh(leaf.name);
        const known = new Set(
          rows.filter((row) => 'extern_learn' in row).map((row) => `${row.dst} ${row.lladdr}`),
        );
        missing = expected.filter((pair) => !known.has(pair));
        return missing.length === 0;
      },
      {
        what: `neighbors for all remote hosts on ${leaf.name}`,
        timeout,
        show: (last) => (typeof last === 'string' ? last : `missing are ${missing.join(', ')}`),
      },
    );
  }
}

/** Pings every pair until all have had a reply; resolves with the number of pairs. */
export async function waitForPings(fabric: Fabric, timeout: number): Promise<number> {
  const pairs = hostPairs(fabric);
  let missing = pairs;
  await waitFor(
    async () => {
      const answered = await Promise.all(
        missing.map(async ({ from, to, family }) => {
          const { received } = await fabric.ping(from, to, { count: 1, wait: 1, family });
          return received > 0;
        }),
      );
      missing = missing.filter((_, index) => !answered[index]);
      return missing.length === 0;
    },
    {
      what: 'reply',
      timeout,
      show: () => missing.map(({ from, to, family }) => `${from} → ${to} (${family})`).join(', '),
    },
  );
  return pairs.length;
}

/**
 * Waits for the whole of it; `timeout` is for each step and leaf.
 * @throws Error that says what is missing, followed by the ends of all logs.
 */
export async function waitUntilConverged(
  fabric: Fabric,
  progress: Progress = () => {},
  timeout = 20_000,
): Promise<void> {
  try {
    await waitForSessions(fabric, timeout);
    progress('EVPN sessions are up');
    await waitForFloodLists(fabric, timeout);
    progress('flood lists are complete');
    await fabric.introduceHosts();
    await waitForNeighbors(fabric, timeout);
    progress('each leaf knows MAC and IP of every remote host');
    const pairs = await waitForPings(fabric, timeout);
    progress(`every host reaches every other in its VNI (${pairs} pairs, IPv4 and IPv6)`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`not converged: ${reason}\n${fabric.logs()}`, { cause: error });
  }
}
