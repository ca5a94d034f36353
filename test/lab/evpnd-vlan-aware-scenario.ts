/** Inside user-mode-linux: leaves on VLAN-aware bridges with SVIs, two of evpnd and one of FRR, a spine of FRR. */
import assert from 'node:assert/strict';
import { Fabric, hostPairs, waitUntilConverged } from '../../lab/index.js';
import { runCases, type ScenarioCase } from './linux-namespace.js';
import { expectedRoutes, routesOf } from './support/frr-routes.js';
import { leafRows, rawRows, rowsAre } from './support/rows.js';
import { suppressed, suppression } from './support/suppression.js';

const mode = 'vlan-aware';
const fabric = await Fabric.create({
  leaves: [
    { engine: 'evpnd', mode },
    { engine: 'evpnd', mode },
    { engine: 'frr', mode },
  ],
});

/** Rows for the hosts and the VTEP of leaf2 as the kernel gives them, link-local neighbors and the protocol aside. */
async function rowsOfLeaf2(node: string): Promise<string[]> {
  const macs = fabric.plan.hosts
    .filter(({ leaf }) => leaf === 'leaf2')
    .map(({ mac }) => mac.replaceAll(':', ''));
  return (await rawRows(fabric, node))
    .filter(({ attributes: { 1: dst = '', 2: mac } }) =>
      mac === '000000000000' ? dst === '0a000002' : macs.includes(mac) && !dst.startsWith('fe80'),
    )
    .map((row) =>
      JSON.stringify({
        ...row,
        attributes: Object.fromEntries(Object.entries(row.attributes).filter(([type]) => type !== '12')),
      }),
    )
    .sort();
}

const cases: ScenarioCase[] = [
  {
    name: 'every host reaches every other in its VNI, over IPv4 and IPv6, both ways',
    async run() {
      await waitUntilConverged(fabric, () => {}, 40_000);
      assert.equal(hostPairs(fabric).length, 24);
    },
  },
  {
    name: 'FRR as spine and as leaf shows our routes as valid and best',
    async run() {
      for (const name of ['leaf1', 'leaf2']) {
        const leaf = fabric.leaf(name);
        assert.deepEqual(
          await routesOf(fabric, 'spine1', leaf.routerId),
          expectedRoutes(fabric.plan, leaf, String(leaf.asn)),
        );
        assert.deepEqual(
          await routesOf(fabric, 'leaf3', leaf.routerId),
          expectedRoutes(fabric.plan, leaf, `65000 ${leaf.asn}`),
        );
      }
    },
  },
  {
    name: 'each leaf has exactly the rows of all others, with their VLANs',
    async run() {
      for (const at of ['leaf1', 'leaf2', 'leaf3']) {
        const others = ['leaf1', 'leaf2', 'leaf3'].filter((name) => name !== at);
        await rowsAre(
          fabric,
          at,
          others.flatMap((name) => leafRows(fabric, at, name)),
          30_000,
        );
      }
    },
  },
  {
    name: 'the rows of an evpnd leaf are those of an FRR leaf, bit by bit',
    async run() {
      const ours = await rowsOfLeaf2('leaf1');
      assert.deepEqual(ours, await rowsOfLeaf2('leaf3'));
      // For each VNI: bridge row, vxlan row, default destination, two neighbors.
      assert.equal(ours.length, 10);
    },
  },
  {
    name: 'the bridge answers ARP and ND for remote hosts itself',
    async run() {
      for (const to of ['h2-10', 'h3-10'])
        assert.deepEqual(await suppression(fabric, 'h1-10', to), suppressed(fabric, to));
    },
  },
  {
    name: 'rows deleted and overwritten by hand are back',
    async run() {
      const { mac, address } = fabric.host('h2-20');
      for (const command of [
        `bridge fdb del ${mac} dev vx20 vlan 20 master`,
        `bridge fdb del ${mac} dev vx20 self`,
        `bridge fdb replace ${mac} dev vx20 self dst 10.0.0.77 dynamic extern_learn`,
        `bridge fdb replace ${mac} dev vx20 vlan 20 master static`,
        `ip neigh replace ${address.ipv4} lladdr 02:00:00:00:0b:ad dev br0.20 nud stale`,
      ]) {
        await fabric.exec('leaf1', ...command.split(' '));
        await rowsAre(
          fabric,
          'leaf1',
          ['leaf2', 'leaf3'].flatMap((name) => leafRows(fabric, 'leaf1', name)),
        );
      }
    },
  },
  {
    name: 'SIGTERM leaves nothing of ours',
    async run() {
      await fabric.evpnd('leaf1').stop();
      await rowsAre(fabric, 'leaf1', []);
    },
  },
];

try {
  await runCases(cases);
} finally {
  await fabric.remove();
}
