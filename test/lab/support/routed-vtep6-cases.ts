import assert from 'node:assert/strict';
import { waitFor, waitForSessions } from '../../../lab/index.js';
import type { ExplainRoute } from '../../../src/api/index.js';
import type { ScenarioCase } from '../linux-namespace.js';
import { addVrf, L3VNI, l3Svi, l3Vxlan, ownAddress, routerMac, setGateways, VRF } from './routed-fabric.js';
import { families, type RoutedLab } from './routed-lab.js';

/** VRFs over IPv6 VTEPs alone: IPv4 routes have IPv6 next hops (RFC 5549's way in the kernel, RTA_VIA). */
export function vtep6Cases(lab: RoutedLab): ScenarioCase[] {
  const { fabric } = lab;
  const [leaf1, leaf2] = fabric.plan.leaves;
  return [
    {
      name: 'over IPv6 VTEPs hosts of different subnets and networks of a VRF reach each other, both families',
      run: async () => {
        // No way between the leaves but IPv6
        for (const leaf of fabric.plan.leaves) {
          const other = leaf === leaf1 ? leaf2 : leaf1;
          await lab.only(leaf.name, `route del ${other.vtepAddress.ipv4}/32`);
          await addVrf(fabric, leaf);
        }
        await setGateways(fabric);
        await waitForSessions(fabric, 60_000);
        await lab.introduceHosts();
        for (const family of families) {
          for (const [from, to] of [
            ['h1-10', 'h2-20'],
            ['h2-10', 'h1-20'],
          ] as const) {
            await lab.pings(from, to, family);
            await waitFor(
              async () => (await lab.leafAt(from, fabric.host(to).address[family], 2)) === fabric.leafOf(to),
              { what: `symmetric path from ${from} to ${to}, ${family}` },
            );
          }
          await lab.pings('h1-10', ownAddress(leaf2)[family], family);
          await lab.pings('h2-20', ownAddress(leaf1)[family], family);
        }
      },
    },
    {
      name: 'the rows have the IPv6 VTEP: routes of both families by one gateway, the router beside it, its MAC',
      run: async () => {
        const { address } = fabric.host('h2-20');
        for (const prefix of [address.ipv4, address.ipv6, '172.16.2.0/24', 'fd16:2::/64'])
          assert.deepEqual(await lab.ways('leaf1', prefix), ['fd00::2'], prefix);
        const { stdout } = await fabric.exec('leaf1', 'ip', 'neigh', 'show', 'dev', l3Svi(leaf1));
        assert.match(stdout, new RegExp(`fd00::2 lladdr ${routerMac(leaf2)} router .*extern_learn`));
        const fdb = await fabric.bridgeFdb('leaf1');
        const row = fdb.find(({ mac, dst }) => mac === routerMac(leaf2) && dst !== undefined);
        assert.deepEqual([row?.ifname, row?.dst], [l3Vxlan(leaf1), 'fd00::2']);
        for (const query of [`ip=${address.ipv4}`, `ip=${address.ipv6}`, 'prefix=172.16.2.0/24']) {
          const { body } = await fabric.restApi<ExplainRoute>(
            'leaf1',
            `/api/v1/vrfs/${VRF}/explain?${query}`,
          );
          assert.deepEqual(
            body.stories.map(({ legs }) => legs),
            [[{ vtep: 'fd00::2', routerMac: routerMac(leaf2), vni: L3VNI }]],
            query,
          );
          const rows = body.stories.flatMap(({ rows }) => rows);
          assert.ok(rows.length === 5 && rows.every(({ fits }) => fits), JSON.stringify(rows));
        }
      },
    },
    {
      name: 'a leaf that stops leaves nothing of it in the other leaf, and nothing of ours in its own',
      run: async () => {
        assert.equal(await fabric.evpnd('leaf2').stop(), 0);
        await waitFor(async () => (await lab.routesOf('leaf1')) === '', { what: 'no routes to leaf2' });
        assert.equal(await lab.routesOf('leaf2'), '');
        for (const leaf of [leaf1, leaf2]) {
          const { stdout } = await fabric.exec(leaf.name, 'ip', 'neigh', 'show', 'dev', l3Svi(leaf));
          assert.doesNotMatch(stdout, /fd00::/, leaf.name);
        }
      },
    },
  ];
}
