/** On a kernel with VLAN filtering: explain of one of each case, on a VLAN-aware bridge and on a single VXLAN device. */
import { runCases } from './linux-namespace.js';
import { explainCases } from './support/explain-cases.js';
import { ExplainFabric } from './support/explain-fabric.js';

for (const mode of ['vlan-aware', 'svd'] as const) {
  const scene = await ExplainFabric.create(mode, { locksPort: false });
  try {
    await runCases(explainCases(scene).map((each) => ({ ...each, name: `${mode}: ${each.name}` })));
  } finally {
    await scene.remove();
  }
}
