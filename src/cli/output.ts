import { styleText } from 'node:util';
import { inertJson } from '../types/index.js';
import type { Item } from './client.js';

/** How answers are printed. */
export type Format = 'table' | 'json' | 'yaml';

/** Where output goes. */
export interface Terminal {
  write(text: string): void;
  readonly color: boolean;
}

/** A column of a table: its title, and its text for an item. */
export interface Column {
  readonly title: string;
  /** A path of fields such as `counts.localMacs`, or a function. */
  readonly of: string | ((item: Item) => unknown);
  /** `ok` is green where the value is true and red where not; `bad` is red where it is more than 0. */
  readonly mark?: 'ok' | 'bad';
}

/** Returns the value at a path of fields; undefined where there is none. */
export function at(item: Item, path: string): unknown {
  let value: unknown = item;
  for (const field of path.split('.')) value = (value as Item | null | undefined)?.[field];
  return value;
}

/** Prints items as a table with a line of titles, or all of them as JSON or YAML. */
export async function printItems(
  terminal: Terminal,
  format: Format,
  items: readonly Item[],
  columns: readonly Column[],
  none: string,
): Promise<void> {
  if (format !== 'table') return printValue(terminal, format, items);
  if (items.length === 0) {
    terminal.write(`${none}\n`);
    return;
  }
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: columns.map(({ title }) => paint(terminal, 'bold', title)),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: NO_LINES,
  });
  for (const item of items) table.push(columns.map((column) => cell(terminal, column, item)));
  terminal.write(`${trimmed(table.toString())}\n`);
}

/** Prints one item as lines of name and value, or as JSON or YAML. */
export async function printItem(
  terminal: Terminal,
  format: Format,
  item: Item,
  columns: readonly Column[],
): Promise<void> {
  if (format !== 'table') return printValue(terminal, format, item);
  const width = Math.max(...columns.map(({ title }) => title.length));
  for (const column of columns) {
    const text = cell(terminal, column, item);
    const [first, ...rest] = text.split('\n');
    terminal.write(`${paint(terminal, 'bold', column.title.padEnd(width))}  ${first}\n`);
    for (const line of rest) terminal.write(`${' '.repeat(width)}  ${line}\n`);
  }
}

/** Prints a value as JSON or YAML. */
export async function printValue(terminal: Terminal, format: Format, value: unknown): Promise<void> {
  if (format === 'yaml') {
    const { default: yaml } = await import('yaml');
    terminal.write(yaml.stringify(value));
  } else terminal.write(`${inertJson(JSON.stringify(value, undefined, 2))}\n`);
}

/** Paints the text where the terminal has colors. */
export function paint(
  terminal: Terminal,
  style: 'bold' | 'red' | 'green' | 'yellow' | 'dim',
  text: string,
): string {
  // Whether there is color has been decided, by more than what styleText looks at
  return terminal.color ? styleText(style, text, { validateStream: false }) : text;
}

function cell(terminal: Terminal, { of, mark }: Column, item: Item): string {
  const value = typeof of === 'function' ? of(item) : at(item, of);
  const text = textOf(value);
  if (mark === 'ok')
    return paint(terminal, value === true || value === 'Established' ? 'green' : 'red', text);
  if (mark === 'bad' && Number(value) > 0) return paint(terminal, 'red', text);
  return text;
}

/** A field as a person reads it. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(textOf).join(' ');
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** Returns seconds as the two largest units: 3d4h, 2h5m, 1m3s. */
export function duration(seconds: unknown): string {
  if (typeof seconds !== 'number') return '-';
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  let left = Math.floor(seconds);
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || parts.length > 0 || unit === 's') parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join('');
}

const trimmed = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);
