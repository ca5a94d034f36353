import test from 'ava';
import { tableUpdates, withAttribute } from '../../bench/updates.js';
import { type Routes, routeCount, SPINE_ASN, type UpdateShape } from '../../bench/workload.js';
import {
  AttributeCode,
  type AttributeValues,
  type DecodedUpdate,
  decodeUpdateFully,
  ExtendedCommunity,
  HEADER_LENGTH,
  type PathAttribute,
  RouteType,
  UpdateEncoder,
} from '../../src/wire/index.js';

const SESSION = { fourOctetAs: true, internal: false, localAsn: SPINE_ASN, maxMessageLength: 4096 } as const;
const encoder = new UpdateEncoder(SESSION);
const table = (more: Partial<Routes>): Routes => ({
  count: 2_000,
  vnis: 4,
  withIp: false,
  spread: { vteps: 8, perVni: 8 },
  ...more,
});
const messages = (more: Partial<Routes>, packed = true): Buffer[] =>
  tableUpdates(encoder, table(more), packed, 'announce');

function decoded(message: Buffer): DecodedUpdate {
  const update = decodeUpdateFully(message.subarray(HEADER_LENGTH), SESSION);
  if (update.faults.length > 0 || message.readUInt16BE(16) !== message.length)
    throw new Error(`not a sound UPDATE: ${JSON.stringify(update.faults)}`);
  return update;
}

const codesOf = ({ attributes }: DecodedUpdate) => attributes.map(({ code }) => code);

/** The value of an attribute that must be there. */
function read<C extends keyof AttributeValues>({ attributes }: DecodedUpdate, code: C): AttributeValues[C] {
  const isIt = (each: PathAttribute): each is PathAttribute & { readonly value: AttributeValues[C] } =>
    each.code === code;
  const found = attributes.find(isIt);
  if (!found) throw new Error(`no attribute ${code}`);
  return found.value;
}

const macsOf = (update: DecodedUpdate): number[] =>
  read(update, AttributeCode.MP_REACH_NLRI).routes.map((route) => {
    if (route.type !== RouteType.MAC_IP_ADVERTISEMENT) throw new Error(`a route of type ${route.type}`);
    return route.mac;
  });

test('each shape tells every route once, in sound messages of 4,096 octets at most', (t) => {
  const shapes: (UpdateShape | undefined)[] = [
    undefined,
    { mpReachLast: true },
    { asPath: 6 },
    { mobility: 1 },
    { mpReachLast: true, asPath: 6, mobility: 1 },
  ];
  for (const shape of shapes)
    for (const withIp of [false, true]) {
      const all = messages({ shape, withIp });
      t.true(all.every(({ length }) => length <= 4_096));
      const macs = all.flatMap((message) => macsOf(decoded(message)));
      t.is(macs.length, 2_000);
      t.is(new Set(macs).size, 2_000);
    }
});

test('one NLRI an UPDATE is one, of either kind', (t) => {
  const routes = { withIp: true, bothKinds: true };
  const all = messages(routes, false);
  t.is(all.length, routeCount(table(routes)));
  t.true(all.every((message) => macsOf(decoded(message)).length === 1));
});

test('MP_REACH comes first, and last where it is to', (t) => {
  const first = (shape?: UpdateShape) => codesOf(decoded(messages({ shape })[0]));
  t.is(first()[0], AttributeCode.MP_REACH_NLRI);
  t.is(first({ mpReachLast: true }).at(-1), AttributeCode.MP_REACH_NLRI);
  t.deepEqual(first({ mpReachLast: true }).toSorted(), first().toSorted());
});

test('AS paths begin with the spine and have every length up to the longest', (t) => {
  const paths = messages({ shape: { asPath: 6 } }).flatMap((message) =>
    read(decoded(message), AttributeCode.AS_PATH).map(({ asns }) => asns),
  );
  t.true(paths.every(([asn]) => asn === SPINE_ASN));
  t.deepEqual([...new Set(paths.map(({ length }) => length))].sort(), [1, 2, 3, 4, 5, 6]);
});

test('mobility is in every UPDATE or in none', (t) => {
  const mobile = ExtendedCommunity.macMobility(1, false);
  const withMobility = (shape?: UpdateShape) =>
    messages({ shape }).filter((message) =>
      read(decoded(message), AttributeCode.EXTENDED_COMMUNITIES).includes(mobile),
    ).length;
  t.is(withMobility(), 0);
  t.is(withMobility({ mobility: 1 }), messages({ shape: { mobility: 1 } }).length);
});

test('an attribute more stands behind the others, and may be longer than an ordinary message', (t) => {
  const [message] = messages({}, false);
  const longer = withAttribute(message, 0xc0, AttributeCode.COMMUNITIES, Buffer.alloc(60_000, 1));
  const update = decoded(longer);
  t.deepEqual(codesOf(update), [...codesOf(decoded(message)), AttributeCode.COMMUNITIES]);
  t.deepEqual(macsOf(update), macsOf(decoded(message)));
});
