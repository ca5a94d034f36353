import test from 'ava';
import fc from 'fast-check';
import {
  formatIp,
  formatPrefix,
  longestMatch,
  parseIp,
  parsePrefix,
  prefixAddress,
  prefixKey,
  prefixLength,
  prefixOf,
  prefixWithout,
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

test('a prefix without others in it: all the rest, and no more prefixes than it takes', (t) => {
  const without = (prefix: string, ...holes: string[]) =>
    prefixWithout(parsePrefix(prefix), holes.map(parsePrefix)).map(formatPrefix);
  t.deepEqual(without('10.0.0.0/30'), ['10.0.0.0/30']);
  t.deepEqual(without('10.0.0.0/30', '10.0.0.2/32', '10.0.1.0/32'), ['10.0.0.0/31', '10.0.0.3/32']);
  t.deepEqual(without('10.0.0.0/30', '10.0.0.0/30'), []);
  t.deepEqual(without('10.0.0.0/30', '10.0.0.0/8'), ['10.0.0.0/30'], 'a shorter one is no hole');
  t.deepEqual(without('0.0.0.0/0', '128.0.0.0/1', '10.0.0.0/32').length, 31);
  t.deepEqual(without('2001:db8::/126', '2001:db8::1/128', '::1/128'), ['2001:db8::/128', '2001:db8::2/127']);
  t.is(without('::/0', 'fe80::1/128').length, 128);
  const inner = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
    .map(([octet, length]) => prefixOf(parseIp(`10.0.0.${octet}`), length));
  fc.assert(
    fc.property(fc.array(inner, { maxLength: 6 }), (holes) => {
      const rest = prefixWithout(parsePrefix('10.0.0.0/24'), holes);
      for (let octet = 0; octet < 256; octet++) {
        const ip = parseIp(`10.0.0.${octet}`);
        const isIn = (all: typeof holes) =>
          longestMatch(
            all.map((prefix) => ({ prefix })),
            ip,
          ) !== undefined;
        if (isIn(rest) === isIn(holes)) return false;
      }
      return true;
    }),
  );
});
