import test, { type ExecutionContext } from 'ava';
import {
  type Capture,
  type ExabgpRoute,
  Fabric,
  type FabricSpec,
  type InjectedRoute,
  waitFor,
  waitForSessions,
  waitUntilConverged,
} from '../../lab/index.js';
import { UNUSED, type UnusedReason } from '../../src/evpn/index.js';
import { judge } from './support/judge.js';
import { type PlainRoute, routesAtExabgp, routesAtGobgp } from './support/peer-routes.js';
import { hasRows, lacksRows, leafRows, routeRows, rowsAre, withoutLinkLocal } from './support/rows.js';

/*
 * GoBGP (eBGP over IPv4, between two evpnd leaves) and ExaBGP (iBGP over IPv6) as the spine: what they receive from us,
 * what we make of theirs, and what is left of it when they take it back, fall silent or die.
 */
const holdTime = 3;
const VNI = 10010;
const neighbor = (address: string, asn: number) => ({
  neighbors: [
    { address, 'remote-as': asn, 'hold-time': holdTime, 'keepalive-time': 1, 'connect-retry-time': 1 },
  ],
});

/** Two VTEPs that exist as routes alone. */
const macRoute = (vtep: number, mac: string, ip?: string): InjectedRoute => ({
  type: 'mac',
  rd: `10.0.0.${vtep}:1`,
  routeTargets: ['65000:10010'],
  vni: 10010,
  nextHop: `10.0.0.${vtep}`,
  mac,
  ip,
});
const floodRoute = (vtep: number): InjectedRoute => ({
  type: 'multicast',
  rd: `10.0.0.${vtep}:1`,
  routeTargets: ['65000:10010'],
  vni: 10010,
  nextHop: `10.0.0.${vtep}`,
  originator: `10.0.0.${vtep}`,
});
const injected = [
  macRoute(8, '02:00:00:00:00:81'),
  macRoute(8, '02:00:00:00:00:82', '10.10.10.82'),
  macRoute(8, '02:00:00:00:00:83', 'fd10:10::83'),
  macRoute(9, '02:00:00:00:00:91', '10.10.10.91'),
  floodRoute(8),
  floodRoute(9),
];

/** What leaf1 cannot use, each with an RD of its own, by the reason that it must give. */
const useless = (vtep: number, over: object): InjectedRoute => ({
  ...macRoute(8, '02:00:00:00:00:85', '10.10.10.85'),
  rd: `10.0.0.8:${vtep}`,
  ...over,
});
const USELESS: Partial<Record<UnusedReason, InjectedRoute>> = {
  'ip-address': useless(101, { ip: '224.0.0.5' }),
  'next-hop-family': useless(102, { nextHop: '2001:db8::9' }),
  'martian-next-hop': useless(103, { nextHop: '127.0.0.9' }),
  encapsulation: useless(104, { encapsulation: 'mpls' }),
  'ethernet-tag': useless(105, { ethernetTag: 7 }),
  'route-targets': useless(106, { routeTargets: ['65000:99'] }),
  'own-next-hop': useless(107, { nextHop: '10.0.0.1' }),
  'no-pmsi-tunnel': {
    ...{ type: 'multicast', rd: '10.0.0.8:108', routeTargets: ['65000:10010'], vni: VNI },
    ...{ nextHop: '10.0.0.8', originator: '10.0.0.8', pmsi: false },
  },
};

const hex8 = (n: number): string => n.toString(16).padStart(8, '0');

interface Session {
  established: boolean;
  lastError: { direction: string; code: number } | null;
}

interface Peer {
  announce(route: ExabgpRoute): Promise<void>;
  withdraw(route: ExabgpRoute): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

interface Lab {
  name: string;
  spec: FabricSpec;
  peer(fabric: Fabric): Peer;
  routes(fabric: Fabric): Promise<PlainRoute[]>;
  asPath: (asn: number) => number[];
  /** The sequence number of a route that it injects for one of our hosts; GoBGP's command line has no word for one. */
  sequence: number;
}

const labs: Lab[] = [
  {
    name: 'GoBGP, eBGP over IPv4',
    spec: {
      leaves: [
        { engine: 'evpnd', config: neighbor('10.1.1.0', 65000) },
        { engine: 'evpnd', config: neighbor('10.1.2.0', 65000) },
      ],
      spines: [{ engine: 'gobgp' }],
    },
    peer: (fabric) => fabric.gobgp('spine1'),
    routes: (fabric) => routesAtGobgp(fabric.gobgp('spine1')),
    asPath: (asn) => [asn],
    sequence: 0,
  },
  {
    name: 'ExaBGP, iBGP over IPv6',
    spec: {
      leaves: [{ engine: 'evpnd', config: neighbor('fd01:1:1::2', 65000) }],
      spines: [{ engine: 'exabgp' }],
      peering: 'ibgp',
      transport: 'ipv6',
    },
    peer: (fabric) => fabric.exabgp('spine1'),
    routes: async (fabric) => routesAtExabgp(fabric.exabgp('spine1')),
    asPath: () => [],
    sequence: 41,
  },
];

/** What the peer must know of a leaf, link-local neighbors aside. */
function announced(fabric: Fabric, name: string, asPath: number[]): PlainRoute[] {
  const leaf = fabric.leaf(name);
  return leaf.segments.flatMap(({ vni }): PlainRoute[] => {
    const common = {
      rd: `${leaf.routerId}:${vni}`,
      nextHop: leaf.vtep,
      routeTargets: [`${leaf.asn}:${vni}`],
      vxlan: true,
      asPath,
    };
    const hosts = fabric.plan.hosts.filter((host) => host.leaf === name && host.vni === vni);
    return [
      ...hosts.flatMap(({ mac, address }) =>
        [undefined, address.ipv4, address.ipv6].map((ip) => ({ ...common, type: 2, mac, ip, label: vni })),
      ),
      { ...common, type: 3, mac: undefined, ip: leaf.vtep, label: vni },
    ];
  });
}

for (const { name, spec, peer, routes, asPath, sequence } of labs) {
  let fabric: Fabric;
  let capture: Capture;

  /** The rows of leaf1 while the peer has nothing of its own to say. */
  const others = () =>
    fabric.plan.leaves.flatMap((leaf) => (leaf.name === 'leaf1' ? [] : leafRows(fabric, 'leaf1', leaf.name)));
  const rows = (...of: InjectedRoute[]) => of.flatMap((route) => routeRows(fabric.leaf('leaf1'), route));

  const sessionUp = () => waitForSessions(fabric, 20_000);
  const session = async () => {
    const { body } = await fabric.restApi<{ items: Session[] }>('leaf1', '/api/v1/neighbors');
    return body.items[0];
  };
  /** How many of the peer's routes are not used, by reason. */
  const unused = async () => {
    const { body } = await fabric.restApi<{
      items: { routes: { unused: { reason: UnusedReason; routes: number }[] } }[];
    }>('leaf1', '/api/v1/neighbors');
    return Object.fromEntries(
      body.items[0].routes.unused.map(({ reason, routes: count }) => [reason, count]),
    );
  };
  /** The RDs of routes that are not used for this reason. */
  const listed = async (reason: UnusedReason) => {
    const { body } = await fabric.restApi<{ items: { rd: string }[] }>(
      'leaf1',
      `/api/v1/routes?unused=${reason}`,
    );
    return body.items.map(({ rd }) => rd);
  };
  const same = async (t: ExecutionContext, expected: () => PlainRoute[]) => {
    const text = (list: PlainRoute[]) =>
      list.map((route) => JSON.stringify(Object.entries(route).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
    const now = async () => text((await routes(fabric)).filter(({ ip }) => !ip?.startsWith('fe80:')));
    await waitFor(async () => (await now()).join() === text(expected()).join(), {
      what: 'all our routes',
      timeout: 10_000,
    }).catch(() => {});
    t.deepEqual(await now(), text(expected()));
  };

  test.serial(`${name}: takes our routes as we mean them`, async (t) => {
    fabric = await Fabric.create(spec);
    // The second life of evpnd is seen from its first packet on.
    await fabric.evpnd('leaf1').stop();
    capture = await fabric.capture('leaf1', 'spine1', 'tcp port 179');
    await fabric.evpnd('leaf1').start();
    await waitUntilConverged(fabric);
    await same(t, () => fabric.plan.leaves.flatMap((leaf) => announced(fabric, leaf.name, asPath(leaf.asn))));
  });

  test.serial(`${name}: what it injects stands in the kernel, what it takes back is gone`, async (t) => {
    for (const route of injected) await peer(fabric).announce(route);
    await rowsAre(fabric, 'leaf1', [...others(), ...rows(...injected)]);
    await peer(fabric).withdraw(injected[1]);
    await peer(fabric).withdraw(injected[4]);
    const left = injected.filter((_, index) => index !== 1 && index !== 4);
    await rowsAre(fabric, 'leaf1', [...others(), ...rows(...left)]);
    t.pass();
  });

  for (const [reason, route] of Object.entries(USELESS) as [UnusedReason, InjectedRoute][])
    test.serial(
      `${name}: ${reason}: nothing of it is written, and it is counted, listed and logged`,
      async (t) => {
        const before = await fabric.installedRows('leaf1');
        const known = await unused();
        await peer(fabric).announce(route);
        await waitFor(async () => ((await unused())[reason] ?? 0) > (known[reason] ?? 0), {
          what: 'the count',
        });
        t.deepEqual(await unused(), { ...known, [reason]: (known[reason] ?? 0) + 1 });
        t.true((await listed(reason)).includes(route.rd));
        const level = UNUSED[reason].level;
        const { problems } = (
          await fabric.restApi<{ problems: { problem: string }[] }>('leaf1', '/api/v1/status')
        ).body;
        t.is(
          problems.some(({ problem }) => problem.includes(UNUSED[reason].text)),
          level !== 'debug',
        );
        const lines = () =>
          fabric
            .evpnd('leaf1')
            .logLines()
            .filter((line) => line.msg.startsWith('route not used') && line.rd === route.rd);
        t.deepEqual(
          lines().map((line) => [line.level, line.reason]),
          level === 'warn' ? [['warn', reason]] : [],
        );
        // The MAC of a route whose IP no host has is as good as any
        const mac = route.type === 'mac' && reason === 'ip-address' ? rows({ ...route, ip: undefined }) : [];
        await hasRows(fabric, 'leaf1', mac);
        const expected = withoutLinkLocal([...before, ...mac]).sort();
        t.deepEqual(withoutLinkLocal(await fabric.installedRows('leaf1')).sort(), expected);
        await peer(fabric).withdraw(route);
        await waitFor(async () => (await unused())[reason] === known[reason], {
          what: 'the end of the count',
        });
        t.false((await listed(reason)).includes(route.rd));
      },
    );

  test.serial(`${name}: a label of 0 is as good as the VNI's own, as in FRR`, async (t) => {
    const route = { ...macRoute(8, '02:00:00:00:00:84', '10.10.10.84'), vni: 0 };
    const known = await unused();
    await peer(fabric).announce(route);
    await hasRows(fabric, 'leaf1', rows({ ...route, vni: VNI }));
    t.deepEqual(await unused(), known);
    await peer(fabric).withdraw(route);
    await lacksRows(fabric, 'leaf1', rows({ ...route, vni: VNI }));
  });

  test.serial(`${name}: a MAC that two VTEPs announce is at the one with the lower address`, async (t) => {
    const [first] = injected;
    const second = macRoute(7, '02:00:00:00:00:81');
    await peer(fabric).announce(second);
    await hasRows(fabric, 'leaf1', rows(second));
    await peer(fabric).withdraw(second);
    await hasRows(fabric, 'leaf1', rows(first));
    t.pass();
  });

  test.serial(`${name}: a host that moves gets a sequence number`, async (t) => {
    // The spine claims our host for a VTEP that wins the tie, and the host talks on.
    const host = fabric.host('h1-10');
    const mobility = sequence === 0 ? {} : { extendedCommunities: [`0x06000000${hex8(sequence)}`] };
    const claim = { ...macRoute(9, host.mac), nextHop: '9.0.0.9', ...mobility };
    await peer(fabric).announce(claim);
    await hasRows(fabric, 'leaf1', rows(claim));
    await fabric.announceHost(host.name);
    await lacksRows(fabric, 'leaf1', rows(claim));
    await waitFor(
      async () =>
        (await routes(fabric)).some(
          (route) =>
            route.mac === host.mac && route.nextHop === '10.0.0.1' && route.sequence === sequence + 1,
        ),
      { what: `our route with sequence ${sequence + 1}` },
    );
    await peer(fabric).withdraw(claim);
    t.pass();
  });

  test.serial(`${name}: rows go when it falls silent, and come back with it`, async (t) => {
    const left = rows(...injected.filter((_, index) => index !== 1 && index !== 4));
    peer(fabric).signal('SIGSTOP');
    try {
      await rowsAre(fabric, 'leaf1', []);
      const { established, lastError } = await session();
      t.false(established);
      t.like(lastError, { direction: 'sent', code: 4 });
    } finally {
      peer(fabric).signal('SIGCONT');
    }
    await sessionUp();
    await hasRows(fabric, 'leaf1', left);
  });

  test.serial(`${name}: rows go when it is killed`, async (t) => {
    await peer(fabric).stop('SIGKILL');
    await rowsAre(fabric, 'leaf1', []);
    t.false((await session()).established);
    await peer(fabric).start();
    await sessionUp();
    await peer(fabric).announce(injected[1]);
    await hasRows(fabric, 'leaf1', rows(injected[1]));
  });

  test.serial(`${name}: tshark finds no fault in what we say, and reads our routes in it`, async (t) => {
    const before = fabric.leaf('leaf1');
    const verdict = await judge(fabric, 'leaf1', await capture.stop());
    const hosts = fabric.plan.hosts.filter((host) => host.leaf === 'leaf1');
    t.deepEqual(verdict.complaints, []);
    t.true(verdict.messages[1] >= 2 && verdict.messages[2] >= 4 && verdict.messages[4] >= 4);
    t.deepEqual(verdict.routeTypes, ['2', '3']);
    t.deepEqual(
      verdict.macs,
      hosts.map(({ mac }) => mac),
    );
    for (const { address } of hosts)
      for (const ip of Object.values(address)) t.true(verdict.ips.includes(ip), ip);
    t.is(verdict.rds.length, before.segments.length);
    t.deepEqual(verdict.nextHops, [before.vtep]);
  });

  test.after.always(`${name}: remove`, () => fabric?.remove());
}
