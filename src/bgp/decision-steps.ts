import { compareIp, type Ip } from '../types/index.js';
import { type Route, RouteType } from '../wire/index.js';
import { addressOf } from './address.js';
import { type Path, type PathSource, sourceAddress } from './route.js';

/** Negative where `a` is preferred, zero where the step does not decide. */
export type Compare = (a: Path<Route>, b: Path<Route>) => number;

/** One step of the decision process, which excludes all paths but the best by it. */
export interface Step {
  /** What the winner has; shown as the reason of the paths that it excludes. */
  readonly name: string;
  /** What is compared, for the manual. */
  readonly what: string;
  /** Where that is laid down. */
  readonly source: string;
  readonly compare: Compare;
  /** Paths are compared within their group alone; without one all are one group. */
  readonly group?: (path: Path<Route>) => unknown;
}

const DEFAULT_LOCAL_PREF = 100;

const addresses = new WeakMap<PathSource, Ip>();
function addressOfSource(source: PathSource): Ip {
  let ip = addresses.get(source);
  if (ip === undefined) {
    ip = addressOf(sourceAddress(source));
    addresses.set(source, ip);
  }
  return ip;
}

const truthFirst = (a: boolean, b: boolean): number => (a === b ? 0 : a ? -1 : 1);

/** The names of what excludes paths beside the steps. */
export const REJECTED = 'import-policy';
export const USABLE = 'usable path';
export const OWN_NEXT_HOP = 'next hop of its own';
export const AKIN = 'multipath-relax';
export const MAXIMUM_PATHS = 'maximum-paths';

const AGED: Step = {
  name: 'not long-lived stale',
  what: 'A path of a neighbor whose session stands, or was lost no longer ago than its restart time, before one that is kept for `long-lived-stale-time`, here or with the community LLGR_STALE elsewhere',
  source: 'RFC 9494 §4.3',
  compare: (a, b) => truthFirst(!isAged(a), !isAged(b)),
};

function isAged({ isLongLived, attributes }: Path<Route>): boolean {
  return isLongLived === true || attributes.isLongLivedStale;
}

/** Of MAC/IP routes alone; the order is FRR's, since every leaf of a fabric must choose alike. */
const MOBILITY: readonly Step[] = [
  {
    name: 'sticky MAC',
    what: 'A path with the sticky flag before one without. MAC/IP routes (Type 2) alone',
    source: 'RFC 7432 §15.2',
    compare: (a, b) =>
      truthFirst(a.attributes.macMobility?.sticky === true, b.attributes.macMobility?.sticky === true),
  },
  {
    name: 'higher MAC mobility sequence',
    what: 'The sequence number of the MAC mobility community, 0 where it is absent. MAC/IP routes alone',
    source: 'RFC 7432 §7.7',
    compare: (a, b) => (b.attributes.macMobility?.sequence ?? 0) - (a.attributes.macMobility?.sequence ?? 0),
  },
  {
    name: 'lower next hop',
    what: 'The VTEP, IPv4 before IPv6. MAC/IP routes alone',
    source: 'RFC 7432 §7.7',
    compare: (a, b) => compareIp(a.attributes.nextHop, b.attributes.nextHop),
  },
];

/** Whatever a policy prefers, what goes away is chosen where there is nothing else alone. */
function localPreference({ attributes, source }: Path<Route>): number {
  if (attributes.isGoing && !source.internal) return 0;
  return attributes.localPref ?? DEFAULT_LOCAL_PREF;
}

const MED: Step = {
  name: 'lower MULTI_EXIT_DISC',
  what: 'The MED, 0 where it is absent, among paths that came from the same neighboring AS; among all with `bgp.always-compare-med`',
  source: 'RFC 4271 §9.1.2.2 c',
  group: ({ attributes }) => attributes.neighborAs,
  compare: (a, b) => (a.attributes.med ?? 0) - (b.attributes.med ?? 0),
};

/** There is no interior cost: the metric of a kernel's route is none (zebra's are all 20). */
const PREFERENCES: readonly Step[] = [
  {
    name: 'higher LOCAL_PREF',
    what: 'LOCAL_PREF of internal neighbors, or that which the import policy gives, 100 where there is none; 0 for a path of an external neighbor with the community GRACEFUL_SHUTDOWN',
    source: 'RFC 4271 §9.1.1, RFC 8326 §4.2',
    compare: (a, b) => localPreference(b) - localPreference(a),
  },
  {
    name: 'shorter AS_PATH',
    what: 'The number of ASes: an AS_SET counts one, confederation segments nothing (RFC 5065 §5.3)',
    source: 'RFC 4271 §9.1.2.2 a',
    compare: (a, b) => a.attributes.asPathLength - b.attributes.asPathLength,
  },
  {
    name: 'lower ORIGIN',
    what: 'IGP before EGP before INCOMPLETE',
    source: 'RFC 4271 §9.1.2.2 b',
    compare: (a, b) => a.attributes.origin - b.attributes.origin,
  },
  MED,
  {
    name: 'external over internal',
    what: 'A path of an eBGP neighbor before one of an iBGP neighbor',
    source: 'RFC 4271 §9.1.2.2 d',
    compare: (a, b) => truthFirst(!a.source.internal, !b.source.internal),
  },
];

/** Of paths that are equally good one is taken, by every speaker the same. */
export const TIE_BREAKERS: readonly Step[] = [
  {
    name: 'lower BGP identifier',
    what: 'ORIGINATOR_ID where a route reflector gave one, else the BGP identifier of the neighbor',
    source: 'RFC 4271 §9.1.2.2 f, RFC 4456 §9',
    compare: (a, b) =>
      (a.attributes.originatorId ?? a.source.routerId) - (b.attributes.originatorId ?? b.source.routerId),
  },
  {
    name: 'shorter CLUSTER_LIST',
    what: 'The number of route reflectors that a path has passed',
    source: 'RFC 4456 §9',
    compare: (a, b) => a.attributes.clusterList.length - b.attributes.clusterList.length,
  },
  {
    name: 'lower neighbor address',
    what: 'The address of the neighbor, IPv4 before IPv6; of one link-local address the device by name',
    source: 'RFC 4271 §9.1.2.2 g',
    compare: (a, b) =>
      compareIp(addressOfSource(a.source), addressOfSource(b.source)) ||
      (a.source.neighbor < b.source.neighbor ? -1 : a.source.neighbor > b.source.neighbor ? 1 : 0),
  },
];

/** The steps that routes of one kind go through, in order. */
interface Steps {
  /** Those after which paths are equally good. */
  readonly preferences: readonly Step[];
  readonly all: readonly Step[];
}

interface StepsOfAll {
  readonly ofMacIp: Steps;
  readonly ofOthers: Steps;
}

function stepsWith(med: Step): StepsOfAll {
  const preferences = PREFERENCES.map((step) => (step === MED ? med : step));
  const others = [AGED, ...preferences];
  const macIp = [AGED, ...MOBILITY, ...preferences];
  return {
    ofMacIp: { preferences: macIp, all: [...macIp, ...TIE_BREAKERS] },
    ofOthers: { preferences: others, all: [...others, ...TIE_BREAKERS] },
  };
}

const USUAL = stepsWith(MED);
const { group: _, ...medOfAll } = MED;
const ALWAYS_COMPARE_MED = stepsWith(medOfAll);

/** The steps that paths of a route like this go through. */
export function stepsOf({ nlri }: Path<Route>, alwaysCompareMed: boolean): Steps {
  const { ofMacIp, ofOthers } = alwaysCompareMed ? ALWAYS_COMPARE_MED : USUAL;
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT ? ofMacIp : ofOthers;
}

/** All steps in the order in which they run, for the manual: `preferences`, then what several paths need, then `tieBreakers`. */
export const STEP_TABLE: {
  readonly before: readonly Omit<Step, 'compare'>[];
  readonly several: readonly Omit<Step, 'compare'>[];
} = {
  before: [
    {
      name: REJECTED,
      what: 'A path that the import policy of its neighbor accepts. Where there is none, nothing is chosen',
      source: 'RFC 4271 §9.1.1',
    },
    {
      name: USABLE,
      what: 'A path that leads somewhere: its next hop resolves, and what it carries can be used. Where none does, the others are compared among themselves, and nothing is installed',
      source: 'RFC 4271 §9.1.2',
    },
    ...USUAL.ofMacIp.preferences,
  ],
  several: [
    {
      name: AKIN,
      what: 'With `underlay.multipath-relax: false`: the neighboring AS of the best path, or its AS_PATH where it is internal',
      source: '–',
    },
    {
      name: OWN_NEXT_HOP,
      what: 'Of paths with one next hop (and link, where it is link-local) the first by the steps below',
      source: '–',
    },
    {
      name: MAXIMUM_PATHS,
      what: 'The first `underlay.maximum-paths`, or `underlay.maximum-paths-ibgp` of internal ones, by the steps below',
      source: '–',
    },
  ],
};
