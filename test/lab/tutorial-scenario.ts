/**
 * Inside user-mode-linux: the recipes of the tutorial "Linux Bridge, l2-overlays, E-VPN!" (R. Prabhu, Netdev 2.2) as it
 * prints them, on leaf1, where evpnd does what the tutorial leaves to BGP and nothing else speaks EVPN. leaf2 is FRR on a
 * VLAN-aware bridge, leaf3 FRR 10 with a single VXLAN device. Hosts send VLAN 10 tagged, since the tutorial puts VLAN 10
 * on swp1 with a tag.
 *
 * Fixed everywhere, since the tutorial leaves it out: devices are set up; `dstport 4789`, without which Linux takes 8472
 * and meets no other leaf. Other typing errors are noted where they stand.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Fabric, installedRows, sourceFile, waitFor } from '../../lab/index.js';
import { runCases } from './linux-namespace.js';
import { losesNothingOf } from './support/host-loss.js';
import { vniOf } from './support/vni.js';

const fabric = await Fabric.create({
  leaves: [
    { engine: 'evpnd', mode: 'bare' },
    { engine: 'frr', mode: 'vlan-aware' },
    { engine: 'frr10', mode: 'svd' },
  ],
  vnis: [{ vni: 10, vlan: 10 }],
});
/** The tutorial's addresses of leaf1: the lab's own are others, but 10.1.1.1 is the uplink's. */
const VTEP = '10.1.1.1';
const VTEP_OF_RECIPE_2 = '10.0.1.1';
const HOST = { name: 'h1-10', mac: fabric.host('h1-10').mac, address: '10.10.10.11' };
const REMOTE = ['h2-10', 'h3-10'].map((name) => fabric.host(name));

const ip = (...lines: string[]) => ({ ip: lines, bridge: [] });

async function shell(...lines: string[]): Promise<void> {
  for (const line of lines) await fabric.exec('leaf1', ...line.split(' '));
}

/** What the tutorial has before it begins: swp1, and a host behind it that sends VLAN 10 with a tag. */
async function prepare(): Promise<void> {
  await fabric.apply(
    'leaf1',
    ip('link set p1-10 down', 'link set p1-10 name swp1 up', `addr add ${VTEP_OF_RECIPE_2}/32 dev lo`),
  );
  for (const vtep of [VTEP, VTEP_OF_RECIPE_2]) {
    if (vtep !== VTEP) await fabric.apply('spine1', ip(`route add ${vtep}/32 via 10.1.1.1`));
    for (const [leaf, via] of [
      ['leaf2', '10.1.2.0'],
      ['leaf3', '10.1.3.0'],
    ] as const)
      await fabric.apply(leaf, ip(`route add ${vtep}/32 via ${via}`));
  }
  await fabric.apply(
    HOST.name,
    ip(
      'addr flush dev eth0',
      'link add link eth0 name eth0.10 type vlan id 10',
      `addr add ${HOST.address}/24 dev eth0.10`,
      'link set eth0.10 up',
    ),
  );
}

/** Takes the recipe's devices away again. */
async function clear(...devices: string[]): Promise<void> {
  await fabric.apply('leaf1', ip(...devices.map((device) => `link del ${device}`)));
  await waitFor(async () => (await fabric.exec('leaf1', 'bridge', 'fdb', 'show')).stdout.trim() === '', {
    what: 'end of all rows',
    show: String,
  }).catch(() => {
    // Rows of the uplink's multicast addresses are the device's own
  });
}

/** Every remote host answers, the kernel holds what its leaf announced, and our own host's rows stay. */
async function works(vxlan: string, keyOf: string): Promise<void> {
  await losesNothingOf(fabric, 'leaf1', HOST, () => holdsAndAnswers(vxlan, keyOf));
}

async function holdsAndAnswers(vxlan: string, keyOf: string, inside = 'bridge vlan 10'): Promise<void> {
  await waitFor(
    async () => {
      for (const host of REMOTE) {
        const { received } = await fabric.ping(HOST.name, host.address.ipv4, { count: 1 });
        if (received === 0) throw new Error(`${host.name} does not answer`);
      }
      return true;
    },
    { what: 'reply from both leaves', timeout: 25_000 },
  );
  const rows = await installedRows(fabric.namespace('leaf1'), [vxlan]);
  for (const [i, host] of REMOTE.entries())
    for (const row of [
      `fdb ${vxlan} ${host.mac} master ${inside} extern_learn`,
      `fdb ${vxlan} ${host.mac} self dst 10.0.0.${i + 2}${keyOf} extern_learn self`,
      `fdb ${vxlan} 00:00:00:00:00:00 self dst 10.0.0.${i + 2}${keyOf} permanent self`,
    ])
      assert.ok(rows.includes(row), `${row}\nnot among\n${rows.join('\n')}`);
  // And the other leaves know our host by evpnd's route
  await waitFor(
    async () =>
      (await installedRows(fabric.namespace('leaf2'), ['vx10'])).some((row) =>
        row.includes(`${HOST.mac} self dst`),
      ) &&
      (await installedRows(fabric.namespace('leaf3'), ['vxlan0'])).some((row) =>
        row.includes(`${HOST.mac} self dst`),
      ),
    { what: `row of ${HOST.mac} at the other leaves` },
  );
}

try {
  await prepare();
  await runCases([
    {
      name: 'recipe 1: a VXLAN device for the VNI',
      run: async () => {
        await shell(
          // Printed: ip link add type bridge dev bridge. The name goes before the type
          'ip link add dev bridge type bridge',
          // Printed: ip link add type vxlan dev vxlan-10 vni 10 local 10.1.1.1
          `ip link add dev vxlan-10 type vxlan vni 10 local ${VTEP} dstport 4789`,
          'ip link set dev vxlan-10 master bridge',
          'ip link set dev swp1 master bridge',
          'ip link set dev bridge type bridge vlan_filtering 1',
          'bridge vlan add vid 10 dev vxlan-10',
          'bridge vlan add vid 10 untagged pvid dev vxlan-10',
          'bridge vlan add vid 10 dev swp1',
          'bridge fdb add 00:00:00:00:00:00 dev vxlan-10 dst 10.1.1.2 self permanent',
          // Printed: bridge fdb add … dev vx-10. The device is vxlan-10, and a second destination is appended
          'bridge fdb append 00:00:00:00:00:00 dev vxlan-10 dst 10.1.1.3 self permanent',
          'ip link set bridge up',
          'ip link set vxlan-10 up',
        );
        await works('vxlan-10', '');
        // The operator's own destinations are no business of ours
        const rows = await installedRows(fabric.namespace('leaf1'), ['vxlan-10']);
        for (const own of ['10.1.1.2', '10.1.1.3'])
          assert.ok(
            rows.includes(`fdb vxlan-10 00:00:00:00:00:00 self dst ${own} permanent self`),
            rows.join('\n'),
          );
        const { problems } = await vniOf(fabric, 'leaf1', 10);
        const fixes = problems.map(({ fix }) => fix);
        for (const fix of [
          'ip link set dev vxlan-10 type vxlan nolearning',
          'bridge link set dev vxlan-10 learning off',
          'bridge link set dev vxlan-10 neigh_suppress on',
        ])
          assert.ok(fixes.includes(fix), fixes.join('\n'));
        await clear('vxlan-10', 'bridge');
      },
    },
    {
      name: 'recipe 2: one VXLAN device for all VNIs',
      run: async () => {
        await shell(
          'ip link add dev bridge type bridge',
          // Printed: ip link add type vxlan dev vxlan0 external local 10.0.1.1
          `ip link add dev vxlan0 type vxlan external local ${VTEP_OF_RECIPE_2} dstport 4789`,
          'ip link set dev vxlan0 master bridge',
          'ip link set dev swp1 master bridge',
          'ip link set dev bridge type bridge vlan_filtering 1',
          'bridge link set dev vxlan0 vlan_tunnel on',
          // Printed: dev vxlano, dev swpl
          'bridge vlan add vid 10 dev vxlan0',
          'bridge vlan add vid 10 dev swp1',
          'bridge vlan add dev vxlan0 vid 10 tunnel_info id 10',
          // Printed: vni 10. That is the VNI on the wire; the row's key is src_vni, which the device takes from neither
          'bridge fdb add 00:00:00:00:00:00 dev vxlan0 src_vni 10 vni 10 dst 10.1.1.2 self permanent',
          'bridge fdb append 00:00:00:00:00:00 dev vxlan0 src_vni 10 vni 10 dst 10.1.1.3 self permanent',
          'ip link set bridge up',
          'ip link set vxlan0 up',
        );
        await works('vxlan0', ' src_vni 10');
        const { localVtep, vxlanDevice, vlan } = await vniOf(fabric, 'leaf1', 10);
        assert.deepEqual([localVtep, vxlanDevice, vlan], [VTEP_OF_RECIPE_2, 'vxlan0', 10]);
        await clear('vxlan0', 'bridge');
      },
    },
    {
      name: 'the E-VPN configuration, with a device for neighbors and suppression',
      run: async () => {
        await shell(
          'ip link add dev bridge type bridge',
          // Printed without VNI and address: as in recipe 1
          `ip link add dev vxlan-10 type vxlan vni 10 local ${VTEP} dstport 4789`,
          // Printed: ip link add type vlan dev bridge.10
          'ip link add link bridge name bridge.10 type vlan id 10',
          'ip link set dev vxlan-10 master bridge',
          'ip link set dev swp1 master bridge',
          'ip link set dev bridge type bridge vlan_filtering 1',
          'bridge vlan add vid 10 dev vxlan-10',
          'bridge vlan add vid 10 untagged pvid dev vxlan-10',
          // Printed twice, and as swpl
          'bridge vlan add vid 10 dev swp1',
          // Left out: the bridge itself takes part in VLAN 10, or bridge.10 hears nothing
          'bridge vlan add vid 10 dev bridge self',
          'bridge link set dev vxlan-10 learning off',
          'bridge link set dev vxlan-10 neigh_suppress on',
          'bridge link set dev vxlan-10 flood off',
          'bridge link set dev vxlan-10 mcast_flood off',
          'ip link set bridge up',
          'ip link set bridge.10 up',
          'ip link set vxlan-10 up',
        );
        await works('vxlan-10', '');
        // The remote leaves learn the addresses of their hosts when these speak to them
        for (const { name, leaf } of REMOTE) {
          const [segment] = fabric.leaf(leaf).segments;
          await fabric.ping(name, segment!.sviAddress.ipv4, { count: 1 });
        }
        await waitFor(
          async () => {
            const rows = await installedRows(fabric.namespace('leaf1'), ['vxlan-10']);
            return REMOTE.every(({ address, mac }) =>
              rows.includes(`neigh bridge.10 ${address.ipv4} ${mac} NOARP`),
            );
          },
          { what: 'neighbor for each remote host' },
        );
        const { svi, problems } = await vniOf(fabric, 'leaf1', 10);
        assert.equal(svi, 'bridge.10');
        const info = problems.filter(({ severity }) => severity === 'info').map(({ fix }) => fix);
        assert.deepEqual(info, ['bridge link set dev vxlan-10 flood on mcast_flood on']);
        await clear('bridge.10', 'vxlan-10', 'bridge');
      },
    },
    {
      name: 'the ifupdown2 configuration',
      run: async () => {
        await fabric.exec('leaf1', 'bash', sourceFile('ifupdown2.sh'), '--unpack');
        // Printed: auto bridae, swpl. Its mstpctl-… lines are for mstpd, which ifupdown2 passes over where it is not there
        writeFileSync(
          '/etc/network/interfaces',
          `auto vxlan-10
iface vxlan-10
       vxlan-id 10
       bridge-access 10
       vxlan-local-tunnelip ${VTEP}
       bridge-learning off
       bridge-arp-nd-suppress on
       mstpctl-portbpdufilter yes
       mstpctl-bpduguard yes
       mtu 9152

auto bridge
iface bridge
       bridge-vlan-aware yes
       bridge-ports vxlan-10 swp1
       bridge-stp on
       bridge-vids 10
       bridge-pvid 1

auto bridge.10
iface bridge.10
`,
        );
        await fabric.execWith('leaf1', { timeout: 60_000 }, '/sbin/ifup', '-a');
        // STP is on as printed, but its two waits of 15 s are for bigger networks
        await shell('ip link set dev bridge type bridge forward_delay 200');
        await works('vxlan-10', '');
        const { svi, vlan } = await vniOf(fabric, 'leaf1', 10);
        assert.deepEqual([svi, vlan], ['bridge.10', 10]);
        await clear('bridge.10', 'vxlan-10', 'bridge');
      },
    },
    {
      name: 'what Proxmox writes for a vnet, as the manual shows it',
      run: async () => {
        const page = readFileSync('docs/manual/hypervisors.md', 'utf8');
        const [, printed] = /```text\n(auto myvnet\n[\s\S]*?)```/.exec(page) ?? [];
        assert.ok(printed);
        writeFileSync('/etc/network/interfaces', 'source /etc/network/interfaces.d/*\n');
        mkdirSync('/etc/network/interfaces.d', { recursive: true });
        writeFileSync(
          '/etc/network/interfaces.d/sdn',
          printed.replace('192.168.0.1', VTEP).replace('vxlan-id 100', 'vxlan-id 10'),
        );
        await fabric.execWith('leaf1', { timeout: 60_000 }, '/sbin/ifup', '-a');
        // The machine's tap, of one that sends untagged
        await shell(
          'ip link add link swp1 name tap101i0 type vlan id 10',
          'ip link set tap101i0 master myvnet up',
        );
        await holdsAndAnswers('vxlan_myvnet', '', 'myvnet');
        const { problems } = await vniOf(fabric, 'leaf1', 10);
        assert.deepEqual(
          problems.filter(({ severity }) => severity !== 'info'),
          [],
        );
      },
    },
  ]);
} finally {
  await fabric.remove();
}
