import {
  formatCommunity,
  formatMacPrefix,
  formatPrefixRule,
  formatRouteTarget,
  formatRouteTargetPattern,
  ParseError,
  parseCommunity,
  parseLargeCommunity,
  parseMacPrefix,
  parsePrefixRule,
  parseRouteTarget,
  parseRouteTargetPattern,
  toVni,
  VNI_MAX,
  type Vni,
} from '../types/index.js';
import { FAMILY_TERMS, FAMILY_WORDS, familyStandIn, parseFamilies } from './families.js';
import {
  integer,
  integers,
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
import { parseEach } from './values.js';

/** Inclusive. */
export interface VniRange {
  readonly first: Vni;
  readonly last: Vni;
}

const CHANGED = {
  effect: 'live',
  change:
    'routes that are sent are announced, withdrawn or replaced at once; those that came from a neighbor whose import policy it is are judged again, as they came',
} as const;
const UINT32 = 4294967295;
const NAME = text('a word of at most 64 characters', { pattern: '^\\S{1,64}$' });
const COMMUNITIES = texts(
  'a list of communities',
  'two numbers from 0 to 65535, such as 65000:100',
  (i) => `0:${i & 65535}`,
);
const LARGE_COMMUNITIES = texts(
  'a list of large communities',
  'three numbers from 0 to 4294967295, such as 65000:1:100',
  (i) => `0:0:${i}`,
);
const TARGETS = texts('a list of route targets', 'a route target', (i) => `${(i & 65535) + 1}:0`);
const AS_NUMBERS = integers(1, UINT32, 'AS numbers');

const VNIS = {
  schema: {
    type: 'array',
    minItems: 1,
    items: {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      allowed: 'a VNI, or a range such as 10010-10019',
    },
  },
  allowed: 'a list of VNIs and ranges of them',
  itemStandIn: (index: number) => index + 1,
} as const satisfies Kind<readonly (number | string)[]>;

const MATCH = section(
  'What the rule matches: routes that fit each of these conditions, every one of which has one value that fits. Every route where there is none.',
  {
    families: parsed(
      optional(texts('a list of address families', FAMILY_WORDS, familyStandIn), {
        description: `Address families: ${FAMILY_TERMS}.`,
        ...CHANGED,
      }),
      parseFamilies,
      (families) => [...families],
    ),
    // As many as IANA has assigned, so that a type more in wire/ is none here
    'route-types': optional(integers(1, 11, 'EVPN route types'), {
      description:
        'EVPN route types: 2 is MAC/IP, 3 inclusive multicast, 5 IP prefix. Those that evpnd does not read (6 and above) match nothing.',
      ...CHANGED,
    }),
    vnis: parsed(
      optional(VNIS, {
        description: "VNIs in the route's label (of type 3, in its PMSI tunnel).",
        ...CHANGED,
      }),
      (items: readonly (number | string)[], refuse) => parseEach(items, parseVniRange, refuse),
      (ranges) => ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)),
    ),
    macs: parsed(
      optional(
        texts(
          'a list of MACs',
          'a MAC, or one with a length, such as 02:00:00:00:00:00/24',
          () => '02:00:00:00:00:00',
        ),
        {
          description: 'MACs, or how they begin; MAC/IP routes alone.',
          ...CHANGED,
        },
      ),
      (items, refuse) => parseEach(items, parseMacPrefix, refuse),
      (macs) => macs.map(formatMacPrefix),
    ),
    prefixes: parsed(
      optional(
        texts(
          'a prefix list',
          'a prefix, such as 10.0.0.0/8 ge 24 le 32, or deny before it',
          (i) => `10.0.${i & 255}.0/24`,
        ),
        {
          description:
            'A prefix list as in `underlay.accept`, for the prefix of the route, or for the IP of a host as one of full length (`10.1.0.0/16 le 32`).',
          ...CHANGED,
        },
      ),
      (items, refuse) => parseEach(items, parsePrefixRule, refuse),
      (rules) => rules.map(formatPrefixRule),
    ),
    'route-targets': parsed(
      optional(
        texts(
          'a list of route targets',
          'a route target, or *:number for that of any AS',
          (i) => `${(i & 65535) + 1}:0`,
        ),
        {
          description: 'Route targets, of which the route has one; `*:10010` is that of any AS.',
          ...CHANGED,
        },
      ),
      (items, refuse) => parseEach(items, parseRouteTargetPattern, refuse),
      (patterns) => patterns.map(formatRouteTargetPattern),
    ),
    communities: parsed(
      optional(COMMUNITIES, {
        description: 'Communities (RFC 1997), of which the route has one.',
        ...CHANGED,
      }),
      (items, refuse) => parseEach(items, parseCommunity, refuse),
      (values) => values.map(formatCommunity),
    ),
    'large-communities': parsed(
      optional(LARGE_COMMUNITIES, {
        description: 'Large communities (RFC 8092), of which the route has one.',
        ...CHANGED,
      }),
      (items, refuse) => parseEach(items, parseLargeCommunity, refuse),
      (values) => [...values],
    ),
    'as-path': optional(AS_NUMBERS, {
      description: 'AS numbers, of which one is anywhere in the AS_PATH.',
      ...CHANGED,
    }),
  },
);

const SET = section('What is changed of a route that the rule accepts, or passes on.', {
  'local-preference': optional(integer(0, UINT32), {
    description:
      'LOCAL_PREF: in an import policy of any neighbor; in an export policy for neighbors in our own AS.',
    ...CHANGED,
  }),
  med: optional(integer(0, UINT32), { description: 'MULTI_EXIT_DISC.', ...CHANGED }),
  communities: parsed(
    optional(COMMUNITIES, {
      description: 'Communities in the place of those that the route has.',
      ...CHANGED,
    }),
    (items, refuse) => parseEach(items, parseCommunity, refuse),
    (values) => values.map(formatCommunity),
  ),
  'add-communities': parsed(
    optional(COMMUNITIES, { description: 'Communities beside those that the route has.', ...CHANGED }),
    (items, refuse) => parseEach(items, parseCommunity, refuse),
    (values) => values.map(formatCommunity),
  ),
  'large-communities': parsed(
    optional(LARGE_COMMUNITIES, {
      description: 'Large communities in the place of those that the route has.',
      ...CHANGED,
    }),
    (items, refuse) => parseEach(items, parseLargeCommunity, refuse),
    (values) => [...values],
  ),
  'add-large-communities': parsed(
    optional(LARGE_COMMUNITIES, {
      description: 'Large communities beside those that the route has.',
      ...CHANGED,
    }),
    (items, refuse) => parseEach(items, parseLargeCommunity, refuse),
    (values) => [...values],
  ),
  'route-targets': parsed(
    optional(TARGETS, { description: 'Route targets in the place of those that the route has.', ...CHANGED }),
    (items, refuse) => parseEach(items, parseRouteTarget, refuse),
    (values) => values.map(formatRouteTarget),
  ),
  'add-route-targets': parsed(
    optional(TARGETS, { description: 'Route targets beside those that the route has.', ...CHANGED }),
    (items, refuse) => parseEach(items, parseRouteTarget, refuse),
    (values) => values.map(formatRouteTarget),
  ),
  prepend: optional(AS_NUMBERS, {
    description:
      'AS numbers before the AS_PATH, the first one leftmost; in an export policy behind our own AS.',
    ...CHANGED,
  }),
});

/** The settings of one policy. */
export const POLICY = {
  name: required(NAME, {
    description: 'The name by which neighbors name the policy.',
    standIn: (index) => `policy-${index}`,
    ...CHANGED,
  }),
  rules: list({
    description: 'Rules, of which the first decides that matches and whose action is not `next`.',
    allowed: 'a list of rules',
    isRequired: false,
    itemAllowed: 'a rule: name, match, action and set',
    knownBy: ['name'],
    change: CHANGED.change,
    rows: {
      name: required(NAME, {
        description: 'The name of the rule, which `explain` shows.',
        standIn: (index) => `rule-${index}`,
        ...CHANGED,
      }),
      match: MATCH,
      action: setting(oneOf('accept', 'reject', 'next'), {
        description: '`next` makes the changes of `set`, and lets later rules decide.',
        default: 'accept',
        ...CHANGED,
      }),
      set: SET,
    },
  }),
  otherwise: setting(oneOf('accept', 'reject'), {
    description: 'What becomes of a route of which no rule decides.',
    default: 'reject',
    ...CHANGED,
  }),
};

function parseVniRange(item: number | string): VniRange {
  const words = String(item);
  const [, first, last = first] = /^(\d{1,8})(?:-(\d{1,8}))?$/.exec(words) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || from < 1 || to > VNI_MAX || from > to)
    throw new ParseError('VNI range', words, `a VNI from 1 to ${VNI_MAX}, or two with - between them`);
  return { first: toVni(from), last: toVni(to) };
}
