/** Tables for a terminal from what a REST resource or iproute2 answered. */

type Row = Record<string, unknown>;

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(cell).join(' ');
  if (isRow(value)) {
    return Object.entries(value)
      .map(([key, each]) => `${key}=${cell(each)}`)
      .join(' ');
  }
  return String(value);
}

/** Characters a cell shows; nested objects would else push all else off the screen. */
const widest = 48;

function short(text: string): string {
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
}

/** Columns are the keys of the rows in order of first appearance; empty columns are left out. */
export function table(rows: readonly Row[], indent = '    '): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = keys
    .map((key) => [key, ...rows.map((row) => short(cell(row[key])))])
    .filter(([, ...cells]) => cells.some((text) => text !== ''));
  const widths = columns.map((column) => Math.max(...column.map((text) => text.length)));
  const lines = [-1, ...rows.keys()].map((index) =>
    columns.map((column, c) => (column[index + 1] ?? '').padEnd(widths[c] ?? 0)).join('  '),
  );
  return lines.map((line) => `${indent}${line}`.trimEnd()).join('\n');
}

/** The rows in an answer: the answer itself, its first array of objects, or the object as one row. */
export function rowsOf(body: unknown): Row[] {
  if (Array.isArray(body)) return body.filter(isRow);
  if (!isRow(body)) return [];
  for (const value of Object.values(body)) {
    if (Array.isArray(value) && value.length > 0 && value.every(isRow)) return value.filter(isRow);
  }
  return Object.values(body).some(Array.isArray) && Object.keys(body).length <= 4 ? [] : [body];
}
