import test from 'ava';
import { ImportPolicy, type NeighborConfig, type Speaker } from '../../src/bgp/index.js';
import { parseMacPrefix } from '../../src/types/index.js';
import { encodeKeepalive, encodeNotification, encodeOpen, MessageType } from '../../src/wire/index.js';
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

// RFC 4724 §4.2, the receiving speaker

const encoder = encoderOf();
const END_OF_RIB = encoder.endOfRib();
const macs = (speaker: Speaker) =>
  [...speaker.rib.destinations()].map((d) => (d.nlri.type === 2 ? d.nlri.mac : -1)).sort((a, b) => a - b);
const tell = (peer: RawPeer, ...which: number[]) =>
  peer.send(
    ...encoder.announce(
      originated('10.0.0.2'),
      which.map((mac) => macRoute(mac)),
    ),
  );

/** What an OPEN says of graceful restart: the F bit of EVPN, EVPN not in the list, or no capability at all. */
type Offer = 'F=0' | 'F=1' | 'no family' | 'other family' | 'nothing';

function capability(offer: Offer, restartTime: number, notification = false) {
  if (offer === 'nothing') return [];
  const family = { afi: offer === 'other family' ? 1 : 25, safi: offer === 'other family' ? 1 : 70 };
  const families = offer === 'no family' ? [] : [{ ...family, forwardingPreserved: offer === 'F=1' }];
  return [{ code: 64, restartState: false, notification, restartTime, families } as const];
}

/** A speaker whose neighbor has told MACs 1 and 2 and its End-of-RIB in a session with that offer. */
async function graceful(first: Offer = 'F=0', notification = false, config: Partial<NeighborConfig> = {}) {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig('10.0.0.2', 65002, { passive: true, ...config })],
  });
  await speaker.start();
  const connect = (offer: Offer, restartTime = 30) =>
    fabric
      .peer('10.0.0.2')
      .connect('10.0.0.1')
      .establish(
        openOf(65002, '10.0.0.2', {
          holdTime: 0,
          capabilities: [...EVPN_CAPABILITIES(65002), ...capability(offer, restartTime, notification)],
        }),
      );
  const peer = tell(connect(first), 1, 2).send(END_OF_RIB);
  const lose = (milliseconds: number) => {
    fabric.network.cut('10.0.0.2');
    fabric.clock.runUntilIdle();
    fabric.clock.advance(milliseconds);
  };
  const stale = () => speaker.neighbor('10.0.0.2')!.staleRoutes;
  return { fabric, speaker, connect, peer, lose, stale };
}

// The families of the old OPEN are retained whatever its F bit; that of the new OPEN decides
for (const first of ['F=0', 'F=1'] as const)
  for (const [second, kept] of [
    ['F=1', [1, 2]],
    ['F=0', []],
    ['no family', []],
    ['other family', []],
    ['nothing', []],
  ] as const)
    test(`first OPEN ${first}, second OPEN ${second}: ${kept.length > 0 ? 'kept' : 'removed'} at the return`, async (t) => {
      const { speaker, connect, lose } = await graceful(first);
      lose(5000);
      t.deepEqual(macs(speaker), [1, 2], 'while it is away');
      const again = connect(second);
      t.deepEqual(macs(speaker), kept as unknown as number[]);
      tell(again, 1);
      again.send(END_OF_RIB);
      t.deepEqual(macs(speaker), [1]);
    });

for (const offer of ['no family', 'other family', 'nothing'] as const)
  test(`first OPEN ${offer}: nothing is kept`, async (t) => {
    const { speaker, lose, stale } = await graceful(offer);
    t.is(speaker.neighbor('10.0.0.2')?.negotiated?.gracefulRestart, undefined);
    lose(0);
    t.deepEqual(macs(speaker), []);
    t.is(stale(), undefined);
  });

test('what is stale and until when can be read, from the loss to the End-of-RIB', async (t) => {
  const { fabric, speaker, connect, lose, stale } = await graceful();
  t.is(stale(), undefined);
  const lostAt = fabric.clock.wallTime();
  lose(5000);
  t.deepEqual(stale(), { count: 2, until: lostAt + 30_000, isLongLived: false });
  t.true([...speaker.rib.destinations()].every((d) => d.paths.every((path) => path.stale)));
  const again = connect('F=1', 60);
  t.deepEqual(stale(), { count: 2, until: fabric.clock.wallTime() + 180_000, isLongLived: false });
  // The same again, another word on it, and a withdraw: each makes one less
  tell(again, 1);
  t.is(stale()?.count, 1);
  again.send(...encoder.announce(originated('10.0.0.7'), [macRoute(2), macRoute(3)]));
  t.is(stale()?.count, 0);
  again.send(END_OF_RIB);
  t.is(stale(), undefined);
  t.deepEqual(macs(speaker), [1, 2, 3]);
  const removals = fabric.log.lines.filter(({ message }) => message.startsWith('stale routes'));
  t.like(removals, [{ level: 'info', facts: { routes: 0, reason: 'End-of-RIB' } }]);
});

test('the restart time ends it before the return, the stale time after it', async (t) => {
  const away = await graceful();
  away.lose(29_900);
  t.deepEqual(macs(away.speaker), [1, 2]);
  away.fabric.clock.advance(200);
  t.deepEqual(macs(away.speaker), []);
  t.is(away.stale(), undefined);
  // Back after its time: nothing is left to keep
  away.connect('F=1');
  t.is(away.stale(), undefined);

  for (const staleTime of [undefined, 10]) {
    const back = await graceful('F=0', false, staleTime === undefined ? {} : { staleTime });
    back.lose(5000);
    back.connect('F=1');
    back.fabric.clock.advance((staleTime ?? 180) * 1000 - 1000);
    t.deepEqual(macs(back.speaker), [1, 2]);
    back.fabric.clock.advance(2000);
    t.deepEqual(macs(back.speaker), []);
  }
});

// RFC 8538 §4.1
test('both with the N bit, and a second loss during the restart: what was stale stays for the rest of the stale time', async (t) => {
  const { fabric, speaker, connect, lose, stale } = await graceful('F=0', true, { staleTime: 60 });
  lose(5000);
  tell(connect('F=1'), 2, 3);
  fabric.clock.advance(40_000);
  lose(1000);
  t.deepEqual(macs(speaker), [1, 2, 3]);
  t.is(stale()?.count, 3);
  // The stale time goes by while the neighbor is away: what it told last has the restart time
  fabric.clock.advance(20_000);
  t.deepEqual(macs(speaker), [2, 3]);
  tell(connect('F=1'), 3);
  fabric.clock.advance(50_000);
  lose(1000);
  t.deepEqual(macs(speaker), [2, 3]);
  const last = tell(connect('F=1'), 3);
  fabric.clock.advance(10_000);
  t.deepEqual(macs(speaker), [3]);
  t.is(stale(), undefined);
  last.send(END_OF_RIB);
  lose(1000);
  connect('F=0');
  t.deepEqual(macs(speaker), [], 'the F bit counts as ever');
});

for (const [what, config, kept] of [
  ['hold time', { holdTime: 30 }, [1, 2]],
  ['address of our side', { localAddress: '10.0.0.1' }, [1, 2]],
  ['AS', { remoteAs: 65009 }, []],
  ['time to be kept for long', { longLivedStaleTime: 60 }, []],
] as const)
  test(`another ${what} while the neighbor restarts: its routes are ${kept.length > 0 ? 'kept' : 'removed'}`, async (t) => {
    const { fabric, speaker, lose, connect } = await graceful();
    lose(5000);
    const neighbors = [neighborConfig('10.0.0.2', 65002, { passive: true, ...config })];
    await speaker.reconfigure({ asn: 65001, routerId: 0x0a000001, listen: LISTEN, neighbors });
    fabric.clock.runUntilIdle();
    t.deepEqual(macs(speaker), kept as unknown as number[]);
    if (kept.length === 0) return;
    tell(connect('F=1'), 2).send(END_OF_RIB);
    t.deepEqual(macs(speaker), [2]);
  });

const LISTEN = [{ address: '10.0.0.1', port: 179 }];
const REJECTS_1 = new ImportPolicy({
  name: 'without-1',
  rules: [
    { name: 'no', match: { macs: [parseMacPrefix('00:00:00:00:00:01/48')] }, action: 'reject', set: {} },
  ],
  otherwise: 'accept',
});

test('what is kept is judged by an import policy that comes meanwhile, and as it came by none', async (t) => {
  const { fabric, speaker, lose, stale } = await graceful();
  const chosen = () =>
    [...speaker.rib.destinations()]
      .filter(({ best }) => best)
      .map(({ nlri }) => (nlri.type === 2 ? nlri.mac : -1))
      .sort();
  const change = async (importPolicy: ImportPolicy | undefined) => {
    const neighbors = [neighborConfig('10.0.0.2', 65002, { passive: true, importPolicy })];
    await speaker.reconfigure({ asn: 65001, routerId: 0x0a000001, listen: LISTEN, neighbors });
    fabric.clock.runUntilIdle();
  };
  lose(5000);
  await change(REJECTS_1);
  t.deepEqual(chosen(), [2]);
  t.is(speaker.rib.counts('10.0.0.2').rejected, 1);
  t.is(stale()?.count, 2);
  await change(undefined);
  t.deepEqual(chosen(), [1, 2]);
  t.is(speaker.rib.counts('10.0.0.2').rejected, 0);
});

test('what is kept counts for no limit of routes, also where the use of limits is shown', async (t) => {
  const { fabric, speaker, connect, peer, lose } = await graceful('F=1', false, {
    maxRoutes: 3,
    maxOctets: 0,
  });
  const use = () => speaker.neighbor('10.0.0.2')?.limitUse;
  peer.send(...encoderOf().announce(originated('10.0.0.2'), [macRoute(3)]));
  t.like(use(), { used: 3, level: 'near' });
  lose(5000);
  t.like(use(), { used: 0, level: 'within' });
  connect('F=1').send(
    ...encoderOf().announce(
      originated('10.0.0.2'),
      [4, 5].map((mac) => macRoute(mac)),
    ),
  );
  t.like(use(), { used: 2, level: 'within' });
  t.deepEqual(macs(speaker), [1, 2, 3, 4, 5]);
  t.deepEqual(fabric.errors, []);
});

test('what is kept is judged by enforce-first-as and allowas-in that come meanwhile', async (t) => {
  for (const strict of [{ enforceFirstAs: true }, { allowasIn: 0 }]) {
    const lax = { enforceFirstAs: false, allowasIn: 1 };
    const { fabric, speaker, connect, peer, lose, stale } = await graceful('F=1', false, lax);
    const foreign = () =>
      peer.send(...encoderOf(65009).announce({ ...originated('10.0.0.2'), prepend: [65001] }, [macRoute(3)]));
    foreign();
    t.deepEqual(macs(speaker), [1, 2, 3]);
    lose(5000);
    const neighbors = [neighborConfig('10.0.0.2', 65002, { passive: true, ...lax, ...strict })];
    await speaker.reconfigure({ asn: 65001, routerId: 0x0a000001, listen: LISTEN, neighbors });
    fabric.clock.runUntilIdle();
    t.deepEqual(macs(speaker), [1, 2]);
    const refusals = fabric.log.lines.filter(({ message }) => message.startsWith('route refused: '));
    const reason = 'allowasIn' in strict ? 'as-path-loop' : 'first-as';
    t.like(refusals, [{ facts: { neighbor: '10.0.0.2', reason, asPath: '65009 65001' } }]);
    t.is(refusals.length, 1);
    t.is(stale()?.count, 2);
    connect('F=1').send(END_OF_RIB);
    t.deepEqual(macs(speaker), []);
  }
});

test('what a neighbor was told by no policy yet, and that goes before it has sent its routes again, is judged all the same', async (t) => {
  const { fabric, speaker, lose } = await graceful();
  const neighbors = [neighborConfig('10.0.0.2', 65002, { passive: true, importPolicy: REJECTS_1 })];
  await speaker.reconfigure({ asn: 65001, routerId: 0x0a000001, listen: LISTEN, neighbors });
  lose(5000);
  fabric.clock.runUntilIdle();
  t.deepEqual(
    [...speaker.rib.destinations()].filter(({ best }) => best).map(({ nlri }) => nlri.type === 2 && nlri.mac),
    [2],
  );
});

test('a second loss during the restart: what was stale goes, what was told since becomes stale', async (t) => {
  const { speaker, connect, lose, stale } = await graceful();
  lose(5000);
  tell(connect('F=1'), 2, 3);
  lose(1000);
  t.deepEqual(macs(speaker), [2, 3]);
  t.is(stale()?.count, 2);
  const third = tell(connect('F=1'), 3);
  third.send(END_OF_RIB);
  t.deepEqual(macs(speaker), [3]);
});

test('a second loss after an OPEN without the capability keeps nothing', async (t) => {
  const { speaker, connect, lose } = await graceful();
  lose(1000);
  tell(connect('nothing'), 2, 3);
  lose(0);
  t.deepEqual(macs(speaker), []);
});

for (const [offer, after] of [
  ['F=1', 'the End-of-RIB'],
  ['nothing', 'a return without graceful restart'],
] as const)
  test(`what is going since ${after} does not count for the limit beside as much that is new`, async (t) => {
    const { fabric, speaker, peer } = await graceful('F=1', false, { maxRoutes: 1200 });
    const many = (first: number, count: number) =>
      encoder.announce(
        originated('10.0.0.2'),
        Array.from({ length: count }, (_, i) => macRoute(first + i)),
      );
    peer.send(...many(1, 1000));
    fabric.network.cut('10.0.0.2');
    const capabilities = [...EVPN_CAPABILITIES(65002), ...capability(offer, 30)];
    const open = encodeOpen(openOf(65002, '10.0.0.2', { holdTime: 0, capabilities }));
    const again = fabric.peer('10.0.0.2').connect('10.0.0.1');
    // In one turn, since what is stale goes a slice of 512 a turn
    const told = [...many(2001, 1000), END_OF_RIB, ...many(4000, 1)];
    again.send(Buffer.concat([open, encodeKeepalive(), ...told]));
    t.is(again.lastNotification, undefined);
    t.is(macs(speaker).length, 1001);
    again.send(...many(5000, 300));
    t.is(again.lastNotification?.slice(0, 3), '6/1');
  });

test('an attempt that fails during the restart changes nothing', async (t) => {
  const { fabric, speaker, lose, stale } = await graceful();
  lose(5000);
  const before = stale();
  fabric.peer('10.0.0.2').connect('10.0.0.1').open(openOf(65009, '10.0.0.2'));
  fabric.clock.advance(5000);
  t.deepEqual(stale(), before);
  t.deepEqual(macs(speaker), [1, 2]);
});

test('a NOTIFICATION, sent or received, and our own stop keep nothing', async (t) => {
  const received = await graceful('F=1');
  received.peer.send(encodeNotification({ code: 6, subcode: 4, data: new Uint8Array(0) }));
  t.deepEqual(macs(received.speaker), []);
  const sent = await graceful('F=1');
  sent.peer.open(openOf(65002, '10.0.0.2'));
  t.is(sent.peer.lastNotification, '5/3 01');
  sent.fabric.clock.runUntilIdle();
  t.deepEqual(macs(sent.speaker), []);
  const stopped = await graceful('F=1');
  stopped.lose(0);
  t.deepEqual(macs(stopped.speaker), [1, 2]);
  void stopped.speaker.stop();
  stopped.fabric.clock.runUntilIdle();
  t.deepEqual(macs(stopped.speaker), []);
});

// RFC 8538

const cease = (subcode: number, data: readonly number[] = []) =>
  encodeNotification({ code: 6, subcode, data: Uint8Array.from(data) });

for (const [name, message, kept] of [
  ['Cease, Administrative Shutdown', cease(2), [1, 2]],
  ['Hold Timer Expired', encodeNotification({ code: 4, subcode: 0, data: new Uint8Array(0) }), [1, 2]],
  ['an error in an UPDATE', encodeNotification({ code: 3, subcode: 1, data: new Uint8Array(0) }), [1, 2]],
  ['Cease, Hard Reset', cease(9, [6, 2]), []],
  ['Cease, Hard Reset, which carries nothing', cease(9), []],
  ['Cease, BFD Down', cease(10), []],
] as const)
  test(`both with the N bit, and the neighbor sends ${name}: ${kept.length > 0 ? 'kept' : 'removed'}`, async (t) => {
    const { speaker, peer, connect } = await graceful('F=0', true);
    t.like(speaker.neighbor('10.0.0.2')?.negotiated?.gracefulRestart, { outlivesNotification: true });
    peer.send(message);
    t.deepEqual(macs(speaker), kept as unknown as number[]);
    t.is(speaker.neighbor('10.0.0.2')?.staleRoutes?.count, kept.length > 0 ? 2 : undefined);
    tell(connect('F=1'), 1).send(END_OF_RIB);
    t.deepEqual(macs(speaker), [1]);
  });

for (const [what, notification, config] of [
  ['we', true, { gracefulRestartNotification: false }],
  ['the neighbor', false, {}],
] as const)
  test(`${what} without the N bit: a NOTIFICATION keeps nothing, and a shutdown is no Hard Reset`, async (t) => {
    const received = await graceful('F=1', notification, config);
    received.peer.send(cease(4));
    t.deepEqual(macs(received.speaker), []);
    const sent = await graceful('F=1', notification, config);
    const [{ capabilities }] = sent.peer.opens;
    t.is(
      capabilities.some((one) => one.code === 64 && one.notification),
      what !== 'we',
    );
    sent.speaker.shutDownNeighbor('10.0.0.2');
    sent.fabric.clock.runUntilIdle();
    t.is(sent.peer.lastNotification, '6/2');
  });

for (const [name, end, notification, kept] of [
  ['a shutdown', (s: Speaker) => s.shutDownNeighbor('10.0.0.2', 'x'), '6/9 06020178', []],
  ['a reset', (s: Speaker) => s.resetNeighbor('10.0.0.2'), '6/9 0604', []],
  ['our end', (s: Speaker) => s.stop(), '6/9 0602', []],
  [
    'the removal of the neighbor',
    (s: Speaker) => s.reconfigure({ asn: 65001, routerId: 0x0a000001, listen: [], neighbors: [] }),
    '6/9 0603',
    [],
  ],
  ['too many routes', (s: Speaker) => reconfigured(s, { maxRoutes: 1 }), '6/9 060100194600000001', []],
  ['another setting', (s: Speaker) => reconfigured(s, { holdTime: 30, keepaliveTime: 10 }), '6/6', [1, 2]],
] as const)
  test(`both with the N bit: ${name} is ${notification}, ${kept.length > 0 ? 'which keeps' : 'which removes'} the routes`, async (t) => {
    const { fabric, speaker, peer } = await graceful('F=0', true);
    void end(speaker);
    fabric.clock.runUntilIdle();
    await new Promise((resolve) => setImmediate(resolve));
    fabric.clock.runUntilIdle();
    t.is(peer.lastNotification, notification);
    t.deepEqual(macs(speaker), kept as unknown as number[]);
    fabric.clock.advance(40_000);
    t.deepEqual(macs(speaker), [], 'after the restart time');
  });

const reconfigured = (speaker: Speaker, config: Partial<NeighborConfig>) =>
  speaker.reconfigure({
    asn: 65001,
    routerId: 0x0a000001,
    listen: [{ address: '10.0.0.1', port: 179 }],
    neighbors: [neighborConfig('10.0.0.2', 65002, { passive: true, ...config })],
  });

test('both with the N bit: the end of the hold time keeps the routes', async (t) => {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig('10.0.0.2', 65002, { passive: true })],
  });
  await speaker.start();
  const peer = fabric
    .peer('10.0.0.2')
    .connect('10.0.0.1')
    .establish(
      openOf(65002, '10.0.0.2', {
        capabilities: [...EVPN_CAPABILITIES(65002), ...capability('F=0', 30, true)],
      }),
    );
  tell(peer, 1);
  fabric.clock.advance(9_500);
  t.is(peer.lastNotification, '4/0');
  t.deepEqual(macs(speaker), [1]);
  fabric.clock.advance(30_000);
  t.deepEqual(macs(speaker), []);
});

// RFC 4724 §4.2, where the neighbor is the receiving speaker
test('the OPEN after a session says that what was told in it is still forwarded, and that we have not restarted since', async (t) => {
  const { speaker, peer, lose, connect } = await graceful();
  const said = (each: RawPeer) =>
    each.opens[0].capabilities.flatMap((one) =>
      one.code === 64
        ? [one.restartState, ...one.families.map(({ forwardingPreserved }) => forwardingPreserved)]
        : [],
    );
  t.deepEqual(said(peer), [false, false]);
  speaker.restarted();
  lose(0);
  t.deepEqual(said(connect('F=1')), [false, true]);
});

// What is told to a neighbor that comes back

for (const [restarted, forwards, waits] of [
  [true, true, true],
  [true, false, false],
  [false, true, false],
] as const)
  test(`R ${restarted}, F ${forwards}: our End-of-RIB ${waits ? 'waits, so that its other neighbors can be back too' : 'follows our routes'}`, async (t) => {
    const fabric = new Fabric();
    const speaker = fabric.speaker('10.0.0.1', {
      asn: 65001,
      neighbors: [neighborConfig('10.0.0.2', 65002, { passive: true })],
    });
    speaker.localRib.originate(macRoute(7), originated('10.0.0.1'));
    await speaker.start();
    const families = [{ afi: 25, safi: 70, forwardingPreserved: forwards }];
    const peer = fabric
      .peer('10.0.0.2')
      .connect('10.0.0.1')
      .establish(
        openOf(65002, '10.0.0.2', {
          holdTime: 0,
          capabilities: [
            ...EVPN_CAPABILITIES(65002),
            { code: 64, restartState: restarted, notification: false, restartTime: 30, families },
          ],
        }),
      );
    const updates = () => peer.bodies(MessageType.UPDATE).length;
    fabric.clock.advance(1000);
    t.is(updates(), waits ? 1 : 2);
    speaker.refreshNeighbor('10.0.0.2', 'out');
    fabric.clock.advance(1000);
    t.is(updates(), waits ? 1 : 3, 'what is told again follows the End-of-RIB');
    fabric.clock.advance(1000);
    t.is(updates(), 3);
    speaker.refreshNeighbor('10.0.0.2', 'out');
    fabric.clock.advance(1000);
    t.is(updates(), 4);
  });
