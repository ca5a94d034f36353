import test from 'ava';
import { parseMac, parseRouteTarget } from '../../src/types/index.js';
import { describeExtendedCommunity, ExtendedCommunity, NdFlag } from '../../src/wire/index.js';

const BUILT: [bigint, string, string][] = [
  [ExtendedCommunity.encapsulation(), '030c000000000008', 'encapsulation:VXLAN'],
  [ExtendedCommunity.encapsulation(99), '030c000000000063', 'encapsulation:99'],
  [ExtendedCommunity.routeTarget(parseRouteTarget('65001:10010')), '0002fde90000271a', 'rt:65001:10010'],
  [ExtendedCommunity.routeTarget(parseRouteTarget('10.0.0.1:5')), '01020a0000010005', 'rt:10.0.0.1:5'],
  [ExtendedCommunity.routeTarget(parseRouteTarget('4200000001:5')), '0202fa56ea010005', 'rt:4200000001:5'],
  [ExtendedCommunity.macMobility(3, false), '0600000000000003', 'mac-mobility:3'],
  [ExtendedCommunity.macMobility(0xffffffff, true), '06000100ffffffff', 'mac-mobility:4294967295,sticky'],
  [
    ExtendedCommunity.routerMac(parseMac('fe:00:00:00:00:99')),
    '0603fe0000000099',
    'router-mac:fe:00:00:00:00:99',
  ],
  [ExtendedCommunity.defaultGateway(), '030d000000000000', 'default-gateway'],
  [
    ExtendedCommunity.neighborFlags(NdFlag.ROUTER | NdFlag.OVERRIDE),
    '0608030000000000',
    'arp-nd:router,override',
  ],
  [ExtendedCommunity.neighborFlags(0), '0608000000000000', 'arp-nd:none'],
];
for (const [value, hex, words] of BUILT)
  test(`${words} is ${hex}`, (t) => {
    t.is(value.toString(16).padStart(16, '0'), hex);
    t.is(describeExtendedCommunity(value), words);
  });

const RECEIVED: [string, string][] = [
  ['0601010000000005', 'esi-label:5,single-active'],
  ['0601000000000005', 'esi-label:5,all-active'],
  ['0602020000000001', 'es-import:02:00:00:00:00:01'],
  ['0003fde900000001', 'soo:65001:1'],
  ['01030a0000010005', 'soo:10.0.0.1:5'],
  ['0203fa56ea010005', 'soo:4200000001:5'],
  ['0608080000000000', 'arp-nd:immutable'],
  ['0608040000000000', 'arp-nd:proxy'],
  ['06080d0000000000', 'arp-nd:router,proxy,immutable'],
  ['00000000000000ff', '0x00000000000000ff'],
  ['4002fde900000001', '0x4002fde900000001'],
];
for (const [hex, words] of RECEIVED)
  test(`${hex} is ${words}`, (t) => {
    t.is(describeExtendedCommunity(BigInt(`0x${hex}`)), words);
  });
