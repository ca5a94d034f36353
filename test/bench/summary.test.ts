import test from 'ava';
import type { EngineName } from '../../bench/engines.js';
import type { RunResult } from '../../bench/results.js';
import { rowsNamed } from '../../bench/rows.js';
import { formatVerdict, verdicts } from '../../bench/summary.js';

const result = (engine: EngineName, wallMs: number): RunResult => ({
  row: 'both-50k',
  engine,
  quick: false,
  commit: '',
  at: '',
  measured: { wallMs },
  machine: { busyS: 0, stolenS: 0 },
});

test('beside a goal against FRR stands what the kernel alone takes of it', (t) => {
  const [row] = rowsNamed('both-50k');
  const told = (...results: RunResult[]) => verdicts(row, results).map(formatVerdict);
  const [ours, frr] = [result('evpnd', 800), result('frr8', 1_000)];
  t.deepEqual(told(ours, frr), ['MISSED   wallMs: 0.80 × FRR 8.4, goal at most 0.5 ×']);
  t.deepEqual(told(ours, frr, result('floor', 600)), [
    'MISSED   wallMs: 0.80 × FRR 8.4, goal at most 0.5 ×, kernel alone 0.60 ×',
  ]);
});
