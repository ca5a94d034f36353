import test from 'ava';
import { formatMac, ParseError, parseMac } from '../../src/types/index.js';

for (const text of [
  '02:00:5e:aa:bb:ff',
  '02:00:5E:AA:BB:FF',
  '02-00-5e-aa-bb-ff',
  '02-00-5E-AA-BB-FF',
  '0200.5eaa.bbff',
  '0200.5EAA.BBFF',
])
  test(`a MAC address as ${text}`, (t) => {
    t.is(formatMac(parseMac(text)), '02:00:5e:aa:bb:ff');
  });

for (const text of [
  '',
  '02:00:5e:aa:bb',
  '02:00-5e:aa:bb:ff',
  '02.00.5e.aa.bb.ff',
  '0200:5eaa:bbff',
  '0200.5eaa.bbff.1',
  '0200.5eaa.bbfg',
])
  test(`no MAC address: ${JSON.stringify(text)}`, (t) => {
    t.throws(() => parseMac(text), { instanceOf: ParseError });
  });
