import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  Fabric,
  frrLeafConfig,
  frrSpineConfig,
  type Host,
  run,
  waitFor,
  waitUntilConverged,
} from '../../lab/index.js';
import { LEFT_OUT } from '../cli/support/frr-differences.js';
import { differences } from './support/frr-keys.js';

/*
 * FRR's commands on a leaf of FRR and on a leaf of evpnd, in one fabric, where both leaves see the same hosts from either side: the
 * answers are compared key by key. Both speak EVPN, IPv4 unicast and BFD with the spine.
 */
let fabric: Fabric;
const evpnctl = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'cli', 'main.js');
const SPINE = '10.1.1.0';

type Json = Record<string, unknown>;

/** A command of FRR's on the leaf of evpnd. */
async function here(command: string): Promise<Json> {
  const { socket } = fabric.evpnd('leaf1');
  const { stdout } = await run(process.execPath, [evpnctl, '--socket', socket, 'frr', `${command} json`]);
  return JSON.parse(stdout) as Json;
}

const there = (command: string) => fabric.vtyshJson<Json>('leaf2', `${command} json`);

/** bgpd's configuration with BFD and IPv4 unicast. */
function more(config: string, network: readonly string[] = []): string {
  const neighbors = [...config.matchAll(/neighbor (\S+) remote-as/g)].map(([, neighbor]) => neighbor);
  return config.replace(
    ' address-family l2vpn',
    [
      ...neighbors.map((neighbor) => ` neighbor ${neighbor} bfd profile lab`),
      ' address-family ipv4 unicast',
      ...neighbors.map((neighbor) => `  neighbor ${neighbor} activate`),
      ...network,
      ' exit-address-family',
      ' address-family l2vpn',
    ].join('\n'),
  );
}

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [
      {
        engine: 'evpnd',
        config: {
          neighbors: [
            {
              address: SPINE,
              'remote-as': 65000,
              'hold-time': 9,
              'connect-retry-time': 1,
              bfd: true,
              families: ['l2vpn-evpn', 'ipv4-unicast'],
            },
          ],
          underlay: { enabled: true, 'redistribute-connected': ['10.0.0.1/32'] },
        },
      },
      { engine: 'frr' },
    ],
  });
  const leaf2 = more(frrLeafConfig(fabric.leaf('leaf2'), fabric.plan), ['  network 10.0.0.2/32']);
  const spine1 = more(frrSpineConfig(fabric.spine('spine1'), fabric.plan));
  for (const [node, config] of Object.entries({ leaf2, spine1 })) {
    await fabric.frr(node).stop();
    await fabric.startFrr(node, config);
  }
  await waitUntilConverged(fabric);
  await fabric.introduceHosts();
  await waitFor(
    async () => {
      const peers = [await here('show bfd peers'), await there('show bfd peers')].flatMap(
        (list) => list as unknown as Json[],
      );
      const caches = [
        await here('show evpn arp-cache vni 10010'),
        await there('show evpn arp-cache vni 10010'),
      ];
      return (
        peers.length === 2 &&
        peers.every(({ status }) => status === 'up') &&
        caches.every(({ numArpNd }) => numArpNd === 6)
      );
    },
    { what: 'BFD and every IP on both leaves', timeout: 60_000 },
  );
});
test.after.always(async (t) => {
  if (!t.passed) t.log(fabric?.logs());
  await fabric?.remove();
});

const hostOf = (leaf: string): Host => {
  const host = fabric.plan.hosts.find((each) => each.leaf === leaf);
  if (!host) throw new Error(`no host behind ${leaf}`);
  return host;
};

type LeafName = 'leaf1' | 'leaf2';
const ahead = (leaf: LeafName) => leaf;
const behind = (leaf: LeafName) => (leaf === 'leaf1' ? 'leaf2' : 'leaf1');
/** The route distinguishers of VNI 10010. */
const RDS = { leaf1: '10.0.0.1:10010', leaf2: '10.0.0.2:2' } as const;
const same = (command: () => string) => [command, command] as const;
const pair = (command: (leaf: LeafName) => string) =>
  [() => command('leaf2'), () => command('leaf1')] as const;

/** The command for FRR, and the same for evpnd where it names what is on the other side. */
const COMMANDS: readonly (readonly [frr: () => string, evpnd: () => string])[] = [
  ...[
    'show evpn',
    'show evpn vni',
    'show evpn vni 10010',
    'show evpn vni detail',
    'show evpn mac vni 10010',
    'show evpn mac vni all',
    'show evpn mac vni all detail',
    'show evpn mac vni all duplicate',
    'show evpn arp-cache vni 10010',
    'show evpn arp-cache vni all',
    'show evpn next-hops vni all',
    'show evpn rmac vni all',
    'show bgp summary',
    'show bgp l2vpn evpn summary',
    'show bgp ipv4 unicast summary',
    'show bgp neighbors',
    'show bgp l2vpn evpn',
    'show bgp l2vpn evpn route',
    'show bgp l2vpn evpn route type macip',
    'show bgp l2vpn evpn route type multicast',
    'show bgp l2vpn evpn vni',
    'show bgp l2vpn evpn vni 10010',
    'show bgp ipv4 unicast',
    'show bfd peers',
  ].map((command) => same(() => command)),
  // Each leaf is asked of what is behind itself, and of what is behind the other one
  ...[ahead, behind].flatMap((side) => [
    pair((leaf) => `show evpn mac vni 10010 mac ${hostOf(side(leaf)).mac}`),
    pair((leaf) => `show evpn arp-cache vni 10010 ip ${hostOf(side(leaf)).address.ipv4}`),
    pair((leaf) => `show evpn mac vni 10010 vtep ${fabric.leaf(side(leaf)).vtep}`),
  ]),
  pair((leaf) => `show bgp neighbors ${fabric.leaf(leaf).links[0].spineAddress.ipv4}`),
  pair((leaf) => `show bgp l2vpn evpn route rd ${RDS[behind(leaf)]}`),
  pair((leaf) => `show bgp l2vpn evpn route rd ${RDS[behind(leaf)]} type multicast`),
];

test('the answers have the keys of FRR but for those that are listed, with values of the same types', async (t) => {
  const all = { missing: new Set<string>(), added: new Set<string>(), wrongTypes: new Set<string>() };
  for (const [frr, evpnd] of COMMANDS) {
    const found = differences(await there(frr()), await here(evpnd()));
    for (const kind of ['missing', 'added', 'wrongTypes'] as const)
      for (const key of found[kind]) all[kind].add(key);
  }
  t.deepEqual([...all.wrongTypes], []);
  t.deepEqual([...all.missing].sort(), LEFT_OUT.flatMap(({ keys }) => keys).toSorted());
  // FRR has no list at all where there is no MAC
  t.deepEqual([...all.added].sort(), ['.macs', 'VNI.macs']);
});

interface Macs {
  readonly macs: Record<string, { type: string; intf?: string; remoteVtep?: string }>;
}

test('both leaves have the same MACs and IPs: what is local on one is remote on the other', async (t) => {
  const [mine, theirs] = [
    (await here('show evpn mac vni all')) as Record<string, Macs & Json>,
    (await there('show evpn mac vni all')) as Record<string, Macs & Json>,
  ];
  t.deepEqual(Object.keys(mine).sort(), Object.keys(theirs).sort());
  for (const [vni, { numMacs, macs }] of Object.entries(mine)) {
    t.is(numMacs, theirs[vni].numMacs);
    t.deepEqual(Object.keys(macs).sort(), Object.keys(theirs[vni].macs).sort());
    for (const host of fabric.plan.hosts.filter((each) => String(each.vni) === vni)) {
      const [near, far] = host.leaf === 'leaf1' ? [mine, theirs] : [theirs, mine];
      t.like(near[vni].macs[host.mac], { type: 'local', intf: host.port });
      t.like(far[vni].macs[host.mac], { type: 'remote', remoteVtep: fabric.leaf(host.leaf).vtep });
    }
  }
  const caches = [
    await here('show evpn arp-cache vni 10010'),
    await there('show evpn arp-cache vni 10010'),
  ] as Record<string, { mac: string; type: string }>[];
  t.deepEqual(Object.keys(caches[0]).sort(), Object.keys(caches[1]).sort());
  for (const [ip, { mac, type }] of Object.entries(caches[0]))
    if (ip !== 'numArpNd') t.like(caches[1][ip], { mac, type: type === 'local' ? 'remote' : 'local' });
});

test('both have the same VNIs, each with the other leaf as VTEP, and the same routes', async (t) => {
  const summary = async (ask: typeof here) =>
    (await ask('show evpn vni')) as Record<
      string,
      { numMacs: number; numArpNd: number; remoteVteps: string[] }
    >;
  const [mine, theirs] = [await summary(here), await summary(there)];
  t.deepEqual(Object.keys(mine), Object.keys(theirs));
  for (const [vni, each] of Object.entries(mine)) {
    t.is(each.numMacs, theirs[vni].numMacs);
    t.deepEqual(each.remoteVteps, [fabric.leaf('leaf2').vtep]);
    t.deepEqual(theirs[vni].remoteVteps, [fabric.leaf('leaf1').vtep]);
  }
  const prefixes = async (ask: typeof here) =>
    Object.entries(await ask('show bgp l2vpn evpn'))
      .flatMap(([rd, list]) =>
        typeof list === 'object' ? Object.keys(list ?? {}).map((key) => `${rd} ${key}`) : [],
      )
      .sort();
  t.deepEqual(await prefixes(here), await prefixes(there));
  const communities = async (ask: typeof here, rd: string) =>
    Object.entries(
      ((await ask('show bgp l2vpn evpn'))[rd] ?? {}) as Record<
        string,
        { paths: { extendedCommunity: { string: string }; nexthops: { ip: string }[] }[] }
      >,
    ).flatMap(([key, { paths }]) =>
      key === 'rd'
        ? []
        : [[key, paths[0].nexthops[0].ip, ...paths[0].extendedCommunity.string.split(' ').sort()].join(' ')],
    );
  for (const rd of Object.values(RDS))
    t.deepEqual((await communities(here, rd)).sort(), (await communities(there, rd)).sort());
});

test('a table has the columns of FRR', async (t) => {
  const { socket } = fabric.evpnd('leaf1');
  for (const [command, title] of [
    ['show evpn vni', 'VNI'],
    ['show evpn mac vni 10010', 'MAC '],
    ['show evpn arp-cache vni 10010', 'Neighbor'],
    ['show bgp l2vpn evpn summary', 'Neighbor'],
    ['show bfd peers brief', 'SessionId'],
  ] as const) {
    const titles = (text: string) =>
      text
        .split('\n')
        .find((each) => each.startsWith(title))
        ?.split(/\s{2,}/)
        .map((word) => word.trim())
        .filter(Boolean);
    const { stdout } = await run(process.execPath, [
      evpnctl,
      '--socket',
      socket,
      'frr',
      ...command.split(' '),
    ]);
    t.deepEqual(titles(stdout), titles(await fabric.vtysh('leaf2', command)), command);
  }
});
