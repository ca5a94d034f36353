import test from 'ava';
import type { Destination } from '../../src/bgp/index.js';
import { Importers } from '../../src/evpn/import-index.js';
import { ethernetAutoDiscovery } from '../../src/evpn/route-types/ethernet-auto-discovery.js';
import { type Esi, type Ip, RouteDistinguisher, toVni } from '../../src/types/index.js';
import { type EthernetAutoDiscovery, MAX_ETHERNET_TAG, RouteType } from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf, vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const OTHER_VNI = 10999;
const ESI = '03443839ff0000010001' as Esi;
const RD = RouteDistinguisher.parse('10.0.0.9:1');
const [A, B] = [11, 12].map(vtepOf);

/** What one route says in turn: its next hop and its label, and the leaf that reaches the segment by it then. */
type Said = readonly [nextHop: Ip, label: number, leaf: Ip | undefined];

const CASES: readonly (readonly [string, number, readonly Said[]])[] = [
  ['of the whole segment, whatever its label', MAX_ETHERNET_TAG, [[A, 0, A]]],
  ['without an Ethernet tag, whatever its label', 0, [[A, OTHER_VNI, A]]],
  ['of a bundle, this VNI', 20, [[A, VNI, A]]],
  ['of a bundle, another VNI of it', 20, [[A, OTHER_VNI, undefined]]],
  [
    'of a bundle, first another VNI, then this one',
    20,
    [
      [A, OTHER_VNI, undefined],
      [A, VNI, A],
    ],
  ],
  [
    'of a bundle, first this VNI, then another',
    20,
    [
      [A, VNI, A],
      [A, OTHER_VNI, undefined],
    ],
  ],
  [
    'of a leaf that changes its VTEP',
    0,
    [
      [A, VNI, A],
      [B, VNI, B],
    ],
  ],
  [
    'of a bundle, both at once',
    20,
    [
      [A, VNI, A],
      [B, OTHER_VNI, undefined],
    ],
  ],
];

async function scene(ethernetTag: number) {
  const { leaf } = await servingLeaf(VNI);
  const vrf = leaf.evpn.vrf(VNI)!;
  const { segments } = vrf;
  const nlri: EthernetAutoDiscovery = {
    type: RouteType.ETHERNET_AUTO_DISCOVERY,
    rd: RD,
    esi: ESI,
    ethernetTag,
    label: 0,
  };
  const destination = { nlri, best: undefined as unknown };
  let old: Importers | undefined;
  return {
    say(nextHop: Ip, label: number) {
      const attributes = pathAttributes({ nextHop });
      destination.best = { nlri: { ...nlri, label }, attributes };
      const now = new Importers([vrf], attributes);
      ethernetAutoDiscovery.put(vrf, destination as Destination, nlri, now, old);
      old = now;
    },
    withdraw() {
      ethernetAutoDiscovery.remove(vrf, destination as Destination, nlri, old!);
    },
    leaves: () => (segments.get(ESI)?.leaves ?? []).filter(({ isLost }) => !isLost).map(({ vtep }) => vtep),
    segments,
  };
}

for (const [name, ethernetTag, saids] of CASES)
  test(`who reaches a segment by an Ethernet A-D route: ${name}`, async (t) => {
    const { say, withdraw, leaves, segments } = await scene(ethernetTag);
    for (const [nextHop, label, leaf] of saids) {
      say(nextHop, label);
      t.deepEqual(leaves(), leaf === undefined ? [] : [leaf]);
      segments.visitDirty(1, () => {});
      say(nextHop, label);
      t.deepEqual(leaves(), leaf === undefined ? [] : [leaf], 'said again');
      t.false(segments.hasDirty, 'said again, it has no MAC looked at');
    }
    withdraw();
    t.deepEqual([...segments.values()], []);
  });
