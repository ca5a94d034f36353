import { EFFECTS, type Effect, type List, type Row, type Rows } from '../../../src/config/setting.js';
import { SETTINGS } from '../../../src/config/settings.js';

/** The configuration reference of docs/operator.md: one row a key. */
export function configReference(): string {
  return [
    '| key | what it is | allowed | default | after a reload |',
    '|---|---|---|---|---|',
    ...[...keysOf('', SETTINGS)].map(([key, row]) => {
      const effect = EFFECTS[row.kind === 'list' ? 'live' : row.effect];
      const { description, allowed, fallback } = row.kind === 'list' ? listWords(row) : settingWords(row);
      const shown = fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``;
      return `| \`${key}\` | ${description} | ${allowed} | ${row.isRequired ? '**required**' : shown} | ${effect} |`;
    }),
  ].join('\n');
}

/** What a reload does with each setting that it can change: one row for all that do the same, in the reference's order. */
export function reloadReference(): string {
  const keys = new Map<string, string[]>();
  for (const [key, { change }] of keysOf('', SETTINGS)) {
    if (change === undefined) continue;
    const same = keys.get(change);
    if (same) same.push(key);
    else keys.set(change, [key]);
  }
  return [
    '| change of | effect |',
    '|---|---|',
    ...[...keys].map(([change, same]) => `| ${same.map((key) => `\`${key}\``).join(', ')} | ${change} |`),
  ].join('\n');
}

/** When a changed value counts after a reload, by key, for every setting. */
export function reloadEffects(): ReadonlyMap<string, string> {
  const effects = new Map<string, Effect>();
  for (const [key, row] of keysOf('', SETTINGS)) if (row.kind === 'setting') effects.set(key, row.effect);
  return effects;
}

/** A value other than the default, by key, for the settings whose schema tells one. */
export function otherValues(): Readonly<Record<string, unknown>> {
  const others: Record<string, unknown> = {};
  for (const [key, row] of keysOf('', SETTINGS)) {
    if (row.kind !== 'setting') continue;
    const { type, minimum, maximum, default: fallback, enum: words = [] } = row.schema;
    const values = type === 'boolean' ? [true, false] : type === 'integer' ? [minimum, maximum] : words;
    const other = (values as readonly unknown[]).find((value) => value !== fallback);
    if (other !== undefined) others[key] = other;
  }
  return others;
}

type Keyed = Exclude<Row, { kind: 'section' }>;

function* keysOf(prefix: string, rows: Rows): Iterable<[string, Keyed]> {
  for (const [name, row] of Object.entries(rows)) {
    const key = `${prefix}${name}`;
    if (row.kind === 'setting' && row.isShared) continue;
    if (row.kind !== 'section') yield [key, row];
    if (row.kind !== 'setting') yield* keysOf(`${key}${row.kind === 'list' ? '[]' : ''}.`, row.rows);
  }
}

function settingWords({ schema }: Extract<Row, { kind: 'setting' }>) {
  return { description: schema.description, allowed: schema.allowed, fallback: schema.default };
}

function listWords({ description, allowed }: List<Rows>) {
  return { description, allowed, fallback: [] };
}
