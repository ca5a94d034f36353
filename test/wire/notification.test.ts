import test from 'ava';
import {
  CeaseSubcode,
  decodeNotification,
  decodeRouteRefresh,
  decodeShutdownCommunication,
  describeNotification,
  encodeNotification,
  encodeRouteRefresh,
  encodeShutdownCommunication,
  NotificationCode,
  WireError,
} from '../../src/wire/index.js';
import { bodyOf, octets } from './octets.js';

test('NOTIFICATION there and back', (t) => {
  const notification = { code: 3, subcode: 9, data: Uint8Array.of(1, 2, 3) };
  const whole = encodeNotification(notification);
  t.is(whole.toString('hex'), `${'ff'.repeat(16)}0018030309010203`);
  t.deepEqual(decodeNotification(bodyOf(whole)), notification);
});

test('data that 4096 octets do not hold are cut', (t) => {
  t.is(encodeNotification({ code: 3, subcode: 1, data: new Uint8Array(5000) }).length, 4096);
});

test('a NOTIFICATION without a subcode is 1/2', (t) => {
  const error = t.throws(() => decodeNotification(octets('06')), { instanceOf: WireError });
  t.deepEqual([error.code, error.subcode, [...error.data]], [1, 2, [0, 20]]);
});

const DESCRIPTIONS: [number, number, string][] = [
  [6, 2, 'Cease (6), Administrative Shutdown (2)'],
  [6, 10, 'Cease (6), BFD Down (10)'],
  [1, 3, 'Message Header Error (1), Bad Message Type (3)'],
  [2, 2, 'OPEN Message Error (2), Bad Peer AS (2)'],
  [3, 11, 'UPDATE Message Error (3), Malformed AS PATH (11)'],
  [4, 0, 'Hold Timer Expired (4)'],
  [8, 0, 'Send Hold Timer Expired (8)'],
  [5, 1, 'Finite State Machine Error (5), Unexpected Message in Open Sent (1)'],
  [6, 99, 'Cease (6), subcode 99'],
  [7, 1, 'ROUTE-REFRESH Message Error (7), Invalid Message Length (1)'],
  [42, 7, 'code 42, subcode 7'],
];
for (const [code, subcode, words] of DESCRIPTIONS)
  test(`${code}/${subcode} is ${words}`, (t) => {
    t.is(describeNotification(code, subcode), words);
  });

function shutdown(data: Uint8Array, subcode: number = CeaseSubcode.ADMINISTRATIVE_SHUTDOWN) {
  return { code: NotificationCode.CEASE, subcode, data };
}

test('shutdown communication there and back, on subcodes 2 and 4 alone', (t) => {
  const data = encodeShutdownCommunication('Wartung – bis später');
  t.is(decodeShutdownCommunication(shutdown(data)), 'Wartung – bis später');
  t.is(decodeShutdownCommunication(shutdown(data, 4)), 'Wartung – bis später');
  t.is(decodeShutdownCommunication(shutdown(data, 3)), undefined);
  t.is(decodeShutdownCommunication({ code: 3, subcode: 2, data }), undefined);
});

test('a communication is cut between characters at 255 octets', (t) => {
  const data = encodeShutdownCommunication('ü'.repeat(200));
  t.is(data[0], 254);
  t.is(data.length, 255);
  t.is(decodeShutdownCommunication(shutdown(data)), 'ü'.repeat(127));
});

test('a communication that is empty says nothing, and of one that is too long or no UTF-8 the octets are shown', (t) => {
  for (const [hex, words] of [
    ['', undefined],
    ['00', undefined],
    ['05 61', 'message of 5 octets, cut short: 0561'],
    ['01', 'message of 1 octets, cut short: 01'],
    ['02 c328', 'message that is not UTF-8: 02c328'],
  ] as const)
    t.is(decodeShutdownCommunication(shutdown(octets(hex))), words);
});

test('control characters do not reach the log', (t) => {
  t.is(decodeShutdownCommunication(shutdown(encodeShutdownCommunication('a\nb\x1b[31m'))), 'a b [31m');
  t.is(decodeShutdownCommunication(shutdown(encodeShutdownCommunication('c\x9b1m\x7f'))), 'c 1m ');
});

test('a communication neither breaks a line nor turns the direction of writing', (t) => {
  for (const character of ['\u2028', '\u2029', '\u202a', '\u202e', '\u2066', '\u2069', '\u200f', '\u061c'])
    t.is(decodeShutdownCommunication(shutdown(encodeShutdownCommunication(`a${character}b`))), 'a b');
});

test('ROUTE-REFRESH there and back', (t) => {
  for (const subtype of [0, 1, 2]) {
    const refresh = { afi: 25, subtype, safi: 70 };
    t.deepEqual(decodeRouteRefresh(bodyOf(encodeRouteRefresh(refresh))), refresh);
  }
});

test('a filter behind a ROUTE-REFRESH request is passed over', (t) => {
  t.deepEqual(decodeRouteRefresh(octets('0019 00 46 01 80 0000')), { afi: 25, subtype: 0, safi: 70 });
});

test('a ROUTE-REFRESH marker of a wrong length is 7/1 with the message as data', (t) => {
  const error = t.throws(() => decodeRouteRefresh(octets('0019 01 46 00')), { instanceOf: WireError });
  t.deepEqual([error.code, error.subcode], [7, 1]);
  t.is(Buffer.from(error.data).toString('hex'), `${'ff'.repeat(16)}0018050019014600`);
});

test('a ROUTE-REFRESH cut short is 1/2', (t) => {
  const error = t.throws(() => decodeRouteRefresh(octets('0019 00')), { instanceOf: WireError });
  t.deepEqual([error.code, error.subcode, [...error.data]], [1, 2, [0, 22]]);
});
