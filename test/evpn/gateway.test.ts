import test from 'ava';
import { Nud } from '../../src/dataplane/index.js';
import type { EvpnSettings } from '../../src/evpn/index.js';
import { formatMac, type Ip, type Ipv4, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { describeExtendedCommunity, formatNlri } from '../../src/wire/index.js';
import { usable, withAddresses, withOwn } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';

const VNI = toVni(10010);
const SVI = parseMac('02:00:00:00:0a:01');
const OTHER_SVI = parseMac('02:00:00:00:0a:02');
const HOST = parseMac('02:00:00:00:00:01');
const OWN = ['10.10.10.101', 'fd10:10::101', 'fe80::101'].map(parseIp);

async function fabric(settings: Partial<EvpnSettings>) {
  const clock = new VirtualClock();
  const leaves = [new Leaf(clock, vtepOf(1), 65001, settings), new Leaf(clock, vtepOf(2), 65002)];
  const devices = leaves.map((leaf) => leaf.world.devices(VNI));
  for (const [i, leaf] of leaves.entries()) {
    leaf.addVni(devices[i], i === 0 ? { sviMac: SVI } : {});
    await leaf.start();
  }
  const wire = new Wire(leaves);
  const addresses = (...ips: Ip[]) => {
    const { kernel } = leaves[0].world;
    kernel.setTopology({
      ...withOwn(kernel.topology, VNI, [SVI], ips),
      interfaces: withAddresses(kernel.topology, devices[0].bridgeIfindex, ips),
    });
    wire.quiesce(clock);
  };
  addresses(...OWN);
  const said = () =>
    [...leaves[0].localRib.routes()]
      .map(
        ({ nlri, attributes }) =>
          `${formatNlri(nlri)} ${attributes.extendedCommunities.map(describeExtendedCommunity).join(' ')}`,
      )
      .filter((line) => line.startsWith('[2]'))
      .sort();
  return { clock, leaves, devices, wire, addresses, said };
}

const route = (ip: string, communities: string, svi = SVI) =>
  `[2]:[0]:[48]:[${formatMac(svi)}]:[${ip.includes(':') ? 128 : 32}]:[${ip}] encapsulation:VXLAN rt:65001:10010${communities}`;

test("an SVI's own addresses are not announced unless told to", async (t) => {
  const { said } = await fabric({});
  t.deepEqual(said(), []);
});

test('as a host: MAC/IP routes as any, withdrawn with the address, the SVI or the setting', async (t) => {
  const { said, addresses, leaves, devices } = await fabric({ advertiseSviIp: true });
  t.deepEqual(said(), [route('fd10:10::101', ''), route('fe80::101', ''), route('10.10.10.101', '')]);
  const row = leaves[1].world.kernel.tables.neighRow(devices[1].bridgeIfindex, OWN[0]);
  t.is(row?.mac, SVI);
  t.false(leaves[1].dataPlane.plane(VNI)?.macs.get(SVI)?.pinned);
  addresses(OWN[0]);
  t.deepEqual(said(), [route('10.10.10.101', '')]);
  leaves[0].evpn.reconfigure({ asn: 65001, routerId: 1 as never, advertiseAllVni: true, vnis: new Map() });
  t.deepEqual(said(), []);
});

test('as the default gateway: with its community, IPv6 as a router, pinned at the others', async (t) => {
  const { said, leaves, devices } = await fabric({
    vnis: new Map([
      [
        VNI,
        {
          advertise: true,
          rd: undefined,
          importTargets: undefined,
          exportTargets: undefined,
          advertiseDefaultGateway: true,
        },
      ],
    ]),
  });
  t.deepEqual(said(), [
    route('fd10:10::101', ' default-gateway arp-nd:router'),
    route('fe80::101', ' default-gateway arp-nd:router'),
    route('10.10.10.101', ' default-gateway'),
  ]);
  t.true(leaves[1].dataPlane.plane(VNI)?.macs.get(SVI)?.pinned);
  leaves[0].removeVni(devices[0]);
  leaves[0].clock.advance(1_000);
  t.deepEqual(said(), []);
});

test('only addresses that can be used are announced, and only where the VNI can forward and has an SVI', async (t) => {
  const { said, leaves, devices, clock } = await fabric({ advertiseSviIp: true });
  const { kernel } = leaves[0].world;
  const ifindex = devices[0].bridgeIfindex;
  const [fine, tentative, failed] = OWN;
  const addresses = [
    usable(fine),
    { ...usable(tentative), state: 'tentative' as const },
    { ...usable(failed), state: 'dadfailed' as const },
    usable(parseIp('127.0.0.1')),
  ];
  kernel.setTopology({
    ...kernel.topology,
    interfaces: new Map(kernel.topology.interfaces).set(ifindex, { name: 'svi', running: true, addresses }),
  });
  clock.advance(1_000);
  t.deepEqual(said(), [route('10.10.10.101', '')]);
  leaves[0].addVni(devices[0], { sviMac: SVI, up: false });
  clock.advance(1_000);
  t.deepEqual(said(), [], 'it cannot forward');
  leaves[0].addVni(devices[0], { sviMac: SVI });
  clock.advance(1_000);
  t.deepEqual(said(), [route('10.10.10.101', '')]);
  leaves[0].addVni(devices[0], { sviMac: SVI, sviIfindex: 0 });
  clock.advance(1_000);
  t.deepEqual(said(), [], 'it has no SVI');
  leaves[0].addVni(devices[0], { sviMac: undefined });
  clock.advance(1_000);
  t.deepEqual(said(), [], 'of whose MAC nothing is known');
});

test('an SVI that gets another MAC, or another role, is announced so, and is withdrawn as it was announced', async (t) => {
  const { said, leaves, devices, clock, addresses } = await fabric({ advertiseSviIp: true });
  addresses(OWN[0]);
  leaves[0].addVni(devices[0], { sviMac: OTHER_SVI });
  clock.advance(1_000);
  t.deepEqual(said(), [route('10.10.10.101', '', OTHER_SVI)]);
  const settings = { asn: 65001, routerId: vtepOf(1) as Ipv4, advertiseAllVni: true };
  const own = { advertise: true, rd: undefined, importTargets: undefined, exportTargets: undefined };
  const ofVni = (over: object) => new Map([[VNI, { ...own, ...over }]]);
  leaves[0].evpn.reconfigure({ ...settings, advertiseDefaultGateway: true, vnis: new Map() });
  t.deepEqual(said(), [route('10.10.10.101', ' default-gateway', OTHER_SVI)], 'as the gateway');
  leaves[0].evpn.reconfigure({
    ...settings,
    advertiseDefaultGateway: true,
    vnis: ofVni({ advertiseDefaultGateway: false, advertiseSviIp: true }),
  });
  t.deepEqual(said(), [route('10.10.10.101', '', OTHER_SVI)], 'as a host, in this VNI');
  leaves[0].addVni(devices[0], { sviMac: SVI });
  clock.advance(1_000);
  t.deepEqual(said(), [route('10.10.10.101', '')], 'with the MAC that it had');
  leaves[0].evpn.reconfigure({ ...settings, advertiseSviIp: true, vnis: ofVni({ advertiseSviIp: false }) });
  t.deepEqual(said(), []);
});

test('what an SVI has is announced once', async (t) => {
  const { said, leaves, clock, devices } = await fabric({ advertiseSviIp: true });
  const before = said();
  let originated = 0;
  const { localRib } = leaves[0];
  const originate = localRib.originate.bind(localRib);
  localRib.originate = (...args: Parameters<typeof originate>) => {
    originated++;
    return originate(...args);
  };
  leaves[0].addVni(devices[0], { sviMac: SVI });
  clock.advance(1_000);
  t.deepEqual(said(), before);
  t.is(originated, 0);
});

test('a host that takes our own address is not believed', async (t) => {
  const { clock, leaves, devices, wire, said } = await fabric({});
  leaves[0].hostSpeaks(devices[0], HOST);
  leaves[0].world.kernel.putNeigh({
    ifindex: devices[0].bridgeIfindex,
    ip: OWN[0],
    mac: HOST,
    state: Nud.REACHABLE,
    flags: 0,
    protocol: 0,
  });
  wire.quiesce(clock);
  t.deepEqual(said(), [`[2]:[0]:[48]:[${formatMac(HOST)}] encapsulation:VXLAN rt:65001:10010`]);
});
