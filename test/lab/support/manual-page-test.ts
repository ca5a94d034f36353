import type { ExecutionContext } from 'ava';
import { Site } from './manual-machine.js';
import type { PageRun } from './manual-pages.js';
import { runPage } from './manual-run.js';

/** Does what a page says; `more` is done on its machines after it. */
export async function doPage(
  t: ExecutionContext,
  page: PageRun,
  more: (site: Site) => Promise<void> = async () => {},
): Promise<void> {
  const site = await Site.build(page.cables, page.prepared);
  t.teardown(async () => {
    if (!t.passed) t.log(await site.logs());
    await site.remove();
  });
  await t.notThrowsAsync(runPage(site, page));
  await more(site);
}
