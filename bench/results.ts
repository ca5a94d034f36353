/** Results on disk: a line of JSON a run, below bench/results. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EngineName } from './engines.js';

export interface RunResult {
  readonly row: string;
  readonly engine: EngineName;
  readonly quick: boolean;
  /** `git describe` of what was measured. */
  readonly commit: string;
  /** ISO 8601. */
  readonly at: string;
  readonly measured: Readonly<Record<string, number>>;
  /** CPU seconds of the whole machine during the run, set-up included, and those a hypervisor took away. */
  readonly machine: { readonly busyS: number; readonly stolenS: number };
}

/** Rows that are run by themselves and have no engines: a line a round, and a line a step. */
export const MICRO = 'micro';
export const SOAK = 'soak';
export const CHURN = 'vni-churn';
/** Looks at what a switch ASIC has. */
export const OFFLOAD = 'offload-poll';

export const RESULTS_FOLDER = 'bench/results';
const FILE = `${RESULTS_FOLDER}/runs.jsonl`;

export function addResult(result: RunResult): void {
  mkdirSync(dirname(FILE), { recursive: true });
  appendFileSync(FILE, `${JSON.stringify(result)}\n`);
}

/** All runs at full size. */
export function readResults(): RunResult[] {
  if (!existsSync(FILE)) return [];
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RunResult)
    .filter(({ quick }) => !quick);
}
