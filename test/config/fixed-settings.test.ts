import test from 'ava';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { checkTogether } from '../../src/config/check-together.js';
import { type Config, diffConfig, withFixedSettings } from '../../src/config/index.js';
import { parseConfig } from '../../src/config/load.js';
import { remoteAsOf } from '../../src/config/remote-as.js';
import { formatIp, formatPrefix } from '../../src/types/index.js';
import { reloadEffects } from './support/reference.js';

const HEAD = { asn: 65001, 'router-id': '10.0.0.1', neighbors: [] };
const parse = (file: object): Config => parseConfig(stringify({ ...HEAD, ...file }), 'f');

/** What the loader says of a whole configuration. */
function faultsOf(config: Config): string[] {
  const faults: string[] = [];
  checkTogether(
    { ...config, vnis: [...config.evpn.vnis.values()], vrfs: [...config.evpn.vrfs.values()] },
    (i) => {
      const { localAddress } = config.neighbors[i];
      return localAddress === undefined ? undefined : formatIp(localAddress);
    },
    (path, { found }) => faults.push(`${path.join('.')}: ${found}`),
  );
  for (const { remoteAs, localAs = config.asn } of [...config.neighbors, ...config.listenRanges])
    if (remoteAsOf(remoteAs, localAs) !== remoteAs) faults.push(`${remoteAs} is internal`);
  for (const { families } of [...config.neighbors, ...config.listenRanges])
    if (families.length === 0) faults.push('nothing is spoken');
  return faults;
}

const subset = (...of: string[]) => fc.subarray(of, { minLength: 1 });
const remoteAs = fc.constantFrom<string | number>('internal', 'external', 65000, 65001);
const file = fc.record({
  asn: fc.constantFrom(65000, 65001),
  'router-id': fc.constantFrom('10.0.0.1', '10.1.1.0', '10.1.2.0'),
  bgp: fc.record({
    listen: fc.constantFrom<string[]>([], ['0.0.0.0']),
    port: fc.constantFrom(179, 1179),
  }),
  underlay: fc.record({ enabled: fc.boolean(), metric: fc.constantFrom(20, 30) }),
  'peer-groups': fc.constant([{ name: 'spines', families: ['ipv4-unicast'] }]),
  neighbors: fc.uniqueArray(
    fc.record({
      // Those without a dot or a colon are interfaces
      at: fc.constantFrom('10.1.1.0', '10.1.2.0', '10.1.3.0', '2001:db8::1', 'swp1'),
      vrf: fc.constantFrom(undefined, undefined, 'red', 'blue'),
      'remote-as': remoteAs,
      'local-as': fc.constantFrom(undefined, undefined, 65000, 65001),
      passive: fc.boolean(),
      families: subset('l2vpn-evpn', 'ipv4-unicast', 'ipv6-unicast'),
    }),
    { selector: ({ at, vrf }) => `${at} ${vrf}`, maxLength: 4 },
  ),
  'listen-ranges': fc.uniqueArray(
    fc.record({
      prefix: fc.constantFrom('10.2.0.0/16', 'fe80::/10'),
      vrf: fc.constantFrom(undefined, undefined, 'red'),
      'remote-as': remoteAs,
      families: subset('l2vpn-evpn', 'ipv4-unicast', 'ipv6-unicast'),
    }),
    { selector: ({ prefix, vrf }) => `${prefix} ${vrf}`, maxLength: 3 },
  ),
});

/** A file that the loader takes: what does not fit is left out. */
const valid = file.map((drawn) => {
  const { asn, bgp, underlay } = drawn;
  const isHeard = bgp.listen.length > 0;
  const fitting = (families: string[], isIpv4: boolean, vrf: string | undefined) => {
    if (vrf !== undefined) return [isIpv4 ? 'ipv4-unicast' : 'ipv6-unicast'];
    const left = families.filter(
      (family) =>
        family === 'l2vpn-evpn' ||
        (underlay.enabled && family === (isIpv4 ? 'ipv4-unicast' : 'ipv6-unicast')),
    );
    return left.length > 0 ? left : ['l2vpn-evpn'];
  };
  /** By an interface nobody is in a VRF, and of our own AS nobody is there. */
  const isIn = (vrf: string | undefined, its: { 'remote-as': string | number; 'local-as'?: number }) =>
    vrf === undefined || ![its['local-as'] ?? asn, 'internal'].includes(its['remote-as']);
  const written = {
    ...drawn,
    asn,
    neighbors: drawn.neighbors
      .filter(({ at, vrf, ...its }) => at !== drawn['router-id'] && isIn(vrf, its))
      .filter(({ at, vrf }) => vrf === undefined || /[.:]/.test(at))
      .map(({ at, ...neighbor }) => ({
        ...neighbor,
        [/[.:]/.test(at) ? 'address' : 'interface']: at,
        passive: neighbor.passive && isHeard,
        families: fitting(neighbor.families, !at.includes(':'), neighbor.vrf),
      })),
    'listen-ranges': isHeard
      ? drawn['listen-ranges']
          .filter(({ vrf, ...its }) => isIn(vrf, its))
          .map((range) => ({
            ...range,
            families: fitting(range.families, !range.prefix.includes(':'), range.vrf),
          }))
      : [],
  };
  return parse(written);
});

const RESTART = [...reloadEffects()].filter(([, effect]) => effect === 'restart').map(([key]) => key);

test('every mix of what runs with another file is one that the loader takes', (t) => {
  fc.assert(
    fc.property(fc.array(valid, { minLength: 2, maxLength: 4 }), (files) => {
      let running = files[0];
      for (const wanted of files) {
        const after = withFixedSettings(running, wanted);
        t.deepEqual(faultsOf(after), []);
        const changed = diffConfig(running, after).map(({ key }) => key);
        t.deepEqual(
          changed.filter((key) => RESTART.includes(key)),
          [],
        );
        t.deepEqual(withFixedSettings(after, wanted), after, 'once more makes no difference');
        if (diffConfig(files[0], wanted).every(({ key }) => !RESTART.includes(key)))
          t.deepEqual(diffConfig(after, wanted), [], 'nothing waits for a restart');
        running = after;
      }
    }),
    { numRuns: 1000 },
  );
});

test('the property has files of each kind', (t) => {
  const mixes = fc.sample(fc.tuple(valid, valid), { numRuns: 1000, seed: 7 });
  const has = (what: (running: Config, wanted: Config) => boolean) =>
    mixes.some(([running, wanted]) => what(running, wanted));
  t.true(
    has(
      (a, b) => !a.underlay.enabled && b.neighbors.some(({ families }) => !families.includes('l2vpn-evpn')),
    ),
  );
  t.true(has((a, b) => b.neighbors.some(({ address }) => address === a.routerId)));
  t.true(has((a, b) => a.bgp.listen.length === 0 && b.neighbors.some(({ passive }) => passive)));
  t.true(has((a, b) => a.bgp.listen.length === 0 && b.listenRanges.length > 0));
  t.true(has((a, b) => a.asn !== b.asn && b.neighbors.some((each) => each.remoteAs === a.asn)));
  t.true(
    has((a, b) =>
      b.neighbors.some(
        ({ vrf, address }) => vrf && a.neighbors.some((each) => each.address === address && !each.vrf),
      ),
    ),
  );
});

const spine = (over: object, address = '10.1.1.0') => ({ address, 'remote-as': 65000, ...over });
const BOTH = { families: ['l2vpn-evpn', 'ipv4-unicast'] };
const UNICAST = { families: ['ipv4-unicast'] };

for (const [what, before, after, expected, pending] of [
  [
    'unicast of a file that enables the underlay waits for the restart',
    { neighbors: [spine({})] },
    { neighbors: [spine(BOTH), spine(BOTH, '10.1.2.0')], underlay: { enabled: true } },
    ['10.1.1.0 l2vpn-evpn', '10.1.2.0 l2vpn-evpn'],
    ['neighbors[10.1.1.0].families', 'neighbors[10.1.2.0].families', 'underlay.enabled'],
  ],
  [
    'a neighbor of nothing else keeps what it speaks, and a new one waits',
    { neighbors: [spine({})] },
    { neighbors: [spine(UNICAST), spine(UNICAST, '10.1.2.0')], underlay: { enabled: true } },
    ['10.1.1.0 l2vpn-evpn'],
    ['neighbors[10.1.1.0].families', 'neighbors[10.1.2.0]', 'underlay.enabled'],
  ],
  [
    'unicast ends at once with the file that has it no more',
    { neighbors: [spine(BOTH)], underlay: { enabled: true } },
    { neighbors: [spine({})] },
    ['10.1.1.0 l2vpn-evpn'],
    ['underlay.enabled'],
  ],
  [
    'whoever is to have our router id is no neighbor before we have another',
    { neighbors: [spine({})], 'router-id': '10.1.2.0' },
    { neighbors: [spine({}), spine({}, '10.1.2.0')] },
    ['10.1.1.0 l2vpn-evpn'],
    ['neighbors[10.1.2.0]', 'router-id'],
  ],
  [
    'a passive neighbor waits until we listen, and one that stands is connected to as before',
    { neighbors: [spine({})], bgp: { listen: [] } },
    { neighbors: [spine({ passive: true }), spine({ passive: true }, '10.1.2.0')] },
    ['10.1.1.0 l2vpn-evpn'],
    ['bgp.listen', 'neighbors[10.1.1.0].passive', 'neighbors[10.1.2.0]'],
  ],
] as const)
  test(what, (t) => {
    const wanted = parse(after);
    const mixed = withFixedSettings(parse(before), wanted);
    t.deepEqual(
      mixed.neighbors.map(({ address, families }) => `${address && formatIp(address)} ${families.join()}`),
      [...expected],
    );
    t.false(mixed.neighbors.some(({ passive }) => passive));
    t.deepEqual(
      diffConfig(mixed, wanted)
        .map(({ key }) => key)
        .sort(),
      [...pending],
    );
  });

test('listen ranges wait until we listen, and for what is spoken with them', (t) => {
  const ranges = (over: object) => ({
    'listen-ranges': [
      { prefix: '10.2.0.0/16', 'remote-as': 65001, ...over },
      { prefix: '10.3.0.0/16', 'remote-as': 65001 },
    ],
  });
  const prefixes = (before: object, after: object) =>
    withFixedSettings(parse(before), parse(after)).listenRanges.map(({ prefix }) => formatPrefix(prefix));
  t.deepEqual(prefixes({ bgp: { listen: [] } }, ranges({})), []);
  t.deepEqual(prefixes({}, { ...ranges(UNICAST), underlay: { enabled: true } }), ['10.3.0.0/16']);
  t.deepEqual(prefixes(ranges({}), { ...ranges(UNICAST), underlay: { enabled: true } }), [
    '10.2.0.0/16',
    '10.3.0.0/16',
  ]);
});

test('a neighbor in a VRF is there at once, is none of the underlay, and none at its address elsewhere is meant', (t) => {
  const inRed = { vrf: 'red', ...UNICAST, 'remote-as': 65100 };
  const range = { prefix: '10.2.0.0/16', 'remote-as': 65001 };
  const running = parse({ neighbors: [spine({})], 'listen-ranges': [range] });
  const wanted = parse({
    neighbors: [spine({}), spine(inRed)],
    'listen-ranges': [range, { ...range, ...inRed }],
  });
  t.deepEqual(withFixedSettings(running, wanted), wanted);
});

test('a neighbor in a VRF that is of our own AS before the restart waits for it', (t) => {
  const inRed = spine({ vrf: 'red', ...UNICAST, 'remote-as': 65001 }, '192.0.2.1');
  const running = parse({});
  const wanted = parse({ asn: 65002, neighbors: [inRed] });
  t.deepEqual(withFixedSettings(running, wanted).neighbors, []);
});
