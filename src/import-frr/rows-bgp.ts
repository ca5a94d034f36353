import type { FamilyName } from '../config/index.js';
import { needless, numberOf, type Row, refused, row } from './row.js';

const SPINE = 'evpnd is a leaf, and passes no routes on';
const UNICAST = ['bgp', 'family'] as const;

function family(form: string, name: FamilyName): Row {
  return row('bgp', form, (_, at) => at.enter({ in: 'family', family: name }));
}

/** Statements by which FRR's VRFs take routes of one another, in an address family. */
export const BETWEEN_VRFS = [
  'import vrf <words...>',
  'rd vpn <words...>',
  'rt vpn <words...>',
  'label vpn <words...>',
  'export vpn',
  'import vpn',
] as const;

/** Statements of `router bgp`, and of its unicast families. */
export const BGP_ROWS: readonly Row[] = [
  row('bgp', 'bgp router-id <id>', ({ id = '' }, { model, line }) => {
    model.routerId = { value: id, line };
  }),
  row('bgp', 'no bgp ebgp-requires-policy', (_, { model }) => {
    model.hasNoPolicyRule = true;
  }),
  row(
    'bgp',
    'bgp ebgp-requires-policy',
    () => 'evpnd takes and sends all routes where a neighbor has no policy',
  ),
  row('bgp', 'no bgp default ipv4-unicast', (_, { model }) => {
    model.defaultFamilies.delete('ipv4-unicast');
  }),
  ...(['ipv4-unicast', 'ipv6-unicast', 'l2vpn-evpn'] as const).map((name) =>
    row('bgp', `bgp default ${name}`, (_, { model }) => {
      model.defaultFamilies.add(name);
    }),
  ),
  row('bgp', 'timers bgp <keepalive> <hold>', ({ keepalive, hold }, { model, line }) => {
    model.timers = { value: { keepalive: numberOf(keepalive), hold: numberOf(hold) }, line };
  }),
  row('bgp', 'bgp bestpath as-path multipath-relax [as-set|no-as-set]', (_, { model, line }) => {
    model.relaxesMultipath = { value: true, line };
  }),
  row('bgp', 'bgp always-compare-med', (_, { model, line }) => {
    model.alwaysComparesMed = { value: true, line };
  }),
  row('bgp', 'bgp graceful-shutdown', (_, { model, line }) => {
    model.drains = { value: true, line };
  }),
  row('bgp', 'bgp enforce-first-as', (_, { model, line }) => {
    model.enforcesFirstAs = { value: true, line };
  }),
  row('bgp', 'no bgp enforce-first-as', (_, { model, line }) => {
    model.enforcesFirstAs = { value: false, line };
  }),
  row('bgp', 'bgp graceful-restart notification', (_, { model, line }) => {
    model.ofAll.set('graceful-restart-notification', { value: true, line });
  }),
  row('bgp', 'no bgp graceful-restart notification', (_, { model, line }) => {
    model.ofAll.set('graceful-restart-notification', { value: false, line });
  }),
  row('bgp', 'bgp graceful-restart stalepath-time <seconds>', ({ seconds }, { model, line }) => {
    model.ofAll.set('stale-time', { value: numberOf(seconds), line });
  }),
  row('bgp', 'bgp long-lived-graceful-restart stale-time <seconds>', ({ seconds }, { model, line }) => {
    model.ofAll.set('long-lived-stale-time', { value: numberOf(seconds), line });
  }),
  row(
    'bgp',
    'bgp listen range <prefix> peer-group <group>',
    ({ prefix = '', group = '' }, { model, line }) => {
      model.ranges.push({ prefix, group, line });
    },
  ),
  row('bgp', 'bgp listen limit <limit>', ({ limit }, { model, line }) => {
    model.listenLimit = { value: numberOf(limit), line };
  }),
  family('address-family ipv4 [unicast]', 'ipv4-unicast'),
  family('address-family ipv6 [unicast]', 'ipv6-unicast'),
  row('bgp', 'address-family l2vpn evpn', (_, at) => at.enter({ in: 'evpn' })),
  row('bgp', 'address-family 12vpn evpn', (_, at) => {
    at.enter({ in: 'evpn' });
    at.differs('read as address-family l2vpn evpn, with the letter l; FRR refuses the digit 1');
  }),
  row('bgp', 'address-family <words...>', ({ words = '' }, at) => {
    const why = `evpnd speaks l2vpn evpn, ipv4 unicast and ipv6 unicast, not ${words}`;
    at.enter({ in: 'skipped', why });
    return why;
  }),
  ...needless(
    'bgp',
    'bgp log-neighbor-changes',
    'no bgp log-neighbor-changes',
    'bgp deterministic-med',
    'bgp bestpath compare-routerid',
    'bgp disable-ebgp-connected-route-check',
    'bgp fast-external-failover',
    'bgp suppress-duplicates',
    'no bgp suppress-duplicates',
    'bgp default show-hostname',
    'bgp default show-nexthop-hostname',
    'no bgp default show-hostname',
    'no bgp network import-check',
    'coalesce-time <time>',
    'bgp graceful-restart',
    'bgp hard-administrative-reset',
    'neighbor <peer> graceful-restart',
  ),
  ...refused(
    'bgp',
    "an operator's reset is a Hard Reset, which removes the routes on both sides (RFC 8538)",
    'no bgp hard-administrative-reset',
  ),
  ...refused(
    'bgp',
    SPINE,
    'bgp cluster-id <id>',
    'bgp route-reflector <words...>',
    'no bgp client-to-client reflection',
  ),
  row(UNICAST, 'network <prefix> [route-map <map>]', ({ prefix = '', map }, { model, line, differs }) => {
    model.networks.push({ value: prefix, line });
    if (map !== undefined) differs(`announced without route-map ${map}`);
  }),
  row(UNICAST, 'redistribute connected [route-map <map>]', ({ map }, { model, line, family: name }) => {
    model.redistributions.push({ family: name, routeMap: map, line });
  }),
  ...[
    'redistribute connected metric <metric> [route-map <map>]',
    'redistribute connected route-map <map> metric <metric>',
  ].map((form) =>
    row(UNICAST, form, ({ map }, { model, line, family: name, differs }) => {
      model.redistributions.push({ family: name, routeMap: map, line });
      differs('announced without a metric');
    }),
  ),
  ...refused(
    UNICAST,
    'evpnd announces connected networks and fixed prefixes (underlay.redistribute-connected, underlay.networks)',
    'redistribute <words...>',
    'aggregate-address <words...>',
  ),
  row(UNICAST, 'maximum-paths <count>', ({ count }, at) => setPaths('maximum-paths', count, at)),
  row(UNICAST, 'maximum-paths ibgp <count> [equal-cluster-length]', ({ count }, at) =>
    setPaths('maximum-paths-ibgp', count, at),
  ),
  row(
    UNICAST,
    'import vrf <name>',
    ({ name }) =>
      `routes of VRFs are not read; lead to the VRF by a route of the operating system for each of its networks: ip route add PREFIX dev ${name}`,
  ),
  ...refused(UNICAST, 'routes of VRFs are not read', ...BETWEEN_VRFS),
];

/** The most paths of a route that evpnd installs. */
const MOST_PATHS = 32;

function setPaths(
  key: string,
  word: string | undefined,
  { model, line, differs }: Parameters<Row['apply']>[1],
): undefined {
  const count = numberOf(word);
  if (count > MOST_PATHS) differs(`at most ${MOST_PATHS} paths`);
  model.underlay.set(key, { value: Math.min(count, MOST_PATHS), line });
}
