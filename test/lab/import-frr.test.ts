import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { evpndMain, Fabric, run, waitFor } from '../../lab/index.js';

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

test.before(async () => {
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
