/** Inside a kernel that filters VLANs: what is pinned, on a single VXLAN device and on a VXLAN device a VNI. */
import { runCases } from './linux-namespace.js';
import { pinCases } from './support/pins.js';

for (const mode of ['svd', 'vlan-aware'] as const) {
  const { cases, remove } = await pinCases(mode);
  try {
    await runCases(cases);
  } finally {
    await remove();
  }
}
