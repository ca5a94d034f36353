import test from 'ava';
import { Ntf, Nud, OUR_ROWS } from '../../src/dataplane/index.js';
import { DEFAULT_DUPLICATE_SETTINGS, MAX_SEQUENCE, Rule } from '../../src/evpn/index.js';
import { type Ip, type Mac, parseIp, parseMac, RouteDistinguisher, toVni } from '../../src/types/index.js';
import { ExtendedCommunity, NdFlag } from '../../src/wire/index.js';
import { macRoute } from '../bgp/fabric.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('02:00:00:00:00:02');
const IPS = [parseIp('192.0.2.11'), parseIp('2001:db8::11')];
const SOURCE = { neighbor: '10.1.0.1', routerId: 9, internal: false };

/** One leaf, 10.0.0.2, and routes that a neighbor sends. */
async function leaf(over: Partial<typeof DEFAULT_DUPLICATE_SETTINGS> = {}) {
  const clock = new VirtualClock();
  const one = new Leaf(clock, vtepOf(2), 65001, { duplicates: { ...DEFAULT_DUPLICATE_SETTINGS, ...over } });
  const devices = one.world.devices(VNI);
  one.addVni(devices);
  await one.start();
  one.dataPlane.sweep();
  const { kernel } = one.world;
  const pass = () => clock.advance(500);
  const route = (n: number, mac: Mac, ip: Ip | undefined, rd = `10.0.0.${n}:1`) =>
    macRoute(mac, { rd: RouteDistinguisher.parse(rd), ip });
  const announce = (n: number, mac: Mac, ip: Ip | undefined, communities: bigint[], rd?: string) => {
    const attributes = {
      nextHop: vtepOf(n),
      extendedCommunities: [
        ExtendedCommunity.encapsulation(),
        one.evpn.vrf(VNI)!.exportTargets[0],
        ...communities,
      ],
      pmsiTunnel: undefined,
    };
    one.receive(SOURCE, 65000, attributes, [route(n, mac, ip, rd)]);
    pass();
  };
  const withdraw = (n: number, mac: Mac, ip: Ip | undefined) => {
    one.receive(SOURCE, 65000, undefined, [route(n, mac, ip)]);
    pass();
  };
  const put = (mac: Mac, state: number, flags: number) => {
    const { bridgeIfindex, accessIfindex: port } = devices;
    kernel.putBridge({ bridgeIfindex, vlan: 0, mac, port, state, flags });
    pass();
  };
  const speaks = (mac: Mac) => {
    one.hostSpeaks(devices, mac);
    pass();
  };
  const resolves = (ip: Ip, mac: Mac, state: number = Nud.REACHABLE) => {
    kernel.putNeigh({ ifindex: devices.bridgeIfindex, ip, mac, state, flags: 0, protocol: 0 });
    pass();
  };
  const row = (mac: Mac) => kernel.tables.bridgeRow(devices.bridgeIfindex, 0, mac);
  const neigh = (ip: Ip) => kernel.tables.neighRow(devices.bridgeIfindex, ip);
  const told = () => [...one.localRib.routes()].map(({ nlri }) => nlri);
  return { clock, one, devices, kernel, pass, announce, withdraw, put, speaks, resolves, row, neigh, told };
}

const mobility = (sequence: number, sticky = false) => ExtendedCommunity.macMobility(sequence, sticky);
const PINS = [
  [Rule.STICKY, mobility(0, true)],
  [Rule.GATEWAY, ExtendedCommunity.defaultGateway()],
  [Rule.IMMUTABLE, ExtendedCommunity.neighborFlags(NdFlag.IMMUTABLE)],
] as const;

for (const [pin, community] of PINS)
  test(`${pin}: frames and words of a host here move neither MAC nor IP, and the conflict is shown`, async (t) => {
    const { one, devices, kernel, announce, speaks, resolves, row, neigh, told } = await leaf();
    for (const ip of IPS) announce(9, HOST, ip, [community]);
    t.like(row(HOST), { port: devices.vxlanIfindex, ...OUR_ROWS.pinnedBridge });
    const applied = kernel.applied.length;
    for (let i = 0; i < 20; i++) speaks(HOST);
    t.is(kernel.applied.length, applied);
    speaks(OTHER);
    for (const ip of IPS) resolves(ip, OTHER);
    for (const ip of IPS) t.is(neigh(ip)?.mac, HOST);
    t.false(told().some((nlri) => 'mac' in nlri && (nlri.mac === HOST || nlri.ip !== undefined)));
    t.deepEqual(
      one.evpn.conflicts.of(VNI).map(({ mac, ip, device, vtep, pin: by }) => [mac, ip, device, vtep, by]),
      IPS.map((ip) => [OTHER, ip, 'p10010', vtepOf(9), pin]),
    );
    for (const ip of IPS) announce(9, HOST, ip, []);
    t.is(row(HOST)?.flags, Ntf.EXT_LEARNED, 'unpinned in place');
  });

test('a local host that was there first loses its MAC to a pin, and the conflict is shown for a while', async (t) => {
  const { clock, one, devices, announce, speaks, row } = await leaf();
  speaks(HOST);
  announce(9, HOST, undefined, [mobility(0, true)]);
  t.like(row(HOST), { port: devices.vxlanIfindex, ...OUR_ROWS.pinnedBridge });
  t.is(one.evpn.conflicts.of(VNI).length, 1);
  clock.advance(600_000);
  t.is(one.evpn.conflicts.of(VNI).length, 0);
});

for (const [what, flags] of [
  ['static', 0],
  ['static and sticky', Ntf.STICKY],
] as const)
  for (const n of [1, 9])
    test(`a ${what} row stands against a sticky claim of 10.0.0.${n}, whatever came first`, async (t) => {
      const { one, devices, announce, withdraw, put, row, told } = await leaf();
      const isHere = () =>
        row(HOST)?.port === devices.accessIfindex &&
        told().some((nlri) => 'mac' in nlri && nlri.mac === HOST);
      put(HOST, Nud.NOARP, flags);
      announce(n, HOST, undefined, [mobility(0, true)]);
      t.true(isHere());
      withdraw(n, HOST, undefined);
      t.true(isHere());
      t.is(one.evpn.conflicts.of(VNI).length, 0);
      one.hostAges(devices, HOST);
      announce(n, HOST, undefined, [mobility(0, true)]);
      t.is(row(HOST)?.port, devices.vxlanIfindex);
      put(HOST, Nud.NOARP, flags);
      t.true(isHere());
      withdraw(n, HOST, undefined);
      t.true(isHere());
    });

test("an operator's neighbor stands against a claim with a higher number", async (t) => {
  const { announce, speaks, resolves, neigh } = await leaf();
  speaks(HOST);
  resolves(IPS[0], HOST, Nud.PERMANENT);
  announce(9, OTHER, IPS[0], [mobility(7)]);
  t.like(neigh(IPS[0]), { mac: HOST, state: Nud.PERMANENT });
});

test('a MAC that turns sticky, or no longer is, tells its IPs of both families', async (t) => {
  const { one, put, speaks, resolves } = await leaf();
  const flagged = () =>
    [...one.localRib.routes()].filter(({ attributes }) =>
      attributes.extendedCommunities.includes(mobility(0, true)),
    ).length;
  speaks(HOST);
  for (const ip of IPS) resolves(ip, HOST);
  t.is(flagged(), 0);
  put(HOST, Nud.NOARP, Ntf.STICKY);
  t.is(flagged(), 3);
  put(HOST, Nud.REACHABLE, 0);
  t.is(flagged(), 0);
});

test('our own route that comes back with another next hop is no claim; a higher number is', async (t) => {
  const { one, devices, announce, speaks, row } = await leaf();
  speaks(HOST);
  const rd = String(one.evpn.vrf(VNI)!.rd);
  announce(1, HOST, undefined, [], rd);
  t.is(row(HOST)?.port, devices.accessIfindex);
  announce(1, HOST, undefined, [mobility(1)], rd);
  t.is(row(HOST)?.port, devices.vxlanIfindex);
});

const FREEZE = { action: 'freeze', moves: 2, window: 1800 } as const;

for (const how of ['ages', 'device down'] as const)
  test(`frozen here: ${how}, and nobody else gets it until it is cleared`, async (t) => {
    const { one, devices, kernel, announce, speaks, pass, row, told } = await leaf({ ...FREEZE, moves: 3 });
    announce(9, HOST, undefined, []);
    speaks(HOST);
    announce(9, HOST, undefined, [mobility(2)]);
    speaks(HOST);
    t.true(one.evpn.duplicates.find({ vni: VNI, mac: HOST })?.frozen);
    announce(9, HOST, undefined, [mobility(9)]);
    t.is(row(HOST)?.port, devices.accessIfindex);
    if (how === 'device down') one.addVni(devices, { up: false });
    else kernel.dropBridge(devices.bridgeIfindex, 0, HOST);
    pass();
    t.false(told().some((nlri) => 'mac' in nlri && nlri.mac === HOST));
    t.is(row(HOST)?.port, how === 'device down' ? devices.accessIfindex : undefined);
    if (how === 'device down') one.addVni(devices);
    one.evpn.duplicates.clear({ vni: VNI, mac: HOST });
    pass();
    if (how !== 'device down') t.is(row(HOST)?.port, devices.vxlanIfindex);
  });

test('frozen at another leaf: its withdraw is followed, and the next leaf does not get it', async (t) => {
  const { one, devices, announce, withdraw, speaks, row } = await leaf(FREEZE);
  announce(9, HOST, undefined, []);
  speaks(HOST);
  announce(9, HOST, undefined, [mobility(2)]);
  t.like(one.evpn.duplicates.find({ vni: VNI, mac: HOST }), {
    frozen: true,
    places: [{ device: 'p10010' }, { vtep: vtepOf(9) }],
  });
  t.like(row(HOST), { port: devices.vxlanIfindex, ...OUR_ROWS.pinnedBridge });
  announce(8, HOST, undefined, [mobility(5)]);
  t.is(one.rowsOf(devices, HOST).dst, vtepOf(9));
  withdraw(9, HOST, undefined);
  t.deepEqual(one.rowsOf(devices, HOST), { port: undefined, dst: undefined });
  one.evpn.duplicates.clear({ vni: VNI, mac: HOST });
  one.clock.advance(500);
  t.is(one.rowsOf(devices, HOST).dst, vtepOf(8));
});

test('an IP and a MAC that move between two other leaves are counted; a leaf that steps in is no move', async (t) => {
  const { one, announce, withdraw, neigh, row } = await leaf({ ...FREEZE, moves: 3 });
  for (let i = 0; i < 4; i++) announce(8 + (i % 2), i % 2 ? OTHER : HOST, IPS[0], [mobility(i)]);
  t.true(one.evpn.duplicates.find({ vni: VNI, ip: IPS[0] })?.frozen);
  const holder = neigh(IPS[0])?.mac;
  announce(8, HOST, IPS[0], [mobility(20)]);
  t.is(neigh(IPS[0])?.mac, holder);
  const third = parseMac('02:00:00:00:00:03');
  announce(8, third, undefined, [mobility(1)]);
  for (let i = 0; i < 5; i++) {
    announce(7, third, undefined, [mobility(1)]);
    withdraw(7, third, undefined);
  }
  t.is(one.evpn.duplicates.find({ vni: VNI, mac: third }), undefined);
  for (let i = 2; i < 6; i++) announce(7 + (i % 2), third, undefined, [mobility(i)]);
  t.true(one.evpn.duplicates.find({ vni: VNI, mac: third })?.frozen);
  t.like(row(third), OUR_ROWS.pinnedBridge);
});

test('the highest sequence number is a duplicate at once, and never one more', async (t) => {
  const { one, announce, speaks } = await leaf();
  speaks(HOST);
  announce(9, HOST, undefined, [mobility(MAX_SEQUENCE)]);
  speaks(HOST);
  t.truthy(one.evpn.duplicates.find({ vni: VNI, mac: HOST }));
  t.is(one.evpn.vrf(VNI)?.macs.get(HOST)?.ownership.sequence, MAX_SEQUENCE);
});

test('an IP that comes here from a MAC with the highest number is ours for good, or never', async (t) => {
  for (const [n, owner] of [
    [9, 'local'],
    [1, 'remote'],
  ] as const) {
    const { one, announce, speaks, resolves } = await leaf();
    const ip = IPS[0];
    speaks(HOST);
    announce(n, OTHER, ip, [mobility(MAX_SEQUENCE)]);
    resolves(ip, HOST);
    for (let looks = 0; looks < 2; looks++) {
      t.is(one.evpn.vrf(VNI)?.ips.get(ip)?.owner, owner, `VTEP ${n}`);
      announce(n, OTHER, ip, [mobility(MAX_SEQUENCE)]);
    }
    t.is(one.evpn.vrf(VNI)?.macs.get(HOST)?.ownership.sequence, owner === 'local' ? MAX_SEQUENCE : 0);
  }
});
