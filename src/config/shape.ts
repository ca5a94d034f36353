import { Ajv } from 'ajv';
import type { ConfigFile } from './config.js';
import { ConfigSchema } from './schema.js';

/** How ajv makes the check of a file's shape. */
export const SHAPE_OPTIONS = {
  // Its optimizer counts each variable of the code in an object of its own, and fills V8’s table of shapes (docs/data-layout.md)
  code: { optimize: false },
  allErrors: true,
  verbose: true,
  useDefaults: true,
  strict: true,
  keywords: ['allowed'],
};

/** The check, whose `errors` are those of the last content. A bundle has what ajv makes of the schema in this file's place. */
export const check = new Ajv(SHAPE_OPTIONS).compile<ConfigFile>(ConfigSchema);
