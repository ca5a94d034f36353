/**
 * On a kernel with VRFs: VRFs, L3VNIs, SVIs and VNIs of a leaf come, move and go in orders by chance, those of leaf1 stay. After each
 * order the rows of both are the very ones that the devices ask for, every host reaches what it should and nothing else, frames
 * take the VNI of their VRF alone; and after all is deleted nothing is left. A seed is one order, and the same each time: it is that of
 * a leaf with a bridge for each VNI, with a bridge that filters VLANs, or with a single VXLAN device, by turns. In every fourth one
 * of the first two evpnd is killed, and devices change while it is away.
 */
import assert from 'node:assert/strict';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import { runCases } from './linux-namespace.js';
import {
  HOST_VLANS,
  L3VNIS,
  type L3vni,
  LEAF_KINDS,
  type LeafKind,
  type Line,
  PLACES,
} from './support/leaf-kinds.js';
import { randomOf } from './support/random.js';
import {
  ownNetworks,
  ownRows,
  RoutedDevices,
  type Routing,
  rowsOf,
  VRFS,
  vrfLines,
} from './support/routed-orders.js';

const [first, last] = (process.env.EVPND_ORDERS ?? '3-6').split('-').map(Number);

const config = {
  evpn: {
    vrfs: VRFS.map((name) => ({
      name,
      'redistribute-connected': ['172.16.0.0/12 le 32', 'fd16::/15 le 128'],
    })),
  },
};
const [KIND_THERE] = LEAF_KINDS;
const fabric = await Fabric.create({
  leaves: [KIND_THERE, ...LEAF_KINDS].map(({ mode }) => ({ engine: 'evpnd', mode, config })),
});
const [there, ...changing] = fabric.plan.leaves;

/** How leaf1 routes, which stays so. */
const THERE: readonly Routing[] = VRFS.map((vrf, i) => ({
  vrf,
  table: 1001 + i,
  l3vni: L3VNIS[i],
  place: PLACES[i],
  mac: `02:ff:01:00:0${i + 1}:00`,
}));

/** Applies lines in their order: a process for as many as are for one tool. */
async function applyLines(leaf: string, lines: readonly Line[]): Promise<void> {
  let rest = lines;
  while (rest.length > 0) {
    const [tool] = rest[0].split(' ');
    const end = rest.findIndex((line) => !line.startsWith(`${tool} `));
    const batch = rest.slice(0, end < 0 ? rest.length : end).map((line) => line.slice(tool.length + 1));
    await fabric.apply(leaf, { ip: [], bridge: [], [tool]: batch });
    rest = rest.slice(batch.length);
  }
}

async function makeThere(): Promise<void> {
  await applyLines(
    there.name,
    THERE.flatMap(({ vrf, table, l3vni, place, mac }, i): Line[] => [
      ...vrfLines(vrf, table, 1),
      `ip link set ${there.segments[i].svi} master ${vrf}`,
      ...KIND_THERE.addSvi(place, mac),
      `ip link set ${KIND_THERE.svi(place)} master ${vrf}`,
      ...KIND_THERE.addVni(l3vni, there.vtep),
      ...KIND_THERE.enter(l3vni, place, undefined),
    ]),
  );
}

async function rows(leaf: string, kind: LeafKind): Promise<string[]> {
  const { stdout } = await fabric.exec(
    leaf,
    'sh',
    '-c',
    'for f in -4 -6; do ip -N $f route show table all proto 69; done; ip -N nexthop show proto 69; ip -N neigh show; bridge fdb show',
  );
  return ownRows(stdout, kind);
}

interface RouteItem {
  readonly type: number;
  readonly labels: readonly number[];
  readonly prefix: string | null;
  readonly ip: string | null;
}

/** What leaf1 announces for a VRF, by its L3VNI. */
async function announcedThere(): Promise<Map<number, string[]>> {
  const { body } = await fabric.restApi<{ items: RouteItem[] }>(
    there.name,
    '/api/v1/routes?origin=local&limit=1000',
  );
  const found = new Map<number, string[]>();
  for (const { type, labels, prefix, ip } of body.items) {
    const label = type === 5 ? labels[0] : labels[1];
    const its = type === 5 ? prefix : ip;
    if (label !== undefined && its !== null) found.set(label, [...(found.get(label) ?? []), its]);
  }
  return found;
}

/** Waits until both leaves have what the devices ask for. */
async function settled(devices: RoutedDevices, seed: number): Promise<void> {
  const { kind, vtep, leaf } = devices;
  let shown: unknown;
  await waitFor(
    async () => {
      const announced = await announcedThere();
      const routing = devices.routing();
      const wantedHere = routing.flatMap((each) => {
        const { mac } = THERE.find(({ l3vni }) => l3vni === each.l3vni) as Routing;
        return rowsOf(each, kind, announced.get(each.l3vni) ?? [], there.vtep, mac);
      });
      const wantedThere = THERE.flatMap((each) => {
        const from = routing.find(({ l3vni }) => l3vni === each.l3vni);
        return from ? rowsOf(each, KIND_THERE, ownNetworks(from.vrf, leaf).prefixes, vtep, from.mac) : [];
      });
      const [here, all] = await Promise.all([rows(`leaf${leaf}`, kind), rows(there.name, KIND_THERE)]);
      // Which hosts of the other leaf are known is its own affair
      const found = all.filter((row) => !/^route \d+ (10\.|fd10:)/.test(row));
      shown = { here, wantedHere: wantedHere.sort(), there: found, wantedThere: wantedThere.sort() };
      return String(here) === String(wantedHere) && String(found) === String(wantedThere);
    },
    { what: `rows of seed ${seed}`, timeout: 30_000, show: () => JSON.stringify(shown, undefined, 1) },
  );
}

async function receivedThere(): Promise<number[]> {
  const { stdout } = await fabric.exec(
    there.name,
    'sh',
    '-c',
    'cat /sys/class/net/vx4001/statistics/rx_packets /sys/class/net/vx4002/statistics/rx_packets',
  );
  return stdout.trim().split('\n').map(Number);
}

/** The L3VNIs whose network on leaf1 answers the host. */
async function answering(host: string): Promise<L3vni[]> {
  const pings = THERE.map(
    ({ vrf, l3vni }) =>
      `(ping -n -c 1 -W 1 ${ownNetworks(vrf, 1).address} >/dev/null 2>&1 && echo ${l3vni}) &`,
  );
  const { stdout } = await fabric.exec(host, 'sh', '-c', `${pings.join(' ')} wait`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(line) as L3vni);
}

/** Every host of the leaf reaches the network of its VRF's L3VNI, and no frame takes another VNI. */
async function traffic(devices: RoutedDevices, seed: number): Promise<number> {
  const hosts = HOST_VLANS.map((vlan) => ({
    name: `h${devices.leaf}-${vlan}`,
    l3vni: devices.l3vniOf(vlan),
    isAlive: devices.isAlive(vlan),
  }));
  const before = await receivedThere();
  const wrong: string[] = [];
  let heard: L3vni[][] = [];
  await waitFor(
    async () => {
      heard = await Promise.all(hosts.map(({ name }) => answering(name)));
      for (const [i, { name, l3vni }] of hosts.entries())
        for (const answer of heard[i])
          if (answer !== l3vni) wrong.push(`${name} reached L3VNI ${answer} instead of ${l3vni}`);
      return (
        wrong.length > 0 ||
        hosts.every(({ l3vni, isAlive }, i) => !isAlive || l3vni === undefined || heard[i].includes(l3vni))
      );
    },
    {
      what: `traffic of seed ${seed}`,
      timeout: 20_000,
      show: () => JSON.stringify({ hosts, heard }),
    },
  );
  assert.deepEqual(wrong, []);
  const after = await receivedThere();
  for (const [i, l3vni] of L3VNIS.entries())
    if (hosts.every((host) => host.l3vni !== l3vni))
      assert.equal(after[i], before[i], `frames by VNI ${l3vni}, which no host's VRF has`);
  return hosts.filter(({ l3vni, isAlive }) => isAlive && l3vni !== undefined).length;
}

const devicesOf = (seed: number): RoutedDevices => {
  const i = seed % LEAF_KINDS.length;
  return new RoutedDevices(randomOf(seed), LEAF_KINDS[i], i + 2, changing[i].vtep);
};

/** One order: changes in batches, of which none is waited for, and the end of all. */
async function order(seed: number): Promise<number> {
  const devices = devicesOf(seed);
  const { random } = devices;
  const leaf = `leaf${devices.leaf}`;
  const evpnd = fabric.evpnd(leaf);
  const told: string[] = [];
  const apply = async (lines: readonly Line[], mayBeAway: boolean) => {
    const isAway = mayBeAway && devices.kind.takesRowsAlong;
    told.push(...(isAway ? ['# evpnd is away'] : []), ...lines);
    if (isAway) await evpnd.kill();
    await applyLines(leaf, lines);
    if (isAway) await evpnd.start();
  };
  try {
    for (let batch = 1 + random.below(3); batch > 0; batch--) {
      const lines: Line[] = [];
      for (let n = 6 + random.below(10); n > 0; n--) lines.push(...devices.change());
      await apply(lines, batch === 1 && seed % 4 === 0);
    }
    await settled(devices, seed);
    const reached = await traffic(devices, seed);
    await apply(devices.end(), seed % 8 === 0);
    await settled(devices, seed);
    return reached;
  } catch (error) {
    const what = error instanceof Error ? error.message : error;
    throw new Error(`seed ${seed}, ${devices.kind.mode}: ${what}\n${told.join('\n')}`);
  }
}

try {
  await runCases([
    {
      name: 'a leaf whose VRFs stay',
      run: async () => {
        await waitUntilConverged(fabric, () => {}, 60_000);
        await makeThere();
        await settled(devicesOf(0), 0);
      },
    },
    {
      name: 'whatever order VRFs, L3VNIs, SVIs and VNIs come, move and go in: no wrong egress, no row left',
      run: async () => {
        let reached = 0;
        for (let seed = first; seed <= last; seed++) {
          const began = performance.now();
          reached += await order(seed);
          process.stderr.write(
            `seed ${seed}: ${Math.round(performance.now() - began)} ms, ${reached} hosts reached so far\n`,
          );
        }
        assert.ok(first === last || reached > 0, 'no order led anywhere');
      },
    },
  ]);
} finally {
  if (process.env.EVPND_SCENARIO_LOG) process.stderr.write(fabric.logs());
  await fabric.remove();
}
