/**
 * An empty array of whatever there is to be. To V8 `[]` is an array of small integers until something else comes into it;
 * code that is compiled by then is thrown away at the first object, or larger number, that comes into a new one. Good for
 * lists that are made anew in hot paths, or one for each VNI.
 */
export function emptyList<Item>(): Item[] {
  const list: unknown[] = [undefined];
  // The kind of its elements stays
  list.length = 0;
  return list as Item[];
}
