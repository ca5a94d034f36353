import test from 'ava';
import type { Destination, Path } from '../../src/bgp/index.js';
import { EMPTY_TOPOLOGY, type Topology, type VrfAttachment } from '../../src/dataplane/index.js';
import { choosePaths, whyNoClaim } from '../../src/evpn/l3/claims.js';
import { Rule } from '../../src/evpn/rules.js';
import {
  ESI_ZERO,
  type Esi,
  IPV4_ANY,
  IPV6_ANY,
  type Mac,
  parseIp,
  parseMac,
  RouteDistinguisher,
  toVni,
  type Vni,
} from '../../src/types/index.js';
import { type EvpnNlri, type IpPrefix, type PathAttributes, RouteType } from '../../src/wire/index.js';
import { macRoute } from '../bgp/fabric.js';
import { pathAttributes } from '../support/path-attributes.js';
import { vtepOf } from './support/leaf.js';

const L3 = toVni(4001);
const OTHER = toVni(4003);
const REACHED = parseIp('192.0.2.9');
const OWN_MAC = parseMac('02:ff:00:00:00:01');
const OTHER_MAC = parseMac('02:ff:00:00:03:01');
const ROUTER = parseMac('02:ff:00:00:00:09');
const AT = { localVtep: vtepOf(1) } as VrfAttachment;
const TOPOLOGY: Topology = {
  ...EMPTY_TOPOLOGY,
  ownVteps: new Set([vtepOf(1)]),
  own: new Map(
    [
      [L3, OWN_MAC],
      [OTHER, OTHER_MAC],
    ].map(([vni, mac]) => [
      vni as Vni,
      { macs: new Set([mac as Mac]), ips: new Set(), subnetEnds: new Set(), subnets: [] },
    ]),
  ),
};
const RD = RouteDistinguisher.parse('10.0.0.9:4001');

const prefixRoute = (over: Partial<IpPrefix> = {}): IpPrefix => ({
  type: RouteType.IP_PREFIX,
  rd: RD,
  esi: ESI_ZERO,
  ethernetTag: 0,
  prefixLength: 24,
  prefix: parseIp('198.51.100.0'),
  gateway: IPV4_ANY,
  label: L3,
  ...over,
});
const host = (label2: number | undefined) =>
  macRoute(parseMac('02:00:00:00:00:01'), { rd: RD, ip: parseIp('192.0.2.1'), label2 });
const FROM = { nextHop: vtepOf(9), routerMac: ROUTER };
const why = (nlri: EvpnNlri, over: Partial<PathAttributes> = {}) =>
  whyNoClaim(
    { nlri, attributes: pathAttributes({ ...FROM, ...over }) },
    { at: AT, l3vni: L3 },
    TOPOLOGY,
    new Map([[OTHER, { at: { localVtep: vtepOf(1) } as VrfAttachment, l3vni: OTHER }]]),
    (gateway) => gateway === REACHED,
  );

for (const [what, nlri, attributes, expected] of [
  ['as it should be', prefixRoute(), {}, undefined],
  ['of a host', host(L3), {}, undefined],
  ['the default route', prefixRoute({ prefixLength: 0, prefix: IPV4_ANY }), {}, undefined],
  ['label 0', prefixRoute({ label: 0 }), {}, 'routed-label'],
  ['another VNI', prefixRoute({ label: 4002 }), {}, 'routed-label'],
  ['the L3VNI of another VRF here', prefixRoute({ label: OTHER }), {}, undefined],
  ['of a host, by the L3VNI of another VRF here', host(OTHER), {}, undefined],
  [
    'our own router MAC of that VRF',
    prefixRoute({ label: OTHER }),
    { routerMac: OTHER_MAC },
    'own-router-mac',
  ],
  [
    'our own router MAC of this VRF by that one',
    prefixRoute({ label: OTHER }),
    { routerMac: OWN_MAC },
    undefined,
  ],
  [
    'a next hop of the other family by that one',
    prefixRoute({ label: OTHER }),
    { nextHop: parseIp('2001:db8::9') },
    'next-hop-family',
  ],
  ['a second label 0', host(0), {}, 'routed-label'],
  ['no second label', host(undefined), {}, 'no-layer-3-label'],
  ['no router MAC', prefixRoute(), { routerMac: undefined }, 'router-mac'],
  ['router MAC zero', prefixRoute(), { routerMac: 0 as Mac }, 'router-mac'],
  ['a multicast router MAC', prefixRoute(), { routerMac: parseMac('01:00:5e:00:00:01') }, 'router-mac'],
  ['our own router MAC', prefixRoute(), { routerMac: OWN_MAC }, 'own-router-mac'],
  ['our own next hop', prefixRoute(), { nextHop: vtepOf(1) }, 'own-next-hop'],
  ['a next hop of no host', prefixRoute(), { nextHop: parseIp('224.0.0.9') }, 'martian-next-hop'],
  ['a next hop of the other family', prefixRoute(), { nextHop: parseIp('2001:db8::9') }, 'next-hop-family'],
  ['an Ethernet tag', prefixRoute({ ethernetTag: 5 }), {}, 'ethernet-tag'],
  ['a gateway that nobody has', prefixRoute({ gateway: parseIp('192.0.2.7') }), {}, 'gateway-index'],
  ['a gateway that is reached', prefixRoute({ gateway: REACHED }), {}, undefined],
  [
    'a gateway, and neither label nor router MAC',
    prefixRoute({ gateway: REACHED, label: 0 }),
    { routerMac: undefined },
    undefined,
  ],
  ['a gateway, of our own', prefixRoute({ gateway: REACHED }), { nextHop: vtepOf(1) }, 'own-next-hop'],
  ['a segment to be looked up', prefixRoute({ esi: '03443839ff0000010001' as Esi }), {}, 'segment-index'],
  ['a multicast prefix', prefixRoute({ prefix: parseIp('224.0.0.0') }), {}, 'prefix'],
  ['a loopback prefix', prefixRoute({ prefix: parseIp('127.0.0.0') }), {}, 'prefix'],
  [
    'a link-local prefix',
    prefixRoute({ prefix: parseIp('fe80::'), prefixLength: 64, gateway: IPV6_ANY }),
    {},
    'prefix',
  ],
] as const)
  test(`a route for a VRF: ${what}`, (t) => {
    t.is(why(nlri, attributes), expected);
  });

function usable(nlri: EvpnNlri, neighbor: string, over: Partial<PathAttributes> = {}) {
  const path = {
    nlri,
    attributes: pathAttributes({ ...FROM, ...over }),
    source: { neighbor, routerId: 9, internal: false },
    accepted: true,
  } as unknown as Path;
  return { destination: { nlri, best: path, paths: [path] } as unknown as Destination, path };
}

test('what is chosen of several routes, and by which rule each other one is not', (t) => {
  const prefix = usable(prefixRoute(), '10.1.0.1');
  const first = usable(host(L3), '10.1.0.1');
  const moved = usable(host(L3), '10.1.0.2', {
    macMobility: { sequence: 3, sticky: false },
    nextHop: vtepOf(8),
  });
  const nearer = usable(host(L3), '10.1.0.2', { nextHop: vtepOf(4) });
  t.deepEqual(choosePaths([], L3).chosen, []);
  t.like(choosePaths([prefix], L3), { chosen: [prefix.path], rule: 'only claim' });
  const ofHost = choosePaths([prefix, first], L3);
  t.deepEqual(ofHost.chosen, [first.path]);
  t.is(ofHost.rule, 'route of a host, which goes before prefix routes to it');
  t.is(ofHost.lost.get(prefix.path), ofHost.rule);
  const bySequence = choosePaths([first, prefix, moved], L3);
  t.deepEqual(bySequence.chosen, [moved.path]);
  t.is(bySequence.lost.get(first.path), 'higher sequence number');
  const byVtep = choosePaths([first, nearer], L3);
  t.deepEqual([byVtep.chosen, byVtep.rule], [[nearer.path], 'lower VTEP address']);
  const other = usable(prefixRoute({ label: OTHER }), '10.1.0.1', { nextHop: vtepOf(7) });
  const mixed = choosePaths([other, prefix], L3);
  t.deepEqual(
    [mixed.chosen, mixed.rule, mixed.lost.get(other.path)],
    [[prefix.path], Rule.OWN_VRF, Rule.OWN_VRF],
  );
  const third = usable(prefixRoute({ label: OTHER + 1 }), '10.1.0.1', { nextHop: vtepOf(7) });
  for (const both of [
    [other, third],
    [third, other],
  ])
    t.deepEqual(choosePaths(both, L3).chosen, [other.path], 'of one leaf, in whatever order they came');
});

for (const [what, mine] of [
  ['a host', host(L3)],
  ['a prefix that is as long', prefixRoute({ prefix: parseIp('192.0.2.1'), prefixLength: 32 })],
] as const)
  test(`no host of another VRF takes over ${what} of the VRF itself`, (t) => {
    const own = usable(mine, '10.1.0.1');
    const second = usable(mine, '10.1.0.2', { nextHop: vtepOf(10) });
    const moved = { macMobility: { sequence: 5, sticky: false }, nextHop: vtepOf(4) };
    const strange = usable(host(OTHER), '10.1.0.2', moved);
    for (const both of [
      [own, strange],
      [strange, own],
    ]) {
      const { chosen, rule, lost } = choosePaths(both, L3);
      t.deepEqual([chosen, rule, [...lost]], [[own.path], Rule.OWN_VRF, [[strange.path, Rule.OWN_VRF]]]);
    }
    const alone = choosePaths([own, second], L3);
    const all = choosePaths([strange, own, second], L3);
    t.deepEqual([all.chosen, all.rule], [alone.chosen, alone.rule]);
    t.deepEqual(all.lost, new Map([...alone.lost, [strange.path, Rule.OWN_VRF]]));
  });
