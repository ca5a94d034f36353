import test from 'ava';
import { rearranged } from '../../src/rehearsal/staged-transport.js';
import { encodeKeepalive, HEADER_LENGTH, UpdateDecoder, UpdateEncoder } from '../../src/wire/index.js';
import { macRoute, originated } from '../bgp/fabric.js';

const session = { fourOctetAs: true, internal: false, localAsn: 65001, maxMessageLength: 4096 } as const;
const decode = (message: Buffer) => new UpdateDecoder().decode(message.subarray(HEADER_LENGTH), session);

test('an UPDATE says the same with its attributes in the other order, in as many octets', (t) => {
  const encoder = new UpdateEncoder(session);
  for (const message of encoder.announce(originated('10.0.0.1'), [macRoute(1), macRoute(2)])) {
    const other = rearranged(message);
    t.is(other.length, message.length);
    t.notDeepEqual(other, message);
    t.deepEqual(decode(other), decode(message));
    t.is(decode(other).reachable.length, 2);
    // What does not begin with MP_REACH_NLRI stays as it is
    t.is(rearranged(other), other);
  }
});

test('withdrawals and other messages stay as they are', (t) => {
  const [withdrawal] = new UpdateEncoder(session).withdraw([macRoute(1)]);
  t.is(rearranged(withdrawal), withdrawal);
  const keepalive = encodeKeepalive();
  t.is(rearranged(keepalive), keepalive);
});
