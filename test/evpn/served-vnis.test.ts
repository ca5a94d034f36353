import test from 'ava';
import { Nud } from '../../src/dataplane/index.js';
import type { EvpnSettings, VniSettings } from '../../src/evpn/index.js';
import {
  type Ipv4,
  type Mac,
  parseIp,
  parseMac,
  type RouteTargetPattern,
  toVni,
} from '../../src/types/index.js';
import { imet, originated, RecordingLog } from '../bgp/fabric.js';
import { attachment, withVni } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const [VNI, OTHER] = [10010, 10020].map(toVni);
const HOST = parseMac('02:00:00:00:00:01');
const IP = parseIp('192.0.2.11');
const [OF_MAC, OF_IP, TYPE_3] = [
  '[2]:[0]:[48]:[02:00:00:00:00:01]',
  '[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[192.0.2.11]',
  '[3]:[0]:[32]:[10.0.0.1]',
];
const SETTINGS: EvpnSettings = {
  asn: 65001,
  routerId: vtepOf(1) as Ipv4,
  advertiseAllVni: true,
  vnis: new Map(),
};
/** New addresses that a port may have at once where its rate is one a second. */
const BURST = 10;
const anyAs = (vni: number): RouteTargetPattern => ({ kind: 'any-as', localAdministrator: vni });
const vniWith = (settings: Partial<VniSettings>): EvpnSettings => ({
  ...SETTINGS,
  vnis: new Map([
    [
      VNI,
      { advertise: true, rd: undefined, importTargets: undefined, exportTargets: undefined, ...settings },
    ],
  ]),
});

/** Leaf 10.0.0.1 with one VNI, a host there, and two addresses that a neighbor announces. */
async function scene(settings: Partial<EvpnSettings> = {}) {
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const leaf = new Leaf(clock, vtepOf(1), 65001, settings, undefined, {}, log);
  const devices = leaf.world.devices(VNI);
  leaf.addVni(devices);
  await leaf.start();
  leaf.dataPlane.sweep();
  clock.advance(1000);
  const { kernel } = leaf.world;
  const member = new SegmentMember(leaf, 9, vtepOf(9));
  const { importer } = leaf.evpn;
  const reimport = importer.reimport.bind(importer);
  let looks = 0;
  importer.reimport = (destination) => {
    looks++;
    reimport(destination);
  };
  return {
    clock,
    log,
    leaf,
    devices,
    kernel,
    member,
    comes(mac = HOST, ip = IP) {
      leaf.hostSpeaks(devices, mac);
      kernel.putNeigh({
        ifindex: devices.bridgeIfindex,
        ip,
        mac,
        state: Nud.REACHABLE,
        flags: 0,
        protocol: 0,
      });
      clock.advance(1000);
    },
    /** How many routes are looked at again, though they did not change. */
    looksBy(does: () => void) {
      looks = 0;
      does();
      clock.advance(1000);
      return looks;
    },
  };
}

test('routes are looked at again where a VNI comes, its targets change, or other VTEPs are reached, and only then', async (t) => {
  const { leaf, kernel, devices, member, looksBy, clock } = await scene();
  member.macIp(HOST, VNI);
  clock.advance(1000);
  const others = leaf.world.devices(OTHER);
  const seen = (over: Partial<typeof kernel.topology>) => () =>
    kernel.setTopology({ ...kernel.topology, ...over });
  const { ownVteps } = kernel.topology;
  const steps: readonly (readonly [string, () => void, number])[] = [
    ['the same settings', () => leaf.evpn.reconfigure(SETTINGS), 0],
    ['targets', () => leaf.evpn.reconfigure(vniWith({ importTargets: [anyAs(10010), anyAs(99)] })), 1],
    [
      'the same in another order',
      () => leaf.evpn.reconfigure(vniWith({ importTargets: [anyAs(99), anyAs(10010)] })),
      0,
    ],
    ['another RD', () => leaf.evpn.reconfigure(SETTINGS), 1],
    [
      'a VNI whose VTEP is known',
      () =>
        kernel.setTopology({
          ...withVni(kernel.topology, others, attachment(OTHER, others, vtepOf(1))),
          ownVteps,
        }),
      1,
    ],
    ['the same topology', seen({}), 0],
    ['another VTEP of ours', seen({ ownVteps: new Set([...ownVteps, vtepOf(3)]) }), 1],
    ['a VNI that goes', () => leaf.removeVni(others), 0],
    ['a VNI whose device has no VTEP', () => leaf.addVni(devices, { localVtep: undefined }), 1],
  ];
  for (const [name, does, wanted] of steps) t.is(looksBy(does), wanted, name);
});

test('a VNI that begins to be served, or to forward, has the hosts that are there already', async (t) => {
  const { leaf, devices, clock, comes } = await scene({ ...vniWith({ advertise: false }) });
  t.deepEqual(leaf.originated(), []);
  comes();
  t.deepEqual(leaf.originated(), []);
  leaf.evpn.reconfigure(SETTINGS);
  clock.advance(1000);
  t.deepEqual(leaf.originated(), [OF_MAC, OF_IP, TYPE_3]);
  leaf.addVni(devices, { up: false });
  clock.advance(1000);
  t.deepEqual(leaf.originated(), []);
  leaf.addVni(devices);
  clock.advance(1000);
  t.deepEqual(leaf.originated(), [OF_MAC, OF_IP, TYPE_3]);
});

test('the hosts that are there when a VNI begins to forward are announced at once, however few a second may come', async (t) => {
  const count = 30;
  const { leaf, devices, clock, comes } = await scene({ newAddressRate: 1 });
  for (let n = 0; n < count; n++) comes((HOST + 1 + n) as Mac, parseIp(`192.0.2.${100 + n}`));
  clock.advance(60_000);
  t.is(leaf.originated().length, 2 * count + 1);
  leaf.addVni(devices, { up: false });
  clock.advance(1000);
  t.is(leaf.originated().length, 0);
  leaf.addVni(devices);
  clock.advance(100);
  t.is(leaf.originated().length, 2 * count + 1);
  for (let n = 0; n < count; n++) leaf.hostSpeaks(devices, (HOST + 100 + n) as Mac);
  clock.advance(100);
  t.is(leaf.originated().length, 2 * count + 1 + BURST, 'and let no other through');
});

test('of a VNI that goes nothing is kept or counted: VTEPs, conflicts, what its ports were held back with', async (t) => {
  const { leaf, devices, log, clock, comes, kernel, member } = await scene({ maxLocalMacs: 0 });
  member.macIp(parseMac('02:00:00:00:00:02'), VNI);
  const source = { neighbor: '192.0.2.8', routerId: 8, internal: false };
  const { extendedCommunities } = originated('10.0.0.8');
  leaf.receive(
    source,
    65_108,
    { nextHop: vtepOf(8), extendedCommunities, pmsiTunnel: { endpoint: vtepOf(8), vni: VNI } },
    [imet('10.0.0.8')],
  );
  comes();
  const { bridgeIfindex, accessIfindex: port } = devices;
  const mac = parseMac('02:00:00:00:00:03');
  kernel.putBridge({ bridgeIfindex, vlan: 0, mac, port, state: Nud.NOARP, flags: 0 });
  clock.advance(1000);
  member.macIp(mac, VNI, { sequence: 1 });
  clock.advance(1000);
  const { vteps, conflicts, admissions } = leaf.evpn;
  const kept = () => [vteps.size, conflicts.of(VNI).length, [...admissions.excesses()].length];
  t.deepEqual(kept(), [2, 1, 1]);
  leaf.removeVni(devices);
  clock.advance(1000);
  t.deepEqual(kept(), [0, 0, 0]);
  t.deepEqual(
    log.lines
      .filter(({ message }) => message.includes('serving VNI'))
      .map(({ facts, message }) => [message, facts]),
    [
      ['serving VNI', { vni: VNI, rd: '10.0.0.1:10010' }],
      ['no longer serving VNI', { vni: VNI }],
    ],
  );
});

test('a port that is unplugged holds nothing back any more', async (t) => {
  const { leaf, devices, clock, comes, kernel } = await scene({ maxLocalMacs: 0 });
  comes();
  const ports = () => [...leaf.evpn.admissions.excesses()].map(({ port }) => port);
  t.deepEqual(ports(), [devices.accessIfindex]);
  leaf.evpn.reconfigure({ ...vniWith({ advertise: false }), maxLocalMacs: 0 });
  clock.advance(1000);
  t.deepEqual(ports(), [], 'nor does a VNI that is served no more');
  leaf.evpn.reconfigure({ ...SETTINGS, maxLocalMacs: 0 });
  clock.advance(1000);
  t.deepEqual(ports(), [devices.accessIfindex]);
  const left = new Map(kernel.topology.ports);
  left.delete(devices.accessIfindex);
  kernel.setTopology({ ...kernel.topology, ports: left });
  clock.advance(1000);
  t.deepEqual(ports(), []);
});
