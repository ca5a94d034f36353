/** Compares answers of FRR's commands key by key. */

/** A key of which the parts are data, such as a MAC, is one for all of them. */
const DATA: readonly (readonly [form: RegExp, name: string])[] = [
  [/^\[\d\]:/, 'PREFIX'],
  [/^(ipv4Unicast|l2VpnEvpn)$/, 'FAMILY'],
  [/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'MAC'],
  [/^[\d.]+:\d+$/, 'RD'],
  [/^[\d.]+\/\d+$/, 'NETWORK'],
  [/^\d+$/, 'VNI'],
  [/^(\d+\.){3}\d+$|^[0-9a-f]*:[0-9a-f:]*$/, 'IP'],
];

const nameOf = (key: string) => DATA.find(([form]) => form.test(key))?.[1] ?? key;

const typeOf = (value: unknown) => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value);

/** Types of the values by the path of their keys. */
function shape(value: unknown, path = '', into = new Map<string, Set<string>>()): Map<string, Set<string>> {
  const types = into.get(path) ?? new Set();
  into.set(path, types.add(typeOf(value)));
  if (typeof value === 'object' && value !== null)
    for (const [key, below] of Object.entries(value))
      shape(below, Array.isArray(value) ? `${path}[]` : `${path}.${nameOf(key)}`, into);
  return into;
}

/** What two answers differ in: the last two keys of each path, of the topmost where one holds others. */
export function differences(frr: unknown, evpnd: unknown) {
  const [theirs, ours] = [shape(frr), shape(evpnd)];
  const parent = (path: string) => path.replace(/(\[\]|\.[^.[\]]+)$/, '');
  const only = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>) =>
    [...a.keys()]
      .filter((path) => !b.has(path) && b.has(parent(path)))
      .map((path) => path.split('.').slice(-2).join('.').replaceAll('[]', ''));
  return {
    missing: [...new Set(only(theirs, ours))],
    added: [...new Set(only(ours, theirs))],
    wrongTypes: [...ours].flatMap(([path, types]) => {
      const expected = theirs.get(path);
      return expected && [...types].some((type) => !expected.has(type))
        ? [`${path}: ${[...types]} instead of ${[...expected]}`]
        : [];
    }),
  };
}
