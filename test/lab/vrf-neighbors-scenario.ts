/** On a kernel with VRFs: BGP neighbors in them, FRR at the same address in two. */
import assert from 'node:assert/strict';
import { Fabric, waitFor } from '../../lab/index.js';
import type { NeighborItem, UnderlayRouteItem } from '../../src/api/index.js';
import { runCases } from './linux-namespace.js';

const LEAF = 'leaf1';
const VRFS = [
  { name: 'red', table: 1001, host: 'h1-10', prefix: '198.51.100' },
  { name: 'blue', table: 1002, host: 'h1-20', prefix: '203.0.113' },
] as const;
/** An administrator's, in the table of red. */
const STATIC = '100.64.0.0/24';

const neighbor = (vrf: string, address: string, family: string) => ({
  address,
  'remote-as': 65100,
  vrf,
  families: [family],
  'connect-retry-time': 1,
});
const fabric = await Fabric.create({
  leaves: [
    {
      engine: 'evpnd',
      mode: 'bare',
      config: {
        neighbors: [
          ...VRFS.map(({ name }) => neighbor(name, '192.0.2.1', 'ipv4-unicast')),
          neighbor('red', '2001:db8::1', 'ipv6-unicast'),
        ],
        'sweep-deferral-time': 60,
      },
    },
  ],
  spines: [{ engine: 'none' }],
});

/** FRR's configuration of a customer's router that has this network. */
const customer = (prefix: string, ...more: string[]) =>
  [
    'router bgp 65100',
    ' bgp router-id 192.0.2.1',
    ' no bgp ebgp-requires-policy',
    ' no bgp network import-check',
    ' timers bgp 3 9',
    ' neighbor 192.0.2.0 remote-as external',
    ' neighbor 192.0.2.0 timers connect 1',
    ' neighbor 2001:db8:: remote-as external',
    ' neighbor 2001:db8:: timers connect 1',
    ' address-family ipv4 unicast',
    `  network ${prefix}.0/24`,
    ...more,
    '  no neighbor 2001:db8:: activate',
    ' exit-address-family',
    ' address-family ipv6 unicast',
    '  network 2001:db8:1::/48',
    '  neighbor 2001:db8:: activate',
    ' exit-address-family',
    '',
  ].join('\n');

const port = (host: string) => fabric.host(host).port;

async function addVrf({ name, table, host }: (typeof VRFS)[number]): Promise<void> {
  await fabric.apply(LEAF, {
    ip: [
      `link add ${name} type vrf table ${table}`,
      `link set ${name} up`,
      `link set ${port(host)} master ${name} up`,
      `addr replace 192.0.2.0/31 dev ${port(host)}`,
      `addr replace 2001:db8::/127 dev ${port(host)} nodad`,
    ],
    bridge: [],
  });
}

async function sessions(): Promise<Record<string, string>> {
  const { body } = await fabric.restApi<{ items: NeighborItem[] }>(LEAF, '/api/v1/neighbors');
  return Object.fromEntries(body.items.map(({ name, state }) => [name, state]));
}

async function problems(): Promise<string> {
  const { body } = await fabric.restApi<{ problems: unknown[] }>(LEAF, '/api/v1/status');
  return JSON.stringify(body.problems);
}

/** Our routes of the VRF, as `ip` has them. */
async function ours(vrf: string): Promise<string[]> {
  const outputs = await Promise.all(
    ['-4', '-6'].map((family) =>
      fabric.attempt(LEAF, 'ip', family, 'route', 'show', 'vrf', vrf, 'proto', '69'),
    ),
  );
  return outputs
    .flatMap(({ stdout }) => stdout.split('\n'))
    .filter((line) => line.trim() !== '')
    .map((line) => line.replace(/ nhid \d+/, '').trim());
}

async function become(what: string, isSo: () => Promise<boolean>): Promise<void> {
  let last = '';
  await waitFor(
    async () => {
      const so = await isSo();
      if (!so) last = JSON.stringify([await sessions(), await ours('red'), await ours('blue')]);
      return so;
    },
    { what, timeout: 60_000, interval: 200, show: () => last },
  );
}

const areUp = async (names: readonly string[]) => {
  const states = await sessions();
  return names.every((name) => states[name] === 'Established');
};
const ALL = ['192.0.2.1@red', '192.0.2.1@blue', '2001:db8::1@red'];
const hasRoute = async (vrf: string, prefix: string) =>
  (await ours(vrf)).some((line) => line.startsWith(`${prefix} `));

try {
  await runCases([
    {
      name: 'neighbors in VRFs that are not there are a problem with its fix',
      run: async () => {
        const text = await problems();
        for (const { name } of VRFS)
          assert.ok(text.includes(`ip link add ${name} up type vrf table TABLE`), text);
      },
    },
    {
      name: 'two VRFs have a neighbor at one address, and routes of each are in its table alone, and lead there',
      run: async () => {
        for (const vrf of VRFS) {
          await addVrf(vrf);
          await fabric.apply(vrf.host, {
            ip: [
              'addr replace 192.0.2.1/31 dev eth0',
              'addr replace 2001:db8::1/127 dev eth0 nodad',
              `addr replace ${vrf.prefix}.1/24 dev lo`,
            ],
            bridge: [],
          });
        }
        await fabric.apply(LEAF, { ip: [`route add ${STATIC} via 192.0.2.1 vrf red`], bridge: [] });
        for (const { host, prefix } of VRFS)
          await fabric.startFrr(
            host,
            customer(prefix, ...(host === 'h1-10' ? ['  network 192.0.2.128/25'] : [])),
          );
        await become('the sessions', () => areUp(ALL));
        for (const { name, prefix } of VRFS)
          await become(`the route of ${name}`, () => hasRoute(name, `${prefix}.0/24`));
        await become('the IPv6 route', () => hasRoute('red', '2001:db8:1::/48'));
        assert.ok(!(await hasRoute('blue', '198.51.100.0/24')));
        assert.ok(!(await hasRoute('red', '203.0.113.0/24')));
        const { stdout: main } = await fabric.attempt(
          LEAF,
          'ip',
          'route',
          'show',
          'table',
          'main',
          'proto',
          '69',
        );
        assert.equal(main.trim(), '');
        for (const { name, prefix } of VRFS)
          await fabric.exec(LEAF, 'ping', '-c', '1', '-W', '5', '-I', name, `${prefix}.1`);
        const { body } = await fabric.restApi<{ items: UnderlayRouteItem[] }>(
          LEAF,
          '/api/v1/underlay-routes?vrf=blue&ip=203.0.113.9',
        );
        assert.deepEqual(
          body.items.map(({ vrf, prefix, unused, paths }) => [vrf, prefix, unused, paths[0].neighbor]),
          [['blue', '203.0.113.0/24', null, '192.0.2.1@blue']],
        );
        assert.doesNotMatch(await problems(), /there is no such VRF/);
      },
    },
    {
      name: 'a VRF that is deleted ends its sessions with that reason, and they and the routes come back with it',
      run: async () => {
        await fabric.apply(LEAF, { ip: ['link del red'], bridge: [] });
        await become('the end', async () => !(await areUp(['192.0.2.1@red'])));
        const { body } = await fabric.restApi<NeighborItem>(LEAF, '/api/v1/neighbors/192.0.2.1@red');
        assert.match(JSON.stringify(body), /VRF red is gone/);
        assert.ok(await areUp(['192.0.2.1@blue']));
        assert.match(await problems(), /VRF red: there is no such VRF device/);
        await addVrf(VRFS[0]);
        await fabric.apply(LEAF, { ip: [`route add ${STATIC} via 192.0.2.1 vrf red`], bridge: [] });
        await become('the sessions', () => areUp(ALL));
        await become('the route', () => hasRoute('red', '198.51.100.0/24'));
        await become('the IPv6 route', () => hasRoute('red', '2001:db8:1::/48'));
      },
    },
    {
      name: 'after a crash routes stay until the neighbors have told theirs, what is announced no more goes, and a static route is not ours',
      run: async () => {
        await become('another route', () => hasRoute('red', '192.0.2.128/25'));
        await fabric.evpnd(LEAF).kill();
        assert.ok(await hasRoute('red', '192.0.2.128/25'));
        await fabric.vtysh(
          'h1-10',
          'configure terminal',
          'router bgp 65100',
          'address-family ipv4 unicast',
          'no network 192.0.2.128/25',
        );
        await fabric.evpnd(LEAF).start();
        let looks = 0;
        let missing = 0;
        await become('the sweep', async () => {
          const lines = await ours('red');
          const has = (prefix: string) => lines.some((line) => line.startsWith(`${prefix} `));
          looks++;
          if (!has('198.51.100.0/24')) missing++;
          return !has('192.0.2.128/25');
        });
        assert.equal(missing, 0, `of ${looks} looks`);
        // Not because the deferral was over
        assert.ok(await areUp(['192.0.2.1@red']));
        await become('the sessions', () => areUp(ALL));
        assert.ok(await hasRoute('red', '198.51.100.0/24'));
        const { stdout } = await fabric.exec(LEAF, 'ip', 'route', 'show', 'vrf', 'red', STATIC);
        assert.match(stdout, /via 192\.0\.2\.1/);
      },
    },
  ]);
} finally {
  if (process.env.EVPND_SCENARIO_LOG) process.stderr.write(fabric.logs());
  await fabric.remove();
}
