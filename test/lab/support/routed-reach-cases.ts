import assert from 'node:assert/strict';
import { type Family, floodList, type Guest, waitFor } from '../../../lab/index.js';
import type { ExplainRoute } from '../../../src/api/index.js';
import type { ScenarioCase } from '../linux-namespace.js';
import {
  addVrf,
  L3VNI,
  l3Svi,
  l3Vxlan,
  ownAddress,
  routerMac,
  setGateways,
  TABLE,
  tellFrr,
  VRF,
} from './routed-fabric.js';
import { families, lostAtMost, MOST_LOST_MS, type RoutedLab } from './routed-lab.js';

/** Hosts of different subnets: from each kind of leaf to each other, and on one. */
const PAIRS = [
  ['h1-10', 'h2-20'],
  ['h2-10', 'h3-20'],
  ['h3-10', 'h4-20'],
  ['h4-10', 'h5-20'],
  ['h5-10', 'h1-20'],
  ['h3-20', 'h1-10'],
  ['h4-20', 'h1-10'],
  ['h5-20', 'h2-10'],
  ['h3-10', 'h3-20'],
] as const;

/** From VNIs that only bridge to VRFs that route, and who reaches whom then. */
export function reachCases(lab: RoutedLab): ScenarioCase[] {
  const { fabric } = lab;
  const [leaf1, leaf2, leaf3] = fabric.plan.leaves;
  const ours = fabric.plan.leaves.filter(({ engine }) => engine === 'evpnd');
  const addressOf = (host: string, family: Family) => fabric.host(host).address[family];
  return [
    {
      name: "asymmetric IRB: without an L3VNI the sender's leaf routes into the VNI of the receiver, over evpnd and FRR",
      run: async () => {
        await fabric.introduceHosts();
        for (const family of families)
          for (const [from, to] of PAIRS.slice(0, 3)) {
            await lab.pings(from, to, family);
            assert.equal(await lab.leafAt(from, addressOf(to, family), 1), fabric.leafOf(from));
            // The second hop is the host
            assert.equal((await fabric.ping(from, to, { count: 1, family, hops: 2 })).received, 1);
          }
      },
    },
    {
      name: 'VRFs and L3VNIs that come while the daemons run are found',
      run: async () => {
        for (const leaf of fabric.plan.leaves) {
          await addVrf(fabric, leaf);
          if (leaf.engine !== 'evpnd') await tellFrr(fabric, leaf);
        }
        await setGateways(fabric);
        for (const leaf of ours)
          await waitFor(
            async () => {
              const { body } = await fabric.restApi<Record<string, unknown>>(
                leaf.name,
                `/api/v1/vrfs/${VRF}`,
              );
              return body.up === true && body.l3vni === L3VNI && body.routerMac === routerMac(leaf);
            },
            { what: `VRF of ${leaf.name}` },
          );
        const { body } = await fabric.restApi<object>('leaf1', `/api/v1/vrfs/${VRF}`);
        assert.deepEqual(body, {
          ...body,
          name: VRF,
          tableId: TABLE,
          l3vni: L3VNI,
          svi: l3Svi(leaf1),
          localVtep: '10.0.0.1',
          vnis: [10010, 10020],
          problems: [],
        });
      },
    },
    {
      name: 'hosts of different subnets reach each other over leaves of evpnd and FRR, of each kind of bridge, both families',
      run: async () => {
        // A leaf learns from the answer where the host is, and FRR announces only what its own kernel has asked for
        await lab.introduceHosts();
        for (const family of families) for (const [from, to] of PAIRS) await lab.pings(from, to, family);
      },
    },
    {
      name: 'the path is the symmetric one: the leaf of the sender, the leaf of the receiver',
      run: async () => {
        for (const family of families)
          for (const [from, to] of PAIRS.slice(0, 5)) {
            const address = addressOf(to, family);
            const [sender, receiver] = [from, to].map((host) => fabric.leafOf(host));
            await waitFor(async () => (await lab.leafAt(from, address, 2)) === receiver, {
              what: `second router on the way from ${from} to ${address}`,
              timeout: 20_000,
            });
            assert.equal(await lab.leafAt(from, address, 1), sender);
          }
      },
    },
    {
      name: 'networks of a VRF are reached by prefix routes, both ways and both families',
      run: async () => {
        for (const family of families)
          for (const [from, leaf] of [
            ['h1-10', 'leaf2'],
            ['h2-10', 'leaf1'],
            ['h4-10', 'leaf3'],
            ['h3-20', 'leaf5'],
            ['h5-20', 'leaf4'],
          ] as const)
            await lab.pings(from, ownAddress(fabric.leaf(leaf))[family], family);
      },
    },
    {
      name: 'the rows are ours: routes over the SVI, a neighbor and a MAC for each router',
      run: async () => {
        for (const leaf of ours) {
          const routes = await lab.routesOf(leaf.name);
          assert.match(routes, new RegExp(`${addressOf('h2-20', 'ipv4')} nhid \\d+`), leaf.name);
          const { stdout } = await fabric.exec(leaf.name, 'ip', 'neigh', 'show', 'dev', l3Svi(leaf));
          assert.match(stdout, new RegExp(`10\\.0\\.0\\.2 lladdr ${routerMac(leaf2)} .*extern_learn`));
          const fdb = await fabric.bridgeFdb(leaf.name);
          const row = fdb.find(({ mac, dst }) => mac === routerMac(leaf2) && dst !== undefined);
          assert.deepEqual([row?.ifname, row?.dst], [l3Vxlan(leaf), '10.0.0.2'], leaf.name);
          assert.equal(row?.src_vni, leaf.mode === 'svd' ? L3VNI : undefined);
          assert.deepEqual(floodList(fdb, l3Vxlan(leaf), L3VNI), [], 'nothing is flooded');
        }
      },
    },
    {
      name: 'explain names leaf, VNI and router MAC of a host and of a prefix of FRR, and every row stands',
      run: async () => {
        for (const leaf of [leaf1, leaf3])
          for (const query of [
            `ip=${addressOf('h2-20', 'ipv4')}`,
            `ip=${addressOf('h2-20', 'ipv6')}`,
            `ip=${ownAddress(leaf2).ipv4}`,
            'prefix=fd16:2::/64',
          ]) {
            const { body } = await fabric.restApi<ExplainRoute>(
              leaf.name,
              `/api/v1/vrfs/${VRF}/explain?${query}`,
            );
            assert.deepEqual(
              body.stories.map(({ legs }) => legs),
              [[{ vtep: '10.0.0.2', routerMac: routerMac(leaf2), vni: L3VNI }]],
              query,
            );
            const rows = body.stories.flatMap(({ rows }) => rows);
            assert.ok(rows.length === 5 && rows.every(({ fits }) => fits), JSON.stringify(rows));
          }
      },
    },
  ];
}

/** A guest that moves, and what others do to our rows. */
export function changeCases(lab: RoutedLab, guest: Guest): ScenarioCase[] {
  const { fabric } = lab;
  const [leaf1] = fabric.plan.leaves;
  return [
    {
      name: 'a guest that moves keeps its routed flows, from hosts of evpnd and of FRR, wherever it goes',
      run: async () => {
        const { ipv4, ipv6 } = fabric.host(guest.name).address;
        for (const [to, others] of [
          ['leaf1', ['leaf5', 'leaf3']],
          ['leaf5', ['leaf1', 'leaf3']],
        ] as const) {
          const losses = await lab.lostWhile(
            [
              ['h1-20', ipv4],
              ['h2-20', ipv4],
              ['h5-20', ipv6],
            ],
            () => guest.moveTo(to),
            async () => {
              const vtep = fabric.leaf(to).vtep;
              for (const leaf of others)
                for (const [address, way] of [
                  [ipv4, vtep],
                  [ipv6, `::ffff:${vtep}`],
                ] as const)
                  await waitFor(async () => (await lab.ways(leaf, address)).join() === way, {
                    what: `way of ${leaf} to ${address} at ${to}`,
                  });
            },
          );
          lostAtMost(losses, MOST_LOST_MS);
        }
      },
    },
    {
      name: 'a route that somebody deletes is back, one of somebody else stays, and what its VRF loses goes',
      run: async () => {
        const host = fabric.host('h2-20').address.ipv4;
        await lab.only(
          'leaf1',
          `route add 192.0.2.0/24 dev ${VRF} table ${TABLE}`,
          `route del ${host} table ${TABLE} proto 69`,
        );
        await waitFor(async () => (await lab.routesOf('leaf1')).includes(`${host} nhid`), {
          what: 'the route',
        });
        await lab.only('leaf1', `link set ${l3Svi(leaf1)} nomaster`);
        await waitFor(async () => (await lab.routesOf('leaf1')) === '', {
          what: 'no routes of ours',
          show: () => 'there are',
        });
        assert.match(await lab.routes('leaf1'), /192\.0\.2\.0\/24/);
        let fdb = '';
        await waitFor(
          async () => {
            fdb = (await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'dev', l3Vxlan(leaf1))).stdout;
            return !/^02:ff.* dst /m.test(fdb);
          },
          { what: 'no MACs of routers', show: () => fdb },
        );
        await lab.only('leaf1', `link set ${l3Svi(leaf1)} master ${VRF}`);
        await lab.pings('h1-10', 'h2-20', 'ipv4');
        await lab.pings('h3-10', 'h1-20', 'ipv6');
      },
    },
  ];
}
