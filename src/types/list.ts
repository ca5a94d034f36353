/**
 * Returns an empty array. To V8 `[]` is an array of small integers until another value is stored in it;
 * code compiled by then is deoptimized by the first object, or larger number, that is stored in a new one. For
 * lists that are created in hot paths, or one for each VNI.
 */
export function emptyList<Item>(): Item[] {
  const list: unknown[] = [undefined];
  // The elements kind of the array stays generic
  list.length = 0;
  return list as Item[];
}
