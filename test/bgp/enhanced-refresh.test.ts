import test from 'ava';
import { decodeRouteRefresh, encodeRouteRefresh, MessageType } from '../../src/wire/index.js';
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

const A = originated('10.0.0.2');
const encoder = encoderOf();
const announce = (...macs: number[]) =>
  encoder.announce(
    A,
    macs.map((mac) => macRoute(mac)),
  );
const refresh = (subtype: number) => encodeRouteRefresh({ afi: 25, safi: 70, subtype });
const [REQUEST, BORR, EORR] = [0, 1, 2].map(refresh);
const ENHANCED = [...EVPN_CAPABILITIES(65002), { code: 70 } as const];
const RESTARTS = {
  code: 64,
  restartState: false,
  notification: false,
  restartTime: 60,
  families: [{ afi: 25, safi: 70, forwardingPreserved: true }],
} as const;

async function session(capabilities = ENHANCED, config = {}) {
  const fabric = new Fabric();
  const speaker = fabric.speaker('10.0.0.1', {
    asn: 65001,
    neighbors: [
      neighborConfig('10.0.0.2', 65002, { passive: true, holdTime: 0, enhancedRefresh: true, ...config }),
    ],
  });
  await speaker.start();
  const peer = fabric.peer('10.0.0.2').connect('10.0.0.1');
  peer.establish(openOf(65002, '10.0.0.2', { capabilities }));
  const macs = () =>
    [...speaker.rib.destinations()].map(({ nlri }) => (nlri.type === 2 ? nlri.mac : -1)).sort();
  const settle = async () => {
    await Promise.resolve();
    fabric.clock.advance(100);
  };
  return { fabric, speaker, peer, macs, settle };
}

/** What the speaker has sent since the OPEN but KEEPALIVEs: subtypes of ROUTE-REFRESH, and `update` for each UPDATE. */
const sent = (peer: RawPeer) =>
  peer.received.flatMap(({ type, body }) => {
    if (type === MessageType.UPDATE) return body.length > 10 ? 'update' : 'end-of-rib';
    return type === MessageType.ROUTE_REFRESH ? `refresh ${decodeRouteRefresh(body).subtype}` : [];
  });

test('what a neighbor does not tell between BoRR and EoRR goes, and what it tells stays', async (t) => {
  const { peer, macs, settle, speaker, fabric } = await session();
  peer.send(...announce(1, 2, 3), encoder.endOfRib());
  peer.send(BORR);
  await settle();
  t.deepEqual(macs(), [1, 2, 3], 'nothing goes before EoRR');
  peer.send(...announce(1, 4), EORR);
  await settle();
  t.deepEqual(macs(), [1, 4]);
  t.is(speaker.neighbor('10.0.0.2')?.state, 'Established');
  peer.send(BORR, ...announce(1), BORR, ...announce(4), EORR, EORR);
  await settle();
  t.deepEqual(macs(), [4], 'begun anew, all has to be told again, and a second EoRR ends nothing');
  t.deepEqual(fabric.errors, []);
});

const WITHOUT = /needs enhanced route refresh/;
for (const [what, capabilities, messages, reasons, config = {}] of [
  [
    'before the first End-of-RIB',
    [...ENHANCED, RESTARTS],
    [...announce(1), BORR, EORR, encoder.endOfRib()],
    [/^BoRR before the End-of-RIB$/, /^EoRR without BoRR$/],
  ],
  ['EoRR alone', ENHANCED, [...announce(1), encoder.endOfRib(), EORR], [/^EoRR without BoRR$/]],
  [
    'without the capability',
    EVPN_CAPABILITIES(65002),
    [...announce(1), encoder.endOfRib(), BORR, EORR],
    [WITHOUT, WITHOUT],
  ],
  [
    'of a family that is not spoken, and of an unknown subtype',
    ENHANCED,
    [
      ...announce(1),
      encoder.endOfRib(),
      encodeRouteRefresh({ afi: 1, safi: 1, subtype: 1 }),
      encodeRouteRefresh({ afi: 1, safi: 1, subtype: 2 }),
      refresh(3),
      refresh(255),
    ],
    [/AFI 1, SAFI 1/, /AFI 1, SAFI 1/, /subtype 3 is unknown/, /subtype 255 is unknown/],
  ],
  [
    'where we do not offer it',
    ENHANCED,
    [...announce(1), encoder.endOfRib(), BORR, EORR],
    [WITHOUT, WITHOUT],
    { enhancedRefresh: false },
  ],
] as const)
  test(`markers that mean nothing, and are logged: ${what}`, async (t) => {
    const { fabric, peer, macs, settle, speaker } = await session([...capabilities], config);
    for (const message of messages) {
      peer.send(message);
      fabric.clock.advance(60_000);
    }
    await settle();
    t.deepEqual(macs(), [1]);
    t.is(speaker.neighbor('10.0.0.2')?.state, 'Established');
    const ignored = fabric.log.lines.flatMap(({ message, facts }) =>
      message.startsWith('ROUTE-REFRESH ignored') ? [(facts as { reason: string }).reason] : [],
    );
    t.is(ignored.length, reasons.length);
    for (const [i, reason] of reasons.entries()) t.regex(ignored[i], reason);
  });

test('of markers that mean nothing one a minute is logged, however many come', async (t) => {
  const { fabric, peer } = await session();
  const ignored = () => fabric.log.lines.filter(({ message }) => message.startsWith('ROUTE-REFRESH ignored'));
  const thousand = Array.from({ length: 1000 }, () => EORR);
  peer.send(...thousand);
  t.is(ignored().length, 1);
  fabric.clock.advance(59_000);
  peer.send(...thousand);
  t.is(ignored().length, 1);
  fabric.clock.advance(1000);
  peer.send(...thousand);
  t.is(ignored().length, 2);
});

test('a neighbor without graceful restart, which sends no End-of-RIB, may begin at any time', async (t) => {
  const { peer, macs, settle } = await session();
  peer.send(...announce(1, 2), BORR, ...announce(2), EORR);
  await settle();
  t.deepEqual(macs(), [2]);
});

test('a session that is lost within a refresh leaves all its routes to graceful restart', async (t) => {
  const { peer, macs, settle, fabric } = await session([...ENHANCED, RESTARTS]);
  peer.send(...announce(1, 2), encoder.endOfRib(), BORR, ...announce(1));
  fabric.network.cut('10.0.0.2');
  await settle();
  t.deepEqual(macs(), [1, 2]);
  const back = fabric.peer('10.0.0.2').connect('10.0.0.1');
  back.establish(openOf(65002, '10.0.0.2', { capabilities: [...ENHANCED, RESTARTS] }));
  back.send(...announce(2), encoder.endOfRib());
  await settle();
  t.deepEqual(macs(), [2]);
});

test('a refresh that ends with its session does not hide that of the next one', async (t) => {
  const { fabric, peer, macs, settle } = await session();
  peer.send(...announce(1, 2), encoder.endOfRib(), BORR);
  fabric.network.cut('10.0.0.2');
  await settle();
  t.deepEqual(macs(), []);
  const next = fabric.peer('10.0.0.2').connect('10.0.0.1');
  next.establish(openOf(65002, '10.0.0.2', { capabilities: ENHANCED }));
  next.send(...announce(1, 2), encoder.endOfRib(), BORR, ...announce(2), EORR);
  await settle();
  t.deepEqual(macs(), [2]);
});

test('routes that a refresh has not told again count for the limit', async (t) => {
  const { peer, speaker } = await session(ENHANCED, { maxRoutes: 3 });
  peer.send(...announce(1, 2), encoder.endOfRib(), BORR, ...announce(3));
  t.is(speaker.neighbor('10.0.0.2')?.state, 'Established');
  peer.send(...announce(4));
  t.is(peer.lastNotification?.slice(0, 3), '6/1');
});

test('our routes are sent between BoRR and EoRR to who asks for them and knows both', async (t) => {
  for (const [capabilities, expected] of [
    [ENHANCED, ['end-of-rib', 'update', 'refresh 1', 'update', 'refresh 2']],
    [EVPN_CAPABILITIES(65002), ['end-of-rib', 'update', 'update']],
  ] as const) {
    const { peer, speaker, fabric } = await session([...capabilities]);
    speaker.localRib.originate(macRoute(9), A);
    fabric.clock.advance(10);
    peer.send(REQUEST);
    fabric.clock.advance(10);
    t.deepEqual(sent(peer), [...expected]);
  }
});

test('a refresh out by an operator is marked, too', async (t) => {
  const { peer, speaker, fabric } = await session();
  fabric.clock.advance(10);
  peer.send(encoder.endOfRib());
  t.is(speaker.refreshNeighbor('10.0.0.2', 'out'), 'done');
  fabric.clock.advance(10);
  t.deepEqual(sent(peer), ['end-of-rib', 'refresh 1', 'refresh 2']);
});
