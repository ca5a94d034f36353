import test from 'ava';
import type { InterfaceAddress } from '../../src/dataplane/index.js';
import { NO_CONTEXT } from '../../src/linux/checks.js';
import type { Way } from '../../src/linux/settings-codec.js';
import { deriveTopology, sameTopology } from '../../src/linux/topology.js';
import { loopsAmong, unreachableAmong } from '../../src/linux/upkeep.js';
import { formatIp, type Ip, parseIp } from '../../src/types/index.js';
import { address, device } from './support/links.js';

const links = new Map(
  [device(1, 'lo'), device(2, 'eth0'), device(3, 'red')].map((link) => [link.ifindex, link]),
);
const vteps = new Set(['10.0.0.9', '2001:db8::9', '10.0.0.8', '10.0.0.7'].map(parseIp));

/** What the FIB answers where it delivers these here. */
const fib =
  (local: readonly string[], asked: Ip[] = []) =>
  (to: Ip): Way | undefined => {
    asked.push(to);
    return { device: 1, mtu: 0, local: local.includes(formatIp(to)) };
  };

test('VTEPs that the FIB delivers here are found with the device that has the address; a VRF has its own table', (t) => {
  const addresses = new Map<number, readonly InterfaceAddress[]>([
    [1, [address('10.0.0.9'), address('10.0.0.1')]],
    [2, [address('2001:db8::9')]],
    [3, [address('10.0.0.8')]],
  ]);
  const asked: Ip[] = [];
  const found = loopsAmong(vteps, { links, addresses }, fib(['10.0.0.9', '2001:db8::9', '10.0.0.1'], asked));
  t.deepEqual(
    [...found].map(([vtep, name]) => [formatIp(vtep), name]),
    [
      ['10.0.0.9', 'lo'],
      ['2001:db8::9', 'eth0'],
    ],
  );
  t.deepEqual(
    asked.map(formatIp),
    ['10.0.0.9', '2001:db8::9', '10.0.0.8'],
    'each of our addresses that is a VTEP',
  );
  t.is(loopsAmong(vteps, { links, addresses }, () => undefined).size, 0, 'no way at all');
  t.is(loopsAmong(new Set(), { links, addresses }, fib(['10.0.0.9'])).size, 0);
});

test('VTEPs without a way: neither by the main table nor by the rules for packets of a VXLAN device', (t) => {
  const asked: string[] = [];
  const found = unreachableAmong(
    vteps,
    new Set(['10.0.0.1', '10.0.0.2', '2001:db8::1'].map(parseIp)),
    (to, from) => {
      const name = `${formatIp(to)}${from === undefined ? '' : ` from ${formatIp(from)}`}`;
      asked.push(name);
      return name === '10.0.0.9' || name === '10.0.0.8 from 10.0.0.1'
        ? { device: 2, mtu: 0, local: false }
        : undefined;
    },
  );
  t.deepEqual([...found].map(formatIp), ['2001:db8::9', '10.0.0.7']);
  t.deepEqual(asked, [
    '10.0.0.9',
    '2001:db8::9',
    '2001:db8::9 from 2001:db8::1',
    '10.0.0.8',
    '10.0.0.8 from 10.0.0.1',
    '10.0.0.7',
    '10.0.0.7 from 10.0.0.1',
    '10.0.0.7 from 10.0.0.2',
  ]);
});

test('a topology with other VTEPs without a way is another one', (t) => {
  const tables = { links, vlans: new Map(), addresses: new Map(), vniFilters: new Map() };
  const before = deriveTopology(tables);
  const after = deriveTopology(
    tables,
    { ...NO_CONTEXT, unreachable: new Set([parseIp('10.0.0.9')]) },
    before,
  );
  t.is(after.unreachable.size, 1);
  t.false(sameTopology(before, after));
});

test('a topology with other loops is another one', (t) => {
  const tables = { links, vlans: new Map(), addresses: new Map(), vniFilters: new Map() };
  const before = deriveTopology(tables);
  const loops = new Map([[parseIp('10.0.0.9'), 'lo']]);
  const after = deriveTopology(tables, { ...NO_CONTEXT, loops }, before);
  t.is(after.loops, loops);
  t.false(sameTopology(before, after));
  t.true(sameTopology(after, deriveTopology(tables, { ...NO_CONTEXT, loops }, after)));
});
