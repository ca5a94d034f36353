/** True if both have the same members. */
export function sameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const item of a) if (!b.has(item)) return false;
  return true;
}

/** Returns the members of exactly one of the two. */
export function* symmetricDifference<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): Iterable<T> {
  if (a === b) return;
  for (const item of a) if (!b.has(item)) yield item;
  for (const item of b) if (!a.has(item)) yield item;
}
