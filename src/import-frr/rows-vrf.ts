import type { FamilyName } from '../config/index.js';
import type { Model, VrfBlock } from './model.js';
import { type At, needless, type Row, refused, row } from './row.js';
import { BETWEEN_VRFS } from './rows-bgp.js';
import { openRouter } from './rows-top.js';

const SESSIONS = 'evpnd has no BGP sessions whose routes are those of a VRF';
const AT_FAMILY = 'vrf-family';

/** The protocols of the kernel's routes that FRR calls so; FRR's own static routes are those of its staticd. */
const PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  static: ['static', 'zstatic'],
  kernel: ['boot', 'static', 'dhcp', 'ra'],
  ospf: ['ospf'],
  ospf6: ['ospf'],
  isis: ['isis'],
  rip: ['rip'],
  ripng: ['ripng'],
  eigrp: ['eigrp'],
  babel: ['babel'],
};

/** What is known of a VRF of that name, from here on. */
export function vrfBlock(model: Model, name: string, line: number): VrfBlock {
  let block = model.vrfs.get(name);
  if (!block) {
    block = {
      name,
      line,
      asn: undefined,
      settings: new Map(),
      networks: [],
      redistributions: [],
      advertised: new Map(),
    };
    model.vrfs.set(name, block);
  }
  return block;
}

function blockOf({ place }: At): VrfBlock | undefined {
  return 'vrf' in place ? place.vrf : undefined;
}

function family(form: string, name: FamilyName): Row {
  return row('vrf-bgp', form, (_, at) => {
    const vrf = blockOf(at);
    if (vrf) at.enter({ in: AT_FAMILY, vrf, family: name });
  });
}

function redistributes(form: string, hasMetric: boolean): Row {
  return row(AT_FAMILY, form, ({ protocol = '', map: routeMap }, at) => {
    const { place, line } = at;
    if (place.in !== AT_FAMILY) return undefined;
    const protocols = protocol === 'connected' ? [] : PROTOCOLS[protocol];
    if (!protocols) return `routes of ${protocol} are told from others by no protocol of the kernel's`;
    if (hasMetric) at.differs('announced without a metric');
    place.vrf.redistributions.push({ family: place.family, routeMap, line, protocols });
    return undefined;
  });
}

/** Route targets are lists that later statements add to. */
function targets(form: string, ...keys: readonly string[]): Row {
  return row('vrf-evpn', form, ({ words = '' }, at) => {
    const settings = blockOf(at)?.settings;
    for (const key of keys) {
      const before = settings?.get(key)?.value;
      const list = [...(Array.isArray(before) ? before : []), ...words.split(' ')];
      settings?.set(key, { value: [...new Set(list)], line: at.line });
    }
  });
}

/** Statements of `router bgp … vrf`, and of its families. */
export const VRF_ROWS: readonly Row[] = [
  row('top', 'router bgp <asn> vrf default [as-notation <notation>]', openRouter),
  row('top', 'router bgp <asn> vrf <name> [as-notation <notation>]', ({ asn = '', name = '' }, at) => {
    const { model, line } = at;
    const vrf = vrfBlock(model, name, line);
    at.enter({ in: 'vrf-bgp', vrf });
    vrf.asn ??= { value: asn, line };
  }),
  family('address-family ipv4 [unicast]', 'ipv4-unicast'),
  family('address-family ipv6 [unicast]', 'ipv6-unicast'),
  row('vrf-bgp', 'address-family l2vpn evpn', (_, at) => {
    const vrf = blockOf(at);
    if (vrf) at.enter({ in: 'vrf-evpn', vrf });
  }),
  row('vrf-bgp', 'address-family <words...>', ({ words = '' }, at) => {
    const why = `of a VRF evpnd has ipv4 unicast, ipv6 unicast and l2vpn evpn, not ${words}`;
    at.enter({ in: 'skipped', why });
    return why;
  }),
  row(AT_FAMILY, 'network <prefix> [route-map <map>]', ({ prefix = '', map }, { place, line, differs }) => {
    if (place.in !== AT_FAMILY) return;
    place.vrf.networks.push({ value: prefix, line, family: place.family });
    if (map !== undefined) differs(`announced without route-map ${map}`);
  }),
  redistributes('redistribute <protocol> [route-map <map>]', false),
  redistributes('redistribute <protocol> metric <metric> [route-map <map>]', true),
  redistributes('redistribute <protocol> route-map <map> metric <metric>', true),
  ...(['ipv4', 'ipv6'] as const).flatMap((name) => [
    row('vrf-evpn', `advertise ${name} unicast [gateway-ip] [route-map <map>]`, ({ map }, at) => {
      blockOf(at)?.advertised.set(`${name}-unicast`, at.line);
      if (map !== undefined) at.differs(`announced without route-map ${map}`);
    }),
    row('vrf-evpn', `default-originate ${name}`, (_, at) => {
      const value = name === 'ipv4' ? '0.0.0.0/0' : '::/0';
      blockOf(at)?.networks.push({ value, line: at.line, family: undefined });
    }),
  ]),
  row('vrf-evpn', 'rd <rd>', ({ rd }, at) => {
    blockOf(at)?.settings.set('rd', { value: rd, line: at.line });
  }),
  targets('route-target import <words...>', 'import-route-targets'),
  targets('route-target export <words...>', 'export-route-targets'),
  targets('route-target both <words...>', 'import-route-targets', 'export-route-targets'),
  ...needless(
    'vrf-bgp',
    'bgp log-neighbor-changes',
    'bgp bestpath as-path multipath-relax [as-set|no-as-set]',
    'no bgp ebgp-requires-policy',
    'no bgp default ipv4-unicast',
    'no bgp network import-check',
    'no bgp hard-administrative-reset',
    'bgp hard-administrative-reset',
    'no bgp graceful-restart notification',
    'bgp graceful-restart notification',
  ),
  ...needless(AT_FAMILY, 'maximum-paths [ibgp] <count>'),
  row('vrf-bgp', 'bgp router-id <id>', ({ id }, { model }) =>
    id === (model.routerId ?? model.generalRouterId)?.value
      ? undefined
      : 'route distinguishers are derived of `router-id`; `rd` of the VRF is another',
  ),
  ...refused(['vrf-bgp', AT_FAMILY], SESSIONS, 'neighbor <words...>', 'bgp listen <words...>'),
  ...refused(
    AT_FAMILY,
    'a VRF takes the routes of another one by its route target: `import-route-targets`',
    ...BETWEEN_VRFS,
  ),
];
