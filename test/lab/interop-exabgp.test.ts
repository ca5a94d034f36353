import test from 'ava';
import { type Exabgp, type ExabgpEvent, waitFor } from '../../lab/index.js';
import { hearsLate } from './support/advertisement-interval.js';
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
 * evpnd's sessions and unicast routes with ExaBGP, which always is the one that connects, and which tells each message as JSON.
 */
let peer: PeerFabric;
let exabgp: Exabgp;

const PLAIN = session(1);
const SIX = session(2);
const SECURE = session(3);
const OTHER_AS = { ...session(4), asn: 65099 };
const RANGED = session(5);
const KEY = 'for-exabgp';

const section = (
  our: string,
  their: string,
  family: string,
  lines: readonly string[] = [],
  asn = OUR_AS,
  capabilities = '',
) => `
neighbor ${our} {
  router-id ${LOOPBACK.theirs};
  local-address ${their};
  local-as ${THEIR_AS};
  peer-as ${asn};
  ${lines.map((line) => `${line};`).join('\n  ')}
  capability { route-refresh; ${capabilities} }
  family { ${family}; }
  api { processes [ bridge ]; neighbor-changes; receive { parsed; open; update; notification; refresh; } }
}
`;
const V4 = 'ipv4 unicast';
const config = (bridge: string) => `
process bridge { run /bin/sh ${bridge}; encoder json; }
${section(PLAIN.ours, PLAIN.theirs, V4, ['hold-time 9'])}
${section(SIX.ours6, SIX.theirs6, 'ipv6 unicast', ['hold-time 9'])}
${section(SECURE.ours, SECURE.theirs, V4, [
  'hold-time 9',
  `md5-password '${KEY}'`,
  'outgoing-ttl 255',
  'incoming-ttl 255',
])}
${section(OTHER_AS.ours, OTHER_AS.theirs, V4, ['hold-time 9'], OTHER_AS.asn, 'graceful-restart 60;')}
${section(RANGED.ours, RANGED.theirs, V4, ['hold-time 6'])}
${section(LOOPBACK.ours, LOOPBACK.theirs, V4, ['hold-time 9', 'outgoing-ttl 8'])}
`;

const NETWORKS = ['192.0.2.0/24', '198.18.0.0/15', '2001:db8:1::/48'];
const UNDERLAY = { enabled: true, networks: NETWORKS };
const FAMILIES = { families: ['ipv4-unicast'] };
/** Of each neighbor: ExaBGP waits longer and longer for one that does not answer, so that all are there from the start. */
const SETTINGS = {
  [PLAIN.theirs]: FAMILIES,
  [SIX.theirs6]: { families: ['ipv6-unicast'] },
  [SECURE.theirs]: { ...FAMILIES, 'ttl-security': 1, 'enhanced-refresh': true },
  [OTHER_AS.theirs]: { ...FAMILIES, 'local-as': OTHER_AS.asn },
  [LOOPBACK.theirs]: { ...FAMILIES, 'update-source': 'lo', 'ebgp-multihop': 8 },
};
/** evpnd's configuration, with more settings of one neighbor. */
const leaf = (address?: string, more: Record<string, unknown> = {}, policies: readonly object[] = []) => ({
  underlay: UNDERLAY,
  policies,
  neighbors: Object.entries(SETTINGS).map(([each, settings]) =>
    neighbor(each, {
      passive: true,
      ...settings,
      ...(each === SECURE.theirs && { 'password-file': peer.write('key', `${KEY}\n`, 0o600) }),
      ...(each === address && more),
    }),
  ),
  'listen-ranges': [{ prefix: '10.70.5.0/24', 'remote-as': 'external', ...FAMILIES, 'hold-time': 30 }],
});

interface Told {
  attribute?: Record<string, unknown>;
  announce?: Record<string, Record<string, { nlri: string }[]>>;
  withdraw?: Record<string, { nlri: string }[]>;
}
interface Heard {
  readonly nextHop: string;
  readonly attribute: Record<string, unknown>;
}

const eventsOf = (address: string): ExabgpEvent[] =>
  exabgp.events().filter((event) => event.neighbor.address.peer === address);

/** What a neighbor of ExaBGP's has told and not taken back since its session began, by prefix. */
function heard(address: string): Map<string, Heard> {
  const routes = new Map<string, Heard>();
  for (const { type, neighbor: of } of eventsOf(address)) {
    if (type === 'state' && of.state === 'down') routes.clear();
    const update = (of.message?.update ?? {}) as Told;
    for (const gone of Object.values(update.withdraw ?? {}).flat()) routes.delete(gone.nlri);
    for (const byNextHop of Object.values(update.announce ?? {}))
      for (const [nextHop, list] of Object.entries(byNextHop))
        for (const { nlri } of list) routes.set(nlri, { nextHop, attribute: update.attribute ?? {} });
  }
  return routes;
}

const refreshes = (address: string) => eventsOf(address).filter(({ type }) => type === 'refresh').length;
const announce = (to: string, words: string) => exabgp.command(`neighbor ${to} announce route ${words}`);

test.before(async () => {
  peer = await PeerFabric.create(5);
  exabgp = await peer.startExabgp(config);
  await peer.restart(leaf());
  await peer.established(...Object.keys(SETTINGS));
  await waitFor(() => exabgp.establishedPeers().length === 6, { what: "ExaBGP's word for it" });
  await announce(PLAIN.ours, '203.0.113.0/24 next-hop self community [65000:7] large-community [65000:1:7]');
  await announce(SIX.ours6, '2001:db8:7::/48 next-hop self');
});
test.after.always(async (t) => {
  if (!t.passed) t.log(peer?.logs());
  await peer?.remove();
});

test.serial('IPv4 and IPv6 unicast both ways: what each says leads to its end of the session', async (t) => {
  await waitFor(async () => (await peer.installed()).includes('203.0.113.0/24'), { what: 'the IPv4 route' });
  await waitFor(async () => (await peer.installed('-6')).includes('2001:db8:7::/48'), {
    what: 'the IPv6 route',
  });
  t.like((await peer.route('203.0.113.1'))?.paths[0], {
    nextHop: PLAIN.theirs,
    communities: ['65000:7'],
    largeCommunities: ['65000:1:7'],
  });
  t.is((await peer.route('2001:db8:7::1'))?.paths[0].nextHop, SIX.theirs6);
  await waitFor(() => heard(PLAIN.ours).size === 2 && heard(SIX.ours6).size === 1, { what: 'our routes' });
  t.is(heard(PLAIN.ours).get('192.0.2.0/24')?.nextHop, PLAIN.ours);
  t.is(heard(SIX.ours6).get('2001:db8:1::/48')?.nextHop, SIX.ours6);
});

test.serial(
  "what an export policy makes of routes is what ExaBGP has; an import policy takes ExaBGP's",
  async (t) => {
    await peer.reload(
      leaf(PLAIN.theirs, { 'export-policy': 'out', 'import-policy': 'in' }, [
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
      ]),
    );
    await waitFor(() => heard(PLAIN.ours).size === 1, { what: 'one route' });
    const { attribute } = heard(PLAIN.ours).get('192.0.2.0/24')!;
    t.like(attribute, { med: 77, 'as-path': [OUR_AS, OUR_AS] });
    t.deepEqual(attribute.community, [[65001, 100]]);
    t.deepEqual(attribute['large-community'], [[65001, 1, 100]]);
    await waitFor(async () => (await peer.route('203.0.113.1'))?.unused === 'import-policy', {
      what: 'a rejected route',
    });
    await peer.reload(leaf());
    await waitFor(() => heard(PLAIN.ours).size === 2, { what: 'both routes' });
    await waitFor(async () => (await peer.installed()).includes('203.0.113.0/24'), { what: 'the route' });
    t.is((await peer.status(PLAIN.theirs)).flaps, 0);
  },
);

test.serial('route refresh both ways, with markers of ours (RFC 7313), and soft out', async (t) => {
  // Not the other way: asked with markers agreed on, ExaBGP 4.2 ends the session by a fault of its own
  await exabgp.command(`neighbor ${SECURE.ours} announce route-refresh ipv4 unicast`);
  await waitFor(() => refreshes(SECURE.ours) >= 2, { what: 'our markers' });
  const { messages } = await peer.status(PLAIN.theirs);
  await exabgp.command(`neighbor ${PLAIN.ours} announce route-refresh ipv4 unicast`);
  await peer.command(PLAIN.theirs, 'clear?soft=in');
  await waitFor(
    async () => {
      const { received, sent } = (await peer.status(PLAIN.theirs)).messages;
      return (
        received.routeRefresh > messages.received.routeRefresh &&
        sent.update > messages.sent.update &&
        received.update > messages.received.update
      );
    },
    { what: 'the routes of both, again' },
  );
  const before = (await peer.status(PLAIN.theirs)).messages.sent.update;
  await peer.command(PLAIN.theirs, 'clear?soft=out');
  await waitFor(async () => (await peer.status(PLAIN.theirs)).messages.sent.update > before, {
    what: 'our routes',
  });
  t.is((await peer.status(PLAIN.theirs)).flaps, 0);
  t.is(heard(PLAIN.ours).size, 2);
  t.true((await peer.installed()).includes('203.0.113.0/24'));
});

test.serial('shutdown of ours, which ExaBGP reads where it has no words; a Cease of its own', async (t) => {
  const shut = async (message: string, what: string, heard: (event: string) => boolean) => {
    const before = eventsOf(PLAIN.ours).length;
    await peer.command(PLAIN.theirs, `shutdown${message}`);
    const events = () => eventsOf(PLAIN.ours).slice(before);
    await waitFor(() => events().some((event) => heard(JSON.stringify(event))), { what });
    await peer.fabric.evpnd('leaf1').delete(`/api/v1/neighbors/${PLAIN.theirs}/shutdown`);
    await peer.established(PLAIN.theirs);
  };
  await shut('', 'our Administrative Shutdown', (event) => event.includes('"code":6,"subcode":2'));
  // Of any words of RFC 9003 it makes a fault of its own
  await shut(
    '?message=new%20optics',
    'the end of the session',
    (event) => event.includes('"state":"down"') && event.includes('can not decode'),
  );
  await exabgp.command(`neighbor ${PLAIN.ours} teardown 4`);
  await waitFor(
    async () => {
      const { lastError } = await peer.status(PLAIN.theirs);
      return lastError?.direction === 'received' && lastError.code === 6 && lastError.subcode === 4;
    },
    { what: 'its Administrative Reset' },
  );
  await peer.established(PLAIN.theirs);
  t.pass();
});

test.serial(
  'TCP MD5 with GTSM; local-as with allowas-in; update-source over a router; a listen range',
  async (t) => {
    await waitFor(async () => (await peer.status(RANGED.theirs)).established, {
      what: 'ExaBGP from the range',
      timeout: 40_000,
    });
    t.like(await peer.status(SECURE.theirs), { md5: true, ttlSecurityHops: 1 });
    t.like(await peer.status(RANGED.theirs), { listenRange: '10.70.5.0/24', holdTimeSeconds: 6 });
    t.is((await peer.status(LOOPBACK.theirs)).localAddress, LOOPBACK.ours);
    await waitFor(() => heard(OTHER_AS.ours).size === 2, { what: 'our routes' });
    t.deepEqual(heard(OTHER_AS.ours).get('192.0.2.0/24')?.attribute['as-path'], [OTHER_AS.asn]);

    await announce(OTHER_AS.ours, `203.0.114.0/24 next-hop self as-path [${THEIR_AS} ${OUR_AS}]`);
    const status = async () => (await peer.status(OTHER_AS.theirs)).families[0];
    await waitFor(async () => (await status()).refused.some(({ reason }) => reason === 'as-path-loop'), {
      what: 'a loop',
    });
    await peer.reload(leaf(OTHER_AS.theirs, { 'allowas-in': 1 }));
    await waitFor(async () => (await peer.installed()).includes('203.0.114.0/24'), {
      what: 'the route with our AS',
    });
    t.is((await peer.status(OTHER_AS.theirs)).flaps, 0);
  },
);

test.serial(
  'advertisement-interval: one session hears a change at once, the other with its next',
  async (t) => {
    const settings = leaf(OTHER_AS.theirs, { 'allowas-in': 1, 'advertisement-interval': 600 });
    await hearsLate(
      t,
      peer,
      { near: PLAIN.theirs, slow: OTHER_AS.theirs },
      (...networks) =>
        peer.reload({ ...settings, underlay: { ...UNDERLAY, networks: [...NETWORKS, ...networks] } }),
      async (name, prefix) => heard((name === 'near' ? PLAIN : OTHER_AS).ours).has(prefix),
    );
    await peer.reload(leaf());
  },
);

test.serial('messages of more than 4096 octets both ways (RFC 8654)', async (t) => {
  const { flaps } = await peer.status(PLAIN.theirs);
  const rules = [{ name: 'long', match: {}, set: { 'add-communities': manyCommunities(OUR_AS) } }];
  await peer.reload(leaf(PLAIN.theirs, { 'export-policy': 'long' }, [{ name: 'long', rules }]));
  const has = () => heard(PLAIN.ours).get('192.0.2.0/24')?.attribute.community as unknown[] | undefined;
  await waitFor(() => has()?.length === 1100, { what: 'our communities' });
  await announce(
    PLAIN.ours,
    `203.0.116.0/24 next-hop self community [${manyCommunities(THEIR_AS).join(' ')}]`,
  );
  await waitFor(
    async () =>
      (await peer.route('203.0.116.1'))?.paths[0].communities.join() === manyCommunities(THEIR_AS).join(),
    { what: 'its communities' },
  );
  await peer.reload(leaf());
  await waitFor(() => has() === undefined, { what: 'our route without them' });
  t.is((await peer.status(PLAIN.theirs)).flaps, flaps);
});

test.serial(
  'maximum prefixes: warned of, then ended with a Cease that ExaBGP reads, then taken',
  async (t) => {
    const limit = { 'max-family-routes': { 'ipv4-unicast': 1 } };
    await announce(PLAIN.ours, '203.0.115.0/24 next-hop self');
    await peer.reload(leaf(PLAIN.theirs, { ...limit, 'on-limit': 'warn' }));
    await waitFor(async () => (await peer.status(PLAIN.theirs)).limits.level === 'over', {
      what: 'the level',
    });
    t.true((await peer.status(PLAIN.theirs)).established);
    await peer.reload(leaf(PLAIN.theirs, { ...limit, 'on-limit': 'stop' }));
    await waitFor(
      () =>
        eventsOf(PLAIN.ours).some(
          ({ type, neighbor: of }) =>
            type === 'notification' && JSON.stringify(of).includes('"code":6,"subcode":1'),
        ),
      { what: 'Cease at ExaBGP' },
    );
    t.is((await peer.status(PLAIN.theirs)).shutdown?.by, 'limit');
    t.true((await peer.status(SIX.theirs6)).established);
    await peer.reload(leaf(PLAIN.theirs, { 'max-family-routes': { 'ipv4-unicast': 9 } }));
    await peer.established(PLAIN.theirs);
  },
);

test.serial('ExaBGP is killed and comes back: what it told stays for its restart time', async (t) => {
  const prefix = '203.0.114.0/24';
  const unicast = async () => (await peer.status(OTHER_AS.theirs)).families[0];
  await peer.reload(leaf(OTHER_AS.theirs, { 'allowas-in': 1 }));
  await waitFor(async () => (await peer.installed()).includes(prefix), { what: 'the route' });
  await exabgp.stop('SIGKILL');
  await waitFor(async () => (await unicast()).staleRoutes?.count === 1, {
    what: 'a stale route',
  });
  // PLAIN, which does not restart gracefully, has none left
  await waitFor(async () => (await peer.installed()).join() === prefix, { what: 'that route alone' });
  await exabgp.start();
  await peer.established(OTHER_AS.theirs, PLAIN.theirs);
  await waitFor(async () => (await peer.status(OTHER_AS.theirs)).endOfRibReceivedAt !== null, {
    what: 'the End-of-RIB',
  });
  t.is((await unicast()).staleRoutes, null);
  await waitFor(async () => (await peer.installed()).length === 0, {
    what: 'no route, since it has told none again',
  });
});
