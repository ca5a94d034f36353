/**
 * The rows of the table of settings (settings.ts), and the kinds of values that a file can have. All else that the
 * program knows of a setting comes from its row: the JSON schema, the parsed configuration and its type, the difference of
 * two configurations, what a reload keeps until a restart, and the manual's two tables. Nothing here or in the table takes
 * long to load: a start reads it that has no need to validate.
 */
import type { Fault } from './source.js';

/** When a value that a reload changed counts. */
export type Effect = 'live' | 'refresh' | 'session' | 'restart';

/** The manual's words for each; `refresh`: the neighbor is asked for what was refused before, and is taken now (RFC 2918). */
export const EFFECTS: Readonly<Record<Effect, string>> = {
  live: 'at once',
  refresh:
    'at once; new session where routes were refused that are taken now and the neighbor has no route refresh',
  session: 'new session',
  restart: 'restart',
};

/** JSON schema, with a keyword of ours: `allowed` is the text of a finding for the operator. */
export type Schema = Readonly<Record<string, unknown>>;

/** Tells that a value, or the item of a list at `index`, is not allowed; parsing goes on. */
export type Refuse = (fault: Fault, index?: number) => void;

/** One setting: `File` is what the file has after validation, `Value` what the rest of the program gets. */
export interface Setting<File, Value> {
  readonly kind: 'setting';
  readonly schema: Schema;
  /** The file must have it: there is neither a default nor a meaning of its absence. */
  readonly isRequired: boolean;
  readonly effect: Effect;
  /** What a reload that changes it does, for the manual; undefined exactly where `effect` is `restart`. */
  readonly change: string | undefined;
  /** May throw ParseError: then what is looked at in its place has no faults of its own. */
  readonly parse: (value: File, refuse: Refuse) => Value;
  /** How a log shows a value that is defined; a list's items in no order that counts. */
  readonly format: (value: NonNullable<Value>) => string | readonly string[];
  /** What the rest of a file is judged with where this, or the list's item at `index`, has a fault: another for each index. */
  readonly standIn: ((index: number) => unknown) | undefined;
  readonly itemStandIn: ((index: number) => unknown) | undefined;
  /** True where the setting is one of another list's, and the manual has it there. */
  readonly isShared: boolean;
}

/** A mapping of settings. */
interface Section<Rows> {
  readonly kind: 'section';
  readonly description: string;
  readonly rows: Rows;
}

/** A list of mappings of settings, each known by the first setting of `knownBy` that it has. No setting of theirs can wait for a restart. */
export interface List<Rows> {
  readonly kind: 'list';
  readonly description: string;
  readonly allowed: string;
  readonly isRequired: boolean;
  readonly change: string;
  readonly itemAllowed: string;
  readonly knownBy: readonly (keyof Rows & string)[];
  readonly rows: Rows;
}

/** Any setting, its types forgotten. */
export interface AnySetting extends Omit<Setting<never, unknown>, 'format'> {
  readonly format: (value: never) => string | readonly string[];
}
export type Row = AnySetting | Section<Rows> | List<Rows>;
/** Rows by key, in the order of the manual. */
export interface Rows {
  readonly [key: string]: Row;
}

/** `freeze-time` as the program has it: `freezeTime`. */
type CamelCase<Key extends string> = Key extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** What a file of these rows has after validation. */
export type FileOf<R> = { readonly [Key in keyof R]: RowFile<R[Key]> };
type RowFile<R> =
  R extends Setting<infer File, infer _>
    ? File
    : R extends Section<infer Inner>
      ? FileOf<Inner>
      : R extends List<infer Inner>
        ? readonly FileOf<Inner>[]
        : never;

/** What is made of it. */
export type ValuesOf<R> = { readonly [Key in keyof R & string as CamelCase<Key>]: RowValue<R[Key]> };
type RowValue<R> =
  R extends Setting<infer _, infer Value>
    ? Value
    : R extends Section<infer Inner>
      ? ValuesOf<Inner>
      : R extends List<infer Inner>
        ? readonly ValuesOf<Inner>[]
        : never;

const camelCased = new Map<string, string>();

/** The field of `Config` for a key of the table of settings; remembered, since a reload asks for each VNI's. */
export function camelCase(key: string): string {
  let name = camelCased.get(key);
  if (name === undefined) {
    name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    camelCased.set(key, name);
  }
  return name;
}

/** A kind of values: its schema, and what a finding names as allowed if the setting has no text of its own. */
export interface Kind<File> {
  readonly schema: Schema;
  readonly allowed: string;
  readonly itemStandIn?: (index: number) => unknown;
  /** Never there: what makes a kind of numbers another type than a kind of texts. */
  readonly file?: File;
}

export const flag: Kind<boolean> = { schema: { type: 'boolean' }, allowed: 'true or false' };

/** `what` is the unit, or what is counted. */
export function integer(minimum: number, maximum: number, what = 'a number'): Kind<number> {
  return {
    schema: { type: 'integer', minimum, maximum },
    allowed: `${what} from ${minimum} to ${maximum}`,
  };
}

export function oneOf<const Words extends readonly string[]>(...words: Words): Kind<Words[number]> {
  const last = words[words.length - 1];
  return { schema: { enum: words }, allowed: `${words.slice(0, -1).join(', ')} or ${last}` };
}

export function either<One, Other>(one: Kind<One>, other: Kind<Other>): Kind<One | Other> {
  return {
    schema: { anyOf: [one.schema, other.schema] },
    allowed: `${one.allowed}, or ${other.allowed}`,
  };
}

export function text(allowed: string, schema: Schema = {}): Kind<string> {
  return { schema: { type: 'string', ...schema }, allowed };
}

/** `item` is what each is allowed to be. */
export function texts(
  allowed: string,
  item: string,
  itemStandIn: (index: number) => string,
  schema: Schema = {},
): Kind<readonly string[]> {
  return {
    schema: { type: 'array', items: { type: 'string', allowed: item }, ...schema },
    allowed,
    itemStandIn,
  };
}

/** `what` is what is counted. */
export function integers(minimum: number, maximum: number, what: string): Kind<readonly number[]> {
  const allowed = `a number from ${minimum} to ${maximum}`;
  return {
    schema: { type: 'array', minItems: 1, items: { type: 'integer', minimum, maximum, allowed } },
    allowed: `a list of ${what}`,
    itemStandIn: (index) => minimum + (index % (maximum - minimum + 1)),
  };
}

interface About {
  readonly description: string;
  readonly allowed?: string;
}
type AtReload =
  | { readonly effect: 'restart' }
  | { readonly effect: Exclude<Effect, 'restart'>; readonly change: string };

/** A setting that has a default. */
export function setting<File>(
  kind: Kind<File>,
  about: About & AtReload & { readonly default: NoInfer<File> },
): Setting<File, File> {
  return settingOf(kind, about, { default: about.default });
}

/** A setting without which no file is complete. */
export function required<File>(
  kind: Kind<File>,
  about: About & AtReload & { readonly standIn: (index: number) => NoInfer<File> },
): Setting<File, File> {
  return { ...settingOf(kind, about, {}), isRequired: true, standIn: about.standIn };
}

/** A setting whose absence has a meaning of its own. */
export function optional<File>(
  kind: Kind<File>,
  about: About & AtReload,
): Setting<File | undefined, File | undefined> {
  return settingOf<File | undefined>(kind, about, {});
}

function settingOf<File>(kind: Kind<File>, about: About & AtReload, more: Schema): Setting<File, File> {
  const { description, allowed = kind.allowed } = about;
  return {
    kind: 'setting',
    schema: { ...kind.schema, description, allowed, ...more },
    isRequired: false,
    effect: about.effect,
    change: 'change' in about ? about.change : undefined,
    parse: (value) => value,
    format: String,
    standIn: undefined,
    itemStandIn: kind.itemStandIn,
    isShared: false,
  };
}

/** Settings of a list's items as they are where they stand for several of the items: any may be absent, and has no default. */
export function shared<R extends Rows>(rows: R): Shared<R> {
  const entries = Object.entries(rows).map(([key, row]) => [
    key,
    row.kind === 'setting' ? sharedRow(row) : row,
  ]);
  return Object.fromEntries(entries) as Shared<R>;
}

export type Shared<R> = {
  readonly [Key in keyof R]: R[Key] extends Setting<infer File, infer Value>
    ? Setting<File | undefined, Value | undefined>
    : R[Key];
};

/** Settings that another list has too, as they are there. */
export function alike<R extends Rows>(rows: R): R {
  const entries = Object.entries(rows).map(([key, row]) => [key, { ...row, isShared: true }]);
  return Object.fromEntries(entries) as R;
}

function sharedRow(row: AnySetting): AnySetting {
  const { default: _, ...schema } = row.schema;
  return { ...row, schema, isRequired: false, standIn: undefined, isShared: true };
}

/** The setting as the program has it; what is absent stays so. */
export function parsed<File, Value>(
  row: Setting<File, File>,
  parse: (value: NonNullable<File>, refuse: Refuse) => Value,
  format: (value: NonNullable<Value>) => string | readonly string[] = String,
): Setting<File, Value | Extract<File, undefined>> {
  return {
    ...row,
    parse: (value, refuse) =>
      value === undefined || value === null
        ? (value as Extract<File, undefined>)
        : parse(value as NonNullable<File>, refuse),
    format: (value) => format(value as NonNullable<Value>),
  };
}

export function section<R extends Rows>(description: string, rows: R): Section<R> {
  return { kind: 'section', description, rows };
}

export function list<R extends Rows>(about: Omit<List<R>, 'kind'>): List<R> {
  return { kind: 'list', ...about };
}
