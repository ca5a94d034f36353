import test from 'ava';
import {
  formatIp,
  formatPrefix,
  parseIp,
  prefixAddress,
  prefixKey,
  prefixLength,
  prefixOf,
} from '../../src/types/index.js';

test('a prefix is one value, which gives back what it was made of', (t) => {
  for (const [address, length, text] of [
    ['0.0.0.0', 0, '0.0.0.0/0'],
    ['10.0.0.0', 8, '10.0.0.0/8'],
    ['255.255.255.255', 32, '255.255.255.255/32'],
    ['::', 0, '::/0'],
    ['2001:db8::', 32, '2001:db8::/32'],
    ['2001:db8::1', 128, '2001:db8::1/128'],
  ] as const) {
    const key = prefixKey(parseIp(address), length);
    t.is(formatIp(prefixAddress(key)), address);
    t.is(prefixLength(key), length);
    t.is(formatPrefix(key), text);
  }
  t.is(new Set([prefixKey(parseIp('10.0.0.0'), 8), prefixKey(parseIp('10.0.0.0'), 9)]).size, 2);
});

test('the bits of an address behind the length are no part of the prefix', (t) => {
  for (const [address, length, text] of [
    ['10.1.2.3', 0, '0.0.0.0/0'],
    ['10.1.2.3', 23, '10.1.2.0/23'],
    ['255.255.255.255', 1, '128.0.0.0/1'],
    ['10.1.2.3', 32, '10.1.2.3/32'],
    ['2001:db8:ffff::1', 33, '2001:db8:8000::/33'],
    ['2001:db8::ff', 128, '2001:db8::ff/128'],
    ['2001:db8::ff', 0, '::/0'],
  ] as const)
    t.is(formatPrefix(prefixOf(parseIp(address), length)), text);
});
