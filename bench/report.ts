/** Writes docs/performance.md and its plots from the results. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type EngineName, titleOf } from './engines.js';
import { tunedFrrText } from './frr.js';
import { barChart, type Group } from './plot.js';
import { attacksSection } from './report-attacks.js';
import { flatSection } from './report-flat.js';
import { familySection, microSection, soakSection, spineSection, vniChurnSection } from './report-size.js';
import { FIGURES, type FigureText, section } from './report-tables.js';
import { type RunResult, readResults } from './results.js';
import type { Row } from './row.js';
import { ROWS, rowsNamed } from './rows.js';
import { ATTACK_GROUP, ATTACK_ROWS, isAttack } from './rows-attacks.js';
import { FLAT_GROUP, FLAT_ROWS, isFlat } from './rows-flat.js';
import { SPINE } from './rows-scale.js';
import { figureOf } from './summary.js';

const DOCUMENT = 'docs/performance.md';
const IMAGES = 'docs/images';
/** The newest runs of each row and engine that count. */
const NEWEST = 9;

const COLOURS: Readonly<Record<EngineName, string>> = {
  evpnd: '#1b7f5c',
  packaged: '#5fb492',
  frr8: '#c9822b',
  frr10: '#e0b05c',
  frr8stock: '#8f5f5f',
  frr10stock: '#b58a8a',
  floor: '#9aa5b1',
  sink: '#9aa5b1',
};

/** The newest runs of a row, engine by engine. */
function newest(all: readonly RunResult[], row: Row): RunResult[] {
  return row.engines.flatMap((engine) =>
    all.filter((result) => result.row === row.name && result.engine === engine).slice(-NEWEST),
  );
}

function plot(file: string, figure: FigureText, all: readonly RunResult[]): string {
  const groups: Group[] = [];
  for (const row of ROWS.filter((row) => row.engines.length > 1 && !isAttack(row))) {
    const results = newest(all, row);
    const bars = row.engines.flatMap((engine) => {
      const found = figureOf(results, engine, figure.name);
      if (!found) return [];
      const { median: value, min, max } = found;
      return [{ label: titleOf(engine), value, min, max, colour: COLOURS[engine] }];
    });
    if (bars.length > 0) groups.push({ title: row.title.slice(0, 44), bars });
  }
  writeFileSync(`${IMAGES}/${file}`, barChart(figure.title, figure.unit, groups));
  return `![${figure.title}](images/${file})`;
}

function machine(all: readonly RunResult[]): string {
  const [, , kernel] = readFileSync('/proc/version', 'utf8').split(' ');
  const processors = cpus();
  const busy = all.map(({ machine: { busyS } }) => busyS);
  const stolen = all.reduce((sum, { machine: { stolenS } }) => sum + stolenS, 0);
  const commits = [...new Set(all.map(({ commit }) => commit))];
  return [
    `${processors.length} cores (${processors[0].model.trim()}), kernel ${kernel}, Node ${process.version}.`,
    `The machine was busy for ${Math.round(busy.reduce((a, b) => a + b, 0))} CPU seconds during ${all.length} runs,`,
    `of which a hypervisor took ${stolen.toFixed(1)}. Measured at ${commits.join(', ')}.`,
  ].join('\n');
}

/** The sections in the order of the rows; a family is one. */
function sections(results: readonly RunResult[]): string[] {
  const newestOf = (row: Row) => newest(results, row);
  const families = new Set<string>();
  const attacks = attacksSection(ATTACK_GROUP, ATTACK_ROWS, newestOf);
  const flat = flatSection(FLAT_GROUP, FLAT_ROWS, newestOf);
  const others = ROWS.filter((row) => !isAttack(row) && !isFlat(row)).map((row) => {
    const { family } = row;
    if (row.name === SPINE) return spineSection(row, ROWS, newestOf);
    if (family === undefined) return newestOf(row).length > 0 ? section(row, newestOf(row)) : '';
    if (families.has(family)) return '';
    families.add(family);
    return familySection(family, rowsNamed(family), newestOf, IMAGES);
  });
  return [...others, attacks, flat];
}

/** The sections in the places of those that stand under the same heading; what has not been measured again stays. */
function amongStanding(fresh: readonly string[]): string[] {
  const headingOf = (section: string) => section.split('\n', 1)[0];
  const page = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '';
  const standing = page
    .split(/^(?=## )/m)
    .slice(1)
    .map((section) => section.trimEnd());
  const byHeading = new Map(fresh.map((section) => [headingOf(section), section]));
  const headings = new Set(standing.map(headingOf));
  return [
    ...standing.map((section) => byHeading.get(headingOf(section)) ?? section),
    ...fresh.filter((section) => !headings.has(headingOf(section))),
  ];
}

/** Returns the path of the document. Throws where there are no results. */
export function writeReport(): string {
  const results = readResults();
  const all = ROWS.flatMap((row) => newest(results, row));
  if (all.length === 0) throw new Error('no results at full size yet: run npm run bench first');
  mkdirSync(IMAGES, { recursive: true });
  const figure = (wanted: string) => FIGURES.find(({ name }) => name === wanted) as FigureText;
  const plots = [
    plot('performance-wall.svg', figure('wallMs'), all),
    plot('performance-cpu.svg', figure('cpuS'), all),
    plot('performance-memory.svg', figure('peakMiB'), all),
  ];
  const text = [
    '# Performance',
    '<!-- generated by: npm run bench -- --report; do not edit -->',
    [
      'evpnd, FRR and the kernel alone do the same work in turn on one machine: a synthetic spine streams Type-2 routes',
      'over eBGP to a leaf in a network namespace, and the clock stops when the kernel holds every row of bridge and',
      'VXLAN device. Afterwards the rows are compared one by one with what was announced; a run that differs is a failure',
      'and no result. "Kernel alone" writes the same rows in batches without any BGP. FRR runs at the settings below,',
      'the best that its experts know; "stock zebra" has the same bgpd and a zebra as Debian starts it. All have the',
      'priority that both systemd units give (Nice=-5). "evpnd" is that of a checkout, on the Node named below; "evpnd of the package",',
      'in the rows of a start, is that of the Debian package on its own Node, and what the goals there are for. CPU is that of evpnd,',
      'and of zebra, bgpd and mgmtd',
      'together, until idle again. All begin when they have started and rest. Rows measured up to bcb767b found evpnd',
      'rehearsed by then; it rehearses no more ([ADR 0006](adr/0006-no-rehearsal.md)), so that its',
      'first table right after the start takes longer than they say. And 50,000 rows of a device apart from it all have used up what runs before left',
      "in the kernel's allocator of per-CPU memory (bench/ballast.ts): it is chance whether that makes the same rows take",
      'the kernel alone 340 or 500 ms. Figures are medians, minimum and maximum in parentheses: take ratios, not times.',
    ].join('\n'),
    [
      'Beside a goal against FRR stands what the kernel alone takes of the time of FRR, in parentheses, where it was measured at the same',
      'commit: nobody comes below that. A row of a VXLAN device costs the kernel a per-CPU allocation (`dst_cache_init` in `vxlan_fdb_append`),',
      'whoever writes it, out of memory that all namespaces of the machine have in common. On a machine where many had come and gone,',
      '100,000 remote MACs took the kernel alone 1.7 to 3.7 s where FRR took 6 s: half the time of FRR was out of reach there.',
    ].join('\n'),
    machine(all),
    ['What FRR 8.4 and 10.3 are run with:', '', '```', tunedFrrText(), '```'].join('\n'),
    'Sections measured up to bcb767b knew only `-s 67108864` and a stock zebra.',
    'To repeat it, as root: `npm run bench` for all rows, `npm run bench -- --list` for their names, then `npm run bench -- --report` for this page.',
    ...plots,
    'What has not been run again for this page keeps its section as it was; each names its commit.',
    ...amongStanding(
      [...sections(results), microSection(results), soakSection(results), vniChurnSection(results)].filter(
        Boolean,
      ),
    ),
  ]
    .filter((part) => part !== '')
    .concat('')
    .join('\n\n');
  writeFileSync(DOCUMENT, text);
  return DOCUMENT;
}
