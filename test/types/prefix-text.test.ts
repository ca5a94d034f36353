import test from 'ava';
import { formatPrefix, longestMatch, ParseError, parseIp, parsePrefix } from '../../src/types/index.js';

test('text to prefix and back', (t) => {
  for (const text of [
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.2.3/32',
    '128.0.0.0/1',
    '::/0',
    '2001:db8::/33',
    '2001:db8::1/128',
  ])
    t.is(formatPrefix(parsePrefix(text)), text);
  t.is(formatPrefix(parsePrefix('2001:DB8:0::/48')), '2001:db8::/48');
});

for (const [text, allowed] of [
  ['10.0.0.1/8', '10.0.0.0/8'],
  ['2001:db8:8000::/32', '2001:db8::/32'],
  ['2001:db8:c000::/33', '2001:db8:8000::/33'],
  ['10.0.0.0/33', 'a prefix length from 0 to 32'],
  ['::/129', 'a prefix length from 0 to 128'],
  ['10.0.0.0', 'an IPv4 or IPv6 prefix, as 10.1.0.0/16'],
  ['10.0.0.0/', 'an IPv4 or IPv6 prefix, as 10.1.0.0/16'],
  ['10.0.0.0/08', 'an IPv4 or IPv6 prefix, as 10.1.0.0/16'],
  ['10.0.0.0/-1', 'an IPv4 or IPv6 prefix, as 10.1.0.0/16'],
  ['x/8', 'an IPv4 or IPv6 address without prefix length'],
])
  test(`${text} is no prefix`, (t) => {
    const error = t.throws(() => parsePrefix(text), { instanceOf: ParseError });
    t.is(error?.allowed, allowed);
  });

test('the longest prefix of the family that holds the address', (t) => {
  const items = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '2001:db8::/32'].map((text) => ({
    prefix: parsePrefix(text),
  }));
  const match = (address: string) => {
    const item = longestMatch(items, parseIp(address));
    return item && formatPrefix(item.prefix);
  };
  t.is(match('10.1.0.1'), '10.1.0.0/16');
  t.is(match('10.2.0.1'), '10.0.0.0/8');
  t.is(match('192.0.2.1'), '0.0.0.0/0');
  t.is(match('2001:db8::1'), '2001:db8::/32');
  t.is(match('2001:db9::1'), undefined);
});
