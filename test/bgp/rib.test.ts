import test from 'ava';
import fc from 'fast-check';
import { type InboundPolicy, NO_POLICY } from '../../src/bgp/inbound.js';
import { decide, ImportPolicy, type Path, type PathSource, Rib } from '../../src/bgp/index.js';
import { type Mac, parseIp, RouteDistinguisher } from '../../src/types/index.js';
import {
  EVPN,
  type EvpnNlri,
  formatNlri,
  type MacIpAdvertisement,
  type PathAttributes,
  RouteType,
  sameKey,
  type Update,
  UpdateDecoder,
} from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { encoderOf, id, imet, macRoute, originated } from './fabric.js';

const A = pathAttributes();
const update = (
  reachable: EvpnNlri[],
  attributes: PathAttributes = A,
  withdrawn: EvpnNlri[] = [],
): Update => ({
  family: EVPN,
  reachable,
  withdrawn,
  attributes: reachable.length > 0 ? attributes : undefined,
  endOfRib: false,
  unknownRouteTypes: 0,
  faults: [],
  also: [],
});
const sourceOf = (n: number): PathSource => ({ neighbor: `10.1.0.${n}`, routerId: n, internal: false });
const S1 = sourceOf(1);
const S2 = sourceOf(2);
const make = () => {
  const clock = new VirtualClock();
  const rib = new Rib(clock, { asn: 65001, routerId: id('10.0.0.1') });
  return { clock, rib, reader: rib.subscribe() };
};

test('a destination is one object, changed at most once in the dirty set', (t) => {
  const { reader, rib } = make();
  let calls = 0;
  reader.onDirty = () => calls++;
  rib.update(S1, update([macRoute(1), macRoute(2)]));
  const first = rib.destination(macRoute(1))!;
  for (let i = 0; i < 10; i++) {
    rib.update(S1, update([], A, [macRoute(1)]));
    rib.update(S1, update([macRoute(1)], pathAttributes()));
  }
  t.is(rib.destination(macRoute(1)), first);
  t.is(reader.dirtyCount, 2);
  t.is(calls, 1);
  const dirty = reader.takeDirty(10);
  t.deepEqual(
    dirty.map((d) => d.nlri.type === 2 && d.nlri.mac),
    [1, 2] as never,
  );
  t.is(reader.dirtyCount, 0);
  rib.update(S1, update([macRoute(1)], pathAttributes()));
  t.is(calls, 2);
});

test('the same route again, from the same neighbor, is no change', (t) => {
  const { reader, rib } = make();
  rib.update(S1, update([macRoute(1)]));
  reader.takeDirty(9);
  rib.update(S1, update([macRoute(1)]));
  t.is(reader.dirtyCount, 0);
  rib.update(S1, update([macRoute(1, { label1: 99 })]));
  t.is(reader.dirtyCount, 1);
  t.is(rib.size, 1);
  t.like(reader.takeDirty(1)[0].best?.nlri, { label1: 99 });
});

test('a second path that does not win is no change; the loss of the first is', (t) => {
  const { reader, rib } = make();
  rib.update(S1, update([macRoute(1)]));
  reader.takeDirty(9);
  rib.update(S2, update([macRoute(1)], pathAttributes({ asPath: [], localPref: 1 })));
  t.is(reader.dirtyCount, 0);
  t.is(rib.destination(macRoute(1))?.paths.length, 2);
  rib.update(S1, update([], A, [macRoute(1)]));
  const [dirty] = reader.takeDirty(9);
  t.is(dirty.best?.source, S2);
});

test('a destination whose last path went is told once more, then it is gone', (t) => {
  const { reader, rib } = make();
  rib.update(S1, update([macRoute(1)]));
  const [before] = reader.takeDirty(9);
  rib.update(S1, update([], A, [macRoute(1)]));
  t.is(rib.destination(macRoute(1)), undefined);
  t.deepEqual([...rib.destinations()], []);
  const [after] = reader.takeDirty(9);
  t.is(after, before);
  t.is(after.best, undefined);
  t.is(rib.size, 0);
});

test('withdrawing what was never announced does nothing', (t) => {
  const { reader, rib } = make();
  rib.update(S1, update([], A, [macRoute(1)]));
  rib.update(S1, update([macRoute(2)]));
  reader.takeDirty(9);
  rib.update(S2, update([], A, [macRoute(2)]));
  t.is(reader.dirtyCount, 0);
  t.is(rib.size, 1);
});

test('one UPDATE with a route withdrawn and announced ends with the route', (t) => {
  const { rib } = make();
  rib.update(S1, update([macRoute(1)]));
  rib.update(S1, update([macRoute(1)], pathAttributes({ med: 1 }), [macRoute(1)]));
  t.is(rib.destination(macRoute(1))?.best?.attributes.med, 1);
});

test('keys: Ethernet tag, MAC, IP count; ESI and labels do not', (t) => {
  const { reader, rib } = make();
  const routes: EvpnNlri[] = [
    macRoute(1),
    macRoute(1, { ethernetTag: 5 }),
    macRoute(1, { ip: parseIp('10.9.0.1') }),
    macRoute(1, { ip: parseIp('2001:db8::1') }),
    macRoute(1, { rd: RouteDistinguisher.parse('10.0.0.1:11') }),
    imet('10.0.0.10'),
    imet('10.0.0.10', { ethernetTag: 1 }),
    {
      type: RouteType.ETHERNET_AUTO_DISCOVERY,
      rd: RouteDistinguisher.parse('1:1'),
      esi: '01'.repeat(10) as never,
      ethernetTag: 0,
      label: 1,
    },
    {
      type: RouteType.ETHERNET_AUTO_DISCOVERY,
      rd: RouteDistinguisher.parse('1:1'),
      esi: '01'.repeat(10) as never,
      ethernetTag: 1,
      label: 1,
    },
    {
      type: RouteType.ETHERNET_SEGMENT,
      rd: RouteDistinguisher.parse('1:1'),
      esi: '01'.repeat(10) as never,
      originator: parseIp('10.0.0.1'),
    },
    {
      type: RouteType.ETHERNET_SEGMENT,
      rd: RouteDistinguisher.parse('1:1'),
      esi: '01'.repeat(10) as never,
      originator: parseIp('10.0.0.2'),
    },
    {
      type: RouteType.IP_PREFIX,
      rd: RouteDistinguisher.parse('1:1'),
      esi: '00'.repeat(10) as never,
      ethernetTag: 0,
      prefixLength: 24,
      prefix: parseIp('10.0.0.0'),
      gateway: parseIp('0.0.0.0'),
      label: 1,
    },
    {
      type: RouteType.IP_PREFIX,
      rd: RouteDistinguisher.parse('1:1'),
      esi: '00'.repeat(10) as never,
      ethernetTag: 0,
      prefixLength: 16,
      prefix: parseIp('10.0.0.0'),
      gateway: parseIp('0.0.0.0'),
      label: 1,
    },
  ];
  rib.update(S1, update(routes));
  t.is(rib.size, routes.length);
  t.is([...rib.destinationsOf({ type: RouteType.MAC_IP_ADVERTISEMENT })].length, 5);
  t.is([...rib.destinationsOf({ rd: RouteDistinguisher.parse('1:1') })].length, 6);
  t.is([...rib.destinationsOf({ rd: RouteDistinguisher.parse('1:1'), type: RouteType.IP_PREFIX })].length, 2);
  t.is([...rib.destinationsOf({ rd: RouteDistinguisher.parse('9:9') })].length, 0);
  const ofMac = [...rib.destinationsOf({})].filter(({ nlri }) => 'mac' in nlri && nlri.mac === 1);
  t.true(ofMac.length > 1);
  t.deepEqual([...rib.destinationsOf({ mac: 1 as Mac })], ofMac);
  t.is([...rib.destinationsOf({ mac: 1 as Mac, type: RouteType.IP_PREFIX })].length, 0);
  t.is([...rib.destinationsOf({ mac: 99 as Mac })].length, 0);
  // As FRR withdraws: ESI 0, label 0
  rib.update(
    S1,
    update([], A, [macRoute(1, { ip: parseIp('10.9.0.1'), label1: 0, esi: 'ff'.repeat(10) as never })]),
  );
  t.is(rib.destination(macRoute(1, { ip: parseIp('10.9.0.1') })), undefined);
  for (const nlri of routes) rib.update(S1, update([], A, [nlri]));
  reader.takeDirty(99);
  t.is(rib.size, 0);
  // Changes outside the key of types 1 and 5 are changes of the route
  for (const nlri of [routes[7], routes[11]]) {
    rib.update(S1, update([nlri]));
    reader.takeDirty(9);
    rib.update(S1, update([{ ...nlri }]));
    t.is(reader.dirtyCount, 0);
    rib.update(S1, update([{ ...nlri, label: 2 } as EvpnNlri]));
    t.is(reader.takeDirty(9).length, 1);
  }
  t.false(sameKey(macRoute(1), imet('10.0.0.1')));
});

test('loops are dropped at entry, with what stood before, and counted', (t) => {
  const { rib } = make();
  const ours = id('10.0.0.1');
  for (const looped of [
    { asPath: [{ type: 2 as const, asns: [65000, 65001] }] },
    { asPath: [{ type: 1 as const, asns: [65001] }] },
    { originatorId: ours },
    { clusterList: [7, ours] },
  ]) {
    rib.update(S1, update([macRoute(1)]));
    rib.update(S1, update([macRoute(1), macRoute(2)], pathAttributes(looped)));
    t.is(rib.destination(macRoute(1)), undefined);
  }
  t.deepEqual(rib.counts('10.1.0.1').refused, {
    'own-route': 0,
    'as-path-loop': 4,
    'originator-id-loop': 2,
    'cluster-list-loop': 2,
    'first-as': 0,
  });
  t.is(rib.counts('10.1.0.1').accepted[2], 0);
  t.is(rib.counts('10.1.0.1').received[2], 12);
  t.is(rib.counts('10.1.0.77').received[2], 0);
});

test('the first AS of an external path, where it is enforced', (t) => {
  const { rib } = make();
  const policy = { firstAs: 65000, allowasIn: 0, localAs: undefined };
  const paths: [PathAttributes['asPath'], boolean][] = [
    [[{ type: 2, asns: [65000, 65009] }], true],
    [[{ type: 2, asns: [65009, 65000] }], false],
    [[{ type: 1, asns: [65000] }], false],
    [[], false],
  ];
  for (const [asPath, taken] of paths) {
    rib.update(S1, update([macRoute(1)]));
    t.is(
      rib.update(S1, update([macRoute(1)], pathAttributes({ asPath })), policy),
      taken ? undefined : 'first-as',
    );
    t.is(rib.destination(macRoute(1)) !== undefined, taken);
  }
  t.is(rib.counts('10.1.0.1').refused['first-as'], 3);
  t.is(rib.counts('10.1.0.1').lastRefusal?.reason, 'first-as');
  rib.neighborUp(S1);
  t.is(rib.counts('10.1.0.1').refused['first-as'], 0);
});

test('routes that come, go and are told again while thousands are judged are as the last policy has them', (t) => {
  const { clock, rib } = make();
  const rejects = new ImportPolicy({ name: 'none', rules: [], otherwise: 'reject' });
  const all = Array.from({ length: 3000 }, (_, n) => macRoute(n));
  const inbound = (routes: ImportPolicy | undefined) => ({ ...NO_POLICY, firstAs: 65000, routes });
  const decoder = new UpdateDecoder();
  const tell = (asn: number, routes: readonly MacIpAdvertisement[], policy: InboundPolicy) => {
    for (const message of encoderOf(asn).announce(originated('10.0.0.2'), routes))
      rib.update(
        S1,
        decoder.decodeWithin(message, 19, message.length, {
          fourOctetAs: true,
          internal: false,
          families: [EVPN],
        }) as Update,
        policy,
      );
  };
  const chosen = () => [...rib.destinations()].filter(({ best }) => best !== undefined).length;
  tell(65000, all, NO_POLICY);
  tell(65009, all.slice(0, 1000), NO_POLICY);
  rib.judgeAgain(S1, inbound(rejects));
  // A slice has been looked at; some of both sides of the walk change, and another policy comes amid it
  const { held } = rib.counts('10.1.0.1');
  t.true(held < 3000 && held > 2000, `${held}`);
  rib.update(S1, update([], A, all.slice(2900)), inbound(rejects));
  tell(65000, all.slice(0, 10), inbound(rejects));
  clock.runTurn();
  rib.judgeAgain(S1, inbound(undefined));
  tell(65000, all.slice(2900, 2950), inbound(undefined));
  clock.runUntilIdle();
  t.like(rib.counts('10.1.0.1'), { held: 1960, rejected: 0, sets: 1 });
  t.is(chosen(), 1960);
  const refused = rib.counts('10.1.0.1').refused['first-as'];
  t.true(refused >= 990 && refused <= 1000, `${refused}`);
  rib.judgeAgain(S1, inbound(rejects));
  clock.runUntilIdle();
  t.like(rib.counts('10.1.0.1'), { held: 1960, rejected: 1960 });
  t.is(chosen(), 0);
  void rib.neighborDown(S1);
  clock.runUntilIdle();
  t.like(rib.counts('10.1.0.1'), { held: 0, sets: 0, rejected: 0 });
});

test('our own AS in a path, as often as allowed; a route of ours that comes back is told apart from those of others', (t) => {
  const { rib } = make();
  rib.isOriginated = (nlri) => nlri.type === 2 && nlri.mac === 7;
  const path = (...asns: number[]) => pathAttributes({ asPath: [{ type: 2, asns }] });
  const policy = { firstAs: undefined, allowasIn: 1, localAs: undefined };
  t.is(rib.update(S1, update([macRoute(1)], path(65000, 65001)), policy), undefined);
  t.is(rib.update(S1, update([macRoute(2)], path(65000, 65001, 65000, 65001)), policy), 'as-path-loop');
  const asLocal = { ...policy, localAs: 65099 };
  t.is(rib.update(S1, update([macRoute(2)], path(65000, 65099, 65001)), asLocal), 'as-path-loop');
  t.is(rib.update(S1, update([macRoute(1)], path(65000, 65099)), asLocal), undefined);
  t.is(rib.update(S1, update([macRoute(7)], path(65000, 65001))), 'own-route');
  t.deepEqual([rib.size, rib.counts('10.1.0.1').refused['own-route']], [1, 1]);
  // A prefix of a confederation or a set counts as well
  const inSet = pathAttributes({
    asPath: [
      { type: 2, asns: [65000] },
      { type: 1, asns: [65001, 65007] },
    ],
  });
  t.is(rib.update(S1, update([macRoute(3)], inSet)), 'as-path-loop');
  t.is(rib.update(S1, update([macRoute(3)], inSet), policy), undefined);
});

test('counts follow what stands, by type', (t) => {
  const { rib } = make();
  rib.update(S1, update([macRoute(1), macRoute(2), imet('10.0.0.10')]));
  rib.update(S1, update([macRoute(2)], pathAttributes()));
  rib.update(S1, update([], A, [macRoute(1)]));
  t.deepEqual([...rib.counts('10.1.0.1').accepted], [0, 0, 1, 1, 0, 0]);
  t.deepEqual([...rib.counts('10.1.0.1').received], [0, 0, 3, 1, 0, 0]);
  rib.neighborUp(S1);
  t.deepEqual([...rib.counts('10.1.0.1').received], [0, 0, 0, 0, 0, 0]);
});

test('session loss takes the routes in slices, and leaves alone what comes anew meanwhile', async (t) => {
  const { reader, rib, clock } = make();
  const macs = Array.from({ length: 20_000 }, (_, i) => macRoute(i + 1));
  rib.update(S1, update(macs));
  rib.update(S2, update([macRoute(5)]));
  reader.takeDirty(1e6);
  const down = rib.neighborDown(S1);
  t.true(reader.dirtyCount < 10_000);
  rib.update(S1, update([macRoute(19_999), macRoute(7)]));
  clock.runUntilIdle();
  await down;
  t.deepEqual(
    [...rib.destinations()].map((d) => (d.nlri as { mac: number }).mac).sort((a, b) => a - b),
    [5, 7, 19_999],
  );
  t.is(rib.counts('10.1.0.1').accepted[2], 2);
  t.false(rib.destination(macRoute(19_999))!.best!.stale);
});

test('a second loss while the first is being walked takes all', async (t) => {
  const { rib, clock } = make();
  rib.update(S1, update(Array.from({ length: 10_000 }, (_, i) => macRoute(i + 1))));
  const first = rib.neighborDown(S1);
  rib.update(S1, update([macRoute(1), macRoute(10_000)]));
  const second = rib.neighborDown(S1);
  clock.runUntilIdle();
  await Promise.all([first, second]);
  t.is([...rib.destinations()].length, 0);
  rib.forgetNeighbor('10.1.0.1');
  t.is(rib.counts('10.1.0.1').received[2], 0);
});

test('graceful restart: stale routes stay, what is announced anew is not stale, the sweep takes the rest', async (t) => {
  const { reader, rib, clock } = make();
  rib.update(S1, update([macRoute(1), macRoute(2), macRoute(3)]));
  reader.takeDirty(9);
  rib.neighborStale(S1, 'removed');
  t.true([...rib.destinations()].every((d) => d.best!.stale));
  const again = sourceOf(1);
  rib.update(again, update([macRoute(1)]));
  t.false(rib.destination(macRoute(1))!.best!.stale);
  t.is(reader.dirtyCount, 0, 'the same attributes are no change');
  const swept = rib.sweepStale(again);
  clock.runUntilIdle();
  await swept;
  t.deepEqual([...rib.destinations()].map((d) => formatNlri(d.nlri)).length, 1);
  t.is(reader.takeDirty(9).length, 2);
});

test('a second restart takes what was stale already', (t) => {
  const { rib, clock } = make();
  rib.update(S1, update([macRoute(1), macRoute(2)]));
  rib.neighborStale(S1, 'removed');
  rib.update(S1, update([macRoute(1)]));
  rib.neighborStale(S1, 'removed');
  clock.runUntilIdle();
  t.is(rib.destination(macRoute(2)), undefined);
  t.true(rib.destination(macRoute(1))!.best!.stale);
});

test('lookAgain brings back all, those that changed among what changed', (t) => {
  const { reader, rib } = make();
  rib.update(S1, update([macRoute(1), macRoute(2), imet('10.0.0.10')]));
  reader.takeDirty(9);
  t.false(reader.hasDirty);
  let told = 0;
  reader.onDirty = () => told++;
  reader.lookAgain();
  reader.lookAgain();
  t.is(told, 1);
  t.true(reader.hasDirty);
  rib.update(S1, update([macRoute(2)], pathAttributes({ med: 9 })));
  t.is(reader.dirtyCount, 1);
  const again = [];
  while (again.length < 2) again.push(...reader.takeAgain(1));
  t.deepEqual(new Set(again), new Set([rib.destination(macRoute(1)), rib.destination(imet('10.0.0.10'))]));
  t.deepEqual(reader.takeAgain(1), []);
  t.true(reader.hasDirty);
  t.deepEqual(reader.takeDirty(2), [rib.destination(macRoute(2))!]);
  t.false(reader.hasDirty);
});

test('lookAgain judges anew what is usable, and what has another best path then has changed', (t) => {
  const { reader, rib } = make();
  let limit = Number.POSITIVE_INFINITY;
  rib.usable = ({ attributes }) => (attributes.med ?? 0) < limit;
  rib.update(S1, update([macRoute(1), macRoute(2), macRoute(3)], pathAttributes({ med: 1, localPref: 1 })));
  rib.update(S2, update([macRoute(1), macRoute(2)], pathAttributes({ med: 9, localPref: 2 })));
  reader.takeDirty(9);
  const best = () =>
    [1, 2, 3].map((mac) => rib.destination(macRoute(mac))!.best!.source.neighbor === S2.neighbor);
  t.deepEqual(best(), [true, true, false]);
  limit = 5;
  reader.lookAgain();
  t.deepEqual(reader.takeAgain(9), [rib.destination(macRoute(3))!]);
  t.is(reader.takeDirty(9).length, 2);
  t.deepEqual(best(), [false, false, false]);
  t.is(rib.decision(rib.destination(macRoute(1))!).rule, 'usable path');
  // All that is left, usable or not
  rib.update(S1, update([], A, [macRoute(1)]));
  t.true(best()[0]);
});

test('lookAgain brings no destination that has gone meanwhile', (t) => {
  const { reader, rib } = make();
  rib.update(S1, update([macRoute(1), macRoute(2), macRoute(3)]));
  reader.takeDirty(9);
  reader.lookAgain();
  t.is(reader.takeAgain(1).length, 1);
  rib.update(S1, update([], A, [macRoute(1), macRoute(2), macRoute(3)]));
  t.deepEqual(reader.takeAgain(9), []);
  t.is(reader.takeDirty(9).length, 3);
  t.false(reader.hasDirty);
  t.is(rib.size, 0);
});

test('congestion begins and ends with the dirty set', (t) => {
  const { reader, rib } = make();
  const macs = Array.from({ length: 70_000 }, (_, i) => macRoute(i + 1));
  rib.update(S1, update(macs));
  let relieved = 0;
  rib.onRelieved = () => relieved++;
  t.true(rib.isCongested(S1.neighbor));
  reader.takeDirty(50_000);
  t.true(rib.isCongested(S1.neighbor));
  reader.takeDirty(10_000);
  t.false(rib.isCongested(S1.neighbor));
  t.is(relieved, 1);
  t.false(rib.isCongested(S2.neighbor));
  t.is(reader.takeDirty(100_000).length, 10_000);
});

test('what one neighbor says waits for some of what another does, never for all', (t) => {
  const { reader, rib } = make();
  rib.update(S1, update(Array.from({ length: 1000 }, (_, i) => macRoute(i + 1))));
  rib.update(S2, update([macRoute(5000), macRoute(1)]));
  const order = reader.takeDirty(2000).map(({ nlri }) => formatNlri(nlri));
  t.is(order.length, 1001);
  t.true(order.indexOf(formatNlri(macRoute(5000))) < 40);
  t.deepEqual(
    order.filter((text) => text !== formatNlri(macRoute(5000))),
    Array.from({ length: 1000 }, (_, i) => formatNlri(macRoute(i + 1))),
  );
});

test('our identity may change', (t) => {
  const { rib } = make();
  rib.setIdentity({ asn: 65000, routerId: 1 });
  rib.update(S1, update([macRoute(1)]));
  t.is(rib.size, 0);
});

// ---- against a model that keeps a list and decides anew each time

const nlris: EvpnNlri[] = [
  macRoute(1),
  macRoute(1, { ethernetTag: 1 }),
  macRoute(1, { ip: parseIp('10.9.0.1') }),
  macRoute(2),
  imet('10.0.0.10'),
];
const sets = [
  A,
  pathAttributes({ med: 3 }),
  pathAttributes({ nextHop: parseIp('10.0.0.9') }),
  pathAttributes({ macMobility: { sequence: 4, sticky: false } }),
  pathAttributes({ localPref: 300 }),
  pathAttributes({ asPath: [{ type: 2, asns: [65001] }] }),
];
const sources = [1, 2, 3].map(sourceOf);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('announce' as const),
      s: fc.nat(2),
      n: fc.nat(4),
      a: fc.nat(5),
      label: fc.nat(1),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), s: fc.nat(2), n: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('down' as const), s: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), s: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), s: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('take' as const), max: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
);

test('any history: the RIB equals a naive model, and the reader of the dirty set knows every best path', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { reader, rib, clock } = make();
      let model: { s: number; nlri: EvpnNlri; attributes: PathAttributes; stale: boolean }[] = [];
      const known = new Map<string, Pick<Path, 'attributes' | 'nlri'>>();
      const take = (max: number) => {
        for (const { nlri, best } of reader.takeDirty(max)) {
          if (best === undefined) known.delete(formatNlri(keyOnly(nlri)));
          // The RIB's own objects change with what comes later
          else known.set(formatNlri(keyOnly(nlri)), { attributes: best.attributes, nlri: plain(best.nlri) });
        }
      };
      const drop = (s: number, nlri: EvpnNlri) => {
        model = model.filter((p) => p.s !== s || !sameKey(p.nlri, nlri));
      };
      for (const action of steps) {
        switch (action.kind) {
          case 'announce': {
            const nlri = {
              ...nlris[action.n],
              ...(action.n < 4 ? { label1: action.label } : {}),
            } as EvpnNlri;
            rib.update(sources[action.s], update([nlri], sets[action.a]));
            drop(action.s, nlri);
            if (action.a < 5) model.push({ s: action.s, nlri, attributes: sets[action.a], stale: false });
            break;
          }
          case 'withdraw':
            rib.update(sources[action.s], update([], A, [nlris[action.n]]));
            drop(action.s, nlris[action.n]);
            break;
          case 'down':
            void rib.neighborDown(sources[action.s]);
            model = model.filter((p) => p.s !== action.s);
            break;
          case 'stale':
            rib.neighborStale(sources[action.s], 'removed');
            model = model.filter((p) => p.s !== action.s || !p.stale);
            for (const p of model) if (p.s === action.s) p.stale = true;
            break;
          case 'sweep':
            void rib.sweepStale(sources[action.s]);
            model = model.filter((p) => p.s !== action.s || !p.stale);
            break;
          case 'take':
            take(action.max);
            break;
          case 'settle':
            clock.runUntilIdle();
            break;
        }
      }
      clock.runUntilIdle();
      take(1000);
      let total = 0;
      for (const nlri of nlris) {
        const expected = model.filter((p) => sameKey(p.nlri, nlri));
        const found = rib.destination(nlri);
        t.is(found?.paths.length ?? 0, expected.length);
        const paths: Path[] = expected.map((p) => ({
          source: sources[p.s],
          attributes: p.attributes,
          nlri: p.nlri,
          receivedAt: 0,
          stale: p.stale,
        }));
        const { best } = decide(paths);
        t.is(found?.best?.attributes, best?.attributes);
        t.is(found?.best?.source.neighbor, best?.source.neighbor);
        t.is(found?.best?.stale, best?.stale);
        t.is(known.get(formatNlri(keyOnly(nlri)))?.attributes, best?.attributes);
        t.deepEqual(known.get(formatNlri(keyOnly(nlri)))?.nlri, best?.nlri);
        total += expected.length;
      }
      const accepted = sources.flatMap((s) => rib.counts(s.neighbor).accepted).reduce((sum, n) => sum + n, 0);
      t.is(accepted, total);
      t.is(rib.size, new Set(model.map((p) => formatNlri(keyOnly(p.nlri)))).size);
    }),
    { numRuns: 400 },
  );
});

function keyOnly(nlri: EvpnNlri): EvpnNlri {
  return nlri.type === 2 ? { ...plain(nlri), label1: 0 } : nlri;
}

/** The fields of the NLRI and nothing else: a MAC/IP destination of the RIB is one, too. */
function plain<Nlri extends EvpnNlri>(nlri: Nlri): Nlri {
  if (nlri.type !== 2) return nlri;
  const { type, rd, esi, ethernetTag, mac, ip, label1, label2 } = nlri;
  return { type, rd, esi, ethernetTag, mac, ip, label1, label2 } as typeof nlri;
}

test('attribute sets are counted once for each neighbor that has routes of them, and told when nobody has', (t) => {
  const { rib } = make();
  const released: PathAttributes[] = [];
  rib.onReleased = (attributes) => released.push(attributes);
  const [one, two] = [pathAttributes({ octets: 100 }), pathAttributes({ octets: 1000, med: 1 })];
  const held = (source: PathSource) => {
    const { sets, octets } = rib.counts(source.neighbor);
    return [sets, octets];
  };
  rib.update(S1, update([macRoute(1), macRoute(2)], one));
  rib.update(S2, update([macRoute(1)], one));
  t.deepEqual(
    [held(S1), held(S2)],
    [
      [1, 100],
      [1, 100],
    ],
  );
  rib.update(S1, update([macRoute(1)], two));
  rib.update(S1, update([macRoute(1)], two));
  t.deepEqual(held(S1), [2, 1100]);
  rib.update(S1, update([macRoute(2)], two));
  t.deepEqual(held(S1), [1, 1000]);
  t.deepEqual(released, []);
  rib.update(S2, update([], A, [macRoute(1)]));
  t.deepEqual(held(S2), [0, 0]);
  t.deepEqual(released, [one]);
  t.is(one.holding, undefined);
  void rib.neighborDown(S1);
  t.deepEqual(held(S1), [0, 0]);
  t.deepEqual(released, [one, two]);
});

test('a hundred thousand attribute sets of a route that flaps leave nothing', (t) => {
  const { rib } = make();
  let held = 0;
  rib.onReleased = () => held--;
  for (let i = 0; i < 100_000; i++) {
    held++;
    rib.update(S1, update([macRoute(1)], pathAttributes({ med: i })));
    if (held > 1) t.fail(`${held} sets`);
  }
  rib.update(S1, update([], A, [macRoute(1)]));
  t.is(held, 0);
  t.deepEqual([rib.counts(S1.neighbor).sets, rib.counts(S1.neighbor).octets], [0, 0]);
});
