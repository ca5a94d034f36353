/** Inside user-mode-linux, whose kernel has VLAN-aware bridges: what the manual says of them is done (support/manual-run.ts). */
import { runCases } from './linux-namespace.js';
import { Site } from './support/manual-machine.js';
import { nameOf, PAGE_RUNS } from './support/manual-pages.js';
import { runPage } from './support/manual-run.js';

await runCases(
  PAGE_RUNS.filter(({ kernel }) => kernel === 'vlan-aware').map((each) => ({
    name: nameOf(each),
    run: async () => {
      const site = await Site.build(each.cables, each.prepared);
      try {
        await runPage(site, each);
      } finally {
        await site.remove();
      }
    },
  })),
);
