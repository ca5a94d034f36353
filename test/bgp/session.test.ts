import test from 'ava';
import {
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  MessageType,
} from '../../src/wire/index.js';
import { EVPN_CAPABILITIES, encoderOf, Fabric, id, neighborConfig, openOf, type RawPeer } from './fabric.js';

const END_OF_RIB = encoderOf().endOfRib();

/** A passive speaker at 10.0.0.1, AS 65001, whose neighbor 10.0.0.2 the test plays. */
async function passive(
  extra: Parameters<typeof neighborConfig>[2] = {},
  remoteAs: number | 'internal' | 'external' = 65002,
) {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig('10.0.0.2', remoteAs, { passive: true, ...extra })],
  });
  await speaker.start();
  const status = () => speaker.neighbor('10.0.0.2')!;
  return { fabric, speaker, status, peer: () => fabric.peer('10.0.0.2').connect('10.0.0.1') };
}

/** An active one; the test's peer listens. */
async function active(extra: Parameters<typeof neighborConfig>[2] = {}) {
  const fabric = new Fabric();
  const peer = await fabric.peer('10.0.0.2').listen();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig('10.0.0.2', 65002, extra)],
  });
  await speaker.start();
  fabric.clock.runUntilIdle();
  return { fabric, speaker, peer, status: () => speaker.neighbor('10.0.0.2')! };
}

test('a passive neighbor connects, and the session comes up', async (t) => {
  const { peer, status, fabric } = await passive();
  t.is(status().state, 'Active');
  const raw = peer();
  t.is(status().state, 'OpenSent');
  raw.open(openOf(65002, '10.0.0.2'));
  t.is(status().state, 'OpenConfirm');
  raw.keepalive();
  t.is(status().state, 'Established');
  t.is(status().remoteAs, 65002);
  t.is(status().remoteRouterId, id('10.0.0.2'));
  t.is(status().negotiated?.holdTime, 9);
  t.is(status().negotiated?.keepaliveTime, 3);
  t.false(status().internal);
  t.deepEqual(fabric.errors, []);
});

test('our OPEN says what we are', async (t) => {
  const { peer } = await passive();
  t.deepEqual(peer().opens, [
    {
      version: 4,
      myAs: 65001,
      holdTime: 9,
      routerId: id('10.0.0.1'),
      capabilities: [
        { code: 1, afi: 25, safi: 70 },
        { code: 2 },
        { code: 6 },
        {
          code: 64,
          restartState: false,
          notification: true,
          restartTime: 120,
          families: [{ afi: 25, safi: 70, forwardingPreserved: false }],
        },
        { code: 65, asn: 65001 },
      ],
    },
  ]);
});

test('an AS of four octets is AS_TRANS in the OPEN and whole in the capability', async (t) => {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 4_200_000_001,
    neighbors: [neighborConfig('10.0.0.2', 4_200_000_002, { passive: true })],
  });
  await speaker.start();
  const peer = fabric.peer('10.0.0.2').connect('10.0.0.1');
  t.is(peer.opens[0].myAs, 23456);
  peer.establish(openOf(4_200_000_002, '10.0.0.2'));
  t.is(speaker.neighbor('10.0.0.2')?.state, 'Established');
  t.is(speaker.neighbor('10.0.0.2')?.remoteAs, 4_200_000_002);
});

test('a peer without the 4-octet AS capability is taken by its 2-octet AS', async (t) => {
  const { peer, status } = await passive();
  peer().establish(openOf(65002, '10.0.0.2', { capabilities: [{ code: 1, afi: 25, safi: 70 }] }));
  t.is(status().state, 'Established');
  t.false(status().negotiated?.fourOctetAs);
  t.false(status().negotiated?.routeRefresh);
});

const REFUSALS = [
  ['another AS', openOf(65003, '10.0.0.2'), '2/2 0000fdeb'],
  ['another AS, two octets', openOf(65003, '10.0.0.2', { capabilities: [] }), '2/2 fdeb'],
  [
    'no EVPN',
    openOf(65002, '10.0.0.2', { capabilities: [{ code: 1, afi: 1, safi: 1 }] }),
    '2/7 010400190046',
  ],
] as const;
for (const [what, open, expected] of REFUSALS)
  test(`OPEN refused: ${what}`, async (t) => {
    const { peer, status } = await passive();
    const raw = peer().open(open);
    t.is(raw.lastNotification, expected);
    t.true(raw.closed);
    t.is(status().state, 'Idle');
    t.is(status().lastNotificationSent?.direction, 'sent');
    t.is(Buffer.from(status().lastNotificationSent!.data).toString('hex'), expected.split(' ')[1]);
    t.truthy(status().lastError?.reason);
    t.is(status().lastError?.notification?.code, 2);
  });

/** An OPEN with octets of the body changed after encoding: what an encoder would not write. */
function patched(change: (message: Buffer) => void): Buffer {
  const message = encodeOpen(openOf(65002, '10.0.0.2'));
  change(message);
  return message;
}
const BROKEN = [
  ['version 3', patched((m) => m.writeUInt8(3, 19)), '2/1 0004'],
  ['AS 0', patched((m) => m.writeUInt16BE(0, 20)), '2/2'],
  ['hold time 2', patched((m) => m.writeUInt16BE(2, 22)), '2/6'],
  ['identifier 0', patched((m) => m.writeUInt32BE(0, 24)), '2/3'],
  ['unknown optional parameter', patched((m) => m.writeUInt8(9, 29)), '2/4'],
  ['marker', patched((m) => m.writeUInt8(0, 3)), '1/1'],
  ['length', patched((m) => m.writeUInt16BE(20, 16)), '1/2 0014'],
  ['type', patched((m) => m.writeUInt8(77, 18)), '1/3 4d'],
] as const;
for (const [what, message, expected] of BROKEN)
  test(`broken OPEN: ${what}`, async (t) => {
    const { peer, status, fabric } = await passive();
    const raw = peer().send(message);
    t.is(raw.lastNotification, expected);
    t.true(raw.closed);
    t.is(status().state, 'Idle');
    // The neighbor is not lost: after the idle hold time a good OPEN is taken
    fabric.clock.advance(1000);
    peer().establish(openOf(65002, '10.0.0.2'));
    t.is(status().state, 'Established');
    t.deepEqual(fabric.errors, []);
  });

test('iBGP: the peer may not have our identifier, on eBGP it may', async (t) => {
  const ibgp = await passive({}, 'internal');
  t.is(ibgp.peer().open(openOf(65001, '10.0.0.1')).lastNotification, '2/3 0a000001');
  const ebgp = await passive({}, 'external');
  ebgp.peer().establish(openOf(65009, '10.0.0.1'));
  t.is(ebgp.status().state, 'Established');
});

test('`internal` and `external` decide by the AS alone', async (t) => {
  const ibgp = await passive({}, 'internal');
  t.is(ibgp.peer().open(openOf(65009, '10.0.0.2')).lastNotification, '2/2 0000fdf1');
  t.regex(ibgp.status().lastError!.reason, /AS is 65009, configured is 65001/);
  const good = await passive({}, 'internal');
  good.peer().establish(openOf(65001, '10.0.0.2'));
  t.true(good.status().internal);
  const ebgp = await passive({}, 'external');
  t.is(ebgp.peer().open(openOf(65001, '10.0.0.2')).lastNotification, '2/2 0000fde9');
});

test('hold timer: silence ends the session with 4/0', async (t) => {
  const { fabric, peer, status, speaker } = await passive();
  const raw = peer().establish(openOf(65002, '10.0.0.2'));
  fabric.clock.advance(8_900);
  t.is(status().state, 'Established');
  raw.keepalive();
  fabric.clock.advance(8_900);
  t.is(status().state, 'Established');
  fabric.clock.advance(200);
  t.is(status().state, 'Idle');
  t.is(raw.lastNotification, '4/0');
  t.is(status().flaps, 1);
  t.regex(status().lastError!.reason, /hold timer/);
  t.false(speaker.endOfRibReceivedFromAll());
});

test('hold time 0: no keepalives, no hold timer', async (t) => {
  const { fabric, peer, status } = await passive();
  const raw = peer().establish(openOf(65002, '10.0.0.2', { holdTime: 0 }));
  fabric.clock.advance(3_600_000);
  t.is(status().state, 'Established');
  t.is(status().negotiated?.holdTime, 0);
  t.is(raw.bodies(MessageType.KEEPALIVE).length, 1);
});

test('before an OPEN has come four minutes are allowed', async (t) => {
  const { fabric, peer, status } = await passive();
  const raw = peer();
  fabric.clock.advance(239_000);
  t.is(status().state, 'OpenSent');
  fabric.clock.advance(2_000);
  t.is(raw.lastNotification, '4/0');
});

test('keepalives go out at a third of the hold time to a neighbor that says nothing then', async (t) => {
  const { fabric, peer } = await passive({ holdTime: 30, keepaliveTime: 60 });
  const raw = peer().establish(openOf(65002, '10.0.0.2', { holdTime: 12 }));
  // One in answer to the OPEN, then every 4 s and a sixteenth
  t.is(raw.bodies(MessageType.KEEPALIVE).length, 1);
  fabric.clock.advance(4_240);
  t.is(raw.bodies(MessageType.KEEPALIVE).length, 1);
  fabric.clock.advance(20);
  t.is(raw.bodies(MessageType.KEEPALIVE).length, 2);
  raw.keepalive();
  fabric.clock.advance(4_260);
  t.is(raw.bodies(MessageType.KEEPALIVE).length, 3);
});

test("a keepalive goes along with the neighbor's once three quarters of its time are over", async (t) => {
  const { fabric, peer } = await passive({ holdTime: 30, keepaliveTime: 60 });
  const raw = peer().establish(openOf(65002, '10.0.0.2', { holdTime: 12 }));
  const sent = () => raw.bodies(MessageType.KEEPALIVE).length;
  for (const [wait, expected] of [
    [3_000, 1],
    [200, 2],
    // Its own time, and a little later each time
    [4_000, 3],
    [4_010, 4],
    // It comes more often than ours must
    [1_000, 4],
    [1_000, 4],
    [1_000, 4],
    [1_000, 5],
  ]) {
    fabric.clock.advance(wait);
    raw.keepalive();
    t.is(sent(), expected, `after ${wait}`);
  }
  // The timer counts from the last that was sent
  fabric.clock.advance(4_240);
  t.is(sent(), 5);
  fabric.clock.advance(20);
  t.is(sent(), 6);
});

test('messages that do not belong: NOTIFICATION 5 with the state and the type', async (t) => {
  const inOpenSent = await passive();
  t.is(inOpenSent.peer().keepalive().lastNotification, '5/1 04');
  const inOpenConfirm = await passive();
  const confirm = inOpenConfirm.peer().open(openOf(65002, '10.0.0.2'));
  confirm.send(encodeRouteRefresh({ afi: 25, subtype: 0, safi: 70 }));
  t.is(confirm.lastNotification, '5/2 05');
  const inEstablished = await passive();
  const raw = inEstablished.peer().establish(openOf(65002, '10.0.0.2'));
  raw.open(openOf(65002, '10.0.0.2'));
  t.is(raw.lastNotification, '5/3 01');
  t.regex(inEstablished.status().lastError!.reason, /unexpected OPEN in state Established/);
  const update = await passive();
  const early = update
    .peer()
    .open(openOf(65002, '10.0.0.2'))
    .send(Buffer.concat([Buffer.alloc(16, 0xff), Buffer.from('0017020000' + '0000', 'hex')]));
  t.is(early.lastNotification, '5/2 02');
});

test('a NOTIFICATION from the peer is recorded with its words, and not answered', async (t) => {
  const { peer, status } = await passive();
  const raw = peer().establish(openOf(65002, '10.0.0.2'));
  const text = Buffer.from('maintenance at 02:00');
  raw.send(
    encodeNotification({ code: 6, subcode: 2, data: Buffer.concat([Uint8Array.of(text.length), text]) }),
  );
  t.is(status().state, 'Idle');
  t.deepEqual(raw.notifications, []);
  const record = status().lastNotificationReceived;
  t.is(record?.code, 6);
  t.is(record?.subcode, 2);
  t.regex(record!.text, /Administrative Shutdown.*maintenance at 02:00/);
  t.regex(status().lastError!.reason, /NOTIFICATION received: .*maintenance/);
  t.is(status().messagesIn.notification, 1);
});

test('a version error from the peer ends the attempt', async (t) => {
  const { peer, status } = await passive();
  peer().send(encodeNotification({ code: 2, subcode: 1, data: Uint8Array.of(0, 4) }));
  t.is(status().state, 'Idle');
});

test('a truncated NOTIFICATION is a header error', async (t) => {
  const { peer } = await passive();
  const raw = peer().send(
    Buffer.concat([Buffer.alloc(16, 0xff), Buffer.from('0014030600', 'hex').subarray(0, 4)]),
  );
  t.is(raw.lastNotification, '1/2 0014');
});

test('active: refused connections are tried again after the retry time, without growing', async (t) => {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', { asn: 65001, neighbors: [neighborConfig('10.0.0.2', 65002)] });
  await speaker.start();
  fabric.clock.runUntilIdle();
  t.is(speaker.neighbor('10.0.0.2')?.state, 'Active');
  t.regex(speaker.neighbor('10.0.0.2')!.lastError!.reason, /ECONNREFUSED/);
  fabric.clock.advance(60_000);
  const peer = await fabric.peer('10.0.0.2').listen();
  fabric.clock.advance(5_000);
  peer.establish(openOf(65002, '10.0.0.2'));
  t.is(speaker.neighbor('10.0.0.2')?.state, 'Established');
});

test('active: a peer that answers nothing is tried again', async (t) => {
  const fabric = new Fabric();
  fabric.network.silent.add('10.0.0.2');
  const speaker = fabric.speaker('10.0.0.1', { asn: 65001, neighbors: [neighborConfig('10.0.0.2', 65002)] });
  await speaker.start();
  fabric.clock.advance(12_000);
  t.like(speaker.neighbor('10.0.0.2'), { state: 'Connect', localEndpoint: undefined });
  fabric.network.silent.clear();
  const peer = await fabric.peer('10.0.0.2').listen();
  fabric.clock.advance(5_000);
  peer.establish(openOf(65002, '10.0.0.2'));
  t.is(speaker.neighbor('10.0.0.2')?.state, 'Established');
});

test('route refresh: what stands is sent again, and asked for', async (t) => {
  const { peer, speaker, status } = await passive();
  const raw = peer().establish(openOf(65002, '10.0.0.2'));
  t.is(speaker.refreshNeighbor('10.0.0.2', 'in'), 'done');
  raw.keepalive();
  t.deepEqual(
    raw.bodies(MessageType.ROUTE_REFRESH).map((b) => b.toString('hex')),
    ['00190046'],
  );
  t.is(speaker.refreshNeighbor('10.9.9.9', 'in'), 'no neighbor');
  t.is(speaker.refreshNeighbor('no address', 'in'), 'no neighbor');
  // Another family and the markers of RFC 7313 ask for nothing
  const updates = raw.bodies(MessageType.UPDATE).length;
  raw.send(
    encodeRouteRefresh({ afi: 1, subtype: 0, safi: 1 }),
    encodeRouteRefresh({ afi: 25, subtype: 1, safi: 70 }),
  );
  t.is(raw.bodies(MessageType.UPDATE).length, updates);
  t.is(status().messagesIn.routeRefresh, 2);
  t.is(status().state, 'Established');
});

test('a peer without route refresh is not asked', async (t) => {
  const { fabric, peer, speaker } = await passive();
  const raw = peer().establish(openOf(65002, '10.0.0.2', { capabilities: [{ code: 1, afi: 25, safi: 70 }] }));
  t.is(speaker.refreshNeighbor('10.0.0.2', 'in'), 'no route refresh');
  fabric.clock.advance(60);
  t.is(raw.bodies(MessageType.ROUTE_REFRESH).length, 0);
});

/** How often a neighbor was asked in its session's first second, in which it sends nothing but `messages`. */
function asked(fabric: Fabric, raw: RawPeer, ...messages: Uint8Array[]): number {
  raw.send(...messages);
  fabric.clock.advance(1_000);
  return raw.bodies(MessageType.ROUTE_REFRESH).length;
}

test('at our start a neighbor that keeps its routes back is asked for them, once', async (t) => {
  const { fabric, peer } = await passive();
  const raw = peer().establish(openOf(65002, '10.0.0.2'));
  fabric.clock.advance(49);
  t.is(raw.bodies(MessageType.ROUTE_REFRESH).length, 0);
  fabric.clock.advance(1);
  t.is(raw.bodies(MessageType.ROUTE_REFRESH).length, 1);
  t.is(asked(fabric, raw, encodeKeepalive()), 1);
});

test('a neighbor is not asked that has begun, is gone, restarts or starts, itself or again', async (t) => {
  const open = openOf(65002, '10.0.0.2');
  const begun = await passive();
  t.is(asked(begun.fabric, begun.peer().establish(open), END_OF_RIB), 0, 'it has begun');

  const gone = await passive();
  const first = gone.peer().establish(open);
  first.connection?.destroy();
  t.is(asked(gone.fabric, first), 0);
  t.deepEqual(gone.fabric.errors, []);
  t.is(asked(gone.fabric, gone.peer().establish(open)), 0, 'its second session');

  const restarting = await passive();
  const families = [{ afi: 25, safi: 70, forwardingPreserved: false }];
  const restart = { code: 64, restartState: true, notification: false, restartTime: 30, families } as const;
  const capabilities = [...EVPN_CAPABILITIES(65002), restart];
  const back = restarting.peer().establish(openOf(65002, '10.0.0.2', { capabilities }));
  t.is(asked(restarting.fabric, back), 0, 'it waits for others');

  const late = await passive();
  late.fabric.clock.advance(5_000);
  t.is(asked(late.fabric, late.peer().establish(open)), 0, 'its start and not ours');
});

test('extended messages only where both announce them', async (t) => {
  const { peer, status } = await passive();
  const raw = peer().establish(
    openOf(65002, '10.0.0.2', { capabilities: [...EVPN_CAPABILITIES(65002), { code: 6 }] }),
  );
  t.true(status().negotiated?.extendedMessage);
  // 5000 octets of an UPDATE whose contents are broken: read whole, then judged
  const long = Buffer.alloc(5000);
  long.fill(0xff, 0, 16);
  long.writeUInt16BE(5000, 16);
  long[18] = 2;
  long.writeUInt16BE(4999, 19);
  raw.send(long);
  t.is(raw.lastNotification?.slice(0, 3), '3/1');
  const without = await passive();
  const plain = without.peer().establish(openOf(65002, '10.0.0.2'));
  plain.send(long);
  t.is(plain.lastNotification, '1/2 1388');
});

test('a source that is no neighbor gets Cease/Connection Rejected', async (t) => {
  const { fabric } = await passive();
  const stranger = fabric.peer('10.0.0.66').connect('10.0.0.1');
  t.is(stranger.lastNotification, '6/5');
  t.true(stranger.closed);
  const other = fabric.peer('10.0.0.67').connect('10.0.0.1');
  t.is(other.lastNotification, '6/5');
  t.is(fabric.log.lines.filter((line) => line.level === 'info').length, 1);
});

test('stop: Cease/Administrative Shutdown with the reason, and nothing after', async (t) => {
  const { fabric, peer, speaker, status } = await passive();
  const raw = peer().establish(openOf(65002, '10.0.0.2'));
  const stopped = speaker.stop('power works');
  fabric.clock.runUntilIdle();
  await stopped;
  t.is(raw.lastNotification, `6/2 0b${Buffer.from('power works').toString('hex')}`);
  t.true(raw.closed);
  t.is(status().state, 'Idle');
  fabric.clock.advance(600_000);
  t.is(status().state, 'Idle');
});

test('stop does not wait for ever on a peer that reads nothing', async (t) => {
  const { fabric, peer, speaker } = await passive();
  const raw = peer().establish(openOf(65002, '10.0.0.2'));
  raw.connection?.pause();
  const stopped = speaker.stop();
  fabric.clock.advance(3_000);
  await stopped;
  t.pass();
});

test('reset: Cease/Administrative Reset, then a new session', async (t) => {
  const { fabric, peer, speaker, status } = await active();
  peer.establish(openOf(65002, '10.0.0.2'));
  t.is(status().state, 'Established');
  t.is(speaker.resetNeighbor('10.0.0.2'), 'done');
  t.is(speaker.resetNeighbor('10.0.0.99'), 'no neighbor');
  fabric.clock.runUntilIdle();
  t.is(peer.lastNotification, '6/4');
  t.is(status().state, 'OpenSent');
  peer.establish(openOf(65002, '10.0.0.2'));
  t.is(status().state, 'Established');
  t.is(status().flaps, 1);
});

test('an OPEN one octet at a time is the same OPEN', async (t) => {
  const { peer, status } = await passive();
  const raw = peer();
  for (const octet of encodeOpen(openOf(65002, '10.0.0.2'))) raw.send(Uint8Array.of(octet));
  for (const octet of encodeKeepalive()) raw.send(Uint8Array.of(octet));
  t.is(status().state, 'Established');
});

test('a stop while nothing stands records why, and a new attempt by hand works', async (t) => {
  const { status, speaker, peer, fabric } = await passive();
  speaker.resetNeighbor('10.0.0.2');
  t.is(status().state, 'Active');
  peer().establish(openOf(65002, '10.0.0.2'));
  t.is(status().state, 'Established');
  t.deepEqual(fabric.errors, []);
});
