import test from 'ava';
import { Secret } from '../../src/types/index.js';
import { encodeNotification } from '../../src/wire/index.js';
import { Fabric, neighborConfig, openOf, type RawPeer } from './fabric.js';

const OURS = '10.0.0.1';
const NEIGHBOR = '10.0.0.2';

async function leaf() {
  const fabric = new Fabric();
  const speaker = fabric.speaker(OURS, {
    asn: 65001,
    neighbors: [neighborConfig(NEIGHBOR, 65002, { passive: true })],
  });
  await speaker.start();
  return { fabric, speaker };
}

/** Connects so often, and reads nothing, so that what was said to it stays with the connection. */
function deaf(fabric: Fabric, address: string, times: number): RawPeer[] {
  return Array.from({ length: times }, () => {
    const peer = fabric.peer(address).connect(OURS);
    peer.connection?.pause();
    return peer;
  });
}

const told = (peers: readonly RawPeer[]) =>
  peers.filter(({ lastNotification }) => lastNotification !== undefined);

test('strangers are told why they are closed, sixteen of them at the same time; all are counted, in one line', async (t) => {
  const { fabric, speaker } = await leaf();
  // They do not close what was closed at the other end
  for (let i = 0; i < 40; i++) fabric.peer(`10.0.1.${i}`).connect(OURS).connection?.pause();
  t.is(speaker.rejectedConnections, 40);
  t.is(fabric.log.lines.filter(({ message }) => message.includes('no configured neighbor')).length, 1);
  fabric.clock.advance(10_000);
  const later = fabric.peer('10.0.2.1').connect(OURS);
  t.is(later.lastNotification, '6/5', 'those before have been closed');
  t.is(fabric.log.lines.filter(({ message }) => message.includes('no configured neighbor')).length, 2);
});

test('connections of a neighbor without end: four at the same time, and the session that stands stays', async (t) => {
  const { fabric, speaker } = await leaf();
  const standing = fabric.peer(NEIGHBOR).connect(OURS).establish(openOf(65002, NEIGHBOR));
  t.is(speaker.neighbor(NEIGHBOR)?.state, 'Established');
  const more = deaf(fabric, NEIGHBOR, 100);
  t.true(more.filter(({ closed }) => closed).length >= 96);
  t.is(speaker.neighbor(NEIGHBOR)?.state, 'Established');
  t.is(speaker.neighbor(NEIGHBOR)?.flaps, 0);
  t.false(standing.closed);
  t.is(fabric.log.lines.filter(({ message }) => message.includes('too many open')).length, 1);
  t.true(told(more).length <= 4);
  // Whoever lets them go is heard again
  for (const { connection } of more) connection?.destroy();
  fabric.clock.advance(5_000);
  standing.keepalive();
  const again = fabric.peer(NEIGHBOR).connect(OURS);
  t.is(again.opens.length, 1);
  t.deepEqual(fabric.errors, []);
});

test('NOTIFICATIONs without end on connections beside the session: it stays, and the log has few lines', async (t) => {
  const { fabric, speaker } = await leaf();
  fabric.peer(NEIGHBOR).connect(OURS).establish(openOf(65002, NEIGHBOR));
  const before = fabric.log.lines.length;
  for (let i = 0; i < 200; i++)
    fabric
      .peer(NEIGHBOR)
      .connect(OURS)
      .send(encodeNotification({ code: 6, subcode: 4, data: Buffer.alloc(0) }));
  t.is(speaker.neighbor(NEIGHBOR)?.state, 'Established');
  t.is(speaker.neighbor(NEIGHBOR)?.flaps, 0);
  const more = fabric.log.lines.slice(before).filter(({ level }) => level !== 'debug');
  t.true(more.length < 10, more.map(({ message }) => message).join('\n'));
});

test('a key that changes keeps the session, the first one and none do not', async (t) => {
  const { fabric, speaker } = await leaf();
  const key = (text: string) => new Secret(Buffer.from(text), '/k');
  const reload = (passwordFile: Secret | undefined) =>
    speaker.reconfigure({
      asn: 65001,
      routerId: 0x0a000001,
      listen: [{ address: OURS, port: 179 }],
      neighbors: [neighborConfig(NEIGHBOR, 65002, { passive: true, passwordFile })],
    });
  const establish = () => fabric.peer(NEIGHBOR).connect(OURS).establish(openOf(65002, NEIGHBOR));
  const flaps = () => speaker.neighbor(NEIGHBOR)?.flaps;
  establish();
  t.false(speaker.neighbor(NEIGHBOR)?.isSigned);
  await reload(key('one'));
  t.is(flaps(), 1);
  t.true(speaker.neighbor(NEIGHBOR)?.isSigned);
  establish();
  await reload(key('one'));
  await reload(key('two'));
  t.is(flaps(), 1);
  t.is(speaker.neighbor(NEIGHBOR)?.state, 'Established');
  await reload(undefined);
  t.is(flaps(), 2);
});

test('a connection that is reset for its TTL says so of the neighbor, though ours stands; a session does not care', async (t) => {
  const fabric = new Fabric();
  const neighbors = [neighborConfig(NEIGHBOR, 65002, { passive: true, ttlSecurity: 2 })];
  const speaker = fabric.speaker(OURS, { asn: 65001, neighbors });
  await speaker.start();
  const { door } = [...fabric.network.listeners.values()][0];
  const failure = () => speaker.neighbor(NEIGHBOR)?.lastFailure?.reason;

  const peer = fabric.peer(NEIGHBOR).connect(OURS);
  t.is(speaker.neighbor(NEIGHBOR)?.state, 'OpenSent');
  door.tooFar('10.0.9.9', 1);
  t.is(failure(), undefined);
  door.tooFar(NEIGHBOR, 1);
  t.is(
    failure(),
    'connection refused: the neighbor is more than 2 hops away or sends with a lower TTL than 255; its packets arrive with 1',
  );
  t.is(speaker.neighbor(NEIGHBOR)?.state, 'OpenSent');

  peer.establish(openOf(65002, NEIGHBOR));
  t.is(speaker.neighbor(NEIGHBOR)?.state, 'Established');
  door.tooFar(NEIGHBOR, 7);
  t.false(failure()?.endsWith('7'));
  t.is(speaker.neighbor(NEIGHBOR)?.state, 'Established');
});
