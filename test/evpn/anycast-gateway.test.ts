import test from 'ava';
import { Nud } from '../../src/dataplane/index.js';
import type { EvpnSettings } from '../../src/evpn/index.js';
import { parseIp, parseMac, toVni } from '../../src/types/index.js';
import { withAddresses, withOwn } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';

const VNI = toVni(10010);
const GATEWAY_MAC = parseMac('02:00:5e:00:01:01');
const GATEWAY = parseIp('192.0.2.1');
const HOST = parseMac('02:00:00:00:00:09');

/** Two leaves whose SVIs have one IP and one MAC, and a third without an SVI's address. */
async function fabric(settings: Partial<EvpnSettings> = {}) {
  const clock = new VirtualClock();
  const leaves = [1, 2, 3].map((n) => new Leaf(clock, vtepOf(n), 65000 + n, settings));
  const devices = leaves.map((leaf) => leaf.world.devices(VNI));
  for (const [i, leaf] of leaves.entries()) {
    const { kernel } = leaf.world;
    leaf.addVni(devices[i], i < 2 ? { sviMac: GATEWAY_MAC } : {});
    await leaf.start();
    leaf.dataPlane.sweep();
    if (i < 2)
      kernel.setTopology({
        ...withOwn(kernel.topology, VNI, [GATEWAY_MAC], [GATEWAY]),
        interfaces: withAddresses(kernel.topology, devices[i].bridgeIfindex, [GATEWAY]),
      });
  }
  const wire = new Wire(leaves);
  const settle = () => wire.quiesce(clock);
  settle();
  const ofGateway = (i: number) =>
    leaves[i].originated().filter((route) => route.includes('02:00:5e:00:01:01'));
  /** Where frames to the gateway's MAC would go by a row of ours. */
  const remote = (i: number) => leaves[i].dataPlane.plane(VNI)?.macs.get(GATEWAY_MAC)?.to;
  return { leaves, devices, settle, ofGateway, remote };
}

test('a gateway that every leaf has is announced by none, whatever the kernel has of it', async (t) => {
  const { leaves, devices, settle, ofGateway, remote } = await fabric();
  for (const i of [0, 1]) {
    // A frame of the other leaf's gateway that came in by a port, and its answer to ARP
    leaves[i].hostSpeaks(devices[i], GATEWAY_MAC);
    leaves[i].world.kernel.putNeigh({
      ifindex: devices[i].bridgeIfindex,
      ip: GATEWAY,
      mac: GATEWAY_MAC,
      state: Nud.REACHABLE,
      flags: 0,
      protocol: 0,
    });
  }
  leaves[0].hostSpeaks(devices[0], HOST);
  settle();
  t.deepEqual([ofGateway(0), ofGateway(1)], [[], []]);
  t.true(
    leaves[0].originated().some((route) => route.includes('02:00:00:00:00:09')),
    'hosts are',
  );
  t.deepEqual([remote(0), remote(1), remote(2)], [undefined, undefined, undefined]);
});

for (const [what, settings] of [
  ['as a host', { advertiseSviIp: true }],
  ['as the default gateway', { advertiseDefaultGateway: true }],
] as const)
  test(`a gateway that every leaf has and announces ${what} stays its own, and is no duplicate`, async (t) => {
    const { leaves, settle, ofGateway, remote } = await fabric(settings);
    for (let n = 0; n < 8; n++) settle();
    t.is(ofGateway(0).length, 1);
    t.is(ofGateway(1).length, 1);
    t.deepEqual([remote(0), remote(1)], [undefined, undefined], 'no leaf sends to the other one');
    t.is(remote(2), vtepOf(1), 'a leaf without it has the nearest by address, and keeps it');
    for (const { evpn } of leaves) {
      t.is(evpn.duplicates.find({ vni: VNI, mac: GATEWAY_MAC }), undefined);
      t.is(evpn.duplicates.find({ vni: VNI, ip: GATEWAY }), undefined);
    }
    const [one] = leaves;
    t.is(one.evpn.vrf(VNI)?.knownMac(GATEWAY_MAC)?.history, undefined, 'and it has never moved');
  });
