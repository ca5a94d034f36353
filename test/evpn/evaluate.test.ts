import test from 'ava';
import { Evaluator } from '../../src/evpn/evaluate.js';
import { parseIp, parseMac, toVni } from '../../src/types/index.js';
import { ExtendedCommunity } from '../../src/wire/index.js';
import { macRoute, originated } from '../bgp/fabric.js';
import { servingLeaf, vtepOf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const IP = parseIp('192.0.2.11');
const [A, B] = [8, 9].map(vtepOf);

async function scene() {
  const { clock, leaf, devices } = await servingLeaf(VNI);
  const vrf = leaf.evpn.vrf(VNI)!;
  const { kernel } = leaf.world;
  const { bridgeIfindex } = devices;
  const members = [A, B].map((vtep, i) => new SegmentMember(leaf, i + 8, vtep));
  const says =
    (member: number, sequence: number, stands = true) =>
    () => {
      members[member].macIp(HOST, VNI, { sequence, stands });
      members[member].macIp(HOST, VNI, { ip: IP, sequence, stands });
    };
  return {
    clock,
    leaf,
    devices,
    vrf,
    says,
    comes: () => {
      leaf.hostSpeaks(devices, HOST);
      kernel.putNeigh({ ifindex: bridgeIfindex, ip: IP, mac: HOST, state: 2, flags: 0, protocol: 0 });
    },
    leaves: () => {
      leaf.hostAges(devices, HOST);
      kernel.dropNeigh(bridgeIfindex, IP);
    },
    /** MACs and IPs here, MACs and IPs elsewhere, and where the MACs are. */
    counts: () => {
      const { localMacs, localIps, remoteMacs, remoteIps } = vrf.counts;
      const vteps = [...leaf.evpn.vteps.values()].map(({ address, macs }) => [address, macs]);
      return [localMacs, localIps, remoteMacs, remoteIps, vteps];
    },
  };
}

test('a host is counted where it is, and only there, as it comes, goes away, moves between leaves and ends', async (t) => {
  const { clock, vrf, says, comes, leaves, counts } = await scene();
  const NOBODY = [0, 0, 0, 0, []];
  for (const [does, wanted] of [
    [comes, [1, 1, 0, 0, []]],
    [leaves, NOBODY],
    [says(0, 0), [0, 0, 1, 1, [[A, 1]]]],
    [
      says(1, 1),
      [
        0,
        0,
        1,
        1,
        [
          [A, 0],
          [B, 1],
        ],
      ],
    ],
    [says(0, 0, false), [0, 0, 1, 1, [[B, 1]]]],
    [comes, [1, 1, 0, 0, [[B, 0]]]],
    [says(1, 3), [0, 0, 1, 1, [[B, 1]]]],
    [says(1, 3, false), NOBODY],
  ] as const) {
    does();
    clock.advance(20_000);
    t.deepEqual(counts(), wanted);
  }
  t.deepEqual([vrf.macs.size, vrf.ips.size], [0, 0]);
});

test('a VNI that goes takes back what its leaves were counted with', async (t) => {
  const { clock, leaf, devices, says } = await scene();
  says(0, 0)();
  clock.advance(20_000);
  leaf.removeVni(devices);
  clock.advance(20_000);
  t.is(leaf.evpn.vteps.size, 0);
});

for (const [name, isSticky, isSeen] of [
  ['one that is pinned elsewhere is a conflict', true, true],
  ['one that may move is none', false, false],
] as const)
  test(`a MAC that is heard on a port while another leaf has it: ${name}`, async (t) => {
    const { clock, leaf, vrf } = await scene();
    const { conflicts, claims, vteps } = leaf.evpn;
    const none = undefined as never;
    const evaluator = new Evaluator(
      leaf.dataPlane,
      leaf.localRib,
      claims,
      vteps,
      none,
      conflicts,
      none,
      none,
    );
    const [port] = leaf.dataPlane.topology.ports.keys();
    evaluator.intruderHeard(vrf, HOST, port);
    t.deepEqual(conflicts.of(VNI), [], 'a MAC that nobody has');
    const source = { neighbor: '192.0.2.9', routerId: 9, internal: false };
    const said = originated('10.0.0.9', ExtendedCommunity.macMobility(0, isSticky));
    leaf.receive(source, 65_000, said, [macRoute(HOST)]);
    clock.advance(20_000);
    t.is(vrf.macs.get(HOST)?.ownership.owner, 'remote');
    evaluator.intruderHeard(vrf, HOST, port);
    const { name: device } = leaf.dataPlane.topology.ports.get(port)!;
    t.deepEqual(
      conflicts.of(VNI).map((each) => [each.mac, each.vtep, each.device]),
      isSeen ? [[HOST, B, device]] : [],
    );
  });
