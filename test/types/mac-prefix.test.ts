import test from 'ava';
import {
  formatCommunity,
  formatMacPrefix,
  isWithinMac,
  ParseError,
  parseCommunity,
  parseLargeCommunity,
  parseMac,
  parseMacPrefix,
} from '../../src/types/index.js';

for (const [prefix, mac, isWithin] of [
  ['02:00:00:00:00:07', '02:00:00:00:00:07', true],
  ['02:00:00:00:00:07', '02:00:00:00:00:06', false],
  ['02:00:00:00:00:06/47', '02:00:00:00:00:07', true],
  ['02:00:00:00:00:06/47', '02:00:00:00:00:08', false],
  ['02:00:00:00:00:00/24', '02:00:00:ff:ff:ff', true],
  ['02:00:00:00:00:00/24', '02:00:01:00:00:00', false],
  ['fe:00:00:00:00:00/7', 'ff:ff:ff:ff:ff:ff', true],
  ['00:00:00:00:00:00/0', 'ff:ff:ff:ff:ff:ff', true],
] as const)
  test(`${mac} is ${isWithin ? '' : 'not '}within ${prefix}`, (t) => {
    const parsed = parseMacPrefix(prefix);
    t.is(isWithinMac(parseMac(mac), parsed), isWithin);
    t.is(formatMacPrefix(parsed), prefix);
  });

test('bits behind the length say nothing, and a whole MAC needs no length', (t) => {
  t.is(formatMacPrefix(parseMacPrefix('02:00:00:12:34:56/24')), '02:00:00:00:00:00/24');
  t.is(formatMacPrefix(parseMacPrefix('02:00:00:12:34:56/48')), '02:00:00:12:34:56');
});

for (const text of [
  '02:00:00:00:00:00/49',
  '02:00:00:00:00:00/',
  '02:00:00:00:00:00/-1',
  '02:00/8',
  '',
  '1/2/3',
])
  test(`no MAC prefix: ${text}`, (t) => {
    t.throws(() => parseMacPrefix(text), { instanceOf: ParseError });
  });

test('large communities (RFC 8092)', (t) => {
  for (const text of ['0:0:0', '65000:1:100', '4294967295:4294967295:4294967295'])
    t.is(String(parseLargeCommunity(text)), text);
  for (const text of ['4294967296:0:0', '1:2', '1:2:3:4', '01:2:3', '1:2:', 'a:b:c', ''])
    t.throws(() => parseLargeCommunity(text), { instanceOf: ParseError });
});

test('communities (RFC 1997)', (t) => {
  for (const text of ['0:0', '65000:100', '65535:65535']) t.is(formatCommunity(parseCommunity(text)), text);
  t.is(parseCommunity('65000:100'), 65000 * 65536 + 100);
  for (const text of ['65536:0', '0:65536', '1', '1:2:3', 'a:b', '', '-1:1'])
    t.throws(() => parseCommunity(text), { instanceOf: ParseError });
});
