import assert from 'node:assert/strict';
import type { Operation } from '../../src/dataplane/index.js';
import { LinuxKernel } from '../../src/linux/index.js';
import { formatMac, parseIp, parseMac, silentLog, toVni } from '../../src/types/index.js';
import { bridgeKey, neighKey, Recorder } from '../dataplane/recorder.js';
import { batch, ifindex, json, run } from './linux-commands.js';
import { until as happens, runCases } from './linux-namespace.js';

/*
 * VLAN-aware bridges. Needs a kernel with CONFIG_BRIDGE_VLAN_FILTERING and CONFIG_VLAN_8021Q, and root in a network
 * namespace that nobody else uses; user-mode-linux gives both.
 */

const HOST = parseMac('02:00:00:00:00:01');
const REMOTE = parseIp('192.0.2.11');

async function withKernel(body: (kernel: LinuxKernel, recorder: Recorder) => Promise<void>): Promise<void> {
  const kernel = new LinuxKernel({ log: silentLog });
  try {
    await body(kernel, new Recorder());
  } finally {
    kernel.close();
    batch('ip', ['link del vx10', 'link del vx20', 'link del vxe', 'link del br0'], true);
  }
}

async function until(kernel: LinuxKernel, what: string, condition: () => boolean): Promise<void> {
  await happens(what, () => {
    kernel.drain();
    return condition();
  });
}

const FABRIC = [
  'link set lo up',
  'addr replace 192.0.2.1/32 dev lo',
  'link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0',
  'link set br0 up',
  'link add vx10 type vxlan id 10 dstport 4789 local 192.0.2.1 nolearning',
  'link set vx10 master br0 up',
  'link set vx10 type bridge_slave learning off neigh_suppress on',
];

const cases = [
  {
    name: 'VLANs, SVIs and their changes',
    run: () =>
      withKernel(async (kernel, recorder) => {
        batch('ip', FABRIC);
        await kernel.start(recorder, recorder);
        const vni = () => recorder.topologyNow.vnis.get(toVni(10));
        assert.equal(vni()?.vlanAware, true);
        assert.equal(vni()?.up, false);
        assert.deepEqual(
          recorder.topologyNow.problems.map((problem) => problem.fix),
          ['bridge vlan add dev vx10 vid VLAN pvid untagged'],
        );
        run('bridge vlan add dev vx10 vid 10 pvid untagged');
        await until(kernel, 'VLAN 10', () => vni()?.vlan === 10 && vni()?.up === true);
        assert.equal(vni()?.sviIfindex, 0);
        run('bridge vlan add dev br0 vid 10 pvid untagged self');
        await until(kernel, 'the bridge as SVI', () => vni()?.sviName === 'br0');
        run('ip link add link br0 name vlan10 type vlan id 10');
        await until(kernel, 'the VLAN device as SVI', () => vni()?.sviName === 'vlan10');
        run('bridge vlan add dev vx10 vid 20 pvid untagged');
        await until(kernel, 'VLAN 20', () => vni()?.vlan === 20 && vni()?.sviIfindex === 0);
        run('bridge vlan del dev vx10 vid 20');
        await until(kernel, 'no VLAN', () => vni()?.up === false);
        run('bridge vlan add dev vx10 vid 10 pvid untagged');
        await until(kernel, 'VLAN 10 again', () => vni()?.sviName === 'vlan10');
        run('ip link set br0 type bridge vlan_filtering 0');
        await until(kernel, 'VLAN-unaware', () => vni()?.vlanAware === false && vni()?.sviName === 'br0');
        run('ip link set br0 type bridge vlan_filtering 1');
        await until(kernel, 'VLAN-aware', () => vni()?.vlan === 10);
        run('ip link del vlan10');
        await until(kernel, 'the bridge again', () => vni()?.sviName === 'br0');
        // A kernel that starts now finds what was followed
        const fresh = new LinuxKernel({ log: silentLog });
        const found = new Recorder();
        await fresh.start(found, found);
        fresh.close();
        assert.deepEqual(found.topologyNow.vnis, recorder.topologyNow.vnis);
        assert.deepEqual(found.topologyNow.ports, recorder.topologyNow.ports);
      }),
  },
  {
    name: 'rows with VLANs',
    run: () =>
      withKernel(async (kernel, recorder) => {
        batch('ip', [...FABRIC, 'link add link br0 name vlan10 type vlan id 10', 'link set vlan10 up']);
        batch('bridge', ['vlan add dev vx10 vid 10 pvid untagged', 'vlan add dev br0 vid 10 self']);
        await kernel.start(recorder, recorder);
        const [bridge, vxlan, svi] = ['br0', 'vx10', 'vlan10'].map(ifindex);
        const row: Operation = {
          table: 'bridge',
          verb: 'add',
          port: vxlan,
          vlan: 10,
          mac: HOST,
          form: 'marked',
        };
        const ip = parseIp('198.51.100.9');
        const results = kernel.apply([
          row,
          { table: 'vxlan', verb: 'add', ifindex: vxlan, srcVni: 0, mac: HOST, dst: REMOTE },
          { ...row, verb: 'delete', vlan: 11 },
          { table: 'neigh', verb: 'add', ifindex: svi, ip, mac: HOST, router: false },
        ]);
        assert.deepEqual(
          results.map((result) => result.errno),
          // In a VLAN that the port does not have no row can be left
          [0, 0, 0, 0],
        );
        kernel.drain();
        assert.ok(recorder.bridge.has(bridgeKey({ bridgeIfindex: bridge, vlan: 10, mac: HOST })));
        assert.ok(recorder.neigh.has(neighKey({ ifindex: svi, ip })));
        const shown = json('bridge -j fdb show br br0').filter((found) => found.mac === formatMac(HOST));
        assert.deepEqual(
          shown.map((found) => [found.vlan, found.dst, [...found.flags].sort()]),
          [
            [10, undefined, ['extern_learn']],
            [undefined, '192.0.2.11', ['extern_learn', 'self']],
          ],
        );
        // net/bridge/br_vlan.c nbp_vlan_delete: rows of ours outlive their VLAN, and singly none can be deleted without it
        run('bridge vlan del dev vx10 vid 10');
        kernel.drain();
        const key = bridgeKey({ bridgeIfindex: bridge, vlan: 10, mac: HOST });
        assert.ok(recorder.bridge.has(key));
        assert.equal(kernel.apply([{ ...row, verb: 'delete' }])[0].errno, 0);
        kernel.drain();
        assert.equal(recorder.bridge.has(key), false);
      }),
  },
  {
    name: 'the mapping of a collect-metadata device',
    run: () =>
      withKernel(async (kernel, recorder) => {
        batch('ip', [
          'link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0',
          'link set br0 up',
          'link add vxe type vxlan external dstport 4789 local 192.0.2.1 nolearning',
          'link set vxe master br0 up',
          'link set vxe type bridge_slave learning off neigh_suppress on',
        ]);
        await kernel.start(recorder, recorder);
        const vnis = () => [...recorder.topologyNow.vnis.keys()].map(Number).sort((a, b) => a - b);
        assert.equal(recorder.topologyNow.problems[0]?.fix, 'bridge link set dev vxe vlan_tunnel on');
        run('bridge link set dev vxe vlan_tunnel on');
        batch('bridge', [
          'vlan add dev vxe vid 100-104',
          'vlan add dev vxe vid 100-104 tunnel_info id 1100-1104',
        ]);
        await until(kernel, 'five VNIs', () => vnis().length === 5);
        assert.equal(recorder.topologyNow.vnis.get(toVni(1103))?.vlan, 103);
        run('bridge vlan del dev vxe vid 102');
        await until(kernel, 'four VNIs', () => vnis().length === 4);
        assert.deepEqual(vnis(), [1100, 1101, 1103, 1104]);
        run('bridge vlan del dev vxe vid 101 tunnel_info id 1101');
        await until(kernel, 'three VNIs', () => vnis().length === 3);
        const fresh = new LinuxKernel({ log: silentLog });
        const found = new Recorder();
        await fresh.start(found, found);
        fresh.close();
        assert.deepEqual(found.topologyNow.vnis, recorder.topologyNow.vnis);
        const external = ifindex('vxe');
        assert.equal(
          kernel.apply([
            { table: 'vxlan', verb: 'add', ifindex: external, srcVni: 1103, mac: HOST, dst: REMOTE },
          ])[0].errno,
          0,
        );
        kernel.drain();
        assert.equal([...recorder.vxlanRowsOfDevice(external)].find((row) => row.mac === HOST)?.srcVni, 1103);
        run('ip link set vxe nomaster');
        await until(kernel, 'no VNI', () => vnis().length === 0);
      }),
  },
];

await runCases(cases);
