import test from 'ava';
import { type DataPlaneOptions, NO_MEMORY, Ntf, Nud, type Topology } from '../../src/dataplane/index.js';
import { MAC_ZERO, type Mac, parseIp, parseMac, toVni, type Vni } from '../../src/types/index.js';
import { attachment, withVni } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf } from './support/leaf.js';

/* A single VXLAN device whose earlier evpnd was killed, and that lost mappings before the next one started. */
const [VNI, FOREIGN, GONE, GONE_L3] = [10010, 10020, 10030, 4001].map(toVni);
const OURS = parseMac('02:00:00:00:00:01');
const BY_HAND = parseMac('02:00:00:00:00:02');
const [DST, ADDED] = ['10.0.0.2', '10.9.9.9'].map(parseIp);

/** The rows of that leaf once it has swept, or flushed. `mapped`: VNIs with their VLANs. */
async function rowsAfter(
  mapped: readonly (readonly [Vni, number])[],
  options: Partial<DataPlaneOptions> = {},
  flush = false,
  vnis = new Map([[FOREIGN, { advertise: false, rd: undefined }]]),
) {
  const clock = new VirtualClock();
  const leaf = new Leaf(clock, vtepOf(1), 65001, { vnis: vnis as never }, undefined, {
    defaultsMemory: { ...NO_MEMORY, wrote: ({ dst }) => dst === DST },
    ...options,
  });
  const { kernel } = leaf.world;
  const devices = leaf.world.devices(VNI);
  const { bridgeIfindex, vxlanIfindex: port, accessIfindex } = devices;
  let topology: Topology = kernel.topology;
  for (const [vni, vlan] of mapped) {
    const at = { collectMetadata: true, vlanAware: true, vlan, sviIfindex: 0, sviName: '' };
    topology = withVni(topology, devices, attachment(vni, devices, leaf.vtep, at));
  }
  kernel.setTopology(topology);
  const bridge = (vlan: number, mac: Mac, flags: number, to = port) =>
    kernel.putBridge({ bridgeIfindex, vlan, mac, port: to, state: Nud.REACHABLE, flags });
  const vxlan = (srcVni: number, mac: Mac, flags: number, state: number = Nud.REACHABLE, dst = DST) =>
    kernel.putVxlan({ ifindex: port, srcVni, mac, dst, nexthopId: 0, state, flags: Ntf.SELF | flags });
  for (const vlan of [10, 20, 30, 1]) {
    bridge(vlan, OURS, Ntf.EXT_LEARNED);
    bridge(vlan, BY_HAND, 0);
  }
  bridge(30, parseMac('02:00:00:00:00:03'), Ntf.EXT_LEARNED, accessIfindex);
  for (const vni of [VNI, FOREIGN, GONE, GONE_L3]) {
    vxlan(vni, OURS, Ntf.EXT_LEARNED);
    vxlan(vni, BY_HAND, 0, Nud.PERMANENT);
  }
  for (const vni of [GONE, FOREIGN])
    for (const dst of [DST, ADDED]) vxlan(vni, MAC_ZERO, 0, Nud.NOARP | Nud.PERMANENT, dst);
  await leaf.start();
  let swept = 0;
  if (flush) {
    const done = leaf.dataPlane.flush();
    clock.advance(20_000);
    await done;
  } else swept = leaf.dataPlane.sweep();
  clock.advance(5000);
  const { tables } = kernel;
  const vlans = [10, 20, 30, 1].filter((vlan) => tables.bridgeRow(bridgeIfindex, vlan, OURS));
  const sources = [VNI, FOREIGN, GONE, GONE_L3].filter((vni) => tables.vxlanRow(port, vni, OURS));
  const defaults = [GONE, FOREIGN].flatMap((vni) => [...tables.defaultRows(port, vni)].map(({ dst }) => dst));
  const byHand =
    [10, 20, 30, 1].filter((vlan) => tables.bridgeRow(bridgeIfindex, vlan, BY_HAND)).length +
    [VNI, FOREIGN, GONE, GONE_L3].filter((vni) => tables.vxlanRow(port, vni, BY_HAND)).length;
  const ofHost = tables.bridgeRow(bridgeIfindex, 30, parseMac('02:00:00:00:00:03'))?.port === accessIfindex;
  return { vlans, sources, defaults, byHand, ofHost, swept, operations: kernel.applied.length };
}

const MAPPED = [
  [VNI, 10],
  [FOREIGN, 20],
] as const;
const serves = (vni: Vni) => vni !== FOREIGN;

for (const flush of [false, true])
  test(`rows of VNIs and VLANs that a single device has no mapping of any more go with the ${flush ? 'flush' : 'first sweep'}`, async (t) => {
    const found = await rowsAfter(MAPPED, { serves }, flush);
    t.like(found, { vlans: [20], sources: [FOREIGN], byHand: 8, ofHost: true });
    t.deepEqual(
      found.defaults,
      [ADDED, DST, ADDED],
      'what others added stays, and so does all of a VNI of others',
    );
    if (!flush) t.true(found.swept >= 2);
  });

test('rows of a VNI that the configuration leaves to others stay, mapped or not', async (t) => {
  const { vlans, sources } = await rowsAfter([[VNI, 10]], { serves });
  t.deepEqual(sources, [FOREIGN]);
  t.deepEqual(vlans, [], 'what no VNI is in, nobody can use');
});

test('a device none of whose VNIs is served is left alone', async (t) => {
  const { vlans, sources } = await rowsAfter([[FOREIGN, 20]], { serves });
  t.deepEqual(vlans, [10, 20, 30, 1]);
  t.deepEqual(sources, [VNI, FOREIGN, GONE, GONE_L3]);
});

test('who observes removes none', async (t) => {
  const { vlans, sources, operations } = await rowsAfter(MAPPED, { serves, observes: true });
  t.deepEqual([vlans.length, sources.length, operations], [4, 4, 0]);
});
