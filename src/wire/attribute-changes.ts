import type { LargeCommunity } from '../types/index.js';
import type { PathAttribute } from './attribute-section.js';
import { AttributeCode, AttributeFlag, OPTIONAL_TRANSITIVE } from './attribute-table.js';
import { type AsPathSegment, AsPathSegmentType } from './attribute-values.js';
import { isRouteTarget } from './extended-community.js';

/** What a policy changes of a route's attributes; what is absent stays as it is. */
export interface AttributeChanges {
  /** Unsigned 32 bits. */
  readonly localPreference?: number | undefined;
  /** Unsigned 32 bits. */
  readonly med?: number | undefined;
  /** RFC 1997: these alone, then those that are added, each once. */
  readonly communities?: readonly number[] | undefined;
  readonly addCommunities?: readonly number[] | undefined;
  /** RFC 8092: likewise. */
  readonly largeCommunities?: readonly LargeCommunity[] | undefined;
  readonly addLargeCommunities?: readonly LargeCommunity[] | undefined;
  /** In the place of all route targets, then those that are added, each once. Other extended communities stay. */
  readonly routeTargets?: readonly bigint[] | undefined;
  readonly addExtendedCommunities?: readonly bigint[] | undefined;
  /** AS numbers that are put before the path, the first one leftmost. */
  readonly prepend?: readonly number[] | undefined;
}

type Value<Code extends PathAttribute['code']> = Extract<PathAttribute, { code: Code }>['value'];

/** The attributes with the changes of each, one after the other; an attribute that was not there comes behind the others. */
export function changeAttributes(
  attributes: readonly PathAttribute[],
  changes: readonly AttributeChanges[],
): readonly PathAttribute[] {
  return changes.reduce(withChanges, attributes);
}

/** The attributes with these changes. */
export function withChanges(
  attributes: readonly PathAttribute[],
  changes: AttributeChanges,
): readonly PathAttribute[] {
  const { localPreference, med, prepend } = changes;
  let changed = attributes;
  if (localPreference !== undefined)
    changed = replaced(changed, AttributeCode.LOCAL_PREF, AttributeFlag.TRANSITIVE, () => localPreference);
  if (med !== undefined)
    changed = replaced(changed, AttributeCode.MULTI_EXIT_DISC, AttributeFlag.OPTIONAL, () => med);
  const { communities, addCommunities, largeCommunities, addLargeCommunities } = changes;
  if (communities !== undefined || addCommunities !== undefined)
    changed = replaced(changed, AttributeCode.COMMUNITIES, OPTIONAL_TRANSITIVE, (before = []) =>
      eachOnce(communities ?? before, addCommunities),
    );
  if (largeCommunities !== undefined || addLargeCommunities !== undefined)
    changed = replaced(changed, AttributeCode.LARGE_COMMUNITIES, OPTIONAL_TRANSITIVE, (before = []) =>
      eachOnce(largeCommunities ?? before, addLargeCommunities),
    );
  if (changesExtended(changes))
    changed = replaced(changed, AttributeCode.EXTENDED_COMMUNITIES, OPTIONAL_TRANSITIVE, (before = []) =>
      changedExtended(before, changes),
    );
  if (prepend !== undefined && prepend.length > 0)
    changed = replaced(changed, AttributeCode.AS_PATH, AttributeFlag.TRANSITIVE, (before = []) =>
      prepended(before, prepend),
    );
  // A list without items is no attribute (RFC 4271 §4.3)
  return changed.filter(({ code, value }) => !LISTS.has(code) || (value as readonly unknown[]).length > 0);
}

/** Attributes that are lists of communities. */
const LISTS: ReadonlySet<PathAttribute['code']> = new Set([
  AttributeCode.COMMUNITIES,
  AttributeCode.EXTENDED_COMMUNITIES,
  AttributeCode.LARGE_COMMUNITIES,
]);

/** The path with these AS numbers before it (RFC 4271 §5.1.2), in as many segments as they need. */
export function prepended(path: readonly AsPathSegment[], asns: readonly number[]): AsPathSegment[] {
  const [first, ...rest] = path;
  const joins =
    first?.type === AsPathSegmentType.AS_SEQUENCE && first.asns.length + asns.length <= LONGEST_SEGMENT;
  if (joins) return [{ type: first.type, asns: [...asns, ...first.asns] }, ...rest];
  const segments: AsPathSegment[] = [];
  for (let at = 0; at < asns.length; at += LONGEST_SEGMENT)
    segments.push({ type: AsPathSegmentType.AS_SEQUENCE, asns: asns.slice(at, at + LONGEST_SEGMENT) });
  return [...segments, ...path];
}

/** One octet counts the AS numbers of a segment. */
const LONGEST_SEGMENT = 255;

/** True where extended communities are changed. */
export function changesExtended({ routeTargets, addExtendedCommunities }: AttributeChanges): boolean {
  return routeTargets !== undefined || addExtendedCommunities !== undefined;
}

function eachOnce<Item>(items: readonly Item[], added: readonly Item[] = []): Item[] {
  return [...new Set([...items, ...added])];
}

/** The extended communities with the changes, each once. */
export function changedExtended(
  before: readonly bigint[],
  { routeTargets, addExtendedCommunities = [] }: AttributeChanges,
): bigint[] {
  const kept =
    routeTargets === undefined
      ? before
      : [...routeTargets, ...before.filter((value) => !isRouteTarget(value))];
  return [...new Set([...kept, ...addExtendedCommunities])];
}

function replaced<Code extends Exclude<PathAttribute['code'], 'unknown'>>(
  attributes: readonly PathAttribute[],
  code: Code,
  flags: number,
  valueFrom: (before: Value<Code> | undefined) => Value<Code>,
): readonly PathAttribute[] {
  const at = attributes.findIndex((attribute) => attribute.code === code);
  const before = at < 0 ? undefined : (attributes[at].value as Value<Code>);
  const attribute = { code, flags, value: valueFrom(before) } as unknown as PathAttribute;
  return at < 0 ? [...attributes, attribute] : attributes.with(at, attribute);
}
