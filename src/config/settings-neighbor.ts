import { formatIp, formatPrefix, formatRouteTarget, type Ipv4, parseRouteTarget } from '../types/index.js';
import { BFD, formatBfd, parseBfd } from './bfd.js';
import {
  FAMILY_ROUTES,
  FAMILY_TERMS,
  FAMILY_WORDS,
  familyStandIn,
  formatFamilyRoutes,
  parseFamilies,
  parseFamilyRoutes,
} from './families.js';
import { readKeyFile } from './key-file.js';
import {
  alike,
  either,
  flag,
  integer,
  oneOf,
  optional,
  parsed,
  required,
  setting,
  shared,
  text,
  texts,
} from './setting.js';
import {
  formatShutdown,
  parseHoldTime,
  parseInterfaceName,
  parseLocalAddress,
  parsePeerAddress,
  parsePeerPrefix,
  parseShutdown,
} from './values.js';

export const AS_NUMBER = 'an AS number from 1 to 4294967295 in plain digits';
export const PORT = integer(1, 65535, 'a TCP port');
const SECONDS = integer(1, 65535, 'seconds');
const HOLD_TIME = { ...integer(0, 65535), allowed: '0, or seconds from 3 to 65535' };

/** Addresses in 0.0.0.0/8, which no host has, in place of invalid ones; 0.0.0.0 itself is refused everywhere. */
export const addressStandIn = (index: number) => formatIp((index + 1) as Ipv4);

const NEW_SESSION = {
  effect: 'session',
  change: 'the session ends (Cease, Other Configuration Change) and a new one starts',
} as const;
const SESSION_AS_WANTED = {
  effect: 'session',
  change:
    'the session stays if it fits the new value (`remote-as` from `65000` to `external`); otherwise it ends (Cease, Other Configuration Change) and a new one starts',
} as const;
const REFRESHED = {
  effect: 'refresh',
  change:
    'the session stays and the routes that stand are judged again. Where routes were refused that may be taken now, the neighbor is asked for all its routes (ROUTE-REFRESH, RFC 2918); if it did not offer route refresh, its session ends (Cease, Other Configuration Change) and a new one starts',
} as const;
const JUDGED = {
  effect: 'live',
  change: 'the session stays and the routes that stand are judged again, as they came',
} as const;
const LIMITED = {
  effect: 'live',
  change:
    "the neighbor's present routes are compared with the new limit at once; a wait because of the old limit ends",
} as const;

const POLICY_NAME = text('the name of one of policies');
/** The name of a peer group. */
const GROUP = text('the name of one of peer-groups');
const INHERITED = {
  effect: 'live',
  change:
    'each setting of the peer group counts for its neighbors as if it stood at each of them, and changes as it does there',
} as const;

/** The settings that a neighbor may have of its peer group. */
const SHARED = {
  'remote-as': required(either(integer(1, 4294967295), oneOf('internal', 'external')), {
    description: "The neighbor's AS number, `internal` for our own AS, or `external` for any AS but our own.",
    allowed: `${AS_NUMBER}, internal, or external`,
    standIn: () => 'external' as const,
    ...SESSION_AS_WANTED,
  }),
  'local-as': optional(integer(1, 4294967295), {
    description:
      'The AS number that this leaf has for the neighbor, in OPEN and in the AS_PATH of its routes, instead of `asn`, which the neighbor does not see (RFC 7705). `internal` and `external` are by this number, and a route with either number in its AS_PATH loops.',
    allowed: AS_NUMBER,
    ...NEW_SESSION,
  }),
  port: setting(PORT, { description: "The neighbor's TCP port.", default: 179, ...SESSION_AS_WANTED }),
  passive: setting(flag, {
    description: 'Waits for the neighbor to connect and never connects itself.',
    default: false,
    ...NEW_SESSION,
  }),
  'local-address': parsed(
    optional(text("an IPv4 or IPv6 address of the neighbor's family"), {
      description: "Our side's address of the session; the kernel chooses where it is absent.",
      ...SESSION_AS_WANTED,
    }),
    // What is none is refused by interpret.ts, which names the family that it must have
    parseLocalAddress,
    formatIp,
  ),
  'update-source': optional(text('the name of an interface', { pattern: '^[^\\s/]{1,15}$' }), {
    description:
      "The interface whose address is our side's of the session, such as `lo`, in place of `local-address`: its first address of the neighbor's family that others reach. While it has none, no connection is made.",
    ...SESSION_AS_WANTED,
  }),
  device: optional(text('the name of a device', { pattern: '^[^\\s/]{1,15}$' }), {
    description:
      'The VRF, or the interface, that the session goes by (SO_BINDTODEVICE): evpnd connects by it, listens on it, and takes no connection of the neighbor that comes by another. Routes of `ipv4-unicast` and `ipv6-unicast` are installed in `underlay.routing-table` all the same. The device may come and go.',
    ...NEW_SESSION,
  }),
  vrf: optional(text('the name of a VRF device', { pattern: '^[^\\s/@]{1,15}$' }), {
    description:
      "The VRF that the neighbor is in, a host, router or firewall of another AS: the session goes by its device, and the neighbor's routes are installed in its table, and looked up there. Its `families` are `ipv4-unicast` and `ipv6-unicast`, whether `underlay.enabled` is set or not. The VRF may come and go, and each may have a neighbor at the same address. Its name elsewhere has `@` and the VRF behind the address.",
    effect: 'live',
    change: 'another VRF is another neighbor: the session in the one before ends, one in the other starts',
  }),
  'hold-time': parsed(
    setting(HOLD_TIME, {
      description: 'Seconds without a message after which the session is lost; 0 turns the timer off.',
      default: 9,
      ...NEW_SESSION,
    }),
    parseHoldTime,
  ),
  'keepalive-time': optional(SECONDS, {
    description:
      "Seconds between KEEPALIVEs, approximately: one is sent when the neighbor's arrives at about that time. Default: 3, or a third of `hold-time` if that is less than 3.",
    allowed: `${SECONDS.allowed}, less than hold-time`,
    ...NEW_SESSION,
  }),
  'connect-retry-time': setting(SECONDS, {
    description: 'Seconds between attempts to connect.',
    default: 5,
    effect: 'live',
    change: 'the session stays; the new time applies from the next attempt on',
  }),
  'send-hold-time': parsed(
    optional(HOLD_TIME, {
      description:
        'Seconds after which the session ends if the neighbor reads nothing of what is sent to it (RFC 9687). 0 turns the timer off. Default: 480, or twice the hold time if that is more.',
      effect: 'live',
      change: 'the session stays; a running timer starts again with the new time',
    }),
    parseHoldTime,
  ),
  'advertisement-interval': setting(integer(0, 600, 'seconds'), {
    description:
      'Seconds from changes that the neighbor is sent to the next ones (MinRouteAdvertisementInterval, RFC 4271 §9.2.1.1), a quarter less at random: of what changes several times meanwhile it is sent the outcome, and withdrawals wait too. With 0 a change is sent at once, as a fabric wants it. What stands when a session begins is sent without a wait.',
    default: 0,
    effect: 'live',
    change: 'the session stays; a wait under way ends as it would have, the next one is of the new length',
  }),
  bfd: parsed(
    setting<boolean | NonNullable<typeof BFD.file>>(BFD, {
      description:
        'Probes the path to the neighbor by BFD (RFC 5880) and ends the session at once when it fails: `true`, or a mapping of `interval` (milliseconds between packets, 300), `multiplier` (packets that may be missing, 3) and `multihop` (over routers, RFC 5883; `false`). The neighbor needs BFD for this leaf too.',
      default: false,
      effect: 'live',
      change:
        'the session stays; BFD begins, changes by a Poll Sequence, or is taken down as by an operator (AdminDown), which ends no session',
    }),
    parseBfd,
    formatBfd,
  ),
  shutdown: parsed(
    setting<boolean | string>(either(flag, text('text of at most 255 octets')), {
      description:
        'Keeps the neighbor down: no connection is made to it, and its own are refused (Cease, Administrative Shutdown). A text instead of `true` is the message that it gets (RFC 9003). A command does not bring it up.',
      default: false,
      effect: 'live',
      change:
        'the session ends (Cease, Administrative Shutdown, with the text), or a new one starts unless a command keeps the neighbor down',
    }),
    parseShutdown,
    formatShutdown,
  ),
  'enforce-first-as': setting(flag, {
    description:
      "Refuses eBGP routes whose AS_PATH is empty or does not begin with the neighbor's AS (RFC 4271 §6.3). Route servers need `false`.",
    default: true,
    ...REFRESHED,
  }),
  'enhanced-refresh': setting(flag, {
    description:
      'Offers enhanced route refresh (RFC 7313): of what either side asks for again, what is not sent again is removed. FRR then waits a second before it sends its first routes, so that each start of evpnd takes longer.',
    default: false,
    ...NEW_SESSION,
  }),
  'graceful-restart-notification': setting(flag, {
    description:
      "Keeps the neighbor's routes as stale also when a NOTIFICATION or the hold time ends the session, if the neighbor keeps ours (RFC 8538, the N bit); with `false`, or without the neighbor's, they are removed then. What is to end all is a Hard Reset, such as a shutdown, a reset and too many routes.",
    default: true,
    ...NEW_SESSION,
  }),
  'stale-time': setting(integer(1, 4095, 'seconds'), {
    description:
      'Seconds that a neighbor which has come back from a graceful restart has for its End-of-RIB: what it has not announced again by then is removed (RFC 8538). While it is away, its own restart time counts.',
    default: 180,
    effect: 'live',
    change: 'the session stays; a time that runs ends as it would have',
  }),
  'long-lived-stale-time': setting(integer(0, 16_777_215, 'seconds'), {
    description:
      "Seconds for which the neighbor's routes are kept when its restart time is over and it has not come back, if it offers that too, for as long as it offers at most (RFC 9494). They are chosen where there is no other alone; those with the community NO_LLGR are removed. 0 for not at all. It is for a neighbor whose routes are worth more than none, such as the only route reflector.",
    default: 0,
    ...NEW_SESSION,
  }),
  'allowas-in': setting(integer(0, 10), {
    description:
      'How many times our own AS may be in the AS_PATH of a route: for leaves that share one AS number. Our own routes that come back are still not used.',
    default: 0,
    ...REFRESHED,
  }),
  'password-file': parsed(
    optional(text('an absolute path'), {
      description:
        'Path of a file with the key of TCP MD5 signatures (RFC 2385), 1 to 80 octets on one line, that the user of evpnd alone may read.',
      effect: 'session',
      change:
        'a key that changed, in the same file or in another, is used at once, and the session stays if the neighbor changes its key within the hold time; with the first key, or without one, the session ends (Cease, Other Configuration Change) and a new one starts',
    }),
    readKeyFile,
    ({ source, fingerprint }) => `${source} (${fingerprint})`,
  ),
  'ttl-security': optional(integer(1, 254, 'hops'), {
    description:
      'How many hops away the neighbor is at most (GTSM, RFC 5082): packets with a TTL below 256 minus that are dropped by the kernel, and ours have TTL 255. 1 for a neighbor on the same link.',
    ...NEW_SESSION,
  }),
  'ebgp-multihop': optional(integer(1, 255, 'hops'), {
    description:
      "The TTL of our packets to a neighbor of another AS: how many hops away it is at most. The kernel's (64) where it is absent, also for sessions between loopbacks.",
    ...NEW_SESSION,
  }),
  'max-routes': setting(integer(0, 4294967295), {
    description:
      'How many routes of the neighbor are stored, used or not; 0 for no limit of its own. The routes of all neighbors together are limited by the memory that evpnd may use.',
    allowed: 'a number from 0 to 4294967295',
    default: 1_000_000,
    ...LIMITED,
  }),
  'max-octets': setting(integer(0, 4294967295), {
    description:
      "Octets of path attributes that are stored for the neighbor's routes; attributes that many routes share count once; 0 for no limit of its own.",
    allowed: 'octets from 0 to 4294967295',
    default: 268_435_456,
    ...LIMITED,
  }),
  'max-family-routes': parsed(
    setting(FAMILY_ROUTES, {
      description:
        'How many routes of one address family are stored, beside `max-routes` of all: a mapping of families to numbers, such as `{ ipv4-unicast: 10000 }`. A family without a number, or with 0, has no limit of its own.',
      default: {},
      ...LIMITED,
    }),
    parseFamilyRoutes,
    formatFamilyRoutes,
  ),
  'on-limit': setting(oneOf('close', 'stop', 'warn'), {
    description:
      'Beyond `max-routes`, `max-octets` or `max-family-routes`: `close` ends the session (Cease, Maximum Number of Prefixes Reached) for a minute, doubling each time, up to 16 minutes; `stop` ends it until a command, other limits or a restart let the neighbor come back; `warn` keeps it, logs it and lists a problem.',
    default: 'close',
    ...LIMITED,
  }),
  'import-policy': optional(POLICY_NAME, {
    description: "The policy of the neighbor's routes; all are taken as they come where it is absent.",
    ...JUDGED,
  }),
  'export-policy': optional(POLICY_NAME, {
    description: 'The policy of the routes that the neighbor is sent; all are sent where it is absent.',
    effect: 'live',
    change: 'routes that are different by the new policy are announced, withdrawn or replaced',
  }),
  'site-of-origin': parsed(
    optional(text('a site: as:0-4294967295, 4-octet-as:0-65535, or ip:0-65535'), {
      description:
        'The site that the neighbor is in too (RFC 4360 §5): the Site of Origin community of the routes that it is sent; its routes with that community are rejected.',
      ...JUDGED,
    }),
    parseRouteTarget,
    formatRouteTarget,
  ),
  families: parsed(
    setting(texts('a list of address families', FAMILY_WORDS, familyStandIn, { minItems: 1 }), {
      description: `What is spoken with the neighbor: ${FAMILY_TERMS}. Unicast needs \`underlay.enabled\`, or \`vrf\`, and a neighbor whose address is of the same family, or one by \`interface\`, to which IPv4 prefixes are told with IPv6 next hops (RFC 8950).`,
      default: ['l2vpn-evpn'],
      ...NEW_SESSION,
    }),
    parseFamilies,
    (families) => [...families],
  ),
  description: optional(text('text of at most 255 characters', { maxLength: 255 }), {
    description: 'Free text, shown by the API.',
    effect: 'live',
    change: 'the API shows the new text; nothing else changes',
  }),
};

/** The settings of one neighbor. */
export const NEIGHBOR = {
  address: parsed(
    optional(text('an IPv4 or IPv6 address'), {
      description: "The neighbor's IPv4 or IPv6 address; a neighbor has either this or `interface`.",
      effect: 'live',
      change:
        'another address is another neighbor: the session with the old one ends, one with the new one starts',
    }),
    parsePeerAddress,
    formatIp,
  ),
  interface: parsed(
    optional(text('the name of an interface'), {
      description:
        'The interface that the neighbor is behind (BGP unnumbered, FRR: `neighbor swp1 interface`): evpnd sends and hears router advertisements on it, and takes the link-local address of the router that it hears. The interface may come, go and be renamed.',
      effect: 'live',
      change:
        'another interface is another neighbor: the session by the old one ends, one by the new one starts when its router is heard',
    }),
    parseInterfaceName,
  ),
  'peer-group': optional(GROUP, {
    description: 'The peer group whose settings the neighbor has where it has none of its own.',
    ...INHERITED,
  }),
  ...SHARED,
};

const {
  port: _port,
  passive: _passive,
  'local-address': _localAddress,
  'update-source': _updateSource,
  'connect-retry-time': _connectRetryTime,
  ...OF_WHO_ACCEPTS
} = SHARED;

/** The settings of one listen range: its own, and those of each neighbor that connects from it. */
export const LISTEN_RANGE = {
  prefix: parsed(
    required(text('an IPv4 or IPv6 prefix, as 10.1.0.0/16'), {
      description:
        'Where they may connect from. Of two ranges that hold an address the longer prefix counts, and a neighbor that is configured itself before either.',
      standIn: (index) => `${addressStandIn(index)}/32`,
      effect: 'live',
      change:
        'another prefix is another range: neighbors that are in none any more lose their sessions (Cease, Peer De-configured)',
    }),
    parsePeerPrefix,
    formatPrefix,
  ),
  limit: setting(integer(1, 65535, 'neighbors'), {
    description: 'How many neighbors of the range there may be at once; more are refused.',
    default: 100,
    effect: 'live',
    change: 'neighbors that are there stay; the new limit counts for the next one',
  }),
  'peer-group': optional(GROUP, {
    description: 'The peer group whose settings the neighbors have where the range has none of its own.',
    ...INHERITED,
  }),
  ...alike(OF_WHO_ACCEPTS),
};

/** The settings of who connects, which no listen range has. */
export const ONLY_WHO_CONNECTS: readonly string[] = Object.keys(SHARED).filter(
  (key) => !Object.hasOwn(OF_WHO_ACCEPTS, key),
);

/** What a peer group gives, by the list that its members are in. */
export const INHERITED_KEYS = {
  neighbors: Object.keys(SHARED),
  'listen-ranges': Object.keys(OF_WHO_ACCEPTS),
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The settings of one peer group. */
export const PEER_GROUP = {
  name: required(text('a word of at most 64 characters', { pattern: '^\\S{1,64}$' }), {
    description: 'The name by which neighbors and other peer groups name the peer group.',
    standIn: (index) => `group-${index}`,
    effect: 'live',
    change: 'another name is another peer group; nothing changes for neighbors whose settings are the same',
  }),
  'peer-group': optional(GROUP, {
    description: 'Another peer group, whose settings it has where it has none of its own.',
    ...INHERITED,
  }),
  ...shared(SHARED),
};
