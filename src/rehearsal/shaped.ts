/**
 * Code that has met objects of five shapes or more takes any, and so the real kernel and its peers; code that has met fewer is
 * thrown away when they come. `shape` is another number for each.
 */
export function shaped<T extends object>(object: T, shape: number): T {
  return Object.assign(object, { [`shape${shape}`]: shape });
}
