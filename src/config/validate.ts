import type { DefinedError, ErrorObject } from 'ajv';
import type { ConfigFile } from './config.js';
import { type Finding, quoteValue } from './finding.js';
import { closest } from './hint.js';
import { check } from './shape.js';
import type { Path, Source } from './source.js';
import { generalPath, standInFor } from './stand-in.js';
import { insteadOf } from './unsupported.js';

/** What came of a file's shape. */
interface Validated {
  readonly findings: readonly Finding[];
  /** The places that the findings are about. */
  readonly faulty: readonly Path[];
  /** The content with the schema's defaults, and stand-ins where a finding was made; undefined where not even they help. */
  readonly file: ConfigFile | undefined;
}

/** Judges the file's shape. `content` is changed. */
export function validate(content: unknown, source: Source): Validated {
  if (check(content)) return { findings: [], faulty: [], file: content };
  const byPlace = new Map<string, ErrorObject[]>();
  for (const error of check.errors ?? []) {
    const errors = byPlace.get(error.instancePath);
    if (errors) errors.push(error);
    else byPlace.set(error.instancePath, [error]);
  }
  for (const place of byPlace.keys()) if (isUnionAround(place, byPlace)) byPlace.delete(place);
  const errors = [...byPlace.values()].flatMap(tellingErrors);
  const findings = errors.map((error) => findingOf(error, source));
  const faulty = errors.map(placeOf);
  for (const place of faulty) replace(content, place);
  return { findings, faulty, file: check(content) ? content : undefined };
}

/** True for a value that is of one of a union's kinds, and has its faults within. */
function isUnionAround(place: string, byPlace: ReadonlyMap<string, readonly ErrorObject[]>): boolean {
  const isUnion = byPlace.get(place)?.some(({ keyword }) => keyword === 'anyOf');
  return isUnion === true && [...byPlace.keys()].some((other) => other.startsWith(`${place}/`));
}

/** Of a value's errors one says what is allowed: a union's own, not its branches'. Each key that is wrong has its own. */
function tellingErrors(errors: readonly ErrorObject[]): DefinedError[] {
  const ofKeys = (error: ErrorObject) =>
    error.keyword === 'additionalProperties' || error.keyword === 'required';
  const ofValue = errors.find(({ keyword }) => keyword === 'anyOf') ?? errors.find((each) => !ofKeys(each));
  return (ofValue ? [ofValue] : errors) as DefinedError[];
}

/** Puts a stand-in in a faulty value's place, or takes the value away. */
function replace(content: unknown, place: Path): void {
  let holder = content as Record<string | number, unknown> | undefined;
  for (const step of place.slice(0, -1)) holder = holder?.[step] as typeof holder;
  const last = place.at(-1);
  if (last === undefined || typeof holder !== 'object' || holder === null) return;
  const value = standInFor(place);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
}

/** The value that the error is about: an unknown key, a missing one, or the value itself. */
function placeOf(error: DefinedError): Path {
  const path = pathOf(error.instancePath);
  if (error.keyword === 'additionalProperties') return [...path, error.params.additionalProperty];
  return error.keyword === 'required' ? [...path, error.params.missingProperty] : path;
}

function findingOf(error: DefinedError, source: Source): Finding {
  const path = placeOf(error);
  const schema = error.parentSchema ?? {};
  const keys = Object.keys((schema.properties as object | undefined) ?? {});
  if (error.keyword === 'additionalProperties') {
    const key = error.params.additionalProperty;
    const instead = insteadOf(generalPath(path.slice(0, -1)), key);
    if (instead !== undefined)
      return source.keyFinding(path, { found: 'a key that evpnd does not know', allowed: instead });
    return source.keyFinding(path, {
      found: 'an unknown key',
      allowed: keys.join(', '),
      didYouMean: closest(key, keys),
    });
  }
  if (error.keyword === 'required') {
    const key = error.params.missingProperty;
    const wanted = (schema.properties as Record<string, { allowed?: string }>)[key];
    return source.finding(path, { found: 'nothing', allowed: wanted.allowed ?? 'a value' });
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
