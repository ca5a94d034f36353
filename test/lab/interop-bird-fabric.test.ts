import test from 'ava';
import { type Daemon, waitFor } from '../../lab/index.js';
import { hearsLate } from './support/advertisement-interval.js';
import { LOOPBACK, neighbor, OUR_AS, PeerFabric, session, THEIR_AS } from './support/peer-fabric.js';

/*
 * evpnd with BIRD: sessions that each have other settings, BFD on the link and over a router, unicast routes, and a session without
 * an address on the link.
 */
let peer: PeerFabric;
let daemon: Daemon;
let start: (...more: string[]) => Promise<void>;

const PLAIN = session(1);
const SIX = session(2);
const NEAR = session(3);
const OTHER_AS = { ...session(4), asn: 65099 };
const RANGED = session(5);
const DYNAMIC = session(6);
const LIMITED = session(7);
const SLOW = session(8);
/** A next hop that BIRD reaches by another route, and we by none. */
const [FAR_PREFIX, FAR_NEXT_HOP] = ['203.0.116.0/24', '192.168.99.1'];
const [ours, theirs] = ['leaf1', 'spine1'] as const;

const device = (node: 'leaf1' | 'spine1') => {
  const [link] = peer.fabric.leaf(ours).links;
  return node === ours ? link.leafDevice : link.spineDevice;
};
async function linkLocal(node: 'leaf1' | 'spine1'): Promise<string> {
  const { stdout } = await peer.fabric.exec(node, 'ip', '-6', '-br', 'addr', 'show', 'dev', device(node));
  return /fe80::[0-9a-f:]+/.exec(stdout)?.[0] ?? '';
}

const protocol = (name: string, lines: readonly string[], channel = 'ipv4', more = '') => `
protocol bgp ${name} {
${lines.map((line) => `  ${line};`).join('\n')}
  connect delay time 1; connect retry time 1; error wait time 1, 1;
  ${channel} { import all; export filter told; ${more} };
}
`;
const ends = ({ ours: our, theirs: their }: { ours: string; theirs: string }, asn = OUR_AS) => [
  `local ${their} as ${THEIR_AS}`,
  `neighbor ${our} as ${asn}`,
];

const config = (linkLocals: { ours: string; theirs: string }) => `
router id ${LOOPBACK.theirs};
log stderr all;
graceful restart wait 5;
protocol device {}
protocol static static4 { ipv4; route 203.0.113.0/24 blackhole { bgp_community.add((65000,7)); bgp_large_community.add((65000,1,7)); }; }
filter told {
  if source != RTS_STATIC then reject;
  if net = ${FAR_PREFIX} then bgp_next_hop = ${FAR_NEXT_HOP};
  accept;
}
protocol static far_hop { ipv4; route ${FAR_PREFIX} blackhole; }
protocol static ours_in_path { ipv4; route 203.0.114.0/24 blackhole { bgp_path.prepend(${OUR_AS}); }; }
protocol static static6 { ipv6; route 2001:db8:7::/48 blackhole; }
protocol bfd { interface "*" { interval 200 ms; multiplier 3; }; multihop { interval 200 ms; multiplier 3; }; }
protocol radv { interface "${device(theirs)}" { max ra interval 4; default lifetime 1800; }; }
${protocol('plain', [...ends(PLAIN), 'bfd on', 'hold time 90'])}
${protocol('six', [...ends({ ours: SIX.ours6, theirs: SIX.theirs6 }), 'graceful restart on', 'graceful restart time 1', 'long lived graceful restart on', 'long lived stale time 600'], 'ipv6')}
${protocol('near', [...ends(NEAR), 'ttl security on', 'graceful restart on', 'graceful restart time 120'])}
${protocol('other_as', ends(OTHER_AS, OTHER_AS.asn))}
${protocol('far', [...ends(LOOPBACK), 'multihop 8', 'bfd on', 'hold time 90'])}
${protocol('ranged', [...ends(RANGED), 'hold time 6', 'keepalive time 2'])}
${protocol('dyn', [`local ${DYNAMIC.theirs} as ${THEIR_AS}`, `neighbor range 10.70.6.0/24 as ${OUR_AS}`])}
${protocol('limited', ends(LIMITED), 'ipv4', 'import limit 1 action restart;')}
${protocol('slow', ends(SLOW))}
${protocol(
  'unnumbered',
  [
    `local ${linkLocals.theirs} as ${THEIR_AS}`,
    `neighbor ${linkLocals.ours}%'${device(theirs)}' as ${OUR_AS}`,
  ],
  'ipv4',
  'extended next hop on;',
)}
`;

const birdc = (...words: string[]) =>
  peer.there('birdc', '-s', peer.write('x', '').replace(/x$/, 'socket'), ...words);
/** BIRD's routes of a protocol of it, with their attributes. */
const heard = (name: string) => birdc('show', 'route', 'all', 'protocol', name);

const NETWORKS = ['192.0.2.0/24', '198.18.0.0/15', '2001:db8:1::/48'];
const underlay = (...networks: string[]) => ({ enabled: true, networks: [...NETWORKS, ...networks] });
const V4 = { families: ['ipv4-unicast'] };
const COMMON = [
  neighbor(PLAIN.theirs, { ...V4, 'hold-time': 90, bfd: { interval: 200 } }),
  neighbor(SIX.theirs6, { families: ['ipv6-unicast'] }),
  neighbor(NEAR.theirs, { ...V4, 'ttl-security': 1 }),
  neighbor(LOOPBACK.theirs, {
    ...V4,
    'hold-time': 90,
    'update-source': 'lo',
    'ebgp-multihop': 8,
    bfd: { interval: 200, multihop: true },
  }),
  neighbor(DYNAMIC.theirs, V4),
];

test.before(async () => {
  peer = await PeerFabric.create(8);
  const file = peer.write(
    'bird.conf',
    config({ ours: await linkLocal(ours), theirs: await linkLocal(theirs) }),
  );
  start = async (...more) => {
    const [socket, pid] = [`${file.slice(0, -9)}socket`, `${file}.pid`];
    daemon = await peer.start('bird', ['bird', '-f', '-c', file, '-s', socket, '-P', pid, ...more]);
    await waitFor(
      () => {
        daemon.mustRun();
        return birdc('show', 'status');
      },
      { what: 'answer of BIRD' },
    );
  };
  await start();
  await peer.restart({ neighbors: COMMON, underlay: underlay() });
});
test.after.always(async (t) => {
  if (!t.passed) t.log(peer?.logs());
  await peer?.remove();
});

test.serial(
  "unicast of both families, GTSM, a session over a router, and one of a range of BIRD's",
  async (t) => {
    await peer.established(...COMMON.map(({ address }) => address));
    await waitFor(async () => (await peer.installed()).includes('203.0.113.0/24'), {
      what: 'the IPv4 route',
    });
    await waitFor(async () => (await peer.installed('-6')).includes('2001:db8:7::/48'), {
      what: 'the IPv6 route',
    });
    t.is((await peer.status(LOOPBACK.theirs)).localAddress, LOOPBACK.ours);
    t.is((await peer.status(NEAR.theirs)).ttlSecurityHops, 1);
    const paths = (await peer.route('203.0.113.1'))?.paths ?? [];
    t.like(
      paths.find(({ neighbor: name }) => name === PLAIN.theirs),
      {
        nextHop: PLAIN.theirs,
        communities: ['65000:7'],
        largeCommunities: ['65000:1:7'],
      },
    );
    for (const [name, prefix, nextHop] of [
      ['plain', '192.0.2.0/24', PLAIN.ours],
      ['six', '2001:db8:1::/48', SIX.ours6],
      ['far', '198.18.0.0/15', LOOPBACK.ours],
    ]) {
      const text = await heard(name);
      t.true(text.includes(prefix), text);
      t.true(text.includes(`BGP.next_hop: ${nextHop}`), text);
    }
  },
);

test.serial('a next hop that is not on a link: no route, and a problem that names both', async (t) => {
  await waitFor(async () => (await peer.route('203.0.116.1'))?.unused === 'next-hop', { what: 'the route' });
  t.false((await peer.installed()).includes(FAR_PREFIX));
  const { body } = await peer.fabric.restApi<{ problems: { problem: string; fix: string | null }[] }>(
    ours,
    '/api/v1/status',
  );
  const [found] = body.problems.filter(({ problem }) => problem.includes(FAR_NEXT_HOP));
  t.regex(
    found?.problem ?? '',
    /^underlay: 1 route \(203\.0\.116\.0\/24\) is not installed: the next hop is/,
  );
  t.regex(found?.fix ?? '', /next-hop-self/);
});

test.serial(
  'BFD on the link and over a router: up, and a BIRD that stands still ends both sessions by it',
  async (t) => {
    const both = () => Promise.all([PLAIN.theirs, LOOPBACK.theirs].map((name) => peer.status(name)));
    const up = () =>
      waitFor(
        async () => (await both()).every(({ established, bfd }) => established && bfd?.state === 'Up'),
        {
          what: 'BFD',
          timeout: 30_000,
        },
      );
    await up();
    const table = await birdc('show', 'bfd', 'sessions');
    for (const address of [PLAIN.ours, LOOPBACK.ours]) t.regex(table, new RegExp(`${address} .*\\bUp\\b`));
    daemon.signal('SIGSTOP');
    try {
      await waitFor(
        async () =>
          (await both()).every(({ lastDown }) => /^BFD: nothing was heard/.test(lastDown?.reason ?? '')),
        {
          what: 'the end by BFD',
        },
      );
    } finally {
      daemon.signal('SIGCONT');
    }
    await up();
  },
);

test.serial("what policies make of routes: BIRD has it, and so have we of BIRD's", async (t) => {
  const [plain, ...others] = COMMON;
  await peer.reload({
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
              'add-communities': ['65001:100'],
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
    underlay: underlay(),
    neighbors: [{ ...plain, 'export-policy': 'out', 'import-policy': 'in' }, ...others],
  });
  await waitFor(async () => !(await heard('plain')).includes('198.18.0.0/15'), { what: 'one route' });
  const text = await heard('plain');
  for (const part of [
    `BGP.as_path: ${OUR_AS} ${OUR_AS}\n`,
    'BGP.med: 77',
    'BGP.community: (65001,100)',
    'BGP.large_community: (65001, 1, 100)',
  ])
    t.true(text.includes(part), text);
  const rejected = async () => (await peer.status(PLAIN.theirs)).families[0].rejected;
  await waitFor(async () => (await rejected()) === 1, { what: 'a rejected route' });
  // It is of others by now
  t.false(
    (await peer.route('203.0.113.1'))?.paths.some(
      ({ neighbor: name, chosen }) => chosen && name === PLAIN.theirs,
    ),
  );
  await peer.reload({ underlay: underlay(), neighbors: COMMON, policies: [] });
  await waitFor(async () => (await rejected()) === 0, { what: 'no rejected route' });
  const { messages } = await peer.status(NEAR.theirs);
  await peer.command(NEAR.theirs, 'clear?soft=out');
  await waitFor(async () => (await peer.status(NEAR.theirs)).messages.sent.update > messages.sent.update, {
    what: 'our routes again',
  });
  t.is((await peer.status(NEAR.theirs)).flaps, 0);
});

test.serial(
  "local-as with allowas-in, a listen range with its own timers, and a maximum of BIRD's",
  async (t) => {
    const others = (allowed: number) => [
      ...COMMON,
      neighbor(OTHER_AS.theirs, { ...V4, 'local-as': OTHER_AS.asn, 'allowas-in': allowed }),
      neighbor(LIMITED.theirs, V4),
    ];
    const ranges = [
      { prefix: '10.70.5.0/24', 'remote-as': 'external', ...V4, 'hold-time': 30, 'keepalive-time': 3 },
    ];
    await peer.reload({ underlay: underlay(), neighbors: others(0), 'listen-ranges': ranges });
    await peer.established(OTHER_AS.theirs);
    await waitFor(async () => (await peer.status(RANGED.theirs)).established, {
      what: 'BIRD from the range',
    });
    t.like(await peer.status(RANGED.theirs), { listenRange: '10.70.5.0/24', holdTimeSeconds: 6 });
    t.regex(await heard('other_as'), new RegExp(`BGP.as_path: ${OTHER_AS.asn}\\n`));
    const status = async () => (await peer.status(OTHER_AS.theirs)).families[0];
    await waitFor(async () => (await status()).refused.some(({ reason }) => reason === 'as-path-loop'), {
      what: 'a loop',
    });
    t.is(await peer.route('203.0.114.1'), undefined);
    await peer.reload({ underlay: underlay(), neighbors: others(1), 'listen-ranges': ranges });
    await waitFor(async () => (await peer.installed()).includes('203.0.114.0/24'), {
      what: 'the route with our AS',
    });

    await waitFor(
      async () => {
        const { lastError } = await peer.status(LIMITED.theirs);
        return lastError?.direction === 'received' && lastError.code === 6 && lastError.subcode === 1;
      },
      { what: "BIRD's Cease" },
    );
    for (const name of [PLAIN.theirs, OTHER_AS.theirs]) t.is((await peer.status(name)).established, true);
  },
);

test.serial(
  'advertisement-interval: one BIRD hears a change at once, the other after its session has begun anew',
  async (t) => {
    const neighbors = [...COMMON, neighbor(SLOW.theirs, { ...V4, 'advertisement-interval': 600 })];
    await peer.reload({ underlay: underlay(), neighbors, 'listen-ranges': [] });
    await hearsLate(
      t,
      peer,
      { near: NEAR.theirs, slow: SLOW.theirs },
      (...networks) => peer.reload({ underlay: underlay(...networks), neighbors }),
      async (session, prefix) => (await heard(session)).includes(prefix),
    );
  },
);

test.serial(
  'BIRD is killed: its routes stay, on one session for its restart time and on the other for long, until it is back',
  async (t) => {
    const neighbors = [
      neighbor(NEAR.theirs, { ...V4, 'ttl-security': 1 }),
      neighbor(SIX.theirs6, { families: ['ipv6-unicast'], 'long-lived-stale-time': 300 }),
    ];
    await peer.reload({ underlay: underlay(), neighbors });
    await peer.established(NEAR.theirs, SIX.theirs6);
    const families = async () =>
      Promise.all([NEAR.theirs, SIX.theirs6].map(async (name) => (await peer.status(name)).families[0]));
    const isThere = async () =>
      (await peer.installed()).includes('203.0.113.0/24') &&
      (await peer.installed('-6')).includes('2001:db8:7::/48');
    await waitFor(isThere, { what: 'the routes' });
    const [near, six] = await families();
    t.like(near.gracefulRestart, { restartTimeSeconds: 120, longLivedSeconds: 0 });
    t.like(six.gracefulRestart, { restartTimeSeconds: 1, longLivedSeconds: 300 });
    await daemon.stop('SIGKILL');
    await waitFor(async () => (await families())[1].staleRoutes?.longLived === true, {
      what: 'long-lived stale routes',
    });
    t.like((await families())[0].staleRoutes, { longLived: false });
    t.true(await isThere());
    // The kernel's routes outlived it
    await start('-R');
    let stays = true;
    await waitFor(
      async () => {
        stays &&= await isThere();
        return (await families()).every((one) => one.endOfRibReceivedAt !== null && one.staleRoutes === null);
      },
      { what: 'the End-of-RIB', timeout: 60_000 },
    );
    t.true(stays);
    t.true(await isThere());
  },
);

test.serial(
  "without an address: BIRD's advertisements are heard, and IPv4 goes by IPv6 next hops (RFC 8950)",
  async (t) => {
    const name = device(ours);
    await peer.reload({
      underlay: underlay(),
      neighbors: [{ interface: name, 'remote-as': 'external', 'connect-retry-time': 1, ...V4 }],
    });
    await peer.established(name);
    t.is((await peer.status(name)).address, `${await linkLocal(theirs)}%${name}`);
    await waitFor(async () => (await peer.installed()).includes('203.0.113.0/24'), { what: 'the route' });
    t.like((await peer.route('203.0.113.1'))?.paths[0], {
      neighbor: name,
      nextHop: `${await linkLocal(theirs)}%${name}`,
    });
    const { stdout } = await peer.fabric.exec(ours, 'ip', 'nexthop', 'show', 'proto', '69');
    t.true(stdout.includes(`via ${await linkLocal(theirs)} dev ${name}`), stdout);
    const text = await heard('unnumbered');
    t.true(
      text.includes('192.0.2.0/24') && text.includes(`via ${await linkLocal(ours)} on ${device(theirs)}`),
      text,
    );
  },
);
