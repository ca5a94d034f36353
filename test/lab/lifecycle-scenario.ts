/**
 * Inside user-mode-linux: on leaf1 VNIs, VLANs, bridges, SVIs, addresses and device states come, change and go at random,
 * on both recipes side by side, while an FRR leaf's routes stand. Afterwards the kernel must hold what an evpnd holds
 * that has seen nothing but the end state. Prints the seed of a round that fails.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fabric, installedRows, waitFor, waitForFloodLists, waitForNeighbors } from '../../lab/index.js';
import { runSteps } from './linux-namespace.js';
import { randomOf } from './support/random.js';

const ROUNDS = 2;
const CHANGES = 120;
const VLANS = [10, 20, 30, 40];
/** The first VLAN is on the single device, the others have their own. */
const SINGLE = 10;

const fabric = await Fabric.create({
  leaves: [
    { engine: 'evpnd', mode: 'mixed' },
    { engine: 'frr', mode: 'vlan-aware' },
  ],
  vnis: VLANS.map((vlan) => ({ vni: 10000 + vlan, vlan })),
});
const devices = ['vxlan0', ...VLANS.slice(1).map((vlan) => `vx${vlan}`)];
const rows = () => installedRows(fabric.namespace('leaf1'), devices);

/** Lines of `ip` and of `bridge`, each told by its first word; many will fail, for what they name may not be there. */
type Change = readonly string[];

const own = (vlan: number, local = '10.0.0.1'): Change => [
  `ip link add vx${vlan} type vxlan id ${10000 + vlan} local ${local} dstport 8472 nolearning`,
  `ip link set vx${vlan} master br0`,
  `bridge link set dev vx${vlan} learning off neigh_suppress on`,
  `bridge vlan add dev vx${vlan} vid ${vlan} pvid untagged`,
  `ip link set vx${vlan} up`,
];
const single = (): Change => [
  'ip link add vxlan0 type vxlan external vnifilter local 10.0.0.1 dstport 4789 nolearning',
  'ip link set vxlan0 master br0',
  'bridge link set dev vxlan0 learning off neigh_suppress on vlan_tunnel on',
  `bridge vlan add dev vxlan0 vid ${SINGLE}`,
  `bridge vlan add dev vxlan0 vid ${SINGLE} tunnel_info id ${10000 + SINGLE}`,
  `bridge vni add dev vxlan0 vni ${10000 + SINGLE}`,
  'ip link set vxlan0 up',
];
const svi = (vlan: number): Change => [
  `bridge vlan add dev br0 vid ${vlan} self`,
  `ip link add link br0 name br0.${vlan} type vlan id ${vlan}`,
  `ip link set br0.${vlan} up`,
];
const bridge = (): Change => [
  'ip link add br0 type bridge mcast_snooping 0 vlan_filtering 1 vlan_default_pvid 0',
  'ip link set br0 up',
];

function changesOf(random: ReturnType<typeof randomOf>): Change {
  const vlan = random.of(VLANS.slice(1));
  const other = random.of(VLANS);
  const device = random.of(devices);
  return random.of<() => Change>([
    () => [`ip link set ${device} down`],
    () => [`ip link set ${device} up`],
    () => [`ip link set ${device} down`, `ip link set ${device} up`],
    () => [`ip link set ${device} nomaster`],
    () => [`ip link set ${device} master br0`],
    () => [`ip link del ${device}`],
    () => own(vlan, random.of(['10.0.0.1', '10.0.0.1', '10.0.0.11'])),
    () => [`ip link del vx${vlan}`, ...own(vlan)],
    () => [
      `ip link set vx${vlan} type vxlan id ${10000 + vlan} local ${random.of(['10.0.0.1', '10.0.0.11'])}`,
    ],
    () => [`bridge vlan del dev vx${vlan} vid ${vlan}`],
    () => [`bridge vlan add dev vx${vlan} vid ${vlan} pvid untagged`],
    () => [`bridge vlan add dev vx${vlan} vid ${other} pvid untagged`],
    () => single(),
    () => [`bridge vlan del dev vxlan0 vid ${SINGLE}`],
    () => single().slice(3, 5),
    () => [
      `bridge vlan add dev vxlan0 vid ${other}`,
      `bridge vlan add dev vxlan0 vid ${other} tunnel_info id ${10000 + SINGLE}`,
    ],
    () => [`bridge vni delete dev vxlan0 vni ${10000 + SINGLE}`],
    () => [`bridge vni add dev vxlan0 vni ${10000 + SINGLE}`],
    () => ['bridge link set dev vxlan0 vlan_tunnel off'],
    () => ['bridge link set dev vxlan0 vlan_tunnel on'],
    () => [`ip link del br0.${other}`],
    () => svi(other),
    () => [`ip link set br0.${other} ${random.of(['up', 'down'])}`],
    () => [`ip link set br0 ${random.of(['up', 'up', 'down'])}`],
    () => [`ip link set br0 type bridge vlan_filtering ${random.of([1, 1, 0])}`],
    () => (random.below(4) === 0 ? ['ip link del br0'] : bridge()),
  ])();
}

/** Runs the lines in order, one process for each stretch of one tool. */
async function run(changes: Change): Promise<void> {
  for (let i = 0; i < changes.length; ) {
    const tool = changes[i]!.split(' ', 1)[0]!;
    const lines: string[] = [];
    while (i < changes.length && changes[i]!.startsWith(`${tool} `))
      lines.push(changes[i++]!.slice(tool.length + 1));
    const input = `${lines.join('\n')}\n`;
    await fabric.execWith('leaf1', { input }, tool, '-force', '-batch', '-').catch(() => undefined);
  }
}

/**
 * The rows that something goes by. On a bridge that looks at no tags the kernel copies each row into the VLANs that its
 * port has when it is written, so that it depends on the order of things which copies there are.
 */
async function effective(): Promise<string[]> {
  const now = await rows();
  return now.filter((row) => {
    const untagged = row.replace(/ vlan \d+/, '');
    return row === untagged || !now.includes(untagged);
  });
}

/** The rows once they have stood still for a second. */
async function settled(): Promise<string[]> {
  let last = await effective();
  for (let still = 0; still < 3; ) {
    await sleep(250);
    const now = await effective();
    still = now.join('\n') === last.join('\n') ? still + 1 : 0;
    last = now;
  }
  return last;
}

const round = (seed: number) => async () => {
  const random = randomOf(seed);
  const said: string[] = [];
  for (let i = 0; i < CHANGES; ) {
    // Some come one by one and some in a burst, which evpnd sees as one
    const burst: string[] = [];
    for (let n = 1 + random.below(6); n > 0 && i < CHANGES; n--, i++) burst.push(...changesOf(random));
    said.push(...burst);
    await run(burst);
  }
  // Half of what there could be stands at the end, lest nothing is left to compare
  for (const change of [bridge(), single(), ...VLANS.slice(1).map((vlan) => own(vlan)), ...VLANS.map(svi)])
    if (change[0]?.includes('br0 type bridge') || change[0]?.includes('vx20') || random.below(3) > 0) {
      said.push(...change);
      await run(change);
    }
  const story = `seed ${seed}\n${said.join('\n')}`;
  const lived = await settled();
  assert.ok(lived.length > 0, story);
  const evpnd = fabric.evpnd('leaf1');
  assert.ok(evpnd.running, `${story}\n${evpnd.logs()}`);
  await evpnd.stop();
  const left = await rows();
  assert.deepEqual(left, [], `left behind:\n${left.join('\n')}\nafter ${story}\n${evpnd.logs()}`);
  await evpnd.start();
  // Sessions, routes, and then nothing more
  for (let tries = 0; tries < 20 && (await effective()).length < lived.length; tries++) await sleep(250);
  assert.deepEqual(lived, await settled(), `${story}\n${evpnd.logs()}`);
};

const bridgeRowsOf = async (device: string) =>
  (await rows()).filter((row) => row.startsWith(`fdb ${device} `) && row.includes(' master '));

/** Copies of rows without a VLAN stand in a VLAN that has left its port: by themselves they cannot be deleted any more. */
async function leaveCopies(): Promise<void> {
  await run(['ip link set br0 type bridge vlan_filtering 0']);
  const ofHost = async () => (await bridgeRowsOf('vx20')).map((row) => row.includes(' vlan 20 '));
  await waitFor(async () => (await ofHost()).sort().join() === 'false,true', { what: 'a row and its copy' });
  await run(['bridge vlan del dev vx20 vid 20']);
  assert.deepEqual((await ofHost()).sort(), [false, true]);
}

const difference = (before: readonly string[], now: readonly string[]) =>
  [
    ...before.filter((row) => !now.includes(row)).map((row) => `missing: ${row}`),
    ...now.filter((row) => !before.includes(row)).map((row) => `beyond: ${row}`),
  ].join('\n');

async function copiesGo(): Promise<void> {
  const before = await settled();
  await leaveCopies();
  await run(['ip link set br0 type bridge vlan_filtering 1']);
  await waitFor(async () => (await bridgeRowsOf('vx20')).length === 0, { what: 'no row left in the VLAN' });
  await run(['bridge vlan add dev vx20 vid 20 pvid untagged']);
  let now: string[] = [];
  await waitFor(
    async () => {
      now = await effective();
      return now.join() === before.join();
    },
    { what: 'the rows of the start', show: () => difference(before, now) },
  );
  await leaveCopies();
  await fabric.evpnd('leaf1').stop();
  assert.deepEqual(await rows(), []);
  await fabric.evpnd('leaf1').start();
  await run([
    'ip link set br0 type bridge vlan_filtering 1',
    'bridge vlan add dev vx20 vid 20 pvid untagged',
  ]);
}

try {
  const first = Number(process.argv[2] ?? Date.now() % 1_000_000);
  await fabric.apply('leaf1', { ip: ['addr add 10.0.0.11/32 dev lo'], bridge: [] });
  await fabric.introduceHosts();
  await runSteps([
    {
      name: 'the fabric stands',
      // Flood lists come first: what they are compared with later needs the hosts' rows too
      async run() {
        await waitForFloodLists(fabric, 40_000);
        await waitForNeighbors(fabric, 40_000);
      },
    },
    { name: 'copies of rows that outlive their VLAN go', run: copiesGo },
    ...Array.from({ length: ROUNDS }, (_, i) => ({
      name: `${CHANGES} random changes, seed ${first + i}`,
      run: round(first + i),
    })),
  ]);
} finally {
  await fabric.remove();
}
