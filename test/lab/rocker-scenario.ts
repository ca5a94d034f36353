/**
 * Inside QEMU with its rocker switch: leaf1 runs evpnd on the switch, with an untagged host behind one port and a tagged
 * one behind the other; leaf2 runs FRR. rocker learns by itself, and reports an untagged MAC twice: in its VLAN and in none.
 */
import assert from 'node:assert/strict';
import { Fabric, loadRocker, plugIn, waitFor, waitForSessions } from '../../lab/index.js';
import { runCases } from './linux-namespace.js';
import { vniOf } from './support/vni.js';

const PATIENCE = 30_000;
const ports = await loadRocker();
// Its ports can be in no other namespace
const fabric = await Fabric.create({
  leaves: [
    { engine: 'evpnd', mode: 'vlan-aware', svi: false },
    { engine: 'frr', mode: 'vlan-aware' },
  ],
  inPlace: 'leaf1',
});
const untagged = fabric.host('h1-10');
const tagged = fabric.host('h1-20');
const remote = fabric.host('h2-10');
await plugIn(fabric, untagged.name, ports[0].near, ports[0].far);
await plugIn(fabric, tagged.name, ports[1].near, ports[1].far);
await fabric.apply('leaf1', {
  ip: [],
  bridge: [`vlan del dev ${tagged.port} vid 20`, `vlan add dev ${tagged.port} vid 20`],
});
await fabric.apply(tagged.name, {
  ip: ['link add link eth0 name eth0.20 type vlan id 20', 'link set eth0.20 up'],
  bridge: [],
});

interface Mac {
  mac: string;
  origin: string;
  device: string | null;
}

async function macs(vni: number, origin: string): Promise<string[]> {
  const { body } = await fabric.restApi<{ items: Mac[] }>('leaf1', `/api/v1/vnis/${vni}/macs`);
  return body.items.filter((each) => each.origin === origin).map(({ mac }) => mac);
}

/** Our own routes of the MAC, by their VNIs. */
async function routesOf(mac: string): Promise<number[]> {
  const { body } = await fabric.restApi<{ items: { key: string; vnis: number[] }[] }>(
    'leaf1',
    `/api/v1/routes?type=2&origin=local&mac=${mac}`,
  );
  return body.items.filter(({ key }) => key.endsWith(`[48]:[${mac}]`)).flatMap(({ vnis }) => vnis);
}

const chipRows = async (mac: string) =>
  (await fabric.bridgeFdb('leaf1'))
    .filter((row) => row.mac === mac && row.flags.includes('extern_learn') && row.flags.includes('offload'))
    .map(({ vlan }) => vlan ?? 0)
    .sort((a, b) => a - b);

/** Frames of both hosts, until the chip has learned them. */
async function speak(): Promise<void> {
  await waitFor(
    async () => {
      await fabric.attempt(untagged.name, 'ping', '-c', '1', '-W', '1', '-I', 'eth0', '10.10.10.99');
      await fabric.attempt(tagged.name, 'ping', '-6', '-c', '1', '-W', '1', '-I', 'eth0.20', 'ff02::1');
      return (await chipRows(untagged.mac)).length > 0 && (await chipRows(tagged.mac)).length > 0;
    },
    { what: 'rows that the chip learned', timeout: PATIENCE, show: () => fabric.logs() },
  );
}

const routes = (mac: string, wanted: readonly number[]) =>
  waitFor(async () => (await routesOf(mac)).join() === wanted.join(), {
    what: `routes of ${mac} in VNIs ${wanted.join() || '(none)'}`,
    timeout: PATIENCE,
  });

try {
  await runCases([
    {
      name: 'MACs that the chip learned, tagged and untagged, are announced once each, in their own VNIs',
      run: async () => {
        await waitForSessions(fabric, PATIENCE);
        await speak();
        await routes(untagged.mac, [10010]);
        await routes(tagged.mac, [10020]);
        assert.deepEqual(await macs(10010, 'local'), [untagged.mac]);
        assert.deepEqual(await macs(10020, 'local'), [tagged.mac]);
        await waitFor(
          async () => (await fabric.vtysh('leaf2', 'show evpn mac vni all')).includes(untagged.mac),
          { what: 'the MAC at FRR', timeout: PATIENCE },
        );
      },
    },
    {
      name: 'what evpnd installs is taken for no host of this leaf, and of what the chip learned nothing for ours',
      run: async () => {
        await fabric.ping(remote.name, fabric.leaf('leaf2').segments[0].sviAddress.ipv4, { count: 1 });
        await waitFor(async () => (await macs(10010, 'remote')).includes(remote.mac), {
          what: 'the remote host',
          timeout: PATIENCE,
        });
        const rows = await fabric.bridgeFdb('leaf1');
        assert.equal(rows.filter(({ mac, ifname }) => mac === remote.mac && ifname === 'vx10').length, 2);
        assert.deepEqual(await routesOf(remote.mac), []);
        assert.ok((await chipRows(untagged.mac)).includes(0));
      },
    },
    {
      name: 'an untagged MAC stays while the chip has it, though the row of its VLAN, which no frame refreshes, is gone',
      run: async () => {
        await fabric.exec(
          'leaf1',
          'bridge',
          'fdb',
          'del',
          untagged.mac,
          'dev',
          untagged.port,
          'master',
          'vlan',
          '10',
        );
        assert.deepEqual(await chipRows(untagged.mac), [0]);
        assert.deepEqual(await macs(10010, 'local'), [untagged.mac]);
        await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'br', 'br0');
        assert.deepEqual(await routesOf(untagged.mac), [10010]);
      },
    },
    {
      name: 'the VNIs have hardware, which takes no rows of VXLAN devices: a note says so',
      run: async () => {
        const { hardware, problems } = await vniOf(fabric, 'leaf1', 10010);
        assert.equal(hardware?.driver, 'rocker');
        assert.deepEqual(
          problems.filter(({ problem }) => problem.includes('rocker')).map(({ severity }) => severity),
          ['info'],
        );
      },
    },
    {
      name: 'MACs that the chip ages are withdrawn',
      run: async () => {
        // rocker goes by the time that the bridge has when a port comes up: of a later one the bridge tells its own device alone
        await fabric.exec('leaf1', 'ip', 'link', 'set', 'br0', 'type', 'bridge', 'ageing_time', '1000');
        for (const state of ['down', 'up'])
          for (const { port } of [untagged, tagged])
            await fabric.exec('leaf1', 'ip', 'link', 'set', port, state);
        await waitFor(
          async () => {
            await speak();
            return (await routesOf(untagged.mac)).length === 1 && (await routesOf(tagged.mac)).length === 1;
          },
          { what: 'routes of both', timeout: PATIENCE },
        );
        for (const { name } of [untagged, tagged])
          await fabric.exec(name, 'ip', 'link', 'set', 'eth0', 'down');
        await routes(untagged.mac, []);
        await routes(tagged.mac, []);
        assert.deepEqual([await chipRows(untagged.mac), await chipRows(tagged.mac)], [[], []]);
      },
    },
  ]);
} finally {
  await fabric.remove();
}
