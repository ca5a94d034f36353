import { parseIp, routeTargetOfAs2 } from '../src/types/index.js';
import {
  ExtendedCommunity,
  HEADER_LENGTH,
  type Update,
  type UpdateContext,
  UpdateDecoder,
  UpdateEncoder,
} from '../src/wire/index.js';
import { macRouteAt, type Routes, SPINE_ASN } from './workload.js';

const CONTEXT: UpdateContext = { fourOctetAs: true, internal: false };
/** Lengths of withdrawn routes and of path attributes. */
const ATTRIBUTES_AT = 4;
const MP_REACH = 14;

/** Where MP_REACH stands among the attributes. */
export type ReachPlace = 'first' | 'last';

/** Bodies of UPDATEs of one route each, of so many attribute sets in turn. */
export function bodiesOf(count: number, sets: number, reach: ReachPlace): readonly Buffer[] {
  const routes: Routes = { count, vnis: 100, withIp: false };
  const encoder = new UpdateEncoder({ ...CONTEXT, localAsn: SPINE_ASN, maxMessageLength: 4096 });
  const attributes = Array.from({ length: sets }, (_, i) => ({
    nextHop: parseIp(`10.200.${(i >> 8) & 0xff}.${i & 0xff}`),
    extendedCommunities: [
      ExtendedCommunity.encapsulation(),
      ExtendedCommunity.routeTarget(routeTargetOfAs2(65000, i)),
    ],
    pmsiTunnel: undefined,
  }));
  return Array.from({ length: count }, (_, i) => {
    const [message] = encoder.announce(attributes[i % sets], [macRouteAt(routes, i, 0)]);
    const body = Buffer.from(message.subarray(HEADER_LENGTH));
    return reach === 'first' ? body : withReachLast(body);
  });
}

function withReachLast(body: Buffer): Buffer {
  const reach: Buffer[] = [];
  const others: Buffer[] = [];
  for (let at = ATTRIBUTES_AT; at < body.length; ) {
    const extended = (body[at] & 0x10) !== 0;
    const end = at + (extended ? 4 + body.readUInt16BE(at + 2) : 3 + body[at + 2]);
    (body[at + 1] === MP_REACH ? reach : others).push(body.subarray(at, end));
    at = end;
  }
  return Buffer.concat([body.subarray(0, ATTRIBUTES_AT), ...others, ...reach]);
}

/** A decoder that has read all of them before, and whose sets are all held, as those of standing routes are. */
export function decoderThatKnows(bodies: readonly Buffer[]): UpdateDecoder {
  const decoder = new UpdateDecoder();
  for (const body of bodies) hold(decoder.decode(body, CONTEXT));
  return decoder;
}

function hold({ attributes }: Update): void {
  if (attributes !== undefined) attributes.holding = attributes;
}
