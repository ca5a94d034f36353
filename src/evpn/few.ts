/**
 * A small set in one field: nothing, the one item itself, or an array of several, in the order in which they came.
 * Nearly all MACs and IPs have one route and one partner, and an array or a Set for it costs more than the entry's other
 * fields together. Where somebody makes it large it is a Set that is changed in place, so that no change costs more than
 * another. Items are neither arrays nor Sets themselves.
 */
export type Few<Item extends number | string | object> = Item | readonly Item[] | Set<Item> | undefined;

/** More than this many stand in a Set. */
const ARRAY_LENGTH = 16;

/** The set with the item, once. */
export function withItem<Item extends number | string | object>(few: Few<Item>, item: Item): Few<Item> {
  if (few === undefined) return item;
  if (few instanceof Set) return few.add(item);
  if (!isArray(few)) return few === item ? few : [few, item];
  if (few.includes(item)) return few;
  return few.length < ARRAY_LENGTH ? [...few, item] : new Set(few).add(item);
}

/** The set without the item. */
export function withoutItem<Item extends number | string | object>(few: Few<Item>, item: Item): Few<Item> {
  if (few === item) return undefined;
  if (few instanceof Set) {
    few.delete(item);
    // Half as many, so that one who comes and goes does not copy all others each time
    return few.size > ARRAY_LENGTH / 2 ? few : [...few];
  }
  if (!isArray(few)) return few;
  // Nearly all arrays are these: a host's route with its IP and that without
  if (few.length === 2) return few[0] === item ? few[1] : few[1] === item ? few[0] : few;
  if (!few.includes(item)) return few;
  const rest = few.filter((other) => other !== item);
  return rest.length === 1 ? rest[0] : rest;
}

/** The items as an array, for who is in no hurry. */
export function listOf<Item extends number | string | object>(few: Few<Item>): readonly Item[] {
  if (few === undefined) return [];
  if (few instanceof Set) return [...few];
  return isArray(few) ? few : [few];
}

/** Goes through the items; those of a Set that come meanwhile too, and not those that go. */
export function itemsOf<Item extends number | string | object>(few: Few<Item>): Iterator<Item> {
  return few instanceof Set ? few.values() : listOf(few).values();
}

export function hasItem<Item extends number | string | object>(few: Few<Item>, item: Item): boolean {
  if (few instanceof Set) return few.has(item);
  return isArray(few) ? few.includes(item) : few === item;
}

/** True for an array or a Set. */
export function isSeveral<Item extends number | string | object>(
  few: Few<Item>,
): few is readonly Item[] | Set<Item> {
  return isArray(few) || few instanceof Set;
}

export function isArray<Item extends number | string | object>(few: Few<Item>): few is readonly Item[] {
  return Array.isArray(few);
}
