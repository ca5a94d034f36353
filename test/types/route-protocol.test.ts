import test from 'ava';
import { formatRouteProtocol, ParseError, parseRouteProtocol } from '../../src/types/index.js';

test('a protocol is known by the name of ip route, or by its number', (t) => {
  for (const [text, number] of [
    ['boot', 3],
    ['static', 4],
    ['dhcp', 16],
    ['bgp', 186],
    ['zstatic', 196],
  ] as const) {
    t.is(parseRouteProtocol(text), number);
    t.is(formatRouteProtocol(number), text);
    t.is(parseRouteProtocol(String(number)), number);
  }
  t.is(parseRouteProtocol('200'), 200);
  t.is(formatRouteProtocol(200), '200');
});

test('what is no protocol of a route that can be announced is refused with the cure', (t) => {
  for (const text of ['kernel', 'connected'])
    t.regex(
      t.throws(() => parseRouteProtocol(text), { instanceOf: ParseError }).message,
      /redistribute-connected/,
    );
  for (const text of ['2', '256', '-1', '4.5', 'Static', '', '1000'])
    t.regex(
      t.throws(() => parseRouteProtocol(text)).message,
      /a number from 3 to 255, or boot, static/,
      text,
    );
});
