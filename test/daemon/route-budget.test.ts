import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { routeBudgetProblem } from '../../src/route-budget.js';

/** Neighbors of a file, so many with these settings each. */
const neighbors = (count: number, settings = '') =>
  parseConfig(
    `{asn: 65001, router-id: 10.0.0.1, neighbors: [${Array.from({ length: count }, (_, n) => `{address: 10.1.1.${n}, remote-as: 65000${settings}}`).join(', ')}]}`,
    'file',
  ).neighbors;
const MIB = 1 << 20;

test('two neighbors with the limits as they come fit into the memory of the unit as it comes, four do not', (t) => {
  const [, high] = /^MemoryHigh=(\d+)G$/m.exec(readFileSync('systemd/evpnd.service', 'utf8')) ?? [];
  // Half of it is the heap, and 60 % of that for routes
  const unit = Number(high) * 1024 * MIB * 0.5 * 0.6;
  t.is(routeBudgetProblem(neighbors(2), unit), undefined);
  t.like(routeBudgetProblem(neighbors(4), unit), {
    severity: 'info',
    problem:
      'by max-routes and max-octets the neighbors may have routes of 1144 MiB, and this process has 614 MiB for them: beyond that it ends the session of the neighbor with the most',
  });
});

test('the limit that is reached first counts; a neighbor without one does not', (t) => {
  t.is(routeBudgetProblem(neighbors(4, ', max-routes: 100000'), 806 * MIB), undefined);
  t.is(routeBudgetProblem(neighbors(4, ', max-routes: 100000'), 767 * MIB)?.severity, 'info');
  t.is(routeBudgetProblem(neighbors(4, ', max-routes: 100000, max-octets: 1000000'), 382 * MIB), undefined);
  t.is(routeBudgetProblem(neighbors(4, ', max-routes: 0, max-octets: 0'), MIB), undefined);
});
