import test from 'ava';
import { waitFor } from '../../lab/index.js';
import { hearsLate } from './support/advertisement-interval.js';
import { LOOPBACK, neighbor, OUR_AS, PeerFabric, session, THEIR_AS } from './support/peer-fabric.js';

/*
 * evpnd's sessions and unicast routes with GoBGP: one gobgpd, to which each session shows other settings.
 */
let peer: PeerFabric;

const PLAIN = session(1);
const SIX = session(2);
const SECURE = session(3);
const OTHER_AS = { ...session(4), asn: 65099 };
const RANGED = session(5);
const DYNAMIC = session(6);
const LIMITED = session(7);
const KEY = 'for-gobgp';

interface Side {
  readonly address: string;
  readonly local: string;
  readonly families: readonly string[];
  readonly asn?: number;
  readonly more?: string;
  readonly ofFamily?: string;
}

const timers = (hold = 9) => `connect-retry = 1
    idle-hold-time-after-reset = 1
    hold-time = ${hold}
    keepalive-interval = ${hold / 3}`;

const side = ({ address, local, families, asn = OUR_AS, more = '', ofFamily = '' }: Side) => `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = ${asn}
    ${more.startsWith('[') ? '' : more}
  [neighbors.transport.config]
    local-address = "${local}"
  [neighbors.timers.config]
    ${timers(address === RANGED.ours ? 6 : 9)}
  ${more.startsWith('[') ? more : ''}
${families.map((family) => `  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n      afi-safi-name = "${family}"\n${ofFamily}`).join('')}`;

const V4 = ['ipv4-unicast'];
const CONFIG = `
[global.config]
  as = ${THEIR_AS}
  router-id = "${LOOPBACK.theirs}"
${[
  side({ address: PLAIN.ours, local: PLAIN.theirs, families: ['ipv4-unicast', 'l2vpn-evpn'] }),
  side({ address: SIX.ours6, local: SIX.theirs6, families: ['ipv6-unicast'] }),
  side({
    address: SECURE.ours,
    local: SECURE.theirs,
    families: V4,
    more: `[neighbors.ttl-security.config]\n    enabled = true\n    ttl-min = 255`,
  }).replace('peer-as', `auth-password = "${KEY}"\n    peer-as`),
  side({ address: OTHER_AS.ours, local: OTHER_AS.theirs, families: V4, asn: OTHER_AS.asn }),
  side({ address: RANGED.ours, local: RANGED.theirs, families: V4 }),
  side({
    address: LOOPBACK.ours,
    local: LOOPBACK.theirs,
    families: V4,
    more: '[neighbors.ebgp-multihop.config]\n    enabled = true\n    multihop-ttl = 64',
  }),
  side({
    address: LIMITED.ours,
    local: LIMITED.theirs,
    families: V4,
    ofFamily:
      '    [neighbors.afi-safis.prefix-limit.config]\n      max-prefixes = 1\n      restart-timer = 1\n',
  }),
].join('')}
[[peer-groups]]
  [peer-groups.config]
    peer-group-name = "leaves"
    peer-as = ${OUR_AS}
  [peer-groups.timers.config]
    ${timers()}
  [[peer-groups.afi-safis]]
    [peer-groups.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
[[dynamic-neighbors]]
  [dynamic-neighbors.config]
    prefix = "10.70.6.0/24"
    peer-group = "leaves"
`;

const gobgp = (...words: string[]) => peer.there('gobgp', ...words);

/** What GoBGP has of a neighbor's routes, by prefix: the attributes as it prints them. */
async function heard(address: string, family = 'ipv4'): Promise<Record<string, string>> {
  const table = JSON.parse(
    (await gobgp('-j', 'neighbor', address, 'adj-in', '-a', family)) || '{}',
  ) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(table).map(([prefix, paths]) => [prefix, JSON.stringify(paths)]));
}

interface Neighbor {
  state: { session_state?: number | string; messages?: { received?: Record<string, number> } };
  timers: { state: { negotiated_hold_time?: number } };
}
const theirs = async (address: string) => JSON.parse(await gobgp('-j', 'neighbor', address)) as Neighbor;

const announce = (prefix: string, ...words: string[]) =>
  gobgp('global', 'rib', 'add', prefix, ...words, ...(prefix.includes(':') ? ['-a', 'ipv6'] : []));

const NETWORKS = ['192.0.2.0/24', '198.18.0.0/15', '2001:db8:1::/48'];
const UNDERLAY = { enabled: true, networks: NETWORKS };
const FAMILIES = { families: V4 };
const COMMON = [
  neighbor(PLAIN.theirs, { families: ['l2vpn-evpn', 'ipv4-unicast'] }),
  neighbor(SIX.theirs6, { families: ['ipv6-unicast'] }),
];

test.before(async () => {
  peer = await PeerFabric.create(7);
  const daemon = await peer.start('gobgpd', [
    'gobgpd',
    '-f',
    peer.write('gobgpd.toml', CONFIG),
    '--api-hosts',
    '127.0.0.1:50051',
    '--pprof-disable',
  ]);
  await waitFor(
    async () => {
      daemon.mustRun();
      return gobgp('neighbor');
    },
    { what: 'answer of gobgpd' },
  );
  await announce('203.0.113.0/24', 'community', '65000:7', 'large-community', '65000:1:7');
  await announce('2001:db8:7::/48');
  await peer.restart({ neighbors: COMMON, underlay: UNDERLAY });
});
test.after.always(async (t) => {
  if (!t.passed) t.log(peer?.logs());
  await peer?.remove();
});

test.serial('IPv4 and IPv6 unicast both ways: what each says leads to its end of the session', async (t) => {
  await peer.established(PLAIN.theirs, SIX.theirs6);
  await waitFor(async () => (await peer.installed()).includes('203.0.113.0/24'), { what: 'the IPv4 route' });
  await waitFor(async () => (await peer.installed('-6')).includes('2001:db8:7::/48'), {
    what: 'the IPv6 route',
  });
  t.like((await peer.route('203.0.113.1'))?.paths[0], { nextHop: PLAIN.theirs, communities: ['65000:7'] });
  t.is((await peer.route('2001:db8:7::1'))?.paths[0].nextHop, SIX.theirs6);
  const four = await heard(PLAIN.ours);
  t.deepEqual(Object.keys(four).sort(), ['192.0.2.0/24', '198.18.0.0/15']);
  for (const text of Object.values(four)) t.true(text.includes(`"nexthop":"${PLAIN.ours}"`), text);
  const six = await heard(SIX.ours6, 'ipv6');
  t.deepEqual(Object.keys(six), ['2001:db8:1::/48']);
  t.true(six['2001:db8:1::/48'].includes(`"nexthop":"${SIX.ours6}"`));
});

test.serial(
  "what an export policy makes of routes is what GoBGP has; an import policy takes GoBGP's",
  async (t) => {
    const [plain] = COMMON;
    await peer.reload({
      underlay: UNDERLAY,
      policies: [
        {
          name: 'out',
          rules: [
            { name: 'not-this', match: { prefixes: ['198.18.0.0/15'] }, action: 'reject' },
            {
              name: 'mark',
              match: {},
              set: {
                med: 77,
                'add-communities': ['65001:100', '65001:200'],
                'add-large-communities': ['65001:1:100'],
                prepend: [OUR_AS],
              },
            },
          ],
        },
        {
          name: 'in',
          rules: [{ name: 'no-lab', match: { 'large-communities': ['65000:1:7'] }, action: 'reject' }],
          otherwise: 'accept',
        },
      ],
      neighbors: [{ ...plain, 'export-policy': 'out', 'import-policy': 'in' }, COMMON[1]],
    });
    await waitFor(async () => Object.keys(await heard(PLAIN.ours)).length === 1, { what: 'one route' });
    const [text] = Object.values(await heard(PLAIN.ours));
    const communities = [65001 * 65536 + 100, 65001 * 65536 + 200];
    for (const part of [
      `"communities":[${communities}]`,
      '{"ASN":65001,"LocalData1":1,"LocalData2":100}',
      '"metric":77',
      `"asns":[${OUR_AS},${OUR_AS}]`,
    ])
      t.true(text.includes(part), `${part} in ${text}`);
    await waitFor(async () => !(await peer.installed()).includes('203.0.113.0/24'), { what: 'no route' });
    t.is((await peer.route('203.0.113.1'))?.unused, 'import-policy');
    await peer.reload({ underlay: UNDERLAY, neighbors: COMMON });
    await waitFor(async () => Object.keys(await heard(PLAIN.ours)).length === 2, { what: 'both routes' });
    await waitFor(async () => (await peer.installed()).includes('203.0.113.0/24'), { what: 'the route' });
    t.is((await peer.status(PLAIN.theirs)).flaps, 0);
  },
);

test.serial(
  'soft resets of either side cost no session; GoBGP asks for nothing, since it keeps what it has heard',
  async (t) => {
    const counts = async () => (await peer.status(PLAIN.theirs)).messages;
    let before = await counts();
    await gobgp('neighbor', PLAIN.ours, 'softresetout');
    await waitFor(async () => (await counts()).received.update > before.received.update, {
      what: 'its routes again',
    });
    before = await counts();
    await peer.command(PLAIN.theirs, 'clear?soft=in');
    await waitFor(async () => (await counts()).received.update > before.received.update, {
      what: 'its routes, asked for',
    });
    before = await counts();
    await peer.command(PLAIN.theirs, 'clear?soft=out');
    await waitFor(async () => (await counts()).sent.update > before.sent.update, { what: 'our routes' });
    t.is((await peer.status(PLAIN.theirs)).flaps, 0);
    t.deepEqual(Object.keys(await heard(PLAIN.ours)).length, 2);
    t.true((await peer.installed()).includes('203.0.113.0/24'));
  },
);

test.serial(
  'advertisement-interval: one session hears a change at once, the other with its next',
  async (t) => {
    const slow = { 'update-source': 'lo', 'ebgp-multihop': 8, 'advertisement-interval': 600 };
    const neighbors = [...COMMON, neighbor(LOOPBACK.theirs, { ...FAMILIES, ...slow })];
    await hearsLate(
      t,
      peer,
      { near: PLAIN.theirs, slow: LOOPBACK.theirs },
      (...networks) =>
        peer.reload({ underlay: { ...UNDERLAY, networks: [...NETWORKS, ...networks] }, neighbors }),
      async (session, prefix) => prefix in (await heard((session === 'near' ? PLAIN : LOOPBACK).ours)),
    );
    await peer.reload({ underlay: UNDERLAY, neighbors: COMMON });
  },
);

test.serial('shutdown with words: of GoBGP here, of ours there', async (t) => {
  await gobgp('neighbor', PLAIN.ours, 'shutdown', '--reason', 'cable swap');
  await waitFor(
    async () =>
      /Administrative Shutdown.*cable swap/.test((await peer.status(PLAIN.theirs)).lastError?.text ?? ''),
    { what: 'its words' },
  ).catch(async (error: Error) => {
    throw new Error(`${error.message} ${JSON.stringify(await peer.status(PLAIN.theirs))}`);
  });
  await gobgp('neighbor', PLAIN.ours, 'enable');
  await peer.established(PLAIN.theirs);
  await peer.command(PLAIN.theirs, 'shutdown?message=new%20optics');
  await waitFor(async () => /new optics/.test(peer.said()), { what: 'our words in its log' });
  await peer.fabric.evpnd('leaf1').delete(`/api/v1/neighbors/${PLAIN.theirs}/shutdown`);
  await peer.established(PLAIN.theirs);
  t.pass();
});

test.serial(
  "TCP MD5 with GTSM; local-as with allowas-in; update-source over a router; a listen range; one of GoBGP's",
  async (t) => {
    const key = peer.write('key', `${KEY}\n`, 0o600);
    await announce('203.0.114.0/24', 'aspath', String(OUR_AS));
    const others = (allowed: number) => [
      neighbor(SECURE.theirs, { ...FAMILIES, 'password-file': key, 'ttl-security': 1 }),
      neighbor(OTHER_AS.theirs, { ...FAMILIES, 'local-as': OTHER_AS.asn, 'allowas-in': allowed }),
      neighbor(LOOPBACK.theirs, { ...FAMILIES, 'update-source': 'lo', 'ebgp-multihop': 8 }),
      neighbor(DYNAMIC.theirs, FAMILIES),
    ];
    const range = {
      prefix: '10.70.5.0/24',
      'remote-as': 'external',
      ...FAMILIES,
      'hold-time': 30,
      'keepalive-time': 2,
    };
    await peer.reload({
      underlay: UNDERLAY,
      neighbors: [...COMMON, ...others(0)],
      'listen-ranges': [range],
    });
    await peer.established(SECURE.theirs, OTHER_AS.theirs, LOOPBACK.theirs, DYNAMIC.theirs);
    await waitFor(async () => (await peer.status(RANGED.theirs)).established, {
      what: 'GoBGP from the range',
    });
    t.like(await peer.status(SECURE.theirs), { md5: true, ttlSecurityHops: 1 });
    t.like(await peer.status(OTHER_AS.theirs), { localAs: OTHER_AS.asn });
    t.like(await peer.status(LOOPBACK.theirs), { localAddress: LOOPBACK.ours });
    t.like(await peer.status(RANGED.theirs), { listenRange: '10.70.5.0/24', holdTimeSeconds: 6 });
    t.is((await theirs(RANGED.ours)).timers.state.negotiated_hold_time, 6);

    const [text] = Object.values(await heard(OTHER_AS.ours));
    t.true(text.includes(`"asns":[${OTHER_AS.asn}]`), text);
    const loops = async () =>
      (await peer.status(OTHER_AS.theirs)).families[0].refused.some(
        ({ reason }) => reason === 'as-path-loop',
      );
    await waitFor(loops, { what: 'a loop' });
    t.is(await peer.route('203.0.114.1'), undefined);
    await peer.reload({ underlay: UNDERLAY, neighbors: [...COMMON, ...others(1)], 'listen-ranges': [range] });
    await waitFor(async () => (await peer.installed()).includes('203.0.114.0/24'), {
      what: 'the route with our AS',
    });
    t.is((await peer.status(OTHER_AS.theirs)).flaps, 0);

    // Another key, and none
    for (const settings of [{ 'password-file': peer.write('other', 'other\n', 0o600) }, {}]) {
      const { flaps } = await peer.status(SECURE.theirs);
      await peer.reload({
        underlay: UNDERLAY,
        neighbors: [...COMMON, neighbor(SECURE.theirs, { ...FAMILIES, 'ttl-security': 1, ...settings })],
        'listen-ranges': [],
      });
      await waitFor(
        async () => {
          const { established, lastFailedAttempt } = await peer.status(SECURE.theirs);
          return !established && lastFailedAttempt !== null;
        },
        { what: 'no session', timeout: 30_000 },
      );
      t.true((await peer.status(SECURE.theirs)).flaps >= flaps);
    }
    await peer.reload({ underlay: UNDERLAY, neighbors: [...COMMON, ...others(0)] });
    await peer.established(SECURE.theirs);
  },
);

test.serial(
  "maximum prefixes: of ours GoBGP hears Cease; of GoBGP's the limit is told and mended",
  async (t) => {
    const limited = (settings: object) => [
      ...COMMON,
      neighbor(OTHER_AS.theirs, { ...FAMILIES, 'local-as': OTHER_AS.asn, ...settings }),
    ];
    await announce('203.0.115.0/24');
    for (const onLimit of ['warn', 'stop'] as const) {
      await peer.reload({
        underlay: UNDERLAY,
        neighbors: limited({ 'max-family-routes': { 'ipv4-unicast': 1 }, 'on-limit': onLimit }),
      });
      if (onLimit === 'warn') {
        await peer.established(OTHER_AS.theirs);
        await waitFor(async () => (await peer.status(OTHER_AS.theirs)).limits.level === 'over', {
          what: 'the level',
        });
        const { body } = await peer.fabric.restApi<{ problems: { problem: string }[] }>(
          'leaf1',
          '/api/v1/status',
        );
        t.true(body.problems.some(({ problem }) => problem.includes('max-family-routes is 1')));
        t.true((await peer.status(OTHER_AS.theirs)).established);
      } else {
        await waitFor(async () => (await peer.status(OTHER_AS.theirs)).shutdown?.by === 'limit', {
          what: 'the end',
        });
        t.like((await peer.status(OTHER_AS.theirs)).lastError, { direction: 'sent', code: 6, subcode: 1 });
        await waitFor(async () => /code 6\(cease\) subcode 1\(maximum/i.test(peer.said()), {
          what: 'Cease in its log',
        });
      }
    }
    await peer.reload({
      underlay: UNDERLAY,
      neighbors: limited({ 'max-family-routes': { 'ipv4-unicast': 9 } }),
    });
    await peer.established(OTHER_AS.theirs);

    await peer.reload({ underlay: UNDERLAY, neighbors: [...COMMON, neighbor(LIMITED.theirs, FAMILIES)] });
    await waitFor(
      async () => {
        const { lastError } = await peer.status(LIMITED.theirs);
        return lastError?.direction === 'received' && lastError.code === 6 && lastError.subcode === 1;
      },
      { what: "GoBGP's Cease" },
    );
    t.true((await peer.status(PLAIN.theirs)).established);
  },
);
