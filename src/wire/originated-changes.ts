import { type AttributeChanges, changedExtended, changesExtended, withChanges } from './attribute-changes.js';
import type { OriginatedAttributes } from './messages.js';

/** The attributes of a route of our own with the changes; its encoder gives it AS_PATH and LOCAL_PREF. */
export function changeOriginated(
  attributes: OriginatedAttributes,
  changes: readonly AttributeChanges[],
): OriginatedAttributes {
  return changes.reduce(originatedWith, attributes);
}

function originatedWith(attributes: OriginatedAttributes, changes: AttributeChanges): OriginatedAttributes {
  const { localPreference, prepend = [], routeTargets: _, addExtendedCommunities: __, ...others } = changes;
  return {
    ...attributes,
    extendedCommunities: changesExtended(changes)
      ? changedExtended(attributes.extendedCommunities, changes)
      : attributes.extendedCommunities,
    others: withChanges(attributes.others ?? [], others),
    localPreference: localPreference ?? attributes.localPreference,
    prepend: [...prepend, ...(attributes.prepend ?? [])],
  };
}
