import { type Document, isMap, isSeq, parseDocument, type YAMLSeq } from 'yaml';
import { ITEM_LISTS, type ItemList, itemList, type Mapping, nameSettingOf, namesOf } from './item-lists.js';

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
    readonly code: 'no-such-item' | 'wrong-key',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Returns the text of a file with the change made, with all comments and the spelling of what did not change. The result may be
 * faulty: it is for parseConfigFile(). Throws EditError. The text must be one that was parsed without a fault.
 */
export function editConfig(text: string, edit: ConfigEdit): string {
  const document = parseDocument(text);
  if ('patch' in edit) merge(document, [], edit.patch);
  else editItem(document, edit);
  return document.toString({ lineWidth: 0 });
}

/** Returns what a text has, as plain data. */
export function contentOf(text: string): Mapping {
  return (parseDocument(text).toJS({ maxAliasCount: 100 }) ?? {}) as Mapping;
}

/** Returns an item of a list as the text has it; undefined where there is none. Throws EditError for a list that does not exist. */
export function itemOf(text: string, list: string, key: string): Mapping | undefined {
  const document = parseDocument(text);
  const { sequence, index } = placeOf(document, list, key);
  const node = sequence?.items[index];
  return isMap(node) ? node.toJS(document) : undefined;
}

function editItem(document: Document, edit: Extract<ConfigEdit, { list: string }>): void {
  const { list, key, item } = edit;
  const { of, sequence, index } = placeOf(document, list, key);
  if (item === undefined) {
    if (index < 0) throw new EditError('no-such-item', `${list}: there is none that is known by ${key}`);
    sequence?.items.splice(index, 1);
    return;
  }
  const whole = withKey(of, key, item);
  if (!sequence) document.setIn(of.path, document.createNode([whole]));
  else if (index < 0) sequence.add(document.createNode(whole));
  else sequence.items[index] = document.createNode(whole);
}

function placeOf(
  document: Document,
  list: string,
  key: string,
): { readonly of: ItemList; readonly sequence: YAMLSeq | undefined; readonly index: number } {
  const of = itemList(list);
  if (!of) throw new EditError('no-such-item', `${list}: allowed are ${ITEM_LISTS.join(', ')}`);
  const node = document.getIn(of.path, true);
  const sequence = isSeq(node) ? node : undefined;
  const wanted = namesOf(of, everyName(of, key));
  const index = (sequence?.items ?? []).findIndex((item) => {
    const names = isMap(item) ? namesOf(of, item.toJS(document)) : new Map<string, string>();
    return [...names].some(([name, text]) => wanted.get(name) === text);
  });
  return { of, sequence, index };
}

/** The item with the setting that it is known by, first. Throws EditError where it has another one. */
function withKey(of: ItemList, key: string, item: Mapping): Mapping {
  const wanted = namesOf(of, everyName(of, key));
  const own = namesOf(of, item);
  for (const [name, text] of own)
    if (wanted.get(name) !== text)
      throw new EditError('wrong-key', `${name}: found ${text}, allowed is ${key}, by which it is named`);
  return own.size > 0 ? item : { ...nameSettingOf(of, key), ...item };
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
