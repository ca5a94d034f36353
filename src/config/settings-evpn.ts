import { formatRouteTarget, parseRouteTarget, RouteDistinguisher, toVni, VNI_MAX } from '../types/index.js';
import { formatRouteTargetPattern, parseRouteTargetPattern } from './route-target-pattern.js';
import {
  either,
  flag,
  integer,
  list,
  oneOf,
  optional,
  parsed,
  required,
  section,
  setting,
  text,
  texts,
} from './setting.js';
import { parseRouteTargets } from './values.js';

const FLOODING = oneOf('head-end-replication', 'disabled');
const LOCAL_LIMIT = integer(1, 1048576);
const DEFAULT_LOCAL_LIMIT = 65_536;

const live = (change: string) => ({ effect: 'live', change }) as const;
const SERVED = live("the VNIs' routes and rows come or go");
const FLOODED = live('the Type-3 routes and default destinations concerned come or go');
const LIMITED = live(
  'what waited and has room now is announced; what is beyond a lower limit is withdrawn, of the port with the most addresses first',
);
const SVI = live("routes of the SVIs' own addresses come, go or change in their place; no other does");
const REFRESHED = live('hosts are asked by the new setting, counted from when each was heard last');
const LET_GO = live(
  'what is frozen or listed is let go and counted anew where the new value would not have it so',
);
const RECOUNTED = live(
  'what is frozen (`freeze-time`), or listed with `action: warn` (`window`), has the new time, counted from when it froze or moved last: where that is over it is let go at once',
);

const asEvpn = (key: string) => `As \`evpn.${key}\`, for this VNI. Default: as that says.`;
const routeTargetStandIn = (index: number) => `${index + 1}:0`;
const ROUTE_TARGETS = 'a list of at least one route target';

/** The settings of one VNI. */
export const VNI = {
  vni: parsed(
    required(integer(1, VNI_MAX, 'a VNI'), {
      description: 'The VXLAN network identifier.',
      standIn: (index) => VNI_MAX - index,
      ...live('another number is another VNI: what was set for the old one is derived again'),
    }),
    toVni,
  ),
  advertise: {
    ...optional(flag, {
      description: 'Whether evpnd serves this VNI. Default: true, because it is listed.',
      ...SERVED,
    }),
    parse: (value: boolean | undefined) => value ?? true,
  },
  rd: parsed(
    optional(text('a route distinguisher: ip:0-65535, as:0-4294967295, or 4-octet-as:0-65535'), {
      description: 'The route distinguisher. Default: `router-id:n` with an n that stays over restarts.',
      ...live(
        "the VNI's own routes are announced under the new RD and, a second later, withdrawn under the old one; no row changes. A VNI that had derived this RD takes the next free number, and keeps it",
      ),
    }),
    (value) => RouteDistinguisher.parse(value),
  ),
  'import-route-targets': parsed(
    optional(
      texts(
        ROUTE_TARGETS,
        'a route target such as 65000:10010, or *:10010 (quoted) for any AS',
        routeTargetStandIn,
        { minItems: 1 },
      ),
      {
        description:
          "Route targets whose routes the VNI takes; `'*:10010'` takes any AS. Default: as `auto-rt` says.",
        ...live(
          'routes come and go by the difference; what the old and the new list both import is not touched',
        ),
      },
    ),
    parseRouteTargets(parseRouteTargetPattern),
    (patterns) => patterns.map(formatRouteTargetPattern),
  ),
  'export-route-targets': parsed(
    optional(
      texts(ROUTE_TARGETS, 'a route target such as 65001:10010', routeTargetStandIn, { minItems: 1 }),
      {
        description: "Route targets that the VNI's routes carry. Default: as `auto-rt` says.",
        ...live("the VNI's own routes are announced again in their place; none is withdrawn, no row changes"),
      },
    ),
    parseRouteTargets(parseRouteTarget),
    (targets) => targets.map(formatRouteTarget),
  ),
  flooding: optional(FLOODING, { description: asEvpn('flooding'), ...FLOODED }),
  'advertise-svi-ip': optional(flag, { description: asEvpn('advertise-svi-ip'), ...SVI }),
  'advertise-default-gateway': optional(flag, { description: asEvpn('advertise-default-gateway'), ...SVI }),
  'max-local-macs': optional(LOCAL_LIMIT, { description: asEvpn('max-local-macs'), ...LIMITED }),
  'max-local-ips': optional(LOCAL_LIMIT, { description: asEvpn('max-local-ips'), ...LIMITED }),
};

const DUPLICATE_DETECTION = section('Duplicate address detection.', {
  enabled: setting(flag, {
    description: 'Looks for MACs and IPs that are in two places (RFC 7432 §15.1).',
    default: true,
    ...LET_GO,
  }),
  moves: setting(integer(2, 1000), {
    description: 'So many moves within `window` make a duplicate.',
    default: 5,
    ...live('counts from the next move on; what is frozen or listed stays so'),
  }),
  window: setting(integer(2, 1800, 'seconds'), {
    description: 'Seconds in which the moves count.',
    default: 180,
    ...RECOUNTED,
  }),
  action: setting(oneOf('warn', 'freeze'), {
    description: '`warn` logs and lists a duplicate; `freeze` also gives it to no other leaf.',
    default: 'warn',
    ...LET_GO,
  }),
  'freeze-time': parsed(
    setting(either(oneOf('permanent'), integer(30, 3600, 'seconds')), {
      description: 'Seconds until a frozen address is followed again, or `permanent`: until it is cleared.',
      allowed: 'permanent, or seconds from 30 to 3600',
      default: 'permanent',
      ...RECOUNTED,
    }),
    (value) => (value === 'permanent' ? undefined : value),
  ),
});

const NEIGHBOR_REFRESH = section('Refreshing of local neighbors.', {
  enabled: setting(flag, {
    description:
      'Asks local hosts for a sign of life before the kernel forgets them, so that hosts that never speak by themselves stay known.',
    default: true,
    ...REFRESHED,
  }),
  interval: setting(integer(1, 60, 'seconds'), {
    description:
      "Seconds without a word from a host after which it is asked; a third of the bridge's ageing time where that is less.",
    default: 30,
    ...REFRESHED,
  }),
  rate: setting(integer(1, 100000), {
    description: 'Questions a second at most, over all VNIs; ports and VNIs take turns.',
    default: 100,
    ...REFRESHED,
  }),
});

export const EVPN = section('EVPN instances.', {
  'advertise-all-vni': setting(flag, {
    description: 'Serves every VNI that the kernel has, but for those with `advertise: false`.',
    default: true,
    ...SERVED,
  }),
  'auto-rt': setting(oneOf('frr', 'rfc8365'), {
    description:
      'How route targets are derived: `frr` exports `(ASN & 65535):VNI` and imports `*:VNI`, as FRR does; `rfc8365` sets the type bits of RFC 8365 §5.1.2.1 (`0x10000000 | VNI`), as FRR does with `autort rfc8365-compatible`.',
    default: 'frr',
    ...live(
      'as another `import-route-targets` and `export-route-targets` of each VNI that has none of its own',
    ),
  }),
  'import-ethernet-tags': setting(oneOf('zero', 'vni'), {
    description:
      'Ethernet tags of the routes that are imported: `zero`, those of the VLAN-based service; `vni`, also those of a VLAN-aware bundle (RFC 7432 §6.3), as Junos and EOS send them: a Type-2 or Type-3 with another tag goes to the VNI that its label names, if that imports one of its route targets.',
    default: 'zero',
    ...live('routes with another Ethernet tag than 0 come or go; no other is touched'),
  }),
  flooding: setting(FLOODING, {
    description:
      'What becomes of broadcast, unknown unicast and multicast: a copy for each leaf of the VNI, or none at all (`disabled`: no Type-3 routes of ours, no default destinations). A device with a multicast group floods by that group.',
    default: 'head-end-replication',
    ...FLOODED,
  }),
  'flood-limit': setting(integer(1, 65535), {
    description:
      'How many leaves of a VNI get a copy of each broadcast, unknown unicast and multicast frame; those beyond get none, which is a problem of the VNI.',
    default: 512,
    ...live(
      'with a lower one the VTEPs that came last lose their default destinations, with a higher one those that wait longest get theirs; no other changes',
    ),
  }),
  'duplicate-detection': DUPLICATE_DETECTION,
  'neighbor-refresh': NEIGHBOR_REFRESH,
  snooping: setting(flag, {
    description:
      'Learns which IP a local host has from the ARP and neighbor discovery that it speaks, also where no SVI has an address.',
    default: true,
    effect: 'restart',
  }),
  'advertise-svi-ip': setting(flag, {
    description: "Announces the SVIs' own addresses as those of hosts.",
    default: false,
    ...SVI,
  }),
  'advertise-default-gateway': setting(flag, {
    description:
      "Announces the SVIs' own addresses as those of default gateways, for a fabric with central gateways.",
    default: false,
    ...SVI,
  }),
  'max-local-macs': setting(LOCAL_LIMIT, {
    description:
      'How many MACs of local hosts a VNI announces; of those beyond, the ones of the port that has the most wait.',
    default: DEFAULT_LOCAL_LIMIT,
    ...LIMITED,
  }),
  'max-local-ips': setting(LOCAL_LIMIT, {
    description: 'How many IPs of local hosts a VNI announces; likewise.',
    default: DEFAULT_LOCAL_LIMIT,
    ...LIMITED,
  }),
  'new-address-rate': setting(integer(1, 1000000), {
    description:
      "How many new or changed addresses of local hosts are announced of one port and VNI a second, after a burst of ten seconds' worth; what is beyond waits and is never lost.",
    default: 2000,
    ...LIMITED,
  }),
  vnis: list({
    description: 'What differs from the derived values, by VNI.',
    allowed: 'a list of VNIs',
    isRequired: false,
    itemAllowed: 'a VNI: vni and what is set for it',
    knownBy: 'vni',
    rows: VNI,
    change: 'what is set for a VNI that comes counts, what was set for one that goes is derived again',
  }),
});
