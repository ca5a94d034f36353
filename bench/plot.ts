/** Bar charts as SVG, by hand: a few rectangles need no library. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The whisker's ends. */
  readonly min: number;
  readonly max: number;
  readonly colour: string;
}

export interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 860;
const LABEL = 330;
const NUMBER = 90;
const BAR = 13;
const GAP = 14;
const HEAD = 40;

function xml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

/** Groups of bars below each other, each group scaled by its own longest bar, with whiskers from minimum to maximum. */
export function barChart(title: string, unit: string, groups: readonly Group[]): string {
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, extra = '') =>
    parts.push(`<text x="${x}" y="${y}"${extra}>${xml(content)}</text>`);
  text(8, 18, `${title} (${unit}; each group to its own scale)`, ' font-weight="bold"');
  let y = HEAD;
  const room = WIDTH - LABEL - NUMBER;
  for (const group of groups) {
    const longest = Math.max(...group.bars.map((bar) => bar.max), Number.MIN_VALUE);
    const scale = (value: number) => LABEL + (value / longest) * room;
    text(8, y + 11, group.title);
    for (const { label, value, min, max, colour } of group.bars) {
      const middle = y + BAR / 2;
      text(LABEL - 8, y + 11, label, ' text-anchor="end" fill="#555"');
      parts.push(
        `<rect x="${LABEL}" y="${y}" width="${(scale(value) - LABEL).toFixed(1)}" height="${BAR - 2}" fill="${colour}"/>`,
        `<line x1="${scale(min).toFixed(1)}" x2="${scale(max).toFixed(1)}" y1="${middle - 1}" y2="${middle - 1}" stroke="#222"/>`,
      );
      text(Math.max(scale(max), scale(value)) + 6, y + 11, value < 10 ? value.toFixed(2) : value.toFixed(0));
      y += BAR;
    }
    y += GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="11">`,
    `<title>${xml(title)}</title>`,
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
