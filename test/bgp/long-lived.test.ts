import test from 'ava';
import { ImportPolicy, type NeighborConfig } from '../../src/bgp/index.js';
import { LLGR_STALE, NO_LLGR } from '../../src/wire/index.js';
import {
  EVPN_CAPABILITIES,
  encoderOf,
  Fabric,
  macRoute,
  neighborConfig,
  openOf,
  originated,
  type RawPeer,
} from './fabric.js';

// RFC 9494, the helper

const encoder = encoderOf();
const [FIRST, SECOND] = ['10.0.0.2', '10.0.0.3'];
const communities = (...value: number[]) => ({
  ...originated(FIRST),
  others: [{ flags: 0xc0, code: 8 as const, value }],
});

/** What the neighbor says of long-lived graceful restart in its OPEN, and of the other kind: EVPN, no family, or nothing. */
interface Offer {
  readonly staleTime?: number;
  readonly forwards?: boolean;
  readonly graceful?: 'EVPN' | 'no family' | 'nothing';
}

/** A speaker with two neighbors, of which the first restarts gracefully in 30 s and offers the long-lived kind. */
async function scene(config: Partial<NeighborConfig> = { longLivedStaleTime: 600 }) {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [
      neighborConfig(FIRST, 65002, { passive: true, ...config }),
      neighborConfig(SECOND, 65002, { passive: true }),
    ],
  });
  await speaker.start();
  const connect = (
    address: string,
    asn: number,
    { staleTime, forwards = true, graceful = 'EVPN' }: Offer = {},
  ): RawPeer => {
    const families = graceful === 'EVPN' ? [{ afi: 25, safi: 70, forwardingPreserved: true }] : [];
    const restart = { code: 64, restartState: false, notification: true, restartTime: 30, families } as const;
    return fabric
      .peer(address)
      .connect('10.0.0.1')
      .establish(
        openOf(asn, address, {
          holdTime: 0,
          capabilities: [
            ...EVPN_CAPABILITIES(asn),
            ...(graceful === 'nothing' ? [] : [restart]),
            ...(staleTime === undefined
              ? []
              : [
                  {
                    code: 71,
                    families: [{ afi: 25, safi: 70, forwardingPreserved: forwards, staleTime }],
                  } as const,
                ]),
          ],
        }),
      );
  };
  const tell = (peer: RawPeer, attributes = originated(FIRST), ...macs: number[]) =>
    peer.send(
      ...encoder.announce(
        attributes,
        macs.map((mac) => macRoute(mac)),
      ),
    );
  const lose = (seconds: number) => {
    fabric.network.cut(FIRST);
    fabric.clock.runUntilIdle();
    fabric.clock.advance(seconds * 1000);
  };
  const macs = () =>
    [...speaker.rib.destinations()].map(({ nlri }) => (nlri.type === 2 ? nlri.mac : -1)).toSorted();
  const bestOf = (mac: number) => speaker.rib.destination(macRoute(mac))?.best?.source.neighbor;
  const stale = () => speaker.neighbor(FIRST)?.staleRoutes;
  return { fabric, speaker, connect, tell, lose, macs, bestOf, stale };
}

test('after the restart time routes stay for as long as both offer, and then go', async (t) => {
  for (const [ours, theirs, seconds] of [
    [600, 3600, 600],
    [3600, 600, 600],
    [16_777_215, 16_777_215, 16_777_215],
  ]) {
    const { fabric, connect, tell, lose, macs, stale } = await scene({ longLivedStaleTime: ours });
    tell(connect(FIRST, 65002, { staleTime: theirs }), originated(FIRST), 1, 2);
    lose(29);
    t.like(stale(), { count: 2, isLongLived: false });
    fabric.clock.advance(2000);
    t.like(stale(), { count: 2, isLongLived: true });
    t.is((stale()?.until ?? 0) - fabric.clock.wallTime(), (seconds - 1) * 1000);
    fabric.clock.advance((seconds - 2) * 1000);
    t.deepEqual(macs(), [1, 2]);
    fabric.clock.advance(2000);
    t.deepEqual(macs(), []);
    t.is(stale(), undefined);
  }
});

for (const [what, config, offer] of [
  ['we', {}, { staleTime: 600 }],
  ['the neighbor', { longLivedStaleTime: 600 }, {}],
  ['the neighbor, which offers no time,', { longLivedStaleTime: 600 }, { staleTime: 0 }],
] as const)
  test(`where ${what} do not offer it, routes go with the restart time`, async (t) => {
    const { speaker, connect, tell, lose, macs } = await scene(config);
    const peer = connect(FIRST, 65002, offer);
    t.is(
      peer.opens[0].capabilities.some(({ code }) => code === 71),
      'longLivedStaleTime' in config,
    );
    tell(peer, originated(FIRST), 1);
    t.is(speaker.neighbor(FIRST)?.negotiated?.gracefulRestart?.longLivedStaleTime, 0);
    lose(31);
    t.deepEqual(macs(), []);
  });

test('then any other path is better, and what the neighbor tells again counts as before', async (t) => {
  const { fabric, speaker, connect, tell, lose, bestOf, stale } = await scene();
  tell(connect(FIRST, 65002, { staleTime: 600 }), originated(FIRST), 1, 2);
  // Worse by its next hop
  tell(connect(SECOND, 65002), originated(SECOND), 1);
  const reader = speaker.rib.subscribe();
  reader.takeAgain(100);
  const changed = () =>
    reader
      .takeDirty(100)
      .map(({ nlri }) => (nlri.type === 2 ? nlri.mac : -1))
      .toSorted();
  changed();
  lose(29);
  t.is(bestOf(1), FIRST);
  t.deepEqual(changed(), []);
  fabric.clock.advance(2000);
  t.is(bestOf(1), SECOND);
  t.is(bestOf(2), FIRST);
  t.deepEqual(changed(), [1], 'readers look at what is another path now');
  const destination = speaker.rib.destination(macRoute(1));
  t.deepEqual(destination && [...speaker.rib.decision(destination).lost.values()], ['not long-lived stale']);
  const again = connect(FIRST, 65002, { staleTime: 600 });
  t.is(bestOf(1), SECOND);
  t.like(stale(), { isLongLived: true });
  tell(again, originated(FIRST), 1);
  t.is(bestOf(1), FIRST, 'with the same attributes');
  t.deepEqual(changed(), [1]);
  again.send(encoder.endOfRib());
  t.is(stale(), undefined);
  t.is(bestOf(2), undefined);
});

test('a neighbor that comes back without what it forwards by, or without the capability, loses what was kept', async (t) => {
  for (const offer of [{ staleTime: 600, forwards: false }, {}]) {
    const { connect, tell, lose, macs } = await scene();
    tell(connect(FIRST, 65002, { staleTime: 600 }), originated(FIRST), 1);
    lose(60);
    t.deepEqual(macs(), [1]);
    connect(FIRST, 65002, offer);
    t.deepEqual(macs(), []);
  }
});

test('NO_LLGR goes with the restart time, and LLGR_STALE is worse from the beginning', async (t) => {
  const { connect, tell, lose, macs, bestOf } = await scene();
  const peer = connect(FIRST, 65002, { staleTime: 600 });
  tell(peer, originated(FIRST), 1);
  tell(peer, communities(NO_LLGR), 2);
  tell(peer, communities(LLGR_STALE), 3);
  tell(connect(SECOND, 65002), originated(SECOND), 3);
  t.is(bestOf(3), SECOND);
  lose(29);
  t.deepEqual(macs(), [1, 2, 3]);
  lose(3);
  t.deepEqual(macs(), [1, 3]);
});

test('neither community is undone by a policy that writes the communities anew', async (t) => {
  const importPolicy = new ImportPolicy({
    name: 'anew',
    rules: [{ name: 'all', match: {}, action: 'accept', set: { communities: [0xfde80001] } }],
    otherwise: 'accept',
  });
  const { connect, tell, lose, macs, bestOf, speaker } = await scene({
    longLivedStaleTime: 600,
    importPolicy,
  });
  const peer = connect(FIRST, 65002, { staleTime: 600 });
  tell(peer, originated(FIRST), 1);
  tell(peer, communities(NO_LLGR), 2);
  tell(peer, communities(LLGR_STALE), 3);
  tell(connect(SECOND, 65002), originated(SECOND), 3);
  t.deepEqual(speaker.rib.destination(macRoute(2))?.best?.attributes.communities, [0xfde80001]);
  t.is(bestOf(3), SECOND);
  lose(31);
  t.deepEqual(macs(), [1, 3]);
});

test('a shutdown removes what is kept for long', async (t) => {
  const { fabric, speaker, connect, tell, lose, macs } = await scene();
  tell(connect(FIRST, 65002, { staleTime: 600 }), originated(FIRST), 1);
  lose(60);
  t.deepEqual(macs(), [1]);
  speaker.shutDownNeighbor(FIRST);
  fabric.clock.runUntilIdle();
  t.deepEqual(macs(), []);
});

const BOTH = { staleTime: 600 };

test('a second loss while routes are kept for long: those stay as they are and as long, what was told since has a restart time of its own', async (t) => {
  const { fabric, connect, tell, lose, macs, bestOf, stale } = await scene();
  tell(connect(FIRST, 65002, BOTH), originated(FIRST), 1, 2);
  tell(connect(SECOND, 65002), originated(SECOND), 1, 2, 3);
  lose(60);
  const first = stale();
  t.like(first, { count: 2, isLongLived: true });
  tell(connect(FIRST, 65002, { staleTime: 900 }), originated(FIRST), 1, 3);
  lose(20);
  t.deepEqual(stale(), { count: 3, until: first?.until ?? 0, isLongLived: true });
  t.deepEqual([1, 2, 3].map(bestOf), [FIRST, SECOND, FIRST]);
  fabric.clock.advance(11_000);
  t.deepEqual([1, 2, 3].map(bestOf), [SECOND, SECOND, SECOND]);
  t.deepEqual(stale(), { count: 3, until: first?.until ?? 0, isLongLived: true });
  fabric.network.cut(SECOND);
  fabric.clock.advance(60_000);
  t.deepEqual(macs(), [1, 2, 3]);
  fabric.clock.advance((first?.until ?? 0) - fabric.clock.wallTime());
  t.deepEqual(macs(), []);
  t.is(stale(), undefined);
});

test('a second loss in the restart time, before the End-of-RIB: what was not told again is kept for long from then on', async (t) => {
  const { fabric, connect, tell, lose, macs, bestOf, stale } = await scene();
  const peer = connect(FIRST, 65002, BOTH);
  tell(peer, originated(FIRST), 1, 2);
  tell(peer, communities(NO_LLGR), 3, 4);
  tell(connect(SECOND, 65002), originated(SECOND), 1, 2);
  lose(5);
  const again = connect(FIRST, 65002, BOTH);
  tell(again, originated(FIRST), 1);
  tell(again, communities(NO_LLGR), 4);
  const lostAt = fabric.clock.wallTime();
  lose(5);
  t.deepEqual(stale(), { count: 3, until: lostAt + 600_000, isLongLived: true });
  t.deepEqual(macs(), [1, 2, 4], 'that of NO_LLGR which was told again has its restart time');
  t.deepEqual([1, 2].map(bestOf), [FIRST, SECOND]);
  // However often it goes, they are kept no longer
  connect(FIRST, 65002, BOTH);
  lose(5);
  t.deepEqual(stale(), { count: 2, until: lostAt + 600_000, isLongLived: true });
  const third = connect(FIRST, 65002, BOTH);
  fabric.clock.advance(40_000);
  t.deepEqual(macs(), [1, 2]);
  tell(third, originated(FIRST), 2).send(encoder.endOfRib());
  t.deepEqual(macs(), [1, 2]);
  t.deepEqual([1, 2].map(bestOf), [SECOND, FIRST]);
  t.is(stale(), undefined);
  lose(5);
  t.like(stale(), { count: 1, isLongLived: false });
});

test('the time of long-lived routes ends in a session without End-of-RIB: they go, and all with that session', async (t) => {
  for (const [isToldAll, kept] of [
    [false, []],
    [true, [1]],
  ] as const) {
    const { fabric, connect, tell, lose, macs, stale } = await scene({ longLivedStaleTime: 60 });
    tell(connect(FIRST, 65002, BOTH), originated(FIRST), 1, 2);
    lose(60);
    const again = tell(connect(FIRST, 65002, BOTH), originated(FIRST), 1);
    fabric.clock.advance(40_000);
    t.deepEqual(macs(), [1]);
    t.is(stale(), undefined);
    if (isToldAll) again.send(encoder.endOfRib());
    lose(5);
    t.deepEqual(macs(), kept as unknown as number[]);
    // The next restart is one of its own
    tell(connect(FIRST, 65002, BOTH), originated(FIRST), 5);
    lose(5);
    t.deepEqual(macs(), [...kept, 5]);
  }
});

for (const [graceful, second, kept] of [
  ['no family', { ...BOTH, graceful: 'no family' }, [1]],
  ['no family', { ...BOTH, graceful: 'EVPN' }, [1]],
  ['no family', { graceful: 'no family' }, []],
  ['no family', { ...BOTH, graceful: 'nothing' }, []],
  ['nothing', BOTH, undefined],
] as const)
  test(`EVPN in the long-lived capability, ${graceful} in the other, then ${JSON.stringify(second)}: ${kept === undefined ? 'nothing is kept' : 'its restart time is 0'}`, async (t) => {
    const { fabric, speaker, connect, tell, lose, macs, stale } = await scene();
    tell(connect(FIRST, 65002, { ...BOTH, graceful }), originated(FIRST), 1);
    const lostAt = fabric.clock.wallTime();
    const restart = { restartTime: 0, forwardingPreserved: false, longLivedStaleTime: 600 };
    const negotiated = speaker.neighbor(FIRST)?.negotiated?.gracefulRestart;
    t.deepEqual(negotiated, kept && { ...restart, outlivesNotification: true });
    lose(1);
    t.deepEqual(stale(), kept && { count: 1, until: lostAt + 600_000, isLongLived: true });
    t.deepEqual(macs(), kept === undefined ? [] : [1]);
    const again = connect(FIRST, 65002, second);
    t.deepEqual(macs(), (kept ?? []) as unknown as number[]);
    again.send(encoder.endOfRib());
    t.deepEqual(macs(), []);
  });
