import type { AnySetting, List, Rows } from './setting.js';
import { SETTINGS } from './settings.js';

/** A mapping of a file, as plain data. */
export type Mapping = Readonly<Record<string, unknown>>;

/** A list of the file whose items are known by a setting of theirs. */
export interface ItemList {
  readonly path: readonly string[];
  readonly knownBy: readonly string[];
  readonly rows: Rows;
  /** True where an item in a VRF has `@` and the VRF behind its name, since another VRF may have one of the same name. */
  readonly isPlaced: boolean;
}

/** The name of an item within its VRF, and the VRF; undefined where the name has none. */
export interface ItemName {
  readonly key: string;
  readonly vrf: string | undefined;
}

/** What is in a VRF itself; a peer group only says so of its members. */
const PLACED: readonly string[] = ['neighbors', 'listen-ranges'];

/** The lists by the last key of their path, by which the API names them. */
const LISTS: ReadonlyMap<string, ItemList> = new Map(listsOf(SETTINGS, []));

/** The names of the lists whose items can be edited. */
export const ITEM_LISTS: readonly string[] = [...LISTS.keys()];

function listsOf(rows: Rows, above: readonly string[]): [string, ItemList][] {
  return Object.entries(rows).flatMap(([key, row]): [string, ItemList][] => {
    const path = [...above, key];
    if (row.kind === 'section') return listsOf(row.rows, path);
    if (row.kind !== 'list') return [];
    const { knownBy, rows: settings } = row as List<Rows>;
    return [[key, { path, knownBy, rows: settings, isPlaced: PLACED.includes(key) }]];
  });
}

/** The list of that name; undefined where there is none. */
export function itemList(name: string): ItemList | undefined {
  return LISTS.get(name);
}

/** No address, prefix or interface has an `@`. */
export function splitName({ isPlaced }: ItemList, text: string): ItemName {
  const at = isPlaced ? text.indexOf('@') : -1;
  return at < 0 ? { key: text, vrf: undefined } : { key: text.slice(0, at), vrf: text.slice(at + 1) };
}

/** Returns what an item is known by: each of its settings for that, in one spelling. */
export function namesOf({ knownBy, rows }: ItemList, item: Mapping): Map<string, string> {
  const names = new Map<string, string>();
  for (const name of knownBy) {
    const value = item[name];
    if (value !== undefined && value !== null) names.set(name, spelling(rows[name] as AnySetting, value));
  }
  return names;
}

/** The value as it is always written: that of a number whether it is given as text or not, that of an address whatever its zeros. */
function spelling(row: AnySetting, value: unknown): string {
  const given = row.schema.type === 'integer' ? numberOf(value) : value;
  try {
    let refused = false;
    const text = row.format(row.parse(given as never, () => (refused = true)) as never);
    return refused ? String(value) : String(text);
  } catch {
    return String(value);
  }
}

/** Returns the setting that an item of this name has, by the first of `knownBy` that allows it. */
export function nameSettingOf({ knownBy, rows }: ItemList, key: string): Mapping {
  const name = knownBy.find((one) => isAllowed(rows[one] as AnySetting, key)) ?? knownBy[0];
  const isNumber = (rows[name] as AnySetting).schema.type === 'integer';
  return { [name]: isNumber ? numberOf(key) : key };
}

/** A number from its decimal digits; anything else as it is, to be refused where it is checked. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

function isAllowed(row: AnySetting, key: string): boolean {
  let refused = false;
  try {
    row.parse(key as never, () => (refused = true));
  } catch {
    return false;
  }
  return !refused;
}
