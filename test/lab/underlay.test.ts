import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { ContinuousPing, evpndCommand, Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';

/*
 * leaf1 is a leaf without another routing daemon: it announces its loopback to two FRR spines and reaches leaf2's VTEP by
 * what they tell. leaf2 is FRR with the kernel's own routes. The spines are told by BGP alone where leaf1's VTEP is.
 */
let fabric: Fabric;

interface ShownRoute {
  readonly dst: string;
  readonly nhid?: number;
  readonly metric?: number;
}
interface ShownNexthop {
  readonly id: number;
  readonly gateway?: string;
  readonly group?: readonly { readonly id: number }[];
}

const shown = async <Row>(node: string, ...words: string[]): Promise<Row[]> =>
  JSON.parse((await fabric.exec(node, 'ip', '-j', ...words)).stdout || '[]');

/** evpnd's routes of leaf1: for each prefix the gateways, sorted. */
async function ourRoutes(): Promise<Record<string, string[]>> {
  const nexthops = new Map((await shown<ShownNexthop>('leaf1', 'nexthop')).map((each) => [each.id, each]));
  const routes = await shown<ShownRoute>('leaf1', 'route', 'show', 'proto', '69');
  return Object.fromEntries(
    routes
      .map(({ dst, nhid = 0 }): [string, string[]] => [
        dst,
        (nexthops.get(nhid)?.group ?? []).map(({ id }) => nexthops.get(id)?.gateway ?? '?').sort(),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function ourRoutesBecome(expected: Record<string, string[]>): Promise<void> {
  await waitFor(async () => JSON.stringify(await ourRoutes()) === JSON.stringify(expected), {
    what: `routes ${JSON.stringify(expected)}`,
  }).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${JSON.stringify(await ourRoutes())}\n${fabric.logs()}`);
  });
}

const spines = ['spine1', 'spine2'] as const;
const gateways = () => fabric.leaf('leaf1').links.map(({ spineAddress }) => spineAddress.ipv4);
const loopback = (node: string) => `10.255.0.${node.at(-1)}`;

/** What leaf1 has of the spines when all is well. */
function whole(): Record<string, string[]> {
  const [first = '', second = ''] = gateways();
  const both = [first, second].sort();
  return {
    [fabric.leaf('leaf2').vtepAddress.ipv4]: both,
    '10.255.0.1': [first],
    '10.255.0.2': [second],
    '198.51.100.0/24': both,
  };
}

/** What both spines know. */
const shared = () => [fabric.leaf('leaf2').vtepAddress.ipv4, '198.51.100.0/24'];

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }],
    spines: [{ engine: 'frr' }, { engine: 'frr' }],
  });
  const leaf1 = fabric.evpnd('leaf1');
  const { vtepAddress } = fabric.leaf('leaf1');
  await leaf1.stop();
  for (const spine of spines) {
    const [{ leafAddress }] = fabric.spine(spine).links;
    await fabric.exec(spine, 'ip', 'addr', 'add', `${loopback(spine)}/32`, 'dev', 'lo');
    await fabric.exec(spine, 'ip', 'route', 'del', `${vtepAddress.ipv4}/32`);
    await fabric.exec(spine, 'ip', 'route', 'add', 'blackhole', '198.51.100.0/24');
    await fabric
      .frr(spine)
      .vtysh(
        'conf t',
        'ip prefix-list told permit 10.255.0.0/24 ge 32',
        `ip prefix-list told permit ${fabric.leaf('leaf2').vtepAddress.ipv4}/32`,
        'ip prefix-list told permit 198.51.100.0/24',
        'route-map told permit 1',
        'match ip address prefix-list told',
        `router bgp ${fabric.spine(spine).asn}`,
        'address-family ipv4 unicast',
        'redistribute connected route-map told',
        'redistribute kernel route-map told',
        `neighbor ${leafAddress.ipv4} activate`,
      );
  }
  await fabric.exec('leaf1', 'ip', 'route', 'del', `${fabric.leaf('leaf2').vtepAddress.ipv4}/32`);
  // What comes back does so by spine2, which knows the way all the time
  const [, back] = fabric.leaf('leaf2').links;
  await fabric.exec(
    'leaf2',
    'ip',
    'route',
    'replace',
    `${vtepAddress.ipv4}/32`,
    'via',
    back.spineAddress.ipv4,
  );
  // A way of somebody else's, which is none of ours to touch
  await fabric.exec('leaf1', 'ip', 'route', 'add', 'blackhole', '192.0.2.0/24', 'proto', 'static');
  const neighbors = leaf1.config.neighbors as object[];
  leaf1.configure({
    ...leaf1.config,
    neighbors: neighbors.map((neighbor) => ({ ...neighbor, families: ['l2vpn-evpn', 'ipv4-unicast'] })),
    underlay: { enabled: true, 'redistribute-connected': [`${vtepAddress.ipv4}/32`] },
    'on-stop': 'preserve',
  });
  await leaf1.start();
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

test.serial(
  'spine loopbacks and what both spines know are installed, over both where both know it',
  async (t) => {
    await ourRoutesBecome(whole());
    const routes = await shown<ShownRoute>('leaf1', 'route', 'show', 'proto', '69');
    t.deepEqual([...new Set(routes.map(({ metric }) => metric))], [20]);
  },
);

test.serial('our loopback is what the spines hear of us, and nothing else', async (t) => {
  for (const spine of spines) {
    const [{ leafAddress }] = fabric.spine(spine).links;
    const { routes } = await fabric
      .frr(spine)
      .vtyshJson<{ routes: Record<string, unknown> }>(
        `show bgp ipv4 unicast neighbors ${leafAddress.ipv4} routes json`,
      );
    t.deepEqual(Object.keys(routes), [`${fabric.leaf('leaf1').vtepAddress.ipv4}/32`]);
  }
});

test.serial('hosts reach each other over VTEPs that BGP alone knows the way to', async (t) => {
  const { sent, received } = await fabric.ping('h1-10', 'h2-10', { count: 3 });
  t.is(received, sent);
});

interface ShownPath {
  readonly neighbor: string;
  readonly chosen: boolean;
  readonly lostBy: string | null;
}

/** What the route map of spine2 does to its routes, and the step by which its path loses; none where both are chosen. */
for (const [statement, step] of [
  ['set as-path prepend 64999', 'shorter AS_PATH'],
  ['set origin egp', 'lower ORIGIN'],
  ['set metric 77', 'lower MULTI_EXIT_DISC'],
  ['set community 1:1', null],
] as const)
  test.serial(`best path with FRR: \`${statement}\` is ${step ?? 'no reason'}`, async (t) => {
    const [first = '', second = ''] = gateways();
    const map = async (spine: string, ...words: string[]) =>
      fabric.frr(spine).vtysh('conf t', 'route-map told permit 1', ...words);
    // What is redistributed is INCOMPLETE and has a metric of its own
    await map('spine1', 'set origin igp', 'set metric 5');
    await map('spine2', 'set origin igp', 'set metric 5', statement);
    const paths = async () => {
      const { body } = await fabric
        .evpnd('leaf1')
        .get<{ items: { prefix: string; unused: string | null; paths: ShownPath[] }[] }>(
          '/api/v1/underlay-routes?ip=198.51.100.7',
        );
      return Object.fromEntries(
        (body.items[0]?.paths ?? []).map(({ neighbor, chosen, lostBy }) => [neighbor, lostBy ?? chosen]),
      );
    };
    const expected = { [first]: true, [second]: step ?? true };
    // In the order in which they came
    await waitFor(async () => isDeepStrictEqual(await paths(), expected), {
      what: JSON.stringify(expected),
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await paths())}`);
    });
    t.deepEqual(await paths(), expected);
    await ourRoutesBecome({
      ...whole(),
      ...(step && Object.fromEntries(shared().map((prefix) => [prefix, [first]]))),
    });
    for (const spine of spines) await map(spine, 'no set origin', 'no set metric', `no ${statement}`);
    await ourRoutesBecome(whole());
  });

test.serial('a link that is pulled takes its way along at once, and comes back', async (t) => {
  const [link] = fabric.spine('spine1').links;
  const [, second = ''] = gateways();
  await fabric.exec('spine1', 'ip', 'link', 'set', link.spineDevice, 'down');
  const { '10.255.0.1': _, ...rest } = whole();
  await ourRoutesBecome(Object.fromEntries(Object.keys(rest).map((prefix) => [prefix, [second]])));
  const { sent, received } = await fabric.ping('h1-10', 'h2-10', { count: 3 });
  t.is(received, sent);
  await fabric.exec('spine1', 'ip', 'link', 'set', link.spineDevice, 'up');
  await ourRoutesBecome(whole());
});

test.serial(
  'kill -9 and a start lose no ping to a spine; what the spines know no longer goes, and what is not ours stays',
  async (t) => {
    const leaf1 = fabric.evpnd('leaf1');
    const ping = await ContinuousPing.start(
      fabric.namespace('leaf1'),
      loopback('spine2'),
      0.05,
      `${fabric.folder}/ping.log`,
    );
    await leaf1.kill();
    t.deepEqual(await ourRoutes(), whole());
    for (const spine of spines)
      await fabric.exec(spine, 'ip', 'route', 'del', 'blackhole', '198.51.100.0/24');
    await leaf1.start();
    const { '198.51.100.0/24': _, ...rest } = whole();
    await ourRoutesBecome(rest);
    const { sent, received } = await ping.stop();
    t.is(received, sent);
    t.true(sent > 0);
    t.is((await shown<ShownRoute>('leaf1', 'route', 'show', 'proto', 'static')).length, 1);
  },
);

test.serial(
  'evpnd --flush of another configuration leaves nothing of ours, and what is not ours',
  async (t) => {
    const leaf1 = fabric.evpnd('leaf1');
    const prefixes = Object.keys(await ourRoutes());
    t.true(prefixes.length > 0);
    await leaf1.stop();
    // As an evpnd with other settings of the underlay left it, and what somebody else has beside it
    const group = (await shown<ShownRoute>('leaf1', 'route', 'show', 'proto', '69'))[0].nhid ?? 0;
    const [, gateway = ''] = gateways();
    for (const words of [
      `route add 203.0.113.0/24 nhid ${group} proto 69 metric 30`,
      `route add 203.0.113.0/24 nhid ${group} proto 69 table 100`,
      `nexthop add id 77 via ${gateway} dev ${fabric.leaf('leaf1').links[1].leafDevice} proto static`,
      'route add 198.18.0.0/15 nhid 77 proto static',
    ])
      await fabric.exec('leaf1', 'ip', ...words.split(' '));
    const { underlay: _, ...rest } = leaf1.config;
    leaf1.configure(rest);
    const { stdout } = await fabric.exec('leaf1', ...evpndCommand(), '--flush', '--config', leaf1.configFile);
    t.regex(stdout, new RegExp(`, and ${prefixes.length + 2} routes\n$`));
    const ours = await Promise.all(
      [
        ['route', 'show', 'table', 'all'],
        ['nexthop', 'show'],
        ['-6', 'route', 'show', 'table', 'all'],
      ].map((words) => shown('leaf1', ...words, 'proto', '69')),
    );
    t.deepEqual(ours, [[], [], []]);
    t.is((await shown<ShownRoute>('leaf1', 'route', 'show', 'proto', 'static')).length, 2);
    t.is((await shown('leaf1', 'nexthop', 'show', 'id', '77')).length, 1);
  },
);
