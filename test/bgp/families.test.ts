import test from 'ava';
import {
  FamilyLocalRib,
  FamilyRib,
  KeyedTable,
  plainRoutes,
  ribsOf,
  Speaker,
  type SpeakerConfig,
} from '../../src/bgp/index.js';
import { parseIp } from '../../src/types/index.js';
import {
  type AnyFamily,
  EVPN,
  IPV4_UNICAST,
  type OriginatedAttributes,
  type Prefix,
} from '../../src/wire/index.js';
import { Fabric, id, macRoute, neighborConfig, originated } from './fabric.js';

const attributes = (nextHop: string): OriginatedAttributes => ({
  nextHop: parseIp(nextHop),
  extendedCommunities: [],
  pmsiTunnel: undefined,
});
const prefix = (n: number): Prefix => ({
  type: 0,
  prefix: parseIp(`10.${n >> 8}.${n & 255}.0`),
  prefixLength: 24,
});

/** A speaker with RIBs for IPv4 unicast, which speaks these families with its neighbor. */
function node(fabric: Fabric, n: 1 | 2, families: readonly AnyFamily[]) {
  const address = `10.0.0.${n}`;
  const config: SpeakerConfig = {
    asn: 65000 + n,
    routerId: id(address),
    listen: [{ address, port: 179 }],
    neighbors: [neighborConfig(`10.0.0.${3 - n}`, 65000 + 3 - n, { families })],
  };
  const { clock, log } = fabric;
  const rib = new FamilyRib(clock, config, plainRoutes(IPV4_UNICAST));
  const localRib = new FamilyLocalRib(IPV4_UNICAST, new KeyedTable(IPV4_UNICAST));
  const transport = fabric.network.host(address);
  const speaker = new Speaker(config, {
    clock,
    transport,
    log,
    random: () => 0.999,
    otherRibs: [ribsOf(rib, localRib)],
  });
  const prefixes = () => [...rib.destinations()].map(({ nlri }) => IPV4_UNICAST.format(nlri)).sort();
  return { speaker, rib, localRib, prefixes, neighbor: `10.0.0.${3 - n}` };
}

async function pair(here: readonly AnyFamily[], there: readonly AnyFamily[]) {
  const fabric = new Fabric();
  const [a, b] = [node(fabric, 1, here), node(fabric, 2, there)];
  for (let n = 0; n < 1_000; n++) a.localRib.originate(prefix(n), attributes('10.0.0.1'));
  a.speaker.localRib.originate(macRoute(1), originated('10.0.0.1'));
  await a.speaker.start();
  await b.speaker.start();
  fabric.clock.advance(10_000);
  return { fabric, a, b };
}

const macs = ({ speaker }: { speaker: Speaker }) => [...speaker.rib.destinations()].length;

test('both families in one session, each with its End-of-RIB', async (t) => {
  const { fabric, a, b } = await pair([EVPN, IPV4_UNICAST], [EVPN, IPV4_UNICAST]);
  t.true(b.speaker.endOfRibReceivedFromAll());
  t.is(macs(b), 1);
  t.is(b.prefixes().length, 1_000);
  t.is(b.rib.destination(prefix(7))?.best?.attributes.nextHop, parseIp('10.0.0.1'));
  t.deepEqual(b.rib.counts(b.neighbor).accepted, [1_000]);
  a.localRib.withdraw(prefix(7));
  fabric.clock.advance(10);
  t.is(b.rib.destination(prefix(7)), undefined);
  t.is(b.prefixes().length, 999);
  t.deepEqual(fabric.errors, []);
});

test('IPv4 unicast alone: L2VPN/EVPN is not spoken with a neighbor that does not have it', async (t) => {
  const { fabric, b } = await pair([EVPN, IPV4_UNICAST], [IPV4_UNICAST]);
  t.true(b.speaker.endOfRibReceivedFromAll());
  t.is(macs(b), 0);
  t.is(b.prefixes().length, 1_000);
  t.deepEqual(fabric.errors, []);
});

test('a neighbor without a family in common is told which ones are wanted', async (t) => {
  const { a } = await pair([IPV4_UNICAST], [EVPN]);
  t.not(a.speaker.neighbor(a.neighbor)?.state, 'Established');
  t.regex(
    a.speaker.neighbor(a.neighbor)?.lastFailure?.reason ?? '',
    /does not offer IPv4\/unicast \(AFI 1, SAFI 1\) among its 1 address families/,
  );
});

test('a refresh asks for every family, and a session that ends takes the routes of all of them', async (t) => {
  const { fabric, a, b } = await pair([EVPN, IPV4_UNICAST], [EVPN, IPV4_UNICAST]);
  const before = b.speaker.neighbor(b.neighbor)?.messagesIn.update ?? 0;
  t.is(b.speaker.refreshNeighbor(b.neighbor, 'in'), 'done');
  fabric.clock.advance(10);
  t.is(a.speaker.neighbor(a.neighbor)?.messagesIn.routeRefresh, 2);
  t.true((b.speaker.neighbor(b.neighbor)?.messagesIn.update ?? 0) > before + 1);
  t.is(b.prefixes().length, 1_000);
  a.speaker.shutDownNeighbor(a.neighbor);
  fabric.clock.advance(10);
  t.deepEqual(b.prefixes(), []);
  t.is(macs(b), 0);
});

test('routes of every family that the neighbor restarts gracefully in are kept', async (t) => {
  const { fabric, b } = await pair([EVPN, IPV4_UNICAST], [EVPN, IPV4_UNICAST]);
  fabric.network.cut('10.0.0.1');
  fabric.clock.advance(1);
  t.is(b.rib.counts(b.neighbor).stale, 1_000);
  t.is(b.speaker.rib.counts(b.neighbor).stale, 1);
  fabric.clock.advance(30_000);
  t.is(b.prefixes().length, 1_000);
  t.is(b.rib.counts(b.neighbor).stale, 0);
});
