/** The table of prefixes that two spines announce alike: numbered, so that every process makes the same one. */
import { type Ip, type Ipv4, parseIp } from '../src/types/index.js';
import {
  AttributeCode,
  AttributeFlag,
  IPV4_UNICAST,
  type OriginatedAttributes,
  type Prefix,
  UpdateEncoder,
} from '../src/wire/index.js';
import { SPINE_ASN } from './workload.js';

/** The leaf's and the spine's address of the link to the second spine; the first has that of the fabric. */
export const SECOND_LINK = { leaf: '10.67.0.1', spine: '10.67.0.0' };

const { COMMUNITIES } = AttributeCode;
const OPTIONAL_TRANSITIVE = AttributeFlag.OPTIONAL | AttributeFlag.TRANSITIVE;

const FIRST = parseIp('20.0.0.0') as Ipv4;
/** Addresses between the starts of two prefixes. */
const APART_BITS = 8;
/** A prefix is as long as its number's trailing zeros let it be, and no shorter than this: half of them are /24, a quarter /23. */
const SHORTEST = 16;
/** AS numbers that are behind the spines. */
const FARTHER = { first: 100_000, count: 4_000, longest: 5 };
/** Routes of one set of attributes: in turn 1 to so many. */
const MOST_OF_A_SET = 24;

export const prefixAt = (i: number): Prefix => ({
  type: 0,
  prefix: (FIRST + (i << APART_BITS)) as Ip,
  prefixLength: lengthAt(i),
});

function lengthAt(i: number): number {
  const zeros = i === 0 ? 24 : 31 - Math.clz32(i & -i);
  return Math.max(SHORTEST, 24 - zeros);
}

/** The number of the prefix; -1 for one of somebody else's. */
export function indexOfPrefix(address: number, length: number): number {
  const i = (address - FIRST) / 2 ** APART_BITS;
  return Number.isInteger(i) && i >= 0 && lengthAt(i) === length ? i : -1;
}

/** A generator of numbers below 2^32 that every process has alike. */
function numbers(): () => number {
  let seed = 1;
  return () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed >>> 8;
  };
}

/** Sets of attributes as a table of the Internet has them, and how many prefixes in a row have each. */
function* sets(count: number, nextHop: Ip): Generator<{ attributes: OriginatedAttributes; routes: number }> {
  const next = numbers();
  for (let first = 0; first < count; ) {
    const routes = Math.min(count - first, 1 + (next() % MOST_OF_A_SET));
    const prepend = Array.from(
      { length: next() % FARTHER.longest },
      () => FARTHER.first + (next() % FARTHER.count),
    );
    const communities = Array.from({ length: next() % 3 }, () => 0x1000_0000 + next());
    yield {
      attributes: {
        nextHop,
        extendedCommunities: [],
        pmsiTunnel: undefined,
        prepend,
        others:
          communities.length === 0
            ? []
            : [{ code: COMMUNITIES, flags: OPTIONAL_TRANSITIVE, value: communities }],
      },
      routes,
    };
    first += routes;
  }
}

/** The encoder of a spine's session. */
export const unicastEncoder = (): UpdateEncoder<Prefix> =>
  new UpdateEncoder(
    { fourOctetAs: true, internal: false, localAsn: SPINE_ASN, maxMessageLength: 4096 },
    IPV4_UNICAST,
  );

/** The UPDATEs by which a spine announces the first `count` prefixes, or withdraws them. */
export function unicastUpdates(count: number, nextHop: string, verb: 'announce' | 'withdraw'): Buffer[] {
  const encoder = unicastEncoder();
  if (verb === 'withdraw') return encoder.withdraw(Array.from({ length: count }, (_, i) => prefixAt(i)));
  const messages: Buffer[] = [];
  let first = 0;
  for (const { attributes, routes } of sets(count, parseIp(nextHop))) {
    messages.push(
      ...encoder.announce(
        attributes,
        Array.from({ length: routes }, (_, n) => prefixAt(first + n)),
      ),
    );
    first += routes;
  }
  return messages;
}
