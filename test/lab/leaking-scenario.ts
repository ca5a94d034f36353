/**
 * On a kernel with VRFs: VRFs that import each other's routes, on one leaf and between leaves (downstream VNI), and prefix routes of
 * GoBGP that name a gateway (RFC 9136 §4.1).
 */
import assert from 'node:assert/strict';
import { Fabric, type Leaf, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { ExplainRoute } from '../../src/api/index.js';
import { runCases } from './linux-namespace.js';

const VRFS = [
  { name: 'red', table: 1001, l3vni: 4001, hosts: 10010 },
  { name: 'blue', table: 1002, l3vni: 4002, hosts: 10020 },
] as const;
const families = ['ipv4', 'ipv6'] as const;
/** Behind a host of red, which is the gateway to it. */
const BEYOND = '203.0.113';

const config = {
  evpn: {
    vrfs: VRFS.map(({ name }) => ({
      name,
      'import-route-targets': [
        'auto',
        ...VRFS.filter((each) => each.name !== name).map(({ l3vni }) => `*:${l3vni}`),
      ],
    })),
  },
};
const fabric = await Fabric.create({
  leaves: [
    { engine: 'evpnd', mode: 'traditional', config },
    { engine: 'evpnd', mode: 'traditional', config },
  ],
  spines: [{ engine: 'gobgp' }],
});
const [leaf1, leaf2] = fabric.plan.leaves;

async function addVrfs(leaf: Leaf): Promise<void> {
  for (const { name, table, l3vni, hosts } of VRFS) {
    const segment = leaf.segments.find(({ vni }) => vni === hosts);
    if (!segment) throw new Error(`no VNI ${hosts}`);
    const { svi, sviAddress } = segment;
    await fabric.apply(leaf.name, {
      ip: [
        `link add ${name} type vrf table ${table}`,
        `link set ${name} up`,
        `link set ${svi} master ${name}`,
        // A device that changes its VRF loses them (net/core/dev.c: it goes down and up)
        `addr replace ${sviAddress.ipv6}/64 dev ${svi} nodad`,
        `addr replace fe80::${sviAddress.ipv6.split('::')[1]}/64 dev ${svi} nodad`,
        `link add br${l3vni} address 02:ff:00:00:${l3vni % 100}:0${leaf.name.at(-1)} type bridge mcast_snooping 0`,
        `link set br${l3vni} master ${name}`,
        `link set br${l3vni} up`,
        `link add vx${l3vni} mtu 1550 type vxlan id ${l3vni} local ${leaf.vtep} dstport 4789 nolearning ttl 64`,
        `link set vx${l3vni} master br${l3vni} addrgenmode none up`,
      ],
      bridge: [`link set dev vx${l3vni} learning off`],
    });
  }
}

async function pings(from: string, to: string, family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<void> {
  let output = '';
  await waitFor(
    async () => {
      const result = await fabric
        .ping(from, to, { count: 1, family })
        .catch((error) => ({ received: 0, output: String(error) }));
      output = result.output;
      return result.received === 1;
    },
    { what: `${from} to ${to} ${family}`, timeout: 30_000, show: () => output },
  );
}

async function explained(leaf: string, vrf: string, query: string): Promise<ExplainRoute> {
  return (await fabric.restApi<ExplainRoute>(leaf, `/api/v1/vrfs/${vrf}/explain?${query}`)).body;
}

const ofHost = (host: string) => fabric.host(host).address;

try {
  await runCases([
    {
      name: 'hosts of two VRFs that import each other reach each other, on one leaf and from leaf to leaf',
      run: async () => {
        await waitUntilConverged(fabric, () => {}, 60_000);
        for (const leaf of fabric.plan.leaves) await addVrfs(leaf);
        for (const { name, leaf, vni } of fabric.plan.hosts) {
          const gateway = fabric.leaf(leaf).segments.find((segment) => segment.vni === vni)?.sviAddress;
          await fabric.apply(name, {
            ip: [
              `route replace default via ${gateway?.ipv4}`,
              `route replace ::/0 via ${gateway?.ipv6} dev eth0`,
            ],
            bridge: [],
          });
          for (const family of families) await pings(name, gateway?.[family] ?? '', family);
        }
        for (const family of families)
          for (const [from, to] of [
            ['h1-10', 'h1-20'],
            ['h1-10', 'h2-20'],
            ['h2-10', 'h1-20'],
          ])
            await pings(from, to, family);
      },
    },
    {
      name: 'such a route leads to the device of the VRF on the same leaf, and elsewhere over its L3VNI; explain says so, and every row stands',
      run: async () => {
        for (const family of families) {
          const here = await explained('leaf1', 'red', `ip=${ofHost('h1-20')[family]}`);
          assert.equal(here.stories[0]?.throughVrf, 'blue', here.verdict.join(' '));
          const there = await explained('leaf1', 'red', `ip=${ofHost('h2-20')[family]}`);
          assert.deepEqual(
            there.stories[0]?.legs,
            [{ vtep: leaf2.vtep, routerMac: '02:ff:00:00:02:02', vni: 4002 }],
            there.verdict.join(' '),
          );
          for (const { rows } of [...here.stories, ...there.stories])
            assert.ok(rows.length >= 3 && rows.every(({ fits }) => fits), JSON.stringify(rows));
        }
        const { stdout } = await fabric.exec('leaf1', 'ip', 'route', 'show', 'table', '1001', 'proto', '69');
        assert.match(stdout, new RegExp(`${ofHost('h1-20').ipv4} nhid \\d+`));
      },
    },
    {
      name: 'a VRF that goes takes the routes along that lead to it, and they are back with it',
      run: async () => {
        await fabric.apply('leaf1', { ip: ['link set blue down'], bridge: [] });
        await waitFor(
          async () => (await explained('leaf1', 'red', `ip=${ofHost('h1-20').ipv4}`)).prefix === null,
          { what: 'no route to blue' },
        );
        await fabric.apply('leaf1', { ip: ['link set blue up'], bridge: [] });
        await pings('h1-10', 'h1-20');
        await pings('h1-10', 'h2-20');
      },
    },
    {
      name: 'a prefix route that names a gateway leads to the gateway, where its VNI is here',
      run: async () => {
        const gateway = ofHost('h2-10').ipv4;
        await fabric.apply('h2-10', { ip: ['link set lo up', `addr add ${BEYOND}.1/32 dev lo`], bridge: [] });
        const route = `prefix ${BEYOND}.0/24 gw ${gateway} etag 0 label 0 rd 10.0.0.9:1 rt 65000:4001 encap vxlan nexthop 10.0.0.9`;
        await fabric.gobgp('spine1').cli('global', 'rib', 'add', '-a', 'evpn', ...route.split(' '));
        const svi = leaf1.segments.find(({ vni }) => vni === 10010)?.svi;
        let seen: ExplainRoute | undefined;
        await waitFor(
          async () => {
            seen = await explained('leaf1', 'red', `ip=${BEYOND}.1`);
            return seen.stories[0]?.gateways[0]?.address === gateway;
          },
          { what: 'the gateway', timeout: 30_000, show: () => JSON.stringify(seen) },
        );
        assert.equal(seen?.stories[0]?.gateways[0]?.device, svi);
        await waitFor(
          async () =>
            (
              await fabric.attempt('h1-10', 'ping', '-n', '-c', '1', '-W', '2', `${BEYOND}.1`)
            ).stdout.includes('1 received'),
          { what: 'what is beyond the gateway', timeout: 30_000 },
        );
      },
    },
  ]);
} finally {
  if (process.env.EVPND_SCENARIO_LOG) process.stderr.write(fabric.logs());
  await fabric.remove();
}
