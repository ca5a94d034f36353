import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import { CollectorSession } from '../../lab/recording/session.js';
import {
  asPath,
  attribute,
  communities,
  macNlri,
  message,
  mpReach,
  origin,
  update,
} from './support/raw-update.js';
import { hasRows, lacksRows, leafRows, rowsAre } from './support/rows.js';

/*
 * Neighbors that are wrong: one with another AS than either side thinks, and one that sends UPDATEs no encoder would
 * make. The session with the good spine, and its routes, must not notice. leaf1 has three spines: the first two run
 * FRR, in the place of the third is a speaker of our own.
 */
let fabric: Fabric;
let speaker: CollectorSession;
const good = '10.1.1.0';
const misconfigured = '10.2.1.0';
const faulty = '10.3.1.0';

interface Session {
  address: string;
  established: boolean;
  flaps: number;
  lastError: { direction: string; code: number; subcode: number; text: string } | null;
  faults: { attributesDiscarded: number; treatedAsWithdraw: number; unknownRouteTypes: number };
}
const session = async (address: string) =>
  (await fabric.restApi<Session>('leaf1', `/api/v1/neighbors/${address}`)).body;
const established = (address: string) =>
  waitFor(async () => (await session(address)).established, { what: `session with ${address}` });

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }],
    spines: [{ engine: 'frr' }, { engine: 'frr' }, { engine: 'none' }],
  });
  await waitUntilConverged(fabric);
  speaker = new CollectorSession(
    fabric.namespace('spine3'),
    { address: faulty, port: 179, asn: 65000, routerId: '10.0.0.103', fourOctetAs: true },
    false,
  );
  await established(faulty);
});
test.after.always(async () => {
  speaker?.stop();
  await fabric?.remove();
});
test.afterEach(async (t) => {
  const { established, flaps } = await session(good);
  t.true(established);
  t.is(flaps, 0, 'the good session never flapped');
  await hasRows(fabric, 'leaf1', leafRows(fabric, 'leaf1', 'leaf2'));
});

const [first, second] = ['02:ee:00:00:00:01', '02:ee:00:00:00:02'];
const rows = (mac: string) => [
  `fdb vx10 ${mac} master br10 extern_learn`,
  `fdb vx10 ${mac} self dst 10.0.0.9 extern_learn self`,
];
const announce = () => {
  speaker.send(update(mpReach(macNlri(first)), origin, asPath, communities));
  speaker.send(update(mpReach(macNlri(second)), origin, asPath, communities));
};

test.serial('an OPEN with another AS than we expect is refused, and both sides say why', async (t) => {
  const before = await session(misconfigured);
  await fabric.vtysh(
    'spine2',
    'configure terminal',
    'router bgp 65000',
    'bgp log-neighbor-changes',
    'neighbor 10.2.1.1 local-as 64666',
  );
  await waitFor(async () => (await session(misconfigured)).lastError?.subcode === 2, { what: 'Bad Peer AS' });
  const { lastError, established: up, flaps } = await session(misconfigured);
  t.like(lastError, { direction: 'sent', code: 2, subcode: 2 });
  t.regex(lastError?.text ?? '', /Bad Peer AS/i);
  t.false(up);
  t.true(flaps <= before.flaps + 1);
  await waitFor(
    () => /received from neighbor 10\.2\.1\.1 2\/2 .*Bad Peer AS/.test(fabric.frr('spine2').said()),
    { what: "our NOTIFICATION in FRR's own log" },
  );
  await fabric.vtysh('spine2', 'configure terminal', 'router bgp 65000', 'no neighbor 10.2.1.1 local-as');
  await established(misconfigured);
});

test.serial('an AS of ours that FRR does not expect is refused by it, and we say what it said', async (t) => {
  await fabric.vtysh('spine2', 'configure terminal', 'router bgp 65000', 'neighbor 10.2.1.1 remote-as 64999');
  await waitFor(async () => (await session(misconfigured)).lastError?.direction === 'received', {
    what: 'NOTIFICATION of FRR',
  });
  await waitFor(async () => (await session(misconfigured)).lastError?.subcode === 2, { what: 'Bad Peer AS' });
  t.like((await session(misconfigured)).lastError, { direction: 'received', code: 2, subcode: 2 });
  await fabric.vtysh(
    'spine2',
    'configure terminal',
    'router bgp 65000',
    'neighbor 10.2.1.1 remote-as external',
  );
  await established(misconfigured);
});

test.serial(
  'a malformed attribute takes back the routes of its UPDATE and no other (RFC 7606)',
  async (t) => {
    announce();
    await hasRows(fabric, 'leaf1', [...rows(first), ...rows(second)]);
    const wrong: Record<string, Buffer[]> = {
      'ORIGIN of two octets': [attribute(0x40, 1, Buffer.from([0, 0])), asPath, communities],
      'ORIGIN of no known value': [attribute(0x40, 1, Buffer.from([9])), asPath, communities],
      'no AS_PATH': [origin, communities],
      'AS_PATH whose segment is longer than it': [
        origin,
        attribute(0x40, 2, Buffer.from([2, 9, 0, 0, 0xfd, 0xe8])),
        communities,
      ],
      'communities of nine octets': [origin, asPath, attribute(0xc0, 16, Buffer.alloc(9))],
    };
    for (const [what, attributes] of Object.entries(wrong)) {
      const { treatedAsWithdraw } = (await session(faulty)).faults;
      speaker.send(update(mpReach(macNlri(first)), ...attributes));
      await lacksRows(fabric, 'leaf1', rows(first));
      await hasRows(fabric, 'leaf1', rows(second));
      const now = await session(faulty);
      t.true(now.established, what);
      t.is(now.flaps, 0, what);
      t.is(now.faults.treatedAsWithdraw, treatedAsWithdraw + 1, what);
      speaker.send(update(mpReach(macNlri(first)), origin, asPath, communities));
      await hasRows(fabric, 'leaf1', rows(first));
    }
  },
);

test.serial(
  'a malformed attribute that decides nothing is left out, and a route of no known type passed over',
  async (t) => {
    const third = '02:ee:00:00:00:03';
    const { attributesDiscarded, unknownRouteTypes } = (await session(faulty)).faults;
    const aggregator = attribute(0xc0, 7, Buffer.from([1, 2, 3]));
    const unknownAttribute = attribute(0xc0, 99, Buffer.from('anything'));
    const unknownRoute = Buffer.from([77, 3, 1, 2, 3]);
    speaker.send(
      update(
        mpReach(unknownRoute, macNlri(third)),
        origin,
        asPath,
        aggregator,
        communities,
        unknownAttribute,
      ),
    );
    await hasRows(fabric, 'leaf1', [...rows(first), ...rows(second), ...rows(third)]);
    const { faults, flaps } = await session(faulty);
    t.is(faults.attributesDiscarded, attributesDiscarded + 1);
    t.is(faults.unknownRouteTypes, unknownRouteTypes + 1);
    t.is(flaps, 0);
  },
);

test.serial(
  'what cannot be read any further ends the session with the right NOTIFICATION, and only that one',
  async (t) => {
    const truncated = mpReach(macNlri(first)).subarray(0, -4);
    const tooLong = update(origin, asPath);
    tooLong.writeUInt16BE(500, 21);
    const badMarker = message(4, Buffer.alloc(0));
    badMarker[3] = 0;
    const tooShort = message(4, Buffer.alloc(0));
    tooShort.writeUInt16BE(18, 16);
    const ends: [string, Buffer, number, number][] = [
      ['attributes longer than the message', tooLong, 3, 1],
      ['routes cut short', update(origin, truncated), 3, 5],
      ['a marker of other than ones', badMarker, 1, 1],
      ['a length of 18', tooShort, 1, 2],
    ];
    for (const [what, bytes, code, subcode] of ends) {
      await established(faulty);
      announce();
      await hasRows(fabric, 'leaf1', [...rows(first), ...rows(second)]);
      const from = speaker.messages.length;
      speaker.send(bytes);
      const told = await speaker.wait(`NOTIFICATION for ${what}`, ({ type }) => type === 3, from);
      const [gotCode, gotSubcode] = Buffer.from(told.hex, 'hex').subarray(19);
      t.deepEqual([gotCode, gotSubcode], [code, subcode], what);
      t.like((await session(faulty)).lastError, { direction: 'sent', code, subcode }, what);
      await rowsAre(fabric, 'leaf1', leafRows(fabric, 'leaf1', 'leaf2'));
    }
    await established(faulty);
  },
);
