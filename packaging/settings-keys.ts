import { EFFECTS, type List, type Row, type Rows } from '../src/config/setting.js';
import { SETTINGS } from '../src/config/settings.js';

/** A setting, or a list of settings. */
export type Keyed = Exclude<Row, { kind: 'section' }>;

/** A setting in words. */
interface SettingWords {
  readonly key: string;
  readonly description: string;
  readonly allowed: string;
  readonly isRequired: boolean;
  /** As JSON; undefined where the setting has none. */
  readonly fallback: string | undefined;
  /** When another value counts after a reload. */
  readonly effect: string;
}

/** Every setting by its whole key, in the order of the table. */
export function* settingKeys(rows: Rows = SETTINGS, prefix = ''): Iterable<[string, Keyed]> {
  for (const [name, row] of Object.entries(rows)) {
    const key = `${prefix}${name}`;
    if (row.kind === 'setting' && row.isShared) continue;
    if (row.kind !== 'section') yield [key, row];
    if (row.kind !== 'setting') yield* settingKeys(row.rows, `${key}${row.kind === 'list' ? '[]' : ''}.`);
  }
}

/** Every setting in the manual's words. */
export function settingWords(): SettingWords[] {
  return [...settingKeys()].map(([key, row]) => {
    const { description, allowed, fallback } = row.kind === 'list' ? ofList(row) : ofSetting(row);
    return {
      key,
      description: String(description),
      allowed: String(allowed),
      isRequired: row.isRequired,
      fallback: fallback === undefined ? undefined : JSON.stringify(fallback),
      effect: EFFECTS[row.kind === 'list' ? 'live' : row.effect],
    };
  });
}

function ofSetting({ schema }: Extract<Row, { kind: 'setting' }>) {
  return { description: schema.description, allowed: schema.allowed, fallback: schema.default };
}

function ofList({ description, allowed }: List<Rows>) {
  return { description, allowed, fallback: [] };
}
