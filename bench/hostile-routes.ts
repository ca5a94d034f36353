/** What a hostile neighbor announces: UPDATEs in order, made while they are sent; pure, so that every run is the same. */
import {
  ESI_ZERO,
  type Esi,
  type Ipv4,
  type Mac,
  RouteDistinguisher,
  routeTargetOfAs2,
} from '../src/types/index.js';
import {
  AttributeCode,
  AttributeFlag,
  type EvpnNlri,
  ExtendedCommunity,
  type MacIpAdvertisement,
  type OriginatedAttributes,
  RouteType,
  UpdateEncoder,
} from '../src/wire/index.js';
import { withAttribute, withValue } from './updates.js';
import { attributesAt, SPINE_ASN, vniAt, vtepAt } from './workload.js';

/** The VNI that is attacked, by index, and the VTEP that the attacker claims to be. */
const VNI = 0;
export const HOSTILE_VTEP = 9;
const FOREIGN_VNI = 99;
const FIRST_MAC = 0x02_00_40_00_00_00;
const FIRST_IP = 0x0c_01_00_00;
const ESI = '00112233445566778899' as Esi;

const macAt = (i: number): Mac => (FIRST_MAC + i) as Mac;
const ipAt = (i: number): Ipv4 => (FIRST_IP + i) as Ipv4;
const rd = RouteDistinguisher.ofRouterId(vtepAt(HOSTILE_VTEP), 1);
const rdAt = (i: number): RouteDistinguisher =>
  RouteDistinguisher.ofRouterId(vtepAt(0x100 + (i >>> 16)), i & 0xffff);

const encoderOf = (maxMessageLength: 4096 | 65_535) =>
  new UpdateEncoder({ fourOctetAs: true, internal: false, localAsn: SPINE_ASN, maxMessageLength });
const encoder = encoderOf(4096);
/** Of messages as long as RFC 8654 lets them be. */
const longEncoder = encoderOf(65_535);

function macRoute(more: Partial<MacIpAdvertisement>): MacIpAdvertisement {
  return {
    type: RouteType.MAC_IP_ADVERTISEMENT,
    rd,
    esi: ESI_ZERO,
    ethernetTag: 0,
    mac: macAt(0),
    ip: undefined,
    label1: vniAt(VNI),
    label2: undefined,
    ...more,
  };
}

const IMPORTED = attributesAt(VNI, HOSTILE_VTEP, 0);
const FLOODING = attributesAt(VNI, HOSTILE_VTEP, 0, true);
/** Of a VNI that the leaf does not have. */
const FOREIGN: OriginatedAttributes = {
  ...IMPORTED,
  extendedCommunities: [ExtendedCommunity.encapsulation(), routeTargetOfAs2(SPINE_ASN, FOREIGN_VNI)],
};

/** Routes made at a time, so that neither memory nor the loop is held. */
const AT_A_TIME = 2_000;

/** UPDATEs, and between them milliseconds of a pause, in which what was announced is put to use. */
type Pieces = Generator<Buffer | number>;

const BEFORE_WITHDRAWAL = 3_000;

function* inPieces(count: number, make: (from: number, to: number) => Buffer[]): Pieces {
  for (let from = 0; from < count; from += AT_A_TIME)
    yield Buffer.concat(make(from, Math.min(count, from + AT_A_TIME)));
}

function listOf(from: number, to: number, routeAt: (i: number) => EvpnNlri): EvpnNlri[] {
  return Array.from({ length: to - from }, (_, n) => routeAt(from + n));
}

function announced(
  count: number,
  routeAt: (i: number) => EvpnNlri,
  attributes = IMPORTED,
  by = encoder,
): Pieces {
  return inPieces(count, (from, to) => by.announce(attributes, listOf(from, to, routeAt)));
}

function withdrawn(count: number, routeAt: (i: number) => EvpnNlri, by = encoder): Pieces {
  return inPieces(count, (from, to) => by.withdraw(listOf(from, to, routeAt)));
}

/** Routes that meet in one bucket of a table come, and go. */
function bucket(routeAt: (i: number) => EvpnNlri, attributes = IMPORTED): (count: number) => Pieces {
  return function* (count) {
    yield* announced(count, routeAt, attributes);
    yield BEFORE_WITHDRAWAL;
    yield* withdrawn(count, routeAt);
  };
}

/** Octets of communities that each route has for itself; an extended message holds them and the route. */
const LARGE = 59_600;

function* large(count: number): Pieces {
  const value = Buffer.alloc(LARGE, 1);
  for (let i = 0; i < count; i++) {
    value.writeUInt32BE(i, 0);
    const [message] = encoder.announce(FOREIGN, [macRoute({ mac: macAt(i) })]);
    const flags = AttributeFlag.OPTIONAL | AttributeFlag.TRANSITIVE;
    yield withAttribute(message, flags, AttributeCode.COMMUNITIES, value);
  }
}

const SEQUENCED_AT_A_TIME = 50_000;

/** MACs with a sequence number, new ones in each round, that are withdrawn before the next. */
function* sequenced(count: number): Pieces {
  const attributes = attributesAt(VNI, HOSTILE_VTEP, 1);
  for (let first = 0; first < count; first += SEQUENCED_AT_A_TIME) {
    const round = Math.min(SEQUENCED_AT_A_TIME, count - first);
    const routeAt = (i: number) => macRoute({ mac: macAt(first + i) });
    yield* announced(round, routeAt, attributes);
    yield BEFORE_WITHDRAWAL;
    yield* withdrawn(round, routeAt);
  }
}

const LONG_AT_A_TIME = 50_000;

/** Routes in messages of 65,535 octets, the same ones in each round. */
function* extended(count: number): Pieces {
  const routeAt = (i: number) => macRoute({ mac: macAt(i), ip: ipAt(i) });
  for (let first = 0; first < count; first += LONG_AT_A_TIME) {
    const round = Math.min(LONG_AT_A_TIME, count - first);
    yield* announced(round, routeAt, IMPORTED, longEncoder);
    yield BEFORE_WITHDRAWAL;
    yield* withdrawn(round, routeAt, longEncoder);
  }
}

const { OPTIONAL, TRANSITIVE } = AttributeFlag;
/** Attributes for which RFC 7606 §7 has the routes of an UPDATE withdrawn. */
const FAULTS: readonly (readonly [flags: number, code: number, value: readonly number[]])[] = [
  [TRANSITIVE, AttributeCode.ORIGIN, [9]],
  [TRANSITIVE, AttributeCode.AS_PATH, [2, 9, 0, 0]],
  [OPTIONAL | TRANSITIVE, AttributeCode.COMMUNITIES, [1, 2]],
  [OPTIONAL, AttributeCode.EXTENDED_COMMUNITIES, [0, 2, 0, 1, 0, 0, 0, 1]],
];

/** UPDATEs of one route each, with one fault or another. */
function malformed(count: number): Pieces {
  return inPieces(count, (from, to) =>
    listOf(from, to, (i) => macRoute({ mac: macAt(i) })).map((route, n) => {
      const [flags, code, value] = FAULTS[n % FAULTS.length];
      return withValue(encoder.announce(IMPORTED, [route])[0], flags, code, Uint8Array.from(value));
    }),
  );
}

const MOVING_IPS = 200;

/** IPs that go to and fro between two MACs each, withdrawn before each move; `count` rounds. */
function* ipMoves(count: number): Pieces {
  const at = (place: number) => (i: number) => macRoute({ mac: macAt(1_000 * place + i), ip: ipAt(i) });
  for (let round = 0; round < count; round++) {
    yield* withdrawn(MOVING_IPS, at((round + 1) % 2));
    yield* announced(MOVING_IPS, at(round % 2));
  }
}

/** What a hostile neighbor may send. */
export interface Onslaught {
  /** The UPDATEs for so many items, in pieces. */
  readonly pieces: (count: number) => Iterable<Buffer | number>;
  /** Items at full size. */
  readonly count: number;
  /** Milliseconds between two pieces; none where it is absent. */
  readonly gap?: number;
}

export const ONSLAUGHTS = {
  mac1: { pieces: bucket((i) => macRoute({ ip: ipAt(i) })), count: 30_000 },
  ip1: { pieces: bucket((i) => macRoute({ mac: macAt(i), ip: ipAt(0) })), count: 30_000 },
  mac1rd: { pieces: bucket((i) => macRoute({ rd: rdAt(i) })), count: 30_000 },
  t1tag: {
    pieces: bucket((i) => ({
      type: RouteType.ETHERNET_AUTO_DISCOVERY,
      rd,
      esi: ESI,
      ethernetTag: i,
      label: vniAt(VNI),
    })),
    count: 30_000,
  },
  t3tag: {
    pieces: bucket(
      (i) => ({
        type: RouteType.INCLUSIVE_MULTICAST,
        rd,
        ethernetTag: i,
        originator: vtepAt(HOSTILE_VTEP),
      }),
      FLOODING,
    ),
    count: 30_000,
  },
  large: { pieces: large, count: 10_000 },
  foreign: {
    pieces: (count: number) =>
      announced(count, (i) => macRoute({ mac: macAt(i), ip: ipAt(i), label1: FOREIGN_VNI }), FOREIGN),
    count: 1_000_000,
  },
  sequenced: { pieces: sequenced, count: 200_000 },
  extended: { pieces: extended, count: 200_000 },
  malformed: { pieces: malformed, count: 200_000 },
  ipMoves: { pieces: ipMoves, count: 700, gap: 10 },
  /** No attack: a table of an ordinary size, for what is to be measured while one arrives. */
  table: {
    pieces: (count: number) => announced(count, (i) => macRoute({ mac: macAt(i), ip: ipAt(i) })),
    count: 100_000,
  },
} satisfies Record<string, Onslaught>;

export type OnslaughtName = keyof typeof ONSLAUGHTS;
