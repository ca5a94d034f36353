import test from 'ava';
import fc from 'fast-check';
import { ImportPolicy, type NeighborConfig, type Speaker } from '../../src/bgp/index.js';
import {
  type Capability,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  MessageType,
} from '../../src/wire/index.js';
import {
  EVPN_CAPABILITIES,
  encoderOf,
  Fabric,
  macRoute,
  neighborConfig,
  openOf,
  originated,
  RawPeer,
} from './fabric.js';

/*
 * A neighbor that does anything, in any order, on any number of connections, while its settings and the operator change: nothing
 * throws, what is counted is what stands, nothing that is kept is kept for ever, and it has a session as any other afterwards.
 */
const THEIRS = '10.0.0.2';
const OURS = '10.0.0.1';
/** Seconds; the longest time for which anything is kept is no longer than the sum of these, three times over. */
const RESTART_TIME = 60;
const LONG_LIVED = 600;
const encoder = encoderOf();

const flag = fc.boolean();
const capabilities: fc.Arbitrary<readonly Capability[]> = fc
  .record({
    evpn: fc.constantFrom(true, true, true, true, true, false),
    four: fc.constantFrom(65002, 65002, 65002, 65002, 65003, 0),
    refresh: flag,
    enhanced: flag,
    extended: flag,
    restarts: fc.option(
      fc.record({
        restartState: flag,
        notification: flag,
        restartTime: fc.constantFrom(0, 1, RESTART_TIME),
        forwardingPreserved: flag,
      }),
    ),
    longLived: fc.option(
      fc.record({ staleTime: fc.constantFrom(0, 1, LONG_LIVED), forwardingPreserved: flag }),
    ),
  })
  .map(({ evpn, four, refresh, enhanced, extended, restarts, longLived }) => [
    evpn ? ({ code: 1, afi: 25, safi: 70 } as const) : ({ code: 1, afi: 1, safi: 1 } as const),
    ...(refresh ? [{ code: 2 } as const] : []),
    ...(extended ? [{ code: 6 } as const] : []),
    ...(restarts === null
      ? []
      : [
          {
            code: 64,
            restartState: restarts.restartState,
            notification: restarts.notification,
            restartTime: restarts.restartTime,
            families: [{ afi: 25, safi: 70, forwardingPreserved: restarts.forwardingPreserved }],
          } as const,
        ]),
    ...(four === 0 ? [] : [{ code: 65, asn: four } as const]),
    ...(enhanced ? [{ code: 70 } as const] : []),
    ...(longLived === null ? [] : [{ code: 71, families: [{ afi: 25, safi: 70, ...longLived }] } as const]),
  ]);

const open = fc
  .record({
    capabilities,
    holdTime: fc.constantFrom(0, 0, 3, 9, 90, 1),
    routerId: fc.constantFrom(THEIRS, THEIRS, '10.0.0.0', OURS, '0.0.0.0'),
    asn: fc.constantFrom(65002, 65002, 65002, 65009),
  })
  .map(({ asn, routerId, ...extra }) => encodeOpen(openOf(asn, routerId, extra)));

const announced = fc
  .record({
    macs: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1 }),
    asn: fc.constantFrom(65002, 65002, 65009),
    prepend: fc.constantFrom([], [], [65001]),
    withdraws: flag,
  })
  .map(({ macs, asn, prepend, withdraws }) => {
    const routes = macs.map((mac) => macRoute(mac));
    return Buffer.concat(
      withdraws
        ? encoder.withdraw(routes)
        : encoderOf(asn).announce({ ...originated(THEIRS), prepend }, routes),
    );
  });
const refresh = fc
  .record({ subtype: fc.constantFrom(0, 1, 1, 2, 2, 3), afi: fc.constantFrom(25, 25, 25, 1) })
  .map(({ subtype, afi }) => encodeRouteRefresh({ afi, safi: afi === 25 ? 70 : 1, subtype }));
const notification = fc
  .record({
    code: fc.constantFrom(1, 2, 3, 4, 5, 6, 6, 6, 7, 99),
    subcode: fc.nat(11),
    data: fc.uint8Array({ maxLength: 6 }),
  })
  .map((each) => encodeNotification(each));
/** Octets of one of these with one that is another, or as many that follow no rule. */
const broken = (message: fc.Arbitrary<Uint8Array>) =>
  fc.tuple(message, fc.nat(200), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = Buffer.from(bytes);
    copy[at % copy.length] = value;
    return copy;
  });

const END_OF_RIB = encoder.endOfRib();
const KEEPALIVE = Buffer.from(`${'ff'.repeat(16)}001304`, 'hex');
const message = fc.oneof(
  { weight: 1, arbitrary: open },
  { weight: 4, arbitrary: fc.constant(KEEPALIVE) },
  { weight: 12, arbitrary: announced },
  { weight: 3, arbitrary: fc.constant(END_OF_RIB) },
  { weight: 4, arbitrary: refresh },
  { weight: 2, arbitrary: notification },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 40 }) },
  { weight: 2, arbitrary: broken(fc.oneof(open, announced, refresh, notification)) },
);

const REJECTS = new ImportPolicy({ name: 'none', rules: [], otherwise: 'reject' });
const settings: fc.Arbitrary<Partial<NeighborConfig>> = fc.record(
  {
    passive: flag,
    holdTime: fc.constantFrom(0, 3, 9),
    enhancedRefresh: flag,
    gracefulRestartNotification: flag,
    longLivedStaleTime: fc.constantFrom(0, LONG_LIVED),
    staleTime: fc.constantFrom(1, RESTART_TIME),
    enforceFirstAs: flag,
    allowasIn: fc.constantFrom(0, 1),
    importPolicy: fc.constantFrom(undefined, REJECTS),
    maxRoutes: fc.constantFrom(3, 1000),
    onLimit: fc.constantFrom('close' as const, 'stop' as const, 'warn' as const),
    shutdown: fc.constantFrom(undefined, undefined, undefined, 'no'),
    remoteAs: fc.constantFrom<NeighborConfig['remoteAs']>(65002, 65002, 'external', 65003),
  },
  { requiredKeys: [] },
);

/** Of its connections, from the latest one on. */
const which = fc.constantFrom(0, 0, 0, 0, 1, 2, 3);
const step = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ do: 'connect' } as const) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('begin' as const), capabilities, told: announced }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('establish' as const), which, open }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant('send' as const), which, message }) },
  { weight: 4, arbitrary: fc.constant({ do: 'cut' } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(1, 100, 1_500, 5_000, 30_000, 100_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settings' as const), settings }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'down' as const,
        'up' as const,
        'up' as const,
        'reset' as const,
        'in' as const,
        'out' as const,
      ),
    }),
  },
);

const config = (extra: Partial<NeighborConfig> = {}) => ({
  asn: 65001,
  routerId: 0x0a000001,
  listen: [{ address: OURS, port: 179 }],
  neighbors: [neighborConfig(THEIRS, 65002, extra)],
});

const macsOf = (speaker: Speaker) =>
  [...speaker.rib.destinations()].map(({ nlri }) => (nlri.type === 2 ? nlri.mac : -1)).sort();

test('a neighbor that does anything leaves what is counted, kept and logged in order, and has a session afterwards', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
      const fabric = new Fabric();
      const speaker = fabric.speaker(OURS, config());
      const connections: RawPeer[] = [];
      const at = (n: number): RawPeer | undefined => connections.at(-1 - n);
      const took = (peer: RawPeer) => {
        connections.push(peer);
        if (connections.length > 4) connections.shift();
      };
      const door = await fabric.network.host(THEIRS).listen({ address: THEIRS, port: 179 }, (connection) => {
        const peer = new RawPeer(fabric, THEIRS);
        peer.connection = connection;
        took(peer);
        return peer;
      });
      await speaker.start();
      speaker.localRib.originate(macRoute(77), originated(OURS));
      const check = () => {
        const status = speaker.neighbor(THEIRS);
        const { held, stale, rejected, accepted } = speaker.rib.counts(THEIRS);
        const paths = [...speaker.rib.destinations()].flatMap((each) => each.paths);
        t.is(held, paths.length);
        t.is(
          held,
          accepted.reduce((sum, count) => sum + count, 0),
        );
        t.is(stale, paths.filter((path) => path.stale).length);
        t.is(rejected, paths.filter(({ attributes }) => attributes.verdict?.accepted === false).length);
        t.truthy(status);
        t.deepEqual(fabric.errors, []);
      };
      for (const each of steps) {
        if (each.do === 'connect') took(new RawPeer(fabric, THEIRS).connect(OURS));
        else if (each.do === 'wait') fabric.clock.advance(each.milliseconds);
        else if (each.do === 'cut') fabric.network.cut(THEIRS);
        else if (each.do === 'settings') await speaker.reconfigure(config(each.settings));
        else if (each.do === 'down') speaker.shutDownNeighbor(THEIRS, 'off');
        else if (each.do === 'up') speaker.enableNeighbor(THEIRS);
        else if (each.do === 'reset') speaker.resetNeighbor(THEIRS);
        else if (each.do === 'in' || each.do === 'out') speaker.refreshNeighbor(THEIRS, each.do);
        else if (each.do === 'end') at(each.which)?.connection?.end();
        else if (each.do === 'send') at(each.which)?.send(each.message);
        else if (each.do === 'begin') {
          took(new RawPeer(fabric, THEIRS).connect(OURS));
          at(0)
            ?.establish(openOf(65002, THEIRS, { holdTime: 0, capabilities: [...each.capabilities] }))
            .send(each.told);
        } else if (each.do === 'establish') at(each.which)?.send(each.open, KEEPALIVE);
        fabric.clock.runUntilIdle();
        check();
      }

      // It goes: nothing of it is kept beyond its times, not even where each began anew
      await door.close();
      fabric.network.cut(THEIRS);
      await speaker.reconfigure(config());
      speaker.enableNeighbor(THEIRS);
      fabric.clock.advance(3 * (RESTART_TIME + 180 + LONG_LIVED) * 1000);
      check();
      t.deepEqual(macsOf(speaker), []);
      t.is(speaker.neighbor(THEIRS)?.staleRoutes, undefined);
      t.true(fabric.clock.timersPending < 10);

      const peer = new RawPeer(fabric, THEIRS).connect(OURS);
      peer.establish(openOf(65002, THEIRS, { holdTime: 0, capabilities: EVPN_CAPABILITIES(65002) }));
      peer.send(...encoder.announce(originated(THEIRS), [macRoute(1), macRoute(2)]), END_OF_RIB);
      t.is(speaker.neighbor(THEIRS)?.state, 'Established');
      t.deepEqual(macsOf(speaker), [1, 2]);
      t.true(peer.bodies(MessageType.UPDATE).length > 0);
      check();
    }),
    { numRuns: Number(process.env.EVPND_RUNS ?? 150) },
  );
});
