import test from 'ava';
import type { SingleOperation } from '../../src/dataplane/index.js';
import type { EvpnSettings, VniSettings } from '../../src/evpn/index.js';
import {
  ESI_ZERO,
  type Ip,
  type Ipv4,
  type Mac,
  parseIp,
  parseMac,
  parseRouteTarget,
  RouteDistinguisher,
  type RouteTargetPattern,
  toVni,
  type Vni,
} from '../../src/types/index.js';
import { type EvpnNlri, ExtendedCommunity, formatNlri, RouteType } from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf } from './support/leaf.js';

/*
 * New settings for an evpnd that runs: what differs is changed and nothing else, counted at both ends, by the writes that
 * the kernel gets and by the routes that neighbors are told.
 */
const [RED, BLUE] = [toVni(10010), toVni(10020)];
const HOST = parseMac('02:00:00:00:00:01');
const OTHER_HOST = parseMac('02:00:00:00:00:02');
const IP = parseIp('10.10.10.11');
const REMOTES = 20;
const SOURCE = { neighbor: '192.0.2.9', routerId: 9, internal: false };
const VTEP = vtepOf(9);

const remoteMac = (n: number) => (0x020000010000 + n) as Mac;
const exact = (text: string): RouteTargetPattern => ({ kind: 'exact', routeTarget: parseRouteTarget(text) });
const anyAs = (vni: number): RouteTargetPattern => ({ kind: 'any-as', localAdministrator: vni });
const PLAIN: VniSettings = {
  advertise: true,
  rd: undefined,
  importTargets: undefined,
  exportTargets: undefined,
};
const rdOf = (text: string) => RouteDistinguisher.parse(text);

function macIp(vni: Vni, mac: Mac, ip?: Ip, rd = '10.0.0.9:1'): EvpnNlri {
  return {
    type: RouteType.MAC_IP_ADVERTISEMENT,
    rd: rdOf(rd),
    esi: ESI_ZERO,
    ethernetTag: 0,
    mac,
    ip,
    label1: vni,
    label2: undefined,
  };
}

const attributes = (targets: readonly string[], sequence = 0, vtep = VTEP) => ({
  nextHop: vtep,
  extendedCommunities: [
    ExtendedCommunity.encapsulation(),
    ...targets.map(parseRouteTarget),
    ...(sequence > 0 ? [ExtendedCommunity.macMobility(sequence, false)] : []),
  ],
  pmsiTunnel: undefined,
});

/** A leaf with two VNIs, a local host in each, and remote hosts in the first: all at rest. */
async function leafAtRest(first: Partial<EvpnSettings> = {}) {
  const clock = new VirtualClock();
  const leaf = new Leaf(clock, vtepOf(1), 65001, first);
  const red = leaf.world.devices(RED);
  const blue = leaf.world.devices(BLUE);
  leaf.addVni(red);
  leaf.addVni(blue);
  await leaf.start();
  leaf.dataPlane.sweep();
  // The host came here from elsewhere, so it has a number
  leaf.receive(SOURCE, 65009, attributes(['65009:10010'], 4), [macIp(RED, HOST)]);
  clock.advance(100);
  leaf.hostSpeaks(red, HOST);
  leaf.hostSpeaks(blue, OTHER_HOST);
  leaf.world.kernel.putNeigh({
    ifindex: red.bridgeIfindex,
    ip: IP,
    mac: HOST,
    state: 2,
    flags: 0,
    protocol: 0,
  });
  for (let n = 0; n < REMOTES; n++) {
    const ip = parseIp(`10.10.20.${n}`);
    leaf.receive(SOURCE, 65009, attributes(['65009:10010']), [
      macIp(RED, remoteMac(n)),
      macIp(RED, remoteMac(n), ip),
    ]);
  }
  leaf.receive(SOURCE, 65009, attributes(['65009:10010']), [
    { type: RouteType.INCLUSIVE_MULTICAST, rd: rdOf('10.0.0.9:1'), ethernetTag: 0, originator: VTEP },
  ]);
  clock.advance(20_000);
  const told: string[] = [];
  leaf.localRib.listen({
    changed({ nlri, route }, before) {
      const what = route === undefined ? 'withdraw' : before === undefined ? 'announce' : 'replace';
      told.push(`${what} ${nlri.rd} ${formatNlri(nlri)}`);
    },
  });
  const { kernel } = leaf.world;
  /** Takes over settings and returns what neighbors and kernel were told by it, within `milliseconds`. */
  const reload = (change: Partial<EvpnSettings>, milliseconds = 20_000) => {
    told.length = 0;
    kernel.applied.length = 0;
    leaf.evpn.reconfigure({
      asn: 65001,
      routerId: vtepOf(1) as Ipv4,
      advertiseAllVni: true,
      vnis: new Map(),
      ...first,
      ...change,
    });
    clock.advance(milliseconds);
    // What keeps local hosts known goes on beside it
    return { told: [...told], writes: kernel.applied.filter(({ table }) => table !== 'neigh-probe') };
  };
  const set = (vni: Vni, settings: Partial<VniSettings>): Partial<EvpnSettings> => ({
    vnis: new Map([[vni, { ...PLAIN, ...settings }]]),
  });
  const sequence = () => leaf.evpn.vrf(RED)?.macs.get(HOST)?.ownership.sequence;
  return { clock, leaf, red, blue, reload, set, sequence, told };
}

const NOTHING = { told: [], writes: [] };
const RED_ROUTES = [
  '[2]:[0]:[48]:[02:00:00:00:00:01]',
  '[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.10.10.11]',
  '[3]:[0]:[32]:[10.0.0.1]',
];
const each = (what: string, rd: string) => RED_ROUTES.map((route) => `${what} ${rd} ${route}`);

const deviceOf = (write: SingleOperation) => {
  if (write.table === 'by-hand') return undefined;
  if (write.table === 'bridge') return write.port;
  return 'ifindex' in write ? write.ifindex : undefined;
};

test('settings that say the same in other words change nothing', async (t) => {
  const { reload, set, leaf, sequence } = await leafAtRest();
  const vrf = leaf.evpn.vrf(RED);
  t.is(sequence(), 5);
  t.deepEqual(reload({}), NOTHING);
  t.deepEqual(reload(set(RED, {})), NOTHING);
  t.deepEqual(
    reload(
      set(RED, {
        rd: rdOf('10.0.0.1:10010'),
        importTargets: [anyAs(10010)],
        exportTargets: [parseRouteTarget('65001:10010')],
        flooding: 'head-end-replication',
        advertiseSviIp: false,
      }),
    ),
    NOTHING,
  );
  t.is(leaf.evpn.vrf(RED), vrf);
});

test('an import target more or less brings and takes the routes of the difference alone', async (t) => {
  const { reload, set, leaf, red, sequence } = await leafAtRest();
  const stranger = parseMac('02:00:00:00:02:01');
  const shared = parseMac('02:00:00:00:02:02');
  leaf.receive(SOURCE, 65009, attributes(['65000:999']), [macIp(RED, stranger, undefined, '10.0.0.9:2')]);
  leaf.receive(SOURCE, 65009, attributes(['65000:999', '65009:10010']), [
    macIp(RED, shared, undefined, '10.0.0.9:2'),
  ]);
  const both = [anyAs(10010), exact('65000:999')];
  reload({});
  t.deepEqual(leaf.rowsOf(red, stranger), { port: undefined, dst: undefined });

  const more = reload(set(RED, { importTargets: both }));
  t.deepEqual(more.told, []);
  t.deepEqual(more.writes.map(({ verb, table }) => `${verb} ${table}`).sort(), ['add bridge', 'add vxlan']);
  t.deepEqual(leaf.rowsOf(red, stranger), { port: red.vxlanIfindex, dst: VTEP });
  // In another order it is the same list
  t.deepEqual(reload(set(RED, { importTargets: [...both].reverse() })), NOTHING);

  const less = reload({});
  t.deepEqual(less.told, []);
  t.deepEqual(
    less.writes.map((write) => [write.verb, 'mac' in write && write.mac]),
    [
      ['delete', stranger],
      ['delete', stranger],
    ],
  );
  t.deepEqual(leaf.rowsOf(red, shared), { port: red.vxlanIfindex, dst: VTEP });
  t.is(sequence(), 5);
});

test('a route that two VNIs import leaves the one whose targets change and stays in the other', async (t) => {
  const { reload, leaf, red, blue } = await leafAtRest();
  const mac = remoteMac(0);
  const common = { ...PLAIN, importTargets: [anyAs(10010), anyAs(10020)] };
  const added = reload({ vnis: new Map([[BLUE, common]]) });
  t.deepEqual(added.told, []);
  // Nothing of what the first VNI has is written again
  t.true(
    added.writes.every((write) => (deviceOf(write) === red.vxlanIfindex ? false : write.verb === 'add')),
  );
  t.deepEqual(leaf.rowsOf(blue, mac), { port: blue.vxlanIfindex, dst: VTEP });
  const destination = leaf.rib.destination(macIp(RED, mac));
  t.deepEqual(
    leaf.evpn.importer
      .importersOf(destination!)
      .map(({ vni }) => vni)
      .sort(),
    [RED, BLUE],
  );
  // Both change at once, and one of them only in words
  reload({ vnis: new Map([[RED, { ...PLAIN, importTargets: [exact('65009:10010')] }]]) });
  t.deepEqual(leaf.rowsOf(blue, mac), { port: undefined, dst: undefined });
  t.deepEqual(leaf.rowsOf(red, mac), { port: red.vxlanIfindex, dst: VTEP });
  t.deepEqual(
    leaf.evpn.importer.importersOf(destination!).map(({ vni }) => vni),
    [RED],
  );
  t.is(leaf.evpn.vteps.size, 1);
  t.is([...leaf.evpn.vteps.values()][0].macs, REMOTES);
});

test('a VNI more costs the others not one look', async (t) => {
  const { leaf, clock, red } = await leafAtRest();
  const vrf = leaf.evpn.vrf(RED)!;
  const looks: unknown[] = [];
  const mark = vrf.markMac.bind(vrf);
  vrf.markMac = (entry) => {
    looks.push(entry.mac);
    mark(entry);
  };
  leaf.addVni(leaf.world.devices(toVni(10030)));
  clock.advance(1000);
  t.truthy(leaf.evpn.vrf(toVni(10030)));
  t.deepEqual(leaf.rowsOf(red, remoteMac(0)), { port: red.vxlanIfindex, dst: VTEP });
  t.deepEqual(looks, []);
});

test('export targets: every route is replaced in its place, none withdrawn, numbers stay', async (t) => {
  const { reload, set, leaf, red, clock } = await leafAtRest({ advertiseSviIp: false });
  const targets = ['65001:777', '4200000000:7'].map(parseRouteTarget);
  const { told, writes } = reload(set(RED, { exportTargets: targets }));
  t.deepEqual(told.sort(), each('replace', '10.0.0.1:10010'));
  t.deepEqual(writes, []);
  const communities = [...leaf.localRib.routes()]
    .filter(({ nlri }) => nlri.rd === rdOf('10.0.0.1:10010'))
    .map(({ attributes: { extendedCommunities } }) => extendedCommunities);
  const encapsulation = ExtendedCommunity.encapsulation();
  t.deepEqual(
    communities.map((list) => list.slice(0, 3)),
    [
      [encapsulation, ...targets],
      [encapsulation, ...targets],
      [encapsulation, ...targets],
    ],
  );
  t.is(communities.filter((list) => list[3] === ExtendedCommunity.macMobility(5, false)).length, 2);
  t.deepEqual(reload(set(RED, { exportTargets: [...targets].reverse() })), NOTHING);
  // What is announced later has the new ones, and what is looked at again is not announced again
  leaf.evpn.vrf(RED)!.markMac(leaf.evpn.vrf(RED)!.macEntry(HOST));
  leaf.hostSpeaks(red, parseMac('02:00:00:00:00:07'));
  clock.advance(1000);
  const later = [...leaf.localRib.routes()].find(({ nlri }) => formatNlri(nlri).includes('00:07]'));
  t.deepEqual(later?.attributes.extendedCommunities, [encapsulation, ...targets]);
  t.deepEqual(
    reload({}).told.filter((line) => line.startsWith('withdraw')),
    [],
  );
});

test('an RD: the new routes come first, the old ones go a second later, and rows and numbers stay', async (t) => {
  const { reload, set, clock, told, sequence } = await leafAtRest();
  const first = reload(set(RED, { rd: rdOf('10.0.0.1:77') }), 900);
  t.deepEqual(first.told.sort(), each('announce', '10.0.0.1:77'));
  t.deepEqual(first.writes, []);
  told.length = 0;
  clock.advance(200);
  t.deepEqual([...told].sort(), each('withdraw', '10.0.0.1:10010'));
  t.is(sequence(), 5);
});

test('an RD that goes back before the second is over leaves what is true', async (t) => {
  const { reload, set, leaf, red, clock } = await leafAtRest();
  reload(set(RED, { rd: rdOf('10.0.0.1:77') }), 500);
  // The host leaves meanwhile: neither name of its routes may survive
  leaf.hostAges(red, HOST);
  reload({}, 500);
  clock.advance(5000);
  t.deepEqual(
    [...leaf.localRib.routes()]
      .filter(({ nlri }) => nlri.rd.toString() !== '10.0.0.1:10020')
      .map(({ nlri }) => `${nlri.rd} ${formatNlri(nlri)}`),
    ['10.0.0.1:10010 [3]:[0]:[32]:[10.0.0.1]'],
  );
});

test('two VNIs that exchange their RDs end with their own routes', async (t) => {
  const { reload, leaf } = await leafAtRest();
  const all = () =>
    [...leaf.localRib.routes()]
      .map(
        ({ nlri, attributes: { extendedCommunities } }) =>
          `${nlri.rd} ${formatNlri(nlri)} ${extendedCommunities[1]}`,
      )
      .sort();
  const before = all();
  const swap = (line: string) =>
    line.replace(/^10\.0\.0\.1:(10010|10020)/, (_, n) => `10.0.0.1:${n === '10010' ? 10020 : 10010}`);
  reload({
    vnis: new Map([
      [RED, { ...PLAIN, rd: rdOf('10.0.0.1:10020') }],
      [BLUE, { ...PLAIN, rd: rdOf('10.0.0.1:10010') }],
    ]),
  });
  t.deepEqual(all(), before.map(swap).sort());
  reload({});
  t.deepEqual(all(), before);
});

test('an RD that another VNI had derived: that one takes the next free number, and both keep their routes', async (t) => {
  const { reload, set, leaf } = await leafAtRest();
  const imets = () =>
    [...leaf.localRib.routes()]
      .filter(({ nlri }) => nlri.type === RouteType.INCLUSIVE_MULTICAST)
      .map(({ nlri, attributes: { extendedCommunities } }) => `${nlri.rd} ${extendedCommunities[1]}`)
      .sort();
  const [red, blue] = ['65001:10010', '65001:10020'].map((text) => String(parseRouteTarget(text)));
  t.deepEqual(imets(), [`10.0.0.1:10010 ${red}`, `10.0.0.1:10020 ${blue}`]);
  reload(set(RED, { rd: rdOf('10.0.0.1:10020') }));
  t.deepEqual(imets(), [`10.0.0.1:10020 ${red}`, `10.0.0.1:10021 ${blue}`]);
  // The number that it took is not free either for a VNI that comes later, nor is a configured one
  leaf.addVni(leaf.world.devices(toVni(10021)));
  leaf.clock.advance(2000);
  t.is(String(leaf.evpn.vrf(toVni(10021))?.rd), '10.0.0.1:10022');
  reload({});
  t.deepEqual(imets().slice(0, 2), [`10.0.0.1:10010 ${red}`, `10.0.0.1:10021 ${blue}`]);
});

test('a VNI that goes while its old RD still stands takes both names along', async (t) => {
  const { reload, set, leaf } = await leafAtRest();
  reload(set(RED, { rd: rdOf('10.0.0.1:77') }), 500);
  reload(set(RED, { rd: rdOf('10.0.0.1:77'), advertise: false }), 0);
  t.deepEqual(
    [...leaf.localRib.routes()].filter(({ nlri }) => nlri.rd.toString() !== '10.0.0.1:10020'),
    [],
  );
});

test('RD, both kinds of targets and gateways in one reload', async (t) => {
  const { reload, set, leaf } = await leafAtRest();
  const { told, writes } = reload(
    set(RED, {
      rd: rdOf('10.0.0.1:77'),
      exportTargets: [parseRouteTarget('65001:777')],
      importTargets: [anyAs(10010), exact('65000:999')],
    }),
    900,
  );
  t.deepEqual(writes, []);
  t.deepEqual(
    told.filter((line) => line.startsWith('withdraw')),
    [],
  );
  t.true(
    [...leaf.localRib.routes()]
      .filter(({ nlri }) => nlri.rd === rdOf('10.0.0.1:77'))
      .every(({ attributes: { extendedCommunities } }) =>
        extendedCommunities.includes(parseRouteTarget('65001:777')),
      ),
  );
});

test('a duplicate stays one, frozen or not, with its history', async (t) => {
  const duplicates = {
    enabled: true,
    moves: 2,
    window: 180,
    action: 'freeze' as const,
    freezeTime: undefined,
  };
  const { reload, set, leaf, red, clock } = await leafAtRest({ duplicates });
  for (let n = 0; n < 4; n++) {
    leaf.receive(SOURCE, 65009, attributes(['65009:10010'], 10 + 2 * n), [macIp(RED, HOST)]);
    clock.advance(50);
    leaf.hostAges(red, HOST);
    leaf.hostSpeaks(red, HOST);
    clock.advance(50);
  }
  const subject = { vni: RED, mac: HOST };
  const before = leaf.evpn.duplicates.find(subject);
  t.true(before?.frozen);
  const { history } = leaf.evpn.vrf(RED)!.macs.get(HOST)!;
  const change = {
    importTargets: [anyAs(10010), exact('65000:9')],
    exportTargets: [parseRouteTarget('1:1')],
  };
  const { told } = reload(set(RED, change));
  t.deepEqual(leaf.evpn.duplicates.find(subject), before);
  t.is(leaf.evpn.vrf(RED)!.macs.get(HOST)!.history, history);
  // It is announced with the new targets though nothing about it is decided any more
  t.deepEqual(
    told.filter((line) => !line.startsWith('replace')),
    [],
  );
  t.true(
    [...leaf.localRib.routes()]
      .filter(({ nlri }) => nlri.rd === leaf.evpn.vrf(RED)!.rd)
      .every(({ attributes: a }) => a.extendedCommunities.includes(parseRouteTarget('1:1'))),
  );
});

test("another AS or router id renames the VNIs' routes and takes no row", async (t) => {
  const { reload } = await leafAtRest();
  const { told, writes } = reload({ asn: 65077, routerId: vtepOf(77) as Ipv4 }, 900);
  t.deepEqual(writes, []);
  t.deepEqual(
    told.filter((line) => line.startsWith('withdraw')),
    [],
  );
  t.true(told.some((line) => line.startsWith('announce 10.0.0.77:10010')));
});
