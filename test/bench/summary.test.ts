import test from 'ava';
import type { EngineName } from '../../bench/engines.js';
import type { RunResult } from '../../bench/results.js';
import { rowsNamed } from '../../bench/rows.js';
import { formatVerdict, verdicts } from '../../bench/summary.js';

const result = (engine: EngineName, wallMs: number, commit = 'old'): RunResult => ({
  row: 'both-50k',
  engine,
  quick: false,
  commit,
  at: commit === 'old' ? '2026-01-01T00:00:00.000Z' : '2026-02-01T00:00:00.000Z',
  measured: { wallMs },
  machine: { busyS: 0, stolenS: 0 },
});

const [row] = rowsNamed('both-50k');
const told = (...results: RunResult[]) => verdicts(row, results).map(formatVerdict);

test('beside a goal against FRR stands what the kernel alone takes of it', (t) => {
  const [ours, frr] = [result('evpnd', 800), result('frr8', 1_000)];
  t.deepEqual(told(ours, frr), ['MISSED   wallMs: 0.80 × FRR 8.4, goal at most 0.5 ×']);
  t.deepEqual(told(ours, frr, result('floor', 600)), [
    'MISSED   wallMs: 0.80 × FRR 8.4, goal at most 0.5 ×, kernel alone 0.60 ×',
  ]);
});

test('what the kernel alone took at another commit is not told', (t) => {
  const [ours, frr] = [result('evpnd', 800, 'new'), result('frr8', 1_000, 'new')];
  t.deepEqual(told(result('floor', 600), ours, frr), ['MISSED   wallMs: 0.80 × FRR 8.4, goal at most 0.5 ×']);
});

test('the package is judged, but not by runs that are older than those of a checkout at another commit', (t) => {
  const frr = result('frr8', 1_000, 'new');
  const ofPackage = ['reached  wallMs: 0.40 × FRR 8.4, goal at most 0.5 ×'];
  const ofCheckout = ['MISSED   wallMs: 0.80 × FRR 8.4, goal at most 0.5 ×'];
  t.deepEqual(told(result('packaged', 400, 'new'), result('evpnd', 800, 'new'), frr), ofPackage);
  t.deepEqual(told(result('packaged', 400), result('evpnd', 800, 'new'), frr), ofCheckout);
  t.deepEqual(told(result('packaged', 400, 'new'), result('evpnd', 800), frr), ofPackage);
  t.deepEqual(told(result('packaged', 400, 'new'), frr), ofPackage);
});
