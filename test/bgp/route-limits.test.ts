import test from 'ava';
import type { NeighborConfig, SpeakerConfig } from '../../src/bgp/index.js';
import { type AnyFamily, EVPN, IPV4_UNICAST } from '../../src/wire/index.js';
import { encoderOf, Fabric, macRoute, neighborConfig, openOf, originated, type RawPeer } from './fabric.js';

// What a neighbor's routes may take (RFC 4486 §4, Maximum Number of Prefixes Reached)

const ONE = '10.0.0.2';
const TWO = '10.0.0.3';
const MINUTE = 60_000;

/** A speaker with two neighbors that both wait for it, and have sessions; 65002 is the one with limits. */
async function setting(limits: Partial<NeighborConfig>, routeMemory?: number) {
  const fabric = new Fabric();
  const config = (extra: Partial<NeighborConfig>): SpeakerConfig => ({
    asn: 65001,
    routerId: 1,
    listen: [{ address: '10.0.0.1', port: 179 }],
    neighbors: [
      neighborConfig(ONE, 65002, { holdTime: 0, ...extra }),
      neighborConfig(TWO, 65003, { holdTime: 0 }),
    ],
  });
  const speaker = fabric.speaker('10.0.0.1', config(limits), undefined, routeMemory);
  const peers = [await fabric.peer(ONE).listen(), await fabric.peer(TWO).listen()];
  await speaker.start();
  fabric.clock.runUntilIdle();
  peers[0].establish(openOf(65002, ONE, { holdTime: 0 }));
  peers[1].establish(openOf(65003, TWO, { holdTime: 0 }));
  const status = (address = ONE) => speaker.neighbor(address)!;
  return {
    fabric,
    speaker,
    peers,
    status,
    reconfigure: async (extra: Partial<NeighborConfig>) => {
      await speaker.reconfigure(config(extra));
      fabric.clock.runUntilIdle();
    },
    /** Milliseconds until our next attempt. */
    held: () => {
      const from = fabric.clock.now();
      while (status().state === 'Idle') fabric.clock.advance(100);
      return fabric.clock.now() - from;
    },
    warnings: () => fabric.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
  };
}

function announce(peer: RawPeer, asn: number, from: number, to: number, ...communities: bigint[]): void {
  const encoder = encoderOf(asn);
  const routes = Array.from({ length: to - from }, (_, i) => macRoute(from + i));
  for (const message of encoder.announce(originated('10.0.0.9', ...communities), routes)) peer.send(message);
}

test('too many routes: Cease/1 with family and limit, its routes go, the other neighbor notices nothing', async (t) => {
  const { fabric, speaker, peers, status, warnings } = await setting({ maxRoutes: 100 });
  announce(peers[1], 65003, 0, 200);
  announce(peers[0], 65002, 0, 100);
  t.is(status().state, 'Established');
  announce(peers[0], 65002, 50, 101);
  fabric.clock.runUntilIdle();
  t.is(status().state, 'Idle');
  const { lastNotificationSent, lastDown, idleHold, routes } = status();
  t.like(lastNotificationSent, { code: 6, subcode: 1 });
  t.deepEqual([...lastNotificationSent!.data], [0, 25, 70, 0, 0, 0, 100]);
  t.is(lastDown?.reason, 'too many routes: 101 routes, max-routes is 100');
  t.is(idleHold?.reason, lastDown?.reason);
  t.is(routes.held, 0);
  t.like(status(TWO), { state: 'Established', flaps: 0 });
  t.is(status(TWO).routes.held, 200);
  t.is([...speaker.rib.destinations()].length, 200);
  t.deepEqual(warnings().slice(-2), [
    "the neighbor's routes take more than 80 % of what they may: 100 routes, max-routes is 100",
    'BGP session lost',
  ]);
  t.deepEqual(fabric.errors, []);
});

test('it stays down for a minute, twice as long with each time, to 16; its own connections are not taken', async (t) => {
  const { peers, status, held } = await setting({ maxRoutes: 10 });
  const minutes: number[] = [];
  for (let i = 0; i < 6; i++) {
    announce(peers[0], 65002, 0, 11);
    t.is(status().state, 'Idle');
    peers[0].connect('10.0.0.1');
    t.is(status().state, 'Idle');
    minutes.push(Math.round(held() / MINUTE));
    peers[0].establish(openOf(65002, ONE, { holdTime: 0 }));
    t.is(status().state, 'Established');
  }
  t.deepEqual(minutes, [1, 2, 4, 8, 16, 16]);
});

test('octets of attributes count once for all routes that have them', async (t) => {
  const { peers, status } = await setting({ maxOctets: 300 });
  announce(peers[0], 65002, 0, 1_000);
  const { sets, octets, held } = status().routes;
  t.deepEqual([sets, held], [1, 1_000]);
  t.true(octets > 30 && octets < 100, `${octets}`);
  for (let i = 0; i < 10 && status().state === 'Established'; i++)
    announce(peers[0], 65002, i, i + 1, BigInt(i) + 0x0003_0000_0000_0000n);
  t.is(status().state, 'Idle');
  t.regex(status().lastDown!.reason, /^too many routes: \d+ octets of attributes, max-octets is 300$/);
  t.like(status().lastNotificationSent, { code: 6, subcode: 1 });
  t.is(status().routes.octets, 0);
});

test('a neighbor that flaps its attributes, and withdraws what it said, comes to no limit', async (t) => {
  const { peers, status } = await setting({ maxRoutes: 20, maxOctets: 1_000 });
  for (let i = 0; i < 2_000; i++) announce(peers[0], 65002, 0, 10, BigInt(i) + 0x0003_0000_0000_0000n);
  t.is(status().state, 'Established');
  t.is(status().limitUse.level, 'within');
  t.is(status().routes.sets, 1);
});

test('on-limit: warn: a line when it comes near and one when it is beyond, again once it was well below', async (t) => {
  const { fabric, peers, status, warnings } = await setting({ maxRoutes: 100, onLimit: 'warn' });
  const withdraw = (from: number, to: number) => {
    const encoder = encoderOf();
    const routes = Array.from({ length: to - from }, (_, i) => macRoute(from + i));
    for (const message of encoder.withdraw(routes)) peers[0].send(message);
  };
  const near = "the neighbor's routes take more than 80 % of what they may: 90 routes, max-routes is 100";
  const over =
    "the neighbor's routes take more than they may: 120 routes, max-routes is 100 (`on-limit: warn`)";
  announce(peers[0], 65002, 0, 79);
  t.is(status().limitUse.level, 'within');
  announce(peers[0], 65002, 79, 90);
  t.is(status().limitUse.level, 'near');
  announce(peers[0], 65002, 90, 120);
  announce(peers[0], 65002, 100, 120);
  t.is(status().limitUse.level, 'over');
  t.deepEqual(warnings(), [near, over]);
  withdraw(78, 120);
  announce(peers[0], 65002, 78, 90);
  t.deepEqual(warnings(), [near, over]);
  withdraw(70, 120);
  announce(peers[0], 65002, 70, 90);
  t.deepEqual(warnings(), [near, over, near]);
  t.like(status(), { state: 'Established', flaps: 0 });
  t.deepEqual(fabric.errors, []);
});

test('a reload: lower limits count at once, higher ones end the wait, the session is left alone', async (t) => {
  const { peers, status, reconfigure } = await setting({ maxRoutes: 100 });
  announce(peers[0], 65002, 0, 50);
  await reconfigure({ maxRoutes: 60 });
  t.like(status(), { state: 'Established', flaps: 0, limitUse: { level: 'near' } });
  await reconfigure({ maxRoutes: 40, onLimit: 'warn' });
  t.like(status(), { state: 'Established', flaps: 0, limitUse: { level: 'over' } });
  await reconfigure({ maxRoutes: 40 });
  t.like(status(), { state: 'Idle', flaps: 1 });
  await reconfigure({ maxRoutes: 40, description: 'nothing of the limits' });
  t.is(status().state, 'Idle');
  await reconfigure({ maxRoutes: 0 });
  peers[0].establish(openOf(65002, ONE, { holdTime: 0 }));
  announce(peers[0], 65002, 0, 5_000);
  t.like(status(), { state: 'Established', limitUse: { level: 'within' } });
});

test('routes of one family beyond its own limit: the neighbor is told which', async (t) => {
  const { peers, status } = await setting({ maxFamilyRoutes: new Map([[EVPN, 10]]) });
  announce(peers[0], 65002, 0, 9);
  t.like(status(), { limitUse: { what: 'routes', used: 9, limit: 10, level: 'near', family: EVPN } });
  t.is(status().families[0].maxRoutes, 10);
  announce(peers[0], 65002, 9, 11);
  t.is(status().state, 'Idle');
  t.is(status().lastDown?.reason, 'too many routes: 11 routes of L2VPN/EVPN, max-family-routes is 10');
  t.is(peers[0].lastNotification, '6/1 0019460000000a');
});

test('the use that comes first counts: of a family, or of all', async (t) => {
  const limits = (evpn: number, all: number) => ({
    maxRoutes: all,
    maxFamilyRoutes: new Map([
      [IPV4_UNICAST as AnyFamily, 1],
      [EVPN, evpn],
    ]),
  });
  const { peers, status, reconfigure } = await setting(limits(100, 20));
  announce(peers[0], 65002, 0, 18);
  t.like(status().limitUse, { used: 18, limit: 20 });
  await reconfigure(limits(18, 20));
  t.like(status().limitUse, { used: 18, limit: 18, family: EVPN });
  t.is(status().state, 'Established');
  await reconfigure({ ...limits(17, 20), onLimit: 'warn' });
  t.like(status(), { state: 'Established', limitUse: { level: 'over' } });
  await reconfigure(limits(17, 20));
  t.is(status().state, 'Idle');
});

test('on-limit: stop keeps the neighbor down until a command or other limits', async (t) => {
  const { fabric, speaker, peers, status, reconfigure } = await setting({ maxRoutes: 10, onLimit: 'stop' });
  let unawaited = 0;
  speaker.onNoLongerAwaited = () => unawaited++;
  const beyond = () => {
    fabric.clock.runUntilIdle();
    peers[0].establish(openOf(65002, ONE, { holdTime: 0 }));
    t.is(status().state, 'Established');
    announce(peers[0], 65002, 0, 11);
    t.is(status().state, 'Idle');
  };
  announce(peers[0], 65002, 0, 11);
  t.is(peers[0].lastNotification, '6/1 0019460000000a');
  const reason = 'too many routes: 11 routes, max-routes is 10';
  t.like(status(), { state: 'Idle', shutdown: { by: 'limit', message: reason }, lastDown: { reason } });
  t.is(unawaited, 1);
  fabric.clock.advance(24 * 60 * MINUTE);
  t.is(status().state, 'Idle');
  t.is(speaker.rib.size, 0);
  // Its own connections are told why
  const other = fabric.peer(ONE).connect('10.0.0.1');
  t.is(other.notifications.at(-1)?.subcode, 2);
  await reconfigure({ maxRoutes: 10, onLimit: 'stop', description: 'nothing of the limits' });
  t.is(status().state, 'Idle');
  t.is(speaker.resetNeighbor(ONE), 'done');
  beyond();
  t.is(speaker.enableNeighbor(ONE), 'done');
  beyond();
  await reconfigure({ maxRoutes: 10, onLimit: 'close' });
  t.is(status().shutdown, undefined);
  fabric.clock.runUntilIdle();
  peers[0].establish(openOf(65002, ONE, { holdTime: 0 }));
  t.is(status().state, 'Established');
  // A command's word is above the limit's, and is still there when the limits are others
  await reconfigure({ maxRoutes: 10, onLimit: 'stop' });
  announce(peers[0], 65002, 0, 11);
  t.is(speaker.shutDownNeighbor(ONE, 'mine'), 'done');
  t.like(status().shutdown, { by: 'command', message: 'mine' });
  await reconfigure({ maxRoutes: 20, onLimit: 'stop' });
  t.like(status(), { state: 'Idle', shutdown: { by: 'command' } });
  t.is(speaker.resetNeighbor(ONE), 'shut down');
  t.deepEqual(fabric.errors, []);
});

test("an operator's reset ends the wait", async (t) => {
  const { fabric, speaker, peers, status } = await setting({ maxRoutes: 10 });
  announce(peers[0], 65002, 0, 11);
  t.is(status().state, 'Idle');
  t.is(speaker.resetNeighbor(ONE), 'done');
  fabric.clock.runUntilIdle();
  peers[0].establish(openOf(65002, ONE, { holdTime: 0 }));
  t.is(status().state, 'Established');
});

test('the memory of all: whoever takes most makes room, whatever its own limits say', async (t) => {
  const { fabric, speaker, peers, status } = await setting(
    { maxRoutes: 0, maxOctets: 0, onLimit: 'warn' },
    2_000_000,
  );
  announce(peers[0], 65002, 0, 1_500);
  announce(peers[1], 65003, 0, 400);
  t.like([status().state, status(TWO).state], ['Established', 'Established']);
  const before = speaker.rib.memory;
  // The last straw is the other's
  announce(peers[1], 65003, 400, 600);
  fabric.clock.runUntilIdle();
  t.is(status().state, 'Idle');
  t.like(status().lastNotificationSent, { code: 6, subcode: 8 });
  t.regex(
    status().lastDown!.reason,
    /^out of memory for routes: those of all neighbors take about 2 of 2 MiB, this one's 1$/,
  );
  t.like(status(TWO), { state: 'Established', flaps: 0 });
  t.is(status(TWO).routes.held, 600);
  t.true(speaker.rib.memory < before);
  t.is(speaker.rib.heaviest?.neighbor, TWO);
});

test('all gone, nothing weighs', async (t) => {
  const { fabric, speaker, peers } = await setting({});
  announce(peers[0], 65002, 0, 500);
  announce(peers[1], 65003, 0, 500);
  for (const peer of peers) fabric.network.cut(peer.address);
  fabric.clock.runUntilIdle();
  t.is(speaker.rib.memory, 0);
});
