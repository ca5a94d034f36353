import type { List, Row, Rows, Schema } from './setting.js';
import { SETTINGS } from './settings.js';

/**
 * The JSON schema of the file, of the table of settings: it validates and fills the defaults in. The syntax of addresses and
 * route targets is checked by the parsers of types/, so that the file and the wire agree on what they mean.
 */
export const ConfigSchema: Schema = mapping(SETTINGS, {
  allowed: 'a mapping with at least asn, router-id and neighbors',
});

function mapping(rows: Rows, more: Schema): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, schemaOf(row)])),
    required: Object.keys(rows).filter((key) => isRequired(rows[key])),
    additionalProperties: false,
    ...more,
  };
}

function schemaOf(row: Row): Schema {
  if (row.kind === 'setting') return row.schema;
  const { description } = row;
  if (row.kind === 'section') return mapping(row.rows, { default: {}, description, allowed: 'a mapping' });
  return { ...listOf(row), description };
}

function listOf({ allowed, itemAllowed, isRequired, rows }: List<Rows>): Schema {
  const items = mapping(rows, { allowed: itemAllowed });
  return { type: 'array', items, allowed, ...(!isRequired && { default: [] }) };
}

function isRequired(row: Row): boolean {
  return row.kind !== 'section' && row.isRequired;
}
