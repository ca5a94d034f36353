/**
 * Inside user-mode-linux, which filters VLANs: leaves with a single VXLAN device. leaf1 runs evpnd behind a VNI filter,
 * leaf2 and leaf4 FRR 10 likewise, leaf3 evpnd without a filter. leaf1 and leaf2 see the routes of leaf4 alike.
 */
import assert from 'node:assert/strict';
import {
  Fabric,
  floodList,
  waitFor,
  waitForFloodLists,
  waitForPings,
  waitUntilConverged,
} from '../../lab/index.js';
import { runSteps } from './linux-namespace.js';
import { vniOf } from './support/vni.js';

const fabric = await Fabric.create({
  leaves: [
    { engine: 'evpnd', mode: 'svd' },
    { engine: 'frr10', mode: 'svd' },
    { engine: 'evpnd', mode: 'svd-unfiltered' },
    { engine: 'frr10', mode: 'svd' },
  ],
});

const bridge = (leaf: string, ...lines: string[]) => fabric.apply(leaf, { ip: [], bridge: lines });

/** The VTEPs that leaf1's kernel floods the VNI to. */
async function floods(vni: number): Promise<string[]> {
  return floodList(await fabric.bridgeFdb('leaf1'), 'vxlan0', vni);
}

async function floodsBecome(vni: number, expected: readonly string[]): Promise<void> {
  let found: string[] = [];
  await waitFor(
    async () => {
      found = await floods(vni);
      return found.join() === expected.join();
    },
    { what: `flood list ${expected.join(', ')} of VNI ${vni}`, show: () => `found ${found.join(', ')}` },
  );
}

/** Rows of a leaf that come of leaf4's routes; link-local neighbors depend on when a host spoke. */
async function rowsForLeaf4(leaf: string): Promise<string> {
  const macs = fabric.plan.hosts.filter((host) => host.leaf === 'leaf4').map((host) => host.mac);
  const rows = await fabric.installedRows(leaf);
  return rows
    .filter((row) => row.includes(' dst 10.0.0.4 ') || macs.some((mac) => row.includes(mac)))
    .filter((row) => !row.includes(' fe80:'))
    .join('\n');
}

try {
  await runSteps([
    {
      name: 'leaves of evpnd and of FRR 10 converge, and their hosts reach each other',
      run: () => waitUntilConverged(fabric, () => {}, 40_000),
    },
    {
      name: 'evpnd leaves the same rows in the kernel as FRR 10 does',
      run: async () => {
        let rows = '';
        await waitFor(
          async () => {
            // FRR withdraws an IP that has been silent for a while, which on a slow machine it has
            await waitForPings(fabric, 60_000);
            rows = await rowsForLeaf4('leaf1');
            return rows.split('\n').length === 10 && rows === (await rowsForLeaf4('leaf2'));
          },
          { what: 'ten rows, alike on leaf1 and leaf2', timeout: 60_000, show: () => rows },
        );
      },
    },
    {
      name: 'a range of VLANs that is mapped while evpnd runs is served, in a filter and without one',
      run: async () => {
        for (const leaf of ['leaf1', 'leaf3'])
          await bridge(
            leaf,
            'vlan add dev vxlan0 vid 100-109',
            'vlan add dev vxlan0 vid 100-109 tunnel_info id 11100-11109',
            ...(leaf === 'leaf1' ? ['vni add dev vxlan0 vni 11100-11109'] : []),
          );
        for (const vni of [11100, 11105, 11109]) await floodsBecome(vni, ['10.0.0.3']);
        const { vlan, up, vxlanDevice } = await vniOf(fabric, 'leaf1', 11105);
        assert.deepEqual([vlan, up, vxlanDevice], [105, true, 'vxlan0']);
      },
    },
    {
      name: 'one VLAN out of a mapped range can go',
      run: async () => {
        await bridge('leaf1', 'vlan del dev vxlan0 vid 105');
        await floodsBecome(11105, []);
        assert.deepEqual(await floods(11104), ['10.0.0.3']);
        assert.deepEqual(await floods(11106), ['10.0.0.3']);
      },
    },
    {
      name: 'a VNI that its filter loses is down, the problem names the command, and the command fixes it',
      run: async () => {
        await bridge('leaf1', 'vni delete dev vxlan0 vni 11107');
        await floodsBecome(11107, []);
        const { up, problems } = await vniOf(fabric, 'leaf1', 11107);
        assert.equal(up, false);
        const [problem] = problems.filter(({ severity }) => severity === 'error');
        assert.equal(problem?.fix, 'bridge vni add dev vxlan0 vni 11107');
        await fabric.exec('leaf1', ...problem.fix.split(' '));
        await floodsBecome(11107, ['10.0.0.3']);
        assert.equal((await vniOf(fabric, 'leaf1', 11107)).up, true);
      },
    },
    {
      name: 'a VLAN that is mapped to another VNI takes its rows along',
      run: async () => {
        await bridge(
          'leaf1',
          'vlan del dev vxlan0 vid 107',
          'vlan del dev vxlan0 vid 20',
          'vlan add dev vxlan0 vid 20',
          'vlan add dev vxlan0 vid 20 tunnel_info id 11107',
        );
        await floodsBecome(10020, []);
        await waitFor(async () => (await vniOf(fabric, 'leaf1', 11107)).vlan === 20, { what: 'VLAN 20' });
        const stray = (await fabric.installedRows('leaf1')).filter(
          (row) => row.includes('src_vni 10020') || row.includes('vlan 20 '),
        );
        assert.deepEqual(stray, []);
        await bridge(
          'leaf1',
          'vlan del dev vxlan0 vid 20',
          'vlan add dev vxlan0 vid 20',
          'vlan add dev vxlan0 vid 20 tunnel_info id 10020',
        );
        await floodsBecome(10020, ['10.0.0.2', '10.0.0.3', '10.0.0.4']);
      },
    },
    {
      name: 'a mapping that goes while evpnd is killed leaves rows that the next start sweeps',
      run: async () => {
        const left = async () =>
          (await fabric.installedRows('leaf1')).filter(
            (row) =>
              row.startsWith('fdb vxlan0') && (row.includes('src_vni 10020') || row.includes('vlan 20 ')),
          );
        const evpnd = fabric.evpnd('leaf1');
        await evpnd.kill();
        await bridge('leaf1', 'vlan del dev vxlan0 vid 20', 'vni delete dev vxlan0 vni 10020');
        const before = await left();
        assert.ok(
          before.some((row) => row.includes('src_vni 10020')) &&
            before.some((row) => row.includes('vlan 20 ')),
          before.join('\n'),
        );
        await evpnd.start();
        let rows: string[] = [];
        await waitFor(
          async () => {
            rows = await left();
            return rows.length === 0;
          },
          { what: 'no row of VNI 10020', show: () => rows.join('\n') },
        );
        await bridge(
          'leaf1',
          'vlan add dev vxlan0 vid 20',
          'vlan add dev vxlan0 vid 20 tunnel_info id 10020',
          'vni add dev vxlan0 vni 10020',
        );
        await floodsBecome(10020, ['10.0.0.2', '10.0.0.3', '10.0.0.4']);
      },
    },
    {
      name: 'a VNI with a multicast group of its own in the filter announces the tree and gets no destinations',
      run: async () => {
        await fabric.apply('leaf1', {
          ip: [
            'link add vxg type vxlan external vnifilter dev spine1 local 10.0.0.1 dstport 4790 nolearning',
            'link set vxg master br0 up',
          ],
          bridge: [
            'link set dev vxg learning off neigh_suppress on vlan_tunnel on',
            'vlan add dev vxg vid 300',
            'vlan add dev vxg vid 300 tunnel_info id 11300',
            'vni add dev vxg vni 11300 group 239.1.1.1',
          ],
        });
        await waitFor(async () => (await vniOf(fabric, 'leaf1', 11300)).advertised, {
          what: 'Type-3 of VNI 11300',
        });
        assert.equal((await vniOf(fabric, 'leaf1', 11300)).multicastGroup, '239.1.1.1');
        interface Routes {
          items: { paths: { pmsi: { tunnelType: number; label: number } | null }[] }[];
        }
        const { body } = await fabric.restApi<Routes>(
          'leaf1',
          '/api/v1/routes?type=3&origin=local&vni=11300',
        );
        assert.deepEqual(
          body.items.map(({ paths }) => [paths[0]?.pmsi?.tunnelType, paths[0]?.pmsi?.label]),
          [[4, 11300]],
        );
        // FRR takes the route for what it is: the session stays
        assert.ok((await fabric.establishedPeers('spine1')).includes('10.1.1.1'));
        await fabric.apply('leaf1', { ip: ['link del vxg'], bridge: [] });
      },
    },
    {
      name: 'a port that maps no longer serves nothing, and everything comes back with the mappings',
      run: async () => {
        await bridge('leaf1', 'link set dev vxlan0 vlan_tunnel off');
        await floodsBecome(10010, []);
        await waitFor(async () => (await fabric.installedRows('leaf1')).length === 0, {
          what: 'removal of every row',
        });
        // The kernel has thrown the mappings away with the flag (net/bridge: nbp_vlan_tunnel_info_flush)
        await bridge(
          'leaf1',
          'link set dev vxlan0 vlan_tunnel on',
          'vlan add dev vxlan0 vid 10 tunnel_info id 10010',
          'vlan add dev vxlan0 vid 20 tunnel_info id 10020',
        );
        await waitForFloodLists(fabric, 40_000);
        await waitForPings(fabric, 60_000);
      },
    },
    {
      name: 'an SVI with a MAC of its own is a problem, whose command ends it',
      run: async () => {
        await fabric.exec('leaf1', ...'ip link set dev br0.10 address 02:00:5e:00:01:01'.split(' '));
        await fabric.exec('leaf1', ...'ip addr add 198.51.100.1/24 dev br0.10'.split(' '));
        const fixes = async () =>
          (await vniOf(fabric, 'leaf1', 10010)).problems
            .map(({ fix }) => fix ?? '')
            .filter((fix) => fix.endsWith('self local'));
        let [fix] = await fixes();
        await waitFor(
          async () => {
            [fix] = await fixes();
            return fix === 'bridge fdb add 02:00:5e:00:01:01 dev br0 vlan 10 self local';
          },
          { what: 'the problem', show: () => String(fix) },
        );
        await fabric.exec('leaf1', ...String(fix).split(' '));
        await waitFor(async () => (await fixes()).length === 0, { what: 'the end of the problem' });
        // What stands is read at a start, too
        await fabric.evpnd('leaf1').kill();
        await fabric.evpnd('leaf1').start();
        await waitFor(async () => (await vniOf(fabric, 'leaf1', 10010)).up, { what: 'VNI 10010' });
        assert.deepEqual(await fixes(), []);
      },
    },
  ]);
} finally {
  await fabric.remove();
}
