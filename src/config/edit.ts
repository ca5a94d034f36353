import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isSeq,
  type Node,
  type ParsedNode,
  parseDocument,
  stringify,
  type ToStringOptions,
  type YAMLSeq,
} from 'yaml';
import {
  ITEM_LISTS,
  type ItemList,
  type ItemName,
  itemList,
  type Mapping,
  nameSettingOf,
  namesOf,
  splitName,
} from './item-lists.js';
import { inheritFromPeerGroups } from './peer-groups.js';

/**
 * A change of a file: one item of a list is put (made, or replaced as a whole) or deleted (`item` undefined), or the file is
 * merged with a patch (RFC 7396), in which a list replaces a list and null takes a key out.
 */
export type ConfigEdit =
  | { readonly list: string; readonly key: string; readonly item: Mapping | undefined }
  | { readonly patch: Mapping };

/** A change that cannot be made of any file, or not of this one. */
export class EditError extends Error {
  override readonly name = 'EditError';
  constructor(
    readonly code: 'no-such-item' | 'wrong-key' | 'too-deep' | 'by-hand',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Returns the text of a file with the change made. All comments stay, and what stands at another key of the file's top stays to
 * the letter. The result may be faulty: it is for parseConfigFile(). Throws EditError, also where the change would change more
 * than it says, as in a file with anchors. The text must be one that was parsed without a fault.
 */
export function editConfig(text: string, edit: ConfigEdit): string {
  requireShallow('patch' in edit ? edit.patch : edit.item);
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const before = text.slice(mark.length).replaceAll('\r\n', '\n');
  const document = parseDocument(before);
  const content = dataOf(document);
  const wanted = 'patch' in edit ? merged(content, edit.patch) : withItem(document, content, edit);
  const parts = partsOf(document, before);
  if ('patch' in edit) merge(document, [], edit.patch);
  else editItem(document, edit);
  const keys = 'patch' in edit ? Object.keys(edit.patch) : [topOf(edit)];
  const result = [...writings({ before, parts, document, keys, wanted })].find((one) => {
    const made = parseDocument(one);
    return made.errors.length === 0 && isDeepStrictEqual(dataOf(made), wanted);
  });
  if (result === undefined)
    throw new EditError(
      'by-hand',
      'this change cannot be written into a file with such anchors, aliases or tags: edit the file and reload (systemctl reload evpnd)',
    );
  return mark + (lineEnd === '\n' ? result : result.replaceAll('\n', lineEnd));
}

const BYTE_ORDER_MARK = '\ufeff';

/** More than any setting has, and less than what a parser gives up at. */
const DEEPEST = 32;

function requireShallow(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEPEST)
    throw new EditError('too-deep', `found values within one another more than ${DEEPEST} deep`);
  for (const one of Object.values(value)) requireShallow(one, depth + 1);
}

/** A change that has been made of a document and is to be written. */
interface Edited {
  readonly before: string;
  /** Of the text before. */
  readonly parts: Parts | undefined;
  readonly document: Document;
  /** The keys of the top at which something changed. */
  readonly keys: readonly string[];
  /** What the text is to have. */
  readonly wanted: Mapping;
}

/** Yields the ways to write it, the one that keeps most of the text first. */
function* writings(edited: Edited): Generator<string, void> {
  const layout = layoutOf(edited.before);
  let whole: string;
  try {
    whole = edited.document.toString(layout);
  } catch {
    // An alias of what is gone
    return;
  }
  const spliced = splice(edited, whole, layout);
  if (spliced !== undefined) yield spliced;
  yield whole;
}

/** The text before, with the parts that changed as the whole has them; undefined where one of them has no such parts. */
function splice(
  { before, parts, document, keys, wanted }: Edited,
  whole: string,
  layout: ToStringOptions,
): string | undefined {
  const changed = partsWritten(document, whole);
  if (!parts || !changed || [...parts.keys()].some((key) => !changed.has(key))) return undefined;
  let text = before.slice(0, parts.values().next().value?.start);
  for (const [key, part] of parts) text += keys.includes(key) ? changed.get(key)?.text : part.text;
  for (const key of keys)
    if (changed.has(key) && !parts.has(key)) {
      if (text !== '' && !text.endsWith('\n')) text += '\n';
      text += stringify({ [key]: wanted[key] }, layout);
    }
  return text;
}

/** A text by the keys of its top: each from there to the next one. */
type Parts = ReadonlyMap<string, { readonly start: number; readonly text: string }>;

/** Undefined where the top is no block. */
function partsOf({ contents }: Document, text: string): Parts | undefined {
  if (!isMap<ParsedNode>(contents) || contents.flow) return undefined;
  const starts = contents.items.map(({ key }) => key.range[0]);
  return partsAt(
    text,
    contents.items.map(({ key }) => String(key)),
    starts,
  );
}

/** The same of what a document was written to, which is not parsed for that: a key of the top begins a line. */
function partsWritten({ contents }: Document, text: string): Parts | undefined {
  if (!isMap(contents) || contents.flow) return undefined;
  const starts = [...text.matchAll(/^[^\s#\-.%\]}]/gm)].map(({ index }) => index);
  const keys = contents.items.map(({ key }) => String(key));
  return keys.length === starts.length ? partsAt(text, keys, starts) : undefined;
}

function partsAt(text: string, keys: readonly string[], starts: readonly number[]): Parts {
  return new Map(
    keys.map((key, i) => [key, { start: starts[i], text: text.slice(starts[i], starts[i + 1]) }]),
  );
}

/** How a text indents, for what is written anew. */
function layoutOf(text: string): ToStringOptions {
  const indent = /^[^\s#-][^\n#]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( +)[^\s#]/m.exec(text)?.[1]
    .length;
  return {
    lineWidth: 0,
    indent: indent ?? 2,
    indentSeq: !/^- /m.test(text),
    flowCollectionPadding: !/[{[][^\s{}[\]]/.test(text),
  };
}

/** RFC 7396 §2, on data. */
function merged(content: Mapping, patch: Mapping): Mapping {
  const result = new Map(Object.entries(content));
  for (const [key, value] of Object.entries(patch)) {
    const present = result.get(key);
    if (value === null) result.delete(key);
    else result.set(key, isMapping(value) ? merged(isMapping(present) ? present : {}, value) : value);
  }
  return Object.fromEntries(result);
}

/** The content as it is to be with an item put or deleted. Throws EditError. */
function withItem(
  document: Document,
  content: Mapping,
  { list, key, item }: Extract<ConfigEdit, { list: string }>,
): Mapping {
  const { of, index, named } = placeOf(document, list, key, item);
  const present = of.path.reduce<unknown>((at, name) => (isMapping(at) ? at[name] : undefined), content);
  const items: unknown[] = Array.isArray(present) ? [...present] : [];
  const put = item === undefined ? [] : [withKey(of, named, item, vrfOf(document, list, item))];
  if (index < 0) items.push(...put);
  else items.splice(index, 1, ...put);
  return merged(
    content,
    of.path.reduceRight<unknown>((value, name) => ({ [name]: value }), items) as Mapping,
  );
}

function topOf({ list }: Extract<ConfigEdit, { list: string }>): string {
  return itemList(list)?.path[0] ?? list;
}

/** Returns what a text has, as plain data. */
export function contentOf(text: string): Mapping {
  return dataOf(parseDocument(text));
}

function dataOf(document: Document): Mapping {
  return (document.toJS({ maxAliasCount: 100 }) ?? {}) as Mapping;
}

/** Returns an item of a list as the text has it; undefined where there is none. Throws EditError for a list that does not exist. */
export function itemOf(text: string, list: string, key: string): Mapping | undefined {
  const document = parseDocument(text);
  const { sequence, index } = placeOf(document, list, key);
  const node = sequence && itemAt(document, sequence.items[index]);
  return isMap(node) ? node.toJS(document) : undefined;
}

function editItem(document: Document, edit: Extract<ConfigEdit, { list: string }>): void {
  const { list, key, item } = edit;
  const { of, sequence, index, named } = placeOf(document, list, key, item);
  if (item === undefined) {
    if (index < 0) throw new EditError('no-such-item', `${list}: there is none that is known by ${key}`);
    sequence?.items.splice(index, 1);
    return;
  }
  const whole = withKey(of, named, item, vrfOf(document, list, item));
  if (!sequence) document.setIn(of.path, document.createNode([whole]));
  else if (index < 0) sequence.add(document.createNode(whole));
  else sequence.items[index] = document.createNode(whole);
}

/** Where an item stands, and what it is called. */
interface Place {
  readonly of: ItemList;
  readonly sequence: YAMLSeq | undefined;
  /** Below 0 where there is none. */
  readonly index: number;
  readonly named: ItemName;
}

/**
 * `put`: what is to stand there, which says its VRF where the name does not. What is only looked for may go without its VRF where
 * no other item is called so.
 */
function placeOf(document: Document, list: string, text: string, put?: Mapping): Place {
  const of = itemList(list);
  if (!of) throw new EditError('no-such-item', `${list}: allowed are ${ITEM_LISTS.join(', ')}`);
  const node = document.getIn(of.path, true);
  const sequence = isSeq(node) ? node : undefined;
  const { key, vrf } = splitName(of, text);
  const named = { key, vrf: vrf ?? (put && vrfOf(document, list, put)) };
  const wanted = namesOf(of, everyName(of, key));
  const items = sequence?.items ?? [];
  const called = [...items.keys()].filter((index) => {
    const node = itemAt(document, items[index]);
    const names = isMap(node) ? namesOf(of, node.toJS(document)) : new Map<string, string>();
    return [...names].some(([name, text]) => wanted.get(name) === text);
  });
  const exact = called.find((index) => {
    const node = itemAt(document, items[index]);
    return !of.isPlaced || (isMap(node) && vrfOf(document, list, node.toJS(document)) === named.vrf);
  });
  const sole = named.vrf === undefined && put === undefined && called.length === 1 ? called[0] : undefined;
  return { of, sequence, index: exact ?? sole ?? -1, named };
}

/** The VRF that the item is in by its own setting or its peer group's. */
function vrfOf(document: Document, list: string, item: Mapping): string | undefined {
  const member: Record<string, unknown> = { ...item };
  inheritFromPeerGroups({ [list]: [member], 'peer-groups': dataOf(document)['peer-groups'] });
  return typeof member.vrf === 'string' ? member.vrf : undefined;
}

function itemAt(document: Document, item: unknown): Node | undefined {
  return isAlias(item) ? item.resolve(document) : (item as Node | undefined);
}

/** The item with the settings that it is known by, first; `vrf`: that it has without them. Throws EditError where it has others. */
function withKey(of: ItemList, named: ItemName, item: Mapping, vrf: string | undefined): Mapping {
  const { key } = named;
  const wanted = namesOf(of, everyName(of, key));
  const own = namesOf(of, item);
  for (const [name, text] of own)
    if (wanted.get(name) !== text)
      throw new EditError('wrong-key', `${name}: found ${text}, allowed is ${key}, by which it is named`);
  if (of.isPlaced && vrf !== undefined && vrf !== named.vrf)
    throw new EditError('wrong-key', `vrf: found ${vrf}, allowed is ${named.vrf}, by which it is named`);
  const place = of.isPlaced && vrf === undefined && named.vrf !== undefined ? { vrf: named.vrf } : {};
  return { ...(own.size > 0 ? {} : nameSettingOf(of, key)), ...item, ...place };
}

function everyName({ knownBy }: ItemList, key: string): Mapping {
  return Object.fromEntries(knownBy.map((name) => [name, key]));
}

/** RFC 7396 §2, on a document. */
function merge(document: Document, path: readonly string[], patch: Mapping): void {
  for (const [key, value] of Object.entries(patch)) {
    const place = [...path, key];
    if (value === null) document.deleteIn(place);
    else if (isMapping(value)) {
      if (!isMap(document.getIn(place, true))) document.setIn(place, document.createNode({}));
      merge(document, place, value);
    } else document.setIn(place, document.createNode(value));
  }
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
