import test from 'ava';
import { ContinuousPing, Fabric, waitFor } from '../../lab/index.js';

/*
 * leaf1 has an iBGP session with leaf2, which is FRR and of the same AS here, from loopback to loopback. leaf2 tells 1,000
 * prefixes whose next hop is that loopback: reached by static routes first, then by what both spines tell over eBGP.
 */
let fabric: Fabric;
const COUNT = 1_000;
/** An address of leaf2 in the first prefix. */
const BEHIND = '198.18.0.1';
const spines = ['spine1', 'spine2'] as const;

interface ShownRoute {
  readonly dst: string;
  readonly nhid?: number;
}
interface ShownNexthop {
  readonly id: number;
  readonly gateway?: string;
  readonly group?: readonly { readonly id: number }[];
}

const shown = async <Row>(...words: string[]): Promise<Row[]> =>
  JSON.parse((await fabric.exec('leaf1', 'ip', '-j', ...words)).stdout || '[]');

const gateways = () => fabric.leaf('leaf1').links.map(({ spineAddress }) => spineAddress.ipv4);
const loopback = (leaf: string) => fabric.leaf(leaf).vtepAddress.ipv4;

/** Of leaf2's prefixes: how many stand, which groups they have, and over which gateways these lead. */
async function installed(): Promise<{ count: number; groups: number[]; gateways: string[] }> {
  const nexthops = new Map((await shown<ShownNexthop>('nexthop')).map((each) => [each.id, each]));
  const routes = (await shown<ShownRoute>('route', 'show', 'proto', '69')).filter(({ dst }) =>
    dst.startsWith('198.18.'),
  );
  const groups = [...new Set(routes.map(({ nhid = 0 }) => nhid))];
  const members = groups.flatMap((id) => nexthops.get(id)?.group ?? []);
  return {
    count: routes.length,
    groups,
    gateways: [...new Set(members.map(({ id }) => nexthops.get(id)?.gateway ?? '?'))].sort(),
  };
}

async function allLeadBy(...wanted: string[]): Promise<number[]> {
  const ways = [...wanted].sort().join();
  let found = await installed();
  await waitFor(
    async () => {
      found = await installed();
      return found.count === (ways === '' ? 0 : COUNT) && found.gateways.join() === ways;
    },
    { what: `${COUNT} routes by ${ways || 'nothing'}` },
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(found)}\n${fabric.logs()}`);
  });
  return found.groups;
}

/** How the first prefix's next hop is reached, as the API says it. */
async function resolvedBy(): Promise<unknown> {
  const { body } = await fabric
    .evpnd('leaf1')
    .get<{ items: { paths: { resolvedBy: unknown; unreachable: unknown }[] }[] }>(
      `/api/v1/underlay-routes?ip=${BEHIND}`,
    );
  const [path] = body.items[0]?.paths ?? [];
  return path?.resolvedBy ?? path?.unreachable;
}

/** spine1's link to leaf1 goes; the ping goes on meanwhile. Returns how many of its packets were lost. */
async function pullLink(check: () => Promise<void>): Promise<number> {
  const [link] = fabric.spine('spine1').links;
  const ping = await ContinuousPing.start(
    fabric.namespace('leaf1'),
    BEHIND,
    0.02,
    `${fabric.folder}/ping.log`,
  );
  await waitFor(async () => ping.replies > 5, { what: 'replies' });
  await fabric.exec('spine1', 'ip', 'link', 'set', link.spineDevice, 'down');
  await check();
  const before = ping.replies;
  await waitFor(async () => ping.replies > before + 5, { what: 'replies after the link went' });
  await fabric.exec('spine1', 'ip', 'link', 'set', link.spineDevice, 'up');
  const { sent, received } = await ping.stop();
  return sent - received;
}

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }],
    spines: [{ engine: 'frr' }, { engine: 'frr' }],
  });
  const leaf1 = fabric.evpnd('leaf1');
  await leaf1.stop();
  const { asn } = fabric.leaf('leaf1');
  await fabric.exec('leaf2', 'ip', 'addr', 'add', `${BEHIND}/32`, 'dev', 'lo');
  // What comes back does so by spine2
  const [, back] = fabric.leaf('leaf2').links;
  const toLeaf1 = [`${loopback('leaf1')}/32`, 'via', back.spineAddress.ipv4];
  await fabric.exec('leaf2', 'ip', 'route', 'replace', ...toLeaf1);
  // leaf1 asks with the address of a link
  for (const { leafAddress } of fabric.leaf('leaf1').links)
    await fabric.exec(
      'leaf2',
      'ip',
      'route',
      'replace',
      `${leafAddress.ipv4}/32`,
      'via',
      back.spineAddress.ipv4,
    );
  for (const { leafAddress } of fabric.leaf('leaf1').links)
    await fabric.exec(
      'spine2',
      'ip',
      'route',
      'replace',
      `${leafAddress.ipv4}/32`,
      'via',
      fabric.spine('spine2').links[0].leafAddress.ipv4,
    );
  for (const [n, spine] of spines.entries())
    await fabric.exec(
      spine,
      'ip',
      'route',
      'replace',
      '198.18.0.0/15',
      'via',
      fabric.leaf('leaf2').links[n].leafAddress.ipv4,
    );
  const networks = Array.from({ length: COUNT }, (_, n) => `network 198.18.${n >> 8}.${n & 255}/32`);
  await fabric
    .frr('leaf2')
    .vtysh(
      'conf t',
      `no router bgp ${fabric.leaf('leaf2').asn}`,
      `router bgp ${asn}`,
      `bgp router-id ${loopback('leaf2')}`,
      'no bgp network import-check',
      `neighbor ${loopback('leaf1')} remote-as internal`,
      `neighbor ${loopback('leaf1')} update-source ${loopback('leaf2')}`,
      `neighbor ${loopback('leaf1')} timers connect 1`,
      'address-family ipv4 unicast',
      `neighbor ${loopback('leaf1')} activate`,
      ...networks,
    );
  const neighbors = leaf1.config.neighbors as object[];
  leaf1.configure({
    ...leaf1.config,
    neighbors: [
      ...neighbors.map((neighbor) => ({ ...neighbor, families: ['l2vpn-evpn', 'ipv4-unicast'] })),
      {
        address: loopback('leaf2'),
        'remote-as': 'internal',
        'local-address': loopback('leaf1'),
        families: ['ipv4-unicast'],
      },
    ],
    underlay: { enabled: true },
  });
  await leaf1.start();
});
test.after.always(() => fabric?.remove());

test.serial(
  'over static routes: both ways, and the one that is left when a link goes, in one change',
  async (t) => {
    const groups = await allLeadBy(...gateways());
    t.is(groups.length, 1);
    t.deepEqual(await resolvedBy(), { kind: 'kernel', prefix: `${loopback('leaf2')}/32` });
    const lost = await pullLink(async () => {
      t.deepEqual(await allLeadBy(gateways()[1]), groups, 'no route was written');
    });
    t.true(lost < 10, `${lost} packets`);
    t.deepEqual(await allLeadBy(...gateways()), groups, 'no route was written');
  },
);

test.serial('over eBGP: what the spines tell of the loopback shows the way, and moves it', async (t) => {
  await fabric
    .exec('leaf1', 'ip', 'route', 'flush', `${loopback('leaf2')}/32`, 'proto', 'boot')
    .catch(() => {});
  for (const spine of spines) {
    const [{ leafAddress }] = fabric.spine(spine).links;
    await fabric
      .frr(spine)
      .vtysh(
        'conf t',
        `ip prefix-list told permit ${loopback('leaf2')}/32`,
        'route-map told permit 1',
        'match ip address prefix-list told',
        `router bgp ${fabric.spine(spine).asn}`,
        'address-family ipv4 unicast',
        'redistribute kernel route-map told',
        `neighbor ${leafAddress.ipv4} activate`,
      );
  }
  const groups = await allLeadBy(...gateways());
  t.is(groups.length, 1);
  t.deepEqual(await resolvedBy(), { kind: 'bgp', prefix: `${loopback('leaf2')}/32` });
  const lost = await pullLink(async () => {
    t.deepEqual(await allLeadBy(gateways()[1]), groups, 'no route was written');
  });
  t.true(lost < 10, `${lost} packets`);
  t.deepEqual(await allLeadBy(...gateways()), groups, 'no route was written');
  // The session stays, and the way goes
  for (const [n, spine] of spines.entries()) {
    await fabric.frr(spine).vtysh('conf t', 'route-map told deny 1');
    await allLeadBy(...gateways().slice(n + 1));
  }
  t.is(await resolvedBy(), 'no-route');
  const { body } = await fabric.evpnd('leaf1').get<{ problems: { problem: string }[] }>('/api/v1/status');
  t.true(
    body.problems.some(({ problem }) => problem.includes(`${loopback('leaf2')}, to which no route leads`)),
  );
});
