/**
 * On a kernel with VRFs: symmetric IRB (RFC 9135) and prefix routes (RFC 9136) between leaves of evpnd and of FRR, of each kind of
 * bridge, whose VXLAN devices only an FRR of its own kind knows.
 */
import { Fabric, type FabricSpec, Guest, waitForFloodLists, waitForSessions } from '../../lab/index.js';
import { runSteps, type ScenarioCase } from './linux-namespace.js';
import { borderCases } from './support/routed-border-cases.js';
import { VRF } from './support/routed-fabric.js';
import { RoutedLab } from './support/routed-lab.js';
import { changeCases, reachCases } from './support/routed-reach-cases.js';
import { vtep6Cases } from './support/routed-vtep6-cases.js';

const config = {
  evpn: {
    vrfs: [
      {
        name: VRF,
        'redistribute-connected': ['172.16.0.0/12 le 32', 'fd16::/16 le 128'],
        'redistribute-routes': ['0.0.0.0/0', '::/0'],
      },
    ],
  },
};

/** Builds a fabric, runs its cases and removes it. */
async function play(spec: FabricSpec, casesOf: (lab: RoutedLab) => Promise<ScenarioCase[]>): Promise<void> {
  const fabric = await Fabric.create(spec);
  try {
    await runSteps(await casesOf(new RoutedLab(fabric)));
  } finally {
    if (process.env.EVPND_SCENARIO_LOG) process.stderr.write(fabric.logs());
    await fabric.remove();
  }
}

await play(
  {
    leaves: [
      { engine: 'evpnd', mode: 'traditional', config },
      { engine: 'frr', mode: 'traditional' },
      { engine: 'evpnd', mode: 'vlan-aware', config },
      { engine: 'frr10', mode: 'svd' },
      { engine: 'evpnd', mode: 'svd', config },
    ],
  },
  async (lab) => {
    const guest = await Guest.create(lab.fabric, 'h3-10', ['leaf3', 'leaf1', 'leaf5']);
    await waitForSessions(lab.fabric, 60_000);
    await waitForFloodLists(lab.fabric, 60_000);
    return [...reachCases(lab), ...changeCases(lab, guest), ...borderCases(lab)];
  },
);

// FRR passes on no Type-3 of an IPv6 VTEP: test/lab/vtep6-fabric.test.ts
const quiet = { evpn: { ...config.evpn, flooding: 'disabled' } };
await play(
  {
    vtep: 'ipv6',
    transport: 'ipv6',
    leaves: [
      { engine: 'evpnd', mode: 'traditional', config: quiet },
      { engine: 'evpnd', mode: 'vlan-aware', config: quiet },
    ],
  },
  async (lab) => vtep6Cases(lab),
);
