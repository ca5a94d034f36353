import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { evpndMain, Fabric, run, setUpFrr10, waitFor } from '../../lab/index.js';
import { importFrr } from '../../src/import-frr/index.js';

/*
 * The tutorial's fabric: two leaves, each with uplink-1 and uplink-2 to two spines, no address on a link, and the
 * configurations as the tutorial prints them. leaf1's is imported and run by evpnd alone, with no FRR there; leaf2 and the spines
 * are FRR. Changed are: router-ids, which the tutorial gives twice; AS numbers, of which leaves have one each; the digit in
 * `12vpn`, which FRR refuses; and the profile of data centers, which the FRR of the tutorial's switches was built with.
 */
let fabric: Fabric;

const leafConfiguration = (asn: number, routerId: string, family = 'l2vpn') => `router bgp ${asn}
bgp router-id ${routerId}
neighbor fabric peer-group
neighbor fabric remote-as external
neighbor uplink-1 interface peer-group fabric
neighbor uplink-2 interface peer-group fabric
address-family ipv4 unicast
neighbor fabric activate
redistribute connected
address-family ${family} evpn
neighbor fabric activate
advertise-all-vni
`;

const spineConfiguration = (routerId: string) => `router bgp 65535

bgp router-id ${routerId}

neighbor fabric peer-group

neighbor fabric remote-as external

neighbor swp1 interface peer-group fabric

neighbor swp2 interface peer-group fabric

address-family ipv4 unicast

neighbor fabric activate

redistribute connected

address-family l2vpn evpn

neighbor fabric activate

`;

const PROFILE = 'frr defaults datacenter\n';
const NODES = ['leaf1', 'leaf2', 'spine1', 'spine2'] as const;
const spines = ['spine1', 'spine2'] as const;
const vtep = (leaf: string) => fabric.leaf(leaf).vtepAddress.ipv4;

/** Takes away what a link has of addresses, and names it as the tutorial does. */
async function prepareLinks(): Promise<void> {
  for (const leaf of ['leaf1', 'leaf2'] as const) {
    await fabric.exec(leaf, 'ip', 'route', 'del', `${vtep(leaf === 'leaf1' ? 'leaf2' : 'leaf1')}/32`);
    for (const [i, { leafDevice }] of fabric.leaf(leaf).links.entries())
      await rename(leaf, leafDevice, `uplink-${i + 1}`);
  }
  for (const spine of spines)
    for (const [i, { spineDevice, leaf }] of fabric.spine(spine).links.entries()) {
      await fabric.exec(spine, 'ip', 'route', 'del', `${vtep(leaf)}/32`);
      await rename(spine, spineDevice, `swp${i + 1}`);
    }
}

async function rename(node: string, from: string, to: string): Promise<void> {
  await fabric.exec(node, 'ip', 'address', 'flush', 'dev', from, 'scope', 'global');
  await fabric.exec(node, 'ip', 'link', 'set', from, 'down');
  await fabric.exec(node, 'ip', 'link', 'set', from, 'name', to);
  await fabric.exec(node, 'ip', 'link', 'set', to, 'up');
}

test.before(async (t) => {
  t.timeout(330_000);
  await setUpFrr10();
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'none' }],
    spines: [{ engine: 'none' }, { engine: 'none' }],
  });
  const leaf1 = fabric.evpnd('leaf1');
  await leaf1.stop();
  await prepareLinks();
  const routerIds = { leaf1: '27.0.0.21', leaf2: '27.0.0.22', spine1: '27.0.0.31', spine2: '27.0.0.32' };
  await fabric.startFrr('leaf2', PROFILE + leafConfiguration(65457, routerIds.leaf2));
  for (const spine of spines) await fabric.startFrr(spine, PROFILE + spineConfiguration(routerIds[spine]));
  // To the letter, as the tutorial has it
  const file = join(fabric.folder, 'frr.conf');
  writeFileSync(file, leafConfiguration(65456, routerIds.leaf1, '12vpn'));
  const { stdout } = await run(process.execPath, [evpndMain, 'import-frr', file]);
  const { api, log } = leaf1.config;
  leaf1.configure({ ...parse(stdout), api, log, 'state-directory': leaf1.config['state-directory'] });
  await leaf1.start();
});
test.after.always(() => fabric?.remove());

const shown = async <Row>(node: string, ...words: string[]): Promise<Row[]> =>
  JSON.parse((await fabric.exec(node, 'ip', '-j', ...words)).stdout || '[]');

async function failed(error: Error): Promise<never> {
  const { body } = await fabric.evpnd('leaf1').get<object>('/api/v1/neighbors');
  const states = await Promise.all(
    NODES.slice(1).map((node) => fabric.vtysh(node, 'show bgp l2vpn evpn summary')),
  );
  throw new Error(`${error.message}\n${JSON.stringify(body)}\n${states.join('\n')}\n${fabric.logs()}`);
}

interface Neighbor {
  readonly name: string;
  readonly state: string;
  readonly families: readonly { readonly negotiated: boolean }[];
}

async function leafNeighbors(): Promise<readonly Neighbor[]> {
  return (await fabric.evpnd('leaf1').get<{ items: Neighbor[] }>('/api/v1/neighbors')).body.items;
}

test.serial('both uplinks have a session with both families', async (t) => {
  await waitFor(async () => (await leafNeighbors()).every(({ state }) => state === 'Established'), {
    what: 'both sessions',
    timeout: 60_000,
  }).catch(failed);
  t.deepEqual(
    (await leafNeighbors()).map(({ name, families }) => [name, families.map(({ negotiated }) => negotiated)]),
    [
      ['uplink-1', [true, true]],
      ['uplink-2', [true, true]],
    ],
  );
});

test.serial('the other VTEP is reached over both spines, by routes that evpnd installed', async (t) => {
  await waitFor(
    async () => {
      const [route] = await shown<{ nhid?: number }>(
        'leaf1',
        'route',
        'show',
        `${vtep('leaf2')}/32`,
        'proto',
        '69',
      );
      const groups = await shown<{ id: number; group?: readonly object[] }>('leaf1', 'nexthop');
      return groups.find(({ id }) => id === route?.nhid)?.group?.length === 2;
    },
    { what: `two ways to ${vtep('leaf2')}`, timeout: 30_000 },
  ).catch(failed);
  t.pass();
});

test.serial('hosts of both leaves reach each other', async (t) => {
  await waitFor(
    async () => {
      const { sent, received } = await fabric.ping('h1-10', 'h2-10', { count: 3 });
      return sent === received;
    },
    { what: 'pings', timeout: 60_000 },
  ).catch(failed);
  const rows = await fabric.installedRows('leaf1');
  t.true(JSON.stringify(rows).includes(vtep('leaf2')), JSON.stringify(rows));
});

/** What FRR writes in other words than these, in other orders, and with defaults. */
const EVERYTHING = [
  'ip prefix-list LOOPBACKS seq 5 permit 10.0.0.0/24 ge 32',
  'ip prefix-list LOOPBACKS seq 10 deny any',
  'bgp community-list standard LAB seq 5 permit 65000:100',
  'bgp extcommunity-list standard TARGETS seq 5 permit rt 65000:10010',
  'bgp as-path access-list OTHER seq 5 permit _65009_',
  'route-map IN permit 10',
  ' match community LAB',
  ' match extcommunity TARGETS',
  ' match as-path OTHER',
  ' set local-preference 200',
  ' set community 65000:1 no-export additive',
  'exit',
  'route-map IN permit 20',
  ' match evpn route-type macip',
  ' match evpn vni 10010',
  ' set extcommunity rt 65000:7',
  'exit',
  'route-map LO permit 10',
  ' match ip address prefix-list LOOPBACKS',
  'exit',
  'router bgp 65457',
  ' timers bgp 10 30',
  ' bgp bestpath as-path multipath-relax',
  ' bgp always-compare-med',
  ' bgp listen limit 7',
  ' neighbor servers peer-group',
  ' neighbor servers remote-as external',
  ' bgp listen range 192.0.2.0/24 peer-group servers',
  ' neighbor 192.0.2.9 remote-as 65009',
  ' neighbor 192.0.2.9 description far away',
  ' neighbor 192.0.2.9 ebgp-multihop 4',
  ' neighbor 192.0.2.9 update-source lo',
  ' neighbor 192.0.2.9 timers 5 15',
  ' neighbor 192.0.2.9 timers connect 7',
  ' neighbor 192.0.2.9 password hush',
  ' neighbor 192.0.2.9 shutdown message until noon',
  ' neighbor 192.0.2.9 local-as 65099 no-prepend replace-as',
  ' neighbor 192.0.2.9 passive',
  ' address-family ipv4 unicast',
  '  network 192.0.2.1/32',
  '  no redistribute connected',
  '  redistribute connected route-map LO',
  '  neighbor 192.0.2.9 prefix-list LOOPBACKS out',
  '  neighbor 192.0.2.9 maximum-prefix 100 80 warning-only',
  '  maximum-paths 4',
  '  maximum-paths ibgp 2',
  ' exit-address-family',
  ' address-family l2vpn evpn',
  '  neighbor 192.0.2.9 activate',
  '  neighbor 192.0.2.9 allowas-in 2',
  '  neighbor 192.0.2.9 route-map IN in',
  '  advertise-svi-ip',
  '  advertise-default-gw',
  '  flooding disable',
  '  autort rfc8365-compatible',
  '  dup-addr-detection max-moves 7 time 100',
  '  dup-addr-detection freeze 60',
  '  vni 10010',
  '   rd 10.0.0.2:7',
  '   route-target import 65000:1',
  '   route-target export 65000:2',
  '  exit-vni',
  ' exit-address-family',
];

for (const version of [8, 10] as const)
  test.serial(`what FRR ${version} shows as its configuration is as it was entered`, async (t) => {
    if (version === 10) {
      await fabric.frr('leaf2').stop('SIGKILL');
      await fabric.startFrr('leaf2', PROFILE + leafConfiguration(65457, '27.0.0.22'), version);
    }
    await fabric.frr('leaf2').vtysh('conf t', ...EVERYTHING);
    const text = await fabric.vtysh('leaf2', 'show running-config');
    const shownByFrr = importFrr(text);
    const leaf = leafConfiguration(65457, '27.0.0.22').replace('redistribute connected\n', '');
    const expected = importFrr(`${PROFILE}${leaf}exit-address-family\nexit\n${EVERYTHING.join('\n')}`);
    t.is(expected.failure, undefined);
    t.deepEqual(inOneOrder(shownByFrr.content), inOneOrder(expected.content), text);
    t.deepEqual(
      shownByFrr.notes.filter(({ kind }) => kind === 'not-carried'),
      [],
    );
    t.false(JSON.stringify(shownByFrr.notes).includes('hush'));
  });

/** FRR sorts neighbors and peer groups by name. */
function inOneOrder(content: Readonly<Record<string, unknown>> | undefined): object {
  const sorted = (list: unknown) =>
    (list as readonly object[]).map((each) => JSON.stringify(each)).toSorted();
  return {
    ...content,
    neighbors: sorted(content?.neighbors),
    'peer-groups': sorted(content?.['peer-groups']),
  };
}
