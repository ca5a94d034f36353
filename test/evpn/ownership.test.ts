import test from 'ava';
import { Ntf, Nud } from '../../src/dataplane/index.js';
import { ESI_ZERO, MAC_ZERO, type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { ExtendedCommunity, type MacIpAdvertisement, RouteType } from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';

/* Whose a row is, seen from the routes: what is announced of the rows of others, and what a route does to them. */
const VNI = toVni(10010);
const L3VNI = toVni(50000);
const HOST = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('02:00:00:00:00:02');
const IP = parseIp('10.10.10.11');

async function pair() {
  const clock = new VirtualClock();
  const leaves = [new Leaf(clock, vtepOf(1), 65001), new Leaf(clock, vtepOf(2), 65002)] as const;
  const devices = leaves.map((leaf) => leaf.world.devices(VNI));
  for (const [i, leaf] of leaves.entries()) {
    leaf.addVni(devices[i]);
    await leaf.start();
    leaf.dataPlane.sweep();
  }
  const wire = new Wire(leaves);
  wire.quiesce(clock);
  return { clock, here: leaves[0], there: leaves[1], ours: devices[0], theirs: devices[1], wire };
}

/** All that is ours has gone. */
async function flushed({ dataPlane }: Leaf, clock: VirtualClock): Promise<void> {
  const done = dataPlane.flush();
  clock.advance(20_000);
  await done;
}

for (const state of [Nud.NOARP, Nud.PERMANENT, Nud.NOARP | Nud.PERMANENT])
  test(`rows set by hand with state ${state} stand before, while and after a route names their MAC`, async (t) => {
    const { clock, here, there, ours, theirs, wire } = await pair();
    const { kernel } = here.world;
    const { bridgeIfindex, vxlanIfindex: port } = ours;
    const dst = parseIp('10.0.0.77');
    const bridge = { bridgeIfindex, vlan: 0, mac: HOST, port, state, flags: 0 };
    const vxlan = { ifindex: port, srcVni: 0, mac: HOST, dst, nexthopId: 0, state, flags: Ntf.SELF };
    const neigh = { ifindex: bridgeIfindex, ip: IP, mac: OTHER, state, flags: 0, protocol: 0 };
    kernel.putBridge(bridge);
    kernel.putVxlan(vxlan);
    kernel.putNeigh(neigh);
    const stands = (when: string) => {
      t.like(kernel.tables.bridgeRow(bridgeIfindex, 0, HOST), bridge, when);
      t.like(kernel.tables.vxlanRow(port, 0, HOST), vxlan, when);
      t.like(kernel.tables.neighRow(bridgeIfindex, IP), neigh, when);
    };
    there.hostSpeaks(theirs, HOST);
    there.world.kernel.putNeigh({ ...neigh, ifindex: theirs.bridgeIfindex, mac: HOST, state: Nud.REACHABLE });
    wire.quiesce(clock);
    stands('while the routes stand');
    const blocked = [...here.dataPlane.drift.drifts()].filter(({ resolvedAt }) => resolvedAt === undefined);
    t.deepEqual(blocked.map(({ cause, which }) => `${which.table} ${cause}`).sort(), [
      'mac blocked',
      'neigh blocked',
    ]);
    there.hostAges(theirs, HOST);
    there.world.kernel.dropNeigh(theirs.bridgeIfindex, IP);
    wire.quiesce(clock);
    stands('after the withdraw');
    t.is(here.dataPlane.drift.openCount, 0);
    await flushed(here, clock);
    stands('after the flush');
  });

test('a row of ours that is made permanent is left to whoever did so, until it goes', async (t) => {
  const { clock, here, there, ours, theirs, wire } = await pair();
  there.hostSpeaks(theirs, HOST);
  wire.quiesce(clock);
  const { kernel } = here.world;
  const dst = parseIp('10.0.0.77');
  const row = { ifindex: ours.vxlanIfindex, srcVni: 0, mac: HOST, dst, nexthopId: 0 };
  kernel.putVxlan({ ...row, state: Nud.NOARP | Nud.PERMANENT, flags: Ntf.SELF });
  clock.advance(10);
  t.is(kernel.tables.vxlanRow(ours.vxlanIfindex, 0, HOST)?.dst, dst);
  t.like([...here.dataPlane.drift.drifts()].at(-1), { cause: 'blocked', action: 'left-alone' });
  kernel.dropVxlan(ours.vxlanIfindex, 0, HOST, undefined);
  clock.advance(10);
  t.deepEqual(here.rowsOf(ours, HOST), { port: ours.vxlanIfindex, dst: vtepOf(2) });
});

test('a host on a locked port is announced when it is authorised, and its IP with it', async (t) => {
  const { clock, here, ours, wire } = await pair();
  const { bridgeIfindex, accessIfindex: port } = ours;
  const row = { bridgeIfindex, vlan: 0, mac: HOST, port, state: Nud.REACHABLE };
  here.world.kernel.putBridge({ ...row, flags: Ntf.EXT_LOCKED });
  here.world.kernel.putNeigh({
    ifindex: bridgeIfindex,
    ip: IP,
    mac: HOST,
    state: Nud.REACHABLE,
    flags: 0,
    protocol: 0,
  });
  wire.quiesce(clock);
  t.deepEqual(here.originated(), ['[3]:[0]:[32]:[10.0.0.1]']);
  here.world.kernel.putBridge({ ...row, flags: 0 });
  wire.quiesce(clock);
  t.is(here.originated().length, 3);
  here.world.kernel.putBridge({ ...row, flags: Ntf.EXT_LOCKED });
  wire.quiesce(clock);
  t.deepEqual(here.originated(), ['[3]:[0]:[32]:[10.0.0.1]'], 'authorisation is taken back');
});

test('the row of a locked host keeps no remote host away, and no remote host is lost to it', async (t) => {
  const { clock, here, there, ours, theirs, wire } = await pair();
  const { bridgeIfindex, accessIfindex: port } = ours;
  here.world.kernel.putBridge({
    bridgeIfindex,
    vlan: 0,
    mac: HOST,
    port,
    state: Nud.REACHABLE,
    flags: Ntf.EXT_LOCKED,
  });
  there.hostSpeaks(theirs, HOST);
  wire.quiesce(clock);
  t.deepEqual(here.rowsOf(ours, HOST), { port: ours.vxlanIfindex, dst: vtepOf(2) });
  t.is(there.evpn.vrf(VNI)?.macs.get(HOST)?.ownership.sequence, 0);
});

for (const protocol of [0, 84])
  test(`a neighbor that another agent wrote with protocol ${protocol} is a local host's`, async (t) => {
    const { clock, here, there, ours, theirs, wire } = await pair();
    const row = { ifindex: ours.bridgeIfindex, ip: IP, mac: HOST, protocol };
    here.hostSpeaks(ours, HOST);
    here.world.kernel.putNeigh({ ...row, state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED });
    wire.quiesce(clock);
    t.true(here.originated().includes('[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.10.10.11]'));
    t.is(there.world.kernel.tables.neighRow(theirs.bridgeIfindex, IP)?.mac, HOST);
    await flushed(here, clock);
    t.is(here.world.kernel.tables.neighRow(ours.bridgeIfindex, IP)?.protocol, protocol, 'it is not removed');
  });

test('the rows of a VXLAN device in no bridge are left alone; those of ours go when it leaves its bridge', async (t) => {
  const { clock, here, there, ours, theirs, wire } = await pair();
  const foreign = here.world.devices(toVni(1));
  here.addVni(foreign, { bridgeIfindex: 0, bridgeName: '', sviIfindex: 0, sviName: '', up: false });
  const { kernel } = here.world;
  const row = {
    ifindex: foreign.vxlanIfindex,
    srcVni: 0,
    dst: vtepOf(7),
    nexthopId: 0,
    state: Nud.REACHABLE,
  };
  kernel.putVxlan({ ...row, mac: HOST, flags: Ntf.SELF | Ntf.EXT_LEARNED });
  kernel.putVxlan({ ...row, mac: MAC_ZERO, flags: Ntf.SELF });
  there.hostSpeaks(theirs, OTHER);
  wire.quiesce(clock);
  t.is(here.rowsOf(ours, OTHER).dst, vtepOf(2));
  here.addVni(ours, { bridgeIfindex: 0, bridgeName: '', sviIfindex: 0, sviName: '', up: false });
  wire.quiesce(clock);
  t.is(here.rowsOf(ours, OTHER).dst, undefined);
  t.deepEqual([...kernel.tables.defaultRows(ours.vxlanIfindex, 0)], []);
  await flushed(here, clock);
  t.is(kernel.tables.vxlanRow(foreign.vxlanIfindex, 0, HOST)?.dst, vtepOf(7));
  t.is([...kernel.tables.defaultRows(foreign.vxlanIfindex, 0)].length, 1);
});

test('the VNI of an IP-VRF gets no hosts from routes that carry it as their second label and its route target', async (t) => {
  const { clock, here, ours } = await pair();
  const l3 = here.world.devices(L3VNI);
  here.addVni(l3);
  clock.advance(20_000);
  const [vrf, l3vrf] = [VNI, L3VNI].map((vni) => here.evpn.vrf(vni));
  if (!vrf || !l3vrf) throw new Error('both VNIs are served');
  const announce = (mac: Mac, over: Partial<MacIpAdvertisement>) =>
    here.receive(
      { neighbor: '192.0.2.9', routerId: 9, internal: false },
      65009,
      {
        nextHop: vtepOf(9),
        extendedCommunities: [
          ExtendedCommunity.encapsulation(),
          ...vrf.exportTargets,
          ...l3vrf.exportTargets,
        ],
        pmsiTunnel: undefined,
      },
      [
        {
          type: RouteType.MAC_IP_ADVERTISEMENT,
          rd: vrf.rd,
          esi: ESI_ZERO,
          ethernetTag: 0,
          mac,
          ip: undefined,
          label1: VNI,
          label2: L3VNI,
          ...over,
        },
      ],
    );
  announce(HOST, { ip: IP });
  announce(HOST, {});
  announce(OTHER, { label1: L3VNI, label2: undefined });
  clock.advance(20_000);
  t.is(here.rowsOf(ours, HOST).dst, vtepOf(9));
  t.is(here.world.kernel.tables.neighRow(ours.bridgeIfindex, IP)?.mac, HOST);
  t.is(here.rowsOf(l3, HOST).dst, undefined);
  t.is(here.world.kernel.tables.neighRow(l3.bridgeIfindex, IP), undefined);
  t.is(here.rowsOf(l3, OTHER).dst, vtepOf(9), "a MAC that is the VNI's own");
});
