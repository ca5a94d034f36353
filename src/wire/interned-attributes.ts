import type { Ip, Ipv6, LargeCommunity, RouteTarget } from '../types/index.js';
import { asPathLength, neighborAs } from './as-path.js';
import { type AttributeChanges, changeAttributes } from './attribute-changes.js';
import { decodeAttributes, encodeAttributes, type PathAttribute } from './attribute-section.js';
import { type CommunityFields, firstAttribute, readCommunities, trueAsPath } from './attribute-set.js';
import { AttributeCode, AttributeFlag, attributeRow } from './attribute-table.js';
import type { AsPathSegment, Origin, PmsiTunnel } from './attribute-values.js';
import { isRouteTarget } from './extended-community.js';
import { LINK_LOCAL_BEHIND } from './mp-attributes.js';
import type { PlainAttributes } from './plain-attributes.js';
import type { UpdateContext, UpdateFault } from './update-context.js';

/** A set of so many octets keeps its lists as well; those of a longer one are read when somebody asks. */
const LISTS_KEPT_TO = 512;
/** What a policy made longer than this may have an attribute whose length two octets do not hold: it cannot be read again. */
const READABLE_TO = 0xffff;

/** RFC 8326 §5: whoever has announced the route goes away. */
export const GRACEFUL_SHUTDOWN = 0xffff0000;
/** Well-known communities of RFC 9494 §5: of routes that are kept, and of routes that must not be. */
export const LLGR_STALE = 0xffff0006;
export const NO_LLGR = 0xffff0007;

/** Of a set's values those that may be long. */
type Lists = Pick<
  InternedAttributes,
  'asPath' | 'communities' | 'largeCommunities' | 'extendedCommunities' | 'routeTargets'
>;

const NOTHING: readonly never[] = Object.freeze([]);

/** The long set that was read last: what is asked of it is mostly asked for each of its routes. */
let latestLong: { readonly set: InternedAttributes; readonly lists: Lists } | undefined;

function frozen<Item>(list: readonly Item[] | undefined): readonly Item[] {
  return list === undefined || list.length === 0 ? NOTHING : Object.freeze(list);
}

/** What a policy made of the attributes of a route. */
export interface PolicyVerdict {
  /** As they came. */
  readonly before: PathAttributes;
  readonly accepted: boolean;
  /** The name of the policy, and of the rule that decided. */
  readonly policy: string;
  readonly rule: string;
}

/** The octets that a set came of. */
export interface SetOctets {
  /** One character an octet: the heap has no smaller form, and no object of its own for it. */
  readonly text: string;
  readonly hash: number;
  /** Where the attributes begin, MP_REACH not among them. */
  readonly attributesAt: number;
  readonly context: UpdateContext;
}

/** What a set's attributes say. */
export interface SetValues {
  readonly origin: Origin;
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  readonly originatorId: number | undefined;
  readonly clusterList: readonly number[];
  readonly pmsiTunnel: PmsiTunnel | undefined;
  readonly lists: Lists;
}

/** The attributes of all routes that came with the same octets, which are kept once. */
export class InternedAttributes implements CommunityFields {
  readonly origin: Origin;
  /** As path selection counts (RFC 4271 §9.1.2.2 a). */
  readonly asPathLength: number;
  /** The AS that the route came from, as MED's comparison needs it; undefined for a route of our own AS. */
  readonly neighborAs: number | undefined;
  readonly nextHop: Ip;
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  readonly originatorId: number | undefined;
  readonly clusterList: readonly number[];
  readonly encapsulations: readonly number[];
  readonly macMobility: CommunityFields['macMobility'];
  readonly routerMac: CommunityFields['routerMac'];
  readonly defaultGateway: boolean;
  readonly ndFlags: number | undefined;
  readonly pmsiTunnel: PmsiTunnel | undefined;
  /**
   * With the community LLGR_STALE (RFC 9494 §4.2), or come with it: somebody on the way has kept it long after its neighbor was lost,
   * which a policy that writes the communities anew does not change.
   */
  readonly isLongLivedStale: boolean;
  /** With the community GRACEFUL_SHUTDOWN (RFC 8326). */
  readonly isGoing: boolean;
  /**
   * Whatever those who have routes of this set count them by; undefined where there is none. The same octets give this very
   * object as long as something is here.
   */
  holding: object | undefined = undefined;
  /** The next set of the same hash. This and the next two are written by InternedSets alone. */
  chained: InternedAttributes | undefined = undefined;
  findable = false;
  resting = false;
  readonly #octets: SetOctets;
  readonly #lists: Lists | undefined;

  /** The values are those of the octets, checked: no fault withdraws. */
  constructor(
    octets: SetOctets,
    values: SetValues,
    nextHop: Ip,
    /** What was wrong and costs no more than an attribute, to be reported each time. */
    readonly faults: readonly UpdateFault[],
    /** What a policy made these attributes of; undefined where they are as they came. */
    readonly verdict: PolicyVerdict | undefined = undefined,
  ) {
    const { lists } = values;
    const communities = readCommunities(lists.extendedCommunities);
    this.#octets = octets;
    const { length } = octets.text;
    this.#lists = length <= LISTS_KEPT_TO || length > READABLE_TO ? lists : undefined;
    this.origin = values.origin;
    this.asPathLength = asPathLength(lists.asPath);
    this.neighborAs = neighborAs(lists.asPath);
    this.nextHop = nextHop;
    this.med = values.med;
    this.localPref = values.localPref;
    this.originatorId = values.originatorId;
    this.clusterList = values.clusterList;
    this.encapsulations = communities.encapsulations;
    this.macMobility = communities.macMobility;
    this.routerMac = communities.routerMac;
    this.defaultGateway = communities.defaultGateway;
    this.ndFlags = communities.ndFlags;
    this.pmsiTunnel = values.pmsiTunnel;
    this.isLongLivedStale =
      lists.communities.includes(LLGR_STALE) || verdict?.before.isLongLivedStale === true;
    this.isGoing = lists.communities.includes(GRACEFUL_SHUTDOWN);
  }

  /** Octets that are kept of the set: the next hop and the attributes as they came. */
  get octets(): number {
    return this.#octets.text.length;
  }
  get hash(): number {
    return this.#octets.hash;
  }
  get asPath(): readonly AsPathSegment[] {
    return (this.#lists ?? this.#readLists()).asPath;
  }
  /** Every extended community in wire order, eight octets each as a bigint. */
  get extendedCommunities(): readonly bigint[] {
    return (this.#lists ?? this.#readLists()).extendedCommunities;
  }
  get routeTargets(): readonly RouteTarget[] {
    return (this.#lists ?? this.#readLists()).routeTargets;
  }
  /** RFC 1997, 32 bits each. */
  get communities(): readonly number[] {
    return (this.#lists ?? this.#readLists()).communities;
  }

  /** RFC 8092, each once. */
  get largeCommunities(): readonly LargeCommunity[] {
    return (this.#lists ?? this.#readLists()).largeCommunities;
  }

  /** These attributes as a policy changes them: another set, for the verdict alone. */
  changed(changes: readonly AttributeChanges[], verdict: PolicyVerdict): InternedAttributes {
    const { text, hash, attributesAt, context } = this.#octets;
    const octets = Buffer.from(text, 'latin1');
    const { attributes } = decodeAttributes(octets, attributesAt, octets.length, context, false);
    if (changes.length === 0)
      return new InternedAttributes(
        this.#octets,
        valuesOf(attributes, context),
        this.nextHop,
        this.faults,
        verdict,
      );
    // What means nothing from another AS is not among them any more, and LOCAL_PREF is the policy's
    const kept = attributes.filter(
      ({ code }) => code !== AttributeCode.AS4_PATH && (context.internal || !isInternal(code)),
    );
    const path: PathAttribute = {
      code: AttributeCode.AS_PATH,
      flags: AttributeFlag.TRANSITIVE,
      value: trueAsPath(attributes, context),
    };
    const whole = kept.map((attribute) => (attribute.code === AttributeCode.AS_PATH ? path : attribute));
    const made = changeAttributes(whole, changes);
    const madeContext = { ...context, internal: true, fourOctetAs: true };
    return new InternedAttributes(
      {
        text: text.slice(0, attributesAt) + encodeAttributes(made, madeContext).toString('latin1'),
        hash,
        attributesAt,
        context: madeContext,
      },
      valuesOf(made, madeContext),
      this.nextHop,
      this.faults,
      verdict,
    );
  }

  /** The link-local address behind a global next hop (RFC 2545 §3, RFC 8950 §3); read each time, since few ask. */
  get linkLocalNextHop(): Ipv6 | undefined {
    const { text, attributesAt } = this.#octets;
    return attributesAt === 1 + LINK_LOCAL_BEHIND ? (text.slice(17, 33) as Ipv6) : undefined;
  }

  /** True where these are its octets, the first `length` ones. */
  consistsOf(octets: Uint8Array, length: number): boolean {
    const { text } = this.#octets;
    if (text.length !== length) return false;
    for (let at = 0; at < length; at++) if (text.charCodeAt(at) !== octets[at]) return false;
    return true;
  }

  #readLists(): Lists {
    if (latestLong?.set === this) return latestLong.lists;
    const { text, attributesAt, context } = this.#octets;
    const octets = Buffer.from(text, 'latin1');
    const { attributes } = decodeAttributes(octets, attributesAt, octets.length, context, false);
    const lists = listsOf(attributes, context);
    latestLong = { set: this, lists };
    return lists;
  }
}

/**
 * The attributes of a route as the rooms above read them: flat, one object for each distinct set, so that `===`
 * says "same attributes". MP_REACH's next hop is in here, its NLRI is not. The lists of a long set, such as `asPath`, are read
 * from its octets, anew where another long one was asked meanwhile: it is cheap to ask one set for many routes in a row.
 */
export type PathAttributes = Omit<
  InternedAttributes,
  'faults' | 'hash' | 'consistsOf' | 'changed' | 'chained' | 'findable' | 'resting'
>;

/** The values of attributes that were read by the table of attributes. */
export function valuesOf(attributes: readonly PathAttribute[], context: UpdateContext): SetValues {
  const internal = <Value>(value: Value | undefined) => (context.internal ? value : undefined);
  return {
    origin: firstAttribute(attributes, AttributeCode.ORIGIN) ?? 0,
    med: firstAttribute(attributes, AttributeCode.MULTI_EXIT_DISC),
    localPref: internal(firstAttribute(attributes, AttributeCode.LOCAL_PREF)),
    originatorId: internal(firstAttribute(attributes, AttributeCode.ORIGINATOR_ID)),
    clusterList: frozen(internal(firstAttribute(attributes, AttributeCode.CLUSTER_LIST))),
    pmsiTunnel: firstAttribute(attributes, AttributeCode.PMSI_TUNNEL),
    lists: listsOf(attributes, context),
  };
}

/** The values of plain attributes. */
export function plainValues({ origin, med, localPref, asPath, communities }: PlainAttributes): SetValues {
  return {
    origin,
    med,
    localPref,
    originatorId: undefined,
    clusterList: NOTHING,
    pmsiTunnel: undefined,
    lists: {
      communities,
      largeCommunities: NOTHING,
      asPath,
      extendedCommunities: NOTHING,
      routeTargets: NOTHING,
    },
  };
}

function listsOf(attributes: readonly PathAttribute[], context: UpdateContext): Lists {
  const extendedCommunities = frozen(firstAttribute(attributes, AttributeCode.EXTENDED_COMMUNITIES));
  return {
    communities: frozen(firstAttribute(attributes, AttributeCode.COMMUNITIES)),
    largeCommunities: frozen(firstAttribute(attributes, AttributeCode.LARGE_COMMUNITIES)),
    asPath: frozen(trueAsPath(attributes, context)),
    extendedCommunities,
    routeTargets:
      extendedCommunities.length === 0 ? NOTHING : frozen(extendedCommunities.filter(isRouteTarget)),
  };
}

function isInternal(code: PathAttribute['code']): boolean {
  return code !== 'unknown' && attributeRow(code)?.internalOnly === true;
}

/** The attributes, which a decoder made, as a policy changes them: another set, for the verdict alone. */
export function changePathAttributes(
  attributes: PathAttributes,
  changes: readonly AttributeChanges[],
  verdict: PolicyVerdict,
): PathAttributes {
  if (!(attributes instanceof InternedAttributes)) throw new TypeError('attributes that no decoder made');
  return attributes.changed(changes, verdict);
}
