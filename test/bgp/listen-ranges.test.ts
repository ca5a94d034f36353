import test from 'ava';
import type { ListenRange, NeighborConfig, SpeakerConfig } from '../../src/bgp/index.js';
import { parsePrefix } from '../../src/types/index.js';
import { CeaseSubcode, encodeNotification } from '../../src/wire/index.js';
import { Fabric, macRoute, neighborConfig, openOf, originated } from './fabric.js';

const A = originated('10.2.0.9');

function range(prefix: string, extra: Partial<NeighborConfig> = {}, limit = 100): ListenRange {
  const { address: _, passive: __, ...neighbor } = neighborConfig('10.0.0.0', 'external', extra);
  return { prefix: parsePrefix(prefix), limit, neighbor };
}

/** A speaker at 10.0.0.1 with these ranges, started. */
async function listening(fabric: Fabric, config: Partial<SpeakerConfig>) {
  const speaker = fabric.speaker('10.0.0.1', { asn: 65001, neighbors: [], ...config });
  await speaker.start();
  return { speaker, reload: (other: Partial<SpeakerConfig>) => speaker.reconfigure(configOf(other)) };
}

const configOf = (config: Partial<SpeakerConfig>): SpeakerConfig => ({
  asn: 65001,
  routerId: 0x0a000001,
  listen: [{ address: '10.0.0.1', port: 179 }],
  neighbors: [],
  ...config,
});

test('who connects from a range is a neighbor as configured there, and is none when its session has ended', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, {
    listenRanges: [range('10.2.0.0/16', { peerGroup: 'leaves', holdTime: 30 })],
  });
  t.deepEqual(speaker.neighbors(), []);
  const far = fabric.speaker('10.2.0.9', { asn: 65002, neighbors: [neighborConfig('10.0.0.1', 65001)] });
  far.localRib.originate(macRoute(1), A);
  await far.start();
  fabric.clock.advance(1000);
  const status = speaker.neighbor('10.2.0.9');
  t.like(status, {
    state: 'Established',
    listenRange: '10.2.0.0/16',
    peerGroup: 'leaves',
    passive: true,
    configuredHoldTime: 30,
  });
  t.not(speaker.rib.destination(macRoute(1)), undefined);
  const stopped = far.stop('gone');
  fabric.clock.advance(5000);
  await stopped;
  await Promise.resolve();
  t.deepEqual(speaker.neighbors(), []);
  t.is(speaker.rib.destination(macRoute(1)), undefined);
  t.deepEqual(fabric.errors, []);
});

test('routes of one that restarts gracefully keep it until they are gone', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, { listenRanges: [range('10.2.0.0/16')] });
  const far = fabric.speaker('10.2.0.9', { asn: 65002, neighbors: [neighborConfig('10.0.0.1', 65001)] });
  far.localRib.originate(macRoute(1), A);
  await far.start();
  fabric.clock.advance(1000);
  fabric.network.silent.add('10.0.0.1');
  fabric.network.cut('10.2.0.9');
  fabric.clock.advance(60_000);
  t.is(speaker.neighbor('10.2.0.9')?.staleRoutes?.count, 1);
  fabric.clock.advance(70_000);
  await Promise.resolve();
  fabric.clock.runUntilIdle();
  t.deepEqual(speaker.neighbors(), []);
  t.is(speaker.rib.destination(macRoute(1)), undefined);
  t.deepEqual(fabric.errors, []);
});

test('it is never connected to, and one that says nothing goes with its connection', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, { listenRanges: [range('10.2.0.0/16')] });
  const peer = await fabric.peer('10.2.0.7').listen();
  const stranger = fabric.peer('10.2.0.7').connect('10.0.0.1');
  t.is(speaker.neighbor('10.2.0.7')?.state, 'OpenSent');
  stranger.connection?.destroy();
  fabric.clock.advance(120_000);
  t.deepEqual(speaker.neighbors(), []);
  t.is(peer.connection, undefined, 'nobody connected to it');
});

test('an AS that the range does not mean is refused (RFC 4271 6.2), and forgotten', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, { listenRanges: [range('10.2.0.0/16', { remoteAs: 65009 })] });
  const peer = fabric.peer('10.2.0.7').connect('10.0.0.1').open(openOf(65002, '10.2.0.7'));
  t.is(peer.lastNotification, '2/2 0000fdea');
  fabric.clock.advance(30_000);
  t.deepEqual(speaker.neighbors(), []);
});

test('one link-local address on two links is two neighbors, which a command can name', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, { listenRanges: [range('fe80::/10')] });
  const [, up2] = ['up1', 'up2'].map((device) =>
    fabric.peer(`fe80::1%${device}`).connect('10.0.0.1').establish(openOf(65002, '10.0.0.2')),
  );
  t.deepEqual(
    speaker.neighbors().map(({ address, state }) => [address, state]),
    [
      ['fe80::1%up1', 'Established'],
      ['fe80::1%up2', 'Established'],
    ],
  );
  t.is(speaker.neighbor('fe80::1'), undefined, 'which one is not said');
  t.is(speaker.shutDownNeighbor('fe80::1'), 'no neighbor');
  t.is(speaker.neighbor('FE80:0::1%up2')?.address, 'fe80::1%up2');
  up2.connection?.destroy();
  fabric.clock.advance(1000);
  await Promise.resolve();
  t.is(speaker.neighbor('fe80::1')?.address, 'fe80::1%up1');
  t.is(speaker.neighbor('fe80::9'), undefined);
  t.deepEqual(fabric.errors, []);
});

test('the longest prefix counts, and a configured neighbor before any', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, {
    listenRanges: [
      range('10.0.0.0/8', { description: 'wide' }),
      range('10.2.0.0/16', { description: 'narrow' }),
      range('0.0.0.0/0', { description: 'widest' }),
    ],
    neighbors: [neighborConfig('10.2.0.5', 65002, { description: 'itself' })],
  });
  for (const address of ['10.2.0.5', '10.2.0.6', '10.3.0.6', '192.0.2.1'])
    fabric.peer(address).connect('10.0.0.1').establish(openOf(65002, address));
  t.deepEqual(
    speaker
      .neighbors()
      .map(({ address, description, state, listenRange }) => [address, description, state, listenRange]),
    [
      ['10.2.0.5', 'itself', 'Established', undefined],
      ['10.2.0.6', 'narrow', 'Established', '10.2.0.0/16'],
      ['10.3.0.6', 'wide', 'Established', '10.0.0.0/8'],
      ['192.0.2.1', 'widest', 'Established', '0.0.0.0/0'],
    ],
  );
});

test('beyond the limit of its range, and in none, a connection is refused; whoever goes makes room', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, { listenRanges: [range('10.2.0.0/16', {}, 2)] });
  const peers = [1, 2, 3].map((i) => {
    const peer = fabric.peer(`10.2.0.${i}`).connect('10.0.0.1');
    return peer.establish(openOf(65002, `10.2.0.${i}`));
  });
  t.deepEqual(
    speaker.neighbors().map(({ address }) => address),
    ['10.2.0.1', '10.2.0.2'],
  );
  t.is(peers[2].lastNotification, `6/${CeaseSubcode.CONNECTION_REJECTED}`);
  t.is(fabric.peer('10.3.0.1').connect('10.0.0.1').lastNotification, '6/5');
  t.is(speaker.rejectedConnections, 2);
  peers[0].send(encodeNotification({ code: 6, subcode: 4, data: new Uint8Array(0) }));
  fabric.clock.advance(3000);
  fabric.peer('10.2.0.3').connect('10.0.0.1').establish(openOf(65002, '10.2.0.3'));
  t.deepEqual(
    speaker.neighbors().map(({ address }) => address),
    ['10.2.0.2', '10.2.0.3'],
  );
});

test('an operator keeps one down, and lets it go', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, { listenRanges: [range('10.2.0.0/16')] });
  const connect = () =>
    fabric.peer('10.2.0.1').connect('10.0.0.1').establish(openOf(65002, '10.2.0.1')).lastNotification;
  connect();
  t.is(speaker.shutDownNeighbor('10.2.0.1'), 'done');
  fabric.clock.advance(60_000);
  t.is(connect(), '6/2');
  t.like(speaker.neighbor('10.2.0.1'), { state: 'Idle', shutdown: { message: '' } });
  speaker.enableNeighbor('10.2.0.1');
  fabric.clock.advance(1000);
  t.deepEqual(speaker.neighbors(), []);
});

test('a reload: with other settings as a neighbor has it, into another range, into a neighbor, out of all', async (t) => {
  const fabric = new Fabric();
  const { speaker, reload } = await listening(fabric, { listenRanges: [range('10.2.0.0/16')] });
  const peer = fabric.peer('10.2.0.1').connect('10.0.0.1').establish(openOf(65002, '10.2.0.1'));
  const described = (description: string) => range('10.2.0.0/16', { description });
  await reload({ listenRanges: [described('leaf')] });
  t.like(speaker.neighbor('10.2.0.1'), { state: 'Established', description: 'leaf' });
  await reload({ listenRanges: [described('leaf'), range('10.2.0.0/24', { description: 'rack' })] });
  t.like(speaker.neighbor('10.2.0.1'), {
    state: 'Established',
    description: 'rack',
    listenRange: '10.2.0.0/24',
  });
  await reload({ neighbors: [neighborConfig('10.2.0.1', 65002, { passive: true })] });
  t.like(speaker.neighbor('10.2.0.1'), { state: 'Established', listenRange: undefined });
  await reload({ listenRanges: [described('leaf')] });
  fabric.clock.runUntilIdle();
  t.is(peer.lastNotification, '6/3', 'deconfigured; it may connect anew');
  t.deepEqual(speaker.neighbors(), []);
  const again = fabric.peer('10.2.0.1').connect('10.0.0.1').establish(openOf(65002, '10.2.0.1'));
  t.is(speaker.neighbor('10.2.0.1')?.state, 'Established');
  await reload({ listenRanges: [range('10.3.0.0/16')] });
  fabric.clock.runUntilIdle();
  t.is(again.lastNotification, '6/3');
  t.deepEqual(speaker.neighbors(), []);
  t.deepEqual(fabric.errors, []);
});

test('a range that is shut down refuses with its text, and has no neighbors (RFC 9003)', async (t) => {
  const fabric = new Fabric();
  const words = 'rack 7 is moved';
  const { speaker, reload } = await listening(fabric, {
    listenRanges: [range('10.2.0.0/16', { shutdown: words })],
  });
  t.true(speaker.endOfRibReceivedFromAll(), 'nobody is to come');
  const shut = `6/2 ${Buffer.from([words.length]).toString('hex')}${Buffer.from(words).toString('hex')}`;
  for (let i = 0; i < 30; i++) {
    const peer = fabric.peer(`10.2.0.${i}`).connect('10.0.0.1');
    // Whoever is refused reads why before the next one comes
    t.is(peer.lastNotification, shut);
    fabric.clock.advance(5000);
  }
  t.deepEqual(speaker.neighbors(), []);
  t.is(speaker.rejectedConnections, 0, 'they are no strangers');
  await reload({ listenRanges: [range('10.2.0.0/16')] });
  const [one, other] = ['10.2.0.1', '10.2.0.2'].map((address) =>
    fabric.peer(address).connect('10.0.0.1').establish(openOf(65002, address)),
  );
  t.is(speaker.neighbor('10.2.0.1')?.state, 'Established');
  speaker.shutDownNeighbor('10.2.0.2', 'this one alone');
  fabric.clock.advance(1000);
  t.regex(other.lastNotification ?? '', /^6\/2/);
  await reload({ listenRanges: [range('10.2.0.0/16', { shutdown: words })] });
  fabric.clock.advance(1000);
  t.is(one.lastNotification, shut);
  t.deepEqual(
    speaker.neighbors().map(({ address, shutdown }) => [address, shutdown?.message]),
    [['10.2.0.2', 'this one alone']],
    'what a command keeps down stays so when the range is back',
  );
  await reload({ listenRanges: [range('10.2.0.0/16')] });
  const again = fabric.peer('10.2.0.2').connect('10.0.0.1');
  t.regex(again.lastNotification ?? '', /^6\/2/);
  t.deepEqual(fabric.errors, []);
});

test('with a range nobody knows that all have told their routes', async (t) => {
  const fabric = new Fabric();
  const { speaker } = await listening(fabric, { listenRanges: [range('10.2.0.0/16')] });
  t.false(speaker.endOfRibReceivedFromAll());
});
