import test from 'ava';
import { describeMessage } from '../../lab/recording/describe.js';
import {
  decodeNotification,
  decodeOpen,
  decodeRouteRefresh,
  decodeUpdateFully,
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  encodeUpdateFully,
  type UpdateContext,
  UpdateDecoder,
} from '../../src/wire/index.js';
import { FIXTURES } from './fixtures.js';
import { bodyOf } from './octets.js';

/** Decodes and encodes again. FRR and ExaBGP give each capability a parameter of its own. */
const ROUND_TRIPS: Record<string, (body: Buffer, context: UpdateContext) => Buffer[]> = {
  OPEN: (body) => [encodeOpen(decodeOpen(body)), encodeOpen(decodeOpen(body), 'one-by-one')],
  UPDATE: (body, context) => [encodeUpdateFully(decodeUpdateFully(body, context), context)],
  NOTIFICATION: (body) => [encodeNotification(decodeNotification(body))],
  KEEPALIVE: () => [encodeKeepalive()],
  'ROUTE-REFRESH': (body) => [encodeRouteRefresh(decodeRouteRefresh(body))],
};

test('there are fixtures of three implementations', (t) => {
  t.deepEqual([...new Set(FIXTURES.map(({ name }) => name.split('/')[0]))].sort(), [
    'exabgp',
    'frr',
    'gobgp',
  ]);
});

for (const { name, kind, hex, context, expected } of FIXTURES) {
  const whole = Buffer.from(hex, 'hex');

  test(`${name} decodes to what was written down`, (t) => {
    t.deepEqual(JSON.parse(JSON.stringify(describeMessage(whole, context))), expected);
  });

  test(`${name} encodes to the same octets`, (t) => {
    const encoded = ROUND_TRIPS[kind](bodyOf(whole), context).map((again) => again.toString('hex'));
    t.true(encoded.includes(hex), `${encoded} instead of ${hex}`);
  });

  if (kind === 'UPDATE')
    test(`${name} holds routes or End-of-RIB and no fault`, (t) => {
      const update = new UpdateDecoder().decode(bodyOf(whole), context);
      t.deepEqual(update.faults, []);
      t.is(update.unknownRouteTypes, 0);
      t.is(update.endOfRib, name.includes('end-of-rib'));
      t.is(update.withdrawn.length > 0, name.includes('withdraw'));
      t.is(update.reachable.length > 0, name.includes('-type') && !name.includes('withdraw'));
    });
}
