import test from 'ava';
import {
  FamilyLocalRib,
  FamilyRib,
  KeyedTable,
  type NeighborConfig,
  plainRoutes,
  ribsOf,
  Speaker,
  type SpeakerConfig,
} from '../../src/bgp/index.js';
import { parseIp } from '../../src/types/index.js';
import {
  type AnyFamily,
  EVPN,
  encodeRouteRefresh,
  type Family,
  IPV4_UNICAST,
  MessageType,
  type OriginatedAttributes,
  type Prefix,
  UpdateDecoder,
  UpdateEncoder,
} from '../../src/wire/index.js';
import { Fabric, id, macRoute, neighborConfig, openOf, originated } from './fabric.js';

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
function node(fabric: Fabric, n: 1 | 2, families: readonly AnyFamily[], extra: Partial<NeighborConfig> = {}) {
  const address = `10.0.0.${n}`;
  const config: SpeakerConfig = {
    asn: 65000 + n,
    routerId: id(address),
    listen: [{ address, port: 179 }],
    neighbors: [neighborConfig(`10.0.0.${3 - n}`, 65000 + 3 - n, { families, ...extra })],
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

test('what is not taken is counted where it is of, for each family alone', async (t) => {
  const fabric = new Fabric();
  const [a, b] = [node(fabric, 1, [EVPN, IPV4_UNICAST]), node(fabric, 2, [EVPN, IPV4_UNICAST])];
  a.localRib.originate(prefix(1), { ...attributes('10.0.0.1'), prepend: [65002] });
  a.localRib.originate(prefix(2), attributes('10.0.0.1'));
  await a.speaker.start();
  await b.speaker.start();
  fabric.clock.advance(10_000);
  const [evpn, unicast] = b.speaker.neighbor(b.neighbor)?.families ?? [];
  t.like(unicast, { received: 1, rejected: 0, refused: { 'as-path-loop': 1, 'first-as': 0 } });
  t.like(evpn, { received: 0, rejected: 0, refused: { 'as-path-loop': 0 } });
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

const BOTH = [
  { afi: 25, safi: 70 },
  { afi: 1, safi: 1 },
] as const;

/** A speaker of both families with a peer that offers both, graceful restart in some of them, and has told a route of each. */
async function scripted(restarting: readonly { afi: number; safi: number }[] = []) {
  const fabric = new Fabric();
  const b = node(fabric, 2, [EVPN, IPV4_UNICAST], { passive: true });
  b.localRib.originate(prefix(1), attributes('10.0.0.2'));
  b.speaker.localRib.originate(macRoute(2), originated('10.0.0.2'));
  await b.speaker.start();
  const connect = () =>
    fabric
      .peer('10.0.0.1')
      .connect('10.0.0.2')
      .establish(
        openOf(65001, '10.0.0.1', {
          holdTime: 0,
          capabilities: [
            ...BOTH.map((family) => ({ code: 1, ...family }) as const),
            { code: 2 },
            { code: 65, asn: 65001 },
            {
              code: 64,
              restartState: false,
              notification: false,
              restartTime: 30,
              families: restarting.map((family) => ({ ...family, forwardingPreserved: true })),
            },
          ],
        }),
      );
  const session = { fourOctetAs: true, internal: false, localAsn: 65001, maxMessageLength: 4096 } as const;
  const evpn = new UpdateEncoder(session);
  const ipv4 = new UpdateEncoder(session, IPV4_UNICAST as Family<Prefix>);
  const peer = connect().send(
    ...evpn.announce(originated('10.0.0.1'), [macRoute(1)]),
    ...ipv4.announce(attributes('10.0.0.1'), [prefix(7)]),
  );
  /** Updates that come with routes, by family. */
  const toldAfter = (act: () => void) => {
    const before = peer.bodies(MessageType.UPDATE).length;
    act();
    fabric.clock.advance(10);
    const decoder = new UpdateDecoder();
    const context = { fourOctetAs: true, internal: false, families: [EVPN, IPV4_UNICAST] };
    return peer
      .bodies(MessageType.UPDATE)
      .slice(before)
      .map((body) => decoder.decodeWithin(body, 0, body.length, context).family.name);
  };
  return { fabric, b, evpn, ipv4, peer, connect, toldAfter };
}

test('the End-of-RIB of one family says nothing of the other', async (t) => {
  const { b, evpn, ipv4, peer } = await scripted();
  peer.send(ipv4.endOfRib());
  t.deepEqual(
    b.speaker.neighbor(b.neighbor)?.families.map(({ endOfRibAt }) => endOfRibAt !== undefined),
    [false, true],
  );
  t.false(b.speaker.endOfRibReceivedFromAll());
  t.is(b.speaker.neighbor(b.neighbor)?.endOfRibAt, undefined);
  peer.send(evpn.endOfRib());
  t.true(b.speaker.endOfRibReceivedFromAll());
  t.not(b.speaker.neighbor(b.neighbor)?.endOfRibAt, undefined);
});

test('a ROUTE-REFRESH of one family brings the routes of that family alone', async (t) => {
  const { peer, toldAfter } = await scripted();
  for (const family of [IPV4_UNICAST, EVPN])
    t.deepEqual(
      toldAfter(() => peer.send(encodeRouteRefresh({ afi: family.afi, safi: family.safi, subtype: 0 }))),
      [family.name],
    );
  t.deepEqual(
    toldAfter(() => peer.send(encodeRouteRefresh({ afi: 2, safi: 1, subtype: 0 }))),
    [],
    'of a family that is not the session’s',
  );
});

for (const [index, kept] of BOTH.entries())
  test(`graceful restart in ${kept.afi}/${kept.safi} alone: the routes of the other family go with the session`, async (t) => {
    const { fabric, b } = await scripted([kept]);
    t.deepEqual([macs(b), b.prefixes().length], [1, 1]);
    const shown = () =>
      b.speaker
        .neighbor(b.neighbor)
        ?.families.map(({ family, isNegotiated, received, sent, gracefulRestart, staleRoutes }) => [
          family.name,
          isNegotiated,
          received,
          sent,
          gracefulRestart?.restartTime,
          staleRoutes?.count,
        ]);
    fabric.clock.advance(10);
    const ofKept = ([evpn, ipv4]: readonly unknown[][]) => (index === 0 ? evpn : ipv4);
    const of = index === 0 ? [30, undefined] : [undefined, 30];
    t.deepEqual(shown(), [
      ['L2VPN/EVPN', true, 1, 1, of[0], undefined],
      ['IPv4/unicast', true, 1, 1, of[1], undefined],
    ]);
    fabric.network.cut('10.0.0.1');
    fabric.clock.advance(1000);
    t.deepEqual([macs(b), b.prefixes().length], index === 0 ? [1, 0] : [0, 1]);
    t.deepEqual(ofKept(shown() ?? [])?.slice(1), [false, 1, 0, undefined, 1]);
  });

test('the End-of-RIB of one family takes the stale routes of that family alone', async (t) => {
  const { fabric, b, connect, evpn, ipv4 } = await scripted(BOTH);
  fabric.network.cut('10.0.0.1');
  fabric.clock.advance(1000);
  const peer = connect().send(ipv4.endOfRib());
  fabric.clock.advance(10);
  t.deepEqual([macs(b), b.prefixes().length], [1, 0]);
  peer.send(evpn.endOfRib());
  fabric.clock.advance(10);
  t.deepEqual([macs(b), b.prefixes().length], [0, 0]);
});

test('the routes of all families count to the limits of a neighbor, each to the numbers of its own', async (t) => {
  const { b } = await scripted();
  t.is(b.speaker.neighbor(b.neighbor)?.limitUse.used, 2);
  t.is(b.speaker.neighbor(b.neighbor)?.routes.held, 1);
  t.is(b.rib.counts(b.neighbor).held, 1);
});
