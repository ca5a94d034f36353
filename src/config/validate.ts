import { Ajv, type DefinedError, type ErrorObject } from 'ajv';
import { type Finding, quoteValue } from './finding.js';
import { closest } from './hint.js';
import { type ConfigFile, ConfigSchema } from './schema.js';
import type { Path, Source } from './source.js';

const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  useDefaults: true,
  strict: true,
  keywords: ['allowed', 'reload'],
});
const check = ajv.compile<ConfigFile>(ConfigSchema);

/** Either the content with the schema's defaults filled in, or what is wrong with its shape. `content` is changed. */
export function validate(
  content: unknown,
  source: Source,
): { readonly file: ConfigFile } | { readonly findings: Finding[] } {
  if (check(content)) return { file: content };
  const byPlace = new Map<string, ErrorObject[]>();
  for (const error of check.errors ?? []) {
    const errors = byPlace.get(error.instancePath);
    if (errors) errors.push(error);
    else byPlace.set(error.instancePath, [error]);
  }
  return { findings: [...byPlace.values()].flatMap((errors) => findingsOf(errors, source)) };
}

function findingsOf(errors: ErrorObject[], source: Source): Finding[] {
  // A union reports each of its branches; only the union itself speaks of what is allowed
  const union = errors.find((error) => error.keyword === 'anyOf');
  return (union ? [union] : errors).map((error) => findingOf(error as DefinedError, source));
}

function findingOf(error: DefinedError, source: Source): Finding {
  const path = pathOf(error.instancePath);
  const schema = error.parentSchema ?? {};
  const keys = Object.keys((schema.properties as object | undefined) ?? {});
  if (error.keyword === 'additionalProperties') {
    const key = error.params.additionalProperty;
    return source.keyFinding([...path, key], {
      found: 'an unknown key',
      allowed: keys.join(', '),
      didYouMean: closest(key, keys),
    });
  }
  if (error.keyword === 'required') {
    const key = error.params.missingProperty;
    const wanted = (schema.properties as Record<string, { allowed?: string }>)[key];
    return source.finding([...path, key], { found: 'nothing', allowed: wanted.allowed ?? 'a value' });
  }
  return source.finding(path, {
    found: quoteValue(error.data),
    allowed: typeof schema.allowed === 'string' ? schema.allowed : (error.message ?? error.keyword),
  });
}

/** JSON pointer to path: list indexes are numbers, since no key of ours is one. */
function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
