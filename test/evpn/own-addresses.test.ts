import test from 'ava';
import { type NeighRow, Nud, type Topology } from '../../src/dataplane/index.js';
import { ESI_ZERO, type Ip, type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { ExtendedCommunity, RouteType } from '../../src/wire/index.js';
import { withAddresses, withOwn } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf } from './support/leaf.js';

const [TEN, TWENTY] = [toVni(10010), toVni(10020)];
const HOST = parseMac('02:00:00:00:00:09');
const VRRP = parseMac('00:00:5e:00:01:01');
const IP = parseIp('192.0.2.12');
const ROUTER = parseIp('fe80::1');

/** A leaf with two VNIs, and a neighbor that announces hosts behind 10.0.0.9 (or `vtep`). */
async function scene() {
  const clock = new VirtualClock();
  const leaf = new Leaf(clock, vtepOf(1), 65001);
  const ten = leaf.world.devices(TEN);
  const twenty = leaf.world.devices(TWENTY);
  leaf.addVni(ten);
  leaf.addVni(twenty);
  await leaf.start();
  leaf.dataPlane.sweep();
  const { kernel } = leaf.world;
  const neigh = (ip: Ip) => kernel.tables.neighRow(ten.bridgeIfindex, ip)?.mac;
  return {
    clock,
    leaf,
    ten,
    twenty,
    neigh,
    /** The machine has these addresses in the domain of the VNI. */
    own(vni: typeof TEN, macs: readonly Mac[], ips: readonly Ip[] = []) {
      kernel.setTopology(withOwn(kernel.topology, vni, macs, ips));
      clock.advance(1000);
    },
    change(over: Partial<Topology>) {
      kernel.setTopology({ ...kernel.topology, ...over });
    },
    /** A host in VNI 10010 behind a remote VTEP. */
    announce(mac: Mac, ip: Ip | undefined, vtep = vtepOf(9)) {
      leaf.receive(
        { neighbor: '192.0.2.9', routerId: 9, internal: false },
        65009,
        {
          nextHop: vtep,
          extendedCommunities: [
            ExtendedCommunity.encapsulation(),
            (0x0002n << 48n) | (65009n << 32n) | BigInt(TEN),
          ],
          pmsiTunnel: undefined,
        },
        [
          {
            type: RouteType.MAC_IP_ADVERTISEMENT,
            rd: leaf.evpn.vrf(TWENTY)!.rd,
            esi: ESI_ZERO,
            ethernetTag: 0,
            mac,
            ip,
            label1: TEN,
            label2: undefined,
          },
        ],
      );
      clock.advance(1000);
    },
    /** A host on the access port of VNI 10010 has the IP. */
    hears(mac: Mac, ip: Ip) {
      leaf.hostSpeaks(ten, mac);
      const row: NeighRow = {
        ifindex: ten.bridgeIfindex,
        ip,
        mac,
        state: Nud.REACHABLE,
        flags: 0,
        protocol: 0,
      };
      kernel.putNeigh(row);
      clock.advance(1000);
    },
    destination: (mac: Mac) => leaf.rowsOf(ten, mac).dst,
    announces: (text: string) => leaf.originated().some((key) => key.includes(text)),
  };
}

test("another domain's own addresses are hosts' here, remote and local, and those of this one nobody's", async (t) => {
  const s = await scene();
  s.own(TWENTY, [VRRP], [IP, ROUTER]);
  s.announce(HOST, IP);
  s.announce(VRRP, ROUTER);
  t.is(s.destination(HOST), vtepOf(9));
  t.is(s.destination(VRRP), vtepOf(9));
  t.is(s.neigh(IP), HOST);
  t.is(s.neigh(ROUTER), VRRP);
  s.hears(parseMac('02:00:00:00:00:01'), parseIp('192.0.2.11'));
  t.true(s.announces('192.0.2.11'));
  s.own(TEN, [VRRP, parseMac('02:00:00:00:00:01')], [IP, parseIp('192.0.2.11')]);
  t.is(s.destination(HOST), vtepOf(9));
  t.is(s.destination(VRRP), undefined);
  t.is(s.neigh(IP), undefined);
  t.false(s.announces('192.0.2.11') || s.announces('02:00:00:00:00:01'));
  s.own(TEN, []);
  t.is(s.destination(VRRP), vtepOf(9));
  t.is(s.neigh(IP), HOST);
  t.true(s.announces('192.0.2.11') && s.announces('02:00:00:00:00:01'));
});

test('an address that moves from another domain to this one is looked at here, and nothing else is', async (t) => {
  const s = await scene();
  const { kernel } = s.leaf.world;
  s.own(TWENTY, [], [IP]);
  s.announce(HOST, IP);
  s.announce(VRRP, ROUTER);
  const [ten, twenty] = [TEN, TWENTY].map((vni) => s.leaf.evpn.vrf(vni)!);
  const dirty = () => [
    ...[...ten.macs.values()].filter((entry) => entry.dirty).map(({ mac }) => mac),
    ...[...ten.ips.values()].filter((entry) => entry.dirty).map(({ ip }) => ip),
  ];
  kernel.setTopology(withOwn(withOwn(kernel.topology, TWENTY, []), TEN, [], [IP]));
  kernel.drain();
  t.deepEqual(dirty(), [IP]);
  s.clock.advance(1000);
  t.is(s.neigh(IP), undefined);
  // Addresses of a device that is in no domain, and a port's state, concern nobody
  for (const ips of [[IP], []]) {
    s.change({ interfaces: withAddresses(kernel.topology, 99, ips) });
    kernel.drain();
    t.deepEqual(dirty(), []);
    t.false(ten.hasDirty || twenty.hasDirty);
  }
});

test('this machine is no remote VTEP, though a route of its own comes back', async (t) => {
  const s = await scene();
  const { vteps } = s.leaf.evpn;
  s.announce(HOST, undefined, vtepOf(1));
  s.announce(VRRP, undefined);
  const own = s.leaf.world.kernel.topology.ownVteps;
  t.deepEqual(
    [...vteps.remotes(own)].map(({ address }) => address),
    [vtepOf(9)],
  );
  t.is(vteps.remoteCount(own), 1);
});

test("a remote VTEP's address on another device takes nothing away, and on a VXLAN device does", async (t) => {
  const s = await scene();
  s.announce(HOST, IP);
  s.change({ interfaces: withAddresses(s.leaf.world.kernel.topology, s.twenty.bridgeIfindex, [vtepOf(9)]) });
  s.own(TWENTY, [], [vtepOf(9)]);
  t.is(s.destination(HOST), vtepOf(9));
  s.change({ ownVteps: new Set([vtepOf(1), vtepOf(9)]) });
  s.clock.advance(1000);
  t.is(s.destination(HOST), undefined);
  t.is(s.neigh(IP), undefined);
  s.change({ ownVteps: new Set([vtepOf(1)]) });
  s.clock.advance(1000);
  t.is(s.destination(HOST), vtepOf(9));
  t.is(s.neigh(IP), HOST);
});
