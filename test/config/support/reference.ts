import { settingKeys, settingWords } from '../../../packaging/settings-keys.js';
import type { Effect } from '../../../src/config/setting.js';

/** The configuration reference of docs/operator.md: one row a key. */
export function configReference(): string {
  return [
    '| key | what it is | allowed | default | after a reload |',
    '|---|---|---|---|---|',
    ...settingWords().map(({ key, description, allowed, isRequired, fallback, effect }) => {
      const shown = fallback === undefined ? '' : `\`${fallback}\``;
      return `| \`${key}\` | ${description} | ${allowed} | ${isRequired ? '**required**' : shown} | ${effect} |`;
    }),
  ].join('\n');
}

/** What a reload does with each setting that it can change: one row for all that do the same, in the reference's order. */
export function reloadReference(): string {
  const keys = new Map<string, string[]>();
  for (const [key, { change }] of settingKeys()) {
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
  for (const [key, row] of settingKeys()) if (row.kind === 'setting') effects.set(key, row.effect);
  return effects;
}

/** A value other than the default, by key, for the settings whose schema tells one. */
export function otherValues(): Readonly<Record<string, unknown>> {
  const others: Record<string, unknown> = {};
  for (const [key, row] of settingKeys()) {
    if (row.kind !== 'setting') continue;
    const { type, minimum, maximum, default: fallback, enum: words = [] } = row.schema;
    const values = type === 'boolean' ? [true, false] : type === 'integer' ? [minimum, maximum] : words;
    const other = (values as readonly unknown[]).find((value) => value !== fallback);
    if (other !== undefined) others[key] = other;
  }
  return others;
}
