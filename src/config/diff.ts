import type { Config } from './config.js';
import { type AnySetting, camelCase, type Rows } from './setting.js';
import { SETTINGS } from './settings.js';

/** A setting in which two configurations differ. */
export interface SettingChange {
  /** As the file has it; an item by what it is known by: `evpn.vnis[10010].rd`, `neighbors[10.1.1.0]`. */
  readonly key: string;
  /** As the file would have the value; undefined where it is absent. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The value of a neighbor or VNI itself, which has settings of its own. */
const PRESENT = 'present';

/**
 * Returns what differs, by key, in the order of the table of settings. Neither the order of lists counts nor how a value is spelled,
 * and a default is as good as the same value in the file.
 */
export function diffConfig(before: Config, after: Config): readonly SettingChange[] {
  const old = settingsOf(before);
  const young = settingsOf(after);
  const changes: SettingChange[] = [];
  for (const key of new Set([...young.keys(), ...old.keys()])) {
    const [was, is] = [old.get(key), young.get(key)];
    // Of an item that comes or goes its name is enough
    const item = /^(.*\])\./.exec(key)?.[1];
    if (was === is || (item !== undefined && old.has(item) !== young.has(item))) continue;
    changes.push({ key, before: was, after: is });
  }
  return changes;
}

/** Every setting that has a value, as text, by its key. */
function settingsOf(config: Config): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  const add = (prefix: string, rows: Rows, values: Values) => {
    for (const [name, row] of Object.entries(rows)) {
      const key = `${prefix}${name}`;
      const value = values[camelCase(name)];
      if (row.kind === 'section') add(`${key}.`, row.rows, value as Values);
      else if (row.kind === 'list')
        for (const item of (value as Items).values()) {
          const itemKey = `${key}[${nameOf(item, row.knownBy, row.rows)}]`;
          settings.set(itemKey, PRESENT);
          add(`${itemKey}.`, row.rows, item);
        }
      else if (value !== undefined) settings.set(key, textOf(row, value));
    }
  };
  add('', SETTINGS, { ...config });
  return settings;
}

type Values = Readonly<Record<string, unknown>>;
/** A list, or a map that was made of one. */
type Items = readonly Values[] | ReadonlyMap<unknown, Values>;

/** In two VRFs there may be neighbors at one address. */
function nameOf(item: Values, knownBy: readonly string[], rows: Rows): string {
  const place = typeof item.vrf === 'string' ? `@${item.vrf}` : '';
  for (const key of knownBy) {
    const row = rows[key];
    const value = item[camelCase(key)];
    if (row.kind === 'setting' && value !== undefined) return `${textOf(row, value)}${place}`;
  }
  return '';
}

function textOf(row: AnySetting, value: unknown): string {
  const text = row.format(value as never);
  return typeof text === 'string' ? text : `[${text.toSorted().join(', ')}]`;
}

/** Most changes in one line of the log; a file may be completely different. */
const NAMED_CHANGES = 50;

/** Returns changes as a line of the log has them: so many, and how many more there are. */
export function namedChanges<Change>(changes: readonly Change[]): {
  readonly changes: readonly Change[];
  readonly more?: number;
} {
  const more = changes.length - NAMED_CHANGES;
  return { changes: changes.slice(0, NAMED_CHANGES), ...(more > 0 && { more }) };
}
