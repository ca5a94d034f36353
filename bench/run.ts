/**
 * `npm run bench`: measures evpnd, FRR and the kernel alone in turn, so that what disturbs the machine disturbs all.
 *
 *   npm run bench -- remote-100k withdraw-100k   these rows; all without a name
 *   npm run bench -- micro                       hot paths alone
 *   npm run bench -- soak                        half an hour of churn
 *     --list          names the rows
 *     --runs N        runs of each engine, 5 by default
 *     --quick         a tenth of the routes, one run
 *     --engine E      only this one, more than once: evpnd, frr8, frr10, floor
 *     --minutes N     how long the soak lasts, 30 by default
 *     --report        writes docs/performance.md from the results, and measures nothing
 */
import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Arena } from './arena.js';
import { type EngineName, titleOf, whyNotEngine } from './engines.js';
import { machineCpu } from './measure.js';
import { runMicros } from './micro.js';
import { writeReport } from './report.js';
import { addResult, type RunResult } from './results.js';
import { ROWS, type Row } from './rows.js';
import { soak } from './soak.js';
import { summary } from './summary.js';
import type { Routes } from './workload.js';

const say = (text: string): void => void writeSync(1, `${text}\n`);

function figures(measured: Readonly<Record<string, number>>): string {
  return Object.entries(measured)
    .map(([name, value]) => `${name} ${value.toFixed(value < 10 ? 2 : 0)}`)
    .join('  ');
}

async function runRow(row: Row, engines: readonly EngineName[], runs: number, quick: boolean): Promise<void> {
  const count = quick ? row.count / 10 : row.count;
  const routes: Routes = { count, vnis: row.vnis, withIp: row.withSvi ?? false };
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  say(`\n${row.name}: ${row.title}`);
  const results: RunResult[] = [];
  const arena = await Arena.create(row.vnis, row.withSvi ?? false, row.withPorts ?? false);
  try {
    for (let run = 1; run <= runs; run++) {
      for (const engine of engines) {
        const machine = machineCpu();
        const measured = await Promise.race([
          row.run(arena, engine, routes, { quick }),
          arena.spine.broken,
          arena.probe.broken,
        ]);
        await arena.reset();
        const { busy, stolen } = machineCpu();
        const result: RunResult = {
          row: row.name,
          engine,
          quick,
          commit,
          at: new Date().toISOString(),
          measured,
          machine: { busyS: busy - machine.busy, stolenS: stolen - machine.stolen },
        };
        results.push(result);
        addResult(result);
        say(`  ${run}/${runs} ${titleOf(engine).padEnd(12)} ${figures(measured)}`);
      }
    }
  } finally {
    await arena.remove();
  }
  say(summary(row, results));
}

const EXTRAS = [
  { name: 'micro', title: 'UPDATE decode, best path, netlink encode and parse, reconcile, alone' },
  { name: 'soak', title: 'half an hour of churn: memory and latency must stay flat' },
];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      runs: { type: 'string' },
      minutes: { type: 'string', default: '30' },
      engine: { type: 'string', multiple: true },
    },
  });
  if (values.list) {
    for (const { name, title } of [...ROWS, ...EXTRAS]) say(`${name.padEnd(22)} ${title}`);
    return;
  }
  if (values.report) {
    say(`written: ${writeReport()}`);
    return;
  }
  const unknown = positionals.filter((name) => ![...ROWS, ...EXTRAS].some((row) => row.name === name));
  if (unknown.length > 0) throw new Error(`no row ${unknown.join(', ')}; --list names them`);
  const runs = Number(values.runs ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs}: expected 1 or more`);
  const rows = positionals.length > 0 ? ROWS.filter(({ name }) => positionals.includes(name)) : ROWS;
  if (positionals.includes('micro')) await runMicros(say);
  if (positionals.includes('soak')) await soak(Number(values.minutes), say);
  for (const row of rows) {
    const engines = row.engines.filter((name) => {
      if (values.engine && !values.engine.includes(name)) return false;
      const reason = whyNotEngine(name);
      if (reason) say(`without ${titleOf(name)}: ${reason}`);
      return !reason;
    });
    if (engines.length > 0) await runRow(row, engines, runs, values.quick);
  }
}

try {
  await main();
} catch (error) {
  writeSync(2, `bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
