/**
 * On a kernel with VRFs: symmetric IRB (RFC 9135) and prefix routes (RFC 9136) between leaves of evpnd and of FRR. leaf1 runs evpnd
 * with a bridge a VNI, leaf2 FRR likewise, leaf3 evpnd on a bridge that filters VLANs.
 */
import assert from 'node:assert/strict';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { ExplainRoute } from '../../src/api/index.js';
import { runCases } from './linux-namespace.js';
import { addVrf, L3VNI, l3Svi, ownAddress, routerMac, TABLE, tellFrr, VRF } from './support/routed-fabric.js';

const vrfs = {
  evpn: {
    vrfs: [
      {
        name: VRF,
        'redistribute-connected': ['172.16.0.0/12 le 32', 'fd16::/16 le 128'],
        'redistribute-routes': ['0.0.0.0/0', '::/0'],
      },
    ],
  },
};
const fabric = await Fabric.create({
  leaves: [
    { engine: 'evpnd', mode: 'traditional', config: vrfs },
    { engine: 'frr', mode: 'traditional' },
    { engine: 'evpnd', mode: 'vlan-aware', config: vrfs },
  ],
});
const [leaf1, leaf2, leaf3] = fabric.plan.leaves;
const families = ['ipv4', 'ipv6'] as const;

/** Every host has its leaf's SVI as its router. */
async function setRouters(): Promise<void> {
  for (const host of fabric.plan.hosts) {
    const segment = fabric.leaf(host.leaf).segments.find(({ vni }) => vni === host.vni);
    await fabric.apply(host.name, {
      ip: [
        `route replace default via ${segment?.sviAddress.ipv4}`,
        `route replace ::/0 via ${segment?.sviAddress.ipv6} dev eth0`,
      ],
      bridge: [],
    });
  }
}

async function routesOf(leaf: string): Promise<string> {
  const of = async (family: string) =>
    (await fabric.exec(leaf, 'ip', '-N', family, 'route', 'show', 'table', String(TABLE), 'proto', '69'))
      .stdout;
  return (await of('-4')) + (await of('-6'));
}

async function pings(from: string, to: string, family?: 'ipv4' | 'ipv6'): Promise<void> {
  let output = '';
  await waitFor(
    async () => {
      const options = family === undefined ? { count: 1 } : { count: 1, family };
      const result = await fabric
        .ping(from, to, options)
        .catch((error) => ({ received: 0, output: String(error) }));
      output = result.output;
      return result.received === 1;
    },
    { what: `${from} to ${to} ${family ?? ''}`, timeout: 30_000, show: () => output },
  );
}

/** The router that answers where a packet's life ends after so many hops. */
async function routerAt(from: string, address: string, hops: number): Promise<string> {
  const { stdout } = await fabric.attempt(
    from,
    'ping',
    '-n',
    '-c',
    '1',
    '-W',
    '3',
    '-t',
    String(hops),
    address,
  );
  return /From (\S+) icmp_seq=1 Time to live exceeded/.exec(stdout)?.[1] ?? stdout;
}

const PAIRS = [
  ['h1-10', 'h2-20'],
  ['h2-10', 'h1-20'],
  ['h1-10', 'h3-20'],
  ['h3-10', 'h2-20'],
  ['h2-20', 'h3-10'],
] as const;

try {
  await runCases([
    {
      name: 'VRFs and L3VNIs that come while the daemons run are found',
      run: async () => {
        await waitUntilConverged(fabric, () => {}, 60_000);
        for (const leaf of fabric.plan.leaves) await addVrf(fabric, leaf);
        await tellFrr(fabric, leaf2);
        await setRouters();
        for (const leaf of [leaf1, leaf3])
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
      name: 'hosts of different subnets reach each other over leaves of evpnd and FRR, both families',
      run: async () => {
        // A leaf learns from the answer where the host is, and FRR announces only what its own kernel has asked for
        for (const host of fabric.plan.hosts) {
          const segment = fabric.leaf(host.leaf).segments.find(({ vni }) => vni === host.vni);
          for (const family of families) await pings(host.name, segment?.sviAddress[family] ?? '');
        }
        for (const family of families) for (const [from, to] of PAIRS) await pings(from, to, family);
      },
    },
    {
      name: 'the path is the symmetric one: the leaf of the sender, the leaf of the receiver',
      run: async () => {
        const to = fabric.host('h2-20').address.ipv4;
        let routes = '';
        await waitFor(
          async () => {
            routes = await routesOf('leaf1');
            return routes.includes(`${to} nhid`);
          },
          { what: `route to ${to}`, timeout: 20_000, show: () => routes },
        );
        assert.equal(await routerAt('h1-10', to, 1), leaf1.segments[0].sviAddress.ipv4);
        const second = await routerAt('h1-10', to, 2);
        const ofLeaf2 = [...leaf2.segments.map(({ sviAddress }) => sviAddress.ipv4), ownAddress(leaf2).ipv4];
        assert.ok(ofLeaf2.includes(second), second);
      },
    },
    {
      name: 'networks of a VRF are reached by prefix routes, both ways and both families',
      run: async () => {
        for (const family of families)
          for (const [from, leaf] of [
            ['h1-10', leaf2],
            ['h2-10', leaf1],
            ['h1-10', leaf3],
            ['h3-20', leaf2],
          ] as const)
            await pings(from, ownAddress(leaf)[family]);
      },
    },
    {
      name: 'the rows are ours: routes over the SVI, a neighbor and a MAC for each router',
      run: async () => {
        const routes = await routesOf('leaf1');
        assert.match(routes, new RegExp(`${fabric.host('h2-20').address.ipv4} nhid \\d+`));
        const { stdout } = await fabric.exec('leaf1', 'ip', 'neigh', 'show', 'dev', l3Svi(leaf1));
        assert.match(stdout, new RegExp(`10\\.0\\.0\\.2 lladdr ${routerMac(leaf2)} .*extern_learn`));
        const fdb = (await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'dev', `vx${L3VNI}`)).stdout;
        assert.match(fdb, new RegExp(`${routerMac(leaf2)} dst 10\\.0\\.0\\.2 self extern_learn`));
        assert.ok(!fdb.includes('00:00:00:00:00:00'), 'nothing is flooded');
      },
    },
    {
      name: 'explain names leaf, VNI and router MAC of a host and of a prefix of FRR, and every row stands',
      run: async () => {
        for (const query of [
          `ip=${fabric.host('h2-20').address.ipv4}`,
          `ip=${fabric.host('h2-20').address.ipv6}`,
          `ip=${ownAddress(leaf2).ipv4}`,
          'prefix=fd16:2::/64',
        ]) {
          const { body } = await fabric.restApi<ExplainRoute>(
            'leaf1',
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
    {
      name: "a border leaf's default routes, which another program set, are the way out of evpnd and FRR until its link is down",
      run: async () => {
        await fabric.apply('leaf1', {
          ip: [
            'link add up0 type veth peer name up1',
            'link set up1 up',
            `link set up0 master ${VRF} up`,
            'addr add 203.0.113.1/30 dev up0',
            'addr add 2001:db8:ffff::1/64 dev up0 nodad',
            `route add default via 203.0.113.2 table ${TABLE}`,
            `route add ::/0 via 2001:db8:ffff::2 table ${TABLE}`,
          ],
          bridge: [],
        });
        const defaults = async (leaf: string) => {
          const of = async (family: string) =>
            (await fabric.exec(leaf, 'ip', family, 'route', 'show', 'table', String(TABLE), 'default'))
              .stdout;
          return [await of('-4'), await of('-6')];
        };
        let seen: unknown;
        const allHave = async (has: boolean) => {
          seen = await Promise.all([leaf2.name, leaf3.name].map(defaults));
          return (seen as string[][]).flat().every((text) => text.includes('default') === has);
        };
        const show = () => JSON.stringify(seen);
        await waitFor(() => allHave(true), { what: 'the way out', timeout: 30_000, show });
        const ofLeaf1 = [...leaf1.segments.map(({ sviAddress }) => sviAddress.ipv4), ownAddress(leaf1).ipv4];
        for (const from of ['h2-10', 'h3-20']) {
          const second = await routerAt(from, '198.18.0.1', 2);
          assert.ok([...ofLeaf1, '203.0.113.1'].includes(second), second);
        }
        const { body } = await fabric.restApi<ExplainRoute>(
          'leaf3',
          `/api/v1/vrfs/${VRF}/explain?ip=198.18.0.1`,
        );
        assert.equal(body.prefix, '0.0.0.0/0');
        await fabric.apply('leaf1', { ip: ['link set up0 down'], bridge: [] });
        await waitFor(() => allHave(false), { what: 'no way out', timeout: 30_000, show });
      },
    },
    {
      name: 'a route that somebody deletes is back, one of somebody else stays, and what its VRF loses goes',
      run: async () => {
        const host = fabric.host('h2-20').address.ipv4;
        await fabric.apply('leaf1', {
          ip: [
            `route add 192.0.2.0/24 dev ${VRF} table ${TABLE}`,
            `route del ${host} table ${TABLE} proto 69`,
          ],
          bridge: [],
        });
        await waitFor(async () => (await routesOf('leaf1')).includes(`${host} nhid`), { what: 'the route' });
        await fabric.apply('leaf1', { ip: [`link set ${l3Svi(leaf1)} nomaster`], bridge: [] });
        await waitFor(async () => (await routesOf('leaf1')) === '', {
          what: 'no routes of ours',
          show: () => 'there are',
        });
        const all = await fabric.exec('leaf1', 'ip', 'route', 'show', 'table', String(TABLE));
        assert.match(all.stdout, /192\.0\.2\.0\/24/);
        let fdb = '';
        await waitFor(
          async () => {
            fdb = (await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'dev', `vx${L3VNI}`)).stdout;
            return !/^02:ff.* dst /m.test(fdb);
          },
          { what: 'no MACs of routers', show: () => fdb },
        );
        await fabric.apply('leaf1', { ip: [`link set ${l3Svi(leaf1)} master ${VRF}`], bridge: [] });
        await pings('h1-10', 'h2-20', 'ipv4');
        await pings('h3-10', 'h1-20', 'ipv6');
      },
    },
  ]);
} finally {
  if (process.env.EVPND_SCENARIO_LOG) process.stderr.write(fabric.logs());
  await fabric.remove();
}
