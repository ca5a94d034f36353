import type { Mac } from '../types/index.js';
import { AS_TRANS, isConfederation, mergeAs4Path } from './as-path.js';
import type { AttributeFault, PathAttribute } from './attribute-section.js';
import {
  AttributeCode,
  type AttributeValues,
  attributeName,
  type KnownAttributeCode,
} from './attribute-table.js';
import type { AsPathSegment, MacMobility } from './attribute-values.js';
import {
  ExtendedCommunityType,
  ExtendedCommunityValue,
  extendedCommunityType,
} from './extended-community.js';
import { UpdateSubcode } from './notification-codes.js';
import type { UpdateContext } from './update-context.js';

/** What the communities of a route say to EVPN. */
export interface CommunityFields {
  /** Tunnel types of the Encapsulation communities (RFC 9012 §4.1), each once; 8 is VXLAN. */
  readonly encapsulations: readonly number[];
  readonly macMobility: MacMobility | undefined;
  readonly routerMac: Mac | undefined;
  readonly defaultGateway: boolean;
  /** Flags of the ARP/ND community, undefined where there is none. */
  readonly ndFlags: number | undefined;
}

/**
 * Of several MAC Mobility communities the highest sequence number counts, and one sticky flag makes the route sticky:
 * FRR sends a sticky MAC's flag and its sequence number in two.
 */
function combineMobility(known: MacMobility | undefined, value: bigint): MacMobility {
  return {
    sequence: Math.max(known?.sequence ?? 0, ExtendedCommunityValue.sequence(value)),
    sticky: known?.sticky === true || ExtendedCommunityValue.sticky(value),
  };
}

const NO_COMMUNITY_FIELDS: CommunityFields = Object.freeze({
  encapsulations: Object.freeze([]),
  macMobility: undefined,
  routerMac: undefined,
  defaultGateway: false,
  ndFlags: undefined,
});

/** Reads the communities; of tunnel types that come twice one is kept. */
export function readCommunities(communities: readonly bigint[]): CommunityFields {
  if (communities.length === 0) return NO_COMMUNITY_FIELDS;
  let macMobility: CommunityFields['macMobility'];
  let routerMac: CommunityFields['routerMac'];
  let ndFlags: CommunityFields['ndFlags'];
  let defaultGateway = false;
  const encapsulations = new Set<number>();
  for (const value of communities)
    switch (extendedCommunityType(value)) {
      case ExtendedCommunityType.ENCAPSULATION:
        encapsulations.add(ExtendedCommunityValue.tunnelType(value));
        break;
      case ExtendedCommunityType.MAC_MOBILITY:
        macMobility = combineMobility(macMobility, value);
        break;
      case ExtendedCommunityType.ROUTER_MAC:
        routerMac ??= ExtendedCommunityValue.mac(value);
        break;
      case ExtendedCommunityType.DEFAULT_GATEWAY:
        defaultGateway = true;
        break;
      case ExtendedCommunityType.ARP_ND:
        ndFlags = (ndFlags ?? 0) | ExtendedCommunityValue.neighborFlags(value);
        break;
    }
  return {
    encapsulations: Object.freeze([...encapsulations]),
    macMobility: macMobility && Object.freeze(macMobility),
    routerMac,
    defaultGateway,
    ndFlags,
  };
}

/** The first attribute of a code: later ones were found to be repetitions. */
export function firstAttribute<Code extends KnownAttributeCode>(
  attributes: readonly PathAttribute[],
  code: Code,
): AttributeValues[Code] | undefined {
  for (const attribute of attributes)
    if (attribute.code === code) return attribute.value as AttributeValues[Code];
    else if (attribute.code === 'unknown' && attribute.rawCode === code) return undefined;
  return undefined;
}

/** AS_PATH as it truly is: with AS4_PATH merged in where the session speaks two octets (RFC 6793 §4.2.3). */
export function trueAsPath(
  attributes: readonly PathAttribute[],
  context: UpdateContext,
): readonly AsPathSegment[] {
  const asPath = firstAttribute(attributes, AttributeCode.AS_PATH) ?? [];
  const as4Path = firstAttribute(attributes, AttributeCode.AS4_PATH);
  if (context.fourOctetAs || as4Path === undefined) return asPath;
  const aggregator = firstAttribute(attributes, AttributeCode.AGGREGATOR);
  const as4Aggregator = firstAttribute(attributes, AttributeCode.AS4_AGGREGATOR);
  // The path was aggregated by a speaker that knew nothing of AS4_PATH
  if (aggregator !== undefined && as4Aggregator !== undefined && aggregator.asn !== AS_TRANS) return asPath;
  return mergeAs4Path(asPath, as4Path);
}

function fault(
  outcome: AttributeFault['outcome'],
  code: KnownAttributeCode,
  detail: string,
  subcode: UpdateSubcode,
): AttributeFault {
  return { outcome, field: attributeName(code), detail, count: 1, subcode, data: Uint8Array.of(code) };
}

/** A well-known attribute that reachable routes lack (RFC 7606 §3 d). */
export function missing(code: KnownAttributeCode): AttributeFault {
  return fault('treat-as-withdraw', code, 'missing', UpdateSubcode.MISSING_WELL_KNOWN_ATTRIBUTE);
}

const MANDATORY = [AttributeCode.ORIGIN, AttributeCode.AS_PATH] as const;
const MANDATORY_INTERNAL = [...MANDATORY, AttributeCode.LOCAL_PREF] as const;
/** Of peers that speak 2-octet AS numbers alone. */
const OF_TWO_OCTETS = [AttributeCode.AS4_PATH, AttributeCode.AS4_AGGREGATOR] as const;

/** True where the code came, be it unreadable. */
function hasCode(attributes: readonly PathAttribute[], code: KnownAttributeCode): boolean {
  for (const attribute of attributes)
    if (attribute.code === code || (attribute.code === 'unknown' && attribute.rawCode === code)) return true;
  return false;
}

/**
 * Faults that only the whole set shows: well-known attributes that reachable routes lack (RFC 7606 §3 d), confederation
 * segments from outside (RFC 5065 §5), AS4_PATH and AS4_AGGREGATOR where AS_PATH already has four octets (RFC 6793 §6).
 */
export function checkAttributeSet(
  attributes: readonly PathAttribute[],
  context: UpdateContext,
): AttributeFault[] {
  const faults: AttributeFault[] = [];
  for (const code of context.internal ? MANDATORY_INTERNAL : MANDATORY)
    if (!hasCode(attributes, code)) faults.push(missing(code));
  const confederation = firstAttribute(attributes, AttributeCode.AS_PATH)?.find(isConfederation);
  if (!context.internal && confederation !== undefined)
    faults.push(
      fault(
        'treat-as-withdraw',
        AttributeCode.AS_PATH,
        `confederation segment type ${confederation.type} from an external peer`,
        UpdateSubcode.MALFORMED_AS_PATH,
      ),
    );
  if (context.fourOctetAs)
    for (const code of OF_TWO_OCTETS)
      if (hasCode(attributes, code))
        faults.push(
          fault(
            'discard',
            code,
            'from a peer that speaks 4-octet AS numbers',
            UpdateSubcode.OPTIONAL_ATTRIBUTE_ERROR,
          ),
        );
  return faults;
}
