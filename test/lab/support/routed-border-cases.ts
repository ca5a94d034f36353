import assert from 'node:assert/strict';
import { waitFor } from '../../../lab/index.js';
import type { ExplainRoute } from '../../../src/api/index.js';
import type { ScenarioCase } from '../linux-namespace.js';
import { TABLE, tellFrr, VRF } from './routed-fabric.js';
import { families, lostAtMost, MOST_LOST_MS, type RoutedLab } from './routed-lab.js';

/** The world outside: a VRF of the spine, which has links to the border leaves, and some addresses. */
const OUTSIDE = 'outside';
const OUTSIDE_TABLE = 2001;
/** A border leaf, the devices of its link to the outside at both ends, and the /30 and /64 of that link. */
const UPLINKS = {
  leaf1: { out: 'out1', ipv4: ['203.0.113.1', '203.0.113.2'], ipv6: ['2001:db8:f1::1', '2001:db8:f1::2'] },
  leaf4: { out: 'out4', ipv4: ['203.0.113.5', '203.0.113.6'], ipv6: ['2001:db8:f4::1', '2001:db8:f4::2'] },
} as const;
type Border = keyof typeof UPLINKS;
const INSIDE = { ipv4: '10.0.0.0/8', ipv6: 'fd10::/16' };
const outside = (n: number) => ({ ipv4: `198.18.0.${n}`, ipv6: `2001:db8:5::${n}` });
const SOME = Array.from({ length: 20 }, (_, n) => outside(n + 1));

/** Border leaves that lead out of the fabric: one, two that share, and what is lost when one dies. */
export function borderCases(lab: RoutedLab): ScenarioCase[] {
  const { fabric } = lab;
  const others = (border: Border) => fabric.plan.leaves.filter(({ name }) => name !== border);

  async function makeOutside(): Promise<void> {
    await lab.only(
      'spine1',
      `link add ${OUTSIDE} type vrf table ${OUTSIDE_TABLE}`,
      `link set ${OUTSIDE} up`,
      ...SOME.flatMap(({ ipv4, ipv6 }) => [
        `addr add ${ipv4}/32 dev ${OUTSIDE}`,
        `addr add ${ipv6}/128 dev ${OUTSIDE} nodad`,
      ]),
    );
  }

  const defaults = (leaf: Border) => [
    `route add default via ${UPLINKS[leaf].ipv4[1]} table ${TABLE}`,
    `route add ::/0 via ${UPLINKS[leaf].ipv6[1]} table ${TABLE}`,
  ];

  async function connect(leaf: Border): Promise<void> {
    const { out, ipv4, ipv6 } = UPLINKS[leaf];
    await lab.only(
      leaf,
      `link add up0 type veth peer name ${out} netns ${fabric.namespace('spine1')}`,
      `link set up0 master ${VRF} up`,
      `addr add ${ipv4[0]}/30 dev up0`,
      `addr add ${ipv6[0]}/64 dev up0 nodad`,
    );
    await lab.only(
      'spine1',
      `link set ${out} master ${OUTSIDE} up`,
      `addr add ${ipv4[1]}/30 dev ${out}`,
      `addr add ${ipv6[1]}/64 dev ${out} nodad`,
    );
    await lab.only(leaf, ...defaults(leaf));
  }

  /** The ways that the outside has back to the fabric. */
  async function wayBack(...borders: Border[]): Promise<void> {
    await lab.only(
      'spine1',
      ...families.map((family) => {
        const ways = borders.map(
          (border) => `nexthop via ${UPLINKS[border][family][0]} dev ${UPLINKS[border].out}`,
        );
        return `route replace ${INSIDE[family]} table ${OUTSIDE_TABLE} ${ways.join(' ')}`;
      }),
    );
  }

  /** Waits until the leaf's default routes lead to these leaves. */
  async function defaultsLeadTo(leaf: string, ...borders: string[]): Promise<void> {
    const vteps = borders.map((border) => fabric.leaf(border).vtep);
    const wanted = { ipv4: vteps.join(' '), ipv6: vteps.map((vtep) => `::ffff:${vtep}`).join(' ') };
    let seen: Record<string, string> = {};
    await waitFor(
      async () => {
        const [ipv4, ipv6] = await Promise.all(
          ['0.0.0.0/0', '::/0'].map(async (prefix) => (await lab.ways(leaf, prefix)).join(' ')),
        );
        seen = { ipv4, ipv6 };
        return ipv4 === wanted.ipv4 && ipv6 === wanted.ipv6;
      },
      {
        what: `default routes of ${leaf} to ${borders.join(', ') || 'nobody'}`,
        timeout: 30_000,
        show: () => JSON.stringify(seen),
      },
    );
  }

  /** Of some addresses outside those that a host reaches by each border leaf. */
  async function sharesOf(host: string): Promise<Record<Border, string[]>> {
    const shares: Record<Border, string[]> = { leaf1: [], leaf4: [] };
    const addresses = SOME.map(({ ipv4 }) => ipv4);
    const borders = await lab.leavesAt(host, addresses, 2);
    for (const [i, border] of borders.entries()) {
      assert.ok(border === 'leaf1' || border === 'leaf4', `${host} to ${addresses[i]}: ${border}`);
      shares[border].push(addresses[i]);
    }
    assert.ok(shares.leaf1.length > 0 && shares.leaf4.length > 0, JSON.stringify(shares));
    return shares;
  }

  /** Flows of both families, over both border leaves. */
  async function flows(): Promise<(readonly [string, string])[]> {
    const { leaf1, leaf4 } = await sharesOf('h3-20');
    return [
      ['h3-20', leaf1[0]],
      ['h3-20', leaf4[0]],
      ['h5-10', outside(1).ipv6],
    ];
  }

  return [
    {
      name: "a border leaf's default routes, which another program set, are the way out of evpnd and FRR",
      run: async () => {
        await makeOutside();
        await connect('leaf1');
        await wayBack('leaf1');
        for (const { name } of others('leaf1')) await defaultsLeadTo(name, 'leaf1');
        for (const from of ['h2-10', 'h3-20', 'h4-10', 'h5-20'])
          for (const family of families) {
            await lab.pings(from, outside(1)[family], family);
            assert.equal(await lab.leafAt(from, outside(1)[family], 2), 'leaf1');
          }
        const { body } = await fabric.restApi<ExplainRoute>(
          'leaf3',
          `/api/v1/vrfs/${VRF}/explain?ip=${outside(1).ipv4}`,
        );
        assert.equal(body.prefix, '0.0.0.0/0');
      },
    },
    {
      name: 'two border leaves, of evpnd and of FRR, share what leaves the fabric',
      run: async () => {
        await connect('leaf4');
        await tellFrr(fabric, fabric.leaf('leaf4'), { ipv4: '0.0.0.0/0', ipv6: '::/0' });
        await wayBack('leaf1', 'leaf4');
        for (const leaf of ['leaf3', 'leaf5']) await defaultsLeadTo(leaf, 'leaf1', 'leaf4');
        await sharesOf('h3-20');
        for (const { ipv6 } of SOME.slice(0, 5)) await lab.pings('h5-10', ipv6, 'ipv6');
      },
    },
    {
      name: 'a border leaf whose daemon is killed forwards on until the others have left it, and they come back to it',
      run: async () => {
        const losses = await lab.lostWhile(
          await flows(),
          () => fabric.evpnd('leaf1').kill(),
          async () => {
            for (const leaf of ['leaf3', 'leaf5']) await defaultsLeadTo(leaf, 'leaf4');
          },
        );
        lostAtMost(losses, MOST_LOST_MS);
        await fabric.evpnd('leaf1').start();
        for (const leaf of ['leaf3', 'leaf5']) await defaultsLeadTo(leaf, 'leaf1', 'leaf4');
        await sharesOf('h3-20');
      },
    },
    {
      name: 'a border leaf without its uplink uses the other, as all do, until the uplink is back',
      run: async () => {
        await wayBack('leaf4');
        const losses = await lab.lostWhile(
          await flows(),
          () => lab.only('leaf1', 'link set up0 down'),
          async () => {
            for (const leaf of ['leaf1', 'leaf3', 'leaf5']) await defaultsLeadTo(leaf, 'leaf4');
          },
        );
        lostAtMost(losses, MOST_LOST_MS);
        await lab.pings('h1-10', outside(1).ipv4);
        await lab.only(
          'leaf1',
          'link set up0 up',
          // The kernel has taken it with the link
          `addr replace ${UPLINKS.leaf1.ipv6[0]}/64 dev up0 nodad`,
          ...defaults('leaf1'),
        );
        for (const leaf of ['leaf3', 'leaf5']) await defaultsLeadTo(leaf, 'leaf1', 'leaf4');
      },
    },
    {
      name: 'a border leaf whose link to the fabric fails is left for the other',
      run: async () => {
        const losses = await lab.lostWhile(
          await flows(),
          () => lab.only('spine1', 'link set leaf1 down'),
          async () => {
            for (const leaf of ['leaf3', 'leaf5']) await defaultsLeadTo(leaf, 'leaf4');
          },
        );
        lostAtMost(losses, MOST_LOST_MS);
      },
    },
  ];
}
