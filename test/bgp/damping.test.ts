import test from 'ava';
import { encodeNotification } from '../../src/wire/index.js';
import { Fabric, neighborConfig, openOf, type RawPeer } from './fabric.js';

// DampPeerOscillations (RFC 4271 §8.1.1), what RFC 4486 says of it, and what the operator sees of it

const GOOD = openOf(65002, '10.0.0.2', { holdTime: 0 });
const cease = (subcode: number, data: number[] = []) =>
  encodeNotification({ code: 6, subcode, data: Uint8Array.from(data) });

/** A speaker that connects to a neighbor, which listens, or does not. */
async function setting(
  extra: Parameters<typeof neighborConfig>[2] = {},
  { address = '10.0.0.2', listens = true } = {},
) {
  const fabric = new Fabric();
  const speaker = fabric.speaker(address.includes(':') ? '2001:db8::1' : '10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig(address, 65002, extra)],
  });
  const peer = fabric.peer(address);
  if (listens) await peer.listen();
  await speaker.start();
  fabric.clock.runUntilIdle();
  const status = () => speaker.neighbor(address)!;
  /** Milliseconds, to a tenth of a second, until our next attempt. */
  const held = () => {
    const from = fabric.clock.now();
    while (status().state === 'Idle') fabric.clock.advance(100);
    return fabric.clock.now() - from;
  };
  const lines = (level: string) => fabric.log.lines.filter((line) => line.level === level);
  return { fabric, speaker, peer, status, held, lines };
}

test('faults: one second, doubling to 16, until a session lasts', async (t) => {
  const { fabric, peer, status, held } = await setting();
  const holds: number[] = [];
  for (let i = 0; i < 7; i++) {
    peer.open(openOf(65009, '10.0.0.2'));
    holds.push(Math.round(held() / 1000));
  }
  t.deepEqual(holds, [1, 2, 4, 8, 16, 16, 16]);
  peer.establish(GOOD);
  t.is(status().state, 'Established');
  fabric.clock.advance(17_000);
  fabric.network.cut('10.0.0.2');
  fabric.clock.runUntilIdle();
  t.is(held(), 1000);
});

test('a session that ends by a fault within ten seconds each time: the wait grows; after twelve it does not', async (t) => {
  for (const [lasts, expected] of [
    [9_000, [1, 2, 4]],
    [12_000, [1, 1, 1]],
  ] as const) {
    const { fabric, peer, held } = await setting();
    const holds: number[] = [];
    for (let i = 0; i < 3; i++) {
      peer.establish(GOOD);
      fabric.clock.advance(lasts);
      // An UPDATE that cannot be read on (RFC 4271 §6.3)
      peer.send(Buffer.concat([Buffer.alloc(16, 0xff), Buffer.from('00170200ff0000', 'hex')]));
      holds.push(Math.round(held() / 1000));
    }
    t.deepEqual(holds, [...expected], `${lasts}`);
  }
});

test('an expired hold timer is a fault', async (t) => {
  const { fabric, peer, status, held } = await setting();
  const holds: number[] = [];
  for (let i = 0; i < 3; i++) {
    peer.establish(openOf(65002, '10.0.0.2', { holdTime: 3 }));
    fabric.clock.advance(3100);
    t.is(status().state, 'Idle');
    holds.push(Math.round(held() / 1000));
  }
  t.deepEqual(holds, [1, 2, 4]);
});

const RESET = 1000;
const SHUTDOWN = 5000;
for (const [what, message, expected] of [
  ['Administrative Reset', cease(4), RESET],
  ['Other Configuration Change', cease(6), RESET],
  ['Connection Collision Resolution', cease(7), RESET],
  ['Hard Reset', cease(9), RESET],
  ['Hard Reset for Administrative Reset', cease(9, [6, 4]), RESET],
  ['Administrative Shutdown', cease(2), SHUTDOWN],
  ['Peer De-configured', cease(3), SHUTDOWN],
  ['Hard Reset for Administrative Shutdown', cease(9, [6, 2, 2, 0x6f, 0x6b]), SHUTDOWN],
] as const)
  test(`${what} does not count`, async (t) => {
    const { peer, status, held, fabric } = await setting({ connectRetryTime: 5 });
    for (let i = 0; i < 8; i++) {
      peer.establish(GOOD);
      t.is(status().state, 'Established');
      peer.send(message);
      t.is(status().state, 'Idle');
      // random() is at its upper end
      t.is(Math.abs(held() - expected) <= 100, true);
    }
    // Nor does it make amends for a fault
    peer.open(openOf(65009, '10.0.0.2'));
    t.is(Math.round(held() / 1000), 1);
    peer.establish(GOOD).send(message);
    held();
    peer.open(openOf(65009, '10.0.0.2'));
    t.is(Math.round(held() / 1000), 2);
    t.deepEqual(fabric.errors, []);
  });

for (const [what, message] of [
  ['Maximum Prefixes Reached', cease(1)],
  ['Connection Rejected', cease(5)],
  ['Out of Resources', cease(8)],
  ['Hard Reset for an UPDATE error', cease(9, [3, 1])],
  ['UPDATE error', encodeNotification({ code: 3, subcode: 1, data: new Uint8Array(0) })],
] as const)
  test(`${what} from the neighbor is a fault`, async (t) => {
    const { peer, held } = await setting();
    const holds: number[] = [];
    for (let i = 0; i < 3; i++) {
      peer.establish(GOOD).send(message);
      holds.push(Math.round(held() / 1000));
    }
    t.deepEqual(holds, [1, 2, 4]);
  });

test('what a Hard Reset is for is named, with its words', async (t) => {
  const { peer, status } = await setting();
  peer.establish(GOOD).send(cease(9, [6, 2, 2, 0x6f, 0x6b]));
  t.is(
    status().lastNotificationReceived?.text,
    'Cease (6), Hard Reset (9) for Cease (6), Administrative Shutdown (2): ok',
  );
});

for (const address of ['10.0.0.2', '2001:db8::2'])
  for (const passive of [false, true])
    test(`while held, a connection of ${address}${passive ? ', passive,' : ''} is taken`, async (t) => {
      const { fabric, status } = await setting({ passive }, { address, listens: false });
      const local = address.includes(':') ? '2001:db8::1' : '10.0.0.1';
      const first = fabric.peer(address).connect(local).open(openOf(65009, '10.0.0.2'));
      t.true(first.closed);
      t.is(status().state, 'Idle');
      t.truthy(status().idleHold);
      fabric.peer(address).connect(local).establish(GOOD);
      t.is(status().state, 'Established');
      t.is(status().idleHold, undefined);
      // The hold is over: its end is no event any more
      fabric.clock.advance(60_000);
      t.is(status().state, 'Established');
      t.deepEqual(fabric.errors, []);
    });

test('until when it is held, and why', async (t) => {
  const { fabric, peer, status } = await setting();
  t.is(status().idleHold, undefined);
  const at = fabric.clock.wallTime();
  peer.open(openOf(65009, '10.0.0.2'));
  const { reason, until } = status().idleHold!;
  t.regex(reason, /AS is 65009, configured is 65002/);
  t.true(until > at + 900 && until <= at + 1000, `${until - at}`);
  fabric.clock.advance(1000);
  t.is(status().idleHold, undefined);
});

test('a storm of connections that all fail: five at once, then one a second; a good one then is taken', async (t) => {
  const { fabric, status, lines } = await setting({ passive: true }, { listens: false });
  const opens = (peer: RawPeer) => peer.opens.length;
  let taken = 0;
  const bad = () => {
    const peer = fabric.peer('10.0.0.2').connect('10.0.0.1');
    taken += opens(peer);
    if (opens(peer) === 0) t.is(peer.lastNotification, '6/5');
    peer.open(openOf(65009, '10.0.0.2'));
    t.true(peer.closed);
  };
  for (let i = 0; i < 100; i++) bad();
  t.is(taken, 5);
  for (let i = 0; i < 100; i++) {
    fabric.clock.advance(100);
    bad();
  }
  t.true(taken >= 14 && taken <= 16, `${taken} of 200`);
  t.is(lines('warn').length, 1, 'one line for one reason');
  fabric.clock.advance(1000);
  fabric.peer('10.0.0.2').connect('10.0.0.1').establish(GOOD);
  t.is(status().state, 'Established');
  t.deepEqual(fabric.errors, []);
});

test('a storm beside a session costs it nothing', async (t) => {
  const { fabric, peer, status } = await setting();
  peer.establish(GOOD);
  for (let i = 0; i < 50; i++) fabric.peer('10.0.0.2').connect('10.0.0.1').open(GOOD);
  fabric.clock.advance(1000);
  t.is(status().state, 'Established');
  t.is(status().flaps, 0);
});

test('an attempt without a connection is made again after 1, 2 and 4 s, then at the connect-retry time', async (t) => {
  for (const [connectRetryTime, expected] of [
    [5, [1, 2, 4, 5, 5]],
    [1, [1, 1, 1, 1, 1]],
    [60, [1, 2, 4, 8, 16]],
  ] as const) {
    const { fabric, status } = await setting({ connectRetryTime }, { listens: false });
    const waits: number[] = [];
    for (const _ of expected) {
      const before = status().failedAttempts;
      const from = fabric.clock.now();
      while (status().failedAttempts === before) fabric.clock.advance(100);
      waits.push(Math.round((fabric.clock.now() - from) / 1000));
    }
    t.deepEqual(waits, [...expected]);
  }
});

test('a start, and a reset by the operator, connect at once and forget what was', async (t) => {
  const { fabric, speaker, peer, held, status } = await setting();
  t.is(status().state, 'OpenSent');
  for (let i = 0; i < 4; i++) {
    peer.open(openOf(65009, '10.0.0.2'));
    held();
  }
  peer.open(openOf(65009, '10.0.0.2'));
  t.is(speaker.resetNeighbor('10.0.0.2'), 'done');
  t.is(held(), 0);
  fabric.clock.runUntilIdle();
  peer.open(openOf(65009, '10.0.0.2'));
  t.is(Math.round(held() / 1000), 1);
});

test('lastDown stays when attempts fail, which have words of their own', async (t) => {
  const { fabric, peer, status } = await setting();
  t.is(status().lastDown, undefined);
  peer.establish(GOOD).send(cease(4));
  const { lastDown } = status();
  t.regex(lastDown!.reason, /Administrative Reset/);
  t.is(status().lastFailure, undefined);
  fabric.network.silent.add('10.0.0.2');
  fabric.clock.advance(1000);
  fabric.network.silent.clear();
  fabric.network.cut('10.0.0.2');
  fabric.clock.advance(30_000);
  peer.open(openOf(65009, '10.0.0.2'));
  t.deepEqual(status().lastDown, lastDown);
  t.regex(status().lastFailure!.reason, /AS is 65009/);
  t.is(status().lastError, status().lastFailure);
  t.true(status().failedAttempts > 0);
  fabric.clock.advance(2000);
  peer.establish(GOOD);
  t.is(status().failedAttempts, 0);
  t.deepEqual(status().lastDown, lastDown);
});

for (const [what, reason] of [
  ['refuses', /ECONNREFUSED/],
  ['does not answer', /does not answer/],
] as const)
  test(`a neighbor that ${what} all the time: one warning, and again after ten minutes`, async (t) => {
    const fabric = new Fabric();
    if (what === 'does not answer') fabric.network.silent.add('10.0.0.2');
    const speaker = fabric.speaker('10.0.0.1', {
      asn: 65001,
      neighbors: [neighborConfig('10.0.0.2', 65002)],
    });
    await speaker.start();
    fabric.clock.advance(590_000);
    const lines = (level: string) => fabric.log.lines.filter((line) => line.level === level);
    t.like(lines('warn'), [
      { message: 'BGP connection attempt failed', facts: { neighbor: '10.0.0.2', attempts: 1 } },
    ]);
    fabric.clock.advance(20_000);
    t.is(lines('warn').length, 2);
    t.true(lines('debug').length > 100, 'each at debug');
    const { lastFailure, lastDown, failedAttempts } = speaker.neighbor('10.0.0.2')!;
    t.regex(lastFailure!.reason, reason);
    t.is(lastDown, undefined);
    t.true(failedAttempts > 100);
  });

test('a neighbor that its operator shuts down: one warning for the session, none for the attempts', async (t) => {
  const { fabric, peer, status, lines } = await setting();
  peer.establish(GOOD).send(cease(2));
  t.like(lines('warn'), [{ message: 'BGP session lost' }]);
  for (let i = 0; i < 20; i++) {
    fabric.clock.advance(5000);
    peer.send(cease(2));
  }
  t.is(lines('warn').length, 1);
  t.is(lines('info').filter(({ message }) => message === 'BGP session refused').length, 1);
  fabric.clock.advance(5000);
  peer.establish(GOOD);
  t.is(status().state, 'Established');
  // From now on a failure is news again
  peer.send(cease(4));
  fabric.clock.advance(1000);
  peer.open(openOf(65009, '10.0.0.2'));
  t.is(lines('warn').length, 3);
});

test('reasons that alternate are logged once each', async (t) => {
  const { fabric, peer, lines } = await setting();
  for (let i = 0; i < 30; i++) {
    peer.open(openOf(65003 + (i % 3), '10.0.0.2'));
    fabric.clock.advance(16_000);
  }
  t.is(lines('warn').length, 3);
});
