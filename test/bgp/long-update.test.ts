import test from 'ava';
import { type MacIpAdvertisement, UpdateEncoder } from '../../src/wire/index.js';
import {
  EVPN_CAPABILITIES,
  encoderOf,
  Fabric,
  macRoute,
  neighborConfig,
  openOf,
  originated,
} from './fabric.js';

const ROUTES = 1_500;
/** Routes of one slice. */
const SLICE = 128;
const LENGTH_AT = 16;
/** Behind header, lengths and no withdrawn routes. */
const ATTRIBUTES_AT = 23;
const encoder = new UpdateEncoder({
  fourOctetAs: true,
  internal: false,
  localAsn: 65002,
  maxMessageLength: 65_535,
});
const END_OF_RIB = encoderOf().endOfRib();
const A = originated('10.0.0.2');
const someRoutes = (first = 1): MacIpAdvertisement[] =>
  Array.from({ length: ROUTES }, (_, i) => macRoute(first + i));

/** One UPDATE. */
function announced(routes: readonly MacIpAdvertisement[]): Buffer {
  const [update, ...more] = encoder.announce(A, [...routes]);
  if (more.length > 0) throw new Error('more than one UPDATE');
  return update;
}

/** One UPDATE that withdraws these routes and announces those. */
function mixed(withdrawn: readonly MacIpAdvertisement[], routes: readonly MacIpAdvertisement[]): Buffer {
  const [withdrawal, ...more] = encoder.withdraw([...withdrawn]);
  if (more.length > 0) throw new Error('more than one UPDATE');
  const update = Buffer.concat([announced(routes), withdrawal.subarray(ATTRIBUTES_AT)]);
  update.writeUInt16BE(update.length, LENGTH_AT);
  update.writeUInt16BE(update.length - ATTRIBUTES_AT, ATTRIBUTES_AT - 2);
  return update;
}

/** A speaker on which each route takes so long that a turn is over after one slice, and its neighbor, which the test plays. */
async function slow(extra: Parameters<typeof neighborConfig>[2] = {}) {
  const fabric = new Fabric();
  const { clock } = fabric;
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig('10.0.0.2', 65002, { passive: true, ...extra })],
  });
  const reader = speaker.rib.subscribe();
  reader.onDirty = () => {
    reader.takeDirty(1);
    clock.spend(0.1);
  };
  await speaker.start();
  const capabilities = [
    ...EVPN_CAPABILITIES(65002),
    { code: 6 } as const,
    {
      code: 64,
      restartState: false,
      notification: false,
      restartTime: 30,
      families: [{ afi: 25, safi: 70, forwardingPreserved: true }],
    } as const,
  ];
  const connect = () =>
    fabric
      .peer('10.0.0.2')
      .connect('10.0.0.1')
      .establish(openOf(65002, '10.0.0.2', { holdTime: 0, capabilities }));
  const peer = connect();
  /** Sends without a turn. */
  const write = (...messages: Buffer[]) => {
    for (const message of messages) peer.connection?.write(message);
  };
  /** Lets turns pass until some routes of the UPDATE are there, and others are not. */
  const untilAmid = () => {
    while (speaker.rib.size < 2 * SLICE) clock.runTurn();
    if (speaker.rib.size >= ROUTES) throw new Error('taken in at once');
  };
  return {
    fabric,
    clock,
    speaker,
    status: () => speaker.neighbor('10.0.0.2')!,
    connect,
    peer,
    write,
    untilAmid,
  };
}

test('a long UPDATE is taken in over several turns, and what came behind it comes behind it', async (t) => {
  const { clock, speaker, status, write } = await slow();
  const [withdrawal] = encoder.withdraw([macRoute(ROUTES)]);
  write(announced(someRoutes()), withdrawal, END_OF_RIB);
  const sizes: number[] = [];
  for (let before = 0; status().endOfRibAt === undefined; before = speaker.rib.size) {
    clock.runTurn();
    if (speaker.rib.size !== before) sizes.push(speaker.rib.size - before);
  }
  t.is(speaker.rib.size, ROUTES - 1);
  t.is(speaker.rib.destination(macRoute(ROUTES)), undefined);
  t.true(sizes.length >= Math.floor(ROUTES / SLICE), `${sizes}`);
  t.true(Math.max(...sizes) <= SLICE, `${sizes}`);
  t.deepEqual([status().messagesIn.update, status().routes.received[2]], [3, ROUTES]);
});

test('a route that a long UPDATE both withdraws and announces is never without a choice', async (t) => {
  const { clock, speaker, status, write } = await slow();
  write(announced(someRoutes()));
  clock.runUntilIdle();
  const { update } = status().messagesIn;
  const others = someRoutes(ROUTES + 1).slice(0, 200);
  const stays = macRoute(1);
  const goes = someRoutes().slice(1, 150);
  write(mixed([stays, ...goes], [...others, stays]), END_OF_RIB);
  while (status().endOfRibAt === undefined) {
    clock.runTurn();
    t.truthy(speaker.rib.destination(stays)?.best);
  }
  t.is(status().messagesIn.update, update + 2);
  t.is(speaker.rib.size, ROUTES - goes.length + others.length);
  t.is(speaker.rib.destination(goes[0]), undefined);
});

test('a long UPDATE that is malformed at its end ends the session before any of its routes counts', async (t) => {
  const { clock, speaker, status, write } = await slow();
  const update = Buffer.from(announced(someRoutes()));
  const last = update.lastIndexOf(Buffer.from([2, 33]));
  update[last + 2 + 22] = 47;
  write(update);
  let most = 0;
  for (let turn = 0; turn < 50; turn++) {
    clock.runTurn();
    most = Math.max(most, speaker.rib.size);
  }
  t.is(most, 0);
  t.not(status().state, 'Established');
  t.regex(status().lastError!.reason, /MAC address length 47/);
  t.is(status().lastNotificationSent?.subcode, 9);
});

test('a long UPDATE with a malformed attribute withdraws all its routes', async (t) => {
  const { fabric, clock, speaker, status, write } = await slow();
  const update = announced(someRoutes());
  write(update);
  clock.runUntilIdle();
  t.is(speaker.rib.size, ROUTES);
  const bad = Buffer.from(update);
  bad[bad.indexOf(Buffer.from('40010100', 'hex')) + 3] = 9;
  write(bad);
  clock.runUntilIdle();
  t.is(speaker.rib.size, 0);
  t.is(status().state, 'Established');
  t.is(status().faults.treatAsWithdraw, 1);
  t.deepEqual(fabric.errors, []);
});

test('where the session is lost amid a long UPDATE nothing more of it is taken in, and a new one begins with its own', async (t) => {
  const { fabric, clock, speaker, status, connect, write, untilAmid } = await slow();
  write(announced(someRoutes()));
  untilAmid();
  fabric.network.cut('10.0.0.2');
  clock.runUntilIdle();
  const { size } = speaker.rib;
  // It may be told behind one slice more
  t.true(size <= 3 * SLICE, `${size}`);
  t.is(status().staleRoutes?.count, size, 'what had been taken in is kept while the neighbor restarts');
  connect().send(announced(someRoutes(ROUTES + 1)), END_OF_RIB);
  t.is(speaker.rib.size, ROUTES);
  t.is(speaker.rib.destination(macRoute(1)), undefined);
  t.truthy(speaker.rib.destination(macRoute(ROUTES + 1)));
  t.deepEqual(fabric.errors, []);
});

test('a limit that a long UPDATE exceeds ends the session amid it', async (t) => {
  const { clock, speaker, status, write } = await slow({ maxRoutes: 300 });
  write(announced(someRoutes()));
  let most = 0;
  for (let turn = 0; turn < 50; turn++) {
    clock.runTurn();
    most = Math.max(most, speaker.rib.size);
  }
  t.true(most <= 300 + SLICE, `${most}`);
  t.regex(status().lastError!.reason, /too many routes/);
  clock.runUntilIdle();
  t.is(speaker.rib.size, 0);
});

test('a ROUTE-REFRESH and a stop amid a long UPDATE are served', async (t) => {
  const { fabric, clock, speaker, status, peer, write, untilAmid } = await slow();
  write(announced(someRoutes()));
  untilAmid();
  t.is(speaker.refreshNeighbor('10.0.0.2', 'in'), 'done');
  speaker.shutDownNeighbor('10.0.0.2');
  clock.runUntilIdle();
  t.is(peer.lastNotification?.slice(0, 3), '6/2');
  t.is(speaker.rib.size, 0);
  t.is(status().routes.held, 0);
  t.deepEqual(fabric.errors, []);
});
