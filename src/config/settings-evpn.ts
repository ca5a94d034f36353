import {
  formatPrefix,
  formatPrefixRule,
  formatRouteProtocol,
  formatRouteTarget,
  formatRouteTargetPattern,
  type PrefixKey,
  type PrefixRule,
  parsePrefix,
  parsePrefixRule,
  parseRouteProtocol,
  parseRouteTarget,
  parseRouteTargetPattern,
  RouteDistinguisher,
  toVni,
  VNI_MAX,
} from '../types/index.js';
import {
  either,
  flag,
  integer,
  type Kind,
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
import { PREFIX_RULE_WORDS, PREFIX_RULES, prefixStandIn } from './settings-underlay.js';
import { AUTO, parseEach, parseRouteTargets } from './values.js';

const FLOODING = oneOf('head-end-replication', 'disabled');
const HARDWARE_OVERFLOW = oneOf('software', 'withhold');
const LOCAL_LIMIT = integer(1, 1048576);
const DEFAULT_LOCAL_LIMIT = 65_536;

const live = (change: string) => ({ effect: 'live', change }) as const;
const SERVED = live("the VNIs' routes and rows are added or removed");
const FLOODED = live('the Type-3 routes and default destinations concerned are added or removed');
const OVERFLOWED = live(
  'with `withhold` the rows go of remote MACs that the switch ASIC has left out, with `software` those of the withheld ones are installed again; no others change',
);
const LIMITED = live(
  'waiting addresses that fit the new limit are announced; with a lower limit the excess is withdrawn, first from the port with the most addresses',
);
const SVI = live("routes of the SVIs' own addresses are announced, withdrawn or replaced; no other changes");
const REFRESHED = live(
  'the new value applies to the next probe of each host, counted from when it was last heard',
);
const LET_GO = live(
  'addresses that would not be frozen or listed with the new value are released, and their moves are counted from zero',
);
const RECOUNTED = live(
  'the new time applies to addresses that are frozen (`freeze-time`) or listed with `action: warn` (`window`), counted from when they were frozen or last moved; those whose time is over are released at once',
);

const asEvpn = (key: string) => `As \`evpn.${key}\`, for this VNI. Default: the value of that.`;
const routeTargetStandIn = (index: number) => `${index + 1}:0`;
const ROUTE_TARGETS = 'a list of at least one route target';

/** Of `auto`, which stands for what is derived, that word alone. */
const orAuto =
  <Target>(parse: (text: string) => Target) =>
  (text: string): Target | typeof AUTO =>
    text === AUTO ? AUTO : parse(text);

/** What a VNI or a VRF is called in routes. */
function identity(what: 'VNI' | 'VRF') {
  return {
    rd: parsed(
      optional(text('a route distinguisher: ip:0-65535, as:0-4294967295, or 4-octet-as:0-65535'), {
        description: 'The route distinguisher. Default: `router-id:n` with an n that survives restarts.',
        ...live(
          what === 'VNI'
            ? "the VNI's own routes are announced under the new RD and, a second later, withdrawn under the old one; no row changes. A VNI that had derived this RD takes the next free number, and keeps it"
            : "the VRF's own prefix routes are withdrawn and announced under the new RD; no row changes",
        ),
      }),
      (value) => RouteDistinguisher.parse(value),
    ),
    'import-route-targets': parsed(
      optional(
        texts(
          ROUTE_TARGETS,
          'a route target such as 65000:10010, *:10010 (quoted) for any AS, or auto',
          routeTargetStandIn,
          { minItems: 1 },
        ),
        {
          description: `Route targets whose routes the ${what} imports; \`'*:10010'\` matches any AS, and \`auto\` stands for those of the default. Default: derived by \`auto-rt\`${what === 'VRF' ? ' of the L3VNI' : ''}.`,
          ...live(
            'routes are added and removed by the difference; routes that both lists import do not change',
          ),
        },
      ),
      parseRouteTargets(orAuto(parseRouteTargetPattern)),
      (patterns) => patterns.map((each) => (each === AUTO ? AUTO : formatRouteTargetPattern(each))),
    ),
    'export-route-targets': parsed(
      optional(
        texts(ROUTE_TARGETS, 'a route target such as 65001:10010, or auto', routeTargetStandIn, {
          minItems: 1,
        }),
        {
          description: `Route targets of the routes that the ${what} exports; \`auto\` stands for that of the default. Default: derived by \`auto-rt\`${what === 'VRF' ? ' of the L3VNI' : ''}.`,
          ...live(
            `the ${what}'s own routes are announced again with the new targets; none is withdrawn, no row changes`,
          ),
        },
      ),
      parseRouteTargets(orAuto(parseRouteTarget)),
      (targets) => targets.map((each) => (each === AUTO ? AUTO : formatRouteTarget(each))),
    ),
  };
}

/** The settings of one VNI. */
export const VNI = {
  vni: parsed(
    required(integer(1, VNI_MAX, 'a VNI'), {
      description: 'The VXLAN network identifier.',
      standIn: (index) => VNI_MAX - index,
      ...live('another number is another VNI: the old one gets derived values again'),
    }),
    toVni,
  ),
  advertise: {
    ...optional(flag, {
      description: 'Whether evpnd serves this VNI. Default: true, since it is listed.',
      ...SERVED,
    }),
    parse: (value: boolean | undefined) => value ?? true,
  },
  ...identity('VNI'),
  flooding: optional(FLOODING, { description: asEvpn('flooding'), ...FLOODED }),
  'advertise-svi-ip': optional(flag, { description: asEvpn('advertise-svi-ip'), ...SVI }),
  'advertise-default-gateway': optional(flag, { description: asEvpn('advertise-default-gateway'), ...SVI }),
  'hardware-overflow': optional(HARDWARE_OVERFLOW, {
    description: asEvpn('hardware-overflow'),
    ...OVERFLOWED,
  }),
  'max-local-macs': optional(LOCAL_LIMIT, { description: asEvpn('max-local-macs'), ...LIMITED }),
  'max-local-ips': optional(LOCAL_LIMIT, { description: asEvpn('max-local-ips'), ...LIMITED }),
};

/** IFNAMSIZ with its terminator is 16 (linux/if.h). */
const DEVICE_NAME = text('the name of a device, 1 to 15 characters without / and spaces', {
  pattern: '^[^/\\s]{1,15}$',
});
const PREFIXES = live('prefixes that are new are announced, the others withdrawn');
const ROUTED = live('routes of the VRF, and rows of its L3VNI, are added or removed; no other changes');

const PROTOCOLS: Kind<readonly (number | string)[]> = {
  schema: {
    type: 'array',
    items: {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      allowed: 'a protocol of `ip route`, such as static, or its number',
    },
  },
  allowed: 'a list of protocols',
  itemStandIn: (index) => 3 + (index % 253),
};

/** The settings of one VRF. */
export const VRF = {
  name: required(DEVICE_NAME, {
    description: 'The name of the VRF device.',
    standIn: (index) => `vrf${index}`,
    ...live('another name is another VRF: the old one gets derived values again'),
  }),
  advertise: {
    ...optional(flag, {
      description:
        'Whether evpnd routes for this VRF; with `false` its VNIs are bridged alone. Default: true, since it is listed.',
      ...ROUTED,
    }),
    parse: (value: boolean | undefined) => value ?? true,
  },
  l3vni: parsed(
    optional(integer(1, VNI_MAX, 'a VNI'), {
      description:
        'The VNI that carries the routed traffic of the VRF (L3VNI). Default: the VNI whose SVI is in the VRF without an address (but link-local ones), that no access port is in, and that `evpn.vnis` does not have; of several the lowest.',
      ...ROUTED,
    }),
    toVni,
  ),
  ...identity('VRF'),
  networks: parsed(
    setting(texts('a list of prefixes', 'a prefix such as 10.0.0.0/24', prefixStandIn), {
      description:
        'Prefixes that are always announced (Type-5), such as `0.0.0.0/0` where this leaf leads out of the fabric.',
      default: [],
      ...PREFIXES,
    }),
    (items, refuse): readonly PrefixKey[] => parseEach(items, parsePrefix, refuse),
    (prefixes) => prefixes.map(formatPrefix),
  ),
  'redistribute-connected': parsed(
    setting(PREFIX_RULES, {
      description: `Which networks of the VRF's devices that carry frames are announced (Type-5): ${PREFIX_RULE_WORDS}.`,
      default: [],
      ...PREFIXES,
    }),
    (items, refuse): readonly PrefixRule[] => parseEach(items, parsePrefixRule, refuse),
    (rules) => rules.map(formatPrefixRule),
  ),
  'redistribute-routes': parsed(
    setting(PREFIX_RULES, {
      description: `Which routes of other programs in the VRF's routing table are announced (Type-5), an administrator's and other daemons': ${PREFIX_RULE_WORDS}. Without a list: none, or with \`redistribute-protocols\` all of those.`,
      default: [],
      ...PREFIXES,
    }),
    (items, refuse): readonly PrefixRule[] => parseEach(items, parsePrefixRule, refuse),
    (rules) => rules.map(formatPrefixRule),
  ),
  'redistribute-protocols': parsed(
    setting(PROTOCOLS, {
      description:
        "Whose routes are announced (Type-5), as `ip route` shows them after `proto`, or as a number: `boot` is an administrator who named none, `static` one who did, `zstatic` FRR; `dhcp`, `ra`, `bird`, `bgp`, `ospf` and others. With `redistribute-routes` those of them that it permits. Without a list: everybody's that are permitted there.",
      default: [],
      ...PREFIXES,
    }),
    (items: readonly (number | string)[], refuse): readonly number[] =>
      parseEach(items, (item) => parseRouteProtocol(String(item)), refuse),
    (protocols) => protocols.map(formatRouteProtocol),
  ),
};

const DUPLICATE_DETECTION = section('Duplicate address detection.', {
  enabled: setting(flag, {
    description: 'Detects MACs and IPs that are in two places (RFC 7432 §15.1).',
    default: true,
    ...LET_GO,
  }),
  moves: setting(integer(2, 1000), {
    description: 'Number of moves within `window` that make an address a duplicate.',
    default: 5,
    ...live('applies from the next move on; what is frozen or listed stays so'),
  }),
  window: setting(integer(2, 1800, 'seconds'), {
    description: 'Seconds in which the moves count.',
    default: 180,
    ...RECOUNTED,
  }),
  action: setting(oneOf('warn', 'freeze'), {
    description: '`warn` logs and lists a duplicate; `freeze` also keeps it where it is.',
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
    description: 'Probes local hosts before the kernel forgets them, so that silent hosts stay known.',
    default: true,
    ...REFRESHED,
  }),
  interval: setting(integer(1, 60, 'seconds'), {
    description:
      "Seconds of silence after which a host is probed; a third of the bridge's ageing time if that is less.",
    default: 30,
    ...REFRESHED,
  }),
  rate: setting(integer(1, 100000), {
    description: 'Most probes a second, over all VNIs; ports and VNIs take turns.',
    default: 100,
    ...REFRESHED,
  }),
});

export const EVPN = section('EVPN instances.', {
  'advertise-all-vni': setting(flag, {
    description:
      'Serves every VNI that the kernel has, and routes for every VRF with an L3VNI, but for those with `advertise: false`.',
    default: true,
    ...SERVED,
  }),
  'auto-rt': setting(oneOf('frr', 'rfc8365'), {
    description:
      'How route targets are derived: `frr` exports `(ASN & 65535):VNI` and imports `*:VNI`, as FRR does; `rfc8365` sets the type bits of RFC 8365 §5.1.2.1 (`0x10000000 | VNI`), as FRR does with `autort rfc8365-compatible`.',
    default: 'frr',
    ...live(
      'the effect of new `import-route-targets` and `export-route-targets` for each VNI that has none of its own',
    ),
  }),
  'import-ethernet-tags': setting(oneOf('zero', 'vni'), {
    description:
      'Ethernet tags of the routes that are imported: `zero`, those of the VLAN-based service; `vni`, also those of a VLAN-aware bundle (RFC 7432 §6.3), as Junos and EOS send them: a Type-2 or Type-3 with another tag goes to the VNI that its label names, if that imports one of its route targets.',
    default: 'zero',
    ...live('routes with another Ethernet tag than 0 are added or removed; no other changes'),
  }),
  flooding: setting(FLOODING, {
    description:
      'How broadcast, unknown unicast and multicast are sent: a copy to each leaf of the VNI, or not at all (`disabled`: no Type-3 routes of ours, no default destinations). A device with a multicast group floods by that group.',
    default: 'head-end-replication',
    ...FLOODED,
  }),
  'flood-limit': setting(integer(1, 65535), {
    description:
      'How many leaves of a VNI get a copy of each broadcast, unknown unicast and multicast frame; those beyond get none, which is a problem of the VNI.',
    default: 512,
    ...live(
      'with a lower limit the VTEPs that came last lose their default destinations, with a higher one those that have waited longest get theirs; no other changes',
    ),
  }),
  'hardware-overflow': setting(HARDWARE_OVERFLOW, {
    description:
      'What becomes of remote MACs that a switch ASIC does not take, as with a table that is full: `software` keeps them in the kernel, and frames to them go through the CPU; `withhold` keeps them out of it, and frames to them are flooded by the hardware. Both are offered to the hardware again.',
    default: 'software',
    ...OVERFLOWED,
  }),
  'duplicate-detection': DUPLICATE_DETECTION,
  'neighbor-refresh': NEIGHBOR_REFRESH,
  snooping: setting(flag, {
    description:
      'Learns the IPs of local hosts from their ARP and neighbor discovery packets, even if no SVI has an address.',
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
      'How many MACs of local hosts a VNI announces; beyond that, MACs of the port that has the most wait.',
    default: DEFAULT_LOCAL_LIMIT,
    ...LIMITED,
  }),
  'max-local-ips': setting(LOCAL_LIMIT, {
    description:
      'How many IPs of local hosts a VNI announces; beyond that, IPs of the port that has the most wait.',
    default: DEFAULT_LOCAL_LIMIT,
    ...LIMITED,
  }),
  'new-address-rate': setting(integer(1, 1000000), {
    description:
      "How many new or changed addresses of local hosts are announced of one port and VNI a second, after a burst of ten seconds' worth; the rest waits and is announced later.",
    default: 2000,
    ...LIMITED,
  }),
  vnis: list({
    description: 'Settings of single VNIs that differ from the derived values.',
    allowed: 'a list of VNIs',
    isRequired: false,
    itemAllowed: 'a VNI: vni and its settings',
    knownBy: ['vni'],
    rows: VNI,
    change: 'a VNI that is added gets its settings, one that is removed gets derived values again',
  }),
  vrfs: list({
    description: 'Settings of single VRFs that differ from the derived values.',
    allowed: 'a list of VRFs',
    isRequired: false,
    itemAllowed: 'a VRF: name and its settings',
    knownBy: ['name'],
    rows: VRF,
    change: 'a VRF that is added gets its settings, one that is removed gets derived values again',
  }),
});
