import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { RawRow } from './support/raw-neigh.js';
import { leafRows, rawRows, rowsAre } from './support/rows.js';

/* Others write to the kernel too: what they do to our rows is undone, what is theirs is left alone. */
let fabric: Fabric;
const remote = () => fabric.host('h2-10');
const ours = () => leafRows(fabric, 'leaf1', 'leaf2');

test.before(async () => {
  fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

const ZERO = '00:00:00:00:00:00';
const OTHER = '02:00:00:00:0b:ad';

/** What a person types on the leaf; MAC, V4 and V6 are those of the remote host. */
const tampering: Record<string, string> = {
  'the bridge row deleted': 'bridge fdb del MAC dev vx10 master',
  'the vxlan row deleted': 'bridge fdb del MAC dev vx10 self',
  'a default destination deleted': `bridge fdb del ${ZERO} dev vx10 dst 10.0.0.2 self`,
  'all default destinations deleted': `bridge fdb del ${ZERO} dev vx10 self`,
  'a neighbor deleted': 'ip neigh del V4 dev br10',
  'an IPv6 neighbor deleted': 'ip neigh del V6 dev br10',
  'the vxlan row sent elsewhere': 'bridge fdb replace MAC dev vx10 self dst 10.0.0.77 dynamic extern_learn',
  'the bridge row made permanent': 'bridge fdb replace MAC dev vx10 master',
  'the bridge row made static': 'bridge fdb replace MAC dev vx10 master static',
  'a neighbor given another MAC': `ip neigh replace V4 lladdr ${OTHER} dev br10 nud stale`,
  'an IPv6 neighbor given another MAC': `ip neigh replace V6 lladdr ${OTHER} dev br10 nud reachable`,
  'every rule of the VXLAN device flushed': 'bridge fdb flush dev vx10 self',
  'the neighbor table flushed': 'ip neigh flush dev br10 nud all',
};

for (const [what, command] of Object.entries(tampering))
  test.serial(`undone: ${what}`, async (t) => {
    await rowsAre(fabric, 'leaf1', ours());
    const words = command
      .replace('MAC', remote().mac)
      .replace('V4', remote().address.ipv4)
      .replace('V6', remote().address.ipv6);
    const before = await rawRows(fabric, 'leaf1');
    await fabric.exec('leaf1', ...words.split(' '));
    await rowsAre(fabric, 'leaf1', ours(), 10_000);
    // Not only as iproute2 prints it: state, flags and attributes of our rows are what they were.
    const same = (rows: RawRow[]) => ourRaw(rows).join('\n');
    await waitFor(async () => same(await rawRows(fabric, 'leaf1')) === same(before), {
      what: 'our rows as they were, bit by bit',
      timeout: 5_000,
    }).catch(() => {});
    t.deepEqual(ourRaw(await rawRows(fabric, 'leaf1')), ourRaw(before));
  });

/** Rows that a person sets where ours stand, how they look, and how the person removes them. */
const byHand = [
  {
    what: 'a static vxlan row',
    set: 'bridge fdb replace MAC dev vx10 self dst 10.0.0.77 static',
    looks: 'self dst 10.0.0.77',
    remove: 'bridge fdb del MAC dev vx10 self dst 10.0.0.77',
  },
  {
    what: 'a permanent vxlan row',
    set: 'bridge fdb replace MAC dev vx10 self dst 10.0.0.77',
    looks: 'self dst 10.0.0.77',
    remove: 'bridge fdb del MAC dev vx10 self dst 10.0.0.77',
  },
];

for (const { what, set, looks, remove } of byHand)
  test.serial(`left alone until it goes: ${what} in the place of ours`, async (t) => {
    await rowsAre(fabric, 'leaf1', ours());
    const type = (command: string) =>
      fabric.exec('leaf1', ...command.replace('MAC', remote().mac).split(' '));
    const drifts = async () =>
      (await fabric.restApi<{ items: { cause: string }[] }>('leaf1', '/api/v1/drift?open=true')).body.items;
    await type(set);
    await waitFor(async () => (await drifts()).some(({ cause }) => cause === 'blocked'), {
      what: 'the drift',
    });
    const { stdout } = await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'dev', 'vx10');
    t.true(
      stdout.split('\n').some((row) => row.includes(remote().mac) && row.includes(looks.slice(5))),
      stdout,
    );
    await type(remove);
    await rowsAre(fabric, 'leaf1', ours(), 10_000);
    t.deepEqual(await drifts(), []);
  });

/** Rows of the remote leaf, link-local neighbors aside, a line each. */
function ourRaw(rows: readonly RawRow[]): string[] {
  const vtep = '0a000002';
  const macs = fabric.plan.hosts
    .filter(({ leaf }) => leaf === 'leaf2')
    .map(({ mac }) => mac.replaceAll(':', ''));
  return rows
    .filter(({ attributes: { 1: dst = '', 2: mac } }) =>
      mac === '000000000000' ? dst === vtep : macs.includes(mac) && !dst.startsWith('fe80'),
    )
    .map((row) => JSON.stringify(row))
    .sort();
}

test.serial("an operator's default destination beside ours outlives ours", async (t) => {
  const theirs = `fdb vx10 ${ZERO} self dst 10.0.0.77 permanent self`;
  const place = ['bridge', 'fdb', 'append', ZERO, 'dev', 'vx10', 'dst', '10.0.0.77', 'self', 'permanent'];
  await fabric.exec('leaf1', ...place);
  // Ours is written anew beside it, and every default destination has one state in the kernel.
  await fabric.exec('leaf1', 'bridge', 'fdb', 'del', ZERO, 'dev', 'vx10', 'dst', '10.0.0.2', 'self');
  await rowsAre(fabric, 'leaf1', [...ours(), theirs]);
  t.is(await fabric.evpnd('leaf1').stop(), 0);
  await rowsAre(fabric, 'leaf1', [theirs]);
  await fabric.exec('leaf1', 'bridge', 'fdb', 'del', ZERO, 'dev', 'vx10', 'dst', '10.0.0.77', 'self');
  await fabric.evpnd('leaf1').start();
  await rowsAre(fabric, 'leaf1', ours());
});

/** Rows of an operator in one VNI. */
function foreignRows(vlan: number): string[] {
  return [
    `bridge fdb add 02:00:00:00:f${vlan / 10}:01 dev p1-${vlan} master static`,
    `bridge fdb add 02:00:00:00:f${vlan / 10}:02 dev vx${vlan} master static`,
    `bridge fdb add 02:00:00:00:f${vlan / 10}:02 dev vx${vlan} self dst 10.0.0.77 static`,
    `bridge fdb add 02:00:00:00:f${vlan / 10}:03 dev vx${vlan} self dst 10.0.0.78`,
    `ip neigh add 10.10.${vlan}.200 lladdr 02:00:00:00:f${vlan / 10}:02 dev br${vlan} nud permanent`,
    `ip neigh add fd10:${vlan}::200 lladdr 02:00:00:00:f${vlan / 10}:02 dev br${vlan} nud permanent`,
  ];
}

/** The operator's rows as they are now. */
async function foreign(): Promise<string[]> {
  return (await rawRows(fabric, 'leaf1'))
    .filter(({ attributes }) => attributes[2]?.startsWith('02000000f'))
    .map((row) => JSON.stringify(row))
    .sort();
}

test.serial(
  'rows of others are left alone, by a running evpnd and by one that starts, sweeps and stops',
  async (t) => {
    const place = async (vlan: number) => {
      for (const command of foreignRows(vlan)) await fabric.exec('leaf1', ...command.split(' '));
    };
    const evpnd = fabric.evpnd('leaf1');
    // Beside our rows, while evpnd runs …
    await place(10);
    // … and before it starts.
    await evpnd.stop();
    await rowsAre(fabric, 'leaf1', []);
    await place(20);
    const before = await foreign();
    t.is(before.length, 12);
    const everything = ours();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await evpnd.start();
      await rowsAre(fabric, 'leaf1', everything);
      t.deepEqual(await foreign(), before);
      // Bridges and devices change under them.
      await fabric.exec('leaf1', 'bridge', 'fdb', 'del', remote().mac, 'dev', 'vx10', 'self');
      await rowsAre(fabric, 'leaf1', everything);
      await evpnd.stop(signal);
      t.deepEqual(await foreign(), before, signal);
    }
    await evpnd.start();
    await waitFor(
      async () => (await fabric.restApi<{ ready: boolean }>('leaf1', '/api/v1/status')).body.ready,
      {
        what: 'the sweep',
      },
    );
    await rowsAre(fabric, 'leaf1', everything);
    t.deepEqual(await foreign(), before, 'after the sweep');
    // With the last remote VTEP gone its destinations go, and nothing else.
    await fabric.frr('leaf2').stop();
    await rowsAre(fabric, 'leaf1', []);
    t.deepEqual(await foreign(), before, 'after the withdraws');
    await evpnd.stop();
    t.deepEqual(await foreign(), before, 'after SIGTERM');
  },
);
