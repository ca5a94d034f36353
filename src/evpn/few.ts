/**
 * A small set in one field: nothing, the one item itself, or an array of several, in the order in which they came.
 * Nearly all MACs and IPs have one route and one partner, and an array or a Set for it costs more than the entry's other
 * fields together. Items are no arrays themselves.
 */
export type Few<Item extends number | string | object> = Item | readonly Item[] | undefined;

/** The set with the item, once. */
export function withItem<Item extends number | string | object>(few: Few<Item>, item: Item): Few<Item> {
  if (few === undefined) return item;
  if (!isSeveral(few)) return few === item ? few : [few, item];
  return few.includes(item) ? few : [...few, item];
}

/** The set without the item. */
export function withoutItem<Item extends number | string | object>(few: Few<Item>, item: Item): Few<Item> {
  if (few === item) return undefined;
  if (!isSeveral(few) || !few.includes(item)) return few;
  const rest = few.filter((other) => other !== item);
  return rest.length === 1 ? rest[0] : rest;
}

/** The items as an array, for who is in no hurry. */
export function listOf<Item extends number | string | object>(few: Few<Item>): readonly Item[] {
  if (few === undefined) return [];
  return isSeveral(few) ? few : [few];
}

export function isSeveral<Item extends number | string | object>(few: Few<Item>): few is readonly Item[] {
  return Array.isArray(few);
}
