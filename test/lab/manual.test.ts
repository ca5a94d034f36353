import test from 'ava';
import { Site } from './support/manual-machine.js';
import { nameOf, PAGE_RUNS } from './support/manual-pages.js';
import { runPage } from './support/manual-run.js';

/*
 * What the manual says is done, word by word, on machines that have nothing but Debian, FRR and evpnd: see
 * support/manual-run.ts for how its pages are marked.
 */
for (const each of PAGE_RUNS.filter(({ vlanAware }) => !vlanAware))
  test.serial(nameOf(each), async (t) => {
    const site = await Site.build(each.cables, each.prepared);
    t.teardown(async () => {
      if (!t.passed) t.log(await site.logs());
      await site.remove();
    });
    await t.notThrowsAsync(runPage(site, each.page, each.kind));
  });
