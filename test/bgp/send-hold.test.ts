import test from 'ava';
import { Fabric, id, macRoute, neighborConfig, openOf, originated } from './fabric.js';

// The SendHoldTimer (RFC 9687): a neighbor that sends and reads nothing

/** More than the transport in memory takes for a side that does not read. */
const ROUTES = 3_000;

/** A session with a neighbor that keeps it alive; `stall` makes it read no more, and gives it something to read. */
async function setting(extra: Parameters<typeof neighborConfig>[2] = {}, holdTime = 90) {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig('10.0.0.2', 65002, { holdTime, ...extra })],
  });
  const peer = await fabric.peer('10.0.0.2').listen();
  await speaker.start();
  fabric.clock.runUntilIdle();
  peer.establish(openOf(65002, '10.0.0.2', { holdTime }));
  const status = () => speaker.neighbor('10.0.0.2')!;
  const originate = (community: bigint) => {
    for (let mac = 1; mac <= ROUTES; mac++)
      speaker.localRib.originate(macRoute(mac), originated('10.0.0.1', community));
  };
  return {
    fabric,
    speaker,
    peer,
    status,
    stall: () => {
      peer.connection?.pause();
      originate(1n);
      fabric.clock.runUntilIdle();
    },
    more: () => originate(2n),
    /** Lets time pass, a KEEPALIVE of the neighbor's every second; how many seconds until the session was over. */
    lasts: (seconds: number) => {
      for (let second = 1; second <= seconds; second++) {
        peer.keepalive();
        fabric.clock.advance(1_000);
        if (status().state !== 'Established') return second;
      }
      return 'it stands';
    },
  };
}

for (const [what, extra, holdTime, seconds] of [
  ['eight minutes', {}, 9, 480],
  ['twice the hold time where that is more', {}, 300, 600],
  ['as configured', { sendHoldTime: 20 }, 9, 20],
  ['as configured, less than the hold time', { sendHoldTime: 20 }, 90, 20],
] as const)
  test(`a neighbor that reads nothing is given up: after ${what}`, async (t) => {
    const { fabric, status, stall, lasts } = await setting(extra, holdTime);
    t.is(status().sendHoldTime, seconds);
    t.is(status().sendStalledSince, undefined);
    stall();
    t.is(status().sendStalledSince, fabric.clock.wallTime());
    t.is(lasts(1_000), seconds);
    const { lastDown, lastNotificationSent, flaps, sendStalledSince } = status();
    t.regex(lastDown!.reason, new RegExp(`^send hold timer expired: .* nothing .* for ${seconds} s`));
    t.regex(lastNotificationSent!.text, /^Send Hold Timer Expired \(8\)/);
    t.is(flaps, 1);
    t.is(sendStalledSince, undefined);
    t.like(fabric.errors, [{ message: 'BGP session lost', facts: { neighbor: '10.0.0.2' } }]);
  });

test('0 turns it off, and so does a session without a hold time', async (t) => {
  for (const [extra, holdTime] of [
    [{ sendHoldTime: 0 }, 90],
    [{ sendHoldTime: 20 }, 0],
  ] as const) {
    const { status, stall, lasts } = await setting(extra, holdTime);
    stall();
    t.is(status().sendHoldTime, 0);
    t.is(lasts(5_000), 'it stands');
  }
});

test('each time that it reads something counts anew, and when nothing waits nothing is counted', async (t) => {
  const { fabric, peer, status, stall, more, lasts } = await setting({ sendHoldTime: 20 });
  stall();
  for (let i = 0; i < 10; i++) {
    t.is(lasts(15), 'it stands');
    peer.connection?.resume();
    // One message of many
    fabric.clock.runTurn();
    peer.connection?.pause();
    fabric.clock.runUntilIdle();
    t.is(status().sendStalledSince, fabric.clock.wallTime());
  }
  peer.connection?.resume();
  fabric.clock.runUntilIdle();
  t.is(status().sendStalledSince, undefined);
  t.is(status().routes.sent[2], ROUTES);
  t.is(lasts(1_000), 'it stands');
  // A neighbor that stops again is as one that never did
  peer.connection?.pause();
  more();
  t.is(lasts(100), 20);
});

test('a session without anything to say stands, however long the neighbor reads nothing', async (t) => {
  const { peer, lasts } = await setting({ sendHoldTime: 20 });
  peer.connection?.pause();
  t.is(lasts(500), 'it stands');
});

test('it is a fault: the wait grows', async (t) => {
  const { fabric, peer, status, stall, lasts } = await setting({ sendHoldTime: 3 });
  const holds: number[] = [];
  for (let i = 0; i < 3; i++) {
    stall();
    t.is(lasts(10), 3);
    const from = fabric.clock.now();
    while (status().state === 'Idle') fabric.clock.advance(100);
    holds.push(Math.round((fabric.clock.now() - from) / 1000));
    peer.establish(openOf(65002, '10.0.0.2'));
    t.is(status().state, 'Established');
  }
  t.deepEqual(holds, [1, 2, 4]);
});

test('a reload that changes it keeps the session, and counts anew from then on; another leaves the count alone', async (t) => {
  const { speaker, stall, lasts } = await setting({ sendHoldTime: 100 });
  const reload = (extra: Parameters<typeof neighborConfig>[2]) =>
    speaker.reconfigure({
      asn: 65001,
      routerId: id('10.0.0.1'),
      listen: [{ address: '10.0.0.1', port: 179 }],
      neighbors: [neighborConfig('10.0.0.2', 65002, { holdTime: 90, ...extra })],
    });
  stall();
  t.is(lasts(50), 'it stands');
  await reload({ sendHoldTime: 100, description: 'spine' });
  t.is(lasts(40), 'it stands');
  await reload({ sendHoldTime: 20 });
  t.is(lasts(100), 20);
});
