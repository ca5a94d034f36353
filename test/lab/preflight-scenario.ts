/**
 * Inside QEMU with a switch ASIC that is none (lab/asic.ts), whose driver passes for mlxsw's: what that demands of VXLAN
 * devices and bridges, in devices of which each breaks one demand. Beside it netdevsim takes routes, whatever device they lead over.
 */
import assert from 'node:assert/strict';
import { Asic, Fabric, loadNetdevsim, waitFor, waitForSessions } from '../../lab/index.js';
import { runCases } from './linux-namespace.js';
import { vniOf } from './support/vni.js';

const asic = await Asic.load(2, 'mlxsw_spectrum');
const netdevsim = await loadNetdevsim();
/** Both ends of leaf1's link. */
const [SPINE, LEAF] = ['10.1.1.0', '10.1.1.1'];
const NEIGHBOR = { address: SPINE, 'remote-as': 65000, 'hold-time': 9, 'connect-retry-time': 1 };
// netdevsim takes the routes of its own network namespace
const fabric = await Fabric.create({
  leaves: [
    {
      engine: 'evpnd',
      mode: 'vlan-aware',
      config: {
        neighbors: [{ ...NEIGHBOR, families: ['l2vpn-evpn', 'ipv4-unicast'] }],
        underlay: { enabled: true },
      },
    },
  ],
  vnis: [{ vni: 10010, vlan: 10 }],
  inPlace: 'leaf1',
});
await asic.plugIn(fabric, 'h1-10', 1);

/** What is broken in devices that are otherwise as the driver wants them, and what preflight calls it; none has a fix of its own. */
const FAULTS: readonly (readonly [words: string, attributes: string])[] = [
  ['', ''],
  ['ttl inherit', 'ttl'],
  ['ttl 0', 'ttl'],
  ['ttl 32', 'ttl'],
  ['tos 0', 'tos'],
  ['udpcsum', 'udpcsum'],
  ['udp6zerocsumtx', 'udp6zerocsumtx'],
  ['udp6zerocsumrx', 'udp6zerocsumrx'],
  ['srcport 5000 6000', 'srcport'],
  ['dev lo', 'dev'],
  ['group 239.1.1.1 dev lo', 'dev,group'],
  ['proxy', 'proxy'],
  ['rsc', 'rsc'],
  ['l2miss', 'l2miss'],
  ['l3miss', 'l3miss'],
  ['remcsumtx', 'remcsumtx'],
  ['remcsumrx', 'remcsumrx'],
  ['gbp', 'gbp'],
  ['learning', 'learning'],
  ['dstport 4790', 'dstport'],
  ['local 10.0.0.11', 'local'],
];

const demandsOf = async (vni: number) => (await vniOf(fabric, 'leaf1', vni)).hardware?.demands ?? [];

/** Preflight names these of each VNI and no other; the commands that it prints mend them all. */
async function mend(vnis: readonly number[], expected: Readonly<Record<number, string>>): Promise<void> {
  let found: Record<string, string> = {};
  const look = async (isSo: (found: Record<string, string>) => boolean) => {
    await waitFor(
      async () => {
        found = {};
        for (const vni of vnis)
          found[vni] = (await demandsOf(vni))
            .map(({ attribute }) => attribute)
            .sort()
            .join();
        return isSo(found);
      },
      { what: 'what the driver demands', timeout: 30_000, show: () => JSON.stringify(found) },
    );
  };
  await look(() => vnis.every((vni) => found[vni] === expected[vni]));
  const commands = new Set<string>();
  for (const vni of vnis)
    for (const { fix } of await demandsOf(vni)) {
      assert.ok(fix, `VNI ${vni}: no command`);
      commands.add(fix);
    }
  await fabric.exec('leaf1', 'sh', '-ec', [...commands].join('\n'));
  await look(() => vnis.every((vni) => found[vni] === ''));
}

/** The spine announces an IPv4 prefix. */
const announce = (prefix: string) =>
  fabric.vtysh(
    'spine1',
    'conf t',
    'router bgp 65000',
    'no bgp network import-check',
    'address-family ipv4 unicast',
    `network ${prefix}`,
    `neighbor ${LEAF} activate`,
  );

interface Routes {
  items: { prefix: string; offload: { state: string; reason: string | null } | null }[];
}

/** The API says so of the route. */
const routeIs = (prefix: string, state: string) =>
  waitFor(
    async () => {
      const { body } = await fabric.restApi<Routes>('leaf1', '/api/v1/underlay-routes');
      return body.items.find((each) => each.prefix === prefix)?.offload?.state === state;
    },
    { what: `${prefix} ${state}`, timeout: 30_000, show: () => fabric.logs() },
  );

/** What the driver has marked of the kernel's route. */
async function kernelMarks(prefix: string): Promise<string[]> {
  const { stdout } = await fabric.exec('leaf1', 'ip', '-j', 'route', 'show', prefix, 'proto', '69');
  const [{ flags }] = JSON.parse(stdout) as { flags: string[] }[];
  return flags.filter((flag) => flag.startsWith('rt_'));
}

const TABLE = ['netdevsim/netdevsim1', 'path', '/IPv4/fib'];

/** Makes netdevsim's table of IPv4 routes that large, or as large as what is in it and so many more. */
async function roomForRoutes(room: { readonly size: number } | { readonly more: number }): Promise<void> {
  const devlink = (...words: string[]) => fabric.exec('leaf1', 'devlink', ...words);
  const shown = (await devlink('resource', 'show', 'netdevsim/netdevsim1')).stdout;
  const [, occupied] = /name fib size \S+ occ (\d+)/.exec(shown) ?? [];
  assert.ok(occupied, shown);
  const size = 'size' in room ? room.size : Number(occupied) + room.more;
  await devlink('resource', 'set', ...TABLE, 'size', String(size));
  await devlink('dev', 'reload', 'netdevsim/netdevsim1');
}

interface Status {
  switchAsic: { tables: unknown[] } | null;
  problems: { problem: string }[];
}

try {
  await runCases([
    {
      name: 'of routes the API says what the driver made of them, as ip route does: trapped, and refused, which is a problem',
      run: async () => {
        await announce('198.51.100.0/24');
        await waitForSessions(fabric, 30_000);
        await routeIs('198.51.100.0/24', 'trap');
        assert.deepEqual(await kernelMarks('198.51.100.0/24'), ['rt_trap']);
        netdevsim.refuseRoutes(true);
        await announce('203.0.113.0/24');
        await routeIs('203.0.113.0/24', 'refused');
        assert.deepEqual(await kernelMarks('203.0.113.0/24'), ['rt_offload_failed']);
        const { body } = await fabric.restApi<Status>('leaf1', '/api/v1/status');
        assert.ok(body.problems.some(({ problem }) => problem.includes('such as that to 203.0.113.0/24')));
        assert.ok((body.switchAsic?.tables.length ?? 0) > 0);
        netdevsim.refuseRoutes(false);
      },
    },
    {
      name: 'a route for which the table has no room shows the words of the driver, and follows when there is some',
      run: async () => {
        await roomForRoutes({ more: 0 });
        await announce('192.0.2.0/24');
        await routeIs('192.0.2.0/24', 'refused');
        const { body } = await fabric.restApi<Routes>('leaf1', '/api/v1/underlay-routes');
        const reason = body.items.find(({ prefix }) => prefix === '192.0.2.0/24')?.offload?.reason ?? '';
        assert.match(reason, /Exceeded number of supported fib entries/);
        await roomForRoutes({ size: 10_000 });
        await routeIs('192.0.2.0/24', 'trap');
      },
    },
    {
      name: 'a device of the lab lacks one thing, and the command that is printed mends it',
      run: () => mend([10010], { 10010: 'tos' }),
    },
    {
      name: 'preflight names every demand that a device does not meet, and its commands mend them',
      run: async () => {
        const ip = ['addr add 10.0.0.11/32 dev lo'];
        const bridge: string[] = [];
        const expected: Record<number, string> = {};
        for (const [i, [words, attributes]] of FAULTS.entries()) {
          const [device, vlan, vni] = [`bad${i}`, 100 + i, 20100 + i];
          const good = Object.entries({ local: '10.0.0.1', dstport: '4789', ttl: '64', tos: 'inherit' })
            .filter(([word]) => !words.includes(`${word} `))
            .flat();
          const flags = [
            ...(words === 'udpcsum' ? [] : ['noudpcsum']),
            ...(words === 'learning' ? [] : ['nolearning']),
          ];
          ip.push(
            `link add ${device} type vxlan id ${vni} ${[...good, ...flags, words].join(' ')}`,
            // A device with other receive flags would need a socket of its own to come up
            `link set ${device} master br0 ${/rx|gbp/.test(words) ? '' : 'up'}`,
          );
          bridge.push(
            `vlan add dev ${device} vid ${vlan} pvid untagged`,
            `link set dev ${device} learning off neigh_suppress on`,
          );
          expected[vni] = attributes;
        }
        // A second VLAN-aware bridge with a port of the switch, and snooping
        ip.push(
          'link add br1 type bridge vlan_filtering 1 vlan_default_pvid 0 mcast_snooping 1',
          'link set swp2 master br1',
          `link add other type vxlan id 20200 local 10.0.0.1 dstport 4789 ttl 64 tos inherit noudpcsum nolearning`,
          'link set br1 up',
          'link set other master br1 up',
        );
        bridge.push('vlan add dev other vid 200 pvid untagged');
        expected[20200] = 'VLAN-aware bridge,mcast_snooping';
        await fabric.apply('leaf1', { ip, bridge });
        await mend(Object.keys(expected).map(Number), expected);
      },
    },
  ]);
} finally {
  await fabric.remove();
}
