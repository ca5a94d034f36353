import test from 'ava';
import { contentReason, type UnusedReason, vtepReason } from '../../src/evpn/index.js';
import { isUsedType, vtepOf as vtepOfRoute } from '../../src/evpn/route-types/index.js';
import {
  ESI_ZERO,
  type Esi,
  type Ip,
  parseIp,
  parseMac,
  RouteDistinguisher,
  toVni,
} from '../../src/types/index.js';
import { type EvpnNlri, type PathAttributes, RouteType, vniOfRoute } from '../../src/wire/index.js';
import { imet, macRoute } from '../bgp/fabric.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf, vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const RD = RouteDistinguisher.parse('10.0.0.9:1');
const ESI = '03443839ff0000010001' as Esi;
const NEAR = vtepOf(9);
const pmsi = { flags: 0, tunnelType: 6, label: VNI, identifier: new Uint8Array(), endpoint: NEAR, octets: 0 };

const discovery = (ethernetTag: number, esi = ESI): EvpnNlri => ({
  type: RouteType.ETHERNET_AUTO_DISCOVERY,
  rd: RD,
  esi,
  ethernetTag,
  label: VNI,
});
const SEGMENT: EvpnNlri = { type: RouteType.ETHERNET_SEGMENT, rd: RD, esi: ESI, originator: NEAR };
const PREFIX: EvpnNlri = {
  type: RouteType.IP_PREFIX,
  rd: RD,
  esi: ESI_ZERO,
  ethernetTag: 0,
  prefixLength: 24,
  prefix: parseIp('192.0.2.0'),
  gateway: parseIp('0.0.0.0'),
  label: VNI,
};

/** A route, and why nobody can use it: without tags, and where routes with one are imported. */
const CONTENTS: readonly (readonly [
  string,
  EvpnNlri,
  Partial<PathAttributes>,
  UnusedReason | undefined,
  UnusedReason | undefined,
])[] = [
  ['a Type-2', macRoute(HOST), {}, undefined, undefined],
  ['a Type-2 with a tag', macRoute(HOST, { ethernetTag: 20 }), {}, 'ethernet-tag', undefined],
  ['a Type-3', imet('10.0.0.9'), { pmsiTunnel: pmsi }, undefined, undefined],
  [
    'a Type-3 with a tag',
    imet('10.0.0.9', { ethernetTag: 20 }),
    { pmsiTunnel: pmsi },
    'ethernet-tag',
    undefined,
  ],
  ['a Type-1 of the VNI', discovery(0), {}, undefined, undefined],
  ['a Type-1 with a tag', discovery(20), {}, 'ethernet-tag', undefined],
  ['a Type-1 of the whole segment', discovery(0xffff_ffff), {}, undefined, undefined],
  ['a Type-1 of no segment, whatever its tag', discovery(20, ESI_ZERO), {}, 'reserved-esi', 'reserved-esi'],
  [
    'a Type-1 of another encapsulation',
    discovery(0),
    { encapsulations: [7] },
    'encapsulation',
    'encapsulation',
  ],
  [
    'a Type-1 of no VTEP',
    discovery(0),
    { nextHop: parseIp('127.0.0.1') },
    'martian-next-hop',
    'martian-next-hop',
  ],
  ...(['127.0.0.1', 'fe80::9'] as const).map((nextHop): (typeof CONTENTS)[number] => [
    `a Type-2 by ${nextHop}`,
    macRoute(HOST),
    { nextHop: parseIp(nextHop) },
    'martian-next-hop',
    'martian-next-hop',
  ]),
  ['a Type-4', SEGMENT, {}, 'route-type', 'route-type'],
  ['a Type-5', PREFIX, {}, 'route-type', 'route-type'],
  ['the type before all else', PREFIX, { encapsulations: [7] }, 'route-type', 'route-type'],
  ['VXLAN among others', macRoute(HOST), { encapsulations: [7, 8] }, undefined, undefined],
  ['no encapsulation at all', macRoute(HOST), { encapsulations: [] }, undefined, undefined],
  ['another encapsulation', macRoute(0), { encapsulations: [7] }, 'encapsulation', 'encapsulation'],
];

for (const [name, nlri, attributes, plain, tagged] of CONTENTS)
  test(`why nobody can use a route: ${name}`, (t) => {
    const said = pathAttributes({ nextHop: NEAR, ...attributes });
    t.is(contentReason(nlri, said, false), plain);
    t.is(contentReason(nlri, said, true), tagged);
  });

/** A route whose next hop is NEAR, the VTEP that takes its frames, and the VNI that it names; whether its type is used. */
const PLACES: readonly (readonly [
  string,
  EvpnNlri,
  Partial<PathAttributes>,
  Ip,
  number | undefined,
  boolean,
])[] = [
  ['a Type-1', { ...discovery(0), label: 10011 } as EvpnNlri, {}, NEAR, 10011, true],
  ['a Type-2', macRoute(HOST, { label1: 10011, label2: 7 }), {}, NEAR, 10011, true],
  [
    'a Type-3 with a tunnel to another address',
    imet('10.0.0.7'),
    { pmsiTunnel: { ...pmsi, label: 10011, endpoint: vtepOf(8) } },
    vtepOf(8),
    10011,
    true,
  ],
  ['a Type-3 without a tunnel', imet('10.0.0.7'), {}, NEAR, undefined, true],
  ['a Type-4', SEGMENT, {}, NEAR, undefined, false],
  ['a Type-5', PREFIX, {}, NEAR, VNI, false],
];

for (const [name, nlri, attributes, vtep, vni, isUsed] of PLACES)
  test(`where a route leads: ${name}`, (t) => {
    const said = pathAttributes({ nextHop: NEAR, ...attributes });
    t.is(vtepOfRoute(nlri, said), vtep);
    t.is(vniOfRoute(nlri, said.pmsiTunnel?.label), vni);
    t.is(isUsedType(nlri), isUsed);
  });

test('whether an address can be a VTEP is asked anew where the address, the topology or the device is another', async (t) => {
  const { leaf } = await servingLeaf(VNI);
  const vrf = leaf.evpn.vrf(VNI)!;
  const { topology } = leaf.dataPlane;
  const other = { ...topology, ownVteps: new Set([NEAR]) };
  const { at } = vrf;
  const ipv6 = { ...at!, localVtep: parseIp('2001:db8::1') };
  const asked = [
    [NEAR, topology, at, undefined],
    [vtepOf(1), topology, at, 'own-next-hop'],
    [NEAR, topology, at, undefined],
    [NEAR, other, at, 'own-next-hop'],
    [NEAR, topology, at, undefined],
    [NEAR, topology, ipv6, 'next-hop-family'],
    [NEAR, topology, at, undefined],
    [NEAR, topology, { ...at!, localVtep: undefined }, undefined],
    [parseIp('2001:db8::9'), topology, { ...at!, localVtep: undefined }, undefined],
  ] as const;
  for (const [vtep, seen, device, reason] of asked) {
    vrf.at = device;
    t.is(vtepReason(vtep, vrf, seen), reason);
    t.is(vtepReason(vtep, vrf, seen), reason, 'again');
  }
});
