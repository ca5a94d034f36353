import { EACH_TURN, type Turns } from './turnstile.js';

/** A cursor that decodes to no key of the list it was given to. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
}

/** Some items of a list, in the order of their keys, and where the next ones start. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** The key of the last item where more follow, else null. */
  readonly next: string | null;
}

/** A list that is read page by page and may change between two of them. */
export interface Pages<Item> {
  /** How many items there are, or null where counting would cost a walk. */
  readonly total: number | null;
  /**
   * At most `limit` items whose keys follow `after`, which is undefined for the first page or a `next` of an earlier one.
   * An item that is there all the time is returned exactly once. Each step of a walk waits for its turn. Where `show` is
   * given, the page is of what it makes of each item: of a long page whose items are written at once, hardly any is alive when
   * the collector looks. Rejects with CursorError.
   */
  page<Shown = Item>(
    after: string | undefined,
    limit: number,
    turns?: Turns,
    show?: (item: Item) => Shown,
  ): Promise<Page<Shown>>;
}

/** A total order over keys, and their text for cursors. */
export interface KeyOrder<Key> {
  compare(a: Key, b: Key): number;
  encode(key: Key): string;
  /** The inverse of encode; undefined for text that encode never gives. */
  decode(text: string): Key | undefined;
}

/** What `pagesByKey` needs of a table: live rows in any order, each with a key that never changes. */
export interface Table<Row, Key, Item> {
  readonly total: number | null;
  /**
   * Called once a page; a Map's own iterator is right, since it bears changes while it is walked. It gives every row and
   * leaves it to `where` to choose, so that rows which are not chosen count in a turn's work too.
   */
  rows(): Iterable<Row>;
  /**
   * Which rows belong to the list; all if absent. A row of the page is asked for again when its item is
   * made, since it may have gone from the table by then.
   */
  where?(row: Row): boolean;
  key(row: Row): Key;
  readonly order: KeyOrder<Key>;
  /** What the item of a row is made of, in octets about; where it is absent all items are small. */
  weight?(row: Row): number;
  /** Called for the rows of the page only, some in each turn of the event loop. */
  item(row: Row): Item;
}

/** Rows walked in one turn of the event loop: about a millisecond of work. */
const ROWS_A_TURN = 4096;
/** Walking so many rows takes no longer than sorting one, of a thousand that are nearly in order. */
const SORTING = 2;
/** So many rows are kept unsorted: a page of a thousand and as many again took eight milliseconds to sort. */
const UNSORTED = 256;
/** Items made of rows, and written, in one turn: about a millisecond of work. */
const ITEMS_A_TURN = 32;
/** A page and a turn end with the item that reaches their weight, since attributes may be long. */
const PAGE_WEIGHT = 256 * 1024;
const TURN_WEIGHT = 16 * 1024;

/**
 * Pages over a hash table that keeps no order: each page walks all rows once and keeps the `limit` smallest keys that
 * follow the cursor, so that memory is bounded by the page and no state outlives it.
 */
export function pagesByKey<Row, Key, Item>(table: Table<Row, Key, Item>): Pages<Item> {
  return {
    total: table.total,
    async page<Shown = Item>(
      after: string | undefined,
      limit: number,
      turns: Turns = EACH_TURN,
      show: (item: Item) => Shown = (item) => item as unknown as Shown,
    ) {
      const start = after === undefined ? undefined : table.order.decode(after);
      if (after !== undefined && start === undefined) throw new CursorError(after);
      const rows = await smallest(table, start, limit + 1, turns);
      const page = rows.slice(0, fitting(table, rows, 0, limit, PAGE_WEIGHT));
      const next = rows.length > page.length ? table.order.encode(table.key(page[page.length - 1])) : null;
      return { items: await shownOf(table, page, turns, show), next };
    },
  };
}

/** The end of the rows from `start` on, `most` of them at most, that reach the weight together. */
function fitting<Row, Key, Item>(
  table: Table<Row, Key, Item>,
  rows: readonly Row[],
  start: number,
  most: number,
  weight: number,
): number {
  const end = Math.min(rows.length, start + most);
  if (!table.weight) return end;
  let at = start;
  for (let left = weight; at < end && left > 0; at++) left -= table.weight(rows[at]);
  return at;
}

async function shownOf<Row, Key, Item, Shown>(
  table: Table<Row, Key, Item>,
  rows: readonly Row[],
  turns: Turns,
  show: (item: Item) => Shown,
): Promise<Shown[]> {
  const items: Shown[] = [];
  let at = 0;
  /** Makes the items of one turn; true where more follow. */
  const make = (): boolean => {
    const end = fitting(table, rows, at, ITEMS_A_TURN, TURN_WEIGHT);
    for (; at < end; at++) if (table.where?.(rows[at]) !== false) items.push(show(table.item(rows[at])));
    return at < rows.length;
  };
  while (turns.timed(make)) await turns.next();
  return items;
}

async function smallest<Row, Key, Item>(
  table: Table<Row, Key, Item>,
  start: Key | undefined,
  count: number,
  turns: Turns,
): Promise<Row[]> {
  const { order } = table;
  const byKey = (a: Row, b: Row) => order.compare(table.key(a), table.key(b));
  let kept: Row[] = [];
  let unsorted = 0;
  let bound: Key | undefined;
  const keep = (row: Row): void => {
    if (table.where?.(row) === false) return;
    const key = table.key(row);
    if (start !== undefined && order.compare(key, start) <= 0) return;
    if (bound !== undefined && order.compare(key, bound) >= 0) return;
    kept.push(row);
    unsorted++;
  };
  const sift = (): void => {
    unsorted = 0;
    kept = distinct(kept.sort(byKey), byKey).slice(0, count);
    if (kept.length === count) bound = table.key(kept[count - 1]);
  };
  const rows = table.rows()[Symbol.iterator]();
  /** Walks the rows of one turn; true where more follow. */
  const walk = (): boolean => {
    for (let work = 0; work < ROWS_A_TURN; work++) {
      if (unsorted >= UNSORTED) {
        work += SORTING * kept.length;
        sift();
      }
      const next = rows.next();
      if (next.done === true) return false;
      keep(next.value);
    }
    return true;
  };
  while (turns.timed(walk)) await turns.next();
  if (kept.length > count) await turns.next();
  turns.timed(sift);
  return kept;
}

/** A row that was deleted and set again during the walk was met twice; the later one counts. */
function distinct<Row>(sorted: readonly Row[], compare: (a: Row, b: Row) => number): Row[] {
  return sorted.filter((row, i) => i === sorted.length - 1 || compare(row, sorted[i + 1]) !== 0);
}

/** Encodes a key as base64url, so that clients treat it as opaque. */
export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/** The inverse of encodeCursor. Throws CursorError for text that it never gives. */
export function decodeCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (encodeCursor(key) !== cursor) throw new CursorError(cursor);
  return key;
}
