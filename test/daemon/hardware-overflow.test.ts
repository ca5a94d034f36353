import test from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { withholdsOverflow } from '../../src/settings.js';
import { toVni } from '../../src/types/index.js';

/** What `evpn` has, and whether VNI 10010, which it names, and 10020 withhold what the hardware leaves out. */
for (const [evpn, named, other] of [
  ['{}', false, false],
  ['{ hardware-overflow: withhold }', true, true],
  ['{ vnis: [{ vni: 10010, hardware-overflow: withhold }] }', true, false],
  ['{ hardware-overflow: withhold, vnis: [{ vni: 10010, hardware-overflow: software }] }', false, true],
  ['{ hardware-overflow: withhold, vnis: [{ vni: 10010 }] }', true, true],
] as const)
  test(`VNIs with evpn: ${evpn}`, (t) => {
    const config = parseConfig(`{ asn: 65001, router-id: 10.0.0.1, neighbors: [], evpn: ${evpn} }`, 'file');
    t.deepEqual(
      [10010, 10020].map((vni) => withholdsOverflow(config, toVni(vni))),
      [named, other],
    );
  });
