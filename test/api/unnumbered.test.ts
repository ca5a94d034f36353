import test from 'ava';
import { neighborOrder } from '../../src/api/orders.js';
import { parseNeighborName } from '../../src/api/parameters.js';
import { neighborItem } from '../../src/api/resources/neighbor-item.js';
import { familyProblems, linkProblems, sessionProblems } from '../../src/api/rooms/session-problems.js';
import type { NeighborStatus } from '../../src/bgp/index.js';
import type { LinkListener, LinkPeerStatus } from '../../src/nd/index.js';
import { EVPN, IPV4_UNICAST } from '../../src/wire/index.js';
import { Fabric, neighborConfig } from '../bgp/fabric.js';

const NONE = { type: 0, 'hop-limit': 0, code: 0, length: 0, option: 0, source: 0, own: 0 };
const LINK: LinkPeerStatus = {
  interface: 'swp1',
  fault: undefined,
  router: 'fe80::1',
  heardAt: 0,
  others: [],
  sent: 3,
  received: 2,
  rejected: NONE,
};
const status = (linkPeer: Partial<LinkPeerStatus>, over: Partial<NeighborStatus> = {}) =>
  ({
    address: 'swp1',
    peerAddress: undefined,
    interface: 'swp1',
    port: 179,
    passive: false,
    configuredRemoteAs: 'external',
    state: 'Idle',
    linkPeer: { ...LINK, ...linkPeer },
    ...over,
  }) as NeighborStatus;

test('a neighbor by interface is shown by its interface, with its address once that is known', async (t) => {
  const fabric = new Fabric();
  let listener: LinkListener | undefined;
  fabric.linkPeers = {
    watch: (_name, given) => {
      listener = given;
      return { status: { ...LINK, others: [{ address: 'fe80::2', heardAt: 1000 }] }, stop: () => {} };
    },
  };
  const speaker = fabric.speaker('fe80::a%swp1', {
    asn: 65001,
    neighbors: [
      neighborConfig('swp1', 'external', { interface: 'swp1' }),
      neighborConfig('10.0.0.2', 'external'),
    ],
  });
  await speaker.start();
  const items = () => speaker.neighbors().map((each) => neighborItem(each, undefined));
  t.like(items()[0], { name: 'swp1', interface: 'swp1', address: null });
  listener?.onPeer('fe80::1%swp1', 'found');
  const [by, numbered] = items();
  t.like(by, { name: 'swp1', interface: 'swp1', address: 'fe80::1%swp1' });
  t.like(by.router, {
    address: 'fe80::1',
    heardAt: '1970-01-01T00:00:00.000Z',
    fault: null,
    others: [{ address: 'fe80::2', heardAt: '1970-01-01T00:00:01.000Z' }],
    advertisementsSent: 3,
    advertisementsReceived: 2,
    rejected: [],
  });
  t.like(numbered, { name: '10.0.0.2', interface: null, address: '10.0.0.2', router: null });
});

test('messages that were not taken are shown by reason, in words', (t) => {
  const item = neighborItem(
    {
      ...new Fabric()
        .speaker('10.0.0.1', { asn: 1, neighbors: [neighborConfig('10.0.0.2', 2)] })
        .neighbors()[0],
      linkPeer: { ...LINK, rejected: { ...NONE, 'hop-limit': 2, own: 1 } },
    },
    undefined,
  );
  t.deepEqual(
    item.router?.rejected.map(({ reason, messages }) => [reason, messages]),
    [
      ['hop-limit', 2],
      ['own', 1],
    ],
  );
});

test('why a neighbor by interface has no session begins with whether it was found', (t) => {
  const [absent] = sessionProblems([status({ fault: 'there is no interface swp1' })], '/s');
  t.is(absent.problem, 'neighbor swp1: not looked for: there is no interface swp1');
  t.is(absent.fix, 'see the interface: ip address show dev swp1');
  const [silent] = sessionProblems([status({ router: undefined })], '/s');
  t.is(silent.problem, 'neighbor swp1: no router advertisement has been heard on its interface');
  t.regex(silent.fix ?? '', /neighbor … interface remote-as external.*tcpdump -ni swp1 icmp6/);
  const [refused] = sessionProblems(
    [
      status(
        {},
        {
          peerAddress: 'fe80::1%swp1',
          state: 'Active',
          lastError: { reason: 'connect ECONNREFUSED', time: 0, notification: undefined },
        },
      ),
    ],
    '/s',
  );
  t.is(refused.problem, 'neighbor swp1: no session (Active); connect ECONNREFUSED');
  t.regex(refused.fix ?? '', /start BGP at fe80::1%swp1 on TCP port 179/);
});

test('several routers on a link are a problem that names the one that is taken, and so is a loop', (t) => {
  const others = [
    { address: 'fe80::2', heardAt: 0 },
    { address: 'fe80::3', heardAt: 0 },
  ];
  t.deepEqual(
    linkProblems([
      status({}),
      status({ others: others.slice(0, 1) }),
      status({ others }),
      status({ rejected: { ...NONE, own: 2 } }),
      { address: '10.0.0.2' } as NeighborStatus,
    ]).map(({ problem }) => problem),
    [
      'neighbor swp1: several routers advertise themselves on the link: fe80::1 is taken, fe80::2 is not',
      'neighbor swp1: several routers advertise themselves on the link: fe80::1 is taken, fe80::2, fe80::3 are not',
      'neighbor swp1: 2 router advertisements of our own came back by the interface',
    ],
  );
});

test('a family that a session is without is a problem, with what the neighbor lacks', (t) => {
  const up = (over: Partial<NeighborStatus>) =>
    status(
      {},
      {
        state: 'Established',
        families: [
          { family: EVPN, isNegotiated: true },
          { family: IPV4_UNICAST, isNegotiated: false },
        ] as unknown as NeighborStatus['families'],
        capabilitiesReceived: [{ code: 1, afi: 1, safi: 1 }],
        ...over,
      },
    );
  const [without] = familyProblems([up({})]);
  t.is(
    without.problem,
    'neighbor swp1: the session is up without IPv4/unicast, for which the neighbor offers no IPv6 next hops (RFC 8950)',
  );
  t.regex(without.fix ?? '', /capability extended-nexthop/);
  for (const over of [{ capabilitiesReceived: [] }, { interface: undefined, capabilitiesReceived: [] }])
    t.regex(
      familyProblems([up(over)])[0].problem,
      /without IPv4\/unicast, which the neighbor does not offer/,
    );
  t.deepEqual(familyProblems([up({ state: 'Active' }), up({ families: [] })]), []);
});

test('neighbors are named in URLs by an address in any spelling or by an interface', (t) => {
  t.is(parseNeighborName('2001:DB8:0::1'), '2001:db8::1');
  t.is(parseNeighborName('FE80::1%swp1'), 'fe80::1%swp1');
  t.is(parseNeighborName('eth1.100'), 'eth1.100');
  for (const text of ['', '10.1.0', '10.1.0.0.1', 'a b', 'a:b', 'swp1234567890123', 'x%y', 'a/b'])
    t.throws(() => parseNeighborName(text), { message: /name of an interface/ });
});

test('neighbors are in the order of their addresses, then of their interfaces', (t) => {
  const names = [
    '10.0.0.2',
    '10.0.0.10',
    '2001:db8::1',
    'fe80::1%swp1',
    'fe80::1%swp2',
    'swp1',
    'swp10',
    'swp2',
  ];
  t.deepEqual(names.toReversed().sort(neighborOrder.compare), names);
  for (const name of names) t.is(neighborOrder.decode(neighborOrder.encode(name)), name);
  t.is(neighborOrder.decode('10.0.0'), undefined);
});
