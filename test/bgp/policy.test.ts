import test from 'ava';
import { AdjRibOut } from '../../src/bgp/adj-rib-out.js';
import {
  ExportPolicy,
  FamilyLocalRib,
  ImportPolicy,
  judge,
  KeyedTable,
  OTHERWISE,
  type PolicyMatch,
  type PolicyRule,
  type RoutePolicy,
  type Speaker,
} from '../../src/bgp/index.js';
import type { LocalEntry } from '../../src/bgp/local-rib.js';
import {
  parseLargeCommunity,
  parseMac,
  parseMacPrefix,
  parsePrefixRule,
  parseRouteTarget,
  parseRouteTargetPattern,
  toVni,
} from '../../src/types/index.js';
import {
  type AnyFamily,
  type AttributeChanges,
  EVPN,
  formatNlri,
  GRACEFUL_SHUTDOWN,
  IPV4_UNICAST,
  type Nlri,
  type Prefix,
  UpdateEncoder,
} from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Fabric, imet, macRoute, neighborConfig, originated } from './fabric.js';

const rule = (
  name: string,
  match: PolicyMatch,
  action: PolicyRule['action'] = 'accept',
  set: AttributeChanges = {},
): PolicyRule => ({ name, match, action, set });
const policy = (otherwise: RoutePolicy['otherwise'], ...rules: PolicyRule[]): RoutePolicy => ({
  name: 'test',
  rules,
  otherwise,
});

const MAC = parseMac('02:00:00:00:00:07');
const HOST = macRoute(MAC, { ip: 0xc0000207 as never });
const TYPE_5 = {
  type: 5,
  rd: HOST.rd,
  esi: HOST.esi,
  ethernetTag: 0,
  prefix: 0x0a010000 as never,
  prefixLength: 16,
  gateway: 0 as never,
  label: 20,
} as const;
const PREFIX = { type: 0, prefix: 0x0a010000, prefixLength: 16 } as unknown as Nlri;
const FACTS = {
  routeTargets: [parseRouteTarget('65000:10010'), parseRouteTarget('4200000000:7')],
  communities: [65000 * 65536 + 100],
  largeCommunities: [parseLargeCommunity('65000:1:100')],
  asns: new Set([65000, 65010]),
  tunnelLabel: 10010,
};
const vnis = (first: number, last: number) => ({ vnis: [{ first: toVni(first), last: toVni(last) }] });
const large = (...texts: string[]) => ({ largeCommunities: texts.map(parseLargeCommunity) });
const macs = (...texts: string[]) => ({ macs: texts.map(parseMacPrefix) });
const prefixes = (...texts: string[]) => ({ prefixes: texts.map(parsePrefixRule) });
const targets = (...texts: string[]) => ({ routeTargets: texts.map(parseRouteTargetPattern) });

const CASES: readonly (readonly [string, PolicyMatch, Nlri, boolean, AnyFamily?])[] = [
  ['nothing', {}, HOST, true],
  ['its family', { families: [EVPN as AnyFamily] }, HOST, true],
  ['another family', { families: [IPV4_UNICAST as AnyFamily] }, HOST, false],
  ['its route type', { routeTypes: [3, 2] }, HOST, true],
  ['another route type', { routeTypes: [3] }, HOST, false],
  [
    'a route type, of a prefix',
    { routeTypes: [0 as number, 1, 2, 3, 4, 5] },
    PREFIX,
    false,
    IPV4_UNICAST as AnyFamily,
  ],
  ['its VNI', vnis(10010, 10010), HOST, true],
  ['the first VNI of a range', vnis(10010, 10020), HOST, true],
  ['the last VNI of a range', vnis(10000, 10010), HOST, true],
  ['another VNI', vnis(10011, 10020), HOST, false],
  ['the VNI of its tunnel', vnis(10010, 10010), imet('10.0.0.1'), true],
  ['the VNI of an IP prefix', vnis(20, 20), TYPE_5, true],
  ['a VNI, of a prefix', vnis(1, 16777215), PREFIX, false, IPV4_UNICAST as AnyFamily],
  ['its MAC', macs('02:00:00:00:00:07'), HOST, true],
  ['how its MAC begins', macs('02:99:00:00:00:00/24', '02:00:00:00:00:00/24'), HOST, true],
  ['how it does not begin', macs('02:00:00:00:00:08/47'), HOST, false],
  ['a MAC, of another type', macs('00:00:00:00:00:00/0'), imet('10.0.0.1'), false],
  ['its IP as a prefix', prefixes('192.0.2.0/24 le 32'), HOST, true],
  ['its IP by the prefix alone', prefixes('192.0.2.0/24'), HOST, false],
  ['what an earlier line denies', prefixes('deny 192.0.2.7/32', '0.0.0.0/0 le 32'), HOST, false],
  ['a prefix, of a MAC without IP', prefixes('0.0.0.0/0 le 32', '::/0 le 128'), macRoute(7), false],
  ['the prefix of an IP prefix', prefixes('10.0.0.0/8 ge 16 le 16'), TYPE_5, true],
  ['the prefix of unicast', prefixes('10.1.0.0/16'), PREFIX, true, IPV4_UNICAST as AnyFamily],
  ['one of its route targets', targets('1:1', '65000:10010'), HOST, true],
  ['one of any AS', targets('*:10010'), HOST, true],
  ['none of its route targets', targets('65000:10011', '*:10011'), HOST, false],
  ['its community', { communities: [1, 65000 * 65536 + 100] }, HOST, true],
  ['another community', { communities: [1] }, HOST, false],
  ['its large community', large('1:1:1', '65000:1:100'), HOST, true],
  ['another large community', large('65000:100:1'), HOST, false],
  ['an AS of its path', { asPath: [1, 65010] }, HOST, true],
  ['no AS of its path', { asPath: [1] }, HOST, false],
  ['all of two conditions', { ...vnis(10010, 10010), asPath: [65010] }, HOST, true],
  ['one of two conditions', { ...vnis(10010, 10010), asPath: [1] }, HOST, false],
];
for (const [what, match, nlri, fits, family = EVPN as AnyFamily] of CASES)
  test(`a rule that looks at ${what} ${fits ? 'matches' : 'does not match'}`, (t) => {
    const { accepted, rule: by } = judge(policy('reject', rule('it', match)), family, nlri, FACTS);
    t.is(accepted, fits);
    t.is(by, fits ? 'it' : OTHERWISE);
  });

test('the first rule that matches decides; those that say next only change', (t) => {
  const rules = policy(
    'accept',
    rule('mark', {}, 'next', { med: 1 }),
    rule('no-3', { routeTypes: [3] }, 'reject', { med: 9 }),
    rule('2', { routeTypes: [2] }, 'accept', { localPreference: 200 }),
    rule('2 again', { routeTypes: [2] }, 'reject'),
  );
  const of = (nlri: Nlri) => judge(rules, EVPN as AnyFamily, nlri, FACTS);
  t.deepEqual(of(HOST), { accepted: true, rule: '2', changes: [{ med: 1 }, { localPreference: 200 }] });
  t.deepEqual(of(imet('10.0.0.1')), { accepted: false, rule: 'no-3', changes: [{ med: 1 }] });
  t.deepEqual(of(TYPE_5), { accepted: true, rule: OTHERWISE, changes: [{ med: 1 }] });
});

const ALL = originated('10.0.0.2');
const held = (speaker: Speaker) =>
  Object.fromEntries(
    [...speaker.rib.destinations()].map(({ nlri, best, paths: [path] }) => [
      formatNlri(nlri),
      { chosen: best !== undefined, attributes: path.attributes },
    ]),
  );
const key = (mac: number) => formatNlri(macRoute(mac));

test('nothing is kept of a route that is withdrawn, or whose session ends, while it is rejected', async (t) => {
  const fabric = new Fabric();
  const [here, there] = await fabric.pair({ importPolicy: new ImportPolicy(policy('reject')) });
  const reader = here.rib.subscribe();
  for (const mac of [1, 2, 3]) there.localRib.originate(macRoute(mac), ALL);
  fabric.clock.advance(1000);
  t.is(here.rib.size, 3);
  there.localRib.withdraw(macRoute(1));
  fabric.clock.advance(1000);
  t.is(here.rib.size, 2);
  void there.stop();
  fabric.clock.advance(1000);
  t.is(here.rib.size, 0);
  t.like(here.neighbor('10.0.0.2')?.routes, { held: 0, rejected: 0, sets: 0, octets: 0 });
  t.deepEqual(reader.takeDirty(10), []);
});

test('an import policy: what it rejects stays and is not chosen, what it changes leads back to what came', async (t) => {
  const fabric = new Fabric();
  const importPolicy = new ImportPolicy(
    policy(
      'accept',
      rule('no-2', macs('00:00:00:00:00:02'), 'reject'),
      rule('prefer', macs('00:00:00:00:00:01'), 'accept', {
        localPreference: 200,
        med: 5,
        communities: [7],
        addExtendedCommunities: [parseRouteTarget('1:1')],
        prepend: [64999],
      }),
    ),
  );
  const [here, there] = await fabric.pair({ importPolicy });
  const reader = here.rib.subscribe();
  for (const mac of [1, 2, 3]) there.localRib.originate(macRoute(mac), ALL);
  fabric.clock.advance(1000);
  const routes = held(here);
  t.is(routes[key(2)].chosen, false);
  t.like(routes[key(2)].attributes.verdict, { accepted: false, rule: 'no-2', policy: 'test' });
  t.deepEqual(
    reader
      .takeDirty(10)
      .map(({ nlri }) => formatNlri(nlri))
      .sort(),
    [key(1), key(3)],
  );
  const { attributes } = routes[key(1)];
  t.like(attributes, { localPref: 200, med: 5, communities: [7], asPathLength: 2, neighborAs: 64999 });
  t.deepEqual(attributes.routeTargets.map(String), [
    ...ALL.extendedCommunities.slice(1).map(String),
    String(parseRouteTarget('1:1')),
  ]);
  t.like(attributes.verdict?.before, {
    localPref: undefined,
    med: undefined,
    communities: [],
    asPathLength: 1,
  });
  t.is(routes[key(3)].attributes.verdict?.rule, OTHERWISE);
  t.is(here.neighbor('10.0.0.2')?.routes.rejected, 1);
  t.is(here.neighbor('10.0.0.2')?.routes.held, 3);
  t.is(here.neighbor('10.0.0.2')?.routes.sets, 1, 'the neighbor sent one set of attributes');

  // The same again is nothing new
  await here.reconfigure(configOf(here, { importPolicy }));
  there.localRib.originate(macRoute(1), { ...ALL });
  fabric.clock.advance(1000);
  t.is(held(here)[key(1)].attributes, attributes);
  t.deepEqual(reader.takeDirty(10), []);

  // Another policy: the neighbor is asked for its routes, and the session stays
  await here.reconfigure(
    configOf(here, {
      importPolicy: new ImportPolicy(policy('reject', rule('2', macs('00:00:00:00:00:02')))),
    }),
  );
  fabric.clock.advance(1000);
  t.deepEqual(
    [1, 2, 3].map((mac) => held(here)[key(mac)].chosen),
    [false, true, false],
  );
  t.is(reader.takeDirty(10).length, 3);
  t.is(here.neighbor('10.0.0.2')?.routes.rejected, 2);

  // And none
  await here.reconfigure(configOf(here, {}));
  fabric.clock.advance(1000);
  t.true(
    Object.values(held(here)).every(({ chosen, attributes: { verdict } }) => chosen && verdict === undefined),
  );
  there.localRib.withdraw(macRoute(2));
  fabric.clock.advance(1000);
  t.false(Object.hasOwn(held(here), key(2)));
  t.like(here.neighbor('10.0.0.2'), { state: 'Established', flaps: 0 });
  t.is(here.neighbor('10.0.0.2')?.routes.rejected, 0);
  t.deepEqual(fabric.errors, []);
});

const configOf = (speaker: Speaker, extra: object, [first, second] = [65001, 65002]) => {
  const far = speaker.neighbors()[0].address;
  const [near, asn, farAsn] =
    far === '10.0.0.2' ? (['10.0.0.1', first, second] as const) : (['10.0.0.2', second, first] as const);
  return {
    asn,
    routerId: Number(near.at(-1)) + 0x0a000000,
    listen: [{ address: near, port: 179 }],
    neighbors: [neighborConfig(far, farAsn, extra)],
  };
};

test('an export policy: what it rejects is not sent, and another one sends and withdraws what differs', async (t) => {
  const fabric = new Fabric();
  const first = new ExportPolicy(
    policy(
      'accept',
      rule('no-2', macs('00:00:00:00:00:02'), 'reject'),
      rule('far', macs('00:00:00:00:00:01'), 'accept', {
        med: 5,
        addCommunities: [7],
        prepend: [65002, 65002],
      }),
    ),
  );
  const [here, there] = await fabric.pair({}, { exportPolicy: first });
  for (const mac of [1, 2, 3]) there.localRib.originate(macRoute(mac), ALL);
  fabric.clock.advance(1000);
  t.deepEqual(Object.keys(held(here)).sort(), [key(1), key(3)]);
  t.like(held(here)[key(1)].attributes, { med: 5, communities: [7], asPathLength: 3 });
  t.like(held(here)[key(3)].attributes, { med: undefined, communities: [], asPathLength: 1 });
  t.deepEqual(there.neighbor('10.0.0.1')?.routes.sent[2], 2);

  // What was not sent is not withdrawn, what was is
  there.localRib.withdraw(macRoute(2));
  there.localRib.withdraw(macRoute(3));
  there.localRib.originate(macRoute(2), ALL);
  there.localRib.originate(macRoute(4), ALL);
  fabric.clock.advance(1000);
  t.deepEqual(Object.keys(held(here)).sort(), [key(1), key(4)]);

  const site = new ExportPolicy(
    policy('reject', rule('2', macs('00:00:00:00:00:02'))),
    0x0003_fde8_0000_0001n,
  );
  await there.reconfigure(configOf(there, { exportPolicy: site }));
  fabric.clock.advance(1000);
  t.deepEqual(Object.keys(held(here)).sort(), [key(2)]);
  t.true(held(here)[key(2)].attributes.extendedCommunities.includes(0x0003_fde8_0000_0001n));
  t.is(there.neighbor('10.0.0.1')?.routes.sent[2], 1);

  await there.reconfigure(configOf(there, {}));
  fabric.clock.advance(1000);
  t.deepEqual(Object.keys(held(here)).sort(), [key(1), key(2), key(4)]);
  t.is(held(here)[key(2)].attributes.extendedCommunities.length, ALL.extendedCommunities.length);
  t.like(there.neighbor('10.0.0.1'), { state: 'Established', flaps: 0 });
  t.deepEqual(fabric.errors, []);
});

test('what is changed last counts whatever the rules change, and is gone without an end of the session', async (t) => {
  const fabric = new Fabric();
  const all = policy('accept', rule('all', {}, 'accept', { communities: [7], localPreference: 300 }));
  const last = { addCommunities: [GRACEFUL_SHUTDOWN], localPreference: 0 };
  const [here, there] = await fabric.pair({}, { exportPolicy: new ExportPolicy(all) }, [65001, 65001]);
  there.localRib.originate(macRoute(1), ALL);
  fabric.clock.advance(1000);
  t.like(held(here)[key(1)].attributes, { localPref: 300, communities: [7], isGoing: false });
  await there.reconfigure(
    configOf(there, { exportPolicy: new ExportPolicy(all, undefined, last) }, [65001, 65001]),
  );
  fabric.clock.advance(1000);
  t.like(held(here)[key(1)].attributes, {
    localPref: 0,
    communities: [7, GRACEFUL_SHUTDOWN],
    isGoing: true,
  });
  await there.reconfigure(configOf(there, { exportPolicy: new ExportPolicy(all) }, [65001, 65001]));
  fabric.clock.advance(1000);
  t.like(held(here)[key(1)].attributes, { localPref: 300, communities: [7], isGoing: false });
  t.like(there.neighbor('10.0.0.1'), { state: 'Established', flaps: 0 });
  t.deepEqual(fabric.errors, []);
});

test('what is prepended stands behind our own AS, in as many segments as it needs', async (t) => {
  const fabric = new Fabric();
  const set = { prepend: Array.from({ length: 200 }, (_, n) => 64000 + n) };
  const exportPolicy = new ExportPolicy(
    policy('reject', rule('near', {}, 'next', set), rule('far', {}, 'accept', set)),
  );
  const [here, there] = await fabric.pair(
    { importPolicy: new ImportPolicy(policy('reject', rule('all', {}, 'accept', { prepend: [7] }))) },
    { exportPolicy },
  );
  there.localRib.originate(macRoute(1), ALL);
  fabric.clock.advance(1000);
  const { attributes } = held(here)[key(1)];
  const sent = [65002, ...set.prepend, ...set.prepend];
  t.deepEqual(attributes.verdict?.before.asPath, [
    { type: 2, asns: sent.slice(0, 255) },
    { type: 2, asns: sent.slice(255) },
  ]);
  t.is(attributes.verdict?.before.neighborAs, 65002);
  t.deepEqual(
    attributes.asPath.flatMap(({ asns }) => asns),
    [7, ...sent],
  );
  t.is(attributes.asPathLength, 402);
});

for (const [many, nearly, maxMessageLength] of [
  [1100, 900, 4096],
  [20_000, 16_000, 65535],
] as const)
  test(`a route that ${many} communities make too long for an UPDATE is not sent, and the others are`, (t) => {
    const clock = new VirtualClock();
    const rib = new FamilyLocalRib(IPV4_UNICAST, new KeyedTable<Prefix, LocalEntry<Prefix>>(IPV4_UNICAST));
    const prefix = (n: number) => ({ type: 0, prefix: n * 65536, prefixLength: 16 }) as unknown as Prefix;
    const unfit: Nlri[] = [];
    const communities = (count: number) => Array.from({ length: count }, (_, n) => n);
    const by = (count: number) =>
      new ExportPolicy(
        policy(
          'accept',
          rule('long', prefixes('0.1.0.0/16'), 'accept', { addCommunities: communities(count) }),
        ),
      );
    const out = new AdjRibOut(
      clock,
      rib,
      new UpdateEncoder(
        { fourOctetAs: true, internal: false, localAsn: 65001, maxMessageLength },
        IPV4_UNICAST,
      ),
      { write: () => true, unfit: (nlri) => unfit.push(nlri) },
      by(many),
    );
    rib.originate(prefix(2), ALL);
    out.start();
    clock.runUntilIdle();
    rib.originate(prefix(1), ALL);
    rib.originate(prefix(3), ALL);
    clock.runUntilIdle();
    t.deepEqual([...out.sent], [2]);
    t.deepEqual(unfit, [prefix(1)]);
    out.changePolicy(by(nearly));
    clock.runUntilIdle();
    t.deepEqual([...out.sent], [3]);
    out.changePolicy(by(many));
    clock.runUntilIdle();
    t.deepEqual([...out.sent], [2]);
    t.is(unfit.length, 2);
  });

for (const count of [100, 1000, 16_000])
  test(`${count} communities that come, and ${count} that an import policy adds, are all there`, async (t) => {
    const fabric = new Fabric();
    const communities = (from: number) => Array.from({ length: count }, (_, n) => from + n);
    const adding = (from: number) =>
      policy(
        'accept',
        rule('all', {}, 'accept', { addCommunities: communities(from), localPreference: 7, prepend: [9] }),
      );
    const [here, there] = await fabric.pair(
      { importPolicy: new ImportPolicy(adding(count)) },
      { exportPolicy: new ExportPolicy(adding(0)) },
    );
    there.localRib.originate(macRoute(1), ALL);
    fabric.clock.advance(1000);
    const { attributes } = held(here)[key(1)];
    t.deepEqual(attributes.communities, [...communities(0), ...communities(count)]);
    t.deepEqual(attributes.asPath, [{ type: 2, asns: [9, 65002, 9] }]);
    t.deepEqual(attributes.extendedCommunities, ALL.extendedCommunities);
    t.is(attributes.localPref, 7);
    t.deepEqual(fabric.errors, []);
  });

test('routes of our own site come back rejected, before all rules', async (t) => {
  const fabric = new Fabric();
  const site = 0x0003_fde8_0000_0001n;
  const everything = policy('accept');
  const [here, there] = await fabric.pair(
    { importPolicy: new ImportPolicy(policy('accept', rule('all', {})), site) },
    { exportPolicy: new ExportPolicy(everything, site) },
  );
  there.localRib.originate(macRoute(1), ALL);
  fabric.clock.advance(1000);
  t.is(held(here)[key(1)].chosen, false);
  t.is(held(here)[key(1)].attributes.verdict?.rule, 'site-of-origin');
});

test('LOCAL_PREF and what is prepended within our AS', async (t) => {
  const fabric = new Fabric();
  const exportPolicy = new ExportPolicy(
    policy('accept', rule('all', {}, 'accept', { localPreference: 300, prepend: [64999] })),
  );
  const [here, there] = await fabric.pair({}, { exportPolicy }, [65001, 65001]);
  there.localRib.originate(macRoute(1), ALL);
  fabric.clock.advance(1000);
  t.like(held(here)[key(1)].attributes, { localPref: 300, asPathLength: 1, neighborAs: 64999 });
});
