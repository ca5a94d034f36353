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
 *   npm run bench -- vrfs                        routes of VRFs; in QEMU where the kernel has none, and 3 runs by default
 *     --list          names the rows
 *     --runs N        runs of each engine, 5 by default
 *     --quick         a tenth of the routes (and of many VNIs), one run
 *     --engine E      only this one, more than once: evpnd, packaged, frr8, frr10, frr8stock, frr10stock, floor, sink
 *     --minutes N     how long the soak lasts, 30 by default, or the VNI churn, 10 by default
 *     --report        writes docs/performance.md from the results, and measures nothing
 *     --help          says this
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runInQemu } from '../lab/index.js';
import { Arena, PLAIN_PLACE, type Place } from './arena.js';
import { type EngineName, titleOf, whyNotEngine } from './engines.js';
import { isFrr } from './frr.js';
import { machineCpu } from './measure.js';
import { runMicros } from './micro.js';
import { offloadPoll } from './offload-poll.js';
import { preparePackaged } from './packaged.js';
import { writeReport } from './report.js';
import { attacksTable } from './report-attacks.js';
import { addResult, CHURN, MICRO, OFFLOAD, RESULTS_FOLDER, type RunResult, SOAK } from './results.js';
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

/** The kernel of this machine makes devices of VRFs. */
function hasVrfs(): boolean {
  return spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'vrf9', 'type', 'vrf', 'table', '9']).status === 0;
}

/** A row of VRFs takes minutes a run in a machine that is emulated. */
const MACHINE_PATIENCE = 12 * 3_600_000;

/** Runs rows in QEMU, whose clock counts instructions: CPU and wall clock there are those of the work, on one processor. */
async function runInMachine(rows: readonly Row[], options: readonly string[]): Promise<void> {
  say(`in QEMU, since this kernel has no VRFs: ${rows.map(({ name }) => name).join(', ')}`);
  const folder = resolve(RESULTS_FOLDER);
  mkdirSync(folder, { recursive: true });
  const names = rows.map(({ name }) => name);
  const { code, stdout, stderr } = await runInQemu(fileURLToPath(import.meta.url), [...names, ...options], {
    memory: '3G',
    timeout: MACHINE_PATIENCE,
    shares: [folder],
    countsInstructions: true,
  });
  say(stdout);
  if (code !== 0) throw new Error(stderr);
}

interface RunsOf {
  readonly row: Row;
  readonly engines: readonly EngineName[];
  readonly runs: number;
  readonly quick: boolean;
}

async function runRow(places: Places, { row, engines, runs, quick }: RunsOf): Promise<readonly RunResult[]> {
  const vnis = quick ? (row.quickVnis ?? row.vnis) : row.vnis;
  const { withSvi, withPorts, spread, peers, keepalive, hostile, unicast, collected, vrfs } = {
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
    vrfs: quick ? vrfs / 10 : vrfs,
  });
  const measureOnce = async (engine: EngineName) => {
    if (engine === 'packaged') await preparePackaged();
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
  const elsewhere = wanted.some(({ vrfs }) => vrfs) && !hasVrfs() ? wanted.filter(({ vrfs }) => vrfs) : [];
  await runRows(
    wanted.filter((row) => !elsewhere.includes(row)),
    values.engine,
    { runs, quick: values.quick },
  );
  if (elsewhere.length === 0) return;
  const engines = (values.engine ?? []).flatMap((engine) => ['--engine', engine]);
  const quick = values.quick ? ['--quick'] : [];
  await runInMachine(elsewhere, [
    ...engines,
    ...quick,
    '--runs',
    String(values.runs ?? (values.quick ? 1 : 3)),
  ]);
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
