/** Charts as SVG, by hand: a few rectangles and lines need no library. */

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
  return svg(title, y, parts);
}

function svg(title: string, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<title>${xml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** A line with a whisker at each point. */
export interface Series {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly {
    readonly x: number;
    readonly median: number;
    readonly min: number;
    readonly max: number;
  }[];
}

const PLOT = { left: 60, right: WIDTH - 150, top: 36, bottom: 300 };
const TICKS = 5;

/** A round number, no less than `value`. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 4, 5, 10].map((n) => n * power).find((n) => n >= value) ?? 10 * power;
}

/** Lines over a logarithmic x axis and a y axis from zero; an empty chart where there are no points. */
export function lineChart(title: string, unit: string, xTitle: string, series: readonly Series[]): string {
  const { left, right, top, bottom } = PLOT;
  const points = series.flatMap((each) => each.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const step = roundUp(Math.max(...points.map(({ max }) => max), Number.MIN_VALUE) / TICKS);
  const [first, last] = [Math.log10(xs[0]), Math.log10(xs[xs.length - 1])];
  const atX = (x: number) => left + ((Math.log10(x) - first) / (last - first || 1)) * (right - left);
  const atY = (y: number) => bottom - (y / (step * TICKS)) * (bottom - top);
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, extra = '') =>
    parts.push(`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${extra}>${xml(content)}</text>`);
  const line = (x1: number, y1: number, x2: number, y2: number, colour: string, width = 1) =>
    parts.push(
      `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}" stroke-width="${width}"/>`,
    );
  text(8, 18, `${title} (${unit}) against the number of ${xTitle}`, ' font-weight="bold"');
  for (let tick = 0; tick <= TICKS; tick++) {
    const value = tick * step;
    line(left, atY(value), right, atY(value), '#ddd');
    text(left - 8, atY(value) + 4, `${Number(value.toPrecision(3))}`, ' text-anchor="end" fill="#555"');
  }
  for (const x of xs) text(atX(x), bottom + 16, x.toLocaleString('en'), ' text-anchor="middle" fill="#555"');
  series.forEach(({ label, colour, points: own }, n) => {
    own.forEach(({ x, median, min, max }, i) => {
      const before = own[i - 1];
      if (before) line(atX(before.x), atY(before.median), atX(x), atY(median), colour, 2);
      line(atX(x), atY(min), atX(x), atY(max), colour);
      parts.push(`<circle cx="${atX(x).toFixed(1)}" cy="${atY(median).toFixed(1)}" r="3" fill="${colour}"/>`);
    });
    const y = top + 10 + n * 18;
    line(right + 16, y - 4, right + 36, y - 4, colour, 2);
    text(right + 42, y, label);
  });
  return svg(title, bottom + 30, parts);
}
