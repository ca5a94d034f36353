import {
  formatPrefix,
  formatPrefixRule,
  type PrefixKey,
  type PrefixRule,
  parsePrefix,
  parsePrefixRule,
} from '../types/index.js';
import { flag, integer, optional, parsed, section, setting, texts } from './setting.js';
import { parseEach } from './values.js';

export const prefixStandIn = (index: number) => `10.0.${index & 255}.0/24`;
/** The kind of a prefix list, and what the manual says of one. */
export const PREFIX_RULES = texts(
  'a prefix list',
  'a prefix, such as 10.0.0.0/8, 10.0.0.0/8 ge 24 le 32 or deny 0.0.0.0/0',
  prefixStandIn,
);
export const PREFIX_RULE_WORDS =
  'a list of prefixes, of which the first that matches decides: `10.0.0.0/8` is this prefix alone, `10.0.0.0/8 ge 24 le 32` those within it of these lengths, and `deny` before it excludes them; what matches none is excluded';

/** The underlay's settings. */
export const UNDERLAY = section('IPv4 and IPv6 unicast: the routes by which other VTEPs are reached.', {
  enabled: setting(flag, {
    description:
      'Installs routes of the neighbors whose `families` include ipv4-unicast or ipv6-unicast, and announces prefixes to them. With `false` no route is read or changed but those of VRFs (`evpn.vrfs`, `vrf` of neighbors).',
    default: false,
    effect: 'restart',
  }),
  networks: parsed(
    setting(texts('a list of prefixes', 'a prefix such as 10.0.0.0/24', prefixStandIn), {
      description: 'Prefixes that are always announced.',
      default: [],
      effect: 'live',
      change: 'prefixes that are new are announced, the others withdrawn',
    }),
    (items, refuse): readonly PrefixKey[] => parseEach(items, parsePrefix, refuse),
    (prefixes) => prefixes.map(formatPrefix),
  ),
  'redistribute-connected': parsed(
    setting(PREFIX_RULES, {
      description: `Which networks of devices that carry frames are announced, addresses of the loopback device among them: ${PREFIX_RULE_WORDS}.`,
      default: [],
      effect: 'live',
      change: 'prefixes that are new are announced, the others withdrawn',
    }),
    (items, refuse): readonly PrefixRule[] => parseEach(items, parsePrefixRule, refuse),
    (rules) => rules.map(formatPrefixRule),
  ),
  accept: parsed(
    setting(PREFIX_RULES, {
      description: `Which routes are installed: ${PREFIX_RULE_WORDS}.`,
      default: ['0.0.0.0/0 le 32', '::/0 le 128'],
      effect: 'live',
      change: 'all routes are looked at again',
    }),
    (items, refuse): readonly PrefixRule[] => parseEach(items, parsePrefixRule, refuse),
    (rules) => rules.map(formatPrefixRule),
  ),
  'maximum-paths': setting(integer(1, 32), {
    description: 'Over how many equally good paths the traffic of a route is spread.',
    default: 8,
    effect: 'restart',
  }),
  'maximum-paths-ibgp': optional(integer(1, 32), {
    description: 'The same where the paths are of internal neighbors. Default: that of `maximum-paths`.',
    effect: 'restart',
  }),
  'multipath-relax': setting(flag, {
    description:
      'Whether paths are equally good that are equally long, whatever their ASes; with `false` they must come from the same neighboring AS, or have the same AS_PATH where they are of internal neighbors.',
    default: true,
    effect: 'restart',
  }),
  'resolve-via-default': setting(flag, {
    description:
      'Whether a next hop that is in no other network or route counts as reached by the default route. With `false` routes with such a next hop are not installed, so that a management network does not get the traffic of a fabric whose loopbacks are gone.',
    default: false,
    effect: 'live',
    change: 'next hops are looked up again',
  }),
  'routing-table': setting(integer(1, 4294967295, 'a table id'), {
    description: 'The routing table that routes are installed in; 254 is the main one.',
    default: 254,
    effect: 'restart',
  }),
  metric: setting(integer(1, 4294967295), {
    description:
      "The metric of the routes. Those of other programs are not touched, whatever their metric; of two routes to a prefix the kernel takes the one of the lower metric, and of the same metric only one can stand. FRR's have 20.",
    default: 20,
    effect: 'restart',
  }),
});
