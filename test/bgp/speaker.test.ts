import test from 'ava';
import {
  type Destination,
  ImportPolicy,
  ListenError,
  Speaker,
  type SpeakerConfig,
  TcpTransport,
} from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';
import { formatIp, silentLog, systemClock } from '../../src/types/index.js';
import { formatNlri, type OriginatedAttributes, RouteType, UpdateEncoder } from '../../src/wire/index.js';
import { encoderOf, Fabric, id, imet, macRoute, neighborConfig, openOf, originated } from './fabric.js';

const A = originated('10.0.0.1');
const REJECTS_ALL = new ImportPolicy({ name: 'none', rules: [], otherwise: 'reject' });
const macs = (speaker: Speaker) =>
  [...speaker.rib.destinations()].map((d) => (d.nlri.type === 2 ? d.nlri.mac : -1)).sort((a, b) => a - b);

test('routes of one speaker are in the RIB of the other, and go with a withdraw', async (t) => {
  const fabric = new Fabric();
  const [a, b] = await fabric.pair();
  const ended: string[] = [];
  b.onEndOfRib = (address) => ended.push(address);
  t.is(b.neighbor('10.0.0.1')?.state, 'Established');
  a.localRib.originate(macRoute(1), A);
  a.localRib.originate(imet('10.0.0.1'), { ...A, pmsiTunnel: { endpoint: A.nextHop as never, vni: 10010 } });
  fabric.clock.runUntilIdle();
  const best = b.rib.destination(macRoute(1))?.best;
  t.is(formatIp(best!.attributes.nextHop), '10.0.0.1');
  t.deepEqual(best?.attributes.asPath, [{ type: 2, asns: [65001] }]);
  t.is(best?.receivedAt, fabric.clock.wallTime());
  const status = b.neighbor('10.0.0.1')!;
  t.deepEqual(status.routes.accepted, [0, 0, 1, 1, 0, 0]);
  t.deepEqual(a.neighbor('10.0.0.2')!.routes.sent, [0, 0, 1, 1, 0, 0]);
  t.deepEqual(a.neighbor('10.0.0.2')!.routes.received, [0, 0, 0, 0, 0, 0], 'nothing learned is sent back');
  a.localRib.withdraw(macRoute(1));
  fabric.clock.runUntilIdle();
  t.is(b.rib.destination(macRoute(1)), undefined);
  t.deepEqual(fabric.errors, []);
  await Promise.all([a.stop(), b.stop(), Promise.resolve().then(() => fabric.clock.advance(5000))]);
});

test('iBGP: the session and its routes are internal', async (t) => {
  const fabric = new Fabric();
  const [a, b] = await fabric.pair({ remoteAs: 'internal' }, {}, [65001, 65001]);
  a.localRib.originate(macRoute(1), A);
  fabric.clock.runUntilIdle();
  const best = b.rib.destination(macRoute(1))?.best;
  t.true(best?.source.internal);
  t.is(best?.attributes.localPref, 100);
  t.deepEqual(best?.attributes.asPath, []);
});

test('IPv6 transport, also link-local with its zone', async (t) => {
  for (const [near, far] of [
    ['2001:db8::1', '2001:db8::2'],
    ['fe80::1%eth0', 'fe80::2%eth0'],
  ]) {
    const fabric = new Fabric();
    const a = fabric.speaker(near, { asn: 65001, routerId: 1, neighbors: [neighborConfig(far, 65002)] });
    const b = fabric.speaker(far, { asn: 65002, routerId: 2, neighbors: [neighborConfig(near, 65001)] });
    await a.start();
    await b.start();
    fabric.clock.advance(10_000);
    t.is(a.neighbor(far)?.state, 'Established');
    t.is(a.neighbor(far)?.remoteEndpoint?.address, far);
    t.is(a.neighbor(far.toUpperCase().replace('%ETH0', '%eth0'))?.address, far);
  }
});

test('End-of-RIB: told once a session, and known of all', async (t) => {
  const fabric = new Fabric();
  const a = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [
      neighborConfig('10.0.0.2', 65002, { passive: true }),
      neighborConfig('10.0.0.3', 65003, { passive: true }),
    ],
  });
  const ended: string[] = [];
  a.onEndOfRib = (address) => ended.push(address);
  await a.start();
  const two = fabric
    .peer('10.0.0.2')
    .connect('10.0.0.1')
    .establish(openOf(65002, '10.0.0.2', { holdTime: 0 }));
  const three = fabric
    .peer('10.0.0.3')
    .connect('10.0.0.1')
    .establish(openOf(65003, '10.0.0.3', { holdTime: 0 }));
  t.false(a.endOfRibReceivedFromAll());
  two.send(encoderOf().endOfRib(), encoderOf().endOfRib());
  t.false(a.endOfRibReceivedFromAll());
  fabric.clock.advance(500);
  three.send(encoderOf().endOfRib());
  t.true(a.endOfRibReceivedFromAll());
  t.deepEqual(ended, ['10.0.0.2', '10.0.0.3']);
  t.is(a.neighbor('10.0.0.3')?.endOfRibAt, fabric.clock.wallTime());
  fabric.network.cut('10.0.0.3');
  fabric.clock.runUntilIdle();
  t.false(a.endOfRibReceivedFromAll());
});

test('a neighbor that is shut down before its first session, or is removed, is no longer awaited, which is told', async (t) => {
  const fabric = new Fabric();
  const neighbors = [
    neighborConfig('10.0.0.2', 65002, { passive: true }),
    neighborConfig('10.0.0.3', 65003, { passive: true }),
  ];
  const speaker = fabric.speaker('10.0.0.1', { asn: 65001, neighbors });
  const told: boolean[] = [];
  speaker.onNoLongerAwaited = () => told.push(speaker.endOfRibReceivedFromAll());
  await speaker.start();
  speaker.shutDownNeighbor('10.0.0.2');
  t.deepEqual(told, [false]);
  const listen = [{ address: '10.0.0.1', port: 179 }];
  await speaker.reconfigure({ asn: 65001, routerId: 0x0a000001, listen, neighbors: neighbors.slice(0, 1) });
  t.deepEqual(told, [false, true]);
});

test('UPDATE errors: treat-as-withdraw costs the route and is counted, a reset is exact', async (t) => {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig('10.0.0.2', 65002, { passive: true })],
  });
  await speaker.start();
  const peer = fabric
    .peer('10.0.0.2')
    .connect('10.0.0.1')
    .establish(openOf(65002, '10.0.0.2', { holdTime: 0 }));
  const [good] = encoderOf().announce(originated('10.0.0.2'), [macRoute(1)]);
  peer.send(good);
  t.deepEqual(macs(speaker), [1]);
  // ORIGIN's value (RFC 7606 §7.1): find 40 01 01 00 and make it 9
  const bad = Buffer.from(good);
  const at = bad.indexOf(Buffer.from('40010100', 'hex'));
  t.true(at > 0);
  bad[at + 3] = 9;
  peer.send(bad);
  const status = speaker.neighbor('10.0.0.2')!;
  t.is(status.state, 'Established');
  t.deepEqual(macs(speaker), []);
  t.is(status.faults.treatAsWithdraw, 1);
  t.is(status.faults.last?.outcome, 'treat-as-withdraw');
  peer.send(bad, bad);
  t.is(speaker.neighbor('10.0.0.2')!.faults.treatAsWithdraw, 3);
  t.is(fabric.log.lines.filter((line) => line.level === 'warn').length, 1, 'logged once a minute');
  peer.send(good);
  // Withdrawn routes length beyond the message: no way to go on (RFC 4271 §6.3)
  peer.send(Buffer.concat([Buffer.alloc(16, 0xff), Buffer.from('00170200ff0000', 'hex')]));
  t.is(peer.lastNotification?.slice(0, 3), '3/1');
  t.is(speaker.neighbor('10.0.0.2')!.state, 'Idle');
  fabric.clock.runUntilIdle();
  t.deepEqual(macs(speaker), []);
});

test('back-pressure inward: while the reader of the RIB is behind, sockets wait and the session lives', async (t) => {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [neighborConfig('10.0.0.2', 65002, { passive: true })],
  });
  const reader = speaker.rib.subscribe();
  await speaker.start();
  const peer = fabric.peer('10.0.0.2').connect('10.0.0.1').establish(openOf(65002, '10.0.0.2'));
  const routes = Array.from({ length: 120_000 }, (_, i) => macRoute(i + 1));
  let full = false;
  for (let i = 0; i < routes.length; i += 10_000) {
    for (const update of encoderOf().announce(originated('10.0.0.2'), routes.slice(i, i + 10_000)))
      full = peer.connection?.write(update) === false;
    fabric.clock.runUntilIdle();
  }
  t.true(full, 'the peer is told to wait');
  t.true(reader.dirtyCount < 80_000, `${reader.dirtyCount} dirty`);
  // The peer's keepalives lie unread behind its routes: no reason to give it up
  fabric.clock.advance(60_000);
  t.is(speaker.neighbor('10.0.0.2')?.state, 'Established');
  let taken = 0;
  for (let i = 0; i < 400; i++) {
    taken += reader.takeDirty(1000).length;
    fabric.clock.runUntilIdle();
  }
  t.is(taken, 120_000);
  t.is(speaker.rib.size, 120_000);
  fabric.clock.advance(20_000);
  t.not(speaker.neighbor('10.0.0.2')?.state, 'Established', 'now its silence counts');
});

test('back-pressure outward: a peer that does not read stops the flush, and gets all when it does', async (t) => {
  const fabric = new Fabric();
  const [a, b] = await fabric.pair({ holdTime: 0 }, { holdTime: 0 });
  for (const end of fabric.network.ends) if (end.localAddress === '10.0.0.2') end.pause();
  for (let i = 1; i <= 50_000; i++) a.localRib.originate(macRoute(i), A);
  fabric.clock.runUntilIdle();
  t.true(a.neighbor('10.0.0.2')!.routes.sent[2] < 50_000);
  for (const end of fabric.network.ends) if (end.localAddress === '10.0.0.2') end.resume();
  fabric.clock.runUntilIdle();
  t.is(a.neighbor('10.0.0.2')!.routes.sent[2], 50_000);
  t.is(b.rib.size, 50_000);
});

test('keepalives go out while a large table is sent', async (t) => {
  const fabric = new Fabric();
  const [a, b] = await fabric.pair();
  for (let i = 1; i <= 30_000; i++) a.localRib.originate(macRoute(i), A);
  fabric.clock.advance(60_000);
  t.is(b.rib.size, 30_000);
  t.is(a.neighbor('10.0.0.2')?.flaps, 0);
  t.is(b.neighbor('10.0.0.1')?.flaps, 0);
});

test('a refresh brings the routes again without a change', async (t) => {
  const fabric = new Fabric();
  const [a, b] = await fabric.pair();
  const reader = b.rib.subscribe();
  a.localRib.originate(macRoute(1), A);
  fabric.clock.runUntilIdle();
  t.is(reader.takeDirty(9).length, 1);
  const before = b.neighbor('10.0.0.1')!.messagesIn.update;
  t.is(b.refreshNeighbor('10.0.0.1', 'in'), 'done');
  fabric.clock.runUntilIdle();
  t.is(b.neighbor('10.0.0.1')!.messagesIn.update, before + 1);
  t.is(reader.dirtyCount, 0);
  t.is(a.neighbor('10.0.0.2')!.messagesIn.routeRefresh, 1);
});

test('reconfigure: only what changed begins anew', async (t) => {
  const fabric = new Fabric();
  const peers = [2, 3, 4].map((n) => fabric.peer(`10.0.0.${n}`));
  for (const peer of peers) await peer.listen();
  const neighbors = [2, 3, 4].map((n) =>
    neighborConfig(`10.0.0.${n}`, 65000 + n, { holdTime: 180, keepaliveTime: 60 }),
  );
  const config: SpeakerConfig = {
    asn: 65001,
    routerId: 1,
    listen: [{ address: '10.0.0.1', port: 179 }],
    neighbors,
  };
  const speaker = fabric.speaker('10.0.0.1', config);
  await speaker.start();
  fabric.clock.runUntilIdle();
  peers.forEach((peer, i) => {
    peer
      .establish(openOf(65002 + i, peer.address))
      .send(...encoderOf(65002 + i).announce(originated(peer.address), [macRoute(i + 1)]));
  });
  t.deepEqual(macs(speaker), [1, 2, 3]);

  await speaker.reconfigure({
    ...config,
    neighbors: [
      { ...neighbors[0], description: 'spine one', connectRetryTime: 60 },
      { ...neighbors[1], holdTime: 30 },
      neighborConfig('10.0.0.5', 65005),
    ],
  });
  fabric.clock.runUntilIdle();
  t.is(peers[0].lastNotification, undefined);
  t.is(peers[1].lastNotification, '6/6');
  t.is(peers[2].lastNotification, '6/3');
  t.deepEqual(
    speaker.neighbors().map((n) => [n.address, n.state]),
    [
      ['10.0.0.2', 'Established'],
      ['10.0.0.3', 'OpenSent'],
      ['10.0.0.5', 'Active'],
    ],
  );
  t.is(speaker.neighbor('10.0.0.2')?.description, 'spine one');
  t.is(peers[1].opens.at(-1)?.holdTime, 30);
  t.deepEqual(macs(speaker), [1]);
  t.is(speaker.neighbor('10.0.0.4'), undefined);

  await speaker.reconfigure({
    ...config,
    neighbors: [neighbors[0]],
    routerId: 7,
    listen: [{ address: '10.0.0.1', port: 1179 }],
  });
  fabric.clock.runUntilIdle();
  t.is(peers[0].lastNotification, '6/6');
  t.is(peers[0].opens.at(-1)?.routerId, 7);
  t.deepEqual(speaker.listening, [{ address: '10.0.0.1', port: 1179 }]);
  t.is(fabric.peer('10.0.0.2').connect('10.0.0.1').connection?.remotePort, 179);
  t.deepEqual(fabric.errors, []);
});

test('reconfigure: a setting in other words, or one that the session stands by already, keeps the session', async (t) => {
  for (const [first, then] of [
    [{ remoteAs: 65002 }, { remoteAs: 'external' }],
    [{ remoteAs: 'external' }, { remoteAs: 65002 }],
    [{}, { localAddress: '10.0.0.1' }],
    [{ localAddress: '10.0.0.1' }, { localAddress: '::ffff:10.0.0.1' }],
    [{ localAddress: '10.0.0.1' }, {}],
    [{}, { port: 1179 }],
  ] as const) {
    const fabric = new Fabric();
    const [a, b] = await fabric.pair(first);
    await a.reconfigure({
      asn: 65001,
      routerId: id('10.0.0.1'),
      listen: [{ address: '10.0.0.1', port: 179 }],
      neighbors: [neighborConfig('10.0.0.2', 65002, then)],
    });
    fabric.clock.advance(20_000);
    t.like(a.neighbor('10.0.0.2'), { state: 'Established', flaps: 0 }, JSON.stringify([first, then]));
    t.is(b.neighbor('10.0.0.1')?.flaps, 0);
  }
});

test('reconfigure: a setting that the session does not stand by ends it, in an internal one too', async (t) => {
  for (const [first, then, asns] of [
    [{ remoteAs: 65002 }, { remoteAs: 65003 }, [65001, 65002]],
    [{ remoteAs: 'external' }, { remoteAs: 'internal' }, [65001, 65002]],
    [{ remoteAs: 'internal' }, { remoteAs: 'external' }, [65001, 65001]],
    [{}, { localAddress: '10.0.0.9' }, [65001, 65002]],
    [{}, { passive: true }, [65001, 65002]],
    [{}, { keepaliveTime: 1 }, [65001, 65002]],
  ] as const) {
    const fabric = new Fabric();
    const [a] = await fabric.pair(first, {}, asns);
    await a.reconfigure({
      asn: asns[0],
      routerId: id('10.0.0.1'),
      listen: [{ address: '10.0.0.1', port: 179 }],
      neighbors: [neighborConfig('10.0.0.2', asns[1], then)],
    });
    t.is(a.neighbor('10.0.0.2')?.flaps, 1, JSON.stringify([first, then]));
  }
});

test('reconfigure: a neighbor that cannot be asked for what was refused begins anew, where something was and may be taken now', async (t) => {
  for (const [path, change, begins] of [
    [[65002, 65001], { allowasIn: 1 }, true],
    [[65009], { enforceFirstAs: false }, true],
    [[65002], { allowasIn: 1 }, false],
    [[65002], { enforceFirstAs: false }, false],
    [[65009], { importPolicy: REJECTS_ALL }, false],
    [[65002, 65001], { enforceFirstAs: false }, false],
    [[65009], { allowasIn: 1 }, false],
  ] as const) {
    const fabric = new Fabric();
    const peer = await fabric.peer('10.0.0.2').listen();
    const config = {
      asn: 65001,
      routerId: id('10.0.0.1'),
      listen: [],
      neighbors: [neighborConfig('10.0.0.2', 65002)],
    };
    const speaker = fabric.speaker('10.0.0.1', config);
    await speaker.start();
    fabric.clock.runUntilIdle();
    peer.establish(openOf(65002, peer.address, { capabilities: [{ code: 1, afi: 25, safi: 70 }] }));
    const [first, ...later] = path;
    const encoder = new UpdateEncoder({
      fourOctetAs: false,
      internal: false,
      localAsn: first,
      maxMessageLength: 4096,
    });
    peer.send(...encoder.announce({ ...originated('10.0.0.2'), prepend: later }, [macRoute(1)]));
    await speaker.reconfigure({ ...config, neighbors: [neighborConfig('10.0.0.2', 65002, change)] });
    fabric.clock.runUntilIdle();
    t.is(peer.lastNotification, begins ? '6/6' : undefined, JSON.stringify([path, change]));
    fabric.clock.advance(2000);
    t.is(peer.opens.length, begins ? 2 : 1);
  }
});

test('reconfigure: where no session stands, the right AS in place of the wrong one is tried at once', async (t) => {
  const fabric = new Fabric();
  const [a] = await fabric.pair({ remoteAs: 65009 });
  t.not(a.neighbor('10.0.0.2')?.state, 'Established');
  fabric.clock.advance(15_000);
  await a.reconfigure({
    asn: 65001,
    routerId: id('10.0.0.1'),
    listen: [{ address: '10.0.0.1', port: 179 }],
    neighbors: [neighborConfig('10.0.0.2', 65002)],
  });
  fabric.clock.advance(1000);
  t.is(a.neighbor('10.0.0.2')?.state, 'Established');
});

test('reconfigure: a listener that cannot stand changes nothing', async (t) => {
  const fabric = new Fabric();
  const [a] = await fabric.pair();
  const config: SpeakerConfig = {
    asn: 65001,
    routerId: 9,
    listen: [
      { address: '10.0.0.1', port: 1179 },
      { address: '10.0.0.77', port: 179 },
    ],
    neighbors: [],
  };
  await t.throwsAsync(a.reconfigure(config), { instanceOf: ListenError });
  t.deepEqual(a.listening, [{ address: '10.0.0.1', port: 179 }]);
  t.is(a.neighbor('10.0.0.2')?.state, 'Established');
  await t.throwsAsync(a.reconfigure({ ...config, listen: [], neighbors: [neighborConfig('leaf', 1)] }), {
    name: 'ParseError',
  });
  t.is(a.neighbor('10.0.0.2')?.state, 'Established');
});

test('before start a new configuration only waits', async (t) => {
  const fabric = new Fabric();
  const a = fabric.speaker('10.0.0.1', { asn: 65001, neighbors: [neighborConfig('10.0.0.2', 65002)] });
  await a.reconfigure({
    asn: 65009,
    routerId: 5,
    listen: [],
    neighbors: [neighborConfig('10.0.0.2', 65003), neighborConfig('10.0.0.3', 65003)],
  });
  fabric.clock.advance(10_000);
  t.deepEqual(
    a.neighbors().map((n) => [n.state, n.localAs]),
    [
      ['Idle', 65009],
      ['Idle', 65009],
    ],
  );
});

test('the same neighbor twice is refused', (t) => {
  const fabric = new Fabric();
  t.throws(
    () =>
      fabric.speaker('10.0.0.1', {
        asn: 1,
        neighbors: [neighborConfig('2001:db8::1', 2), neighborConfig('2001:DB8::0:1', 2)],
      }),
    { message: /2001:db8::1 is configured twice/ },
  );
});

test('a kernel without IPv6 serves IPv4 all the same', async (t) => {
  const fabric = new Fabric();
  const host = fabric.network.host('10.0.0.1');
  const transport = {
    connect: host.connect.bind(host),
    listen: async (...[endpoint, accept]: Parameters<typeof host.listen>) => {
      if (endpoint.address === '::') throw new ListenError(endpoint, 'EAFNOSUPPORT', 'no IPv6');
      return host.listen(endpoint, accept);
    },
  };
  const speaker = new Speaker(
    {
      asn: 1,
      routerId: 1,
      listen: [
        { address: '0.0.0.0', port: 179 },
        { address: '::', port: 179 },
      ],
      neighbors: [],
    },
    { clock: fabric.clock, transport, log: fabric.log },
  );
  await speaker.start();
  t.deepEqual(speaker.listening, [{ address: '0.0.0.0', port: 179 }]);
  t.is(fabric.log.lines[0].level, 'warn');
});

test('with local-as a neighbor knows us by that AS alone, and is internal by it', async (t) => {
  const fabric = new Fabric();
  const [a, b] = await fabric.pair({ localAs: 65077 }, {}, [65001, 65002]);
  t.not(b.neighbor('10.0.0.1')?.state, 'Established', 'its AS is another than configured');
  const theirs = (remoteAs: number | 'internal') =>
    b.reconfigure({
      asn: 65002,
      routerId: 0x0a000002,
      listen: [{ address: '10.0.0.2', port: 179 }],
      neighbors: [neighborConfig('10.0.0.1', remoteAs)],
    });
  const ours = (localAs: number | undefined, remoteAs: number | 'internal' = 65002) =>
    a.reconfigure({
      asn: 65001,
      routerId: 0x0a000001,
      listen: [{ address: '10.0.0.1', port: 179 }],
      neighbors: [neighborConfig('10.0.0.2', remoteAs, { localAs })],
    });
  await theirs(65077);
  a.localRib.originate(macRoute(1), A);
  fabric.clock.advance(60_000);
  t.like(a.neighbor('10.0.0.2'), { state: 'Established', localAs: 65077, internal: false });
  t.like(b.neighbor('10.0.0.1'), { remoteAs: 65077 });
  t.deepEqual(b.rib.destination(macRoute(1))?.best?.attributes.asPath, [{ type: 2, asns: [65077] }]);
  // Our own AS again: a new session, in which it is not known
  await ours(undefined);
  fabric.clock.advance(60_000);
  t.not(a.neighbor('10.0.0.2')?.state, 'Established');
  await ours(65002, 'internal');
  await theirs('internal');
  fabric.clock.advance(60_000);
  t.like(a.neighbor('10.0.0.2'), { state: 'Established', localAs: 65002, internal: true });
  t.deepEqual(b.rib.destination(macRoute(1))?.best?.attributes.asPath, []);
  t.deepEqual(fabric.errors, []);
});

test('a fault of ours resets the session and is logged; the speaker lives', async (t) => {
  const fabric = new Fabric();
  const [a, b] = await fabric.pair();
  const reader = b.rib.subscribe();
  reader.onDirty = () => {
    throw new Error('bug');
  };
  a.localRib.originate(macRoute(1), A);
  fabric.clock.runUntilIdle();
  t.is(a.neighbor('10.0.0.2')?.lastNotificationReceived?.code, 6);
  t.is(fabric.errors.length, 1);
  reader.onDirty = undefined;
  // Attributes that cannot be encoded are ours, too
  a.localRib.originate(macRoute(2), { ...A, extendedCommunities: null } as unknown as OriginatedAttributes);
  fabric.clock.advance(20_000);
  t.true(fabric.errors.length > 1);
  a.localRib.withdraw(macRoute(2));
  fabric.clock.advance(120_000);
  t.is(a.neighbor('10.0.0.2')?.state, 'Established');
  t.deepEqual(macs(b), [1]);
});

test('a transport that throws costs the attempt only', async (t) => {
  const fabric = new Fabric();
  const speaker = new Speaker(
    { asn: 1, routerId: 1, listen: [], neighbors: [neighborConfig('10.0.0.2', 2)] },
    {
      clock: fabric.clock,
      log: fabric.log,
      transport: {
        connect() {
          throw new Error('no more descriptors');
        },
        listen: () => Promise.reject(new Error('unused')),
      },
    },
  );
  await speaker.start();
  fabric.clock.advance(30_000);
  t.true(fabric.errors.length > 1);
  t.true(['Idle', 'Connect'].includes(speaker.neighbor('10.0.0.2')!.state));
});

test('status is a copy', async (t) => {
  const fabric = new Fabric();
  const [a, b] = await fabric.pair();
  const before = b.neighbor('10.0.0.1')!;
  a.localRib.originate(macRoute(1), A);
  fabric.clock.runUntilIdle();
  t.is(before.routes.accepted[2], 0);
  t.is(b.neighbor('10.0.0.1')!.messagesIn.update, before.messagesIn.update + 1);
  t.true(b.neighbor('10.0.0.1')!.uptime! >= 0);
  t.is(b.neighbor('nonsense'), undefined);
});

// ---- over the kernel's TCP

const until = async (what: string, condition: () => boolean) => {
  for (let i = 0; i < 2000; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`never came: ${what}`);
};

for (const [family, near, far] of [
  ['IPv4', '127.0.0.11', '127.0.0.12'],
  ['IPv6', '::1', '::1'],
]) {
  test(`real TCP over ${family}: session, 20,000 routes, withdraw, stop`, async (t) => {
    const deps = { clock: systemClock, transport: new TcpTransport(tcpSockets), log: silentLog };
    const b = new Speaker(
      {
        asn: 65002,
        routerId: 2,
        listen: [{ address: far, port: 0 }],
        neighbors: [neighborConfig(near, 65001, { passive: true })],
      },
      deps,
    );
    const reader = b.rib.subscribe();
    await b.start();
    const [{ port }] = b.listening;
    const a = new Speaker(
      {
        asn: 65001,
        routerId: 1,
        listen: [],
        neighbors: [neighborConfig(far, 65002, { port, localAddress: near })],
      },
      deps,
    );
    for (let i = 1; i <= 20_000; i++) a.localRib.originate(macRoute(i), A);
    await a.start();
    await until('the routes', () => b.rib.size === 20_000);
    await until('End-of-RIB', () => b.endOfRibReceivedFromAll() && a.endOfRibReceivedFromAll());
    t.true(a.neighbor(far)?.negotiated?.extendedMessage);
    t.is(a.neighbor(far)?.localEndpoint?.address, near);
    const dirty: Destination[] = reader.takeDirty(1e6);
    t.is(new Set(dirty.map((d) => formatNlri(d.nlri))).size, 20_000);
    for (let i = 1; i <= 20_000; i++) a.localRib.withdraw(macRoute(i));
    await until('the withdrawals', () => b.rib.counts(near).accepted[RouteType.MAC_IP_ADVERTISEMENT] === 0);
    await a.stop('done');
    await until('the NOTIFICATION', () => b.neighbor(near)?.state !== 'Established');
    t.regex(b.neighbor(near)?.lastError?.reason ?? '', /Administrative Shutdown.*done/);
    await b.stop();
  });
}

test('a path that does not begin with the AS of its external neighbor is refused; a reload that allows it asks for the routes again', async (t) => {
  const fabric = new Fabric();
  const peer = fabric.peer('10.0.0.2');
  await peer.listen();
  const config: SpeakerConfig = {
    asn: 65001,
    routerId: 1,
    listen: [{ address: '10.0.0.1', port: 179 }],
    neighbors: [neighborConfig('10.0.0.2', 65002)],
  };
  const speaker = fabric.speaker('10.0.0.1', config);
  await speaker.start();
  fabric.clock.runUntilIdle();
  const empty = new UpdateEncoder({
    fourOctetAs: true,
    internal: true,
    localAsn: 65002,
    maxMessageLength: 4096,
  });
  const foreign = () => {
    peer.send(...encoderOf(65009).announce(originated('10.0.0.2'), [macRoute(1)]));
    peer.send(...empty.announce(originated('10.0.0.2'), [macRoute(2)]));
    peer.send(...encoderOf(65002).announce(originated('10.0.0.2'), [macRoute(3)]));
    fabric.clock.advance(100);
  };
  peer.establish(openOf(65002, peer.address, { holdTime: 0 }));
  foreign();
  t.deepEqual(macs(speaker), [3]);
  const { routes, state } = speaker.neighbor('10.0.0.2')!;
  t.is(state, 'Established');
  t.is(routes.refused['first-as'], 2);
  t.is(routes.lastRefusal?.reason, 'first-as');
  const asked = speaker.neighbor('10.0.0.2')!.messagesOut.routeRefresh;
  const allow = { ...config, neighbors: [neighborConfig('10.0.0.2', 65002, { enforceFirstAs: false })] };
  await speaker.reconfigure(allow);
  t.is(speaker.neighbor('10.0.0.2')!.messagesOut.routeRefresh, asked + 1);
  foreign();
  t.deepEqual(macs(speaker), [1, 2, 3]);
  // And back: what stands is judged, and goes, which is logged once; the neighbor is not asked for it
  const refusals = () => fabric.log.lines.filter(({ message }) => message.startsWith('route refused: '));
  fabric.clock.advance(60_000);
  const before = refusals().length;
  await speaker.reconfigure(config);
  fabric.clock.runUntilIdle();
  t.deepEqual(macs(speaker), [3]);
  t.is(speaker.neighbor('10.0.0.2')!.messagesOut.routeRefresh, asked + 1);
  t.is(speaker.neighbor('10.0.0.2')!.routes.refused['first-as'], 4);
  t.like(refusals().slice(before), [{ level: 'warn', facts: { neighbor: '10.0.0.2', reason: 'first-as' } }]);
  t.is(refusals().length, before + 1);
  await speaker.reconfigure(allow);
  t.is(speaker.neighbor('10.0.0.2')!.messagesOut.routeRefresh, asked + 2, 'what had been taken, too');
  t.is(speaker.neighbor('10.0.0.2')!.flaps, 0);
});
