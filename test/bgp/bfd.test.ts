import test from 'ava';
import {
  Bfd,
  type BfdListener,
  type BfdSettings,
  type BfdStatus,
  type BfdTarget,
} from '../../src/bfd/index.js';
import type { Speaker, SpeakerConfig } from '../../src/bgp/index.js';
import { encodeNotification } from '../../src/wire/index.js';
import { MemoryBfdNetwork } from '../doubles/memory-bfd.js';
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

const NEIGHBOR = '10.0.0.2';
const BFD = { interval: 300, multiplier: 3, multihop: false };

/** BFD as a session sees it: what it asked for, and a way to tell it that a path has failed. */
class ScriptedBfd {
  readonly asked: string[] = [];
  readonly listeners: BfdListener[] = [];

  watch(target: BfdTarget, { interval }: BfdSettings, listener: BfdListener) {
    const { address, localAddress, multihop } = target;
    this.asked.push(
      `watch ${address} from ${localAddress ?? 'any'}${multihop ? ' multihop' : ''} ${interval}`,
    );
    this.listeners.push(listener);
    return {
      status: { state: 'Up' } as BfdStatus,
      configure: (wanted: BfdSettings) => {
        this.asked.push(`configure ${wanted.interval}`);
      },
      stop: () => {
        this.asked.push('stop');
      },
    };
  }

  fail(independent = false): void {
    this.listeners.at(-1)?.onDown('nothing was heard for 900 ms', independent);
  }
}

/** A speaker and its neighbor, which tells one MAC and offers graceful restart, unless it does not. */
async function scene({ restarts = true } = {}) {
  const fabric = new Fabric();
  const bfd = new ScriptedBfd();
  fabric.bfd = bfd;
  const config = (extra: object = {}) => ({
    asn: 65001,
    routerId: 0x0a000001,
    listen: [{ address: '10.0.0.1', port: 179 }],
    neighbors: [neighborConfig(NEIGHBOR, 65002, { passive: true, bfd: BFD, ...extra })],
  });
  const speaker = fabric.speaker('10.0.0.1', config());
  await speaker.start();
  const connect = (): RawPeer =>
    fabric
      .peer(NEIGHBOR)
      .connect('10.0.0.1')
      .establish(
        openOf(65002, NEIGHBOR, {
          holdTime: 0,
          capabilities: [
            ...EVPN_CAPABILITIES(65002),
            ...(restarts
              ? [
                  {
                    code: 64,
                    restartState: false,
                    notification: false,
                    restartTime: 30,
                    families: [{ afi: 25, safi: 70, forwardingPreserved: false }],
                  } as const,
                ]
              : []),
          ],
        }),
      );
  const peer = connect();
  const encoder = encoderOf();
  peer.send(...encoder.announce(originated(NEIGHBOR), [macRoute(1)]));
  const routes = () => [...speaker.rib.destinations()].length;
  const status = () => speaker.neighbor(NEIGHBOR);
  return { fabric, bfd, speaker, peer, connect, config, routes, status };
}

test('a path that fails ends the session at once, with its word and its reason; it comes back without BFD', async (t) => {
  const { fabric, bfd, peer, connect, routes, status } = await scene({ restarts: false });
  t.is(status()?.state, 'Established');
  t.is(status()?.bfd?.state, 'Up');
  t.is(routes(), 1);
  bfd.fail();
  t.is(status()?.state, 'Idle');
  t.is(status()?.lastDown?.reason, 'BFD: nothing was heard for 900 ms');
  t.is(status()?.staleRoutes, undefined, 'nothing is kept for a restart');
  fabric.clock.runUntilIdle();
  t.is(peer.lastNotification, '6/10');
  t.is(routes(), 0);
  connect();
  t.is(status()?.state, 'Established');
  t.deepEqual(bfd.asked, ['watch 10.0.0.2 from any 300']);
  t.true(fabric.log.lines.some(({ message }) => message === 'BGP session lost'));
});

test('of a neighbor that may be restarting the connection is looked at first', async (t) => {
  const { fabric, bfd, peer, routes, status } = await scene();
  bfd.fail();
  bfd.fail();
  fabric.clock.advance(40);
  t.is(status()?.state, 'Established');
  fabric.clock.advance(20);
  t.is(status()?.state, 'Idle');
  t.is(peer.lastNotification, '6/10');
  t.is(routes(), 0);
});

test('a connection that is lost just after the path is the beginning of a restart (RFC 5882 §4.3)', async (t) => {
  const { fabric, bfd, connect, routes, status } = await scene();
  bfd.fail();
  fabric.network.cut(NEIGHBOR);
  fabric.clock.runUntilIdle();
  t.is(status()?.staleRoutes?.count, 1);
  fabric.clock.advance(1000);
  t.is(routes(), 1);
  connect();
  fabric.clock.advance(1000);
  t.is(status()?.state, 'Established', 'the failure was of the session before');
});

test('a forwarding plane that is seen to fail ends the session at once', async (t) => {
  const { bfd, routes, status } = await scene();
  bfd.fail(true);
  t.is(status()?.state, 'Idle');
  t.is(routes(), 0);
});

test('who leaves says nothing and keeps what it was told', async (t) => {
  const { fabric, bfd, speaker, peer, routes } = await scene();
  let isOver = false;
  void speaker.leave().then(() => {
    isOver = true;
  });
  fabric.clock.runUntilIdle();
  await Promise.resolve();
  bfd.fail(true);
  fabric.clock.advance(10_000);
  await new Promise((resolve) => setImmediate(resolve));
  t.true(isOver);
  t.true(peer.closed);
  t.is(peer.lastNotification, undefined);
  t.is(routes(), 1);
  t.is(fabric.clock.timersPending, 0);
});

test('routes that are kept for a restarting neighbor stay, unless its forwarding is what failed (RFC 5882 §4.3)', async (t) => {
  for (const independent of [false, true]) {
    const { fabric, bfd, routes, status } = await scene();
    fabric.network.cut(NEIGHBOR);
    fabric.clock.runUntilIdle();
    t.is(status()?.staleRoutes?.count, 1);
    bfd.fail(independent);
    fabric.clock.runUntilIdle();
    t.is(routes(), independent ? 0 : 1);
  }
});

test('a path that fails without a session changes nothing', async (t) => {
  const { bfd, peer, status } = await scene();
  peer.send(encodeNotification({ code: 6, subcode: 4, data: new Uint8Array(0) }));
  const before = status();
  bfd.fail();
  bfd.fail(true);
  t.is(before?.state, 'Idle');
  t.deepEqual(status(), before);
});

test('BFD follows the settings without touching the session, and ends with the neighbor', async (t) => {
  const { bfd, speaker, config, status } = await scene();
  const reconfigure = async (extra: object) => {
    bfd.asked.length = 0;
    await speaker.reconfigure(config(extra));
    return bfd.asked;
  };
  t.deepEqual(await reconfigure({ bfd: { ...BFD, interval: 100 } }), ['configure 100']);
  t.deepEqual(await reconfigure({ bfd: { ...BFD, multihop: true } }), [
    'stop',
    'watch 10.0.0.2 from any multihop 300',
  ]);
  t.deepEqual(await reconfigure({ bfd: undefined }), ['stop']);
  t.is(status()?.bfd, undefined);
  t.deepEqual(await reconfigure({ bfd: BFD }), ['watch 10.0.0.2 from any 300']);
  t.deepEqual(await reconfigure({ bfd: BFD, localAddress: '10.0.0.1' }), [
    'stop',
    'watch 10.0.0.2 from 10.0.0.1 300',
  ]);
  t.like(status(), { state: 'Established', flaps: 0 });
  bfd.asked.length = 0;
  await speaker.reconfigure({ ...config(), neighbors: [] });
  t.deepEqual(bfd.asked, ['stop']);
});

test('a neighbor that is shut down is not watched, and a reset changes nothing', async (t) => {
  const { bfd, speaker, config } = await scene();
  bfd.asked.length = 0;
  speaker.shutDownNeighbor(NEIGHBOR, 'maintenance');
  t.deepEqual(bfd.asked, ['stop']);
  await speaker.reconfigure(config({ bfd: { ...BFD, interval: 100 } }));
  t.deepEqual(bfd.asked, ['stop']);
  speaker.enableNeighbor(NEIGHBOR);
  t.deepEqual(bfd.asked, ['stop', 'watch 10.0.0.2 from any 100']);
  speaker.resetNeighbor(NEIGHBOR);
  t.deepEqual(bfd.asked.slice(2), ['configure 100']);
});

/** A session that stands, with BFD that is up at both ends; `adminDown`: what the neighbor had heard when our AdminDown left. */
async function watched() {
  const fabric = new Fabric();
  const { clock, log } = fabric;
  const paths = new MemoryBfdNetwork(clock);
  const [ours, theirs] = ['10.0.0.1', NEIGHBOR].map(
    (address) => new Bfd({ clock, log, transport: paths.host(address) }),
  );
  fabric.bfd = ours;
  const config = (extra: object = {}): SpeakerConfig => ({
    asn: 65001,
    routerId: 0x0a000001,
    listen: [{ address: '10.0.0.1', port: 179 }],
    neighbors: [neighborConfig(NEIGHBOR, 65002, { passive: true, bfd: BFD, ...extra })],
  });
  const speaker = fabric.speaker('10.0.0.1', config());
  await speaker.start();
  ours.begin();
  theirs.begin();
  theirs.watch({ address: '10.0.0.1', localAddress: undefined, multihop: false }, BFD, { onDown() {} });
  const peer = fabric
    .peer(NEIGHBOR)
    .connect('10.0.0.1')
    .establish(openOf(65002, NEIGHBOR, { holdTime: 0 }));
  clock.advance(5000);
  const isDown = () => paths.sent.some(({ from, packet }) => from === '10.0.0.1' && packet[1] >> 6 === 0);
  /** Moves the clock until our AdminDown has left; undefined where it does not within three seconds. */
  const adminDown = async () => {
    const began = clock.now();
    while (clock.now() < began + 3000) {
      const heard = { notification: peer.lastNotification?.slice(0, 3), closed: peer.closed };
      await new Promise((resolve) => setImmediate(resolve));
      if (!isDown()) clock.advance(10);
      if (isDown()) return { ...heard, after: clock.now() - began };
    }
    return undefined;
  };
  return { fabric, ours, speaker, peer, config, adminDown, status: () => speaker.neighbor(NEIGHBOR) };
}

const ENDS: readonly [
  string,
  string,
  (speaker: Speaker, config: (extra?: object) => SpeakerConfig) => unknown,
][] = [
  ['an operator', '6/2', (speaker) => speaker.shutDownNeighbor(NEIGHBOR, 'maintenance')],
  ['its setting', '6/2', (speaker, config) => speaker.reconfigure(config({ shutdown: 'maintenance' }))],
  ['its removal', '6/3', (speaker, config) => speaker.reconfigure({ ...config(), neighbors: [] })],
  [
    'other settings, without BFD',
    '6/6',
    (speaker, config) => speaker.reconfigure(config({ bfd: undefined, holdTime: 30 })),
  ],
  ['the end of the speaker', '6/2', (speaker) => speaker.stop('evpnd stops')],
];
for (const [what, notification, end] of ENDS)
  test(`BFD is taken down when the neighbor has read why the session ends: by ${what}`, async (t) => {
    const { speaker, config, adminDown, status } = await watched();
    t.is(status()?.bfd?.state, 'Up');
    await Promise.all([end(speaker, config), adminDown()]).then(([, heard]) => {
      t.like(heard, { notification, closed: true });
      t.true((heard?.after ?? 0) < 1000);
    });
  });

test('BFD is taken down when the neighbor has read which limit has ended the session', async (t) => {
  const { speaker, peer, config, adminDown, status } = await watched();
  await speaker.reconfigure(config({ maxRoutes: 1, onLimit: 'stop' }));
  const encoder = encoderOf();
  for (const update of encoder.announce(originated(NEIGHBOR), [macRoute(1), macRoute(2)]))
    peer.connection?.write(update);
  t.like(await adminDown(), { notification: '6/1', closed: true });
  t.is(status()?.shutdown?.by, 'limit');
});

test('a neighbor that reads nothing is told within a second that BFD is taken down', async (t) => {
  const { speaker, peer, adminDown } = await watched();
  peer.connection?.pause();
  speaker.shutDownNeighbor(NEIGHBOR, 'maintenance');
  const heard = await adminDown();
  t.like(heard, { notification: undefined, closed: false });
  t.true((heard?.after ?? 0) >= 990 && (heard?.after ?? 0) <= 1010, String(heard?.after));
});

test('who is enabled again while BFD waits to be taken down has a session of its own, which ends with the process', async (t) => {
  const { fabric, ours, speaker, peer, adminDown, status } = await watched();
  peer.connection?.pause();
  speaker.shutDownNeighbor(NEIGHBOR, 'maintenance');
  speaker.enableNeighbor(NEIGHBOR);
  t.is(await adminDown(), undefined, 'the farewell of the session before is not said for this one');
  t.is(status()?.bfd?.state, 'Up');
  fabric.peer(NEIGHBOR).connect('10.0.0.1').connection?.pause();
  speaker.shutDownNeighbor(NEIGHBOR, 'maintenance');
  ours.close();
  t.like(await adminDown(), { after: 0 });
});
