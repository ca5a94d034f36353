import test from 'ava';
import type { VniAttachment } from '../../src/dataplane/index.js';
import {
  ESI_ZERO,
  type Ip,
  type Ipv4,
  type Mac,
  parseIp,
  parseMac,
  prefixAddress,
  prefixLength,
  RouteDistinguisher,
  routeTargetOfAs2,
} from '../../src/types/index.js';
import { ExtendedCommunity, RouteType } from '../../src/wire/index.js';
import { attachment, withVni } from '../dataplane/memory-world.js';
import { vtepOf } from './support/leaf.js';
import { HOSTS, L3, routedFabric } from './support/routed-fabric.js';
import { network, routersOf, routesOf } from './support/vrf-leaf.js';

const FIREWALL = parseMac('02:00:00:00:00:01');
const GATEWAY = '192.0.2.11';

/** Two leaves with one VRF and one VNI of hosts, and a third that announces prefixes by gateways (RFC 9136 §4.1). */
async function fabric() {
  const scene = await routedFabric();
  const { clock, leaves, devices } = scene;
  const ages = (i: number, mac: Mac) => leaves[i].hostAges(devices[i].hosts, mac);
  const source = { neighbor: '192.0.2.1', routerId: 65009, internal: false };
  const announce = (
    prefix: string,
    gateway: Ip | undefined,
    { isGone = false, rd = '10.0.0.9:1', length = 1, advances = true } = {},
  ) => {
    const key = network(prefix);
    const route = {
      type: RouteType.IP_PREFIX,
      rd: RouteDistinguisher.parse(rd),
      esi: ESI_ZERO,
      ethernetTag: 0,
      prefix: prefixAddress(key),
      prefixLength: prefixLength(key),
      gateway: gateway ?? parseIp('0.0.0.0'),
      label: 0,
    } as const;
    const attributes = {
      nextHop: vtepOf(9),
      extendedCommunities: [ExtendedCommunity.encapsulation(), routeTargetOfAs2(65009, L3)],
      pmsiTunnel: undefined,
      prepend: new Array<number>(length - 1).fill(65009),
    };
    leaves[0].receive(source, 65009, isGone ? undefined : attributes, [route]);
    if (advances) clock.advance(1000);
  };
  /** The device of the leaf carries frames now, or no longer; `ifindex`: it is another. */
  const svi = (running: boolean, at: Partial<VniAttachment> = {}) => {
    const { kernel } = leaves[0].world;
    const { sviIfindex: ifindex = devices[0].hosts.bridgeIfindex } = at;
    const topology = withVni(
      kernel.topology,
      devices[0].hosts,
      attachment(HOSTS, devices[0].hosts, vtepOf(1), at),
    );
    const interfaces = new Map(topology.interfaces).set(ifindex, { name: 'svi', running, addresses: [] });
    kernel.setTopology({ ...topology, interfaces });
    clock.advance(1000);
  };
  const why = (prefix: string) => {
    const destination = [...leaves[0].rib.destinations()].find(
      ({ nlri }) => nlri.type === RouteType.IP_PREFIX && nlri.prefix === prefixAddress(network(prefix)),
    );
    return destination && leaves[0].evpn.ipVrfs.whyUnused(destination);
  };
  return { ...scene, ages, announce, why, svi };
}

test('a prefix by a gateway leads to it as a host here or elsewhere, and nowhere while nobody has it', async (t) => {
  const { leaves, devices, vrf, host, ages, settle, announce, why } = await fabric();
  const routes = () => routesOf(leaves[0]).filter((line) => line.includes(' 203.0.113.0/24 '));
  const svi = devices[0].hosts.bridgeIfindex;
  const direct = [`1001 203.0.113.0/24 via ${GATEWAY}%${svi}`];
  announce('203.0.113.0/24', parseIp(GATEWAY));
  t.is(why('203.0.113.0/24'), 'gateway-index');
  t.deepEqual(routes(), []);
  host(0, FIREWALL, GATEWAY);
  settle();
  t.deepEqual(routes(), direct);
  t.is(why('203.0.113.0/24'), undefined);
  ages(0, FIREWALL);
  settle();
  t.deepEqual(routes(), [], 'the gateway is gone');
  host(1, FIREWALL, GATEWAY);
  settle();
  t.deepEqual(routes(), direct, 'behind another leaf, in a VNI that is here too');
  // Without the VNI of the gateway by the VRF of its leaf
  vrf(0, { vnis: [] });
  settle();
  t.deepEqual(routes(), [`1001 203.0.113.0/24 via 10.0.0.2%${devices[0].l3.bridgeIfindex}`]);
  t.deepEqual(routersOf(leaves[0], L3, devices[0].l3), [
    '02:ff:00:00:00:02 at 10.0.0.2',
    '10.0.0.2 is 02:ff:00:00:00:02',
  ]);
  ages(1, FIREWALL);
  settle();
  t.deepEqual(routes(), []);
  t.is(why('203.0.113.0/24'), 'gateway-index');
  vrf(0);
  host(1, FIREWALL, GATEWAY);
  settle();
  t.deepEqual(routes(), direct);
  announce('203.0.113.0/24', undefined, { isGone: true });
  announce('203.0.113.0/24', parseIp('192.0.2.12'));
  t.deepEqual(routes(), [], 'by another gateway');
});

test('a gateway that only another gateway leads to is none, nor is an address of the leaf', async (t) => {
  const { leaves, vrf, announce, why, settle } = await fabric();
  announce('192.0.2.30/32', parseIp('192.0.2.31'));
  announce('192.0.2.31/32', parseIp('192.0.2.30'));
  announce('192.0.2.32/32', parseIp('192.0.2.32'));
  settle();
  t.deepEqual(routesOf(leaves[0]), []);
  for (const n of [30, 31, 32]) t.is(why(`192.0.2.${n}/32`), 'gateway-index');
  vrf(0, { vnis: [HOSTS], ips: [parseIp('192.0.2.1')] });
  announce('203.0.113.0/24', parseIp('192.0.2.1'));
  t.is(why('203.0.113.0/24'), 'gateway-index');
});

test('gateways of routes that are gone are forgotten', async (t) => {
  const { leaves, announce } = await fabric();
  for (let n = 0; n < 400; n++) {
    const gateway = parseIp(`198.51.${100 + (n >> 8)}.${n & 255}`);
    announce('203.0.113.0/24', gateway);
    announce('203.0.113.0/24', gateway, { isGone: true });
  }
  const [vrf] = leaves[0].evpn.ipVrfs.values();
  t.true(vrf.gateways.size <= 300, String(vrf.gateways.size));
});

test('all routes by a gateway follow it, whichever of them is looked at first', async (t) => {
  const { leaves, devices, vrf, host, settle, announce, clock } = await fabric();
  vrf(0, { vnis: [] });
  host(1, FIREWALL, GATEWAY);
  settle();
  const routes = () => routesOf(leaves[0]).filter((line) => line.includes(' 203.0.113.'));
  for (const prefix of ['203.0.113.0/25', '203.0.113.128/25']) announce(prefix, parseIp(GATEWAY));
  const away = `via 10.0.0.2%${devices[0].l3.bridgeIfindex}`;
  t.deepEqual(routes(), [`1001 203.0.113.0/25 ${away}`, `1001 203.0.113.128/25 ${away}`]);
  const ofHost = [...leaves[1].localRib.routes()]
    .map(({ nlri }) => nlri)
    .filter((nlri) => nlri.type === RouteType.MAC_IP_ADVERTISEMENT && nlri.ip === parseIp(GATEWAY));
  t.is(ofHost.length, 1);
  // The one that has changed as well waits before the host itself
  announce('203.0.113.0/25', parseIp(GATEWAY), { length: 2, advances: false });
  leaves[0].receive({ neighbor: '192.0.2.2', routerId: 65002, internal: false }, 65002, undefined, ofHost);
  clock.advance(1000);
  t.deepEqual(routes(), []);
});

test('a gateway is no neighbor of an SVI that is down or another one, nor in a VNI that is down or no longer served', async (t) => {
  const { leaves, devices, host, settle, announce, svi, clock } = await fabric();
  const other = 7777;
  const { bridgeIfindex } = devices[0].hosts;
  host(1, FIREWALL, GATEWAY);
  settle();
  announce('203.0.113.0/24', parseIp(GATEWAY));
  const routes = () => routesOf(leaves[0]).filter((line) => line.includes(' 203.0.113.0/24 '));
  const direct = (ifindex: number) => [`1001 203.0.113.0/24 via ${GATEWAY}%${ifindex}`];
  const routed = [`1001 203.0.113.0/24 via 10.0.0.2%${devices[0].l3.bridgeIfindex}`];
  t.deepEqual(routes(), direct(bridgeIfindex));
  svi(false);
  t.deepEqual(routes(), routed, 'by the VRF of its leaf');
  svi(true);
  t.deepEqual(routes(), direct(bridgeIfindex));
  svi(true, { sviIfindex: other });
  t.deepEqual(routes(), direct(other), 'made anew between two looks at the devices');
  svi(true, { sviIfindex: other, up: false });
  t.deepEqual(routes(), routed, 'no frame reaches the other leaf by the VNI');
  svi(true);
  t.deepEqual(routes(), direct(bridgeIfindex));
  const serve = (advertiseAllVni: boolean) => {
    const routerId = vtepOf(1) as Ipv4;
    leaves[0].evpn.reconfigure({ asn: 65001, routerId, advertiseAllVni, vnis: new Map() });
    clock.advance(1000);
  };
  serve(false);
  t.deepEqual(routes(), routed);
  serve(true);
  t.deepEqual(routes(), direct(bridgeIfindex));
  // A host of ours has no other way
  host(0, FIREWALL, GATEWAY);
  settle();
  t.deepEqual(routes(), direct(bridgeIfindex));
  svi(false);
  t.deepEqual(routes(), []);
  svi(true);
  t.deepEqual(routes(), direct(bridgeIfindex));
});

test('of a prefix with very many gateways not all are walked over at each look', async (t) => {
  const { leaves, announce, clock } = await fabric();
  const [vrf] = leaves[0].evpn.ipVrfs.values();
  let walks = 0;
  const { gateways } = vrf;
  gateways[Symbol.iterator] = () => {
    walks++;
    return gateways.entries();
  };
  const COUNT = 1000;
  for (let n = 0; n < COUNT; n++)
    announce('203.0.113.0/24', parseIp(`198.51.${100 + (n >> 8)}.${n & 255}`), {
      rd: `10.0.0.9:${n + 1}`,
      advances: false,
    });
  clock.advance(1000);
  t.is(gateways.size, COUNT);
  t.true(walks < 10, `${walks} walks`);
});
