import test from 'ava';
import type { Speaker } from '../../src/bgp/index.js';
import { encodeNotification } from '../../src/wire/index.js';
import { EVPN_CAPABILITIES, Fabric, neighborConfig, openOf, type RawPeer } from './fabric.js';

/** A speaker 10.0.0.5 that has connected to its neighbor, and the neighbor's own connection to it. */
async function colliding(peerAddress: string, asn = 65001, peerAs = 65002, routerId?: number) {
  const fabric = new Fabric();
  const ours = await fabric.peer(peerAddress).listen();
  const speaker: Speaker = fabric.speaker('10.0.0.5', {
    asn,
    neighbors: [neighborConfig(peerAddress, peerAs)],
    ...(routerId === undefined ? {} : { routerId }),
  });
  await speaker.start();
  fabric.clock.runUntilIdle();
  const theirs = fabric.peer(peerAddress).connect('10.0.0.5');
  const status = () => speaker.neighbor(peerAddress)!;
  return { fabric, speaker, ours, theirs, status };
}

async function resolves(
  t: import('ava').ExecutionContext,
  which: 'ours' | 'theirs',
  first: 'ours' | 'theirs',
  setting: Awaited<ReturnType<typeof colliding>>,
  open = openOf(65002, setting.ours.address),
): Promise<void> {
  const peers: Record<string, RawPeer> = { ours: setting.ours, theirs: setting.theirs };
  peers[first].open(open);
  peers[first === 'ours' ? 'theirs' : 'ours'].open(open);
  const winner = peers[which];
  const loser = peers[which === 'ours' ? 'theirs' : 'ours'];
  t.is(loser.lastNotification, '6/7');
  t.true(loser.closed);
  t.is(winner.lastNotification, undefined);
  winner.keepalive();
  t.is(setting.status().state, 'Established');
  t.is(setting.status().lastError, undefined);
  t.deepEqual(setting.fabric.errors, []);
  // Still alive when the loser's timers would have fired
  for (let i = 0; i < 40; i++) {
    setting.fabric.clock.advance(2000);
    winner.keepalive();
  }
  t.is(setting.status().state, 'Established');
  t.is(setting.status().flaps, 0);
}

for (const first of ['ours', 'theirs'] as const) {
  test(`the higher identifier is ours: our connection stays (OPEN first on ${first})`, async (t) => {
    await resolves(t, 'ours', first, await colliding('10.0.0.2'));
  });
  test(`the higher identifier is theirs: their connection stays (OPEN first on ${first})`, async (t) => {
    await resolves(t, 'theirs', first, await colliding('10.0.0.9'));
  });
  test(`equal identifiers: the higher AS is ours (OPEN first on ${first})`, async (t) => {
    await resolves(t, 'ours', first, await colliding('10.0.0.2', 65003), openOf(65002, '10.0.0.5'));
  });
  test(`equal identifiers: the higher AS is theirs (OPEN first on ${first})`, async (t) => {
    await resolves(t, 'theirs', first, await colliding('10.0.0.2', 65001), openOf(65002, '10.0.0.5'));
  });
}

test('that the neighbor prefers its own connection is no failure of ours', async (t) => {
  const { fabric, ours, theirs, status } = await colliding('10.0.0.9');
  theirs.open(openOf(65002, '10.0.0.9'));
  const prefersTheirs = encodeNotification({ code: 6, subcode: 7, data: new Uint8Array() });
  ours.send(prefersTheirs);
  theirs.keepalive();
  t.is(status().state, 'Established');
  t.is(status().lastError, undefined);
  t.is(status().failedAttempts, 0);
  t.deepEqual(
    fabric.log.lines.filter(({ level }) => level === 'warn'),
    [],
  );
});

test('where there is no other connection it is one', async (t) => {
  const { fabric, ours, theirs, status } = await colliding('10.0.0.9');
  theirs.connection?.destroy();
  fabric.clock.runUntilIdle();
  ours.send(encodeNotification({ code: 6, subcode: 7, data: new Uint8Array() }));
  t.regex(status().lastError?.reason ?? '', /Connection Collision Resolution/);
  t.true(status().failedAttempts > 0);
});

test('a connection beside an established session is refused', async (t) => {
  const { ours, theirs, status, fabric } = await colliding('10.0.0.9');
  theirs.establish(openOf(65002, '10.0.0.9'));
  t.is(status().state, 'Established');
  t.is(ours.lastNotification, '6/7');
  const third = fabric.peer('10.0.0.9').connect('10.0.0.5').open(openOf(65002, '10.0.0.9'));
  t.is(third.lastNotification, '6/7');
  t.is(status().state, 'Established');
});

test('a peer that says it has restarted replaces a session that it has forgotten', async (t) => {
  const { theirs, status, fabric } = await colliding('10.0.0.9');
  const graceful = (restartState: boolean) =>
    openOf(65002, '10.0.0.9', {
      capabilities: [
        ...EVPN_CAPABILITIES(65002),
        {
          code: 64,
          restartState,
          notification: false,
          restartTime: 60,
          families: [{ afi: 25, safi: 70, forwardingPreserved: true }],
        },
      ],
    });
  theirs.establish(graceful(false));
  t.is(status().state, 'Established');
  // At once it is a collision like any other
  const early = fabric.peer('10.0.0.9').connect('10.0.0.5').open(graceful(true));
  t.is(early.lastNotification, '6/7');
  fabric.clock.advance(3000);
  const again = fabric.peer('10.0.0.9').connect('10.0.0.5').establish(graceful(true));
  t.is(again.lastNotification, undefined);
  t.true(theirs.closed);
  t.is(status().state, 'Established');
  t.is(status().flaps, 1);
});

test('the peer drops one of two connections: the other becomes the session', async (t) => {
  const { ours, theirs, status, fabric } = await colliding('10.0.0.9');
  ours.connection?.destroy();
  fabric.clock.runUntilIdle();
  theirs.establish(openOf(65002, '10.0.0.9'));
  t.is(status().state, 'Established');
  fabric.clock.advance(6_000);
  theirs.keepalive();
  fabric.clock.advance(6_000);
  t.is(status().state, 'Established');
});

test('the second connection fails: the first goes on', async (t) => {
  const { ours, theirs, status, fabric } = await colliding('10.0.0.2');
  theirs.connection?.destroy();
  fabric.clock.runUntilIdle();
  t.is(status().state, 'OpenSent');
  const another = fabric.peer('10.0.0.2').connect('10.0.0.5');
  const third = fabric.peer('10.0.0.2').connect('10.0.0.5');
  t.true(another.closed);
  third.open(openOf(65009, '10.0.0.2'));
  t.is(third.lastNotification, '2/2 0000fdf1');
  ours.establish(openOf(65002, '10.0.0.2'));
  t.is(status().state, 'Established');
  t.deepEqual(fabric.errors, []);
});

test('both connections stand when the speaker stops: both hear Cease', async (t) => {
  const { ours, theirs, speaker, fabric } = await colliding('10.0.0.2');
  const stopped = speaker.stop();
  fabric.clock.runUntilIdle();
  await stopped;
  t.is(ours.lastNotification, '6/2');
  t.is(theirs.lastNotification, '6/2');
});

test('two speakers that connect to each other at once end with one session', async (t) => {
  for (const [near, far] of [
    ['10.0.0.1', '10.0.0.2'],
    ['10.0.0.2', '10.0.0.1'],
  ]) {
    const fabric = new Fabric();
    const a = fabric.speaker(near, { asn: 65001, neighbors: [neighborConfig(far, 'external')] });
    const b = fabric.speaker(far, { asn: 65002, neighbors: [neighborConfig(near, 'external')] });
    await Promise.all([a.start(), b.start()]);
    fabric.clock.advance(30_000);
    t.is(a.neighbor(far)?.state, 'Established');
    t.is(b.neighbor(near)?.state, 'Established');
    t.is(fabric.network.ends.size, 2);
    t.deepEqual(fabric.errors, []);
  }
});
