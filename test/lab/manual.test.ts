import test from 'ava';
import { doPage } from './support/manual-page-test.js';
import { nameOf, PAGE_RUNS } from './support/manual-pages.js';

/*
 * What the manual says is done, word by word, on machines that have nothing but Debian, FRR and evpnd: see
 * support/manual-run.ts for how its pages are marked. Those of FRR are in manual-frr.test.ts, so that two lanes share them.
 */
for (const page of PAGE_RUNS.filter(({ kernel, lane }) => kernel !== 'vlan-aware' && lane !== 'frr'))
  test.serial(nameOf(page), (t) => doPage(t, page));
