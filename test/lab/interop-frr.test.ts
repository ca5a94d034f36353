import test from 'ava';
import { setUpFrr10, waitFor } from '../../lab/index.js';
import { hearsLate } from './support/advertisement-interval.js';
import { keepsOverRestart } from './support/frr-restart.js';
import { hardResets } from './support/hard-resets.js';
import { longOpens } from './support/long-opens.js';
import {
  LOOPBACK,
  manyCommunities,
  neighbor,
  OUR_AS,
  PeerFabric,
  session,
  THEIR_AS,
} from './support/peer-fabric.js';

/*
 * evpnd's sessions and unicast routes with FRR, as Debian 12 and Debian 13 have it: one bgpd, to which each session shows other
 * settings.
 */
let peer: PeerFabric;

const [PLAIN, SIX, SLOW, LIMITED, SECURE, RANGED, RELATED] = [1, 2, 3, 4, 5, 6, 7].map(session);
/** We have another AS for it. */
const OTHER_AS = { ...RELATED, asn: 65099 };
const KEY = 'for-frr';
const [LONG, MANY] = ['10.51.44.0/24', manyCommunities(1)];
/** For a machine that is busy with other tests. */
const SLOW_BFD = { interval: 1000, multiplier: 10 };
const [V4, V6] = [{ families: ['ipv4-unicast'] }, { families: ['ipv6-unicast'] }];
const COUNT = 300;

const prefixes = (of: (n: number) => string) => Array.from({ length: COUNT }, (_, n) => of(n + 1)).sort();
const four = (first: number) => prefixes((n) => `10.${first + (n >> 8)}.${n & 255}.0/24`);
const six = (site: string) => prefixes((n) => `2001:db8:${site}${n.toString(16).padStart(3, '0')}::/48`);
const [THEIR_FOUR, THEIR_SIX, OUR_FOUR, OUR_SIX] = [four(100), six('7'), four(50), six('1')];
const lines = (indent: string, words: readonly string[]) =>
  words.map((each) => `${indent}${each}\n`).join('');

/** Those with whom FRR has a session while a test wants one. */
const OF_ONE_TEST = [SECURE.ours, RANGED.ours, OTHER_AS.ours, LOOPBACK.ours];
const NEIGHBORS = [PLAIN.ours, SIX.ours6, SLOW.ours, LIMITED.ours, ...OF_ONE_TEST];
/** What FRR tells the session by which we are another AS: a route that our own AS is in, and one with communities. */
const LOOPED = '203.0.114.0/24';
const MARKED = '203.0.113.0/24';
const CONFIG = `ip prefix-list looped permit ${LOOPED}
ip prefix-list marked permit ${MARKED}
route-map chosen permit 1
 match ip address prefix-list looped
 set as-path prepend ${OUR_AS}
exit
route-map chosen permit 2
 match ip address prefix-list marked
 set community 65000:7
 set large-community 65000:1:7
exit
route-map plain deny 1
 match ip address prefix-list looped
exit
route-map plain deny 2
 match ip address prefix-list marked
exit
route-map plain permit 3
exit
router bgp ${THEIR_AS}
 bgp router-id ${LOOPBACK.theirs}
 bgp log-neighbor-changes
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 bgp graceful-restart
 bgp graceful-restart preserve-fw-state
 bgp graceful-restart select-defer-time 5
${lines(
  ' ',
  NEIGHBORS.flatMap((address) => [
    `neighbor ${address} remote-as ${address === OTHER_AS.ours ? OTHER_AS.asn : OUR_AS}`,
    `neighbor ${address} timers 3 9`,
    `neighbor ${address} timers connect 1`,
    `neighbor ${address} advertisement-interval 0`,
  ]),
)}${lines(' ', [
  `neighbor ${SECURE.ours} password ${KEY}`,
  `neighbor ${SECURE.ours} ttl-security hops 1`,
  `neighbor ${OTHER_AS.ours} bfd ${SLOW_BFD.multiplier} ${SLOW_BFD.interval} ${SLOW_BFD.interval}`,
  `neighbor ${OTHER_AS.ours} update-source ${OTHER_AS.theirs}`,
  `neighbor ${LOOPBACK.ours} ebgp-multihop 8`,
  `neighbor ${LOOPBACK.ours} update-source ${LOOPBACK.theirs}`,
  ...OF_ONE_TEST.map((address) => `neighbor ${address} shutdown`),
])} address-family ipv4 unicast
${lines('  ', [
  ...[...THEIR_FOUR, LOOPED, MARKED].map((prefix) => `network ${prefix}`),
  ...[PLAIN, SLOW, LIMITED, SECURE, RANGED, OTHER_AS].map(({ ours }) => `neighbor ${ours} activate`),
  `neighbor ${LOOPBACK.ours} activate`,
  ...[PLAIN, SLOW, LIMITED, SECURE, RANGED, LOOPBACK].map(
    ({ ours }) => `neighbor ${ours} route-map plain out`,
  ),
  `neighbor ${OTHER_AS.ours} route-map chosen out`,
  `neighbor ${LIMITED.ours} maximum-prefix 1`,
])} exit-address-family
 address-family ipv6 unicast
${lines('  ', [...THEIR_SIX.map((prefix) => `network ${prefix}`), `neighbor ${SIX.ours6} activate`])} exit-address-family
`;

const underlay = (...networks: string[]) => ({
  underlay: { enabled: true, networks: [...OUR_FOUR, ...OUR_SIX, ...networks] },
});
const COMMON = [
  neighbor(PLAIN.theirs, { ...V4, 'hold-time': 30, 'keepalive-time': 10 }),
  neighbor(SIX.theirs6, { ...V6, 'hold-time': 6, 'keepalive-time': 2 }),
];

const vtysh = (...commands: string[]) => peer.fabric.vtysh('spine1', ...commands);
const configure = (...commands: string[]) =>
  vtysh('configure terminal', `router bgp ${THEIR_AS}`, ...commands);

const LONG_LIVED = ' bgp graceful-restart restart-time 2\n bgp long-lived-graceful-restart stale-time 600\n';
const startFrr = (version: 8 | 10) =>
  peer.fabric.startFrr(
    'spine1',
    version === 8 ? CONFIG : CONFIG.replace(' bgp graceful-restart\n', `$&${LONG_LIVED}`),
    version,
  );

/** FRR has sessions with these of those that it has for one test. */
const serve = (...addresses: readonly string[]) =>
  configure(
    ...OF_ONE_TEST.map((each) => `${addresses.includes(each) ? 'no ' : ''}neighbor ${each} shutdown`),
  );

/** What FRR has of a neighbor's routes, by prefix: their next hops. */
async function heard(address: string, family = 'ipv4'): Promise<ReadonlyMap<string, readonly string[]>> {
  const { routes = {} } = JSON.parse(
    await vtysh(`show bgp ${family} unicast neighbors ${address} routes json`),
  ) as { routes?: Record<string, { nexthops?: { ip: string }[] }[]> };
  return new Map(
    Object.entries(routes).map(([prefix, [{ nexthops = [] }]]) => [prefix, nexthops.map(({ ip }) => ip)]),
  );
}

const holdTime = async (address: string) =>
  (
    JSON.parse(await vtysh(`show bgp neighbors ${address} json`)) as Record<
      string,
      { bgpTimerHoldTimeMsecs: number }
    >
  )[address].bgpTimerHoldTimeMsecs;

/** Waits until the leaf's kernel has these routes and no other. */
const installed = (family: '-4' | '-6', expected: readonly string[]) =>
  waitFor(async () => (await peer.installed(family)).join() === expected.join(), {
    what: `${expected.length} routes of ip ${family}`,
    timeout: 30_000,
  });

const toldAll = async () => {
  await waitFor(
    async () => (await heard(PLAIN.ours)).size === COUNT && (await heard(SIX.ours6, 'ipv6')).size === COUNT,
    { what: 'our routes', timeout: 30_000 },
  );
};

test.before(async () => {
  await setUpFrr10();
  peer = await PeerFabric.create(7);
  await peer.restart({ neighbors: COMMON, ...underlay() });
});
test.after.always(async (t) => {
  if (!t.passed) t.log(peer?.logs());
  await peer?.remove();
});

for (const version of [8, 10] as const) {
  const FRR = `FRR ${version}`;

  test.serial(
    `${FRR}: hundreds of IPv4 and IPv6 prefixes both ways, each by its end; the shorter hold time`,
    async (t) => {
      await peer.reload({ neighbors: COMMON, ...underlay() });
      await startFrr(version);
      await peer.established(PLAIN.theirs, SIX.theirs6);
      await installed('-4', THEIR_FOUR);
      await installed('-6', THEIR_SIX);
      t.is((await peer.route('10.100.7.1'))?.paths[0].nextHop, PLAIN.theirs);
      t.is((await peer.route('2001:db8:7007::1'))?.paths[0].nextHop, SIX.theirs6);
      await toldAll();
      for (const [session, family, prefixes] of [
        [PLAIN.ours, 'ipv4', OUR_FOUR],
        [SIX.ours6, 'ipv6', OUR_SIX],
      ] as const) {
        const routes = await heard(session, family);
        t.deepEqual([...routes.keys()].sort(), prefixes);
        for (const [prefix, nextHops] of routes)
          t.true(nextHops.includes(session), `${prefix} by ${nextHops}`);
      }
      t.is((await peer.status(PLAIN.theirs)).holdTimeSeconds, 9);
      t.is(await holdTime(PLAIN.ours), 9000);
      t.is((await peer.status(SIX.theirs6)).holdTimeSeconds, 6);
      t.is(await holdTime(SIX.ours6), 6000);
    },
  );

  test.serial(`${FRR}: soft resets, ours and its own, cost no session`, async (t) => {
    const { flaps } = await peer.status(PLAIN.theirs);
    const counts = async () => (await peer.status(PLAIN.theirs)).messages;
    const softly = async (what: 'sent' | 'received', act: () => Promise<unknown>) => {
      const before = await counts();
      await act();
      await waitFor(async () => (await counts())[what].update > before[what].update, { what: 'the routes' });
    };
    await softly('received', () => peer.command(PLAIN.theirs, 'clear?soft=in'));
    await softly('sent', () => peer.command(PLAIN.theirs, 'clear?soft=out'));
    await softly('received', () => vtysh(`clear bgp ipv4 unicast ${PLAIN.ours} soft out`));
    await softly('sent', () => vtysh(`clear bgp ipv4 unicast ${PLAIN.ours} soft in`));
    t.is((await peer.status(PLAIN.theirs)).flaps, flaps);
    await installed('-4', THEIR_FOUR);
    await toldAll();
  });

  test.serial(
    `${FRR}: advertisement-interval: one session hears a change at once, the other with its next`,
    async (t) => {
      const neighbors = [...COMMON, neighbor(SLOW.theirs, { ...V4, 'advertisement-interval': 600 })];
      await hearsLate(
        t,
        peer,
        { near: PLAIN.theirs, slow: SLOW.theirs },
        (...networks) => peer.reload({ neighbors, ...underlay(...networks) }),
        async (session, prefix) => (await heard((session === 'near' ? PLAIN : SLOW).ours)).has(prefix),
      );
      await peer.reload({ neighbors: COMMON, ...underlay() });
    },
  );

  test.serial(`${FRR}: shutdown with words, of FRR here and of ours there`, async (t) => {
    await configure(`neighbor ${PLAIN.ours} shutdown message cable swap in rack 7`);
    await waitFor(
      async () =>
        /Administrative Shutdown.*cable swap in rack 7/.test(
          (await peer.status(PLAIN.theirs)).lastError?.text ?? '',
        ),
      { what: 'its words' },
    );
    await installed('-4', []);
    await configure(`no neighbor ${PLAIN.ours} shutdown`);
    await peer.established(PLAIN.theirs);
    await peer.command(PLAIN.theirs, 'shutdown?message=new%20optics');
    await waitFor(() => /Administrative Shutdown.*new optics/.test(peer.fabric.frr('spine1').said()), {
      what: 'our words in its log',
    });
    await peer.fabric.evpnd('leaf1').delete(`/api/v1/neighbors/${PLAIN.theirs}/shutdown`);
    await peer.established(PLAIN.theirs);
    await installed('-4', THEIR_FOUR);
    t.pass();
  });

  test.serial(
    `${FRR}: TCP MD5 with GTSM; update-source over a router; a listen range; enhanced refresh`,
    async (t) => {
      await serve(SECURE.ours, RANGED.ours, LOOPBACK.ours);
      const secure = neighbor(SECURE.theirs, {
        ...V4,
        'password-file': peer.write('key', `${KEY}\n`, 0o600),
        'ttl-security': 1,
        'enhanced-refresh': true,
      });
      const settings = {
        ...underlay(),
        neighbors: [
          ...COMMON,
          secure,
          neighbor(LOOPBACK.theirs, { ...V4, 'update-source': 'lo', 'ebgp-multihop': 8 }),
        ],
        'listen-ranges': [{ prefix: '10.70.6.0/24', 'remote-as': 'external', ...V4, 'hold-time': 30 }],
      };
      await peer.reload(settings);
      await peer.established(SECURE.theirs, LOOPBACK.theirs);
      await waitFor(async () => (await peer.status(RANGED.theirs)).established, { what: 'FRR of the range' });
      t.like(await peer.status(RANGED.theirs), { listenRange: '10.70.6.0/24', holdTimeSeconds: 9 });
      t.like(await peer.status(LOOPBACK.theirs), { localAddress: LOOPBACK.ours });
      t.like(await peer.status(SECURE.theirs), { md5: true, ttlSecurityHops: 1 });
      t.regex(await vtysh(`show bgp neighbors ${SECURE.ours}`), /Peer Authentication Enabled/);

      // Each asks the other, and is told where what it asked for begins and ends; what both have stays
      const { flaps } = await peer.status(SECURE.theirs);
      const markers = async () => (await peer.status(SECURE.theirs)).messages;
      const marked = async (way: 'sent' | 'received', ask: () => Promise<unknown>) => {
        const { routeRefresh } = (await markers())[way];
        await ask();
        await waitFor(async () => (await markers())[way].routeRefresh >= routeRefresh + 2, { what: way });
      };
      await marked('received', () => peer.command(SECURE.theirs, 'clear?soft=in'));
      await marked('sent', () => vtysh(`clear bgp ipv4 unicast ${SECURE.ours} soft in`));
      await waitFor(async () => (await heard(SECURE.ours)).size === COUNT, { what: 'our routes' });
      t.like(await peer.status(SECURE.theirs), { flaps, established: true });
      t.is((await peer.status(SECURE.theirs)).families[0].received, COUNT);

      await peer.reload({ neighbors: COMMON, ...underlay(), 'listen-ranges': [] });
      await serve();
    },
  );

  test.serial(`${FRR}: local-as with allowas-in, communities both ways, and a maximum of ours`, async (t) => {
    const related = (more: object) => ({
      neighbors: [
        ...COMMON,
        neighbor(OTHER_AS.theirs, {
          ...V4,
          'local-as': OTHER_AS.asn,
          'export-policy': 'out',
          bfd: SLOW_BFD,
          ...more,
        }),
      ],
      policies: [
        {
          name: 'out',
          rules: [
            { name: 'not-all', match: { prefixes: ['10.50.0.0/16 le 32'] }, action: 'reject' },
            { name: 'long', match: { prefixes: [LONG] }, action: 'next', set: { 'add-communities': MANY } },
            {
              name: 'mark',
              match: {},
              set: { med: 77, 'add-communities': ['65001:100'], 'add-large-communities': ['65001:1:100'] },
            },
          ],
        },
        {
          name: 'in',
          rules: [{ name: 'no-lab', match: { 'large-communities': ['65000:1:7'] }, action: 'reject' }],
          otherwise: 'accept',
        },
      ],
      ...underlay(),
    });
    const unicast = async () => (await peer.status(OTHER_AS.theirs)).families[0];
    const has = async (prefix: string) => (await peer.installed()).includes(prefix);
    await serve(OTHER_AS.ours);
    await peer.reload(related({}));
    await peer.established(OTHER_AS.theirs);
    await waitFor(() => has(MARKED), { what: 'the route with communities' });
    await waitFor(async () => (await peer.status(OTHER_AS.theirs)).bfd?.state === 'Up', { what: 'BFD' });
    const { flaps } = await peer.status(OTHER_AS.theirs);
    t.like((await peer.route('203.0.113.1'))?.paths[0], {
      communities: ['65000:7'],
      largeCommunities: ['65000:1:7'],
    });
    t.true((await unicast()).refused.some(({ reason }) => reason === 'as-path-loop'));
    t.false(await has(LOOPED));
    const ours = await heard(OTHER_AS.ours);
    t.is(ours.size, COUNT - OUR_FOUR.filter((prefix) => prefix.startsWith('10.50.')).length);
    const [prefix] = ours.keys();
    const shown = await vtysh(`show bgp ipv4 unicast ${prefix}`);
    for (const part of [/metric 77/, /Community: 65001:100/, /Large Community: 65001:1:100/])
      t.regex(shown, part);
    t.regex(shown, new RegExp(`^ +${OTHER_AS.asn}$`, 'm'));
    const long = new Set((await vtysh(`show bgp ipv4 unicast ${LONG}`)).split(/\s+/));
    t.true(MANY.every((community) => long.has(community)));

    await peer.reload(related({ 'allowas-in': 1, 'import-policy': 'in' }));
    await waitFor(() => has(LOOPED), { what: 'the route with our AS' });
    await waitFor(async () => !(await has(MARKED)), { what: 'no route' });
    t.is((await peer.route('203.0.113.1'))?.unused, 'import-policy');
    t.is((await peer.status(OTHER_AS.theirs)).flaps, flaps);

    await peer.reload(
      related({ 'allowas-in': 1, 'max-family-routes': { 'ipv4-unicast': 1 }, 'on-limit': 'stop' }),
    );
    await waitFor(async () => (await peer.status(OTHER_AS.theirs)).shutdown?.by === 'limit', {
      what: 'the end',
    });
    await waitFor(() => /Cease\/Maximum Number of Prefixes Reached/i.test(peer.fabric.frr('spine1').said()), {
      what: 'Cease in its log',
    });
    await peer.reload({ neighbors: COMMON, policies: [], ...underlay() });
    await serve();
  });

  test.serial(`${FRR}: its maximum-prefix ends the session, until it takes more`, async (t) => {
    await peer.reload({ neighbors: [...COMMON, neighbor(LIMITED.theirs, V4)], ...underlay() });
    await waitFor(
      async () => /Maximum Prefixes Reached/.test((await peer.status(LIMITED.theirs)).lastError?.text ?? ''),
      { what: 'its limit' },
    );
    t.false((await peer.status(LIMITED.theirs)).established);
    await configure('address-family ipv4 unicast', `no neighbor ${LIMITED.ours} maximum-prefix`);
    await vtysh(`clear bgp ipv4 unicast ${LIMITED.ours}`);
    await peer.command(LIMITED.theirs, 'clear');
    await peer.established(LIMITED.theirs);
    await waitFor(async () => (await heard(LIMITED.ours)).size === COUNT, { what: 'our routes' });
    await peer.reload({ neighbors: COMMON, ...underlay() });
    t.true((await peer.status(PLAIN.theirs)).established);
  });

  if (version === 10) {
    test.serial(`${FRR}: OPENs in the long form, of ours and of its own (RFC 9072)`, async (t) => {
      await serve(RANGED.ours);
      const setting = `neighbor ${RANGED.ours} extended-optional-parameters`;
      await longOpens(t, peer, RANGED.theirs, () => configure(setting));
    });

    test.serial(`${FRR}: a soft Cease keeps its routes, Hard Resets remove them`, (t) =>
      hardResets(t, peer, PLAIN.theirs, {
        clear: () => vtysh(`clear bgp ipv4 unicast ${PLAIN.ours}`),
        soften: () => configure('no bgp hard-administrative-reset'),
        whole: () => installed('-4', THEIR_FOUR),
      }),
    );
  }

  test.serial(`${FRR}: it restarts, and no route of both families goes meanwhile`, async (t) => {
    // With FRR 10 for longer than its restart time (RFC 9494)
    const isLong = version === 10;
    const kept = COMMON.map((one) => ({ ...one, 'long-lived-stale-time': isLong ? 300 : 0 }));
    await peer.reload({ neighbors: kept, ...underlay() });
    await peer.established(PLAIN.theirs, SIX.theirs6);
    await installed('-4', THEIR_FOUR);
    await installed('-6', THEIR_SIX);
    await keepsOverRestart(t, peer, {
      sessions: [PLAIN.theirs, SIX.theirs6],
      prefixes: { '-4': THEIR_FOUR, '-6': THEIR_SIX },
      isLong,
      start: () => startFrr(version),
    });
    await installed('-4', THEIR_FOUR);
    await installed('-6', THEIR_SIX);
    await toldAll();
    await peer.fabric.frr('spine1').stop();
  });
}
