/**
 * Inside QEMU with a switch ASIC that is none (lab/asic.ts), whose driver passes for mlxsw's: what that demands of VXLAN
 * devices and bridges, in devices of which each breaks one demand.
 */
import assert from 'node:assert/strict';
import { Asic, Fabric, run, waitFor } from '../../lab/index.js';
import { runCases } from './linux-namespace.js';
import { vniOf } from './support/vni.js';

const asic = await Asic.load(2, 'mlxsw_spectrum');
const fabric = await Fabric.create({
  leaves: [{ engine: 'evpnd', mode: 'vlan-aware' }],
  spines: [{ engine: 'none' }],
  vnis: [{ vni: 10010, vlan: 10 }],
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

try {
  await runCases([
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
        await run('ip', ['link', 'set', 'swp2', 'netns', fabric.namespace('leaf1')]);
        await fabric.apply('leaf1', { ip, bridge });
        await mend(Object.keys(expected).map(Number), expected);
      },
    },
  ]);
} finally {
  await fabric.remove();
}
