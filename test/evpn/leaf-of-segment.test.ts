import test from 'ava';
import type { Destination } from '../../src/bgp/index.js';
import { SegmentLeaf } from '../../src/evpn/remote-segments.js';
import { leafOfSegment } from '../../src/evpn/unused.js';
import { type Esi, type Ip, type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { MAX_ETHERNET_TAG } from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf, vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const ESI = '03:00:00:00:00:00:01:00:00:01' as Esi;
const MACS = Array.from({ length: 12 }, (_, n) => (parseMac('02:00:00:00:00:00') + n) as Mac);
const [A, B, C] = [11, 12, 13].map(vtepOf);
const A6 = parseIp('2001:db8::11');
/** ESI Label, of RFC 7432 §7.5, with the Single-Active flag. */
const SINGLE = 0x0601_0100_0000_0000n;

/** Which Ethernet A-D routes a leaf sends, and whether by these only one leaf at a time reaches the segment. */
type Says = readonly ('per ES' | 'per EVI' | 'single-active')[];
const BOTH: Says = ['per ES', 'per EVI'];
const SINGLES: Says = ['per ES', 'per EVI', 'single-active'];

async function segment(leaves: readonly (readonly [Ip, Says])[]) {
  const { leaf } = await servingLeaf(VNI);
  const vrf = leaf.evpn.vrf(VNI)!;
  for (const [nextHop, says] of leaves)
    for (const [word, ethernetTag] of [
      ['per ES', MAX_ETHERNET_TAG],
      ['per EVI', 0],
    ] as const) {
      if (!says.includes(word)) continue;
      const extendedCommunities = word === 'per ES' && says.includes('single-active') ? [SINGLE] : [];
      const destination = { nlri: { ethernetTag } } as unknown as Destination;
      vrf.segments.discover(destination, ESI, pathAttributes({ nextHop, extendedCommunities }));
    }
  return (mac: Mac, claimant: Ip, esi = ESI) =>
    leafOfSegment(esi, mac, claimant, vrf, leaf.dataPlane.topology);
}

/** What leaves say, who announces the MACs, and those among which the MAC decides; none: no leaf can be known. */
const CASES: readonly (readonly [string, readonly (readonly [Ip, Says])[], Ip, readonly Ip[]])[] = [
  [
    'two leaves',
    [
      [A, BOTH],
      [B, BOTH],
    ],
    A,
    [A, B],
  ],
  [
    'three leaves, of a claimant that is none of them',
    [
      [A, BOTH],
      [B, BOTH],
      [C, BOTH],
    ],
    vtepOf(19),
    [A, B, C],
  ],
  [
    'a leaf that does not take frames for all its MACs',
    [
      [A, BOTH],
      [B, ['per ES']],
    ],
    A,
    [A],
  ],
  [
    'such a leaf, of its own MACs',
    [
      [A, BOTH],
      [B, ['per ES']],
    ],
    B,
    [A, B],
  ],
  [
    'a leaf that does not reach the segment',
    [
      [A, ['per EVI']],
      [B, BOTH],
    ],
    A,
    [B],
  ],
  [
    'a leaf that is this machine',
    [
      [vtepOf(1), BOTH],
      [B, BOTH],
    ],
    B,
    [B],
  ],
  [
    'a leaf of the other address family',
    [
      [A6, BOTH],
      [B, BOTH],
    ],
    B,
    [B],
  ],
  ['only a leaf that can be no VTEP', [[A6, BOTH]], A6, []],
  [
    'single-active, the claimant',
    [
      [A, SINGLES],
      [B, SINGLES],
      [C, SINGLES],
    ],
    B,
    [B],
  ],
  [
    'single-active, its only backup',
    [
      [A, ['per EVI']],
      [B, SINGLES],
    ],
    A,
    [B],
  ],
  [
    'single-active, two that could be its backup',
    [
      [A, ['per EVI']],
      [B, SINGLES],
      [C, SINGLES],
    ],
    A,
    [],
  ],
  [
    'single-active, of which one says so',
    [
      [A, SINGLES],
      [B, BOTH],
    ],
    B,
    [B],
  ],
];

for (const [name, leaves, claimant, among] of CASES)
  test(`the leaf for a MAC of a segment: ${name}`, async (t) => {
    for (const order of [leaves, leaves.toReversed()]) {
      const leafFor = await segment(order);
      for (const mac of MACS) {
        const [best] = among.toSorted(
          (a, b) => new SegmentLeaf(b).share(mac) - new SegmentLeaf(a).share(mac),
        );
        t.is(leafFor(mac, claimant), best);
      }
    }
  });

test('a segment that no leaf names has none', async (t) => {
  const leafFor = await segment([[A, BOTH]]);
  t.is(leafFor(MACS[0], A, '03:00:00:00:00:00:01:00:00:02' as Esi), undefined);
});

test('the MAC decides alike in every process, and evenly', async (t) => {
  const leafFor = await segment([
    [A, BOTH],
    [B, BOTH],
    [C, BOTH],
  ]);
  const chosen = MACS.map((mac) => [A, B, C].indexOf(leafFor(mac, A)!)).join('');
  t.is(chosen, '101102022221');
  const shares = new Map<Ip | undefined, number>();
  for (let n = 0; n < 3_000; n++) {
    const leaf = leafFor((MACS[0] + n) as Mac, A);
    shares.set(leaf, (shares.get(leaf) ?? 0) + 1);
  }
  for (const leaf of [A, B, C])
    t.true(Math.abs((shares.get(leaf) ?? 0) - 1_000) < 150, String(shares.get(leaf)));
});
