/**
 * Inside QEMU, which has bonds with LACP: two leaves of FRR 10 with one Ethernet segment (RFC 7432 §5), behind it a host
 * with a bond over both, and evpnd as remote leaf. FRR keeps its Type-2 when a leaf loses its link to the host, and
 * withdraws its Type-1 and Type-4 only.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ContinuousPing,
  Fabric,
  hostSetup,
  pace,
  waitFor,
  waitForFloodLists,
  waitForSessions,
} from '../../lab/index.js';
import { runSteps } from './linux-namespace.js';

const mode = 'vlan-aware';
const PATIENCE = 20_000;
/** Seconds between two pings. */
const INTERVAL = 0.1;
/**
 * Replies that may be lost: a second's worth on a machine that is fast, where FRR takes most of it to notice and to say so.
 * A leaf that waits for the Type-2 of a leg that failed loses all of them, and one that waits for the hold time nine times more.
 */
const MOST_LOST = 10 * pace;

const fabric = await Fabric.create({
  vnis: [{ vni: 10010, vlan: 10 }],
  leaves: [
    { engine: 'frr10', mode },
    { engine: 'frr10', mode },
    { engine: 'evpnd', mode },
  ],
});
const members = ['leaf1', 'leaf2'] as const;
const host = fabric.host('h1-10');
const lacp = 'type bond mode 802.3ad miimon 50 lacp_rate fast';
/** The leaf's link to the host. */
const leg = { leaf1: host.port, leaf2: 'leg' };

const only = (node: string, ...ip: string[]) => fabric.apply(node, { ip, bridge: [] });

/** Gives the host a second leg, at leaf2, and bonds both. */
async function makeSegment(): Promise<void> {
  await only(host.name, 'link set eth0 down', 'link set eth0 name to-leaf1', 'addr flush dev to-leaf1');
  await only(
    'leaf2',
    `link add leg mtu 1500 type veth peer name to-leaf2 netns ${fabric.namespace(host.name)} mtu 1500`,
  );
  for (const leaf of members)
    await fabric.apply(leaf, {
      ip: [
        `link set ${leg[leaf]} nomaster`,
        `link set ${leg[leaf]} down`,
        `link add bond1 mtu 1500 ${lacp} ad_actor_system 44:38:39:ff:00:01`,
        `link set ${leg[leaf]} master bond1`,
        'link set bond1 master br0 addrgenmode none',
        'link set bond1 up',
      ],
      bridge: ['vlan add dev bond1 vid 10 pvid untagged'],
    });
  // Before the host speaks: FRR gives a MAC that it knew already no segment at once
  for (const leaf of members)
    await fabric.vtysh(
      leaf,
      'configure terminal',
      'evpn mh startup-delay 0',
      'interface bond1',
      'evpn mh es-id 1',
      'evpn mh es-sys-mac 44:38:39:ff:00:01',
    );
  await only(
    host.name,
    `link add eth0 address ${host.mac} mtu 1500 ${lacp}`,
    'link set to-leaf1 master eth0',
    'link set to-leaf2 master eth0',
    ...hostSetup(host, fabric.leaf('leaf1')).ip,
  );
}

interface Explained {
  entry: { claims: { esi: string | null; vtep: string; leaf: string | null }[] };
}

async function explained(): Promise<Explained['entry']> {
  const { body } = await fabric.restApi<Explained>('leaf3', `/api/v1/explain?vni=10010&mac=${host.mac}`);
  return body.entry;
}

/** The member that evpnd sends the host's frames to, by the kernel's row. */
async function used(): Promise<(typeof members)[number] | undefined> {
  const rows = await fabric.bridgeFdb('leaf3');
  const row = rows.find(({ mac, dst }) => mac === host.mac && dst !== undefined);
  return members.find((leaf) => fabric.leaf(leaf).vtep === row?.dst);
}

const usedIs = (leaf: string) =>
  waitFor(async () => (await used()) === leaf, {
    what: `row of the host to ${leaf}`,
    timeout: PATIENCE,
    // Each look starts a program, and there is one slow CPU for all
    interval: 1_000,
    show: () => fabric.logs(),
  });

let pings = 0;

/** Pings the host from behind evpnd while `event` happens and until `done`; returns how many replies were lost. */
async function lostWhile(event: () => Promise<unknown>, done: () => Promise<unknown>): Promise<number> {
  const file = join(fabric.folder, `ping-${++pings}.log`);
  const ping = await ContinuousPing.start(fabric.namespace('h3-10'), host.address.ipv4, INTERVAL, file);
  await delay(2_000);
  await event();
  await done();
  await delay(2_000);
  const { sent, received } = await ping.stop();
  process.stderr.write(`${sent - received} of ${sent} lost\n`);
  assert.ok(received > 20, `${received} of ${sent} pings answered`);
  return sent - received;
}

/** Both members have an Ethernet A-D per ES route at evpnd, and both legs carry. */
async function isWhole(): Promise<boolean> {
  const { body } = await fabric.restApi<{ items: { paths: { nextHop: string }[] }[] }>(
    'leaf3',
    '/api/v1/routes?type=1',
  );
  const hops = new Set(body.items.flatMap(({ paths }) => paths.map(({ nextHop }) => nextHop)));
  return members.every((leaf) => hops.has(fabric.leaf(leaf).vtep));
}

const whole = () =>
  waitFor(isWhole, { what: 'Type-1 of both leaves', timeout: PATIENCE, show: () => fabric.logs() });
const pinged = () =>
  waitFor(async () => (await fabric.ping('h3-10', host.name, { count: 1 })).received > 0, {
    what: 'reply of the host',
    timeout: PATIENCE,
  });

/** Takes these links of the leaf in use down and up again; `stays`: its MAC/IP routes stand meanwhile. */
async function failAndReturn(
  links: (leaf: (typeof members)[number]) => string[],
  stays: boolean,
): Promise<void> {
  const first = await used();
  assert.ok(first);
  const second = members.find((leaf) => leaf !== first)!;
  const set = (state: string) => only(first, ...links(first).map((device) => `link set ${device} ${state}`));
  const lost = await lostWhile(
    () => set('down'),
    () => usedIs(second),
  );
  assert.ok(lost < MOST_LOST, `${lost} pings of ${INTERVAL} s lost, of ${MOST_LOST} that may be`);
  const { claims } = await explained();
  const vtepOf = (leaf: string) => fabric.leaf(leaf).vtep;
  assert.equal(
    claims.some(({ vtep }) => vtep === vtepOf(first)),
    stays,
    JSON.stringify(claims),
  );
  assert.ok(
    claims.every(({ leaf }) => leaf === vtepOf(second)),
    JSON.stringify(claims),
  );
  await set('up');
  await whole();
  await usedIs(first);
  await pinged();
}

try {
  await runSteps([
    {
      name: 'a host behind an Ethernet segment of two leaves of FRR is reached by one of them',
      async run() {
        await waitForSessions(fabric, PATIENCE);
        await waitForFloodLists(fabric, PATIENCE);
        await makeSegment();
        await whole();
        await pinged();
        const esi = '03:44:38:39:ff:00:01:00:00:01';
        await waitFor(
          async () => {
            const { claims } = await explained();
            return claims.length > 0 && claims.every((claim) => claim.esi === esi);
          },
          { what: `MAC/IP routes with ESI ${esi}`, timeout: PATIENCE },
        );
      },
    },
    {
      name: 'a leg fails: the other leaf is used at once, though FRR keeps its Type-2; the leg comes back',
      run: () => failAndReturn((leaf) => [leg[leaf]], true),
    },
    {
      name: 'a leaf dies: the other leaf is used at once; the leaf comes back',
      run: () => failAndReturn((leaf) => [leg[leaf], 'spine1'], false),
    },
  ]);
} finally {
  await fabric.remove();
}
