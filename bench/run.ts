/**
 * `npm run bench`: measures evpnd, FRR and the kernel alone in turn, so that what disturbs the machine disturbs all.
 *
 *   npm run bench -- remote-100k withdraw-100k   these rows; all without a name
 *   npm run bench -- scale                       the rows of a family or group: shapes, both, moves-mixed, start, memory
 *   npm run bench -- attacks                     all attacks; attack-mac1 and so on are one each
 *   npm run bench -- flat                        the heap after a million of what comes and goes; flat-rds and so on are one each
 *   npm run bench -- micro                       hot paths alone
 *   npm run bench -- soak                        half an hour of churn
 *   npm run bench -- offload-poll                looks at what a switch ASIC has of 50,000 remote MACs
 *   npm run bench -- vni-churn                   ten minutes of a thousand VNIs a minute that are made and deleted
 *     --list          names the rows
 *     --runs N        runs of each engine, 5 by default
 *     --quick         a tenth of the routes (and of many VNIs), one run
 *     --engine E      only this one, more than once: evpnd, frr8, frr10, frr8stock, frr10stock, floor, sink
 *     --minutes N     how long the soak lasts, 30 by default, or the VNI churn, 10 by default
 *     --report        writes docs/performance.md from the results, and measures nothing
 *     --help          says this
 */
import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Arena, PLAIN_PLACE, type Place } from './arena.js';
import { type EngineName, titleOf, whyNotEngine } from './engines.js';
import { isFrr } from './frr.js';
import { machineCpu } from './measure.js';
import { runMicros } from './micro.js';
import { offloadPoll } from './offload-poll.js';
import { writeReport } from './report.js';
import { attacksTable } from './report-attacks.js';
import { addResult, CHURN, MICRO, OFFLOAD, type RunResult, SOAK } from './results.js';
import type { Row } from './row.js';
import { ROWS, rowsNamed } from './rows.js';
import { isAttack } from './rows-attacks.js';
import { FULL_SOAK_MINUTES, soak } from './soak.js';
import { summary } from './summary.js';
import { CHURN_RATE, type ChurnStep, churnVnis, describeChurn, FULL_CHURN_MINUTES } from './vni-churn.js';
import type { Routes } from './workload.js';

const say = (text: string): void => void writeSync(1, `${text}\n`);

function figures(measured: Readonly<Record<string, number>>): string {
  return Object.entries(measured)
    .map(([name, value]) => `${name} ${value.toFixed(value < 10 ? 2 : 0)}`)
    .join('  ');
}

const commit = (): string =>
  execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();

/** Does work and keeps what it measured, with what the machine did meanwhile. */
async function record(
  of: Pick<RunResult, 'row' | 'engine' | 'quick'>,
  work: () => Promise<Readonly<Record<string, number>>>,
): Promise<RunResult> {
  const before = machineCpu();
  const measured = await work();
  const after = machineCpu();
  const result: RunResult = {
    ...of,
    commit: commit(),
    at: new Date().toISOString(),
    measured,
    machine: { busyS: after.busy - before.busy, stolenS: after.stolen - before.stolen },
  };
  addResult(result);
  return result;
}

/** Builds places, and keeps the last one for a row that needs the same. */
class Places {
  #last: { readonly key: string; readonly arena: Arena } | undefined;

  async get(place: Place): Promise<Arena> {
    const key = JSON.stringify(place);
    if (this.#last?.key === key) return this.#last.arena;
    await this.remove();
    this.#last = { key, arena: await Arena.create(place) };
    return this.#last.arena;
  }

  async remove(): Promise<void> {
    const last = this.#last;
    this.#last = undefined;
    await last?.arena.remove();
  }
}

interface RunsOf {
  readonly row: Row;
  readonly engines: readonly EngineName[];
  readonly runs: number;
  readonly quick: boolean;
}

async function runRow(places: Places, { row, engines, runs, quick }: RunsOf): Promise<readonly RunResult[]> {
  const vnis = quick ? (row.quickVnis ?? row.vnis) : row.vnis;
  const { withSvi, withPorts, spread, peers, keepalive, hostile, unicast, collected } = {
    ...PLAIN_PLACE,
    ...row,
  };
  const count = quick ? (row.quickCount ?? row.count / 10) : row.count;
  const routes: Routes = { count, vnis, withIp: row.withIp ?? withSvi, spread: row.spread, ...row.routes };
  say(`\n${row.name}: ${row.title}`);
  const results: RunResult[] = [];
  const arena = await places.get({
    vnis,
    withSvi,
    withPorts,
    spread,
    peers,
    keepalive,
    hostile,
    unicast,
    collected,
  });
  const measureOnce = async (engine: EngineName) => {
    await arena.level();
    return record({ row: row.name, engine, quick }, async () => {
      const measured = await Promise.race([
        row.run(arena, engine, routes, { quick }),
        arena.spine.broken,
        arena.probe.broken,
      ]).catch((cause: Error) => {
        throw new Error(`${row.name}, ${titleOf(engine)}: ${cause.message}\n${arena.logs()}`, { cause });
      });
      await arena.reset();
      return measured;
    });
  };
  for (let run = 1; run <= runs; run++) {
    for (const engine of engines) {
      const result = await measureOnce(engine).catch(async (error: Error) => {
        // FRR's zebra gives up now and then when its netlink buffer overruns; that is no fault of ours, nor a result
        if (!isFrr(engine)) throw error;
        say(`  ${run}/${runs} ${titleOf(engine)} failed and is run again: ${error.message.split('\n')[0]}`);
        await arena.reset();
        return measureOnce(engine);
      });
      results.push(result);
      say(`  ${run}/${runs} ${titleOf(engine).padEnd(12)} ${figures(result.measured)}`);
    }
  }
  say(summary(row, results));
  return results;
}

const EXTRAS = [
  { name: MICRO, title: 'UPDATE decode, best path, netlink encode and parse, reconcile, alone' },
  { name: SOAK, title: 'half an hour of churn: memory and latency must stay flat' },
  {
    name: OFFLOAD,
    title: 'what it costs to look at what a switch ASIC has of 50,000 remote MACs',
  },
  {
    name: CHURN,
    title: 'ten minutes of a thousand VNIs a minute: nothing must be left, memory must stay flat',
  },
];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      runs: { type: 'string' },
      minutes: { type: 'string' },
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
  const isKnown = (name: string) => rowsNamed(name).length > 0 || EXTRAS.some((extra) => extra.name === name);
  const unknown = positionals.filter((name) => !isKnown(name));
  if (unknown.length > 0) throw new Error(`no row ${unknown.join(', ')}; --list names them`);
  const runs = Number(values.runs ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs}: expected 1 or more`);
  if (positionals.includes(MICRO))
    for (const measured of await runMicros(say))
      await record({ row: MICRO, engine: 'evpnd', quick: false }, async () => measured);
  const { minutes } = values;
  if (positionals.includes(SOAK)) await runSoak(Number(minutes ?? FULL_SOAK_MINUTES));
  if (positionals.includes(OFFLOAD)) {
    const { measured } = await record({ row: OFFLOAD, engine: 'evpnd', quick: false }, async () =>
      offloadPoll(),
    );
    say(`${OFFLOAD}: ${figures(measured)}`);
  }
  if (positionals.includes(CHURN)) await runChurn(Number(minutes ?? FULL_CHURN_MINUTES));
  const wanted = positionals.length > 0 ? [...new Set(positionals.flatMap(rowsNamed))] : ROWS;
  await runRows(wanted, values.engine, { runs, quick: values.quick });
}

/** The engines of a row that are wanted and are here. */
function enginesOf(row: Row, wanted: readonly string[] | undefined): EngineName[] {
  return row.engines.filter((name) => {
    if (wanted && !wanted.includes(name)) return false;
    const reason = whyNotEngine(name);
    if (reason) say(`without ${titleOf(name)}: ${reason}`);
    return !reason;
  });
}

async function runRows(
  rows: readonly Row[],
  wanted: readonly string[] | undefined,
  how: Pick<RunsOf, 'runs' | 'quick'>,
): Promise<void> {
  const places = new Places();
  const attacked = new Map<Row, readonly RunResult[]>();
  const failures: string[] = [];
  try {
    for (const row of rows) {
      const engines = enginesOf(row, wanted);
      if (engines.length === 0) continue;
      try {
        const results = await runRow(places, { row, engines, ...how });
        if (isAttack(row)) attacked.set(row, results);
      } catch (error) {
        if (!isAttack(row)) throw error;
        // An attack that succeeds does not spare the leaf the others
        say(`  ${error}`);
        failures.push(String(error).split('\n')[0]);
        await places.remove();
      }
    }
  } finally {
    await places.remove();
    if (attacked.size > 0) say(`\n${attacksTable([...attacked.keys()], (row) => attacked.get(row) ?? [])}`);
  }
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

async function runChurn(minutes: number): Promise<void> {
  if (!(minutes > 0)) throw new Error(`--minutes ${minutes}: expected more than 0`);
  const quick = minutes < FULL_CHURN_MINUTES;
  await churnVnis(minutes, CHURN_RATE, async (step) => {
    const { measured } = await record({ row: CHURN, engine: 'evpnd', quick }, step);
    say(`  ${describeChurn(measured as ChurnStep)}`);
  });
  say('  VNIs, configuration and rows are as before');
}

/** A soak that is cut short is none for the page. */
async function runSoak(minutes: number): Promise<void> {
  if (!(minutes > 0)) throw new Error(`--minutes ${minutes}: expected more than 0`);
  const quick = minutes < FULL_SOAK_MINUTES;
  await soak(minutes, say, (work) => record({ row: SOAK, engine: 'evpnd', quick }, work));
}

try {
  await main();
} catch (error) {
  writeSync(2, `bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
