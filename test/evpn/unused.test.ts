import test from 'ava';
import { type EvpnSettings, reasonText, UNUSED, whyIpUnused } from '../../src/evpn/index.js';
import {
  ESI_ZERO,
  formatIp,
  type Ip,
  type Ipv4,
  type Log,
  parseIp,
  parseMac,
  RouteDistinguisher,
  routeTargetOfAs2,
  silentLog,
  toVni,
} from '../../src/types/index.js';
import {
  type EvpnNlri,
  ExtendedCommunity,
  type OriginatedAttributes,
  RouteType,
} from '../../src/wire/index.js';
import { RecordingLog } from '../bgp/fabric.js';
import { withOwn } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const SOURCE = { neighbor: '192.0.2.9', routerId: 9, internal: false };
const TARGET = ExtendedCommunity.routeTarget(routeTargetOfAs2(65009, VNI));
const VXLAN = ExtendedCommunity.encapsulation();
const MPLS = ExtendedCommunity.encapsulation(10);
const FAR = parseIp('10.0.0.9');
const FAR6 = parseIp('2001:db8::9');

interface Said {
  readonly vtep?: Ip;
  readonly rd?: string;
  readonly communities?: readonly bigint[];
  readonly pmsi?: Ip | null;
  readonly group?: Ip;
  readonly label?: number;
}

async function leafOf(local = vtepOf(1), settings: Partial<EvpnSettings> = {}, log: Log = silentLog) {
  const clock = new VirtualClock();
  const leaf = new Leaf(clock, vtepOf(1), 65001, settings, undefined, {}, log);
  const devices = leaf.world.devices(VNI);
  leaf.addVni(devices, { localVtep: local });
  await leaf.start();
  leaf.dataPlane.sweep();
  const say = (nlri: EvpnNlri, { vtep = FAR, communities = [VXLAN], pmsi, group, label = VNI }: Said) => {
    const isType3 = nlri.type === RouteType.INCLUSIVE_MULTICAST;
    const attributes: OriginatedAttributes = {
      nextHop: vtep,
      extendedCommunities: [TARGET, ...communities],
      pmsiTunnel:
        isType3 && pmsi !== null
          ? { endpoint: pmsi ?? vtep, vni: label, ...(group !== undefined && { group }) }
          : undefined,
    };
    leaf.receive(SOURCE, 65009, attributes, [nlri]);
    clock.advance(20_000);
  };
  return {
    leaf,
    devices,
    clock,
    say,
    host(said: Said & { ip?: Ip; sequence?: number; sticky?: boolean }) {
      const { ip, sequence = 0, sticky = false, communities = [VXLAN], rd = '10.0.0.9:1' } = said;
      say(type2(rd, ip), {
        ...said,
        communities:
          sequence > 0 || sticky
            ? [...communities, ExtendedCommunity.macMobility(sequence, sticky)]
            : communities,
      });
    },
    flood(originator: Ip, said: Said = {}) {
      say(type3(said.rd ?? '10.0.0.9:1', originator), said);
    },
    gone(nlri: EvpnNlri) {
      leaf.receive(SOURCE, 65009, undefined, [nlri]);
      clock.advance(20_000);
    },
    floods: () =>
      [...leaf.world.kernel.tables.defaultRows(devices.vxlanIfindex, 0)]
        .map(({ dst }) => formatIp(dst as Ip))
        .sort(),
    neigh: (ip: Ip) => leaf.world.kernel.tables.neighRow(devices.bridgeIfindex, ip),
    reasons() {
      const vrf = leaf.evpn.vrf(VNI);
      if (!vrf) throw new Error('no VRF');
      return [...leaf.rib.destinations()].map((destination) =>
        whyIpUnused(destination, vrf, leaf.dataPlane.topology),
      );
    },
    failures: () => leaf.dataPlane.reconciler.stats.failures,
  };
}

const type2 = (rd: string, ip?: Ip): EvpnNlri => ({
  type: RouteType.MAC_IP_ADVERTISEMENT,
  rd: RouteDistinguisher.parse(rd),
  esi: ESI_ZERO,
  ethernetTag: 0,
  mac: HOST,
  ip,
  label1: VNI,
  label2: undefined,
});
const type3 = (rd: string, originator: Ip): EvpnNlri => ({
  type: RouteType.INCLUSIVE_MULTICAST,
  rd: RouteDistinguisher.parse(rd),
  ethernetTag: 0,
  originator,
});

for (const text of [
  '224.0.0.5',
  '239.1.1.1',
  '255.255.255.255',
  '240.0.0.1',
  '0.0.0.0',
  '127.0.0.1',
  '169.254.169.254',
  'ff02::1',
  'ff02::1:ff00:1',
  'ff0e::1',
  '::',
  '::1',
  '::ffff:192.0.2.12',
])
  test(`${text} is no host's: no neighbor row, and its MAC counts; here it is not announced`, async (t) => {
    const { host, neigh, reasons, leaf, devices, clock } = await leafOf();
    const ip = parseIp(text);
    host({ ip });
    t.is(neigh(ip), undefined);
    t.deepEqual(reasons(), ['ip-address']);
    t.is(leaf.rowsOf(devices, HOST).dst, FAR);
    leaf.receive(SOURCE, 65009, undefined, [type2('10.0.0.9:1', ip)]);
    leaf.hostSpeaks(devices, HOST);
    leaf.world.kernel.putNeigh({
      ifindex: devices.bridgeIfindex,
      ip,
      mac: HOST,
      state: 2,
      flags: 0,
      protocol: 0,
    });
    clock.advance(20_000);
    t.deepEqual(leaf.originated(), ['[2]:[0]:[48]:[02:00:00:00:00:01]', '[3]:[0]:[32]:[10.0.0.1]']);
  });

test("the ends of the SVI's subnet are no hosts, from when the SVI has it until it has another", async (t) => {
  const { host, neigh, reasons, leaf, clock } = await leafOf();
  const { kernel } = leaf.world;
  const broadcast = parseIp('192.0.2.255');
  const ends = (...subnetEnds: Ip[]) => {
    kernel.setTopology(withOwn(kernel.topology, VNI, [], [], subnetEnds));
    clock.advance(20_000);
  };
  host({ ip: broadcast });
  t.is(neigh(broadcast)?.mac, HOST);
  ends(parseIp('192.0.2.0'), broadcast);
  t.is(neigh(broadcast), undefined);
  t.deepEqual(reasons(), ['ip-address']);
  ends(parseIp('192.0.2.0'), parseIp('192.0.3.255'));
  t.is(neigh(broadcast)?.mac, HOST);
});

test('addresses beside those are hosts', async (t) => {
  const { host, neigh, reasons } = await leafOf();
  const hosts = ['223.255.255.255', '1.0.0.0', '10.10.10.11', 'fe80::1', '::2', 'fec0::1', '64:ff9b::1'].map(
    parseIp,
  );
  for (const ip of hosts) host({ ip });
  t.true(hosts.every((ip) => neigh(ip)?.mac === HOST));
  t.true(reasons().every((reason) => reason === undefined));
});

for (const { family, local, near, far } of [
  { family: 'IPv4', local: vtepOf(1), near: FAR, far: FAR6 },
  { family: 'IPv6', local: parseIp('2001:db8::1'), near: FAR6, far: FAR },
])
  test(`an ${family} device: a claim of the other family never wins, whatever its number, and asks nothing of the kernel`, async (t) => {
    const { host, flood, floods, reasons, failures, leaf, devices } = await leafOf(local);
    const ip = parseIp('192.0.2.12');
    host({ vtep: near, ip });
    host({ vtep: near });
    host({ vtep: far, rd: '10.0.0.9:2', sequence: 7 });
    host({ vtep: far, rd: '10.0.0.9:3', sticky: true });
    host({ vtep: far, rd: '10.0.0.9:4', sequence: 7, ip });
    flood(near, { vtep: near });
    flood(far, { vtep: far, rd: '10.0.0.9:2' });
    t.is(leaf.rowsOf(devices, HOST).dst, near);
    t.deepEqual(floods(), [formatIp(near)]);
    t.is(failures(), 0);
    t.is(reasons().filter((reason) => reason === 'next-hop-family').length, 4);
    // The only claim that is left is still none
    leaf.receive(SOURCE, 65009, undefined, [type2('10.0.0.9:1'), type2('10.0.0.9:1', ip)]);
    leaf.clock.advance(20_000);
    t.is(leaf.rowsOf(devices, HOST).dst, undefined);
    t.is(leaf.evpn.vrf(VNI)?.counts.remoteMacs, 0);
    t.is(failures(), 0);
  });

test('a device that changes its family takes the claims of the new one', async (t) => {
  const { host, flood, floods, leaf, devices, clock } = await leafOf();
  host({ vtep: FAR6 });
  flood(FAR6, { vtep: FAR6 });
  t.is(leaf.rowsOf(devices, HOST).dst, undefined);
  leaf.addVni(devices, { localVtep: parseIp('2001:db8::1') });
  clock.advance(20_000);
  t.is(leaf.rowsOf(devices, HOST).dst, FAR6);
  t.deepEqual(floods(), ['2001:db8::9']);
});

test('BUM traffic goes to the end of the tunnel, whoever originated the route; two routes of one end are one', async (t) => {
  const { flood, gone, floods, leaf } = await leafOf();
  const routerId = parseIp('10.255.255.9');
  flood(routerId, { pmsi: FAR });
  t.deepEqual(floods(), ['10.0.0.9']);
  flood(parseIp('10.255.255.8'), { pmsi: FAR, rd: '10.0.0.9:2' });
  t.deepEqual(floods(), ['10.0.0.9']);
  t.is(leaf.evpn.vrf(VNI)?.flooding.routes.size, 1);
  gone(type3('10.0.0.9:1', routerId));
  t.deepEqual(floods(), ['10.0.0.9']);
  gone(type3('10.0.0.9:2', parseIp('10.255.255.8')));
  t.deepEqual(floods(), []);
  t.is(leaf.evpn.vteps.size, 0);
});

test('a tunnel that ends elsewhere from now on, becomes a tree, and comes back', async (t) => {
  const { flood, floods, reasons } = await leafOf();
  flood(FAR);
  flood(FAR, { vtep: vtepOf(8) });
  t.deepEqual(floods(), ['10.0.0.8']);
  flood(FAR, { vtep: vtepOf(8), group: parseIp('239.1.1.1') });
  t.deepEqual(floods(), []);
  t.deepEqual(reasons(), ['no-ingress-replication']);
  flood(FAR, { vtep: vtepOf(7) });
  t.deepEqual(floods(), ['10.0.0.7']);
});

test('a route of ours that comes back is counted as one, not as used', async (t) => {
  const { leaf, devices, clock, host } = await leafOf();
  leaf.hostSpeaks(devices, HOST);
  clock.advance(20_000);
  host({ rd: String(leaf.evpn.vrf(VNI)?.rd) });
  host({ rd: '10.0.0.9:1' });
  t.deepEqual(
    [...leaf.rib.destinations()].map((each) => leaf.evpn.importer.whyUnused(each, leaf.dataPlane.topology)),
    ['own-route', undefined],
  );
});

test('what wants an operator is logged, so many lines of each reason a minute; everyday reasons are not', async (t) => {
  const log = new RecordingLog();
  const { host, flood, leaf } = await leafOf(vtepOf(1), {}, log);
  const lines = () =>
    log.lines
      .filter(({ message }) => message.includes('route not used'))
      .map(({ level, facts, message }) => ({ level, message, ...facts }) as Record<string, unknown>);
  host({});
  host({ vtep: vtepOf(1), rd: '10.0.0.9:2' });
  host({ rd: '10.0.0.9:3', ip: parseIp('192.0.2.7') });
  t.deepEqual(lines(), []);
  host({ rd: '10.0.0.9:4', communities: [MPLS] });
  host({ rd: '10.0.0.9:5', vtep: parseIp('127.0.0.1') });
  host({ rd: '10.0.0.9:6', vtep: FAR6 });
  host({ rd: '10.0.0.9:7', ip: parseIp('224.0.0.5') });
  flood(FAR, { rd: '10.0.0.9:8', pmsi: null });
  t.deepEqual(
    lines().map(({ level, neighbor, reason, rd }) => [level, neighbor, reason, rd]),
    [
      ['warn', SOURCE.neighbor, 'encapsulation', '10.0.0.9:4'],
      ['warn', SOURCE.neighbor, 'martian-next-hop', '10.0.0.9:5'],
      ['warn', SOURCE.neighbor, 'next-hop-family', '10.0.0.9:6'],
      ['warn', SOURCE.neighbor, 'ip-address', '10.0.0.9:7'],
      ['warn', SOURCE.neighbor, 'no-pmsi-tunnel', '10.0.0.9:8'],
    ],
  );
  const before = lines().length;
  const attributes: OriginatedAttributes = {
    nextHop: FAR6,
    extendedCommunities: [TARGET, VXLAN],
    pmsiTunnel: undefined,
  };
  for (let i = 0; i < 1000; i++) leaf.receive(SOURCE, 65009, attributes, [type2(`10.0.0.8:${i}`)]);
  leaf.clock.advance(90_000);
  const more = lines().slice(before);
  t.is(more.length, 11);
  t.like(more.at(-1), { suppressed: 990 });
});

for (const end of [
  '0.0.0.0',
  '127.0.0.1',
  '239.1.1.1',
  '255.255.255.255',
  '::',
  '::1',
  'ff02::1',
  '::ffff:0.0.0.0',
])
  test(`a tunnel to ${end} takes nothing, whatever the next hop: counted, logged, and a copy again with the right end`, async (t) => {
    const log = new RecordingLog();
    const { flood, floods, reasons, leaf } = await leafOf(vtepOf(1), {}, log);
    flood(FAR, { pmsi: parseIp(end) });
    t.deepEqual(floods(), []);
    t.is(leaf.evpn.vteps.size, 0);
    const [destination] = leaf.rib.destinations();
    t.is(leaf.evpn.importer.whyUnused(destination, leaf.dataPlane.topology), 'pmsi-endpoint');
    t.is(
      reasonText('pmsi-endpoint', destination.best),
      `tunnel to ${formatIp(parseIp(end))}: its PMSI Tunnel attribute names no end of the tunnel that can be a VTEP (RFC 7432 §11.2)`,
    );
    t.is(log.lines.filter(({ facts }) => 'reason' in facts && facts.reason === 'pmsi-endpoint').length, 1);
    flood(FAR, { pmsi: vtepOf(8) });
    t.deepEqual(floods(), ['10.0.0.8']);
    t.deepEqual(reasons(), [undefined]);
    flood(FAR, { pmsi: parseIp(end) });
    t.deepEqual(floods(), [], 'the copy that went to the right end goes nowhere');
  });

test('the end of a tunnel counts, not the next hop, also IPv4-mapped; without a PMSI attribute nobody is a VTEP', async (t) => {
  const { flood, floods, reasons } = await leafOf();
  flood(FAR, { vtep: vtepOf(8), pmsi: parseIp('::ffff:10.0.0.7') });
  t.deepEqual(floods(), ['10.0.0.7']);
  flood(FAR, { vtep: parseIp('127.0.0.1'), pmsi: vtepOf(7) });
  t.deepEqual(floods(), ['10.0.0.7']);
  flood(FAR, { pmsi: null });
  t.deepEqual(floods(), []);
  t.deepEqual(reasons(), ['no-pmsi-tunnel']);
});

test('a tunnel that ends here takes nothing; one to a multicast tree of a martian next hop neither', async (t) => {
  const { flood, floods, reasons, failures } = await leafOf();
  flood(FAR, { pmsi: vtepOf(1) });
  flood(FAR, { rd: '10.0.0.9:2', vtep: parseIp('127.0.0.1'), group: parseIp('239.1.1.1') });
  t.deepEqual(floods(), []);
  t.deepEqual(reasons(), ['own-next-hop', 'martian-next-hop']);
  t.is(failures(), 0);
});

for (const { what, communities, used } of [
  { what: 'VXLAN', communities: [VXLAN], used: true },
  { what: 'none', communities: [], used: true },
  { what: 'MPLS and VXLAN', communities: [MPLS, VXLAN], used: true },
  { what: 'MPLS', communities: [MPLS], used: false },
  { what: 'NVGRE and MPLS', communities: [ExtendedCommunity.encapsulation(9), MPLS], used: false },
  { what: 'VXLAN-GPE', communities: [ExtendedCommunity.encapsulation(12)], used: false },
])
  test(`tunnel encapsulations: ${what}`, async (t) => {
    const { host, flood, floods, reasons, leaf, devices } = await leafOf();
    host({ communities, ip: parseIp('192.0.2.12') });
    flood(FAR, { communities });
    t.is(leaf.rowsOf(devices, HOST).dst, used ? FAR : undefined);
    t.deepEqual(floods(), used ? ['10.0.0.9'] : []);
    t.deepEqual(reasons(), used ? [undefined, undefined] : ['encapsulation', 'encapsulation']);
  });

const BUNDLE = { importEthernetTags: 'vni' } as const;

test('routes of a VLAN-aware bundle: imported by a setting, where their label names the VNI; at once by a reload', async (t) => {
  const scene = await leafOf();
  const { leaf, devices, clock, floods, say } = scene;
  const tagged = (rd: string, label1: number): EvpnNlri =>
    ({ ...type2(rd), ethernetTag: 10, label1 }) as EvpnNlri;
  const imet: EvpnNlri = { ...type3('10.0.0.9:1', FAR), ethernetTag: 10 } as EvpnNlri;
  say(tagged('10.0.0.9:1', VNI), {});
  say(tagged('10.0.0.9:2', 10999), { vtep: vtepOf(8) });
  say(imet, {});
  t.is(leaf.rowsOf(devices, HOST).dst, undefined);
  t.deepEqual(floods(), []);
  const settings = { asn: 65001, routerId: vtepOf(1) as Ipv4, advertiseAllVni: true, vnis: new Map() };
  leaf.evpn.reconfigure({ ...settings, ...BUNDLE });
  clock.advance(20_000);
  t.is(leaf.rowsOf(devices, HOST).dst, FAR);
  t.deepEqual(floods(), ['10.0.0.9']);
  t.deepEqual(
    scene.reasons().filter((reason) => reason !== undefined),
    ['bundle-label'],
  );
  leaf.evpn.reconfigure(settings);
  clock.advance(20_000);
  t.is(leaf.rowsOf(devices, HOST).dst, undefined);
  t.deepEqual(floods(), []);
});

test('a flood of the same bundle that is another VNI is none of ours', async (t) => {
  const { say, floods, leaf } = await leafOf(vtepOf(1), BUNDLE);
  say({ ...type3('10.0.0.9:1', FAR), ethernetTag: 11 } as EvpnNlri, { label: 10999 });
  t.deepEqual(floods(), []);
  say({ ...type3('10.0.0.9:1', FAR), ethernetTag: 11 } as EvpnNlri, {});
  t.deepEqual(floods(), ['10.0.0.9']);
  say({ ...type3('10.0.0.9:1', FAR), ethernetTag: 11 } as EvpnNlri, { label: 10999 });
  t.deepEqual(floods(), []);
  t.is(leaf.evpn.vrf(VNI)?.flooding.routes.size, 0);
});

test('every reason has words', (t) => {
  for (const { text } of Object.values(UNUSED)) t.regex(text, /^\S.*[^.]$/);
});
