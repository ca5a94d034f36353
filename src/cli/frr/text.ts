/* How FRR lays out what people read. */

/** Cells of a line, each padded to its width; a wider one pushes the others to the right. */
export const line = (widths: readonly number[], cells: readonly unknown[]) =>
  cells
    .map((cell, index) => String(cell ?? '').padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd();

/** The same, where a negative width is of a cell that stands right. */
export const aligned = (widths: readonly number[], cells: readonly unknown[]) =>
  cells
    .map((cell, index) => {
      const width = widths[index] ?? 0;
      const text = String(cell ?? '');
      return width < 0 ? text.padStart(-width) : text.padEnd(width);
    })
    .join(' ')
    .trimEnd();

const two = (number: number) => String(Math.floor(number)).padStart(2, '0');

/** Returns how long something has been as FRR writes it: 00:00:12, 1d02h03m, 02w1d03h. */
export function uptime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days === 0) return `${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
  if (days < 7) return `${days}d${two(hours)}h${two(minutes)}m`;
  return `${two(days / 7)}w${days % 7}d${two(hours)}h`;
}

/** Lines as a text that ends with a line break. */
export const text = (...lines: readonly (string | readonly string[])[]) => `${lines.flat().join('\n')}\n`;
