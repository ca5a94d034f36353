/** The map behind `key`, made where there is none. */
export function inner<K, V>(outer: Map<number, Map<K, V>>, key: number): Map<K, V> {
  let map = outer.get(key);
  if (!map) {
    map = new Map();
    outer.set(key, map);
  }
  return map;
}
